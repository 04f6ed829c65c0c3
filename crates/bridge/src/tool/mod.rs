//! Tools agents work in, seen from the bridge: what a connector has to do, and nothing of how any
//! vendor does it.
//!
//! A connector is a [`Tool`], one for each `[connectors.NAME]` of the configuration, and makes a
//! [`Session`] for every chat. One task per chat ([`line`]) owns the session, so deliveries and
//! polls of one chat never overlap; what the tool tells is stored before anything else is done
//! about it. Retries, giving up, notices, typing and restarts are the line's business, not the
//! connector's.

use axum::response::Response;
use bytes::Bytes;
use edge::http::ApiError;
use http::{HeaderMap, Method};
use machine::{
    Millis,
    chat::{Agent, Chat, Delivery},
};
use wire::problem::ProblemId;

pub(crate) mod api;
mod delivering;
mod host;
pub(crate) mod line;
mod settled;
mod talk;
pub(crate) mod text;
mod typing;

pub(crate) use host::{Host, Place};

/// A tool, shared by all its chats.
#[async_trait::async_trait]
pub(crate) trait Tool: Send + Sync + 'static {
    /// What one chat has with the tool: begun anew, or taken up again from its stored link.
    fn session(&self, chat: &Brief, link: Option<&str>) -> Box<dyn Session>;

    /// The tool's own id in a link, by which [`Host::find`] finds the chat.
    fn address(&self, _link: &str) -> Option<String> {
        None
    }

    /// Whether anybody could take a chat, where the tool can be asked before one is opened. Asked
    /// while the platform waits: a second is long.
    async fn is_staffed(&self) -> bool {
        true
    }

    /// Runs beside all chats until the bridge stops.
    async fn run(&self, _host: Host) {}

    /// A call of the tool to `/connectors/{name}/{path}`.
    async fn receive(&self, _host: &Host, _call: Call) -> Result<Response, ApiError> {
        let detail = "This connector takes no calls: it asks its tool by itself.";
        Err(ApiError::new(ProblemId::NotFound, detail))
    }

    /// Tries the configuration for real.
    async fn check(&self) -> Vec<Finding>;
}

/// What one chat has with its tool. Never shared, never used twice at once.
#[async_trait::async_trait]
pub(crate) trait Session: Send + Sync {
    /// Brings one thing to the tool. `again` says that an earlier attempt may have arrived: its
    /// answer was lost, or the bridge was restarted. Where the tool lets anybody look, look first.
    ///
    /// What the answer to an opening tells beside is stored in one step with the [`Self::link`] of
    /// that moment; ids of such news are not remembered, so the link has to know what it has told.
    async fn deliver(&mut self, parcel: &Parcel<'_>, again: Again) -> Result<Vec<News>, Failure>;

    /// How long what the visitor says is gathered, in milliseconds, so that quick lines come to
    /// the tool as one; 0 where each is delivered at once.
    fn gathers(&self) -> Millis {
        0
    }

    /// What has to be stored so that another session can go on from here, in the connector's own
    /// words; never a secret of the configuration.
    fn link(&self) -> Option<String>;

    /// Whether this session hears by itself, by [`Self::ready`] and [`Self::hear`].
    fn listens(&self) -> bool {
        false
    }

    /// Ends when there may be something to hear. May be dropped at any await.
    async fn ready(&mut self) {
        std::future::pending::<()>().await;
    }

    /// Hears once: one poll, one frame. Is never dropped half way, and should end in seconds.
    async fn hear(&mut self) -> Result<Vec<News>, Failure> {
        Ok(Vec::new())
    }

    /// The visitor began to type, or stopped. Nothing comes of it when it fails.
    async fn visitor_types(&mut self, _typing: Typing) {}
}

/// Which chat a session is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Brief {
    /// Id of the chat.
    pub(crate) chat: String,
    /// Number of the handover within the chat: `{chat}/{opening}` names a session for ever.
    pub(crate) opening: u64,
    pub(crate) bot_id: String,
    pub(crate) user_id: String,
    /// BCP 47.
    pub(crate) language: String,
}

impl Brief {
    fn of(id: &str, chat: &Chat, opening: u64) -> Self {
        Self {
            chat: id.to_owned(),
            opening,
            bot_id: chat.bot_id().to_owned(),
            user_id: chat.user_id().to_owned(),
            language: chat.language().to_owned(),
        }
    }
}

/// One delivery; all its attempts carry the same id.
pub(crate) struct Parcel<'a> {
    /// `{chat}/{seq}-{sub}`.
    pub(crate) id: String,
    /// When it became owed.
    pub(crate) since: Millis,
    pub(crate) delivery: &'a Delivery,
    /// What the visitor said right after, to be delivered with it; only for a session that
    /// [gathers](Session::gathers).
    pub(crate) along: &'a [Saying],
}

/// Something the visitor said, with an id as in [`Parcel::id`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saying {
    pub(crate) id: String,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    First,
    /// An earlier attempt may have arrived.
    MayHaveArrived,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    On,
    Off,
}

/// Something that happened at the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// The vendor's, within one opening: news with an id that was heard before changes nothing.
    pub(crate) id: Option<String>,
    pub(crate) what: What,
}

impl News {
    pub(crate) fn new(id: impl Into<String>, what: What) -> Self {
        Self { id: Some(id.into()), what }
    }

    /// Without an id; for what does no harm when it is heard twice.
    pub(crate) fn plain(what: What) -> Self {
        Self { id: None, what }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Joined(Agent),
    /// The text is safe Markdown; see [`text`].
    Said {
        agent: Agent,
        text: String,
    },
    /// The agent went and another may come: back in the queue.
    Left,
    Held {
        on: bool,
    },
    /// The agent types. Never stored.
    Types(Typing),
    /// The tool's own words to the visitor.
    Notice(String),
    Ended,
}

/// Why a tool did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was certainly not done and may be tried again, `after` milliseconds where the tool said.
    Later { after: Option<Millis>, detail: String },
    /// The answer was lost: it may have been done.
    Unknown { detail: String },
    /// Our credentials were turned away.
    Denied { detail: String },
    /// The tool will never do it.
    Refused { detail: String },
    /// The chat is over at the tool, or was never there.
    Gone { detail: String },
}

impl Failure {
    pub(crate) fn later(detail: impl Into<String>) -> Self {
        Self::Later { after: None, detail: detail.into() }
    }

    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::Refused { detail: detail.into() }
    }

    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::Gone { detail: detail.into() }
    }

    pub(crate) fn detail(&self) -> &str {
        let (Self::Later { detail, .. }
        | Self::Unknown { detail }
        | Self::Denied { detail }
        | Self::Refused { detail }
        | Self::Gone { detail }) = self;
        detail
    }
}

/// A call of a tool.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// What follows `/connectors/{name}/`.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One thing that was tried of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    /// What was tried, and what came of it.
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It could not be tried, or only a person can tell.
    Unsure,
    Wrong,
}

impl Finding {
    pub(crate) fn good(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, words: words.into() }
    }

    pub(crate) fn unsure(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unsure, words: words.into() }
    }

    pub(crate) fn wrong(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wrong, words: words.into() }
    }
}
