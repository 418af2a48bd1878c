//! `stoa shares`: who gets how many of an asset's million shares.

use crate::{
    context::Context,
    deal::{Bill, Charge, Deal, Signing, asset},
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{collections::BTreeSet, fs::File, path::PathBuf};
use stoa_sdk::{
    chain::{
        Included,
        royalties::{self, Deposit, Holding, MAX_BATCH, WHOLE},
    },
    keys::AccountId32,
    names::AssetName,
    shares::{changes, parse_account, read_shares},
};

/// How many holders are shown without `--json`.
const SHOWN: usize = 50;

/// What to do with shares.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set the holders of an asset that isn't open to those of a CSV file with lines `account,shares`
    Set(Set),
    /// Open an asset for ever: it can be paid and sold, and its shares and links stay as they are
    Open(Open),
    /// Give shares of an open asset to another account
    Transfer(Transfer),
    /// Show who holds shares, and what they could claim
    Show {
        /// The asset
        #[arg(value_name = "OWNER/NAME")]
        asset: AssetName,
    },
}

/// Shares to set.
#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// The file; the shares are of a million, and what is left can go to one account when the asset opens
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// An asset to open.
#[derive(Args, Debug)]
pub(crate) struct Open {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// Who gets the shares that have no holder [default: you]
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    rest: Option<AccountId32>,
    #[command(flatten)]
    signing: Signing,
}

/// Shares to give away.
#[derive(Args, Debug)]
pub(crate) struct Transfer {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// Who gets them
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    to: AccountId32,
    /// How many, of a million
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(WHOLE)))]
    shares: u32,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Report {
    asset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<usize>,
    #[serde(flatten)]
    bill: Bill,
    transactions: Vec<Included>,
}

#[derive(Serialize)]
struct Shown {
    asset: String,
    open: bool,
    loaded: u32,
    holders: Vec<Holding>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Set(arguments) => set(arguments, context).await,
        Command::Open(arguments) => open(arguments, context).await,
        Command::Transfer(arguments) => transfer(arguments, context).await,
        Command::Show { asset } => show(&asset, context).await,
    }
}

async fn set(arguments: Set, context: &Context) -> Result<(), CliError> {
    let file = File::open(&arguments.file)
        .map_err(|source| CliError::Io { path: arguments.file.clone(), source })?;
    let wanted = read_shares(file).map_err(sdk)?;
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let vault = state.vault(found.id).await.map_err(sdk)?;
    if vault.as_ref().is_some_and(|vault| vault.open) {
        return Err(CliError::Usage(format!(
            "{} is open: shares are transferred now, with `stoa shares transfer`",
            found.name
        )));
    }
    let holders = state.all_holders(found.id).await.map_err(sdk)?;
    let changes = changes(&wanted, &holders);
    let known: BTreeSet<_> = holders.iter().map(|holder| holder.account).collect();
    let new = changes.iter().filter(|(account, _)| !known.contains(account)).count();
    let each = state.royalties_deposit(Deposit::Holder).await.map_err(sdk)?;
    let calls: Vec<_> =
        changes.chunks(MAX_BATCH).map(|batch| royalties::load_shares(found.id, batch)).collect();
    let mut costs = Vec::new();
    if vault.is_none() && !calls.is_empty() {
        let deposit = state.royalties_deposit(Deposit::Vault).await.map_err(sdk)?;
        costs.push(Charge { what: "vault".into(), ..Charge::default() }.deposit(deposit));
    }
    if let Some(first) = calls.first() {
        // The first is as long as any.
        let fee = deal.fee(first).await?.saturating_mul(calls.len() as u128);
        let what = format!("{new} new holders, in {} transactions", calls.len());
        costs.push(Charge::fee(what, fee).deposit(each.saturating_mul(new as u128)));
    }
    let given: u32 = wanted.iter().map(|(_, shares)| shares).sum();
    let title = format!(
        "Setting the shares of {}: {} holders of {given} shares of {WHOLE}, {} changes",
        found.name,
        wanted.len(),
        changes.len()
    );
    let bill = deal.agree(&title, costs).await?;
    let sent = deal.send_all(&calls).await?;
    let report = Report {
        asset: found.name.to_string(),
        changed: Some(changes.len()),
        bill,
        transactions: sent.into_iter().map(|(included, _)| included).collect(),
    };
    output::result(context.json, &report, || {
        format!("{}: {} holders, {given} of {WHOLE} shares", report.asset, wanted.len())
    })
}

async fn open(arguments: Open, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let vault = state.vault(found.id).await.map_err(sdk)?;
    let upstream = state.upstream(found.id).await.map_err(sdk)?;
    let left = WHOLE.saturating_sub(vault.as_ref().map_or(0, |vault| vault.loaded));
    let rest = arguments.rest.unwrap_or(deal.account);
    let call = royalties::open(found.id, Some(rest));
    let each = state.royalties_deposit(Deposit::Ancestor).await.map_err(sdk)?;
    let mut deposit = each.saturating_mul(upstream.stack.len() as u128);
    if vault.is_none() {
        deposit = deposit.saturating_add(state.royalties_deposit(Deposit::Vault).await.map_err(sdk)?);
    }
    if left > 0 {
        deposit = deposit.saturating_add(state.royalties_deposit(Deposit::Holder).await.map_err(sdk)?);
    }
    let costs = vec![Charge::fee("opening", deal.fee(&call).await?).deposit(deposit)];
    let owed = upstream
        .stack
        .iter()
        .map(|ancestor| format!("\n  owes asset {} {}", ancestor.asset.0, ancestor.terms));
    let remaining =
        if left > 0 { format!("; {left} shares without a holder go to {rest}") } else { String::new() };
    let title = format!(
        "Opening {} for ever; its links and the rules of its shares stay as they are now{remaining}{}",
        found.name,
        owed.collect::<String>()
    );
    let bill = deal.agree(&title, costs).await?;
    let (included, _) = deal.send(&call).await?;
    let report = Report { asset: found.name.to_string(), changed: None, bill, transactions: vec![included] };
    output::result(context.json, &report, || format!("{} is open", report.asset))
}

async fn transfer(arguments: Transfer, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let call = royalties::transfer_shares(found.id, arguments.to, arguments.shares);
    let known = state.holding(found.id, &arguments.to).await.map_err(sdk)?.is_some();
    let deposit = if known { 0 } else { state.royalties_deposit(Deposit::Holder).await.map_err(sdk)? };
    let costs = vec![Charge::fee("transfer", deal.fee(&call).await?).deposit(deposit)];
    let title = format!("Giving {} shares of {} to {}", arguments.shares, found.name, arguments.to);
    let bill = deal.agree(&title, costs).await?;
    let (included, _) = deal.send(&call).await?;
    let report = Report { asset: found.name.to_string(), changed: None, bill, transactions: vec![included] };
    output::result(context.json, &report, || {
        format!("{} has {} shares of {} more", arguments.to, arguments.shares, report.asset)
    })
}

async fn show(name: &AssetName, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = asset(&state, name).await?;
    let vault = state.vault(found.id).await.map_err(sdk)?;
    let mut holders = state.all_holders(found.id).await.map_err(sdk)?;
    holders.sort_by(|left, right| right.shares.cmp(&left.shares).then(left.account.0.cmp(&right.account.0)));
    let shown = Shown {
        asset: found.name.to_string(),
        open: vault.as_ref().is_some_and(|vault| vault.open),
        loaded: vault.map_or(0, |vault| vault.loaded),
        holders,
    };
    output::result(context.json, &shown, || describe(&shown))
}

fn describe(shown: &Shown) -> String {
    let state = if shown.open { "open" } else { "not open" };
    let mut lines = vec![format!(
        "{} ({state}): {} holders of {} shares of {WHOLE}",
        shown.asset,
        shown.holders.len(),
        shown.loaded
    )];
    for holder in shown.holders.iter().take(SHOWN) {
        let due = match holder.due {
            0 => String::new(),
            due => format!(", can claim {}", stoa_sdk::chain::amount(due)),
        };
        lines.push(format!("  {}  {}{due}", holder.account, holder.shares));
    }
    if let Some(more) = shown.holders.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more: --json has them all"));
    }
    lines.join("\n")
}
