//! How fast a piece goes from one node to another over loopback: `/stoa/slice/1` and Bitswap from the store on disk,
//! beside a raw litep2p stream and stock Bitswap from memory, in the same run; and what is left of it beside a peer
//! that asks and never reads.
//!
//! `cargo run -p stoa-node --example transfer_bench -- [--size 256MiB] [--rounds 5] [--patience 30] [--dir FOLDER]
//! [--only TEXT] [--json]`
//!
//! Each measurement has a server in a process of its own, and a connection that is open before the clock starts. Who
//! checks what on the receiving side stands beside each line. `--patience` is how many seconds a transfer may take,
//! `--only` leaves out the lines whose name doesn't contain the text.

mod child;
mod node;
mod peers;
mod report;
mod sample;
mod stream;
mod transfer;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use report::{CASES, Report};
use sample::Sample;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).peekable();
    if args.peek().is_some_and(|arg| arg == child::ROLE) {
        return child::run(&args.skip(1).collect::<Vec<_>>());
    }
    let mut size = 256 << 20;
    let mut rounds = 5;
    let mut patience = Duration::from_secs(30);
    let mut dir = std::env::temp_dir();
    let mut only = String::new();
    let mut json = false;
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--size" => size = parse_size(&value()?)?,
            "--rounds" => rounds = value()?.parse()?,
            "--patience" => patience = Duration::from_secs(value()?.parse()?),
            "--dir" => dir = PathBuf::from(value()?),
            "--only" => only = value()?,
            "--json" => json = true,
            _ => bail!("{arg} isn't known: --size, --rounds, --patience, --dir, --only, --json are"),
        }
    }
    ensure!(rounds > 0, "a median needs at least one round");

    let work = tempfile::tempdir_in(dir)?;
    let sample = Sample::make(work.path(), size)?;
    let mut report = Report::new(sample.piece.size, rounds, patience);
    for round in 1..=rounds {
        for (index, case) in CASES.iter().enumerate().filter(|(_, case)| case.name.contains(&only)) {
            if !json {
                eprintln!("round {round} of {rounds}: {}", case.name);
            }
            let outcome = transfer::measure(case, &sample, patience).context(case.name)?;
            report.add(index, outcome);
        }
    }
    if json {
        report.print_json()
    } else {
        report.print()
    }
    Ok(())
}

fn parse_size(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u64 = match text.trim_start_matches(digits) {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => bail!("{other} isn't a unit: KiB, MiB and GiB are"),
    };
    digits.parse::<u64>()?.checked_mul(unit).context("the size is too large")
}
