//! `GET|HEAD /[datasets/|spaces/]{namespace}/{name}/resolve/{revision}/{path}`: the bytes of a file.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use stoa_content::text;
use stoa_primitives::ContentId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    HubGateway,
    error::{HubError, shown},
    files::{Digests, FileError, Leaf, Leaves, Source},
    names::{Kind, commit_text, is_commit},
    query::Params,
    reader::Reader,
    tree::say_commit,
};
use crate::{
    HubAsset, HubRevision,
    conditional::{Range, is_known, named, range},
    guard::guarded,
};

const X_LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");
const X_LINKED_SIZE: HeaderName = HeaderName::from_static("x-linked-size");
const X_STOA_CID: HeaderName = HeaderName::from_static("x-stoa-cid");
/// A page that a stranger published must not act as one of ours.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const FOR_NOW: HeaderValue = HeaderValue::from_static("public, no-cache");
const FOR_ONE: HeaderValue = HeaderValue::from_static("private, no-store");
/// Blocks that a stream reads ahead of its client when there are few streams, some, or many.
const BLOCKS_AHEAD: [usize; 3] = [4, 2, 1];
/// Blocks that are sent before the chain is asked again whether the reader of a restricted file may read it.
const BLOCKS_PER_ANSWER: usize = 32;
/// Up to how many streams are few, and some.
const FEW_STREAMS: [usize; 2] = [32, 128];

/// The files of models.
pub(super) async fn of_model(
    State(hub): State<Arc<HubGateway>>,
    Path((namespace, name, revision, path)): Path<(String, String, String, String)>,
    reader: Reader,
    request: Request,
) -> Result<Response, HubError> {
    hub.file(Kind::Model, Named { namespace, name, revision, path }, reader, request).await
}

/// The files of datasets.
pub(super) async fn of_dataset(
    State(hub): State<Arc<HubGateway>>,
    Path((namespace, name, revision, path)): Path<(String, String, String, String)>,
    reader: Reader,
    request: Request,
) -> Result<Response, HubError> {
    hub.file(Kind::Dataset, Named { namespace, name, revision, path }, reader, request).await
}

/// The files of spaces.
pub(super) async fn of_space(
    State(hub): State<Arc<HubGateway>>,
    Path((namespace, name, revision, path)): Path<(String, String, String, String)>,
    reader: Reader,
    request: Request,
) -> Result<Response, HubError> {
    hub.file(Kind::Space, Named { namespace, name, revision, path }, reader, request).await
}

/// A repository of one part, which there is none of here.
pub(super) async fn of_nobody(_reader: Reader) -> HubError {
    HubError::RepoNotFound
}

/// A path of the API that leads nowhere, or one below a repository of one part.
pub(super) async fn nowhere(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, _)): Path<(String, String, String, String)>,
    reader: Reader,
) -> Result<(), HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    hub.asset(&reader, kind, &namespace, &name).await?;
    Err(HubError::NoSuchRoute)
}

struct Named {
    namespace: String,
    name: String,
    revision: String,
    path: String,
}

/// What else of the request matters.
pub(super) struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Request {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _state: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone() })
    }
}

impl HubGateway {
    async fn file(
        self: Arc<Self>,
        kind: Kind,
        named: Named,
        reader: Reader,
        Request { method, uri, headers }: Request,
    ) -> Result<Response, HubError> {
        let asset = self.asset(&reader, kind, &named.namespace, &named.name).await?;
        let revision = self.revision(&asset, &named.revision).await?;
        let source = self.byte_source(&reader, &asset, &revision).await?;
        self.bring(&source, &revision).await?;
        let listing = self.listing(&source, &revision).await?;
        let missing = || HubError::EntryNotFound { path: shown(&named.path), commit: Some(revision.commit) };
        let entry = listing.find(&named.path).filter(|entry| !entry.folder).ok_or_else(missing)?;
        let content = entry.content;
        let digests = self.digests(&source, &revision, vec![content]).await?;
        let digests = digests.into_iter().next().flatten();
        let digests =
            digests.ok_or_else(|| HubError::Unusable("the file's blocks aren't one file".into()))?;

        let download = Params::of(&uri)?.flag("download");
        let mut fields = fields(&named.path, &revision, &content, &digests, download);
        fields.insert(
            header::CACHE_CONTROL,
            match (source.is_public(), is_commit(&named.revision)) {
                (false, _) => FOR_ONE,
                (true, true) => IMMUTABLE,
                (true, false) => FOR_NOW,
            },
        );
        let etag = format!("\"{}\"", digests.tag());
        if is_known(&headers, &etag) {
            fields.remove(header::CONTENT_TYPE);
            return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
        }
        let wanted = match method == Method::GET {
            true => range(&headers, &etag, digests.size),
            false => Range::Whole,
        };
        let (status, bytes) = match wanted {
            Range::Whole => (StatusCode::OK, 0..digests.size),
            Range::Part(first, last) => {
                let value = format!("bytes {first}-{last}/{}", digests.size);
                put(&mut fields, header::CONTENT_RANGE, value);
                (StatusCode::PARTIAL_CONTENT, first..last.saturating_add(1))
            }
            Range::Outside => return Err(HubError::Range { size: digests.size }),
        };
        fields.insert(header::CONTENT_LENGTH, bytes.end.saturating_sub(bytes.start).into());
        if method != Method::GET {
            return Ok((status, fields).into_response());
        }
        let permit = self.stream_permit().await?;
        // One byte is what clients ask for to learn the size.
        if bytes.start == 0 && (bytes.end > 1 || digests.size <= 1) {
            self.index.downloaded(asset.id.0);
        }
        self.gateway.metrics.hub_files.one();
        let walk = Leaves::new(source.clone(), &content, digests.size, bytes);
        let right = (!source.is_public()).then(|| Arc::new(Right { reader, asset, revision }));
        Ok((status, fields, guarded(self.body(source, walk, right), permit)).into_response())
    }

    /// A place among the streams, waited for as long as a request waits for anything.
    async fn stream_permit(&self) -> Result<OwnedSemaphorePermit, HubError> {
        match timeout(self.limits.wait, self.streams.clone().acquire_owned()).await {
            Ok(permit) => permit.map_err(HubError::internal),
            Err(_) => Err(HubError::Busy),
        }
    }

    /// The bytes of a walk, read ahead of the client. A block that can't be had cuts the body short of its announced
    /// length, so the client knows that it isn't whole.
    fn body(self: &Arc<Self>, source: Source, walk: Leaves, right: Option<Arc<Right>>) -> Body {
        let (hub, asked) = (self.clone(), self.clone());
        let ahead = blocks_ahead(&self.streams, self.limits.file_streams);
        let reading = move |(number, leaf): (usize, Result<Leaf, FileError>)| {
            let right = right.clone().filter(|_| number % BLOCKS_PER_ANSWER == BLOCKS_PER_ANSWER - 1);
            let (hub, source) = (asked.clone(), source.clone());
            async move {
                if let Some(right) = right {
                    right.still_holds(&hub).await?;
                }
                let leaf = leaf?;
                spawn_blocking(move || leaf.read(&source))
                    .await
                    .map_err(|error| FileError::Store(error.to_string()))?
            }
        };
        let bytes = leaves(walk).enumerate().map(reading).buffered(ahead).map(move |read| match read {
            Ok(bytes) => {
                hub.gateway.metrics.hub_bytes.add(bytes.len() as u64);
                Ok(bytes)
            }
            Err(error) => {
                hub.gateway.metrics.streams_cut.one();
                tracing::debug!(target: "gateway", "a file is cut: {error}");
                Err(io::Error::other(error))
            }
        });
        Body::from_stream(bytes)
    }
}

/// Why somebody may read what isn't public. The store knows nothing of it, so the chain is asked again on the way.
struct Right {
    reader: Reader,
    asset: HubAsset,
    revision: HubRevision,
}

impl Right {
    async fn still_holds(&self, hub: &HubGateway) -> Result<(), FileError> {
        let lost = |error: HubError| FileError::Withdrawn(error.to_string());
        let named = commit_text(&self.revision.commit);
        let revision = hub.revision(&self.asset, &named).await.map_err(lost)?;
        hub.byte_source(&self.reader, &self.asset, &revision).await.map_err(lost).map(|_| ())
    }
}

/// The walk's leaves; the last one may be its failure.
fn leaves(walk: Leaves) -> impl Stream<Item = Result<Leaf, FileError>> {
    stream::unfold(Some(walk), async |walk| {
        let mut walk = walk?;
        let step = match walk.next_at_hand() {
            Some(leaf) => Ok(Some(leaf)),
            // Nodes take a read, which mustn't hold up the connection's thread.
            None => match spawn_blocking(move || (walk.next(), walk)).await {
                Ok((step, returned)) => {
                    walk = returned;
                    step
                }
                Err(error) => return Some((Err(FileError::Store(error.to_string())), None)),
            },
        };
        match step.transpose()? {
            Ok(leaf) => Some((Ok(leaf), Some(walk))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// How many blocks a new stream reads ahead: fewer the more streams there are, so that all take a bounded memory.
fn blocks_ahead(streams: &Semaphore, most: usize) -> usize {
    let running = most.saturating_sub(streams.available_permits());
    let [few, some, many] = BLOCKS_AHEAD;
    let [up_to_few, up_to_some] = FEW_STREAMS;
    match running {
        running if running <= up_to_few => few,
        running if running <= up_to_some => some,
        _ => many,
    }
}

fn put(fields: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        fields.insert(name, value);
    }
}

/// The fields of an answer, whatever its status, but those about its length.
fn fields(
    path: &str,
    revision: &HubRevision,
    content: &ContentId,
    digests: &Digests,
    download: bool,
) -> HeaderMap {
    let mut fields = HeaderMap::new();
    say_commit(&mut fields, revision);
    let tag = digests.tag();
    put(&mut fields, header::ETAG, format!("\"{tag}\""));
    if digests.is_large() {
        put(&mut fields, X_LINKED_ETAG, format!("\"{tag}\""));
        fields.insert(X_LINKED_SIZE, digests.size.into());
    }
    put(&mut fields, X_STOA_CID, text(content));
    let name = path.rsplit('/').next().unwrap_or_default();
    put(
        &mut fields,
        header::CONTENT_DISPOSITION,
        named(if download { "attachment" } else { "inline" }, name),
    );
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(header::VARY, HeaderValue::from_static("Authorization"));
    fields
}

/// The media type by the name's end. What a browser would run is shown as text.
fn media_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "json" | "jsonl" => "application/json",
        "md" | "txt" | "py" | "js" | "ts" | "rs" | "html" | "htm" | "svg" | "xml" | "css" | "yml"
        | "yaml" | "toml" | "csv" | "tsv" | "cfg" | "ini" | "sh" | "gitattributes" | "gitignore"
        | "jinja" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "flac" => "audio/flac",
        "mp4" => "video/mp4",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_never_served_as_pages() {
        for name in ["index.html", "a.HTM", "x.svg", "x.xml"] {
            assert_eq!(media_type(name), "text/plain; charset=utf-8");
        }
        assert_eq!(media_type("model.safetensors"), "application/octet-stream");
        assert_eq!(media_type("LICENSE"), "application/octet-stream");
    }

    #[tokio::test]
    async fn streams_read_less_ahead_the_more_there_are() {
        let streams = Arc::new(Semaphore::new(256));
        let ahead = || blocks_ahead(&streams, 256);
        assert_eq!(ahead(), 4);
        let _some = streams.clone().acquire_many_owned(33).await.unwrap();
        assert_eq!(ahead(), 2);
        let _many = streams.clone().acquire_many_owned(96).await.unwrap();
        assert_eq!(ahead(), 1);
    }
}
