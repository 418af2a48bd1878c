//! `tree` and `paths-info`: which files a revision has.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use stoa_primitives::ContentId;

use super::{
    HubGateway,
    commits::title,
    date::iso,
    error::{HubError, X_REPO_COMMIT, shown},
    files::{Digests, Entry, Source},
    names::{Kind, MAIN, commit_text, reference},
    query::{Params, next_link, path_part},
    reader::Reader,
};
use crate::{HubAsset, HubRevision};

/// Paths that one question may name.
const MAX_PATHS: usize = 1_000;
/// Revisions that are compared to find out which one changed a file.
const MAX_HISTORY: u32 = 32;

/// `GET /api/{kind}/{namespace}/{name}/tree/{revision}`.
pub(super) async fn root(
    state: State<Arc<HubGateway>>,
    Path((kind, namespace, name, revision)): Path<(String, String, String, String)>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    folder(state, Path((kind, namespace, name, revision, String::new())), reader, uri, headers).await
}

/// `GET /api/{kind}/{namespace}/{name}/tree/{revision}/{path}`.
pub(super) async fn folder(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, text, path)): Path<(String, String, String, String, String)>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let params = Params::of(&uri)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    let revision = match hub.revision(&asset, &text).await {
        Err(HubError::RevisionNotFound(_)) if hub.is_empty_main(&asset, &text).await? => {
            return Ok(Json(Vec::<Value>::new()).into_response());
        }
        found => found?,
    };
    let source = hub.record_source(&revision)?;
    hub.bring(&source, &revision).await?;
    let listing = hub.listing(&source, &revision).await?;
    let path = path.trim_matches('/');
    let missing = || HubError::EntryNotFound { path: shown(path), commit: Some(revision.commit) };
    let size = params.number("limit")?.unwrap_or(hub.limits.tree_page).clamp(1, hub.limits.tree_page);
    let start = params.number("cursor")?.unwrap_or_default();
    let mut page: Vec<Entry> = listing
        .below(path, params.flag("recursive"))
        .ok_or_else(missing)?
        .skip(start)
        .take(size.saturating_add(1))
        .cloned()
        .collect();
    let more = page.len() > size;
    page.truncate(size);
    let answer = hub.describe_entries(&source, &asset, &revision, page, params.flag("expand")).await?;

    let mut response = Json(answer).into_response();
    say_commit(response.headers_mut(), &revision);
    if more {
        // By its commit, so that the pages belong together.
        let commit = commit_text(&revision.commit);
        let below = if path.is_empty() { String::new() } else { format!("/{}", path_part(path)) };
        let path = format!("/api/{}/{}/tree/{commit}{below}", kind.plural(), asset.full_name());
        let next = params.with("cursor", start.saturating_add(size).to_string());
        response.headers_mut().insert(header::LINK, next_link(&headers, &path, &next));
    }
    Ok(response)
}

/// `POST /api/{kind}/{namespace}/{name}/paths-info/{revision}`, with a form or with JSON.
pub(super) async fn paths_info(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, text)): Path<(String, String, String, String)>,
    reader: Reader,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let asked = PathsInfo::read(&headers, &body)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    let revision = hub.revision(&asset, &text).await?;
    let source = hub.record_source(&revision)?;
    hub.bring(&source, &revision).await?;
    let listing = hub.listing(&source, &revision).await?;
    let entries =
        asked.paths.iter().filter_map(|path| listing.find(path.trim_matches('/'))).cloned().collect();
    let answer = hub.describe_entries(&source, &asset, &revision, entries, asked.expand).await?;
    let mut response = Json(answer).into_response();
    say_commit(response.headers_mut(), &revision);
    Ok(response)
}

#[derive(Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
struct PathsInfo {
    paths: Vec<String>,
    expand: bool,
}

impl PathsInfo {
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, HubError> {
        let json = headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let asked = match json {
            true => serde_json::from_slice(body).map_err(|error| HubError::BadRequest(error.to_string()))?,
            false => {
                let form = Params::form(body)?;
                Self { paths: form.all("paths").map(str::to_owned).collect(), expand: form.flag("expand") }
            }
        };
        match asked.paths.len() > MAX_PATHS {
            true => Err(HubError::BadRequest(format!("ask for at most {MAX_PATHS} paths at a time"))),
            false => Ok(asked),
        }
    }
}

pub(super) fn say_commit(headers: &mut HeaderMap, revision: &HubRevision) {
    if let Ok(value) = HeaderValue::try_from(commit_text(&revision.commit)) {
        headers.insert(X_REPO_COMMIT, value);
    }
}

/// A revision as the last one that changed a file.
#[derive(Clone)]
struct LastCommit(Value);

impl LastCommit {
    fn of(revision: &HubRevision) -> Self {
        Self(json!({
            "id": commit_text(&revision.commit),
            "title": title(revision).0,
            "date": iso(revision.published),
        }))
    }
}

/// An entry as the clients read it; `None` when its digests aren't to be had.
fn entry_json(entry: &Entry, digests: Option<&Digests>, last: Option<&LastCommit>) -> Option<Value> {
    let mut value = if entry.folder {
        json!({ "type": "directory", "path": entry.path, "size": 0, "oid": folder_id(&entry.content) })
    } else {
        let digests = digests?;
        let mut value = json!({
            "type": "file",
            "path": entry.path,
            "size": digests.size,
            "oid": hex::encode(digests.git),
        });
        if let (true, Some(fields)) = (digests.is_large(), value.as_object_mut()) {
            let lfs = json!({
                "oid": hex::encode(digests.sha256),
                "size": digests.size,
                "pointerSize": digests.pointer_size(),
            });
            fields.insert("lfs".into(), lfs);
        }
        value
    };
    if let (Some(last), Some(fields)) = (last, value.as_object_mut()) {
        fields.insert("lastCommit".into(), last.0.clone());
    }
    Some(value)
}

/// An id for a folder that is the same for the same files: the start of its CID's digest, as a commit's is of its hash.
fn folder_id(content: &ContentId) -> String {
    hex::encode(content.digest.get(..20).unwrap_or_default())
}

impl HubGateway {
    /// Whether the request is for the branch that a repository without revisions would have.
    async fn is_empty_main(&self, asset: &HubAsset, revision: &str) -> Result<bool, HubError> {
        if reference(revision).as_deref() != Some(MAIN) {
            return Ok(false);
        }
        Ok(self.ask(self.hub.revisions(asset.id, 0, 1)).await?.is_empty())
    }

    async fn describe_entries(
        self: &Arc<Self>,
        source: &Source,
        asset: &HubAsset,
        revision: &HubRevision,
        entries: Vec<Entry>,
        expand: bool,
    ) -> Result<Vec<Value>, HubError> {
        let files: Vec<ContentId> =
            entries.iter().filter(|entry| !entry.folder).map(|entry| entry.content).collect();
        let digests = self.digests(source, revision, files.clone()).await?;
        let digests: HashMap<ContentId, Digests> =
            files.into_iter().zip(digests).filter_map(|(file, digests)| Some((file, digests?))).collect();
        let last = match expand {
            true => self.last_commits(asset, revision, &entries).await?,
            false => HashMap::new(),
        };
        let describe = |entry: &Entry| entry_json(entry, digests.get(&entry.content), last.get(&entry.path));
        Ok(entries.iter().filter_map(describe).collect())
    }

    /// The revisions that last changed these entries, as far back as revisions are here.
    async fn last_commits(
        &self,
        asset: &HubAsset,
        revision: &HubRevision,
        entries: &[Entry],
    ) -> Result<HashMap<String, LastCommit>, HubError> {
        let start = revision.number.saturating_sub(MAX_HISTORY);
        let count = revision.number.saturating_sub(start);
        let mut earlier = self.ask(self.hub.revisions(asset.id, start, count)).await?;
        earlier.retain(|earlier| earlier.number < revision.number);
        let mut open: HashMap<&str, ContentId> =
            entries.iter().map(|entry| (entry.path.as_str(), entry.content)).collect();
        let mut last = HashMap::new();
        let mut newest = LastCommit::of(revision);
        for before in earlier.iter().rev() {
            let Ok(source) = self.record_source(before) else { break };
            if open.is_empty() || !self.is_here(&source, before).await? {
                break;
            }
            let listing = self.listing(&source, before).await?;
            open.retain(|path, content| {
                let same = listing.find(path).is_some_and(|entry| entry.content == *content);
                if !same {
                    last.insert((*path).to_owned(), newest.clone());
                }
                same
            });
            newest = LastCommit::of(before);
        }
        last.extend(open.into_keys().map(|path| (path.to_owned(), newest.clone())));
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use stoa_primitives::Codec;

    use super::*;

    fn entry(folder: bool) -> Entry {
        Entry { path: "a/b".into(), content: ContentId { codec: Codec::Raw, digest: [0xab; 32] }, folder }
    }

    #[test]
    fn large_files_are_shown_as_those_of_lfs() {
        let small = Digests { size: 7, git: [1; 20], sha256: [2; 32] };
        let large = Digests { size: 2 << 20, ..small };
        assert_eq!(
            entry_json(&entry(false), Some(&small), None),
            Some(json!({ "type": "file", "path": "a/b", "size": 7, "oid": "01".repeat(20) }))
        );
        let shown = entry_json(&entry(false), Some(&large), None).unwrap();
        assert_eq!(shown["lfs"], json!({ "oid": "02".repeat(32), "size": 2 << 20, "pointerSize": 132 }));
        assert_eq!(entry_json(&entry(false), None, None), None);
        assert_eq!(entry_json(&entry(true), None, None).unwrap()["oid"], "ab".repeat(20));
    }

    #[test]
    fn paths_come_as_a_form_or_as_json() {
        let expected = PathsInfo { paths: vec!["a".into(), "b/c".into()], expand: true };
        let json =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        assert_eq!(PathsInfo::read(&json, br#"{"paths":["a","b/c"],"expand":true}"#).unwrap(), expected);
        assert_eq!(PathsInfo::read(&HeaderMap::new(), b"paths=a&paths=b%2Fc&expand=True").unwrap(), expected);
        assert!(PathsInfo::read(&json, b"[1").is_err());
    }
}
