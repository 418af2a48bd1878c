//! Packing: the same folder gives the same names everywhere, and they are those of other tools.

mod support;

use std::{collections::HashSet, ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use sha2::{Digest, Sha256};
use stoa_content::{
    Codec, PackError, Piece,
    car::{HEADER_SIZE, Reader},
    pack_dir, text,
    unixfs::Node,
};
use support::{bytes, car, folder, lay_out, put, specs};

#[test]
fn root_cids_equal_those_of_the_unixfs_importer() {
    let specs = specs();
    assert!(specs.len() >= 14);
    for spec in specs {
        let dir = lay_out(&spec);
        let mut out = tempfile::tempfile().unwrap();
        let packed = pack_dir(dir.path(), &mut out, &mut |_| ()).unwrap();
        assert_eq!(text(&packed.content), spec.root, "{}", spec.name);
    }
}

#[test]
fn piece_is_the_blake3_hash_of_the_car() {
    for sizes in [vec![], vec![0], vec![1], vec![16_000], vec![16_384, 3 << 20], vec![5 << 20, 1, 1 << 20]] {
        let (packed, car) = car(folder(&sizes, 1).path());
        let root = *blake3::hash(&car).as_bytes();
        assert_eq!(packed.piece, Piece { root, size: car.len() as u64 }, "{sizes:?}");
    }
}

#[test]
fn car_lists_each_block_once_children_first_root_last() {
    let dir = folder(&[3 << 20, 100, 100], 1);
    put(dir.path(), "again", 3 << 20, 1);
    put(dir.path(), "sub/again", 100, 2);
    let (packed, car) = car(dir.path());
    let mut seen = HashSet::new();
    let mut reader = Reader::new(car.as_slice());
    let mut last = None;
    for block in &mut reader {
        let block = block.unwrap();
        let start = block.offset as usize;
        assert_eq!(block.data, car[start..start + block.data.len()]);
        if block.content.codec == Codec::DagPb {
            let node = Node::decode(&block.data).unwrap();
            assert!(node.links.iter().all(|link| seen.contains(&link.content)));
        }
        assert!(seen.insert(block.content));
        last = Some(block.content);
    }
    assert_eq!(last, Some(packed.content));
    assert_eq!(reader.root(), Some(packed.content));
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let dir = folder(&[2 << 20, 7], 3);
    assert_eq!(car(dir.path()), car(dir.path()));
}

#[test]
fn car_starts_at_the_position_of_the_output() {
    use std::io::{Cursor, Seek, Write};
    let dir = folder(&[2 << 20, 7], 3);
    let mut out = Cursor::new(Vec::new());
    out.write_all(b"before").unwrap();
    pack_dir(dir.path(), &mut out, &mut |_| ()).unwrap();
    assert_eq!(out.stream_position().unwrap(), out.get_ref().len() as u64);
    let out = out.into_inner();
    assert_eq!(&out[..6], b"before");
    assert_eq!(out[6..], car(dir.path()).1);
}

#[test]
fn files_are_listed_with_size_and_sha256() {
    let sizes = [0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 1, 4 << 20];
    let dir = folder(&sizes, 1);
    let (packed, _) = car(dir.path());
    assert_eq!(packed.files.len(), sizes.len());
    for (index, (file, size)) in packed.files.iter().zip(sizes).enumerate() {
        assert_eq!(file.path, format!("file-{index}.bin"));
        assert_eq!(file.size, size);
        assert_eq!(file.sha256, *Sha256::digest(bytes(size, 1 + index as u64)).as_slice());
    }
}

#[test]
fn progress_counts_every_byte() {
    let dir = folder(&[3 << 20, 5], 1);
    let mut seen = Vec::new();
    pack_dir(dir.path(), std::io::Cursor::new(Vec::new()), &mut |bytes| seen.push(bytes)).unwrap();
    assert_eq!(seen, [1 << 20, 2 << 20, 3 << 20, (3 << 20) + 5]);
}

#[test]
fn an_empty_folder_makes_a_car_of_one_block() {
    let (packed, car) = car(folder(&[], 1).path());
    let blocks: Vec<_> = Reader::new(car.as_slice()).map(Result::unwrap).collect();
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].content, packed.content);
    assert_eq!(car.len(), HEADER_SIZE + 1 + 36 + blocks[0].data.len());
}

fn refusal(dir: &std::path::Path) -> PackError {
    pack_dir(dir, std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap_err()
}

#[test]
fn symlinks_are_refused() {
    let dir = folder(&[1], 1);
    std::os::unix::fs::symlink("file-0.bin", dir.path().join("link")).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(&error, PackError::Symlink(path) if path.ends_with("link")), "{error}");
    fs::remove_file(dir.path().join("link")).unwrap();
    std::os::unix::fs::symlink("..", dir.path().join("up")).unwrap();
    assert!(matches!(refusal(dir.path()), PackError::Symlink(_)));
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let dir = folder(&[1], 1);
    fs::write(dir.path().join(OsStr::from_bytes(b"bad\xff")), b"").unwrap();
    assert!(matches!(refusal(dir.path()), PackError::Name(_)));
}

#[test]
fn names_that_other_systems_read_as_paths_are_refused() {
    let dir = folder(&[1], 1);
    fs::write(dir.path().join("..\\evil"), b"").unwrap();
    assert!(matches!(refusal(dir.path()), PackError::Name(_)));
}

#[test]
fn special_files_are_refused() {
    let dir = folder(&[1], 1);
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    assert!(matches!(refusal(dir.path()), PackError::Special(_)));
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let dir = folder(&[1], 1);
    assert!(matches!(refusal(&dir.path().join("file-0.bin")), PackError::NotAFolder(_)));
    assert!(matches!(refusal(&dir.path().join("absent")), PackError::Read { .. }));
}

#[test]
fn folders_too_deep_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &format!("{}file", "d/".repeat(stoa_content::MAX_DEPTH)), 1, 1);
    pack_dir(dir.path(), std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap();
    put(dir.path(), &format!("{}file", "d/".repeat(stoa_content::MAX_DEPTH + 1)), 1, 1);
    assert!(matches!(refusal(dir.path()), PackError::Depth(_)));
}

#[test]
fn a_folder_whose_node_would_be_too_large_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for index in 0..8000 {
        fs::write(dir.path().join(format!("{index:0>250}")), b"").unwrap();
    }
    assert!(matches!(refusal(dir.path()), PackError::FolderTooLarge { .. }));
}

#[test]
fn an_output_that_fails_is_reported() {
    let dir = folder(&[40 << 20], 1);
    let mut small = vec![0; 3 << 20];
    let error = pack_dir(dir.path(), std::io::Cursor::new(&mut small[..]), &mut |_| ()).unwrap_err();
    assert!(matches!(error, PackError::Write(_)), "{error}");
}
