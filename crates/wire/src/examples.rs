//! The golden examples of the contract, one for each kind of message and revision. Commands send
//! them and documents show them.

macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        /// Name and JSON text of each example.
        pub const ALL: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../examples/", $name, ".json")))),*];
    };
}

examples![
    "r1.push_message",
    "r1.push_pause",
    "r1.push_resume",
    "r1.push_typing",
    "r1.reply_paused",
    "r1.reply_refused",
    "r1.step_one",
    "r1.step_two",
    "r2.step_two",
    "r3.message_history",
    "r3.push_message",
    "r3.push_pause",
    "r3.push_resume",
    "r3.push_typing",
    "r3.step_one",
    "r3.step_two",
    "r3.typing_call",
];

/// The JSON text of one example, for example of `r1.step_one`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
