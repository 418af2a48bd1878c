//! Whose uploads are here: a table of piece, account and size that survives restarts, and what is on its way.
//!
//! The store knows pieces and not accounts, so this is a file of its own. A piece is charged to whoever uploaded it
//! first, for as long as it is in the store.

use std::{collections::HashMap, path::Path, sync::Arc};

use parking_lot::Mutex;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use stoa_content::{Store, StoreError};
use stoa_primitives::{Piece, PieceRoot};

use crate::Account;

type Key = &'static [u8; 32];
const UPLOADS: TableDefinition<Key, (Key, u64)> = TableDefinition::new("uploads");

/// The ledger can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be opened or is damaged, or a write failed.
    #[error("the table of uploads failed: {0}")]
    Table(#[from] redb::Error),
    /// The store couldn't say which pieces it has.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an upload can't go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum QuotaError {
    #[error("{running} uploads of this account are running: wait for them to end")]
    Uploads { running: usize },
    #[error(
        "the account may keep {allowance} bytes here, holds {held} and this upload needs {needed}: free some first"
    )]
    Bytes { allowance: u64, held: u64, needed: u64 },
}

#[derive(Default)]
struct Holdings {
    pieces: HashMap<PieceRoot, u64>,
    arriving: u64,
    uploads: usize,
}

impl Holdings {
    fn bytes(&self) -> u64 {
        self.pieces.values().fold(self.arriving, |sum, size| sum.saturating_add(*size))
    }
}

#[derive(Default)]
struct Book {
    accounts: HashMap<Account, Holdings>,
    owners: HashMap<PieceRoot, Account>,
}

/// The table, and all of it in memory.
pub(crate) struct Ledger {
    table: Database,
    book: Mutex<Book>,
}

fn failed(error: impl Into<redb::Error>) -> LedgerError {
    LedgerError::Table(error.into())
}

impl Ledger {
    /// Opens the table and drops what the store doesn't have any more.
    pub(crate) fn open(path: &Path, store: &Store) -> Result<Self, LedgerError> {
        let table = Database::create(path).map_err(failed)?;
        let write = table.begin_write().map_err(failed)?;
        write.open_table(UPLOADS).map_err(failed)?;
        write.commit().map_err(failed)?;

        let mut book = Book::default();
        let read = table.begin_read().map_err(failed)?;
        let uploads = read.open_table(UPLOADS).map_err(failed)?;
        for entry in uploads.iter().map_err(failed)? {
            let (root, value) = entry.map_err(failed)?;
            let (account, size) = value.value();
            book.put(*root.value(), Account(*account), size);
        }
        let ledger = Self { table, book: Mutex::new(book) };
        let accounts: Vec<_> = ledger.book.lock().accounts.keys().copied().collect();
        for account in accounts {
            ledger.refresh(&account, store)?;
        }
        Ok(ledger)
    }

    /// Drops the account's pieces that left the store since.
    pub(crate) fn refresh(&self, account: &Account, store: &Store) -> Result<(), LedgerError> {
        let pieces: Vec<PieceRoot> = match self.book.lock().accounts.get(account) {
            Some(holdings) => holdings.pieces.keys().copied().collect(),
            None => return Ok(()),
        };
        let mut gone = Vec::new();
        for root in pieces {
            if store.piece(&root)?.is_none() {
                gone.push(root);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let write = self.table.begin_write().map_err(failed)?;
        {
            let mut uploads = write.open_table(UPLOADS).map_err(failed)?;
            for root in &gone {
                uploads.remove(root).map_err(failed)?;
            }
        }
        write.commit().map_err(failed)?;
        let mut book = self.book.lock();
        for root in gone {
            book.remove(&root);
        }
        Ok(())
    }

    /// Bytes that the account holds here and is sending.
    pub(crate) fn held(&self, account: &Account) -> u64 {
        self.book.lock().accounts.get(account).map_or(0, Holdings::bytes)
    }

    /// Starts an upload: nothing is reserved yet.
    pub(crate) fn start(
        self: &Arc<Self>,
        account: Account,
        allowance: u64,
        most_uploads: usize,
    ) -> Result<Reservation, QuotaError> {
        let mut book = self.book.lock();
        let holdings = book.accounts.entry(account).or_default();
        if holdings.uploads >= most_uploads {
            return Err(QuotaError::Uploads { running: holdings.uploads });
        }
        holdings.uploads = holdings.uploads.saturating_add(1);
        Ok(Reservation { ledger: self.clone(), account, allowance, bytes: 0, upload: true })
    }

    /// Room for bytes that wait and are no running upload: none is reserved yet.
    pub(crate) fn hold(self: &Arc<Self>, account: Account, allowance: u64) -> Reservation {
        Reservation { ledger: self.clone(), account, allowance, bytes: 0, upload: false }
    }

    /// Charges a stored piece to the account, unless somebody has it already.
    pub(crate) fn charge(&self, account: &Account, piece: &Piece) -> Result<(), LedgerError> {
        if self.book.lock().owners.contains_key(&piece.root) {
            return Ok(());
        }
        let write = self.table.begin_write().map_err(failed)?;
        write
            .open_table(UPLOADS)
            .map_err(failed)?
            .insert(&piece.root, (&account.0, piece.size))
            .map_err(failed)?;
        write.commit().map_err(failed)?;
        self.book.lock().put(piece.root, *account, piece.size);
        Ok(())
    }
}

impl Book {
    fn put(&mut self, root: PieceRoot, account: Account, size: u64) {
        self.remove(&root);
        self.owners.insert(root, account);
        self.accounts.entry(account).or_default().pieces.insert(root, size);
    }

    fn remove(&mut self, root: &PieceRoot) {
        let Some(account) = self.owners.remove(root) else { return };
        if let Some(holdings) = self.accounts.get_mut(&account) {
            holdings.pieces.remove(root);
        }
    }
}

/// A running upload and the bytes that count for it. Dropping it gives them back.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    account: Account,
    allowance: u64,
    bytes: u64,
    /// Whether it counts among the account's running uploads.
    upload: bool,
}

impl Reservation {
    /// Whose upload it is.
    pub(crate) fn account(&self) -> Account {
        self.account
    }

    /// Makes the reservation at least this large.
    pub(crate) fn reserve(&mut self, bytes: u64) -> Result<(), QuotaError> {
        let more = bytes.saturating_sub(self.bytes);
        let mut book = self.ledger.book.lock();
        let holdings = book.accounts.entry(self.account).or_default();
        let held = holdings.bytes();
        if held.saturating_add(more) > self.allowance {
            return Err(QuotaError::Bytes {
                allowance: self.allowance,
                held: held.saturating_sub(self.bytes),
                needed: bytes,
            });
        }
        holdings.arriving = holdings.arriving.saturating_add(more);
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut book = self.ledger.book.lock();
        if let Some(holdings) = book.accounts.get_mut(&self.account) {
            holdings.arriving = holdings.arriving.saturating_sub(self.bytes);
            holdings.uploads = holdings.uploads.saturating_sub(usize::from(self.upload));
            if holdings.uploads == 0 && holdings.arriving == 0 && holdings.pieces.is_empty() {
                book.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_content::StoreOptions;

    const ALICE: Account = Account([1; 32]);
    const BOB: Account = Account([2; 32]);

    struct Fixture {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store =
                Store::open(&folder.path().join("store"), StoreOptions { byte_limit: 1 << 30 }).unwrap();
            Self { folder, store }
        }

        fn ledger(&self) -> Arc<Ledger> {
            Arc::new(Ledger::open(&self.folder.path().join("uploads.redb"), &self.store).unwrap())
        }

        fn piece(&self, text: &str) -> Piece {
            let folder = self.folder.path().join(text);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("file"), text).unwrap();
            self.store.import_dir(&folder, &mut |_| ()).unwrap().piece
        }
    }

    #[test]
    fn running_and_stored_uploads_count_together() {
        let fixture = Fixture::new();
        let ledger = fixture.ledger();
        let piece = fixture.piece("a");
        ledger.charge(&ALICE, &piece).unwrap();
        let allowance = piece.size + 100;
        let mut first = ledger.start(ALICE, allowance, 2).unwrap();
        first.reserve(60).unwrap();
        first.reserve(40).unwrap();
        let mut second = ledger.start(ALICE, allowance, 2).unwrap();
        assert_eq!(
            second.reserve(41),
            Err(QuotaError::Bytes { allowance, held: piece.size + 60, needed: 41 })
        );
        second.reserve(40).unwrap();
        assert_eq!(ledger.held(&ALICE), allowance);
        assert!(matches!(ledger.start(ALICE, allowance, 2), Err(QuotaError::Uploads { running: 2 })));
        assert!(ledger.start(BOB, 10, 2).is_ok());
        drop(first);
        drop(second);
        assert_eq!(ledger.held(&ALICE), piece.size);
    }

    #[test]
    fn a_piece_is_charged_to_the_first_and_survives_a_restart() {
        let fixture = Fixture::new();
        let piece = fixture.piece("a");
        let ledger = fixture.ledger();
        ledger.charge(&ALICE, &piece).unwrap();
        ledger.charge(&BOB, &piece).unwrap();
        assert_eq!((ledger.held(&ALICE), ledger.held(&BOB)), (piece.size, 0));
        drop(ledger);
        let ledger = fixture.ledger();
        assert_eq!((ledger.held(&ALICE), ledger.held(&BOB)), (piece.size, 0));
    }

    #[test]
    fn a_piece_that_left_the_store_is_not_charged_any_more() {
        let fixture = Fixture::new();
        let (kept, removed, gone) = (fixture.piece("a"), fixture.piece("b"), fixture.piece("c"));
        let ledger = fixture.ledger();
        for piece in [kept, removed, gone] {
            ledger.charge(&ALICE, &piece).unwrap();
        }
        fixture.store.remove(&removed.root).unwrap();
        ledger.refresh(&ALICE, &fixture.store).unwrap();
        assert_eq!(ledger.held(&ALICE), kept.size + gone.size);
        drop(ledger);
        fixture.store.remove(&gone.root).unwrap();
        assert_eq!(fixture.ledger().held(&ALICE), kept.size);
    }
}
