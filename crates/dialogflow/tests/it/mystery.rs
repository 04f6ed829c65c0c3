use crate::script::check;

#[test]
fn values_are_constants_captured_or_composed() {
    check(
        "mystery-animal",
        r#"
        > are you bigger than a dog
        = comparesize 1.00
        :
        $ compareword "bigger than"
        $ compareanimal "dog"
        $ answertype "compare"
        $ guess "bigger than\n a dog"
        $ key "comparesize"
        > do you have four legs
        = legsnumber 1.00
        :
        $ key "legsnumber"
        $ answertype "count"
        $ guess 4
        > do you have wings
        = bodyparts 1.00
        :
        $ guess "wings"
        $ key "bodyparts"
        $ answertype "match"
        > are you nocturnal
        = nocturnaldiurnal 1.00
        :
        $ key "nocturnal"
        $ answertype "yesno"
        $ guess "nocturnal"
        > can I ride you
        = canpersonride 1.00
        :
        $ key "canpersonride"
        $ answertype "yesno"
        $ guess "rideable"
    "#,
    );
}

#[test]
fn lists_collect_everything() {
    check(
        "mystery-animal",
        r#"
        > does it have white paws and brown fur
        = comboquestion 0.91
        :
        $ comboBody_parts ["paws","fur"]
        $ comboSize []
        $ comboColor ["white","brown"]
        $ comboFeatures []
        > do you have big legs
        = comboquestion 0.47
        :
        $ comboBody_parts ["legs"]
        $ comboSize ["big"]
        $ comboColor []
        $ comboFeatures []
    "#,
    );
}

#[test]
fn the_longest_of_many_thousand_values_wins() {
    check(
        "mystery-animal",
        r#"
        > are you a cat
        = guess_animal 1.00
        :
        $ guessanimal "I know"
        $ guess "cat"
        $ answertype "guessanimal"
        $ key "animal_guess"
        > is it a polar bear
        = guess_animal 1.00
        :
        $ guessanimal "I know"
        $ guess "polar bear"
        $ answertype "guessanimal"
        $ key "animal_guess"
        > are you a quokka
        = Default_Fallback_Intent 1.00
        :
    "#,
    );
}
