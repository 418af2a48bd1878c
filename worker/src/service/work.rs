//! The work on one job: bring what it runs on, run it, and keep the result.

use super::{
    Shared, log,
    records::{Record, RecordError},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use stoa_sdk::{
    chain::compute::{Exit, Job},
    compute::{Brought, ComputeError, Order, Receipt, bring, execute, size_of},
};

/// How long to wait before a fetch that failed is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest time for a look at a program before an application.
const LOOK: Duration = Duration::from_secs(60);

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    /// It couldn't be run here.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// It couldn't be kept.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The engine isn't the job's.
    #[error("the engine here is {here}, and the job asks for {asked}")]
    OtherEngine {
        /// What is here.
        here: String,
        /// What was asked for.
        asked: String,
    },
    /// It took too long to look at.
    #[error("the program takes longer than {} s to compile", LOOK.as_secs())]
    Slow,
}

/// Works on a job until there is a record of its result.
pub(super) async fn work(
    shared: &Shared,
    job: &Job,
    until: u32,
    stop: Arc<AtomicBool>,
) -> Result<(), WorkError> {
    let dir = shared.records.work(job.id)?;
    // The last third of the time is for the run.
    let give_up = until.saturating_sub(job.run_blocks / 3);
    let brought = loop {
        let limit = shared.config.limits.inputs;
        match bring(&shared.gateway, &job.contents, &dir.join("in"), limit, Arc::new(())).await {
            Ok(brought) => break Some(brought),
            Err(error) if error.is_contents_fault() => {
                log(&format!("job {}: nobody can run on this: {error}", job.id));
                break None;
            }
            Err(error) if error.is_this_machines() => return Err(error.into()),
            Err(error @ ComputeError::TooLarge { .. }) => return Err(error.into()),
            Err(error) if shared.head() >= give_up => {
                log(&format!("job {}: given up fetching: {error}", job.id));
                break None;
            }
            Err(error) => log(&format!("job {}: {error}; trying again", job.id)),
        }
        tokio::time::sleep(PAUSE).await;
        if stop.load(Ordering::Relaxed) {
            return Err(ComputeError::Stopped.into());
        }
    };
    let receipt = match brought {
        Some(brought) => run(shared, job, brought, &dir, stop).await?,
        None => unavailable(job),
    };
    let car = dir.join(crate::run::CAR);
    let record = Record::new(receipt)?;
    shared.records.save(job.id, &record, record.receipt.output.is_some().then_some(car.as_path()))?;
    log(&format!("job {}: {} with {} fuel", job.id, record.receipt.exit, record.receipt.fuel));
    Ok(())
}

/// What is said of a job whose program or inputs nobody gives.
fn unavailable(job: &Job) -> Receipt {
    Receipt {
        engine: hex::encode(job.task.engine),
        exit: Exit::InputUnavailable,
        reason: "the program or an input couldn't be fetched".into(),
        fuel: 0,
        output: None,
        piece: None,
        seconds: 0.0,
    }
}

async fn run(
    shared: &Shared,
    job: &Job,
    brought: Brought,
    dir: &Path,
    stop: Arc<AtomicBool>,
) -> Result<Receipt, WorkError> {
    let order = Order {
        program: brought.program,
        inputs: brought.inputs,
        arguments: job.task.arguments.iter().map(hex::encode).collect(),
        job: job.context.job.0,
        block: job.context.block,
        limits: job.task.limits,
        work: dir.to_owned(),
        only_compile: false,
    };
    let receipt = execute(&shared.engine, &order, stop).await?;
    let asked = hex::encode(job.task.engine);
    if receipt.engine != asked {
        return Err(WorkError::OtherEngine { here: receipt.engine, asked });
    }
    Ok(receipt)
}

/// Whether a job can be run here, before stake is pledged to it: everything can be had, isn't too large, and compiles.
pub(super) async fn look(shared: &Shared, job: &Job) -> Result<(), WorkError> {
    let limit = shared.config.limits.inputs;
    let size = size_of(&shared.gateway, &job.contents).await?;
    if size > limit {
        return Err(ComputeError::TooLarge { size, limit }.into());
    }
    let program = job.contents.get(..1).unwrap_or_default();
    if program.first().is_none_or(|program| shared.compiled.has(program)) {
        return Ok(());
    }
    let dir = shared.records.scratch()?;
    let brought = bring(&shared.gateway, program, &dir.path().join("in"), limit, Arc::new(())).await?;
    let order = Order {
        program: brought.program,
        inputs: Vec::new(),
        arguments: Vec::new(),
        job: job.context.job.0,
        block: job.context.block,
        limits: job.task.limits,
        work: dir.path().to_owned(),
        only_compile: true,
    };
    let stop = Arc::new(AtomicBool::new(false));
    match tokio::time::timeout(LOOK, execute(&shared.engine, &order, stop.clone())).await {
        Ok(receipt) => {
            receipt?;
            program.first().into_iter().for_each(|program| shared.compiled.add(*program));
            Ok(())
        }
        Err(_) => {
            stop.store(true, Ordering::Relaxed);
            Err(WorkError::Slow)
        }
    }
}
