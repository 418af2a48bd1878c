//! Fetching a revision into a folder: verified while it comes, resumed where it stopped.
//!
//! A file is written under a name that ends in `.part`, synced and renamed when it is whole, so that a file under
//! its own name is always a verified one. What a `.part` file already holds is checked against the DAG before it is
//! used. Nothing is ever written outside the folder, and no symbolic link is followed inside it.

use crate::{
    dag::{self, DagError, FileStream, RemoteFile},
    gateway::Gateway,
    observe::{Observer, Stage},
    verify::{Proof, VerifyError, check_file, verify},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use stoa_primitives::{ContentId, Piece};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
};

/// How many files are fetched at once.
pub(crate) const PARALLEL: usize = 4;
/// How often a transfer that broke is taken up again without a byte of progress between.
pub(crate) const FRUITLESS_ATTEMPTS: usize = 3;
/// Longest part of a file's name that its `.part` name repeats.
const MAX_SHOWN_NAME: usize = 180;

/// Why a revision couldn't be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The DAG or the gateway.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// A file on disk couldn't be checked, or the folder isn't the revision in the end.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A file is in the way.
    #[error("{} exists and isn't the revision's: use another folder, or --force to replace it", .0.display())]
    Exists(PathBuf),
    /// Something that isn't a file or folder of its own is in the way.
    #[error("{} is {what}, and isn't followed or replaced: move it away", path.display())]
    Obstacle {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What to fetch, and how.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// Files and folders of the revision; everything, when there are none.
    pub files: Vec<String>,
    /// Replace files that differ.
    pub force: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was there already, and was checked.
    Kept,
    /// It was fetched from its first byte.
    Fetched,
    /// A part of it was there, and the rest was fetched.
    Resumed,
}

/// A file after a fetch.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FetchedFile {
    /// Path in the revision.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// The root CID of the file.
    pub content: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a fetch did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The files, in the order of their paths.
    pub files: Vec<FetchedFile>,
    /// How the whole folder was found to be the revision; `None` when a part was fetched, or when the folder has
    /// other files beside.
    pub proof: Option<Proof>,
}

/// Fetches a revision, or files of it, into a folder.
pub async fn fetch(
    gateway: &Gateway,
    content: &ContentId,
    piece: Option<&Piece>,
    dir: &Path,
    options: &FetchOptions,
    observer: Arc<dyn Observer>,
) -> Result<Fetched, FetchError> {
    let listed = dag::list(gateway, content).await?;
    let whole = options.files.is_empty();
    let files = dag::select(listed.files, &options.files)?;
    check_parts(&files)?;
    fs::create_dir_all(dir).map_err(|source| FetchError::Io { path: dir.to_owned(), source })?;

    let job = Job { gateway, root: content, dir, force: options.force, observer: &*observer };
    if whole {
        for folder in &listed.empty_folders {
            make_dir(&place(dir, folder)?)?;
        }
    }
    observer
        .begin(Stage::Download, Some(files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size))));
    let fetched: Result<Vec<_>, _> =
        stream::iter(&files).map(|file| job.file(file)).buffered(PARALLEL).try_collect().await;
    observer.end();
    let files: Vec<FetchedFile> = fetched?;

    let paths: HashSet<_> = files.iter().map(|file| file.path.as_str()).collect();
    let proof = if whole && !has_others(dir, &paths)? {
        Some(verify(dir, content, piece, Some(gateway), observer).await?.proof)
    } else {
        None
    };
    Ok(Fetched { files, proof })
}

struct Job<'job> {
    gateway: &'job Gateway,
    root: &'job ContentId,
    dir: &'job Path,
    force: bool,
    observer: &'job dyn Observer,
}

impl Job<'_> {
    async fn file(&self, file: &RemoteFile) -> Result<FetchedFile, FetchError> {
        let target = place(self.dir, &file.path)?;
        let done = |size, outcome| FetchedFile {
            path: file.path.clone(),
            size,
            content: stoa_content::text(&file.content),
            outcome,
        };
        if exists_as_file(&target)? {
            let checked = check_file(self.gateway, &target, file).await?;
            if checked.complete {
                self.observer.advance(checked.verified);
                return Ok(done(checked.verified, Outcome::Kept));
            }
            if !self.force {
                return Err(FetchError::Exists(target));
            }
        }
        let part = target.with_file_name(part_name(file));
        let start =
            if exists_as_file(&part)? { check_file(self.gateway, &part, file).await?.verified } else { 0 };
        self.observer.advance(start);
        let size = self.fill(file, &part, start).await?;
        fs::rename(&part, &target).map_err(|source| FetchError::Io { path: target.clone(), source })?;
        Ok(done(size, if start > 0 { Outcome::Resumed } else { Outcome::Fetched }))
    }

    /// Fetches a file's bytes from `start` on into its `.part` file, and gives its length.
    async fn fill(&self, file: &RemoteFile, part: &Path, start: u64) -> Result<u64, FetchError> {
        let failed = |source| FetchError::Io { path: part.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let mut output = options.open(part).await.map_err(failed)?;
        output.set_len(start).await.map_err(failed)?;
        output.seek(io::SeekFrom::Start(start)).await.map_err(failed)?;

        let mut reached = start;
        let mut fruitless = 0;
        loop {
            let before = reached;
            match self.transfer(file, &mut output, &mut reached, part).await {
                Ok(()) => break,
                Err(FetchError::Dag(error)) if dag::is_transient(&error) => {
                    fruitless = if reached > before { 0 } else { fruitless + 1 };
                    if fruitless >= FRUITLESS_ATTEMPTS {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        output.sync_all().await.map_err(failed)?;
        Ok(reached)
    }

    async fn transfer(
        &self,
        file: &RemoteFile,
        output: &mut File,
        reached: &mut u64,
        part: &Path,
    ) -> Result<(), FetchError> {
        let failed = |source| FetchError::Io { path: part.to_owned(), source };
        let mut input = FileStream::open(self.gateway, self.root, file, *reached).await?;
        while let Some((start, bytes)) = input.next().await? {
            let new = unseen(start, bytes, *reached);
            if new.is_empty() {
                continue;
            }
            output.write_all(&new).await.map_err(failed)?;
            // A failed write shows when the file is flushed.
            output.flush().await.map_err(failed)?;
            *reached = reached.saturating_add(new.len() as u64);
            self.observer.advance(new.len() as u64);
        }
        Ok(())
    }
}

/// Where a file of a revision goes in a folder; makes the folders on the way, and follows no link.
pub(crate) fn place(dir: &Path, path: &str) -> Result<PathBuf, FetchError> {
    let mut place = dir.to_owned();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        dag::check_segment(segment).map_err(|reason| DagError::Name {
            folder: path.to_owned(),
            name: segment.to_owned(),
            reason,
        })?;
        place.push(segment);
        if segments.peek().is_some() {
            make_dir(&place)?;
        }
    }
    Ok(place)
}

/// The bytes of a part that lie at or after a position.
pub(crate) fn unseen(start: u64, mut bytes: Bytes, from: u64) -> Bytes {
    let known = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_off(known)
}

pub(crate) fn make_dir(path: &Path) -> Result<(), FetchError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(metadata) => Err(obstacle(path, &metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::create_dir(path) {
            // Another file of the same folder may have come first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                _ => Err(FetchError::Io { path: path.to_owned(), source: error }),
            },
            result => result.map_err(|source| FetchError::Io { path: path.to_owned(), source }),
        },
        Err(source) => Err(FetchError::Io { path: path.to_owned(), source }),
    }
}

pub(crate) fn exists_as_file(path: &Path) -> Result<bool, FetchError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(metadata) => Err(obstacle(path, &metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FetchError::Io { path: path.to_owned(), source }),
    }
}

fn obstacle(path: &Path, metadata: &fs::Metadata) -> FetchError {
    let what = if metadata.is_symlink() {
        "a symbolic link"
    } else if metadata.is_dir() {
        "a folder"
    } else if metadata.is_file() {
        "a file"
    } else {
        "a device, socket or pipe"
    };
    FetchError::Obstacle { path: path.to_owned(), what }
}

/// The name of a file while it comes; another one for other content, so that no two are mixed.
pub(crate) fn part_name(file: &RemoteFile) -> String {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let mut shown = MAX_SHOWN_NAME.min(name.len());
    while !name.is_char_boundary(shown) {
        shown -= 1;
    }
    let digest = Sha256::new().chain_update(name).chain_update(file.content.to_bytes()).finalize();
    let tag = hex::encode(digest.get(..8).unwrap_or_default());
    format!("{}.{tag}.part", name.get(..shown).unwrap_or_default())
}

/// A file of the revision can't have the name that another has while it comes.
pub(crate) fn check_parts(files: &[RemoteFile]) -> Result<(), FetchError> {
    let paths: HashSet<_> = files.iter().map(|file| file.path.as_str()).collect();
    for file in files {
        let folder = file.path.rsplit_once('/').map(|(folder, _)| folder);
        let part = part_name(file);
        let path = folder.map_or_else(|| part.clone(), |folder| format!("{folder}/{part}"));
        if paths.contains(path.as_str()) {
            let reason = "it is what another file is called while it is fetched";
            return Err(
                DagError::Name { folder: folder.unwrap_or_default().to_owned(), name: part, reason }.into()
            );
        }
    }
    Ok(())
}

/// Whether a folder holds anything that isn't in a list.
fn has_others(dir: &Path, paths: &HashSet<&str>) -> Result<bool, FetchError> {
    let mut folders = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let failed = |source| FetchError::Io { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push((entry.path(), path));
            } else if !paths.contains(path.as_str()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::Codec;

    fn file(path: &str, seed: u8) -> RemoteFile {
        RemoteFile {
            path: path.into(),
            size: 1,
            content: ContentId { codec: Codec::Raw, digest: [seed; 32] },
        }
    }

    #[test]
    fn part_names_are_short_and_belong_to_one_content() {
        assert_ne!(part_name(&file("a", 1)), part_name(&file("a", 2)));
        assert!(part_name(&file(&"ä".repeat(127), 1)).len() <= 255);
        assert!(part_name(&file("folder/model.bin", 1)).starts_with("model.bin."));
    }

    #[test]
    fn a_file_named_like_anothers_part_is_refused() {
        let first = file("d/a", 1);
        let second = file(&format!("d/{}", part_name(&first)), 2);
        assert!(check_parts(&[first.clone(), file("d/b", 2)]).is_ok());
        assert!(matches!(check_parts(&[first, second]), Err(FetchError::Dag(DagError::Name { .. }))));
    }

    #[test]
    fn bytes_that_are_known_are_left_out() {
        let bytes = Bytes::from_static(b"0123456789");
        assert_eq!(unseen(100, bytes.clone(), 100), bytes);
        assert_eq!(unseen(100, bytes.clone(), 104), bytes.slice(4..));
        assert!(unseen(100, bytes, 200).is_empty());
    }
}
