use dialogflow::{Input, response::visible_messages};

use crate::script::{bot, check, query};

#[test]
fn numbers_are_guessed_in_two_languages() {
    check(
        "number-genie",
        r#"
        > number genie
        = start_game 1.00
        : english hello
        # game 5
        > is it 42
        = provide_guess 1.00
        :
        # game 5
        $ guess 42
        > maybe it's seventy seven?
        = provide_guess 1.00
        :
        # game 5
        $ guess 77
        > how about
        = provide_guess 0.99
        : What was that number?
        # game 4
        # 1e46ffc2-651f-4ac0-a54e-9698feb88880_id_dialog_context 2
        # provide_guess_dialog_context 2
        # provide_guess_dialog_params_guess 1
        $ guess ""
        ?
        > 12
        = provide_guess 1.00
        :
        # game 5
        $ guess 12
        % fr
        > Je pense au 12
        = provide_guess 1.00
        :
        # game 5
        $ guess 12
        > c'est plus haut que quarante-deux
        = provide_guess 1.00
        :
        # game 5
        $ guess 42
    "#,
    );
}

#[test]
fn contexts_tell_the_same_words_apart() {
    check(
        "number-genie",
        "
        % fr
        > bien sur
        = Default Fallback Intent 1.00
        : Je pense que j’ai mal compris votre phrase
        @ yes_no 2
        > bien sur
        = play-again-yes 1.00
        :
        # yes_no 1
        # game 5
        @ done_yes_no 1
        @ yes_no 0
        > bien sur
        = done_yes 1.00
        :
        # game 5
        # done_yes_no 0
    ",
    );
}

#[test]
fn regions_use_their_root_and_strangers_the_agents_own_language() {
    check(
        "number-genie",
        "
        % fr-CA
        > Répète
        = repeat 1.00
        :
        % it
        > say that again
        = repeat 1.00
        :
    ",
    );
}

#[test]
fn german_answers_exist_for_one_platform_only() {
    check(
        "corona-wuerzburg-de",
        r#"
        ! WELCOME
        = Default Welcome Intent 1.00
        : [text FACEBOOK] Hallo, ich möchte Dir die häufig gestellten Fragen zu Corona…
        : [quickReplies FACEBOOK] {"title":"Was willst Du wissen?","quickReplies":["Allgemeine…
        # welcome 0
        > hallo
        = Default Welcome Intent 1.00
        : [text FACEBOOK] Hallo, ich möchte Dir die häufig gestellten Fragen zu Corona…
        : [quickReplies FACEBOOK] {"title":"Was willst Du wissen?","quickReplies":["Allgemeine…
        > Haben Saunas noch offen?
        = Freizeiteinrichtungen 1.00
        : [text FACEBOOK] Alle Freizeiteinrichtungen haben geschlossen. Der Betrieb sä…
        : [card FACEBOOK] {"title":"Allgemeinverfügung 16.03.","imageUri":"https://sto…
        : [quickReplies FACEBOOK] {"title":"Ähnliche Themen:","quickReplies":["Veranstaltungsv…
        $ Freizeiteinrichtungen "Sauna"
        > Darf ich das Schwimbad besuchen?
        = Freizeiteinrichtungen 1.00
        : [text FACEBOOK] Alle Freizeiteinrichtungen haben geschlossen. Der Betrieb sä…
        : [card FACEBOOK] {"title":"Allgemeinverfügung 16.03.","imageUri":"https://sto…
        : [quickReplies FACEBOOK] {"title":"Ähnliche Themen:","quickReplies":["Veranstaltungsv…
        $ Freizeiteinrichtungen "Sauna"
        > haben Saunaas noch offen
        = Default Fallback Intent 1.00
        : [text FACEBOOK] Leider kann ich deine Frage nicht beantworten. Versuche Dein…
        > wie sind die Symptome
        = Symptome_Corona_Anzeichen 0.78
        : [text FACEBOOK] Die häufigsten klinischen Symptome einer Infektion mit SARS-…
        : [card FACEBOOK] {"title":"Weitere Informationen","imageUri":"https://storage…
        : [quickReplies FACEBOOK] {"title":"Wie kann ich sonst behilflich sein?","quickReplies…
        > quatsch mit sosse
        = Default Fallback Intent 1.00
        : [text FACEBOOK] Wenn ich Dir jetzt nicht weiterhelfen kann und Du hast einen…
    "#,
    );
    let greeting = bot("corona-wuerzburg-de").answer(&query(Input::Text("hallo".into()), "de"));
    let visible = visible_messages(&greeting.unwrap().response, "de");
    assert_eq!(visible.len(), 2);
    assert!(visible[0].text.starts_with("Hallo, ich möchte Dir"));
    assert!(visible[0].rich.is_none());
    assert!(visible[1].text.starts_with("Was willst Du wissen?\nAllgemeine Infos\n"));
    assert!(visible[1].rich.as_ref().is_some_and(|m| m.get("quickReplies").is_some()));
}

#[test]
fn a_phrase_of_two_intents_goes_to_the_same_one_every_time() {
    check(
        "corona-wuerzburg-de",
        r#"
        > bahnhofsmission
        = Soziale_Einrichtungen 1.00
        : [text FACEBOOK] Das Sozialreferat der Stadt Würzburg hat eine Liste mit der …
        : [card FACEBOOK] {"title":"Sozialreferat Würzburg","subtitle":"Liste der Einr…
        : [text FACEBOOK] Außerdem hat die AWO Unterfranken viele Hilfsangebote auf ih…
        : [card FACEBOOK] {"title":"Infos über Hilfsangebote","subtitle":"AWO Unterfra…
        : [quickReplies FACEBOOK] {"title":"Siehe auch:","quickReplies":["Ehrenamt_Hilfe"]}
        > Bahnhofsmission
        = Soziale_Einrichtungen 1.00
        : [text FACEBOOK] Das Sozialreferat der Stadt Würzburg hat eine Liste mit der …
        : [card FACEBOOK] {"title":"Sozialreferat Würzburg","subtitle":"Liste der Einr…
        : [text FACEBOOK] Außerdem hat die AWO Unterfranken viele Hilfsangebote auf ih…
        : [card FACEBOOK] {"title":"Infos über Hilfsangebote","subtitle":"AWO Unterfra…
        : [quickReplies FACEBOOK] {"title":"Siehe auch:","quickReplies":["Ehrenamt_Hilfe"]}
    "#,
    );
}
