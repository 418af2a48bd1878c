//! `stoa gateway`: whether a gateway may publish for an account, as the Hugging Face client's uploads need.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Subcommand;
use serde::Serialize;
use stoa_sdk::{
    chain::{PLANCKS, Wait, amount},
    gateway::Delegate,
    keys::address,
};

/// What to do about the gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let the gateway publish for the account: calls of the registry, and nothing that moves money
    Authorise {
        /// How many STOA its key gets for fees; `stoa gateway show` tells what is left
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "STOA")]
        fund: u32,
        /// Don't ask before it is paid
        #[arg(short, long)]
        yes: bool,
    },
    /// Take that back
    Revoke,
    /// Show the gateway's key for the account, and whether it may publish
    Show,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    delegate: Delegate,
    transaction: Option<String>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    let gateway = context.gateway()?;
    let signer = context.signer()?;
    let account = address(&signer);
    let before = gateway.delegate(&account).await.map_err(sdk)?;
    let included = match command {
        Command::Show => None,
        Command::Authorise { fund, yes } => {
            let fund = u128::from(fund).saturating_mul(PLANCKS);
            output::note(
                context.json,
                &format!(
                    "{} at {} publishes for {account}\n  it gets {} for fees; the chain holds a small deposit",
                    before.delegate,
                    gateway.host(),
                    amount(fund)
                ),
            );
            if !yes {
                context.confirm("Authorise?")?;
            }
            let chain = context.chain().await?;
            let new = !before.authorised;
            let sent = chain.authorise_gateway(&signer, &before.delegate, new, fund, Wait::InBlock).await;
            Some(sent.map_err(sdk)?)
        }
        Command::Revoke if before.authorised => {
            let chain = context.chain().await?;
            Some(chain.revoke_gateway(&signer, &before.delegate, Wait::InBlock).await.map_err(sdk)?)
        }
        Command::Revoke => None,
    };
    let delegate = match &included {
        Some(_) => gateway.delegate(&account).await.map_err(sdk)?,
        None => before,
    };
    let report = Report { delegate, transaction: included.map(|included| included.transaction) };
    output::result(context.json, &report, || describe(&report.delegate))
}

fn describe(delegate: &Delegate) -> String {
    let may = if delegate.authorised { "may publish" } else { "may not publish" };
    format!(
        "{} {may} for {}, and has {} for fees",
        delegate.delegate,
        delegate.account,
        amount(delegate.balance())
    )
}
