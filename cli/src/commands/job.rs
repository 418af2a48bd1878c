//! `stoa job`: have a program run by others, and get what it left.

use super::worker::{engine, mebibytes};
use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{path::PathBuf, str::FromStr, time::Duration};
use stoa_sdk::{
    Chain, Keypair,
    chain::{
        ChainState, Included, Wait, amount,
        compute::{
            Assignment, Certificate, Exit, Job, JobId, JobRequest, JobResult, Limits, MAX_ARGUMENT_LEN,
            MAX_ARGUMENTS, MAX_INPUTS, Phase, Quote, SeatState, Source, Standing, Task,
        },
    },
    content::parse_cid,
    fetch::{FetchOptions, fetch},
    keys::AccountId32,
    names::AssetAt,
    primitives::{ContentId, registry::AssetKind},
};

/// How often a job is looked at while it is watched.
const LOOK: Duration = Duration::from_secs(1);

/// Blocks that those who work on a job have to move it on, before the requester does.
const PATIENCE: u64 = 20;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Pay workers to run a program
    Submit(Box<Submit>),
    /// Show a job, or the certificate that it left
    Show {
        /// The job's number
        job: JobId,
        /// Wait until it has ended
        #[arg(long)]
        watch: bool,
    },
    /// List the jobs that haven't ended
    List,
    /// Print what the program printed
    Logs {
        /// The job's number
        job: JobId,
    },
    /// Get what the program left, and check every byte
    Output {
        /// The job's number
        job: JobId,
        /// Where to put it [default: a folder with the job's number]
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Move a job on whose phase is over, for a reward
    Poke {
        /// The job's number
        job: JobId,
    },
    /// Consent, as an admin of a gated asset, to a job on workers that its requester named
    Consent {
        /// The job's number
        job: JobId,
        /// The asset
        #[arg(value_name = "OWNER/NAME")]
        asset: stoa_sdk::names::AssetName,
    },
    /// Say what an asset takes of the price of jobs that use it
    Royalty {
        /// The asset
        #[arg(value_name = "OWNER/NAME")]
        asset: stoa_sdk::names::AssetName,
        /// Its part in percent, with up to four decimals; 0 takes nothing
        #[arg(value_name = "PERCENT", value_parser = parse_percent)]
        share: u32,
    },
}

/// An asset's revision, or a CID.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    Asset(AssetAt),
    Content(ContentId),
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('/') && !text.starts_with("ipfs://") {
            return text
                .parse()
                .map(Self::Asset)
                .map_err(|error: stoa_sdk::names::NameParseError| error.to_string());
        }
        let cid = text.trim_start_matches("ipfs://");
        parse_cid(cid)
            .map(Self::Content)
            .ok_or_else(|| format!("`{text}` is neither owner/name[@revision] nor a CID"))
    }
}

fn parse_percent(text: &str) -> Result<u32, String> {
    let bad = || format!("`{text}` isn't a part in percent, such as 5 or 2.5");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    if decimals.is_empty() || decimals.len() > 4 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    let whole: u32 = whole.parse().map_err(|_| bad())?;
    let decimals: u32 = format!("{decimals:0<4}").parse().map_err(|_| bad())?;
    whole
        .checked_mul(10_000)
        .and_then(|part| part.checked_add(decimals))
        .filter(|part| *part <= 1_000_000)
        .ok_or_else(bad)
}

/// What to run, and for how much.
#[derive(Args, Debug)]
pub(crate) struct Submit {
    /// The program: an asset of kind `program`, and a branch, tag or commit id [default: main]
    #[arg(long, value_name = "OWNER/NAME[@REVISION]")]
    program: Named,
    /// What it reads, in the order of /in/0, /in/1, …
    #[arg(long = "input", value_name = "OWNER/NAME[@REVISION]")]
    inputs: Vec<Named>,
    /// An argument of the program
    #[arg(long = "arg", value_name = "TEXT", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// How many workers run it at first
    #[arg(long, default_value_t = 3)]
    replicas: u32,
    /// How many equal results settle it: more than half of the replicas and less than them, or 1 of 1
    #[arg(long, default_value_t = 2)]
    quorum: u32,
    /// Most fuel that it may take
    #[arg(long, default_value_t = 100_000_000_000, value_name = "UNITS")]
    fuel: u64,
    /// Most memory that it may take, in MiB
    #[arg(long, default_value_t = 256, value_name = "MIB")]
    memory: u64,
    /// Most that it may write, in MiB
    #[arg(long, default_value_t = 64, value_name = "MIB")]
    output: u64,
    /// Plancks per million units of fuel, royalties included
    #[arg(long, value_name = "PLANCKS")]
    price: u128,
    /// Blocks that workers have to run it
    #[arg(long, default_value_t = 100, value_name = "BLOCKS")]
    run_blocks: u32,
    /// A worker that may run it; all that apply may, when none is named
    #[arg(long = "worker", value_name = "ADDRESS")]
    workers: Vec<AccountId32>,
    /// The engine's id [default: that of the `stoa-worker` on this machine]
    #[arg(long, value_name = "HEX")]
    engine: Option<String>,
    /// Wait until it has ended
    #[arg(long)]
    watch: bool,
    /// Don't ask before its cost is held
    #[arg(short, long)]
    yes: bool,
    /// Don't wait until the chain can't undo it any more
    #[arg(long)]
    no_finality: bool,
}

#[derive(Serialize)]
struct Submitted {
    job: JobId,
    quote: Quote,
    #[serde(serialize_with = "text")]
    fee: u128,
    #[serde(flatten)]
    included: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
}

fn text<S: serde::Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// A job as it is now.
#[derive(Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Shown {
    Open { job: Box<Job> },
    Ended(Ended),
}

/// What a job left.
#[derive(Serialize)]
pub(crate) struct Ended {
    id: JobId,
    /// `None` when it ended without one: the workers didn't agree, or too few came.
    certificate: Option<Box<Certificate>>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Submit(arguments) => submit(*arguments, context).await,
        Command::Show { job, watch } => show(job, watch, context).await,
        Command::List => list(context).await,
        Command::Logs { job } => logs(job, context).await,
        Command::Output { job, output } => get(job, output, context).await,
        Command::Poke { job } => {
            let signer = context.signer()?;
            let included = context.chain().await?.poke_job(&signer, job, Wait::InBlock).await.map_err(sdk)?;
            output::result(context.json, &included, || format!("job {job} was moved on"))
        }
        Command::Consent { job, asset } => {
            let signer = context.signer()?;
            let chain = context.chain().await?;
            let id = asset_id(&chain.state().await.map_err(sdk)?, &asset).await?;
            let included = chain.consent_to_job(&signer, job, id, Wait::Finalized).await.map_err(sdk)?;
            output::result(context.json, &included, || format!("{asset} may be used by job {job}"))
        }
        Command::Royalty { asset, share } => {
            let signer = context.signer()?;
            let chain = context.chain().await?;
            let id = asset_id(&chain.state().await.map_err(sdk)?, &asset).await?;
            let share = (share > 0).then_some(share);
            let included = chain.set_job_royalty(&signer, id, share, Wait::Finalized).await.map_err(sdk)?;
            output::result(context.json, &included, || match share {
                Some(share) => format!(
                    "{asset} takes {} % of the price of jobs from the next one on",
                    f64::from(share) / 1e4
                ),
                None => format!("{asset} takes nothing of jobs from the next one on"),
            })
        }
    }
}

async fn asset_id(
    state: &ChainState,
    name: &stoa_sdk::names::AssetName,
) -> Result<stoa_sdk::primitives::registry::AssetId, CliError> {
    let asset = state.asset(name).await.map_err(sdk)?;
    asset.map(|asset| asset.id).ok_or_else(|| CliError::NoAsset(name.to_string()))
}

/// What the chain calls a source, and what a user should know of it.
async fn source(
    context: &Context,
    state: &ChainState,
    named: &Named,
    program: bool,
) -> Result<Source, CliError> {
    let at = match named {
        Named::Content(content) => return Ok(Source::Content(*content)),
        Named::Asset(at) => at,
    };
    let revision = context.revision(state, at).await?;
    if revision.yanked {
        output::note(
            context.json,
            &format!("note: the owner of {at} says that this revision shouldn't be used any more"),
        );
    }
    if program {
        let asset = state.asset_by_id(revision.asset).await.map_err(sdk)?;
        if asset.is_some_and(|asset| asset.kind != AssetKind::Program) {
            return Err(CliError::Usage(format!("{at} isn't a program: publish it with --kind program")));
        }
    }
    Ok(Source::Revision { asset: revision.asset, commit: revision.commit })
}

async fn submit(arguments: Submit, context: &Context) -> Result<(), CliError> {
    check(&arguments)?;
    let engine = engine(arguments.engine.as_deref())?;
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let mut inputs = Vec::new();
    for input in &arguments.inputs {
        inputs.push(source(context, &state, input, false).await?);
    }
    let request = JobRequest {
        task: Task {
            program: source(context, &state, &arguments.program, true).await?,
            inputs,
            arguments: arguments.arguments.iter().map(|argument| argument.clone().into_bytes()).collect(),
            engine,
            limits: Limits {
                fuel: arguments.fuel,
                memory: mebibytes(arguments.memory)?,
                output: mebibytes(arguments.output)?,
            },
        },
        replicas: arguments.replicas,
        quorum: arguments.quorum,
        assignment: match arguments.workers.as_slice() {
            [] => Assignment::Drawn,
            workers => Assignment::Named(workers.to_vec()),
        },
        price: arguments.price,
        run_blocks: arguments.run_blocks,
    };
    let account = signer.public_key().to_account_id();
    let quote = state.quote_job(&account, &request).await.map_err(sdk)?;
    let fee = chain.submit_job_fee(&signer, &request).await.map_err(sdk)?;
    output::note(context.json, &cost(&quote, fee));
    let free = state.free_balance(&account).await.map_err(sdk)?;
    if quote.total.saturating_add(fee) > free {
        return Err(CliError::Denied(format!(
            "{account} can spend {}, and this takes {}: get more first",
            amount(free),
            amount(quote.total.saturating_add(fee))
        )));
    }
    if !arguments.yes {
        context.confirm("Submit?")?;
    }
    let wait = if arguments.watch || arguments.no_finality { Wait::InBlock } else { Wait::Finalized };
    let (job, included) = chain.submit_job(&signer, &request, quote.total, wait).await.map_err(sdk)?;
    output::note(context.json, &format!("job {job}"));
    let ended = if arguments.watch { Some(watch(&chain, job, Some(&signer), context).await?) } else { None };
    let failure = ended.as_ref().and_then(failure);
    let report = Submitted { job, quote, fee, included, ended };
    output::result(context.json, &report, || match &report.ended {
        Some(ended) => describe_ended(ended),
        None => format!("job {job} is open: `stoa job show {job} --watch` follows it"),
    })?;
    failure.map_or(Ok(()), Err)
}

/// What the chain would refuse, in better words than the chain's.
fn check(arguments: &Submit) -> Result<(), CliError> {
    if arguments.inputs.len() > MAX_INPUTS {
        return Err(CliError::Usage(format!("a job has at most {MAX_INPUTS} inputs")));
    }
    if arguments.arguments.len() > MAX_ARGUMENTS {
        return Err(CliError::Usage(format!("a job has at most {MAX_ARGUMENTS} arguments")));
    }
    if let Some(long) = arguments.arguments.iter().find(|argument| argument.len() > MAX_ARGUMENT_LEN) {
        return Err(CliError::Usage(format!(
            "`{long}` is longer than the {MAX_ARGUMENT_LEN} bytes of an argument"
        )));
    }
    if arguments.arguments.iter().any(|argument| argument.contains('\0')) {
        return Err(CliError::Usage("an argument can't have a zero byte".into()));
    }
    let (replicas, quorum) = (arguments.replicas, arguments.quorum);
    let single = replicas == 1 && quorum == 1;
    if !single && (quorum.saturating_mul(2) <= replicas || quorum >= replicas) {
        return Err(CliError::Usage(format!(
            "{quorum} of {replicas} can't settle a job: take more than half of the replicas and less than them, or 1 of 1"
        )));
    }
    Ok(())
}

/// What a job holds, line by line.
pub(crate) fn cost(quote: &Quote, fee: u128) -> String {
    let mut lines = vec![
        format!(
            "  compute    {} at most: every seat of both rounds at {}",
            amount(quote.compute),
            amount(quote.seat_cost)
        ),
        format!("  deposit    {} for the certificate", amount(quote.deposit)),
        format!("  rewards    {} for moving it on", amount(quote.pokes)),
    ];
    if quote.fees > 0 {
        lines.push(format!("  licences   {}", amount(quote.fees)));
    }
    lines.push(format!(
        "  held       {}; what isn't used comes back; each worker bonds {}",
        amount(quote.total),
        amount(quote.bond)
    ));
    lines.push(format!("  fee        about {}", amount(fee)));
    lines.join("\n")
}

/// Follows a job to its end. With a key it moves on what nobody else does: a job that no worker came to has nobody
/// else who would.
pub(crate) async fn watch(
    chain: &Chain,
    id: JobId,
    keeper: Option<&Keypair>,
    context: &Context,
) -> Result<Ended, CliError> {
    let mut said: Option<String> = None;
    let mut overdue: Option<(Phase, u64)> = None;
    loop {
        let state = chain.state().await.map_err(sdk)?;
        let Some(job) = state.job(id).await.map_err(sdk)? else {
            let certificate = state.certificate(id).await.map_err(sdk)?.map(Box::new);
            return Ok(Ended { id, certificate });
        };
        let now = progress(&job);
        if said.as_ref() != Some(&now) {
            output::note(context.json, &now);
            said = Some(now);
        }
        if let Some(keeper) = keeper.filter(|_| job.due) {
            let since = match overdue {
                Some((phase, since)) if phase == job.phase => since,
                _ => state.block(),
            };
            overdue = Some((job.phase, since));
            let hopeless = matches!(job.phase, Phase::Apply { .. }) && !job.can_be_drawn();
            if hopeless || state.block() >= since.saturating_add(PATIENCE) {
                // Somebody else may be quicker, or the draw's seed late: it is looked at again.
                match chain.poke_job(keeper, id, Wait::InBlock).await {
                    Ok(_) => {}
                    Err(error) if error.is_refusal() => {}
                    Err(error) => return Err(sdk(error)),
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn progress(job: &Job) -> String {
    let seats = job.seats.iter().filter(|seat| seat.round == job.round);
    let done = seats
        .clone()
        .filter(|seat| match job.phase {
            Phase::Apply { .. } => false,
            Phase::Commit { .. } => seat.state == SeatState::Committed,
            Phase::Reveal { .. } => matches!(seat.state, SeatState::Revealed(_)),
        })
        .count();
    let count = match job.phase {
        Phase::Apply { .. } => format!("{} so far", job.candidates),
        _ => format!("{done} of {}", seats.count()),
    };
    format!("round {}: {} until block {} ({count})", job.round, job.phase.word(), job.phase.until())
}

async fn show(id: JobId, follow: bool, context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let state = chain.state().await.map_err(sdk)?;
    let shown = match state.job(id).await.map_err(sdk)? {
        Some(_) if follow => Shown::Ended(watch(&chain, id, None, context).await?),
        Some(job) => Shown::Open { job: Box::new(job) },
        None => match state.certificate(id).await.map_err(sdk)? {
            Some(certificate) => Shown::Ended(Ended { id, certificate: Some(Box::new(certificate)) }),
            None => {
                return Err(CliError::NotFound(format!(
                    "there is no job {id}, and no certificate of it: it isn't submitted yet, or it ended without one"
                )));
            }
        },
    };
    let failure = match &shown {
        Shown::Ended(ended) if follow => failure(ended),
        _ => None,
    };
    output::result(context.json, &shown, || match &shown {
        Shown::Open { job } => describe(job),
        Shown::Ended(ended) => describe_ended(ended),
    })?;
    failure.map_or(Ok(()), Err)
}

/// Whether a job that was followed to its end ended badly.
fn failure(ended: &Ended) -> Option<CliError> {
    match &ended.certificate {
        None => Some(CliError::Denied(format!("job {} ended without a certificate", ended.id))),
        Some(found) if found.result.exit != Exit::Exited(0) => {
            Some(CliError::Ran(format!("the program {}", found.result.exit)))
        }
        Some(_) => None,
    }
}

async fn list(context: &Context) -> Result<(), CliError> {
    const PAGE: u32 = 128;
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let (mut jobs, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = state.jobs(after, PAGE).await.map_err(sdk)?;
        jobs.extend(page);
        after = next;
        if after.is_none() {
            break;
        }
    }
    jobs.sort_by_key(|job| job.id);
    output::result(context.json, &jobs, || match jobs.as_slice() {
        [] => "no job is open".to_owned(),
        jobs => {
            jobs.iter().map(|job| format!("{}  {}", job.id, progress(job))).collect::<Vec<_>>().join("\n")
        }
    })
}

fn describe(job: &Job) -> String {
    let mut lines = vec![format!("job {}  by {}", job.id, job.payer), format!("  {}", progress(job))];
    lines.extend(describe_task(&job.task, &job.contents));
    lines.push(format!("  held       {}", amount(job.held)));
    for asset in &job.awaiting_consent {
        lines.push(format!("  waits for the consent of asset {asset}"));
    }
    for seat in &job.seats {
        let state = match &seat.state {
            SeatState::Seated => "runs it".to_owned(),
            SeatState::Committed => "committed".to_owned(),
            SeatState::Revealed(result) => describe_result(result),
        };
        lines.push(format!("  round {}    {}  {state}", seat.round, seat.worker));
    }
    lines.join("\n")
}

pub(crate) fn describe_task(task: &Task, contents: &[ContentId]) -> Vec<String> {
    let source = |source: &Source| match source {
        Source::Revision { asset, commit } => {
            format!("asset {} at {}", asset.0, stoa_sdk::chain::commit_text(commit))
        }
        Source::Content(_) => "content".to_owned(),
    };
    let mut lines = Vec::new();
    let sources = std::iter::once(&task.program).chain(&task.inputs);
    for (number, (named, content)) in sources.zip(contents).enumerate() {
        let what = if number == 0 { "program   ".to_owned() } else { format!("/in/{}     ", number - 1) };
        lines.push(format!("  {what} {}, ipfs://{}", source(named), stoa_content::text(content)));
    }
    for argument in &task.arguments {
        lines.push(format!("  argument   {}", output::clean(&String::from_utf8_lossy(argument))));
    }
    lines.push(format!(
        "  limits     {} fuel, {} memory, {} output",
        task.limits.fuel,
        output::size(task.limits.memory),
        output::size(task.limits.output)
    ));
    lines
}

pub(crate) fn describe_result(result: &JobResult) -> String {
    let output = match &result.output {
        Some(content) => format!("ipfs://{}", stoa_content::text(content)),
        None => "no output".to_owned(),
    };
    format!("{}, {} fuel, {output}", result.exit, result.fuel)
}

pub(crate) fn describe_ended(ended: &Ended) -> String {
    match &ended.certificate {
        Some(certificate) => describe_certificate(certificate),
        None => format!("job {} ended without a certificate: what isn't paid went back", ended.id),
    }
}

pub(crate) fn describe_certificate(certificate: &Certificate) -> String {
    let mut lines = vec![
        format!("certificate {}  by {}", certificate.id, certificate.requester),
        format!("  result     {}", describe_result(&certificate.result)),
    ];
    lines.extend(describe_task(&certificate.task, &certificate.contents));
    lines.push(format!(
        "  agreed     {} distinct accounts of {} seats, {} from {} that applied",
        certificate.signers.len(),
        certificate.seats,
        certificate.chosen,
        certificate.applicants
    ));
    let standing = match certificate.standing {
        Standing::Unchallenged => "nobody challenged it".to_owned(),
        Standing::Upheld => "a challenge confirmed it".to_owned(),
        Standing::Unresolved => "a challenge came to nothing".to_owned(),
        Standing::Fallen { challenge, result } => {
            format!("FALLEN: challenge {challenge} showed {}", describe_result(&result))
        }
    };
    lines.push(format!("  standing   {standing}; bonds at stake until block {}", certificate.bonded_until));
    lines.join("\n")
}

/// What a certified job left.
async fn left(id: JobId, context: &Context) -> Result<ContentId, CliError> {
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let Some(certificate) = state.certificate(id).await.map_err(sdk)? else {
        let open = state.job(id).await.map_err(sdk)?.is_some();
        let why = if open { "it hasn't ended" } else { "there is no such job, or it ended without one" };
        return Err(CliError::NotFound(format!("job {id} has no certificate: {why}")));
    };
    certificate
        .result
        .output
        .ok_or_else(|| CliError::NotFound(format!("job {id} left nothing: {}", certificate.result.exit)))
}

async fn logs(id: JobId, context: &Context) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Logs {
        job: JobId,
        stdout: String,
        stderr: String,
    }
    let content = left(id, context).await?;
    let io = |path: PathBuf| move |source| CliError::Io { path, source };
    let dir = tempfile::tempdir().map_err(io(std::env::temp_dir()))?;
    let files = vec!["stdout".to_owned(), "stderr".to_owned()];
    let options = FetchOptions { files, force: false };
    fetch(&context.gateway()?, &content, None, dir.path(), &options, context.observer.clone())
        .await
        .map_err(sdk)?;
    let read = |name: &str| {
        let path = dir.path().join(name);
        let bytes = std::fs::read(&path).map_err(io(path))?;
        Ok::<_, CliError>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let logs = Logs { job: id, stdout: read("stdout")?, stderr: read("stderr")? };
    if !logs.stderr.is_empty() {
        output::note(context.json, output::clean(&logs.stderr).trim_end());
    }
    output::result(context.json, &logs, || output::clean(&logs.stdout))
}

async fn get(id: JobId, dir: Option<PathBuf>, context: &Context) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Got {
        job: JobId,
        content: String,
        dir: PathBuf,
        files: Vec<stoa_sdk::fetch::FetchedFile>,
    }
    let content = left(id, context).await?;
    let dir = dir.unwrap_or_else(|| PathBuf::from(format!("job-{id}")));
    let fetched =
        fetch(&context.gateway()?, &content, None, &dir, &FetchOptions::default(), context.observer.clone())
            .await
            .map_err(sdk)?;
    let got = Got { job: id, content: stoa_content::text(&content), dir, files: fetched.files };
    output::result(context.json, &got, || {
        format!(
            "{} files in {}: `output`, `stdout` and `stderr` of job {id}",
            got.files.len(),
            got.dir.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_in_percent() {
        assert_eq!(parse_percent("5"), Ok(50_000));
        assert_eq!(parse_percent("2.5"), Ok(25_000));
        assert_eq!(parse_percent("0.0001"), Ok(1));
        assert_eq!(parse_percent("100"), Ok(1_000_000));
        for text in ["", "-1", "100.1", "1.", "0.00001", "x"] {
            assert!(parse_percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sources_are_assets_or_contents() {
        assert!(matches!("alice/iris@v1".parse(), Ok(Named::Asset(_))));
        let cid = "bafybeib34zs2mnlh7dssgu2gjasybclwehd57m3lyy35gnjatgozyc4pnm";
        assert!(matches!(cid.parse(), Ok(Named::Content(_))));
        assert!(matches!(format!("ipfs://{cid}").parse(), Ok(Named::Content(_))));
        assert!("iris".parse::<Named>().is_err());
    }
}
