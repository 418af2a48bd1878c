//! Upload links: the right to send one file for one account, for an hour. Clients send no token with the file, so the
//! link is sealed with a key that dies with the process.

use std::time::Duration;

use rand::random;

use super::staging::Oid;
use crate::{Account, token::unix_time};

/// How long a link is good for.
const LIFE: Duration = Duration::from_secs(3_600);
const OPEN_SIZE: usize = 32 + 32 + 8 + 8;
const SEAL_SIZE: usize = 16;
/// Files that are longer than this are sent in parts.
pub(super) const LONG: u64 = 256 << 20;
/// Length of a part.
pub(super) const PART: u64 = 64 << 20;

/// What a link allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Link {
    pub(super) account: Account,
    pub(super) oid: Oid,
    pub(super) size: u64,
    expires: u64,
}

/// Why a link can't be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LinkError {
    Forged,
    Expired,
}

/// Makes links, and checks them.
pub(in crate::hf) struct Links {
    key: [u8; 32],
}

impl Default for Links {
    fn default() -> Self {
        Self { key: random() }
    }
}

impl Links {
    /// A link to send a file, as the last part of a path.
    pub(super) fn make(&self, account: Account, oid: Oid, size: u64) -> String {
        self.text(&Link { account, oid, size, expires: unix_time().saturating_add(LIFE.as_secs()) })
    }

    fn text(&self, link: &Link) -> String {
        let mut bytes = link.bytes().to_vec();
        bytes.extend_from_slice(&self.seal(link));
        hex::encode(bytes)
    }

    /// What a link allows, if this process made it and it is still good.
    pub(super) fn open(&self, text: &str) -> Result<Link, LinkError> {
        let mut bytes = [0; OPEN_SIZE + SEAL_SIZE];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| LinkError::Forged)?;
        let (link, seal) = Link::read(&bytes).ok_or(LinkError::Forged)?;
        // Hashed again, so that the comparison's time says nothing about the right seal.
        if blake3::hash(&seal) != blake3::hash(&self.seal(&link)) {
            return Err(LinkError::Forged);
        }
        match link.expires <= unix_time() {
            true => Err(LinkError::Expired),
            false => Ok(link),
        }
    }

    fn seal(&self, link: &Link) -> [u8; SEAL_SIZE] {
        let mut seal = [0; SEAL_SIZE];
        blake3::Hasher::new_keyed(&self.key).update(&link.bytes()).finalize_xof().fill(&mut seal);
        seal
    }
}

impl Link {
    fn bytes(&self) -> [u8; OPEN_SIZE] {
        let mut bytes = [0; OPEN_SIZE];
        let (account, rest) = bytes.split_at_mut(32);
        let (oid, rest) = rest.split_at_mut(32);
        let (size, expires) = rest.split_at_mut(8);
        account.copy_from_slice(&self.account.0);
        oid.copy_from_slice(&self.oid);
        size.copy_from_slice(&self.size.to_be_bytes());
        expires.copy_from_slice(&self.expires.to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8; OPEN_SIZE + SEAL_SIZE]) -> Option<(Self, [u8; SEAL_SIZE])> {
        let (account, rest) = bytes.split_first_chunk()?;
        let (oid, rest) = rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let link = Self {
            account: Account(*account),
            oid: *oid,
            size: u64::from_be_bytes(*size),
            expires: u64::from_be_bytes(*expires),
        };
        Some((link, rest.try_into().ok()?))
    }

    /// How many parts the file has when it is sent in parts.
    pub(super) fn parts(&self) -> u64 {
        self.size.div_ceil(PART)
    }

    /// Where part `number`, from 1, lies in the file.
    pub(super) fn part(&self, number: u64) -> Option<std::ops::Range<u64>> {
        let index = number.checked_sub(1).filter(|index| *index < self.parts())?;
        let start = index.checked_mul(PART)?;
        Some(start..start.saturating_add(PART).min(self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_to_what_it_was_made_for() {
        let links = Links::default();
        let link = links.open(&links.make(Account([1; 32]), [2; 32], 7)).unwrap();
        assert_eq!((link.account, link.oid, link.size), (Account([1; 32]), [2; 32], 7));
    }

    #[test]
    fn altered_foreign_and_expired_links_are_refused() {
        let links = Links::default();
        let text = links.make(Account([1; 32]), [2; 32], 7);
        for position in [0, 64, 130, 150, 191] {
            let mut altered = text.clone().into_bytes();
            altered[position] = if altered[position] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                links.open(&String::from_utf8(altered).unwrap()),
                Err(LinkError::Forged),
                "{position}"
            );
        }
        for other in ["", "00", &text[2..], "zz"] {
            assert_eq!(links.open(other), Err(LinkError::Forged));
        }
        assert_eq!(Links::default().open(&text), Err(LinkError::Forged));
        let stale = Link { account: Account([1; 32]), oid: [2; 32], size: 7, expires: unix_time() };
        assert_eq!(links.open(&links.text(&stale)), Err(LinkError::Expired));
    }

    #[test]
    fn parts_cover_the_file() {
        let link = |size| Link { account: Account([1; 32]), oid: [2; 32], size, expires: 0 };
        let long = link(2 * PART + 5);
        assert_eq!(long.parts(), 3);
        assert_eq!(long.part(1), Some(0..PART));
        assert_eq!(long.part(3), Some(2 * PART..2 * PART + 5));
        assert_eq!((long.part(0), long.part(4), long.part(u64::MAX)), (None, None, None));
        assert_eq!(link(PART).parts(), 1);
    }
}
