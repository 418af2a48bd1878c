//! Outputs of certified jobs: stored on the worker's node, and put on the chain so that every node can find them.
//!
//! A certificate names an output by its root CID. Nodes find pieces by what the registry says, so one of the signers
//! publishes the output as a revision of its `results` asset; the others only keep a copy on their nodes.

use super::{Shared, log};
use futures::StreamExt;
use std::path::Path;
use stoa_primitives::{
    ContentId, Piece,
    registry::{AssetId, AssetKind, Visibility},
};
use stoa_sdk::{
    Error,
    chain::{
        ChainState, NewRevision, Wait,
        compute::{Certificate, JobId},
    },
    keys::address,
    names::DEFAULT_BRANCH,
};
use tokio_util::io::ReaderStream;

/// Blocks that each signer waits for those before it.
const TURN: u32 = 4;

/// Why an output couldn't be published.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// The chain or the gateway.
    #[error(transparent)]
    Sdk(#[from] Error),
    /// The file.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// Somebody else's namespace.
    #[error(
        "{results} can't be published in: its namespace belongs to {owner}; name another `results` asset"
    )]
    NotOurs {
        /// The asset.
        results: String,
        /// Who owns it.
        owner: String,
    },
}

fn sdk<E: Into<Error>>(error: E) -> OutputError {
    OutputError::Sdk(error.into())
}

/// Stores an output on the worker's node. The gateway takes what it has already, too.
pub(super) async fn store(
    shared: &Shared,
    content: &ContentId,
    piece: &Piece,
    car: &Path,
) -> Result<(), OutputError> {
    let file = tokio::fs::File::open(car).await?;
    let body = ReaderStream::with_capacity(file, 256 << 10).map(|chunk| chunk);
    shared.gateway.upload(&shared.signer, content, piece, body).await.map_err(sdk)?;
    Ok(())
}

/// Whether it is this signer's turn to put the output on the chain.
pub(super) fn is_our_turn(shared: &Shared, certificate: &Certificate, now: u32) -> bool {
    let place = certificate.signers.iter().position(|signer| *signer == shared.account).unwrap_or_default();
    let turns = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(TURN);
    now >= certificate.settled.saturating_add(turns)
}

/// Puts an output on the chain, as a revision of the results.
pub(super) async fn publish(
    shared: &Shared,
    state: &ChainState,
    job: JobId,
    content: ContentId,
    piece: Piece,
) -> Result<(), OutputError> {
    let chain = shared.chain();
    let asset = results(shared, state).await?;
    let revision = NewRevision {
        content,
        piece,
        parents: Vec::new(),
        message: format!("output of job {job}"),
        branch: DEFAULT_BRANCH.into(),
        tags: Vec::new(),
    };
    let (commit, _) = chain.publish(&shared.signer, asset, &revision, Wait::InBlock).await.map_err(sdk)?;
    log(&format!("job {job}: output is {}@{}", shared.config.results, hex::encode(commit.0)));
    Ok(())
}

/// The asset of the results; made when it isn't there.
async fn results(shared: &Shared, state: &ChainState) -> Result<AssetId, OutputError> {
    let (chain, results) = (shared.chain(), &shared.config.results);
    if let Some(asset) = state.asset(results).await.map_err(sdk)? {
        return Ok(asset.id);
    }
    match state.namespace(results.namespace()).await.map_err(sdk)? {
        Some(namespace) if namespace.owner != shared.account => {
            let owner = namespace.owner.to_string();
            return Err(OutputError::NotOurs { results: results.to_string(), owner });
        }
        Some(_) => {}
        None => {
            chain
                .register_namespace(&shared.signer, results.namespace(), Wait::InBlock)
                .await
                .map_err(sdk)?;
        }
    }
    let (asset, _) = chain
        .create_asset(&shared.signer, results, AssetKind::Dataset, "", Visibility::Public, Wait::InBlock)
        .await
        .map_err(sdk)?;
    log(&format!("made {results} for outputs of {}", address(&shared.signer)));
    Ok(asset)
}
