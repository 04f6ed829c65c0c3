//! JSON bodies. What is wrong is named by its field.

use axum::body::Body;
use edge::http::{SentBy, read_body};
use serde::de::DeserializeOwned;
use wire::problem::{Problem, ProblemId};

use crate::error::Result;

/// Most bytes of a body: a set of documents with agents' settings.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// Reads a body as JSON.
pub(crate) async fn read<T: DeserializeOwned>(body: Body, sender: SentBy) -> Result<T> {
    let bytes_max = if sender == SentBy::Known { BYTES_MAX } else { 16 * 1024 };
    let bytes = read_body(body, bytes_max, sender).await?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let read = serde_path_to_error::deserialize(&mut json).and_then(|read| {
        // What follows the value.
        json.end().map(|()| read).map_err(|error| {
            let path = serde_path_to_error::Track::new().path();
            serde_path_to_error::Error::new(path, error)
        })
    });
    read.map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        let detail = error.to_string();
        let id = match error.classify() {
            serde_json::error::Category::Data if detail.starts_with("missing field") => {
                ProblemId::MissingField
            }
            serde_json::error::Category::Data => ProblemId::InvalidField,
            _ => ProblemId::InvalidBody,
        };
        let problem = Problem::new(id, detail);
        if field == "." { problem.into() } else { problem.at(field).into() }
    })
}
