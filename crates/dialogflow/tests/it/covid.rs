use crate::script::check;

#[test]
fn covid() {
    check(
        "covid19-pathfinder",
        "
        ! welcome
        > how long does the virus live on plastic
        > How long does the coronvirus last on paper
        > talk to a live agent
        > start screening
        > me
        ! trigger-question
        @ pronouns 5
        @ q13-fever 5
        ! trigger-question
        @ q13-fever 0
        ! trigger-question
        > thanks
        > bye
    ",
    );
}
