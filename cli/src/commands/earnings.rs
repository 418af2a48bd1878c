//! `stoa earnings`: what an asset received, passed on, and still holds.

use crate::{
    context::Context,
    deal::asset,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use stoa_sdk::{
    chain::{
        amount,
        royalties::{Ancestor, Holding, Vault},
    },
    names::AssetName,
};

/// What to show.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset; without one, all of which the account holds shares
    #[arg(value_name = "OWNER/NAME")]
    asset: Option<AssetName>,
}

#[derive(Serialize)]
struct Report {
    asset: String,
    #[serde(flatten)]
    vault: Vault,
    ancestors: Vec<Ancestor>,
    own: Option<Holding>,
    /// How many assets built on it hold something that is on its way to it.
    on_the_way: usize,
}

#[derive(Serialize)]
struct All {
    account: String,
    holdings: Vec<Named>,
    #[serde(serialize_with = "crate::deal::plancks")]
    due: u128,
}

#[derive(Serialize)]
struct Named {
    asset_name: String,
    #[serde(flatten)]
    holding: Holding,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    match arguments.asset {
        Some(name) => one(&name, context).await,
        None => all(context).await,
    }
}

async fn one(name: &AssetName, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = asset(&state, name).await?;
    let vault = state.vault(found.id).await.map_err(sdk)?;
    let vault = vault.ok_or_else(|| {
        CliError::NotFound(format!("{} has no shares yet, so it can't earn: see `stoa shares`", found.name))
    })?;
    let ancestors = state.upstream(found.id).await.map_err(sdk)?.stack;
    let own = match context.address() {
        Ok(account) => state.holding(found.id, &account).await.map_err(sdk)?,
        // Everybody may look.
        Err(_) => None,
    };
    let on_the_way = state.on_the_way(found.id).await.map_err(sdk)?.len();
    let report = Report { asset: found.name.to_string(), vault, ancestors, own, on_the_way };
    output::result(context.json, &report, || describe(&report))
}

fn describe(report: &Report) -> String {
    let vault = &report.vault;
    let mut lines = vec![
        format!("{}{}", report.asset, if vault.open { "" } else { "  (not open: it can't be paid)" }),
        format!("  received from payers        {}", amount(vault.outside)),
        format!("  received from descendants   {}", amount(vault.downstream)),
        format!("  handed to ancestors         {}", amount(vault.forwarded)),
        format!("  claimed by holders          {}", amount(vault.claimed)),
        format!("  still here                  {}", amount(vault.balance)),
        format!("    for ancestors             {}", amount(vault.due_upstream)),
        format!("    for holders               {}", amount(vault.due_holders)),
    ];
    if !report.ancestors.is_empty() {
        lines.push(format!(
            "  owes ancestors {} of every sale and {} of the rest",
            vault.absolute, vault.relative
        ));
    }
    if report.on_the_way > 0 {
        lines.push(format!(
            "  more is on its way from {} assets built on it: `stoa claim {}` brings it here",
            report.on_the_way, report.asset
        ));
    }
    if let Some(own) = &report.own {
        lines.push(format!("  you hold {} shares, and can claim {}", own.shares, amount(own.due)));
    }
    lines.join("\n")
}

async fn all(context: &Context) -> Result<(), CliError> {
    let account = context.address()?;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let mut holdings: Vec<Named> = Vec::new();
    loop {
        let after = holdings.last().map(|last| last.holding.asset);
        let page = state.holdings(&account, after).await.map_err(sdk)?;
        if page.is_empty() {
            break;
        }
        for holding in page {
            let found = state.asset_by_id(holding.asset).await.map_err(sdk)?;
            let asset_name =
                found.map_or_else(|| format!("asset {}", holding.asset.0), |found| found.name.to_string());
            holdings.push(Named { asset_name, holding });
        }
    }
    let due = holdings.iter().fold(0_u128, |sum, named| sum.saturating_add(named.holding.due));
    let report = All { account: account.to_string(), holdings, due };
    output::result(context.json, &report, || {
        if report.holdings.is_empty() {
            return format!("{} holds no shares", report.account);
        }
        let mut lines: Vec<_> = report
            .holdings
            .iter()
            .map(|named| {
                let Holding { shares, due, .. } = named.holding;
                format!("{}: {shares} shares, can claim {}", named.asset_name, amount(due))
            })
            .collect();
        lines.push(format!("in all {}", amount(report.due)));
        lines.join("\n")
    })
}
