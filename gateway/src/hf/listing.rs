//! `GET /api/{models,datasets,spaces}`: lists and search.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use stoa_primitives::registry::{AssetId, Visibility};
use tokio::task::spawn_blocking;

use super::{
    HubGateway,
    error::{HubError, shown},
    files::Source,
    index::{Cursor, Query, Sort},
    info::{expanded, fields},
    names::{Kind, MAIN},
    query::{Params, next_link},
    reader::Reader,
    summary::Summary,
};
use crate::HubAsset;

/// Words of a search that count.
const MAX_WORDS: usize = 8;
/// Letters of a word that count.
const MAX_WORD: usize = 32;
/// Filters that need something that isn't known of repositories here. Ignoring one would give a wrong list.
const UNKNOWN_FILTERS: [&str; 5] =
    ["apps", "inference", "inference_provider", "num_parameters", "emissions_thresholds"];

/// `GET /api/{kind}`.
pub(super) async fn list(
    State(hub): State<Arc<HubGateway>>,
    Path(kind): Path<String>,
    _reader: Reader,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let params = Params::of(&uri)?;
    let query = query(kind, &params, hub.limits.page)?;
    let wants = Wants::of(&params);
    let page = {
        let _place = hub.searches.acquire().await.map_err(HubError::internal)?;
        let hub = hub.clone();
        spawn_blocking(move || hub.index.search(&query)).await.map_err(HubError::internal)??
    };
    // The index is a moment behind the chain, which has the last word on who may see what.
    let ids: Vec<AssetId> = page.entries.iter().map(|summary| AssetId(summary.id)).collect();
    let assets = match ids.is_empty() {
        true => Vec::new(),
        false => hub.ask(hub.hub.assets_by_id(&ids)).await?,
    };
    let mut answer = Vec::new();
    for (summary, asset) in page.entries.iter().zip(assets) {
        if let Some(asset) = asset.filter(|asset| is_listed(asset, kind)) {
            answer.push(expanded(hub.entry(summary, &asset, &wants).await?, &params));
        }
    }
    let mut response = Json(answer).into_response();
    if let Some(Cursor { key, id }) = page.next {
        let next = params.with("cursor", format!("{key}.{id}"));
        let path = format!("/api/{}", kind.plural());
        response.headers_mut().insert(header::LINK, next_link(&headers, &path, &next));
    }
    Ok(response)
}

/// Whether strangers may see the repository in a list.
pub(super) fn is_listed(asset: &HubAsset, kind: Kind) -> bool {
    asset.visibility != Visibility::Private
        && !asset.taken_down
        && !asset.deleted
        && Kind::of(asset.kind) == Some(kind)
}

/// What a list's entries shall have beside the fields that all have.
struct Wants {
    card: bool,
    siblings: bool,
}

impl Wants {
    fn of(params: &Params) -> Self {
        let expand = |field: &str| params.all("expand").any(|wanted| wanted == field);
        Self {
            card: params.flag("full") || params.flag("cardData") || expand("cardData"),
            siblings: params.flag("full") || expand("siblings"),
        }
    }
}

fn query(kind: Kind, params: &Params, most: usize) -> Result<Query, HubError> {
    if let Some(name) = UNKNOWN_FILTERS.into_iter().find(|name| params.get(name).is_some()) {
        return Err(HubError::BadRequest(format!("{name} isn't known of repositories here: leave it out")));
    }
    let sort = match params.get("sort") {
        None | Some("lastModified" | "last_modified" | "trendingScore" | "trending_score") => Sort::Modified,
        Some("createdAt" | "created_at") => Sort::Created,
        // Nobody can like anything here, so all are equal in that.
        Some("downloads" | "likes") => Sort::Downloads,
        Some(other) => {
            let message = format!("sort={} isn't known: downloads, lastModified or createdAt", shown(other));
            return Err(HubError::BadRequest(message));
        }
    };
    if params.get("direction").is_some_and(|direction| direction != "-1") {
        return Err(HubError::BadRequest("lists are in descending order: direction can only be -1".into()));
    }
    let tags = params.all("filter").flat_map(|filter| filter.split(',')).map(str::trim);
    Ok(Query {
        kind,
        words: params.all("search").flat_map(search_words).take(MAX_WORDS).collect(),
        tags: tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        author: params.get("author").map(str::to_owned),
        pipeline_tag: params.get("pipeline_tag").map(str::to_owned),
        gated: params.choice("gated")?,
        sort,
        limit: params.number("limit")?.unwrap_or(most).clamp(1, most.max(1)),
        after: params.get("cursor").map(cursor).transpose()?,
    })
}

fn search_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().take(MAX_WORD).collect())
}

fn cursor(text: &str) -> Result<Cursor, HubError> {
    let parse = || {
        let (key, id) = text.split_once('.')?;
        Some(Cursor { key: key.parse().ok()?, id: id.parse().ok()? })
    };
    parse().ok_or_else(|| HubError::BadRequest("the cursor isn't one of a list's links".into()))
}

impl HubGateway {
    async fn entry(
        self: &Arc<Self>,
        summary: &Summary,
        asset: &HubAsset,
        wants: &Wants,
    ) -> Result<Map<String, Value>, HubError> {
        // Its name and visibility may have changed since.
        let summary = Summary {
            name: asset.full_name(),
            gated: asset.visibility == Visibility::Gated,
            ..summary.clone()
        };
        let mut fields = fields(&summary, self.index.downloads(summary.id));
        let Some(content) = summary.content else { return Ok(fields) };
        if wants.card {
            let hub = self.clone();
            let card = spawn_blocking(move || hub.index.tables().card(&content));
            if let Some(card) = card.await.map_err(HubError::internal)?? {
                fields.insert("cardData".into(), Value::Object(card.data));
            }
        }
        if wants.siblings
            && let Some(siblings) = self.siblings_if_here(asset).await?
        {
            fields.insert("siblings".into(), siblings);
        }
        Ok(fields)
    }

    /// The files of `main`, if the node has them: a list is no reason to fetch.
    async fn siblings_if_here(self: &Arc<Self>, asset: &HubAsset) -> Result<Option<Value>, HubError> {
        let Some(revision) = self.ask(self.hub.resolve(asset, MAIN)).await? else {
            return Ok(Some(json!([])));
        };
        let Ok(source): Result<Source, _> = self.record_source(&revision) else { return Ok(None) };
        if !self.is_here(&source, &revision).await? {
            return Ok(None);
        }
        let listing = self.listing(&source, &revision).await?;
        self.siblings(&source, &revision, &listing, false).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Query, HubError> {
        query(Kind::Model, &Params::of(&format!("/?{text}").parse().unwrap()).unwrap(), 50)
    }

    #[test]
    fn the_client_s_filters_are_understood() {
        let query = read(
            "filter=license%3Amit&filter=en&search=All-MiniLM+L6&author=acme&sort=downloads&limit=7&gated=False\
             &pipeline_tag=fill-mask&cursor=12.3",
        )
        .unwrap();
        assert_eq!(query.tags, ["license:mit", "en"]);
        assert_eq!(query.words, ["all", "minilm", "l6"]);
        assert_eq!(
            (query.author.as_deref(), query.pipeline_tag.as_deref()),
            (Some("acme"), Some("fill-mask"))
        );
        assert_eq!((query.sort, query.limit, query.gated), (Sort::Downloads, 7, Some(false)));
        assert_eq!(query.after, Some(Cursor { key: 12, id: 3 }));
    }

    #[test]
    fn a_page_has_at_least_one_entry_and_no_more_than_the_limit() {
        assert_eq!(read("").unwrap().limit, 50);
        assert_eq!(read("limit=1000").unwrap().limit, 50);
        assert_eq!(read("limit=0").unwrap().limit, 1);
    }

    #[test]
    fn what_can_not_be_answered_is_refused() {
        for bad in
            ["sort=size", "direction=1", "cursor=x", "limit=many", "apps=vllm", "num_parameters=min:1B"]
        {
            assert!(matches!(read(bad), Err(HubError::BadRequest(_))), "{bad}");
        }
    }
}
