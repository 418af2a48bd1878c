//! Referenda that can pass.

use super::{Checker, people::People};
use crate::{
    config::{Config, PaceTable, TrackTable},
    governance::{MINIMUM_VALIDATORS, PACE, Pace, Rules, TRACKS},
    network::{Node, Role},
    parameters::{PARAMETERS, Parameter, Unit},
    period::Period,
    runtime,
};
use std::collections::BTreeMap;

/// What governance is given.
pub(super) struct Governance {
    pub(super) minimum_validators: u32,
    pub(super) tracks: Vec<Rules<u32, u128>>,
    pub(super) pace: Pace<u32, u128>,
    pub(super) parameters: BTreeMap<String, u128>,
}

/// What periods and amounts are counted in.
#[derive(Clone, Copy)]
struct Units {
    block_time_ms: u64,
    decimals: u8,
}

impl Checker {
    pub(super) fn governance(
        &mut self,
        config: &Config,
        people: &People,
        nodes: &[Node],
        block_time_ms: u64,
    ) -> Governance {
        let units = Units { block_time_ms, decimals: config.token.decimals };
        let given = &config.governance;
        for name in given.tracks.keys() {
            if !TRACKS.iter().any(|track| track.name == name) {
                let names: Vec<_> = TRACKS.iter().map(|track| track.name).collect();
                self.refuse(
                    format!("governance.tracks.{name}"),
                    "there is no such track",
                    format!("the tracks are {}", names.join(", ")),
                );
            }
        }
        let pace = self.pace(&given.pace, units);
        let mut tracks = Vec::new();
        for track in &TRACKS {
            let at = format!("governance.tracks.{}", track.name);
            let rules = self.rules(&at, given.tracks.get(track.name), track.default, units);
            let deposits = rules.decision_deposit.saturating_add(pace.submission_deposit);
            if deposits > people.richest() {
                self.refuse(
                    format!("{at}.decision_deposit"),
                    format!(
                        "nobody can put down {} with the submission deposit, so nothing could ever be decided",
                        crate::amount::show(deposits, units.decimals)
                    ),
                    "lower the deposit or give a member more",
                );
            }
            if rules.prepare_period >= pace.undeciding_timeout {
                self.refuse(
                    format!("{at}.prepare_period"),
                    "a referendum would time out before it may be decided",
                    "make governance.pace.undeciding_timeout longer than it",
                );
            }
            tracks.push(rules);
        }
        Governance {
            minimum_validators: self.minimum(given.minimum_validators, nodes),
            tracks,
            pace,
            parameters: self.parameters(config, units),
        }
    }

    fn minimum(&mut self, given: Option<u32>, nodes: &[Node]) -> u32 {
        let minimum = given.unwrap_or(MINIMUM_VALIDATORS);
        let validators = nodes.iter().filter(|node| matches!(node.role, Role::Validator { .. })).count();
        let enough = usize::try_from(minimum).is_ok_and(|minimum| minimum <= validators);
        // Too few validators are a problem of their own.
        if minimum == 0 || (!enough && validators >= runtime::MIN_VALIDATORS) {
            self.refuse(
                "governance.minimum_validators",
                format!("{minimum} of {validators} validators is no minimum"),
                format!("choose from 1 to {validators}"),
            );
        }
        minimum
    }

    /// Blocks of a period; 1 when it was refused.
    fn blocks(&mut self, at: &str, period: Period, may_be_zero: bool, units: Units) -> u32 {
        let Some(blocks) = period.blocks(units.block_time_ms) else {
            self.refuse(at, format!("a chain can't count the blocks of {period}"), "choose a shorter period");
            return 1;
        };
        if blocks == 0 && !may_be_zero {
            self.refuse(at, "nothing happens in no time", "choose a period of at least one block");
            return 1;
        }
        blocks
    }

    fn rules(
        &mut self,
        at: &str,
        given: Option<&TrackTable>,
        default: Rules<Period, crate::amount::Amount>,
        units: Units,
    ) -> Rules<u32, u128> {
        let none = TrackTable::default();
        let given = given.unwrap_or(&none);
        let mut blocks = |name: &str, given: Option<Period>, default, may_be_zero| {
            self.blocks(&format!("{at}.{name}"), given.unwrap_or(default), may_be_zero, units)
        };
        let prepare_period = blocks("prepare_period", given.prepare_period, default.prepare_period, true);
        let decision_period =
            blocks("decision_period", given.decision_period, default.decision_period, false);
        let confirm_period = blocks("confirm_period", given.confirm_period, default.confirm_period, false);
        let min_enactment_period =
            blocks("min_enactment_period", given.min_enactment_period, default.min_enactment_period, true);
        let deposit = given.decision_deposit.unwrap_or(default.decision_deposit);
        let decision_deposit = self.plancks(&format!("{at}.decision_deposit"), &deposit, units.decimals);
        let max_deciding = given.max_deciding.unwrap_or(default.max_deciding);
        if max_deciding == 0 {
            self.refuse(
                format!("{at}.max_deciding"),
                "no referendum could ever be decided",
                "choose at least 1",
            );
        }
        if confirm_period > decision_period {
            self.refuse(
                format!("{at}.confirm_period"),
                "confirming takes longer than deciding, so nothing could ever pass",
                "make it shorter than decision_period",
            );
        }
        Rules {
            max_deciding,
            decision_deposit,
            prepare_period,
            decision_period,
            confirm_period,
            min_enactment_period,
        }
    }

    fn pace(&mut self, given: &PaceTable, units: Units) -> Pace<u32, u128> {
        let mut blocks = |name: &str, given: Option<Period>, default| {
            self.blocks(&format!("governance.pace.{name}"), given.unwrap_or(default), false, units)
        };
        Pace {
            undeciding_timeout: blocks(
                "undeciding_timeout",
                given.undeciding_timeout,
                PACE.undeciding_timeout,
            ),
            vote_locking_period: blocks(
                "vote_locking_period",
                given.vote_locking_period,
                PACE.vote_locking_period,
            ),
            motion_duration: blocks("motion_duration", given.motion_duration, PACE.motion_duration),
            spend_period: blocks("spend_period", given.spend_period, PACE.spend_period),
            payout_period: blocks("payout_period", given.payout_period, PACE.payout_period),
            submission_deposit: self.plancks(
                "governance.pace.submission_deposit",
                &given.submission_deposit.unwrap_or(PACE.submission_deposit),
                units.decimals,
            ),
        }
    }

    fn parameters(&mut self, config: &Config, units: Units) -> BTreeMap<String, u128> {
        let mut parameters = BTreeMap::new();
        for (group, values) in &config.parameters {
            for (name, setting) in values {
                let name = format!("{group}.{name}");
                let at = format!("parameters.{name}");
                let Some(known) = PARAMETERS.iter().find(|known| known.in_file() == name) else {
                    let names: Vec<_> = PARAMETERS.iter().map(Parameter::in_file).collect();
                    self.refuse(
                        &at,
                        "the runtime has no such parameter",
                        format!("its parameters are {}", names.join(", ")),
                    );
                    continue;
                };
                match setting.value(known.unit, units.decimals, units.block_time_ms) {
                    // A part of nothing is none; all else is there to hold somebody to something.
                    Ok(0) if known.unit != Unit::Part => self.refuse(
                        &at,
                        "what it guards could be had for nothing, or never happen",
                        "choose more than 0",
                    ),
                    Ok(value) => {
                        parameters.insert(known.in_genesis(), value);
                    }
                    Err(what) => self.refuse(&at, what, "correct it"),
                }
            }
        }
        parameters
    }
}
