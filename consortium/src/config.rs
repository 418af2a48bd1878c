//! The configuration file, as it is written. [`Config::check`] says what it means.

use crate::{amount::Amount, parameters::Setting, period::Period};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A network as its file describes it. `chain-specs/consortium.toml` explains every field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the network is called.
    pub network: NetworkTable,
    /// Its token.
    pub token: TokenTable,
    /// Its pace.
    pub timing: TimingTable,
    /// Its referenda.
    #[serde(default)]
    pub governance: GovernanceTable,
    /// What is taken down, and whom to tell.
    pub moderation: Option<ModerationTable>,
    /// Values of the hub's parameters, by group and name.
    #[serde(default)]
    pub parameters: BTreeMap<String, BTreeMap<String, Setting>>,
    /// Who may take part.
    #[serde(default)]
    pub permissioned: PermissionedTable,
    /// Who reads the nodes' metrics.
    #[serde(default)]
    pub monitoring: MonitoringTable,
    /// Who runs the network.
    #[serde(default)]
    pub members: Vec<MemberTable>,
    /// Who else has tokens in the beginning.
    #[serde(default)]
    pub endowments: Vec<EndowmentTable>,
    /// The machines.
    #[serde(default)]
    pub nodes: Vec<NodeTable>,
}

/// What the network is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkTable {
    /// For people.
    pub name: String,
    /// For files, protocols and units.
    pub id: String,
    /// Whether it is meant to last.
    #[serde(default)]
    pub kind: Kind,
}

/// Whether a network is meant to last.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is.
    #[default]
    Live,
    /// It is for tests: on one machine, with keys that everybody knows.
    Local,
}

/// The token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenTable {
    /// Its symbol.
    pub symbol: String,
    /// Digits behind the point.
    #[serde(default = "default_decimals")]
    pub decimals: u8,
    /// All there is; the treasury has what nobody else is given.
    pub supply: Amount,
}

fn default_decimals() -> u8 {
    crate::runtime::TOKEN.1
}

/// The pace; it can't be changed later.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimingTable {
    /// From one block to the next.
    pub block_time: Period,
    /// For how long validators and their keys stay the same.
    pub epoch: Period,
}

/// Referenda and those who can speed them up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovernanceTable {
    /// Fewest validators, whatever is voted.
    pub minimum_validators: Option<u32>,
    /// What all tracks share.
    #[serde(default)]
    pub pace: PaceTable,
    /// The tracks, by name.
    #[serde(default)]
    pub tracks: BTreeMap<String, TrackTable>,
}

/// What all tracks share; what isn't given is as [`crate::governance`] has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see governance::Pace")]
pub struct PaceTable {
    pub submission_deposit: Option<Amount>,
    pub undeciding_timeout: Option<Period>,
    pub vote_locking_period: Option<Period>,
    pub motion_duration: Option<Period>,
    pub spend_period: Option<Period>,
    pub payout_period: Option<Period>,
}

/// A track; what isn't given is as [`crate::governance`] has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "see governance::Rules")]
pub struct TrackTable {
    pub max_deciding: Option<u32>,
    pub decision_deposit: Option<Amount>,
    pub prepare_period: Option<Period>,
    pub decision_period: Option<Period>,
    pub confirm_period: Option<Period>,
    pub min_enactment_period: Option<Period>,
}

/// What is taken down. The rules of the vote are those of the track `moderation`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModerationTable {
    /// The policy: a text, or where it stands.
    pub policy: String,
    /// Where complaints go.
    pub contact: String,
}

/// Whether only nodes that are listed may take part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionedTable {
    /// Whether it is so.
    #[serde(default)]
    pub enabled: bool,
    /// Peer ids beside those of this file's nodes.
    #[serde(default)]
    pub allowed_peers: Vec<String>,
}

/// Who reads the nodes' metrics.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitoringTable {
    /// The IP addresses of Prometheus; without any, metrics are on each node's loopback alone.
    #[serde(default)]
    pub from: Vec<String>,
}

/// Who runs the network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberTable {
    /// For files.
    pub name: String,
    /// Whose votes and money they are.
    pub account: String,
    /// What the account has in the beginning.
    pub balance: Amount,
    /// Whether the account is in the technical committee.
    #[serde(default)]
    pub committee: bool,
}

/// Who else has tokens in the beginning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndowmentTable {
    /// The account.
    pub account: String,
    /// What it has.
    pub balance: Amount,
}

/// What a node does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Authors blocks and votes.
    Validator,
    /// Follows the chain.
    Full,
}

/// Whom a node's HTTP gateway answers.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Gateway {
    /// Nobody.
    Off,
    /// Its own machine.
    Local,
    /// Everybody who reaches it.
    Open,
}

/// A machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeTable {
    /// For files and units.
    pub name: String,
    /// The member that runs it.
    pub member: String,
    /// What it does.
    pub role: RoleName,
    /// The validator's account, where it isn't the member's.
    pub account: Option<String>,
    /// Where others reach it.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Whether new nodes ask it for others.
    #[serde(default)]
    pub bootnode: bool,
    /// Whom its gateway answers: by default nobody on a validator, its own machine on a full node.
    pub gateway: Option<Gateway>,
    /// Whether it keeps all states and blocks.
    #[serde(default)]
    pub archive: bool,
    /// Its peer id, where its key was made already.
    pub peer_id: Option<String>,
    /// A validator's public keys, where they were made already.
    pub session_keys: Option<SessionKeysTable>,
    /// Its ports on its own machine.
    #[serde(default)]
    pub ports: PortsTable,
}

/// A validator's public keys, as hex or addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionKeysTable {
    /// Ed25519.
    pub grandpa: String,
    /// Sr25519.
    pub babe: String,
    /// Sr25519.
    pub authority_discovery: String,
}

/// Ports on a node's own machine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PortsTable {
    /// JSON-RPC.
    pub rpc: u16,
    /// Metrics.
    pub prometheus: u16,
    /// HTTP.
    pub gateway: u16,
}

impl Default for PortsTable {
    fn default() -> Self {
        Self { rpc: 9944, prometheus: 9615, gateway: 8080 }
    }
}

/// The text isn't a configuration file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "line {line}, column {column}, `{near}`: {what}. Correct it; chain-specs/consortium.toml explains every field"
)]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// The line's text.
    pub near: String,
    /// What is wrong.
    pub what: String,
}

impl Config {
    /// Reads a configuration file. What it says isn't checked yet.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            let column = before.chars().rev().take_while(|char| *char != '\n').count().saturating_add(1);
            let near = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
            let what = error.message().trim().replace('\n', ", ");
            ParseError { line, column, near, what }
        })
    }
}
