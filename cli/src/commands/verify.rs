//! `stoa verify`: is this folder that revision?

use super::get::proof_word;
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use stoa_sdk::{chain::commit_text, names::AssetAt, verify::verify};

/// What to check.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder
    dir: PathBuf,
    /// The asset, and a branch, tag or commit id [default: main]
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    asset: AssetAt,
}

#[derive(Serialize)]
struct Report<'report> {
    asset: &'report AssetAt,
    commit: String,
    content: String,
    dir: &'report PathBuf,
    files: usize,
    bytes: u64,
    verified: &'static str,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    if !arguments.dir.is_dir() {
        let source = std::io::ErrorKind::NotADirectory.into();
        return Err(CliError::Io { path: arguments.dir, source });
    }
    let gateway = context.gateway()?;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let revision = context.revision(&state, &arguments.asset).await?;
    let verified = verify(
        &arguments.dir,
        &revision.content,
        Some(&revision.piece),
        Some(&gateway),
        context.observer.clone(),
    )
    .await
    .map_err(sdk)?;
    let report = Report {
        asset: &arguments.asset,
        commit: commit_text(&revision.commit),
        content: stoa_content::text(&revision.content),
        dir: &arguments.dir,
        files: verified.files,
        bytes: verified.bytes,
        verified: proof_word(verified.proof),
    };
    output::result(context.json, &report, || {
        format!(
            "{} is {} ({}), byte for byte: {} files, {}",
            arguments.dir.display(),
            arguments.asset,
            report.commit,
            verified.files,
            output::size(verified.bytes)
        )
    })
}
