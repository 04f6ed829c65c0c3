//! The Dialogflow agent of a bot: an export that Baton runs itself, or an agent at Google.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Secret;

#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum BotAgent {
    /// Folder or zip of a Dialogflow ES export, relative to the configuration file.
    Export(PathBuf),
    Es(EsAgent),
    Cx(CxAgent),
}

/// The form in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    export: Option<PathBuf>,
    es: Option<EsAgent>,
    cx: Option<CxAgent>,
}

impl TryFrom<Written> for BotAgent {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written { export: Some(export), es: None, cx: None } => Ok(Self::Export(export)),
            Written { export: None, es: Some(es), cx: None } => Ok(Self::Es(es)),
            Written { export: None, es: None, cx: Some(cx) } => Ok(Self::Cx(cx)),
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
            *export = base.join(&*export);
        }
    }

    pub(super) fn credentials_mut(&mut self) -> Option<&mut Secret> {
        match self {
            Self::Export(_) => None,
            Self::Es(es) => es.credentials.as_mut(),
            Self::Cx(cx) => cx.credentials.as_mut(),
        }
    }
}
