//! A content key in a box that one reader can open, and the chain too once that reader reveals the secret.
//!
//! # Format
//! All strings are ASCII without a final zero; `‖` joins bytes; `LE` is little-endian.
//!
//! ```text
//! reader's pair      b, B = X25519(b, 9)         B is fixed when buying; b is used for this licence only
//! seller's pair      e, E = X25519(e, 9)         made anew for every box
//! shared             s = X25519(e, B) = X25519(b, E); all zero is refused
//! key                k = blake2_256("stoa/key-box/1/key" ‖ s ‖ E ‖ B)
//! nonce              n = first 24 bytes of blake2_256("stoa/key-box/1/nonce" ‖ E ‖ B)
//! associated data    a = licence number as u64 LE (8) ‖ commit id (20)
//! plaintext          p = content key (32) ‖ salt (32)
//! ciphertext, tag    c, t = XChaCha20-Poly1305(k, n, a, p)        c: 64 bytes, t: 16
//! box                E (32) ‖ c (64) ‖ t (16)                     112 bytes
//! commitment         blake2_256(content key ‖ salt)               stored before the revision is listed
//! ```
//!
//! The associated data ties a box to one licence, so a seller can't pass one buyer's box to another.

use chacha20poly1305::{
    Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInPlace, KeyInit},
};
use polkadot_sdk::sp_io::hashing::blake2_256;
use stoa_primitives::registry::CommitId;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// Bytes in a box.
pub const BOX_LEN: usize = 112;
const FOR_KEY: &[u8] = b"stoa/key-box/1/key";
const FOR_NONCE: &[u8] = b"stoa/key-box/1/nonce";

/// An X25519 public key.
pub type PublicKey = [u8; 32];
/// An X25519 secret.
pub type SecretKey = [u8; 32];
/// A content key and its salt, sealed to one reader.
pub type SealedKey = [u8; BOX_LEN];

/// What a box holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Contents {
    /// What the content is encrypted with.
    pub key: [u8; 32],
    /// What keeps the commitment from being guessed.
    pub salt: [u8; 32],
}

/// Which sale a box belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sale {
    /// The licence's number.
    pub licence: u64,
    /// The revision that the key opens.
    pub revision: CommitId,
}

/// The public key of a secret.
pub fn public_of(secret: SecretKey) -> PublicKey {
    x25519(secret, X25519_BASEPOINT_BYTES)
}

/// Whether a public key is one of the few with which every shared secret is zero, so that anybody opens the box.
pub fn is_weak(key: PublicKey) -> bool {
    // Every X25519 secret is a multiple of eight, which is what the order of these points divides.
    x25519([1; 32], key) == [0; 32]
}

/// What a revision commits to before it is sold.
pub fn commitment(contents: &Contents) -> [u8; 32] {
    blake2_256(&[contents.key, contents.salt].concat())
}

fn shared(secret: SecretKey, public: PublicKey) -> Option<[u8; 32]> {
    Some(x25519(secret, public)).filter(|shared| *shared != [0; 32])
}

fn cipher(shared: [u8; 32], sender: PublicKey, reader: PublicKey) -> (XChaCha20Poly1305, XNonce) {
    let key = blake2_256(&[FOR_KEY, &shared, &sender, &reader].concat());
    let mut nonce = XNonce::default();
    for (byte, hashed) in nonce.iter_mut().zip(blake2_256(&[FOR_NONCE, &sender, &reader].concat())) {
        *byte = hashed;
    }
    (XChaCha20Poly1305::new(&key.into()), nonce)
}

fn associated(sale: &Sale) -> [u8; 28] {
    let mut data = [0; 28];
    let (licence, revision) = data.split_at_mut(8);
    licence.copy_from_slice(&sale.licence.to_le_bytes());
    revision.copy_from_slice(&sale.revision.0);
    data
}

/// Opens a box with the reader's secret; `None` when it wasn't made for that reader and this sale.
pub fn open(sealed: &SealedKey, secret: SecretKey, sale: &Sale) -> Option<Contents> {
    let (sender, rest) = sealed.split_first_chunk::<32>()?;
    let (ciphertext, tag) = rest.split_first_chunk::<64>()?;
    let (cipher, nonce) = cipher(shared(secret, *sender)?, *sender, public_of(secret));
    let mut plain = *ciphertext;
    cipher.decrypt_in_place_detached(&nonce, &associated(sale), &mut plain, Tag::from_slice(tag)).ok()?;
    let (key, salt) = plain.split_first_chunk::<32>()?;
    Some(Contents { key: *key, salt: *salt.first_chunk()? })
}

/// Seals a key to a reader with a secret that is used for nothing else; `None` when the reader's key is weak.
#[cfg(any(feature = "std", feature = "runtime-benchmarks"))]
pub fn seal(contents: &Contents, secret: SecretKey, reader: PublicKey, sale: &Sale) -> Option<SealedKey> {
    let sender = public_of(secret);
    let (cipher, nonce) = cipher(shared(secret, reader)?, sender, reader);
    let mut plain = [0; 64];
    let (key, salt) = plain.split_at_mut(32);
    key.copy_from_slice(&contents.key);
    salt.copy_from_slice(&contents.salt);
    let tag = cipher.encrypt_in_place_detached(&nonce, &associated(sale), &mut plain).ok()?;
    let mut sealed = [0; BOX_LEN];
    let (head, rest) = sealed.split_at_mut(32);
    let (middle, end) = rest.split_at_mut(64);
    head.copy_from_slice(&sender);
    middle.copy_from_slice(&plain);
    end.copy_from_slice(&tag);
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTENTS: Contents = Contents { key: [1; 32], salt: [2; 32] };
    const SALE: Sale = Sale { licence: 7, revision: CommitId([3; 20]) };
    const SELLER: SecretKey = [4; 32];
    const READER: SecretKey = [5; 32];

    fn sealed() -> SealedKey {
        seal(&CONTENTS, SELLER, public_of(READER), &SALE).unwrap()
    }

    #[test]
    fn a_box_opens_for_its_reader_and_nobody_else() {
        assert_eq!(open(&sealed(), READER, &SALE), Some(CONTENTS));
        assert_eq!(open(&sealed(), [6; 32], &SALE), None);
    }

    #[test]
    fn a_box_opens_for_its_own_sale_only() {
        assert_eq!(open(&sealed(), READER, &Sale { licence: 8, ..SALE }), None);
        assert_eq!(open(&sealed(), READER, &Sale { revision: CommitId([4; 20]), ..SALE }), None);
    }

    #[test]
    fn a_box_with_any_byte_changed_stays_shut() {
        for index in 0..BOX_LEN {
            let mut changed = sealed();
            changed[index] ^= 1;
            assert_eq!(open(&changed, READER, &SALE), None, "{index}");
        }
    }

    #[test]
    fn keys_of_low_order_are_found_and_refused() {
        // The points of order 1, 2, 4 and 8, and their other spellings.
        let hex = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ];
        for text in hex {
            let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
            let key: PublicKey = core::array::from_fn(byte);
            assert!(is_weak(key), "{text}");
            assert_eq!(seal(&CONTENTS, SELLER, key, &SALE), None);
            let mut from_it = sealed();
            from_it[..32].copy_from_slice(&key);
            assert_eq!(open(&from_it, READER, &SALE), None);
        }
        assert!(!is_weak(public_of(READER)));
    }

    #[test]
    fn the_agreement_is_the_one_of_rfc_7748() {
        // Section 6.1, first bytes.
        let alice: SecretKey = [
            0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
            0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
        ];
        assert_eq!(public_of(alice)[..4], [0x85, 0x20, 0xf0, 0x09]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn what_is_sealed_is_opened(
            key: [u8; 32], salt: [u8; 32], seller: [u8; 32], reader: [u8; 32], licence: u64, revision: [u8; 20],
        ) {
            let contents = Contents { key, salt };
            let sale = Sale { licence, revision: CommitId(revision) };
            let sealed = seal(&contents, seller, public_of(reader), &sale).unwrap();
            prop_assert_eq!(open(&sealed, reader, &sale), Some(contents));
        }

        #[test]
        fn bytes_from_strangers_never_open(head: [u8; 32], middle: [u8; 32], more: [u8; 32], end: [u8; 16]) {
            let bytes = [&head[..], &middle, &more, &end].concat();
            prop_assert_eq!(open(&bytes.try_into().unwrap(), READER, &SALE), None);
        }
    }
}
