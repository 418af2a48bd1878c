//! A seller's service: delivers the keys that were bought, and collects what was paid for them.
//!
//! It keeps nothing of its own: what is due is read from the chain in every [`Seller::step`], so it can be stopped and
//! started at any time. It acts on final blocks only, so that no box is made for a sale that may be undone and whose
//! number another buyer then gets. The chain takes one key for a licence and no second one, and a box opens for the
//! buyer whose key is in the final record and for nobody else.

use crate::{
    chain::{
        Chain, ChainError, ChainState, Wait,
        market::{Delivery, Money, deliver_key, disputable, settle},
    },
    content_keys::{ContentKeyError, ContentKeys},
    keybox::{ReaderSecret, Sale, seal},
    keys::Keypair,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use subxt::utils::AccountId32;

/// Transactions that are sent in one step.
const PER_STEP: usize = 64;
/// How many steps transactions that something else sent for the account are waited for.
const PATIENCE: u32 = 20;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum SellerError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The kept keys.
    #[error(transparent)]
    Keys(#[from] ContentKeyError),
}

/// What the service did or found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum SellerEvent {
    /// A key was delivered.
    Delivered {
        /// The licence.
        licence: u64,
        /// The last block in which it can be disputed.
        disputable: u32,
    },
    /// A price went to the asset's holders.
    Settled {
        /// The licence.
        licence: u64,
    },
    /// No key is kept for what was sold, or another than the revision committed to.
    NoKey {
        /// The licence.
        licence: u64,
        /// The last block in which it can be delivered.
        deadline: u32,
        /// What is wrong.
        reason: String,
    },
    /// The chain refused.
    Refused {
        /// The licence.
        licence: u64,
        /// Why.
        reason: String,
    },
}

/// Delivers keys for one account.
#[derive(Debug)]
pub struct Seller {
    account: AccountId32,
    keys: ContentKeys,
    /// Licences whose price is still held, by the last block in which they can be disputed.
    held: BTreeMap<u64, u32>,
    /// What was told already.
    told: HashSet<u64>,
    looked: bool,
    waited: u32,
}

impl Seller {
    /// Delivers the account's keys from a folder of them.
    pub fn new(account: AccountId32, keys: ContentKeys) -> Self {
        Self { account, keys, held: BTreeMap::new(), told: HashSet::new(), looked: false, waited: 0 }
    }

    /// Does what is due now, and waits until it is in a block.
    pub async fn step(&mut self, chain: &Chain, signer: &Keypair) -> Result<Vec<SellerEvent>, SellerError> {
        // What a run before this one sent may still be on its way.
        if chain.waiting(&self.account).await? > 0 && self.waited < PATIENCE {
            self.waited += 1;
            return Ok(Vec::new());
        }
        self.waited = 0;
        let sure = chain.final_state().await?;
        let mut events = Vec::new();
        if !self.looked {
            self.look_for_held(&sure).await?;
            self.looked = true;
        }
        self.deliver(chain, signer, &sure, &mut events).await?;
        self.settle(chain, signer, &mut events).await?;
        Ok(events)
    }

    async fn deliver(
        &mut self,
        chain: &Chain,
        signer: &Keypair,
        sure: &ChainState,
        events: &mut Vec<SellerEvent>,
    ) -> Result<(), SellerError> {
        let best = chain.state().await?;
        let mut after = None;
        let (mut calls, mut licences) = (Vec::new(), Vec::new());
        'pages: loop {
            let page = sure.deliveries_due(&self.account, after).await?;
            if page.is_empty() {
                break;
            }
            for due in page {
                after = Some(due.licence);
                if !is_due(&best, &due).await? {
                    continue;
                }
                match self.boxed(sure, &due).await? {
                    Ok(sealed) => {
                        calls.push(deliver_key(due.licence, sealed));
                        licences.push(due.licence);
                    }
                    Err(reason) if self.told.insert(due.licence) => {
                        let (licence, deadline) = (due.licence, due.deadline);
                        events.push(SellerEvent::NoKey { licence, deadline, reason });
                    }
                    Err(_) => {}
                }
                if calls.len() >= PER_STEP {
                    break 'pages;
                }
            }
        }
        let results = chain.send_all(&calls, signer, Wait::InBlock).await;
        for (licence, result) in licences.into_iter().zip(results) {
            match result {
                Ok((_, done)) => {
                    let until = disputable(&done)?;
                    self.held.insert(licence, until);
                    events.push(SellerEvent::Delivered { licence, disputable: until });
                }
                Err(error) if error.is_refusal() => {
                    events.push(SellerEvent::Refused { licence, reason: error.to_string() });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The box for a sale, or why there is none.
    async fn boxed(
        &self,
        sure: &ChainState,
        due: &Delivery,
    ) -> Result<Result<crate::keybox::SealedKey, String>, SellerError> {
        let Some(revision) = sure.revision(due.revision).await? else {
            return Ok(Err("the chain has no such revision".into()));
        };
        let Some(key) = self.keys.key(&revision.content)? else {
            let (content, dir) = (stoa_content::text(&revision.content), self.keys.dir().display());
            return Ok(Err(format!("no key for {content} is kept in {dir}")));
        };
        if key.commitment() != due.commitment {
            return Ok(Err("the key that is kept isn't the one that the revision committed to".into()));
        }
        let once = ReaderSecret::random().map_err(ContentKeyError::Random)?;
        let sale = Sale { licence: due.licence, revision: due.revision };
        Ok(seal(&key, &once, due.reader, &sale).ok_or_else(|| "the buyer's key is weak".into()))
    }

    async fn settle(
        &mut self,
        chain: &Chain,
        signer: &Keypair,
        events: &mut Vec<SellerEvent>,
    ) -> Result<(), SellerError> {
        let best = chain.state().await?;
        let now = best.block();
        let over =
            self.held.iter().filter(|(_, until)| u64::from(**until) < now).map(|(licence, _)| *licence);
        let over: Vec<_> = over.take(PER_STEP).collect();
        let (mut calls, mut licences) = (Vec::new(), Vec::new());
        for licence in over {
            match best.licence(licence).await?.map(|found| found.money) {
                Some(Money::Disputable(until)) if u64::from(until) < now => {
                    calls.push(settle(licence));
                    licences.push(licence);
                }
                // Another fork had it otherwise.
                Some(Money::Disputable(until)) => {
                    self.held.insert(licence, until);
                }
                Some(Money::AwaitsKey(_)) => {}
                _ => {
                    self.held.remove(&licence);
                }
            }
        }
        let results = chain.send_all(&calls, signer, Wait::InBlock).await;
        for (licence, result) in licences.into_iter().zip(results) {
            match result {
                Ok(_) => {
                    self.held.remove(&licence);
                    events.push(SellerEvent::Settled { licence });
                }
                // Somebody else was first, or the next step tries again.
                Err(error) if error.is_refusal() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Finds what runs before this one delivered: licences of the assets whose keys are kept here.
    async fn look_for_held(&mut self, state: &ChainState) -> Result<(), SellerError> {
        for name in self.keys.assets()? {
            let Some(asset) = state.asset(&name).await? else { continue };
            for grant in state.grants(asset.id).await? {
                for licence in grant.licences {
                    let Some(found) = state.licence(licence).await? else { continue };
                    if let (Money::Disputable(until), true) = (found.money, found.seller == self.account) {
                        self.held.insert(licence, until);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a delivery is due in the best block too, for the same buyer.
async fn is_due(best: &ChainState, due: &Delivery) -> Result<bool, ChainError> {
    let found = best.licence(due.licence).await?;
    Ok(found.is_some_and(|found| {
        matches!(found.money, Money::AwaitsKey(deadline) if u64::from(deadline) > best.block())
            && found.key.is_some_and(|key| key.reader == due.reader && key.commitment == due.commitment)
            && found.revision == Some(due.revision)
    }))
}
