//! Calls to the REST interface: Basic authentication, keys that are encoded twice, and replies
//! whose `ReturnCode` says more than their HTTP status.

use connector::{
    Failure,
    client::{PacedClient, Request, Response},
};
use http::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::form_urlencoded;

pub(super) struct Rest {
    api: PacedClient,
    username: String,
    password: SecretString,
}

impl Rest {
    pub(super) fn new(api: PacedClient, username: String, password: SecretString) -> Self {
        Self { api, username, password }
    }

    pub(super) fn username(&self) -> &str {
        &self.username
    }

    pub(super) fn url(&self) -> &str {
        self.api.base().url().as_str()
    }

    /// A query to a collection; the list is empty if nothing matches.
    pub(super) async fn list(
        &self,
        collection: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Vec<Value>, Failure> {
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        // Some servers do not read a plus as a space.
        let query = query.replace('+', "%20");
        let response = self.send(Request::get(format!("{collection}?{query}"))).await?;
        match reply(&response) {
            Ok(mut body) => match body["content"].take() {
                Value::Array(content) => Ok(content),
                _ => Ok(Vec::new()),
            },
            Err(Failure::Gone { .. }) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        reply(&self.send(Request::get(path)).await?)
    }

    pub(super) async fn write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        reply(&self.send(Request::new(method, path).json(body)).await?)
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.api.send(request.basic(&self.username, &self.password)).await
    }
}

/// A key as part of a path.
pub(super) fn key(id: &str) -> String {
    let encoded = id.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            // Encoded twice: the percent sign of the first encoding is encoded too.
            format!("%25{byte:02X}")
        }
    });
    encoded.collect()
}

/// The body of a reply, or what its `ReturnCode` means.
fn reply(response: &Response) -> Result<Value, Failure> {
    let Ok(body) = wire::json::read::<Value>(&response.body) else {
        return Err(foreign(response));
    };
    let messages = body["Messages"].as_array().into_iter().flatten();
    let words: Vec<&str> = messages.filter_map(Value::as_str).collect();
    let words = words.join(" ");
    let code = body["ReturnCode"].as_i64();
    let detail = match code {
        Some(code) => format!("ReturnCode {code}: {}", words.chars().take(200).collect::<String>()),
        None => format!("status {} without a ReturnCode", response.status),
    };
    match code {
        _ if response.status == 401 => Err(Failure::Denied { detail }),
        Some(0) if response.is_success() => Ok(body),
        // The record is locked or was changed meanwhile: the call was not done.
        Some(3 | 51) => Err(Failure::later(detail)),
        Some(9) => Err(Failure::gone(detail)),
        Some(28) => Err(Failure::Denied { detail }),
        Some(_) if response.status < 500 => Err(Failure::refused(detail)),
        _ if response.is_success() || response.status >= 500 => Err(Failure::Unknown { detail }),
        _ => Err(response.failure(&words)),
    }
}

/// A reply that is not from the server but from a proxy in front of it.
fn foreign(response: &Response) -> Failure {
    let detail = format!("status {} with a body that is not JSON", response.status);
    match response.failure("") {
        failure @ (Failure::Later { .. } | Failure::Denied { .. }) => failure,
        _ if response.is_success() || response.status >= 500 => Failure::Unknown { detail },
        _ => Failure::later(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn keys_are_encoded_twice() {
        assert_eq!(key("IM10001"), "IM10001");
        assert_eq!(key("SD-00/1"), "SD-00%252F1");
        assert_eq!(key("a\\b c"), "a%255Cb%2520c");
    }
}
