//! Prometheus with its alerts, and Grafana with its dashboard.

use super::{File, dashboard, fill};
use crate::{
    keys::Launch,
    network::{Node, Role},
    period::Period,
};

const PROMETHEUS: &str = include_str!("../../templates/prometheus.yml");
const ALERTS: &str = include_str!("../../templates/alerts.yml");
const DATASOURCE: &str = include_str!("../../templates/datasource.yml");
const PROVIDER: &str = include_str!("../../templates/provider.yml");

pub(super) fn files(launch: &Launch) -> Vec<File> {
    let network = launch.network();
    let targets = |host: fn(&Node) -> String| -> String {
        network.nodes.iter().map(|node| target(node, &host(node))).collect()
    };
    let values = |targets: String| [("network", network.id.clone()), ("targets", targets)];
    let by_address = |node: &Node| node.addresses.first().map_or_else(String::new, |to| to.host.to_string());
    let by_name = |node: &Node| node.name.clone();
    let dashboard = serde_json::to_string_pretty(&dashboard::dashboard(launch)).expect("it is JSON; qed");
    [
        ("prometheus/prometheus.yml", fill(PROMETHEUS, &values(targets(by_address)))),
        ("prometheus/compose.yml", fill(PROMETHEUS, &values(targets(by_name)))),
        ("prometheus/alerts.yml", alerts(launch)),
        ("grafana/provisioning/datasources/stoa.yml", DATASOURCE.to_owned()),
        ("grafana/provisioning/dashboards/stoa.yml", fill(PROVIDER, &values(String::new()))),
        ("grafana/dashboards/stoa.json", dashboard + "\n"),
    ]
    .into_iter()
    .map(|(path, contents)| File::text(format!("monitoring/{path}"), contents))
    .collect()
}

fn target(node: &Node, host: &str) -> String {
    let role = match node.role {
        Role::Validator { .. } => "validator",
        Role::Full => "full",
    };
    format!(
        "      - targets: [\"{host}:{}\"]\n        labels: {{ node: {}, member: {}, role: {role} }}\n",
        node.ports.prometheus, node.name, node.member
    )
}

/// Windows in which nothing may be missing: a chain of longer block time is slower in all.
struct Windows {
    /// Of a few blocks.
    short: Period,
    /// In which every validator authors several blocks.
    authoring: Period,
}

fn windows(launch: &Launch) -> Windows {
    let network = launch.network();
    let validators = u64::try_from(network.validators().count()).unwrap_or(u64::MAX);
    let blocks = |count: u64| {
        let minutes = count.saturating_mul(network.block_time_ms).div_ceil(60_000);
        Period::minutes(u32::try_from(minutes).unwrap_or(u32::MAX))
    };
    Windows {
        short: blocks(20).max(Period::minutes(5)),
        authoring: blocks(validators.saturating_mul(20)).max(Period::minutes(30)),
    }
}

fn alerts(launch: &Launch) -> String {
    let Windows { short, authoring } = windows(launch);
    let peers = launch.network().nodes.len().saturating_sub(1).min(2);
    fill(
        ALERTS,
        &[
            ("network", launch.network().id.clone()),
            ("short", short.to_string()),
            ("authoring", authoring.to_string()),
            ("peers", peers.to_string()),
        ],
    )
}
