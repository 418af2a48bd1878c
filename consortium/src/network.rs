//! A network that was checked: accounts are keys, periods are blocks, amounts are plancks.

use crate::{
    config::{Gateway, Kind, ModerationTable, PortsTable},
    governance::{Pace, Rules},
    parameters::{Parameter, Unit},
    runtime,
};
use polkadot_sdk::{
    sc_network_types::{PeerId, multiaddr::Multiaddr},
    sp_core::{
        crypto::{AccountId32, Ss58AddressFormat, Ss58Codec},
        ed25519, sr25519,
    },
};
use std::{collections::BTreeMap, fmt, net::IpAddr};

/// A network that can live.
#[derive(Clone, Debug)]
pub struct Network {
    /// For people.
    pub name: String,
    /// For files, protocols and units.
    pub id: String,
    /// Whether it is meant to last.
    pub kind: Kind,
    /// The token's symbol.
    pub symbol: String,
    /// The token's digits behind the point.
    pub decimals: u8,
    /// All plancks.
    pub supply: u128,
    /// What the treasury has of them.
    pub treasury: u128,
    /// Milliseconds of a block.
    pub block_time_ms: u64,
    /// Slots of an epoch.
    pub epoch_slots: u64,
    /// Fewest validators.
    pub minimum_validators: u32,
    /// The rules of all tracks, in the order of [`crate::governance::TRACKS`].
    pub tracks: Vec<Rules<u32, u128>>,
    /// What they share.
    pub pace: Pace<u32, u128>,
    /// What is taken down.
    pub moderation: Option<ModerationTable>,
    /// Values of parameters that the file gives, by [`Parameter::in_genesis`].
    pub parameters: BTreeMap<String, u128>,
    /// Whether only listed nodes take part, and which do beside the nodes of the file.
    pub permissioned: Option<Vec<PeerId>>,
    /// Where Prometheus runs.
    pub monitors: Vec<IpAddr>,
    /// Who runs it.
    pub members: Vec<Member>,
    /// Who else has tokens.
    pub endowments: Vec<(AccountId32, u128)>,
    /// The machines.
    pub nodes: Vec<Node>,
}

/// Who runs the network.
#[derive(Clone, Debug)]
pub struct Member {
    /// For files.
    pub name: String,
    /// Whose votes and money they are.
    pub account: AccountId32,
    /// Plancks.
    pub balance: u128,
    /// Whether the account is in the technical committee.
    pub committee: bool,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Node {
    /// For files and units.
    pub name: String,
    /// The member that runs it.
    pub member: String,
    /// What it does.
    pub role: Role,
    /// Where others reach it; at least one.
    pub addresses: Vec<Address>,
    /// Whether new nodes ask it for others.
    pub bootnode: bool,
    /// Whom its gateway answers.
    pub gateway: Gateway,
    /// Whether it keeps all states and blocks.
    pub archive: bool,
    /// Its peer id, where its key was made already.
    pub peer_id: Option<PeerId>,
    /// Its ports on its own machine.
    pub ports: PortsTable,
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum Role {
    /// Authors blocks and votes.
    Validator {
        /// For this account.
        account: AccountId32,
        /// With these keys, where they were made already.
        session: Option<SessionKeys>,
    },
    /// Follows the chain.
    Full,
}

/// A validator's public keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionKeys {
    /// Votes on finality.
    pub grandpa: ed25519::Public,
    /// Authors blocks.
    pub babe: sr25519::Public,
    /// Signs the addresses under which the validator is found.
    pub authority_discovery: sr25519::Public,
}

/// Where a node is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Machine.
    pub host: Host,
    /// TCP port.
    pub port: u16,
    /// Whether WebSocket is spoken there.
    pub websocket: bool,
}

/// A machine's name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Host {
    /// By number.
    Ip(IpAddr),
    /// By name.
    Dns(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Ip(ip) => ip.fmt(f),
            Host::Dns(name) => f.write_str(name),
        }
    }
}

impl Address {
    /// Reads `/ip4/…/tcp/…`, `/ip6/…` or `/dns/…`, with `/ws` or without.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        use polkadot_sdk::sc_network_types::multiaddr::Protocol;

        const SHAPE: &str = "it should look like /ip4/192.0.2.1/tcp/30333 or /dns/node.example.org/tcp/30333";
        let multiaddr: Multiaddr = text.parse().map_err(|_| SHAPE)?;
        let mut parts = multiaddr.iter();
        let host = match parts.next() {
            Some(Protocol::Ip4(ip)) => Host::Ip(ip.into()),
            Some(Protocol::Ip6(ip)) => Host::Ip(ip.into()),
            Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => {
                Host::Dns(name.into_owned())
            }
            _ => return Err(SHAPE),
        };
        let port = match parts.next() {
            Some(Protocol::Tcp(port)) => port,
            _ => return Err(SHAPE),
        };
        let websocket = match parts.next() {
            None => false,
            Some(Protocol::Ws(_)) => true,
            Some(Protocol::P2p(_)) => return Err("the peer id stands in `peer_id`, not in the address"),
            _ => return Err(SHAPE),
        };
        match &host {
            Host::Ip(ip) if ip.is_unspecified() || ip.is_multicast() => {
                return Err("others can't dial it: give the address that they see");
            }
            Host::Dns(name) if !is_domain(name) => return Err("its name isn't that of a machine"),
            _ if port == 0 => return Err("nobody can dial port 0"),
            _ if parts.next().is_some() => return Err(SHAPE),
            _ => Ok(Self { host, port, websocket }),
        }
    }

    /// Where the node itself listens for it.
    pub fn listen(&self) -> String {
        let any = match self.host {
            Host::Ip(IpAddr::V6(_)) => "/ip6/::",
            _ => "/ip4/0.0.0.0",
        };
        format!("{any}{}", self.transport())
    }

    fn transport(&self) -> String {
        format!("/tcp/{}{}", self.port, if self.websocket { "/ws" } else { "" })
    }

    /// Whether the machine is reached on its own loopback alone.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ip(ip) => ip.is_loopback(),
            Host::Dns(name) => name == "localhost",
        }
    }

    /// Whether the world's nodes would refuse to dial it.
    pub fn is_private(&self) -> bool {
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            Host::Ip(IpAddr::V6(ip)) => {
                ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
            }
            Host::Dns(_) => self.is_loopback(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => write!(f, "/ip4/{ip}")?,
            Host::Ip(IpAddr::V6(ip)) => write!(f, "/ip6/{ip}")?,
            Host::Dns(name) => write!(f, "/dns/{name}")?,
        }
        f.write_str(&self.transport())
    }
}

fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// An account or key, as addresses are written on this network.
pub fn ss58(key: &impl Ss58Codec) -> String {
    key.to_ss58check_with_version(Ss58AddressFormat::custom(runtime::SS58_PREFIX))
}

impl Network {
    /// The nodes that author blocks, with their accounts.
    pub fn validators(&self) -> impl Iterator<Item = (&Node, &AccountId32)> {
        self.nodes.iter().filter_map(|node| match &node.role {
            Role::Validator { account, .. } => Some((node, account)),
            Role::Full => None,
        })
    }

    /// How many validators GRANDPA can lose.
    pub fn faults(&self) -> usize {
        self.validators().count().saturating_sub(1) / 3
    }

    /// Who has how many plancks in the beginning.
    pub fn balances(&self) -> Vec<(AccountId32, u128)> {
        let members = self.members.iter().map(|member| (member.account.clone(), member.balance));
        let treasury = (AccountId32::new(runtime::TREASURY), self.treasury);
        let others = self.endowments.iter().cloned().chain([treasury]);
        members.chain(others).filter(|(_, balance)| *balance > 0).collect()
    }

    /// Plancks in words.
    pub fn money(&self, plancks: u128) -> String {
        format!("{} {}", crate::amount::show(plancks, self.decimals), self.symbol)
    }

    /// A parameter's value in words.
    pub fn value(&self, parameter: &Parameter, value: u128) -> String {
        match parameter.unit {
            Unit::Tokens => self.money(value),
            Unit::Blocks => self.time(u64::try_from(value).unwrap_or(u64::MAX)),
            Unit::Number => value.to_string(),
            Unit::Part => format!("{}%", crate::amount::show(value, 4)),
        }
    }

    /// Blocks in words.
    pub fn time(&self, blocks: impl Into<u64>) -> String {
        let ms = blocks.into().saturating_mul(self.block_time_ms);
        format!("{ms}ms").parse::<crate::period::Period>().map_or_else(|_| "ages".into(), |p| p.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in [
            "/ip4/192.0.2.1/tcp/30333",
            "/ip4/192.0.2.1/tcp/30334/ws",
            "/ip6/2001:db8::1/tcp/30333",
            "/dns/node-1.example.org/tcp/30333",
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Address::parse("/ip6/2001:db8::1/tcp/30334/ws").unwrap().listen(), "/ip6/::/tcp/30334/ws");
        assert_eq!(Address::parse("/dns4/a.example/tcp/1").unwrap().listen(), "/ip4/0.0.0.0/tcp/1");
    }

    #[test]
    fn addresses_that_nobody_can_dial_are_refused() {
        for (text, why) in [
            ("", "should look like"),
            ("192.0.2.1:30333", "should look like"),
            ("/ip4/192.0.2.1", "should look like"),
            ("/ip4/192.0.2.1/udp/30333", "should look like"),
            ("/ip4/300.0.0.1/tcp/30333", "should look like"),
            ("/ip4/192.0.2.1/tcp/30333/ws/tcp/1", "should look like"),
            ("/tcp/30333/ip4/192.0.2.1", "should look like"),
            ("/ip4/192.0.2.1/tcp/0", "port 0"),
            ("/ip4/0.0.0.0/tcp/30333", "others can't dial it"),
            ("/ip6/::/tcp/30333", "others can't dial it"),
            ("/dns/a b;c/tcp/30333", "isn't that of a machine"),
            (
                "/ip4/192.0.2.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
                "stands in `peer_id`",
            ),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
