//! What is stored with a chat so that another session can go on with it.

use serde::{Deserialize, Serialize};

use super::{api::ChatRef, sequencer::Sequencer};

#[derive(Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Name of the handover, by which webhook calls and downloads find the chat.
    pub(super) name: String,
    #[serde(rename = "seat")]
    pub(super) chat_ref: ChatRef,
    #[serde(rename = "story")]
    pub(super) sequencer: Sequencer,
}

impl Checkpoint {
    /// `None` for text that is not a checkpoint.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_stored_names_stay() {
        let stored = json!({
            "name": "cht_1.1",
            "seat": { "server": 1, "chat": "c", "participant": "p" },
            "story": {
                "next": 3, "missing": [1], "heard": [7], "own_heard": 1, "own_sent": 1,
                "parties": { "a": { "name": "Jo", "kind": "agent", "state": "held" } },
                "current": "a", "unsure": 5, "memory": "short", "losses": 1,
                "renewed": { "holder": ["Jo", true], "life": 0, "next": 3, "own_heard": 1 },
            },
        });
        let checkpoint = Checkpoint::read(&stored.to_string()).unwrap();
        let written: Value = serde_json::from_str(&checkpoint.write().unwrap()).unwrap();
        assert_eq!((&written["name"], &written["seat"]), (&stored["name"], &stored["seat"]));
        for (name, value) in stored["story"].as_object().unwrap() {
            assert_eq!(&written["story"][name], value, "{name}");
        }
    }
}
