use crate::script::check;

#[test]
fn near_phrases_ask_for_a_person() {
    check(
        "handoff-demo",
        "
        > can I talk to a person please
        > talk to a human being
        > I want a real person
        > what is your purpose
        > get me a live operator
        > asdf qwer
        > what's the weather in Paris?
        > hello
        > blah blah
    ",
    );
}
