//! Folders and stores for the tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use serde::Deserialize;
use stoa_content::{Packed, Store, StoreOptions};
use tempfile::TempDir;

/// A limit that no test reaches by accident.
pub(crate) const ROOMY: StoreOptions = StoreOptions { byte_limit: 4 << 30 };

/// A folder as the fixtures describe it.
#[derive(Deserialize)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) files: Vec<FileSpec>,
    pub(crate) folders: Vec<String>,
    #[serde(default)]
    pub(crate) many: u64,
    pub(crate) root: String,
}

#[derive(Deserialize)]
pub(crate) struct FileSpec {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) seed: u64,
}

pub(crate) fn specs() -> Vec<Spec> {
    serde_json::from_str(include_str!("../fixtures/cids.json")).unwrap()
}

pub(crate) fn lay_out(spec: &Spec) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in &spec.folders {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    for FileSpec { path, size, seed } in &spec.files {
        put(dir.path(), path, *size, *seed);
    }
    for index in 0..spec.many {
        put(dir.path(), &format!("entry-{index:05}.json"), index % 7, index % 11 + 1);
    }
    dir
}

/// Writes a file of `size` bytes that differ by `seed`; seed 0 gives zeros, without using the disk for them.
pub(crate) fn put(dir: &Path, path: &str, size: u64, seed: u64) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    if seed == 0 {
        file.set_len(size).unwrap();
    } else {
        file.write_all(&bytes(size, seed)).unwrap();
    }
}

pub(crate) fn bytes(size: u64, seed: u64) -> Vec<u8> {
    (0..size).map(|at| ((at * 31 + (at >> 8) * 17 + seed * 7) % 251) as u8).collect()
}

/// A folder of files with these sizes, all different.
pub(crate) fn folder(sizes: &[u64], seed: u64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (index, size) in sizes.iter().enumerate() {
        put(dir.path(), &format!("file-{index}.bin"), *size, seed + index as u64);
    }
    dir
}

/// The CAR of a folder.
pub(crate) fn car(dir: &Path) -> (Packed, Vec<u8>) {
    let mut out = std::io::Cursor::new(Vec::new());
    let packed = stoa_content::pack_dir(dir, &mut out, &mut |_| ()).unwrap();
    (packed, out.into_inner())
}

pub(crate) fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), ROOMY).unwrap();
    (dir, store)
}

pub(crate) fn import(store: &Store, sizes: &[u64], seed: u64) -> Packed {
    store.import_dir(folder(sizes, seed).path(), &mut |_| ()).unwrap()
}

/// The names of all files below a folder.
pub(crate) fn listing(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(listing(&path));
        } else {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    names
}
