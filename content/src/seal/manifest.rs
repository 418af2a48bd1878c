//! What a sealed folder holds, under its key.

use std::{
    collections::HashSet,
    fmt,
    io::{Cursor, Write},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    ContentKey, OpenError,
    folder::place,
    frames::{FileOpener, FileSealer, Frames, HEADER_SIZE, Id, Role, id, sealed_size},
};
use crate::MAX_DEPTH;

/// The name of a sealed folder's manifest.
pub const MANIFEST: &str = "sealed-manifest";
/// Most files and folders that one lists.
pub(super) const MAX_ENTRIES: usize = 500_000;
/// Most bytes that one has.
const MAX_SIZE: usize = 128 << 20;
/// Longest name, as on the file systems in use.
const MAX_NAME: usize = 255;

/// A file of a sealed folder, as its manifest knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlainFile {
    /// Path from the folder's root, with `/` between its parts; every part is safe.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// sha2-256 of the plain bytes.
    pub sha256: [u8; 32],
}

/// The files and the empty folders of a sealed folder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Manifest {
    files: Vec<PlainFile>,
    folders: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Wire(Vec<(String, u64, Hash)>, Vec<String>);

struct Hash([u8; 32]);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Hash;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("32 bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Hash, E> {
                bytes.try_into().map(Hash).map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

impl Manifest {
    /// The manifest of these files and empty folders, in any order.
    pub(super) fn new(mut files: Vec<PlainFile>, mut folders: Vec<String>) -> Self {
        files.sort_by(|left, right| left.path.cmp(&right.path));
        folders.sort();
        Self { files, folders }
    }

    /// The files, in the order of their paths.
    pub fn files(&self) -> &[PlainFile] {
        &self.files
    }

    /// The folders that have nothing in them.
    pub fn empty_folders(&self) -> &[String] {
        &self.folders
    }

    /// How many plain bytes all files have.
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }

    /// Tells one folder from another: equal where every name and byte is.
    pub fn fingerprint(&self) -> [u8; 32] {
        *blake3::hash(&self.encode()).as_bytes()
    }

    /// The name in the sealed folder of each file.
    pub fn places(&self) -> impl Iterator<Item = (String, &PlainFile)> {
        self.files.iter().enumerate().map(|(number, file)| (place(number), file))
    }

    fn encode(&self) -> Vec<u8> {
        let files = self.files.iter().map(|file| (file.path.clone(), file.size, Hash(file.sha256)));
        serde_ipld_dagcbor::to_vec(&Wire(files.collect(), self.folders.clone()))
            .expect("texts, numbers and bytes can always be written; qed")
    }

    /// Its sealed form.
    pub fn seal(&self, key: &ContentKey) -> Vec<u8> {
        let plain = self.encode();
        let id = id_of(key, &plain);
        let sealed = FileSealer::new(Vec::new(), key, Role::Manifest, &id).and_then(|mut sealer| {
            sealer.write(&plain)?;
            sealer.finish()
        });
        sealed.expect("memory takes all that is written; qed")
    }

    /// Whether [`Self::open`] would take it.
    pub(super) fn fits(&self) -> bool {
        self.check().is_ok()
            && sealed_size(self.encode().len() as u64).is_some_and(|size| size <= MAX_SIZE as u64)
    }

    /// Opens a sealed one and checks that it can be used: no name leads out of a folder, and none is there twice.
    pub fn open(key: &ContentKey, sealed: &[u8]) -> Result<Self, OpenError> {
        if sealed.len() > MAX_SIZE {
            return Err(OpenError::Manifest("it is larger than this program reads"));
        }
        let (header, body) = sealed.split_at(sealed.len().min(HEADER_SIZE));
        let opener = FileOpener::new(key, MANIFEST, Role::Manifest, None, header, sealed.len() as u64)?;
        let id = *opener.id();
        let mut frames = Frames::from(opener, 0);
        let mut plain = Cursor::new(Vec::with_capacity(sealed.len()));
        frames.push(body, &mut |bytes| plain.write_all(bytes))?;
        frames.finish()?;
        let plain = plain.into_inner();
        if id != id_of(key, &plain) {
            return Err(OpenError::WrongPlace(MANIFEST.to_owned()));
        }
        let Wire(files, folders) = serde_ipld_dagcbor::from_slice(&plain)
            .map_err(|_| OpenError::Manifest("it isn't what a manifest looks like"))?;
        let files = files.into_iter().map(|(path, size, Hash(sha256))| PlainFile { path, size, sha256 });
        let manifest = Self { files: files.collect(), folders };
        manifest.check().map_err(OpenError::Manifest)?;
        Ok(manifest)
    }

    /// Opens frames of a file of this folder, without a look at its header: what it must be is known.
    pub fn opener(&self, key: &ContentKey, file: &PlainFile) -> FileOpener {
        let id = id(key, Role::File, &file.path, &file.sha256);
        FileOpener::of(key, &file.path, Role::File, &id, file.size)
    }

    /// Opens the header of a file of this folder, of whose sealed form `sealed` bytes are there.
    pub fn open_file(
        &self,
        key: &ContentKey,
        file: &PlainFile,
        header: &[u8],
        sealed: u64,
    ) -> Result<FileOpener, OpenError> {
        let expected = sealed_size(file.size).unwrap_or(u64::MAX);
        if sealed != expected {
            return Err(OpenError::Length { path: file.path.clone(), actual: sealed, expected });
        }
        let id = id(key, Role::File, &file.path, &file.sha256);
        FileOpener::new(key, &file.path, Role::File, Some(&id), header, sealed)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.files.len().saturating_add(self.folders.len()) > MAX_ENTRIES {
            return Err("it lists more entries than this program reads");
        }
        let ordered = |paths: &mut dyn Iterator<Item = &str>| {
            let paths: Vec<_> = paths.collect();
            paths.windows(2).all(|pair| pair[0] < pair[1])
        };
        let files = || self.files.iter().map(|file| file.path.as_str());
        let folders = || self.folders.iter().map(String::as_str);
        if !ordered(&mut files()) || !ordered(&mut folders()) {
            return Err("its paths aren't in order, or one is there twice");
        }
        let leaves: HashSet<&str> = files().chain(folders()).collect();
        if leaves.len() != self.files.len() + self.folders.len() {
            return Err("a path is a file and a folder");
        }
        for path in files().chain(folders()) {
            if !path.split('/').all(is_safe) || path.split('/').count() > MAX_DEPTH + 1 {
                return Err("it holds a name that isn't safe");
            }
            let mut parents = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
            if parents.any(|parent| leaves.contains(parent)) {
                return Err("a file, or a folder with nothing in it, has entries");
            }
        }
        if self.files.iter().any(|file| sealed_size(file.size).is_none()) {
            return Err("a file's length is more than can be counted");
        }
        Ok(())
    }
}

/// Whether a name can be a file's without leading anywhere else.
fn is_safe(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME && !name.contains(['/', '\\', '\0'])
}

fn id_of(key: &ContentKey, plain: &[u8]) -> Id {
    use sha2::{Digest, Sha256};
    id(key, Role::Manifest, "", &Sha256::digest(plain).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> ContentKey {
        ContentKey::new([3; 32])
    }

    fn file(path: &str, size: u64) -> PlainFile {
        PlainFile { path: path.into(), size, sha256: [9; 32] }
    }

    fn manifest(paths: &[&str], folders: &[&str]) -> Manifest {
        Manifest::new(
            paths.iter().map(|path| file(path, 5)).collect(),
            folders.iter().map(|path| (*path).to_owned()).collect(),
        )
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        for manifest in [Manifest::default(), manifest(&["b", "a.txt", "a/b", "ä/ö"], &["empty/one"])] {
            let sealed = manifest.seal(&key());
            assert_eq!(Manifest::open(&key(), &sealed).unwrap(), manifest);
            assert!(matches!(
                Manifest::open(&ContentKey::new([4; 32]), &sealed),
                Err(OpenError::WrongKey(_))
            ));
            assert_eq!(manifest.seal(&key()), sealed, "the same one is sealed to the same bytes");
        }
    }

    #[test]
    fn no_name_can_be_read_in_the_sealed_form() {
        let sealed = manifest(&["a-very-telling-name.bin"], &[]).seal(&key());
        let name = b"telling";
        assert!(!sealed.windows(name.len()).any(|window| window == name));
    }

    #[test]
    fn a_manifest_that_leads_astray_is_refused_though_its_key_is_right() {
        let bad = [
            manifest(&["../up"], &[]),
            manifest(&["a/../b"], &[]),
            manifest(&["/etc/passwd"], &[]),
            manifest(&["a//b"], &[]),
            manifest(&[""], &[]),
            manifest(&["a\\b"], &[]),
            manifest(&["a\0"], &[]),
            manifest(&["a", "a"], &[]),
            manifest(&["a", "a/b"], &[]),
            manifest(&["a"], &["a"]),
            manifest(&["a/b"], &["a"]),
            manifest(&["x/y"], &["x/y/z"]),
            manifest(&[&"n".repeat(256)], &[]),
            manifest(&[&"d/".repeat(MAX_DEPTH + 1)], &[]),
            Manifest { files: vec![file("b", 1), file("a", 1)], folders: Vec::new() },
            Manifest { files: vec![file("a", u64::MAX)], folders: Vec::new() },
        ];
        for manifest in bad {
            let opened = Manifest::open(&key(), &manifest.seal(&key()));
            assert!(matches!(opened, Err(OpenError::Manifest(_))), "{manifest:?}: {opened:?}");
        }
    }

    #[test]
    fn a_file_has_the_length_that_the_manifest_says() {
        let manifest = manifest(&["a"], &[]);
        let error = manifest.open_file(&key(), &manifest.files()[0], &[], 10).unwrap_err();
        assert!(matches!(error, OpenError::Length { expected: 85, actual: 10, .. }), "{error}");
    }

    #[test]
    fn fingerprints_differ_where_anything_does() {
        let one = manifest(&["a"], &[]);
        let mut other = one.clone();
        other.files[0].sha256[0] ^= 1;
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_ne!(one.fingerprint(), manifest(&["b"], &[]).fingerprint());
        assert_ne!(one.fingerprint(), manifest(&["a"], &["b"]).fingerprint());
        assert_eq!(one.fingerprint(), manifest(&["a"], &[]).fingerprint());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn any_folder_survives(
            paths in prop::collection::hash_set("[a-zäö ._-]{1,9}x(/[a-z]{1,4}x){0,3}", 0..40), size in any::<u32>(),
        ) {
            // A path that is another's folder can't be a file.
            let paths: Vec<_> = paths
                .iter()
                .filter(|path| !paths.iter().any(|other| other.starts_with(&format!("{path}/"))))
                .collect();
            let files = paths.iter().map(|path| file(path, size.into())).collect();
            let manifest = Manifest::new(files, Vec::new());
            prop_assert_eq!(Manifest::open(&key(), &manifest.seal(&key())).unwrap(), manifest);
        }

        #[test]
        fn bytes_from_strangers_never_open(sealed in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Manifest::open(&key(), &sealed).is_err());
        }
    }
}
