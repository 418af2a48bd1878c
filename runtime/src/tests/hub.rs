//! How the hub's pallets meet.

use super::*;
use configs::{BlockVrf, PARAMETER_NAMES, RuntimeParameters, dynamic_params};
use frame_support::{
    assert_noop, assert_ok,
    traits::{Contains, Get, Hooks, fungible::Inspect},
};
use pallet_dao::free_vote::Referenda as _;
use scale_info::TypeDef;
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_keyring::Sr25519Keyring;
use stoa_primitives::registry::{AssetId, CommitId, Visibility};

/// How many parameters the runtime has, by its metadata.
fn parameters() -> usize {
    type Key = <RuntimeParameters as frame_support::traits::dynamic_params::AggregatedKeyValue>::Key;
    let mut registry = scale_info::Registry::new();
    let groups = registry.register_type(&scale_info::meta_type::<Key>()).id;
    let types = scale_info::PortableRegistry::from(registry);
    let variants = |id| match &types.resolve(id).expect("it is registered").type_def {
        TypeDef::Variant(found) => found.variants.clone(),
        other => panic!("{other:?} has no variants"),
    };
    variants(groups).iter().map(|group| variants(group.fields[0].ty.id).len()).sum()
}

#[test]
fn a_genesis_can_set_every_parameter() {
    assert_eq!(PARAMETER_NAMES.len(), parameters());
    let mut names = PARAMETER_NAMES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PARAMETER_NAMES.len());
}

#[test]
fn a_presets_parameters_are_in_force() {
    genesis_of("development").execute_with(|| {
        assert_eq!(<dynamic_params::proofs::Window as Get<BlockNumber>>::get(), 64);
        assert_eq!(<dynamic_params::market::DeliveryPeriod as Get<BlockNumber>>::get(), 20);
        let parameters = <Runtime as pallet_storage_proofs::Config>::Parameters::get();
        assert_eq!(parameters.check(pallet_storage_proofs::MinResponse::<Runtime>::get()), Ok(()));
    });
}

#[test]
fn every_pot_has_a_place_for_the_smallest_amount() {
    genesis_of("local_testnet").execute_with(|| {
        for pot in [Treasury::account_id(), Royalties::account(), ComputeEscrow::pot_account()] {
            assert_eq!(Balances::balance(&pot), configs::EXISTENTIAL_DEPOSIT);
        }
    });
}

#[test]
fn slots_without_an_output_leave_no_randomness() {
    genesis_of("development").execute_with(|| {
        pallet_babe::AuthorVrfRandomness::<Runtime>::put(Some([7; 32]));
        assert_eq!(BlockVrf::get(), Some([7; 32]));
        for (allowed_slots, output) in
            [(AllowedSlots::PrimarySlots, Some([7; 32])), (AllowedSlots::PrimaryAndSecondaryPlainSlots, None)]
        {
            pallet_babe::EpochConfig::<Runtime>::put(BabeEpochConfiguration { c: (1, 4), allowed_slots });
            assert_eq!(BlockVrf::get(), output);
        }
    });
}

#[test]
fn a_block_opens_a_window_and_remembers_its_randomness() {
    genesis_of("development").execute_with(|| {
        pallet_babe::AuthorVrfRandomness::<Runtime>::put(Some([7; 32]));
        let _ = StorageProofs::on_initialize(1);
        assert!(pallet_storage_proofs::PastSeeds::<Runtime>::get(1).is_some());
        assert_eq!(pallet_storage_proofs::Adopted::<Runtime>::get().map(|found| found.window), Some(64));
    });
}

#[test]
fn brakes_let_proofs_through_and_the_committees_what_is_due() {
    use pallet_storage_proofs::Call as Proofs;
    let proof = RuntimeCall::StorageProofs(Proofs::submit_proof {
        window: 1,
        seed: [0; 32],
        leaves: Default::default(),
    });
    let accept =
        RuntimeCall::StorageProofs(Proofs::accept { order: pallet_storage_proofs::types::OrderId(0) });
    let reveal = RuntimeCall::ComputeEscrow(pallet_compute_escrow::Call::poke {
        job: pallet_compute_escrow::types::JobId(0),
    });
    assert!(configs::Unstoppable::contains(&proof));
    assert!(!configs::Unstoppable::contains(&accept));
    assert!(configs::Unstoppable::contains(&reveal));
    let name = |pallet: &[u8], call: &[u8]| {
        configs::UnstoppableNames::contains(&(
            pallet.to_vec().try_into().expect("it is short"),
            call.to_vec().try_into().expect("it is short"),
        ))
    };
    assert!(name(b"StorageProofs", b"submit_proof"));
    assert!(!name(b"StorageProofs", b"accept"));
    assert!(!name(b"ComputeEscrow", b"poke"));
}

#[test]
fn only_a_vote_itself_is_free() {
    use pallet_conviction_voting::{AccountVote, Call};
    let vote = |vote| RuntimeCall::ConvictionVoting(Call::vote { poll_index: 3, vote });
    let of = |call: &RuntimeCall| configs::Hub::vote_of(call).map(|vote| (vote.poll, vote.amount));
    let aye = pallet_conviction_voting::Vote { aye: true, conviction: Default::default() };
    let standard = vote(AccountVote::Standard { vote: aye, balance: 5 });
    assert_eq!(of(&standard), Some((3, 5)));
    assert_eq!(of(&vote(AccountVote::Split { aye: 1, nay: 2 })), Some((3, 3)));
    assert_eq!(of(&vote(AccountVote::SplitAbstain { aye: 1, nay: 2, abstain: 4 })), Some((3, 7)));
    let batch = RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![standard] });
    assert_eq!(of(&batch), None);
    assert_eq!(of(&RuntimeCall::ConvictionVoting(Call::remove_vote { class: None, index: 3 })), None);
}

/// A revision of a public asset, or a gated or private one.
fn revision(visibility: Visibility) -> (AssetId, CommitId) {
    let alice = || RuntimeOrigin::signed(Sr25519Keyring::Alice.to_account_id());
    let asset = AssetId(pallet_asset_registry::NextAssetId::<Runtime>::get());
    let name: pallet_asset_registry::types::Name =
        format!("asset{}", asset.0).into_bytes().try_into().expect("it is short");
    assert_ok!(AssetRegistry::register_namespace(alice(), name.clone()));
    let kind = stoa_primitives::registry::AssetKind::Dataset;
    assert_ok!(AssetRegistry::create_asset(
        alice(),
        name.clone(),
        name,
        kind,
        Default::default(),
        visibility
    ));
    let content = stoa_primitives::ContentId { codec: stoa_primitives::Codec::Raw, digest: [9; 32] };
    let piece = stoa_primitives::Piece { root: [asset.0 as u8; 32], size: 100 };
    let refs = Default::default();
    assert_ok!(AssetRegistry::publish_revision(
        alice(),
        asset,
        content,
        piece,
        Default::default(),
        Default::default(),
        refs
    ));
    (asset, AssetRegistry::revisions(asset, 0, 1)[0].commit)
}

#[test]
fn who_may_read_and_order_a_piece_is_decided_by_the_registry() {
    use pallet_marketplace::traits::Grants;
    use pallet_storage_proofs::traits::Pieces;
    genesis_of("development").execute_with(|| {
        let (alice, bob) = (Sr25519Keyring::Alice.to_account_id(), Sr25519Keyring::Bob.to_account_id());
        for (visibility, open) in
            [(Visibility::Public, true), (Visibility::Gated, false), (Visibility::Private, false)]
        {
            let (asset, commit) = revision(visibility);
            let root = [asset.0 as u8; 32];
            assert!(Marketplace::can_read(&alice, asset, commit));
            assert_eq!(Marketplace::can_read(&bob, asset, commit), open);
            assert!(configs::Hub::is_admin(&alice, root));
            assert!(!configs::Hub::is_admin(&bob, root));
            assert_ok!(AssetRegistry::take_down(
                RuntimeOrigin::root(),
                pallet_asset_registry::types::Subject::Asset(asset),
                [1; 32]
            ));
            assert!(!Marketplace::can_read(&alice, asset, commit));
        }
        assert!(!configs::Hub::is_admin(&alice, [200; 32]));
    });
}

#[test]
fn jobs_see_revisions_that_werent_taken_down() {
    use pallet_compute_escrow::traits::Registry;
    genesis_of("development").execute_with(|| {
        let (asset, commit) = revision(Visibility::Public);
        let facts = configs::Hub::revision(asset, commit).expect("it is there");
        assert_eq!(facts.visibility, Visibility::Public);
        let (other, _) = revision(Visibility::Public);
        assert_eq!(configs::Hub::revision(other, commit), None);
        assert_ok!(AssetRegistry::take_down(
            RuntimeOrigin::root(),
            pallet_asset_registry::types::Subject::Piece([asset.0 as u8; 32]),
            [1; 32]
        ));
        assert_eq!(configs::Hub::revision(asset, commit), None);
    });
}

#[test]
fn a_jobs_fee_reaches_the_vault_though_the_asset_was_taken_down_since() {
    use pallet_compute_escrow::traits::Royalties as _;
    genesis_of("development").execute_with(|| {
        let alice = Sr25519Keyring::Alice.to_account_id();
        let (asset, _) = revision(Visibility::Gated);
        let pot = ComputeEscrow::pot_account();
        assert_ok!(Balances::transfer_keep_alive(
            RuntimeOrigin::signed(alice.clone()),
            pot.clone().into(),
            10 * STOA
        ));
        let issued = Balances::total_issuance();
        // Nobody can be paid before the asset is open, and nothing is lost.
        assert_noop!(
            frame_support::storage::with_storage_layer(|| configs::Hub::pay(&pot, 7, asset, STOA)),
            pallet_royalties::Error::<Runtime>::NotOpen
        );
        assert_ok!(Royalties::open(RuntimeOrigin::signed(alice.clone()), asset, Some(alice)));
        assert_ok!(AssetRegistry::take_down(
            RuntimeOrigin::root(),
            pallet_asset_registry::types::Subject::Asset(asset),
            [1; 32]
        ));
        assert_ok!(configs::Hub::pay(&pot, 7, asset, STOA));
        assert_eq!(Balances::balance(&Royalties::account()), configs::EXISTENTIAL_DEPOSIT + STOA);
        assert_eq!(Balances::total_issuance(), issued);
    });
}
