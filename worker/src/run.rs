//! One order: compile a program, run it, and pack what it left.

use crate::engine::{Ended, Engine, EngineError, Program, Ran, Surroundings};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use stoa_content::{PackError, pack_dir, text};
use stoa_sdk::{
    chain::compute::Exit,
    compute::{Order, Receipt},
};

/// The folder that gets what the program left.
pub const LEFT: &str = "left";
/// The same, packed.
pub const CAR: &str = "output.car";
/// What a program is called in its own arguments.
const NAME: &[u8] = b"program";
/// Memory for the engine itself: code that it compiles, buffers that it packs with.
const OWN_MEMORY: u64 = 2 << 30;
/// How often what a program writes may be in memory at once, while a file grows.
const OUTPUT_COPIES: u64 = 3;

/// Why an order couldn't be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The output can't be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An argument that isn't hex.
    #[error("argument {0} of the order isn't hex")]
    Argument(usize),
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    |source| RunError::Io { path: path.to_owned(), source }
}

/// Bounds what this process may take of the machine, whatever the engine's own limits let through.
pub fn confine(order: &Order) -> io::Result<()> {
    let limits = &order.limits;
    let data =
        limits.memory.saturating_add(limits.output.saturating_mul(OUTPUT_COPIES)).saturating_add(OWN_MEMORY);
    let file = limits.output.saturating_mul(2).saturating_add(1 << 20);
    for (resource, most) in [(Resource::Data, data), (Resource::Fsize, file), (Resource::Core, 0)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// The environment of every program.
fn environment(inputs: usize) -> Vec<Vec<u8>> {
    [
        ("HOME", "/".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("STOA_INPUTS", inputs.to_string()),
        ("TZ", "UTC".to_owned()),
    ]
    .map(|(name, value)| format!("{name}={value}").into_bytes())
    .to_vec()
}

/// Carries out an order.
pub fn carry_out(engine: &Engine, order: &Order) -> Result<Receipt, RunError> {
    let arguments = order
        .arguments
        .iter()
        .enumerate()
        .map(|(number, argument)| hex::decode(argument).map_err(|_| RunError::Argument(number)))
        .collect::<Result<Vec<_>, _>>()?;
    let program = match &order.program {
        Some(path) => load(engine, path)?,
        None => Program::invalid("its asset has no module, or several and none called main.wasm"),
    };
    if order.only_compile {
        let (exit, reason) = match program.flaw() {
            Some(flaw) => (Exit::InvalidProgram, flaw.to_owned()),
            None => (Exit::Exited(0), "it compiles".to_owned()),
        };
        return Ok(receipt(engine, exit, reason, 0, Duration::ZERO));
    }
    let around = Surroundings {
        arguments: std::iter::once(NAME.to_vec()).chain(arguments).collect(),
        environment: environment(order.inputs.len()),
        inputs: order.inputs.clone(),
        job: order.job,
        block: order.block.into(),
        fuel: order.limits.fuel,
        memory: order.limits.memory,
        output: order.limits.output,
    };
    let began = Instant::now();
    let ran = engine.run(&program, around)?;
    let mut receipt = receipt(engine, exit(ran.ended), ran.reason.clone(), ran.fuel, began.elapsed());
    if ran.has_output() {
        pack(&ran, &order.work, &mut receipt)?;
    }
    Ok(receipt)
}

fn load(engine: &Engine, path: &Path) -> Result<Program, RunError> {
    let file = File::open(path).map_err(failed(path))?;
    let mut bytes = Vec::new();
    // One byte more than is taken shows that it is too large.
    file.take(crate::engine::MAX_PROGRAM + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    Ok(engine.compile(&bytes)?)
}

fn receipt(engine: &Engine, exit: Exit, reason: String, fuel: u64, took: Duration) -> Receipt {
    Receipt {
        engine: hex::encode(engine.id()),
        exit,
        reason,
        fuel,
        output: None,
        piece: None,
        seconds: took.as_secs_f64(),
    }
}

fn pack(ran: &Ran, work: &Path, receipt: &mut Receipt) -> Result<(), RunError> {
    let left = work.join(LEFT);
    fs::create_dir_all(&left).map_err(failed(&left))?;
    ran.export(&left).map_err(failed(&left))?;
    let car = work.join(CAR);
    let mut out = File::create(&car).map_err(failed(&car))?;
    let packed = pack_dir(&left, &mut out, &mut |_| ())?;
    out.sync_all().map_err(failed(&car))?;
    receipt.output = Some(text(&packed.content));
    receipt.piece = Some((hex::encode(packed.piece.root), packed.piece.size));
    Ok(())
}

fn exit(ended: Ended) -> Exit {
    match ended {
        Ended::Exited(code) => Exit::Exited(code),
        Ended::Trap => Exit::Trap,
        Ended::OutOfFuel => Exit::OutOfFuel,
        Ended::OutOfMemory => Exit::OutOfMemory,
        Ended::OutputTooLarge => Exit::OutputTooLarge,
        Ended::InvalidProgram => Exit::InvalidProgram,
    }
}
