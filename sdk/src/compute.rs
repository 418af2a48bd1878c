//! Running a job's task on this machine: bring what it runs on, and have the engine run it.
//!
//! The engine runs in a process of its own, `stoa-worker execute`, with nothing of this process's environment: a
//! program that brings the engine down brings down nothing else, and a run can be ended at any time. What it is told
//! and what it answers are the JSON of [`Order`] and [`Receipt`].

use crate::{
    chain::compute::{Exit, JobResult, Limits},
    dag::{self, DagError},
    fetch::{FetchError, FetchOptions, fetch},
    gateway::Gateway,
    observe::Observer,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};
use stoa_primitives::{ContentId, Piece};
use tokio::task::spawn_blocking;

/// The file of a program's asset that is run; without it, the only file of the first folder that ends in `.wasm`.
pub const MAIN: &str = "main.wasm";
/// The program that has the engine.
pub const WORKER: &str = "stoa-worker";
/// The environment variable that says where that is.
pub const WORKER_VARIABLE: &str = "STOA_WORKER";
/// How often a run is asked whether it should end.
const LOOK: Duration = Duration::from_millis(50);
/// Longest answer of the engine.
const MAX_ANSWER: usize = 64 * 1024;

/// Why a task couldn't be run here.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// The program or an input couldn't be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It couldn't be listed.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// It is larger than this machine takes.
    #[error("the program and the inputs have {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine isn't here.
    #[error(
        "`{WORKER}` isn't beside this program nor on the PATH: install it, or say where it is with {WORKER_VARIABLE}"
    )]
    NoEngine,
    /// The engine ended without an answer.
    #[error("the engine failed: {0}")]
    Engine(String),
    /// The run was ended from outside.
    #[error("the run was stopped")]
    Stopped,
}

impl ComputeError {
    /// Whether it is the content's own fault, so that nobody can run on it.
    pub fn is_contents_fault(&self) -> bool {
        let broken = |error: &DagError| {
            matches!(
                error,
                DagError::Kind { .. }
                    | DagError::Name { .. }
                    | DagError::Node { .. }
                    | DagError::Sizes { .. }
                    | DagError::TooLarge(_)
            )
        };
        match self {
            Self::Dag(error) | Self::Fetch(FetchError::Dag(error)) => broken(error),
            _ => false,
        }
    }

    /// Whether it speaks of this machine, and not of what was to be run.
    pub fn is_this_machines(&self) -> bool {
        match self {
            Self::Fetch(error) => !matches!(error, FetchError::Dag(_) | FetchError::Verify(_)),
            Self::Dag(_) | Self::TooLarge { .. } => false,
            Self::Io { .. } | Self::NoEngine | Self::Engine(_) | Self::Stopped => true,
        }
    }
}

/// What a task runs on, on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Brought {
    /// The module; `None` when the program's asset has none that could be meant.
    pub program: Option<PathBuf>,
    /// The folders of the inputs, in order.
    pub inputs: Vec<PathBuf>,
}

/// How many bytes the files of several contents have, without fetching them.
pub async fn size_of(gateway: &Gateway, contents: &[ContentId]) -> Result<u64, ComputeError> {
    let mut size: u64 = 0;
    for content in contents {
        let listed = dag::list(gateway, content).await?;
        size = listed.files.iter().fold(size, |sum, file| sum.saturating_add(file.size));
    }
    Ok(size)
}

/// Brings a program and its inputs, in that order, into an empty folder, and checks every byte.
pub async fn bring(
    gateway: &Gateway,
    contents: &[ContentId],
    dir: &Path,
    limit: u64,
    observer: Arc<dyn Observer>,
) -> Result<Brought, ComputeError> {
    let size = size_of(gateway, contents).await?;
    if size > limit {
        return Err(ComputeError::TooLarge { size, limit });
    }
    let mut folders = Vec::new();
    for (number, content) in contents.iter().enumerate() {
        let folder = dir.join(number.to_string());
        fetch(gateway, content, None, &folder, &FetchOptions::default(), observer.clone()).await?;
        folders.push(folder);
    }
    let inputs = folders.split_off(1.min(folders.len()));
    let program = match folders.first() {
        Some(folder) => {
            main_of(folder).map_err(|source| ComputeError::Io { path: folder.clone(), source })?
        }
        None => None,
    };
    Ok(Brought { program, inputs })
}

/// The module of a program's folder.
pub fn main_of(folder: &Path) -> io::Result<Option<PathBuf>> {
    let named = folder.join(MAIN);
    if named.is_file() {
        return Ok(Some(named));
    }
    let mut found = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(path);
        }
    }
    Ok(found)
}

/// What the engine is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Order {
    /// The module; `None` when there is none.
    pub program: Option<PathBuf>,
    /// The folders of the inputs, in order.
    pub inputs: Vec<PathBuf>,
    /// The arguments in hex, because they may be any bytes.
    pub arguments: Vec<String>,
    /// The job that randomness comes from.
    pub job: u64,
    /// The block that the clock shows.
    pub block: u32,
    /// How much it may take.
    pub limits: Limits,
    /// An empty folder: it gets `left` with what the program left, and `output.car`, the same packed.
    pub work: PathBuf,
    /// Compile the program, and don't run it.
    pub only_compile: bool,
}

/// What the engine answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Receipt {
    /// The engine's id in hex.
    pub engine: String,
    /// How the run ended.
    pub exit: Exit,
    /// Why, in words; no part of the result.
    pub reason: String,
    /// Fuel used.
    pub fuel: u64,
    /// The root CID of what it left.
    pub output: Option<String>,
    /// The BLAKE3 root in hex and the size of that, packed.
    pub piece: Option<(String, u64)>,
    /// How long the run took, without the compilation; no part of the result.
    pub seconds: f64,
}

impl Receipt {
    /// What the chain is told.
    pub fn result(&self) -> Result<JobResult, ComputeError> {
        let unreadable = || ComputeError::Engine("its answer names no content".into());
        let output = self
            .output
            .as_ref()
            .map(|text| stoa_content::parse_cid(text).ok_or_else(unreadable))
            .transpose()?;
        Ok(JobResult { exit: self.exit, fuel: self.fuel, output })
    }

    /// The piece of what the program left.
    pub fn output_piece(&self) -> Option<Piece> {
        let (root, size) = self.piece.as_ref()?;
        let mut piece = Piece { root: [0; 32], size: *size };
        hex::decode_to_slice(root, &mut piece.root).ok()?;
        Some(piece)
    }
}

/// Where the engine is: as the environment says, beside this program, or on the PATH.
pub fn engine_program() -> Result<PathBuf, ComputeError> {
    if let Some(path) = std::env::var_os(WORKER_VARIABLE) {
        return Ok(path.into());
    }
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join(WORKER)));
    let on_path = std::env::var_os("PATH");
    let on_path = on_path.iter().flat_map(std::env::split_paths).map(|folder| folder.join(WORKER));
    beside.into_iter().chain(on_path).find(|path| path.is_file()).ok_or(ComputeError::NoEngine)
}

/// Has the engine carry out an order. Ends the run when `stop` becomes true.
pub async fn execute(engine: &Path, order: &Order, stop: Arc<AtomicBool>) -> Result<Receipt, ComputeError> {
    let (engine, order) = (engine.to_owned(), order.clone());
    spawn_blocking(move || execute_here(&engine, &order, &stop))
        .await
        .map_err(|error| ComputeError::Engine(error.to_string()))?
}

/// A child that ends with its guard.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then neither is needed.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn execute_here(engine: &Path, order: &Order, stop: &AtomicBool) -> Result<Receipt, ComputeError> {
    let failed = |error: &dyn std::fmt::Display| ComputeError::Engine(error.to_string());
    let mut command = Command::new(engine);
    command.arg("execute").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|source| ComputeError::Io { path: engine.to_owned(), source })?;
    let mut child = Running(child);
    // The engine ends when this pipe is closed, so it must stay open to the end.
    let mut told = child.0.stdin.take();
    let line = serde_json::to_string(order).map_err(|error| failed(&error))?;
    if let Some(told) = &mut told {
        writeln!(told, "{line}").and_then(|()| told.flush()).map_err(|error| failed(&error))?;
    }
    let (said, answers) = channel();
    if let Some(stdout) = child.0.stdout.take() {
        let mut answer = BufReader::new(io::Read::take(stdout, MAX_ANSWER as u64));
        thread::spawn(move || {
            let mut line = String::new();
            // Whoever doesn't listen any more has stopped the run.
            said.send(answer.read_line(&mut line).map(|_| line)).ok();
        });
    }
    let complaints = child.0.stderr.take().map(|stderr| {
        thread::spawn(move || {
            let mut text = String::new();
            let mut short = io::Read::take(stderr, MAX_ANSWER as u64);
            // What can't be read is only missing from the log.
            io::Read::read_to_string(&mut short, &mut text).ok();
            text
        })
    });
    let answer = loop {
        match answers.recv_timeout(LOOK) {
            Ok(answer) => break answer.map_err(|error| failed(&error))?,
            Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                return Err(ComputeError::Stopped);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break String::new(),
        }
    };
    drop(told);
    if answer.trim().is_empty() {
        let status = child.0.wait().map_err(|error| failed(&error))?;
        let said = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
        return Err(ComputeError::Engine(format!("{status}: {}", said.trim())));
    }
    serde_json::from_str(&answer).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_of_a_program_is_the_one_that_is_meant() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| fs::write(dir.path().join(name), "").unwrap();
        let name = || main_of(dir.path()).unwrap().map(|path| path.file_name().unwrap().to_owned());
        put("README.md");
        assert_eq!(name(), None);
        put("one.wasm");
        assert_eq!(name().unwrap(), "one.wasm");
        put("two.wasm");
        assert_eq!(name(), None);
        put(MAIN);
        assert_eq!(name().unwrap(), MAIN);
    }

    #[test]
    fn a_broken_content_is_nobodys_fault_but_its_own() {
        let broken = ComputeError::Dag(DagError::TooLarge("many files".into()));
        assert!(broken.is_contents_fault() && !broken.is_this_machines());
        let here = ComputeError::Engine("killed".into());
        assert!(here.is_this_machines() && !here.is_contents_fault());
    }

    #[tokio::test]
    async fn an_engine_that_says_nothing_is_an_error_with_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let engine = dir.path().join("engine");
        fs::write(&engine, "#!/bin/sh\necho broken >&2\nexit 3\n").unwrap();
        let mut permissions = fs::metadata(&engine).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&engine, permissions).unwrap();
        let order = Order {
            program: None,
            inputs: Vec::new(),
            arguments: Vec::new(),
            job: 0,
            block: 0,
            limits: Limits { fuel: 1, memory: 1, output: 1 },
            work: dir.path().to_owned(),
            only_compile: false,
        };
        let error = execute(&engine, &order, Arc::default()).await.unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
    }
}
