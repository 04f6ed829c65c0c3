//! Why a call to a tool failed, and whether the tool may have done it.

use machine::Millis;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The call was certainly not done and may be tried again, after `after` milliseconds if the
    /// tool gave a time.
    Later { after: Option<Millis>, detail: String },
    /// The answer was lost: the call may have been done.
    Unknown { detail: String },
    /// The tool did not accept our credentials.
    Denied { detail: String },
    /// The tool refuses the call for good.
    Refused { detail: String },
    /// The tool does not have the chat, or it is over there.
    Gone { detail: String },
}

impl Failure {
    pub fn later(detail: impl Into<String>) -> Self {
        Self::Later { after: None, detail: detail.into() }
    }

    pub fn refused(detail: impl Into<String>) -> Self {
        Self::Refused { detail: detail.into() }
    }

    pub fn gone(detail: impl Into<String>) -> Self {
        Self::Gone { detail: detail.into() }
    }

    #[must_use]
    pub fn detail(&self) -> &str {
        let (Self::Later { detail, .. }
        | Self::Unknown { detail }
        | Self::Denied { detail }
        | Self::Refused { detail }
        | Self::Gone { detail }) = self;
        detail
    }

    #[must_use]
    pub fn into_detail(self) -> String {
        let (Self::Later { detail, .. }
        | Self::Unknown { detail }
        | Self::Denied { detail }
        | Self::Refused { detail }
        | Self::Gone { detail }) = self;
        detail
    }
}
