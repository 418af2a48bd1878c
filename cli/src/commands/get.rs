//! `stoa get`: a revision comes into a folder.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use stoa_sdk::{
    chain::commit_text,
    fetch::{FetchOptions, FetchedFile, Outcome, fetch},
    names::AssetAt,
    verify::Proof,
};

/// What to get.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset, and a branch, tag or commit id [default: main]
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    asset: AssetAt,
    /// Files and folders of it [default: everything]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Where to put it [default: a folder with the asset's name]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace files that differ
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report<'report> {
    asset: &'report AssetAt,
    commit: String,
    content: String,
    dir: &'report PathBuf,
    files: &'report [FetchedFile],
    /// `root` or `blocks` when the whole folder was found to be the revision.
    verified: Option<&'static str>,
    yanked: bool,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let gateway = context.gateway()?;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let revision = context.revision(&state, &arguments.asset).await?;
    if revision.yanked {
        output::note(context.json, "note: its owner says that this revision shouldn't be used any more");
    }
    let dir = arguments.output.unwrap_or_else(|| PathBuf::from(arguments.asset.asset.name()));
    let options = FetchOptions { files: arguments.files, force: arguments.force };
    let fetched =
        fetch(&gateway, &revision.content, Some(&revision.piece), &dir, &options, context.observer.clone())
            .await
            .map_err(sdk)?;
    let report = Report {
        asset: &arguments.asset,
        commit: commit_text(&revision.commit),
        content: stoa_content::text(&revision.content),
        dir: &dir,
        files: &fetched.files,
        verified: fetched.proof.map(proof_word),
        yanked: revision.yanked,
    };
    output::result(context.json, &report, || {
        let bytes = fetched.files.iter().map(|file| file.size).sum();
        let kept = fetched.files.iter().filter(|file| file.outcome == Outcome::Kept).count();
        let mut text = format!(
            "{} ({}) is in {}: {} files, {}, every block verified",
            arguments.asset,
            report.commit,
            dir.display(),
            fetched.files.len(),
            output::size(bytes)
        );
        if kept > 0 {
            text.push_str(&format!("; {kept} were there already"));
        }
        text
    })
}

pub(crate) fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::Root => "root",
        Proof::Blocks => "blocks",
    }
}
