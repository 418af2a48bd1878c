//! CAR answers: the walk's blocks, streamed as the client takes them.

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use cid::Cid;
use futures::{StreamExt, stream};
use serde::Serialize;
use std::{io, sync::Arc};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::spawn_blocking,
};
use unsigned_varint::encode;

use super::walk::{Walk, WalkError};
use crate::{Gateway, problem::Problem};

/// Bytes that are read before they are handed on; a batch ends with the block that passes it.
const BATCH_BYTES: usize = 1 << 20;
/// Blocks below this are copied together, so that each doesn't become a packet of its own.
const SMALL_BLOCK: usize = 32 << 10;

#[derive(Serialize)]
struct Header<'a> {
    roots: &'a [Cid],
    version: u64,
}

/// The header of a CARv1 with that root.
pub(super) fn header(root: &Cid) -> Result<Bytes, Problem> {
    let body =
        serde_ipld_dagcbor::to_vec(&Header { roots: &[*root], version: 1 }).map_err(Problem::internal)?;
    let mut bytes = BytesMut::with_capacity(body.len().saturating_add(2));
    bytes.put_slice(encode::usize(body.len(), &mut encode::usize_buffer()));
    bytes.put_slice(&body);
    Ok(bytes.freeze())
}

/// A body of the header and the walk's blocks. It holds the permit, and breaks off when the walk fails: the last chunk
/// never comes, so the client knows that the CAR isn't whole.
pub(super) fn body(gateway: Arc<Gateway>, header: Bytes, walk: Walk, permit: OwnedSemaphorePermit) -> Body {
    let (batches, received) = mpsc::channel::<io::Result<Vec<Bytes>>>(1);
    tokio::spawn(produce(gateway, walk, batches, permit));
    let batches = stream::unfold(received, async |mut received| Some((received.recv().await?, received)));
    let parts = batches.flat_map(|batch| match batch {
        Ok(parts) => stream::iter(parts).map(Ok).left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    });
    Body::from_stream(stream::iter([Ok(header)]).chain(parts))
}

async fn produce(
    gateway: Arc<Gateway>,
    mut walk: Walk,
    batches: mpsc::Sender<io::Result<Vec<Bytes>>>,
    _permit: OwnedSemaphorePermit,
) {
    loop {
        let metered = gateway.clone();
        let step = spawn_blocking(move || {
            let batch = next_batch(&metered, &mut walk);
            (walk, batch)
        });
        let Ok((returned, batch)) = step.await else { return };
        walk = returned;
        // A send fails when the client is gone.
        if !batch.parts.is_empty() && batches.send(Ok(batch.parts)).await.is_err() {
            return;
        }
        match batch.outcome {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => return,
            Err(error) => {
                gateway.metrics.streams_cut.one();
                tracing::debug!(target: "gateway", "a CAR stream is cut: {error}");
                let cut = batches.send(Err(io::Error::other(error)));
                return cut.await.unwrap_or_default();
            }
        }
    }
}

enum Progress {
    More,
    Done,
}

/// Some blocks in CAR framing, and how the walk goes on after them.
struct Batch {
    parts: Vec<Bytes>,
    outcome: Result<Progress, WalkError>,
}

fn next_batch(gateway: &Gateway, walk: &mut Walk) -> Batch {
    let mut parts = Vec::new();
    let mut small = BytesMut::new();
    let mut size: usize = 0;
    let outcome = loop {
        if size >= BATCH_BYTES {
            break Ok(Progress::More);
        }
        let (cid, block) = match walk.next() {
            Ok(Some(next)) => next,
            Ok(None) => break Ok(Progress::Done),
            Err(error) => break Err(error),
        };
        let cid = cid.to_bytes();
        small.put_slice(encode::usize(cid.len().saturating_add(block.len()), &mut encode::usize_buffer()));
        small.put_slice(&cid);
        size = size.saturating_add(block.len()).saturating_add(cid.len());
        gateway.metrics.blocks_served.one();
        gateway.metrics.bytes_served.add(block.len() as u64);
        if block.len() < SMALL_BLOCK {
            small.put_slice(&block);
        } else {
            parts.push(small.split().freeze());
            parts.push(block);
        }
    };
    if !small.is_empty() {
        parts.push(small.freeze());
    }
    Batch { parts, outcome }
}
