//! How fast the gateway hands out a piece, beside a bare loop that streams the same bytes from a file, in the same run.
//!
//! `cargo run --release -p stoa-gateway --example get_bench [MiB]`

use std::{
    hint::black_box,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use stoa_content::{Access, ContentId, PieceRoot, Store, StoreOptions, car, pack_dir, text};
use stoa_gateway::{
    Account, Chain, ChainError, ChainHealth, Config, Gateway, Limits, NoFetch, Provider, router, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ROUNDS: usize = 7;
const CHUNK: usize = 1 << 20;
const CONNECTIONS: usize = 6;

/// Nobody asks the chain anything here.
struct NoChain;

#[async_trait]
impl Chain for NoChain {
    fn parse_account(&self, _text: &str) -> Option<Account> {
        None
    }

    fn account_text(&self, account: &Account) -> String {
        hex::encode(account.0)
    }

    fn verify(&self, _account: &Account, _message: &[u8], _signature: &[u8; 64]) -> bool {
        false
    }

    async fn upload_allowance(&self, _account: &Account) -> Result<Option<u64>, ChainError> {
        Ok(None)
    }

    async fn providers(&self, _content: &ContentId) -> Result<Vec<Provider>, ChainError> {
        Ok(Vec::new())
    }

    async fn may_read(
        &self,
        _account: &Account,
        _piece: &PieceRoot,
        _content: &ContentId,
    ) -> Result<bool, ChainError> {
        Ok(false)
    }

    async fn health(&self) -> Result<ChainHealth, ChainError> {
        Err(ChainError("there is no chain".into()))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let size: usize = match std::env::args().nth(1) {
        Some(text) => text.parse().context("give the size in MiB")?,
        None => 256,
    };
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("source");
    std::fs::create_dir(&source)?;
    let mut bytes = vec![0; size << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    std::fs::write(source.join("model.bin"), &bytes)?;
    drop(bytes);

    let file = folder.path().join("piece.car");
    let packed = pack_dir(&source, std::fs::File::create(&file)?, &mut |_| ())?;
    let store = Store::open(&folder.path().join("store"), StoreOptions { byte_limit: u64::MAX })?;
    ensure!(store.import_dir(&source, &mut |_| ())?.piece == packed.piece, "packing isn't deterministic");
    store.set_access(&packed.piece.root, Access::Public)?;
    let blocks = car::Reader::new(std::fs::File::open(&file)?)
        .map(|block| Ok(text(&block?.content)))
        .collect::<Result<Vec<_>>>()?;

    let config = Config {
        audience: String::new(),
        ledger: folder.path().join("uploads.redb"),
        tokens: folder.path().join("tokens.redb"),
        limits: Limits::default(),
    };
    let gateway = Gateway::open(store, Arc::new(NoChain), Arc::new(NoFetch), config)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let http = listener.local_addr()?;
    tokio::spawn(serve(listener, router(gateway), std::future::pending()));

    let bare = start_loop(&file, false).await?;
    let hashed = start_loop(&file, true).await?;

    let size = packed.piece.size;
    let root = text(&packed.content);
    let names =
        ["bare file-stream loop", "the same loop, hashing", "gateway GET, CAR", "gateway GET, blocks"];
    let mut rows: [Vec<Figures>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let [bare_row, hashed_row, car_row, block_row] = &mut rows;
        bare_row.push(measure(size, read_bare(bare, size)).await?);
        hashed_row.push(measure(size, read_bare(hashed, size)).await?);
        car_row.push(measure(size, read_car(http, &root, size)).await?);
        block_row.push(measure(size, read_all_blocks(http, &blocks)).await?);
    }
    println!("{size} bytes, median of {ROUNDS} rounds; CPU of server and client together");
    println!("{:<24}{:>6}{:>16}{:>12}", "", "MB/s", "of bare loop", "CPU, s/GB");
    let bare = median(rows[0].iter().map(|figures| figures.rate));
    for (name, row) in names.iter().zip(&rows) {
        let rate = median(row.iter().map(|figures| figures.rate));
        let cpu = median(row.iter().map(|figures| figures.cpu));
        println!("{name:<24}{rate:>6.0}{:>16.2}{cpu:>12.2}", rate / bare);
    }
    Ok(())
}

struct Figures {
    /// MB/s.
    rate: f64,
    /// Seconds on a core for each GB: what a busy machine disturbs least.
    cpu: f64,
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

async fn measure(bytes: u64, work: impl Future<Output = Result<()>>) -> Result<Figures> {
    let cpu = cpu_time()?;
    let started = Instant::now();
    tokio::time::timeout(Duration::from_secs(120), work).await.context("it takes too long")??;
    let rate = bytes as f64 / 1e6 / started.elapsed().as_secs_f64();
    Ok(Figures { rate, cpu: (cpu_time()? - cpu) / (bytes as f64 / 1e9) })
}

/// Seconds that this process has spent on a core.
fn cpu_time() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may contain anything; the 12th and 13th field after it are what we want.
    let (_, fields) = stat.rsplit_once(')').context("no such field")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / 100.0)
}

/// A server that sends the file to whoever connects, and hashes it before if asked to: no gateway may send what it
/// didn't check, so this is how fast a loop without any HTTP could be.
async fn start_loop(path: &Path, hash: bool) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let path = path.to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Err(error) = stream_file(stream, &path, hash).await {
                eprintln!("the bare loop failed: {error}");
            }
        }
    });
    Ok(address)
}

async fn stream_file(mut stream: TcpStream, path: &Path, hash: bool) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut file = tokio::fs::File::open(path).await?;
    file.set_max_buf_size(CHUNK);
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = file.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        if hash {
            black_box(tokio::task::block_in_place(|| Sha256::digest(chunk)));
        }
        stream.write_all(chunk).await?;
    }
}

async fn read_bare(address: SocketAddr, size: u64) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let count = drain(&mut stream).await?;
    ensure!(count == size, "{count} bytes came instead of {size}");
    Ok(())
}

async fn read_car(address: SocketAddr, cid: &str, size: u64) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /ipfs/{cid}?format=car HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let count = drain(&mut stream).await?;
    ensure!(count > size, "{count} bytes came, with the framing, instead of more than {size}");
    Ok(())
}

/// All blocks, over as many connections as a browser opens.
async fn read_all_blocks(address: SocketAddr, blocks: &[String]) -> Result<()> {
    let share = blocks.len().div_ceil(CONNECTIONS).max(1);
    let shares = blocks.chunks(share).map(|share| tokio::spawn(read_blocks(address, share.to_vec())));
    for share in shares.collect::<Vec<_>>() {
        share.await??;
    }
    Ok(())
}

/// One block after the other, on one connection.
async fn read_blocks(address: SocketAddr, blocks: Vec<String>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = vec![0; CHUNK];
    for cid in blocks {
        let request = format!("GET /ipfs/{cid}?format=raw HTTP/1.1\r\nHost: bench\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        let end = loop {
            let count = stream.read(&mut buffer).await?;
            ensure!(count > 0, "the connection ended");
            head.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let fields = String::from_utf8_lossy(head.get(..end).unwrap_or_default()).to_lowercase();
        ensure!(fields.starts_with("http/1.1 200"), "{fields}");
        let size: usize = fields
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .context("an answer without a length")?
            .parse()?;
        let mut left = size.saturating_sub(head.len() - end);
        while left > 0 {
            let count = stream.read(&mut buffer).await?;
            ensure!(count > 0, "the connection ended");
            left = left.saturating_sub(count);
        }
    }
    Ok(())
}

async fn drain(stream: &mut TcpStream) -> Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}
