//! What was taken from an agent export and what was left out.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

/// Notices kept for each kind; more are only counted.
const NOTICES_MAX: usize = 1_000;

/// Result of loading an export, for the owner of the agent.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// `displayName`, or the name of the file or folder.
    pub agent: String,
    pub intents: usize,
    pub entities: usize,
    /// For each language, the root language first.
    pub languages: Vec<LanguageCount>,
    pub notices: Vec<Notice>,
    /// Number of notices that were not kept because there were too many.
    pub notices_left_out: usize,
    kept: BTreeMap<NoticeKind, usize>,
    seen: HashSet<Notice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageCount {
    /// Lower case, for example `pt-br`.
    pub language: String,
    pub phrases: usize,
    /// Entity values.
    pub values: usize,
}

/// Something in the export that was left out, or that works otherwise than in Dialogflow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Notice {
    /// Path inside the export.
    pub file: String,
    pub kind: NoticeKind,
    /// Details, without contents that may be secret.
    pub detail: String,
}

/// The closed list of kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    Unreadable,
    UnknownFile,
    OrphanFile,
    UnknownField,
    UnsupportedMessage,
    UnknownEntity,
    SystemEntity,
    BadPattern,
    Condition,
    Webhook,
    SmallTalk,
    DomainFeatures,
    Settings,
    NeverMatched,
    SharedPhrase,
    CollidingValues,
    Limit,
}

impl NoticeKind {
    /// The notice as a sentence that follows the name of the file.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unreadable => "could not be read and was left out",
            Self::UnknownFile => "is not part of an agent export as we know it; left out",
            Self::OrphanFile => "belongs to no intent or entity of this export; left out",
            Self::UnknownField => "has a field we do not know; ignored",
            Self::UnsupportedMessage => "has a message of a kind that cannot be shown; left out",
            Self::UnknownEntity => "uses an entity that is not in the export; taken as any text",
            Self::SystemEntity => {
                "uses a built-in entity that is not recognised in sentences; only an annotated \
                 phrase or the answer to a prompt fills it"
            }
            Self::BadPattern => "has a pattern that cannot be used; left out",
            Self::Condition => "has a condition; ignored, the answer is given unconditionally",
            Self::Webhook => {
                "relies on the agent's webhook; unless fulfilment is allowed, the static answers \
                 are used"
            }
            Self::SmallTalk => "holds small talk; not taken",
            Self::DomainFeatures => "switches on prebuilt domains; not available here",
            Self::Settings => "has a setting without effect here",
            Self::NeverMatched => "can never be matched",
            Self::SharedPhrase => "shares a phrase with another intent; priority and name decide",
            Self::CollidingValues => {
                "has values with the same name, which no text can tell apart; the first is taken"
            }
            Self::Limit => "goes beyond a limit; the rest was left out",
        }
    }
}

impl Report {
    pub(crate) fn note(&mut self, file: &str, kind: NoticeKind, detail: impl Into<String>) {
        let kept = self.kept.entry(kind).or_default();
        if *kept >= NOTICES_MAX {
            self.notices_left_out += 1;
            return;
        }
        let notice = Notice { file: file.to_owned(), kind, detail: detail.into() };
        if self.seen.insert(notice.clone()) {
            *kept += 1;
            self.notices.push(notice);
        }
    }

    /// Notices of one kind.
    pub fn of(&self, kind: NoticeKind) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(move |notice| notice.kind == kind)
    }

    pub fn phrases(&self) -> usize {
        self.languages.iter().map(|l| l.phrases).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} intents, {} training phrases, {} entities",
            self.agent,
            self.intents,
            self.phrases(),
            self.entities
        )?;
        for l in &self.languages {
            writeln!(f, "  {}: {} phrases, {} entity values", l.language, l.phrases, l.values)?;
        }
        let mut groups: BTreeMap<(NoticeKind, &str), Vec<&str>> = BTreeMap::new();
        for notice in &self.notices {
            groups.entry((notice.kind, &notice.detail)).or_default().push(&notice.file);
        }
        if groups.is_empty() {
            return writeln!(f, "  everything was taken");
        }
        writeln!(f, "not taken, or not as Dialogflow takes it:")?;
        for ((kind, detail), files) in groups {
            let first = files.first().copied().unwrap_or_default();
            match files.len() {
                1 => write!(f, "  {first} {}", kind.sentence())?,
                n => write!(f, "  {first} and {} more: {}", n - 1, kind.sentence())?,
            }
            if detail.is_empty() { writeln!(f)? } else { writeln!(f, " ({detail})")? }
        }
        if self.notices_left_out > 0 {
            writeln!(f, "  and {} more notices", self.notices_left_out)?;
        }
        Ok(())
    }
}
