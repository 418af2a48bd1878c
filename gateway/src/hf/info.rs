//! `GET /api/{kind}/{namespace}/{name}` and its revisions: what a repository is.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use stoa_content::text;
use stoa_primitives::registry::{AssetId, Visibility};

use super::{
    HubGateway,
    card::{Card, Origin},
    date::iso,
    error::HubError,
    files::{Digests, Listing, Source},
    names::{Kind, MAIN},
    query::Params,
    reader::Reader,
    summary::{Facts, Summary, origin},
    tree::say_commit,
};
use crate::{HubAsset, HubRevision};

/// The client shows this once.
const X_HF_WARNING: HeaderName = HeaderName::from_static("x-hf-warning");
const YANKED: HeaderValue = HeaderValue::from_static(
    "yanked; this revision was yanked by its owner: use another one if there is one",
);
/// Files that are named as siblings.
const MAX_SIBLINGS: usize = 10_000;

/// `GET /api/{kind}/{namespace}/{name}`.
pub(super) async fn latest(
    state: State<Arc<HubGateway>>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    reader: Reader,
    uri: Uri,
) -> Result<Response, HubError> {
    info(state.0, kind, namespace, name, None, reader, uri).await
}

/// `GET /api/{kind}/{namespace}/{name}/revision/{revision}`.
pub(super) async fn at_revision(
    state: State<Arc<HubGateway>>,
    Path((kind, namespace, name, revision)): Path<(String, String, String, String)>,
    reader: Reader,
    uri: Uri,
) -> Result<Response, HubError> {
    info(state.0, kind, namespace, name, Some(revision), reader, uri).await
}

async fn info(
    hub: Arc<HubGateway>,
    kind: String,
    namespace: String,
    name: String,
    revision: Option<String>,
    reader: Reader,
    uri: Uri,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let params = Params::of(&uri)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    let revision = match revision {
        Some(text) => Some(hub.revision(&asset, &text).await?),
        None => hub.ask(hub.hub.resolve(&asset, MAIN)).await?,
    };
    let Some(revision) = revision else {
        let facts = hub.facts(&asset, None).await?;
        let fields = fields(&facts.of(kind, &asset, None, None).summary(), hub.index.downloads(asset.id.0));
        return Ok(Json(expanded(fields, &params)).into_response());
    };
    let source = hub.record_source(&revision)?;
    // What the chain says is known without the files, so their absence is no error.
    let here = hub.bring_within(&source, &revision, hub.limits.wait / 2).await.is_ok();
    let card = match here {
        true => hub.card(&source, &revision).await?,
        false => None,
    };
    let facts = hub.facts(&asset, Some(&revision)).await?;
    let summary = facts.of(kind, &asset, Some(&revision), card.as_ref()).summary();
    let mut fields = fields(&summary, hub.index.downloads(asset.id.0));
    fields.insert("private".into(), json!(asset.visibility == Visibility::Private));
    fields.insert("usedStorage".into(), json!(revision.piece.size));
    fields.insert("stoa".into(), on_chain(&asset, &revision));
    if let Some(card) = card {
        fields.insert("cardData".into(), Value::Object(card.data));
    }
    if here {
        let listing = hub.listing(&source, &revision).await?;
        let siblings = hub.siblings(&source, &revision, &listing, params.flag("blobs")).await?;
        fields.insert("siblings".into(), siblings);
    }
    let mut response = Json(expanded(fields, &params)).into_response();
    say_commit(response.headers_mut(), &revision);
    if revision.yanked {
        response.headers_mut().insert(X_HF_WARNING, YANKED);
    }
    Ok(response)
}

/// What the chain alone has of a revision, for those who want to verify.
fn on_chain(asset: &HubAsset, revision: &HubRevision) -> Value {
    json!({
        "asset": asset.id.0,
        "revision": revision.number,
        "cid": text(&revision.content),
        "piece": { "root": hex::encode(revision.piece.root), "size": revision.piece.size },
        "yanked": revision.yanked,
    })
}

/// The fields that lists have too.
pub(super) fn fields(summary: &Summary, downloads: u64) -> Map<String, Value> {
    let author = summary.name.split('/').next().unwrap_or_default();
    let gated = if summary.gated { json!("manual") } else { json!(false) };
    let mut fields = json!({
        "_id": format!("{:024x}", summary.id),
        "id": summary.name,
        "author": author,
        "sha": summary.commit,
        "createdAt": iso(summary.created),
        "lastModified": iso(summary.modified),
        "private": false,
        "gated": gated,
        "disabled": false,
        "downloads": downloads,
        // Nobody counts for the whole network.
        "downloadsScope": "this-node",
        "likes": 0,
        "tags": summary.tags,
    });
    if let (Kind::Model, Some(fields)) = (summary.kind, fields.as_object_mut()) {
        fields.insert("modelId".into(), json!(summary.name));
        for (name, value) in
            [("pipeline_tag", &summary.pipeline_tag), ("library_name", &summary.library_name)]
        {
            if let Some(value) = value {
                fields.insert(name.into(), json!(value));
            }
        }
    }
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Only the fields that `expand` asks for, if it asks for any.
pub(super) fn expanded(mut fields: Map<String, Value>, params: &Params) -> Map<String, Value> {
    let wanted: Vec<&str> = params.all("expand").collect();
    if !wanted.is_empty() {
        fields.retain(|name, _| {
            matches!(name.as_str(), "_id" | "id" | "modelId")
                || wanted.contains(&name.as_str())
                || (name == "downloadsScope" && wanted.contains(&"downloads"))
        });
    }
    fields
}

/// What of a repository takes a question to the chain.
pub(super) struct ChainFacts {
    created: u64,
    origins: Vec<Origin>,
}

impl ChainFacts {
    pub(super) fn of<'a>(
        &'a self,
        kind: Kind,
        asset: &'a HubAsset,
        revision: Option<&'a HubRevision>,
        card: Option<&'a Card>,
    ) -> Facts<'a> {
        Facts { asset, kind, revision, created: self.created, origins: &self.origins, card }
    }
}

impl HubGateway {
    pub(super) async fn facts(
        &self,
        asset: &HubAsset,
        revision: Option<&HubRevision>,
    ) -> Result<ChainFacts, HubError> {
        let first = self.ask(self.hub.revisions(asset.id, 0, 1)).await?;
        let created = first.first().or(revision).map_or(0, |first| first.published);
        let parents = revision.map(|revision| revision.parents.as_slice()).unwrap_or_default();
        let ids: Vec<AssetId> = parents.iter().map(|(parent, _)| *parent).collect();
        let named = match ids.is_empty() {
            true => Vec::new(),
            false => self.ask(self.hub.assets_by_id(&ids)).await?,
        };
        // A private parent's name is nobody's business.
        let name = |parent: Option<HubAsset>| {
            parent.filter(|parent| parent.visibility != Visibility::Private).map(|parent| parent.full_name())
        };
        let origins = parents
            .iter()
            .zip(named)
            .filter_map(|((_, relation), parent)| origin(*relation, name(parent)?))
            .collect();
        Ok(ChainFacts { created, origins })
    }

    /// The files of a revision as siblings; with their digests if asked for.
    pub(super) async fn siblings(
        self: &Arc<Self>,
        source: &Source,
        revision: &HubRevision,
        listing: &Listing,
        blobs: bool,
    ) -> Result<Value, HubError> {
        let files: Vec<_> = listing.files().take(MAX_SIBLINGS).collect();
        if !blobs {
            return Ok(files.iter().map(|file| json!({ "rfilename": file.path })).collect());
        }
        let contents = files.iter().map(|file| file.content).collect();
        let digests = self.digests(source, revision, contents).await?;
        let described =
            files.iter().zip(digests).filter_map(|(file, digests)| Some(sibling(&file.path, &digests?)));
        Ok(described.collect())
    }
}

fn sibling(path: &str, digests: &Digests) -> Value {
    let mut value = json!({ "rfilename": path, "size": digests.size, "blobId": hex::encode(digests.git) });
    if let (true, Some(fields)) = (digests.is_large(), value.as_object_mut()) {
        let lfs = json!({
            "size": digests.size,
            "sha256": hex::encode(digests.sha256),
            "pointerSize": digests.pointer_size(),
        });
        fields.insert("lfs".into(), lfs);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            id: 7,
            name: "acme/tiny".into(),
            kind: Kind::Model,
            gated: true,
            commit: Some("ab".repeat(20)),
            content: None,
            created: 0,
            modified: 1_000,
            tags: vec!["license:mit".into()],
            pipeline_tag: Some("fill-mask".into()),
            library_name: None,
            has_card: true,
        }
    }

    #[test]
    fn fields_are_those_of_the_hub() {
        let fields = fields(&summary(), 3);
        assert_eq!(fields["id"], "acme/tiny");
        assert_eq!(fields["author"], "acme");
        assert_eq!(fields["gated"], "manual");
        assert_eq!(fields["lastModified"], "1970-01-01T00:00:01.000Z");
        assert_eq!((&fields["downloads"], &fields["downloadsScope"]), (&json!(3), &json!("this-node")));
        assert_eq!(fields["pipeline_tag"], "fill-mask");
        assert!(!fields.contains_key("library_name"));
    }

    #[test]
    fn expand_leaves_what_it_asks_for() {
        let params = Params::of(&"/?expand=downloads&expand[]=sha".parse().unwrap()).unwrap();
        let names: Vec<_> =
            expanded(fields(&summary(), 3), &params).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["_id", "downloads", "downloadsScope", "id", "modelId", "sha"]);
    }

    #[test]
    fn siblings_say_what_lfs_would() {
        let small = Digests { size: 5, git: [1; 20], sha256: [2; 32] };
        assert_eq!(sibling("a", &small), json!({ "rfilename": "a", "size": 5, "blobId": "01".repeat(20) }));
        let large = Digests { size: 5 << 20, ..small };
        assert_eq!(sibling("a", &large)["lfs"]["sha256"], "02".repeat(32));
    }
}
