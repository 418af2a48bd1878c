//! Prints how fast a folder is imported into a store, durably, beside `blake3` and `sha2` over the same bytes.
//!
//! `cargo run --release -p stoa-content --example import_bench -- --size 1GiB [--files 4] [--rounds 3]
//! [--dir FOLDER] [--json]`

use std::{
    error::Error,
    fs::File,
    hint::black_box,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use stoa_content::{Store, StoreOptions};

/// DESIGN's figure: the import's rate over that of both hashes one after the other.
const GOAL: f64 = 0.85;

fn main() -> Result<(), Box<dyn Error>> {
    let mut size = 1u64 << 30;
    let mut files = 4;
    let mut rounds: u32 = 3;
    let mut dir = std::env::temp_dir();
    let mut json = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--size" => size = parse_size(&value()?)?,
            "--files" => files = value()?.parse()?,
            "--dir" => dir = PathBuf::from(value()?),
            "--rounds" => rounds = value()?.parse()?,
            "--json" => json = true,
            _ => {
                return Err(format!("{arg} isn't known: --size, --files, --rounds, --dir, --json are").into());
            }
        }
    }

    let work = tempfile::tempdir_in(dir)?;
    let source = work.path().join("source");
    std::fs::create_dir(&source)?;
    write_files(&source, size, files)?;

    // The best of each: what else the machine does, and memory that it has to find first, slows single rounds down.
    let (mut blake3, mut sha2, mut pack, mut import, mut disk) = (0f64, 0f64, 0f64, 0f64, 0f64);
    let mut cpu = f64::INFINITY;
    for _ in 0..rounds {
        let hashes = hash_rates(&source, size)?;
        blake3 = blake3.max(hashes.0);
        sha2 = sha2.max(hashes.1);

        let start = Instant::now();
        stoa_content::pack_dir(&source, Nowhere::default(), &mut |_| ())?;
        pack = pack.max(rate(size, start.elapsed()));

        let store_dir = tempfile::tempdir_in(work.path())?;
        let store = Store::open(store_dir.path(), StoreOptions { byte_limit: u64::MAX })?;
        let before = cpu_time()?;
        let start = Instant::now();
        let packed = store.import_dir(&source, &mut |_| ())?;
        import = import.max(rate(size, start.elapsed()));
        cpu = cpu.min((cpu_time()? - before) / (size as f64 / 1e9));

        let mut car = File::open(car_of(store_dir.path())?)?;
        let mut copy = tempfile::tempfile_in(work.path())?;
        let mut chunk = vec![0; 1 << 20];
        let start = Instant::now();
        loop {
            let count = car.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            copy.write_all(&chunk[..count])?;
        }
        copy.sync_all()?;
        disk = disk.max(rate(packed.piece.size, start.elapsed()));
    }
    let together = 1.0 / (1.0 / blake3 + 1.0 / sha2);
    let ratio = import / together;
    if json {
        println!(
            "{{\"bytes\":{size},\"import\":{import:.0},\"pack\":{pack:.0},\"blake3\":{blake3:.0},\
             \"sha2\":{sha2:.0},\"both\":{together:.0},\"copy\":{disk:.0},\"cpu_seconds_per_gb\":{cpu:.2},\
             \"ratio\":{ratio:.3},\"goal\":{GOAL}}}"
        );
    } else {
        println!("{size} bytes in {files} files, best of {rounds} rounds, MB/s");
        println!("  import, synced to disk     {import:>8.0}");
        println!("  pack alone, nothing kept   {pack:>8.0}");
        println!("  blake3, one core           {blake3:>8.0}");
        println!("  sha2-256, one core         {sha2:>8.0}");
        println!("  both, one after the other  {together:>8.0}");
        println!("  copy of the CAR, synced    {disk:>8.0}");
        println!("the import takes {cpu:.2} s of CPU for each GB, both hashes once {:.2}", 1e3 / together);
        println!("import / both hashes: {ratio:.2} (goal {GOAL})");
    }
    Ok(())
}

fn parse_size(text: &str) -> Result<u64, Box<dyn Error>> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u64 = match text.trim_start_matches(digits) {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("{other} isn't a unit: KiB, MiB and GiB are").into()),
    };
    digits.parse::<u64>()?.checked_mul(unit).ok_or_else(|| "the size is too large".into())
}

/// Writes bytes that nothing can compress or find twice.
fn write_files(dir: &Path, size: u64, files: u64) -> std::io::Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = vec![0; 1 << 20];
    for index in 0..files {
        let mut rest = size / files + if index == 0 { size % files } else { 0 };
        let mut file = File::create(dir.join(format!("shard-{index:03}.bin")))?;
        while rest > 0 {
            for word in chunk.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            let count = rest.min(chunk.len() as u64);
            file.write_all(&chunk[..count as usize])?;
            rest -= count;
        }
        // Otherwise the import would wait for these bytes to reach the disk.
        file.sync_all()?;
    }
    Ok(())
}

/// Time that each hash takes for all bytes, reading not counted.
fn hash_rates(dir: &Path, size: u64) -> std::io::Result<(f64, f64)> {
    let (mut blake3_time, mut sha2_time) = (Duration::ZERO, Duration::ZERO);
    let (mut blake3, mut sha2) = (blake3::Hasher::new(), Sha256::new());
    let mut chunk = vec![0; 1 << 20];
    for entry in std::fs::read_dir(dir)? {
        let mut file = File::open(entry?.path())?;
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            let start = Instant::now();
            blake3.update(&chunk[..count]);
            let middle = Instant::now();
            sha2.update(&chunk[..count]);
            sha2_time += middle.elapsed();
            blake3_time += middle - start;
        }
    }
    black_box((blake3.finalize(), sha2.finalize()));
    Ok((rate(size, blake3_time), rate(size, sha2_time)))
}

fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// Seconds that this process has spent on a core.
fn cpu_time() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may contain anything; the 12th and 13th field after it are what we want.
    let (_, fields) = stat.rsplit_once(')').ok_or("no such field")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / 100.0)
}

fn car_of(store: &Path) -> std::io::Result<PathBuf> {
    std::fs::read_dir(store.join("pieces"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "car"))
        .ok_or_else(|| std::io::ErrorKind::NotFound.into())
}

/// Takes bytes and forgets them.
#[derive(Default)]
struct Nowhere {
    position: u64,
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Nowhere {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        if let SeekFrom::Start(position) = to {
            self.position = position;
        }
        Ok(self.position)
    }
}
