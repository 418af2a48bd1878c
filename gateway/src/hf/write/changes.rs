//! The files of a new revision: those of the one before it, with a commit's changes.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    sync::Arc,
};

use stoa_content::{Folder, OpenFile};
use stoa_primitives::ContentId;

use super::{
    super::{
        error::{HubError, shown},
        files::{FileReader, MAX_ENTRIES, Source, is_plain_name},
    },
    payload::Operation,
    staging::{Object, Oid},
};

/// Where the bytes of a file are.
#[derive(Clone)]
pub(in crate::hf) enum Bytes {
    /// In a revision that is here.
    Kept { content: ContentId, size: u64 },
    /// In the commit's spool.
    Spool { start: u64, size: u64 },
    /// Among those that were sent ahead.
    Staged(Arc<Object>),
}

/// A file of the new revision.
#[derive(Clone)]
pub(in crate::hf) struct Entry {
    pub(in crate::hf) size: u64,
    pub(in crate::hf) bytes: Bytes,
}

/// The files of a revision, by path, and its folders that have none.
#[derive(Default)]
pub(in crate::hf) struct Files {
    pub(in crate::hf) files: BTreeMap<String, Entry>,
    pub(in crate::hf) folders: Vec<String>,
}

impl Files {
    /// Applies changes in their order. `find` knows the files that can be named by their hash.
    pub(super) fn apply(
        &mut self,
        operations: &[Operation],
        find: impl Fn(&Oid) -> Option<Entry>,
    ) -> Result<(), HubError> {
        for operation in operations {
            match operation {
                Operation::File { path, start, size } => {
                    self.put(
                        path,
                        Entry { size: *size, bytes: Bytes::Spool { start: *start, size: *size } },
                    )?;
                }
                Operation::LfsFile { path, oid, size } => {
                    let found = find(oid).ok_or(HubError::NoObject)?;
                    if size.is_some_and(|size| size != found.size) {
                        return Err(HubError::BadRequest(format!("{} has another size", shown(path))));
                    }
                    self.put(path, found)?;
                }
                Operation::DeleteFile { path } => {
                    if self.files.remove(path.as_str()).is_none() {
                        return Err(gone(path));
                    }
                }
                Operation::DeleteFolder { path } => self.delete_folder(path)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, path: &str, entry: Entry) -> Result<(), HubError> {
        if !path.split('/').all(is_plain_name) {
            return Err(HubError::BadRequest(format!(
                "{} can't be a file's path: use plain names with `/` between them",
                shown(path)
            )));
        }
        if self.files.len() >= MAX_ENTRIES {
            return Err(HubError::BadRequest(format!("a revision has at most {MAX_ENTRIES} files")));
        }
        self.files.insert(path.to_owned(), entry);
        Ok(())
    }

    fn delete_folder(&mut self, path: &str) -> Result<(), HubError> {
        let folder = path.trim_end_matches('/');
        let start = format!("{folder}/");
        let before = (self.files.len(), self.folders.len());
        self.files.retain(|path, _| !path.starts_with(&start));
        self.folders.retain(|path| path != folder && !path.starts_with(&start));
        match before == (self.files.len(), self.folders.len()) {
            true => Err(gone(path)),
            false => Ok(()),
        }
    }

    /// Bytes of all files.
    pub(super) fn size(&self) -> u64 {
        self.files.values().map(|entry| entry.size).fold(0, u64::saturating_add)
    }

    /// The folder that is packed.
    pub(super) fn folder(&self) -> Result<Folder<Bytes>, HubError> {
        let bad = |error: stoa_content::PackError| HubError::BadRequest(error.to_string());
        let mut folder = Folder::new();
        for (path, entry) in &self.files {
            folder.add_file(path, entry.size, entry.bytes.clone()).map_err(bad)?;
        }
        for path in &self.folders {
            // One that a file has taken the place of is gone.
            folder.add_folder(path).ok();
        }
        Ok(folder)
    }
}

/// The client knows this sentence.
fn gone(path: &str) -> HubError {
    HubError::NoSuchEntry(format!("A file with this name doesn't exist: {}", shown(path)))
}

/// Opens the files of a new revision.
pub(super) struct Opener {
    pub(super) source: Option<Source>,
    pub(super) spool: File,
}

impl OpenFile<Bytes> for Opener {
    fn open(&self, file: &Bytes) -> io::Result<Box<dyn Read + '_>> {
        Ok(match file {
            Bytes::Kept { content, size } => {
                let source = self.source.clone().ok_or(io::ErrorKind::NotFound)?;
                Box::new(FileReader::new(source, content, *size))
            }
            Bytes::Spool { start, size } => {
                Box::new(SpoolReader { file: &self.spool, at: *start, end: start.saturating_add(*size) })
            }
            Bytes::Staged(object) => Box::new(io::BufReader::new(File::open(&object.path)?)),
        })
    }
}

struct SpoolReader<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let count = match buffer.get_mut(..most) {
            Some(room) if !room.is_empty() => self.file.read_at(room, self.at)?,
            _ => 0,
        };
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use stoa_primitives::Codec;

    use super::*;

    fn kept(size: u64) -> Entry {
        Entry { size, bytes: Bytes::Kept { content: ContentId { codec: Codec::Raw, digest: [1; 32] }, size } }
    }

    fn files(paths: &[&str]) -> Files {
        let files = paths.iter().map(|path| ((*path).to_owned(), kept(1))).collect();
        Files { files, folders: vec!["none".into(), "a/none".into()] }
    }

    fn apply(files: &mut Files, operations: &[Operation]) -> Result<(), HubError> {
        files.apply(operations, |oid| (*oid == [7; 32]).then(|| kept(7)))
    }

    #[test]
    fn changes_are_applied_in_their_order() {
        let mut files = files(&["a/b", "a/c", "ab", "old"]);
        let operations = [
            Operation::DeleteFolder { path: "a/".into() },
            Operation::DeleteFile { path: "old".into() },
            Operation::File { path: "a/new".into(), start: 0, size: 3 },
            Operation::LfsFile { path: "big".into(), oid: [7; 32], size: Some(7) },
        ];
        apply(&mut files, &operations).unwrap();
        assert_eq!(files.files.keys().collect::<Vec<_>>(), ["a/new", "ab", "big"]);
        assert_eq!((files.folders.as_slice(), files.size()), (["none".to_owned()].as_slice(), 11));
        files.folder().unwrap();
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        let refused = |operation: Operation| apply(&mut files(&["a/b"]), &[operation]).unwrap_err();
        for path in ["../x", "a/../../x", "/x", "x/", "", "a\\b", "a//b", "a\nb", ".", "..%2f/.."] {
            let error = refused(Operation::File { path: path.into(), start: 0, size: 0 });
            assert!(matches!(error, HubError::BadRequest(_)), "{path:?}");
        }
        for operation in [
            Operation::DeleteFile { path: "a".into() },
            Operation::DeleteFile { path: "../a/b".into() },
            Operation::DeleteFolder { path: "a/b".into() },
            Operation::DeleteFolder { path: "c".into() },
        ] {
            assert!(matches!(refused(operation), HubError::NoSuchEntry(_)));
        }
        let lfs = |oid, size| refused(Operation::LfsFile { path: "x".into(), oid, size });
        assert!(matches!(lfs([8; 32], None), HubError::NoObject));
        assert!(matches!(lfs([7; 32], Some(8)), HubError::BadRequest(_)));
    }

    #[test]
    fn a_file_can_not_lie_in_a_file() {
        let mut files = files(&["a"]);
        files.folders.clear();
        apply(&mut files, &[Operation::File { path: "a/b".into(), start: 0, size: 0 }]).unwrap();
        assert!(matches!(files.folder(), Err(HubError::BadRequest(_))));
    }
}
