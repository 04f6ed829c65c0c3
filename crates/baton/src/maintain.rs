//! `baton store`: finds rows that cannot be read, rebuilds them from events, or discards them.

use std::{
    io::{Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use directory::{document::Document, trail::Trail};
use machine::{Machine as _, Position, chat::Chat, conversation::Conversation};
use store::{Repair, SetAside, Store, StoreError};

use crate::{
    config::{Config, Secret},
    serve,
};

/// List, repair or discard damaged rows; stop the server first. A check and a dry run change
/// nothing in the database; the others migrate it to this release, as a start of the server does
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List every stored state and event that this release cannot read; fails if there is one
    Check {
        #[command(flatten)]
        place: Place,
        /// Rebuild each state whose events can all be read
        #[arg(long)]
        repair: bool,
    },
    /// Remove one conversation or chat with all its events; this cannot be undone
    Discard {
        /// Id that `check` lists, for example cnv_… or cht_…
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        place: Place,
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

/// Where the database is: the configuration of `baton serve`, or only the data folder, for example
/// of `baton demo`.
#[derive(clap::Args)]
struct Place {
    /// Configuration file; see docs/configuration.md
    #[arg(long, env = "BATON_CONFIG", value_name = "FILE", required_unless_present = "data")]
    config: Option<PathBuf>,
    /// Data folder; replaces the one in the configuration
    #[arg(long, env = "BATON_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What the database is opened for.
enum Purpose {
    Look,
    Change,
}

impl Place {
    async fn open(self, purpose: Purpose) -> anyhow::Result<Store> {
        let config = self.config.as_deref().map(Config::load).transpose()?;
        let (database, configured) =
            config.map_or((None, None), |config| (config.database, Some(config.data)));
        let data = self.data.or(configured).context("give --config or --data")?;
        let url = url(database.as_ref(), &data)?;
        let opened = match purpose {
            Purpose::Look => Store::inspect(&url).await,
            Purpose::Change => Store::open(&url).await,
        };
        if let Err(StoreError::InUse { .. }) = &opened {
            return opened.context("the database is in use: stop the server first");
        }
        opened.context("cannot open the store")
    }
}

/// The address of an existing database. This command does not create one.
fn url(database: Option<&Secret>, data: &Path) -> anyhow::Result<String> {
    let url = serve::database_url(database, data)?;
    if let Some(file) = url.strip_prefix("sqlite:") {
        ensure!(Path::new(file).exists(), "the database {file} does not exist");
    }
    Ok(url)
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Check { place, repair } => {
            let purpose = if repair { Purpose::Change } else { Purpose::Look };
            let store = place.open(purpose).await?;
            let checked = check(&store, repair).await;
            store.close().await;
            checked
        }
        Command::Discard { id, place, dry_run } => {
            let purpose = if dry_run { Purpose::Look } else { Purpose::Change };
            let store = place.open(purpose).await?;
            let discarded = discard(&store, &id, dry_run).await;
            store.close().await;
            discarded
        }
    }
}

/// The kinds of machines that this release knows.
const KINDS: [&str; 4] = [Conversation::PREFIX, Chat::PREFIX, Document::PREFIX, Trail::PREFIX];

async fn check(store: &Store, repair: bool) -> anyhow::Result<ExitCode> {
    let mut found = unreadable(store).await?;
    for row in &found {
        say(&shown(row))?;
    }
    let damages = store.damages().await?;
    for damage in &damages {
        say(&format!("the file: {damage}"))?;
    }
    let mut unknown = 0;
    for (kind, count) in store.kinds().await? {
        if !KINDS.contains(&&*kind) {
            say(&format!("{count} machines of the unknown kind {kind}"))?;
            unknown += count;
        }
    }
    if repair {
        for row in found.iter().filter(|row| row.event.is_none()) {
            let SetAside { kind, owner, id, .. } = row;
            let repaired = match &**kind {
                Conversation::PREFIX => store.repair::<Conversation>(owner, id).await?,
                Chat::PREFIX => store.repair::<Chat>(owner, id).await?,
                Document::PREFIX => store.repair::<Document>(owner, id).await?,
                _ => store.repair::<Trail>(owner, id).await?,
            };
            match repaired {
                Repair::Rebuilt(events) => say(&format!("{id}: rebuilt from {events} events"))?,
                Repair::Impossible(why) => say(&format!("{id}: cannot be rebuilt: {why}"))?,
                Repair::NotNeeded | Repair::NotFound => {}
            }
        }
        found = unreadable(store).await?;
    }
    let rows = found.len() as u64 + unknown;
    if rows == 0 && damages.is_empty() {
        say("every row can be read")?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{rows} rows cannot be read"))?;
    if !damages.is_empty() {
        say("the file itself is damaged: restore it from a backup")?;
    }
    Ok(ExitCode::FAILURE)
}

async fn unreadable(store: &Store) -> anyhow::Result<Vec<SetAside>> {
    let mut found = store.check::<Conversation>().await?;
    found.extend(store.check::<Chat>().await?);
    found.extend(store.check::<Document>().await?);
    found.extend(store.check::<Trail>().await?);
    Ok(found)
}

fn shown(row: &SetAside) -> String {
    let SetAside { kind, owner, id, event, cause } = row;
    let what = match event {
        None => "state".to_owned(),
        Some(Position { seq, sub: 0 }) => format!("event {seq}"),
        Some(Position { seq, sub }) => format!("note {seq}.{sub}"),
    };
    format!("{id} ({kind} of {owner}): {what}: {cause}")
}

async fn discard(store: &Store, id: &str, dry_run: bool) -> anyhow::Result<ExitCode> {
    let Some(contents) = store.contents(id).await? else {
        bail!("there is no conversation or chat {id}")
    };
    let store::Contents { kind, owner, peer, seq, events } = contents;
    let state = if peer.is_some() { "open" } else { "not open" };
    let would = if dry_run { "would be removed" } else { "is removed" };
    say(&format!("{id} ({kind} of {owner}, {state}, at {seq}) {would} with {events} events"))?;
    if !dry_run {
        store.discard(id).await?;
    }
    Ok(ExitCode::SUCCESS)
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stdout().lock(), "{line}")?)
}
