//! The same program gives the same bytes, whatever the machine does meanwhile.
//!
//! `STOA_ROUNDS` says how often each program runs (3); `make soak` runs 50, and names another build of the worker in
//! `STOA_OTHER_WORKER`, which takes turns with this one.

mod common;

use common::{carry_out, engine, order, sources};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use stoa_sdk::{chain::compute::Exit, compute::Receipt};

fn rounds() -> usize {
    std::env::var("STOA_ROUNDS").map_or(3, |text| text.parse().expect("STOA_ROUNDS is a number"))
}

/// The builds that take turns.
fn engines() -> Vec<PathBuf> {
    let other = std::env::var_os("STOA_OTHER_WORKER").map(PathBuf::from);
    std::iter::once(engine().to_owned()).chain(other).collect()
}

/// Compiles a C program for WASI; `make setup` installs what that takes.
fn compile(source: &str, into: &Path, flags: &[&str]) -> PathBuf {
    let program = into.join(Path::new(source).with_extension("wasm").file_name().unwrap());
    let compiled = Command::new("clang")
        .args(["--target=wasm32-wasi", "-O2", "-Wall", "-Werror"])
        .args(flags)
        .arg(sources("programs").join(source))
        .arg("-o")
        .arg(&program)
        .arg("-lm")
        .output()
        .expect("clang is missing: run `make setup`");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{source}: {said}; is wasi-libc there? `make setup` installs it");
    program
}

/// Runs a program again and again, alone and beside itself, on one thread of the host and on all.
async fn assert_same(source: &str, flags: &[&str]) -> (Receipt, PathBuf, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let program = compile(source, dir.path(), flags);
    let mut first: Option<(Receipt, PathBuf)> = None;
    for round in 0..rounds() {
        for (build, engine) in engines().iter().enumerate() {
            // Inputs are copied anew, so that nothing of their inodes, times and order on disk is the same.
            let here = dir.path().join(format!("{round}-{build}"));
            fs::create_dir(&here).unwrap();
            let input = common::input(&here);
            let orders = [0, 1, 2].map(|number| order(&program, &input, here.join(number.to_string())));
            let alone = carry_out(&pinned(engine, dir.path()), &orders[0]).await.unwrap();
            let (left, right) = tokio::join!(carry_out(engine, &orders[1]), carry_out(engine, &orders[2]));
            for (receipt, order) in [alone, left.unwrap(), right.unwrap()].into_iter().zip(orders) {
                let Some((expected, _)) = &first else {
                    first = Some((receipt, order.work));
                    continue;
                };
                let result = receipt.result().unwrap();
                assert_eq!(result, expected.result().unwrap(), "{source}, round {round}: {}", receipt.reason);
                assert_eq!(receipt.piece, expected.piece);
            }
        }
    }
    let (receipt, work) = first.unwrap();
    (receipt, work, dir)
}

/// The engine on one of the host's threads.
fn pinned(engine: &Path, dir: &Path) -> PathBuf {
    let script = dir.join("pinned");
    fs::write(&script, format!("#!/bin/sh\nexec taskset -c 0 '{}' \"$@\"\n", engine.display())).unwrap();
    let mut permissions = fs::metadata(&script).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&script, permissions).unwrap();
    script
}

#[tokio::test]
async fn floating_point_is_the_same_everywhere() {
    let (receipt, work, _dir) = assert_same("floats.c", &["-msimd128"]).await;
    assert_eq!(receipt.exit, Exit::Exited(0), "{}", receipt.reason);
    let printed = fs::read_to_string(work.join("left/stdout")).unwrap();
    // Whatever its payload was, a NaN that comes out of arithmetic is the canonical one.
    for line in printed.lines().filter(|line| line.starts_with("nan")).take(9) {
        assert!(line.contains("7ff8000000000000") || line.contains("3ff0000000000000"), "{line}");
    }
    assert_eq!(printed.lines().count(), 17 + 13 + 1);
}

#[tokio::test]
async fn what_a_machine_would_answer_comes_from_the_job() {
    let (receipt, work, _dir) = assert_same("world.c", &[]).await;
    assert_eq!(receipt.exit, Exit::Exited(0), "{}", receipt.reason);
    let printed = fs::read_to_string(work.join("left/stdout")).unwrap();
    assert!(
        printed.starts_with("argument 0 program\nargument 1 first\nargument 2 --second=ä\n"),
        "{printed}"
    );
    assert!(printed.contains(
        "environment HOME=/\nenvironment LANG=C.UTF-8\nenvironment STOA_INPUTS=1\nenvironment TZ=UTC\n"
    ));
    assert!(printed.contains("\ntime 1000000."), "{printed}");
    assert!(printed.contains("after an hour 1003600."), "{printed}");
    let listed: Vec<_> = printed.lines().filter(|line| line.starts_with("/out/")).collect();
    let names: Vec<_> = listed.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names,
        [
            "/out/.",
            "/out/..",
            "/out/Mango",
            "/out/apple",
            "/out/folder",
            "/out/folder/.",
            "/out/folder/..",
            "/out/zebra"
        ]
    );
    assert!(listed.iter().all(|line| line.ends_with(" 0")), "{listed:?}");
}

#[tokio::test]
async fn another_job_has_other_random_bytes_and_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let program = compile("world.c", dir.path(), &[]);
    let input = common::input(dir.path());
    let mut outputs = Vec::new();
    for job in [42, 43] {
        let mut order = order(&program, &input, dir.path().join(job.to_string()));
        order.job = job;
        carry_out(engine(), &order).await.unwrap();
        outputs.push(fs::read_to_string(order.work.join("left/stdout")).unwrap());
    }
    let files =
        |text: &str| text.lines().filter(|line| line.starts_with('/')).map(str::to_owned).collect::<Vec<_>>();
    assert_ne!(outputs[0], outputs[1]);
    assert_eq!(files(&outputs[0]), files(&outputs[1]));
}

#[tokio::test]
async fn large_outputs_are_packed_the_same() {
    let (receipt, work, _dir) = assert_same("output.c", &[]).await;
    assert_eq!(receipt.exit, Exit::Exited(0), "{}", receipt.reason);
    assert_eq!(fs::read_dir(work.join("left/output/many")).unwrap().count(), 2_000);
    assert_eq!(fs::metadata(work.join("left/output/size-5000000")).unwrap().len(), 5_000_000);
    assert!(!work.join("left/output/gone").exists());
}
