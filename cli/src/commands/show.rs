//! `stoa show`: what the chain knows of an asset.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use stoa_sdk::{
    chain::{Asset, ChainState, Ref, Revision, commit_text},
    names::{AssetAt, kind_word, relation_word, visibility_word},
    primitives::registry::RefKind,
};

/// How many branches and tags are shown.
const MAX_REFS: u32 = 100;

/// What to show.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The asset, and a branch, tag or commit id [default: main]
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    asset: String,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    asset: Asset,
    branches_and_tags: Vec<Ref>,
    revision: Option<Revision>,
    parents: Vec<ParentName>,
}

#[derive(Serialize)]
struct ParentName {
    asset: String,
    commit: String,
    relation: &'static str,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let named = arguments.asset.contains('@');
    let at: AssetAt = arguments.asset.parse().map_err(sdk::<stoa_sdk::names::NameParseError>)?;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let Some(asset) = state.asset(&at.asset).await.map_err(sdk)? else {
        return Err(CliError::NoAsset(at.asset.to_string()));
    };
    let revision = state.resolve(&at.asset, &at.reference).await.map_err(sdk)?;
    if named && revision.is_none() {
        return Err(CliError::NoRevision(at));
    }
    let branches_and_tags = state.refs(asset.id, None, MAX_REFS).await.map_err(sdk)?;
    let parents = parents(&state, revision.as_ref()).await?;
    let report = Report { asset, branches_and_tags, revision, parents };
    output::result(context.json, &report, || output::clean(&describe(&report)))
}

async fn parents(state: &ChainState, revision: Option<&Revision>) -> Result<Vec<ParentName>, CliError> {
    let mut named = Vec::new();
    for parent in revision.into_iter().flat_map(|revision| &revision.parents) {
        let asset = state.asset_by_id(parent.asset).await.map_err(sdk)?;
        named.push(ParentName {
            asset: asset.map_or_else(|| format!("asset {}", parent.asset.0), |asset| asset.name.to_string()),
            commit: commit_text(&parent.commit),
            relation: relation_word(parent.relation),
        });
    }
    Ok(named)
}

fn describe(report: &Report) -> String {
    let Report { asset, branches_and_tags, revision, parents } = report;
    let license = if asset.license.is_empty() { "no licence stated" } else { &asset.license };
    let mut lines = vec![
        format!(
            "{}  ({}, {}, {license})",
            asset.name,
            kind_word(asset.kind),
            visibility_word(asset.visibility)
        ),
        format!("  owner      {}", asset.owner),
        format!("  revisions  {}", asset.revisions),
    ];
    for (state, word) in [(asset.retired, "retired"), (asset.taken_down, "taken down")] {
        if state {
            lines.push(format!("  {word}"));
        }
    }
    for reference in branches_and_tags {
        let kind = match reference.kind {
            RefKind::Branch => "branch",
            RefKind::Tag => "tag   ",
        };
        lines.push(format!("  {kind}     {} -> {}", reference.name, commit_text(&reference.commit)));
    }
    if let Some(revision) = revision {
        lines.push(format!(
            "revision {}{}",
            commit_text(&revision.commit),
            if revision.yanked { "  (yanked)" } else { "" }
        ));
        lines.push(format!("  content    ipfs://{}", stoa_content::text(&revision.content)));
        let root: String = revision.piece.root.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(format!("  piece      {root}, {}", output::size(revision.piece.size)));
        lines.push(format!("  author     {}, in block {}", revision.author, revision.published));
        for parent in parents {
            lines.push(format!("  {}  {}@{}", parent.relation, parent.asset, parent.commit));
        }
        if revision.children > 0 {
            lines.push(format!("  children   {}", revision.children));
        }
        if !revision.message.is_empty() {
            lines.push(format!("\n{}", revision.message));
        }
    }
    lines.join("\n")
}
