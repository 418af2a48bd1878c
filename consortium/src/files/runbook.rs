//! How this very network is run: a runbook for all, and what each member does with its keys.

use super::{fill, units};
use crate::{
    governance::TRACKS,
    keys::Launch,
    network::{Member, Node, Role, ss58},
    parameters::PARAMETERS,
    runtime,
};

const RUNBOOK: &str = include_str!("../../templates/RUNBOOK.md");
const KEYS: &str = include_str!("../../templates/KEYS.md");
const SEALED_KEYS: &str = include_str!("../../templates/sealed-keys.md");
const OWN_KEYS: &str = include_str!("../../templates/own-keys.md");
const PERMISSIONED: &str = include_str!("../../templates/permissioned.md");
const OPEN: &str = include_str!("../../templates/open.md");
const OWN_TOKEN: &str = include_str!("../../templates/own-token.md");
const USUAL_TOKEN: &str = include_str!("../../templates/usual-token.md");

/// A table's rows.
fn rows(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    rows.into_iter().map(|row| format!("| {} |\n", row.join(" | "))).collect()
}

/// Text of the file in a table or a sentence.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|char| r"\`*_{}[]<>|#".contains(char).then_some('\\').into_iter().chain([char]))
        .collect()
}

pub(super) fn runbook(launch: &Launch) -> String {
    let network = launch.network();
    let validators = network.validators().count();
    let token =
        if (network.symbol.as_str(), network.decimals) == runtime::TOKEN { USUAL_TOKEN } else { OWN_TOKEN };
    let access = if network.permissioned.is_some() { PERMISSIONED } else { OPEN };
    // Values that are templates themselves come first.
    fill(
        RUNBOOK,
        &[
            ("access", access.to_owned()),
            ("metadata_hash", token.to_owned()),
            ("moderation", moderation(launch)),
            ("nodes", nodes(launch)),
            ("members", members(launch)),
            ("tracks", tracks(launch)),
            ("prices", prices(launch)),
            ("validator_accounts", validator_accounts(launch)),
            (
                "bootnodes",
                super::lines(launch.bootnodes().into_iter().map(|address| format!("    {address}"))),
            ),
            ("name", plain(&network.name)),
            ("id", network.id.clone()),
            ("symbol", network.symbol.clone()),
            ("decimals", network.decimals.to_string()),
            ("supply", network.money(network.supply)),
            ("treasury", network.money(network.treasury)),
            ("treasury_account", ss58(&polkadot_sdk::sp_core::crypto::AccountId32::new(runtime::TREASURY))),
            ("block_time", network.time(1u32)),
            ("epoch_slots", network.epoch_slots.to_string()),
            ("epoch", network.time(network.epoch_slots)),
            ("two_epochs", network.time(network.epoch_slots.saturating_mul(2))),
            ("validators", validators.to_string()),
            ("faults", network.faults().to_string()),
            ("needed", validators.saturating_sub(network.faults()).to_string()),
            ("minimum_validators", network.minimum_validators.to_string()),
            ("committee", network.members.iter().filter(|member| member.committee).count().to_string()),
            ("submission_deposit", network.money(network.pace.submission_deposit)),
            ("undeciding_timeout", network.time(network.pace.undeciding_timeout)),
            ("vote_locking_period", network.time(network.pace.vote_locking_period)),
            ("motion_duration", network.time(network.pace.motion_duration)),
            ("spend_period", network.time(network.pace.spend_period)),
            ("payout_period", network.time(network.pace.payout_period)),
            ("permissioned", if network.permissioned.is_some() { "yes" } else { "no" }.into()),
            ("config_dir", units::config_dir(launch)),
        ],
    )
}

fn role(node: &Node) -> &'static str {
    match node.role {
        Role::Validator { .. } => "validator",
        Role::Full => "full node",
    }
}

fn nodes(launch: &Launch) -> String {
    rows(launch.nodes().map(|(node, identity)| {
        let addresses: Vec<_> = node.addresses.iter().map(ToString::to_string).collect();
        vec![
            node.name.clone(),
            node.member.clone(),
            role(node).into(),
            if node.bootnode { "yes" } else { "" }.into(),
            format!("`{}`", addresses.join("`, `")),
            format!("`{}`", identity.peer_id),
        ]
    }))
}

fn members(launch: &Launch) -> String {
    let network = launch.network();
    rows(network.members.iter().map(|member| {
        vec![
            member.name.clone(),
            format!("`{}`", ss58(&member.account)),
            network.money(member.balance),
            if member.committee { "yes" } else { "" }.into(),
        ]
    }))
}

fn tracks(launch: &Launch) -> String {
    let network = launch.network();
    rows(TRACKS.iter().zip(&network.tracks).map(|(track, rules)| {
        let earliest = [rules.prepare_period, rules.confirm_period, rules.min_enactment_period];
        let earliest: u64 = earliest.into_iter().map(u64::from).sum();
        vec![
            track.id.to_string(),
            format!("`{}`", track.name),
            track.what.into(),
            network.money(rules.decision_deposit),
            network.time(rules.prepare_period),
            network.time(rules.decision_period),
            network.time(rules.confirm_period),
            network.time(rules.min_enactment_period),
            network.time(earliest),
        ]
    }))
}

fn prices(launch: &Launch) -> String {
    let network = launch.network();
    rows(PARAMETERS.iter().map(|parameter| {
        let given = network.parameters.get(&parameter.in_genesis());
        let value = given.copied().unwrap_or(parameter.default);
        vec![
            format!("`{}`", parameter.in_file()),
            parameter.what.into(),
            network.value(parameter, value),
            format!("`{}`", parameter.in_call(value)),
        ]
    }))
}

fn moderation(launch: &Launch) -> String {
    match &launch.network().moderation {
        Some(moderation) => format!(
            "The policy: {}\n\nComplaints go to {}.",
            plain(&moderation.policy),
            plain(&moderation.contact)
        ),
        None => "This network was launched without a policy: the voters decide each case.".into(),
    }
}

fn validator_accounts(launch: &Launch) -> String {
    rows(launch.network().validators().map(|(node, account)| {
        let bytes: &[u8] = account.as_ref();
        vec![node.name.clone(), format!("`{}`", ss58(account)), format!("`0x{}`", hex::encode(bytes))]
    }))
}

/// What a member does with its keys.
pub(super) fn keys(launch: &Launch, member: &Member) -> String {
    let network = launch.network();
    let sealed = if launch.sealed().contains_key(&member.name) {
        SEALED_KEYS.to_owned()
    } else {
        "No key was made for you: you gave the public halves of all.".into()
    };
    let of_member = || launch.nodes().filter(|(node, _)| node.member == member.name);
    let nodes: String = of_member().map(|(node, identity)| node_keys(node, identity)).collect();
    let own = of_member().any(|(_, identity)| {
        !identity.made_node_key || (identity.session.is_some() && !identity.made_session)
    });
    fill(
        KEYS,
        &[
            ("sealed", sealed),
            ("nodes", nodes),
            ("own", if own { OWN_KEYS } else { "" }.to_owned()),
            ("member", member.name.clone()),
            ("account", ss58(&member.account)),
            ("balance", network.money(member.balance)),
            ("name", plain(&network.name)),
        ],
    )
}

fn node_keys(node: &Node, identity: &crate::keys::Identity) -> String {
    let made = |made: bool| if made { "made for you, sealed" } else { "given by you" };
    let data = units::data_dir(node);
    let mut text = format!(
        "\n### {} ({})\n\n| key | public half | where it comes from | where it goes |\n|---|---|---|---|\n",
        node.name,
        role(node)
    );
    text.push_str(&rows([vec![
        "node key".into(),
        format!("`{}`", identity.peer_id),
        made(identity.made_node_key).into(),
        format!("`{data}/node-key`"),
    ]]));
    let (Role::Validator { account, .. }, Some(keys)) = (&node.role, &identity.session) else {
        return text;
    };
    let keys: [(&str, &[u8]); 3] = [
        ("`gran` (ed25519)", &keys.grandpa.0),
        ("`babe` (sr25519)", &keys.babe.0),
        ("`audi` (sr25519)", &keys.authority_discovery.0),
    ];
    text.push_str(&rows(keys.map(|(name, public)| {
        vec![
            name.into(),
            format!("`0x{}`", hex::encode(public)),
            made(identity.made_session).into(),
            format!("`{data}/keystore/`"),
        ]
    })));
    text.push_str(&format!("\nIt validates for the account `{}`.\n", ss58(account)));
    text
}
