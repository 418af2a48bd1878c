//! Opening a store, the only place where damage is repaired or dropped.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use stoa_primitives::{Piece, PieceRoot};

use super::{
    Access, Inner, PieceInfo, StoreOptions,
    catalog::{Catalog, footprint},
    check::check_car,
    index::{Index, OpenError},
    io_error, remove_file, sync_dir,
};
use crate::{
    CarError, StoreError,
    error::hex,
    tree::{TreeBuilder, outboard_size},
};

pub(super) fn open(dir: &Path, options: StoreOptions) -> Result<Inner, StoreError> {
    for name in ["pieces", "partial", "temporary"] {
        let path = dir.join(name);
        fs::create_dir_all(&path).map_err(io_error(&path))?;
    }
    let inner = Inner {
        dir: dir.into(),
        index: open_index(&dir.join("index.redb"))?,
        catalog: Mutex::new(Catalog::new(options.byte_limit)),
        disk: Mutex::new(()),
    };
    for path in files(&inner.temporary())? {
        remove_file(&path)?;
    }
    inner.load_pieces()?;
    inner.load_partials()?;
    sync_dir(&dir.join("pieces"))?;
    // The limit may have been lowered; pinned pieces stay even so.
    loop {
        let victim = {
            let mut catalog = inner.catalog.lock();
            if !catalog.over_limit() {
                break;
            }
            match catalog.evict(0) {
                Ok(victim) => victim,
                Err(_) => break,
            }
        };
        inner.collect(victim)?;
    }
    Ok(inner)
}

fn open_index(path: &Path) -> Result<Index, StoreError> {
    match Index::open(path) {
        Ok(index) => Ok(index),
        Err(OpenError::Other(error)) => Err(error),
        Err(OpenError::Corrupted(what)) => {
            tracing::warn!("the store's index is damaged ({what}): it is made anew from the pieces");
            remove_file(path)?;
            Index::open(path).map_err(|error| match error {
                OpenError::Other(error) => error,
                OpenError::Corrupted(what) => StoreError::Damaged { path: path.into(), what },
            })
        }
    }
}

impl Inner {
    /// Brings index and folder together: a piece is kept when both files are whole, taken in when only the index
    /// lacks it and its bytes are good, and dropped otherwise.
    fn load_pieces(&self) -> Result<(), StoreError> {
        let mut found = BTreeMap::new();
        for path in files(&self.dir.join("pieces"))? {
            match root_of(&path) {
                Some(root) if path.extension() == Some(OsStr::new("car")) => {
                    found.insert(root, path);
                }
                Some(root) if path == self.outboard(&root) => {}
                _ => tracing::warn!("{} isn't a piece and is left alone", path.display()),
            }
        }
        let mut gone = Vec::new();
        for (info, used) in self.index.pieces()? {
            let root = info.piece.root;
            let whole = found.remove(&root).is_some()
                && length(&self.car(&root)) == Some(info.piece.size)
                && (length(&self.outboard(&root)) == Some(outboard_size(info.piece.size))
                    || self.rebuild_outboard(&root)? == Some(info.piece));
            if whole {
                self.catalog.lock().insert(info, used);
            } else {
                tracing::warn!("piece {} isn't whole any more and is dropped", hex(&root));
                remove_file(&self.car(&root))?;
                gone.push(root);
            }
        }
        if !gone.is_empty() {
            self.index.remove(&gone)?;
        }
        for (root, path) in found {
            self.take_in(&root, &path)?;
        }
        // Outboards without a piece.
        for path in files(&self.dir.join("pieces"))? {
            if let Some(root) = root_of(&path)
                && self.catalog.lock().get(&root).is_none()
            {
                remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Takes in a piece that the index doesn't know, or deletes it when its bytes aren't good.
    fn take_in(&self, root: &PieceRoot, path: &Path) -> Result<(), StoreError> {
        let piece = self.rebuild_outboard(root)?;
        let checked = match check_car(path) {
            Err(CarError::Read(error)) => return Err(io_error(path)(error)),
            other => other,
        };
        match (piece, checked) {
            (Some(piece), Ok((content, sections))) => {
                tracing::info!("piece {} is taken back into the index", hex(root));
                let used = self.catalog.lock().tick();
                let info = PieceInfo {
                    piece,
                    content,
                    access: Access::Restricted,
                    pinned: false,
                    blocks: sections.len() as u64,
                };
                self.index.insert(&info, used, &sections)?;
                self.catalog.lock().insert(info, used);
                Ok(())
            }
            (_, checked) => {
                let why = checked
                    .err()
                    .map_or("its bytes don't hash to its name".into(), |error| error.to_string());
                tracing::warn!("piece {} is dropped: {why}", hex(root));
                remove_file(path)
            }
        }
    }

    /// Makes a piece's outboard anew from its bytes; `None` when they don't hash to its root.
    fn rebuild_outboard(&self, root: &PieceRoot) -> Result<Option<Piece>, StoreError> {
        let path = self.car(root);
        let mut file = File::open(&path).map_err(io_error(&path))?;
        let mut tree = TreeBuilder::default();
        let outboard = self.outboard(root);
        let temporary = self.temporary().join(hex(root));
        let mut out = File::create(&temporary).map_err(io_error(&temporary))?;
        let mut chunk = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut chunk).map_err(io_error(&path))?;
            if count == 0 {
                break;
            }
            tree.update(chunk.get(..count).unwrap_or_default());
            out.write_all(&tree.take_parents()).map_err(io_error(&temporary))?;
        }
        let finished = tree.finish(&[]);
        if finished.piece.root != *root {
            remove_file(&temporary)?;
            return Ok(None);
        }
        out.write_all(&finished.parents).map_err(io_error(&temporary))?;
        for (position, parent) in &finished.patches {
            bao_tree::io::sync::WriteAt::write_all_at(&mut out, *position, parent)
                .map_err(io_error(&temporary))?;
        }
        out.sync_all().map_err(io_error(&temporary))?;
        super::rename(&temporary, &outboard)?;
        Ok(Some(finished.piece))
    }

    fn load_partials(&self) -> Result<(), StoreError> {
        for path in files(&self.dir.join("partial"))? {
            let Some(root) = root_of(&path) else { continue };
            if path != self.partial(&root) {
                if !self.partial(&root).exists() {
                    remove_file(&path)?;
                }
                continue;
            }
            let size = length(&path).unwrap_or_default();
            if self.catalog.lock().get(&root).is_some() {
                self.delete_partial(&root)?;
            } else {
                self.catalog.lock().found_partial(root, footprint(size));
            }
        }
        Ok(())
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(io_error(dir))
}

fn length(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.len())
}

/// The root that a file is named by.
fn root_of(path: &Path) -> Option<PieceRoot> {
    let name = path.file_stem()?.to_str()?;
    if name.len() != 64 || !name.is_ascii() {
        return None;
    }
    let mut root = [0; 32];
    for (byte, digits) in root.iter_mut().zip(name.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    // Only the spelling that the store writes.
    (hex(&root) == name).then_some(root)
}
