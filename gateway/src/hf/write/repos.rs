//! `/api/repos/…` and `…/settings`: repositories are created, deleted and opened to readers.
//!
//! Nothing on the chain is ever deleted: deleting a repository marks all its revisions as not to be used and takes its
//! branches and tags away. It looks gone then, and creating it again brings the name back into use.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use stoa_primitives::registry::{AssetKind, Visibility};

use super::super::{
    HubGateway, MAX_NAMESPACES,
    card::front_matter_fault,
    commits::MAX_REFS,
    error::HubError,
    names::{Kind, full_name},
    query::origin,
    reader::Reader,
};
use crate::{Account, HubAsset, RegistryCall};

/// Calls in one transaction.
const BATCH: usize = 100;
/// Revisions that one question asks for.
const PAGE: u32 = 256;

/// Reads JSON, whatever its media type is said to be.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, HubError> {
    serde_json::from_slice(body).map_err(|error| HubError::BadRequest(error.to_string()))
}

#[derive(Deserialize)]
struct Asked {
    name: String,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    license: Option<String>,
}

#[derive(Deserialize)]
struct Settings {
    /// `false`, `"auto"` or `"manual"`.
    #[serde(default)]
    gated: Option<Value>,
    #[serde(default)]
    visibility: Option<String>,
    #[serde(default)]
    private: Option<bool>,
}

#[derive(Deserialize)]
struct Yaml {
    content: String,
}

impl Asked {
    fn kind(&self) -> Result<(Kind, AssetKind), HubError> {
        match self.kind.as_deref() {
            None | Some("model") => Ok((Kind::Model, AssetKind::Model)),
            Some("dataset") => Ok((Kind::Dataset, AssetKind::Dataset)),
            Some("space") => Ok((Kind::Space, AssetKind::Space)),
            Some(_) => Err(HubError::BadRequest("a repository is a model, a dataset or a space".into())),
        }
    }
}

/// Whether it is to be private, if that is said.
fn is_private(visibility: Option<&str>, private: Option<bool>) -> Result<Option<bool>, HubError> {
    match visibility {
        None => Ok(private),
        Some("public") => Ok(Some(false)),
        Some("private") => Ok(Some(true)),
        Some(_) => Err(HubError::BadRequest("visibility is public or private".into())),
    }
}

/// `POST /api/repos/create`.
pub(in crate::hf) async fn create(
    State(hub): State<Arc<HubGateway>>,
    reader: Reader,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let writing = hub.writing()?;
    let account = reader.writer()?;
    let asked: Asked = json(&body)?;
    let (kind, asset_kind) = asked.kind()?;
    let mine = hub.ask(hub.hub.namespaces(&account, MAX_NAMESPACES)).await?;
    let namespace = hub.namespace_for(&mine, asked.organization.as_deref())?;
    let name = full_name(&namespace, &asked.name).ok_or_else(|| {
        HubError::BadRequest(format!(
            "{namespace}/{} can't name a repository: use 1 to 96 of A-Z, a-z, 0-9, `.`, `_` and `-`, and no word that \
             the gateway has for itself",
            super::super::error::shown(&asked.name)
        ))
    })?;
    let visibility = match is_private(asked.visibility.as_deref(), asked.private)? {
        Some(true) => Visibility::Private,
        _ => Visibility::Public,
    };
    let answer = Json(json!({
        "url": format!("{}/{}{name}", origin(&headers), kind.prefix()),
        "name": name,
        "id": name,
    }));
    let mut calls = Vec::new();
    match hub.ask(hub.hub.asset(&name)).await? {
        // One that was deleted is there again with its next commit.
        Some(asset) if asset.deleted && asset.kind == asset_kind && owns(&mine, &namespace) => {
            if asset.visibility != visibility {
                calls.push(RegistryCall::SetVisibility { asset: asset.id, visibility });
            }
        }
        Some(_) => {
            return Err(HubError::Conflict("You already created this repo, or its name is taken".into()));
        }
        None => {
            if !owns(&mine, &namespace) {
                // A first namespace is made with the first repository; a second one might be a slip of the pen.
                if !mine.is_empty() {
                    return Err(HubError::Forbidden(format!(
                        "You don't have the rights to create a repository under the namespace \"{namespace}\""
                    )));
                }
                calls.push(RegistryCall::RegisterNamespace { name: namespace.clone() });
            }
            calls.push(RegistryCall::CreateAsset {
                namespace,
                name: asked.name,
                kind: asset_kind,
                licence: asked.license.unwrap_or_default(),
                visibility,
            });
        }
    }
    if !calls.is_empty() {
        writing.submitter.submit(&account, calls).await?;
    }
    Ok(answer)
}

fn owns(mine: &[String], namespace: &str) -> bool {
    mine.iter().any(|name| name.eq_ignore_ascii_case(namespace))
}

/// `DELETE /api/repos/delete`.
pub(in crate::hf) async fn delete(
    State(hub): State<Arc<HubGateway>>,
    reader: Reader,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let asked: Asked = json(&body)?;
    let (kind, _) = asked.kind()?;
    let account = reader.writer()?;
    let mine = hub.ask(hub.hub.namespaces(&account, MAX_NAMESPACES)).await?;
    let namespace = hub.namespace_for(&mine, asked.organization.as_deref())?;
    let (account, _, asset) = hub.writable(&reader, kind.plural(), &namespace, &asked.name).await?;
    if asset.deleted {
        return Err(HubError::RepoNotFound);
    }
    let _alone = hub.writing()?.alone(asset.id).await;
    for calls in hub.calls_to_delete(&asset).await?.chunks(BATCH) {
        hub.writing()?.submitter.submit(&account, calls.to_vec()).await?;
    }
    Ok(Json(json!({})))
}

/// `POST /api/repos/move`.
pub(in crate::hf) async fn rename(_reader: Reader) -> HubError {
    HubError::BadRequest(
        "a repository keeps its name on the chain: its owner offers it to another namespace with assetRegistry.offerAsset"
            .into(),
    )
}

/// `PUT …/settings`.
pub(in crate::hf) async fn settings(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    reader: Reader,
    body: axum::body::Bytes,
) -> Result<Json<Value>, HubError> {
    let asked: Settings = json(&body)?;
    let (account, _, asset) = hub.writable(&reader, &kind, &namespace, &name).await?;
    let private = is_private(asked.visibility.as_deref(), asked.private)?;
    let gated = match &asked.gated {
        None => None,
        Some(Value::Bool(false)) => Some(false),
        Some(Value::String(how)) if matches!(how.as_str(), "auto" | "manual") => Some(true),
        Some(_) => return Err(HubError::BadRequest("gated is false, \"auto\" or \"manual\"".into())),
    };
    let visibility = match (
        private.unwrap_or(asset.visibility == Visibility::Private),
        gated.unwrap_or(asset.visibility == Visibility::Gated),
    ) {
        (true, _) => Visibility::Private,
        (false, true) => Visibility::Gated,
        (false, false) => Visibility::Public,
    };
    if visibility != asset.visibility {
        let call = RegistryCall::SetVisibility { asset: asset.id, visibility };
        hub.writing()?.submitter.submit(&account, vec![call]).await?;
    }
    let gated = if visibility == Visibility::Gated { json!("manual") } else { json!(false) };
    Ok(Json(json!({ "private": visibility == Visibility::Private, "gated": gated })))
}

/// `POST /api/validate-yaml`: whether a README's front matter can be read.
pub(in crate::hf) async fn validate_yaml(body: axum::body::Bytes) -> Result<Json<Value>, HubError> {
    let Yaml { content } = json(&body)?;
    let errors: Vec<_> =
        front_matter_fault(&content).map(|message| json!({ "message": message })).into_iter().collect();
    Ok(Json(json!({ "errors": errors, "warnings": [] })))
}

/// `GET /gateway/delegate/{account}`: the key that signs for an account here, and whether it may.
pub(in crate::hf) async fn delegate(
    State(hub): State<Arc<HubGateway>>,
    Path(account): Path<String>,
) -> Result<Json<Value>, HubError> {
    let chain = &hub.gateway.chain;
    let account: Account = chain
        .parse_account(&account)
        .ok_or_else(|| HubError::BadRequest("this isn't an ss58 address of this chain".into()))?;
    let delegate = hub.ask(hub.writing()?.submitter.delegate(&account)).await?;
    Ok(Json(json!({
        "account": chain.account_text(&account),
        "delegate": chain.account_text(&delegate.account),
        "authorised": delegate.authorised,
        "balance": delegate.balance.to_string(),
    })))
}

impl HubGateway {
    /// The namespace that is meant: the one that is named, or else the account's first.
    fn namespace_for(&self, mine: &[String], named: Option<&str>) -> Result<String, HubError> {
        match named.filter(|named| !named.is_empty()) {
            Some(named) => Ok(named.to_owned()),
            None => mine.iter().min().cloned().ok_or_else(|| {
                HubError::BadRequest("the account owns no namespace yet: name one, as namespace/name".into())
            }),
        }
    }

    async fn calls_to_delete(&self, asset: &HubAsset) -> Result<Vec<RegistryCall>, HubError> {
        let mut calls = Vec::new();
        let mut start = 0;
        loop {
            let page = self.ask(self.hub.revisions(asset.id, start, PAGE)).await?;
            let Some(last) = page.last().map(|last| last.number) else { break };
            let open = page.into_iter().filter(|revision| !revision.yanked);
            calls.extend(open.map(|revision| RegistryCall::Yank { commit: revision.commit }));
            start = last.saturating_add(1);
        }
        let refs = self.ask(self.hub.refs(asset.id, MAX_REFS)).await?;
        // Last, because without them nobody finds the rest any more.
        calls.extend(
            refs.into_iter().map(|found| RegistryCall::DeleteRef { asset: asset.id, name: found.name }),
        );
        Ok(calls)
    }
}
