//! Everything that must hold, one named check for each concern.

use crate::{
    AssetNames, Assets, AssetsOf, Attestations, BalanceOf, Children, Collaborators, Config, Contents,
    DenyList, HoldReason, Namespaces, NamespacesOf, NextAssetId, NextSerial, Pallet, PieceAssets, Pieces,
    Refs, Revisions, RevisionsOf, Tombstones,
    assets::ordinal,
    revisions::commit_id,
    types::{NameKey, Parents, PieceRecord, Subject},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use codec::{Decode, Encode};
use polkadot_sdk::{
    frame_support::{ensure, traits::fungible::InspectHold},
    frame_system,
    sp_runtime::{Saturating, TryRuntimeError, traits::Zero},
};
use stoa_primitives::{
    PieceRoot,
    registry::{AssetId, CommitId},
};

/// Every reason to hold.
const REASONS: [HoldReason; 6] = [
    HoldReason::Namespace,
    HoldReason::Asset,
    HoldReason::Revision,
    HoldReason::Reference,
    HoldReason::Collaborator,
    HoldReason::Attestation,
];

type Check = Result<(), TryRuntimeError>;

/// How many entries a map has for each key.
fn tally<Key: Ord>(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, u32> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

impl<T: Config> Pallet<T> {
    /// Every check, over the whole state.
    pub(crate) fn do_try_state() -> Check {
        Self::check_namespaces()?;
        Self::check_assets()?;
        Self::check_asset_counters()?;
        Self::check_revisions()?;
        Self::check_lineage()?;
        Self::check_refs()?;
        Self::check_pieces()?;
        Self::check_contents()?;
        Self::check_deny_list()?;
        Self::check_deposits()
    }

    /// Each namespace is under its own name, and its owner's list has it.
    fn check_namespaces() -> Check {
        let assets = tally(Assets::<T>::iter_values().map(|asset| asset.namespace));
        let mut namespaces = 0;
        for (key, namespace) in Namespaces::<T>::iter() {
            namespaces += 1;
            ensure!(key == NameKey::from(&namespace.name), "namespace: key isn't its name in lower case");
            ensure!(
                NamespacesOf::<T>::contains_key(&namespace.owner, &key),
                "namespace: not in its owner's list"
            );
            let counted = assets.get(&key).copied().unwrap_or(0);
            ensure!(namespace.assets == counted, "namespace: wrong number of assets");
            ensure!(
                namespace.offered_to.as_ref() != Some(&namespace.owner),
                "namespace: offered to its owner"
            );
        }
        ensure!(
            NamespacesOf::<T>::iter_keys().count() == namespaces,
            "namespace: an owner's list has one too many"
        );
        Ok(())
    }

    /// Each asset is in a namespace, and both of that one's lists have it.
    fn check_assets() -> Check {
        let mut assets = 0;
        for (id, asset) in Assets::<T>::iter() {
            assets += 1;
            ensure!(id.0 < NextAssetId::<T>::get(), "asset: number not given yet");
            ensure!(Namespaces::<T>::contains_key(&asset.namespace), "asset: no such namespace");
            let named = AssetNames::<T>::get(&asset.namespace, NameKey::from(&asset.name));
            ensure!(named == Some(id), "asset: its name leads elsewhere");
            ensure!(
                AssetsOf::<T>::contains_key(&asset.namespace, ordinal(id.0)),
                "asset: not in its namespace's list"
            );
            ensure!(
                !asset.retired || (asset.refs == 0 && asset.offer.is_none()),
                "asset: retired but in use"
            );
        }
        ensure!(AssetNames::<T>::iter_keys().count() == assets, "asset: a name has no asset");
        ensure!(AssetsOf::<T>::iter_keys().count() == assets, "asset: a namespace's list has one too many");
        Ok(())
    }

    /// What an asset counts is there, and nothing else.
    fn check_asset_counters() -> Check {
        let revisions = tally(Revisions::<T>::iter_values().map(|revision| revision.asset));
        let refs = tally(Refs::<T>::iter_keys().map(|(asset, _)| asset));
        let collaborators = tally(Collaborators::<T>::iter_keys().map(|(asset, _)| asset));
        let counted = |counts: &BTreeMap<AssetId, u32>, id| counts.get(&id).copied().unwrap_or(0);
        for (id, asset) in Assets::<T>::iter() {
            ensure!(asset.revisions == counted(&revisions, id), "asset: wrong number of revisions");
            ensure!(asset.refs == counted(&refs, id), "asset: wrong number of refs");
            ensure!(
                asset.collaborators == counted(&collaborators, id),
                "asset: wrong number of collaborators"
            );
        }
        let mut mentioned = revisions.keys().chain(refs.keys()).chain(collaborators.keys());
        ensure!(mentioned.all(|id| Assets::<T>::contains_key(*id)), "asset: an entry has no asset");
        Ok(())
    }

    /// Each revision has the id that its record hashes to, and its asset's list has it.
    fn check_revisions() -> Check {
        let mut revisions = 0;
        let mut serials = BTreeSet::new();
        for (commit, found) in Revisions::<T>::iter() {
            revisions += 1;
            let identity = (
                found.asset,
                found.number,
                &found.content,
                &found.piece,
                &found.parents,
                &found.message,
                &found.author,
                found.published,
            );
            ensure!(commit_id(&identity) == commit, "revision: its record hashes to another id");
            ensure!(
                RevisionsOf::<T>::get(found.asset, found.number) == Some(commit),
                "revision: its number leads elsewhere"
            );
            let asset = Assets::<T>::get(found.asset).ok_or("revision: no such asset")?;
            ensure!(found.number < asset.next_revision, "revision: number not given yet");
            ensure!(found.serial < NextSerial::<T>::get(), "revision: serial number not given yet");
            ensure!(serials.insert(found.serial), "revision: serial number given twice");
            ensure!(found.piece.size > 0, "revision: empty piece");
            ensure!(!Tombstones::<T>::contains_key(commit), "revision: removed and there at once");
        }
        ensure!(RevisionsOf::<T>::iter_keys().count() == revisions, "revision: a number has no revision");
        Ok(())
    }

    /// Each revision and each tombstone is listed once by each of its parents, which came before it.
    fn check_lineage() -> Check {
        let revisions = Revisions::<T>::iter()
            .map(|(commit, found)| (commit, (found.asset, found.serial, found.parents, found.children)));
        let tombstones = Tombstones::<T>::iter()
            .map(|(commit, found)| (commit, (found.asset, found.serial, found.parents, found.children)));
        let all: BTreeMap<CommitId, (AssetId, u64, Parents, u32)> = revisions.chain(tombstones).collect();
        let mut links = 0;
        for (commit, (_, serial, parents, _)) in &all {
            for parent in parents {
                links += 1;
                let (asset, earlier, ..) = all.get(&parent.commit).ok_or("lineage: a parent is gone")?;
                ensure!(*asset == parent.asset, "lineage: a parent is of another asset");
                ensure!(earlier < serial, "lineage: a parent isn't older");
                let listed = Children::<T>::get(parent.commit, ordinal(*serial));
                ensure!(listed == Some(*commit), "lineage: a parent doesn't list its child");
            }
        }
        let children = tally(Children::<T>::iter_keys().map(|(parent, _)| parent));
        for (commit, (.., counted)) in &all {
            ensure!(
                children.get(commit).copied().unwrap_or(0) == *counted,
                "lineage: wrong number of children"
            );
        }
        ensure!(Children::<T>::iter_keys().count() == links, "lineage: a parent lists one too many");
        Ok(())
    }

    /// Each branch and tag points at a revision of its asset.
    fn check_refs() -> Check {
        for (asset, _, found) in Refs::<T>::iter() {
            let revision = Revisions::<T>::get(found.commit).ok_or("ref: no such revision")?;
            ensure!(revision.asset == asset, "ref: points into another asset");
        }
        Ok(())
    }

    /// The counters of pieces are what the revisions add up to, and a controller names its piece.
    fn check_pieces() -> Check {
        let roots = tally(Revisions::<T>::iter_values().map(|found| found.piece.root));
        let records: BTreeMap<PieceRoot, PieceRecord> = Pieces::<T>::iter().collect();
        let counted: BTreeMap<_, _> =
            records.iter().map(|(root, record)| (*root, record.revisions)).collect();
        ensure!(counted == roots, "piece: wrong number of revisions");
        let assets = tally(Revisions::<T>::iter_values().map(|found| (found.piece.root, found.asset)));
        let listed: BTreeMap<_, _> =
            PieceAssets::<T>::iter().map(|(root, asset, named)| ((root, asset), named)).collect();
        ensure!(listed == assets, "piece: wrong number of an asset's revisions");
        for (root, record) in records {
            let named = record.controller.is_none_or(|controller| assets.contains_key(&(root, controller)));
            ensure!(named, "piece: its controller doesn't name it");
        }
        Ok(())
    }

    /// Each revision is listed under its content root.
    fn check_contents() -> Check {
        let mut revisions = 0;
        for (commit, found) in Revisions::<T>::iter() {
            revisions += 1;
            let listed = Contents::<T>::get(found.content, ordinal(found.serial));
            ensure!(listed == Some(commit), "content: a revision isn't listed");
        }
        ensure!(Contents::<T>::iter_keys().count() == revisions, "content: lists one too many");
        Ok(())
    }

    /// An asset that was taken down is kept.
    fn check_deny_list() -> Check {
        let kept = |subject| match subject {
            Subject::Asset(id) => Assets::<T>::contains_key(id),
            Subject::Piece(_) => true,
        };
        ensure!(DenyList::<T>::iter_keys().all(kept), "deny-list: an asset is gone");
        Ok(())
    }

    /// What is held on each account for each reason is what its tickets add up to.
    fn check_deposits() -> Check {
        let namespaces = Namespaces::<T>::iter_values()
            .map(|found| (HoldReason::Namespace, found.owner, found.ticket.encode()));
        let assets = Assets::<T>::iter_values()
            .map(|found| (HoldReason::Asset, found.depositor, found.ticket.encode()));
        let revisions = Revisions::<T>::iter_values()
            .map(|found| (HoldReason::Revision, found.author, found.ticket.encode()));
        let tombstones = Tombstones::<T>::iter_values()
            .map(|found| (HoldReason::Revision, found.author, found.ticket.encode()));
        let refs = Refs::<T>::iter_values()
            .map(|found| (HoldReason::Reference, found.depositor, found.ticket.encode()));
        let collaborators = Collaborators::<T>::iter_values()
            .map(|found| (HoldReason::Collaborator, found.depositor, found.ticket.encode()));
        let attestations = Attestations::<T>::iter()
            .map(|(_, (author, _), found)| (HoldReason::Attestation, author, found.ticket.encode()));
        let tickets: Vec<_> = namespaces
            .chain(assets)
            .chain(revisions)
            .chain(tombstones)
            .chain(refs)
            .chain(collaborators)
            .chain(attestations)
            .collect();

        let mut sums: BTreeMap<_, BalanceOf<T>> = BTreeMap::new();
        for (reason, account, ticket) in tickets {
            // A ticket is nothing but the amount that it holds.
            let amount = BalanceOf::<T>::decode(&mut &ticket[..]).map_err(|_| "deposit: not an amount")?;
            let sum = sums.entry((reason.encode(), account.encode())).or_insert_with(Zero::zero);
            *sum = sum.saturating_add(amount);
        }
        for account in frame_system::Account::<T>::iter_keys() {
            for reason in REASONS {
                let sum = sums.remove(&(reason.encode(), account.encode())).unwrap_or_else(Zero::zero);
                let held = T::Currency::balance_on_hold(&reason.into(), &account);
                ensure!(held == sum, "deposit: what is held isn't what the tickets add up to");
            }
        }
        ensure!(sums.is_empty(), "deposit: a ticket of an account that isn't there");
        Ok(())
    }
}
