//! Results on disk, from before their commitment is sent until nobody needs them any more.
//!
//! A job has a folder with `record.json` and, when its program left something, `output.car`. The record is written
//! last, under another name first, and synced: where there is a record, all of it is there.

use rand::{TryRngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};
use stoa_sdk::{chain::compute::JobId, compute::Receipt};
use tempfile::TempDir;

const RECORD: &str = "record.json";
const OUTPUT: &str = "output.car";
const WORK: &str = "work";

/// Why results can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another worker has the folder.
    #[error("{} is used by another worker: give each one a `data` folder of its own", .0.display())]
    InUse(PathBuf),
    /// A record that can't be read.
    #[error("{} can't be read: {reason}; move it away, and the job is run again if there is time", path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No randomness.
    #[error("the system's random generator failed: {0}")]
    Random(String),
}

/// A result and what reveals it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// The result.
    pub receipt: Receipt,
    /// What makes the commitment impossible to guess, in hex.
    pub salt: String,
}

impl Record {
    /// A record with a new salt.
    pub fn new(receipt: Receipt) -> Result<Self, RecordError> {
        let mut salt = [0; 32];
        OsRng.try_fill_bytes(&mut salt).map_err(|error| RecordError::Random(error.to_string()))?;
        Ok(Self { receipt, salt: hex::encode(salt) })
    }

    /// The salt.
    pub fn salt(&self) -> Option<[u8; 32]> {
        let mut salt = [0; 32];
        hex::decode_to_slice(&self.salt, &mut salt).ok()?;
        Some(salt)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> RecordError + '_ {
    |source| RecordError::Io { path: path.to_owned(), source }
}

/// The folder of all records.
#[derive(Debug)]
pub struct Records {
    dir: PathBuf,
    _lock: File,
}

impl Records {
    /// Opens the folder of a worker on a chain, and removes what a crash left half-done.
    pub fn open(data: &Path, chain: &str, account: &str) -> Result<Self, RecordError> {
        let dir =
            data.join(format!("{}-{account}", chain.trim_start_matches("0x").get(..16).unwrap_or(chain)));
        fs::create_dir_all(&dir).map_err(failed(&dir))?;
        let path = dir.join("lock");
        let lock = File::create(&path).map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RecordError::InUse(dir)),
            Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
        }
        let records = Self { dir, _lock: lock };
        records.tidy()?;
        Ok(records)
    }

    /// Removes folders without a record.
    fn tidy(&self) -> Result<(), RecordError> {
        for entry in fs::read_dir(&self.dir).map_err(failed(&self.dir))? {
            let path = entry.map_err(failed(&self.dir))?.path();
            if path.is_dir() && !path.join(RECORD).is_file() {
                fs::remove_dir_all(&path).map_err(failed(&path))?;
            }
        }
        Ok(())
    }

    /// A folder that is gone when it is dropped, or when the worker starts again.
    pub fn scratch(&self) -> Result<TempDir, RecordError> {
        tempfile::tempdir_in(&self.dir).map_err(failed(&self.dir))
    }

    fn path(&self, job: JobId) -> PathBuf {
        self.dir.join(job.to_string())
    }

    /// The jobs that have a record.
    pub fn jobs(&self) -> Result<Vec<JobId>, RecordError> {
        let mut jobs: Vec<JobId> = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed(&self.dir))? {
            let name = entry.map_err(failed(&self.dir))?.file_name();
            jobs.extend(name.to_str().and_then(|name| name.parse::<JobId>().ok()));
        }
        jobs.retain(|job| self.path(*job).join(RECORD).is_file());
        jobs.sort_unstable();
        Ok(jobs)
    }

    /// An empty folder to work on a job in.
    pub fn work(&self, job: JobId) -> Result<PathBuf, RecordError> {
        let path = self.path(job).join(WORK);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed(&path))?;
        }
        fs::create_dir_all(&path).map_err(failed(&path))?;
        Ok(path)
    }

    /// The record of a job.
    pub fn load(&self, job: JobId) -> Result<Option<Record>, RecordError> {
        let path = self.path(job).join(RECORD);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path)(error)),
        };
        let damaged = |reason: String| RecordError::Damaged { path: path.clone(), reason };
        let record: Record = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        record.salt().ok_or_else(|| damaged("the salt isn't 32 bytes in hex".into()))?;
        Ok(Some(record))
    }

    /// What the program of a job left, packed.
    pub fn output(&self, job: JobId) -> PathBuf {
        self.path(job).join(OUTPUT)
    }

    /// Keeps a result. `car` is taken over when there is one; the work is removed.
    pub fn save(&self, job: JobId, record: &Record, car: Option<&Path>) -> Result<(), RecordError> {
        let dir = self.path(job);
        if let Some(car) = car {
            let path = self.output(job);
            fs::rename(car, &path).map_err(failed(&path))?;
        }
        let (path, temporary) = (dir.join(RECORD), dir.join("record.new"));
        let text = serde_json::to_vec(record)
            .map_err(|error| RecordError::Damaged { path: path.clone(), reason: error.to_string() })?;
        let mut file = File::create(&temporary).map_err(failed(&temporary))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed(&temporary))?;
        fs::rename(&temporary, &path).map_err(failed(&path))?;
        for dir in [&dir, &self.dir] {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed(dir))?;
        }
        let work = dir.join(WORK);
        if work.exists() {
            fs::remove_dir_all(&work).map_err(failed(&work))?;
        }
        Ok(())
    }

    /// Forgets a job.
    pub fn remove(&self, job: JobId) -> Result<(), RecordError> {
        let path = self.path(job);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_sdk::chain::compute::Exit;

    fn receipt() -> Receipt {
        Receipt {
            engine: "00".into(),
            exit: Exit::Exited(0),
            reason: "it returned".into(),
            fuel: 7,
            output: None,
            piece: None,
            seconds: 0.5,
        }
    }

    #[test]
    fn a_result_survives_and_half_done_work_does_not() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::open(data.path(), "0x0123456789abcdef01", "5Worker").unwrap();
        let record = Record::new(receipt()).unwrap();
        let car = records.work(JobId(3)).unwrap().join("output.car");
        fs::write(&car, "car").unwrap();
        records.save(JobId(3), &record, Some(&car)).unwrap();
        records.work(JobId(4)).unwrap();
        let scratch = records.scratch().unwrap().keep();
        drop(records);

        let records = Records::open(data.path(), "0x0123456789abcdef01", "5Worker").unwrap();
        assert_eq!(records.jobs().unwrap(), [JobId(3)]);
        assert!(!records.path(JobId(4)).exists() && !scratch.exists());
        assert_eq!(records.load(JobId(3)).unwrap().unwrap().salt, record.salt);
        assert_eq!(fs::read(records.output(JobId(3))).unwrap(), b"car");
        assert!(records.load(JobId(4)).unwrap().is_none());
        records.remove(JobId(3)).unwrap();
        assert!(records.jobs().unwrap().is_empty());
    }

    #[test]
    fn two_workers_cannot_share_a_folder_and_two_chains_can() {
        let data = tempfile::tempdir().unwrap();
        let _first = Records::open(data.path(), "0x0123456789abcdef01", "5Worker").unwrap();
        let second = Records::open(data.path(), "0x0123456789abcdef01", "5Worker");
        assert!(matches!(second, Err(RecordError::InUse(_))), "{second:?}");
        Records::open(data.path(), "0xffff456789abcdef01", "5Worker").unwrap();
    }

    #[test]
    fn a_damaged_record_is_named() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::open(data.path(), "0x0123456789abcdef01", "5Worker").unwrap();
        records.work(JobId(1)).unwrap();
        records.save(JobId(1), &Record::new(receipt()).unwrap(), None).unwrap();
        let path = records.path(JobId(1)).join(RECORD);
        fs::write(&path, "{").unwrap();
        let error = records.load(JobId(1)).unwrap_err();
        assert!(error.to_string().contains("record.json"), "{error}");
    }
}
