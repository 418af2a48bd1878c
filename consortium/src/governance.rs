//! The tracks of referenda, and their rules where a file gives none.
//!
//! All of them stand in a genesis that this crate writes, so what its runbook says holds even if a later runtime has
//! other defaults. Confirming takes long enough that a late vote can be answered.

use crate::{amount::Amount, period::Period};

/// A track's rules, in units of `P` for periods and `A` for amounts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rules<P, A> {
    /// How many referenda are decided at a time.
    pub max_deciding: u32,
    /// What must be held before a referendum is decided.
    pub decision_deposit: A,
    /// From the submission to the earliest decision.
    pub prepare_period: P,
    /// For how long a referendum may be decided.
    pub decision_period: P,
    /// For how long it must be passing before it has passed.
    pub confirm_period: P,
    /// From the approval to the earliest dispatch.
    pub min_enactment_period: P,
}

/// What all tracks share, in units of `P` for periods and `A` for amounts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace<P, A> {
    /// What is held for a referendum from its submission on.
    pub submission_deposit: A,
    /// A referendum whose decision hasn't begun by then may be closed.
    pub undeciding_timeout: P,
    /// For how long a vote of single conviction stays locked after the referendum.
    pub vote_locking_period: P,
    /// For how long the technical committee may vote on a motion.
    pub motion_duration: P,
    /// From one of the treasury's spend rounds to the next.
    pub spend_period: P,
    /// For how long an approved spend can be paid out.
    pub payout_period: P,
}

/// A track of the runtime.
pub struct Track {
    /// Its number.
    pub id: u16,
    /// Its name, in the file and in polkadot.js.
    pub name: &'static str,
    /// What passes on it.
    pub what: &'static str,
    /// Its rules where the file gives none.
    pub default: Rules<Period, Amount>,
}

const USUAL: Rules<Period, Amount> = Rules {
    max_deciding: 10,
    decision_deposit: Amount::tokens(500),
    prepare_period: Period::hours(2),
    decision_period: Period::days(14),
    confirm_period: Period::hours(12),
    min_enactment_period: Period::hours(1),
};

/// All tracks.
pub const TRACKS: [Track; 7] = [
    Track {
        id: 0,
        name: "root",
        what: "everything, runtime upgrades too",
        default: Rules {
            max_deciding: 1,
            decision_deposit: Amount::tokens(10_000),
            confirm_period: Period::days(1),
            min_enactment_period: Period::days(1),
            ..USUAL
        },
    },
    Track {
        id: 1,
        name: "whitelisted_caller",
        what: "everything that the technical committee has whitelisted, sooner",
        default: Rules {
            decision_deposit: Amount::tokens(1_000),
            prepare_period: Period::minutes(30),
            confirm_period: Period::hours(6),
            min_enactment_period: Period::minutes(10),
            ..USUAL
        },
    },
    Track { id: 10, name: "validator_admin", what: "adding and removing validators", default: USUAL },
    Track { id: 11, name: "hub_parameters", what: "prices and limits of the hub", default: USUAL },
    Track {
        id: 12,
        name: "moderation",
        what: "taking content down and restoring it",
        default: Rules {
            max_deciding: 20,
            decision_deposit: Amount::tokens(100),
            prepare_period: Period::minutes(30),
            decision_period: Period::days(7),
            confirm_period: Period::hours(6),
            min_enactment_period: Period::minutes(10),
        },
    },
    Track {
        id: 20,
        name: "treasurer",
        what: "large spends of the treasury",
        default: Rules {
            decision_deposit: Amount::tokens(1_000),
            confirm_period: Period::days(1),
            min_enactment_period: Period::days(1),
            ..USUAL
        },
    },
    Track {
        id: 21,
        name: "small_spender",
        what: "small spends of the treasury",
        default: Rules {
            max_deciding: 50,
            decision_deposit: Amount::tokens(100),
            min_enactment_period: Period::days(1),
            ..USUAL
        },
    },
];

/// What all tracks share where the file doesn't say.
pub const PACE: Pace<Period, Amount> = Pace {
    submission_deposit: Amount::tokens(1),
    undeciding_timeout: Period::days(14),
    vote_locking_period: Period::days(7),
    motion_duration: Period::days(5),
    spend_period: Period::days(6),
    payout_period: Period::days(30),
};

/// Fewest validators where the file doesn't say: so many that GRANDPA can lose one.
pub const MINIMUM_VALIDATORS: u32 = 4;
