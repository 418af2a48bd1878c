//! Who is served slices of a piece that isn't public: the nodes of providers that may keep it, and nobody else.
//!
//! A gated piece goes to a provider that an order of one of its asset's admins names, or that accepted such an order. A
//! bare piece, which no asset has, goes to whom an order is for, from nodes that pinned it: an upload that is about to be
//! published isn't pinned, and so isn't given away before the chain says whose it is.
//!
//! A provider says itself which peer id is its node's. That gives it nothing: what it may have it may pass on anyway.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use polkadot_sdk::sc_network::PeerId;
use stoa_content::PieceInfo;
use stoa_primitives::{PieceRoot, registry::PieceAccess};

use super::registry::{Registry, RegistryError};
use crate::network::{log_limit::LimitedLog, slice::Grants};

/// How long an answer of the chain is good for; a piece comes in many slices.
const FRESH: Duration = Duration::from_secs(12);
/// Answers that are kept.
const MAX_KNOWN: usize = 4_096;

/// Grants by the chain's orders.
pub struct ChainGrants {
    registry: Arc<dyn Registry>,
    known: Mutex<HashMap<(PeerId, PieceRoot), (bool, Instant)>>,
    failures: LimitedLog,
}

impl ChainGrants {
    /// Asks this registry.
    pub fn new(registry: Arc<dyn Registry>) -> Self {
        Self { registry, known: Mutex::default(), failures: LimitedLog::default() }
    }

    fn ask(&self, peer: &PeerId, info: &PieceInfo) -> Result<bool, RegistryError> {
        let root = info.piece.root;
        match self.registry.access(root)? {
            // The store will know in a moment.
            PieceAccess::Public => Ok(true),
            PieceAccess::Denied => Ok(false),
            PieceAccess::Unknown if !info.pinned => Ok(false),
            PieceAccess::Restricted | PieceAccess::Unknown => self.registry.may_fetch(peer, root),
        }
    }
}

impl Grants for ChainGrants {
    fn may_fetch(&self, peer: &PeerId, info: &PieceInfo) -> bool {
        let key = (*peer, info.piece.root);
        if let Some((may, since)) = self.known.lock().get(&key).copied()
            && since.elapsed() < FRESH
        {
            return may;
        }
        let may = self.ask(peer, info).unwrap_or_else(|error| {
            self.failures.warn(format_args!("Who may have piece {}: {error}", hex::encode(info.piece.root)));
            false
        });
        let mut known = self.known.lock();
        if known.len() >= MAX_KNOWN {
            known.retain(|_, (_, since)| since.elapsed() < FRESH);
        }
        if known.len() < MAX_KNOWN {
            known.insert(key, (may, Instant::now()));
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use stoa_content::{Access, Codec, ContentId};
    use stoa_primitives::{Piece, registry::AssetId};

    use super::{super::registry::RevisionPage, *};

    struct TestRegistry {
        access: Option<PieceAccess>,
        named: PeerId,
        asked: Mutex<usize>,
    }

    impl Registry for TestRegistry {
        fn access(&self, _: PieceRoot) -> Result<PieceAccess, RegistryError> {
            *self.asked.lock() += 1;
            self.access.ok_or_else(|| RegistryError::new("no state"))
        }

        fn pieces_of(&self, _: ContentId, _: u32) -> Result<Vec<Piece>, RegistryError> {
            Ok(Vec::new())
        }

        fn revisions(&self, _: AssetId, _: u32, _: u32) -> Result<RevisionPage, RegistryError> {
            Ok(RevisionPage { pieces: Vec::new(), next: None })
        }

        fn may_fetch(&self, peer: &PeerId, _: PieceRoot) -> Result<bool, RegistryError> {
            Ok(*peer == self.named)
        }
    }

    fn info(pinned: bool) -> PieceInfo {
        PieceInfo {
            piece: Piece { root: [1; 32], size: 5 },
            content: ContentId { codec: Codec::Raw, digest: [2; 32] },
            access: Access::Restricted,
            pinned,
            blocks: 1,
        }
    }

    fn answers(access: Option<PieceAccess>, pinned: bool) -> [bool; 2] {
        let (named, stranger) = (PeerId::random(), PeerId::random());
        let grants = ChainGrants::new(Arc::new(TestRegistry { access, named, asked: Mutex::default() }));
        [named, stranger].map(|peer| grants.may_fetch(&peer, &info(pinned)))
    }

    #[test]
    fn gated_pieces_go_to_the_nodes_of_named_providers_alone() {
        assert_eq!(answers(Some(PieceAccess::Restricted), false), [true, false]);
    }

    #[test]
    fn bare_pieces_go_to_providers_once_they_are_pinned_here() {
        assert_eq!(answers(Some(PieceAccess::Unknown), false), [false, false]);
        assert_eq!(answers(Some(PieceAccess::Unknown), true), [true, false]);
    }

    #[test]
    fn pieces_that_were_taken_down_or_cannot_be_judged_go_to_nobody() {
        assert_eq!(answers(Some(PieceAccess::Denied), true), [false, false]);
        assert_eq!(answers(None, true), [false, false]);
    }

    #[test]
    fn the_chain_is_asked_once_for_many_slices() {
        let named = PeerId::random();
        let registry =
            Arc::new(TestRegistry { access: Some(PieceAccess::Restricted), named, asked: Mutex::default() });
        let grants = ChainGrants::new(registry.clone());
        for _ in 0..100 {
            assert!(grants.may_fetch(&named, &info(false)));
        }
        assert_eq!(*registry.asked.lock(), 1);
    }
}
