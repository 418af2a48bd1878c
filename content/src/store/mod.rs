//! Pieces on disk.
//!
//! In the store's folder: `pieces/<root>.car` with its outboard `<root>.obao`; `partial/`, pieces of which only parts
//! have come; `temporary/`, imports under way; `index.redb`. A piece appears in `pieces/` by a rename, after its bytes
//! have reached the disk, and only then in the index. What a crash leaves is repaired or dropped by [`Store::open`]
//! and nowhere else: a piece in the folder that the index doesn't know is read whole, checked and taken in, or deleted.

mod catalog;
mod check;
mod disk;
mod import;
mod index;
mod open;
mod read;
mod receive;
mod view;

use std::{
    fs::{self, File},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use stoa_primitives::{ContentId, Piece, PieceRoot, possession::LeafProof};

use self::{catalog::Catalog, catalog::Victim, index::Index};
pub use self::{import::CarImport, receive::PieceReceive};
use crate::{Folder, OpenFile, Packed, StoreError, error::hex, pack::Source};

/// How a store behaves.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Most bytes of pieces, their outboards and what is being imported. To stay below it, unpinned pieces are
    /// collected, least recently used first.
    pub byte_limit: u64,
}

/// Who may be served a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Only callers who did their own check. Every piece starts like this.
    Restricted,
}

/// What the store knows of a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PieceInfo {
    /// The piece.
    pub piece: Piece,
    /// The root of its DAG.
    pub content: ContentId,
    /// Who may be served it.
    pub access: Access,
    /// Whether it is kept whatever the limit.
    pub pinned: bool,
    /// How many distinct blocks it has.
    pub blocks: u64,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Pieces.
    pub pieces: u64,
    /// Blocks; one that several pieces have counts in each.
    pub blocks: u64,
    /// Bytes of pieces, their outboards and what is being imported.
    pub bytes: u64,
    /// The limit.
    pub byte_limit: u64,
}

/// Pieces on disk. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What alone is to be seen of it.
    view: Option<view::View>,
}

struct Inner {
    dir: PathBuf,
    index: Index,
    catalog: Mutex<Catalog>,
    /// Held while files of pieces come or go together with their records. Taken before `catalog`.
    disk: Mutex<()>,
}

impl Store {
    /// Opens or creates a store, and repairs or drops what a crash left.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        Ok(Self { inner: Arc::new(open::open(dir, options)?), view: None })
    }

    /// Packs a folder straight into the store. `progress` is told how many bytes of files have been packed so far.
    pub fn import_dir(&self, dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Packed, StoreError> {
        import::import(&self.inner, Source::<()>::Dir(dir), progress)
    }

    /// Packs files that `open` has straight into the store, as if they lay in a folder.
    pub fn import_files<F: Sync>(
        &self,
        files: &Folder<F>,
        open: &dyn OpenFile<F>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Packed, StoreError> {
        import::import(&self.inner, Source::Files(files, open), progress)
    }

    /// Starts a CAR import.
    pub fn import_car(&self) -> Result<CarImport, StoreError> {
        CarImport::new(&self.inner)
    }

    /// Starts or resumes receiving a piece. [`StoreError::Busy`] while another [`PieceReceive`] of it lives.
    pub fn receive(&self, piece: Piece) -> Result<PieceReceive, StoreError> {
        PieceReceive::new(&self.inner, piece)
    }

    /// The encoded slice of a byte range (whole groups, but for the piece's end; at most [`crate::MAX_SLICE_SIZE`]),
    /// validated while it is read. Whatever the piece's access: for callers who did their own check.
    pub fn read_slice(&self, root: &PieceRoot, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let mut encoded = Vec::new();
        Ok(self.read_slice_into(root, range, &mut encoded)?.then_some(encoded))
    }

    /// As [`Store::read_slice`], behind what `out` has already, which stays as it was when there is no slice. False
    /// when the piece isn't here.
    pub fn read_slice_into(
        &self,
        root: &PieceRoot,
        range: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.inner.read_slice(root, range, out)
    }

    /// A block of a public piece, its hash checked.
    pub fn block(&self, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        match &self.view {
            None => self.inner.block(digest, |info| info.access == Access::Public),
            Some(view) => view.block(self, digest),
        }
    }

    /// Whether a public piece has the block.
    pub fn has_block(&self, digest: &[u8; 32]) -> Result<bool, StoreError> {
        match &self.view {
            None => self.inner.has_block(digest, |info| info.access == Access::Public),
            Some(view) => view.has_block(self, digest),
        }
    }

    /// A block of any piece, its hash checked. For callers who did their own check of access.
    pub fn block_of_any(&self, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        self.inner.block(digest, |_| true)
    }

    /// A block of this piece, its hash checked. For callers who did their own check of access.
    pub fn block_of(&self, root: &PieceRoot, digest: &[u8; 32]) -> Result<Option<Bytes>, StoreError> {
        self.inner.block_of(root, digest)
    }

    /// The piece of that root.
    pub fn piece(&self, root: &PieceRoot) -> Result<Option<PieceInfo>, StoreError> {
        Ok(self.inner.catalog.lock().get(root))
    }

    /// The pieces that hold that DAG whole; packers differ, so there may be several.
    pub fn piece_by_content(&self, content: &ContentId) -> Result<Vec<PieceInfo>, StoreError> {
        Ok(self.inner.catalog.lock().by_content(content))
    }

    /// At most `limit` pieces, in the order of their roots.
    pub fn pieces(&self, after: Option<PieceRoot>, limit: usize) -> Result<Vec<PieceInfo>, StoreError> {
        Ok(self.inner.catalog.lock().page(after, limit))
    }

    /// Sets who may be served a piece; false when it isn't here.
    pub fn set_access(&self, root: &PieceRoot, access: Access) -> Result<bool, StoreError> {
        self.inner.change(root, |info| info.access = access)
    }

    /// Keeps a piece whatever the limit, or no longer; false when it isn't here.
    pub fn pin(&self, root: &PieceRoot, pinned: bool) -> Result<bool, StoreError> {
        self.inner.change(root, |info| info.pinned = pinned)
    }

    /// Removes a piece, pinned or not; false when it isn't here.
    pub fn remove(&self, root: &PieceRoot) -> Result<bool, StoreError> {
        let _disk = self.inner.disk.lock();
        let Some(info) = self.inner.catalog.lock().remove(root) else { return Ok(false) };
        self.inner.delete(&info.piece.root).map(|()| true)
    }

    /// What the store holds.
    pub fn stats(&self) -> Stats {
        self.inner.catalog.lock().stats()
    }

    /// The proof that leaf `index` of a piece can be read, from at most 32 KiB of reads; an index outside the piece
    /// gives `None` too.
    pub fn prove_leaf(&self, root: &PieceRoot, index: u64) -> Result<Option<LeafProof>, StoreError> {
        self.inner.prove_leaf(root, index)
    }
}

impl Inner {
    fn car(&self, root: &PieceRoot) -> PathBuf {
        self.dir.join("pieces").join(hex(root)).with_extension("car")
    }

    fn outboard(&self, root: &PieceRoot) -> PathBuf {
        self.dir.join("pieces").join(hex(root)).with_extension("obao")
    }

    fn partial(&self, root: &PieceRoot) -> PathBuf {
        self.dir.join("partial").join(hex(root)).with_extension("car")
    }

    fn partial_outboard(&self, root: &PieceRoot) -> PathBuf {
        self.dir.join("partial").join(hex(root)).with_extension("obao")
    }

    fn temporary(&self) -> PathBuf {
        self.dir.join("temporary")
    }

    /// Changes what is known of a piece; nothing is written when nothing changes.
    fn change(&self, root: &PieceRoot, run: impl Fn(&mut PieceInfo)) -> Result<bool, StoreError> {
        let _disk = self.disk.lock();
        let Some((before, used)) = self.catalog.lock().change(root, |_| ()) else { return Ok(false) };
        let mut after = before;
        run(&mut after);
        if after != before {
            self.index.update(&[(after, used)])?;
            self.catalog.lock().change(root, run);
        }
        Ok(true)
    }

    /// Deletes a piece that has left the catalog. The file goes first: an index that knows a piece without a file is
    /// put right at the next start, a file that the index doesn't know would be taken for a piece.
    fn delete(&self, root: &PieceRoot) -> Result<(), StoreError> {
        remove_file(&self.car(root))?;
        remove_file(&self.outboard(root))?;
        sync_dir(&self.dir.join("pieces"))?;
        self.index.remove(&[*root])
    }

    fn delete_partial(&self, root: &PieceRoot) -> Result<(), StoreError> {
        remove_file(&self.partial(root))?;
        remove_file(&self.partial_outboard(root))
    }

    /// Counts bytes that are about to be written, after collecting what must go for them.
    fn reserve(&self, bytes: u64) -> Result<(), StoreError> {
        if self.catalog.lock().reserve(bytes) {
            return Ok(());
        }
        let _disk = self.disk.lock();
        loop {
            let victim = {
                let mut catalog = self.catalog.lock();
                if catalog.reserve(bytes) {
                    return Ok(());
                }
                catalog.evict(bytes)?
            };
            self.collect(victim)?;
        }
    }

    fn collect(&self, victim: Victim) -> Result<(), StoreError> {
        match victim {
            Victim::Partial(root) => self.delete_partial(&root),
            Victim::Piece(info) => {
                tracing::debug!("collecting piece {}", hex(&info.piece.root));
                self.delete(&info.piece.root)
            }
        }
    }

    /// Makes a checked pair of files, still under other names, a piece of the store. What was known of the same piece
    /// stays; its bytes are replaced, in case they were damaged.
    fn adopt(
        &self,
        (car, outboard): (&Path, &Path),
        piece: Piece,
        content: ContentId,
        sections: &[crate::dag::Section],
        account: impl FnOnce(&mut Catalog),
    ) -> Result<PieceInfo, StoreError> {
        let _disk = self.disk.lock();
        let fresh = PieceInfo {
            piece,
            content,
            access: Access::Restricted,
            pinned: false,
            blocks: sections.len() as u64,
        };
        let (known, used) = {
            let mut catalog = self.catalog.lock();
            (catalog.get(&piece.root), catalog.tick())
        };
        let info =
            known.map_or(fresh, |known| PieceInfo { access: known.access, pinned: known.pinned, ..fresh });
        let result = (|| {
            rename(outboard, &self.outboard(&piece.root))?;
            rename(car, &self.car(&piece.root))?;
            sync_dir(&self.dir.join("pieces"))?;
            self.index.insert(&info, used, sections)
        })();
        if let Err(error) = result {
            if known.is_none() {
                // Best effort: what stays is repaired or dropped at the next start.
                rename(&self.car(&piece.root), car).ok();
                rename(&self.outboard(&piece.root), outboard).ok();
            }
            return Err(error);
        }
        let mut catalog = self.catalog.lock();
        account(&mut catalog);
        catalog.insert(info, used);
        Ok(info)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let touched = self.catalog.lock().take_touched();
        if !touched.is_empty()
            && let Err(error) = self.index.update(&touched)
        {
            tracing::warn!("the store forgets which pieces were used last: {error}");
        }
    }
}

/// Turns an I/O error at a path into ours.
fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::DiskFull(path.into())
        }
        _ => StoreError::Io { path: path.into(), source },
    }
}

fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(io_error(to))
}

/// Makes sure that names in a folder have reached the disk.
fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(io_error(path))
}
