//! `stoa verify`: is this folder that revision?

use super::get::{key_of, proof_word};
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use stoa_content::seal::{ContentKey, MANIFEST};
use stoa_sdk::{
    chain::{Revision, commit_text},
    names::AssetAt,
    private::{manifest_of, verify_private},
    verify::verify,
};

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
    // A folder that was decrypted is compared with what the manifest names; one as it is stored, with the root.
    if let Ok(Some((sealed, _))) = manifest_of(&gateway, &revision.content).await
        && !arguments.dir.join(MANIFEST).exists()
    {
        let key = key_of(context, &state, &arguments.asset, &revision).await?;
        return verify_decrypted(&arguments, context, &revision, &sealed, &key.key).await;
    }
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

async fn verify_decrypted(
    arguments: &Arguments,
    context: &Context,
    revision: &Revision,
    sealed: &[u8],
    key: &ContentKey,
) -> Result<(), CliError> {
    let done = verify_private(&arguments.dir, sealed, key, context.observer.clone()).await;
    let (manifest, differences) = done.map_err(sdk)?;
    if !differences.is_empty() {
        let part = |what: &str, names: &[String]| match names {
            [] => String::new(),
            [name] => format!("; {what}: {name}"),
            [name, others @ ..] => format!("; {what}: {name} and {} more", others.len()),
        };
        return Err(CliError::Differs(format!(
            "the folder isn't the revision{}{}{}",
            part("missing", &differences.missing),
            part("not in the revision", &differences.extra),
            part("changed", &differences.changed)
        )));
    }
    let report = Report {
        asset: &arguments.asset,
        commit: commit_text(&revision.commit),
        content: stoa_content::text(&revision.content),
        dir: &arguments.dir,
        files: manifest.files().len(),
        bytes: manifest.size(),
        verified: "manifest",
    };
    output::result(context.json, &report, || {
        format!(
            "{} is what {} ({}) holds encrypted, byte for byte: {} files, {}",
            arguments.dir.display(),
            arguments.asset,
            report.commit,
            report.files,
            output::size(report.bytes)
        )
    })
}
