//! Killed processes and full disks: either nothing or a whole piece is left, and the store goes on.

mod support;

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use stoa_content::{Access, Piece, Store, StoreError, slice};
use support::{ROOMY, folder, import, listing, put};

/// In the processes that a test starts from its own binary: the folder to work in.
const CHILD: &str = "STOA_TEST_CHILD";

fn child() -> Option<PathBuf> {
    env::var_os(CHILD).map(PathBuf::from)
}

/// Runs the test of that name in a process of its own.
fn again(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, dir);
    command
}

/// Reads everything of a piece and checks it.
fn assert_whole(store: &Store, piece: Piece) {
    let mut hasher = blake3::Hasher::new();
    for range in slice::split(0..piece.size, 1 << 20) {
        let encoded = store.read_slice(&piece.root, range.clone()).unwrap().unwrap();
        slice::decode(&piece, range, &encoded, &mut |_, bytes| {
            hasher.update(&bytes);
        })
        .unwrap();
    }
    assert_eq!(*hasher.finalize().as_bytes(), piece.root);
    let info = store.piece(&piece.root).unwrap().unwrap();
    assert!(store.block_of_any(&info.content.digest).unwrap().is_some());
}

/// Imports, receives and removes without end; says when a step begins.
fn churn(dir: &Path) -> ! {
    let say = |step: &str| {
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{step}").and_then(|()| out.flush()).is_err() {
            // The test has heard enough and is about to kill this process.
            loop {
                std::thread::park();
            }
        }
    };
    let store = Store::open(&dir.join("store"), ROOMY).unwrap();
    let source = Store::open(&dir.join("source-store"), ROOMY).unwrap();
    let other = source.pieces(None, 1).unwrap()[0].piece;
    loop {
        say("import");
        let packed = store.import_dir(&dir.join("source"), &mut |_| say("progress")).unwrap();
        say("receive");
        let receive = store.receive(other).unwrap();
        for part in receive.missing().into_iter().flat_map(|range| slice::split(range, 1 << 19)) {
            let encoded = source.read_slice(&other.root, part.clone()).unwrap().unwrap();
            receive.accept(part, &encoded).unwrap();
            say("accepted");
        }
        receive.finish().unwrap();
        say("remove");
        store.remove(&packed.piece.root).unwrap();
        store.remove(&other.root).unwrap();
    }
}

#[test]
fn a_killed_process_leaves_whole_pieces_or_nothing() {
    if let Some(dir) = child() {
        churn(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    put(&dir.path().join("source"), "a", 4 << 20, 1);
    put(&dir.path().join("source"), "b/c", 3000, 2);
    let source = Store::open(&dir.path().join("source-store"), ROOMY).unwrap();
    import(&source, &[2 << 20], 5);
    drop(source);

    // Kills after every step of two rounds of work, and then a little later each time.
    let rounds = env::var("STOA_CRASH_ROUNDS").map_or(24, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let mut process = again("a_killed_process_leaves_whole_pieces_or_nothing", dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let steps = ["import", "progress", "receive", "accepted", "remove"];
        let step = lines.filter(|line| steps.contains(&line.as_str())).nth(round % 26).unwrap();
        let until = Instant::now() + Duration::from_micros(round as u64 * 397 % 9000);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        process.kill().unwrap();
        process.wait().unwrap();

        let store = Store::open(&dir.path().join("store"), ROOMY).unwrap();
        let pieces = store.pieces(None, 10).unwrap();
        for info in &pieces {
            assert_whole(&store, info.piece);
        }
        let files = listing(&dir.path().join("store/pieces"));
        assert_eq!(files.len(), 2 * pieces.len(), "killed {round} at {step}: {files:?}");
        assert!(listing(&dir.path().join("store/temporary")).is_empty());
        let again = store.import_dir(&dir.path().join("source"), &mut |_| ()).unwrap();
        assert_whole(&store, again.piece);
    }
}

/// What must hold when the disk takes no more: `full` tells the error.
fn assert_survives_a_full_disk(dir: &Path) {
    let store = Store::open(&dir.join("store"), ROOMY).unwrap();
    let small = import(&store, &[100_000], 1);
    let large = folder(&[6 << 20, 6 << 20], 3);
    for _ in 0..2 {
        let error = store.import_dir(large.path(), &mut |_| ()).unwrap_err();
        assert!(matches!(error, StoreError::DiskFull(_)), "{error}");
    }
    let (_, car) = support::car(large.path());
    let mut upload = store.import_car().unwrap();
    let written = car.chunks(100_000).try_for_each(|part| upload.write(part));
    let error = written.and_then(|()| upload.finish(None).map(|_| ())).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull(_)), "{error}");
    assert!(listing(&dir.join("store/temporary")).is_empty());
    assert_eq!(store.stats().pieces, 1);
    assert_whole(&store, small.piece);
    let next = import(&store, &[200_000], 2);
    drop(store);
    let store = Store::open(&dir.join("store"), ROOMY).unwrap();
    assert_whole(&store, small.piece);
    assert_whole(&store, next.piece);
}

#[test]
fn a_file_size_limit_is_a_clean_error() {
    if let Some(dir) = child() {
        return assert_survives_a_full_disk(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    // 8 MiB a file, and an error in place of the signal that would end the process.
    let test = again("a_file_size_limit_is_a_clean_error", dir.path());
    let mut shell = Command::new("bash");
    shell.args(["-c", "ulimit -f 8192 && trap '' XFSZ && exec \"$@\"", "bash"]);
    shell.arg(test.get_program()).args(test.get_args()).env(CHILD, dir.path());
    assert_ran(&mut shell);
}

#[test]
fn a_full_disk_is_a_clean_error_and_the_index_recovers() {
    if let Some(dir) = child() {
        assert_survives_a_full_disk(&dir);
        return assert_the_index_recovers(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=8m none \"$0\"";
    let possible = Command::new("unshare")
        .args(["-m", "sh", "-c", mount])
        .arg(dir.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        eprintln!("not run: mounting a small disk takes root");
        return;
    }
    let test = again("a_full_disk_is_a_clean_error_and_the_index_recovers", dir.path());
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", &format!("{mount} && exec \"$@\"")]).arg(dir.path());
    shell.arg(test.get_program()).args(test.get_args()).env(CHILD, dir.path());
    assert_ran(&mut shell);
}

fn assert_the_index_recovers(dir: &Path) {
    let store = Store::open(&dir.join("store"), ROOMY).unwrap();
    let info = store.pieces(None, 1).unwrap()[0];
    let root = info.piece.root;
    // Not a byte is left for the index, which needs some for every change once it has used up its spare pages.
    let filler = dir.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 512]).is_ok() {}
    drop(file);
    let mut failed = false;
    for _ in 0..64 {
        match import_tiny(&store) {
            Ok(()) => {}
            Err(StoreError::DiskFull(_)) => failed = true,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(failed);
    assert_whole(&store, info.piece);
    fs::remove_file(&filler).unwrap();
    store.set_access(&root, Access::Public).unwrap();
    assert!(store.block(&info.content.digest).unwrap().is_some());
    import(&store, &[300_000], 77);
}

fn import_tiny(store: &Store) -> Result<(), StoreError> {
    let packed = store.import_dir(folder(&[50], 90).path(), &mut |_| ())?;
    store.remove(&packed.piece.root).map(|_| ())
}

fn assert_ran(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
