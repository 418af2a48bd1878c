//! The engine: WebAssembly with WASI preview 1, whose results are the same on every machine.
//!
//! Nothing that a program can see depends on where or when it runs: files have no times, folders list in order, the
//! clock and the randomness come from the job, NaNs have one form, there are no threads and no network. Fuel bounds
//! the time of a run, calls included, and limits bound memory, stack and output. What the engine is stands in
//! [`settings`]; its id is a hash over that.

mod descriptors;
mod errno;
mod files;
mod guest;
mod paths;
pub mod settings;
mod state;
mod wasi;

use errno::Stop;
use state::State;
use std::{fmt, io, path::Path, thread};
use wasmtime::{Linker, Module, Store, Trap};

pub use state::Surroundings;

/// Largest program that is compiled.
pub const MAX_PROGRAM: u64 = 64 << 20;
/// The stack of the thread that a program runs on: the program's own, and room for calls.
const THREAD_STACK: usize = settings::STACK + (8 << 20);

/// Why there is no result: this machine failed, and the program may be as good as any.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine can't be on this machine.
    #[error("the engine doesn't run on this machine: {0}")]
    Unsupported(String),
    /// The program is valid, and yet it can't be compiled here.
    #[error("the program can't be compiled here: {0}")]
    Compile(String),
    /// Files or memory.
    #[error("this machine failed during the run: {0}")]
    Host(#[from] io::Error),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It returned, or exited with a code.
    Exited(i32),
    /// It trapped.
    Trap,
    /// It used up its fuel.
    OutOfFuel,
    /// It wanted more memory than the limit.
    OutOfMemory,
    /// It wrote more than the limit.
    OutputTooLarge,
    /// It isn't a program that this engine runs.
    InvalidProgram,
}

/// A run's result.
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// Why, in words; for people, and no part of the result.
    pub reason: String,
    /// Fuel used.
    pub fuel: u64,
    files: Option<files::Files>,
}

impl Ran {
    /// Whether the program ran at all, so that it may have left something.
    pub fn has_output(&self) -> bool {
        self.files.is_some()
    }

    /// Writes what the program left into an empty folder: `output`, `stdout` and `stderr`.
    pub fn export(&self, dir: &Path) -> io::Result<()> {
        self.files.as_ref().map_or(Ok(()), |files| files.export(dir))
    }

    fn invalid(reason: impl fmt::Display) -> Self {
        Self { ended: Ended::InvalidProgram, reason: reason.to_string(), fuel: 0, files: None }
    }
}

/// A compiled program.
#[derive(Clone)]
pub struct Program(Result<Module, String>);

impl Program {
    /// Something that isn't a program, and why.
    pub fn invalid(reason: &str) -> Self {
        Self(Err(reason.to_owned()))
    }

    /// Why it isn't a program that the engine runs; `None` when it is one.
    pub fn flaw(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }
}

/// The engine.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<State>,
}

impl Engine {
    /// The engine of this version, if this machine can be it.
    pub fn new() -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError::Unsupported(format!("{error:#}"));
        Self::with(&settings::config().map_err(failed)?)
    }

    /// The same without what makes runs bounded and equal, to measure what that costs. It has no limit of time, and its
    /// results are nobody's to certify.
    pub fn unmetered() -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError::Unsupported(format!("{error:#}"));
        let mut config = settings::config().map_err(failed)?;
        config.consume_fuel(false).cranelift_nan_canonicalization(false);
        Self::with(&config)
    }

    fn with(config: &wasmtime::Config) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError::Unsupported(format!("{error:#}"));
        let engine = wasmtime::Engine::new(config).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        wasi::link(&mut linker).map_err(failed)?;
        Ok(Self { engine, linker })
    }

    /// The id of the engine of this version.
    pub fn id(&self) -> [u8; 32] {
        settings::id()
    }

    /// Compiles a program. One that isn't valid is remembered as such; an error says that this machine can't.
    pub fn compile(&self, bytes: &[u8]) -> Result<Program, EngineError> {
        if bytes.len() as u64 > MAX_PROGRAM {
            return Ok(Program(Err(format!(
                "it has {} bytes, over the limit of {MAX_PROGRAM}",
                bytes.len()
            ))));
        }
        if let Err(error) = Module::validate(&self.engine, bytes) {
            return Ok(Program(Err(format!("{error:#}"))));
        }
        let module = Module::from_binary(&self.engine, bytes)
            .map_err(|error| EngineError::Compile(format!("{error:#}")))?;
        if let Err(error) = self.linker.instantiate_pre(&module) {
            return Ok(Program(Err(format!("{error:#}"))));
        }
        if module.resources_required().num_tables > state::MAX_TABLES as u32 {
            return Ok(Program(Err(format!("it has more than {} tables", state::MAX_TABLES))));
        }
        let start = module.get_export("_start").and_then(|export| export.func().cloned());
        if !start.is_some_and(|start| start.params().len() == 0 && start.results().len() == 0) {
            return Ok(Program(Err("it has no function `_start` without parameters and results".into())));
        }
        Ok(Program(Ok(module)))
    }

    /// Runs a program, on a thread of its own. The caller's thread waits.
    pub fn run(&self, program: &Program, around: Surroundings) -> Result<Ran, EngineError> {
        let module = match &program.0 {
            Ok(module) => module,
            Err(reason) => return Ok(Ran::invalid(reason)),
        };
        thread::scope(|scope| {
            let running = thread::Builder::new()
                .name("program".into())
                .stack_size(THREAD_STACK)
                .spawn_scoped(scope, || self.run_here(module, around))?;
            running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn run_here(&self, module: &Module, around: Surroundings) -> Result<Ran, EngineError> {
        let limit = around.fuel;
        let mut store = Store::new(&self.engine, State::new(around)?);
        store.limiter(|state| state);
        let failed = |error: wasmtime::Error| EngineError::Unsupported(format!("{error:#}"));
        let metered = store.set_fuel(limit).is_ok();
        let done = self.linker.instantiate(&mut store, module).and_then(|instance| {
            store.data_mut().memory = instance.get_memory(&mut store, "memory");
            instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
        });
        let left = if metered { store.get_fuel().map_err(failed)? } else { limit };
        let (ended, reason) = match done {
            Ok(()) => (Ended::Exited(0), "it returned".to_owned()),
            Err(error) => ended(error)?,
        };
        // A program that stops for want of fuel has used all that it had, whatever the last step would have taken.
        let fuel = if ended == Ended::OutOfFuel { limit } else { limit.saturating_sub(left) };
        Ok(Ran { ended, reason, fuel, files: Some(store.into_data().files) })
    }
}

/// How a run ended that didn't return.
fn ended(error: wasmtime::Error) -> Result<(Ended, String), EngineError> {
    let error = match error.downcast::<Stop>() {
        Ok(stop) => {
            let reason = stop.to_string();
            let ended = match stop {
                Stop::Exit(code) => Ended::Exited(code),
                Stop::OutOfFuel => Ended::OutOfFuel,
                Stop::OutOfMemory { .. } => Ended::OutOfMemory,
                Stop::OutputTooLarge { .. } => Ended::OutputTooLarge,
                Stop::Trap(_) => Ended::Trap,
                Stop::Host(error) => return Err(error.into()),
            };
            return Ok((ended, reason));
        }
        Err(error) => error,
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Ok((Ended::OutOfFuel, "it used up its fuel".into())),
        Some(trap) => Ok((Ended::Trap, trap.to_string())),
        None => Err(EngineError::Unsupported(format!("{error:#}"))),
    }
}
