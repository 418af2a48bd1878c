//! `stoa grants`: who may read an asset, and letting somebody do so.

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
        Included,
        market::{self, Deposit, Grant},
    },
    keys::AccountId32,
    names::AssetAt,
    shares::parse_account,
};

/// What to show or give.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset, and the only revision that is to be read, where it is one
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    asset: String,
    /// Let this account read it, for nothing
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    give: Option<AccountId32>,
    /// Up to, but without, this block [default: until it is revoked]
    #[arg(long, value_name = "BLOCK", requires = "give")]
    until: Option<u32>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Shown {
    asset: String,
    grants: Vec<Grant>,
}

#[derive(Serialize)]
struct Given {
    asset: String,
    holder: String,
    licence: u64,
    #[serde(flatten)]
    bill: Bill,
    #[serde(flatten)]
    included: Included,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let named = arguments.asset.contains('@');
    let at: AssetAt = arguments.asset.parse().map_err(sdk::<stoa_sdk::names::NameParseError>)?;
    match arguments.give {
        Some(to) => give(&at, named, to, &arguments, context).await,
        None => show(&at, context).await,
    }
}

async fn show(at: &AssetAt, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = asset(&state, &at.asset).await?;
    let shown = Shown { asset: found.name.to_string(), grants: state.grants(found.id).await.map_err(sdk)? };
    output::result(context.json, &shown, || match shown.grants.as_slice() {
        [] => format!("nobody holds a licence of {}", shown.asset),
        grants => grants
            .iter()
            .map(|grant| {
                let live = if grant.live { "" } else { "  (none counts now)" };
                let licences: Vec<_> = grant.licences.iter().map(ToString::to_string).collect();
                format!("{}  licence {}{live}", grant.account, licences.join(", "))
            })
            .collect::<Vec<_>>()
            .join("\n"),
    })
}

async fn give(
    at: &AssetAt,
    named: bool,
    to: AccountId32,
    arguments: &Arguments,
    context: &Context,
) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &at.asset).await?;
    let revision = if named { Some(context.revision(&state, at).await?.commit) } else { None };
    let call = market::grant(found.id, to, revision, arguments.until);
    let deposit = state.market_deposit(Deposit::Licence).await.map_err(sdk)?;
    let costs = vec![Charge::fee("licence", deal.fee(&call).await?).deposit(deposit)];
    let bill = deal.agree(&format!("Letting {to} read {}", found.name), costs).await?;
    let (included, events) = deal.send(&call).await?;
    let licence = market::granted(&events).map_err(sdk)?;
    let given = Given { asset: found.name.to_string(), holder: to.to_string(), licence, bill, included };
    output::result(context.json, &given, || {
        format!("{} may read {}: licence {licence}", given.holder, given.asset)
    })
}
