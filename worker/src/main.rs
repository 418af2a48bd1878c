//! `stoa-worker`: the service of a worker, and the engine that it, and whoever checks its results, runs.

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use std::{
    io::{self, BufRead, Read, Write},
    path::PathBuf,
    process::ExitCode,
};
use stoa_sdk::compute::Order;
use stoa_worker::{
    engine::{Engine, settings},
    run,
    service::{self, config::Config},
};

/// Longest order.
const MAX_ORDER: u64 = 1 << 20;

/// Runs compute jobs on a Stoa chain.
#[derive(Debug, Parser)]
#[command(name = "stoa-worker", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow the chain and run jobs; the worker's key is in STOA_KEY, or in the keystore that the file names
    Run {
        /// The worker's settings, in TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the engine's id, and what it is a hash of
    Engine,
    /// Carry out one order from the standard input, for programs that have the engine run something
    #[command(hide = true)]
    Execute,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { config } => follow(config),
        Command::Engine => show(),
        Command::Execute => execute(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done when even this fails.
            if writeln!(io::stderr(), "error: {error:#}").is_err() {}
            ExitCode::FAILURE
        }
    }
}

fn follow(file: PathBuf) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let config = Config::read(&text).with_context(|| file.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(service::run(config))
}

fn show() -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}\n\n{}", hex::encode(settings::id()), settings::description().trim_end())?;
    Ok(())
}

fn execute() -> anyhow::Result<()> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_ORDER).read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line).context("the order")?;
    // Whoever gave the order holds the pipe open until the answer is there: when it goes, so does this process.
    std::thread::spawn(|| {
        while matches!(io::stdin().lock().read(&mut [0; 64]), Ok(read) if read > 0) {}
        std::process::exit(1);
    });
    run::confine(&order)?;
    let receipt = run::carry_out(&Engine::new()?, &order)?;
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &receipt)?;
    writeln!(out)?;
    if out.flush().is_err() {
        bail!("nobody waits for the answer any more");
    }
    Ok(())
}
