//! The Dialogflow agent of a bot: an export that Baton runs itself, or an agent at Google.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Fulfilment, Secret};

#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum BotAgent {
    Export(ExportAgent),
    Es(EsAgent),
    Cx(CxAgent),
}

/// An agent that Baton runs itself.
pub(crate) struct ExportAgent {
    /// Folder or zip of a Dialogflow ES export, relative to the configuration file.
    pub(crate) path: PathBuf,
    /// Absent: the agent's webhook is not called.
    pub(crate) fulfilment: Option<Fulfilment>,
}

/// The form in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    export: Option<PathBuf>,
    #[serde(default, deserialize_with = "Fulfilment::written")]
    fulfilment: Option<Fulfilment>,
    es: Option<EsAgent>,
    cx: Option<CxAgent>,
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
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EsAgent {
    pub(crate) project: String,
    pub(crate) location: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) user: Option<String>,
    /// Language of visitors whose language is unknown.
    #[serde(default = "default_language")]
    pub(crate) language: String,
    /// Key of a service account. When absent, the credentials of this machine are used.
    pub(crate) credentials: Option<Secret>,
    /// Address to use instead of Google's.
    pub(crate) endpoint: Option<String>,
}

/// An agent of Dialogflow CX.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CxAgent {
    pub(crate) project: String,
    pub(crate) location: String,
    /// Id of the agent.
    pub(crate) agent: String,
    pub(crate) environment: Option<String>,
    #[serde(default = "default_language")]
    pub(crate) language: String,
    pub(crate) credentials: Option<Secret>,
    pub(crate) endpoint: Option<String>,
}

fn default_language() -> String {
    "en".to_owned()
}

impl BotAgent {
    /// Makes the path of an export relative to `base`.
    pub(super) fn rebase(&mut self, base: &Path) {
        if let Self::Export(export) = self {
            export.path = base.join(&export.path);
        }
    }

    pub(super) fn credentials_mut(&mut self) -> Option<&mut Secret> {
        match self {
            Self::Export(export) => export.fulfilment.as_mut()?.password.as_mut(),
            Self::Es(es) => es.credentials.as_mut(),
            Self::Cx(cx) => cx.credentials.as_mut(),
        }
    }
}
