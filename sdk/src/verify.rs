//! Checking that a folder on disk is a revision, byte for byte.

use crate::{
    dag::{self, DagError, FileWalk, RemoteFile},
    gateway::Gateway,
    observe::{Observer, Stage},
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    io,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use stoa_content::{MAX_BLOCK_SIZE, PackError, Packed, pack_dir, text};
use stoa_primitives::{Codec, ContentId, Piece};
use tokio::{
    fs::File,
    io::{AsyncReadExt, BufReader},
    task::spawn_blocking,
};

/// Why a folder couldn't be checked, or isn't the revision.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The folder can't be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The remote folder can't be read.
    #[error(transparent)]
    Dag(#[from] DagError),
    /// The folder isn't the revision.
    #[error("the folder isn't the revision: its root is {} and not {}{}", text(.actual), text(.expected), .differences.summary())]
    Differs {
        /// What the folder's root is.
        actual: ContentId,
        /// What it should be.
        expected: ContentId,
        /// Where they differ, as far as that could be found out.
        differences: Box<Differences>,
    },
    /// The content is the revision's, and its packed form isn't.
    #[error(
        "the folder has the revision's files, but not the piece that the chain names; whoever published it packed it in another way or named a wrong piece"
    )]
    OtherPiece,
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The work was stopped from outside.
    #[error("the work was stopped")]
    Stopped,
}

/// Where a folder differs from a revision.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Differences {
    /// In the revision alone.
    pub missing: Vec<String>,
    /// In the folder alone.
    pub extra: Vec<String>,
    /// In both, with other bytes.
    pub changed: Vec<String>,
}

impl Differences {
    /// Whether none were found.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.changed.is_empty()
    }

    fn summary(&self) -> String {
        let part = |what: &str, names: &[String]| match names {
            [] => String::new(),
            [name] => format!("; {what}: {name}"),
            [name, others @ ..] => format!("; {what}: {name} and {} more", others.len()),
        };
        part("missing", &self.missing)
            + &part("not in the revision", &self.extra)
            + &part("changed", &self.changed)
    }
}

/// How a folder was found to be the revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proof {
    /// Packing it gave the revision's root CID and, where it was known, the piece's BLAKE3 root.
    Root,
    /// Each of its files hashes, block by block, to the DAG below the root: the revision was packed by other rules.
    Blocks,
}

/// A folder that was found to be a revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// How.
    pub proof: Proof,
    /// How many files it has.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Checks that a folder is the one below a root. With a gateway, differences are found by name.
pub async fn verify(
    dir: &Path,
    content: &ContentId,
    piece: Option<&Piece>,
    gateway: Option<&Gateway>,
    observer: Arc<dyn Observer>,
) -> Result<Verified, VerifyError> {
    let packed = pack_to_nothing(dir, observer).await?;
    let bytes = packed.files.iter().map(|file| file.size).sum();
    let done = |proof| Verified { proof, files: packed.files.len(), bytes };
    if packed.content == *content {
        return match piece {
            Some(piece) if *piece != packed.piece => Err(VerifyError::OtherPiece),
            _ => Ok(done(Proof::Root)),
        };
    }
    let differs = |differences| VerifyError::Differs {
        actual: packed.content,
        expected: *content,
        differences: Box::new(differences),
    };
    let Some(gateway) = gateway else { return Err(differs(Differences::default())) };
    let listed = match dag::list(gateway, content).await {
        Ok(listed) => listed.files,
        // The verdict stands without the names.
        Err(DagError::Gateway(_)) => return Err(differs(Differences::default())),
        Err(error) => return Err(error.into()),
    };
    let local: BTreeMap<_, _> = packed.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let remote: BTreeMap<_, _> = listed.iter().map(|file| (file.path.as_str(), file)).collect();
    let only = |here: Vec<&str>, there: &dyn Fn(&str) -> bool| -> Vec<String> {
        here.into_iter().filter(|path| !there(path)).map(str::to_owned).collect()
    };
    let mut differences = Differences {
        missing: only(remote.keys().copied().collect(), &|path| local.contains_key(path)),
        extra: only(local.keys().copied().collect(), &|path| remote.contains_key(path)),
        changed: Vec::new(),
    };
    for (path, file) in &remote {
        let Some(here) = local.get(path) else { continue };
        if here.content != file.content && !check_file(gateway, &dir.join(path), file).await?.complete {
            differences.changed.push((*path).to_owned());
        }
    }
    if differences.is_empty() { Ok(done(Proof::Blocks)) } else { Err(differs(differences)) }
}

async fn pack_to_nothing(dir: &Path, observer: Arc<dyn Observer>) -> Result<Packed, VerifyError> {
    let dir = dir.to_owned();
    observer.begin(Stage::Verify, None);
    let watcher = observer.clone();
    let packed = spawn_blocking(move || {
        let mut last = 0;
        pack_dir(&dir, Nothing::default(), &mut |done| {
            watcher.advance(done.saturating_sub(last));
            last = done;
        })
    })
    .await;
    observer.end();
    Ok(packed.map_err(|_| VerifyError::Stopped)??)
}

/// Takes what is written and keeps none of it.
#[derive(Default)]
struct Nothing {
    position: u64,
    length: u64,
}

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.position = self.position.saturating_add(bytes.len() as u64);
        self.length = self.length.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Nothing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// How much of a file on disk is what it should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Checked {
    /// So many of its first bytes are.
    pub(crate) verified: u64,
    /// It is the whole file, and nothing more.
    pub(crate) complete: bool,
}

/// Checks a file on disk against its DAG, leaf by leaf. Nodes above the leaves come from the gateway; leaves don't.
pub(crate) async fn check_file(
    gateway: &Gateway,
    path: &Path,
    file: &RemoteFile,
) -> Result<Checked, VerifyError> {
    let failed = |source| VerifyError::Io { path: path.to_owned(), source };
    let opened = File::open(path).await.map_err(failed)?;
    let length = opened.metadata().await.map_err(failed)?.len();
    let mut local = BufReader::with_capacity(1 << 20, opened);
    let mut walk = FileWalk::new(&file.path, file.content, 0);
    let mut verified = 0_u64;
    while let Some(want) = walk.next() {
        let (data, expected) = if want.content.codec == Codec::Raw {
            let size = want.leaf_size().unwrap_or(length);
            if size > MAX_BLOCK_SIZE as u64 || size > length.saturating_sub(verified) {
                break;
            }
            let mut data = vec![0; size as usize];
            local.read_exact(&mut data).await.map_err(failed)?;
            if Sha256::digest(&data).as_slice() != want.content.digest {
                break;
            }
            (data.into(), None)
        } else {
            let node = gateway.block(&want.content).await.map_err(DagError::from)?;
            (node.clone(), Some(node))
        };
        let (_, bytes) = walk.take(data)?;
        // Bytes inside a node are compared; those of a leaf were hashed.
        if expected.is_some() && !bytes.is_empty() {
            let mut here = vec![0; bytes.len()];
            if bytes.len() as u64 > length.saturating_sub(verified) {
                break;
            }
            local.read_exact(&mut here).await.map_err(failed)?;
            if here != bytes {
                break;
            }
        }
        verified = verified.saturating_add(bytes.len() as u64);
    }
    Ok(Checked { verified, complete: walk.next().is_none() && verified == length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_keeps_its_place_as_a_file_would() {
        let mut nothing = Nothing::default();
        nothing.write_all(&[0; 10]).unwrap();
        assert_eq!(nothing.seek(SeekFrom::Start(2)).unwrap(), 2);
        nothing.write_all(&[0; 3]).unwrap();
        assert_eq!(nothing.stream_position().unwrap(), 5);
        assert_eq!(nothing.seek(SeekFrom::End(-1)).unwrap(), 9);
        assert!(nothing.seek(SeekFrom::Current(-10)).is_err());
    }

    #[test]
    fn differences_are_summed_up() {
        let differences = Differences {
            missing: vec!["a".into(), "b".into()],
            extra: Vec::new(),
            changed: vec!["c".into()],
        };
        assert_eq!(differences.summary(), "; missing: a and 1 more; changed: c");
        assert!(Differences::default().is_empty());
    }
}
