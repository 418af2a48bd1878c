//! Reads for clients. They run off the chain, but bounded all the same: a node answers them for strangers.

use crate::{
    AssetNames, Assets, AssetsOf, Attestations, Children, Collaborators, Config, Contents, DenyList,
    Namespaces, NamespacesOf, Pallet, Refs, RevisionInfoOf, Revisions, RevisionsOf, Tombstones,
    assets::ordinal,
    runtime_api::{MAX_PAGE, MAX_WALK},
    types::{
        AssetInfo, AttestationInfo, Claim, CollaboratorInfo, LineageEntry, NameKey, NamespaceInfo, Parents,
        RefInfo, RefName, RevisionInfo, Subject, TakeDown,
    },
};
use alloc::{collections::BTreeSet, vec::Vec};
use polkadot_sdk::{frame_system::pallet_prelude::BlockNumberFor, sp_runtime::traits::UniqueSaturatedInto};
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, CommitId, PieceAccess, Relation, Role},
};

/// How many entries a page has.
fn page(limit: u32) -> usize {
    limit.min(MAX_PAGE).unique_saturated_into()
}

/// The number in a key that lists numbers in order.
fn number(key: [u8; 8]) -> u64 {
    u64::from_be_bytes(key)
}

/// The commit id of 40 hex digits.
fn parse_commit(digits: &[u8]) -> Option<CommitId> {
    let mut id = [0; 20];
    if digits.len() != 40 {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let digits = core::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(CommitId(id))
}

/// One edge away from a revision: the revision there, its asset, and how the child at the edge was made.
type Edge = (CommitId, AssetId, Relation);

impl<T: Config> Pallet<T> {
    pub(crate) fn namespace_info(name: &[u8]) -> Option<NamespaceInfo<T::AccountId>> {
        Self::namespace_of(&NameKey::find(name)?)
    }

    fn namespace_of(key: &NameKey) -> Option<NamespaceInfo<T::AccountId>> {
        let found = Namespaces::<T>::get(key)?;
        Some(NamespaceInfo {
            name: found.name.into_inner(),
            owner: found.owner,
            offered_to: found.offered_to,
            assets: found.assets,
        })
    }

    /// The number of `owner/name`, in any case.
    pub fn asset_id(name: &[u8]) -> Option<AssetId> {
        let mut halves = name.splitn(2, |byte| *byte == b'/');
        let namespace = NameKey::find(halves.next()?)?;
        AssetNames::<T>::get(namespace, NameKey::find(halves.next()?)?)
    }

    /// Who owns an asset: the owner of its namespace.
    pub fn owner(asset: AssetId) -> Option<T::AccountId> {
        let asset = Assets::<T>::get(asset)?;
        Namespaces::<T>::get(asset.namespace).map(|namespace| namespace.owner)
    }

    pub(crate) fn asset_info(id: AssetId) -> Option<AssetInfo<T::AccountId>> {
        let asset = Assets::<T>::get(id)?;
        let namespace = Namespaces::<T>::get(&asset.namespace)?;
        Some(AssetInfo {
            id,
            namespace: namespace.name.into_inner(),
            name: asset.name.into_inner(),
            owner: namespace.owner,
            kind: asset.kind,
            visibility: asset.visibility,
            licence: asset.licence.into_inner(),
            revisions: asset.revisions,
            refs: asset.refs,
            collaborators: asset.collaborators,
            retired: asset.retired,
            taken_down: DenyList::<T>::get(Subject::Asset(id)).map(|entry| entry.reason),
            offered_to: asset.offer.map(|offer| offer.namespace.into_bytes()),
        })
    }

    pub(crate) fn revision_info(commit: CommitId) -> Option<RevisionInfoOf<T>> {
        let found = Revisions::<T>::get(commit)?;
        Some(RevisionInfo {
            commit,
            asset: found.asset,
            number: found.number,
            content: found.content,
            piece: found.piece,
            parents: found.parents.into_inner(),
            message: found.message.into_inner(),
            author: found.author,
            published: found.published,
            children: found.children,
            yanked: found.yanked,
            access: Self::access_of(found.piece.root),
        })
    }

    /// The commit that a branch, a tag or 40 hex digits name in an asset.
    pub fn resolve_commit(asset: AssetId, reference: &[u8]) -> Option<CommitId> {
        match parse_commit(reference) {
            Some(commit) => Revisions::<T>::get(commit).filter(|found| found.asset == asset).map(|_| commit),
            None => {
                Refs::<T>::get(asset, RefName::try_from(reference.to_vec()).ok()?).map(|found| found.commit)
            }
        }
    }

    /// The branches and tags of an asset after a name, in no particular order.
    pub fn refs(asset: AssetId, after: Option<Vec<u8>>, limit: u32) -> Vec<RefInfo> {
        let entries = match after.map(RefName::try_from) {
            None => Refs::<T>::iter_prefix(asset),
            Some(Ok(name)) => Refs::<T>::iter_prefix_from(asset, Refs::<T>::hashed_key_for(asset, name)),
            Some(Err(_)) => return Vec::new(),
        };
        entries
            .take(page(limit))
            .map(|(name, found)| RefInfo { name: name.into_inner(), kind: found.kind, commit: found.commit })
            .collect()
    }

    /// The revisions of an asset from a number on, oldest first.
    pub fn revisions(asset: AssetId, start: u32, limit: u32) -> Vec<RevisionInfoOf<T>> {
        let next = Assets::<T>::get(asset).map_or(0, |found| found.next_revision);
        // A retired asset has gaps, where revisions were removed.
        (start..next.min(start.saturating_add(MAX_WALK)))
            .filter_map(|number| RevisionsOf::<T>::get(asset, number))
            .take(page(limit))
            .filter_map(Self::revision_info)
            .collect()
    }

    /// The collaborators of an asset after an account, in no particular order.
    pub fn collaborators(
        asset: AssetId,
        after: Option<T::AccountId>,
        limit: u32,
    ) -> Vec<CollaboratorInfo<T::AccountId>> {
        match after {
            None => Collaborators::<T>::iter_prefix(asset),
            Some(who) => {
                Collaborators::<T>::iter_prefix_from(asset, Collaborators::<T>::hashed_key_for(asset, who))
            }
        }
        .take(page(limit))
        .map(|(account, found)| CollaboratorInfo { account, role: found.role })
        .collect()
    }

    /// The role of an account on an asset; an owner's is admin.
    pub fn role(asset: AssetId, account: T::AccountId) -> Option<Role> {
        let found = Assets::<T>::get(asset)?;
        if Self::owner_of(&found).as_ref() == Some(&account) {
            return Some(Role::Admin);
        }
        Collaborators::<T>::get(asset, account).map(|found| found.role)
    }

    /// The namespaces of an account after a name, in no particular order.
    pub fn namespaces_of_account(
        account: T::AccountId,
        after: Option<Vec<u8>>,
        limit: u32,
    ) -> Vec<NamespaceInfo<T::AccountId>> {
        let keys = match after.as_deref().map(NameKey::find) {
            None => NamespacesOf::<T>::iter_key_prefix(&account),
            Some(Some(key)) => NamespacesOf::<T>::iter_key_prefix_from(
                &account,
                NamespacesOf::<T>::hashed_key_for(&account, key),
            ),
            Some(None) => return Vec::new(),
        };
        keys.take(page(limit)).filter_map(|key| Self::namespace_of(&key)).collect()
    }

    fn asset_ids(namespace: &NameKey, after: Option<AssetId>, limit: usize) -> Vec<AssetId> {
        match after {
            None => AssetsOf::<T>::iter_key_prefix(namespace),
            Some(id) => AssetsOf::<T>::iter_key_prefix_from(
                namespace,
                AssetsOf::<T>::hashed_key_for(namespace, ordinal(id.0)),
            ),
        }
        .take(limit)
        .map(|key| AssetId(number(key)))
        .collect()
    }

    /// The assets in the namespaces of an account after a number, oldest first.
    pub fn assets_of_account(
        account: T::AccountId,
        after: Option<AssetId>,
        limit: u32,
    ) -> Vec<AssetInfo<T::AccountId>> {
        let mut ids: Vec<AssetId> = NamespacesOf::<T>::iter_key_prefix(&account)
            .take(MAX_WALK.unique_saturated_into())
            .flat_map(|key| Self::asset_ids(&key, after, page(limit)))
            .collect();
        ids.sort_unstable();
        ids.into_iter().take(page(limit)).filter_map(Self::asset_info).collect()
    }

    /// The assets of a namespace after a number, oldest first.
    pub fn assets_of_namespace(
        namespace: Vec<u8>,
        after: Option<AssetId>,
        limit: u32,
    ) -> Vec<AssetInfo<T::AccountId>> {
        let Some(key) = NameKey::find(&namespace) else { return Vec::new() };
        Self::asset_ids(&key, after, page(limit)).into_iter().filter_map(Self::asset_info).collect()
    }

    /// The asset and the parents of a revision or its tombstone, and whether it's the latter.
    fn lineage_of(commit: CommitId) -> Option<(AssetId, Parents, bool)> {
        match Revisions::<T>::get(commit) {
            Some(found) => Some((found.asset, found.parents, false)),
            None => Tombstones::<T>::get(commit).map(|found| (found.asset, found.parents, true)),
        }
    }

    /// Walks outwards, nearest first, and meets each revision once.
    fn walk(
        start: CommitId,
        skip: u32,
        limit: u32,
        edges: impl Fn(CommitId, usize) -> Vec<Edge>,
    ) -> Vec<LineageEntry> {
        let most: usize = MAX_WALK.unique_saturated_into();
        let mut met = BTreeSet::from([start]);
        let mut found: Vec<LineageEntry> = Vec::new();
        let mut from = Some((start, 0_u32));
        let mut next = 0;
        let wanted = page(limit).saturating_add(skip.unique_saturated_into()).min(most);
        while let Some((via, depth)) = from {
            for (commit, asset, relation) in edges(via, most) {
                if found.len() < wanted && met.insert(commit) {
                    let removed = !Revisions::<T>::contains_key(commit);
                    let depth = depth.saturating_add(1);
                    found.push(LineageEntry { commit, asset, relation, via, depth, removed });
                }
            }
            from = found.get(next).filter(|_| found.len() < wanted).map(|entry| (entry.commit, entry.depth));
            next = next.saturating_add(1);
        }
        found.into_iter().skip(skip.unique_saturated_into()).collect()
    }

    /// What a revision was made from, nearest first.
    pub fn ancestors(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry> {
        Self::walk(commit, skip, limit, |child, _| {
            let parents = Self::lineage_of(child).map(|(_, parents, _)| parents).unwrap_or_default();
            parents.into_iter().map(|parent| (parent.commit, parent.asset, parent.relation)).collect()
        })
    }

    /// What was made from a revision, nearest and then oldest first.
    pub fn descendants(commit: CommitId, skip: u32, limit: u32) -> Vec<LineageEntry> {
        Self::walk(commit, skip, limit, |parent, most| {
            Children::<T>::iter_prefix_values(parent)
                .take(most)
                .filter_map(|child| {
                    let (asset, parents, _) = Self::lineage_of(child)?;
                    let edge = parents.into_iter().find(|edge| edge.commit == parent)?;
                    Some((child, asset, edge.relation))
                })
                .collect()
        })
    }

    /// The attestations of a revision after one of them, in no particular order.
    pub fn attestations(
        commit: CommitId,
        after: Option<(T::AccountId, Claim)>,
        limit: u32,
    ) -> Vec<AttestationInfo<T::AccountId, BlockNumberFor<T>>> {
        match after {
            None => Attestations::<T>::iter_prefix(commit),
            Some(entry) => {
                Attestations::<T>::iter_prefix_from(commit, Attestations::<T>::hashed_key_for(commit, entry))
            }
        }
        .take(page(limit))
        .map(|((author, claim), found)| AttestationInfo {
            author,
            claim,
            evidence: found.evidence,
            since: found.since,
        })
        .collect()
    }

    /// The pieces of a content root that aren't taken down, as published, with who may read them.
    fn open_pieces(content: ContentId) -> impl Iterator<Item = (Piece, PieceAccess)> {
        Contents::<T>::iter_prefix_values(content)
            .take(MAX_WALK.unique_saturated_into())
            .filter_map(Revisions::<T>::get)
            .map(|revision| (revision.piece, Self::access_of(revision.piece.root)))
            .filter(|(_, access)| *access != PieceAccess::Denied)
    }

    /// The first public piece of a content root, or else the first one.
    pub(crate) fn best_piece(content: ContentId) -> Option<Piece> {
        let pieces: Vec<_> = Self::open_pieces(content).take(page(MAX_PAGE)).collect();
        let public = pieces.iter().find(|(_, access)| *access == PieceAccess::Public);
        public.or(pieces.first()).map(|(piece, _)| *piece)
    }

    /// The pieces of a content root in the order they were published, without those taken down.
    pub fn pieces_of_content(content: ContentId, skip: u32, limit: u32) -> Vec<Piece> {
        let mut met = BTreeSet::new();
        Self::open_pieces(content)
            .map(|(piece, _)| piece)
            .filter(|piece| met.insert(*piece))
            .skip(skip.unique_saturated_into())
            .take(page(limit))
            .collect()
    }

    /// What was taken down, in no particular order.
    pub fn deny_list(after: Option<Subject>, limit: u32) -> Vec<(Subject, TakeDown<BlockNumberFor<T>>)> {
        match after {
            None => DenyList::<T>::iter(),
            Some(subject) => DenyList::<T>::iter_from(DenyList::<T>::hashed_key_for(subject)),
        }
        .take(page(limit))
        .collect()
    }
}
