//! Prints what it takes to answer a possession challenge on a large piece: bytes on the wire beside the limit, and time
//! and bytes read, with the piece in the system's memory and without.
//!
//! `cargo run --release -p stoa-content --example challenge_bench -- [--size 1GiB in bytes] [--challenges 320]
//! [--dir FOLDER] [--json]`

use std::{
    error::Error,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use stoa_content::{Store, StoreOptions};
use stoa_primitives::{
    Piece,
    possession::{max_proof_size, verify},
};

/// DESIGN's figures: bytes per challenge over the limit, and bytes read.
const WIRE_GOAL: f64 = 1.02;
const READ_GOAL: u64 = 32 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut size, mut challenges, mut dir, mut json) = (1u64 << 30, 320u64, std::env::temp_dir(), false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--size" => size = value()?.parse()?,
            "--challenges" => challenges = value()?.parse()?,
            "--dir" => dir = PathBuf::from(value()?),
            "--json" => json = true,
            _ => return Err(format!("{arg} isn't known: --size, --challenges, --dir, --json are").into()),
        }
    }
    let work = tempfile::tempdir_in(dir)?;
    let source = work.path().join("source");
    std::fs::create_dir(&source)?;
    write_noise(&source.join("weights.bin"), size)?;
    let folder = work.path().join("store");
    let store = Store::open(&folder, StoreOptions { byte_limit: u64::MAX })?;
    let piece = store.import_dir(&source, &mut |_| ())?.piece;
    std::fs::remove_dir_all(&source)?;

    let asked: Vec<u64> = (0..challenges).map(|number| leaf(number, &piece)).collect();
    let mut wire = 0u64;
    let cold = rounds(&asked, |leaf| {
        forget(&folder)?;
        answer(&store, &piece, leaf, &mut wire)
    })?;
    let warm = rounds(&asked, |leaf| answer(&store, &piece, leaf, &mut 0))?;
    let wire = wire as f64 / challenges as f64;
    let limit = max_proof_size(&piece) as f64;
    if json {
        println!(
            "{{\"size\":{},\"wire\":{wire:.1},\"limit\":{limit},\"read\":{},\"cold_us\":{:.1},\"warm_us\":{:.1},\"from_disk\":{}}}",
            piece.size, cold.asked, cold.micros, warm.micros, cold.from_disk
        );
        return Ok(());
    }
    println!("a piece of {} bytes, {challenges} challenges", piece.size);
    println!(
        "  on the wire        {wire:.1} bytes of at most {limit}: {:.3} (goal at most {WIRE_GOAL})",
        wire / limit
    );
    println!("  read               {} bytes at most (goal at most {READ_GOAL})", cold.asked.max(warm.asked));
    println!(
        "  cold               {:.0} µs, {} bytes from the disk with what the system reads ahead",
        cold.micros, cold.from_disk
    );
    println!("  warm               {:.0} µs", warm.micros);
    Ok(())
}

/// What answering took.
struct Took {
    /// Most bytes that one answer asked the system for.
    asked: u64,
    /// Bytes that came from the disk, an answer.
    from_disk: u64,
    /// Microseconds an answer, the middle one.
    micros: f64,
}

fn rounds(
    asked: &[u64],
    mut answer: impl FnMut(u64) -> Result<Duration, Box<dyn Error>>,
) -> Result<Took, Box<dyn Error>> {
    let mut times = Vec::new();
    let (mut most, disk) = (0, counted("read_bytes")?);
    for leaf in asked {
        let before = counted("rchar")?;
        times.push(answer(*leaf)?);
        // Reading the counter counts too: twice, here and in the next round, as often as it is long.
        let own = u64::try_from(std::fs::read("/proc/self/io")?.len())?;
        most = most.max(counted("rchar")?.saturating_sub(before).saturating_sub(own * 2));
    }
    times.sort();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    let from_disk = (counted("read_bytes")? - disk) / asked.len().max(1) as u64;
    Ok(Took { asked: most, from_disk, micros: middle.as_secs_f64() * 1e6 })
}

fn answer(store: &Store, piece: &Piece, leaf: u64, wire: &mut u64) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let proof = store.prove_leaf(&piece.root, leaf)?.ok_or("the piece is gone")?;
    let took = start.elapsed();
    verify(piece, leaf, &proof).map_err(|error| format!("{error:?}"))?;
    *wire += (proof.leaf.len() + 32 * proof.path.len()) as u64;
    Ok(took)
}

/// Spread over the piece, its last leaf among them.
fn leaf(number: u64, piece: &Piece) -> u64 {
    let last = piece.leaves() - 1;
    if number == 0 { last } else { number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % last.max(1) }
}

/// What the system counted for this process.
fn counted(name: &str) -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Ok(line.ok_or("the system doesn't count what a process reads")?.parse()?)
}

/// Has the system forget what it holds of the store's files.
fn forget(store: &Path) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(store.join("pieces"))? {
        let file = File::open(entry?.path())?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

fn write_noise(path: &Path, size: u64) -> Result<(), Box<dyn Error>> {
    let mut file = File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut left, mut chunk) = (size, Vec::with_capacity(1 << 20));
    while left > 0 {
        chunk.clear();
        while chunk.len() < 1 << 20 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.extend_from_slice(&state.to_le_bytes());
        }
        let len = left.min(1 << 20);
        file.write_all(&chunk[..len as usize])?;
        left -= len;
    }
    file.sync_all()?;
    Ok(())
}
