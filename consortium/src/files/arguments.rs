//! With what a node is started.

use super::{ALLOWED_PEERS, CHAIN_SPEC};
use crate::{
    config::Gateway,
    keys::Launch,
    network::{Node, Role},
};

/// Where a node runs.
pub(super) struct Place {
    /// The folder of the chain specification and the list of peers.
    pub(super) config: String,
    /// The folder of the database, the node key and the keystore.
    pub(super) data: String,
    /// Whether all nodes are containers of one machine, which find each other by their names.
    pub(super) containers: bool,
}

/// A flag, with its value where it has one.
pub(super) struct Argument {
    pub(super) flag: &'static str,
    pub(super) value: Option<String>,
}

/// What a node is started with at a place.
pub(super) fn arguments(launch: &Launch, node: &Node, place: &Place) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut with = |flag, value: String| arguments.push(Argument { flag, value: Some(value) });
    let Place { config, data, containers } = place;
    with("--chain", format!("{config}/{CHAIN_SPEC}"));
    with("--base-path", data.clone());
    with("--node-key-file", format!("{data}/node-key"));
    with("--keystore-path", format!("{data}/keystore"));
    with("--name", node.name.clone());
    for address in &node.addresses {
        with("--listen-addr", address.listen());
        if !containers {
            with("--public-addr", address.to_string());
        }
    }
    with("--rpc-port", node.ports.rpc.to_string());
    with("--prometheus-port", node.ports.prometheus.to_string());
    match node.gateway {
        Gateway::Off => {}
        Gateway::Local if *containers => with("--gateway-addr", "0.0.0.0".into()),
        Gateway::Local => with("--gateway-addr", "127.0.0.1".into()),
        Gateway::Open => with("--gateway-addr", "0.0.0.0".into()),
    }
    if node.gateway != Gateway::Off {
        with("--gateway-port", node.ports.gateway.to_string());
    }
    if node.archive {
        with("--state-pruning", "archive".into());
        with("--blocks-pruning", "archive".into());
    }
    // The specification names bootnodes by the addresses of their own machines.
    if *containers {
        for peer in others(launch, node, *containers).filter(|(other, _)| other.bootnode) {
            with("--bootnodes", peer.1);
        }
    }
    if launch.network().permissioned.is_some() {
        with("--allowed-peers", format!("{config}/{ALLOWED_PEERS}"));
        for (_, address) in others(launch, node, *containers) {
            with("--reserved-nodes", address);
        }
    }
    if *containers && matches!(node.role, Role::Full) {
        with("--rpc-methods", "safe".into());
        with("--rpc-cors", "http://localhost:*,http://127.0.0.1:*,https://polkadot.js.org".into());
    }

    let private = launch.network().nodes.iter().flat_map(|node| &node.addresses).any(|to| to.is_private());
    let flags = [
        ("--validator", matches!(node.role, Role::Validator { .. })),
        ("--no-gateway", node.gateway == Gateway::Off),
        ("--prometheus-external", *containers || !launch.network().monitors.is_empty()),
        ("--rpc-external", *containers && matches!(node.role, Role::Full)),
        // Other machines of the local network aren't asked: the bootnodes are.
        ("--no-mdns", true),
        ("--no-telemetry", true),
        // Private addresses are refused and not spread otherwise.
        ("--allow-private-ip", *containers || private),
        ("--discover-local", *containers || private),
        ("--reserved-only", launch.network().permissioned.is_some()),
        ("--no-bitswap", launch.network().permissioned.is_some()),
    ];
    let flags = flags.into_iter().filter(|(_, needed)| *needed);
    arguments.extend(flags.map(|(flag, _)| Argument { flag, value: None }));
    arguments
}

/// The other nodes' addresses, as this node dials them.
fn others<'a>(
    launch: &'a Launch,
    node: &'a Node,
    containers: bool,
) -> impl Iterator<Item = (&'a Node, String)> {
    launch.nodes().filter(|(other, _)| other.name != node.name).filter_map(move |(other, identity)| {
        let address = other.addresses.first()?;
        let address = if containers { super::compose::address(other, address) } else { address.to_string() };
        Some((other, format!("{address}/p2p/{}", identity.peer_id)))
    })
}
