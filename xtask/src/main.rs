//! The project's commands: `cargo xtask demo | test | quick | bench | receivers | api | vendors |
//! tidy | web`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Result, bail};

mod api;
mod checks;
mod clients;
mod demo;
mod fulfilment;
mod guarantees;
mod install;
mod modules;
mod postgres;
mod receivers;
mod shell;
mod signatures;
mod supply;
mod tidy;
mod vendors;
mod web;

const HELP: &str = "\
cargo xtask demo [ARGS]    build everything and run the demo; ARGS go to `baton demo`
cargo xtask test           run all checks; installs missing programs
cargo xtask quick          format, tidy, clippy and the tests that need only SQLite
cargo xtask bench [ARGS]   measure against the floors; ARGS go to `baton-proving bench`
cargo xtask receivers      check the example receivers of docs/receivers
cargo xtask api            E7: call every operation of a running demo as its OpenAPI document says
cargo xtask vendors        test the simulated tools with the vendors' own clients, and fulfilment
                           with Google's libraries for webhooks
cargo xtask tidy           check sizes, edges between crates and unfinished work
cargo xtask web            build the pages
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = args.split_first().map_or(("help", &[][..]), |(task, rest)| (task, rest));
    match run(task, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &str, args: &[String]) -> Result<()> {
    std::env::set_current_dir(shell::root())?;
    match task {
        "demo" => {
            // First, because a binary that is built without the pages' folder never serves them.
            web::build()?;
            shell::run("cargo", &["build", "--package", "baton"])?;
            let args = args.iter().map(String::as_str);
            let args: Vec<&str> = ["demo"].into_iter().chain(args).collect();
            shell::replace("target/debug/baton", &args)
        }
        "test" => checks::test(),
        "quick" => checks::quick(),
        "bench" => bench(args),
        "receivers" => checks::conclude(receivers::check()?),
        "api" => {
            web::build()?;
            shell::build()?;
            checks::conclude(api::e7_every_answer_is_documented()?)
        }
        "vendors" => {
            let mut total = vendors::judge()?;
            total.add(fulfilment::judge()?);
            checks::conclude(total)
        }
        "tidy" => tidy::tidy(),
        "web" => web::build(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("unknown task {other}; the tasks are\n\n{HELP}"),
    }
}

fn bench(args: &[String]) -> Result<()> {
    web::build()?;
    shell::run("cargo", &["build", "--release", "--package", "baton", "--package", "proving"])?;
    let args = args.iter().map(String::as_str);
    let fixed = ["bench", "--baton", "target/release/baton"];
    let args: Vec<&str> = fixed.into_iter().chain(args).collect();
    shell::replace("target/release/baton-proving", &args)
}
