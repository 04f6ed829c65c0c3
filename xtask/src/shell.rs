//! Runs other programs, shows their commands and output, and counts the tests they report.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Runs a program; an error when it fails.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<()> {
    run_in(Path::new("."), program, args)
}

pub(crate) fn run_in(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    eprintln!("$ {program} {}", args.join(" "));
    let status = Command::new(program).args(args).current_dir(folder).status();
    let status = status.with_context(|| format!("cannot run {program}"))?;
    ensure!(status.success(), "{program} {} failed", args.join(" "));
    Ok(())
}

/// Builds every program that tests start. Always the whole workspace: a single package would have
/// other features, and cargo would build nearly all its dependencies again.
pub(crate) fn build() -> Result<()> {
    run("cargo", &["build", "--workspace", "--bins", "--examples"])
}

/// Replaces this process by the program.
pub(crate) fn replace(program: &str, args: &[&str]) -> Result<()> {
    let error = Command::new(program).args(args).exec();
    bail!("cannot run {program}: {error}");
}

/// Whether a program is installed.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|found| found.status.success())
}

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs tests, shows their output, and adds up the totals in their last lines. A runner that fails
/// without a failed test counts as one failed test.
pub(crate) fn count(command: &mut Command) -> Result<Count> {
    eprintln!("$ {command:?}");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))?;
    let errors = child.stderr.take().map(|stderr| thread::spawn(move || pass_on(stderr)));
    let mut count = child.stdout.take().map(pass_on).unwrap_or_default();
    if let Some(errors) = errors.and_then(|errors| errors.join().ok()) {
        count.add(errors);
    }
    if !child.wait()?.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

fn pass_on(output: impl Read) -> Count {
    let mut count = Count::default();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(closing) = closing(&line) {
            count.add(closing);
        }
    }
    count
}

/// Reads the last line of nextest, cargo test, vitest and our own runners.
fn closing(line: &str) -> Option<Count> {
    let line = plain(line);
    // nextest repeats the output of a failed test, indented.
    let of_cargo = line.starts_with("test result: ");
    let line = line.trim();
    let ours =
        line.split_once(" passed, ").is_some_and(|(passed, _)| passed.parse::<u64>().is_ok());
    let known = (line.starts_with("Summary [") && line.contains(" run: "))
        || of_cargo
        || line.starts_with("Tests  ")
        || ours;
    known.then(|| Count { passed: before(line, "passed"), failed: before(line, "failed") })
}

/// The number before a word.
fn before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || ",;.".contains(c)).collect();
    let place = words.iter().position(|found| *found == word);
    place.and_then(|place| words.get(place.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}

/// Without colour codes.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, code)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = code.split_once('m').map_or("", |(_, after)| after);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::{Count, closing};

    #[test]
    fn closing_lines_of_every_runner_are_read() {
        let cases = [
            ("     Summary [   2.1s] 42 tests run: 40 passed (1 slow), 2 failed, 3 skipped", 40, 2),
            ("test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured", 7, 1),
            ("      \u{1b}[2mTests\u{1b}[22m  \u{1b}[32m30 passed\u{1b}[39m (30)", 30, 0),
            ("      Tests  1 failed | 29 passed (30)", 29, 1),
            ("12 passed, 0 failed", 12, 0),
        ];
        for (line, passed, failed) in cases {
            assert_eq!(closing(line), Some(Count { passed, failed }), "{line}");
        }
        assert_eq!(closing("5 things passed, hooray"), None);
        assert_eq!(closing("    test result: FAILED. 0 passed; 1 failed; 0 ignored"), None);
    }
}
