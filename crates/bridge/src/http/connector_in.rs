//! `/connectors/{name}/{path}`: requests of the tools. What they mean, the connector says.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use bytes::Bytes;
use connector::{Host, InboundRequest, Proof};
use edge::{
    http::{SentBy, read_body},
    limits::Client,
    request_id,
};
use http::{StatusCode, request::Parts};
use wire::problem::ProblemId;

use super::{
    App,
    error::{Error, Result},
};

/// Most bytes of one request.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Path(path): Path<BTreeMap<String, String>>,
    client: Client,
    parts: Parts,
    body: Body,
) -> Result<Response> {
    let name = path.get("name").map_or("", String::as_str);
    let Some(runtime) = app.connectors.get(name) else {
        let detail = "No connector has this name: compare the URL with the configuration.";
        return Err(Error::new(ProblemId::NotFound, detail));
    };
    let mut request = InboundRequest {
        method: parts.method,
        path: path.get("path").cloned().unwrap_or_default(),
        headers: parts.headers,
        body: Bytes::new(),
    };
    // What the headers prove is good at once, whatever others at this address did.
    request.body = match runtime.connector().admit(&request) {
        Ok(Proof::Given) => read_body(body, BODY_BYTES_MAX, SentBy::Known).await?,
        Ok(Proof::InBody) => client.read_unproven(body, BODY_BYTES_MAX).await??,
        // A wrong code in a path is a wrong secret, too, so every refusal counts.
        Err(error) => {
            client.failed_call()?;
            return Err(error.into());
        }
    };
    // A tool that hangs up early may not send the same again: it is worked off all the same.
    let work = app.tasks.spawn(request_id::kept(async move {
        let host: Arc<dyn Host> = Arc::new(runtime.clone());
        runtime.connector().receive(&host, request).await
    }));
    match work.await {
        Ok(Ok(answered)) => Ok(answered),
        Ok(Err(error)) => {
            if error.0.status == StatusCode::UNAUTHORIZED.as_u16() {
                client.failed_call()?;
            }
            Err(error.into())
        }
        Err(error) => Err(Error::internal(&error)),
    }
}
