//! How fast the Hugging Face API hands out files, beside a bare server that streams the same files from disk, in the same
//! run: one long file, 64 of 16 MiB over 64 connections, ranges, and the time to the first byte at 64 connections.
//!
//! `cargo run --release -p stoa-gateway --example hub_bench [MiB]`
//!
//! Rates are medians over the rounds. Client and servers share the machine and the process, whose memory is printed.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use common::hub::HubServer;
use futures::future::try_join_all;
use stoa_primitives::registry::{AssetKind, Visibility};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ROUNDS: usize = 5;
const CHUNK: usize = 1 << 20;
const MIB: u64 = 1 << 20;
const SMALL: u64 = 16 * MIB;
const CONNECTIONS: usize = 64;
const RANGES: u64 = 32;
const RANGE: u64 = 4 * MIB;

#[tokio::main]
async fn main() -> Result<()> {
    let size = match std::env::args().nth(1) {
        Some(text) => text.parse::<u64>().context("give the size in MiB")? * MIB,
        None => 1024 * MIB,
    };
    let folder = tempfile::tempdir()?;
    let files = folder.path().join("files");
    std::fs::create_dir(&files)?;
    write_noise(&files.join("big"), size, 0)?;
    for number in 0..CONNECTIONS {
        write_noise(&files.join(format!("small-{number}")), SMALL, number as u64 + 1)?;
    }
    let server = HubServer::start().await;
    let id = server.hub.create("acme/bench", AssetKind::Model, Visibility::Public);
    server.hub.publish(&server.store, id, &files, "m");
    let bare = bare_server(files).await?;
    let hub = Target { address: server.address, path: "/acme/bench/resolve/main/" };
    let bare = Target { address: bare, path: "/" };
    // Hashes are worked out once, before the first byte of a file leaves.
    for number in 0..CONNECTIONS {
        hub.ready(&format!("small-{number}")).await?;
    }
    hub.ready("big").await?;

    println!("memory before: {} MiB", memory()?);
    compare("one file", size, &hub, &bare, async |target| Ok(target.get("big", None).await?.total)).await?;
    let all = SMALL * CONNECTIONS as u64;
    compare("64 x 16 MiB", all, &hub, &bare, async |target| {
        let began = Instant::now();
        let names: Vec<_> = (0..CONNECTIONS).map(|number| format!("small-{number}")).collect();
        try_join_all(names.iter().map(|name| target.get(name, None))).await?;
        Ok(began.elapsed())
    })
    .await?;
    compare("ranges of 4 MiB", RANGES * RANGE, &hub, &bare, async |target| {
        let began = Instant::now();
        for number in 0..RANGES {
            // Spread over the file, and never at a block's edge.
            let start = (number * 7919 * 4099 + 13) % (size - RANGE);
            target.get("big", Some((start, start + RANGE - 1))).await?;
        }
        Ok(began.elapsed())
    })
    .await?;
    for (name, target) in [("bare", &bare), ("hub", &hub)] {
        let gets = (0..CONNECTIONS).map(|_| target.get("big", Some((0, SMALL - 1))));
        let mut first: Vec<_> = try_join_all(gets).await?.into_iter().map(|got| got.first).collect();
        first.sort();
        println!(
            "first byte at {CONNECTIONS} connections, {name}: median {:.1} ms, last {:.1} ms",
            milliseconds(first[CONNECTIONS / 2]),
            milliseconds(first[CONNECTIONS - 1]),
        );
    }
    println!("memory after: {} MiB, most {} MiB", memory()?, most_memory()?);
    Ok(())
}

async fn compare(
    what: &str,
    bytes: u64,
    hub: &Target,
    bare: &Target,
    run: impl AsyncFn(&Target) -> Result<Duration>,
) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(run(bare).await?);
        ours.push(run(hub).await?);
    }
    let rate = |times: &mut Vec<Duration>| {
        times.sort();
        bytes as f64 / 1e6 / times[ROUNDS / 2].as_secs_f64()
    };
    let (ours, theirs) = (rate(&mut ours), rate(&mut theirs));
    println!("{what}: hub {ours:.0} MB/s, bare {theirs:.0} MB/s, {:.2} of it", ours / theirs);
    Ok(())
}

struct Target {
    address: SocketAddr,
    path: &'static str,
}

struct Got {
    first: Duration,
    total: Duration,
}

impl Target {
    async fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Got> {
        let began = Instant::now();
        let mut stream = TcpStream::connect(self.address).await?;
        let range = range.map(|(from, to)| format!("Range: bytes={from}-{to}\r\n")).unwrap_or_default();
        let request =
            format!("GET {}{name} HTTP/1.1\r\nHost: bench\r\n{range}Connection: close\r\n\r\n", self.path);
        stream.write_all(request.as_bytes()).await?;
        let (mut head, mut buffer) = (Vec::new(), vec![0; CHUNK]);
        let end = loop {
            let count = stream.read(&mut buffer).await?;
            ensure!(count > 0, "no answer");
            head.extend_from_slice(&buffer[..count]);
            if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&head[..end]).to_lowercase();
        ensure!(text.starts_with("http/1.1 20"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: u64 = length.context("no length")?.parse()?;
        let mut seen = (head.len() - end) as u64;
        let mut first = (seen > 0).then(|| began.elapsed());
        while seen < length {
            let count = stream.read(&mut buffer).await?;
            ensure!(count > 0, "cut after {seen} of {length} bytes");
            first.get_or_insert_with(|| began.elapsed());
            seen += count as u64;
        }
        let total = began.elapsed();
        Ok(Got { first: first.unwrap_or(total), total })
    }

    async fn ready(&self, name: &str) -> Result<()> {
        for _ in 0..600 {
            if self.get(name, Some((0, 0))).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("{name} wasn't ready within a minute")
    }
}

/// Streams files as they lie on disk, and knows of ranges and nothing else.
async fn bare_server(folder: PathBuf) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let folder = folder.clone();
            tokio::spawn(async move { bare_answer(stream, &folder).await });
        }
    });
    Ok(address)
}

async fn bare_answer(mut stream: TcpStream, folder: &Path) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut buffer) = (Vec::new(), vec![0; CHUNK]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await?;
        ensure!(count > 0, "no request");
        head.extend_from_slice(&buffer[..count]);
    }
    let text = String::from_utf8(head)?;
    let name = text.split(' ').nth(1).context("no path")?.trim_start_matches('/');
    let mut file = tokio::fs::File::open(folder.join(name)).await?;
    let size = file.metadata().await?.len();
    let range = text.lines().find_map(|line| line.strip_prefix("Range: bytes="));
    let (from, to) = match range.and_then(|range| range.split_once('-')) {
        Some((from, to)) => (from.parse()?, to.parse::<u64>()?),
        None => (0, size - 1),
    };
    file.seek(std::io::SeekFrom::Start(from)).await?;
    let mut left = to - from + 1;
    stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n").as_bytes()).await?;
    while left > 0 {
        let most = left.min(CHUNK as u64) as usize;
        let count = file.read(&mut buffer[..most]).await?;
        ensure!(count > 0, "the file is shorter than it was");
        stream.write_all(&buffer[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}

fn write_noise(path: &Path, size: u64, seed: u64) -> Result<()> {
    use std::io::Write;
    let mut noise = blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof();
    let mut file = std::fs::File::create(path)?;
    let mut chunk = vec![0; CHUNK];
    for _ in 0..size / MIB {
        noise.fill(&mut chunk);
        file.write_all(&chunk)?;
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Resident memory now, in MiB.
fn memory() -> Result<u64> {
    status("VmRSS:")
}

/// The most that there was.
fn most_memory() -> Result<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}
