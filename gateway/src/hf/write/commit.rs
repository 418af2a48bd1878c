//! `POST …/commit/{branch}`: changes become a revision on the chain.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use stoa_content::{Access, Packed};
use stoa_primitives::registry::{CommitId, RefKind};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    super::{
        HubGateway,
        error::{HubError, shown},
        files::{Digests, Source, budget},
        names::{MAIN, commit_text, is_commit, reference},
        query::{Params, origin},
        reader::Reader,
    },
    changes::{Bytes, Entry, Files, Opener},
    payload::{Header, Operation, Payload, PayloadError, Scanner},
    staging::Oid,
};
use crate::{
    Account, HubAsset, HubRevision, RegistryCall,
    upload::{CHUNKS_AHEAD, Feed, UploadError, drain, read},
};

/// Longest message of a revision.
const MAX_MESSAGE: usize = 1_024;
/// Bytes that a file's entries in the piece take beside its own, at most.
const FILE_OVERHEAD: u64 = 1 << 10;
/// How much a piece takes beside its files, in parts of their size.
const PIECE_OVERHEAD: u64 = 1_000;

/// There are no pull requests here.
pub(super) fn refuse_pull_requests(params: &Params) -> Result<(), HubError> {
    match params.flag("create_pr") {
        true => Err(HubError::BadRequest("there are no pull requests here: commit to a branch".into())),
        false => Ok(()),
    }
}

/// `POST …/commit/{branch}`.
pub(in crate::hf) async fn commit(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, branch)): Path<(String, String, String, String)>,
    reader: Reader,
    headers: HeaderMap,
    uri: Uri,
    body: Body,
) -> Response {
    let mut chunks = body.into_data_stream();
    let outcome = async {
        refuse_pull_requests(&Params::of(&uri)?)?;
        let (account, kind, asset) = hub.writable(&reader, &kind, &namespace, &name).await?;
        let branch = reference(&branch)
            .filter(|branch| !is_commit(branch))
            .ok_or_else(|| HubError::BadRequest("commit to a branch".into()))?;
        let place = hub.write_place().await?;
        let payload = hub.payload(account, &mut chunks).await?;
        // It goes on when the client leaves: a transaction can't be taken back.
        let (worker, commit) = (hub.clone(), Commit { account, reader, asset: asset.clone(), branch });
        let task = tokio::spawn(async move {
            let done = worker.commit(commit, payload).await;
            drop(place);
            done
        });
        let commit = commit_text(&task.await.map_err(HubError::internal)??);
        let url = format!("{}/{}{}/commit/{commit}", origin(&headers), kind.prefix(), asset.full_name());
        Ok::<Value, HubError>(json!({
            "success": true,
            "commitOid": commit,
            "commitUrl": url,
            "hookOutput": "",
        }))
    };
    match outcome.await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            drain(chunks);
            let mut response = error.into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

struct Commit {
    account: Account,
    reader: Reader,
    asset: HubAsset,
    branch: String,
}

/// What came in the body, and the room that its spool takes.
struct Received {
    payload: Payload,
    _room: crate::upload::Reservation,
}

/// What a commit starts from.
struct Before {
    revision: Option<HubRevision>,
    source: Option<Source>,
    files: Files,
    by_hash: HashMap<Oid, Entry>,
}

impl HubGateway {
    /// Reads the body to a spool on disk.
    async fn payload(
        self: &Arc<Self>,
        account: Account,
        chunks: &mut axum::body::BodyDataStream,
    ) -> Result<Received, HubError> {
        let mut room = self.gateway.hold(account, 0).await?;
        let (feed, mut fed) = mpsc::channel(CHUNKS_AHEAD);
        let hub = self.clone();
        let writer = spawn_blocking(move || {
            let mut scanner = Scanner::new(hub.writing()?.staging.file()?);
            loop {
                match fed.blocking_recv() {
                    Some(Feed::Bytes(bytes)) => {
                        hub.gateway.metrics.upload_bytes.add(bytes.len() as u64);
                        scanner.push(&bytes)?;
                        room.reserve(scanner.written()).map_err(UploadError::from)?;
                    }
                    Some(Feed::End) => return Ok(Received { payload: scanner.finish()?, _room: room }),
                    None => return Err(UploadError::CutOff.into()),
                }
            }
        });
        let read = read(chunks, feed, &self.gateway.limits).await;
        match (read, writer.await.map_err(HubError::internal)?) {
            // The reader's trouble is why the writer failed.
            (Err(error), Err(_)) => Err(error.into()),
            (_, received) => received,
        }
    }

    /// Makes the revision and publishes it.
    async fn commit(self: &Arc<Self>, commit: Commit, received: Received) -> Result<CommitId, HubError> {
        let Commit { account, reader, asset, branch } = commit;
        let writing = self.writing()?;
        let _alone = writing.alone(asset.id).await;
        let Payload { header, operations, spool } = received.payload;
        let mut before = self.before(&reader, &asset, &branch).await?;
        check_parent(&header, before.revision.as_ref())?;
        let by_hash = std::mem::take(&mut before.by_hash);
        before.files.apply(&operations, |oid| match writing.staging.get(&account, oid) {
            Some(object) => Some(Entry { size: object.size, bytes: Bytes::Staged(object) }),
            None => by_hash.get(oid).cloned(),
        })?;
        let folder = before.files.folder()?;
        let size = before.files.size();
        let about = size.saturating_add(size / PIECE_OVERHEAD).saturating_add(
            (before.files.files.len() as u64).saturating_add(2).saturating_mul(FILE_OVERHEAD),
        );
        let room = self.gateway.hold(account, about).await?;
        let opener = Opener { source: before.source, spool: spool.into_file() };
        let store = self.gateway.store.clone();
        let packed = spawn_blocking(move || store.import_files(&folder, &opener, &mut |_| ()));
        let packed = packed.await.map_err(HubError::internal)?.map_err(UploadError::from)?;
        drop(room);
        if let Some(same) = before.revision.as_ref().filter(|before| before.content == packed.content) {
            return Ok(same.commit);
        }
        // Readers would be refused such files later: better say so now. The piece is collected when room is needed.
        if size > budget(&packed.piece) {
            return Err(HubError::BadRequest(
                "the files repeat themselves so much that nodes won't serve them: compress them first".into(),
            ));
        }
        let commit = self.publish(account, &asset, branch, &header, &packed).await?;
        let taken = operations.iter().filter_map(|operation| match operation {
            Operation::LfsFile { oid, .. } => Some(*oid),
            _ => None,
        });
        writing.staging.taken(&account, taken);
        self.note_asset(asset.id);
        Ok(commit)
    }

    /// Keeps the piece and has the revision published. The piece goes again when that fails.
    async fn publish(
        self: &Arc<Self>,
        account: Account,
        asset: &HubAsset,
        branch: String,
        header: &Header,
        packed: &Packed,
    ) -> Result<CommitId, HubError> {
        let piece = packed.piece;
        let (gateway, store) = (self.gateway.clone(), self.gateway.store.clone());
        let kept = spawn_blocking(move || {
            let known = store.piece(&piece.root)?.is_some_and(|info| info.pinned);
            gateway.keep(&account, &piece)?;
            Ok::<bool, UploadError>(known)
        });
        let known = kept.await.map_err(HubError::internal)??;
        let call = RegistryCall::Publish {
            asset: asset.id,
            content: packed.content,
            piece,
            message: message(header),
            branch,
        };
        let submitted = self.writing()?.submitter.submit(&account, vec![call]).await;
        let submitted = match submitted {
            Ok(submitted) => submitted,
            Err(error) => {
                // A transaction that may still come needs its piece.
                if !known && !matches!(error, crate::SubmitError::TimedOut) {
                    self.let_go(packed).await;
                }
                return Err(error.into());
            }
        };
        submitted.commit.ok_or_else(|| HubError::internal("a publication told no commit id"))
    }

    /// Removes a piece that nothing on the chain names.
    async fn let_go(&self, packed: &Packed) {
        let (store, root) = (self.gateway.store.clone(), packed.piece.root);
        let removed = spawn_blocking(move || match store.piece(&root)? {
            Some(info) if info.access == Access::Restricted => store.remove(&root).map(|_| ()),
            _ => store.pin(&root, false).map(|_| ()),
        });
        if let Ok(Err(error)) = removed.await {
            tracing::warn!(target: "gateway", "a piece that wasn't published stays: {error}");
        }
    }

    /// The files that a branch has now.
    async fn before(
        self: &Arc<Self>,
        reader: &Reader,
        asset: &HubAsset,
        branch: &str,
    ) -> Result<Before, HubError> {
        let found = self.ask(self.hub.resolve(asset, branch)).await?;
        let none = Before { revision: None, source: None, files: Files::default(), by_hash: HashMap::new() };
        let Some(revision) = found else {
            return match branch == MAIN {
                true => Ok(none),
                false => Err(HubError::RevisionNotFound(shown(branch))),
            };
        };
        if self.found_ref(asset, branch).await?.is_some_and(|found| found.kind == RefKind::Tag) {
            return Err(HubError::BadRequest(format!("{} is a tag, and tags don't move", shown(branch))));
        }
        let source = self.byte_source(reader, asset, &revision).await?;
        self.bring(&source, &revision).await?;
        let listing = self.listing(&source, &revision).await?;
        let described = self.hashed(&source, &revision).await?;
        let mut files = Files::default();
        let mut by_hash = HashMap::new();
        for entry in listing.below("", true).into_iter().flatten() {
            if entry.folder {
                let empty = listing.below(&entry.path, false).is_none_or(|mut below| below.next().is_none());
                if empty {
                    files.folders.push(entry.path.clone());
                }
                continue;
            }
            let digests = described.get(&entry.path).ok_or_else(|| {
                HubError::Unusable(format!("{} can't be read: delete it first", shown(&entry.path)))
            })?;
            let kept = Bytes::Kept { content: entry.content, size: digests.size };
            let kept = Entry { size: digests.size, bytes: kept };
            by_hash.insert(digests.sha256, kept.clone());
            files.files.insert(entry.path.clone(), kept);
        }
        Ok(Before { revision: Some(revision), source: Some(source), files, by_hash })
    }

    /// The digests of all files of a revision that is here, hashed now if they weren't yet.
    async fn hashed(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
    ) -> Result<HashMap<String, Digests>, HubError> {
        let listing = self.listing(source, revision).await?;
        let files: Vec<_> = listing.files().collect();
        let contents: Vec<_> = files.iter().map(|entry| entry.content).collect();
        let mut known = self.known_digests(contents.clone()).await?;
        if known.iter().any(Option::is_none) {
            self.hash_all(source, revision).await?;
            known = self.known_digests(contents).await?;
        }
        let described = files.iter().zip(known);
        Ok(described.filter_map(|(entry, digests)| Some((entry.path.clone(), digests?))).collect())
    }

    /// The digests of a branch's files by their paths, as far as they are known without waiting.
    pub(super) async fn tags_of(
        self: &Arc<Self>,
        reader: &Reader,
        asset: &HubAsset,
        branch: &str,
    ) -> Result<HashMap<String, Digests>, HubError> {
        let Some(reference) = reference(branch) else { return Ok(HashMap::new()) };
        let Some(revision) = self.ask(self.hub.resolve(asset, &reference)).await? else {
            return Ok(HashMap::new());
        };
        let source = self.byte_source(reader, asset, &revision).await?;
        if !self.is_here(&source, &revision).await? {
            return Ok(HashMap::new());
        }
        let listing = self.listing(&source, &revision).await?;
        let files: Vec<_> = listing.files().collect();
        let known = self.known_digests(files.iter().map(|entry| entry.content).collect()).await?;
        let described = files.iter().zip(known);
        Ok(described.filter_map(|(entry, digests)| Some((entry.path.clone(), digests?))).collect())
    }

    /// The files of a branch by their sha2-256, as far as they are known.
    pub(super) async fn files_by_hash(
        self: &Arc<Self>,
        reader: &Reader,
        asset: &HubAsset,
        branch: Option<&str>,
    ) -> Result<HashMap<Oid, Digests>, HubError> {
        let tags = self.tags_of(reader, asset, branch.unwrap_or(MAIN)).await?;
        Ok(tags.into_values().map(|digests| (digests.sha256, digests)).collect())
    }
}

fn check_parent(header: &Header, before: Option<&HubRevision>) -> Result<(), HubError> {
    let Some(parent) = &header.parent_commit else { return Ok(()) };
    let head = before.map(|before| commit_text(&before.commit));
    match head.is_some_and(|head| head.eq_ignore_ascii_case(parent)) {
        true => Ok(()),
        false => Err(HubError::Stale),
    }
}

/// What the chain keeps of a commit's message.
fn message(header: &Header) -> String {
    let description = header.description.as_deref().unwrap_or_default().trim();
    let whole = match description {
        "" => header.summary.trim().to_owned(),
        description => format!("{}\n\n{description}", header.summary.trim()),
    };
    let end =
        (0..=MAX_MESSAGE.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or_default();
    whole.get(..end).unwrap_or_default().to_owned()
}

impl From<PayloadError> for HubError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Spool(error) => error.into(),
            error => Self::BadRequest(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_between_letters() {
        let header = |summary: &str, description: &str| Header {
            summary: summary.into(),
            description: Some(description.into()),
            parent_commit: None,
        };
        assert_eq!(message(&header(" m ", "")), "m");
        assert_eq!(message(&header("m", "d\n")), "m\n\nd");
        let long = message(&header("m", &"é".repeat(600)));
        assert_eq!(long.len(), MAX_MESSAGE - 1);
    }

    #[test]
    fn a_parent_that_is_not_the_head_is_stale() {
        let header = Header { parent_commit: Some("ab".repeat(20)), ..Header::default() };
        assert!(matches!(check_parent(&header, None), Err(HubError::Stale)));
        assert!(check_parent(&Header::default(), None).is_ok());
    }
}
