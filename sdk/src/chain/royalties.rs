//! Shares, links between assets, and what they earn: calls and reads.

use super::{
    ChainError,
    client::{ChainState, api},
    types::{asset_id, plancks},
};
use serde::{Serialize, Serializer};
use std::{collections::BTreeMap, fmt, str::FromStr};
use stoa_primitives::registry::AssetId;
use subxt::{tx::Payload, utils::AccountId32};

use api::runtime_types::{
    bounded_collections::bounded_vec::BoundedVec,
    pallet_royalties::{pallet::Call, types as raw},
    stoa_runtime::RuntimeCall,
};

/// Shares of an asset, and parts of a payment: a share is one millionth of what the asset earns.
pub const WHOLE: u32 = 1_000_000;
/// Most accounts in one [`load_shares`].
pub const MAX_BATCH: usize = 256;
/// Most entries of a page.
pub const PAGE: u32 = 256;
/// Parts in a percent.
const PERCENT: u32 = WHOLE / 100;
/// Most descendants that are looked at for what they owe.
const MAX_DESCENDANTS: usize = 256;

/// Millionths of a payment, written as a percentage with up to four decimals.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Parts(pub u32);

impl fmt::Display for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:04}", self.0 % PERCENT);
        match decimals.trim_end_matches('0') {
            "" => write!(formatter, "{} %", self.0 / PERCENT),
            decimals => write!(formatter, "{}.{decimals} %", self.0 / PERCENT),
        }
    }
}

impl FromStr for Parts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` isn't a percentage from 0 to 100 with at most four decimals");
        let digits = text.trim().trim_end_matches('%').trim_end();
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 4 {
            return Err(bad());
        }
        let whole: u32 = whole.parse().map_err(|_| bad())?;
        let decimals: u32 = format!("{decimals:0<4}").parse().map_err(|_| bad())?;
        let parts = whole.checked_mul(PERCENT).and_then(|parts| parts.checked_add(decimals));
        parts.filter(|parts| *parts <= WHOLE).map(Self).ok_or_else(bad)
    }
}

impl Serialize for Parts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

/// What a child owes for building on a parent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "millionths")]
pub enum Terms {
    /// This part of every outside payment to the child and to every descendant of it.
    Absolute(Parts),
    /// This part of what the child receives, after absolute terms.
    Relative(Parts),
}

impl fmt::Display for Terms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(parts) => write!(formatter, "{parts} of every sale (absolute)"),
            Self::Relative(parts) => write!(formatter, "{parts} of what comes in (relative)"),
        }
    }
}

impl From<Terms> for raw::Terms {
    fn from(terms: Terms) -> Self {
        match terms {
            Terms::Absolute(parts) => Self::Absolute(raw::Parts(parts.0)),
            Terms::Relative(parts) => Self::Relative(raw::Parts(parts.0)),
        }
    }
}

impl From<raw::Terms> for Terms {
    fn from(terms: raw::Terms) -> Self {
        match terms {
            raw::Terms::Absolute(parts) => Self::Absolute(Parts(parts.0)),
            raw::Terms::Relative(parts) => Self::Relative(Parts(parts.0)),
        }
    }
}

/// What an asset earned. Amounts are in plancks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Vault {
    /// It can be paid, sold and linked to.
    pub open: bool,
    /// What it ever received from payers.
    #[serde(serialize_with = "plancks")]
    pub outside: u128,
    /// What it ever received from descendants.
    #[serde(serialize_with = "plancks")]
    pub downstream: u128,
    /// What it ever handed to ancestors.
    #[serde(serialize_with = "plancks")]
    pub forwarded: u128,
    /// What its holders ever claimed.
    #[serde(serialize_with = "plancks")]
    pub claimed: u128,
    /// What ancestors could be handed now.
    #[serde(serialize_with = "plancks")]
    pub due_upstream: u128,
    /// What holders could claim now.
    #[serde(serialize_with = "plancks")]
    pub due_holders: u128,
    /// What is in it.
    #[serde(serialize_with = "plancks")]
    pub balance: u128,
    /// All that it owes ancestors by absolute terms.
    pub absolute: Parts,
    /// All that it owes ancestors by relative terms.
    pub relative: Parts,
    /// How many shares have a holder.
    pub loaded: u32,
    /// How many holders it has.
    pub holders: u32,
    /// The least that its owner asks of those who link to it.
    pub offer: Option<Terms>,
}

/// An asset that another owes something.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Ancestor {
    /// The ancestor.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// What it is owed.
    pub terms: Terms,
    /// What it was ever handed, in plancks.
    #[serde(serialize_with = "plancks")]
    pub forwarded: u128,
    /// What it could be handed now, in plancks.
    #[serde(serialize_with = "plancks")]
    pub due: u128,
}

/// What an asset was built on.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Upstream {
    /// Its parents by number, with the terms they were linked by.
    #[serde(serialize_with = "links")]
    pub parents: Vec<(AssetId, Terms)>,
    /// All ancestors that it owes something.
    pub stack: Vec<Ancestor>,
}

/// Somebody's shares.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Holding {
    /// The asset.
    #[serde(serialize_with = "asset_id")]
    pub asset: AssetId,
    /// The holder.
    pub account: AccountId32,
    /// How many shares, of a million.
    pub shares: u32,
    /// How many of them can't be transferred for now.
    pub locked: u32,
    /// What the holder could claim now, in plancks.
    #[serde(serialize_with = "plancks")]
    pub due: u128,
}

/// What a deposit is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deposit {
    /// An asset's vault.
    Vault,
    /// A holder of shares.
    Holder,
    /// An approval.
    Approval,
    /// An ancestor of an asset that opens.
    Ancestor,
}

/// Sets how many of the asset's million shares accounts hold, before it is open; at most [`MAX_BATCH`] of them.
pub fn load_shares(asset: AssetId, shares: &[(AccountId32, u32)]) -> impl Payload + use<> {
    api::transactions().royalties().load_shares(asset.into(), BoundedVec(shares.to_vec()))
}

/// Links an asset that isn't open to one that it was built on.
pub fn link_parent(
    asset: AssetId,
    parent: AssetId,
    terms: Terms,
    max_upstream: Parts,
) -> impl Payload + use<> {
    let calls = api::transactions().royalties();
    calls.link_parent(asset.into(), parent.into(), terms.into(), raw::Parts(max_upstream.0))
}

/// Removes a link from an asset that isn't open.
pub fn unlink_parent(asset: AssetId, parent: AssetId) -> impl Payload + use<> {
    api::transactions().royalties().unlink_parent(asset.into(), parent.into())
}

/// Says the least that those who link to an asset owe from now on.
pub fn set_offer(asset: AssetId, offer: Option<Terms>) -> impl Payload + use<> {
    api::transactions().royalties().set_offer(asset.into(), offer.map(Into::into))
}

/// Opens an asset for ever; shares without a holder go to `rest`.
pub fn open(asset: AssetId, rest: Option<AccountId32>) -> impl Payload + use<> {
    api::transactions().royalties().open(asset.into(), rest)
}

/// Gives shares of an open asset away.
pub fn transfer_shares(asset: AssetId, to: AccountId32, shares: u32) -> impl Payload + use<> {
    api::transactions().royalties().transfer_shares(asset.into(), to, shares)
}

/// Pays an asset.
pub fn pay(asset: AssetId, amount: u128, memo: [u8; 32]) -> impl Payload + use<> {
    api::transactions().royalties().pay(asset.into(), amount, memo)
}

/// Hands ancestors what these assets owe them, in this order, and then pays holders what their shares earned. What
/// can't be done is passed over.
pub fn pay_out(distribute: &[AssetId], claims: &[(AssetId, AccountId32)]) -> impl Payload + use<> {
    let distributions =
        distribute.iter().map(|asset| RuntimeCall::Royalties(Call::distribute { asset: (*asset).into() }));
    let claims = claims.iter().map(|(asset, account)| {
        RuntimeCall::Royalties(Call::claim_for { asset: (*asset).into(), account: *account })
    });
    api::transactions().utility().force_batch(distributions.chain(claims).collect())
}

/// What holders were paid by a transaction, in plancks.
pub fn claimed(events: &super::Events) -> Result<u128, ChainError> {
    let mut sum = 0_u128;
    for event in events.find::<api::royalties::events::Claimed>() {
        let event = event.map_err(|error| ChainError::Incompatible(error.to_string()))?;
        sum = sum.saturating_add(event.amount);
    }
    Ok(sum)
}

/// Calls a method of the runtime API of royalties.
macro_rules! ask {
    ($state:expr, $method:ident($($argument:expr),*)) => {
        $state.at.runtime_apis().call(api::runtime_apis().royalties_api().$method($($argument),*)).await
    };
}

impl ChainState {
    /// What an asset earned; `None` before anything was done about its shares or links.
    pub async fn vault(&self, asset: AssetId) -> Result<Option<Vault>, ChainError> {
        Ok(ask!(self, vault(asset.into()))?.map(vault))
    }

    /// What an asset was built on.
    pub async fn upstream(&self, asset: AssetId) -> Result<Upstream, ChainError> {
        Ok(ask!(self, upstream(asset.into()))?.map(upstream).unwrap_or_default())
    }

    /// The open assets that owe an ancestor something, a page of them.
    pub async fn royalty_descendants(
        &self,
        ancestor: AssetId,
        after: Option<AssetId>,
    ) -> Result<Vec<AssetId>, ChainError> {
        let page = ask!(self, descendants(ancestor.into(), after.map(Into::into), PAGE))?;
        Ok(page.into_iter().map(|found| found.asset.0).collect())
    }

    /// An account's shares of an asset.
    pub async fn holding(
        &self,
        asset: AssetId,
        account: &AccountId32,
    ) -> Result<Option<Holding>, ChainError> {
        Ok(ask!(self, holding(asset.into(), *account))?.map(holding))
    }

    /// The holders of an asset, a page of them.
    pub async fn holders(
        &self,
        asset: AssetId,
        after: Option<AccountId32>,
    ) -> Result<Vec<Holding>, ChainError> {
        Ok(ask!(self, holders(asset.into(), after, PAGE))?.into_iter().map(holding).collect())
    }

    /// All holders of an asset.
    pub async fn all_holders(&self, asset: AssetId) -> Result<Vec<Holding>, ChainError> {
        let mut all = Vec::new();
        loop {
            let page = self.holders(asset, all.last().map(|last: &Holding| last.account)).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The assets of which an account holds shares, a page of them.
    pub async fn holdings(
        &self,
        account: &AccountId32,
        after: Option<AssetId>,
    ) -> Result<Vec<Holding>, ChainError> {
        let page = ask!(self, holdings(*account, after.map(Into::into), PAGE))?;
        Ok(page.into_iter().map(holding).collect())
    }

    /// The assets that must distribute, in this order, so that all which is on its way to an asset gets there: those
    /// built on it, and those built on these, the farthest first.
    pub async fn on_the_way(&self, asset: AssetId) -> Result<Vec<AssetId>, ChainError> {
        let mut graph = BTreeMap::new();
        let mut open = vec![asset];
        while let Some(ancestor) = open.pop() {
            if graph.contains_key(&ancestor.0) {
                continue;
            }
            if graph.len() > MAX_DESCENDANTS {
                return Err(ChainError::Record(format!(
                    "asset {} has more than {MAX_DESCENDANTS} descendants: have each distribute by itself",
                    asset.0
                )));
            }
            let mut below = Vec::new();
            loop {
                let page = self.royalty_descendants(ancestor, below.last().copied()).await?;
                if page.is_empty() {
                    break;
                }
                below.extend(page);
            }
            open.extend(&below);
            graph.insert(ancestor.0, below);
        }
        let mut owing = BTreeMap::new();
        for id in graph.keys() {
            let due = self.vault(AssetId(*id)).await?.map_or(0, |vault| vault.due_upstream);
            owing.insert(*id, due > 0);
        }
        Ok(order(asset, &graph, &owing))
    }

    /// What an entry's deposit would be now.
    pub async fn royalties_deposit(&self, of: Deposit) -> Result<u128, ChainError> {
        let of = match of {
            Deposit::Vault => raw::DepositFor::Vault,
            Deposit::Holder => raw::DepositFor::Holder,
            Deposit::Approval => raw::DepositFor::Approval,
            Deposit::Ancestor => raw::DepositFor::Ancestor,
        };
        Ok(ask!(self, deposit(of))?)
    }
}

/// Descendants before their ancestors, without those through which nothing comes.
fn order(asset: AssetId, below: &BTreeMap<u64, Vec<AssetId>>, owing: &BTreeMap<u64, bool>) -> Vec<AssetId> {
    fn visit(
        at: u64,
        below: &BTreeMap<u64, Vec<AssetId>>,
        owing: &BTreeMap<u64, bool>,
        moves: &mut BTreeMap<u64, bool>,
        ordered: &mut Vec<AssetId>,
    ) -> bool {
        if let Some(known) = moves.get(&at) {
            return *known;
        }
        // A chain without cycles never comes back here; one that lies about that ends all the same.
        moves.insert(at, false);
        let mut moved = owing.get(&at).copied().unwrap_or(false);
        for child in below.get(&at).into_iter().flatten() {
            moved |= visit(child.0, below, owing, moves, ordered);
        }
        moves.insert(at, moved);
        if moved {
            ordered.push(AssetId(at));
        }
        moved
    }
    let mut ordered = Vec::new();
    let mut moves = BTreeMap::from([(asset.0, true)]);
    for child in below.get(&asset.0).into_iter().flatten() {
        visit(child.0, below, owing, &mut moves, &mut ordered);
    }
    ordered
}

fn vault(info: raw::VaultInfo) -> Vault {
    Vault {
        open: info.open,
        outside: info.outside,
        downstream: info.downstream,
        forwarded: info.forwarded,
        claimed: info.claimed,
        due_upstream: info.due_upstream,
        due_holders: info.due_holders,
        balance: info.balance,
        absolute: Parts(info.absolute.0),
        relative: Parts(info.relative.0),
        loaded: info.loaded,
        holders: info.holders,
        offer: info.offer.map(Into::into),
    }
}

fn upstream(info: raw::UpstreamInfo) -> Upstream {
    let ancestor = |entry: raw::AncestorInfo| Ancestor {
        asset: entry.asset.0,
        terms: entry.terms.into(),
        forwarded: entry.forwarded,
        due: entry.due,
    };
    Upstream {
        parents: info.parents.into_iter().map(|(asset, terms)| (asset.0, terms.into())).collect(),
        stack: info.stack.into_iter().map(ancestor).collect(),
    }
}

fn holding(info: raw::HolderInfo<AccountId32>) -> Holding {
    Holding {
        asset: info.asset.0,
        account: info.account,
        shares: info.shares,
        locked: info.locked,
        due: info.due,
    }
}

fn links<S: Serializer>(links: &[(AssetId, Terms)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Link {
        asset: u64,
        terms: Terms,
    }
    serializer.collect_seq(links.iter().map(|(asset, terms)| Link { asset: asset.0, terms: *terms }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_exactly() {
        for (text, parts) in [
            ("5", 50_000),
            ("5%", 50_000),
            ("5 %", 50_000),
            ("0.0001", 1),
            ("100", WHOLE),
            ("12.5", 125_000),
            ("0", 0),
            ("99.9999%", 999_999),
        ] {
            assert_eq!(text.parse(), Ok(Parts(parts)), "{text}");
        }
        for text in
            ["", "%", "-1", "100.0001", "101", "0.00001", "5.", ".5", "five", "1e1", "5000000000", "+5"]
        {
            assert!(text.parse::<Parts>().is_err(), "{text}");
        }
    }

    #[test]
    fn percentages_are_written_as_they_are_read() {
        for parts in [0, 1, 50_000, 125_000, 999_999, WHOLE] {
            assert_eq!(Parts(parts).to_string().parse(), Ok(Parts(parts)));
        }
        assert_eq!(Parts(50_000).to_string(), "5 %");
        assert_eq!(Parts(125_000).to_string(), "12.5 %");
    }

    #[test]
    fn money_comes_from_the_farthest_descendant_first() {
        // 1 <- 2 <- 3, 1 <- 3, 1 <- 4, and 5 on 4.
        let below = BTreeMap::from([
            (1, vec![AssetId(2), AssetId(3), AssetId(4)]),
            (2, vec![AssetId(3)]),
            (4, vec![AssetId(5)]),
        ]);
        let owing = |assets: &[u64]| (1..=5).map(|id| (id, assets.contains(&id))).collect();
        assert_eq!(order(AssetId(1), &below, &owing(&[3])), [AssetId(3), AssetId(2)]);
        assert_eq!(order(AssetId(1), &below, &owing(&[])), []);
        assert_eq!(order(AssetId(1), &below, &owing(&[2, 5])), [AssetId(2), AssetId(5), AssetId(4)]);
    }

    #[test]
    fn a_lying_node_can_not_keep_a_client_busy_for_ever() {
        let below = BTreeMap::from([(1, vec![AssetId(2)]), (2, vec![AssetId(1), AssetId(2)])]);
        let owing = BTreeMap::from([(1, true), (2, true)]);
        assert_eq!(order(AssetId(1), &below, &owing), [AssetId(2)]);
    }
}
