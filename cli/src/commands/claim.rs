//! `stoa claim`: pays holders what their shares earned.

use crate::{
    context::Context,
    deal::{Bill, Charge, Deal, Signing, asset},
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use stoa_sdk::{
    chain::{
        Included, amount,
        royalties::{self, pay_out},
    },
    keys::AccountId32,
    names::AssetName,
    primitives::registry::AssetId,
    shares::parse_account,
};

/// Calls in one transaction; a block has room for several of them.
const PER_BATCH: usize = 100;

/// What to claim.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// Pay this holder, and not the account
    #[arg(long = "for", value_name = "ACCOUNT", value_parser = parse_account, conflicts_with = "everyone")]
    holder: Option<AccountId32>,
    /// Pay all holders who have something to claim
    #[arg(long)]
    everyone: bool,
    /// Leave what is on its way from assets built on this one
    #[arg(long)]
    only_here: bool,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Report {
    asset: String,
    /// How many assets handed on what they owed.
    distributed: usize,
    /// How many holders were paid, or would have been.
    holders: usize,
    #[serde(serialize_with = "crate::deal::plancks")]
    claimed: u128,
    #[serde(flatten)]
    bill: Bill,
    transactions: Vec<Included>,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let moves =
        if arguments.only_here { Vec::new() } else { state.on_the_way(found.id).await.map_err(sdk)? };
    let mut transactions = Vec::new();
    let mut costs = Vec::new();
    // What comes from below must be there before it is claimed; how much that is, only the chain knows.
    let first: Vec<_> = moves.chunks(PER_BATCH).map(|assets| pay_out(assets, &[])).collect();
    for call in &first {
        costs.push(Charge::fee("handing on what is owed upstream", deal.fee(call).await?));
    }
    let holders = holders(&arguments, &deal, found.id, !moves.is_empty()).await?;
    if holders.is_empty() && moves.is_empty() {
        return Err(CliError::NotFound(format!("nobody has anything to claim of {}", found.name)));
    }
    let claims: Vec<_> = holders.iter().map(|holder| (found.id, *holder)).collect();
    let second: Vec<_> = claims.chunks(PER_BATCH).map(|claims| pay_out(&[], claims)).collect();
    if let Some(longest) = second.first() {
        let fee = deal.fee(longest).await?.saturating_mul(second.len() as u128);
        costs.push(Charge::fee(format!("claims of {} holders", holders.len()), fee));
    }
    let title = format!("Claiming what {} earned for {} holders", found.name, holders.len());
    let bill = deal.agree(&title, costs).await?;
    for (included, _) in deal.send_all(&first).await? {
        transactions.push(included);
    }
    let mut claimed = 0_u128;
    for (included, events) in deal.send_all(&second).await? {
        claimed = claimed.saturating_add(royalties::claimed(&events).map_err(sdk)?);
        transactions.push(included);
    }
    let report = Report {
        asset: found.name.to_string(),
        distributed: moves.len(),
        holders: holders.len(),
        claimed,
        bill,
        transactions,
    };
    output::result(context.json, &report, || {
        format!("{} paid out {} to {} holders", report.asset, amount(claimed), report.holders)
    })
}

/// Who is to be paid: those who have something to claim, or will have once more has come.
async fn holders(
    arguments: &Arguments,
    deal: &Deal<'_>,
    asset: AssetId,
    more: bool,
) -> Result<Vec<AccountId32>, CliError> {
    let state = deal.state().await?;
    let due = |holding: &royalties::Holding| holding.due > 0 || more && holding.shares > 0;
    if arguments.everyone {
        let all = state.all_holders(asset).await.map_err(sdk)?;
        return Ok(all.iter().filter(|holding| due(holding)).map(|holding| holding.account).collect());
    }
    let account = arguments.holder.unwrap_or(deal.account);
    let holding = state.holding(asset, &account).await.map_err(sdk)?;
    Ok(holding.filter(due).map(|holding| holding.account).into_iter().collect())
}
