//! Nodes that find each other and finalise.

use super::Checker;
use crate::{
    config::{
        Config, Gateway, Kind, MonitoringTable, NodeTable, PermissionedTable, RoleName, SessionKeysTable,
    },
    network::{Address, Member, Node, Role, SessionKeys, ss58},
    runtime,
};
use polkadot_sdk::{
    sc_network_types::{PeerId, ed25519::PublicKey},
    sp_core::{crypto::AccountId32, ed25519, sr25519},
};
use std::net::IpAddr;

impl Checker {
    pub(super) fn nodes(&mut self, config: &Config, members: &[Member]) -> Vec<Node> {
        let nodes: Vec<_> = config.nodes.iter().map(|node| self.node(node, config, members)).collect();
        for (number, node) in config.nodes.iter().enumerate() {
            if config.nodes.iter().take(number).any(|other| other.name == node.name) {
                self.refuse(
                    format!("nodes.{}", node.name),
                    "another node has this name",
                    "give each its own",
                );
            }
        }
        let validators = nodes.iter().filter(|node| matches!(node.role, Role::Validator { .. })).count();
        self.validators(validators);
        if !nodes.iter().any(|node| node.bootnode) {
            self.refuse(
                "nodes.bootnode",
                "no node is a bootnode, so a new one finds nobody",
                "set bootnode = true for at least one, better two",
            );
        }
        self.ports(&nodes);
        nodes
    }

    fn validators(&mut self, validators: usize) {
        let least = runtime::MIN_VALIDATORS;
        let what = match validators {
            0 => "there is no validator, so nobody authors blocks".to_owned(),
            1 => "one validator is all of GRANDPA: what it finalises is its own word, and nothing is when it is down"
                .to_owned(),
            few if few < least => {
                format!("of {few} validators GRANDPA can't lose one: finality stalls when any is down")
            }
            many if many > runtime::MAX_VALIDATORS => {
                format!("{many} are more validators than the runtime has room for")
            }
            _ => return,
        };
        let most = runtime::MAX_VALIDATORS;
        self.refuse(
            "nodes.role",
            what,
            format!("have from {least} to {most} nodes with role = \"validator\""),
        );
    }

    fn node(&mut self, table: &NodeTable, config: &Config, members: &[Member]) -> Node {
        let at = format!("nodes.{}", table.name);
        self.name(&format!("{at}.name"), &table.name);
        let member = members.iter().find(|member| member.name == table.member);
        if member.is_none() {
            self.refuse(
                format!("{at}.member"),
                format!("there is no member `{}`", table.member),
                "name one of [[members]]",
            );
        }
        let role = match table.role {
            RoleName::Validator => self.validator(&at, table, config, member),
            RoleName::Full => self.full_node(&at, table),
        };
        let gateway = table.gateway.unwrap_or(match table.role {
            RoleName::Validator => Gateway::Off,
            RoleName::Full => Gateway::Local,
        });
        if gateway == Gateway::Open && config.permissioned.enabled {
            self.refuse(
                format!("{at}.gateway"),
                "an open gateway gives content to those who may not take part",
                "choose \"local\" or \"off\", or set permissioned.enabled = false",
            );
        }
        Node {
            name: table.name.clone(),
            member: table.member.clone(),
            role,
            addresses: self.addresses(&at, table, config.network.kind),
            bootnode: table.bootnode,
            gateway,
            archive: table.archive,
            peer_id: table.peer_id.as_ref().and_then(|peer| self.peer_id(&format!("{at}.peer_id"), peer)),
            ports: table.ports,
        }
    }

    fn validator(&mut self, at: &str, table: &NodeTable, config: &Config, member: Option<&Member>) -> Role {
        let at_account = format!("{at}.account");
        let account = match (&table.account, member) {
            (Some(text), _) => self.account(&at_account, text, config.network.kind),
            (None, member) => member.map(|member| member.account.clone()),
        };
        if let Some(account) = &account {
            self.once(&at_account, "validator's account", ss58(account));
            self.validators_balance(&at_account, account, config);
        }
        let session = table.session_keys.as_ref().and_then(|keys| self.session_keys(at, keys));
        Role::Validator { account: account.unwrap_or(AccountId32::new([0; 32])), session }
    }

    /// A validator must be able to pay for setting its keys.
    fn validators_balance(&mut self, at: &str, account: &AccountId32, config: &Config) {
        let members = config.members.iter().map(|member| (&member.account, &member.balance));
        let endowments = config.endowments.iter().map(|endowment| (&endowment.account, &endowment.balance));
        // Addresses that can't be read were refused where they stand.
        let has = members
            .chain(endowments)
            .filter(|(text, _)| Self::default().bytes::<AccountId32>("", text) == Some(*account.as_ref()))
            .filter_map(|(_, amount)| amount.plancks(config.token.decimals).ok())
            .fold(0, u128::saturating_add);
        if has < runtime::VALIDATOR_NEEDS {
            let needs = crate::amount::show(runtime::VALIDATOR_NEEDS, config.token.decimals);
            self.refuse(
                at,
                format!("{} can't pay the deposit and the fees of its session keys", ss58(account)),
                format!("give it at least {needs} in [[members]] or [[endowments]]"),
            );
        }
    }

    fn full_node(&mut self, at: &str, table: &NodeTable) -> Role {
        if table.session_keys.is_some() {
            self.refuse(
                format!("{at}.session_keys"),
                "a full node signs nothing",
                "remove them, or set role = \"validator\"",
            );
        }
        if table.account.is_some() {
            self.refuse(
                format!("{at}.account"),
                "a full node needs no account",
                "remove it, or set role = \"validator\"",
            );
        }
        Role::Full
    }

    fn session_keys(&mut self, at: &str, table: &SessionKeysTable) -> Option<SessionKeys> {
        let mut key = |name: &str, text: &str, is_key: fn(&[u8; 32]) -> bool, scheme: &str| {
            let at = format!("{at}.session_keys.{name}");
            let bytes = match scheme {
                "ed25519" => self.bytes::<ed25519::Public>(&at, text)?,
                _ => self.bytes::<sr25519::Public>(&at, text)?,
            };
            if bytes == [0; 32] || !is_key(&bytes) {
                self.refuse(
                    &at,
                    format!("`{text}` isn't the public half of an {scheme} key"),
                    "show it with `stoa-node key inspect`",
                );
                return None;
            }
            // A validator may use one key for two purposes, two validators never.
            self.once(at.rsplit_once('.').map_or(&at, |(keys, _)| keys), "session key", hex::encode(bytes));
            Some(bytes)
        };
        let is_ed25519 = |bytes: &[u8; 32]| PublicKey::try_from_bytes(bytes).is_ok();
        let is_sr25519 = |bytes: &[u8; 32]| schnorrkel::PublicKey::from_bytes(bytes).is_ok();
        let grandpa = key("grandpa", &table.grandpa, is_ed25519, "ed25519");
        let babe = key("babe", &table.babe, is_sr25519, "sr25519");
        let discovery = key("authority_discovery", &table.authority_discovery, is_sr25519, "sr25519");
        Some(SessionKeys {
            grandpa: ed25519::Public::from_raw(grandpa?),
            babe: sr25519::Public::from_raw(babe?),
            authority_discovery: sr25519::Public::from_raw(discovery?),
        })
    }

    fn addresses(&mut self, at: &str, table: &NodeTable, kind: Kind) -> Vec<Address> {
        let at = format!("{at}.addresses");
        if table.addresses.is_empty() {
            self.refuse(&at, "nobody can dial it", "give at least one, such as /ip4/192.0.2.1/tcp/30333");
        }
        let mut addresses = Vec::new();
        for text in &table.addresses {
            match Address::parse(text) {
                Err(reason) => self.refuse(&at, format!("`{text}` won't do"), reason),
                Ok(address) if address.is_loopback() && kind == Kind::Live => self.refuse(
                    &at,
                    format!("`{text}` is reached on its own machine alone"),
                    "give the address that the others see, or set network.kind = \"local\" for a test",
                ),
                Ok(address) => {
                    self.once(&format!("{at} {text}"), "address", &address);
                    addresses.push(address);
                }
            }
        }
        addresses
    }

    fn peer_id(&mut self, at: &str, text: &str) -> Option<PeerId> {
        let Some(peer) = text.parse::<PeerId>().ok().filter(|peer| peer.into_ed25519().is_some()) else {
            self.refuse(
                at,
                format!("`{text}` isn't the peer id of an ed25519 node key"),
                "show it with `stoa-node key inspect-node-key`; it starts with 12D3KooW",
            );
            return None;
        };
        self.once(at, "peer id", peer);
        Some(peer)
    }

    /// Nodes of one machine need ports of their own.
    fn ports(&mut self, nodes: &[Node]) {
        for node in nodes {
            let at = format!("nodes.{}.ports", node.name);
            let gateway = (node.gateway != Gateway::Off).then_some(node.ports.gateway);
            let ports: Vec<_> = [node.ports.rpc, node.ports.prometheus].into_iter().chain(gateway).collect();
            if ports.contains(&0) {
                self.refuse(&at, "nobody finds port 0", "choose from 1 to 65535");
            }
            let hosts: std::collections::BTreeSet<_> =
                node.addresses.iter().map(|address| address.host.clone()).collect();
            for host in hosts {
                let peers = node.addresses.iter().filter(|address| address.host == host);
                let all = ports.iter().copied().chain(peers.map(|address| address.port));
                let all: Vec<_> = all.collect();
                let different: std::collections::BTreeSet<_> = all.iter().collect();
                if different.len() != all.len() {
                    self.refuse(&at, "two things listen on one port", "choose different ports");
                }
                for port in different {
                    self.once(&at, "port", format!("{host}:{port}"));
                }
            }
        }
    }

    pub(super) fn permissioned(&mut self, table: &PermissionedTable) -> Option<Vec<PeerId>> {
        if !table.enabled && !table.allowed_peers.is_empty() {
            self.refuse(
                "permissioned.allowed_peers",
                "everybody may take part, so a list would only look like a fence",
                "set permissioned.enabled = true, or remove the list",
            );
        }
        let mut allowed = Vec::new();
        for (number, text) in table.allowed_peers.iter().enumerate() {
            allowed.extend(self.peer_id(&format!("permissioned.allowed_peers[{number}]"), text));
        }
        table.enabled.then_some(allowed)
    }

    pub(super) fn monitors(&mut self, table: &MonitoringTable) -> Vec<IpAddr> {
        let mut monitors = Vec::new();
        for (number, text) in table.from.iter().enumerate() {
            match text.parse::<IpAddr>() {
                Ok(ip) => {
                    self.once(&format!("monitoring.from[{number}]"), "monitor", ip);
                    monitors.push(ip);
                }
                Err(_) => self.refuse(
                    format!("monitoring.from[{number}]"),
                    format!("`{text}` isn't an IP address"),
                    "give the address that Prometheus connects from",
                ),
            }
        }
        monitors
    }
}
