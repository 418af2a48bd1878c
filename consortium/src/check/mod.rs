//! Refuses networks that can't live, with the reasons.

mod governance;
mod machines;
mod people;
#[cfg(test)]
mod tests;

use crate::{Config, Network, config::Kind, network::ss58, runtime};
use polkadot_sdk::{
    sp_core::crypto::{AccountId32, Ss58Codec},
    sp_keyring::Sr25519Keyring,
};
use std::{collections::BTreeMap, fmt};

/// Why a network can't live.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The field, as the file has it; an entry of a list by its name.
    pub at: String,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.at, self.what, self.fix)
    }
}

/// Collects problems, and what must be there once only.
#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
    /// Where something was first named, by its kind and value.
    named: BTreeMap<(&'static str, String), String>,
}

impl Checker {
    fn refuse(&mut self, at: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem { at: at.into(), what: what.into(), fix: fix.into() });
    }

    /// Refuses a value that was named before.
    fn once(&mut self, at: &str, kind: &'static str, value: impl fmt::Display) {
        let first = self.named.entry((kind, value.to_string())).or_insert_with(|| at.to_owned()).clone();
        if first != at {
            self.refuse(at, format!("this {kind} is the one of {first} too"), "give each its own");
        }
    }

    /// A name that serves in paths, units and protocols.
    fn name(&mut self, at: &str, name: &str) {
        let good = (1..=32).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && !name.ends_with('-')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !good {
            self.refuse(
                at,
                format!("`{name}` can't name files and units"),
                "use 1 to 32 of a-z, 0-9 and -, with a letter first and no - last",
            );
        }
    }

    /// A line of text for people.
    fn line(&mut self, at: &str, text: &str, most: usize) {
        if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
            self.refuse(at, "it isn't a line of text", format!("write 1 to {most} bytes in one line"));
        }
    }

    /// The 32 bytes behind an address or a key in hex.
    fn bytes<K: Ss58Codec + AsRef<[u8]>>(&mut self, at: &str, text: &str) -> Option<[u8; 32]> {
        if let Some(digits) = text.strip_prefix("0x") {
            let bytes = hex::decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            if bytes.is_none() {
                self.refuse(at, format!("`{text}` isn't 32 bytes in hex"), "write 0x and 64 digits");
            }
            return bytes;
        }
        match K::from_ss58check_with_version(text) {
            Ok((key, version)) if u16::from(version) == runtime::SS58_PREFIX => {
                <[u8; 32]>::try_from(key.as_ref()).ok()
            }
            Ok((key, version)) => {
                self.refuse(
                    at,
                    format!("`{text}` is an address for networks of prefix {}", u16::from(version)),
                    format!("the same key is {} here, if it is the one you mean", ss58(&key)),
                );
                None
            }
            Err(error) => {
                self.refuse(
                    at,
                    format!("`{text}` isn't an address ({error})"),
                    "copy it again, or give the public key in hex with 0x",
                );
                None
            }
        }
    }

    /// An account whose secret isn't known to everybody.
    fn account(&mut self, at: &str, text: &str, kind: Kind) -> Option<AccountId32> {
        let account = AccountId32::new(self.bytes::<AccountId32>(at, text)?);
        if kind == Kind::Live
            && let Some(known) = Sr25519Keyring::iter().find(|known| known.to_account_id() == account)
        {
            self.refuse(
                at,
                format!("everybody knows the secret of {known}"),
                "give an account of your own, or set network.kind = \"local\" for a test",
            );
        }
        Some(account)
    }
}

impl Config {
    /// What the file means, or everything that speaks against it.
    pub fn check(&self) -> Result<Network, Vec<Problem>> {
        let mut checker = Checker::default();
        let kind = self.network.kind;
        checker.line("network.name", &self.network.name, 64);
        checker.name("network.id", &self.network.id);
        let (block_time_ms, epoch_slots) = checker.timing(&self.timing);
        let people = checker.people(self);
        let nodes = checker.nodes(self, &people.members);
        let governance = checker.governance(self, &people, &nodes, block_time_ms);
        let permissioned = checker.permissioned(&self.permissioned);
        let monitors = checker.monitors(&self.monitoring);
        if let Some(moderation) = &self.moderation {
            checker.line("moderation.policy", &moderation.policy, 1_024);
            checker.line("moderation.contact", &moderation.contact, 256);
        }
        if !checker.problems.is_empty() {
            return Err(checker.problems);
        }
        Ok(Network {
            name: self.network.name.clone(),
            id: self.network.id.clone(),
            kind,
            symbol: self.token.symbol.clone(),
            decimals: self.token.decimals,
            supply: people.supply,
            treasury: people.treasury,
            block_time_ms,
            epoch_slots,
            minimum_validators: governance.minimum_validators,
            tracks: governance.tracks,
            pace: governance.pace,
            moderation: self.moderation.clone(),
            parameters: governance.parameters,
            permissioned,
            monitors,
            members: people.members,
            endowments: people.endowments,
            nodes,
        })
    }
}
