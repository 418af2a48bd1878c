//! Extrinsics that the node itself signs.

use codec::Encode;
use polkadot_sdk::{
    frame_metadata_hash_extension, frame_system, pallet_transaction_payment,
    sp_api::{Core, ProvideRuntimeApi},
    sp_blockchain::HeaderBackend,
    sp_core::{Pair as _, crypto::AccountId32, sr25519},
    sp_runtime::{MultiSignature, OpaqueExtrinsic, generic::Era, traits::TransactionExtension},
};
use stoa_runtime::{
    Address, BlockNumber, Hash, Nonce, Runtime, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic,
};

use crate::service::FullClient;

/// Blocks for which an extrinsic stays valid: long enough to get in, short enough to be gone when it didn't.
const LIFETIME: u64 = 64;

/// Why an extrinsic can't be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignError {
    /// The chain's extrinsics have another form.
    #[error("this node is older than the chain's runtime: update it")]
    Outdated,
    /// The chain couldn't be asked.
    #[error("the chain can't say: {0}")]
    Chain(String),
}

/// Signs a call as of a block. Blocks.
pub fn sign(
    client: &FullClient,
    at: Hash,
    number: BlockNumber,
    pair: &sr25519::Pair,
    call: RuntimeCall,
    nonce: Nonce,
) -> Result<OpaqueExtrinsic, SignError> {
    let version = client.runtime_api().version(at).map_err(|error| SignError::Chain(error.to_string()))?;
    if version.transaction_version != stoa_runtime::VERSION.transaction_version {
        return Err(SignError::Outdated);
    }
    let extension = extension(nonce, Era::mortal(LIFETIME, number.into()));
    let implicit =
        implicit(version.spec_version, version.transaction_version, client.info().genesis_hash, at);
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| pair.sign(bytes));
    let (call, extension, _) = payload.deconstruct();
    let address = Address::Id(AccountId32::from(pair.public()));
    let signed = UncheckedExtrinsic::new_signed(call, address, MultiSignature::Sr25519(signature), extension);
    OpaqueExtrinsic::try_from_encoded_extrinsic(&signed.encode())
        .map_err(|error| SignError::Chain(error.to_string()))
}

/// What an extrinsic carries beside its call.
fn extension(nonce: Nonce, era: Era) -> TxExtension {
    (
        frame_system::AuthorizeCall::<Runtime>::new(),
        frame_system::CheckNonZeroSender::<Runtime>::new(),
        frame_system::CheckSpecVersion::<Runtime>::new(),
        frame_system::CheckTxVersion::<Runtime>::new(),
        frame_system::CheckGenesis::<Runtime>::new(),
        frame_system::CheckEra::<Runtime>::from(era),
        frame_system::CheckNonce::<Runtime>::from(nonce),
        frame_system::CheckWeight::<Runtime>::new(),
        pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0).into(),
        frame_metadata_hash_extension::CheckMetadataHash::<Runtime>::new(false),
        pallet_storage_proofs::extension::CheckProofSubmission::<Runtime>::new(),
        frame_system::WeightReclaim::<Runtime>::new(),
    )
}

type Implicit = <TxExtension as TransactionExtension<RuntimeCall>>::Implicit;

/// What its signature covers beside that; `born` is the block that its lifetime counts from.
fn implicit(spec: u32, transaction: u32, genesis: Hash, born: Hash) -> Implicit {
    ((), (), spec, transaction, genesis, born, (), (), (), None, (), ())
}
