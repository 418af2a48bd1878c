//! One measurement: a server, a client, and perhaps a peer that never reads.

use std::{
    collections::HashSet,
    fs::File,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use codec::Encode;
use futures::{StreamExt, TryStreamExt, stream};
use polkadot_sdk::{sc_network::config::MultiaddrWithPeerId, sc_network_bitswap::BitswapHandle};
use stoa_content::{Cid, Piece, slice::split};
use stoa_node::network::slice::{
    FetchLimits, PieceFetcher, SliceNetwork,
    config::{MAX_SLICE, SliceRequest, SliceResponse},
};

use crate::{
    child::{self, Child, Server},
    node::{MemoryBlocks, Node, metrics},
    peers::Mute,
    sample::{Sample, open_store},
    stream::Stream,
};

/// Blocks asked for at once: so many that the server never waits, and so few that the stock client, which asks again
/// after 5 seconds, doesn't ask twice.
const BATCH: usize = 256;
/// Slices asked for at once, as many as a fetch asks of one peer.
const WINDOW: usize = 8;

/// What is sent how, and what is done with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transfer {
    Stream,
    /// BLAKE3 of everything, as a slice is checked.
    StreamHashed,
    /// And written to a file, and synced.
    StreamKept,
    Bitswap(Server),
    /// The answers of `/stoa/slice/1`, thrown away.
    SliceAnswers,
    /// A piece, into another store.
    Slices,
}

/// A line of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How the receiving side knows that the bytes are the right ones.
    pub(crate) check: &'static str,
    pub(crate) transfer: Transfer,
    pub(crate) beside: Option<Mute>,
}

/// How a transfer went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) bytes: u64,
    /// Until the last byte was here and checked, or patience ran out.
    pub(crate) arrived: Duration,
    /// Until it was all safe on disk, where it is kept.
    pub(crate) kept: Option<Duration>,
    /// The longest time without a new byte.
    pub(crate) longest_wait: Duration,
    /// Seconds on a core, of server and client together.
    pub(crate) cpu: f64,
    /// False when patience ran out.
    pub(crate) whole: bool,
}

struct Progress {
    started: Instant,
    last: Instant,
    bytes: u64,
    longest_wait: Duration,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { started: now, last: now, bytes: 0, longest_wait: Duration::ZERO }
    }

    fn reached(&mut self, bytes: u64) {
        if bytes > self.bytes {
            self.bytes = bytes;
            let now = Instant::now();
            self.longest_wait = self.longest_wait.max(now - self.last);
            self.last = now;
        }
    }

    fn add(&mut self, bytes: usize) {
        self.reached(self.bytes + bytes as u64);
    }

    fn outcome(self, kept: bool, whole: bool, cpu: f64) -> Outcome {
        let now = Instant::now();
        Outcome {
            bytes: self.bytes,
            arrived: (if whole { self.last } else { now }) - self.started,
            kept: (kept && whole).then(|| now - self.started),
            longest_wait: if whole { self.longest_wait } else { self.longest_wait.max(now - self.last) },
            cpu,
            whole,
        }
    }
}

pub(crate) fn measure(case: &Case, sample: &Sample, patience: Duration) -> Result<Outcome> {
    let server = match case.transfer {
        Transfer::Stream | Transfer::StreamHashed | Transfer::StreamKept => Server::Stream,
        Transfer::Bitswap(server) => server,
        Transfer::SliceAnswers | Transfer::Slices => Server::Store,
    };
    let (mut server, address) = child::serve(server, sample)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = tempfile::tempdir_in(&sample.dir)?;
    let outcome = runtime.block_on(async {
        let connecting = Client::connect(case.transfer, &address, sample, folder.path());
        let client = tokio::time::timeout(patience, connecting).await.context("no connection")??;
        let mut mute = case.beside.map(|mute| child::ask(mute, &address, sample)).transpose()?;
        let cpu = server.cpu_with_own()?;
        let mut progress = Progress::new();
        let whole = match tokio::time::timeout(patience, client.run(sample, &mut progress)).await {
            Ok(done) => done.map(|()| true)?,
            Err(_) => false,
        };
        let kept = matches!(case.transfer, Transfer::StreamKept | Transfer::Slices);
        let outcome = progress.outcome(kept, whole, server.cpu_with_own()? - cpu);
        server.still_runs()?;
        mute.as_mut().map_or(Ok(()), Child::still_runs)?;
        Ok(outcome)
    });
    runtime.shutdown_background();
    outcome
}

/// A client with an open connection to the server.
enum Client {
    Stream { stream: Stream, hash: bool, keep: Option<File> },
    Bitswap { node: Node },
    SliceAnswers { node: Node, server: MultiaddrWithPeerId },
    Slices { fetcher: PieceFetcher, server: MultiaddrWithPeerId },
}

impl Client {
    async fn connect(
        transfer: Transfer,
        address: &str,
        sample: &Sample,
        folder: &std::path::Path,
    ) -> Result<Self> {
        Ok(match transfer {
            Transfer::Stream | Transfer::StreamHashed | Transfer::StreamKept => {
                let keep = transfer == Transfer::StreamKept;
                Self::Stream {
                    stream: Stream::connect(address.parse()?).await?,
                    hash: transfer != Transfer::Stream,
                    keep: keep.then(|| File::create(folder.join("piece"))).transpose()?,
                }
            }
            Transfer::Bitswap(_) => {
                let server = address.parse()?;
                let node = Node::start(Arc::new(MemoryBlocks::default()), None, Some(server))?;
                let first = sample.leaves.first().context("no blocks")?;
                fetch_blocks(&node.bitswap, &[*first], &mut Progress::new()).await?;
                Self::Bitswap { node }
            }
            Transfer::SliceAnswers | Transfer::Slices => {
                let server: MultiaddrWithPeerId = address.parse()?;
                let store = open_store(&folder.join("store"))?;
                let client = Arc::new(MemoryBlocks::default());
                let node = Node::start(client, Some(&store), Some(server.clone()))?;
                let nothing = SliceRequest::new(&Piece { root: [0; 32], size: 1 }, &(0..1));
                let refusal = node.request(server.peer_id, nothing.context("too long")?.encode()).await;
                ensure!(refusal.is_some(), "no connection to {server}");
                if transfer == Transfer::SliceAnswers {
                    Self::SliceAnswers { node, server }
                } else {
                    let (fetcher, fetching) =
                        PieceFetcher::new(store, Arc::new(node), FetchLimits::default(), metrics()?);
                    tokio::spawn(fetching);
                    Self::Slices { fetcher, server }
                }
            }
        })
    }

    async fn run(self, sample: &Sample, progress: &mut Progress) -> Result<()> {
        let piece = sample.piece;
        match self {
            Self::Stream { mut stream, hash, mut keep } => {
                let mut hasher = blake3::Hasher::new();
                let take = |bytes: &[u8]| {
                    if hash {
                        hasher.update(bytes);
                    }
                    if let Some(file) = &mut keep {
                        file.write_all(bytes)?;
                    }
                    progress.add(bytes.len());
                    Ok(())
                };
                stream.receive(piece.size, take).await?;
                ensure!(!hash || *hasher.finalize().as_bytes() == piece.root, "other bytes came");
                if let Some(file) = keep {
                    file.sync_all()?;
                }
                Ok(())
            }
            Self::Bitswap { node } => fetch_blocks(&node.bitswap, &sample.leaves, progress).await,
            Self::SliceAnswers { node, server } => {
                let (node, server) = (&node, &server);
                stream::iter(split(0..piece.size, MAX_SLICE))
                    .map(async |range| {
                        let request = SliceRequest::new(&piece, &range).context("too long a range")?;
                        let answer = node.request(server.peer_id, request.encode()).await;
                        match SliceResponse::open(&answer.context("no answer")?)? {
                            Ok(_) => Ok((range.end - range.start) as usize),
                            Err(refusal) => anyhow::bail!("refused: {refusal:?}"),
                        }
                    })
                    .buffer_unordered(WINDOW)
                    .try_for_each(|bytes| {
                        progress.add(bytes);
                        futures::future::ok(())
                    })
                    .await
            }
            Self::Slices { fetcher, server } => {
                let fetch = fetcher.fetch(piece, vec![server.peer_id])?;
                fetch.outcome(&mut |told| progress.reached(told.done)).await?;
                ensure!(progress.bytes == piece.size, "the last bytes weren't told");
                Ok(())
            }
        }
    }
}

/// litep2p derives each CID from the bytes that came, and the stock client takes those that were asked for.
async fn fetch_blocks(bitswap: &BitswapHandle, wanted: &[Cid], progress: &mut Progress) -> Result<()> {
    for batch in wanted.chunks(BATCH) {
        let mut wanted: HashSet<Cid> = batch.iter().copied().collect();
        let mut blocks = bitswap.request_stream(wanted.clone())?;
        while !wanted.is_empty() {
            let (cid, block) = blocks.recv().await.context("Bitswap ended")??;
            ensure!(wanted.remove(&cid), "a block that nobody asked for");
            progress.add(block.len());
        }
    }
    Ok(())
}
