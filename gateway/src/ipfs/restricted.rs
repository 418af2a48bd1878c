//! Content that isn't public, for whoever shows a token of an account that may read it. To all others it looks absent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, header};
use cid::Cid;
use stoa_content::{Access, ContentId, PieceInfo, Store};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::{content_of, error::ReadError};
use crate::{Account, Gateway};

/// Pieces with a block that the chain is asked about.
const MAX_PIECES: usize = 8;
/// How often the chain is asked again while content is being sent.
const RECHECK: Duration = Duration::from_secs(5);

/// What a request may see of the store.
pub(super) struct Seen {
    pub(super) store: Store,
    restricted: bool,
}

impl Seen {
    /// What anybody may see.
    pub(super) fn public(gateway: &Gateway) -> Self {
        Self { store: gateway.store.clone(), restricted: false }
    }

    /// Says in an answer that it is for one reader alone.
    pub(super) fn mark(&self, fields: &mut HeaderMap) {
        if self.restricted {
            fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            fields.insert(header::VARY, HeaderValue::from_static("Accept, Authorization"));
        }
    }
}

/// What the account behind a request's token may see of a piece with that block; `None` when there is no such piece, or
/// no token.
pub(super) async fn seen(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    cid: &Cid,
) -> Result<Option<Seen>, ReadError> {
    let Some(content) = content_of(cid) else { return Ok(None) };
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let (store, digest) = (gateway.store.clone(), content.digest);
    let found = spawn_blocking(move || store.pieces_with(&digest, MAX_PIECES));
    let mut found = found.await.map_err(ReadError::internal)??;
    found.retain(|info| info.access == Access::Restricted);
    if found.is_empty() {
        return Ok(None);
    }
    let Some(token) = gateway.token_of(headers).map_err(ReadError::Token)? else { return Ok(None) };
    for PieceInfo { piece, content, .. } in found {
        if !may_read(gateway, &token.account, &piece.root, &content).await? {
            continue;
        }
        let open = Arc::new(AtomicBool::new(true));
        let store = gateway.store.view(piece.root, open.clone());
        let (gateway, watched) = (gateway.clone(), Arc::downgrade(&open));
        // Ends with the last reader of the view, and closes it when the account may read no more.
        tokio::spawn(async move {
            loop {
                sleep(RECHECK).await;
                let Some(open) = watched.upgrade() else { return };
                if !matches!(may_read(&gateway, &token.account, &piece.root, &content).await, Ok(true)) {
                    open.store(false, Ordering::Relaxed);
                    return;
                }
            }
        });
        return Ok(Some(Seen { store, restricted: true }));
    }
    Ok(None)
}

async fn may_read(
    gateway: &Gateway,
    account: &Account,
    root: &[u8; 32],
    content: &ContentId,
) -> Result<bool, ReadError> {
    timeout(gateway.limits.chain_time, gateway.chain.may_read(account, root, content))
        .await
        .map_err(|_| ReadError::ChainSilent)?
        .map_err(|_| ReadError::ChainSilent)
}
