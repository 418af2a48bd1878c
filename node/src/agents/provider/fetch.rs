//! Brings a piece here before an order for it is accepted, and checks it in both of its names.

use std::sync::Arc;

use pallet_storage_proofs::types::Order;
use polkadot_sdk::sc_network::PeerId;
use stoa_content::{Piece, StoreError};
use stoa_primitives::registry::PieceAccess;
use stoa_runtime::AccountId;

use super::chain::{Chain, ChainError};
use crate::{
    content_service::{ContentService, ServiceError},
    network::slice::FetchError,
};

/// Why a piece isn't ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// No room; orders have to wait.
    #[error("there is no room: {0}")]
    Full(String),
    /// What the order promises isn't so, and never will be.
    #[error("{0}")]
    Never(String),
    /// It may work later.
    #[error("{0}")]
    Later(String),
}

impl From<ServiceError> for PrepareError {
    fn from(error: ServiceError) -> Self {
        let text = error.to_string();
        match error {
            ServiceError::Store(error) => of_store(&error, text),
            ServiceError::Fetch(FetchError::Store(error)) => of_store(&error, text),
            ServiceError::Fetch(FetchError::OtherSize { .. } | FetchError::Content(_))
            | ServiceError::Denied => Self::Never(text),
            _ => Self::Later(text),
        }
    }
}

impl From<ChainError> for PrepareError {
    fn from(error: ChainError) -> Self {
        Self::Later(error.to_string())
    }
}

fn of_store(error: &StoreError, text: String) -> PrepareError {
    match error {
        StoreError::Full { .. } | StoreError::DiskFull(_) => PrepareError::Full(text),
        // No other bytes can have this root, so nobody has a good piece.
        StoreError::Car(_) | StoreError::PieceTooLarge(_) => PrepareError::Never(text),
        _ => PrepareError::Later(text),
    }
}

/// The peers that an order hints at; those that are no peer ids are left out.
pub fn hints(order: &Order<AccountId>) -> Vec<PeerId> {
    order.hints.iter().filter_map(|peer| PeerId::from_bytes(peer).ok()).collect()
}

/// Fetches an order's piece, if it isn't here, and checks it: its bytes against the BLAKE3 root, each block against its
/// CID, and its DAG against the one that the registry names for it.
pub async fn prepare(
    content: &ContentService,
    chain: Arc<dyn Chain>,
    order: &Order<AccountId>,
) -> Result<(), PrepareError> {
    let piece = order.piece;
    let info = content.fetch_piece_from(piece, hints(order), &mut |_| {}).await?;
    if info.piece != piece {
        return Err(PrepareError::Never(format!(
            "the piece is {} bytes long, not {}",
            info.piece.size, piece.size
        )));
    }
    let checked = tokio::task::spawn_blocking(move || {
        let at = chain.best().hash;
        match chain.access(at, piece.root)? {
            // No asset has it: there is no other name to check.
            PieceAccess::Unknown => Ok(()),
            PieceAccess::Denied => Err(PrepareError::Never("the piece was taken down".into())),
            PieceAccess::Public | PieceAccess::Restricted
                if chain.is_content(at, &piece, info.content)? =>
            {
                Ok(())
            }
            PieceAccess::Public | PieceAccess::Restricted => Err(PrepareError::Never(format!(
                "the piece holds {}, which isn't what its revision promises",
                stoa_content::text(&info.content)
            ))),
        }
    });
    checked.await.unwrap_or_else(|_| Err(PrepareError::Later("the node shuts down".into())))
}

/// Fetches a damaged piece anew from others that keep it; what is here stays until all of it has come.
pub async fn repair(content: &ContentService, piece: Piece) -> Result<(), PrepareError> {
    content.fetch_piece_anew(piece, &mut |_| {}).await.map(|_| ()).map_err(Into::into)
}
