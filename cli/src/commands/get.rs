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
    chain::{ChainState, Revision, commit_text},
    content_keys::ContentKeys,
    fetch::{FetchOptions, FetchedFile, Outcome, fetch},
    keybox::SaltedKey,
    names::AssetAt,
    private::{fetch_private, find_key, manifest_of},
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
    /// Get encrypted files as they are stored
    #[arg(long)]
    as_stored: bool,
}

#[derive(Serialize)]
struct Report<'report> {
    asset: &'report AssetAt,
    commit: String,
    content: String,
    dir: &'report PathBuf,
    files: &'report [FetchedFile],
    /// `root` or `blocks` when the whole folder was found to be the revision, `manifest` when its encrypted files were
    /// opened and are what their manifest says.
    verified: Option<&'static str>,
    /// The files were encrypted.
    decrypted: bool,
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
    let observer = context.observer.clone();
    let sealed = match arguments.as_stored {
        true => None,
        false => manifest_of(&gateway, &revision.content).await.map_err(sdk)?,
    };
    let decrypted = sealed.is_some();
    let (files, verified) = match sealed {
        Some(sealed) => {
            let key = key_of(context, &state, &arguments.asset, &revision).await?;
            let fetched =
                fetch_private(&gateway, &revision.content, sealed, &key.key, &dir, &options, observer);
            (fetched.await.map_err(sdk)?, Some("manifest"))
        }
        None => {
            let (content, piece) = (&revision.content, Some(&revision.piece));
            let fetched = fetch(&gateway, content, piece, &dir, &options, observer).await.map_err(sdk)?;
            (fetched.files, fetched.proof.map(proof_word))
        }
    };
    let report = Report {
        asset: &arguments.asset,
        commit: commit_text(&revision.commit),
        content: stoa_content::text(&revision.content),
        dir: &dir,
        files: &files,
        verified,
        decrypted,
        yanked: revision.yanked,
    };
    output::result(context.json, &report, || {
        let bytes = files.iter().map(|file| file.size).sum();
        let kept = files.iter().filter(|file| file.outcome == Outcome::Kept).count();
        let mut text = format!(
            "{} ({}) is in {}: {} files, {}, every block verified{}",
            arguments.asset,
            report.commit,
            dir.display(),
            files.len(),
            output::size(bytes),
            if decrypted { " and decrypted" } else { "" }
        );
        if kept > 0 {
            text.push_str(&format!("; {kept} were there already"));
        }
        text
    })
}

/// The key of an encrypted revision, which the account published or bought.
pub(crate) async fn key_of(
    context: &Context,
    state: &ChainState,
    at: &AssetAt,
    revision: &Revision,
) -> Result<SaltedKey, CliError> {
    let keys = ContentKeys::of(&context.keystore()?);
    // Who published it needs no account to read it.
    let account = context.address().ok();
    let found = find_key(state, &keys, account.as_ref(), &at.asset, revision).await.map_err(sdk)?;
    found
        .ok_or_else(|| CliError::NoKey { asset: at.asset.to_string(), commit: commit_text(&revision.commit) })
}

pub(crate) fn proof_word(proof: Proof) -> &'static str {
    match proof {
        Proof::Root => "root",
        Proof::Blocks => "blocks",
    }
}
