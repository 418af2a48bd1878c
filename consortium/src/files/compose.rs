//! All nodes on one machine, with Prometheus and Grafana.

use super::{
    File,
    arguments::{Argument, Place, arguments},
    fill,
};
use crate::{
    config::Gateway,
    keys::Launch,
    network::{Address, Node, Role},
};
use serde_json::{Value, json};

const DOCKERFILE: &str = include_str!("../../templates/Dockerfile");
const COMPOSE: &str = include_str!("../../templates/compose.yaml");

/// The user that nodes run as in their containers.
const USER: &str = "10001:10001";

/// How a container dials another.
pub(super) fn address(node: &Node, address: &Address) -> String {
    format!("/dns4/{}/tcp/{}{}", node.name, address.port, if address.websocket { "/ws" } else { "" })
}

pub(super) fn files(launch: &Launch) -> [File; 2] {
    let services: String = launch.network().nodes.iter().map(|node| service(launch, node)).collect();
    let values = [("network", launch.network().id.clone()), ("user", USER.into()), ("services", services)];
    [File::text("compose.yaml", fill(COMPOSE, &values)), File::text("Dockerfile", fill(DOCKERFILE, &values))]
}

/// A node's entry. YAML takes JSON for values, whose quotes are safe.
fn service(launch: &Launch, node: &Node) -> String {
    let place = Place { config: "/network".into(), data: "/data".into(), containers: true };
    let command: Vec<_> = arguments(launch, node, &place)
        .into_iter()
        .flat_map(|Argument { flag, value }| [Some(flag.to_owned()), value])
        .flatten()
        .collect();
    let mut ports = Vec::new();
    if matches!(node.role, Role::Full) {
        ports.push(node.ports.rpc);
    }
    match node.gateway {
        Gateway::Off => {}
        Gateway::Local | Gateway::Open => ports.push(node.ports.gateway),
    }
    let ports: Vec<_> = ports.into_iter().map(|port| format!("127.0.0.1:{port}:{port}")).collect();
    let entries: [(&str, Value); 4] = [
        ("hostname", json!(node.name)),
        ("command", json!(command)),
        ("ports", json!(ports)),
        ("volumes", json!([format!("./data/{}:/data", node.name), ".:/network:ro"])),
    ];
    let entries: String = entries.iter().map(|(name, value)| format!("    {name}: {value}\n")).collect();
    format!("  {}:\n    <<: *node\n{entries}", node.name)
}
