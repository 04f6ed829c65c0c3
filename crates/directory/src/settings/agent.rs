//! The Dialogflow agent of a bot: an export that Baton runs itself, or an agent at Google.

use std::{borrow::Cow, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Fulfilment, Secret, fulfilment};

#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub enum BotAgent {
    Export(ExportAgent),
    Es(EsAgent),
    Cx(CxAgent),
}

/// An agent that Baton runs itself.
pub struct ExportAgent {
    /// Folder or zip of a Dialogflow ES export, relative to the file that names it.
    pub path: PathBuf,
    /// Absent: the agent's webhook is not called.
    pub fulfilment: Option<Fulfilment>,
}

/// The form in which it is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    export: Option<PathBuf>,
    #[serde(default, deserialize_with = "Fulfilment::written")]
    #[schemars(with = "Option<fulfilment::Form>")]
    fulfilment: Option<Fulfilment>,
    es: Option<EsAgent>,
    cx: Option<CxAgent>,
}

impl JsonSchema for BotAgent {
    fn schema_name() -> Cow<'static, str> {
        "BotAgent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl TryFrom<Written> for BotAgent {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { export, fulfilment, es, cx } = written;
        match (export, es, cx) {
            (Some(path), None, None) => Ok(Self::Export(ExportAgent { path, fulfilment })),
            (None, ..) if fulfilment.is_some() => {
                Err("`fulfilment` belongs to `export`: Google calls the webhook of its agents")
            }
            (None, Some(es), None) => Ok(Self::Es(es)),
            (None, None, Some(cx)) => Ok(Self::Cx(cx)),
            _ => Err("an agent needs exactly one of `export`, `es` and `cx`"),
        }
    }
}

/// An agent of Dialogflow ES.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EsAgent {
    pub project: String,
    pub location: Option<String>,
    pub environment: Option<String>,
    pub user: Option<String>,
    /// Language of visitors whose language is unknown.
    #[serde(default = "default_language")]
    pub language: String,
    /// Key of a service account. When absent, the credentials of this machine are used.
    pub credentials: Option<Secret>,
    /// Address to use instead of Google's.
    pub endpoint: Option<String>,
}

/// An agent of Dialogflow CX.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CxAgent {
    pub project: String,
    pub location: String,
    /// Id of the agent.
    pub agent: String,
    pub environment: Option<String>,
    #[serde(default = "default_language")]
    pub language: String,
    pub credentials: Option<Secret>,
    pub endpoint: Option<String>,
}

fn default_language() -> String {
    "en".to_owned()
}
