//! Batches as columns: what a batch asks for, what was found, and what is written.
//!
//! One statement takes a whole column per argument, so a batch of any size is a handful of
//! statements.

use super::tx::{self, Args, Rows};
use crate::{
    error::StoreError,
    tx::{Columns, Found, PeerRef, Row, SeenKey, Target, Want},
    workbench::{EventRow, SubjectRow},
};
use std::collections::HashMap;
use tokio_postgres::types::ToSql;

/// What a batch asks for, column by column.
#[derive(Default)]
pub(super) struct Asked<'a> {
    ids: Vec<&'a str>,
    peers: [Vec<&'a str>; 3],
    keys: [Vec<&'a str>; 2],
    peer_keys: [Vec<&'a str>; 4],
}

impl<'a> From<&[Want<'a>]> for Asked<'a> {
    fn from(wants: &[Want<'a>]) -> Self {
        let mut asked = Self::default();
        for want in wants {
            match want.target {
                Target::Nothing => {}
                Target::Id(id) | Target::Held(id) => {
                    asked.ids.push(id);
                    if let Some(key) = want.key {
                        push(&mut asked.keys, [id, key]);
                    }
                }
                Target::Peer(PeerRef { kind, owner, peer }) => {
                    push(&mut asked.peers, [kind, owner, peer]);
                    if let Some(key) = want.key {
                        push(&mut asked.peer_keys, [kind, owner, peer, key]);
                    }
                }
            }
        }
        asked
    }
}

fn push<'a, const N: usize>(columns: &mut [Vec<&'a str>; N], row: [&'a str; N]) {
    for (column, value) in columns.iter_mut().zip(row) {
        column.push(value);
    }
}

impl Asked<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.peers[0].is_empty()
    }

    /// The statements to run; keys come last, so that they are looked up under the locks.
    pub(super) fn args(&self) -> Vec<(&'static str, Args<'_>)> {
        fn columns<'r>(columns: &'r [Vec<&'r str>]) -> Args<'r> {
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
        }
        let mut lists = Vec::new();
        if !self.ids.is_empty() {
            lists.push((tx::FIND, columns(std::slice::from_ref(&self.ids))));
        }
        if !self.peers[0].is_empty() {
            lists.push((tx::FIND_PEERS, columns(&self.peers)));
        }
        if !self.keys[0].is_empty() {
            lists.push((tx::FIND_KEYS, columns(&self.keys)));
        }
        if !self.peer_keys[0].is_empty() {
            lists.push((tx::FIND_PEER_KEYS, columns(&self.peer_keys)));
        }
        lists
    }
}

/// What was found, to be handed to the units that asked.
#[derive(Default)]
pub(super) struct Answers {
    rows: HashMap<String, Row>,
    peers: HashMap<(String, String, String), String>,
    keys: HashMap<(String, String), SeenKey>,
}

impl Answers {
    pub(super) fn read(answers: &[Rows]) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for row in answers.iter().flatten() {
            if row.columns()[0].name() == "subject" {
                let seen = SeenKey { seq: row.int(2)? as u64, fingerprint: row.int(3)? as u64 };
                found.keys.insert((row.text(0)?.to_owned(), row.text(1)?.to_owned()), seen);
                continue;
            }
            let [id, kind, owner, state] =
                [row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?].map(str::to_owned);
            if row.len() == 5 {
                let peer = (kind.clone(), owner.clone(), row.text(4)?.to_owned());
                found.peers.insert(peer, id.clone());
            }
            found.rows.insert(id.clone(), Row { id, kind, owner, state });
        }
        Ok(found)
    }

    pub(super) fn assign(&self, wants: &[Want<'_>]) -> Vec<Found> {
        let assign = |want: &Want<'_>| {
            let id = match want.target {
                Target::Nothing => None,
                Target::Id(id) | Target::Held(id) => Some(id),
                Target::Peer(PeerRef { kind, owner, peer }) => {
                    let peer = (kind.to_owned(), owner.to_owned(), peer.to_owned());
                    self.peers.get(&peer).map(String::as_str)
                }
            };
            let Some(id) = id else {
                return Found::default();
            };
            let seen =
                want.key.and_then(|key| self.keys.get(&(id.to_owned(), key.to_owned()))).copied();
            Found { row: self.rows.get(id).cloned(), seen }
        };
        wants.iter().map(assign).collect()
    }
}

/// Machines to be written, column by column.
pub(super) struct Subjects<'a> {
    ids: Vec<&'a str>,
    kinds: Vec<&'a str>,
    owners: Vec<&'a str>,
    peers: Vec<Option<&'a str>>,
    states: Vec<&'a str>,
    seqs: Vec<i64>,
    wakes: Vec<Option<i64>>,
    owes: Vec<bool>,
}

impl<'a> Subjects<'a> {
    pub(super) fn of(rows: &'a [SubjectRow]) -> Self {
        Self {
            ids: rows.iter().map(|row| row.id.as_str()).collect(),
            kinds: rows.iter().map(|row| row.kind).collect(),
            owners: rows.iter().map(|row| &*row.owner).collect(),
            peers: rows.iter().map(|row| row.peer.as_deref()).collect(),
            states: rows.iter().map(|row| row.state.as_str()).collect(),
            seqs: rows.iter().map(|row| row.seq as i64).collect(),
            wakes: rows.iter().map(|row| row.wake_at).collect(),
            owes: rows.iter().map(|row| row.owes).collect(),
        }
    }

    pub(super) fn fresh(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.ids,
            &self.kinds,
            &self.owners,
            &self.peers,
            &self.states,
            &self.seqs,
            &self.wakes,
            &self.owes,
        ]
    }

    pub(super) fn changed(&self) -> [&(dyn ToSql + Sync); 6] {
        [&self.ids, &self.peers, &self.states, &self.seqs, &self.wakes, &self.owes]
    }
}

/// Events to be written, column by column.
pub(super) struct Events<'a> {
    subjects: Vec<&'a str>,
    seqs: Vec<i64>,
    subs: Vec<i64>,
    ats: Vec<i64>,
    keys: Vec<Option<&'a str>>,
    fingerprints: Vec<Option<i64>>,
    bodies: Vec<&'a str>,
}

impl<'a> Events<'a> {
    pub(super) fn of(rows: &'a [EventRow]) -> Self {
        Self {
            subjects: rows.iter().map(|row| row.subject.as_str()).collect(),
            seqs: rows.iter().map(|row| row.seq as i64).collect(),
            subs: rows.iter().map(|row| row.sub as i64).collect(),
            ats: rows.iter().map(|row| row.at).collect(),
            keys: rows.iter().map(|row| row.key.as_ref().map(|(key, _)| key.as_str())).collect(),
            fingerprints: rows
                .iter()
                .map(|row| row.key.as_ref().map(|(_, fingerprint)| *fingerprint as i64))
                .collect(),
            bodies: rows.iter().map(|row| row.body.as_str()).collect(),
        }
    }

    pub(super) fn args(&self) -> [&(dyn ToSql + Sync); 7] {
        [
            &self.subjects,
            &self.seqs,
            &self.subs,
            &self.ats,
            &self.keys,
            &self.fingerprints,
            &self.bodies,
        ]
    }
}
