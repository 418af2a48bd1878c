//! What a worker costs over a bare run of the same program, and what WebAssembly costs over native code.
//!
//! `cargo run --release -p stoa-worker --example run_bench [EPOCHS]`: trains the classifier of `tests/programs`, in the
//! same run: as a worker does it (a process of its own, compilation, run, packing), bare in this process with the same
//! settings, bare without fuel and canonical NaNs, and native. It takes turns, and prints medians. It needs clang with
//! wasi-libc, and `stoa-worker` of the same profile, which it builds.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};
use stoa_sdk::{
    chain::compute::Limits,
    compute::{Order, execute},
};
use stoa_worker::engine::{Engine, Surroundings};

const ROUNDS: usize = 3;
const ROWS: usize = 2_000;
const COLUMNS: usize = 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let epochs = env::args().nth(1).map_or(Ok(20_000), |text| text.parse::<u32>())?;
    let dir = tempfile::tempdir()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/classifier.c");
    let program = dir.path().join("main.wasm");
    let native = dir.path().join("native");
    compile(Command::new("clang").arg("--target=wasm32-wasi"), &source, &program)?;
    compile(&mut Command::new("clang"), &source, &native)?;
    let input = dir.path().join("input");
    fs::create_dir(&input)?;
    fs::write(input.join("data.csv"), data())?;
    let worker = worker()?;

    let arguments = ["/in/0", "/out", &epochs.to_string()].map(|text| text.as_bytes().to_vec());
    let (fuel, memory, output) = (u64::MAX >> 2, 256 << 20, 16 << 20);
    let around = Surroundings {
        arguments: std::iter::once(b"program".to_vec()).chain(arguments.clone()).collect(),
        environment: Vec::new(),
        inputs: vec![input.clone()],
        job: 1,
        block: 1,
        fuel,
        memory,
        output,
    };
    let (engine, unmetered) = (Engine::new()?, Engine::unmetered()?);
    let module = fs::read(&program)?;
    let (compiled, plain) = (engine.compile(&module)?, unmetered.compile(&module)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut times = [(); 4].map(|()| Vec::new());
    for round in 0..ROUNDS {
        let work = dir.path().join(format!("work-{round}"));
        fs::create_dir(&work)?;
        let order = Order {
            program: Some(program.clone()),
            inputs: vec![input.clone()],
            arguments: arguments.iter().map(hex::encode).collect(),
            job: 1,
            block: 1,
            limits: Limits { fuel, memory, output },
            work,
            only_compile: false,
        };
        times[0].push(timed(|| runtime.block_on(execute(&worker, &order, Arc::default())).map(|_| ()))?);
        times[1].push(timed(|| engine.run(&compiled, around.clone()).map(|_| ()))?);
        times[2].push(timed(|| unmetered.run(&plain, around.clone()).map(|_| ()))?);
        let out = dir.path().join(format!("out-{round}"));
        fs::create_dir(&out)?;
        times[3].push(timed(|| {
            let status = Command::new(&native).arg(&input).arg(&out).arg(epochs.to_string()).output()?.status;
            if status.success() { Ok(()) } else { Err(std::io::Error::other(status.to_string())) }
        })?);
    }
    let [as_worker, bare, plain, native] = times.map(median);
    println!("classifier, {ROWS} rows of {COLUMNS} columns, {epochs} epochs, median of {ROUNDS}");
    println!("{:<56} {as_worker:>9.3} s", "as a worker: process, compilation, run, packing");
    println!(
        "{:<56} {bare:>9.3} s   worker / this {:.3} (goal 1.05)",
        "bare wasmtime, same settings, compiled before",
        as_worker / bare
    );
    println!(
        "{:<56} {plain:>9.3} s   fuel and canonical NaNs cost {:.2}",
        "bare wasmtime, no fuel, NaNs as they come",
        bare / plain
    );
    println!("{:<56} {native:>9.3} s   wasm / native {:.2}", "native, clang -O2", bare / native);
    Ok(())
}

fn compile(clang: &mut Command, source: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let status = clang.arg("-O2").arg(source).arg("-o").arg(out).arg("-lm").status()?;
    if status.success() { Ok(()) } else { Err("clang failed: `make setup` installs what it needs".into()) }
}

/// `stoa-worker` of this profile, which stands beside the examples' folder.
fn worker() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "-p", "stoa-worker", "--bin", "stoa-worker"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err("stoa-worker can't be built".into());
    }
    let here = env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("this program has no folder")?;
    Ok(folder.join("stoa-worker"))
}

fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Two classes that overlap a little, from a generator with a fixed seed.
fn data() -> String {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut text = String::new();
    for row in 0..ROWS {
        let class = row % 2;
        for _ in 0..COLUMNS {
            text.push_str(&format!("{:.6},", next() + class as f64 * 0.2));
        }
        text.push_str(&format!("{class}\n"));
    }
    text
}
