//! Fetches a small DAG block by block, when nobody says which piece holds it.
//!
//! The stock client asks peers of the chain only, one at a time and for ever; the limits here are ours. What came is
//! written as the CAR that packing would have made, so a DAG that was packed by Stoa has the same piece here.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use bytes::Bytes;
use polkadot_sdk::sc_network_bitswap::{BitswapError, BitswapHandle, FetchItem};
use stoa_content::{Codec, ContentId, MAX_BLOCK_SIZE, PieceInfo, Store, car, cid, content_id, unixfs::Node};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::slice::FetchError;

/// Blocks asked for at once; far below the 1,024 that the stock client keeps for everybody.
const BATCH: usize = 64;

/// How much is fetched block by block.
#[derive(Clone, Copy, Debug)]
pub struct DagLimits {
    /// Blocks of the DAG.
    pub blocks: usize,
    /// Bytes of the DAG, which are held in memory.
    pub bytes: usize,
    /// Time for the whole of it.
    pub overall: Duration,
    /// Time without a new block.
    pub no_progress: Duration,
}

impl Default for DagLimits {
    fn default() -> Self {
        Self {
            blocks: 4_096,
            bytes: 64 << 20,
            overall: Duration::from_secs(300),
            no_progress: Duration::from_secs(30),
        }
    }
}

/// Where blocks come from.
pub trait BlockSource: Send + Sync {
    /// Asks for blocks; they come hash-checked, in any order, or never.
    fn request(&self, cids: HashSet<stoa_content::Cid>) -> Result<mpsc::Receiver<FetchItem>, BitswapError>;
}

impl BlockSource for BitswapHandle {
    fn request(&self, cids: HashSet<stoa_content::Cid>) -> Result<mpsc::Receiver<FetchItem>, BitswapError> {
        self.request_stream(cids)
    }
}

/// Fetches the DAG below a root and stores it as a piece.
pub async fn fetch_dag(
    source: &impl BlockSource,
    store: &Store,
    root: ContentId,
    limits: DagLimits,
) -> Result<PieceInfo, FetchError> {
    let now = Instant::now();
    let deadline = now.checked_add(limits.overall).unwrap_or(now);
    let mut dag = Dag { blocks: HashMap::new(), wanted: HashSet::from([root]), bytes: 0, limits };
    let mut wanted = vec![root];
    while !wanted.is_empty() {
        let batch = wanted.split_off(wanted.len().saturating_sub(BATCH));
        let mut found = have(store, batch.clone()).await?;
        let here: HashSet<_> = found.iter().map(|(content, _)| *content).collect();
        let absent = batch.into_iter().filter(|content| !here.contains(content)).collect();
        found.extend(download(source, absent, deadline, &limits).await?);
        for (content, block) in found {
            wanted.extend(dag.add(content, block)?);
        }
    }
    let store = store.clone();
    match tokio::task::spawn_blocking(move || dag.import(&store, root)).await {
        Ok(result) => result,
        Err(_) => Err(FetchError::Stopped),
    }
}

type Blocks = Vec<(ContentId, Bytes)>;

/// The blocks that are here already.
async fn have(store: &Store, batch: Vec<ContentId>) -> Result<Blocks, FetchError> {
    let store = store.clone();
    let read = tokio::task::spawn_blocking(move || {
        let read =
            |content: ContentId| Ok(store.block_of_any(&content.digest)?.map(|block| (content, block)));
        batch.into_iter().filter_map(|content| read(content).transpose()).collect::<Result<Blocks, _>>()
    });
    match read.await {
        Ok(blocks) => blocks.map_err(|error: stoa_content::StoreError| error.into()),
        Err(_) => Err(FetchError::Stopped),
    }
}

async fn download(
    source: &impl BlockSource,
    absent: Vec<ContentId>,
    deadline: Instant,
    limits: &DagLimits,
) -> Result<Blocks, FetchError> {
    let mut left: HashSet<ContentId> = absent.into_iter().collect();
    let mut found = Vec::new();
    if left.is_empty() {
        return Ok(found);
    }
    let mut stream = source.request(left.iter().map(cid).collect()).map_err(|error| match error {
        BitswapError::Overloaded => FetchError::TooMany,
        BitswapError::ServiceClosed => FetchError::Stopped,
        error @ BitswapError::InvalidCid { .. } => FetchError::Content(error.to_string()),
    })?;
    while !left.is_empty() {
        let now = Instant::now();
        let wait = now.checked_add(limits.no_progress).unwrap_or(now).min(deadline);
        let item = timeout_at(wait, stream.recv()).await.map_err(|_| FetchError::NotFound)?;
        let (cid, block) = item.ok_or(FetchError::Stopped)?.map_err(|_| FetchError::Stopped)?;
        if let Some(content) = content_id(&cid)
            && left.remove(&content)
        {
            found.push((content, block));
        }
    }
    Ok(found)
}

struct Dag {
    blocks: HashMap<ContentId, (Bytes, Vec<ContentId>)>,
    /// Every block that was ever asked for.
    wanted: HashSet<ContentId>,
    bytes: usize,
    limits: DagLimits,
}

impl Dag {
    /// Takes a block, and tells which blocks below it weren't asked for yet.
    fn add(&mut self, content: ContentId, block: Bytes) -> Result<Vec<ContentId>, FetchError> {
        let too_much = |what: String| {
            Err(FetchError::Content(format!(
                "{what} are more than is fetched block by block: fetch its piece"
            )))
        };
        if block.len() > MAX_BLOCK_SIZE {
            return too_much(format!("{} bytes in a block", block.len()));
        }
        self.bytes = self.bytes.saturating_add(block.len());
        if self.bytes > self.limits.bytes {
            return too_much(format!("{} bytes", self.bytes));
        }
        let links: Vec<_> = match content.codec {
            Codec::Raw => Vec::new(),
            Codec::DagPb => {
                let node = Node::decode_bytes(block.clone())
                    .map_err(|error| FetchError::Content(format!("a node isn't UnixFS: {error}")))?;
                node.links.into_iter().map(|link| link.content).collect()
            }
        };
        let below: Vec<_> = links.iter().copied().filter(|link| self.wanted.insert(*link)).collect();
        self.blocks.insert(content, (block, links));
        if self.wanted.len() > self.limits.blocks {
            return too_much(format!("{} blocks", self.wanted.len()));
        }
        Ok(below)
    }

    /// Writes the blocks in the order of packing, which is children before their parents, each once.
    fn import(&self, store: &Store, root: ContentId) -> Result<PieceInfo, FetchError> {
        let mut import = store.import_car()?;
        import.write(&car::header(&root))?;
        let mut written = HashSet::new();
        let mut path = vec![(root, 0_usize)];
        while let Some((content, next)) = path.pop() {
            if written.contains(&content) {
                continue;
            }
            let Some((block, links)) = self.blocks.get(&content) else {
                return Err(FetchError::Content("a block of the DAG is missing".into()));
            };
            match links.get(next) {
                Some(link) => {
                    path.push((content, next.saturating_add(1)));
                    path.push((*link, 0));
                }
                None => {
                    import.write(&car::section_head(&content, block.len()))?;
                    import.write(block)?;
                    written.insert(content);
                }
            }
        }
        Ok(import.finish(None)?)
    }
}

#[cfg(test)]
mod tests {
    use stoa_content::{StoreOptions, pack_dir};
    use tempfile::TempDir;

    use super::*;

    /// Serves the blocks of a store, but never the one in `without`.
    struct FromStore {
        store: Store,
        without: Option<ContentId>,
    }

    impl BlockSource for FromStore {
        fn request(
            &self,
            cids: HashSet<stoa_content::Cid>,
        ) -> Result<mpsc::Receiver<FetchItem>, BitswapError> {
            let (sender, receiver) = mpsc::channel(cids.len() + 1);
            let store = self.store.clone();
            let without = self.without;
            tokio::spawn(async move {
                for cid in cids {
                    let content = content_id(&cid).unwrap();
                    if Some(content) == without {
                        std::future::pending::<()>().await;
                    }
                    let block = store.block_of_any(&content.digest).unwrap().unwrap();
                    sender.send(Ok((cid, block))).await.ok();
                }
            });
            Ok(receiver)
        }
    }

    fn folder() -> TempDir {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir_all(dir.path().join("nested/deeper")).unwrap();
        let bytes: Vec<u8> =
            (0..3 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (name, len) in [
            ("a.bin", 3 << 20),
            ("b.txt", 10),
            ("empty", 0),
            ("nested/same.bin", 1 << 20),
            ("nested/deeper/c", 7),
        ] {
            std::fs::write(dir.path().join(name), &bytes[..len]).unwrap();
        }
        dir
    }

    fn store() -> (TempDir, Store) {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), StoreOptions { byte_limit: 1 << 30 }).unwrap();
        (dir, store)
    }

    #[tokio::test]
    async fn fetched_dag_makes_the_piece_that_packing_makes() {
        let folder = folder();
        let (_there, theirs) = store();
        let packed = theirs.import_dir(folder.path(), &mut |_| {}).unwrap();
        let mut car = std::io::Cursor::new(Vec::new());
        assert_eq!(pack_dir(folder.path(), &mut car, &mut |_| {}).unwrap().piece, packed.piece);
        let (_here, ours) = store();
        let source = FromStore { store: theirs, without: None };
        let info = fetch_dag(&source, &ours, packed.content, DagLimits::default()).await.unwrap();
        assert_eq!((info.content, info.piece), (packed.content, packed.piece));
    }

    #[tokio::test]
    async fn block_that_nobody_has_ends_the_fetch_in_time() {
        let folder = folder();
        let (_there, theirs) = store();
        let packed = theirs.import_dir(folder.path(), &mut |_| {}).unwrap();
        let without = packed.files.last().map(|file| file.content);
        let (_here, ours) = store();
        let source = FromStore { store: theirs, without };
        let limits = DagLimits { no_progress: Duration::from_secs(1), ..DagLimits::default() };
        let error = fetch_dag(&source, &ours, packed.content, limits).await.unwrap_err();
        assert!(matches!(error, FetchError::NotFound), "{error}");
        assert_eq!(ours.stats().pieces, 0);
    }

    #[tokio::test]
    async fn large_dags_are_refused() {
        let folder = folder();
        let (_there, theirs) = store();
        let packed = theirs.import_dir(folder.path(), &mut |_| {}).unwrap();
        let (_here, ours) = store();
        let source = FromStore { store: theirs, without: None };
        for limits in [
            DagLimits { blocks: 3, ..DagLimits::default() },
            DagLimits { bytes: 1 << 20, ..DagLimits::default() },
        ] {
            let error = fetch_dag(&source, &ours, packed.content, limits).await.unwrap_err();
            assert!(matches!(error, FetchError::Content(_)), "{error}");
        }
    }
}
