//! Challenges: what an account signs to upload once.
//!
//! A challenge is sealed, not stored: the nonce names the account and the expiry under a key that dies with the process.
//! So a stranger who asks for a million of them takes no memory and no place from anybody. Only answered ones are
//! remembered, until they expire.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use rand::random;

use crate::Account;

const ID_SIZE: usize = 16;
const SEAL_SIZE: usize = 16;
const NONCE_SIZE: usize = ID_SIZE + 32 + 8 + SEAL_SIZE;

/// What an account is asked to sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Challenge {
    id: [u8; ID_SIZE],
    pub(crate) account: Account,
    /// Unix seconds.
    pub(crate) expires: u64,
}

/// Why a challenge can't be answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ChallengeError {
    #[error("this isn't a challenge of this node: ask for one at /upload/challenge")]
    Unknown,
    #[error("the challenge has expired: ask for a new one at /upload/challenge")]
    Expired,
    #[error("the challenge was answered before: ask for a new one at /upload/challenge")]
    Answered,
    #[error("too many uploads were started: ask again later")]
    Full,
}

/// Hands out challenges and takes each once.
pub(crate) struct Challenges {
    audience: String,
    key: [u8; 32],
    life: Duration,
    most_answered: usize,
    answered: Mutex<HashMap<[u8; ID_SIZE], u64>>,
}

impl Challenges {
    pub(crate) fn new(audience: String, life: Duration, most_answered: usize) -> Self {
        Self { audience, key: random(), life, most_answered, answered: Mutex::default() }
    }

    /// A fresh challenge.
    pub(crate) fn issue(&self, account: Account) -> Challenge {
        Challenge { id: random(), account, expires: unix_time().saturating_add(self.life.as_secs()) }
    }

    /// The nonce as clients send it back.
    pub(crate) fn nonce(&self, challenge: &Challenge) -> String {
        let mut bytes = challenge.open_part().to_vec();
        bytes.extend_from_slice(&self.seal(challenge));
        hex::encode(bytes)
    }

    /// The text to sign.
    pub(crate) fn text(&self, challenge: &Challenge, account: &str) -> String {
        format!("stoa-upload:{}:{}:{account}:{}", self.audience, self.nonce(challenge), challenge.expires)
    }

    /// The challenge that a nonce stands for, if this node made it and it can still be answered.
    pub(crate) fn open(&self, nonce: &str) -> Result<Challenge, ChallengeError> {
        let mut bytes = [0; NONCE_SIZE];
        hex::decode_to_slice(nonce, &mut bytes).map_err(|_| ChallengeError::Unknown)?;
        let (challenge, seal) = Challenge::read(&bytes).ok_or(ChallengeError::Unknown)?;
        // Hashed again, so that the comparison's time says nothing about the right seal.
        if blake3::hash(&seal) != blake3::hash(&self.seal(&challenge)) {
            return Err(ChallengeError::Unknown);
        }
        if challenge.expires <= unix_time() {
            return Err(ChallengeError::Expired);
        }
        if self.answered.lock().contains_key(&challenge.id) {
            return Err(ChallengeError::Answered);
        }
        Ok(challenge)
    }

    /// Takes a challenge whose answer was verified; fails when another request was quicker.
    pub(crate) fn answer(&self, challenge: &Challenge) -> Result<(), ChallengeError> {
        let now = unix_time();
        let mut answered = self.answered.lock();
        if answered.len() >= self.most_answered {
            answered.retain(|_, expires| *expires > now);
            if answered.len() >= self.most_answered {
                return Err(ChallengeError::Full);
            }
        }
        match answered.insert(challenge.id, challenge.expires) {
            Some(_) => Err(ChallengeError::Answered),
            None => Ok(()),
        }
    }

    fn seal(&self, challenge: &Challenge) -> [u8; SEAL_SIZE] {
        let hash = blake3::keyed_hash(&self.key, &challenge.open_part());
        let mut seal = [0; SEAL_SIZE];
        seal.copy_from_slice(hash.as_bytes().split_at(SEAL_SIZE).0);
        seal
    }
}

impl Challenge {
    fn open_part(&self) -> [u8; NONCE_SIZE - SEAL_SIZE] {
        let mut bytes = [0; NONCE_SIZE - SEAL_SIZE];
        let (id, rest) = bytes.split_at_mut(ID_SIZE);
        let (account, expires) = rest.split_at_mut(32);
        id.copy_from_slice(&self.id);
        account.copy_from_slice(&self.account.0);
        expires.copy_from_slice(&self.expires.to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8; NONCE_SIZE]) -> Option<(Self, [u8; SEAL_SIZE])> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (account, rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let seal = rest.try_into().ok()?;
        Some((Self { id: *id, account: Account(*account), expires: u64::from_be_bytes(*expires) }, seal))
    }
}

fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Account = Account([1; 32]);

    fn challenges() -> Challenges {
        Challenges::new("here".into(), Duration::from_secs(60), 2)
    }

    #[test]
    fn a_challenge_opens_to_what_was_issued() {
        let challenges = challenges();
        let challenge = challenges.issue(ALICE);
        assert_eq!(challenges.open(&challenges.nonce(&challenge)), Ok(challenge));
        let text = challenges.text(&challenge, "5Grw");
        assert_eq!(
            text,
            format!("stoa-upload:here:{}:5Grw:{}", challenges.nonce(&challenge), challenge.expires)
        );
    }

    #[test]
    fn a_challenge_is_answered_once() {
        let challenges = challenges();
        let challenge = challenges.issue(ALICE);
        let nonce = challenges.nonce(&challenge);
        assert_eq!(challenges.answer(&challenge), Ok(()));
        assert_eq!(challenges.open(&nonce), Err(ChallengeError::Answered));
        assert_eq!(challenges.open(&nonce.to_uppercase()), Err(ChallengeError::Answered));
        assert_eq!(challenges.answer(&challenge), Err(ChallengeError::Answered));
    }

    #[test]
    fn an_altered_or_foreign_nonce_is_unknown() {
        let challenges = challenges();
        let nonce = challenges.nonce(&challenges.issue(ALICE));
        for position in [0, 40, 100, 143] {
            let mut altered = nonce.clone().into_bytes();
            altered[position] = if altered[position] == b'0' { b'1' } else { b'0' };
            assert_eq!(challenges.open(&String::from_utf8(altered).unwrap()), Err(ChallengeError::Unknown));
        }
        for text in ["", "00", "zz", &nonce[2..], &format!("{nonce}00")] {
            assert_eq!(challenges.open(text), Err(ChallengeError::Unknown));
        }
        assert_eq!(self::challenges().open(&nonce), Err(ChallengeError::Unknown));
    }

    #[test]
    fn an_expired_challenge_is_refused() {
        let challenges = Challenges::new("here".into(), Duration::ZERO, 2);
        let nonce = challenges.nonce(&challenges.issue(ALICE));
        assert_eq!(challenges.open(&nonce), Err(ChallengeError::Expired));
    }

    #[test]
    fn answered_challenges_are_bounded_and_forgotten_when_expired() {
        let challenges = challenges();
        for _ in 0..2 {
            assert_eq!(challenges.answer(&challenges.issue(ALICE)), Ok(()));
        }
        assert_eq!(challenges.answer(&challenges.issue(ALICE)), Err(ChallengeError::Full));
        challenges.answered.lock().values_mut().for_each(|expires| *expires = 0);
        assert_eq!(challenges.answer(&challenges.issue(ALICE)), Ok(()));
    }
}
