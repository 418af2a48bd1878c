//! Files that were sent and wait for their commit. Temporary: they go after a day, with the commit that takes them, or
//! when the node stops, and count against their account's quota meanwhile.
//!
//! An object is its account's alone. Who names the hash of somebody else's gets nothing by it.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tempfile::{NamedTempFile, TempPath};

use crate::{Account, upload::Reservation};

/// How long an object waits for its commit.
const LIFE: Duration = Duration::from_secs(86_400);
/// Objects of one account that wait at once, whole or in parts.
pub(in crate::hf) const MAX_OBJECTS: usize = 10_000;

/// sha2-256 of a file.
pub(in crate::hf) type Oid = [u8; 32];
type Key = (Account, Oid);

/// A whole file that waits for its commit.
pub(in crate::hf) struct Object {
    pub(in crate::hf) path: TempPath,
    pub(in crate::hf) size: u64,
    _reservation: Reservation,
    since: Instant,
}

/// A file of which parts have come.
pub(in crate::hf) struct Partial {
    pub(in crate::hf) file: fs::File,
    path: Mutex<Option<TempPath>>,
    /// Which parts are here.
    pub(in crate::hf) parts: Mutex<Vec<bool>>,
    reservation: Mutex<Option<Reservation>>,
    since: Instant,
}

#[derive(Default)]
struct Waiting {
    objects: HashMap<Key, Arc<Object>>,
    partial: HashMap<Key, Arc<Partial>>,
}

/// The files that wait.
pub(in crate::hf) struct Staging {
    dir: PathBuf,
    waiting: Mutex<Waiting>,
}

impl Staging {
    /// Makes the folder, or empties it.
    pub(in crate::hf) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { dir: dir.into(), waiting: Mutex::default() })
    }

    /// A file that goes when it is dropped.
    pub(in crate::hf) fn file(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(&self.dir)
    }

    /// The object of an account.
    pub(in crate::hf) fn get(&self, account: &Account, oid: &Oid) -> Option<Arc<Object>> {
        let mut waiting = self.waiting.lock();
        waiting.tidy();
        waiting.objects.get(&(*account, *oid)).cloned()
    }

    /// Whether the account may have one more object.
    pub(in crate::hf) fn has_room(&self, account: &Account) -> bool {
        let mut waiting = self.waiting.lock();
        waiting.tidy();
        let of = |key: &&Key| key.0 == *account;
        let count = waiting.objects.keys().filter(of).count();
        count.saturating_add(waiting.partial.keys().filter(of).count()) < MAX_OBJECTS
    }

    /// Keeps a file whose hash was checked.
    pub(in crate::hf) fn put(
        &self,
        account: Account,
        oid: Oid,
        path: TempPath,
        size: u64,
        reservation: Reservation,
    ) {
        let object = Object { path, size, _reservation: reservation, since: Instant::now() };
        self.waiting.lock().objects.insert((account, oid), Arc::new(object));
    }

    /// Drops objects that a commit took.
    pub(in crate::hf) fn taken(&self, account: &Account, oids: impl Iterator<Item = Oid>) {
        let mut waiting = self.waiting.lock();
        for oid in oids {
            waiting.objects.remove(&(*account, oid));
        }
    }

    /// The file that a part belongs to, made by `reserve` if it is the first one.
    pub(in crate::hf) fn partial<E: From<io::Error>>(
        &self,
        account: Account,
        oid: Oid,
        parts: usize,
        reserve: impl FnOnce() -> Result<Reservation, E>,
    ) -> Result<Arc<Partial>, E> {
        if let Some(found) = self.waiting.lock().partial.get(&(account, oid)) {
            return Ok(found.clone());
        }
        let reservation = reserve()?;
        let (file, path) = self.file()?.into_parts();
        let made = Arc::new(Partial {
            file,
            path: Mutex::new(Some(path)),
            parts: Mutex::new(vec![false; parts]),
            reservation: Mutex::new(Some(reservation)),
            since: Instant::now(),
        });
        // Another part may have been quicker.
        Ok(self.waiting.lock().partial.entry((account, oid)).or_insert(made).clone())
    }

    /// The file of which parts have come.
    pub(in crate::hf) fn found_partial(&self, account: &Account, oid: &Oid) -> Option<Arc<Partial>> {
        self.waiting.lock().partial.get(&(*account, *oid)).cloned()
    }

    /// Makes a file whose parts are all here and whose hash was checked an object.
    pub(in crate::hf) fn complete(&self, account: Account, oid: Oid, size: u64) {
        let Some(partial) = self.waiting.lock().partial.remove(&(account, oid)) else { return };
        let parts = (partial.path.lock().take(), partial.reservation.lock().take());
        if let (Some(path), Some(reservation)) = parts {
            self.put(account, oid, path, size, reservation);
        }
    }

    /// Gives up on a file of which parts have come.
    pub(in crate::hf) fn abandon(&self, account: &Account, oid: &Oid) {
        self.waiting.lock().partial.remove(&(*account, *oid));
    }
}

impl Waiting {
    fn tidy(&mut self) {
        self.objects.retain(|_, object| object.since.elapsed() < LIFE);
        self.partial.retain(|_, partial| partial.since.elapsed() < LIFE);
    }
}
