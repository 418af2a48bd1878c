//! The table, and what DESIGN asks for beside it.

use std::time::Duration;

use crate::{
    child::Server,
    peers::Mute,
    transfer::{Case, Outcome, Transfer},
};

const STREAM: usize = 0;
const STOCK: usize = 3;
const STORE: usize = 4;
const SLICES: usize = 6;
const BESIDE_SLICES: usize = 7;
const BESIDE_BITSWAP: usize = 8;

/// Everything that is measured, in the order of a round.
pub(crate) const CASES: [Case; 10] = [
    case("raw litep2p stream", "nothing", Transfer::Stream, None),
    case("the same", "BLAKE3", Transfer::StreamHashed, None),
    case("the same, into a file", "BLAKE3", Transfer::StreamKept, None),
    case("stock Bitswap, memory", "sha2-256", Transfer::Bitswap(Server::Memory), None),
    case("Bitswap, our store", "sha2-256", Transfer::Bitswap(Server::Store), None),
    case("slice answers, dropped", "nothing", Transfer::SliceAnswers, None),
    case("slices, into a store", "BLAKE3 tree", Transfer::Slices, None),
    case("slices, mute slice peer", "BLAKE3 tree", Transfer::Slices, Some(Mute::Slices)),
    case("slices, mute Bitswap peer", "BLAKE3 tree", Transfer::Slices, Some(Mute::Bitswap)),
    case("stock, mute Bitswap peer", "sha2-256", Transfer::Bitswap(Server::Memory), Some(Mute::Bitswap)),
];

const fn case(name: &'static str, check: &'static str, transfer: Transfer, beside: Option<Mute>) -> Case {
    Case { name, check, transfer, beside }
}

/// What is divided by what, and how much DESIGN wants of it.
const GOALS: [(&str, usize, usize, f64); 5] = [
    ("slices / raw stream", SLICES, STREAM, 0.8),
    ("slices / stock Bitswap", SLICES, STOCK, 2.0),
    ("Bitswap from disk / stock from memory", STORE, STOCK, 1.0),
    ("slices beside a mute slice peer / alone", BESIDE_SLICES, SLICES, 0.5),
    ("slices beside a mute Bitswap peer / alone", BESIDE_BITSWAP, SLICES, 0.5),
];

/// All outcomes.
pub(crate) struct Report {
    bytes: u64,
    rounds: usize,
    patience: Duration,
    outcomes: [Vec<Outcome>; CASES.len()],
}

impl Report {
    pub(crate) fn new(bytes: u64, rounds: usize, patience: Duration) -> Self {
        Self { bytes, rounds, patience, outcomes: [const { Vec::new() }; CASES.len()] }
    }

    pub(crate) fn add(&mut self, case: usize, outcome: Outcome) {
        if let Some(outcomes) = self.outcomes.get_mut(case) {
            outcomes.push(outcome);
        }
    }

    fn all(&self, case: usize, figure: impl Fn(&Outcome) -> Option<f64>) -> Vec<f64> {
        let mut figures: Vec<_> = self.outcomes.get(case).into_iter().flatten().filter_map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures
    }

    fn median(&self, case: usize, figure: impl Fn(&Outcome) -> Option<f64>) -> f64 {
        let figures = self.all(case, figure);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn measured(&self) -> impl Iterator<Item = (usize, &'static Case)> {
        let measured = |index: &usize| self.outcomes.get(*index).is_some_and(|outcomes| !outcomes.is_empty());
        CASES.iter().enumerate().filter(move |(index, _)| measured(index))
    }

    fn goals(&self) -> impl Iterator<Item = (&'static str, f64, f64)> {
        let ratio = |case, by| self.median(case, arrival) / self.median(by, arrival);
        GOALS
            .iter()
            .map(move |(name, case, by, goal)| (*name, ratio(*case, *by), *goal))
            .filter(|(_, ratio, _)| !ratio.is_nan())
    }

    pub(crate) fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        println!(
            "{} bytes over loopback, server and client in two processes, {cores} cores; median of {} rounds, MB/s",
            self.bytes, self.rounds
        );
        println!(
            "{:<27}{:<13}{:>7}{:>14}{:>9}{:>11}{:>12}{:>14}{:>12}",
            "",
            "checked by",
            "MB/s",
            "lowest-best",
            "/stream",
            "/Bitswap",
            "safe, MB/s",
            "longest wait",
            "CPU, s/GB"
        );
        let (stream, stock) = (self.median(STREAM, arrival), self.median(STOCK, arrival));
        for (index, case) in self.measured() {
            let rates = self.all(index, arrival);
            let rate = self.median(index, arrival);
            let range = [rates.first(), rates.last()].map(|rate| rate.copied().unwrap_or(f64::NAN));
            let wait = self.all(index, |outcome| Some(outcome.longest_wait.as_secs_f64() * 1e3));
            let safe = match self.median(index, safety) {
                safe if safe.is_nan() => "-".into(),
                safe => format!("{safe:.0}"),
            };
            print!(
                "{:<27}{:<13}{rate:>7.0}{:>14}{:>9.2}{:>11.2}{safe:>12}{:>11.0} ms{:>12.2}",
                case.name,
                case.check,
                format!("{:.0}-{:.0}", range[0], range[1]),
                rate / stream,
                rate / stock,
                wait.last().copied().unwrap_or(f64::NAN),
                self.median(index, effort),
            );
            match self.outcomes.get(index).into_iter().flatten().filter(|outcome| !outcome.whole).count() {
                0 => println!(),
                cut => println!("   {cut} cut off after {} s", self.patience.as_secs()),
            }
        }
        println!("a mute peer asks and never reads; safe is on disk and synced, the CAR inside checked");
        println!("goals, by the median rate until the last byte was checked:");
        for (name, ratio, goal) in self.goals() {
            let verdict = if ratio >= goal { "reached" } else { "missed" };
            println!("  {name:<42}{ratio:>6.2}  (goal {goal:.1}: {verdict})");
        }
    }

    pub(crate) fn print_json(&self) {
        let cases: Vec<_> = self
            .measured()
            .map(|(index, case)| {
                serde_json::json!({
                    "name": case.name,
                    "checked_by": case.check,
                    "rates": self.all(index, arrival),
                    "safe_rates": self.all(index, safety),
                    "cpu_seconds_per_gb": self.all(index, effort),
                    "longest_waits": self.all(index, |outcome| Some(outcome.longest_wait.as_secs_f64())),
                    "whole": self.outcomes.get(index).into_iter().flatten().all(|outcome| outcome.whole),
                })
            })
            .collect();
        let goals: Vec<_> = self
            .goals()
            .map(|(name, ratio, goal)| serde_json::json!({ "name": name, "ratio": ratio, "goal": goal }))
            .collect();
        println!("{}", serde_json::json!({ "bytes": self.bytes, "cases": cases, "goals": goals }));
    }
}

fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

fn arrival(outcome: &Outcome) -> Option<f64> {
    Some(rate(outcome.bytes, outcome.arrived))
}

/// Seconds on a core for each GB: what a busy machine disturbs least.
fn effort(outcome: &Outcome) -> Option<f64> {
    Some(outcome.cpu / (outcome.bytes as f64 / 1e9))
}

fn safety(outcome: &Outcome) -> Option<f64> {
    Some(rate(outcome.bytes, outcome.kept?))
}
