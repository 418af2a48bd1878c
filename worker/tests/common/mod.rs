//! What the tests of the engine share: orders, and programs from their sources.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use stoa_sdk::{
    chain::compute::Limits,
    compute::{ComputeError, Order, Receipt, execute},
};

/// The engine, as the service runs it.
pub(crate) fn engine() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_stoa-worker"))
}

/// A folder of the tests.
pub(crate) fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)
}

/// An input with a file.
pub(crate) fn input(dir: &Path) -> PathBuf {
    let input = dir.join("input");
    fs::create_dir_all(input.join("folder")).unwrap();
    for (name, bytes) in
        [("data", vec![7; 5_000_000]), ("b", vec![1]), ("a", vec![2]), ("folder/c", Vec::new())]
    {
        fs::write(input.join(name), bytes).unwrap();
    }
    input
}

/// An order over that input.
pub(crate) fn order(program: &Path, input: &Path, work: PathBuf) -> Order {
    fs::create_dir_all(&work).unwrap();
    Order {
        program: Some(program.to_owned()),
        inputs: vec![input.to_owned()],
        arguments: vec![hex::encode("first"), hex::encode("--second=ä")],
        job: 42,
        block: 1_000_000,
        limits: Limits { fuel: 2_000_000_000, memory: 64 << 20, output: 32 << 20 },
        work,
        only_compile: false,
    }
}

/// Carries out an order with some engine.
pub(crate) async fn carry_out(engine: &Path, order: &Order) -> Result<Receipt, ComputeError> {
    execute(engine, order, Arc::default()).await
}
