//! `stoa vote`: referenda, and votes on them.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, ValueEnum};
use serde::Serialize;
use stoa_sdk::{
    chain::{
        Wait, amount,
        governance::{Ballot, MAX_CONVICTION, Referendum, Side, Voted},
    },
    units::parse_amount,
};

/// How many of the newest referenda are looked at for those that are ongoing.
const LOOKED_AT: u32 = 200;

/// What to vote on.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The referendum's number [default: show those that are ongoing]
    referendum: Option<u32>,
    /// What to vote; `withdraw` takes the vote back [default: show the referendum]
    vote: Option<Choice>,
    /// How much votes, in STOA; it stays yours, and is locked as the conviction says
    #[arg(long, value_parser = parse_amount, value_name = "STOA")]
    amount: Option<u128>,
    /// From 0 (a tenth of the amount, no lock) to 6 (six times the amount, and the longest lock after the referendum)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=i64::from(MAX_CONVICTION)))]
    conviction: u8,
    /// Don't ask before it is sent
    #[arg(short, long)]
    yes: bool,
    /// Don't wait until the chain can't undo it any more
    #[arg(long)]
    no_finality: bool,
}

/// What to vote.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Choice {
    /// For the proposal
    Aye,
    /// Against it
    Nay,
    /// For neither, but so that it is decided
    Abstain,
    /// Take the vote back
    Withdraw,
}

#[derive(Serialize)]
struct List {
    referenda: Vec<Referendum>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    referendum: Referendum,
    vote: Option<Ballot>,
}

#[derive(Serialize)]
struct Cast {
    referendum: u32,
    vote: Ballot,
    #[serde(flatten)]
    voted: Voted,
}

#[derive(Serialize)]
struct Withdrawn {
    referendum: u32,
    withdrawn: bool,
    #[serde(flatten)]
    included: stoa_sdk::chain::Included,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let Some(index) = arguments.referendum else { return list(context).await };
    let Some(choice) = arguments.vote else { return show(index, context).await };
    let wait = if arguments.no_finality { Wait::InBlock } else { Wait::Finalized };
    let ballot = match choice {
        Choice::Aye => Some(Side::Aye),
        Choice::Nay => Some(Side::Nay),
        Choice::Abstain => Some(Side::Abstain),
        Choice::Withdraw => None,
    }
    .map(|side| {
        let amount = arguments.amount.filter(|amount| *amount > 0);
        let amount = amount.ok_or_else(|| CliError::Usage("say with --amount how much votes".into()))?;
        let conviction = if side == Side::Abstain { 0 } else { arguments.conviction };
        Ok::<_, CliError>(Ballot { side, amount, conviction })
    })
    .transpose()?;

    let signer = context.signer()?;
    let chain = context.chain().await?;
    let referendum = ongoing(&chain.state().await.map_err(sdk)?, index).await?;
    output::note(context.json, &describe(&referendum));
    if !arguments.yes {
        context.confirm(match choice {
            Choice::Withdraw => "Take the vote back?",
            _ => "Vote?",
        })?;
    }
    let Some(ballot) = ballot else {
        let track = referendum.ongoing.map(|ongoing| ongoing.track).unwrap_or_default();
        let included = chain.remove_vote(&signer, track, index, wait).await.map_err(sdk)?;
        let withdrawn = Withdrawn { referendum: index, withdrawn: true, included };
        return output::result(context.json, &withdrawn, || {
            format!("the vote on referendum {index} is taken back")
        });
    };
    let voted = chain.vote(&signer, index, ballot, wait).await.map_err(sdk)?;
    let cast = Cast { referendum: index, vote: ballot, voted };
    output::result(context.json, &cast, || {
        let fee = if cast.voted.free { ", without a fee" } else { "" };
        format!("voted {} on referendum {index}{fee}", ballot_text(&ballot))
    })
}

async fn list(context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let list = List { referenda: state.ongoing_referenda(LOOKED_AT).await.map_err(sdk)? };
    output::result(context.json, &list, || match list.referenda.as_slice() {
        [] => "no referendum is ongoing".into(),
        referenda => referenda.iter().map(describe).collect::<Vec<_>>().join("\n"),
    })
}

async fn show(index: u32, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let referendum = found(&state, index).await?;
    let voter = context.address().ok();
    let vote = match (&referendum.ongoing, voter) {
        (Some(ongoing), Some(voter)) => state.ballot(&voter, ongoing.track, index).await.map_err(sdk)?,
        _ => None,
    };
    let shown = Shown { referendum, vote };
    output::result(context.json, &shown, || {
        let own = shown.vote.map(|ballot| format!("\n  own vote   {}", ballot_text(&ballot)));
        describe(&shown.referendum) + &own.unwrap_or_default()
    })
}

async fn found(state: &stoa_sdk::chain::ChainState, index: u32) -> Result<Referendum, CliError> {
    let found = state.referendum(index).await.map_err(sdk)?;
    found.ok_or_else(|| CliError::NotFound(format!("there is no referendum {index} on this chain")))
}

async fn ongoing(state: &stoa_sdk::chain::ChainState, index: u32) -> Result<Referendum, CliError> {
    let referendum = found(state, index).await?;
    if !referendum.stage.is_ongoing() {
        return Err(CliError::Denied(format!("referendum {index} is over: no votes are taken")));
    }
    Ok(referendum)
}

fn stage(referendum: &Referendum) -> String {
    serde_json::to_value(referendum.stage)
        .ok()
        .and_then(|word| Some(word.as_str()?.to_owned()))
        .unwrap_or_default()
}

fn describe(referendum: &Referendum) -> String {
    let mut lines = vec![format!("referendum {}: {}", referendum.index, stage(referendum))];
    if let Some(ongoing) = &referendum.ongoing {
        lines.push(format!("  track      {} ({})", output::clean(&ongoing.track_name), ongoing.track));
        lines.push(format!("  ayes       {}", amount(ongoing.ayes)));
        lines.push(format!("  nays       {}", amount(ongoing.nays)));
        lines.push(format!("  support    {}", amount(ongoing.support)));
        if !ongoing.decision_deposit {
            lines.push("  nobody has put down its decision deposit yet".into());
        }
    }
    lines.join("\n")
}

fn ballot_text(ballot: &Ballot) -> String {
    let amount = amount(ballot.amount);
    match ballot.side {
        Side::Aye => format!("aye with {amount}, conviction {}", ballot.conviction),
        Side::Nay => format!("nay with {amount}, conviction {}", ballot.conviction),
        Side::Abstain => format!("abstain with {amount}"),
        Side::Split => format!("several sides with {amount}"),
    }
}
