//! One line of a table of cases, and how a case ends.

use std::str::FromStr;

use futures::future::BoxFuture;

/// A case against `W`, the other side and what is known of it.
pub struct Case<W: ?Sized> {
    /// Never changes: scripts and reports name cases by it.
    pub id: &'static str,
    /// The section of the contract, for example `8` or `13.3`.
    pub section: &'static str,
    /// The rule in one sentence.
    pub rule: &'static str,
    /// What to do when it fails.
    pub fix: &'static str,
    pub contract: Contract,
    pub run: for<'a> fn(&'a W) -> BoxFuture<'a, Checked>,
}

/// The contract revision that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    All,
    R1,
    R2,
    R22,
    R23,
    R3,
    R31,
}

impl Contract {
    /// Whether a side that speaks `wanted` must pass. Rules that all revisions share apply to each.
    #[must_use]
    pub fn is_for(self, wanted: Self) -> bool {
        self == Self::All || wanted == Self::All || self == wanted
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::R1 => "r1",
            Self::R2 => "r2",
            Self::R22 => "r2.2",
            Self::R23 => "r2.3",
            Self::R3 => "r3",
            Self::R31 => "r3.1",
        }
    }
}

impl FromStr for Contract {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::All, Self::R1, Self::R2, Self::R22, Self::R23, Self::R3, Self::R31];
        let found = all.into_iter().find(|contract| contract.name() == name);
        found.ok_or_else(|| "use r1, r2, r2.2, r2.3, r3, r3.1 or all".to_owned())
    }
}

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    Broken {
        expected: String,
        seen: String,
    },
    /// The case could not be judged, and no side is at fault.
    Skipped(String),
}

pub type Checked<T = ()> = Result<T, Miss>;

impl From<anyhow::Error> for Miss {
    fn from(error: anyhow::Error) -> Self {
        broken("an answer", format!("{error:#}"))
    }
}

pub(crate) fn broken(expected: impl Into<String>, seen: impl Into<String>) -> Miss {
    Miss::Broken { expected: expected.into(), seen: seen.into() }
}

/// Fails with this text unless the condition holds.
pub(crate) fn holds(it: bool, expected: impl Into<String>, seen: impl Into<String>) -> Checked {
    if it { Ok(()) } else { Err(broken(expected, seen)) }
}

/// A line of a table; the function becomes a boxed future.
macro_rules! case {
    ($contract:ident $id:literal $section:literal, $rule:literal, $fix:expr, $run:expr) => {
        $crate::conformance::case::Case {
            id: $id,
            section: $section,
            rule: $rule,
            fix: $fix,
            contract: $crate::conformance::case::Contract::$contract,
            run: |world| Box::pin($run(world)),
        }
    };
}
pub(crate) use case;
