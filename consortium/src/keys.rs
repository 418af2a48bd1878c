//! The keys of a network: those that the file gives, and those that are made for it.
//!
//! For a node without `peer_id` a node key is made, for a validator without `session_keys` its three session keys. The
//! secrets of a member are sealed together, with that member's password. They are in the form that the node reads:
//! `NODE/node-key` for `--node-key-file` and `NODE/keystore/*` for `--keystore-path`.

use crate::{
    Network,
    network::{Node, Role, SessionKeys},
    seal::{self, SealError},
};
use polkadot_sdk::{
    sc_network_types::{PeerId, ed25519 as node_key},
    sp_core::{Pair, ed25519, sr25519},
};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Fewest bytes of a password.
pub const MIN_PASSWORD: usize = 12;

/// The keystore's types of key.
const GRANDPA: &[u8; 4] = b"gran";
const BABE: &[u8; 4] = b"babe";
const AUTHORITY_DISCOVERY: &[u8; 4] = b"audi";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Whoever was asked for a member's password has none.
    #[error("no password for the keys of {member}: {reason}")]
    NoPassword {
        /// Whose.
        member: String,
        /// Why not.
        reason: String,
    },
    /// The password could be guessed.
    #[error("the password for the keys of {member} is too short: choose at least {MIN_PASSWORD} bytes")]
    Password {
        /// Whose.
        member: String,
    },
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A network with all its keys, ready to be written.
pub struct Launch {
    network: Network,
    /// In the order of the network's nodes.
    identities: Vec<Identity>,
    /// A sealed file for each member for whom a key was made.
    sealed: BTreeMap<String, String>,
}

/// Who a node is.
pub(crate) struct Identity {
    pub(crate) peer_id: PeerId,
    /// Of validators.
    pub(crate) session: Option<SessionKeys>,
    /// Whether its node key was made here.
    pub(crate) made_node_key: bool,
    /// Whether its session keys were made here.
    pub(crate) made_session: bool,
}

/// Secret files of a member, by their paths.
type Secrets = BTreeMap<String, Zeroizing<String>>;

impl Network {
    /// Makes the keys that the file doesn't give. `password` is asked once for each member who gets one.
    ///
    /// Keys are new each time, so the network is another one each time too: run it once, and hand out the result.
    pub fn launch(
        self,
        mut password: impl FnMut(&str) -> Result<Zeroizing<String>, String>,
    ) -> Result<Launch, KeyError> {
        let mut secrets = BTreeMap::<String, Secrets>::new();
        let identities = self
            .nodes
            .iter()
            .map(|node| identity(node, secrets.entry(node.member.clone()).or_default()))
            .collect();
        let mut sealed = BTreeMap::new();
        for (member, files) in secrets.into_iter().filter(|(_, files)| !files.is_empty()) {
            let password = password(&member)
                .map_err(|reason| KeyError::NoPassword { member: member.clone(), reason })?;
            if password.len() < MIN_PASSWORD {
                return Err(KeyError::Password { member });
            }
            let text = seal::seal(&self.id, &member, &files, &password)?;
            sealed.insert(member, text);
        }
        Ok(Launch { network: self, identities, sealed })
    }
}

impl Launch {
    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The sealed keys of each member for whom some were made.
    pub fn sealed(&self) -> &BTreeMap<String, String> {
        &self.sealed
    }

    /// A node's peer id.
    pub fn peer_id(&self, node: &str) -> Option<PeerId> {
        self.nodes().find(|(other, _)| other.name == node).map(|(_, identity)| identity.peer_id)
    }

    /// A validator's public keys.
    pub fn session_keys(&self, node: &str) -> Option<&SessionKeys> {
        self.nodes().find(|(other, _)| other.name == node).and_then(|(_, identity)| identity.session.as_ref())
    }

    /// The nodes, with who they are.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&Node, &Identity)> {
        self.network.nodes.iter().zip(&self.identities)
    }
}

fn identity(node: &Node, secrets: &mut Secrets) -> Identity {
    let peer_id = node.peer_id.unwrap_or_else(|| {
        let pair = node_key::Keypair::generate();
        let secret = Zeroizing::new(hex::encode(Zeroizing::new(pair.secret().to_bytes())));
        secrets.insert(format!("{}/node-key", node.name), secret);
        pair.public().to_peer_id()
    });
    let (session, made_session) = match &node.role {
        Role::Validator { session: Some(keys), .. } => (Some(keys.clone()), false),
        Role::Validator { session: None, .. } => {
            let keys = SessionKeys {
                grandpa: made::<ed25519::Pair>(node, GRANDPA, secrets),
                babe: made::<sr25519::Pair>(node, BABE, secrets),
                authority_discovery: made::<sr25519::Pair>(node, AUTHORITY_DISCOVERY, secrets),
            };
            (Some(keys), true)
        }
        Role::Full => (None, false),
    };
    Identity { peer_id, session, made_node_key: node.peer_id.is_none(), made_session }
}

/// A new key, whose secret is kept as the node's keystore does: a JSON string under the names of type and public key.
fn made<P: Pair>(node: &Node, key_type: &[u8; 4], secrets: &mut Secrets) -> P::Public {
    let (pair, phrase, _) = P::generate_with_phrase(None);
    let phrase = Zeroizing::new(phrase);
    let public = pair.public();
    let name = format!("{}{}", hex::encode(key_type), hex::encode(&public));
    // The words of a phrase need no escapes.
    let contents = Zeroizing::new(format!("\"{}\"", phrase.as_str()));
    secrets.insert(format!("{}/keystore/{name}", node.name), contents);
    public
}
