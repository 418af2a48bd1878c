//! A small gateway over the blocks of packed folders, which can be told to misbehave.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{
    collections::{HashMap, HashSet},
    io::Cursor,
    path::Path as FsPath,
    sync::{Arc, Mutex},
};
use stoa_content::{Packed, car, pack_dir, parse_cid, unixfs::Node};
use stoa_sdk::{
    Gateway,
    primitives::{Codec, ContentId},
};

/// What is wrong with the gateway.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// One byte of this block is flipped.
    pub tampered: Option<ContentId>,
    /// Answers end after so many bytes, in the middle of a block.
    pub cut_after: Option<usize>,
    /// Every request beyond so many is refused with 500.
    pub dies_after: Option<usize>,
    /// A block that was sent isn't sent again in the same CAR.
    pub leaves_repetitions_out: bool,
}

#[derive(Default)]
struct Inner {
    blocks: HashMap<ContentId, Bytes>,
    faults: Faults,
    requests: Vec<String>,
    leaf_bytes: usize,
}

/// The gateway, as the test sees it.
#[derive(Clone, Default)]
pub struct Fixture {
    inner: Arc<Mutex<Inner>>,
}

impl Fixture {
    /// Packs a folder and serves it.
    pub fn pack(&self, dir: &FsPath) -> Packed {
        let mut bytes = Cursor::new(Vec::new());
        let packed = pack_dir(dir, &mut bytes, &mut |_| {}).unwrap();
        let mut inner = self.inner.lock().unwrap();
        for block in car::Reader::new(bytes.into_inner().as_slice()) {
            let block = block.unwrap();
            inner.blocks.insert(block.content, block.data);
        }
        packed
    }

    /// Serves a block of the test's own making.
    pub fn add(&self, content: ContentId, block: Vec<u8>) {
        self.inner.lock().unwrap().blocks.insert(content, block.into());
    }

    pub fn misbehave(&self, faults: Faults) {
        let mut inner = self.inner.lock().unwrap();
        inner.faults = faults;
        inner.requests.clear();
    }

    /// The requests since the faults were set last.
    pub fn requests(&self) -> Vec<String> {
        self.inner.lock().unwrap().requests.clone()
    }

    /// How many bytes of leaves were served.
    pub fn leaf_bytes(&self) -> usize {
        self.inner.lock().unwrap().leaf_bytes
    }

    /// Starts to serve, and gives a client.
    pub async fn serve(&self) -> Gateway {
        let router = Router::new()
            .route("/ipfs/{cid}", get(root))
            .route("/ipfs/{cid}/{*path}", get(below))
            .with_state(self.clone());
        Gateway::new(&listen(router).await).unwrap()
    }
}

/// Serves a router on a free port, and gives its address.
pub async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

type Parameters = HashMap<String, String>;

async fn root(
    State(fixture): State<Fixture>,
    Path(cid): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    answer(&fixture, &cid, "", &parameters)
}

async fn below(
    State(fixture): State<Fixture>,
    Path((cid, path)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Response {
    answer(&fixture, &cid, &path, &parameters)
}

fn answer(fixture: &Fixture, cid: &str, path: &str, parameters: &Parameters) -> Response {
    let mut inner = fixture.inner.lock().unwrap();
    let range = parameters.get("entity-bytes").map_or("", String::as_str).to_owned();
    let format = parameters.get("format").map_or("", String::as_str);
    inner.requests.push(format!("{format} {path} {range}"));
    let faults = inner.faults;
    if faults.dies_after.is_some_and(|limit| inner.requests.len() > limit) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response();
    }
    let Some(root) = parse_cid(cid) else { return StatusCode::BAD_REQUEST.into_response() };
    let wanted = match format {
        "raw" => inner.blocks.contains_key(&root).then(|| vec![root]),
        "car" => walk(&inner.blocks, root, path, parameters["dag-scope"] == "block", &range),
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let Some(wanted) = wanted else { return StatusCode::NOT_FOUND.into_response() };

    let mut body = if format == "car" { car::header(&root) } else { Vec::new() };
    let content_type =
        if format == "car" { "application/vnd.ipld.car; version=1" } else { "application/vnd.ipld.raw" };
    let mut sent = HashSet::new();
    for content in wanted {
        if faults.leaves_repetitions_out && !sent.insert(content) {
            continue;
        }
        let mut block = inner.blocks[&content].to_vec();
        if faults.tampered == Some(content) {
            block[0] ^= 1;
        }
        if content.codec == Codec::Raw {
            inner.leaf_bytes += block.len();
        }
        if format == "car" {
            body.extend_from_slice(&car::section_head(&content, block.len()));
        }
        body.extend_from_slice(&block);
    }
    if let Some(limit) = faults.cut_after.filter(|limit| *limit < body.len()) {
        let length = body.len();
        body.truncate(limit);
        let parts: Vec<Result<Bytes, std::io::Error>> =
            vec![Ok(body.into()), Err(std::io::ErrorKind::BrokenPipe.into())];
        let body = Body::from_stream(futures::stream::iter(parts));
        let length = length.to_string();
        return ([(header::CONTENT_TYPE, content_type), (header::CONTENT_LENGTH, &length)], body)
            .into_response();
    }
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// The blocks of a CAR: those of the folders on the way, then the block or the part of a file at the path's end.
fn walk(
    blocks: &HashMap<ContentId, Bytes>,
    root: ContentId,
    path: &str,
    block_only: bool,
    range: &str,
) -> Option<Vec<ContentId>> {
    let mut wanted = Vec::new();
    let mut place = blocks.contains_key(&root).then_some(root)?;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        wanted.push(place);
        place = Node::decode(blocks.get(&place)?).ok()?.link(segment)?.content;
    }
    let from = range.split(':').next().and_then(|from| from.parse().ok()).unwrap_or(0);
    if block_only {
        wanted.push(place);
    } else {
        file(blocks, place, 0, from, &mut wanted)?;
    }
    Some(wanted)
}

fn file(
    blocks: &HashMap<ContentId, Bytes>,
    place: ContentId,
    start: u64,
    from: u64,
    wanted: &mut Vec<ContentId>,
) -> Option<()> {
    wanted.push(place);
    if place.codec == Codec::Raw {
        return Some(());
    }
    let node = Node::decode(blocks.get(&place)?).ok()?;
    let mut position = start;
    for (link, size) in node.links.iter().zip(&node.block_sizes) {
        if position + size > from {
            file(blocks, link.content, position, from, wanted)?;
        }
        position += size;
    }
    Some(())
}

/// Bytes that look like nothing in particular, the same for the same seed.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}
