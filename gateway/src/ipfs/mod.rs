//! `GET|HEAD /ipfs/{cid}[/path]`: the IPFS Trustless Gateway, in its strict form. It answers with a block or a CAR that
//! the client verifies, and never with anything that would have to be trusted.
//!
//! A `HEAD`, and a request with `Cache-Control: only-if-cached`, never makes the node fetch. The requested block is
//! looked for elsewhere by [`crate::Fetch`]; those below it have to be here.

mod accept;
mod car;
mod error;
pub(crate) mod hamt;
mod headers;
mod request;
mod restricted;
mod walk;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use cid::Cid;
use futures::stream;
use stoa_content::Store;
use stoa_primitives::{Codec, ContentId};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use self::{
    error::ReadError,
    request::{ContentRequest, Form},
    restricted::Seen,
    walk::{Resolved, Walk},
};
use crate::{
    FetchOutcome, Gateway,
    conditional::{Range, is_known, range},
    guard::guarded,
};

pub(crate) const RAW: u64 = 0x55;
pub(crate) const DAG_PB: u64 = 0x70;
pub(crate) const IDENTITY: u64 = 0x00;
pub(crate) const SHA2_256: u64 = 0x12;
/// Parts of a path, as many as folders may lie inside each other.
const MAX_PATH_PARTS: usize = stoa_content::MAX_DEPTH;

/// The handler of all reads.
pub(crate) async fn content(
    State(gateway): State<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let request = Arc::new(ContentRequest::parse(&uri, &headers)?);
        match request.form {
            Form::Raw => block(&gateway, &request, &method, &headers).await,
            Form::Car(_) => car(&gateway, request, &method, &headers).await,
        }
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => {
            match error {
                ReadError::Busy => gateway.metrics.reads_refused.one(),
                ReadError::NotFound(_) | ReadError::NotCached(_) | ReadError::NoSuchPath { .. } => {
                    gateway.metrics.reads_not_found.one();
                }
                _ => {}
            }
            error.into_response()
        }
    }
}

async fn block(
    gateway: &Arc<Gateway>,
    request: &Arc<ContentRequest>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, ReadError> {
    gateway.metrics.block_requests.one();
    let permit = permit(&gateway.block_reads)?;
    let cid = request.cid;
    let mut seen = Seen::public(gateway);
    let block = match read(&seen.store, cid).await? {
        Some(block) => block,
        None => {
            match restricted::seen(gateway, headers, &cid).await? {
                Some(theirs) => seen = theirs,
                None => fetch(gateway, request, method).await?,
            }
            read(&seen.store, cid).await?.ok_or(ReadError::NotFound(cid))?
        }
    };
    let etag = headers::etag(request);
    let mut fields = headers::of_answer(request, &[cid], &etag);
    seen.mark(&mut fields);
    if is_known(headers, &etag) {
        return Ok(not_modified(fields));
    }
    let size = block.len() as u64;
    let wanted = match *method == Method::GET {
        true => range(headers, &etag, size),
        false => Range::Whole,
    };
    let (status, part) = match wanted {
        Range::Whole => (StatusCode::OK, block),
        Range::Part(first, last) => {
            if let Ok(value) = HeaderValue::try_from(format!("bytes {first}-{last}/{size}")) {
                fields.insert(header::CONTENT_RANGE, value);
            }
            // Both lie inside the block, which is in memory.
            let bounds =
                usize::try_from(first).unwrap_or_default()..=usize::try_from(last).unwrap_or_default();
            (StatusCode::PARTIAL_CONTENT, block.slice(bounds))
        }
        Range::Outside => return Err(ReadError::Range { size }),
    };
    if *method == Method::GET {
        gateway.metrics.blocks_served.one();
        gateway.metrics.bytes_served.add(part.len() as u64);
    }
    Ok((status, fields, guarded(Body::from(part), permit)).into_response())
}

async fn car(
    gateway: &Arc<Gateway>,
    request: Arc<ContentRequest>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, ReadError> {
    let Form::Car(form) = request.form else { return Err(ReadError::internal("a block was asked for")) };
    gateway.metrics.car_requests.one();
    let permit = permit(&gateway.car_streams)?;
    let mut seen = Seen::public(gateway);
    let resolved = match resolve(&seen.store, &request).await? {
        Some(resolved) => resolved,
        None => {
            match restricted::seen(gateway, headers, &request.cid).await? {
                Some(theirs) => seen = theirs,
                None => fetch(gateway, &request, method).await?,
            }
            resolve(&seen.store, &request).await?.ok_or(ReadError::NotFound(request.cid))?
        }
    };
    let etag = headers::etag(&request);
    let mut fields = headers::of_answer(&request, &resolved.roots, &etag);
    seen.mark(&mut fields);
    if is_known(headers, &etag) {
        return Ok(not_modified(fields));
    }
    let head = match car::header(&resolved.terminus) {
        Ok(head) => head,
        Err(problem) => return Ok(problem.into_response()),
    };
    let walk = Walk::new(seen.store.clone(), resolved, &form)?;
    let body = match *method == Method::GET {
        true => car::body(gateway.clone(), seen.store, head, walk, permit),
        // Of unknown length, like the answer to GET.
        false => Body::from_stream(stream::empty::<Result<Bytes, std::io::Error>>()),
    };
    Ok((StatusCode::OK, fields, body).into_response())
}

async fn read(store: &Store, cid: Cid) -> Result<Option<Bytes>, ReadError> {
    let store = store.clone();
    Ok(spawn_blocking(move || walk::read_block(&store, &cid)).await.map_err(ReadError::internal)??)
}

async fn resolve(store: &Store, request: &Arc<ContentRequest>) -> Result<Option<Resolved>, ReadError> {
    let (store, request) = (store.clone(), request.clone());
    spawn_blocking(move || walk::resolve(&store, &request)).await.map_err(ReadError::internal)?
}

fn permit(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ReadError> {
    places.clone().try_acquire_owned().map_err(|_| ReadError::Busy)
}

fn not_modified(mut fields: HeaderMap) -> Response {
    fields.remove(header::CONTENT_TYPE);
    (StatusCode::NOT_MODIFIED, fields).into_response()
}

/// Has the requested content brought here, when the request and the limits allow it.
async fn fetch(gateway: &Gateway, request: &ContentRequest, method: &Method) -> Result<(), ReadError> {
    let cid = request.cid;
    if request.only_if_cached {
        return Err(ReadError::NotCached(cid));
    }
    let content = content_of(&cid).filter(|_| *method == Method::GET).ok_or(ReadError::NotFound(cid))?;
    let _place = gateway.fetches.try_acquire().map_err(|_| ReadError::Busy)?;
    gateway.metrics.fetches.one();
    let limit = gateway.limits.fetch_time;
    let outcome =
        timeout(limit, gateway.fetch.fetch(&content, limit)).await.unwrap_or(FetchOutcome::TimedOut);
    if outcome != FetchOutcome::Fetched {
        gateway.metrics.fetches_failed.one();
    }
    match outcome {
        FetchOutcome::Fetched => Ok(()),
        FetchOutcome::NotFound => Err(ReadError::NotFound(cid)),
        FetchOutcome::Denied => Err(ReadError::Denied(cid)),
        FetchOutcome::TimedOut => Err(ReadError::FetchTimedOut(cid)),
        FetchOutcome::Busy => Err(ReadError::Busy),
        FetchOutcome::Failed(why) => {
            tracing::debug!(target: "gateway", "{cid} couldn't be fetched: {why}");
            Err(ReadError::FetchFailed(cid))
        }
    }
}

/// The content that a CID names, as the chain knows it: CIDv1 alone. A CIDv0 is the same block.
pub(crate) fn content_of(cid: &Cid) -> Option<ContentId> {
    let hash = cid.hash();
    let digest = (hash.code() == SHA2_256).then(|| hash.digest().try_into().ok())??;
    match cid.codec() {
        RAW => Some(ContentId { codec: Codec::Raw, digest }),
        DAG_PB => Some(ContentId { codec: Codec::DagPb, digest }),
        _ => None,
    }
}
