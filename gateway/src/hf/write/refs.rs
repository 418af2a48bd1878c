//! `POST` and `DELETE` of `…/branch/{branch}` and `…/tag/{revision}`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use stoa_primitives::registry::{RefKind, check_ref_name};

use super::super::{
    HubGateway,
    commits::MAX_REFS,
    error::{HubError, shown},
    names::MAIN,
    reader::Reader,
};
use crate::{HubAsset, HubRef, RegistryCall};

type Named = Path<(String, String, String, String)>;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::hf) struct NewBranch {
    #[serde(default)]
    starting_point: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::hf) struct NewTag {
    tag: String,
}

/// `POST …/branch/{branch}`.
pub(in crate::hf) async fn create_branch(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, branch)): Named,
    reader: Reader,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let asked: NewBranch = match body.is_empty() {
        true => NewBranch::default(),
        false => super::repos::json(&body)?,
    };
    let start = asked.starting_point.unwrap_or_else(|| MAIN.into());
    hub.create_ref(&reader, (&kind, &namespace, &name), RefKind::Branch, &branch, &start).await
}

/// `POST …/tag/{revision}`.
pub(in crate::hf) async fn create_tag(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, revision)): Named,
    reader: Reader,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let NewTag { tag } = super::repos::json(&body)?;
    hub.create_ref(&reader, (&kind, &namespace, &name), RefKind::Tag, &tag, &revision).await
}

/// `DELETE …/branch/{branch}`.
pub(in crate::hf) async fn delete_branch(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, branch)): Named,
    reader: Reader,
) -> Result<Json<Value>, HubError> {
    if branch == MAIN {
        return Err(HubError::Forbidden("main can't be deleted".into()));
    }
    hub.delete_ref(&reader, (&kind, &namespace, &name), RefKind::Branch, &branch).await
}

/// `DELETE …/tag/{tag}`.
pub(in crate::hf) async fn delete_tag(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, tag)): Named,
    reader: Reader,
) -> Result<Json<Value>, HubError> {
    hub.delete_ref(&reader, (&kind, &namespace, &name), RefKind::Tag, &tag).await
}

impl HubGateway {
    /// The branch or tag of that name.
    pub(super) async fn found_ref(&self, asset: &HubAsset, name: &str) -> Result<Option<HubRef>, HubError> {
        let refs = self.ask(self.hub.refs(asset.id, MAX_REFS)).await?;
        Ok(refs.into_iter().find(|found| found.name == name))
    }

    async fn create_ref(
        &self,
        reader: &Reader,
        (kind, namespace, name): (&str, &str, &str),
        as_kind: RefKind,
        new: &str,
        start: &str,
    ) -> Result<Json<Value>, HubError> {
        let (account, _, asset) = self.writable(reader, kind, namespace, name).await?;
        if check_ref_name(new.as_bytes()).is_err() {
            return Err(HubError::BadRequest(format!(
                "{} can't name a branch or tag: use 1 to 96 of A-Z, a-z, 0-9, `.`, `_`, `-` and `/`",
                shown(new)
            )));
        }
        let commit = self.revision(&asset, start).await?.commit;
        if self.found_ref(&asset, new).await?.is_some() {
            return Err(HubError::Conflict(format!("{} exists already", shown(new))));
        }
        let call = RegistryCall::SetRef { asset: asset.id, kind: as_kind, name: new.into(), commit };
        self.writing()?.submitter.submit(&account, vec![call]).await?;
        Ok(Json(json!({})))
    }

    async fn delete_ref(
        &self,
        reader: &Reader,
        (kind, namespace, name): (&str, &str, &str),
        as_kind: RefKind,
        old: &str,
    ) -> Result<Json<Value>, HubError> {
        let (account, _, asset) = self.writable(reader, kind, namespace, name).await?;
        let found = self.found_ref(&asset, old).await?.filter(|found| found.kind == as_kind);
        let found = found.ok_or_else(|| HubError::RevisionNotFound(shown(old)))?;
        let call = RegistryCall::DeleteRef { asset: asset.id, name: found.name };
        self.writing()?.submitter.submit(&account, vec![call]).await?;
        Ok(Json(json!({})))
    }
}
