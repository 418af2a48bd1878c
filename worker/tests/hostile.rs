//! Programs that mean harm, each in `hostile/` with the receipt that it must get in its first line.
//!
//! Each runs as the service runs it, in a process of its own, twice: the receipts must be the same, and nothing on this
//! machine may have changed.

mod common;

use common::{carry_out, engine, order, sources};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use stoa_sdk::{
    chain::compute::{Exit, Limits},
    compute::{ComputeError, execute},
};

/// Longest that one of them may take with the fuel that it gets.
const PATIENCE: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { fuel: 50_000_000, memory: 32 << 20, output: 1 << 20 };

fn expected(source: &str) -> Exit {
    let line = source.lines().next().and_then(|line| line.strip_prefix(";; expect: ")).unwrap();
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["exited", code] => Exit::Exited(code.parse().unwrap()),
        ["trap"] => Exit::Trap,
        ["out-of-fuel"] => Exit::OutOfFuel,
        ["out-of-memory"] => Exit::OutOfMemory,
        ["output-too-large"] => Exit::OutputTooLarge,
        ["invalid-program"] => Exit::InvalidProgram,
        _ => panic!("{line}"),
    }
}

/// All files of a folder, with their bytes.
fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[tokio::test]
async fn hostile_programs_get_the_receipts_that_they_should_and_touch_nothing() {
    let mut names: Vec<_> =
        fs::read_dir(sources("hostile")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 20);
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("canary"), "untouched").unwrap();
    let input = common::input(host.path());
    let before = tree(host.path());
    let elsewhere = tempfile::tempdir().unwrap();
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&path).unwrap();
        let program = elsewhere.path().join("program.wasm");
        fs::write(&program, wat::parse_str(&source).unwrap_or_else(|error| panic!("{name}: {error}")))
            .unwrap();
        let mut receipts = Vec::new();
        for round in 0..2 {
            let mut order = order(&program, &input, elsewhere.path().join(format!("{name}-{round}")));
            order.limits = LIMITS;
            let began = Instant::now();
            let receipt = carry_out(engine(), &order).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(began.elapsed() < PATIENCE, "{name} took {:?}", began.elapsed());
            assert_eq!(receipt.exit, expected(&source), "{name}: {}", receipt.reason);
            assert!(receipt.fuel <= LIMITS.fuel, "{name}");
            assert_eq!(receipt.exit == Exit::InvalidProgram, receipt.output.is_none(), "{name}");
            receipts.push(receipt.result().unwrap());
        }
        assert_eq!(receipts[0], receipts[1], "{name}");
    }
    assert_eq!(tree(host.path()), before);
}

#[tokio::test]
async fn malformed_modules_are_invalid_programs() {
    let dir = tempfile::tempdir().unwrap();
    let input = common::input(dir.path());
    let good = wat::parse_str("(module (func (export \"_start\")))").unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 0xff;
    let endless_locals =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b";
    let modules: [(&str, &[u8]); 8] = [
        ("empty", b""),
        ("text", b"(module (func (export \"_start\")))"),
        ("only a head", b"\0asm\x01\0\0\0"),
        ("another version", b"\0asm\x02\0\0\0"),
        ("a component", b"\0asm\x0d\0\x01\0"),
        ("cut", &good[..good.len() - 3]),
        ("flipped", &flipped),
        ("four billion locals", endless_locals),
    ];
    for (number, (name, bytes)) in modules.iter().enumerate() {
        let program = dir.path().join("program.wasm");
        fs::write(&program, bytes).unwrap();
        let order = order(&program, &input, dir.path().join(number.to_string()));
        let receipt = carry_out(engine(), &order).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((receipt.exit, receipt.fuel), (Exit::InvalidProgram, 0), "{name}: {}", receipt.reason);
        assert!(receipt.output.is_none(), "{name}");
    }
    let mut order = order(&dir.path().join("program.wasm"), &input, dir.path().join("none"));
    order.program = None;
    assert_eq!(carry_out(engine(), &order).await.unwrap().exit, Exit::InvalidProgram);
}

#[tokio::test]
async fn a_run_ends_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let input = common::input(dir.path());
    let program = dir.path().join("program.wasm");
    fs::write(&program, wat::parse_str("(module (func (export \"_start\") (loop (br 0))))").unwrap())
        .unwrap();
    let mut order = order(&program, &input, dir.path().join("work"));
    order.limits.fuel = u64::MAX >> 1;
    let stop = Arc::new(AtomicBool::new(false));
    let stopper = {
        let stop = stop.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let (ended, ()) = tokio::join!(execute(engine(), &order, stop), stopper);
    assert!(matches!(ended, Err(ComputeError::Stopped)), "{ended:?}");
}

#[tokio::test]
async fn an_input_that_vanishes_is_this_machines_failure_and_no_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program.wasm");
    fs::write(&program, wat::parse_str("(module (func (export \"_start\")))").unwrap()).unwrap();
    let order = order(&program, &dir.path().join("nowhere"), dir.path().join("work"));
    let error = carry_out(engine(), &order).await.unwrap_err();
    assert!(error.is_this_machines(), "{error}");
}
