//! A worker's settings, in TOML.

use serde::{Deserialize, Deserializer, de::Error};
use std::{fmt::Display, path::PathBuf, str::FromStr};
use stoa_sdk::{chain::compute::Limits, keys::AccountId32, names::AssetName};

/// Why settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It isn't TOML, or not of this form.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Nothing would be accepted.
    #[error(
        "no job would be accepted: name `programs` or `authors` under [accept], or say `everything = true`"
    )]
    NothingAccepted,
    /// A number that makes no sense.
    #[error("`{0}` must be more than zero")]
    Zero(&'static str),
}

/// The settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The node to follow.
    #[serde(default = "default_node")]
    pub node: String,
    /// That node's gateway.
    #[serde(default = "default_gateway")]
    pub gateway: String,
    /// The folder for results that aren't revealed yet, and for work.
    pub data: PathBuf,
    /// The folder of accounts; the user's when not given.
    pub keystore: Option<PathBuf>,
    /// The account in it; the key in STOA_KEY is used when there is none.
    pub account: Option<String>,
    /// The asset that outputs are published in, as a revision each; made when it isn't there.
    #[serde(deserialize_with = "parsed")]
    pub results: AssetName,
    /// The least that it works for, in plancks per million units of fuel, after royalties.
    pub price: u64,
    /// How many jobs it has at once, applied for or running.
    #[serde(default = "one")]
    pub parallel: usize,
    /// How much stake to pledge to a job where more than the bond is free, in plancks; more is drawn more often.
    #[serde(default)]
    pub pledge: u64,
    /// Whether it moves jobs on whose phase is over, for the reward.
    #[serde(default = "yes")]
    pub poke: bool,
    /// The largest job that it takes.
    pub limits: JobLimits,
    /// Whose programs it runs.
    #[serde(default)]
    pub accept: Accept,
}

/// The largest job that a worker takes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
    /// Fuel.
    pub fuel: u64,
    /// Memory of a program, in bytes.
    pub memory: u64,
    /// What a program may write, in bytes. It is kept in memory until the run ends.
    pub output: u64,
    /// Program and inputs together, in bytes on disk.
    pub inputs: u64,
}

impl JobLimits {
    /// What the chain is told of it.
    pub fn offered(&self) -> Limits {
        Limits { fuel: self.fuel, memory: self.memory, output: self.output }
    }
}

/// Whose programs a worker runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Anybody's.
    #[serde(default)]
    pub everything: bool,
    /// These assets, any revision.
    #[serde(default, deserialize_with = "all_parsed")]
    pub programs: Vec<AssetName>,
    /// Assets that these accounts own.
    #[serde(default, deserialize_with = "all_parsed")]
    pub authors: Vec<AccountId32>,
}

impl Config {
    /// Reads and checks settings.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        let accept = &config.accept;
        if !accept.everything && accept.programs.is_empty() && accept.authors.is_empty() {
            return Err(ConfigError::NothingAccepted);
        }
        let limits = &config.limits;
        let numbers = [
            ("parallel", config.parallel as u64),
            ("limits.fuel", limits.fuel),
            ("limits.memory", limits.memory),
            ("limits.output", limits.output),
            ("limits.inputs", limits.inputs),
        ];
        match numbers.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(ConfigError::Zero(name)),
            None => Ok(config),
        }
    }
}

fn default_node() -> String {
    "ws://127.0.0.1:9944".into()
}

fn default_gateway() -> String {
    "http://127.0.0.1:8080".into()
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn all_parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.into_iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        data = "/var/lib/stoa-worker"
        results = "bob/results"
        price = 1000
        [limits]
        fuel = 1_000_000_000_000
        memory = 1_073_741_824
        output = 268_435_456
        inputs = 1_073_741_824
        [accept]
        programs = ["alice/iris"]
    "#;

    #[test]
    fn settings_are_read_with_their_defaults() {
        let config = Config::read(GOOD).unwrap();
        assert_eq!((config.parallel, config.poke, config.pledge), (1, true, 0));
        assert_eq!(config.results.to_string(), "bob/results");
        assert_eq!(config.node, "ws://127.0.0.1:9944");
    }

    #[test]
    fn nonsense_is_refused_with_its_name() {
        for (from, to, named) in [
            ("price = 1000", "price = -1", "price"),
            ("price = 1000", "price = 1000\nprise = 2", "prise"),
            ("bob/results", "bob", "owner/name"),
            ("output = 268_435_456", "output = 0", "limits.output"),
            ("programs = [\"alice/iris\"]", "", "accept"),
            ("programs = [\"alice/iris\"]", "authors = [\"5abc\"]", "authors"),
            ("fuel = 1_000_000_000_000", "", "fuel"),
            ("price = 1000", "price = 1000\nparallel = 0", "parallel"),
        ] {
            let text = GOOD.replace(from, to);
            let error = Config::read(&text).expect_err(&text).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
