//! What the platform sends to its webhook (contract, sections 4.2, 4.4, 6 and 12). A receiver of
//! any revision must find what it needs; more is fine.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Case, Checked, Miss, Platform, Visit, case, holds};
use crate::receiver::{Call, Reply};

const FIELDS: &str = "Send what every revision has: docs/handover.md lists the fields.";
const TOKEN: &str = "Send the webhook token in the body and in Authorization.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(R1 "platform/step-one-fields" "4.2",
        "Step one has the fields of r1 with their types.", FIELDS, step_one_fields),
    case!(R1 "platform/step-one-response" "13.13",
        "`dialogflowResponse` is the bot's answer, with the trigger among its contexts or \
         parameters.",
        "Send the detectIntent response that carried the trigger.", step_one_response),
    case!(R1 "platform/step-two-fields" "4.4",
        "Step two has the fields of r1, and no field that only step one has.",
        FIELDS, step_two_fields),
    case!(R1 "platform/token-in-body" "13.2",
        "Both steps have the webhook token in the body.", TOKEN, token_in_body),
    case!(R3 "platform/token-in-header" "13.2",
        "Both steps have the webhook token in `Authorization`, bare or after `Bearer`.",
        TOKEN, token_in_header),
    case!(R3 "platform/custom-header" "6.1",
        "Every call has the custom header in addition to `Authorization`.",
        "Send the configured header in addition to Authorization.", custom_header),
    case!(R3 "platform/content-type" "6.1",
        "Calls are POSTs with `Content-Type: application/json`.",
        "Send the header Content-Type: application/json.", content_type),
    case!(R3 "platform/newer-fields" "6.2",
        "`sessionId`, `messageHistory`, `payload` and `webhookHeaders`, if present, have their \
         types.",
        FIELDS, newer_fields),
    case!(R3 "platform/history-items" "13.10",
        "Items of `messageHistory` have an id, a bot platform, a direction, a payload and a time.",
        "Spell the bot platforms dialogflowES and dialogFlowCX, and send every field.",
        history_items),
    case!(R3 "platform/history-order" "13.9",
        "`messageHistory` has the messages of this conversation, oldest first.",
        "Send the messages in the order of the conversation.", history_order),
    case!(R3 "platform/history-customer-to-agent" "13.6",
        "The history shows whether the visitor or the human agent wrote a message.",
        "Send a visitor's message to an agent with payload.query, direction out, sender customer.",
        history_of_a_chat),
    case!(R3 "platform/history-nesting" "13.7",
        "The item of a visitor's message has `query`, `lang` and `sessionId` directly in \
         `payload`.",
        "Do not put these fields into queryParameters.", history_nesting),
    case!(R3 "platform/webhook-headers" "13.15",
        "`webhookHeaders` is empty unless the owner of the bot allows it.",
        "Send {}.", webhook_headers),
    case!(All "platform/query-params" "13.16",
        "`queryParams.contexts` is an array in both steps.", FIELDS, query_params),
    case!(All "platform/event-with-label" "13.14",
        "An event with a label is sent to the webhook with the label as its text.",
        "Put the label into queryInput.text.text.", event_with_label),
    case!(All "platform/event-without-label" "13.14",
        "An event without a label is not sent to the webhook.",
        "Do not send events without a label to the webhook.", silent_event),
    case!(All "platform/ids-stay" "13.28",
        "`userId`, `botId` and `session` are the same in both steps.",
        "Send the same ids in every call of a conversation.", ids_stay),
    case!(All "platform/call-id" "8",
        "Every call has its own `X-Request-Id` or `Idempotency-Key`.",
        "Send a new id with each call, and the same id when a call is repeated.", call_id),
    case!(All "platform/text-verbatim" "4.4",
        "The visitor's text arrives unchanged, in any script, up to 4,000 characters.",
        "Send the text as UTF-8, without trimming or escaping.", text_verbatim),
    case!(All "platform/one-call" "8",
        "Each message makes exactly one call.",
        "Make one attempt only: the body has no id by which a repeat can be recognized.", one_call),
];

/// Step one and step two of a new visitor.
async fn both(world: &Platform) -> Checked<(Visit<'_>, [Call; 2])> {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.say("help me please").await?;
    let calls = visit.calls(2).await?;
    Ok((visit, [calls[0].clone(), calls[1].clone()]))
}

/// Path of a field, what its value must be, and the words for that.
type Place = (&'static str, fn(&Value) -> bool, &'static str);

/// Each place must hold a value of this type.
fn types(body: &Value, places: &[Place]) -> Checked {
    for (place, fits, kind) in places {
        let value = body.pointer(place).unwrap_or(&Value::Null);
        let expected = format!("{kind} at {place}");
        holds(fits(value), expected, format!("{value}"))?;
    }
    Ok(())
}

const COMMON: [Place; 6] = [
    ("/userId", Value::is_string, "a string"),
    ("/botId", Value::is_string, "a string"),
    ("/queryInput/text/text", Value::is_string, "a string"),
    ("/queryInput/text/languageCode", Value::is_string, "a string"),
    ("/queryParams/contexts", Value::is_array, "an array"),
    ("/session", Value::is_string, "a string"),
];

async fn step_one_fields(world: &Platform) -> Checked {
    let (_, [one, _]) = both(world).await?;
    types(&one.body, &COMMON)?;
    types(&one.body, &[("/dialogflowResponse/queryResult", Value::is_object, "an object")])?;
    let event_type = one.body.get("eventType");
    holds(event_type.is_none(), "no `eventType` in step one", format!("{event_type:?}"))?;
    let trigger = &world.options.trigger;
    holds(one.text() == trigger, format!("the text {trigger:?}"), format!("{:?}", one.text()))
}

async fn step_one_response(world: &Platform) -> Checked {
    let (_, [one, _]) = both(world).await?;
    let result = &one.body["dialogflowResponse"]["queryResult"];
    let contexts = result["outputContexts"].as_array();
    let names = contexts.is_some_and(|contexts| contexts.iter().any(|it| it["name"].is_string()));
    let parameters = result["parameters"].as_object().is_some_and(|it| !it.is_empty());
    holds(names || parameters, "a context with a name, or a parameter", result.to_string())
}

async fn step_two_fields(world: &Platform) -> Checked {
    let (_, [_, two]) = both(world).await?;
    types(&two.body, &COMMON)?;
    for name in ["dialogflowResponse", "messageHistory"] {
        let value = two.body.get(name);
        holds(value.is_none(), format!("no `{name}` in step two"), format!("{value:?}"))?;
    }
    let text = two.text();
    holds(text == "help me please", "the text \"help me please\"", format!("{text:?}"))
}

async fn token_in_body(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    let token = world.options.webhook_token.expose_secret();
    for call in &calls {
        let sent = call.body["accessToken"].as_str().unwrap_or_default();
        holds(sent == token, "the webhook token as `accessToken`", secret_seen(sent))?;
    }
    Ok(())
}

async fn token_in_header(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    let token = world.options.webhook_token.expose_secret();
    for call in &calls {
        let sent = call.headers.get("authorization").map_or("", String::as_str);
        let is_token = wire::secret::from_authorization(sent) == token;
        holds(is_token, "the webhook token in Authorization", secret_seen(sent))?;
    }
    Ok(())
}

async fn custom_header(world: &Platform) -> Checked {
    let Some(name) = &world.options.custom_header else {
        let why = "give --custom-header to check the custom header";
        return Err(Miss::Skipped(why.to_owned()));
    };
    let (_, calls) = both(world).await?;
    for call in &calls {
        let is_there = call.headers.contains_key(&name.to_ascii_lowercase());
        holds(is_there, format!("the header {name}"), "none")?;
        let has_token = call.headers.contains_key("authorization");
        holds(has_token, "Authorization in addition", "none")?;
    }
    Ok(())
}

/// A wrong value may be another secret, so the report must not show it.
fn secret_seen(sent: &str) -> &'static str {
    if sent.is_empty() { "none" } else { "a different secret" }
}

async fn content_type(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    for call in &calls {
        let kind = call.headers.get("content-type").map_or("", String::as_str);
        let fits = call.method == "POST" && kind.starts_with("application/json");
        holds(fits, "POST, application/json", format!("{} {kind:?}", call.method))?;
    }
    Ok(())
}

async fn newer_fields(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    for call in &calls {
        for (place, fits, kind) in [
            ("/sessionId", Value::is_string as fn(&Value) -> bool, "a string"),
            ("/messageHistory", Value::is_array, "an array"),
            ("/queryParams/payload", Value::is_object, "an object"),
            ("/queryParams/webhookHeaders", Value::is_object, "an object"),
        ] {
            if let Some(value) = call.body.pointer(place) {
                holds(fits(value), format!("{kind} at {place}"), value.to_string())?;
            }
        }
    }
    Ok(())
}

/// The history of a visitor who has asked the bot something first.
async fn history(world: &Platform) -> Checked<Vec<Value>> {
    let visit = Visit::new(world).await?;
    visit.bot_answers().await?;
    visit.ask().await?;
    items(&visit.calls(1).await?[0])
}

fn items(call: &Call) -> Checked<Vec<Value>> {
    match call.body["messageHistory"].as_array() {
        Some(items) if !items.is_empty() => Ok(items.clone()),
        _ => Err(Miss::Skipped(
            "no history is sent: switch the storing of messages on to check it".to_owned(),
        )),
    }
}

async fn history_items(world: &Platform) -> Checked {
    for item in history(world).await? {
        let fits = item["_id"].is_string()
            && matches!(item["botPlatform"].as_str(), Some("dialogflowES" | "dialogFlowCX"))
            && matches!(item["direction"].as_str(), Some("in" | "out"))
            && item["payload"].is_object()
            && item["createdAt"].as_str().is_some_and(|at| at.contains('T'));
        holds(fits, "_id, botPlatform, direction, payload and createdAt", item.to_string())?;
    }
    Ok(())
}

async fn history_order(world: &Platform) -> Checked {
    let items = history(world).await?;
    let at = |item: &Value| item["createdAt"].as_str().unwrap_or_default().to_owned();
    let sorted = items.is_sorted_by_key(at);
    let seen = Value::from(items.clone()).to_string();
    holds(sorted, "items in the order of createdAt", &*seen)?;
    let first = items[0]["payload"]["query"] == world.options.question.as_str();
    holds(first, "the visitor's first question first", seen)
}

async fn history_of_a_chat(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.say("to the agent").await?;
    visit.calls(2).await?;
    visit.pushed("message", json!({ "text": "from the agent", "paused": false })).await?;
    visit.ask().await?;
    let items = items(&visit.calls(3).await?[2])?;
    let place =
        |name: &str, text: &str| items.iter().position(|item| item["payload"][name] == text);
    let (asked, answered) = (place("query", "to the agent"), place("text", "from the agent"));
    let seen = Value::from(items.clone()).to_string();
    let in_order = asked.is_some() && asked < answered;
    holds(in_order, "payload.query of the visitor, then payload.text of the human agent", seen)
}

async fn history_nesting(world: &Platform) -> Checked {
    let items = history(world).await?;
    let asked = items.iter().find(|item| item["direction"] == "in");
    let payload = asked.map(|item| item["payload"].clone()).unwrap_or_default();
    types(
        &payload,
        &[
            ("/query", Value::is_string, "a string"),
            ("/lang", Value::is_string, "a string"),
            ("/sessionId", Value::is_string, "a string"),
        ],
    )
}

async fn webhook_headers(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    for call in &calls {
        let sent = call.body["queryParams"]["webhookHeaders"].as_object();
        let is_empty = sent.is_none_or(serde_json::Map::is_empty);
        holds(is_empty, "{}", "headers, which the report does not show")?;
    }
    Ok(())
}

async fn query_params(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    for call in &calls {
        let contexts = &call.body["queryParams"]["contexts"];
        holds(contexts.is_array(), "an array", contexts.to_string())?;
    }
    Ok(())
}

async fn event_with_label(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let event = json!({ "name": world.options.event, "parameters": {} });
    visit.message(json!({ "event": event, "label": "A button" })).await?;
    let calls = visit.calls(2).await?;
    let text = calls[1].text();
    holds(text == "A button", "the label \"A button\" as the text", format!("{text:?}"))
}

async fn silent_event(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let event = json!({ "name": world.options.event, "parameters": {} });
    visit.message(json!({ "event": event })).await?;
    visit.say("after the event").await?;
    let calls = visit.calls(2).await?;
    let text = calls[1].text();
    holds(text == "after the event", "only \"after the event\"", format!("{text:?}"))
}

async fn ids_stay(world: &Platform) -> Checked {
    let (visit, [one, two]) = both(world).await?;
    for name in ["userId", "botId", "session"] {
        let (first, second) = (&one.body[name], &two.body[name]);
        holds(first == second, format!("{name} {first} again"), second.to_string())?;
    }
    let fits = one.user_id() == visit.user && one.body["botId"] == world.options.bot.as_str();
    let seen = format!("{} {}", one.body["userId"], one.body["botId"]);
    holds(fits, "the visitor's id and the bot's", seen)
}

async fn call_id(world: &Platform) -> Checked {
    let (_, [one, two]) = both(world).await?;
    let id = |call: &Call| {
        let names = ["idempotency-key", "x-request-id", "webhook-id"];
        names.iter().find_map(|name| call.headers.get(*name).cloned())
    };
    let (first, second) = (id(&one), id(&two));
    let seen = format!("{first:?} and {second:?}");
    holds(first.is_some() && second.is_some() && first != second, "two different ids", seen)
}

async fn text_verbatim(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let long = "ä".repeat(4_000);
    let texts = ["Grüße, 你好, e\u{301}", "مرحبا שלום", "👩‍👩‍👧‍👦 🏳️‍🌈", "<b>\"'\\ {{x}}", &long];
    for text in texts {
        visit.say(text).await?;
    }
    let calls = visit.calls(1 + texts.len()).await?;
    for (call, text) in calls[1..].iter().zip(texts) {
        let beginning = |text: &str| text.chars().take(40).collect::<String>();
        let (wanted, came) = (beginning(text), beginning(call.text()));
        holds(call.text() == text, format!("{wanted:?}"), format!("{came:?}"))?;
    }
    Ok(())
}

async fn one_call(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::Status(500, "<p>no".to_owned()));
    visit.say("first").await?;
    visit.calls(2).await?;
    visit.say("second").await?;
    visit.calls(3).await?;
    visit.say("third").await?;
    let calls = visit.calls(4).await?;
    let texts: Vec<_> = calls[1..].iter().map(Call::text).collect();
    holds(texts == ["first", "second", "third"], "each message once", format!("{texts:?}"))
}
