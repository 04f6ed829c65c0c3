//! The runtimes of the connectors that are used now, by the names of the connectors.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::runtime::ConnectorRuntime;

/// Clones are the same connectors, and reading takes no lock.
#[derive(Clone, Default)]
pub(crate) struct Connectors(Arc<ArcSwap<ByName>>);

type ByName = BTreeMap<String, ConnectorRuntime>;

impl Connectors {
    pub(crate) fn get(&self, name: &str) -> Option<ConnectorRuntime> {
        self.0.load().get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<ConnectorRuntime> {
        self.0.load().values().cloned().collect()
    }

    /// Returns the runtime in whose place this one comes.
    pub(crate) fn put(&self, name: &str, runtime: &ConnectorRuntime) -> Option<ConnectorRuntime> {
        let before = self.0.rcu(|connectors| {
            let mut connectors = ByName::clone(connectors);
            connectors.insert(name.to_owned(), runtime.clone());
            connectors
        });
        before.get(name).cloned()
    }

    pub(crate) fn remove(&self, name: &str) -> Option<ConnectorRuntime> {
        let before = self.0.rcu(|connectors| {
            let mut connectors = ByName::clone(connectors);
            connectors.remove(name);
            connectors
        });
        before.get(name).cloned()
    }
}
