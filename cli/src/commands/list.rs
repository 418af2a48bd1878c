//! `stoa list`: what is on sale, and putting it there.

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
        market::{self, Deposit, LicenceTerms, Listing, Offer},
        parse_amount,
    },
    names::AssetAt,
    primitives::registry::Visibility,
};

/// What to list.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset, and the only revision that is sold, where it is one
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    asset: String,
    /// Put it on sale for this many STOA; without a price, what is on sale is shown
    #[arg(long, value_name = "STOA", value_parser = parse_amount)]
    price: Option<u128>,
    /// Sell it for so many blocks [default: for ever]
    #[arg(long, value_name = "BLOCKS", conflicts_with = "per_job", requires = "price")]
    blocks: Option<u32>,
    /// Charge each compute job that uses it
    #[arg(long, requires = "price")]
    per_job: bool,
    /// Sell it so many times [default: without end]
    #[arg(long, value_name = "NUMBER", requires = "price")]
    supply: Option<u32>,
    /// Let buyers return it for so many blocks
    #[arg(long, value_name = "BLOCKS", default_value_t = 0, requires = "price")]
    refund: u32,
    /// May be revoked, with so many blocks' notice [default: never]
    #[arg(long, value_name = "BLOCKS", requires = "price")]
    notice: Option<u32>,
    /// The last block in which it is sold
    #[arg(long, value_name = "BLOCK", requires = "price")]
    until: Option<u32>,
    /// Change price, supply and end of this listing instead of making another
    #[arg(long, value_name = "LISTING", requires = "price", conflicts_with_all = ["blocks", "per_job", "refund", "notice"])]
    change: Option<u64>,
    /// Take this listing off sale
    #[arg(long, value_name = "LISTING", conflicts_with = "price")]
    remove: Option<u64>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Shown {
    asset: String,
    listings: Vec<Listing>,
}

#[derive(Serialize)]
struct Done {
    asset: String,
    listing: u64,
    offer: Option<Offer>,
    #[serde(flatten)]
    bill: Bill,
    #[serde(flatten)]
    included: Included,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let named = arguments.asset.contains('@');
    let at: AssetAt = arguments.asset.parse().map_err(sdk::<stoa_sdk::names::NameParseError>)?;
    match (arguments.remove, arguments.change, arguments.price) {
        (Some(listing), _, _) => remove(&at, listing, &arguments, context).await,
        (None, Some(listing), Some(price)) => change(&at, listing, price, &arguments, context).await,
        (None, _, Some(price)) => list(&at, named, price, &arguments, context).await,
        (None, _, None) => show(&at, context).await,
    }
}

async fn show(at: &AssetAt, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = asset(&state, &at.asset).await?;
    let listings = state.listings(found.id).await.map_err(sdk)?;
    let shown = Shown { asset: found.name.to_string(), listings };
    output::result(context.json, &shown, || {
        let mut lines: Vec<_> = shown.listings.iter().map(line).collect();
        if lines.is_empty() {
            lines.push(format!("{} isn't on sale", shown.asset));
        }
        lines.join("\n")
    })
}

fn line(listing: &Listing) -> String {
    let state = if listing.on_sale { "" } else { "  (can't be bought now)" };
    format!("listing {}: {}{state}\n  by {}", listing.id, listing.offer, listing.seller)
}

async fn list(
    at: &AssetAt,
    named: bool,
    price: u128,
    arguments: &Arguments,
    context: &Context,
) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &at.asset).await?;
    // A key belongs to one revision, so what is sold with a key is the newest when none was named.
    let sealed = found.visibility == Visibility::Private || {
        let head = state.resolve(&at.asset, &at.reference).await.map_err(sdk)?;
        match head {
            Some(head) => state.commitment(found.id, head.commit).await.map_err(sdk)?.is_some(),
            None => false,
        }
    };
    let sealed = sealed && !arguments.per_job;
    let revision = if named || sealed { Some(context.revision(&state, at).await?.commit) } else { None };
    let terms = match (arguments.blocks, arguments.per_job) {
        (Some(blocks), _) => LicenceTerms::Blocks(blocks),
        (None, true) => LicenceTerms::PerJob,
        (None, false) => LicenceTerms::Perpetual,
    };
    let offer = Offer {
        terms,
        price,
        supply: arguments.supply,
        revision,
        sealed,
        refund: arguments.refund,
        notice: arguments.notice,
        until: arguments.until,
    };
    let call = market::list(found.id, offer);
    let deposit = state.market_deposit(Deposit::Listing).await.map_err(sdk)?;
    let costs = vec![Charge::fee("listing", deal.fee(&call).await?).deposit(deposit)];
    let bill = deal.agree(&format!("Putting {} on sale: {offer}", found.name), costs).await?;
    let (included, events) = deal.send(&call).await?;
    let listing = market::listed(&events).map_err(sdk)?;
    let done = Done { asset: found.name.to_string(), listing, offer: Some(offer), bill, included };
    output::result(context.json, &done, || {
        format!("{} is on sale as listing {listing} for {}", done.asset, amount(price))
    })
}

async fn change(
    at: &AssetAt,
    listing: u64,
    price: u128,
    arguments: &Arguments,
    context: &Context,
) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let found = listing_of(&deal, at, listing).await?;
    let offer = Offer { price, supply: arguments.supply, until: arguments.until, ..found.offer };
    let call = market::update_listing(listing, price, arguments.supply, arguments.until);
    let costs = vec![Charge::fee("change", deal.fee(&call).await?)];
    let bill = deal.agree(&format!("Changing listing {listing} to: {offer}"), costs).await?;
    let (included, _) = deal.send(&call).await?;
    let done = Done { asset: at.asset.to_string(), listing, offer: Some(offer), bill, included };
    output::result(context.json, &done, || format!("listing {listing} is now: {offer}"))
}

async fn remove(
    at: &AssetAt,
    listing: u64,
    arguments: &Arguments,
    context: &Context,
) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    listing_of(&deal, at, listing).await?;
    let call = market::unlist(listing);
    let costs = vec![Charge::fee("removal", deal.fee(&call).await?)];
    let bill = deal.agree(&format!("Taking listing {listing} of {} off sale", at.asset), costs).await?;
    let (included, _) = deal.send(&call).await?;
    let done = Done { asset: at.asset.to_string(), listing, offer: None, bill, included };
    output::result(context.json, &done, || format!("listing {listing} is gone; what was sold stays as it is"))
}

/// A listing, which must be the asset's.
async fn listing_of(deal: &Deal<'_>, at: &AssetAt, listing: u64) -> Result<Listing, CliError> {
    let state = deal.state().await?;
    let found = asset(&state, &at.asset).await?;
    let listed = state.listing(listing).await.map_err(sdk)?;
    listed
        .filter(|listed| listed.asset == found.id)
        .ok_or_else(|| CliError::NotFound(format!("{} has no listing {listing}", at.asset)))
}
