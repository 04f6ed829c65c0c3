//! Facts that go to the bot with each query: the visitor's page and local time, the values of a
//! form, the human agent who has just left. CX gets session parameters, ES gets contexts, under
//! the names that Dialogflow agents made for the Botcopy widget expect.

use dialogflow::{Context, Edition};
use edge::time::{clock_time, rfc3339};
use machine::{
    Millis,
    conversation::{PastPause, Said, Trigger},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;
use wire::visitor::Page;

use crate::{bot::Bot, visitors::Visitor};

/// Lifespan of a context that is sent again with each query.
const LIFESPAN: u32 = 10;
/// The values of the snippet and the URL are for the first answers only.
const REFERENCE_LIFESPAN: u32 = 2;
const FORM_LIFESPAN: u32 = 5;
const MARKER_LIFESPAN: u32 = 1;

/// What the page adds to one input; stored with it as JSON.
#[derive(Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extra {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<Page>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ip: Option<String>,
}

impl Extra {
    pub(crate) fn of(said: &Said) -> Self {
        let extra = said.extra.as_deref();
        extra.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// `None` when it is empty.
    pub(crate) fn to_json(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).ok()).flatten()
    }
}

/// The same facts in the form that the bot's edition has for them.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) contexts: Vec<Context>,
    pub(crate) parameters: Map<String, Value>,
}

impl Facts {
    pub(crate) fn of(bot: &Bot, visitor: &Visitor, said: &Said, now: Millis) -> Self {
        let extra = Extra::of(said);
        let mut facts = Self::default();
        match bot.edition() {
            Edition::Es => facts.es(bot, visitor, extra, now),
            Edition::Cx => facts.cx(bot, visitor, extra, now),
        }
        facts
    }

    /// Removes used triggers, so that they do not fire again on the next answer.
    pub(crate) fn clear(&mut self, used: Vec<Trigger>) {
        for trigger in used {
            match trigger {
                Trigger::Context(name) => self.context(&name, 0, json!({})),
                Trigger::Parameter(name) => drop(self.parameters.insert(name, Value::Null)),
                _ => {}
            }
        }
    }

    /// Tells the bot that a human agent had control since its last answer. Session parameters stay
    /// set, so without such a pause the parameter is removed.
    pub(crate) fn mark(&mut self, edition: Edition, name: &str, pause: Option<&PastPause>) {
        let Some(pause) = pause else {
            if edition == Edition::Cx {
                self.parameters.insert(name.to_owned(), Value::Null);
            }
            return;
        };
        let marker = json!({
            "agent": pause.agent,
            "since": rfc3339(pause.since),
            "until": rfc3339(pause.until),
            "seconds": (pause.until - pause.since) / 1_000,
        });
        match edition {
            Edition::Es => self.context(name, MARKER_LIFESPAN, marker),
            Edition::Cx => drop(self.parameters.insert(name.to_owned(), marker)),
        }
    }

    fn es(&mut self, bot: &Bot, visitor: &Visitor, extra: Extra, now: Millis) {
        if let Some(zone) = visitor.time_zone.as_deref() {
            let time = clock_time(now, zone);
            self.context("botcopy-timezone", LIFESPAN, json!({ "tz": zone, "time": time }));
        }
        self.context("botcopy-botid", LIFESPAN, json!({ "botId": bot.config.id }));
        let page = extra.page.unwrap_or_default();
        if let Some(url) = page.url.as_deref().and_then(current_url) {
            self.context("botcopy-current-url", LIFESPAN, url);
        }
        let references = json!({
            "botcopySnippetRefValue": page.snippet, "botcopyRefValue": page.reference
        });
        if page.snippet.is_some() || page.reference.is_some() {
            self.context("botcopy-ref-context", REFERENCE_LIFESPAN, references);
        }
        if let Some(mobile) = page.mobile.filter(|_| bot.config.facts.mobile) {
            let mobile = json!({ "isMobile": mobile.to_string() });
            self.context("botcopy-is-mobile", LIFESPAN, mobile);
        }
        if !extra.parameters.is_empty() {
            let form = Value::Object(extra.parameters);
            self.context("botcopy-form-context", FORM_LIFESPAN, form);
        }
    }

    fn cx(&mut self, bot: &Bot, visitor: &Visitor, extra: Extra, now: Millis) {
        let page = extra.page.unwrap_or_default();
        let zone = visitor.time_zone.as_deref();
        let mobile = page.mobile.filter(|_| bot.config.facts.mobile);
        let facts = [
            ("bcBotId", Some(json!(bot.config.id))),
            ("bcCurrentUrl", page.url.as_deref().and_then(current_url)),
            ("bcTime", zone.and_then(|zone| clock_time(now, zone)).map(Value::String)),
            ("bcTimeZone", zone.map(Value::from)),
            ("bcOriginIp", extra.ip.map(Value::String)),
            ("bcIsMobile", mobile.map(Value::Bool)),
            ("botcopySnippetValue", page.snippet.map(Value::String)),
            ("botcopyRefValue", page.reference.map(Value::String)),
        ];
        // What we know replaces what the page claims under the same name.
        self.parameters.extend(extra.parameters);
        let known = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
        self.parameters.extend(known);
    }

    /// `parameters` is an object; its nulls are left out.
    fn context(&mut self, name: &str, lifespan: u32, parameters: Value) {
        let Value::Object(mut parameters) = parameters else { return };
        parameters.retain(|_, value| !value.is_null());
        self.contexts.push(Context { name: name.to_owned(), lifespan, parameters });
    }
}

/// A context as both the query and the webhook call write it.
pub(crate) fn context_json(context: &Context) -> Value {
    json!({
        "name": context.name, "lifespanCount": context.lifespan, "parameters": context.parameters
    })
}

fn current_url(url: &str) -> Option<Value> {
    let parsed: Url =
        url.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"))?;
    let origin = parsed.origin().ascii_serialization();
    Some(json!({ "origin": origin, "path": parsed.path(), "url": url }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_parts() {
        let url = current_url("https://example.com:8443/shop/a?b=c#d").unwrap();
        assert_eq!(url["origin"], "https://example.com:8443");
        assert_eq!(url["path"], "/shop/a");
        assert_eq!(url["url"], "https://example.com:8443/shop/a?b=c#d");
        assert_eq!(current_url("javascript:alert(1)"), None);
        assert_eq!(current_url("no url"), None);
    }

    #[test]
    fn nothing_to_add_is_nothing_kept() {
        assert_eq!(Extra::default().to_json(), None);
        let ip = Some("192.0.2.1".to_owned());
        let extra = Extra { ip, ..Extra::default() };
        let said = Said { extra: extra.to_json(), ..Said::text("hello") };
        assert!(Extra::of(&said) == extra);
        let said = Said { extra: Some("damaged".to_owned()), ..Said::text("hello") };
        assert!(Extra::of(&said) == Extra::default());
    }
}
