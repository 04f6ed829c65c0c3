//! The routes that are served now. They may be added, replaced and removed at any time; what is
//! under way ends with the route that it began with.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::route::Route;

/// By their ids. Clones are the same routes, and reading takes no lock.
#[derive(Clone, Default)]
pub(crate) struct Routes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    current: ArcSwap<ById>,
    changed: watch::Sender<()>,
}

type ById = BTreeMap<Arc<str>, Arc<Route>>;

impl Routes {
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Route>> {
        self.0.current.load().get(id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Route>> {
        self.0.current.load().values().cloned().collect()
    }

    /// The routes whose chats the desk shows.
    pub(crate) fn at_desk(&self) -> Vec<Arc<Route>> {
        let mut routes = self.all();
        routes.retain(|route| route.policy.connector.is_none());
        routes
    }

    /// Tells of every change of the routes.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Adds a route, or puts it in the place of the one with its id.
    pub(crate) fn put(&self, route: &Arc<Route>) {
        self.change(|routes| {
            routes.insert(route.id.clone(), route.clone());
        });
    }

    pub(crate) fn remove(&self, id: &str) {
        self.change(|routes| {
            routes.remove(id);
        });
    }

    fn change(&self, change: impl Fn(&mut ById)) {
        self.0.current.rcu(|routes| {
            let mut routes = ById::clone(routes);
            change(&mut routes);
            routes
        });
        self.0.changed.send_replace(());
    }
}

#[cfg(test)]
impl From<Arc<Route>> for Routes {
    fn from(route: Arc<Route>) -> Self {
        let routes = Self::default();
        routes.put(&route);
        routes
    }
}
