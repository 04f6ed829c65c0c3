//! A push client: sends what a bridge of any contract revision sends to the platform.

use serde_json::{Map, Value, json};

use crate::http::{Answer, Http};

/// Where the push key travels (contract, section 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyIn {
    /// `accessToken` in the body (r1, r2).
    Body,
    /// `Authorization: <key>` (r2.3 and r3).
    Bare,
    /// `Authorization: Bearer <key>` (r2.2).
    Bearer,
    Nowhere,
}

#[derive(Debug, Clone)]
pub struct Pusher {
    http: Http,
    url: String,
    key: String,
    pub key_in: KeyIn,
    bot_id: String,
    user_id: String,
}

impl Pusher {
    /// Pushes to the platform at `base` for one visitor of one bot.
    pub fn new(http: &Http, base: &str, key: &str, bot_id: &str, user_id: &str) -> Self {
        Self {
            http: http.clone(),
            url: format!("{base}{}", wire::push::PATH),
            key: key.to_owned(),
            key_in: KeyIn::Body,
            bot_id: bot_id.to_owned(),
            user_id: user_id.to_owned(),
        }
    }

    #[must_use]
    pub fn with_key(mut self, key: &str, key_in: KeyIn) -> Self {
        key.clone_into(&mut self.key);
        self.key_in = key_in;
        self
    }

    /// Sends a push with these extra fields; returns the answer, whatever its status.
    pub async fn send(&self, event_type: &str, fields: Value) -> anyhow::Result<Answer> {
        let mut body = Map::new();
        body.insert("eventType".to_owned(), event_type.into());
        body.insert("userId".to_owned(), self.user_id.as_str().into());
        body.insert("botId".to_owned(), self.bot_id.as_str().into());
        if let Value::Object(fields) = fields {
            body.extend(fields);
        }
        let bearer = format!("Bearer {}", self.key);
        let headers: &[(&str, &str)] = match self.key_in {
            KeyIn::Body => {
                body.insert("accessToken".to_owned(), self.key.as_str().into());
                &[]
            }
            KeyIn::Bare => &[("authorization", &self.key)],
            KeyIn::Bearer => &[("authorization", &bearer)],
            KeyIn::Nowhere => &[],
        };
        self.http.post(&self.url, headers, &Value::Object(body)).await
    }

    /// Shows `text` to the visitor as Jane Doe's and keeps the pause for `minutes`.
    pub async fn say(&self, text: &str, minutes: f64) -> anyhow::Result<()> {
        let fields = json!({
            "text": text, "paused": true, "minutesPaused": minutes,
            "agentProfile": { "name": "Jane Doe", "avatarUrl": "" },
        });
        self.send("message", fields).await?.expect(200)?;
        Ok(())
    }
}
