//! Secrets of a member in one file, under a password.
//!
//! The file is JSON: the salt and the nonce in hex, and a map from paths to contents under scrypt (2^17 blocks of
//! 1,024 bytes) and XSalsa20-Poly1305. It says whose keys they are in the clear too; what counts is what was sealed.

use crate::files::File;
use crypto_secretbox::{KeyInit, Nonce, XSalsa20Poly1305, aead::Aead};
use rand::{TryRngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const SCRYPT_LOG_N: u8 = 17;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// Why a file can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The system gave no randomness.
    #[error("the system gives no randomness: {0}")]
    Random(String),
    /// It isn't a sealed file of ours.
    #[error("this isn't a file of sealed keys ({0}): copy it again from whoever launched the network")]
    Format(String),
    /// The password is another one, or a byte was changed.
    #[error("wrong password for the keys of {0}, or the file was damaged")]
    Password(String),
}

/// What stands in the file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    version: u8,
    network: String,
    member: String,
    salt: String,
    nonce: String,
    sealed: String,
}

/// What is sealed.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content<'a> {
    network: String,
    member: String,
    #[serde(borrow)]
    files: BTreeMap<&'a str, std::borrow::Cow<'a, str>>,
}

/// What was sealed.
#[derive(Debug)]
pub struct Opened {
    /// The network's id.
    pub network: String,
    /// Whose secrets they are.
    pub member: String,
    /// The files, with relative paths, readable by their owner alone.
    pub files: Vec<File>,
}

pub(crate) fn seal(
    network: &str,
    member: &str,
    files: &BTreeMap<String, Zeroizing<String>>,
    password: &str,
) -> Result<String, SealError> {
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    for bytes in [salt.as_mut_slice(), nonce.as_mut_slice()] {
        OsRng.try_fill_bytes(bytes).map_err(|error| SealError::Random(error.to_string()))?;
    }
    let content = Content {
        network: network.to_owned(),
        member: member.to_owned(),
        files: files.iter().map(|(path, text)| (path.as_str(), text.as_str().into())).collect(),
    };
    let content = Zeroizing::new(serde_json::to_vec(&content).expect("strings become JSON; qed"));
    let sealed = secretbox(password, &salt)
        .encrypt(Nonce::from_slice(&nonce), content.as_slice())
        .expect("a few kilobytes can be sealed; qed");
    let file = Sealed {
        version: VERSION,
        network: network.to_owned(),
        member: member.to_owned(),
        salt: hex::encode(salt),
        nonce: hex::encode(nonce),
        sealed: hex::encode(sealed),
    };
    let mut text = serde_json::to_string_pretty(&file).expect("strings become JSON; qed");
    text.push('\n');
    Ok(text)
}

/// Opens the text of a sealed file.
pub fn open(text: &str, password: &str) -> Result<Opened, SealError> {
    let format = |reason: &dyn std::fmt::Display| SealError::Format(reason.to_string());
    let file: Sealed = serde_json::from_str(text).map_err(|error| format(&error))?;
    if file.version != VERSION {
        return Err(format(&format_args!("its version is {}, not {VERSION}", file.version)));
    }
    let salt = hex::decode(&file.salt).map_err(|error| format(&error))?;
    let nonce: [u8; 24] = hex::decode(&file.nonce)
        .ok()
        .and_then(|nonce| nonce.try_into().ok())
        .ok_or_else(|| format(&"its nonce isn't 24 bytes"))?;
    let sealed = hex::decode(&file.sealed).map_err(|error| format(&error))?;
    let content = secretbox(password, &salt)
        .decrypt(Nonce::from_slice(&nonce), sealed.as_slice())
        .map_err(|_| SealError::Password(file.member))?;
    let content = Zeroizing::new(content);
    let content: Content<'_> = serde_json::from_slice(&content).map_err(|error| format(&error))?;
    let files = content
        .files
        .into_iter()
        .map(|(path, text)| {
            let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if !inside {
                return Err(format(&format_args!("`{path}` leaves the folder")));
            }
            Ok(File::secret(PathBuf::from(path), text.into_owned()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Opened { network: content.network, member: content.member, files })
}

fn secretbox(password: &str, salt: &[u8]) -> XSalsa20Poly1305 {
    let parameters =
        scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, 32).expect("the constants are valid; qed");
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password.as_bytes(), salt, &parameters, key.as_mut())
        .expect("32 bytes are a valid length; qed");
    XSalsa20Poly1305::new((&*key).into())
}
