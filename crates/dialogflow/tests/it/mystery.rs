use crate::script::check;

#[test]
fn animals() {
    check(
        "mystery-animal",
        "
        > are you bigger than a dog
        > are you smaller than an elephant
        > do you have four legs
        > do you have wings
        > are you a cat
        > is it a cat
        > are you nocturnal
        > can I ride you
        > are you a big red animal with fur
        > give me a hint
    ",
    );
}
