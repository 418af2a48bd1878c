//! Folders that are sealed, packed, and opened again.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use proptest::prelude::*;
use stoa_content::{
    PackError, pack_dir,
    seal::{
        ContentKey, FRAME_SIZE, HEADER_SIZE, MANIFEST, Manifest, OpenError, Reader, SealError, place,
        seal_dir, survey,
    },
};
use tempfile::{TempDir, tempdir};

fn key(seed: u8) -> ContentKey {
    ContentKey::new([seed; 32])
}

fn folder(files: &[(&str, Vec<u8>)], empty: &[&str]) -> TempDir {
    let dir = tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    for path in empty {
        fs::create_dir_all(dir.path().join(path)).unwrap();
    }
    dir
}

fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 256) as u8 ^ seed).collect()
}

fn sealed(dir: &Path, key: &ContentKey) -> TempDir {
    let out = tempdir().unwrap();
    let manifest = survey(dir, &mut |_| ()).unwrap();
    seal_dir(dir, &manifest, key, out.path(), &mut |_| ()).unwrap();
    out
}

/// Opens everything below a sealed folder.
fn open_all(sealed: &Path, key: &ContentKey) -> Result<Vec<(String, Vec<u8>)>, OpenError> {
    let manifest = Manifest::open(key, &fs::read(sealed.join(MANIFEST)).unwrap())?;
    let mut all = Vec::new();
    for (place, file) in manifest.places() {
        let mut source = File::open(sealed.join(place)).unwrap();
        let length = source.metadata().unwrap().len();
        let mut header = [0; HEADER_SIZE];
        source.read_exact(&mut header).unwrap();
        let opener = manifest.open_file(key, file, &header, length)?;
        let mut plain = Vec::new();
        Reader::new(source, opener).read(0..file.size, &mut plain)?;
        all.push((file.path.clone(), plain));
    }
    Ok(all)
}

#[test]
fn a_folder_comes_back_byte_for_byte() {
    let files = [
        ("README.md", b"# Weights".to_vec()),
        ("empty", Vec::new()),
        ("nested/deep/model.bin", bytes(3 * FRAME_SIZE + 1, 1)),
        ("nested/frame.bin", bytes(FRAME_SIZE, 2)),
        ("\u{fc}n\u{ef}c\u{f6}de.txt", bytes(100, 3)),
    ];
    let dir = folder(&files, &["nothing/here"]);
    let out = sealed(dir.path(), &key(1));
    let mut expected: Vec<_> =
        files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone())).collect();
    expected.sort();
    assert_eq!(open_all(out.path(), &key(1)).unwrap(), expected);
    let manifest = survey(dir.path(), &mut |_| ()).unwrap();
    assert_eq!(manifest.empty_folders(), ["nothing/here"]);
    assert_eq!(manifest.size(), files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
}

#[test]
fn the_same_folder_and_key_make_the_same_piece_and_another_key_another_one() {
    let dir = folder(&[("a", bytes(200_000, 1)), ("b", bytes(10, 2))], &[]);
    let root = |key: &ContentKey| {
        let out = sealed(dir.path(), key);
        pack_dir(out.path(), &mut std::io::Cursor::new(Vec::new()), &mut |_| ()).unwrap().piece
    };
    assert_eq!(root(&key(1)), root(&key(1)));
    assert_ne!(root(&key(1)), root(&key(2)));
}

#[test]
fn nothing_but_lengths_shows() {
    let secret = b"a sentence that stands in the plain file and must not stand in any sealed one".to_vec();
    let dir = folder(&[("telling-name.txt", secret.clone()), ("telling-too/x", secret.clone())], &[]);
    let out = sealed(dir.path(), &key(1));
    let mut names = Vec::new();
    for entry in [MANIFEST.to_owned(), place(0), place(1)] {
        let bytes = fs::read(out.path().join(&entry)).unwrap();
        assert!(!bytes.windows(20).any(|window| window == &secret[..20]), "{entry}");
        assert!(!bytes.windows(7).any(|window| window == b"telling"), "{entry}");
        names.push(bytes);
    }
    assert_ne!(names[1][HEADER_SIZE..], names[2][HEADER_SIZE..], "equal files look different");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2);
}

#[test]
fn a_wrong_key_is_told() {
    let dir = folder(&[("a", bytes(10, 1))], &[]);
    let out = sealed(dir.path(), &key(1));
    assert!(matches!(open_all(out.path(), &key(2)), Err(OpenError::WrongKey(_))));
}

#[test]
fn files_that_change_places_are_found() {
    let dir = folder(&[("a", bytes(1_000, 1)), ("b", bytes(1_000, 2))], &[]);
    let out = sealed(dir.path(), &key(1));
    let (one, two) = (out.path().join(place(0)), out.path().join(place(1)));
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    fs::write(&one, &second).unwrap();
    fs::write(&two, &first).unwrap();
    assert!(matches!(open_all(out.path(), &key(1)), Err(OpenError::WrongPlace(path)) if path == "a"));
}

#[test]
fn a_manifest_or_file_of_another_folder_under_the_same_key_is_found() {
    let one = folder(&[("a", bytes(1_000, 1))], &[]);
    let other = folder(&[("a", bytes(1_000, 2))], &[]);
    let (out, strange) = (sealed(one.path(), &key(1)), sealed(other.path(), &key(1)));
    fs::copy(strange.path().join(place(0)), out.path().join(place(0))).unwrap();
    assert!(matches!(open_all(out.path(), &key(1)), Err(OpenError::WrongPlace(_))));
    let out = sealed(one.path(), &key(1));
    fs::copy(strange.path().join(MANIFEST), out.path().join(MANIFEST)).unwrap();
    assert!(matches!(open_all(out.path(), &key(1)), Err(OpenError::WrongPlace(_))));
    fs::copy(out.path().join(place(0)), out.path().join(MANIFEST)).unwrap();
    assert!(matches!(open_all(out.path(), &key(1)), Err(OpenError::WrongPlace(_))));
}

#[test]
fn a_file_that_was_cut_at_a_frame_is_found() {
    let dir = folder(&[("a", bytes(3 * FRAME_SIZE, 1))], &[]);
    let out = sealed(dir.path(), &key(1));
    let file = File::options().write(true).open(out.path().join(place(0))).unwrap();
    file.set_len((HEADER_SIZE + 2 * (FRAME_SIZE + 16)) as u64).unwrap();
    assert!(matches!(open_all(out.path(), &key(1)), Err(OpenError::Length { .. })));
}

#[test]
fn a_file_that_changes_between_survey_and_sealing_fails() {
    let dir = folder(&[("a", bytes(1_000, 1))], &[]);
    let manifest = survey(dir.path(), &mut |_| ()).unwrap();
    fs::write(dir.path().join("a"), bytes(1_000, 2)).unwrap();
    let out = tempdir().unwrap();
    let failed = seal_dir(dir.path(), &manifest, &key(1), out.path(), &mut |_| ()).unwrap_err();
    assert!(matches!(failed, SealError::Pack(PackError::Changed(_))), "{failed}");
    assert!(!out.path().join(MANIFEST).exists());
}

#[cfg(unix)]
#[test]
fn links_are_refused() {
    let dir = folder(&[("a", bytes(10, 1))], &[]);
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
    assert!(matches!(survey(dir.path(), &mut |_| ()), Err(SealError::Pack(PackError::Symlink(_)))));
}

#[test]
fn progress_counts_plain_bytes() {
    let dir = folder(&[("a", bytes(100_000, 1)), ("b", bytes(50, 2))], &[]);
    let mut last = 0;
    let manifest = survey(dir.path(), &mut |done| last = done).unwrap();
    assert_eq!(last, 100_050);
    let out = tempdir().unwrap();
    seal_dir(dir.path(), &manifest, &key(1), out.path(), &mut |done| last = done).unwrap();
    assert_eq!(last, 100_050);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, fork: false, ..ProptestConfig::default() })]

    #[test]
    fn any_change_to_the_sealed_form_is_found(
        lengths in prop::collection::vec(0..2 * FRAME_SIZE, 1..4), which in any::<usize>(), at in any::<usize>(), bit in 0..8_u32,
    ) {
        let names = ["a", "b/c", "d"];
        let files: Vec<_> = names.iter().zip(&lengths).map(|(name, length)| (*name, bytes(*length, 9))).collect();
        let dir = folder(&files, &[]);
        let out = sealed(dir.path(), &key(1));
        let which = which % (files.len() + 1);
        let path = out.path().join(if which == files.len() { MANIFEST.to_owned() } else { place(which) });
        let mut changed = fs::read(&path).unwrap();
        let at = at % changed.len();
        changed[at] ^= 1 << bit;
        fs::write(&path, changed).unwrap();
        prop_assert!(open_all(out.path(), &key(1)).is_err());
    }
}
