//! Grafana's dashboard, over metrics that the node exports.

use crate::keys::Launch;
use serde_json::{Value, json};

/// Grafana's columns.
const WIDTH: usize = 24;
const HEIGHT: usize = 8;

/// What a panel draws.
#[derive(Clone, Copy)]
enum Kind {
    /// Numbers.
    Stat,
    /// Lines over time.
    Lines,
}

/// A panel: its title, the unit, its kind, and its queries with their legends.
type Panel<'a> = (&'a str, &'a str, Kind, &'a [(&'a str, &'a str)]);

const CHAIN: &[Panel] = &[
    (
        "Best block",
        "none",
        Kind::Stat,
        &[(r#"max(substrate_block_height{node=~"$node", status="best"})"#, "best")],
    ),
    (
        "Finalised block",
        "none",
        Kind::Stat,
        &[(r#"max(substrate_block_height{node=~"$node", status="finalized"})"#, "finalised")],
    ),
    (
        "Blocks not finalised",
        "none",
        Kind::Stat,
        &[(
            r#"max(substrate_block_height{node=~"$node", status="best"}) - max(substrate_block_height{node=~"$node", status="finalized"})"#,
            "blocks",
        )],
    ),
    ("Nodes that answer", "none", Kind::Stat, &[(r#"sum(up{job="stoa", node=~"$node"})"#, "nodes")]),
    (
        "Height",
        "none",
        Kind::Lines,
        &[(r#"substrate_block_height{node=~"$node", status=~"best|finalized"}"#, "{{node}} {{status}}")],
    ),
    (
        "Blocks not finalised, by node",
        "none",
        Kind::Lines,
        &[(
            r#"substrate_block_height{node=~"$node", status="best"} - ignoring(status) substrate_block_height{node=~"$node", status="finalized"}"#,
            "{{node}}",
        )],
    ),
    (
        "Blocks authored an hour",
        "none",
        Kind::Lines,
        &[(r#"increase(substrate_proposer_block_constructed_count{node=~"$node"}[1h])"#, "{{node}}")],
    ),
    (
        "GRANDPA votes cast",
        "cps",
        Kind::Lines,
        &[
            (r#"rate(substrate_finality_grandpa_prevotes_total{node=~"$node"}[5m])"#, "{{node}} prevotes"),
            (
                r#"rate(substrate_finality_grandpa_precommits_total{node=~"$node"}[5m])"#,
                "{{node}} precommits",
            ),
        ],
    ),
    (
        "GRANDPA round",
        "none",
        Kind::Lines,
        &[(r#"substrate_finality_grandpa_round{node=~"$node"}"#, "{{node}}")],
    ),
    (
        "Time to make a block",
        "s",
        Kind::Lines,
        &[(
            r#"rate(substrate_proposer_block_constructed_sum{node=~"$node"}[5m]) / rate(substrate_proposer_block_constructed_count{node=~"$node"}[5m])"#,
            "{{node}}",
        )],
    ),
    (
        "Time to import a block",
        "s",
        Kind::Lines,
        &[(
            r#"rate(substrate_block_verification_and_import_time_sum{node=~"$node"}[5m]) / rate(substrate_block_verification_and_import_time_count{node=~"$node"}[5m])"#,
            "{{node}}",
        )],
    ),
    (
        "Transactions",
        "none",
        Kind::Lines,
        &[
            (r#"substrate_ready_transactions_number{node=~"$node"}"#, "{{node}} ready"),
            (r#"substrate_proposer_number_of_transactions{node=~"$node"}"#, "{{node}} in its last block"),
        ],
    ),
];

const MACHINE: &[Panel] = &[
    (
        "Peers",
        "none",
        Kind::Lines,
        &[
            (r#"substrate_sync_peers{node=~"$node"}"#, "{{node}} syncing"),
            (r#"substrate_sub_libp2p_peers_count{node=~"$node"}"#, "{{node}} connected"),
        ],
    ),
    (
        "Network",
        "Bps",
        Kind::Lines,
        &[(r#"rate(substrate_sub_libp2p_network_bytes_total{node=~"$node"}[5m])"#, "{{node}} {{direction}}")],
    ),
    (
        "Up since",
        "dateTimeFromNow",
        Kind::Stat,
        &[(r#"substrate_process_start_time_seconds{node=~"$node"} * 1000"#, "{{node}}")],
    ),
    (
        "Caches",
        "bytes",
        Kind::Lines,
        &[
            (r#"substrate_database_cache_bytes{node=~"$node"}"#, "{{node}} database"),
            (r#"substrate_state_cache_bytes{node=~"$node"}"#, "{{node}} state"),
        ],
    ),
];

const CONTENT: &[Panel] = &[
    (
        "Slices served",
        "Bps",
        Kind::Lines,
        &[(r#"rate(stoa_content_slice_bytes_total{node=~"$node"}[5m])"#, "{{node}}")],
    ),
    (
        "Content fetched",
        "Bps",
        Kind::Lines,
        &[(r#"rate(stoa_content_fetched_bytes_total{node=~"$node"}[5m])"#, "{{node}}")],
    ),
    (
        "Slice requests",
        "none",
        Kind::Lines,
        &[
            (r#"stoa_content_slice_queue{node=~"$node"}"#, "{{node}} waiting"),
            (r#"stoa_content_slice_active{node=~"$node"}"#, "{{node}} being served"),
        ],
    ),
    (
        "Slice requests refused",
        "cps",
        Kind::Lines,
        &[(r#"rate(stoa_content_slices_refused_total{node=~"$node"}[5m])"#, "{{node}} {{reason}}")],
    ),
    (
        "Fetches an hour",
        "none",
        Kind::Lines,
        &[
            (r#"increase(stoa_content_fetches_total{node=~"$node"}[1h])"#, "{{node}} {{outcome}}"),
            (r#"stoa_content_fetches_running{node=~"$node"}"#, "{{node}} under way"),
        ],
    ),
    (
        "Pieces announced",
        "none",
        Kind::Lines,
        &[(r#"stoa_content_announced_pieces{node=~"$node"}"#, "{{node}}")],
    ),
];

const BITSWAP: &[Panel] = &[
    (
        "Bitswap",
        "Bps",
        Kind::Lines,
        &[(r#"rate(stoa_content_bitswap_bytes_total{node=~"$node"}[5m])"#, "{{node}}")],
    ),
    (
        "Bitswap wants refused",
        "cps",
        Kind::Lines,
        &[(r#"rate(stoa_content_bitswap_refused_total{node=~"$node"}[5m])"#, "{{node}}")],
    ),
];

const GATEWAY: &[Panel] = &[
    (
        "Gateway reads",
        "reqps",
        Kind::Lines,
        &[
            (r#"rate(stoa_gateway_block_requests_total{node=~"$node"}[5m])"#, "{{node}} blocks"),
            (r#"rate(stoa_gateway_car_requests_total{node=~"$node"}[5m])"#, "{{node}} CARs"),
        ],
    ),
    (
        "Gateway bytes",
        "Bps",
        Kind::Lines,
        &[
            (r#"rate(stoa_gateway_bytes_served_total{node=~"$node"}[5m])"#, "{{node}} out"),
            (r#"rate(stoa_gateway_upload_bytes_total{node=~"$node"}[5m])"#, "{{node}} in"),
        ],
    ),
    (
        "Gateway failures",
        "cps",
        Kind::Lines,
        &[
            (r#"rate(stoa_gateway_reads_not_found_total{node=~"$node"}[5m])"#, "{{node}} not found"),
            (r#"rate(stoa_gateway_reads_refused_total{node=~"$node"}[5m])"#, "{{node}} refused"),
            (r#"rate(stoa_gateway_streams_cut_total{node=~"$node"}[5m])"#, "{{node}} cut"),
            (r#"rate(stoa_gateway_fetches_failed_total{node=~"$node"}[5m])"#, "{{node}} not fetched"),
        ],
    ),
    (
        "Uploads an hour",
        "none",
        Kind::Lines,
        &[
            (r#"increase(stoa_gateway_uploads_stored_total{node=~"$node"}[1h])"#, "{{node}} stored"),
            (r#"increase(stoa_gateway_uploads_refused_total{node=~"$node"}[1h])"#, "{{node}} refused"),
        ],
    ),
];

/// The dashboard of a network.
pub(super) fn dashboard(launch: &Launch) -> Value {
    let network = launch.network();
    let mut sections =
        vec![("Chain", CHAIN), ("Nodes", MACHINE), ("Content", CONTENT), ("HTTP gateway", GATEWAY)];
    if network.permissioned.is_none() {
        sections.insert(3, ("Bitswap", BITSWAP));
    }
    json!({
        "uid": format!("stoa-{}", network.id),
        "title": network.name,
        "tags": ["stoa"],
        "schemaVersion": 41,
        "version": 1,
        "editable": false,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "utc",
        "templating": { "list": [{
            "name": "node",
            "label": "Node",
            "type": "query",
            "datasource": datasource(),
            "query": { "query": "label_values(up{job=\"stoa\"}, node)", "refId": "nodes" },
            "refresh": 2,
            "multi": true,
            "includeAll": true,
            "current": { "text": ["All"], "value": ["$__all"] },
        }] },
        "panels": panels(&sections),
    })
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "stoa-prometheus" })
}

/// Panels from left to right below their section's row.
fn panels(sections: &[(&str, &[Panel])]) -> Vec<Value> {
    let mut panels: Vec<Value> = Vec::new();
    let (mut x, mut y) = (0, 0);
    for (title, section) in sections {
        if x > 0 {
            (x, y) = (0, y + HEIGHT);
        }
        let place = json!({ "x": 0, "y": y, "w": WIDTH, "h": 1 });
        let id = panels.len() + 1;
        panels.push(json!({ "id": id, "type": "row", "title": title, "collapsed": false, "gridPos": place, "panels": [] }));
        y += 1;
        for (title, unit, kind, queries) in *section {
            let (kind, width) = match kind {
                Kind::Stat => ("stat", 6),
                Kind::Lines => ("timeseries", 12),
            };
            if x + width > WIDTH {
                (x, y) = (0, y + HEIGHT);
            }
            let targets: Vec<_> = queries
                .iter()
                .zip('A'..)
                .map(|((query, legend), name)| {
                    json!({ "refId": name, "expr": query, "legendFormat": legend, "datasource": datasource() })
                })
                .collect();
            let id = panels.len() + 1;
            panels.push(json!({
                "id": id,
                "type": kind,
                "title": title,
                "datasource": datasource(),
                "gridPos": { "x": x, "y": y, "w": width, "h": HEIGHT },
                "fieldConfig": { "defaults": { "unit": unit }, "overrides": [] },
                "targets": targets,
            }));
            x += width;
        }
    }
    panels
}
