//! The bots that are served now. They may be added, replaced and removed at any time; what is under
//! way ends with the bot that it began with.

use std::{collections::HashMap, sync::Arc};

use arc_swap::{ArcSwap, Guard};
use edge::secrets::hash_hex;
use parking_lot::Mutex;

use crate::bot::Bot;

/// Reading takes no lock.
#[derive(Default)]
pub(crate) struct Bots {
    current: ArcSwap<Served>,
    /// Held while the bots are replaced, so that no change is lost.
    changing: Mutex<()>,
}

/// The bots at one moment.
#[derive(Default)]
pub(crate) struct Served {
    by_id: HashMap<String, Arc<Bot>>,
    /// By the hashes of the keys that open their push endpoint. A key may open several.
    by_key: HashMap<String, Vec<Arc<Bot>>>,
}

impl Bots {
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Bot>> {
        self.current.load().by_id.get(id).cloned()
    }

    pub(crate) fn served(&self) -> Guard<Arc<Served>> {
        self.current.load()
    }

    /// Every bot that one of these secrets opens. The secrets are looked up by their hashes, so the
    /// time tells nothing about the keys, and does not grow with the number of bots.
    pub(crate) fn opened_by(&self, presented: &[&str]) -> Vec<Arc<Bot>> {
        let served = self.current.load();
        let opened = presented.iter().filter_map(|secret| served.by_key.get(&hash_hex(secret)));
        opened.flatten().cloned().collect()
    }

    /// Adds `make(before)` for each id, in the place of the bot `before` that is served now.
    pub(crate) fn put<T>(
        &self,
        new: impl IntoIterator<Item = (String, T)>,
        mut make: impl FnMut(T, Option<&Bot>) -> Bot,
    ) {
        let _changing = self.changing.lock();
        let mut by_id = self.current.load().by_id.clone();
        for (id, given) in new {
            let bot = make(given, by_id.get(&id).map(|bot| &**bot));
            by_id.insert(id, Arc::new(bot));
        }
        self.current.store(Arc::new(Served::of(by_id)));
    }

    pub(crate) fn remove(&self, id: &str) {
        let _changing = self.changing.lock();
        let mut by_id = self.current.load().by_id.clone();
        by_id.remove(id);
        self.current.store(Arc::new(Served::of(by_id)));
    }
}

impl Served {
    fn of(by_id: HashMap<String, Arc<Bot>>) -> Self {
        let mut by_key: HashMap<String, Vec<Arc<Bot>>> = HashMap::new();
        for bot in by_id.values() {
            for hash in bot.config.push_key_hashes() {
                let opened = by_key.entry(hash).or_default();
                if !opened.iter().any(|other| Arc::ptr_eq(other, bot)) {
                    opened.push(Arc::clone(bot));
                }
            }
        }
        Self { by_id, by_key }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Bot>> {
        self.by_id.values()
    }
}
