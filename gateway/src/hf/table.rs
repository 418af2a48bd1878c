//! What this node knows of repositories, on disk: file digests, cards, the index of them, and download counts.
//!
//! All but the counts can be had again from chain and content, so a damaged file is put aside and a new one begun, and
//! another [`SCHEMA`] empties it.

use std::{fs, path::Path};

use redb::{
    Database, DatabaseError, Durability, MultimapTableDefinition, ReadableDatabase, ReadableTable,
    StorageError, TableDefinition,
};
use stoa_primitives::ContentId;

use super::{
    card::Card,
    files::Digests,
    summary::{Stored, Summary},
};

/// Raised whenever the meaning of what is stored changes.
const SCHEMA: u64 = 1;

type Key = &'static [u8; 36];
const FORMAT: TableDefinition<&str, u64> = TableDefinition::new("format");
/// File: size, git id, sha2-256.
const DIGESTS: TableDefinition<Key, (u64, &[u8; 20], &[u8; 32])> = TableDefinition::new("digests");
/// Root of a revision: its card as JSON.
const CARDS: TableDefinition<Key, &[u8]> = TableDefinition::new("cards");
/// Asset: its summary as JSON.
const SUMMARIES: TableDefinition<u64, &[u8]> = TableDefinition::new("summaries");
/// Word: the assets that have it.
const WORDS: MultimapTableDefinition<&str, u64> = MultimapTableDefinition::new("words");
/// Asset: downloads from this node.
const DOWNLOADS: TableDefinition<u64, u64> = TableDefinition::new("downloads");

/// Assets that one word of a search may find before the rest is left out.
const MAX_FOUND: usize = 100_000;

/// The tables can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database failed.
    #[error("the index of the hub failed: {0}")]
    Table(#[from] redb::Error),
    /// A damaged database couldn't be put aside.
    #[error("the damaged index of the hub can't be put aside: {0}")]
    Aside(#[from] std::io::Error),
}

fn failed(error: impl Into<redb::Error>) -> TableError {
    TableError::Table(error.into())
}

pub(super) struct Tables {
    database: Database,
}

impl Tables {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, TableError> {
        let database = match Database::create(path) {
            Err(DatabaseError::Storage(StorageError::Corrupted(_)) | DatabaseError::UpgradeRequired(_)) => {
                begin_anew(path)?
            }
            Err(DatabaseError::Storage(StorageError::Io(error)))
                if error.kind() == std::io::ErrorKind::InvalidData =>
            {
                begin_anew(path)?
            }
            opened => opened.map_err(failed)?,
        };
        let tables = Self { database };
        tables.prepare()?;
        Ok(tables)
    }

    /// Makes the tables, empty ones if they are of another schema. The counts stay.
    fn prepare(&self) -> Result<(), TableError> {
        let write = self.database.begin_write().map_err(failed)?;
        {
            let mut format = write.open_table(FORMAT).map_err(failed)?;
            let known = format.insert("schema", SCHEMA).map_err(failed)?.map(|value| value.value());
            if known != Some(SCHEMA) {
                write.delete_table(DIGESTS).map_err(failed)?;
                write.delete_table(CARDS).map_err(failed)?;
                write.delete_table(SUMMARIES).map_err(failed)?;
                write.delete_multimap_table(WORDS).map_err(failed)?;
            }
            write.open_table(DIGESTS).map_err(failed)?;
            write.open_table(CARDS).map_err(failed)?;
            write.open_table(SUMMARIES).map_err(failed)?;
            write.open_multimap_table(WORDS).map_err(failed)?;
            write.open_table(DOWNLOADS).map_err(failed)?;
        }
        write.commit().map_err(failed)
    }

    /// What is known of these files.
    pub(super) fn digests(&self, files: &[ContentId]) -> Result<Vec<Option<Digests>>, TableError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(DIGESTS).map_err(failed)?;
        let one = |file: &ContentId| -> Result<Option<Digests>, TableError> {
            let found = table.get(&file.to_bytes()).map_err(failed)?;
            Ok(found.map(|value| {
                let (size, git, sha256) = value.value();
                Digests { size, git: *git, sha256: *sha256 }
            }))
        };
        files.iter().map(one).collect()
    }

    pub(super) fn put_digests(&self, known: &[(ContentId, Digests)]) -> Result<(), TableError> {
        let mut write = self.database.begin_write().map_err(failed)?;
        // Lost in a crash, they are worked out again.
        write.set_durability(Durability::None).map_err(failed)?;
        {
            let mut table = write.open_table(DIGESTS).map_err(failed)?;
            for (file, digests) in known {
                table
                    .insert(&file.to_bytes(), (digests.size, &digests.git, &digests.sha256))
                    .map_err(failed)?;
            }
        }
        write.commit().map_err(failed)
    }

    /// The card of a revision, if it was read.
    pub(super) fn card(&self, root: &ContentId) -> Result<Option<Card>, TableError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(CARDS).map_err(failed)?;
        let found = table.get(&root.to_bytes()).map_err(failed)?;
        Ok(found.and_then(|value| serde_json::from_slice(value.value()).ok()))
    }

    pub(super) fn put_card(&self, root: &ContentId, card: &Card) -> Result<(), TableError> {
        let bytes = serde_json::to_vec(card).unwrap_or_default();
        let write = self.database.begin_write().map_err(failed)?;
        write
            .open_table(CARDS)
            .map_err(failed)?
            .insert(&root.to_bytes(), bytes.as_slice())
            .map_err(failed)?;
        write.commit().map_err(failed)
    }

    /// All summaries.
    pub(super) fn summaries(&self) -> Result<Vec<Summary>, TableError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(SUMMARIES).map_err(failed)?;
        let mut summaries = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (_, value) = entry.map_err(failed)?;
            // One that can't be read any more is made again by the next sweep.
            summaries
                .extend(serde_json::from_slice::<Stored>(value.value()).ok().map(|stored| stored.summary));
        }
        Ok(summaries)
    }

    /// Puts an asset's summary and words in the place of what stands there; `None` removes it.
    pub(super) fn put_summary(&self, asset: u64, new: Option<&Stored>) -> Result<(), TableError> {
        let write = self.database.begin_write().map_err(failed)?;
        {
            let mut summaries = write.open_table(SUMMARIES).map_err(failed)?;
            let mut index = write.open_multimap_table(WORDS).map_err(failed)?;
            let old = summaries.remove(asset).map_err(failed)?;
            let old = old.and_then(|value| serde_json::from_slice::<Stored>(value.value()).ok());
            for word in old.map(|stored| stored.words).unwrap_or_default() {
                index.remove(word.as_str(), asset).map_err(failed)?;
            }
            if let Some(stored) = new {
                let bytes = serde_json::to_vec(stored).unwrap_or_default();
                summaries.insert(asset, bytes.as_slice()).map_err(failed)?;
                for word in &stored.words {
                    index.insert(word.as_str(), asset).map_err(failed)?;
                }
            }
        }
        write.commit().map_err(failed)
    }

    /// The assets with a word that starts like this.
    pub(super) fn having(&self, start: &str) -> Result<Vec<u64>, TableError> {
        let read = self.database.begin_read().map_err(failed)?;
        let index = read.open_multimap_table(WORDS).map_err(failed)?;
        let mut found = Vec::new();
        for entry in index.range(start..).map_err(failed)? {
            let (word, assets) = entry.map_err(failed)?;
            if !word.value().starts_with(start) {
                break;
            }
            for asset in assets {
                if found.len() >= MAX_FOUND {
                    return Ok(found);
                }
                found.push(asset.map_err(failed)?.value());
            }
        }
        Ok(found)
    }

    /// All download counts.
    pub(super) fn downloads(&self) -> Result<Vec<(u64, u64)>, TableError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(DOWNLOADS).map_err(failed)?;
        let mut counts = Vec::new();
        for entry in table.iter().map_err(failed)? {
            let (asset, count) = entry.map_err(failed)?;
            counts.push((asset.value(), count.value()));
        }
        Ok(counts)
    }

    pub(super) fn put_downloads(&self, counts: &[(u64, u64)]) -> Result<(), TableError> {
        let write = self.database.begin_write().map_err(failed)?;
        {
            let mut table = write.open_table(DOWNLOADS).map_err(failed)?;
            for (asset, count) in counts {
                table.insert(asset, count).map_err(failed)?;
            }
        }
        write.commit().map_err(failed)
    }
}

fn begin_anew(path: &Path) -> Result<Database, TableError> {
    let aside = path.with_extension("damaged");
    tracing::warn!(
        target: "gateway",
        "the index of the hub is damaged: it is put aside as {} and made anew", aside.display()
    );
    fs::rename(path, aside)?;
    Database::create(path).map_err(failed)
}
