//! The index on disk: what each piece is, and where each block lies.

use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError, WriteTransaction,
};
use stoa_primitives::{ContentId, Piece, PieceRoot};

use super::{Access, PieceInfo};
use crate::{StoreError, dag::Section};

/// Size, content, access (1 = public), pinned, blocks, last use.
type PieceRow = (u64, &'static [u8; 36], u8, bool, u64, u64);

/// Piece root to what is known of it.
const PIECES: TableDefinition<&[u8; 32], PieceRow> = TableDefinition::new("pieces");
/// Block digest and piece root.
type BlockKey = (&'static [u8; 32], &'static [u8; 32]);

/// Block digest and piece root to offset and length.
const BLOCKS: TableDefinition<BlockKey, (u64, u32)> = TableDefinition::new("blocks");
/// Piece root and offset to block digest, so that a piece's blocks can be taken out.
const SECTIONS: TableDefinition<(&[u8; 32], u64), &[u8; 32]> = TableDefinition::new("sections");

/// Memory that the database may use for pages.
const CACHE_SIZE: usize = 32 << 20;

/// Where a block lies.
pub(super) struct Place {
    pub(super) root: PieceRoot,
    pub(super) offset: u64,
    pub(super) len: u32,
}

/// After an I/O error a database refuses all work until it is opened anew; this does so by itself.
pub(super) struct Index {
    path: PathBuf,
    database: RwLock<Option<Database>>,
}

/// Why the index couldn't be opened.
pub(super) enum OpenError {
    /// It isn't an index any more and has to be made anew.
    Corrupted(String),
    Other(StoreError),
}

impl Index {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let database = open(path)?;
        let index = Self { path: path.into(), database: RwLock::new(Some(database)) };
        index
            .write(|transaction| {
                transaction.open_table(PIECES)?;
                transaction.open_table(BLOCKS)?;
                transaction.open_table(SECTIONS)?;
                Ok(())
            })
            .map_err(OpenError::Other)?;
        Ok(index)
    }

    /// All pieces, with the time of their last use.
    pub(super) fn pieces(&self) -> Result<Vec<(PieceInfo, u64)>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(PIECES)?;
            let mut pieces = Vec::new();
            for row in table.iter()? {
                let (root, row) = row?;
                let (size, content, access, pinned, blocks, used) = row.value();
                let content = ContentId::from_bytes(content)
                    .ok_or_else(|| redb::Error::Corrupted("a piece's content isn't a CID".into()))?;
                let access = if access == 1 { Access::Public } else { Access::Restricted };
                let piece = Piece { root: *root.value(), size };
                pieces.push((PieceInfo { piece, content, access, pinned, blocks }, used));
            }
            Ok(pieces)
        })
    }

    /// Where a block lies, in every piece that has it.
    pub(super) fn places(&self, digest: &[u8; 32]) -> Result<Vec<Place>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(BLOCKS)?;
            let mut places = Vec::new();
            for row in table.range((digest, &[0; 32])..=(digest, &[0xff; 32]))? {
                let (key, row) = row?;
                let (offset, len) = row.value();
                places.push(Place { root: *key.value().1, offset, len });
            }
            Ok(places)
        })
    }

    /// Where a block lies in one piece.
    pub(super) fn place(&self, root: &PieceRoot, digest: &[u8; 32]) -> Result<Option<Place>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(BLOCKS)?.get((digest, root))?;
            Ok(row.map(|row| {
                let (offset, len) = row.value();
                Place { root: *root, offset, len }
            }))
        })
    }

    /// Adds a piece with its blocks, or puts it in the place of what was known of it.
    pub(super) fn insert(&self, info: &PieceInfo, used: u64, sections: &[Section]) -> Result<(), StoreError> {
        let root = &info.piece.root;
        self.write(|transaction| {
            clear(transaction, root)?;
            put(transaction, info, used)?;
            let mut blocks = transaction.open_table(BLOCKS)?;
            let mut by_offset = transaction.open_table(SECTIONS)?;
            for Section { digest, offset, len } in sections {
                blocks.insert((digest, root), (*offset, *len))?;
                by_offset.insert((root, *offset), digest)?;
            }
            Ok(())
        })
    }

    /// Writes what is known of pieces, but for their blocks.
    pub(super) fn update(&self, pieces: &[(PieceInfo, u64)]) -> Result<(), StoreError> {
        self.write(|transaction| pieces.iter().try_for_each(|(info, used)| put(transaction, info, *used)))
    }

    /// Takes pieces out with their blocks.
    pub(super) fn remove(&self, roots: &[PieceRoot]) -> Result<(), StoreError> {
        self.write(|transaction| roots.iter().try_for_each(|root| clear(transaction, root)))
    }

    fn read<T>(&self, run: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>) -> Result<T, StoreError> {
        if self.database.read().is_none() {
            self.reopen()?;
        }
        let database = self.database.read();
        let database = database.as_ref().ok_or_else(|| StoreError::Index("it isn't open".into()))?;
        let transaction = database.begin_read().map_err(|error| self.error(error.into()))?;
        run(&transaction).map_err(|error| self.error(error))
    }

    fn write(
        &self,
        run: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        if self.database.read().is_none() {
            self.reopen()?;
        }
        let result = {
            let database = self.database.read();
            let database = database.as_ref().ok_or_else(|| StoreError::Index("it isn't open".into()))?;
            (|| {
                let transaction = database.begin_write()?;
                run(&transaction)?;
                Ok(transaction.commit()?)
            })()
        };
        result.map_err(|error| {
            if matches!(error, redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed) {
                // A failure here shows at the next use, which tries again.
                if let Err(error) = self.reopen() {
                    tracing::warn!("the store's index can't be reopened yet: {error}");
                }
            }
            self.error(error)
        })
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.database.write();
        // The old one holds the file's lock.
        *database = None;
        *database = Some(open(&self.path).map_err(|error| match error {
            OpenError::Corrupted(what) => StoreError::Damaged { path: self.path.clone(), what },
            OpenError::Other(error) => error,
        })?);
        Ok(())
    }

    fn error(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::Io(source) => super::io_error(&self.path)(source),
            other => StoreError::Index(other.to_string()),
        }
    }
}

fn open(path: &Path) -> Result<Database, OpenError> {
    Builder::new().set_cache_size(CACHE_SIZE).create(path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::Other(StoreError::InUse(path.into())),
        DatabaseError::Storage(StorageError::Corrupted(what)) => OpenError::Corrupted(what),
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            std::io::ErrorKind::InvalidData => OpenError::Corrupted(source.to_string()),
            _ => OpenError::Other(super::io_error(path)(source)),
        },
        other => OpenError::Other(StoreError::Index(other.to_string())),
    })
}

fn put(transaction: &WriteTransaction, info: &PieceInfo, used: u64) -> Result<(), redb::Error> {
    let access = u8::from(info.access == Access::Public);
    let content = info.content.to_bytes();
    let row = (info.piece.size, &content, access, info.pinned, info.blocks, used);
    transaction.open_table(PIECES)?.insert(&info.piece.root, row)?;
    Ok(())
}

fn clear(transaction: &WriteTransaction, root: &PieceRoot) -> Result<(), redb::Error> {
    transaction.open_table(PIECES)?.remove(root)?;
    let mut blocks = transaction.open_table(BLOCKS)?;
    let mut sections = transaction.open_table(SECTIONS)?;
    for row in sections.extract_from_if((root, 0)..=(root, u64::MAX), |_, _| true)? {
        let digest = *row?.1.value();
        blocks.remove((&digest, root))?;
    }
    Ok(())
}

impl From<TableError> for OpenError {
    fn from(error: TableError) -> Self {
        Self::Corrupted(error.to_string())
    }
}
