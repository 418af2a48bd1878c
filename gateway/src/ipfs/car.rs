//! CAR answers: the walk's blocks, streamed as the client takes them.

use std::{io, sync::Arc};

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use cid::Cid;
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use stoa_content::Store;
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};
use unsigned_varint::encode;

use super::walk::{Step, Walk, WalkError, read_block};
use crate::{Gateway, guard::guarded, problem::Problem};

/// Blocks that are read and hashed at once, ahead of the client.
const BLOCKS_AHEAD: usize = 4;
/// Blocks below this are copied behind their heads, so that each makes one chunk and not two.
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

/// A body of the header and the walk's blocks. It holds the permit, and breaks off when a block can't be had: the last
/// chunk never comes, so the client knows that the CAR isn't whole.
pub(super) fn body(
    gateway: Arc<Gateway>,
    store: Store,
    header: Bytes,
    walk: Walk,
    permit: OwnedSemaphorePermit,
) -> Body {
    let reader = gateway.clone();
    let sections = steps(walk).map(move |step| section(reader.clone(), store.clone(), step));
    let parts = sections.buffered(BLOCKS_AHEAD).flat_map(move |section| match section {
        Ok(parts) => stream::iter(parts.map(Ok)).left_stream(),
        Err(error) => {
            gateway.metrics.streams_cut.one();
            tracing::debug!(target: "gateway", "a CAR stream is cut: {error}");
            stream::iter([Err(io::Error::other(error))]).right_stream()
        }
    });
    guarded(Body::from_stream(stream::iter([Ok(header)]).chain(parts)), permit)
}

/// The walk's steps; the last one may be its failure.
fn steps(walk: Walk) -> impl Stream<Item = Result<Step, WalkError>> {
    stream::unfold(Some(walk), async |walk| {
        let mut walk = walk?;
        let step = match walk.next_leaf() {
            // Nodes take a read, which mustn't hold up the connection's thread.
            Ok(None) => match spawn_blocking(move || (walk.next(), walk)).await {
                Ok((step, returned)) => {
                    walk = returned;
                    step
                }
                Err(error) => return Some((Err(error.into()), None)),
            },
            leaf => leaf,
        };
        match step.transpose()? {
            Ok(step) => Some((Ok(step), Some(walk))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// A block in CAR framing, read if it wasn't yet: its head, and its bytes if they stand for themselves.
async fn section(
    gateway: Arc<Gateway>,
    store: Store,
    step: Result<Step, WalkError>,
) -> Result<[Bytes; 2], WalkError> {
    let Step { cid, block } = step?;
    let block = match block {
        Some(block) => block,
        None => spawn_blocking(move || read_block(&store, &cid)).await??.ok_or(WalkError::Missing(cid))?,
    };
    gateway.metrics.blocks_served.one();
    gateway.metrics.bytes_served.add(block.len() as u64);
    let cid = cid.to_bytes();
    let mut head = BytesMut::new();
    head.put_slice(encode::usize(cid.len().saturating_add(block.len()), &mut encode::usize_buffer()));
    head.put_slice(&cid);
    if block.len() < SMALL_BLOCK {
        head.put_slice(&block);
        return Ok([head.freeze(), Bytes::new()]);
    }
    Ok([head.freeze(), block])
}
