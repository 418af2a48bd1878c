//! What is written for the two examples.

use super::*;
use crate::{
    Config,
    network::{SessionKeys, ss58},
    seal,
};
use polkadot_sdk::sp_core::{Pair, crypto::Ss58Codec, ed25519, sr25519};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use zeroize::Zeroizing;

const EXAMPLE: &str = include_str!("../../../chain-specs/consortium.toml");
const LOCAL: &str = include_str!("../../../chain-specs/local-consortium.toml");
const PASSWORD: &str = "correct horse battery";

fn launched(text: &str) -> Launch {
    let network = Config::parse(text).unwrap().check().unwrap();
    network.launch(|_| Ok(Zeroizing::new(PASSWORD.into()))).unwrap()
}

// Sealing is slow on purpose.
static EXAMPLE_LAUNCH: LazyLock<Launch> = LazyLock::new(|| launched(EXAMPLE));
static LOCAL_LAUNCH: LazyLock<Launch> = LazyLock::new(|| launched(LOCAL));

fn contents(launch: &Launch, path: &str) -> String {
    let files = launch.files();
    let file = files.iter().find(|file| file.path == Path::new(path));
    file.unwrap_or_else(|| panic!("no {path} among {files:#?}")).contents.clone()
}

#[test]
fn the_genesis_is_what_the_file_says() {
    let launch = &EXAMPLE_LAUNCH;
    let patch = launch.genesis_patch();
    assert_eq!(patch["chainTiming"], serde_json::json!({ "slotDurationMs": 6_000, "epochSlots": 600 }));
    assert_eq!(patch["babe"]["epochConfig"]["allowed_slots"], "PrimaryAndSecondaryVRFSlots");
    let sections: Vec<_> = patch.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        sections,
        ["babe", "balances", "chainTiming", "governance", "session", "technicalCommittee", "validatorSet"]
    );

    let balances = patch["balances"]["balances"].as_array().unwrap();
    let sum: u128 = balances.iter().map(|entry| entry[1].to_string().parse::<u128>().unwrap()).sum();
    assert_eq!(sum, launch.network().supply);
    // More than 64 bits hold, to the last planck.
    assert_eq!(balances[0][1].to_string(), "15000000000000000000");
    assert_eq!(balances[4][1].to_string(), "20000000000000000000");
    assert_eq!(balances[5][0], "5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z");

    let tracks = patch["governance"]["tracks"].as_array().unwrap();
    let ids: Vec<_> = tracks.iter().map(|track| track[0].as_u64().unwrap()).collect();
    assert_eq!(ids, [0, 1, 10, 11, 12, 20, 21]);
    assert_eq!(
        tracks[0][1],
        serde_json::json!({
            "maxDeciding": 1, "decisionDeposit": 10_000_000_000_000_000u64, "preparePeriod": 1_200,
            "decisionPeriod": 201_600, "confirmPeriod": 14_400, "minEnactmentPeriod": 14_400,
        })
    );
    // A field that isn't given is the default, one that is given isn't.
    assert_eq!(tracks[2][1]["decisionPeriod"], 100_800);
    assert_eq!(tracks[2][1]["confirmPeriod"], 7_200);
    assert_eq!(
        patch["governance"]["pace"],
        serde_json::json!({
            "submissionDeposit": 1_000_000_000_000u64, "undecidingTimeout": 201_600, "voteLockingPeriod": 100_800,
            "motionDuration": 72_000, "spendPeriod": 86_400, "payoutPeriod": 432_000,
        })
    );
    assert_eq!(patch["technicalCommittee"]["members"].as_array().unwrap().len(), 3);
    assert_eq!(
        launch.properties(),
        serde_json::json!({ "tokenSymbol": "EXC", "tokenDecimals": 12, "ss58Format": 42 })
    );
    assert_eq!(patch["validatorSet"]["minimumSize"], 4);
    let accounts: Vec<_> = launch.network().validators().map(|(_, account)| ss58(account)).collect();
    assert_eq!(patch["validatorSet"]["validators"], serde_json::json!(accounts));
    assert_eq!(
        patch["governance"]["parameters"],
        serde_json::json!([
            ["storage.ByteDeposit", 100_000_000],
            ["storage.RecordDeposit", 50_000_000_000u64],
        ])
    );
}

#[test]
fn validators_have_the_keys_that_were_given_or_made() {
    let launch = &EXAMPLE_LAUNCH;
    let patch = launch.genesis_patch();
    let keys = patch["session"]["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4);
    for (entry, (node, account)) in keys.iter().zip(launch.network().validators()) {
        assert_eq!(entry[0], ss58(account));
        assert_eq!(entry[0], entry[1]);
        let keys = launch.session_keys(&node.name).unwrap();
        assert_eq!(entry[2]["grandpa"], ss58(&keys.grandpa));
        assert_eq!(entry[2]["babe"], ss58(&keys.babe));
        assert_eq!(entry[2]["authority_discovery"], ss58(&keys.authority_discovery));
    }
    let given = launch.session_keys("damson-validator").unwrap();
    assert_eq!(
        ed25519::Public::from_ss58check("5DobyR4ntgwESm354GKJSNez1LZLUdpK72oWpKVBLePpzLbX").unwrap(),
        given.grandpa
    );
    assert_eq!(
        launch.peer_id("damson-validator").unwrap().to_string(),
        "12D3KooWLxQLbPUoj569WcHXh1BCKZw2NDgrBKRUcCiyqCJuTxrC"
    );
    assert!(!launch.sealed().contains_key("damson"), "nothing was made for damson");
    assert_eq!(launch.session_keys("acacia-archive"), None);
}

#[test]
fn sealed_keys_open_to_what_the_node_reads() {
    let launch = &EXAMPLE_LAUNCH;
    let opened = seal::open(&launch.sealed()["acacia"], PASSWORD).unwrap();
    assert_eq!((opened.network.as_str(), opened.member.as_str()), ("example-consortium", "acacia"));
    assert!(opened.files.iter().all(|file| file.mode == 0o600));
    let files: BTreeMap<String, String> =
        opened.files.into_iter().map(|file| (file.path.display().to_string(), file.contents)).collect();
    // A node key each for two nodes, and three session keys for one.
    assert_eq!(files.len(), 5);

    let SessionKeys { grandpa, babe, authority_discovery } = launch.session_keys("acacia-validator").unwrap();
    let phrase = |key_type: &str, public: &[u8]| -> String {
        let path = format!("acacia-validator/keystore/{}{}", hex::encode(key_type), hex::encode(public));
        serde_json::from_str(&files[&path]).unwrap()
    };
    let made = ed25519::Pair::from_string(&phrase("gran", &grandpa.0), None).unwrap();
    assert_eq!(made.public(), *grandpa);
    let made = sr25519::Pair::from_string(&phrase("babe", &babe.0), None).unwrap();
    assert_eq!(made.public(), *babe);
    let made = sr25519::Pair::from_string(&phrase("audi", &authority_discovery.0), None).unwrap();
    assert_eq!(made.public(), *authority_discovery);

    for node in ["acacia-validator", "acacia-archive"] {
        let secret = hex::decode(&files[&format!("{node}/node-key")]).unwrap();
        let secret: [u8; 32] = secret.try_into().unwrap();
        let public = ed25519::Pair::from_seed(&secret).public();
        let peer = polkadot_sdk::sc_network_types::PeerId::from_ed25519(&public.0).unwrap();
        assert_eq!(Some(peer), launch.peer_id(node));
    }
}

#[test]
fn sealed_keys_stay_shut_without_the_password_and_after_a_change() {
    let sealed = &EXAMPLE_LAUNCH.sealed()["birch"];
    let error = seal::open(sealed, "correct horse batterz").unwrap_err();
    assert!(error.to_string().contains("wrong password for the keys of birch"), "{error}");

    let mut file: Value = serde_json::from_str(sealed).unwrap();
    let hex = file["sealed"].as_str().unwrap().to_owned();
    let flipped = if hex.starts_with('0') { "1" } else { "0" };
    file["sealed"] = format!("{flipped}{}", &hex[1..]).into();
    assert!(matches!(seal::open(&file.to_string(), PASSWORD), Err(seal::SealError::Password(_))));

    file["version"] = 2.into();
    for text in [file.to_string(), String::new(), "{}".into(), "\0".into(), sealed.replace("nonce", "once")] {
        assert!(matches!(seal::open(&text, PASSWORD), Err(seal::SealError::Format(_))), "{text}");
    }
}

#[test]
fn sealed_files_cannot_leave_their_folder() {
    for path in ["../escaped", "/etc/passwd", "a/../../b"] {
        let files = BTreeMap::from([(path.to_owned(), Zeroizing::new(String::new()))]);
        let sealed = seal::seal("network", "member", &files, PASSWORD).unwrap();
        let error = seal::open(&sealed, PASSWORD).unwrap_err();
        assert!(error.to_string().contains("leaves the folder"), "{error}");
    }
}

#[test]
fn keys_need_a_password_that_is_hard_to_guess() {
    let network = || Config::parse(EXAMPLE).unwrap().check().unwrap();
    let error = network().launch(|_| Ok(Zeroizing::new("12345678901".into()))).err().unwrap();
    assert!(error.to_string().contains("too short"), "{error}");
    let error = network().launch(|member| Err(format!("{member} is asleep"))).err().unwrap();
    assert_eq!(error.to_string(), "no password for the keys of acacia: acacia is asleep");
}

#[test]
fn two_launches_share_no_key() {
    let other = launched(EXAMPLE);
    let ids = |launch: &Launch| -> BTreeSet<_> {
        launch.nodes().filter(|(_, id)| id.made_node_key).map(|(_, id)| id.peer_id.to_string()).collect()
    };
    assert_eq!(ids(&other).len(), 4);
    assert!(ids(&other).is_disjoint(&ids(&EXAMPLE_LAUNCH)));
}

#[test]
fn nothing_that_is_written_in_the_clear_is_secret() {
    let launch = &EXAMPLE_LAUNCH;
    let mut secrets = Vec::new();
    for sealed in launch.sealed().values() {
        for file in seal::open(sealed, PASSWORD).unwrap().files {
            secrets.push(file.contents.trim_matches('"').to_owned());
        }
    }
    assert_eq!(secrets.len(), 4 + 3 * 3);
    for file in launch.files() {
        for secret in &secrets {
            assert!(!file.contents.contains(secret.as_str()), "{file:?}");
        }
    }
}

#[test]
fn every_placeholder_is_filled() {
    for launch in [&*EXAMPLE_LAUNCH, &*LOCAL_LAUNCH] {
        for file in launch.files() {
            let mut rest = file.contents.as_str();
            while let Some((_, behind)) = rest.split_once("{{") {
                let (name, after) = behind.split_once("}}").unwrap_or((behind, ""));
                let of_grafana = file.path.ends_with("stoa.json") || name.trim().starts_with('$');
                assert!(of_grafana || name.contains(char::is_whitespace), "{file:?}: {name}");
                rest = after;
            }
        }
    }
}

#[test]
fn bootnodes_are_named_with_their_peer_ids() {
    let launch = &EXAMPLE_LAUNCH;
    let peer = launch.peer_id("acacia-validator").unwrap();
    let bootnodes = launch.bootnodes();
    assert_eq!(bootnodes.len(), 2);
    assert_eq!(bootnodes[0], format!("/ip4/10.20.1.1/tcp/30333/p2p/{peer}"));
    assert_eq!(contents(launch, "bootnodes.txt").lines().collect::<Vec<_>>(), bootnodes);
}

#[test]
fn permissioned_networks_list_their_nodes_and_keep_bitswap_off() {
    let launch = &EXAMPLE_LAUNCH;
    let allowed = contents(launch, ALLOWED_PEERS);
    let peers: Vec<_> = allowed
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(peers.len(), 5);
    for (node, identity) in launch.nodes() {
        assert!(peers.contains(&identity.peer_id.to_string().as_str()));
        let unit =
            contents(launch, &format!("members/{}/{}/{}", node.member, node.name, units::unit_name(node)));
        assert!(unit.contains("--allowed-peers /etc/stoa/example-consortium/allowed-peers"));
        assert!(unit.contains("--no-bitswap") && unit.contains("--reserved-only"));
        assert_eq!(unit.matches("--reserved-nodes").count(), 4);
        assert!(!unit.contains(&format!("--reserved-nodes {}/p2p/{}", node.addresses[0], identity.peer_id)));
        let firewall = contents(launch, &format!("members/{}/{}/firewall.nft", node.member, node.name));
        assert!(firewall.contains("tcp dport { 30333 } drop"));
        assert!(firewall.contains("ip saddr { 10.20.0.9 } tcp dport 9615 accept"));
        assert!(!firewall.contains(&node.addresses[0].host.to_string()));
    }
    assert!(contents(launch, "RUNBOOK.md").contains("whoever can dial the port"));
}

#[test]
fn open_networks_have_no_list_and_keep_bitswap() {
    let launch = &LOCAL_LAUNCH;
    assert!(launch.files().iter().all(|file| file.path != Path::new(ALLOWED_PEERS)));
    for file in launch.files() {
        for flag in ["--allowed-peers", "--reserved", "--no-bitswap"] {
            assert!(!file.contents.contains(flag), "{file:?} has {flag}");
        }
    }
}

#[test]
fn validators_have_no_gateway_and_full_nodes_one_on_loopback() {
    let launch = &LOCAL_LAUNCH;
    let validator = contents(launch, "members/bob/bob/run.sh");
    for flag in [
        "--validator",
        "--no-gateway",
        "--rpc-port \"9951\"",
        "--prometheus-port \"9621\"",
        "--listen-addr \"/ip4/0.0.0.0/tcp/30434\"",
        "--public-addr \"/ip4/127.0.0.1/tcp/30434\"",
        "--allow-private-ip",
        "--discover-local",
    ] {
        assert!(validator.contains(flag), "{flag} in {validator}");
    }
    let full = contents(launch, "members/alice/full-node/run.sh");
    assert!(full.contains("--gateway-addr \"127.0.0.1\"") && full.contains("--gateway-port \"8080\""));
    assert!(!full.contains("--validator"));
    let firewall = |path: &str| contents(launch, &format!("members/alice/{path}/firewall.nft"));
    assert!(firewall("full-node").contains("tcp dport 8080 drop"));
    assert!(!firewall("alice").contains("gateway"), "another node of the machine may have it there");
    // Metrics of this network are read on its own machine.
    assert!(!full.contains("--prometheus-external"));
}

/// All files of Compose, Prometheus and Grafana.
fn yaml(launch: &Launch) -> BTreeMap<String, serde_yaml_ng::Value> {
    launch
        .files()
        .into_iter()
        .filter(|file| {
            file.path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
        })
        .map(|file| {
            let value = serde_yaml_ng::from_str(&file.contents)
                .unwrap_or_else(|error| panic!("{file:?}: {error}\n{}", file.contents));
            (file.path.display().to_string(), value)
        })
        .collect()
}

#[test]
fn compose_runs_every_node_by_its_name() {
    for launch in [&*EXAMPLE_LAUNCH, &*LOCAL_LAUNCH] {
        let files = yaml(launch);
        let services = files["compose.yaml"]["services"].as_mapping().unwrap();
        assert_eq!(services.len(), launch.network().nodes.len() + 2);
        for (node, _) in launch.nodes() {
            let service = &services[node.name.as_str()];
            let command: Vec<_> =
                service["command"].as_sequence().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
            assert!(command.windows(2).any(|pair| pair == ["--chain", "/network/chain-spec.raw.json"]));
            let bootnodes = launch.network().nodes.iter().filter(|other| other.bootnode);
            let dialled = bootnodes.filter(|other| other.name != node.name).count();
            assert_eq!(command.iter().filter(|part| **part == "--bootnodes").count(), dialled);
            assert!(command.iter().all(|part| !part.starts_with("/ip4/10.")), "{command:?}");
            assert!(
                service["ports"]
                    .as_sequence()
                    .unwrap()
                    .iter()
                    .all(|port| port.as_str().unwrap().starts_with("127."))
            );
        }
    }
}

#[test]
fn prometheus_reads_every_node_and_alerts() {
    let launch = &EXAMPLE_LAUNCH;
    let files = yaml(launch);
    let targets = |file: &str| -> Vec<String> {
        let configs = files[file]["scrape_configs"][0]["static_configs"].as_sequence().unwrap();
        configs.iter().map(|config| config["targets"][0].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(targets("monitoring/prometheus/prometheus.yml")[0], "10.20.1.1:9615");
    assert_eq!(targets("monitoring/prometheus/compose.yml")[0], "acacia-validator:9615");
    assert_eq!(targets("monitoring/prometheus/prometheus.yml").len(), 5);
    let rules = files["monitoring/prometheus/alerts.yml"]["groups"][0]["rules"].as_sequence().unwrap();
    let runbook = contents(launch, "RUNBOOK.md");
    assert_eq!(rules.len(), 9);
    for rule in rules {
        let alert = rule["alert"].as_str().unwrap();
        assert!(runbook.contains(&format!("| {alert} |")), "the runbook doesn't know {alert}");
    }
}

/// The metrics that queries name.
fn metrics(queries: &str) -> BTreeSet<String> {
    queries
        .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .filter(|word| word.starts_with("substrate_") || word.starts_with("stoa_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn dashboard_and_alerts_name_metrics_that_the_node_exports() {
    let source = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (content, gateway) = (source("node/src/network/metrics.rs"), source("gateway/src/metrics.rs"));
    let substrate: BTreeSet<_> = include_str!("../../tests/substrate-metrics.txt").lines().collect();
    let dashboard = dashboard::dashboard(&LOCAL_LAUNCH);
    let mut queries = contents(&LOCAL_LAUNCH, "monitoring/prometheus/alerts.yml");
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels of one id");
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push('\n');
            queries.push_str(target["expr"].as_str().unwrap());
        }
    }
    let metrics = metrics(&queries);
    assert!(metrics.len() > 30, "{metrics:?}");
    for metric in metrics {
        let exported = if let Some(name) = metric.strip_prefix("stoa_content_") {
            content.contains(&format!("\"{name}\""))
        } else if let Some(name) = metric.strip_prefix("stoa_gateway_") {
            gateway.contains(&format!("    {}: \"", name.trim_end_matches("_total")))
        } else {
            substrate.contains(metric.as_str())
        };
        assert!(exported, "the node doesn't export {metric}");
    }
}

#[test]
fn panels_do_not_overlap() {
    for launch in [&*EXAMPLE_LAUNCH, &*LOCAL_LAUNCH] {
        let dashboard = dashboard::dashboard(launch);
        let mut taken = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(x + w <= 24);
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
                assert!(taken.insert(cell), "{} lies on another panel", panel["title"]);
            }
        }
    }
    let titles = |launch: &Launch| dashboard::dashboard(launch).to_string().contains("Bitswap");
    assert!(titles(&LOCAL_LAUNCH) && !titles(&EXAMPLE_LAUNCH));
}

#[test]
fn the_runbook_has_this_networks_numbers() {
    let runbook = contents(&EXAMPLE_LAUNCH, "RUNBOOK.md");
    for text in [
        "# Example Consortium: runbook",
        "supply 100,000,000 EXC",
        "| validators | 4; 3 of them must be up for finality, so it lives on without 1 |",
        "600 slots, 1h",
        "with 20,000,000 EXC |",
        "| 0 | `root` | everything, runtime upgrades too | 10,000 EXC | 2h | 14d | 1d | 1d | 2d2h |",
        "author_rotateKeysWithOwner",
        "0x6e68760e776226f18aac2cc95a89ac1e8b0d90b02c514257d4e214a5769b054f",
        ".enable_metadata_hash(\"EXC\", 12)",
        "https://example.org/content-policy",
        "grandpa.noteStalled",
    ] {
        assert!(runbook.contains(text), "{text}\n{runbook}");
    }
    let local = contents(&LOCAL_LAUNCH, "RUNBOOK.md");
    assert!(local.contains("as in the metadata hash of released runtimes"));
    assert!(!local.contains("enable_metadata_hash"));
}

#[test]
fn prices_of_the_file_are_those_of_the_genesis_and_of_the_runbook() {
    let text = EXAMPLE.replace("record_deposit = \"0.05\"", "record_deposit = \"0.2\"");
    let launch = launched(&text);
    let parameters = &launch.genesis_patch()["governance"]["parameters"];
    assert_eq!(parameters[1], serde_json::json!(["storage.RecordDeposit", 200_000_000_000u64]));
    let runbook = contents(&launch, "RUNBOOK.md");
    assert!(runbook.contains("| 0.2 EXC | `Storage: RecordDeposit, 200000000000` |"), "{runbook}");
}

#[test]
fn text_of_the_file_stays_text_in_the_runbook() {
    let text = EXAMPLE
        .replace("\"Example Consortium\"", "\"Example {{symbol}} | *Consortium*\"")
        .replace("https://example.org/content-policy", "see {{supply}} <script>");
    let runbook = contents(&launched(&text), "RUNBOOK.md");
    assert!(runbook.contains(r"# Example \{\{symbol\}\} \| \*Consortium\*: runbook"), "{runbook}");
    assert!(runbook.contains(r"see \{\{supply\}\} \<script\>"), "{runbook}");
}

#[test]
fn files_are_written_once_with_their_permissions() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let files = EXAMPLE_LAUNCH.files();
    write(&out, &files).unwrap();
    for file in &files {
        let path = out.join(&file.path);
        assert_eq!(fs::read_to_string(&path).unwrap(), file.contents);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & !file.mode, 0, "{file:?} is written with {mode:o}");
        }
    }
    assert!(files.iter().any(|file| file.mode == 0o600 && file.path.ends_with("keys.sealed")));
    let error = write(&out, &files).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("RUNBOOK.md"), "{error}");
}

#[test]
fn members_are_told_what_to_do_with_their_own_keys_and_with_those_that_were_made() {
    let keys = |member: &str| contents(&EXAMPLE_LAUNCH, &format!("members/{member}/KEYS.md"));
    let (acacia, damson) = (keys("acacia"), keys("damson"));
    assert!(acacia.contains("network open keys.sealed") && !acacia.contains("key insert"), "{acacia}");
    assert!(!damson.contains("network open") && damson.contains("key insert"), "{damson}");
    for (node, identity) in EXAMPLE_LAUNCH.nodes() {
        assert!(keys(&node.member).contains(&identity.peer_id.to_string()));
    }
}
