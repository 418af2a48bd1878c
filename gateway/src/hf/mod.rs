//! The Hugging Face Hub's API over the chain's registry: what `HF_ENDPOINT` needs to point at a node.
//!
//! - [`HubGateway`] is the state, [`routes`] has the routes, [`HubGateway::follow`] keeps the index in step.
//! - `/api/{models,datasets,spaces}`: lists and search; below it info, `tree`, `paths-info`, `refs`, `commits`.
//! - `/[datasets/|spaces/]{owner}/{name}/resolve/{revision}/{path}`: files, with ranges.
//! - `/api/repos/…`, `…/preupload`, `…/commit`, `…/branch`, `…/tag`, `…/settings`, `/lfs/…`: writing, see [`write`].
//!
//! It asks the chain through [`crate::Hub`], and has content from the store or brought here by [`crate::Fetch`].
//!
//! What holds: a private repository answers as a missing one does; the bytes of a gated one go only to those whom the
//! chain lets read it, its names, sizes and card to all, as on the hub; rights over an asset are none over a piece that
//! another asset governs. Bytes are checked before they leave. What is listed can be joined to a folder's path. Tags of
//! files are git's blob ids up to [`files::LARGE_FILE`] and sha2-256 above it. A request waits a bounded time for what
//! must be fetched or hashed first, and is told to come again.

mod card;
mod commits;
mod content;
mod date;
mod error;
mod files;
mod index;
mod indexer;
mod inflight;
mod info;
mod listing;
mod names;
mod query;
mod rates;
mod reader;
mod resolve;
mod state;
mod summary;
mod table;
mod tree;
mod write;

pub use self::{
    indexer::HubFollowError,
    state::{HubConfig, HubGateway, HubLimits, HubOpenError},
};

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::Method,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, post, put},
};
use serde_json::{Value, json};

use self::{error::HubError, names::Kind, rates::Class, reader::Reader};
use crate::{cors, server::Peer, token::Scope};

/// Namespaces of an account that are shown.
const MAX_NAMESPACES: u32 = 100;
/// Longest body of a question.
const MAX_BODY: usize = 1 << 20;

/// The routes over the API's state.
pub(crate) fn routes(hub: Arc<HubGateway>) -> Router {
    // A place in the paths has the same name in all of them, as the router wants it.
    let routes: [(&str, MethodRouter<Arc<HubGateway>>); 32] = [
        ("/api/whoami-v2", get(whoami)),
        ("/api/{kind}", get(listing::list)),
        ("/api/{kind}/{namespace}", get(resolve::of_nobody)),
        ("/api/{kind}/{namespace}/{name}", get(info::latest)),
        ("/api/{kind}/{namespace}/{name}/revision/{revision}", get(info::at_revision)),
        ("/api/{kind}/{namespace}/{name}/tree/{revision}", get(tree::root)),
        ("/api/{kind}/{namespace}/{name}/tree/{revision}/{*path}", get(tree::folder)),
        ("/api/{kind}/{namespace}/{name}/paths-info/{revision}", post(tree::paths_info)),
        ("/api/{kind}/{namespace}/{name}/refs", get(commits::refs)),
        ("/api/{kind}/{namespace}/{name}/commits/{revision}", get(commits::commits)),
        ("/api/{kind}/{namespace}/{name}/auth-check", get(auth_check)),
        ("/api/{kind}/{namespace}/{name}/preupload/{revision}", post(write::preupload::preupload)),
        ("/api/{kind}/{namespace}/{name}/commit/{revision}", post(write::commit::commit)),
        (
            "/api/{kind}/{namespace}/{name}/branch/{revision}",
            post(write::refs::create_branch).delete(write::refs::delete_branch),
        ),
        (
            "/api/{kind}/{namespace}/{name}/tag/{revision}",
            post(write::refs::create_tag).delete(write::refs::delete_tag),
        ),
        ("/api/{kind}/{namespace}/{name}/settings", put(write::repos::settings)),
        ("/api/{kind}/{namespace}/{name}/{*rest}", get(resolve::nowhere)),
        ("/api/repos/create", post(write::repos::create)),
        ("/api/repos/delete", delete(write::repos::delete)),
        ("/api/repos/move", post(write::repos::rename)),
        ("/api/validate-yaml", post(write::repos::validate_yaml)),
        ("/gateway/delegate/{account}", get(write::repos::delegate)),
        ("/{namespace}/{name}/info/lfs/objects/batch", post(write::lfs::batch_of_model)),
        ("/datasets/{namespace}/{name}/info/lfs/objects/batch", post(write::lfs::batch_of_dataset)),
        ("/spaces/{namespace}/{name}/info/lfs/objects/batch", post(write::lfs::batch_of_space)),
        ("/lfs/verify", post(write::lfs::verify)),
        ("/lfs/{link}", put(write::lfs::put).post(write::lfs::complete)),
        ("/lfs/{link}/{part}", put(write::lfs::put_part)),
        ("/{namespace}/resolve/{revision}/{*path}", get(resolve::of_nobody)),
        ("/{namespace}/{name}/resolve/{revision}/{*path}", get(resolve::of_model)),
        ("/datasets/{namespace}/{name}/resolve/{revision}/{*path}", get(resolve::of_dataset)),
        ("/spaces/{namespace}/{name}/resolve/{revision}/{*path}", get(resolve::of_space)),
    ];
    let open = |router: Router<_>, (path, methods): (&str, MethodRouter<_>)| {
        router.route(path, methods.options(cors::preflight))
    };
    routes
        .into_iter()
        .fold(Router::new(), open)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(hub.clone(), counted))
        .with_state(hub)
}

/// Counts a request against its address's allowance, and opens the API to pages of any origin.
async fn counted(State(hub): State<Arc<HubGateway>>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return cors::hub(next.run(request).await);
    }
    hub.gateway.metrics.hub_requests.one();
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let allowance = hub.rates.take(address, Class::of(request.uri().path()), Instant::now());
    let mut response = match allowance.allowed {
        true => next.run(request).await,
        false => {
            hub.gateway.metrics.hub_limited.one();
            HubError::TooMany { seconds: allowance.seconds }.into_response()
        }
    };
    allowance.tell(response.headers_mut());
    cors::hub(response)
}

/// `GET /api/whoami-v2`: whom the token speaks for.
async fn whoami(State(hub): State<Arc<HubGateway>>, reader: Reader) -> Result<Json<Value>, HubError> {
    let token = reader.token().ok_or(HubError::NoToken)?;
    let account = hub.gateway.chain.account_text(&token.account);
    let mut namespaces = hub.ask(hub.hub.namespaces(&token.account, MAX_NAMESPACES)).await?;
    namespaces.sort();
    let name = namespaces.first().unwrap_or(&account);
    let orgs: Vec<_> = namespaces
        .iter()
        .skip(1)
        .map(
            |name| json!({ "type": "org", "id": name, "name": name, "fullname": name, "roleInOrg": "admin" }),
        )
        .collect();
    Ok(Json(json!({
        "type": "user",
        "id": account,
        "name": name,
        "fullname": name,
        "account": account,
        "orgs": orgs,
        "auth": {
            "type": "access_token",
            "accessToken": {
                "displayName": token.label,
                "role": if token.scope == Scope::Write { "write" } else { "read" },
                "createdAt": date::iso(token.issued.saturating_mul(1_000)),
            },
        },
    })))
}

/// `GET /api/{kind}/{namespace}/{name}/auth-check`: whether whoever asks may read the files.
async fn auth_check(
    State(hub): State<Arc<HubGateway>>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    reader: Reader,
) -> Result<Json<Value>, HubError> {
    let kind = Kind::parse(&kind).ok_or(HubError::NoSuchRoute)?;
    let asset = hub.asset(&reader, kind, &namespace, &name).await?;
    if let Some(revision) = hub.ask(hub.hub.resolve(&asset, names::MAIN)).await? {
        hub.byte_source(&reader, &asset, &revision).await?;
    }
    Ok(Json(json!({})))
}
