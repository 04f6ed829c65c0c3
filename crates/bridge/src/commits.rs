//! Tells of commits until the store does so itself.

use std::sync::{Arc, OnceLock};

use machine::{
    Machine, Recorded,
    chat::{Chat, Event},
};

pub(crate) struct Committed<M: Machine> {
    pub(crate) owner: Arc<str>,
    pub(crate) id: Arc<str>,
    pub(crate) state: Arc<M>,
    pub(crate) events: Arc<[Recorded<M::Event>]>,
}

pub(crate) struct Stepped {
    pub(crate) id: String,
    pub(crate) state: Arc<Chat>,
    pub(crate) first_seq: u64,
}

type Hear = Box<dyn Fn(&Committed<Chat>) + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Commits(Arc<OnceLock<Hear>>);

impl Commits {
    pub(crate) fn subscribe(&self, hear: impl Fn(&Committed<Chat>) + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(hear));
    }

    pub(crate) fn tell(&self, owner: &Arc<str>, stepped: store::Stepped<Chat>) -> Stepped {
        let store::Stepped { id, state, events, first_seq, .. } = stepped;
        let state = Arc::new(state);
        let events: Arc<[Recorded<Event>]> = events;
        if let Some(hear) = self.0.get().filter(|_| !events.is_empty()) {
            let id = id.as_str().into();
            hear(&Committed { owner: owner.clone(), id, state: state.clone(), events });
        }
        Stepped { id, state, first_seq }
    }
}
