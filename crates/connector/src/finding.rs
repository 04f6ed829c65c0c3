//! The findings of `baton check connector`.

/// One thing that was checked of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    /// What was checked, and the result.
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It cannot be checked, or only a person can.
    Unsure,
    Wrong,
}

impl Finding {
    pub fn good(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, words: words.into() }
    }

    pub fn unsure(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unsure, words: words.into() }
    }

    pub fn wrong(words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wrong, words: words.into() }
    }
}
