//! `stoa buy` and `stoa gift`: licences, with the key where one is sold.

use crate::{
    context::Context,
    deal::{Bill, Charge, Deal, Signing, asset},
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use std::time::Duration;
use stoa_sdk::{
    chain::{
        Asset, ChainState, Included, amount,
        market::{self, Deposit, Listing, Money},
        parse_amount,
    },
    content_keys::ContentKeys,
    keys::AccountId32,
    names::AssetName,
    private::{PrivateError, find_key},
    shares::parse_account,
};

/// How often it is looked for a key.
const LOOK: Duration = Duration::from_secs(1);

/// What to buy.
#[derive(Args, Debug)]
pub(crate) struct Buy {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// The listing [default: the only one that can be bought]
    #[arg(long, value_name = "NUMBER")]
    listing: Option<u64>,
    /// Pay at most this much [default: what the listing says now]
    #[arg(long, value_name = "STOA", value_parser = parse_amount)]
    max_price: Option<u128>,
    /// Wait until the key has been delivered, where one is sold
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    signing: Signing,
}

/// What to give.
#[derive(Args, Debug)]
pub(crate) struct Gift {
    /// The asset
    #[arg(value_name = "OWNER/NAME")]
    asset: AssetName,
    /// Who gets the licence
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    to: AccountId32,
    /// Their one-time key, which `stoa licences reader` makes for them, where a key is sold
    #[arg(long, value_name = "HEX", value_parser = parse_reader)]
    reader: Option<[u8; 32]>,
    /// The listing [default: the only one that can be bought]
    #[arg(long, value_name = "NUMBER")]
    listing: Option<u64>,
    /// Pay at most this much [default: what the listing says now]
    #[arg(long, value_name = "STOA", value_parser = parse_amount)]
    max_price: Option<u128>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Serialize)]
struct Bought {
    asset: String,
    licence: u64,
    holder: String,
    listing: u64,
    #[serde(serialize_with = "crate::deal::plancks")]
    price: u128,
    /// Whether the key has come, where one is sold.
    key: Option<bool>,
    #[serde(flatten)]
    bill: Bill,
    #[serde(flatten)]
    included: Included,
}

/// A public key in hex, with `0x` or without.
fn parse_reader(text: &str) -> Result<[u8; 32], String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let key = parse_account(&format!("0x{digits}")).map(|bytes| bytes.0);
    key.map_err(|_| format!("`{text}` isn't a key of 64 hexadecimal digits"))
}

pub(crate) async fn buy(arguments: Buy, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let listing = choose(&state, &found, arguments.listing).await?;
    let keys = ContentKeys::of(&context.keystore()?);
    let guard = guard(&listing, arguments.max_price)?;
    let sealed = listing.offer.sealed;
    let fee = deal.fee(&market::buy(&listing, guard, sealed.then_some([9; 32]))).await?;
    let bill =
        agree(&deal, &state, &listing, &format!("Buying {}: {}", found.name, listing.offer), fee).await?;
    // Kept before anybody hears of its public key, so that what was paid for can always be opened.
    let secret = if sealed { Some(keys.new_reader(&found.name).map_err(sdk)?) } else { None };
    let call = market::buy(&listing, guard, secret.as_ref().map(|secret| secret.public()));
    let (included, events) = deal.send(&call).await?;
    let licence = market::sold(&events).map_err(sdk)?;
    let key = match (&secret, arguments.wait) {
        (None, _) => None,
        (Some(_), false) => Some(false),
        (Some(_), true) => Some(await_key(&deal, &keys, &found, licence).await?),
    };
    let bought = Bought {
        asset: found.name.to_string(),
        licence,
        holder: deal.account.to_string(),
        listing: listing.id,
        price: listing.offer.price,
        key,
        bill,
        included,
    };
    output::result(context.json, &bought, || {
        let more = match key {
            None => String::new(),
            Some(true) => "; its key is here: read it with `stoa get`".to_owned(),
            Some(false) => {
                "; the price is held until the seller delivers the key, and comes back when none comes"
                    .to_owned()
            }
        };
        format!("{} is licensed to {} as licence {licence}{more}", bought.asset, bought.holder)
    })
}

pub(crate) async fn gift(arguments: Gift, context: &Context) -> Result<(), CliError> {
    let deal = Deal::open(context, &arguments.signing).await?;
    let state = deal.state().await?;
    let found = asset(&state, &arguments.asset).await?;
    let listing = choose(&state, &found, arguments.listing).await?;
    let reader = match (listing.offer.sealed, arguments.reader) {
        (true, None) => {
            return Err(CliError::Usage(
                "this is sold with a key: have the receiver run `stoa licences reader`, and give its output as --reader".into(),
            ));
        }
        (false, Some(_)) => {
            return Err(CliError::Usage("this is sold without a key: leave --reader out".into()));
        }
        (_, reader) => reader,
    };
    let call = market::gift(arguments.to, &listing, guard(&listing, arguments.max_price)?, reader);
    let title = format!("Giving {} to {}: {}", found.name, arguments.to, listing.offer);
    let bill = agree(&deal, &state, &listing, &title, deal.fee(&call).await?).await?;
    let (included, events) = deal.send(&call).await?;
    let licence = market::sold(&events).map_err(sdk)?;
    let bought = Bought {
        asset: found.name.to_string(),
        licence,
        holder: arguments.to.to_string(),
        listing: listing.id,
        price: listing.offer.price,
        key: reader.map(|_| false),
        bill,
        included,
    };
    output::result(context.json, &bought, || {
        format!("{} is licensed to {} as licence {licence}", bought.asset, bought.holder)
    })
}

async fn agree(
    deal: &Deal<'_>,
    state: &ChainState,
    listing: &Listing,
    title: &str,
    fee: u128,
) -> Result<Bill, CliError> {
    let deposit = state.market_deposit(Deposit::Licence).await.map_err(sdk)?;
    let charge = Charge::fee("licence", fee).price(listing.offer.price).deposit(deposit);
    if listing.offer.sealed {
        let terms = state.key_terms().await.map_err(sdk)?;
        output::note(
            deal.context.json,
            &format!(
                "The key must be delivered within {} blocks, or the price comes back. A wrong one can be disputed for {} blocks after that; a false dispute costs {}.",
                terms.delivery,
                terms.dispute,
                amount(terms.forfeit)
            ),
        );
    }
    deal.agree(title, vec![charge]).await
}

/// The listing that was named, or the only one on sale.
async fn choose(state: &ChainState, found: &Asset, named: Option<u64>) -> Result<Listing, CliError> {
    let mut listings = state.listings(found.id).await.map_err(sdk)?;
    if let Some(named) = named {
        let listing = listings.into_iter().find(|listing| listing.id == named);
        return listing.ok_or_else(|| CliError::NotFound(format!("{} has no listing {named}", found.name)));
    }
    listings.retain(|listing| listing.on_sale && listing.offer.terms != market::LicenceTerms::PerJob);
    match listings.len() {
        0 => Err(CliError::NotFound(format!("{} isn't on sale", found.name))),
        1 => Ok(listings.swap_remove(0)),
        _ => {
            let lines: Vec<_> =
                listings.iter().map(|listing| format!("{}: {}", listing.id, listing.offer)).collect();
            Err(CliError::Usage(format!(
                "{} is on sale in several ways; choose one with --listing:\n{}",
                found.name,
                lines.join("\n")
            )))
        }
    }
}

fn guard(listing: &Listing, max_price: Option<u128>) -> Result<u128, CliError> {
    let price = listing.offer.price;
    match max_price {
        Some(most) if price > most => Err(CliError::TooDear { price, most }),
        Some(most) => Ok(most),
        None => Ok(price),
    }
}

/// Waits for a licence's key, and opens it.
async fn await_key(
    deal: &Deal<'_>,
    keys: &ContentKeys,
    found: &Asset,
    licence: u64,
) -> Result<bool, CliError> {
    output::note(deal.context.json, "waiting for the seller to deliver the key");
    loop {
        let state = deal.state().await?;
        let Some(held) = state.licence(licence).await.map_err(sdk)? else {
            return Err(CliError::NotFound(format!("licence {licence} is gone: its price came back")));
        };
        match held.money {
            Money::AwaitsKey(deadline) if state.block() > u64::from(deadline) => {
                return Err(CliError::NotDelivered(licence));
            }
            Money::AwaitsKey(_) => tokio::time::sleep(LOOK).await,
            _ => {
                let Some(commit) = held.revision else { return Ok(false) };
                let Some(revision) = state.revision(commit).await.map_err(sdk)? else { return Ok(false) };
                let key = find_key(&state, keys, Some(&deal.account), &found.name, &revision).await;
                return key.map(|key| key.is_some()).map_err(|error: PrivateError| sdk(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_64_hexadecimal_digits() {
        assert_eq!(parse_reader(&"0a".repeat(32)), Ok([10; 32]));
        assert_eq!(parse_reader(&format!("0x{}", "0a".repeat(32))), Ok([10; 32]));
        for bad in [
            "",
            "0x",
            &"0a".repeat(31),
            &"0a".repeat(33),
            &"zz".repeat(32),
            &"é".repeat(32),
            &"+1".repeat(32),
        ] {
            assert!(parse_reader(bad).is_err(), "{bad}");
        }
    }
}
