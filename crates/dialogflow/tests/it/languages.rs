use crate::script::check;

#[test]
fn genie() {
    check(
        "number-genie",
        "
        > number genie
        > is it 42
        > maybe it's seventy seven?
        > how about
        > 12
        > bien sur
        % fr
        > Je pense au 12
        > c'est plus haut que quarante-deux
        > bien sur
        @ yes_no 2
        > bien sur
        @ done_yes_no 1
        > bien sur
        % fr-CA
        > Répète
        % it
        > say that again
    ",
    );
}
#[test]
fn corona() {
    check(
        "corona-wuerzburg-de",
        "
        ! WELCOME
        > hallo
        > bahnhofsmission
        > Haben Saunas noch offen?
        > wie sind die Symptome
        > quatsch mit sosse
    ",
    );
}
