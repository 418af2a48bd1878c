//! `stoa certificate`: what was agreed on, and whether it holds here.

use super::job::{cost, describe_certificate, describe_result, watch};
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Subcommand;
use serde::Serialize;
use std::sync::Arc;
use stoa_sdk::{
    chain::{
        Wait,
        compute::{Certificate, JobId, JobResult},
    },
    compute::{Order, bring, engine_program, execute},
    names::AssetName,
};

/// Most certificates of an asset that are listed.
const MAX_LISTED: u32 = 256;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a certificate
    Show {
        /// The job's number
        certificate: JobId,
    },
    /// List the results that used an asset, the oldest first
    Of {
        /// The asset
        #[arg(value_name = "OWNER/NAME")]
        asset: AssetName,
    },
    /// Run what was certified on this machine, and say whether the result is the same
    Verify {
        /// The job's number
        certificate: JobId,
        /// Most that the program and its inputs may have, in MiB
        #[arg(long, default_value_t = 4096, value_name = "MIB")]
        limit: u64,
    },
    /// Have it run again by others; if it falls, its signers pay
    Challenge {
        /// The job's number
        certificate: JobId,
        /// Wait until the challenge has ended
        #[arg(long)]
        watch: bool,
        /// Don't ask before its cost is held
        #[arg(short, long)]
        yes: bool,
        /// Don't wait until the chain can't undo it any more
        #[arg(long)]
        no_finality: bool,
    },
}

#[derive(Serialize)]
struct Verified {
    certificate: JobId,
    holds: bool,
    certified: JobResult,
    here: JobResult,
    /// Why the run ended as it did here.
    reason: String,
    seconds: f64,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Show { certificate } => {
            let found = certificate_of(certificate, context).await?;
            output::result(context.json, &found, || describe_certificate(&found))
        }
        Command::Of { asset } => of(&asset, context).await,
        Command::Verify { certificate, limit } => verify(certificate, limit, context).await,
        Command::Challenge { certificate, watch, yes, no_finality } => {
            challenge(certificate, watch, yes, no_finality, context).await
        }
    }
}

async fn certificate_of(id: JobId, context: &Context) -> Result<Certificate, CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let found = state.certificate(id).await.map_err(sdk)?;
    found.ok_or_else(|| CliError::NotFound(format!("there is no certificate {id} on this chain")))
}

async fn of(asset: &AssetName, context: &Context) -> Result<(), CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let Some(found) = state.asset(asset).await.map_err(sdk)? else {
        return Err(CliError::NoAsset(asset.to_string()));
    };
    let certificates = state.certificates_of(found.id, None, MAX_LISTED).await.map_err(sdk)?;
    output::result(context.json, &certificates, || match certificates.as_slice() {
        [] => format!("no certified result used {asset}"),
        certificates => certificates.iter().map(describe_certificate).collect::<Vec<_>>().join("\n"),
    })
}

async fn verify(id: JobId, limit: u64, context: &Context) -> Result<(), CliError> {
    let engine = engine_program().map_err(sdk)?;
    let certificate = certificate_of(id, context).await?;
    let dir = tempfile::tempdir().map_err(|source| CliError::Io { path: std::env::temp_dir(), source })?;
    let limit = super::worker::mebibytes(limit)?;
    let brought = bring(
        &context.gateway()?,
        &certificate.contents,
        &dir.path().join("in"),
        limit,
        context.observer.clone(),
    )
    .await
    .map_err(sdk)?;
    let work = dir.path().join("work");
    std::fs::create_dir(&work).map_err(|source| CliError::Io { path: work.clone(), source })?;
    let task = &certificate.task;
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let order = Order {
        program: brought.program,
        inputs: brought.inputs,
        arguments: task.arguments.iter().map(hex).collect(),
        job: certificate.context.job.0,
        block: certificate.context.block,
        limits: task.limits,
        work,
        only_compile: false,
    };
    output::note(context.json, "running it");
    let receipt = execute(&engine, &order, Arc::default()).await.map_err(sdk)?;
    let asked: String = task.engine.iter().map(|byte| format!("{byte:02x}")).collect();
    if receipt.engine != asked {
        return Err(CliError::Denied(format!(
            "it was certified for engine {asked}, and here is {}: use the release of `stoa-worker` that has it",
            receipt.engine
        )));
    }
    let here = receipt.result().map_err(sdk)?;
    let verified = Verified {
        certificate: id,
        holds: here == certificate.result,
        certified: certificate.result,
        here,
        reason: receipt.reason,
        seconds: receipt.seconds,
    };
    output::result(context.json, &verified, || {
        let word = if verified.holds { "holds" } else { "does NOT hold" };
        format!(
            "certificate {id} {word}\n  certified  {}\n  here       {}",
            describe_result(&verified.certified),
            describe_result(&verified.here)
        )
    })?;
    if verified.holds { Ok(()) } else { Err(CliError::Unreproduced(id.to_string())) }
}

async fn challenge(
    id: JobId,
    follow: bool,
    yes: bool,
    no_finality: bool,
    context: &Context,
) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Challenged {
        certificate: JobId,
        job: JobId,
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<Certificate>,
    }
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let quote = state.quote_challenge(&signer.public_key().to_account_id(), id).await.map_err(sdk)?;
    let fee = chain.challenge_certificate_fee(&signer, id).await.map_err(sdk)?;
    output::note(context.json, &cost(&quote, fee));
    output::note(
        context.json,
        "  if the certificate stands, you pay the re-run; if it falls, its signers do",
    );
    if !yes {
        context.confirm("Challenge it?")?;
    }
    let wait = if follow || no_finality { Wait::InBlock } else { Wait::Finalized };
    let (job, _) = chain.challenge_certificate(&signer, id, quote.total, wait).await.map_err(sdk)?;
    let after = if follow {
        watch(&chain, job, Some(&signer), context).await?;
        Some(certificate_of(id, context).await?)
    } else {
        None
    };
    let report = Challenged { certificate: id, job, after };
    output::result(context.json, &report, || match &report.after {
        Some(after) => describe_certificate(after),
        None => format!("challenge {job} is open: `stoa job show {job} --watch` follows it"),
    })
}
