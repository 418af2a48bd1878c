//! The hub's parameters: their names, units and defaults, and their values as people write them.

use crate::{amount::Amount, period::Period};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// In what a parameter is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Plancks; tokens in the file.
    Tokens,
    /// Blocks; a period in the file.
    Blocks,
    /// Pieces of whatever it counts.
    Number,
    /// Millionths; a part such as `"2.5%"` in the file.
    Part,
}

/// A parameter that referenda on the hub's parameters set.
pub struct Parameter {
    /// Its group, in the file and in the genesis.
    pub group: &'static str,
    /// Its name in the genesis and in polkadot.js.
    pub name: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// What it is.
    pub what: &'static str,
    /// What holds until it is set.
    pub default: u128,
}

const fn parameter(
    group: &'static str,
    name: &'static str,
    unit: Unit,
    default: u128,
    what: &'static str,
) -> Parameter {
    Parameter { group, name, unit, what, default }
}

/// All parameters.
pub const PARAMETERS: [Parameter; 32] = {
    use Unit::{Blocks, Number, Part, Tokens};
    [
        parameter("storage", "RecordDeposit", Tokens, 50_000_000_000, "held for each record on the chain"),
        parameter("storage", "ByteDeposit", Tokens, 100_000_000, "held for each byte of a record"),
        parameter("proofs", "Window", Blocks, 600, "in which a provider proves once what it stores"),
        parameter("proofs", "Response", Blocks, 150, "of a window in which proofs are taken"),
        parameter("proofs", "Challenges", Number, 32, "leaves that a proof shows"),
        parameter("proofs", "Slash", Tokens, 17_000, "what a missed window costs for each KiB stored"),
        parameter("proofs", "MaxMisses", Number, 3, "missed windows after which a provider is jailed"),
        parameter(
            "proofs",
            "GraceAfter",
            Number,
            100,
            "proven windows after which a first fault is forgiven again",
        ),
        parameter(
            "proofs",
            "JailWindows",
            Number,
            24,
            "windows in jail after which anybody may close its orders",
        ),
        parameter("proofs", "Notice", Number, 24, "windows from a notice to a replica's end"),
        parameter(
            "proofs",
            "StakePerGib",
            Tokens,
            430_000_000_000,
            "a provider's stake for a GiB of capacity",
        ),
        parameter("proofs", "MinPrice", Tokens, 100_000_000, "lowest price for a GiB and window"),
        parameter("proofs", "MaxPrice", Tokens, 50_000_000_000, "highest price for a GiB and window"),
        parameter("proofs", "Levy", Part, 20_000, "part of every payment for storage that the treasury gets"),
        parameter("proofs", "ReporterShare", Part, 100_000, "part of a slash that whoever reported it gets"),
        parameter("proofs", "MinTerm", Number, 24, "fewest windows of an order"),
        parameter("proofs", "AcceptWithin", Blocks, 14_400, "within which providers may accept an order"),
        parameter(
            "proofs",
            "OrderDeposit",
            Tokens,
            10_000_000_000,
            "held for an order, and for each replica",
        ),
        parameter("proofs", "ProviderDeposit", Tokens, 100_000_000_000, "held for a provider's record"),
        parameter("market", "DeliveryPeriod", Blocks, 28_800, "within which a seller delivers a key"),
        parameter("market", "DisputePeriod", Blocks, 28_800, "after that, in which a buyer may dispute it"),
        parameter("market", "DisputeForfeit", Tokens, 1_000_000_000_000, "what a false dispute costs"),
        parameter("compute", "MinStake", Tokens, 100_000_000_000_000, "a worker's least stake"),
        parameter("compute", "MinSeatCost", Tokens, 10_000_000_000, "least cost of a seat at the fuel limit"),
        parameter("compute", "BaseFee", Tokens, 2_000_000_000, "least that an agreeing worker earns"),
        parameter("compute", "PokeReward", Tokens, 5_000_000_000, "what moving a job on earns"),
        parameter("compute", "ApplyBlocks", Blocks, 50, "for workers to apply"),
        parameter("compute", "RevealBlocks", Blocks, 50, "for workers to reveal"),
        parameter("compute", "MinRunBlocks", Blocks, 20, "least that a job may give its workers"),
        parameter("compute", "MaxRunBlocks", Blocks, 28_800, "most that it may"),
        parameter(
            "compute",
            "BondedBlocks",
            Blocks,
            201_600,
            "for which signers of a certificate stay bonded",
        ),
        parameter(
            "voting",
            "MinFreeVote",
            Tokens,
            10_000_000_000_000,
            "least amount of a vote without a fee",
        ),
    ]
};

impl Parameter {
    /// Its group and name, as the genesis has them.
    pub fn in_genesis(&self) -> String {
        format!("{}.{}", self.group, self.name)
    }

    /// Its group and name, as the file has them.
    pub fn in_file(&self) -> String {
        let mut text = format!("{}.", self.group);
        for (at, char) in self.name.char_indices() {
            if at > 0 && char.is_ascii_uppercase() {
                text.push('_');
            }
            text.push(char.to_ascii_lowercase());
        }
        text
    }

    /// What `parameters.setParameter` is given in polkadot.js.
    pub fn in_call(&self, value: u128) -> String {
        let mut group = self.group.to_owned();
        group.get_mut(..1).unwrap_or_default().make_ascii_uppercase();
        format!("{group}: {}, {value}", self.name)
    }
}

/// A parameter's value as it is written: a number, or text in quotes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting(String);

impl Setting {
    /// Its value, or what is wrong with it.
    pub fn value(&self, unit: Unit, decimals: u8, block_time_ms: u64) -> Result<u128, String> {
        let text = &self.0;
        match unit {
            Unit::Tokens => {
                let amount: Amount = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
                amount.plancks(decimals).map_err(|error| error.to_string())
            }
            Unit::Blocks => {
                let period: Period = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
                let blocks = period.blocks(block_time_ms);
                blocks.map(u128::from).ok_or_else(|| format!("a chain can't count the blocks of {period}"))
            }
            Unit::Number => {
                let number = text.replace('_', "").parse::<u32>();
                number.map(u128::from).map_err(|_| format!("`{text}`: expected a whole number below 2^32"))
            }
            Unit::Part => {
                // A hundredth of a hundred thousandth is one millionth.
                let part = text.strip_suffix('%').and_then(|number| number.parse::<Amount>().ok());
                part.and_then(|part| part.plancks(4).ok())
                    .filter(|millionths| *millionths <= 1_000_000)
                    .ok_or_else(|| {
                        format!("`{text}`: expected a part from \"0%\" to \"100%\", such as \"2.5%\"")
                    })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or text in quotes such as \"0.5\", \"2h\" or \"5%\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Setting, E> {
                Err(E::custom("put a number with a fraction in quotes, such as \"0.5\""))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Setting, E> {
                Ok(Setting(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, unit: Unit) -> Result<u128, String> {
        Setting(text.into()).value(unit, 12, 6_000)
    }

    #[test]
    fn values_are_read_in_the_units_of_their_parameters() {
        assert_eq!(value("0.05", Unit::Tokens), Ok(50_000_000_000));
        assert_eq!(value("1h", Unit::Blocks), Ok(600));
        assert_eq!(value("1_000", Unit::Number), Ok(1_000));
        assert_eq!(value("2.5%", Unit::Part), Ok(25_000));
        assert_eq!(value("0.0001%", Unit::Part), Ok(1));
        assert_eq!(value("100%", Unit::Part), Ok(1_000_000));
    }

    #[test]
    fn nonsense_is_no_value() {
        for (unit, texts) in [
            (Unit::Tokens, ["", "-1", "0.0000000000001", "1h"]),
            (Unit::Blocks, ["", "600", "1_000_000w", "5%"]),
            (Unit::Number, ["", "-1", "4294967296", "0.5"]),
            (Unit::Part, ["5", "101%", "-1%", "0.00001%"]),
        ] {
            for text in texts {
                assert!(value(text, unit).is_err(), "{text} as {unit:?}");
            }
        }
    }

    #[test]
    fn a_parameter_has_a_name_in_each_place() {
        let Some(first) = PARAMETERS.first() else { panic!("there are parameters") };
        assert_eq!(first.in_genesis(), "storage.RecordDeposit");
        assert_eq!(first.in_file(), "storage.record_deposit");
        assert_eq!(first.in_call(7), "Storage: RecordDeposit, 7");
    }
}
