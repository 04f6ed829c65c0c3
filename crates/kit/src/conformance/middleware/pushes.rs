//! One scripted conversation with the operator behind the middleware. Each case then judges its
//! pushes (contract, sections 4.6, 6.6, 9, 10 and 12).

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Case, Checked, Contract, Desk, Middleware, Miss, Task, broken, case, holds};
use crate::receiver::Call;

/// Silence after which no more pushes are expected.
const QUIET: Duration = Duration::from_millis(700);
/// Longest wait for typing. Some tools never report it.
const TYPING_WAIT_MAX: Duration = Duration::from_secs(15);

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/push-answer" "4.6",
        "An agent's message is pushed as a `message` with its text.",
        "Push {\"eventType\":\"message\",\"text\":…} for each message of the agent.", answer),
    case!(All "middleware/push-order" "4.6",
        "An agent's messages are pushed in the order in which they were written.",
        "Send the pushes of a chat one after the other.", order),
    case!(All "middleware/push-once" "13.28",
        "Each message is pushed once; a repeat has the same `messageId` or `Idempotency-Key`.",
        "Give each message an id, and send the same id when you retry.", once),
    case!(All "middleware/push-place" "6.1",
        "Pushes are POSTs to `/webhooks/handover/push` with `Content-Type: application/json`.",
        "Append /webhooks/handover/push to the platform's address.", place),
    case!(All "middleware/push-key" "12",
        "Every push has the push key in the body or in `Authorization`, and no other key.",
        "Send the key in the body, and in Authorization without a scheme.", key),
    case!(All "middleware/push-ids" "13.28",
        "Every push has the `userId` and the `botId` of the webhook calls of its chat.",
        "Store both ids with the chat and send them unchanged.", ids),
    case!(R2 "middleware/push-event-type" "13.1",
        "`eventType` is `message`, `channel_update` or `user_typing`, never `agent_typing`.",
        "Send user_typing when the agent types.", event_type),
    case!(R2 "middleware/push-pause" "5",
        "Every `message` has `paused: true` with `minutesPaused`, or `paused: false`.",
        "Put paused and minutesPaused in every message push.", pause),
    case!(All "middleware/push-agent-profile" "13.12",
        "`agentProfile`, if present, is an object with the strings `name` and `avatarUrl`.",
        "Send {\"name\":\"…\",\"avatarUrl\":\"…\"}, with empty strings for unknown values.",
        profile),
    case!(All "middleware/push-typing" "10",
        "A typing push has `paused: true`, or no `paused`.",
        "Send user_typing with paused true and minutesPaused, or with neither.", typing),
    case!(All "middleware/push-resume" "4.6",
        "When the agent ends the chat, a `channel_update` or `message` with `paused: false` is \
         pushed.",
        "Push the resume whenever a chat ends.", resume),
    case!(All "middleware/push-last" "4.6",
        "Nothing is pushed after the resume.",
        "Push all remaining messages before the resume.", last),
    case!(All "middleware/push-ended" "8",
        "Step two after the end is answered with `paused: false`.",
        "Answer {\"paused\":false,\"minutesPaused\":0} when there is no chat.", ended),
];

/// The pushes received while the script ran.
#[derive(Clone)]
pub(super) struct Conversation {
    user: String,
    pushes: Vec<Call>,
    /// Pushes to other visitors that carry this visitor's texts.
    misdirected: Vec<Call>,
    /// What was asked for, in order.
    words: Vec<String>,
    /// `paused` of the reply to a message after the end.
    paused_after_the_end: bool,
}

impl Conversation {
    fn messages(&self) -> impl Iterator<Item = &Call> {
        self.pushes.iter().filter(|push| kind(push) == "message")
    }

    fn resumes(&self) -> impl Iterator<Item = &Call> {
        self.pushes.iter().filter(|push| is_resume(push))
    }

    fn shown(&self) -> String {
        self.pushes.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// Fails with the first push of this kind that does not satisfy `fits`.
    fn all(&self, expected: &str, fits: impl Fn(&Call) -> bool) -> Checked {
        match self.pushes.iter().find(|push| !fits(push)) {
            None => Ok(()),
            Some(push) => Err(broken(expected, shown(push))),
        }
    }
}

/// The body without its key: a wrong key may be another secret.
fn shown(push: &Call) -> String {
    let mut body = push.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("accessToken");
    }
    body.to_string()
}

fn kind(push: &Call) -> &str {
    push.body["eventType"].as_str().unwrap_or_default()
}

fn is_resume(push: &Call) -> bool {
    matches!(kind(push), "channel_update" | "message") && push.body["paused"] == false
}

fn has_word(push: &Call, word: &str) -> bool {
    push.body["text"].as_str().is_some_and(|text| text.contains(word))
}

impl Middleware {
    pub(super) async fn conversation(&self) -> Checked<&Conversation> {
        let Some(desk) = &self.desk else {
            let why = "give --listen, --push-base and --push-key to check pushes";
            return Err(Miss::Skipped(why.to_owned()));
        };
        let held = desk.conversation.get_or_init(|| self.converse(desk)).await;
        held.as_ref().map_err(Clone::clone)
    }

    async fn converse(&self, desk: &Desk) -> Checked<Conversation> {
        let user = self.user("operator");
        let word = |n: u32| format!("{}-{n}", self.run.to_uppercase());
        let words: Vec<_> = (1..=4).map(word).collect();
        self.hand_over(&user).await?;
        self.ask(desk, &user, &Task::Answer(words[..1].to_vec()), |pushes| {
            pushes.iter().any(|push| has_word(push, &words[0]))
        })
        .await?;
        self.ask(desk, &user, &Task::Answer(words[1..].to_vec()), |pushes| {
            words[1..].iter().all(|word| pushes.iter().any(|push| has_word(push, word)))
        })
        .await?;
        self.ask(desk, &user, &Task::Type, |pushes| {
            pushes.iter().any(|push| kind(push).ends_with("_typing"))
        })
        .await?;
        self.ask(desk, &user, &Task::End, |pushes| pushes.iter().any(is_resume)).await?;
        tokio::time::sleep(QUIET).await;
        let after = self.reply(&self.step_two(Contract::All, &user, "are you still there")).await?;
        let pushes = desk.receiver.user(&user).calls();
        let mut misdirected = desk.receiver.calls();
        misdirected
            .retain(|push| push.user_id() != user && words.iter().any(|w| has_word(push, w)));
        Ok(Conversation { user, pushes, misdirected, words, paused_after_the_end: after.paused })
    }

    /// Asks the operator for `task`, also in the chat, and waits for its pushes or the time limit.
    async fn ask(
        &self,
        desk: &Desk,
        user: &str,
        task: &Task,
        done: impl Fn(&[Call]) -> bool,
    ) -> Checked {
        let asked = self.step_two(Contract::All, user, &task.request());
        self.paused(&asked).await?;
        desk.operator.perform(user, task).await?;
        let patience = match task {
            Task::Type => desk.patience.min(TYPING_WAIT_MAX),
            Task::Answer(_) | Task::End => desk.patience,
        };
        let pushes = desk.receiver.user(user);
        pushes.until(patience, done).await;
        Ok(())
    }
}

async fn answer(world: &Middleware) -> Checked {
    let held = world.conversation().await?;
    let came = held.messages().any(|push| has_word(push, &held.words[0]));
    holds(came, format!("a `message` with {:?}", held.words[0]), held.shown())
}

async fn order(world: &Middleware) -> Checked {
    let held = world.conversation().await?;
    let mut came: Vec<&String> = Vec::new();
    for push in held.messages() {
        let words = held.words.iter().filter(|word| has_word(push, word));
        came.extend(words);
    }
    came.dedup();
    holds(came.iter().copied().eq(&held.words), format!("{:?}", held.words), format!("{came:?}"))
}

async fn once(world: &Middleware) -> Checked {
    let held = world.conversation().await?;
    for word in &held.words {
        let pushes = held.messages().filter(|push| has_word(push, word));
        let mut ids: Vec<_> = pushes.map(id_of).collect();
        let pushed = ids.len();
        ids.dedup_by(|a, b| a.is_some() && a == b);
        let expected = format!("one push with {word:?}");
        holds(ids.len() == 1, expected, format!("{pushed} pushes, ids {ids:?}"))?;
    }
    Ok(())
}

fn id_of(push: &Call) -> Option<String> {
    let header = push.headers.get("idempotency-key").cloned();
    header.or_else(|| push.body["messageId"].as_str().map(str::to_owned))
}

async fn place(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    for push in &held.pushes {
        let kind = push.headers.get("content-type").map_or("", String::as_str);
        let path = push.path.split('?').next().unwrap_or_default();
        let fits = push.method == "POST"
            && path.ends_with(wire::push::PATH)
            && kind.starts_with("application/json");
        let expected = format!("POST {} as application/json", wire::push::PATH);
        holds(fits, expected, format!("{} {path} as {kind:?}", push.method))?;
    }
    Ok(())
}

async fn key(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    let Some(desk) = &world.desk else { return Ok(()) };
    let key = desk.key.expose_secret();
    held.all("the push key in the body or in Authorization, and no other", |push| {
        let header = push.headers.get("authorization").map(String::as_str);
        let header = header.map(wire::secret::from_authorization);
        let body = push.body.get("accessToken").and_then(Value::as_str);
        let mut presented = header.into_iter().chain(body).peekable();
        presented.peek().is_some() && presented.all(|secret| secret == key)
    })
}

async fn ids(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    let expected = format!("userId {:?}, botId {:?}", held.user, world.bot);
    let seen = held.misdirected.first().map(shown).unwrap_or_default();
    holds(held.misdirected.is_empty(), expected.clone(), seen)?;
    held.all(&expected, |push| push.body["botId"] == world.bot.as_str())
}

async fn event_type(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    let known = ["message", "channel_update", "user_typing"];
    held.all("message, channel_update or user_typing", |push| known.contains(&kind(push)))
}

async fn pause(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    held.all("`paused: true` with `minutesPaused` above 0, or `paused: false`", |push| {
        let minutes = push.body["minutesPaused"].as_f64();
        kind(push) != "message"
            || is_resume(push)
            || push.body["paused"] == true && minutes.is_some_and(|minutes| minutes > 0.0)
    })
}

async fn profile(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    held.all("`name` and `avatarUrl` as strings", |push| match push.body.get("agentProfile") {
        None => true,
        Some(Value::Object(profile)) => {
            let text = |name: &str| profile.get(name).is_none_or(Value::is_string);
            text("name") && text("avatarUrl")
        }
        Some(_) => false,
    })
}

async fn typing(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    if !held.pushes.iter().any(|push| kind(push).ends_with("_typing")) {
        return Err(Miss::Skipped(
            "no typing push arrived: not every tool reports typing".to_owned(),
        ));
    }
    held.all("`paused: true` in a typing push, or no `paused`", |push| {
        let paused = push.body.get("paused");
        !kind(push).ends_with("_typing") || paused.is_none_or(|paused| *paused == true)
    })
}

async fn resume(world: &Middleware) -> Checked {
    let held = world.conversation().await?;
    let came = held.resumes().next().is_some();
    holds(came, "a `channel_update` or a last `message` with `paused: false`", held.shown())
}

async fn last(world: &Middleware) -> Checked {
    let held = some_pushes(world).await?;
    let resumed = held.pushes.iter().position(is_resume);
    let Some(resumed) = resumed else {
        return Err(Miss::Skipped("no resume push arrived".to_owned()));
    };
    let late = held.pushes[resumed..].iter().find(|push| !is_resume(push));
    let seen = late.map(shown).unwrap_or_default();
    holds(late.is_none(), "no push after the resume", seen)
}

async fn ended(world: &Middleware) -> Checked {
    let held = world.conversation().await?;
    holds(!held.paused_after_the_end, "`paused: false`", "`paused: true`")
}

/// The conversation, for rules about every push. Skips the case when there was no push.
async fn some_pushes(world: &Middleware) -> Checked<&Conversation> {
    let held = world.conversation().await?;
    if held.pushes.is_empty() {
        return Err(broken(
            "pushes",
            "no push arrived; is the middleware's push URL set to \
            --push-base?",
        ));
    }
    Ok(held)
}
