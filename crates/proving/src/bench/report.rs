//! The figures: medians over the rounds, ratios to the floors, a table and a file.

use std::{collections::BTreeMap, fmt, path::Path};

use anyhow::ensure;
use serde_json::{Value, json};

use super::{
    case::{Case, Run},
    chats::Stage,
    memory::Kind,
};
use crate::load::Figures;

pub(super) struct Report {
    rounds: usize,
    secs: f64,
    runs: BTreeMap<(usize, Case), Vec<Run>>,
    memory: BTreeMap<Kind, Vec<f64>>,
    pub(super) chats: Vec<Stage>,
    notes: Vec<String>,
}

/// Medians of one case at one number of conversations.
struct Middle {
    to_agent: Figures,
    to_visitor: Figures,
    cpu_us: f64,
    others: f64,
}

impl Report {
    pub(super) fn new(rounds: usize, secs: f64) -> Self {
        let (runs, memory) = (BTreeMap::new(), BTreeMap::new());
        Self { rounds, secs, runs, memory, chats: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn add(&mut self, case: Case, conversations: usize, run: Run) {
        self.runs.entry((conversations, case)).or_default().push(run);
    }

    pub(super) fn add_memory(&mut self, kind: Kind, kib: f64) {
        self.memory.entry(kind).or_default().push(kib);
    }

    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Fails when anything arrived twice, out of order, or not at all.
    pub(super) fn sound(&self) -> anyhow::Result<()> {
        let wrong: usize =
            self.runs.values().flatten().map(|run| run.to_agent.wrong + run.to_visitor.wrong).sum();
        let wrong = wrong + self.chats.iter().map(|stage| stage.wrong).sum::<usize>();
        ensure!(wrong == 0, "{wrong} messages went wrong under load: the figures do not count");
        Ok(())
    }

    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_vec_pretty(&self.json())?)?;
        println!("\nwritten to {}", path.display());
        Ok(())
    }

    fn middle(&self, conversations: usize, case: Case) -> Option<Middle> {
        let runs = self.runs.get(&(conversations, case))?;
        Some(Middle {
            to_agent: figures(runs.iter().map(|run| &run.to_agent)),
            to_visitor: figures(runs.iter().map(|run| &run.to_visitor)),
            cpu_us: median(runs.iter().map(|run| run.cpu_us)),
            others: median(runs.iter().map(|run| run.others)),
        })
    }

    fn json(&self) -> Value {
        let cases = self.runs.keys().filter_map(|&(conversations, case)| {
            let middle = self.middle(conversations, case)?;
            Some(json!({
                "case": case.name(), "conversations": conversations,
                "toAgent": middle.to_agent, "toVisitor": middle.to_visitor,
                "serverCpuMicros": middle.cpu_us, "otherPrograms": middle.others,
                "ratios": self.ratios(conversations, case, &middle),
            }))
        });
        let memory = self.memory.iter().map(|(kind, kib)| {
            json!({ "what": kind.name(), "kibPerStream": median(kib.iter().copied()) })
        });
        json!({
            "rounds": self.rounds, "seconds": self.secs, "notes": self.notes,
            "cases": cases.collect::<Vec<_>>(), "memory": memory.collect::<Vec<_>>(),
            "chats": self.chats,
        })
    }

    /// Baton's rate and latency relative to the bare and the durable floor, in both directions.
    fn ratios(&self, conversations: usize, case: Case, ours: &Middle) -> Option<Value> {
        let (bare, durable) = case.floors()?;
        let against = |floor: Case| {
            let floor = self.middle(conversations, floor)?;
            let pair = |ours: &Figures, floor: &Figures| {
                json!({
                    "rate": ours.per_second / floor.per_second,
                    "p50": ours.p50_ms / floor.p50_ms, "p99": ours.p99_ms / floor.p99_ms,
                })
            };
            Some(json!({
                "toAgent": pair(&ours.to_agent, &floor.to_agent),
                "toVisitor": pair(&ours.to_visitor, &floor.to_visitor),
            }))
        };
        Some(json!({ "relay": against(bare), "durableFloor": against(durable) }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "medians of {} rounds of {} s; rates in messages/s", self.rounds, self.secs)?;
        let columns = "to agent: rate, p50, p99 ms | to visitor: rate, p50, p99 ms | CPU µs";
        writeln!(f, "| case | chats | {columns} |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for &(conversations, case) in self.runs.keys() {
            let Some(middle) = self.middle(conversations, case) else { continue };
            let Middle { to_agent, to_visitor, cpu_us, .. } = &middle;
            writeln!(
                f,
                "| {} | {conversations} | {} | {} | {cpu_us:.0} |",
                case.name(),
                cell(to_agent),
                cell(to_visitor),
            )?;
        }
        writeln!(
            f,
            "\n| ours against | chats | to agent: rate, p50, p99 | to visitor: rate, p50, p99 |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        for &(conversations, case) in self.runs.keys() {
            let Some((bare, durable)) = case.floors() else { continue };
            let Some(ours) = self.middle(conversations, case) else { continue };
            for floor in [bare, durable] {
                let Some(theirs) = self.middle(conversations, floor) else { continue };
                let to_agent = ratio(&ours.to_agent, &theirs.to_agent);
                let to_visitor = ratio(&ours.to_visitor, &theirs.to_visitor);
                let name = floor.name();
                writeln!(f, "| {name} | {conversations} | {to_agent} | {to_visitor} |")?;
            }
        }
        writeln!(f)?;
        for (kind, kib) in &self.memory {
            writeln!(f, "memory of {}: {:.1} KiB", kind.name(), median(kib.iter().copied()))?;
        }
        stages(f, &self.chats)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

/// Chats at tools.
fn stages(f: &mut fmt::Formatter<'_>, stages: &[Stage]) -> fmt::Result {
    if stages.is_empty() {
        return Ok(());
    }
    let columns = "opened/s | KiB each | cores: silent; talking | messages/s each way";
    let delays = "to agent: p50; p99 ms | to visitor: p50; p99 ms | polls/s; on time; gap p99 ms";
    writeln!(f, "\n| chats at tools | open | {columns} | {delays} |")?;
    writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
    for stage in stages {
        let Stage { connector, chats, opened_per_second, kib_per_chat, .. } = stage;
        let polls = stage.polls.as_ref().map_or_else(
            || "-".to_owned(),
            |polls| {
                let on_time = polls.on_time * 100.0;
                format!("{:.0}; {on_time:.1} %; {:.0}", polls.per_second, polls.gaps.p99_ms)
            },
        );
        writeln!(
            f,
            "| {connector} | {chats} | {opened_per_second:.0} | {kib_per_chat:.1} | {:.3}; {:.3} | \
             {:.0} | {:.1}; {:.1} | {:.1}; {:.1} | {polls} |",
            stage.cores_silent,
            stage.cores_talking,
            stage.per_second,
            stage.to_agent.p50_ms,
            stage.to_agent.p99_ms,
            stage.to_visitor.p50_ms,
            stage.to_visitor.p99_ms,
        )?;
    }
    writeln!(f)
}

fn cell(figures: &Figures) -> String {
    format!("{:.0}; {:.2}; {:.2}", figures.per_second, figures.p50_ms, figures.p99_ms)
}

fn ratio(ours: &Figures, floor: &Figures) -> String {
    format!(
        "{:.2}; {:.1}; {:.1}",
        ours.per_second / floor.per_second,
        ours.p50_ms / floor.p50_ms,
        ours.p99_ms / floor.p99_ms
    )
}

fn figures<'a>(runs: impl Iterator<Item = &'a Figures> + Clone) -> Figures {
    Figures {
        messages: runs.clone().map(|run| run.messages).sum(),
        per_second: median(runs.clone().map(|run| run.per_second)),
        p50_ms: median(runs.clone().map(|run| run.p50_ms)),
        p99_ms: median(runs.clone().map(|run| run.p99_ms)),
        wrong: runs.map(|run| run.wrong).sum(),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
