//! A folder that is nowhere on disk: files named by their paths, opened one by one while they are packed.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{self, Read},
    path::PathBuf,
};

use crate::{MAX_DEPTH, PackError};

/// Files and folders by their names, as [`crate::Store::import_files`] packs them. A file is what the caller opens it by.
#[derive(Debug, Default)]
pub struct Folder<F> {
    entries: BTreeMap<String, Node<F>>,
}

/// An entry of a [`Folder`].
#[derive(Debug)]
pub(crate) enum Node<F> {
    Folder(Folder<F>),
    File { size: u64, file: F },
}

/// Opens files of a [`Folder`]. They are read to their end, one after the other.
pub trait OpenFile<F>: Send + Sync {
    /// The file's bytes, as many as the folder says.
    fn open(&self, file: &F) -> io::Result<Box<dyn Read + '_>>;
}

impl<F> Folder<F> {
    /// An empty folder.
    pub fn new() -> Self {
        Self { entries: BTreeMap::new() }
    }

    /// Adds a file at a path with `/` between its parts, and the folders that it lies in.
    pub fn add_file(&mut self, path: &str, size: u64, file: F) -> Result<(), PackError> {
        let (folder, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (self.make(folder, path)?, name),
            None => (self, path),
        };
        check(name, path)?;
        match folder.entries.entry(name.to_owned()) {
            Entry::Occupied(_) => Err(PackError::Twice(path.into())),
            Entry::Vacant(place) => {
                place.insert(Node::File { size, file });
                Ok(())
            }
        }
    }

    /// Adds a folder, which may stay empty.
    pub fn add_folder(&mut self, path: &str) -> Result<(), PackError> {
        self.make(path, path).map(|_| ())
    }

    fn make(&mut self, folder: &str, path: &str) -> Result<&mut Self, PackError> {
        let mut here = self;
        for (depth, part) in folder.split('/').enumerate() {
            check(part, path)?;
            if depth >= MAX_DEPTH {
                return Err(PackError::Depth(path.into()));
            }
            let node = here.entries.entry(part.to_owned()).or_insert_with(|| Node::Folder(Folder::new()));
            match node {
                Node::Folder(inner) => here = inner,
                Node::File { .. } => return Err(PackError::Twice(path.into())),
            }
        }
        Ok(here)
    }

    /// The entries, in the order of their names' bytes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Node<F>)> {
        self.entries.iter()
    }
}

/// No system lists these; one that does would let a file land outside the folder when it is unpacked.
fn check(name: &str, path: &str) -> Result<(), PackError> {
    match matches!(name, "" | "." | "..") || name.contains(['/', '\\', '\0']) {
        true => Err(PackError::Name(PathBuf::from(path))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_file_or_a_folder_and_never_both() {
        let mut folder = Folder::new();
        folder.add_file("a/b", 0, ()).unwrap();
        folder.add_folder("a").unwrap();
        folder.add_folder("c").unwrap();
        for taken in ["a/b", "a", "a/b/c", "c"] {
            assert!(matches!(folder.add_file(taken, 0, ()), Err(PackError::Twice(_))), "{taken}");
        }
        assert!(matches!(folder.add_folder("a/b"), Err(PackError::Twice(_))));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let mut folder = Folder::new();
        for path in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a/b\0"] {
            assert!(matches!(folder.add_file(path, 0, ()), Err(PackError::Name(_))), "{path:?}");
        }
        let deep = "a/".repeat(MAX_DEPTH + 1) + "b";
        assert!(matches!(folder.add_file(&deep, 0, ()), Err(PackError::Depth(_))));
    }
}
