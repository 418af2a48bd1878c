//! `stoa worker`: be one, and see how it stands. The work itself is `stoa-worker`'s.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process,
};
use stoa_sdk::{
    chain::{
        Included, Wait, amount,
        compute::{Action, Limits, Worker},
        parse_amount,
    },
    compute::engine_program,
    keys::{AccountId32, address},
};

/// Duties that are shown.
const MAX_DUTIES: u32 = 128;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Become a worker: hold a stake, and say what is offered
    Register(Register),
    /// Raise or lower the stake
    Stake {
        /// The new stake
        #[arg(value_name = "STOA", value_parser = parse_amount)]
        stake: u128,
        /// Don't ask before it is held
        #[arg(short, long)]
        yes: bool,
    },
    /// Stop being a worker, and get the stake back; nothing of it may be locked
    Leave,
    /// Show a worker, and what it has to do
    Status {
        /// The worker [default: the account that signs]
        #[arg(value_name = "ADDRESS")]
        worker: Option<AccountId32>,
    },
    /// Follow the chain and run jobs: runs `stoa-worker run`
    Run {
        /// The worker's settings, in TOML
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// What a worker offers.
#[derive(Args, Debug)]
pub(crate) struct Register {
    /// What is held; jobs bond parts of it
    #[arg(long, value_name = "STOA", value_parser = parse_amount)]
    stake: u128,
    /// The least to work for, in plancks per million units of fuel, after royalties
    #[arg(long, value_name = "PLANCKS")]
    price: u128,
    /// Largest fuel limit of a job
    #[arg(long, default_value_t = 1_000_000_000_000, value_name = "UNITS")]
    fuel: u64,
    /// Largest memory limit of a job, in MiB
    #[arg(long, default_value_t = 1024, value_name = "MIB")]
    memory: u64,
    /// Largest output limit of a job, in MiB
    #[arg(long, default_value_t = 256, value_name = "MIB")]
    output: u64,
    /// The engine's id [default: that of the `stoa-worker` on this machine]
    #[arg(long, value_name = "HEX")]
    engine: Option<String>,
    /// Don't ask before the stake is held
    #[arg(short, long)]
    yes: bool,
}

#[derive(Serialize)]
struct Registered {
    worker: String,
    stake: String,
    engine: String,
    #[serde(flatten)]
    included: Included,
}

#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    worker: Worker,
    duties: Vec<Duty>,
}

#[derive(Serialize)]
struct Duty {
    job: u64,
    action: Action,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Register(arguments) => register(arguments, context).await,
        Command::Stake { stake, yes } => set_stake(stake, yes, context).await,
        Command::Leave => {
            let signer = context.signer()?;
            let included =
                context.chain().await?.deregister_worker(&signer, Wait::Finalized).await.map_err(sdk)?;
            output::result(context.json, &included, || {
                format!("{} is no worker any more, and has its stake back", address(&signer))
            })
        }
        Command::Status { worker } => status(worker, context).await,
        Command::Run { config } => follow(&config),
    }
}

/// A number of MiB as bytes.
pub(crate) fn mebibytes(count: u64) -> Result<u64, CliError> {
    count.checked_mul(1 << 20).ok_or_else(|| CliError::Usage(format!("{count} MiB is too much to count")))
}

/// An engine's id from hex, or that of the `stoa-worker` on this machine.
pub(crate) fn engine(given: Option<&str>) -> Result<[u8; 32], CliError> {
    let bad = |text: &str| CliError::Usage(format!("`{text}` isn't an engine's id: it has 64 hex digits"));
    let text = match given {
        Some(text) => text.to_owned(),
        None => {
            let program = engine_program().map_err(sdk)?;
            let asked = process::Command::new(&program)
                .arg("engine")
                .env_clear()
                .output()
                .map_err(|source| CliError::Io { path: program, source })?;
            let said = String::from_utf8_lossy(&asked.stdout).into_owned();
            said.lines().next().unwrap_or_default().to_owned()
        }
    };
    let digits = text.trim().trim_start_matches("0x");
    let mut id = [0; 32];
    let whole = digits.len() == 64 && digits.is_ascii();
    for (number, byte) in id.iter_mut().enumerate() {
        let pair = digits.get(2 * number..2 * number + 2).filter(|_| whole).ok_or_else(|| bad(&text))?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| bad(&text))?;
    }
    Ok(id)
}

async fn register(arguments: Register, context: &Context) -> Result<(), CliError> {
    let engine = engine(arguments.engine.as_deref())?;
    let limits = Limits {
        fuel: arguments.fuel,
        memory: mebibytes(arguments.memory)?,
        output: mebibytes(arguments.output)?,
    };
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let (stake, price) = (arguments.stake, arguments.price);
    let fee = chain.register_worker_fee(&signer, stake, price, limits, &[engine]).await.map_err(sdk)?;
    output::note(
        context.json,
        &format!("stake {}, held until you leave; fee about {}", amount(stake), amount(fee)),
    );
    if !arguments.yes {
        context.confirm("Register?")?;
    }
    let included = chain
        .register_worker(&signer, stake, price, limits, &[engine], Wait::Finalized)
        .await
        .map_err(sdk)?;
    let report = Registered {
        worker: address(&signer),
        stake: stake.to_string(),
        engine: engine.iter().map(|byte| format!("{byte:02x}")).collect(),
        included,
    };
    output::result(context.json, &report, || {
        format!(
            "{} is a worker with engine {}\n  `stoa worker run` makes it work",
            report.worker, report.engine
        )
    })
}

async fn set_stake(stake: u128, yes: bool, context: &Context) -> Result<(), CliError> {
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let fee = chain.set_worker_stake_fee(&signer, stake).await.map_err(sdk)?;
    output::note(context.json, &format!("stake {}; fee about {}", amount(stake), amount(fee)));
    if !yes {
        context.confirm("Change the stake?")?;
    }
    let included = chain.set_worker_stake(&signer, stake, Wait::Finalized).await.map_err(sdk)?;
    output::result(context.json, &included, || format!("the stake is {}", amount(stake)))
}

async fn status(worker: Option<AccountId32>, context: &Context) -> Result<(), CliError> {
    let account = match worker {
        Some(account) => account,
        None => context.signer()?.public_key().to_account_id(),
    };
    let state = context.chain().await?.state().await.map_err(sdk)?;
    let worker = state.worker(&account).await.map_err(sdk)?;
    let worker =
        worker.ok_or_else(|| CliError::NotFound(format!("{account} isn't a worker on this chain")))?;
    let duties = state.duties(&account, None, MAX_DUTIES).await.map_err(sdk)?;
    let duties = duties.into_iter().map(|(job, action)| Duty { job: job.0, action }).collect();
    let report = Status { worker, duties };
    output::result(context.json, &report, || describe(&report))
}

fn describe(report: &Status) -> String {
    let Status { worker, duties } = report;
    let mut lines = vec![
        worker.account.to_string(),
        format!("  stake    {}, {} of it locked", amount(worker.stake), amount(worker.locked)),
        format!("  price    {} plancks per million fuel", worker.price),
        format!(
            "  limits   {} fuel, {} memory, {} output",
            worker.limits.fuel,
            output::size(worker.limits.memory),
            output::size(worker.limits.output)
        ),
    ];
    for engine in &worker.engines {
        let id: String = engine.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(format!("  engine   {id}"));
    }
    for duty in duties {
        let what = match duty.action {
            Action::Commit { until } => format!("run it and commit, up to block {until}"),
            Action::Reveal { until } => format!("reveal, up to block {until}"),
            Action::Poke => "move it on".into(),
            Action::Release => "free the pledge".into(),
            Action::ReleaseBonds => "free the bond".into(),
            Action::Wait => "wait".into(),
        };
        lines.push(format!("  job {}   {what}", duty.job));
    }
    lines.join("\n")
}

/// Becomes `stoa-worker run`; comes back only when that isn't possible.
fn follow(config: &Path) -> Result<(), CliError> {
    let program = engine_program().map_err(sdk)?;
    let source = process::Command::new(&program).arg("run").arg("--config").arg(config).exec();
    Err(CliError::Io { path: program, source })
}
