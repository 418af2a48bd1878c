//! Fetching a sealed revision, opened while it comes.
//!
//! Every block is checked against its CID, every frame against the key, and every file, when it is whole, against the
//! sha2-256 in the manifest; only then does it get its name. What a `.part` file holds is used again up to its last
//! whole frame; when it was damaged, the hash says so and the file is fetched from its start.

use super::PrivateError;
use crate::{
    dag::{self, DagError, FileStream, Listing, RemoteFile},
    fetch::{
        FRUITLESS_ATTEMPTS, FetchError, FetchOptions, FetchedFile, Outcome, PARALLEL, check_parts,
        exists_as_file, make_dir, part_name, place, unseen,
    },
    gateway::Gateway,
    observe::{Observer, Stage},
};
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use stoa_content::seal::{
    ContentKey, FRAME_SIZE, FileOpener, Frames, HEADER_SIZE, MANIFEST, Manifest, OpenError, PlainFile, survey,
};
use stoa_primitives::ContentId;
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    task::spawn_blocking,
};

/// Largest sealed manifest that is fetched.
const MAX_MANIFEST: u64 = 128 << 20;

/// The manifest of a sealed revision as it is stored, with the listing of its folder; `None` when the revision isn't
/// sealed.
pub async fn manifest_of(
    gateway: &Gateway,
    content: &ContentId,
) -> Result<Option<(Vec<u8>, Listing)>, DagError> {
    if !dag::has_entry(gateway, content, MANIFEST).await? {
        return Ok(None);
    }
    let listing = dag::list(gateway, content).await?;
    let Some(file) = listing.files.iter().find(|file| file.path == MANIFEST) else { return Ok(None) };
    if file.size > MAX_MANIFEST {
        return Err(DagError::TooLarge(format!("its manifest has {} bytes", file.size)));
    }
    let mut sealed = Vec::new();
    let mut stream = FileStream::open(gateway, content, file, 0).await?;
    while let Some((_, bytes)) = stream.next().await? {
        if sealed.len() as u64 + bytes.len() as u64 > MAX_MANIFEST {
            return Err(DagError::TooLarge("its manifest is longer than its folder says".into()));
        }
        sealed.extend_from_slice(&bytes);
    }
    Ok(Some((sealed, listing)))
}

/// Fetches a sealed revision, or files of it by their plain names, into a folder, and opens it.
pub async fn fetch_private(
    gateway: &Gateway,
    content: &ContentId,
    sealed: (Vec<u8>, Listing),
    key: &ContentKey,
    dir: &Path,
    options: &FetchOptions,
    observer: Arc<dyn Observer>,
) -> Result<Vec<FetchedFile>, PrivateError> {
    let (manifest, listing) = sealed;
    let manifest = Manifest::open(key, &manifest)?;
    let places: BTreeMap<_, _> = listing.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut sources = BTreeMap::new();
    let mut plain = Vec::with_capacity(manifest.files().len());
    for (place, file) in manifest.places() {
        let Some(remote) = places.get(place.as_str()) else {
            return Err(PrivateError::Missing { path: file.path.clone(), place });
        };
        sources.insert(file.path.as_str(), (file, *remote));
        plain.push(RemoteFile { path: file.path.clone(), size: file.size, content: remote.content });
    }
    let files = dag::select(plain, &options.files)?;
    check_parts(&files)?;
    let failed = |source| FetchError::Io { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(failed)?;
    if options.files.is_empty() {
        for folder in manifest.empty_folders() {
            make_dir(&place(dir, folder)?)?;
        }
    }
    let job = Job {
        gateway,
        root: content,
        manifest: &manifest,
        key,
        dir,
        force: options.force,
        observer: &*observer,
    };
    observer
        .begin(Stage::Download, Some(files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size))));
    let fetched = stream::iter(&files)
        .map(|named| {
            let (file, remote) = sources[named.path.as_str()];
            job.file(named, file, remote)
        })
        .buffered(PARALLEL)
        .try_collect()
        .await;
    observer.end();
    fetched
}

struct Job<'job> {
    gateway: &'job Gateway,
    root: &'job ContentId,
    manifest: &'job Manifest,
    key: &'job ContentKey,
    dir: &'job Path,
    force: bool,
    observer: &'job dyn Observer,
}

/// What of a file is on disk.
struct Written {
    file: File,
    size: u64,
    hasher: Sha256,
}

impl Job<'_> {
    async fn file(
        &self,
        named: &RemoteFile,
        file: &PlainFile,
        remote: &RemoteFile,
    ) -> Result<FetchedFile, PrivateError> {
        let target = place(self.dir, &file.path)?;
        let done = |outcome| FetchedFile {
            path: file.path.clone(),
            size: file.size,
            content: stoa_content::text(&remote.content),
            outcome,
        };
        if exists_as_file(&target)? {
            if hash(&target).await? == (file.size, file.sha256) {
                self.observer.advance(file.size);
                return Ok(done(Outcome::Kept));
            }
            if !self.force {
                return Err(FetchError::Exists(target).into());
            }
        }
        let part = target.with_file_name(part_name(named));
        let resumed = exists_as_file(&part)?;
        let mut start = if resumed { whole_frames(&part, file.size).await? } else { 0 };
        let outcome = if start > 0 { Outcome::Resumed } else { Outcome::Fetched };
        while !self.fill(file, remote, &part, start).await? {
            if start == 0 {
                return Err(PrivateError::Hash(part));
            }
            start = 0;
        }
        fs::rename(&part, &target).map_err(|source| FetchError::Io { path: target.clone(), source })?;
        Ok(done(if start > 0 { outcome } else { Outcome::Fetched }))
    }

    /// Fills a `.part` file from some frame's start on; says whether it is what the manifest says.
    async fn fill(
        &self,
        file: &PlainFile,
        remote: &RemoteFile,
        part: &Path,
        start: u64,
    ) -> Result<bool, PrivateError> {
        let mut written = Written::open(part, start).await?;
        self.observer.advance(start);
        let opener = self.manifest.opener(self.key, file);
        let first = FileOpener::frame_of(start);
        let reached = if first == 0 { 0 } else { opener.sealed_range(first).start };
        let header = (first == 0).then(|| Vec::with_capacity(HEADER_SIZE));
        let mut incoming = Incoming { frames: Frames::from(opener, first), header, reached };
        let mut fruitless = 0;
        loop {
            let before = incoming.reached;
            match self.transfer(file, remote, part, &mut incoming, &mut written).await {
                Ok(()) => break,
                Err(PrivateError::Dag(error)) if dag::is_transient(&error) => {
                    fruitless = if incoming.reached > before { 0 } else { fruitless + 1 };
                    if fruitless >= FRUITLESS_ATTEMPTS {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if incoming.header.is_some_and(|header| header.len() < HEADER_SIZE) {
            return Err(OpenError::NotSealed(file.path.clone()).into());
        }
        incoming.frames.finish()?;
        let failed = |source| FetchError::Io { path: part.to_owned(), source };
        written.file.sync_all().await.map_err(failed)?;
        let hash: [u8; 32] = written.hasher.finalize().into();
        Ok((written.size, hash) == (file.size, file.sha256))
    }

    /// Takes sealed bytes from where the transfer before it broke off, in the middle of a frame too.
    async fn transfer(
        &self,
        file: &PlainFile,
        remote: &RemoteFile,
        part: &Path,
        incoming: &mut Incoming,
        written: &mut Written,
    ) -> Result<(), PrivateError> {
        let failed = |source| FetchError::Io { path: part.to_owned(), source };
        let mut stream = FileStream::open(self.gateway, self.root, remote, incoming.reached).await?;
        while let Some((start, bytes)) = stream.next().await? {
            let new = unseen(start, bytes, incoming.reached);
            incoming.reached = incoming.reached.saturating_add(new.len() as u64);
            let mut body = &new[..];
            if let Some(header) = incoming.header.as_mut().filter(|header| header.len() < HEADER_SIZE) {
                let (head, rest) = body.split_at(body.len().min(HEADER_SIZE - header.len()));
                header.extend_from_slice(head);
                body = rest;
                if header.len() == HEADER_SIZE {
                    self.manifest.open_file(self.key, file, header, remote.size)?;
                }
            }
            let mut plain = Vec::with_capacity(body.len());
            let opened = incoming.frames.push(body, &mut |bytes| {
                plain.extend_from_slice(bytes);
                Ok(())
            });
            // What opened before a bad frame is good.
            written.hasher.update(&plain);
            written.file.write_all(&plain).await.map_err(failed)?;
            // A failed write shows when the file is flushed.
            written.file.flush().await.map_err(failed)?;
            written.size = written.size.saturating_add(plain.len() as u64);
            self.observer.advance(plain.len() as u64);
            opened?;
        }
        Ok(())
    }
}

/// A sealed file on its way.
struct Incoming {
    frames: Frames,
    /// What came of the header, when the file is fetched from its start.
    header: Option<Vec<u8>>,
    /// How many sealed bytes came, or were here before.
    reached: u64,
}

impl Written {
    /// Opens a `.part` file whose first `start` bytes are kept.
    async fn open(part: &Path, start: u64) -> Result<Self, FetchError> {
        let failed = |source| FetchError::Io { path: part.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(part).await.map_err(failed)?;
        file.set_len(start).await.map_err(failed)?;
        let (size, hasher) = read(&mut file).await.map_err(failed)?;
        file.seek(io::SeekFrom::Start(size)).await.map_err(failed)?;
        Ok(Self { file, size, hasher })
    }
}

/// How many bytes of a `.part` file are whole frames, and not the whole file.
async fn whole_frames(part: &Path, size: u64) -> Result<u64, FetchError> {
    let failed = |source| FetchError::Io { path: part.to_owned(), source };
    let length = tokio::fs::metadata(part).await.map_err(failed)?.len();
    let frame = FRAME_SIZE as u64;
    // The last frame is fetched in any case: it proves that nothing was cut.
    Ok((length / frame).min(size.saturating_sub(1) / frame) * frame)
}

async fn hash(path: &Path) -> Result<(u64, [u8; 32]), FetchError> {
    let failed = |source| FetchError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).await.map_err(failed)?;
    let (size, hasher) = read(&mut file).await.map_err(failed)?;
    Ok((size, hasher.finalize().into()))
}

async fn read(file: &mut File) -> io::Result<(u64, Sha256)> {
    let (mut size, mut hasher) = (0_u64, Sha256::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Ok((size, hasher));
        }
        hasher.update(&buffer[..read]);
        size = size.saturating_add(read as u64);
    }
}

/// Where a plain folder differs from what a sealed revision holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize)]
pub struct PlainDifferences {
    /// In the revision alone.
    pub missing: Vec<String>,
    /// In the folder alone.
    pub extra: Vec<String>,
    /// In both, with other bytes.
    pub changed: Vec<String>,
}

impl PlainDifferences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.changed.is_empty()
    }
}

/// Compares a plain folder with the files that a sealed revision's manifest names, byte for byte.
pub async fn verify_private(
    dir: &Path,
    sealed: &[u8],
    key: &ContentKey,
    observer: Arc<dyn Observer>,
) -> Result<(Manifest, PlainDifferences), PrivateError> {
    let manifest = Manifest::open(key, sealed)?;
    let (dir, watcher): (PathBuf, _) = (dir.to_owned(), observer.clone());
    observer.begin(Stage::Verify, None);
    let here = spawn_blocking(move || {
        let mut last = 0;
        survey(&dir, &mut |done: u64| {
            watcher.advance(done.saturating_sub(last));
            last = done;
        })
    })
    .await;
    observer.end();
    let here = here.map_err(|_| PrivateError::Stopped)??;
    let differences = differences(&here, &manifest);
    Ok((manifest, differences))
}

fn differences(here: &Manifest, there: &Manifest) -> PlainDifferences {
    let entries = |manifest: &Manifest| -> BTreeMap<String, Option<(u64, [u8; 32])>> {
        let files = manifest.files().iter().map(|file| (file.path.clone(), Some((file.size, file.sha256))));
        let folders = manifest.empty_folders().iter().map(|folder| (format!("{folder}/"), None));
        files.chain(folders).collect()
    };
    let (here, there) = (entries(here), entries(there));
    let only = |one: &BTreeMap<String, _>, other: &BTreeMap<String, _>| {
        one.keys().filter(|path| !other.contains_key(*path)).cloned().collect()
    };
    PlainDifferences {
        missing: only(&there, &here),
        extra: only(&here, &there),
        changed: there
            .iter()
            .filter(|(path, entry)| here.get(*path).is_some_and(|found| found != *entry))
            .map(|(path, _)| path.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_is_used_up_to_its_last_whole_frame_and_never_for_the_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let part = dir.path().join("x.part");
        let frame = FRAME_SIZE as u64;
        for (length, size, expected) in [
            (0, 3 * frame, 0),
            (frame - 1, 3 * frame, 0),
            (frame, 3 * frame, frame),
            (2 * frame + 5, 3 * frame, 2 * frame),
            (3 * frame, 3 * frame, 2 * frame),
            (9 * frame, 3 * frame + 1, 3 * frame),
            (frame, frame, 0),
            (5, 5, 0),
            (5, 0, 0),
        ] {
            fs::write(&part, vec![0; length as usize]).unwrap();
            assert_eq!(whole_frames(&part, size).await.unwrap(), expected, "{length} of {size}");
        }
    }

    #[test]
    fn differences_are_named() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (dir, files) in [(&one, [("a", "1"), ("b", "2")]), (&other, [("b", "3"), ("c", "4")])] {
            for (name, text) in files {
                fs::write(dir.path().join(name), text).unwrap();
            }
        }
        fs::create_dir(one.path().join("empty")).unwrap();
        let look = |dir: &tempfile::TempDir| survey(dir.path(), &mut |_| ()).unwrap();
        let found = differences(&look(&one), &look(&other));
        assert_eq!(found.missing, ["c"]);
        assert_eq!(found.extra, ["a", "empty/"]);
        assert_eq!(found.changed, ["b"]);
        assert!(differences(&look(&one), &look(&one)).is_empty());
    }
}
