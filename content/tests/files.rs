//! Files that are nowhere on disk are packed as a folder of them would be.

mod support;

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use stoa_content::{Folder, OpenFile, PackError, Store, StoreError, StoreOptions};
use support::{bytes, put};

/// Files are their sizes and seeds.
struct Made(AtomicUsize);

impl OpenFile<(u64, u64)> for Made {
    fn open(&self, file: &(u64, u64)) -> io::Result<Box<dyn Read + '_>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(io::Cursor::new(bytes(file.0, file.1))))
    }
}

fn store(dir: &tempfile::TempDir) -> Store {
    Store::open(&dir.path().join("store"), StoreOptions { byte_limit: 1 << 30 }).unwrap()
}

#[test]
fn files_make_the_piece_that_their_folder_makes() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    std::fs::create_dir(&source).unwrap();
    let files = [
        ("b/model.bin", 5 << 20, 1),
        ("b c/x", 100, 2),
        ("README.md", 7, 3),
        ("b/empty", 0, 4),
        ("b.txt", 1, 5),
    ];
    let mut folder = Folder::new();
    for (path, size, seed) in files {
        put(&source, path, size, seed);
        folder.add_file(path, size, (size, seed)).unwrap();
    }
    std::fs::create_dir(source.join("b/none")).unwrap();
    folder.add_folder("b/none").unwrap();
    let expected = store(&dir).import_dir(&source, &mut |_| ()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let made = Made(AtomicUsize::new(0));
    let packed = store(&other).import_files(&folder, &made, &mut |_| ()).unwrap();
    assert_eq!(packed, expected);
    assert_eq!(made.0.load(Ordering::Relaxed), files.len());
}

#[test]
fn a_file_that_is_longer_or_shorter_than_said_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    for said in [99, 101] {
        let mut folder = Folder::new();
        folder.add_file("a", said, (100, 1)).unwrap();
        let failed = store.import_files(&folder, &Made(AtomicUsize::new(0)), &mut |_| ());
        assert!(matches!(failed, Err(StoreError::Pack(PackError::Changed(_)))), "{failed:?}");
    }
    assert_eq!((store.stats().pieces, store.stats().bytes), (0, 0));
}

#[test]
fn a_view_shows_one_restricted_piece_until_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let piece = |seed| {
        let mut folder = Folder::new();
        folder.add_file("a", 100, (100, seed)).unwrap();
        store.import_files(&folder, &Made(AtomicUsize::new(0)), &mut |_| ()).unwrap()
    };
    let (mine, other) = (piece(1), piece(2));
    let open = Arc::new(AtomicBool::new(true));
    let view = store.view(mine.piece.root, open.clone());
    assert!(view.block(&mine.content.digest).unwrap().is_some());
    assert!(view.has_block(&mine.files[0].content.digest).unwrap());
    assert!(view.block(&other.content.digest).unwrap().is_none());
    assert!(!view.has_block(&other.content.digest).unwrap());
    assert!(store.block(&mine.content.digest).unwrap().is_none());
    open.store(false, Ordering::Relaxed);
    assert!(view.block(&mine.content.digest).unwrap().is_none());
    assert!(!view.has_block(&mine.content.digest).unwrap());
    let having = store.pieces_with(&mine.files[0].content.digest, 8).unwrap();
    assert_eq!(having.iter().map(|info| info.piece).collect::<Vec<_>>(), [mine.piece]);
}
