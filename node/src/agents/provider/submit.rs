//! Signs the agent's calls and hands them to the pool; decides when a proof is sent again, and for which tip.

use std::sync::Arc;

use codec::Encode;
use pallet_storage_proofs::types::{Balance, BlockNo, Seed, WindowIndex};
use polkadot_sdk::{
    frame_metadata_hash_extension, frame_system, pallet_transaction_payment,
    sc_transaction_pool_api::{InPoolTransaction, TransactionPool as _, TransactionSource},
    sp_api::Core,
    sp_api::ProvideRuntimeApi,
    sp_blockchain::HeaderBackend,
    sp_core::{crypto::KeyTypeId, sr25519},
    sp_keystore::KeystorePtr,
    sp_runtime::{MultiSignature, OpaqueExtrinsic, generic::Era, traits::IdentifyAccount},
};
use stoa_runtime::{
    AccountId, AccountPublic, Address, Hash, Nonce, Runtime, RuntimeCall, SignedPayload, TxExtension,
    UncheckedExtrinsic,
};

use super::chain::{At, Call, ChainError};
use crate::service::{FullClient, TransactionPool};

/// The type of the provider's key in the node's keystore.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"stor");
/// Blocks for which an extrinsic stays valid: long enough to get in, short enough to be gone when it didn't.
const LIFETIME: u64 = 64;
/// Blocks that a proof gets before it is sent again.
pub const RETRY_AFTER: BlockNo = 3;
/// Steps in which the tip rises to its highest.
const TIP_STEPS: u32 = 5;

/// Why a call wasn't taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The chain couldn't be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The key doesn't sign.
    #[error("the key in the keystore doesn't sign: {0}")]
    Key(String),
    /// The chain's extrinsics have another form.
    #[error(
        "the chain takes extrinsics of version {chain}, and this node makes version {node}: update the node"
    )]
    Version {
        /// The chain's.
        chain: u32,
        /// The node's.
        node: u32,
    },
    /// The pool doesn't want it.
    #[error("the transaction pool refused it: {0}")]
    Pool(String),
}

/// Signs and sends for one account.
pub struct Submitter {
    pool: Arc<TransactionPool>,
    keystore: KeystorePtr,
    public: sr25519::Public,
    account: AccountId,
}

impl Submitter {
    /// For the provider's key, when the keystore has exactly one.
    pub fn new(pool: Arc<TransactionPool>, keystore: KeystorePtr) -> Result<Self, String> {
        let keys = keystore.sr25519_public_keys(KEY_TYPE);
        let [public] = keys.as_slice() else {
            return Err(format!(
                "a provider needs one key of type `stor` in the node's keystore, and there are {}: \
                 `stoa-node key insert --scheme sr25519 --key-type stor` puts one there",
                keys.len()
            ));
        };
        let account = AccountPublic::from(*public).into_account();
        Ok(Self { pool, keystore, public: *public, account })
    }

    /// Whose calls it signs.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Signs a call and hands it to the pool. `nonce` is the account's in that block. Blocks.
    pub fn submit(
        &self,
        client: &FullClient,
        at: At,
        call: Call,
        nonce: Nonce,
        tip: Balance,
        replaces: bool,
    ) -> Result<(), SubmitError> {
        let nonce = if replaces { nonce } else { self.next_free(nonce) };
        let extrinsic = self.sign(client, at, call.into(), nonce, tip)?;
        let sent = self.pool.submit_one(at.hash, TransactionSource::Local, extrinsic);
        let sent = tokio::runtime::Handle::current().block_on(sent);
        sent.map(|_| ()).map_err(|error| SubmitError::Pool(error.to_string()))
    }

    /// The first nonce that no extrinsic in the pool has.
    fn next_free(&self, mut nonce: Nonce) -> Nonce {
        // `CheckNonce` says of each which account and nonce it serves; the pool gives an account's in order.
        for waiting in self.pool.ready() {
            if waiting.provides().first() == Some(&(&self.account, nonce).encode()) {
                nonce = nonce.saturating_add(1);
            }
        }
        nonce
    }

    fn sign(
        &self,
        client: &FullClient,
        at: At,
        call: RuntimeCall,
        nonce: Nonce,
        tip: Balance,
    ) -> Result<OpaqueExtrinsic, SubmitError> {
        let failed = |error: &dyn std::fmt::Display| SubmitError::Chain(ChainError(error.to_string()));
        let version = client.runtime_api().version(at.hash).map_err(|error| failed(&error))?;
        let node = stoa_runtime::VERSION.transaction_version;
        if version.transaction_version != node {
            return Err(SubmitError::Version { chain: version.transaction_version, node });
        }
        let era = Era::mortal(LIFETIME, at.number.into());
        let extension = extension(nonce, tip, era);
        let implicit =
            implicit(version.spec_version, version.transaction_version, client.info().genesis_hash, at.hash);
        let payload = SignedPayload::from_raw(call, extension, implicit);
        let signature = payload
            .using_encoded(|bytes| self.keystore.sr25519_sign(KEY_TYPE, &self.public, bytes))
            .map_err(|error| SubmitError::Key(error.to_string()))?
            .ok_or_else(|| SubmitError::Key("it is gone".into()))?;
        let (call, extension, _) = payload.deconstruct();
        let address = Address::Id(self.account.clone());
        let signed =
            UncheckedExtrinsic::new_signed(call, address, MultiSignature::Sr25519(signature), extension);
        OpaqueExtrinsic::try_from_encoded_extrinsic(&signed.encode()).map_err(|error| failed(&error))
    }
}

/// What an extrinsic carries beside its call.
fn extension(nonce: Nonce, tip: Balance, era: Era) -> TxExtension {
    (
        frame_system::AuthorizeCall::<Runtime>::new(),
        frame_system::CheckNonZeroSender::<Runtime>::new(),
        frame_system::CheckSpecVersion::<Runtime>::new(),
        frame_system::CheckTxVersion::<Runtime>::new(),
        frame_system::CheckGenesis::<Runtime>::new(),
        frame_system::CheckEra::<Runtime>::from(era),
        frame_system::CheckNonce::<Runtime>::from(nonce),
        frame_system::CheckWeight::<Runtime>::new(),
        pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(tip).into(),
        frame_metadata_hash_extension::CheckMetadataHash::<Runtime>::new(false),
        pallet_storage_proofs::extension::CheckProofSubmission::<Runtime>::new(),
        frame_system::WeightReclaim::<Runtime>::new(),
    )
}

type Implicit =
    <TxExtension as polkadot_sdk::sp_runtime::traits::TransactionExtension<RuntimeCall>>::Implicit;

/// What its signature covers beside that; `born` is the block that its lifetime counts from.
fn implicit(spec: u32, transaction: u32, genesis: Hash, born: Hash) -> Implicit {
    ((), (), spec, transaction, genesis, born, (), (), (), None, (), ())
}

/// A proof that was sent, until its window is proven or another one opens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Sent {
    window: WindowIndex,
    seed: Seed,
    last: BlockNo,
    tries: u32,
}

/// How a proof is to be sent now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Try {
    /// Which time it is, from 0.
    pub number: u32,
    /// The tip.
    pub tip: Balance,
    /// Whether it takes the place of the account's first extrinsic in the pool.
    pub replaces: bool,
}

/// When proofs are sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts(Option<Sent>);

impl Attempts {
    /// Whether a proof that is owed in block `now` should be sent, and how. After a re-org the seed may be another.
    pub fn next(&self, window: WindowIndex, seed: Seed, now: BlockNo, max_tip: Balance) -> Option<Try> {
        match self.0 {
            Some(sent) if sent.window == window && sent.seed == seed => {
                // A re-org to a shorter chain must not stop retries.
                let waited = now.abs_diff(sent.last);
                (waited >= RETRY_AFTER).then(|| {
                    let steps = sent.tries.min(TIP_STEPS);
                    let halvings = TIP_STEPS.saturating_sub(steps);
                    Try { number: sent.tries, tip: max_tip >> halvings, replaces: true }
                })
            }
            _ => Some(Try { number: 0, tip: 0, replaces: false }),
        }
    }

    /// It was sent.
    pub fn sent(&mut self, window: WindowIndex, seed: Seed, now: BlockNo, number: u32) {
        self.0 = Some(Sent { window, seed, last: now, tries: number.saturating_add(1) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_sent_at_once_and_again_with_rising_tips_until_it_is_in() {
        let mut attempts = Attempts::default();
        let first = attempts.next(7, [1; 32], 100, 32).unwrap();
        assert_eq!(first, Try { number: 0, tip: 0, replaces: false });
        attempts.sent(7, [1; 32], 100, first.number);
        assert_eq!(attempts.next(7, [1; 32], 102, 32), None);
        let mut now = 100;
        let mut tips = Vec::new();
        for _ in 0..7 {
            now += RETRY_AFTER;
            let again = attempts.next(7, [1; 32], now, 32).unwrap();
            assert!(again.replaces);
            tips.push(again.tip);
            attempts.sent(7, [1; 32], now, again.number);
        }
        assert_eq!(tips, [2, 4, 8, 16, 32, 32, 32]);
    }

    #[test]
    fn another_seed_or_window_begins_anew() {
        let mut attempts = Attempts::default();
        attempts.sent(7, [1; 32], 100, 3);
        for (window, seed) in [(7, [2; 32]), (8, [1; 32])] {
            let next = attempts.next(window, seed, 101, 32).unwrap();
            assert_eq!((next.number, next.tip), (0, 0));
        }
        // The best chain became a shorter one: the proof has to get into that.
        assert!(attempts.next(7, [1; 32], 90, 32).is_some());
    }
}
