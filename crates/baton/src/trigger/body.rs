//! The body and `Authorization` header of one call in the shape of one revision (contract, section
//! 11). The body is made from the golden examples.

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use serde_json::{Map, Value};
use wire::examples;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Webhook: the bot asks for a human agent
    StepOne,
    /// Webhook: the visitor writes while paused
    StepTwo,
    /// Webhook: the visitor types
    UserTyping,
    /// Webhook: the visitor left
    UserLeft,
    /// Webhook: the pause expired
    PauseExpired,
    /// Push: the human agent sends a message
    Message,
    /// Push: a human agent takes over
    Pause,
    /// Push: the bot takes over again
    Resume,
    /// Push: the human agent types
    Typing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, ValueEnum)]
pub(crate) enum Revision {
    #[value(name = "r1")]
    R1,
    #[value(name = "r2")]
    R2,
    #[value(name = "r2.2")]
    R2_2,
    #[value(name = "r2.3")]
    R2_3,
    #[value(name = "r3")]
    R3,
    #[value(name = "r3.1")]
    R3_1,
}

impl Kind {
    pub(crate) fn is_push(self) -> bool {
        matches!(self, Self::Message | Self::Pause | Self::Resume | Self::Typing)
    }

    /// Calls whose answer is ignored. All have the shape of the typing call.
    fn is_notice(self) -> bool {
        matches!(self, Self::UserTyping | Self::UserLeft | Self::PauseExpired)
    }
}

/// The values that replace those of the example.
pub(crate) struct Fields<'a> {
    pub(crate) token: &'a str,
    pub(crate) user: &'a str,
    pub(crate) bot: &'a str,
    pub(crate) text: Option<&'a str>,
    pub(crate) minutes: Option<f64>,
    pub(crate) agent: Option<&'a str>,
}

/// The value of `Authorization`, if this revision sends one, and the body.
pub(crate) fn write(
    kind: Kind,
    revision: Revision,
    fields: &Fields<'_>,
) -> anyhow::Result<(Option<String>, String)> {
    ensure!(
        !kind.is_notice() || revision == Revision::R3_1,
        "only r3.1 has this call: remove --contract"
    );
    let mut body = template(kind, revision)?;
    fill(&mut body, fields);
    let in_body = match revision {
        Revision::R1 | Revision::R2 => true,
        Revision::R2_2 | Revision::R2_3 => false,
        Revision::R3 | Revision::R3_1 => matches!(kind, Kind::StepOne | Kind::StepTwo),
    };
    if in_body {
        body.insert("accessToken".to_owned(), fields.token.into());
    } else {
        body.shift_remove("accessToken");
    }
    let authorization = match revision {
        Revision::R1 | Revision::R2 => None,
        Revision::R2_2 => Some(format!("Bearer {}", fields.token)),
        Revision::R2_3 | Revision::R3 | Revision::R3_1 => Some(fields.token.to_owned()),
    };
    Ok((authorization, Value::Object(body).to_string()))
}

fn template(kind: Kind, revision: Revision) -> anyhow::Result<Map<String, Value>> {
    let new = revision >= Revision::R3;
    let name = match kind {
        Kind::StepOne => "step_one",
        Kind::StepTwo => "step_two",
        Kind::UserTyping | Kind::UserLeft | Kind::PauseExpired => "typing_call",
        Kind::Message => "push_message",
        Kind::Pause => "push_pause",
        Kind::Resume => "push_resume",
        Kind::Typing => "push_typing",
    };
    let family = match (kind, revision) {
        (Kind::StepTwo, Revision::R2 | Revision::R2_2 | Revision::R2_3) => "r2",
        _ if new => "r3",
        _ => "r1",
    };
    let mut body: Map<String, Value> = example(&format!("{family}.{name}"))?;
    match kind {
        Kind::StepOne if new => {
            // The r3 example has both empty, but a middleware needs content to test with.
            let mut older: Map<String, Value> = example("r1.step_one")?;
            let response = older.remove("dialogflowResponse").unwrap_or_default();
            body.insert("dialogflowResponse".to_owned(), response);
            body.insert("messageHistory".to_owned(), example("r3.message_history")?);
        }
        Kind::StepTwo if revision == Revision::R3 => drop(body.shift_remove("eventType")),
        Kind::UserLeft => drop(body.insert("eventType".to_owned(), "user_left".into())),
        Kind::PauseExpired => drop(body.insert("eventType".to_owned(), "pause_expired".into())),
        _ => {}
    }
    Ok(body)
}

fn example<T: serde::de::DeserializeOwned>(name: &str) -> anyhow::Result<T> {
    let text = examples::text(name).with_context(|| format!("the example {name} is missing"))?;
    serde_json::from_str(text).with_context(|| format!("example {name}"))
}

fn fill(body: &mut Map<String, Value>, fields: &Fields<'_>) {
    body.insert("userId".to_owned(), fields.user.into());
    body.insert("botId".to_owned(), fields.bot.into());
    if let Some(said) = fields.text {
        let places = [vec!["text"], vec!["queryInput", "text", "text"]];
        let response = ["dialogflowResponse", "queryResult", "queryText"];
        for path in places.into_iter().chain([response.to_vec()]) {
            set(body, &path, said.into());
        }
    }
    if let Some(minutes) = fields.minutes {
        let whole = minutes.fract() == 0.0;
        set(body, &["minutesPaused"], if whole { (minutes as i64).into() } else { minutes.into() });
    }
    if let Some(name) = fields.agent {
        set(body, &["agentProfile", "name"], name.into());
    }
}

/// Replaces the value at `path`. Does nothing when the call does not have this field.
fn set(body: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((last, above)) = path.split_last() else { return };
    let mut place = Some(body);
    for step in above {
        place = place.and_then(|object| object.get_mut(*step)?.as_object_mut());
    }
    if let Some(found) = place.and_then(|object| object.get_mut(*last)) {
        *found = value;
    }
}

#[cfg(test)]
mod tests;
