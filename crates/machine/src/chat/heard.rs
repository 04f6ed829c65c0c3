//! Which of the visitor's words this chat has had, so that none is shown twice. A call that was
//! answered too late was taken all the same, and its platform tells of it again with the next one.

use serde::{Deserialize, Serialize};

use super::{Chat, Line};

/// Most calls of each kind that are remembered.
const REMEMBERED_MAX: usize = 64;

/// Calls by the fingerprints of their ids, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heard {
    /// Those since the platform last had nothing to tell, which shows that it knew our answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<u64>,
    /// Those of which the platform told afterwards. They may still arrive by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<u64>,
}

impl Heard {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn opened(&mut self, transcript: &[Line]) {
        self.calls.clear();
        remember(&mut self.told, transcript.iter().filter_map(|line| line.call));
    }

    /// A message came by the call `call`, with what was missed before it; `known` were left out.
    pub(super) fn said(&mut self, call: Option<u64>, missed: &[Line], known: &[u64]) {
        if missed.is_empty() && known.is_empty() {
            self.calls.clear();
        }
        remember(&mut self.calls, call);
        remember(&mut self.told, missed.iter().filter_map(|line| line.call));
        remember(&mut self.told, known.iter().copied());
    }
}

fn remember(calls: &mut Vec<u64>, more: impl IntoIterator<Item = u64>) {
    for call in more {
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls.drain(..calls.len().saturating_sub(REMEMBERED_MAX));
}

impl Chat {
    /// Whether the words of this call were told already, with a later one.
    pub(super) fn was_told(&self, call: Option<u64>) -> bool {
        call.is_some_and(|call| self.heard.told.contains(&call))
    }

    /// The lines that are new here, and the calls of those that are not.
    pub(super) fn unheard(&self, missed: Vec<Line>) -> (Vec<Line>, Vec<u64>) {
        let Heard { calls, told } = &self.heard;
        let known = |call: u64| calls.contains(&call) || told.contains(&call);
        let (known, new): (Vec<_>, Vec<_>) =
            missed.into_iter().partition(|line| line.call.is_some_and(known));
        (new, known.iter().filter_map(|line| line.call).collect())
    }
}
