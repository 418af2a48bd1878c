//! What the runtime and wallets are told of a network.

use crate::{
    governance::TRACKS,
    keys::Launch,
    network::{Role, ss58},
    runtime,
};
use serde_json::{Number, Value, json};

impl Launch {
    /// The patch of the runtime's genesis.
    pub fn genesis_patch(&self) -> Value {
        let network = self.network();
        let balances: Vec<_> = network
            .balances()
            .iter()
            .map(|(account, balance)| json!([ss58(account), number(*balance)]))
            .collect();
        let keys: Vec<_> = self
            .nodes()
            .filter_map(|(node, identity)| match (&node.role, &identity.session) {
                (Role::Validator { account, .. }, Some(keys)) => Some(json!([
                    ss58(account),
                    ss58(account),
                    {
                        "grandpa": ss58(&keys.grandpa),
                        "babe": ss58(&keys.babe),
                        "authority_discovery": ss58(&keys.authority_discovery),
                    }
                ])),
                _ => None,
            })
            .collect();
        let validators: Vec<_> = network.validators().map(|(_, account)| ss58(account)).collect();
        let tracks: Vec<_> = TRACKS
            .iter()
            .zip(&network.tracks)
            .map(|(track, rules)| {
                json!([track.id, {
                    "maxDeciding": rules.max_deciding,
                    "decisionDeposit": number(rules.decision_deposit),
                    "preparePeriod": rules.prepare_period,
                    "decisionPeriod": rules.decision_period,
                    "confirmPeriod": rules.confirm_period,
                    "minEnactmentPeriod": rules.min_enactment_period,
                }])
            })
            .collect();
        let pace = &network.pace;
        let parameters: Vec<_> =
            network.parameters.iter().map(|(name, value)| json!([name, number(*value)])).collect();
        let committee: Vec<_> = network
            .members
            .iter()
            .filter(|member| member.committee)
            .map(|member| ss58(&member.account))
            .collect();
        json!({
            "chainTiming": { "slotDurationMs": network.block_time_ms, "epochSlots": network.epoch_slots },
            "babe": {
                "epochConfig": { "c": [1, 4], "allowed_slots": "PrimaryAndSecondaryVRFSlots" },
            },
            "balances": { "balances": balances },
            "session": { "keys": keys },
            "validatorSet": { "validators": validators, "minimumSize": network.minimum_validators },
            "governance": {
                "tracks": tracks,
                "pace": {
                    "submissionDeposit": number(pace.submission_deposit),
                    "undecidingTimeout": pace.undeciding_timeout,
                    "voteLockingPeriod": pace.vote_locking_period,
                    "motionDuration": pace.motion_duration,
                    "spendPeriod": pace.spend_period,
                    "payoutPeriod": pace.payout_period,
                },
                "parameters": parameters,
            },
            "technicalCommittee": { "members": committee },
        })
    }

    /// What wallets need to show amounts and addresses.
    pub fn properties(&self) -> Value {
        let network = self.network();
        json!({
            "tokenSymbol": network.symbol,
            "tokenDecimals": network.decimals,
            "ss58Format": runtime::SS58_PREFIX,
        })
    }

    /// Where new nodes find the network: the addresses of its bootnodes, with their peer ids.
    pub fn bootnodes(&self) -> Vec<String> {
        self.nodes()
            .filter(|(node, _)| node.bootnode)
            .flat_map(|(node, identity)| {
                node.addresses.iter().map(|address| format!("{address}/p2p/{}", identity.peer_id))
            })
            .collect()
    }
}

/// All 128 bits of it, which `json!` alone can't hold.
fn number(plancks: u128) -> Value {
    Value::Number(Number::from_u128(plancks).expect("`arbitrary_precision` holds any number; qed"))
}
