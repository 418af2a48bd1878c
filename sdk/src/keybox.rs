//! Content keys on their way to one buyer, in the form that the chain can open in a dispute.
//!
//! A key and its salt are sealed with X25519 and XChaCha20-Poly1305 to a one-time key that the buyer fixed when buying:
//!
//! ```text
//! reader's pair      b, B = X25519(b, 9)         B is stated when buying; b is used for this licence only
//! seller's pair      e, E = X25519(e, 9)         made anew for every box
//! shared             s = X25519(e, B) = X25519(b, E); all zero is refused
//! key                k = blake2_256("stoa/key-box/1/key" ‖ s ‖ E ‖ B)
//! nonce              n = first 24 bytes of blake2_256("stoa/key-box/1/nonce" ‖ E ‖ B)
//! associated data    a = licence number as u64 LE (8) ‖ commit id (20)
//! plaintext          p = content key (32) ‖ salt (32)
//! ciphertext, tag    c, t = XChaCha20-Poly1305(k, n, a, p)        c: 64 bytes, t: 16
//! box                E (32) ‖ c (64) ‖ t (16)                     112 bytes
//! commitment         blake2_256(content key ‖ salt)               on the chain before the revision is sold
//! ```
//!
//! The pallet `marketplace` says the same; a vector in the tests here keeps the two together.

use blake2::{Blake2b, Digest, digest::consts::U32};
use chacha20poly1305::{
    Key, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInPlace, KeyInit},
};
use rand::{TryRngCore, rngs::OsRng};
use std::{fmt, io};
use stoa_content::seal::ContentKey;
use stoa_primitives::registry::CommitId;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

/// Bytes in a box.
pub const BOX_LEN: usize = 112;
const FOR_KEY: &[u8] = b"stoa/key-box/1/key";
const FOR_NONCE: &[u8] = b"stoa/key-box/1/nonce";

/// An X25519 public key.
pub type PublicKey = [u8; 32];
/// A content key and its salt, sealed to one reader.
pub type SealedKey = [u8; BOX_LEN];

/// A content key with the salt that keeps its commitment from being guessed. Wiped when it is dropped, never shown.
pub struct SaltedKey {
    /// What the content is sealed with.
    pub key: ContentKey,
    salt: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SaltedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SaltedKey(…)")
    }
}

impl SaltedKey {
    /// The key and salt of these bytes.
    pub fn new(key: [u8; 32], salt: [u8; 32]) -> Self {
        Self { key: ContentKey::new(key), salt: Zeroizing::new(salt) }
    }

    /// A new one.
    pub fn random() -> Result<Self, io::Error> {
        let (mut key, mut salt) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        fill(key.as_mut())?;
        fill(salt.as_mut())?;
        Ok(Self::new(*key, *salt))
    }

    /// The salt.
    pub fn salt(&self) -> &[u8; 32] {
        &self.salt
    }

    /// What a revision commits to before it is sold.
    pub fn commitment(&self) -> [u8; 32] {
        blake2_256(&[self.key.bytes(), self.salt()])
    }
}

/// A buyer's one-time secret. Wiped when it is dropped, never shown.
pub struct ReaderSecret(Zeroizing<[u8; 32]>);

impl fmt::Debug for ReaderSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReaderSecret(…)")
    }
}

impl ReaderSecret {
    /// The secret of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new one.
    pub fn random() -> Result<Self, io::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill(bytes.as_mut())?;
        Ok(Self::new(*bytes))
    }

    /// What is stated when buying.
    pub fn public(&self) -> PublicKey {
        x25519(*self.0, X25519_BASEPOINT_BYTES)
    }

    /// Its bytes, which a dispute reveals.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Which sale a box belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sale {
    /// The licence's number.
    pub licence: u64,
    /// The revision that the key opens.
    pub revision: CommitId,
}

impl Sale {
    fn associated(&self) -> [u8; 28] {
        let mut data = [0; 28];
        let (licence, revision) = data.split_at_mut(8);
        licence.copy_from_slice(&self.licence.to_le_bytes());
        revision.copy_from_slice(&self.revision.0);
        data
    }
}

/// Seals a key to a reader with a secret that is used for nothing else; `None` when the reader's key is one of the few
/// with which anybody opens the box.
pub fn seal(contents: &SaltedKey, once: &ReaderSecret, reader: PublicKey, sale: &Sale) -> Option<SealedKey> {
    let sender = once.public();
    let shared = shared(once, reader)?;
    let (cipher, nonce) = cipher(&shared, sender, reader);
    let mut body = Zeroizing::new([0; 64]);
    let (key, salt) = body.split_at_mut(32);
    key.copy_from_slice(contents.key.bytes());
    salt.copy_from_slice(contents.salt());
    let tag = cipher.encrypt_in_place_detached(&nonce, &sale.associated(), body.as_mut()).ok()?;
    [sender.as_slice(), body.as_slice(), tag.as_slice()].concat().try_into().ok()
}

/// Opens a box with the reader's secret; `None` when it wasn't made for that reader and this sale.
pub fn open(sealed: &SealedKey, secret: &ReaderSecret, sale: &Sale) -> Option<SaltedKey> {
    let (sender, rest) = sealed.split_first_chunk::<32>()?;
    let (ciphertext, tag) = rest.split_first_chunk::<64>()?;
    let shared = shared(secret, *sender)?;
    let (cipher, nonce) = cipher(&shared, *sender, secret.public());
    let mut plain = Zeroizing::new(*ciphertext);
    let tag = Tag::from_slice(tag);
    cipher.decrypt_in_place_detached(&nonce, &sale.associated(), plain.as_mut(), tag).ok()?;
    let (key, salt) = plain.split_first_chunk::<32>()?;
    Some(SaltedKey::new(*key, *salt.first_chunk()?))
}

fn shared(secret: &ReaderSecret, public: PublicKey) -> Option<Zeroizing<[u8; 32]>> {
    let shared = Zeroizing::new(x25519(*secret.0, public));
    (*shared != [0; 32]).then_some(shared)
}

fn cipher(shared: &[u8; 32], sender: PublicKey, reader: PublicKey) -> (XChaCha20Poly1305, XNonce) {
    let key = Zeroizing::new(blake2_256(&[FOR_KEY, shared, &sender, &reader]));
    let hashed = blake2_256(&[FOR_NONCE, &sender, &reader]);
    let mut nonce = XNonce::default();
    for (byte, hashed) in nonce.iter_mut().zip(hashed) {
        *byte = hashed;
    }
    (XChaCha20Poly1305::new(Key::from_slice(key.as_slice())), nonce)
}

fn blake2_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn fill(bytes: &mut [u8]) -> Result<(), io::Error> {
    OsRng.try_fill_bytes(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: Sale = Sale { licence: 7, revision: CommitId([3; 20]) };

    fn contents() -> SaltedKey {
        SaltedKey::new([1; 32], [2; 32])
    }

    fn sealed() -> SealedKey {
        seal(&contents(), &ReaderSecret::new([4; 32]), ReaderSecret::new([5; 32]).public(), &SALE).unwrap()
    }

    fn opens(sealed: &SealedKey, secret: [u8; 32], sale: &Sale) -> bool {
        open(sealed, &ReaderSecret::new(secret), sale).is_some()
    }

    #[test]
    fn a_box_opens_for_its_reader_and_its_sale_alone() {
        let opened = open(&sealed(), &ReaderSecret::new([5; 32]), &SALE).unwrap();
        assert_eq!((opened.key.bytes(), opened.salt()), (&[1; 32], &[2; 32]));
        assert!(!opens(&sealed(), [6; 32], &SALE));
        assert!(!opens(&sealed(), [5; 32], &Sale { licence: 8, ..SALE }));
        assert!(!opens(&sealed(), [5; 32], &Sale { revision: CommitId([4; 20]), ..SALE }));
    }

    #[test]
    fn a_box_with_any_byte_changed_stays_shut() {
        for at in 0..BOX_LEN {
            let mut changed = sealed();
            changed[at] ^= 1;
            assert!(!opens(&changed, [5; 32], &SALE), "{at}");
        }
    }

    #[test]
    fn boxes_and_commitments_are_those_of_the_chain() {
        // What the pallet's `keybox` gives for the same input.
        assert_eq!(
            hex::encode(sealed()),
            concat!(
                "ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10bac743422e809955c",
                "17211134bbde7256ae934e97dc9dbaf53e6f7bc26ebac3b03ea187c1a5b3ba2a2067b1665ef603bd",
                "9c2379ef516dcdf371e9cef9c26c4eaf3f5496dba94a9a2f75d2743e192069d5"
            )
        );
        assert_eq!(
            hex::encode(contents().commitment()),
            "30b600fb1f0cc0b3f0fc28cdcb7389405a6659be81c7d5c5905725aa3a5119ce"
        );
    }

    #[test]
    fn keys_that_anybody_could_open_are_refused() {
        for weak in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            assert!(seal(&contents(), &ReaderSecret::new([4; 32]), weak, &SALE).is_none());
            let mut from_it = sealed();
            from_it[..32].copy_from_slice(&weak);
            assert!(!opens(&from_it, [5; 32], &SALE));
        }
    }

    #[test]
    fn secrets_differ_and_are_not_shown() {
        let (one, other) = (SaltedKey::random().unwrap(), SaltedKey::random().unwrap());
        assert_ne!(one.key.bytes(), other.key.bytes());
        assert_ne!(one.salt(), other.salt());
        assert_ne!(one.key.bytes(), one.salt());
        assert_ne!(ReaderSecret::random().unwrap().bytes(), ReaderSecret::random().unwrap().bytes());
        let shown = format!("{:?} {:?} {:?}", contents(), contents().key, ReaderSecret::new([5; 32]));
        assert_eq!(shown, "SaltedKey(…) ContentKey(…) ReaderSecret(…)");
    }
}
