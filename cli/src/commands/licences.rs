//! `stoa licences`: what an account bought or was given, and what can be done about it.

use crate::{
    context::Context,
    deal::{Bill, Charge, Deal, Signing},
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use stoa_sdk::{
    chain::{
        ChainState, Included, Payload, amount,
        market::{self, Licence, Money, Verdict},
    },
    content_keys::ContentKeys,
    keys::AccountId32,
    names::AssetName,
    private::delivered,
    shares::parse_account,
};

/// What to show or do.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Whose licences to show [default: the account's own]
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    of: Option<AccountId32>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// A licence and how to sign.
#[derive(Args, Debug)]
struct One {
    /// The licence's number
    licence: u64,
    #[command(flatten)]
    signing: Signing,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Give a licence back for its price, while its terms let you
    Return(One),
    /// End a licence that you sold or gave, by its terms
    Revoke(One),
    /// Have a price that can't come back any more paid to the asset's holders
    Settle(One),
    /// Get the price back of a licence whose key wasn't delivered in time
    Refund(One),
    /// Say that a delivered key is wrong; the chain opens it, and you pay when it is right
    Dispute {
        #[command(flatten)]
        one: One,
        /// Even though the key is the right one
        #[arg(long)]
        all_the_same: bool,
    },
    /// Remove a licence of yours, or one that is over, and return its deposit
    Remove(One),
    /// Make a one-time key, for somebody who gives you a licence
    Reader {
        /// The asset that you will be given
        #[arg(value_name = "OWNER/NAME")]
        asset: AssetName,
    },
}

#[derive(Serialize)]
struct Shown {
    account: String,
    block: u64,
    licences: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    asset_name: String,
    #[serde(flatten)]
    licence: Licence,
}

#[derive(Serialize)]
struct Done {
    licence: u64,
    done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(flatten)]
    bill: Bill,
    #[serde(flatten)]
    included: Included,
}

#[derive(Serialize)]
struct Reader {
    reader: String,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    match arguments.command {
        None => show(arguments.of, context).await,
        Some(Command::Return(one)) => {
            let call = market::return_licence(one.licence);
            act(&one, "returned", "Giving back", call, context).await
        }
        Some(Command::Revoke(one)) => {
            let call = market::revoke(one.licence);
            act(&one, "revoked", "Revoking", call, context).await
        }
        Some(Command::Settle(one)) => {
            let call = market::settle(one.licence);
            act(&one, "settled", "Settling", call, context).await
        }
        Some(Command::Refund(one)) => {
            let call = market::refund(one.licence);
            act(&one, "refunded", "Having refunded", call, context).await
        }
        Some(Command::Remove(one)) => {
            let call = market::remove_licence(one.licence);
            act(&one, "removed", "Removing", call, context).await
        }
        Some(Command::Dispute { one, all_the_same }) => dispute(&one, all_the_same, context).await,
        Some(Command::Reader { asset }) => {
            let secret = ContentKeys::of(&context.keystore()?).new_reader(&asset).map_err(sdk)?;
            let reader =
                Reader { reader: secret.public().iter().map(|byte| format!("{byte:02x}")).collect() };
            output::result(context.json, &reader, || reader.reader.clone())
        }
    }
}

async fn show(of: Option<AccountId32>, context: &Context) -> Result<(), CliError> {
    let account = match of {
        Some(account) => account,
        None => context.address()?,
    };
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let mut licences = Vec::new();
    for licence in state.licences(&account).await.map_err(sdk)? {
        let asset = state.asset_by_id(licence.asset).await.map_err(sdk)?;
        let asset_name =
            asset.map_or_else(|| format!("asset {}", licence.asset.0), |asset| asset.name.to_string());
        licences.push(Named { asset_name, licence });
    }
    let shown = Shown { account: account.to_string(), block: state.block(), licences };
    output::result(context.json, &shown, || match shown.licences.as_slice() {
        [] => format!("{} holds no licences", shown.account),
        licences => licences.iter().map(line).collect::<Vec<_>>().join("\n"),
    })
}

fn line(named: &Named) -> String {
    let Named { asset_name, licence } = named;
    let how = match licence.listing {
        Some(_) => format!("bought for {}, {}", amount(licence.price), licence.money),
        None => "given".to_owned(),
    };
    let until = licence.until.map(|until| format!(", until block {until}")).unwrap_or_default();
    let live = if licence.live { "" } else { "  (doesn't count now)" };
    format!("licence {}: {asset_name}, {how}{until}{live}", licence.id)
}

async fn act(
    one: &One,
    done: &'static str,
    doing: &str,
    call: impl Payload,
    context: &Context,
) -> Result<(), CliError> {
    let deal = Deal::open(context, &one.signing).await?;
    let state = deal.state().await?;
    let title = format!("{doing} {}", title(&state, one.licence).await?);
    let bill = deal.agree(&title, vec![Charge::fee("transaction", deal.fee(&call).await?)]).await?;
    let (included, _) = deal.send(&call).await?;
    let report = Done { licence: one.licence, done, verdict: None, bill, included };
    output::result(context.json, &report, || format!("licence {} is {done}", one.licence))
}

async fn title(state: &ChainState, licence: u64) -> Result<String, CliError> {
    let found = licence_of(state, licence).await?;
    let asset = state.asset_by_id(found.asset).await.map_err(sdk)?;
    let name = asset.map_or_else(|| format!("asset {}", found.asset.0), |asset| asset.name.to_string());
    Ok(format!("licence {licence} of {name}, {}, {}", amount(found.price), found.money))
}

async fn licence_of(state: &ChainState, licence: u64) -> Result<Licence, CliError> {
    let found = state.licence(licence).await.map_err(sdk)?;
    found.ok_or_else(|| CliError::NotFound(format!("there is no licence {licence}")))
}

async fn dispute(one: &One, all_the_same: bool, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &one.signing).await?;
    let state = deal.state().await?;
    let found = licence_of(&state, one.licence).await?;
    let keys = ContentKeys::of(&context.keystore()?);
    let missing =
        || CliError::NotFound(format!("no one-time secret of licence {} is kept here", one.licence));
    let Money::Disputable(_) = found.money else {
        return Err(CliError::Usage(format!("licence {} can't be disputed: {}", one.licence, found.money)));
    };
    let sale = found.key.ok_or_else(missing)?;
    let secret = keys.reader(&sale.reader).map_err(sdk)?.ok_or_else(missing)?;
    let terms = state.key_terms().await.map_err(sdk)?;
    let good = matches!(delivered(&keys, &found).map_err(sdk)?, Some(Ok(_)));
    if good && !all_the_same {
        return Err(CliError::GoodKey { licence: one.licence, forfeit: terms.forfeit });
    }
    let call = market::dispute(one.licence, *secret.bytes());
    // The forfeit is taken first and given back when the key is wrong.
    let costs = vec![Charge::fee("dispute", deal.fee(&call).await?).price(terms.forfeit)];
    let title = format!("Disputing the key of {}", title(&state, one.licence).await?);
    let bill = deal.agree(&title, costs).await?;
    let (included, events) = deal.send(&call).await?;
    let verdict = market::verdict(&events).map_err(sdk)?;
    let report = Done { licence: one.licence, done: "disputed", verdict: Some(verdict), bill, included };
    output::result(context.json, &report, || match verdict {
        Verdict::Refunded { amount: back } => format!("the key was wrong: {} came back", amount(back)),
        Verdict::Forfeited { amount: lost } => format!("the key was right: {} is lost", amount(lost)),
    })
}
