//! Content keys and buyers' one-time secrets, in a folder beside the accounts.
//!
//! A content key is kept in `<root CID>.json`, a one-time secret in `reader-<public key>.json`. They aren't encrypted:
//! the folder and its files are readable by their owner alone. A file is written whole and synced before anything
//! that depends on it happens, and none is ever overwritten. Who loses a content key loses the content; back the folder
//! up as you do accounts.

use crate::{
    keybox::{PublicKey, ReaderSecret, SaltedKey},
    keys::{Keystore, create_private_dir},
    names::AssetName,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use stoa_content::text;
use stoa_primitives::ContentId;
use zeroize::{Zeroize, Zeroizing};

/// The folder's name in the keystore.
const FOLDER: &str = "content";
/// Largest file that is read.
const MAX_FILE: u64 = 16 * 1024;

/// Why a content key can't be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum ContentKeyError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that isn't what it should be.
    #[error("{} doesn't hold a content key or a one-time secret: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another key is kept for the same content.
    #[error("{} holds another key for the same content: move it away, if it is wrong", .0.display())]
    Other(PathBuf),
    /// The system has no randomness to give.
    #[error("the system's random generator failed: {0}")]
    Random(io::Error),
}

/// What a content key belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Belongs {
    /// The asset that it was published under, or bought from.
    pub asset: AssetName,
    /// The root of the sealed folder.
    pub content: ContentId,
    /// What tells the plain folder from others; known to who sealed it.
    pub fingerprint: Option<[u8; 32]>,
}

/// A folder of content keys.
#[derive(Clone, Debug)]
pub struct ContentKeys {
    dir: PathBuf,
}

#[derive(Deserialize, Serialize)]
struct KeyFile {
    asset: String,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    key: String,
    salt: String,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.key.zeroize();
        self.salt.zeroize();
    }
}

#[derive(Deserialize, Serialize)]
struct ReaderFile {
    asset: String,
    secret: String,
}

impl Drop for ReaderFile {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl ContentKeys {
    /// Those that belong to a keystore.
    pub fn of(keystore: &Keystore) -> Self {
        Self::at(keystore.dir().join(FOLDER))
    }

    /// Those of a folder, which is made when something is first kept.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps a content key. The same one twice does no harm; another one for the same content is refused.
    pub fn keep(&self, belongs: &Belongs, key: &SaltedKey) -> Result<(), ContentKeyError> {
        let path = self.key_path(&belongs.content);
        if let Some(kept) = self.key(&belongs.content)? {
            return if kept.commitment() == key.commitment() {
                Ok(())
            } else {
                Err(ContentKeyError::Other(path))
            };
        }
        let file = KeyFile {
            asset: belongs.asset.to_string(),
            content: text(&belongs.content),
            fingerprint: belongs.fingerprint.map(hex::encode),
            key: hex::encode(key.key.bytes()),
            salt: hex::encode(key.salt()),
        };
        self.write(&path, &file)
    }

    /// The key of a content.
    pub fn key(&self, content: &ContentId) -> Result<Option<SaltedKey>, ContentKeyError> {
        let path = self.key_path(content);
        let Some(file) = read::<KeyFile>(&path)? else { return Ok(None) };
        if file.content != text(content) {
            return Err(format(&path, "it names other content"));
        }
        salted(&path, &file).map(Some)
    }

    /// The key with which this very folder was sealed for an asset before.
    pub fn key_of_folder(
        &self,
        asset: &AssetName,
        fingerprint: &[u8; 32],
    ) -> Result<Option<SaltedKey>, ContentKeyError> {
        let (asset, fingerprint) = (asset.to_string(), hex::encode(fingerprint));
        for path in self.files()? {
            if let Ok(Some(file)) = read::<KeyFile>(&path)
                && file.asset.eq_ignore_ascii_case(&asset)
                && file.fingerprint.as_ref() == Some(&fingerprint)
            {
                return salted(&path, &file).map(Some);
            }
        }
        Ok(None)
    }

    /// The assets of which a key is kept, each once.
    pub fn assets(&self) -> Result<Vec<AssetName>, ContentKeyError> {
        let mut assets: Vec<AssetName> = Vec::new();
        for path in self.files()? {
            if let Ok(Some(file)) = read::<KeyFile>(&path)
                && let Ok(asset) = file.asset.parse()
                && !assets.contains(&asset)
            {
                assets.push(asset);
            }
        }
        Ok(assets)
    }

    /// Makes a one-time secret and keeps it, before its public key is shown to anybody.
    pub fn new_reader(&self, asset: &AssetName) -> Result<ReaderSecret, ContentKeyError> {
        let secret = ReaderSecret::random().map_err(ContentKeyError::Random)?;
        let file = ReaderFile { asset: asset.to_string(), secret: hex::encode(secret.bytes()) };
        self.write(&self.reader_path(&secret.public()), &file)?;
        Ok(secret)
    }

    /// The one-time secret of a public key.
    pub fn reader(&self, public: &PublicKey) -> Result<Option<ReaderSecret>, ContentKeyError> {
        let path = self.reader_path(public);
        let Some(file) = read::<ReaderFile>(&path)? else { return Ok(None) };
        let secret = ReaderSecret::new(*bytes(&path, &file.secret)?);
        if secret.public() != *public {
            return Err(format(&path, "its secret isn't the one of its name"));
        }
        Ok(Some(secret))
    }

    fn key_path(&self, content: &ContentId) -> PathBuf {
        self.dir.join(format!("{}.json", text(content)))
    }

    fn reader_path(&self, public: &PublicKey) -> PathBuf {
        self.dir.join(format!("reader-{}.json", hex::encode(public)))
    }

    /// The files of content keys, in the order of their names.
    fn files(&self) -> Result<Vec<PathBuf>, ContentKeyError> {
        let failed = |source| ContentKeyError::Io { path: self.dir.clone(), source };
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".json") && !name.starts_with("reader-") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn write(&self, path: &Path, file: &impl Serialize) -> Result<(), ContentKeyError> {
        let failed = |source| ContentKeyError::Io { path: path.to_owned(), source };
        create_private_dir(&self.dir).map_err(failed)?;
        let json = Zeroizing::new(serde_json::to_vec_pretty(file).map_err(|error| format(path, error))?);
        // A temporary file is readable by its owner alone, and stays so under its new name.
        let mut temporary = tempfile::NamedTempFile::new_in(&self.dir).map_err(failed)?;
        temporary.write_all(&json).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        temporary.persist_noclobber(path).map_err(|error| failed(error.error))?;
        // The name must be there after a power cut too.
        #[cfg(unix)]
        fs::File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        Ok(())
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, ContentKeyError> {
    let failed = |source| ContentKeyError::Io { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut json = Zeroizing::new(Vec::with_capacity(1024));
    file.take(MAX_FILE).read_to_end(&mut json).map_err(failed)?;
    serde_json::from_slice(&json).map(Some).map_err(|error| format(path, error))
}

fn salted(path: &Path, file: &KeyFile) -> Result<SaltedKey, ContentKeyError> {
    Ok(SaltedKey::new(*bytes(path, &file.key)?, *bytes(path, &file.salt)?))
}

fn bytes(path: &Path, digits: &str) -> Result<Zeroizing<[u8; 32]>, ContentKeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    // The reason would repeat a digit of the secret.
    hex::decode_to_slice(digits, bytes.as_mut())
        .map_err(|_| format(path, "a secret isn't 64 hexadecimal digits"))?;
    Ok(bytes)
}

fn format(path: &Path, reason: impl std::fmt::Display) -> ContentKeyError {
    ContentKeyError::Format { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_primitives::Codec;

    fn keys() -> (tempfile::TempDir, ContentKeys) {
        let dir = tempfile::tempdir().unwrap();
        let keys = ContentKeys::at(dir.path().join("content"));
        (dir, keys)
    }

    fn belongs(seed: u8) -> Belongs {
        Belongs {
            asset: "alice/secret".parse().unwrap(),
            content: ContentId { codec: Codec::DagPb, digest: [seed; 32] },
            fingerprint: Some([seed; 32]),
        }
    }

    #[test]
    fn a_kept_key_is_found_by_its_content_and_by_its_folder() {
        let (_dir, keys) = keys();
        assert!(keys.key(&belongs(1).content).unwrap().is_none());
        assert!(keys.assets().unwrap().is_empty());
        let key = SaltedKey::random().unwrap();
        keys.keep(&belongs(1), &key).unwrap();
        keys.keep(&belongs(1), &key).unwrap();
        let found = keys.key(&belongs(1).content).unwrap().unwrap();
        assert_eq!(found.commitment(), key.commitment());
        let again = keys.key_of_folder(&belongs(1).asset, &[1; 32]).unwrap().unwrap();
        assert_eq!(again.commitment(), key.commitment());
        assert!(keys.key_of_folder(&belongs(1).asset, &[2; 32]).unwrap().is_none());
        assert!(keys.key_of_folder(&"bob/secret".parse().unwrap(), &[1; 32]).unwrap().is_none());
        assert_eq!(keys.assets().unwrap(), [belongs(1).asset]);
    }

    #[test]
    fn a_key_is_never_replaced_by_another() {
        let (_dir, keys) = keys();
        let key = SaltedKey::random().unwrap();
        keys.keep(&belongs(1), &key).unwrap();
        let other = keys.keep(&belongs(1), &SaltedKey::random().unwrap());
        assert!(matches!(other, Err(ContentKeyError::Other(_))));
        assert_eq!(keys.key(&belongs(1).content).unwrap().unwrap().commitment(), key.commitment());
    }

    #[test]
    fn a_one_time_secret_is_found_by_its_public_key() {
        let (_dir, keys) = keys();
        let secret = keys.new_reader(&belongs(1).asset).unwrap();
        assert_eq!(keys.reader(&secret.public()).unwrap().unwrap().bytes(), secret.bytes());
        assert!(keys.reader(&[0; 32]).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_and_its_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, keys) = keys();
        keys.keep(&belongs(1), &SaltedKey::random().unwrap()).unwrap();
        keys.new_reader(&belongs(1).asset).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(keys.dir()), 0o700);
        let files: Vec<_> = fs::read_dir(keys.dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| mode(file) == 0o600));
    }

    #[test]
    fn broken_files_are_refused_without_a_word_of_what_is_in_them() {
        let (_dir, keys) = keys();
        keys.keep(&belongs(1), &SaltedKey::random().unwrap()).unwrap();
        let path = keys.key_path(&belongs(1).content);
        let whole = fs::read_to_string(&path).unwrap();
        let content = text(&belongs(1).content);
        let secret = "secretsecret".repeat(6);
        for broken in [
            String::new(),
            whole[..whole.len() / 2].to_owned(),
            whole.replace(&content, "bafkqaaa"),
            format!(r#"{{"asset":"a/b","content":"{content}","key":"{secret}","salt":"00"}}"#),
        ] {
            fs::write(&path, broken).unwrap();
            let error = keys.key(&belongs(1).content).unwrap_err();
            assert!(matches!(error, ContentKeyError::Format { .. }), "{error}");
            assert!(!error.to_string().contains("secretsecret"));
        }
        let reader = keys.new_reader(&belongs(1).asset).unwrap();
        fs::rename(keys.reader_path(&reader.public()), keys.reader_path(&[9; 32])).unwrap();
        assert!(matches!(keys.reader(&[9; 32]), Err(ContentKeyError::Format { .. })));
    }
}
