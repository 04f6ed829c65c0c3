//! The platform API of Genesys Cloud: the calls this connector makes, with an OAuth token of the
//! grant `client_credentials`.

use connector::{
    Failure,
    client::{PacedClient, Request, Response},
    oauth::OAuthClient,
};
use edge::egress::Target;
use http::Method;
use serde_json::{Value, json};

/// Messages of a conversation that are read at once.
const BULK_MAX: usize = 100;
/// Messages of a conversation that are read at all.
pub(super) const MESSAGES_MAX: usize = 1_000;

pub(super) struct Client {
    pub(super) oauth: OAuthClient,
    pub(super) api: PacedClient,
}

impl Client {
    /// The body of a good answer; `null` for an empty one.
    pub(super) async fn json(&self, request: Request) -> Result<Value, Failure> {
        let response = self.oauth.send(&self.api, request).await?;
        if !response.is_success() {
            return Err(failure(&response));
        }
        if response.body.is_empty() { Ok(Value::Null) } else { response.json() }
    }

    pub(super) async fn conversation(&self, id: &str) -> Result<Value, Failure> {
        self.json(Request::get(format!("api/v2/conversations/messages/{id}"))).await
    }

    /// Messages of a conversation, in the order of `ids`; of very many the latest.
    pub(super) async fn messages(
        &self,
        conversation: &str,
        ids: &[String],
    ) -> Result<Vec<Value>, Failure> {
        let ids = &ids[ids.len().saturating_sub(MESSAGES_MAX)..];
        let path = format!("api/v2/conversations/messages/{conversation}/messages/bulk");
        let mut found = Vec::new();
        for ids in ids.chunks(BULK_MAX) {
            let listing = self.json(Request::post(path.as_str()).json(&json!(ids))).await;
            let mut listing = listing.map_err(|failure| match failure {
                // Whether the conversation is there, it says itself.
                Failure::Gone { detail } => Failure::later(detail),
                failure => failure,
            })?;
            if let Some(Value::Array(some)) = listing.get_mut("entities").map(Value::take) {
                found.extend(some);
            }
        }
        let place = |message: &Value| ids.iter().position(|id| message["id"] == id.as_str());
        found.sort_by_cached_key(place);
        Ok(found)
    }

    pub(super) async fn disconnect(&self, conversation: &str) -> Result<(), Failure> {
        let path = format!("api/v2/conversations/messages/{conversation}");
        let request = Request::new(Method::PATCH, path).json(&json!({ "state": "disconnected" }));
        self.json(request).await.map(drop)
    }

    pub(super) fn target(&self) -> &Target {
        self.api.base()
    }
}

/// A failure in the vendor's words: `ErrorBody.message`.
pub(super) fn failure(response: &Response) -> Failure {
    let body: Value = wire::json::read(&response.body).unwrap_or_default();
    response.failure(body["message"].as_str().unwrap_or_default())
}
