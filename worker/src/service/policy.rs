//! Which jobs a worker applies for.

use super::config::Accept;
use stoa_sdk::chain::{
    ChainError, ChainState,
    compute::{Job, Source},
};

/// Whether the settings accept a job's program.
pub(super) async fn accepts(accept: &Accept, state: &ChainState, job: &Job) -> Result<bool, ChainError> {
    if accept.everything {
        return Ok(true);
    }
    // Content without an asset has neither a name nor an author.
    let Source::Revision { asset, .. } = job.task.program else { return Ok(false) };
    let Some(asset) = state.asset_by_id(asset).await? else { return Ok(false) };
    Ok(!asset.taken_down && (accept.programs.contains(&asset.name) || accept.authors.contains(&asset.owner)))
}
