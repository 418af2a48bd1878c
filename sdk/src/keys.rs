//! Keys: accounts in a folder, one polkadot.js account export each.
//!
//! The format is the one that polkadot.js writes and reads: a PKCS#8 sr25519 pair under scrypt and
//! XSalsa20-Poly1305. So an account made here can be imported in a wallet, and the other way round. Files are
//! readable by their owner alone, and a file that exists is never overwritten.
//!
//! A secret comes from the keystore and a password, or from the environment ([`KEY_VARIABLE`]); nothing here
//! takes one from a command line, where other users of the machine could read it.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bip39::Mnemonic;
use crypto_secretbox::{KeyInit, Nonce, XSalsa20Poly1305, aead::Aead};
use rand::{TryRngCore, rngs::OsRng};
use schnorrkel::{
    ExpansionMode, MiniSecretKey, SecretKey,
    derive::{ChainCode, Derivation},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};
use subxt_signer::{DeriveJunction, ExposeSecret, SecretUri, polkadot_js_compat};
use zeroize::{Zeroize, Zeroizing};

pub use subxt::utils::AccountId32;
pub use subxt_signer::sr25519::Keypair;

/// The environment variable that holds a secret URI: a phrase or a hex seed, with a derivation path.
pub const KEY_VARIABLE: &str = "STOA_KEY";
/// The environment variable that holds the password of an account in the keystore.
pub const PASSWORD_VARIABLE: &str = "STOA_PASSWORD";
/// The account that is used when none is named.
pub const DEFAULT_ACCOUNT: &str = "default";

/// Longest name of an account, in bytes.
const MAX_NAME: usize = 64;
/// Largest account file that is read; an export takes about a kilobyte.
const MAX_FILE: u64 = 64 * 1024;
/// scrypt's cost: 2^17 blocks of 8 * 128 bytes, once; what polkadot.js calls high security.
const SCRYPT_LOG_N: u8 = 17;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;
/// Salt, the three parameters and the nonce, before the ciphertext.
const PREFIX: usize = 32 + 3 * 4 + 24;
/// The parts of the PKCS#8 document around the secret and the public key.
const PKCS8_HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const PKCS8_DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];

/// Why a key can't be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name can't be that of an account.
    #[error(
        "`{0}` can't name an account: use 1 to {MAX_NAME} letters, digits, `-`, `_` or `.`, not starting with `.`"
    )]
    Name(String),
    /// No such account.
    #[error("there is no account `{name}` in {}: make one with `stoa key new`, or name another with --account", dir.display())]
    Unknown {
        /// The account.
        name: String,
        /// The keystore.
        dir: PathBuf,
    },
    /// The account is already there.
    #[error("{} exists already: choose another --account, or move the file away", .0.display())]
    Exists(PathBuf),
    /// The secret URI can't be read.
    #[error(
        "the secret isn't a phrase of 12 to 24 words or a hex seed of 32 bytes, with an optional path: {0}"
    )]
    Secret(String),
    /// The password is wrong, or the file was changed.
    #[error("the password of account `{0}` is wrong")]
    Password(String),
    /// A new account needs a password.
    #[error("an account needs a password that isn't empty")]
    EmptyPassword,
    /// The file isn't an account export that can be read.
    #[error("{} isn't a polkadot.js account export of an sr25519 key: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system has no randomness to give.
    #[error("the system's random generator failed: {0}")]
    Random(String),
    /// No home folder is known.
    #[error("neither XDG_CONFIG_HOME nor HOME is set: say where the keys are with --keystore")]
    NoHome,
}

/// What is public about an account in the keystore.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Account {
    /// Its name in the keystore.
    pub name: String,
    /// Its address, SS58.
    pub address: String,
    /// Its public key in hex.
    pub public_key: String,
    /// The file.
    pub path: PathBuf,
}

/// A folder of accounts.
#[derive(Clone, Debug)]
pub struct Keystore {
    dir: PathBuf,
}

#[derive(Deserialize, Serialize)]
struct Export {
    encoded: String,
    encoding: Encoding,
    address: AccountId32,
    #[serde(default)]
    meta: serde_json::Value,
}

#[derive(Deserialize, Serialize)]
struct Encoding {
    content: Vec<String>,
    r#type: Vec<String>,
    version: String,
}

impl Keystore {
    /// The keystore in a folder, which is made when the first account is.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The user's keystore: `stoa/keys` in the XDG configuration folder.
    pub fn of_user() -> Result<Self, KeyError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = set("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".config")))
            .ok_or(KeyError::NoHome)?;
        Ok(Self::at(config.join("stoa").join("keys")))
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.bytes().all(allowed) {
            return Err(KeyError::Name(name.to_owned()));
        }
        Ok(self.dir.join(format!("{name}.json")))
    }

    /// Keeps the key of a secret URI under a name and a password.
    pub fn import(&self, name: &str, suri: &str, password: &str) -> Result<Account, KeyError> {
        let path = self.path(name)?;
        if password.is_empty() {
            return Err(KeyError::EmptyPassword);
        }
        if path.exists() {
            return Err(KeyError::Exists(path));
        }
        let pair = pair_from_suri(suri)?;
        let export = export(name, &secret_from_suri(suri)?, &pair, password)?;
        self.write(&path, &serde_json::to_vec_pretty(&export).map_err(|error| format_error(&path, error))?)?;
        account(name, path, &pair)
    }

    /// Keeps a polkadot.js account export as it is, after checking that the password opens it.
    pub fn import_export(&self, name: &str, file: &Path, password: &str) -> Result<Account, KeyError> {
        let path = self.path(name)?;
        if path.exists() {
            return Err(KeyError::Exists(path));
        }
        let json = read_file(file)?;
        let pair = open(name, file, &json, password)?;
        self.write(&path, json.as_bytes())?;
        account(name, path, &pair)
    }

    /// The key of an account.
    pub fn unlock(&self, name: &str, password: &str) -> Result<Keypair, KeyError> {
        let path = self.existing(name)?;
        open(name, &path, &read_file(&path)?, password)
    }

    /// What is public about an account; needs no password.
    pub fn show(&self, name: &str) -> Result<Account, KeyError> {
        let path = self.existing(name)?;
        let export: Export =
            serde_json::from_str(&read_file(&path)?).map_err(|error| format_error(&path, error))?;
        Ok(Account {
            name: name.to_owned(),
            address: export.address.to_string(),
            public_key: hex::encode(export.address.0),
            path,
        })
    }

    /// All accounts by name. Files that aren't accounts are passed over.
    pub fn list(&self) -> Result<Vec<Account>, KeyError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&self.dir, error)),
        };
        let mut accounts = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| io_error(&self.dir, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
                && let Ok(account) = self.show(name)
            {
                accounts.push(account);
            }
        }
        accounts.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(accounts)
    }

    fn existing(&self, name: &str) -> Result<PathBuf, KeyError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(KeyError::Unknown { name: name.to_owned(), dir: self.dir.clone() });
        }
        Ok(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
        let failed = |error| io_error(path, error);
        create_private_dir(&self.dir).map_err(|error| io_error(&self.dir, error))?;
        // A temporary file is readable by its owner alone, and stays so under its new name.
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => io_error(path, error.error),
        })?;
        Ok(())
    }
}

/// The key in [`KEY_VARIABLE`], when that is set.
pub fn pair_from_environment() -> Option<Result<Keypair, KeyError>> {
    let suri = Zeroizing::new(std::env::var(KEY_VARIABLE).ok()?);
    Some(pair_from_suri(&suri))
}

/// The key of a secret URI: a phrase or a `0x` seed, and an optional path, as `subkey` and polkadot.js read it.
pub fn pair_from_suri(suri: &str) -> Result<Keypair, KeyError> {
    Keypair::from_uri(&parse(suri)?).map_err(|error| KeyError::Secret(error.to_string()))
}

/// The address of a key, SS58 with the prefix of networks that have none of their own.
pub fn address(pair: &Keypair) -> String {
    pair.public_key().to_account_id().to_string()
}

/// A new phrase of twelve words.
pub fn new_phrase() -> Result<Zeroizing<String>, KeyError> {
    let mut entropy = Zeroizing::new([0; 16]);
    fill(entropy.as_mut())?;
    let phrase =
        Mnemonic::from_entropy(entropy.as_ref()).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(Zeroizing::new(phrase.to_string()))
}

fn parse(suri: &str) -> Result<SecretUri, KeyError> {
    let suri = suri.trim();
    // An empty one would be read as the development phrase, which everybody knows.
    if suri.is_empty() {
        return Err(KeyError::Secret("it is empty".into()));
    }
    SecretUri::from_str(suri).map_err(|error| KeyError::Secret(error.to_string()))
}

fn secret_from_suri(suri: &str) -> Result<SecretKey, KeyError> {
    let uri = parse(suri)?;
    let phrase = uri.phrase.expose_secret();
    let secret = |error: &dyn std::fmt::Display| KeyError::Secret(error.to_string());
    let seed = if let Some(digits) = phrase.strip_prefix("0x") {
        let bytes = Zeroizing::new(hex::decode(digits).map_err(|error| secret(&error))?);
        MiniSecretKey::from_bytes(&bytes).map_err(|error| secret(&error))?
    } else {
        let mnemonic = Mnemonic::from_str(phrase).map_err(|error| secret(&error))?;
        let entropy = Zeroizing::new(mnemonic.to_entropy());
        let password = uri.password.as_ref().map(|password| password.expose_secret()).unwrap_or_default();
        substrate_bip39::mini_secret_from_entropy(&entropy, password)
            .map_err(|_| KeyError::Secret("the phrase has a wrong length".into()))?
    };
    let root = seed.expand(ExpansionMode::Ed25519);
    Ok(uri.junctions.into_iter().fold(root, |key, junction| match junction {
        DeriveJunction::Soft(code) => key.derived_key_simple(ChainCode(code), []).0,
        DeriveJunction::Hard(code) => {
            key.hard_derive_mini_secret_key(Some(ChainCode(code)), b"").0.expand(ExpansionMode::Ed25519)
        }
    }))
}

fn export(name: &str, secret: &SecretKey, pair: &Keypair, password: &str) -> Result<Export, KeyError> {
    // Two implementations read the secret; keeping a key that nobody has would be worse than failing.
    let public = pair.public_key().0;
    if secret.to_public().to_bytes() != public {
        return Err(KeyError::Secret("its path can't be derived".into()));
    }
    let mut document = Zeroizing::new(Vec::with_capacity(117));
    document.extend_from_slice(&PKCS8_HEADER);
    let mut bytes = secret.to_ed25519_bytes();
    document.extend_from_slice(&bytes);
    bytes.zeroize();
    document.extend_from_slice(&PKCS8_DIVIDER);
    document.extend_from_slice(&public);

    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    fill(&mut salt)?;
    fill(&mut nonce)?;
    let parameters =
        scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, 32).expect("the constants are valid; qed");
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), &salt, &parameters, key.as_mut())
        .expect("32 bytes are a valid length; qed");
    let sealed = XSalsa20Poly1305::new((&*key).into())
        .encrypt(Nonce::from_slice(&nonce), document.as_slice())
        .expect("117 bytes can be sealed; qed");

    let mut encoded = Vec::with_capacity(PREFIX + sealed.len());
    encoded.extend_from_slice(&salt);
    for parameter in [1 << SCRYPT_LOG_N, SCRYPT_P, SCRYPT_R] {
        encoded.extend_from_slice(&u32::to_le_bytes(parameter));
    }
    encoded.extend_from_slice(&nonce);
    encoded.extend_from_slice(&sealed);
    let made = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(Export {
        encoded: BASE64.encode(encoded),
        encoding: Encoding {
            content: vec!["pkcs8".into(), "sr25519".into()],
            r#type: vec!["scrypt".into(), "xsalsa20-poly1305".into()],
            version: "3".into(),
        },
        address: AccountId32(public),
        meta: serde_json::json!({ "genesisHash": "", "name": name, "whenCreated": made as u64 }),
    })
}

fn open(name: &str, path: &Path, json: &str, password: &str) -> Result<Keypair, KeyError> {
    let export: Export = serde_json::from_str(json).map_err(|error| format_error(path, error))?;
    // `decrypt_json` takes the prefix for granted.
    let length = BASE64.decode(&export.encoded).map_err(|error| format_error(path, error))?.len();
    if length <= PREFIX {
        return Err(format_error(path, "its encrypted part is cut short"));
    }
    polkadot_js_compat::decrypt_json(json, password).map_err(|error| match error {
        polkadot_js_compat::Error::Secretbox(_) => KeyError::Password(name.to_owned()),
        other => format_error(path, other),
    })
}

fn account(name: &str, path: PathBuf, pair: &Keypair) -> Result<Account, KeyError> {
    Ok(Account {
        name: name.to_owned(),
        address: address(pair),
        public_key: hex::encode(pair.public_key().0),
        path,
    })
}

fn read_file(path: &Path) -> Result<String, KeyError> {
    let failed = |error| io_error(path, error);
    let mut json = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE).read_to_string(&mut json).map_err(failed)?;
    Ok(json)
}

fn fill(bytes: &mut [u8]) -> Result<(), KeyError> {
    OsRng.try_fill_bytes(bytes).map_err(|error| KeyError::Random(error.to_string()))
}

/// Makes a folder that its owner alone can read.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn io_error(path: &Path, source: io::Error) -> KeyError {
    KeyError::Io { path: path.to_owned(), source }
}

fn format_error(path: &Path, reason: impl std::fmt::Display) -> KeyError {
    KeyError::Format { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keystore() -> (tempfile::TempDir, Keystore) {
        let dir = tempfile::tempdir().unwrap();
        let keystore = Keystore::at(dir.path().join("keys"));
        (dir, keystore)
    }

    #[test]
    fn a_kept_key_opens_with_its_password_alone() {
        let (_dir, keystore) = keystore();
        let account = keystore.import("alice", "//Alice", "secret").unwrap();
        assert_eq!(account.address, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        let pair = keystore.unlock("alice", "secret").unwrap();
        assert_eq!(pair.public_key().0, subxt_signer::sr25519::dev::alice().public_key().0);
        assert!(matches!(keystore.unlock("alice", "other"), Err(KeyError::Password(_))));
        assert_eq!(keystore.show("alice").unwrap(), account);
        assert_eq!(keystore.list().unwrap(), [account]);
    }

    #[test]
    fn phrases_seeds_paths_and_passwords_give_the_key_that_the_signer_gives() {
        let phrase = new_phrase().unwrap();
        let seed = format!("0x{}", hex::encode([7; 32]));
        for suri in [
            phrase.as_str(),
            "//Alice/soft//hard//3",
            &format!("{}///word", phrase.as_str()),
            &seed,
            &format!("{seed}//a"),
        ] {
            let secret = secret_from_suri(suri).unwrap();
            assert_eq!(secret.to_public().to_bytes(), pair_from_suri(suri).unwrap().public_key().0, "{suri}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_and_its_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, keystore) = keystore();
        let account = keystore.import("bob", "//Bob", "secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&account.path), 0o600);
        assert_eq!(mode(keystore.dir()), 0o700);
    }

    #[test]
    fn an_account_is_never_overwritten() {
        let (_dir, keystore) = keystore();
        keystore.import("bob", "//Bob", "secret").unwrap();
        assert!(matches!(keystore.import("bob", "//Alice", "secret"), Err(KeyError::Exists(_))));
        assert_eq!(
            keystore.unlock("bob", "secret").unwrap().public_key().0,
            pair_from_suri("//Bob").unwrap().public_key().0
        );
    }

    #[test]
    fn an_export_of_polkadot_js_is_read_and_kept() {
        let (dir, keystore) = keystore();
        let made = keystore.import("first", "//Charlie", "secret").unwrap();
        let copy = dir.path().join("export.json");
        fs::copy(&made.path, &copy).unwrap();
        assert!(matches!(keystore.import_export("second", &copy, "wrong"), Err(KeyError::Password(_))));
        let kept = keystore.import_export("second", &copy, "secret").unwrap();
        assert_eq!(kept.address, made.address);
    }

    #[test]
    fn broken_files_names_and_secrets_are_refused_with_the_reason() {
        let (_dir, keystore) = keystore();
        for name in ["", ".hidden", "../up", "a/b", &"a".repeat(65)] {
            assert!(matches!(keystore.show(name), Err(KeyError::Name(_))), "{name}");
        }
        for suri in ["", "one two three", "0x00", "0xzz"] {
            assert!(matches!(keystore.import("x", suri, "secret"), Err(KeyError::Secret(_))), "{suri}");
        }
        assert!(matches!(keystore.import("x", "//Alice", ""), Err(KeyError::EmptyPassword)));
        assert!(matches!(keystore.unlock("nobody", "secret"), Err(KeyError::Unknown { .. })));

        fs::create_dir_all(keystore.dir()).unwrap();
        let short = r#"{"encoded":"AAAA","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}"#;
        for (name, text) in [("short", short), ("text", "not json"), ("empty", "")] {
            fs::write(keystore.dir().join(format!("{name}.json")), text).unwrap();
            assert!(matches!(keystore.unlock(name, "secret"), Err(KeyError::Format { .. })), "{name}");
        }
    }
}
