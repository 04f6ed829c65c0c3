//! Requests to the Bot Integration API: `POST /api/sn_va_as_service/bot/integration`. The answer
//! says only that a request was received. If the instance then cannot read or authenticate it, it
//! reports nothing.

use std::{collections::BTreeMap, sync::Arc};

use connector::{Failure, Finding, Parts, SettingsError, client::Request};
use edge::Clock;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderName;
use machine::{
    Millis,
    chat::{Line, Opening, Speaker},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use sha1::Sha1;

use super::{
    instance::{Instance, failure},
    settings::VirtualAgentSettings,
};

const PATH: &str = "api/sn_va_as_service/bot/integration";

pub(super) struct VirtualAgent {
    pub(super) callback: CallbackAccess,
    pub(super) texts: InstanceTexts,
    instance: Arc<Instance>,
    clock: Clock,
    auth: RequestAuth,
    app_inbound_id: Option<String>,
    timezone: Option<String>,
    context: BTreeMap<String, String>,
    opening: String,
}

/// What a callback must present.
pub(super) struct CallbackAccess {
    pub(super) key: SecretString,
    pub(super) header: Option<(HeaderName, SecretString)>,
}

/// Texts in an instance's own language, by which its callbacks are understood.
pub(super) struct InstanceTexts {
    pub(super) agent_name: String,
    pub(super) entered: String,
    pub(super) closed: String,
}

/// The instance's message authentication.
enum RequestAuth {
    None,
    Token(SecretString),
    Hash(SecretString),
}

/// Whose conversation a request belongs to.
pub(super) struct Conversant<'a> {
    pub(super) user_id: &'a str,
    pub(super) session: &'a str,
}

impl VirtualAgent {
    pub(super) fn new(
        settings: &VirtualAgentSettings,
        instance: Arc<Instance>,
        parts: &Parts,
    ) -> Result<Self, SettingsError> {
        let key = |name: &str| parts.key(&format!("virtual_agent.{name}"));
        let auth = match (&settings.token, &settings.signing_key) {
            (None, None) => RequestAuth::None,
            (Some(token), None) => RequestAuth::Token(token.read(&key("token"))?),
            (None, Some(secret)) => RequestAuth::Hash(secret.read(&key("signing_key"))?),
            (Some(_), Some(_)) => {
                let wrong = "and `signing_key`: give one of the two";
                return Err(parts.wrong("virtual_agent.token", wrong));
            }
        };
        let header = match &settings.callback_header {
            Some(header) => {
                let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| {
                    parts.wrong("virtual_agent.callback_header.name", error.to_string())
                })?;
                Some((name, header.value.read(&key("callback_header.value"))?))
            }
            None => None,
        };
        let callback =
            CallbackAccess { key: settings.callback_key.read(&key("callback_key"))?, header };
        let texts = InstanceTexts {
            agent_name: settings.agent_name.clone(),
            entered: settings.entered_text.clone(),
            closed: settings.closed_text.clone(),
        };
        Ok(Self {
            callback,
            texts,
            instance,
            clock: parts.clock.clone(),
            auth,
            app_inbound_id: settings.app_inbound_id.clone(),
            timezone: settings.timezone.clone(),
            context: settings.context.clone(),
            opening: settings.opening.clone(),
        })
    }

    /// Action `AGENT`, with what the human agent should know.
    pub(super) async fn ask_for_agent(
        &self,
        conversant: &Conversant<'_>,
        id: &str,
        opening: &Opening,
        since: Millis,
    ) -> Result<(), Failure> {
        let mut context: Map<String, Value> =
            self.context.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        context.insert("live_agent_only".to_owned(), json!("true"));
        context.insert("requester_session_language".to_owned(), json!(opening.language));
        if let Some(intent) = &opening.intent {
            context.insert("handover_intent".to_owned(), json!(intent));
        }
        let history: Vec<Value> =
            opening.transcript.iter().map(|line| history(line, since)).collect();
        let more = json!({
            "action": "AGENT", "history": history, "contextVariables": context,
        });
        self.request(conversant, id, &self.opening, more).await
    }

    /// Action `AGENT` once more: the first one only opened the conversation.
    pub(super) async fn ask_again(
        &self,
        conversant: &Conversant<'_>,
        id: &str,
    ) -> Result<(), Failure> {
        let more = json!({
            "action": "AGENT", "contextVariables": { "live_agent_only": "true" },
        });
        self.request(conversant, id, &self.opening, more).await
    }

    pub(super) async fn say(
        &self,
        conversant: &Conversant<'_>,
        id: &str,
        text: &str,
    ) -> Result<(), Failure> {
        self.request(conversant, id, text, json!({})).await
    }

    /// An action without a text, such as `TYPING` or `END_CONVERSATION`.
    pub(super) async fn act(
        &self,
        conversant: &Conversant<'_>,
        id: &str,
        action: &str,
    ) -> Result<(), Failure> {
        self.request(conversant, id, "", json!({ "action": action })).await
    }

    async fn request(
        &self,
        conversant: &Conversant<'_>,
        id: &str,
        text: &str,
        more: Value,
    ) -> Result<(), Failure> {
        let mut body = json!({
            "requestId": id,
            "clientSessionId": conversant.session,
            "userId": conversant.user_id,
            "message": { "text": text, "typed": true, "clientMessageId": id },
            "timestamp": self.clock.wall(),
        });
        let optional = [("appInboundId", &self.app_inbound_id), ("timezone", &self.timezone)];
        for (name, value) in optional {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let request = self.authenticated(Request::post(PATH).json(&body));
        let told = self.instance.send(request).await?;
        if !told.is_success() {
            return Err(failure(&told));
        }
        let answer: Value = told.json()?;
        if answer["status"] == "success" {
            return Ok(());
        }
        let words = [&answer["error"]["message"], &answer["error"]["detail"]];
        let words: Vec<&str> = words.iter().filter_map(|words| words.as_str()).collect();
        Err(Failure::refused(words.join(": ")))
    }

    fn authenticated(&self, request: Request) -> Request {
        match &self.auth {
            RequestAuth::None => request,
            RequestAuth::Token(token) => {
                request.secret_header(HeaderName::from_static("token"), token)
            }
            RequestAuth::Hash(secret) => {
                let signature = signature(secret, request.bytes());
                request.header(HeaderName::from_static("x-b2b-signature"), &signature)
            }
        }
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Sends a request that changes nothing.
    pub(super) async fn check(&self) -> Vec<Finding> {
        let url = self.instance.url();
        let conversant = Conversant { user_id: "baton-check", session: "baton-check" };
        match self.act(&conversant, "baton-check", "VIEWING").await {
            Ok(()) => vec![
                Finding::good(format!("{url} takes requests of the bot integration")),
                Finding::unsure(
                    "ServiceNow says nothing about a wrong token or a wrong callback URL: begin \
                     a chat and see that an agent is offered it",
                ),
            ],
            Err(failure) => vec![Finding::wrong(format!("{url}: {}", failure.detail()))],
        }
    }
}

/// HMAC-SHA1 over the body as it is sent, in lower-case hexadecimal.
fn signature(secret: &SecretString, body: &[u8]) -> String {
    // HMAC takes keys of any length, so this never fails.
    let mac = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes());
    let bytes = mac.map(|mac| mac.chain_update(body).finalize().into_bytes());
    let bytes = bytes.map(|bytes| bytes.to_vec()).unwrap_or_default();
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// `timestamp` must be a text of 13 digits.
fn history(line: &Line, otherwise: Millis) -> Value {
    let (name, is_bot) = match line.from {
        Speaker::Visitor => ("Visitor", false),
        Speaker::Bot => ("Bot", true),
        Speaker::Agent => ("Agent", true),
    };
    json!({
        "displayName": name,
        "isBotMessage": is_bot,
        "timestamp": format!("{:013}", line.at.unwrap_or(otherwise)),
        "type": "text",
        "value": line.text,
    })
}
