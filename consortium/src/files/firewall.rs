//! Who may connect to a node's machine.

use super::{fill, units::unit_name};
use crate::{
    config::Gateway,
    keys::Launch,
    network::{Host, Node},
};
use std::{collections::BTreeSet, net::IpAddr};

const RULES: &str = include_str!("../../templates/firewall.nft");

/// Rules for nftables.
pub(super) fn nftables(launch: &Launch, node: &Node) -> String {
    let network = launch.network();
    let others = network.nodes.iter().filter(|other| other.name != node.name);
    let hosts: BTreeSet<_> = others.flat_map(|other| &other.addresses).map(|address| &address.host).collect();
    let names: Vec<_> = hosts.iter().filter(|host| matches!(host, Host::Dns(_))).collect();
    let ips: Vec<IpAddr> = hosts
        .iter()
        .filter_map(|host| match host {
            Host::Ip(ip) => Some(*ip),
            Host::Dns(_) => None,
        })
        .collect();
    let peers: BTreeSet<_> = node.addresses.iter().map(|address| address.port.to_string()).collect();
    let peers = set(peers);
    let peer_rules = if network.permissioned.is_some() {
        let mut rules = accept(&peers, &ips);
        for name in names {
            rules.push_str(&format!(
                "        # Add `ip saddr ADDRESS tcp dport {peers} accept` for {name}.\n"
            ));
        }
        rules.push_str(&format!("        tcp dport {peers} drop\n"));
        rules
    } else {
        format!("        tcp dport {peers} accept\n")
    };
    let gateway = match node.gateway {
        Gateway::Open => {
            format!("        # The HTTP gateway.\n        tcp dport {} accept\n", node.ports.gateway)
        }
        Gateway::Local => {
            format!("        # The HTTP gateway.\n        tcp dport {} drop\n", node.ports.gateway)
        }
        // Another node of the machine may have its gateway there.
        Gateway::Off => String::new(),
    };
    fill(
        RULES,
        &[
            ("node", node.name.clone()),
            ("network", network.id.clone()),
            ("table", unit_name(node).trim_end_matches(".service").replace('-', "_")),
            ("peers", peer_rules),
            ("monitors", accept(&node.ports.prometheus.to_string(), &network.monitors)),
            ("closed", set([node.ports.rpc.to_string(), node.ports.prometheus.to_string()])),
            ("gateway", gateway),
        ],
    )
}

fn accept(port: &str, from: &[IpAddr]) -> String {
    let (fours, sixes): (Vec<IpAddr>, Vec<IpAddr>) =
        from.iter().copied().partition(|ip: &IpAddr| ip.is_ipv4());
    [("ip", fours), ("ip6", sixes)]
        .into_iter()
        .filter(|(_, ips)| !ips.is_empty())
        .map(|(family, ips)| {
            format!(
                "        {family} saddr {} tcp dport {port} accept\n",
                set(ips.iter().map(ToString::to_string))
            )
        })
        .collect()
}

fn set(values: impl IntoIterator<Item = String>) -> String {
    format!("{{ {} }}", values.into_iter().collect::<Vec<_>>().join(", "))
}
