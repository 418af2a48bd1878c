//! A systemd unit and a script for a node.

use super::{
    arguments::{Argument, Place, arguments},
    fill,
};
use crate::{keys::Launch, network::Node};

const UNIT: &str = include_str!("../../templates/unit.service");
const SCRIPT: &str = include_str!("../../templates/run.sh");

/// The name of a node's unit.
pub(super) fn unit_name(node: &Node) -> String {
    format!("stoa-{}.service", node.name)
}

/// The folder with a network's chain specification on a machine of its own.
pub(super) fn config_dir(launch: &Launch) -> String {
    format!("/etc/stoa/{}", launch.network().id)
}

/// The folder with a node's keys and database on a machine of its own.
pub(super) fn data_dir(node: &Node) -> String {
    format!("/var/lib/stoa/{}", node.name)
}

/// A hardened unit.
pub(super) fn systemd(launch: &Launch, node: &Node) -> String {
    let place = Place { config: config_dir(launch), data: data_dir(node), containers: false };
    let arguments = arguments(launch, node, &place);
    let command = joined(&arguments, |Argument { flag, value }| match value {
        Some(value) => format!("{flag} {value}"),
        None => (*flag).to_owned(),
    });
    let network = launch.network();
    fill(UNIT, &[("node", node.name.clone()), ("network", network.id.clone()), ("arguments", command)])
}

/// A script that starts the node from the folder that it stands in.
pub(super) fn script(launch: &Launch, node: &Node) -> String {
    let place = Place { config: "$network".into(), data: "$data".into(), containers: false };
    let arguments = arguments(launch, node, &place);
    let command = joined(&arguments, |Argument { flag, value }| match value {
        Some(value) => format!("{flag} \"{value}\""),
        None => (*flag).to_owned(),
    });
    let network = launch.network();
    fill(SCRIPT, &[("node", node.name.clone()), ("network", network.id.clone()), ("arguments", command)])
}

fn joined(arguments: &[Argument], show: impl Fn(&Argument) -> String) -> String {
    arguments.iter().map(show).collect::<Vec<_>>().join(" \\\n    ")
}
