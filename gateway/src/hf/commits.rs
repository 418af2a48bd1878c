//! `refs` and `commits`: branches, tags and the revisions behind them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use stoa_primitives::registry::RefKind;

use super::{
    HubGateway,
    date::iso,
    error::HubError,
    names::{Kind, commit_text},
    query::{Params, next_link},
    reader::Reader,
};
use crate::{HubRef, HubRevision};

/// Branches and tags that are listed.
pub(super) const MAX_REFS: u32 = 4_096;

/// `GET /api/{kind}/{namespace}/{name}/refs`.
pub(super) async fn refs(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    reader: Reader,
    uri: Uri,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let params = Params::of(&uri)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    let mut refs = hub.ask(hub.hub.refs(asset.id, MAX_REFS)).await?;
    refs.sort_by(|left, right| left.name.cmp(&right.name));
    let of = |kind: RefKind| refs.iter().filter(|found| found.kind == kind).map(ref_json).collect::<Vec<_>>();
    let mut answer = json!({ "branches": of(RefKind::Branch), "tags": of(RefKind::Tag), "converts": [] });
    if let (true, Some(fields)) = (params.flag("include_prs"), answer.as_object_mut()) {
        fields.insert("pullRequests".into(), json!([]));
    }
    Ok(Json(answer).into_response())
}

fn ref_json(found: &HubRef) -> Value {
    let place = match found.kind {
        RefKind::Branch => "heads",
        RefKind::Tag => "tags",
    };
    json!({
        "name": found.name,
        "ref": format!("refs/{place}/{}", found.name),
        "targetCommit": commit_text(&found.commit),
    })
}

/// `GET /api/{kind}/{namespace}/{name}/commits/{revision}`: it and the revisions published before it, newest first.
pub(super) async fn commits(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name, text)): Path<(String, String, String, String)>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let params = Params::of(&uri)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    let revision = hub.revision(&asset, &text).await?;
    let last = match params.number("cursor")?.map(u32::try_from) {
        Some(Ok(number)) => number.min(revision.number),
        _ => revision.number,
    };
    let page = hub.limits.commit_page.max(1);
    let start = last.saturating_sub(page.saturating_sub(1));
    let mut found = hub.ask(hub.hub.revisions(asset.id, start, page)).await?;
    found.retain(|found| found.number <= last);
    found.reverse();
    let formatted = params.all("expand").any(|field| field == "formatted");
    let author = |found: &HubRevision| hub.gateway.chain.account_text(&found.author);
    let answer: Vec<_> = found.iter().map(|found| commit_json(found, author(found), formatted)).collect();
    let mut response = Json(answer).into_response();
    if let Some(before) = start.checked_sub(1) {
        // By its commit, so that the pages belong together.
        let commit = commit_text(&revision.commit);
        let path = format!("/api/{}/{}/commits/{commit}", kind.plural(), asset.full_name());
        let next = params.with("cursor", before.to_string());
        response.headers_mut().insert(header::LINK, next_link(&headers, &path, &next));
    }
    Ok(response)
}

fn commit_json(revision: &HubRevision, author: String, formatted: bool) -> Value {
    let (title, message) = title(revision);
    let mut value = json!({
        "id": commit_text(&revision.commit),
        "title": title,
        "message": message,
        "date": iso(revision.published),
        "authors": [{ "user": author }],
        "yanked": revision.yanked,
    });
    if let (true, Some(fields)) = (formatted, value.as_object_mut()) {
        fields.insert("formatted".into(), json!({ "title": escape(&title), "message": escape(&message) }));
    }
    value
}

/// The first line of a revision's message, and the rest.
pub(super) fn title(revision: &HubRevision) -> (String, String) {
    let (first, rest) = revision.message.split_once('\n').unwrap_or((&revision.message, ""));
    match first.trim() {
        "" => (format!("Revision {}", revision.number), rest.trim().to_owned()),
        title => (title.to_owned(), rest.trim().to_owned()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use stoa_primitives::{
        Codec, ContentId, Piece,
        registry::{AssetId, CommitId, PieceAccess},
    };

    use super::*;
    use crate::Account;

    fn revision(message: &str) -> HubRevision {
        HubRevision {
            commit: CommitId([1; 20]),
            asset: AssetId(1),
            number: 3,
            content: ContentId { codec: Codec::DagPb, digest: [2; 32] },
            piece: Piece { root: [3; 32], size: 1 },
            parents: Vec::new(),
            message: message.into(),
            author: Account([4; 32]),
            published: 0,
            yanked: false,
            access: PieceAccess::Public,
            governs_piece: true,
        }
    }

    #[test]
    fn a_message_s_first_line_is_the_title() {
        let of = |message: &str| title(&revision(message));
        assert_eq!(of("Add weights\n\nAll of them\n"), ("Add weights".into(), "All of them".into()));
        assert_eq!(of("Add weights"), ("Add weights".into(), String::new()));
        assert_eq!(of("\nbody"), ("Revision 3".into(), "body".into()));
    }

    #[test]
    fn formatted_messages_are_escaped() {
        let value = commit_json(&revision("<b>\n\"x\" & y"), "5abc".into(), true);
        assert_eq!(value["title"], "<b>");
        assert_eq!(value["formatted"], json!({ "title": "&lt;b&gt;", "message": "&quot;x&quot; &amp; y" }));
        assert_eq!(value["authors"], json!([{ "user": "5abc" }]));
    }
}
