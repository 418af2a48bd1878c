//! Files that are sent ahead of their commit: `…/info/lfs/objects/batch` gives the links, `/lfs/…` takes the bytes.

use std::{
    io::{Read, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::Body as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    super::{HubGateway, error::HubError, names::Kind, query::origin, reader::Reader},
    links::{LONG, Link, LinkError, PART},
    staging::{MAX_OBJECTS, Oid},
};
use crate::{
    Account,
    upload::{CHUNKS_AHEAD, Feed, UploadError, drain, read},
};

const LFS_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");
/// Objects that one question may name.
const MAX_BATCH: usize = 1_000;

#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    operation: String,
    #[serde(default)]
    transfers: Vec<String>,
    objects: Vec<Asked>,
    #[serde(default, rename = "ref")]
    reference: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Asked {
    oid: String,
    size: u64,
}

/// The sha2-256 that an oid is in hex.
pub(super) fn oid(text: &str) -> Result<Oid, HubError> {
    let mut oid = Oid::default();
    hex::decode_to_slice(text, &mut oid)
        .map_err(|_| HubError::BadRequest("an oid is a sha2-256 in hex".into()))?;
    Ok(oid)
}

/// `POST /{namespace}/{name}.git/info/lfs/objects/batch`.
pub(in crate::hf) async fn batch_of_model(
    state: State<Arc<HubGateway>>,
    Path((namespace, name)): Path<(String, String)>,
    reader: Reader,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, HubError> {
    batch(state.0, Kind::Model, namespace, name, reader, headers, body).await
}

/// The same of a dataset.
pub(in crate::hf) async fn batch_of_dataset(
    state: State<Arc<HubGateway>>,
    Path((namespace, name)): Path<(String, String)>,
    reader: Reader,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, HubError> {
    batch(state.0, Kind::Dataset, namespace, name, reader, headers, body).await
}

/// The same of a space.
pub(in crate::hf) async fn batch_of_space(
    state: State<Arc<HubGateway>>,
    Path((namespace, name)): Path<(String, String)>,
    reader: Reader,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, HubError> {
    batch(state.0, Kind::Space, namespace, name, reader, headers, body).await
}

async fn batch(
    hub: Arc<HubGateway>,
    kind: Kind,
    namespace: String,
    name: String,
    reader: Reader,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, HubError> {
    let name = name.strip_suffix(".git").ok_or(HubError::NoSuchRoute)?;
    let (account, _, asset) = hub.writable(&reader, kind.plural(), &namespace, name).await?;
    let asked: Batch = super::repos::json(&body)?;
    if asked.operation != "upload" {
        return Err(HubError::BadRequest(
            "files are downloaded by their resolve URLs, not through LFS".into(),
        ));
    }
    if asked.objects.len() > MAX_BATCH {
        return Err(HubError::BadRequest(format!("more than {MAX_BATCH} objects: ask in several parts")));
    }
    let branch = asked.reference.map(|reference| reference.name);
    let known = hub.files_by_hash(&reader, &asset, branch.as_deref()).await?;
    let in_parts = asked.transfers.iter().any(|transfer| transfer == "multipart");
    let writing = hub.writing()?;
    let mut objects = Vec::new();
    for Asked { oid: text, size } in asked.objects {
        let oid = oid(&text)?;
        if known.contains_key(&oid) || writing.staging.get(&account, &oid).is_some() {
            objects.push(json!({ "oid": text, "size": size }));
            continue;
        }
        if size > hub.gateway.limits.upload_bytes || !writing.staging.has_room(&account) {
            let message = match size > hub.gateway.limits.upload_bytes {
                true => format!("a file may have {} bytes here", hub.gateway.limits.upload_bytes),
                false => format!("{MAX_OBJECTS} files wait for their commit: commit them first"),
            };
            objects.push(json!({ "oid": text, "size": size, "error": { "code": 413, "message": message } }));
            continue;
        }
        let link = writing.links.make(account, oid, size);
        let href = format!("{}/lfs/{link}", origin(&headers));
        let mut upload = json!({ "href": href });
        if let (true, true, Some(fields)) = (in_parts, size > LONG, upload.as_object_mut()) {
            let parts =
                (1..=size.div_ceil(PART)).map(|part| (format!("{part:05}"), json!(format!("{href}/{part}"))));
            let mut header: serde_json::Map<String, Value> = parts.collect();
            header.insert("chunk_size".into(), json!(PART.to_string()));
            fields.insert("header".into(), Value::Object(header));
        }
        let verify = json!({ "href": format!("{}/lfs/verify", origin(&headers)) });
        objects.push(json!({ "oid": text, "size": size, "actions": { "upload": upload, "verify": verify } }));
    }
    let transfer = if in_parts { "multipart" } else { "basic" };
    let mut response = Json(json!({ "transfer": transfer, "objects": objects })).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, LFS_TYPE);
    Ok(response)
}

/// `POST /lfs/verify`: whether a file that was sent is here.
pub(in crate::hf) async fn verify(
    State(hub): State<Arc<HubGateway>>,
    reader: Reader,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let account = reader.writer()?;
    let Asked { oid: text, size } = super::repos::json(&body)?;
    match hub.writing()?.staging.get(&account, &oid(&text)?) {
        Some(object) if object.size == size => Ok(Json(json!({}))),
        Some(_) => Err(HubError::BadRequest("the file has another size".into())),
        None => Err(HubError::NoObject),
    }
}

/// `PUT /lfs/{link}`: the whole of a file.
pub(in crate::hf) async fn put(
    State(hub): State<Arc<HubGateway>>,
    Path(link): Path<String>,
    body: Body,
) -> Response {
    answered(hub.take_file(&link, None, body).await)
}

/// `PUT /lfs/{link}/{part}`: a part of a file.
pub(in crate::hf) async fn put_part(
    State(hub): State<Arc<HubGateway>>,
    Path((link, part)): Path<(String, u64)>,
    body: Body,
) -> Response {
    answered(hub.take_file(&link, Some(part), body).await)
}

/// `POST /lfs/{link}`: all parts were sent.
pub(in crate::hf) async fn complete(
    State(hub): State<Arc<HubGateway>>,
    Path(link): Path<String>,
) -> Result<Json<Value>, HubError> {
    let writing = hub.writing()?;
    let link = hub.link(&link)?;
    if writing.staging.get(&link.account, &link.oid).is_some() {
        return Ok(Json(json!({})));
    }
    let partial = writing.staging.found_partial(&link.account, &link.oid).ok_or(HubError::NoObject)?;
    if !partial.parts.lock().iter().all(|here| *here) {
        return Err(HubError::BadRequest("parts are missing: send them first".into()));
    }
    let _place = hub.write_place().await?;
    let hashed = spawn_blocking(move || {
        let mut file = partial.file.try_clone()?;
        std::io::Seek::rewind(&mut file)?;
        let (mut hash, mut chunk) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            hash.update(chunk.get(..count).unwrap_or_default());
        }
        file.sync_all()?;
        Ok::<Oid, std::io::Error>(hash.finalize().into())
    });
    let found = hashed.await.map_err(HubError::internal)?.map_err(HubError::internal)?;
    if found != link.oid {
        writing.staging.abandon(&link.account, &link.oid);
        return Err(HubError::OtherFile { oid: hex::encode(link.oid), found: hex::encode(found) });
    }
    writing.staging.complete(link.account, link.oid, link.size);
    Ok(Json(json!({})))
}

fn answered(outcome: Result<String, HubError>) -> Response {
    match outcome {
        Ok(tag) => {
            let mut response = StatusCode::OK.into_response();
            if let Ok(tag) = HeaderValue::try_from(tag) {
                response.headers_mut().insert(header::ETAG, tag);
            }
            response
        }
        Err(error) => {
            let mut response = error.into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

impl HubGateway {
    fn link(&self, text: &str) -> Result<Link, HubError> {
        self.writing()?.links.open(text).map_err(|error| match error {
            LinkError::Forged => HubError::Forbidden("this isn't an upload link of this gateway".into()),
            LinkError::Expired => {
                HubError::Forbidden("the upload link has expired: ask for another one".into())
            }
        })
    }

    /// A place among those who write, waited for as long as a request waits for anything.
    pub(super) async fn write_place(&self) -> Result<OwnedSemaphorePermit, HubError> {
        match timeout(self.limits.wait, self.writing()?.places.clone().acquire_owned()).await {
            Ok(permit) => permit.map_err(HubError::internal),
            Err(_) => Err(HubError::BusyWriting),
        }
    }

    /// Takes a file or a part of one; gives its tag.
    async fn take_file(
        self: &Arc<Self>,
        link: &str,
        part: Option<u64>,
        body: Body,
    ) -> Result<String, HubError> {
        let said = body.size_hint().exact();
        let mut chunks = body.into_data_stream();
        let outcome = async {
            let link = self.link(link)?;
            let range = match part {
                None => 0..link.size,
                Some(number) => link
                    .part(number)
                    .ok_or_else(|| HubError::BadRequest(format!("the file has {} parts", link.parts())))?,
            };
            let size = range.end.saturating_sub(range.start);
            if said.is_some_and(|said| said != size) {
                return Err(HubError::BadRequest(format!("{size} bytes are awaited here")));
            }
            let _place = self.write_place().await?;
            let (feed, fed) = mpsc::channel(CHUNKS_AHEAD);
            let writer = match part {
                None => self.write_whole(link, fed).await?,
                Some(number) => self.write_part(link, number, range, fed).await?,
            };
            let read = read(&mut chunks, feed, &self.gateway.limits).await;
            let written = writer.await.map_err(HubError::internal)?;
            match (read, written) {
                // The reader's trouble is why the writer failed.
                (Err(error), Err(_)) => Err(error.into()),
                (_, written) => written,
            }
        }
        .await;
        if outcome.is_err() {
            drain(chunks);
        }
        outcome
    }

    async fn write_whole(
        self: &Arc<Self>,
        link: Link,
        fed: mpsc::Receiver<Feed>,
    ) -> Result<tokio::task::JoinHandle<Result<String, HubError>>, HubError> {
        let Link { account, oid, size, .. } = link;
        self.check_staging(&account)?;
        let reservation = self.gateway.hold(account, size).await?;
        let hub = self.clone();
        Ok(spawn_blocking(move || {
            let writing = hub.writing()?;
            let mut file = writing.staging.file()?;
            let mut hash = Sha256::new();
            let count = each_chunk(fed, size, |bytes, _| {
                hash.update(bytes);
                Ok(file.write_all(bytes)?)
            })?;
            hub.gateway.metrics.upload_bytes.add(count);
            let found: Oid = hash.finalize().into();
            if found != oid || count != size {
                return Err(HubError::OtherFile { oid: hex::encode(oid), found: hex::encode(found) });
            }
            writing.staging.put(account, oid, file.into_temp_path(), size, reservation);
            Ok(format!("\"{}\"", hex::encode(oid)))
        }))
    }

    async fn write_part(
        self: &Arc<Self>,
        link: Link,
        number: u64,
        range: std::ops::Range<u64>,
        fed: mpsc::Receiver<Feed>,
    ) -> Result<tokio::task::JoinHandle<Result<String, HubError>>, HubError> {
        let Link { account, oid, size, .. } = link;
        self.check_staging(&account)?;
        // Taken for nothing when another part was here before, and given back at once.
        let mut reservation = match self.writing()?.staging.found_partial(&account, &oid) {
            Some(_) => None,
            None => Some(self.gateway.hold(account, size).await?),
        };
        let parts = usize::try_from(link.parts()).map_err(HubError::internal)?;
        let hub = self.clone();
        Ok(spawn_blocking(move || {
            let staging = &hub.writing()?.staging;
            let reserve = || reservation.take().ok_or(HubError::NoObject);
            let partial = staging.partial(account, oid, parts, reserve)?;
            let mut hash = blake3::Hasher::new();
            let awaited = range.end.saturating_sub(range.start);
            let count = each_chunk(fed, awaited, |bytes, at| {
                hash.update(bytes);
                Ok(partial.file.write_all_at(bytes, range.start.saturating_add(at))?)
            })?;
            hub.gateway.metrics.upload_bytes.add(count);
            if count != awaited {
                return Err(HubError::BadRequest(format!(
                    "{awaited} bytes are awaited here, and {count} came"
                )));
            }
            let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(here) = partial.parts.lock().get_mut(index) {
                *here = true;
            }
            Ok(format!("\"{}\"", hash.finalize().to_hex()))
        }))
    }

    fn check_staging(&self, account: &Account) -> Result<(), HubError> {
        match self.writing()?.staging.has_room(account) {
            true => Ok(()),
            false => Err(HubError::Conflict(format!(
                "{MAX_OBJECTS} files wait for their commit: commit them first"
            ))),
        }
    }
}

/// Hands on what comes, with its place, until the end; fails as soon as there is too much.
fn each_chunk(
    mut fed: mpsc::Receiver<Feed>,
    most: u64,
    mut take: impl FnMut(&[u8], u64) -> Result<(), HubError>,
) -> Result<u64, HubError> {
    let mut at: u64 = 0;
    loop {
        match fed.blocking_recv() {
            Some(Feed::Bytes(bytes)) => {
                let end = at.saturating_add(bytes.len() as u64);
                if end > most {
                    return Err(HubError::BadRequest(format!(
                        "more than the {most} bytes that were announced"
                    )));
                }
                take(&bytes, at)?;
                at = end;
            }
            Some(Feed::End) => return Ok(at),
            None => return Err(UploadError::CutOff.into()),
        }
    }
}
