//! Batches as columns: what a batch asks for, what was found, and what is written.
//!
//! One statement takes a whole column per argument, so a batch of any size is a handful of
//! statements.

use super::statements::{self, Args, Rows};
use crate::{
    error::StoreError,
    query::Columns,
    rows::{EventRow, Found, PeerRef, Row, SeenKey, SubjectRow, Target, Want},
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

    /// What to look for; keys come last, so that they are looked up under the locks.
    pub(super) fn args(&self) -> Vec<(Find, Args<'_>)> {
        fn columns<'r>(columns: &'r [Vec<&'r str>]) -> Args<'r> {
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
        }
        let mut lists = Vec::new();
        if !self.ids.is_empty() {
            lists.push((Find::Ids, columns(std::slice::from_ref(&self.ids))));
        }
        if !self.peers[0].is_empty() {
            lists.push((Find::Peers, columns(&self.peers)));
        }
        if !self.keys[0].is_empty() {
            lists.push((Find::Keys, columns(&self.keys)));
        }
        if !self.peer_keys[0].is_empty() {
            lists.push((Find::PeerKeys, columns(&self.peer_keys)));
        }
        lists
    }
}

/// A statement of [`Asked::args`], which tells how its answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Find {
    Ids,
    Peers,
    Keys,
    PeerKeys,
}

impl Find {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Ids => statements::FIND,
            Self::Peers => statements::FIND_PEERS,
            Self::Keys => statements::FIND_KEYS,
            Self::PeerKeys => statements::FIND_PEER_KEYS,
        }
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
    pub(super) fn read<'a>(
        answers: impl Iterator<Item = (Find, &'a Rows)>,
    ) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for (find, rows) in answers {
            for row in rows {
                found.add(find, row)?;
            }
        }
        Ok(found)
    }

    fn add(&mut self, find: Find, columns: &tokio_postgres::Row) -> Result<(), StoreError> {
        match find {
            Find::Keys | Find::PeerKeys => {
                let [id, key] = [columns.text(0)?, columns.text(1)?].map(str::to_owned);
                let (seq, fingerprint) = (columns.int(2)? as u64, columns.int(3)? as u64);
                self.keys.insert((id, key), SeenKey { seq, fingerprint });
            }
            Find::Ids | Find::Peers => {
                let row = Row::of(columns)?;
                if find == Find::Peers {
                    let peer = columns.text(8)?.to_owned();
                    let peer = (row.kind.clone(), row.owner.clone(), peer);
                    self.peers.insert(peer, row.id.clone());
                }
                self.rows.insert(row.id.clone(), row);
            }
        }
        Ok(())
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
    formats: Vec<i64>,
    checkpoints: Vec<Option<&'a str>>,
    checksums: Vec<i64>,
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
            formats: rows.iter().map(|row| row.format.into()).collect(),
            checkpoints: rows.iter().map(|row| row.checkpoint.as_deref()).collect(),
            checksums: rows.iter().map(|row| row.checksum).collect(),
        }
    }

    pub(super) fn fresh(&self) -> [&(dyn ToSql + Sync); 11] {
        [
            &self.ids,
            &self.kinds,
            &self.owners,
            &self.peers,
            &self.states,
            &self.seqs,
            &self.wakes,
            &self.owes,
            &self.formats,
            &self.checkpoints,
            &self.checksums,
        ]
    }

    pub(super) fn changed(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.ids,
            &self.peers,
            &self.states,
            &self.seqs,
            &self.wakes,
            &self.owes,
            &self.formats,
            &self.checkpoints,
            &self.checksums,
        ]
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
    formats: Vec<i64>,
    checksums: Vec<i64>,
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
            formats: rows.iter().map(|row| row.format.into()).collect(),
            checksums: rows.iter().map(|row| row.checksum).collect(),
        }
    }

    pub(super) fn args(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.subjects,
            &self.seqs,
            &self.subs,
            &self.ats,
            &self.keys,
            &self.fingerprints,
            &self.bodies,
            &self.formats,
            &self.checksums,
        ]
    }
}
