//! Whether a CAR on disk is one whole DAG whose blocks hash to their names.

use std::{
    fs::File,
    num::NonZero,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use bao_tree::io::sync::ReadAt;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use stoa_primitives::ContentId;

use crate::{
    CarError,
    car::{Scan, Unread},
    dag::{Dag, Section, links},
};

/// Threads that read and hash.
const MAX_HASHERS: usize = 4;
/// A batch ends after this many bytes of blocks.
const BATCH_BYTES: u64 = 1 << 20;
/// And after this many blocks.
const BATCH_BLOCKS: usize = 4096;

/// Checks a CAR whole and gives its root and where its blocks lie. One thread finds the blocks, several hash them:
/// a fetch ends with this, when nothing else is left to do.
pub(super) fn check_car(path: &Path) -> Result<(ContentId, Vec<Section>), CarError> {
    let file = File::open(path)?;
    let (mut scan, root) = Scan::start(&file, file.metadata()?.len())?;
    let dag = Mutex::new(Dag::default());
    let failed = AtomicBool::new(false);
    let hashers = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_HASHERS);
    let (batches, queue) = sync_channel(hashers);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        let hash = || {
            let result = hash_batches(&file, &queue, &dag);
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
                // Whoever sends must not wait for one who has left.
                for _ in &*queue.lock() {}
            }
            result
        };
        let hashers: Vec<_> = (0..hashers).map(|_| scope.spawn(hash)).collect();
        let mut found = Ok(());
        while !failed.load(Ordering::Relaxed) {
            match next_batch(&mut scan) {
                // The hashers hang up only after the sender.
                Ok(Some(batch)) => batches.send(batch).unwrap_or_default(),
                Ok(None) => break,
                Err(error) => {
                    found = Err(error);
                    break;
                }
            }
        }
        drop(batches);
        // What a hasher found wrong comes before the place that the search had reached.
        let hashed = hashers
            .into_iter()
            .map(|hasher| hasher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .fold(Ok(()), Result::and);
        hashed.and(found)
    })?;
    Ok((root, dag.into_inner().finish(root)?))
}

fn next_batch(scan: &mut Scan<&File>) -> Result<Option<Vec<Unread>>, CarError> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH_BYTES && batch.len() < BATCH_BLOCKS {
        let Some(block) = scan.next()? else { break };
        bytes += block.len as u64;
        batch.push(block);
    }
    Ok((!batch.is_empty()).then_some(batch))
}

fn hash_batches(file: &File, queue: &Mutex<Receiver<Vec<Unread>>>, dag: &Mutex<Dag>) -> Result<(), CarError> {
    let mut bytes = Vec::new();
    loop {
        // The lock is held while waiting: the others would wait for the same.
        let Ok(batch) = queue.lock().recv() else { return Ok(()) };
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { continue };
        let start = first.offset;
        let end = last.offset + last.len as u64;
        bytes.resize((end - start) as usize, 0);
        file.read_exact_at(start, &mut bytes)?;
        for Unread { content, section, offset, len } in batch {
            let from = (offset - start) as usize;
            let data = bytes.get(from..from + len).unwrap_or_default();
            if Sha256::digest(data).as_slice() != content.digest {
                return Err(CarError::Hash { offset: section, content });
            }
            let links = links(content, data)?;
            dag.lock().add(content, links, offset, len)?;
        }
    }
}
