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
        "Step two has the fields of r1, and none of those that are for step one only.",
        FIELDS, step_two_fields),
    case!(R1 "platform/token-in-body" "13.2",
        "Both steps have the webhook token in the body.", TOKEN, token_in_body),
    case!(R3 "platform/token-in-header" "13.2",
        "Both steps have the webhook token in `Authorization`, bare or after `Bearer`.",
        TOKEN, token_in_header),
    case!(R3 "platform/custom-header" "6.1",
        "The custom header is on every call, beside `Authorization`.",
        "Send the configured header in addition.", custom_header),
    case!(R3 "platform/content-type" "6.1",
        "Calls are POSTs with `Content-Type: application/json`.",
        "Name the media type.", content_type),
    case!(R3 "platform/newer-fields" "6.2",
        "`sessionId`, `messageHistory`, `payload` and `webhookHeaders`, where sent, have their \
         types.",
        FIELDS, newer_fields),
    case!(R3 "platform/history-items" "13.10",
        "Items of `messageHistory` have an id, a platform as spelled, a direction and a payload.",
        "Spell dialogflowES and dialogFlowCX so, and send every field.", history_items),
    case!(R3 "platform/history-order" "13.9",
        "`messageHistory` has what was said in this conversation, oldest first.",
        "Read the history before the decision, in the order of the conversation.", history_order),
    case!(R3 "platform/history-customer-to-agent" "13.6",
        "What a visitor wrote to an agent is told apart from what an agent wrote.",
        "Send it with payload.query, direction out and sender customer.", history_of_a_chat),
    case!(R3 "platform/history-nesting" "13.7",
        "An item of what a visitor wrote has `query`, `lang` and `sessionId` in `payload` itself.",
        "Do not put them into queryParameters.", history_nesting),
    case!(R3 "platform/webhook-headers" "13.15",
        "`webhookHeaders` holds no token of the visitor unless the owner wants it.",
        "Send {}.", webhook_headers),
    case!(All "platform/query-params" "13.16",
        "`queryParams.contexts` is an array in both steps.", FIELDS, query_params),
    case!(All "platform/event-with-label" "13.14",
        "An event with a label is sent to the agent as its label.",
        "Put the label into queryInput.text.text.", event_with_label),
    case!(All "platform/event-without-label" "13.14",
        "A silent event is not sent to the agent.",
        "Keep events without a label from the webhook.", silent_event),
    case!(All "platform/ids-stay" "13.28",
        "`userId`, `botId` and `session` are the same in both steps.",
        "Name the visitor, the bot and the session the same way in every call.", ids_stay),
    case!(All "platform/call-id" "8",
        "Every call has an `X-Request-Id` or `Idempotency-Key` of its own.",
        "Send an id that is new for each call and stays when it is repeated.", call_id),
    case!(All "platform/text-verbatim" "4.4",
        "The visitor's words arrive as they were written, whatever the script, up to 4,000 \
         characters.",
        "Send the text as UTF-8, without trimming or escaping.", text_verbatim),
    case!(All "platform/one-call" "8",
        "One message is one call.",
        "Make one attempt: there is no id in the body to tell a repeat by.", one_call),
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
    ("/userId", Value::is_string, "a text"),
    ("/botId", Value::is_string, "a text"),
    ("/queryInput/text/text", Value::is_string, "a text"),
    ("/queryInput/text/languageCode", Value::is_string, "a text"),
    ("/queryParams/contexts", Value::is_array, "an array"),
    ("/session", Value::is_string, "a text"),
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
        let why = "give --custom-header to check it";
        return Err(Miss::Skipped(why.to_owned()));
    };
    let (_, calls) = both(world).await?;
    for call in &calls {
        let is_there = call.headers.contains_key(&name.to_ascii_lowercase());
        holds(is_there, format!("the header {name}"), "none")?;
        let has_token = call.headers.contains_key("authorization");
        holds(has_token, "Authorization beside it", "none")?;
    }
    Ok(())
}

/// A wrong value may be another secret, so the report must not show it.
fn secret_seen(sent: &str) -> &'static str {
    if sent.is_empty() { "none" } else { "another secret" }
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
            ("/sessionId", Value::is_string as fn(&Value) -> bool, "a text"),
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
        _ => Err(Miss::Skipped("no history is sent: switch storing on to check it".to_owned())),
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
    holds(in_order, "payload.query of the visitor, then payload.text of the agent", seen)
}

async fn history_nesting(world: &Platform) -> Checked {
    let items = history(world).await?;
    let asked = items.iter().find(|item| item["direction"] == "in");
    let payload = asked.map(|item| item["payload"].clone()).unwrap_or_default();
    types(
        &payload,
        &[
            ("/query", Value::is_string, "a text"),
            ("/lang", Value::is_string, "a text"),
            ("/sessionId", Value::is_string, "a text"),
        ],
    )
}

async fn webhook_headers(world: &Platform) -> Checked {
    let (_, calls) = both(world).await?;
    for call in &calls {
        let sent = call.body["queryParams"]["webhookHeaders"].as_object();
        let is_empty = sent.is_none_or(serde_json::Map::is_empty);
        holds(is_empty, "{}", "headers, which are not shown here")?;
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
