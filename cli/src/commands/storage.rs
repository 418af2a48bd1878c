//! `stoa storage`: the odds, and what the storage commands share: showing a cost, asking, and sending.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use stoa_sdk::{
    Chain,
    chain::{
        Wait, amount,
        storage::{LEAVES_PER_GIB, Payment, ReplicaOdds, Rules, StorageCall, plancks},
    },
    keys::{AccountId32, Keypair},
    primitives::LEAF_SIZE,
    units::parse_share,
};

/// What to know of storage.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The chance that lost data is caught
    Odds(Odds),
}

/// Of what.
#[derive(Args, Debug)]
pub(crate) struct Odds {
    /// The share that is lost, such as 10% or 0.1
    #[arg(long, value_parser = parse_share, value_name = "SHARE")]
    lost: f64,
    /// Windows in which it can be caught
    #[arg(long, default_value_t = 1)]
    windows: u32,
    /// Leaves that a proof shows [default: the chain's]
    #[arg(long, conflicts_with = "order")]
    challenges: Option<u32>,
    /// An order: then the share is that of its piece, in the provider's whole set
    #[arg(long, value_name = "NUMBER", requires = "provider")]
    order: Option<u64>,
    /// The provider that keeps it
    #[arg(long, value_name = "ADDRESS", requires = "order")]
    provider: Option<AccountId32>,
}

#[derive(Serialize)]
struct Report {
    lost: f64,
    windows: u32,
    challenges: u32,
    caught: f64,
    replica: Option<ReplicaOdds>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    let Command::Odds(arguments) = command;
    let Odds { lost, windows, challenges, order, provider } = arguments;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let report = if let (Some(order), Some(provider)) = (order, provider) {
        let found = state.replica_odds(order, &provider, lost, windows).await.map_err(sdk)?;
        let found = found
            .ok_or_else(|| CliError::NotFound(format!("{provider} keeps no replica of order {order}")))?;
        Report { lost, windows, challenges: found.challenges, caught: found.caught, replica: Some(found) }
    } else {
        let challenges = match challenges {
            Some(challenges) => challenges,
            None => state.storage_rules().await.map_err(sdk)?.challenges,
        };
        let caught = state.storage_odds(lost, challenges, windows).await.map_err(sdk)?;
        Report { lost, windows, challenges, caught, replica: None }
    };
    output::result(context.json, &report, || describe(&report))
}

fn describe(report: &Report) -> String {
    let mut lines = vec![format!(
        "a loss of {} is caught within {} windows of {} challenges with a chance of {}",
        percent(report.lost),
        report.windows,
        report.challenges,
        percent(report.caught)
    )];
    if let Some(odds) = &report.replica {
        lines
            .push(format!("  the piece is {} of the {} leaves of its provider's set", odds.leaves, odds.set));
        lines.push(format!(
            "  a window is paid {}, a missed one costs {}, {} are at stake",
            amount(odds.price),
            amount(odds.slash),
            amount(odds.stake)
        ));
    }
    lines.join("\n")
}

fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // What is nearly certain isn't certain.
    if text == "100" && share < 1.0 { "more than 99.999999 %".into() } else { format!("{text} %") }
}

/// What a capacity has to be staked with.
pub(crate) fn required_stake(capacity: u64, rules: &Rules) -> Result<u128, CliError> {
    let leaves = u128::from(capacity / LEAF_SIZE);
    let stake = rules.stake_per_gib.checked_mul(leaves).map(|stake| stake.div_ceil(LEAVES_PER_GIB));
    stake.ok_or_else(|| CliError::Usage("no balance can hold the stake for so much".into()))
}

/// The ends of an address.
pub(crate) fn short_account(account: &AccountId32) -> String {
    let text = account.to_string();
    match (text.get(..6), text.get(text.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => text,
    }
}

/// How a command that spends is agreed to.
#[derive(Args, Debug)]
pub(crate) struct Agreed {
    /// Don't ask before it is paid
    #[arg(short, long)]
    yes: bool,
    /// Don't wait until the chain can't undo it any more
    #[arg(long)]
    no_finality: bool,
}

/// Calls that are to be sent one after the other, with what they cost.
pub(crate) struct Spending<'a> {
    chain: &'a Chain,
    signer: &'a Keypair,
    context: &'a Context,
    notes: Vec<String>,
    holds: Vec<Hold>,
    calls: Vec<StorageCall>,
    fees: u128,
}

/// Money that stays the account's, but can't be spent.
#[derive(Clone, Serialize)]
pub(crate) struct Hold {
    what: &'static str,
    #[serde(serialize_with = "plancks")]
    amount: u128,
}

/// What was sent and what came of it.
#[derive(Serialize)]
pub(crate) struct Spent {
    /// The number of an order that was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<u64>,
    /// What is held now.
    held: Vec<Hold>,
    /// What the fees are about.
    #[serde(serialize_with = "plancks")]
    fees: u128,
    /// Payments that were made.
    pub(crate) payments: Vec<Payment>,
    /// What the payer got back.
    #[serde(serialize_with = "plancks")]
    refunded: u128,
    /// The transactions.
    transactions: Vec<String>,
    /// What the chain refused, when something else was done.
    refused: Vec<String>,
}

impl Spent {
    /// The lines after the first.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for payment in &self.payments {
            lines.push(format!(
                "  paid {} to {} for {} windows of order {}, and {} to the treasury",
                amount(payment.amount),
                payment.provider,
                payment.windows,
                payment.order,
                amount(payment.levy)
            ));
        }
        if self.refunded > 0 {
            lines.push(format!("  {} came back", amount(self.refunded)));
        }
        lines.extend(self.refused.iter().map(|refusal| format!("  refused: {refusal}")));
        lines.join("\n")
    }
}

impl<'a> Spending<'a> {
    pub(crate) fn new(chain: &'a Chain, signer: &'a Keypair, context: &'a Context) -> Self {
        let (notes, holds, calls) = (Vec::new(), Vec::new(), Vec::new());
        Self { chain, signer, context, notes, holds, calls, fees: 0 }
    }

    /// Something to say before the costs.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Money that will be held.
    pub(crate) fn hold(&mut self, what: &'static str, amount: u128) {
        self.holds.push(Hold { what, amount });
    }

    /// One more call.
    pub(crate) async fn call(&mut self, call: StorageCall) -> Result<(), CliError> {
        let fee = self.chain.storage_fee(self.signer, &call).await.map_err(sdk)?;
        self.fees = self.fees.saturating_add(fee);
        self.calls.push(call);
        Ok(())
    }

    fn held(&self) -> u128 {
        self.holds.iter().map(|hold| hold.amount).fold(0, u128::saturating_add)
    }

    fn describe(&self, balance: u128) -> String {
        let mut lines = self.notes.clone();
        for Hold { what, amount: held } in &self.holds {
            lines.push(format!("  {what}: {} held", amount(*held)));
        }
        lines.push(format!(
            "  in all about {} of {}, of which fees are about {}",
            amount(self.held().saturating_add(self.fees)),
            amount(balance),
            amount(self.fees)
        ));
        lines.join("\n")
    }

    /// Shows what it costs, asks, and sends. What the chain refuses stops nothing that doesn't hang on it: it is told.
    pub(crate) async fn run(self, agreed: &Agreed) -> Result<Spent, CliError> {
        let state = self.chain.state().await.map_err(sdk)?;
        let account = self.signer.public_key().to_account_id();
        let balance = state.free_balance(&account).await.map_err(sdk)?;
        output::note(self.context.json, &output::clean(&self.describe(balance)));
        let needed = self.held().saturating_add(self.fees);
        if needed > balance {
            return Err(CliError::Denied(format!(
                "{account} has {} and needs about {}",
                amount(balance),
                amount(needed)
            )));
        }
        if !agreed.yes {
            self.context.confirm("Sign and send?")?;
        }
        self.send(if agreed.no_finality { Wait::InBlock } else { Wait::Finalized }).await
    }

    async fn send(self, wait: Wait) -> Result<Spent, CliError> {
        let mut spent = Spent {
            order: None,
            held: self.holds,
            fees: self.fees,
            payments: Vec::new(),
            refunded: 0,
            transactions: Vec::new(),
            refused: Vec::new(),
        };
        let mut refusal = None;
        for call in &self.calls {
            match self.chain.send_storage(self.signer, call, wait).await {
                Ok((done, included)) => {
                    spent.order = spent.order.or(done.placed);
                    spent.payments.extend(done.payments);
                    spent.refunded = spent.refunded.saturating_add(done.refunded);
                    spent.transactions.push(included.transaction);
                }
                Err(error) if error.is_refusal() => {
                    spent.refused.push(error.to_string());
                    refusal = Some(error);
                }
                Err(error) => return Err(sdk(error)),
            }
        }
        match refusal {
            Some(error) if spent.transactions.is_empty() => Err(sdk(error)),
            _ => Ok(spent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_written_without_needless_digits_and_never_rounded_to_certainty() {
        assert_eq!(percent(0.1), "10 %");
        assert_eq!(percent(0.965), "96.5 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.999_999_999_99), "more than 99.999999 %");
        assert_eq!(percent(0.0), "0 %");
    }

    #[test]
    fn stake_is_in_proportion_to_capacity_and_rounded_up() {
        let rules = Rules {
            window: 600,
            response: 150,
            challenges: 32,
            slash: 1,
            max_misses: 3,
            notice: 24,
            stake_per_gib: 430,
            min_price: 1,
            max_price: 2,
            min_term: 24,
            accept_within: 9,
            provider_deposit: 1,
        };
        assert_eq!(required_stake(1 << 30, &rules).unwrap(), 430);
        assert_eq!(required_stake((1 << 30) + 1_024, &rules).unwrap(), 431);
        assert!(required_stake(u64::MAX, &Rules { stake_per_gib: u128::MAX, ..rules }).is_err());
    }

    #[test]
    fn addresses_are_shortened_to_their_ends() {
        assert_eq!(short_account(&AccountId32([7; 32])).chars().count(), 11);
    }
}
