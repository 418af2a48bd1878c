//! What things cost.

use super::*;
use frame_support::dispatch::GetDispatchInfo;
use sp_keyring::Sr25519Keyring;

/// Bytes that a signed transfer takes on the wire.
const TRANSFER_LENGTH: u32 = 145;

#[test]
fn a_transfer_costs_about_a_thousandth_of_a_token() {
    genesis_of("development").execute_with(|| {
        let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: Sr25519Keyring::Bob.to_account_id().into(),
            value: STOA,
        });
        let fee = TransactionPayment::compute_fee(TRANSFER_LENGTH, &call.get_dispatch_info(), 0);
        assert!((MILLI / 2..=2 * MILLI).contains(&fee), "a transfer costs {fee} plancks");
    });
}

#[test]
fn a_full_block_costs_more_than_its_author_earns() {
    genesis_of("development").execute_with(|| {
        let fee = TransactionPayment::weight_to_fee(configs::MAXIMUM_BLOCK_WEIGHT)
            + TransactionPayment::length_to_fee(configs::MAXIMUM_BLOCK_LENGTH);
        assert!(fee > STOA, "filling a block costs {fee} plancks");
    });
}

#[test]
fn deposits_grow_with_what_is_kept() {
    use frame_support::traits::Footprint;
    use sp_runtime::traits::Convert;
    genesis_of("development").execute_with(|| {
        let price = |records, bytes| {
            <configs::StoragePrice as Convert<Footprint, Balance>>::convert(Footprint::from_parts(
                records, bytes,
            ))
        };
        assert_eq!(price(1, 0), 50 * MILLI);
        assert_eq!(price(1, 1_000), 50 * MILLI + 100 * MILLI);
    });
}
