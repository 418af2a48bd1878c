//! Periods, as people write them.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr};

const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A period of time: `"3s"`, `"14d"` or `"1d12h"`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Period {
    ms: u64,
}

/// The text isn't a period.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a period with its unit, such as \"3s\", \"2h\", \"14d\" or \"1d12h\"")]
pub struct NotAPeriod;

impl Period {
    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self { ms: minutes as u64 * 60_000 }
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self::minutes(hours * 60)
    }

    /// So many days.
    pub const fn days(days: u32) -> Self {
        Self::hours(days * 24)
    }

    /// In milliseconds.
    pub const fn ms(self) -> u64 {
        self.ms
    }

    /// In blocks, rounded up; `None` when a chain can't count so many.
    pub fn blocks(self, block_time_ms: u64) -> Option<u32> {
        u32::try_from(self.ms.div_ceil(block_time_ms.max(1))).ok()
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let mut rest = text;
        let mut ms = 0u64;
        if rest.is_empty() {
            return Err(NotAPeriod);
        }
        while !rest.is_empty() {
            let digits = rest.find(|char: char| !char.is_ascii_digit()).ok_or(NotAPeriod)?;
            let (number, behind) = rest.split_at(digits);
            let end = behind.find(|char: char| char.is_ascii_digit()).unwrap_or(behind.len());
            let (unit, behind) = behind.split_at(end);
            let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(NotAPeriod)?;
            let number: u64 = number.parse().map_err(|_| NotAPeriod)?;
            ms = number.checked_mul(unit).and_then(|part| ms.checked_add(part)).ok_or(NotAPeriod)?;
            rest = behind;
        }
        Ok(Self { ms })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ms == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.ms;
        for (name, unit) in UNITS.into_iter().filter(|(name, _)| *name != "w") {
            if let Some(count) = rest.checked_div(unit).filter(|count| *count > 0) {
                write!(f, "{count}{name}")?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a period with its unit in quotes, such as \"3s\", \"2h\", \"14d\" or \"1d12h\"")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Period, E> {
                value.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(value), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_become_blocks_rounded_up() {
        for (text, block_time_ms, blocks) in [
            ("2h", 6_000, 1_200),
            ("14d", 6_000, 201_600),
            ("1d12h", 3_000, 43_200),
            ("1w", 60_000, 10_080),
            ("500ms", 6_000, 1),
            ("7s", 6_000, 2),
            ("0s", 6_000, 0),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().blocks(block_time_ms), Some(blocks), "{text}");
        }
        assert_eq!("1000000d".parse::<Period>().unwrap().blocks(2_000), None);
    }

    #[test]
    fn nonsense_is_no_period() {
        for text in ["", "2", "h", "2 h", "2h ", "-2h", "2.5h", "2y", "2hh", "h2", "99999999999999999999d"] {
            assert_eq!(text.parse::<Period>(), Err(NotAPeriod), "{text:?}");
        }
    }

    #[test]
    fn a_period_reads_as_it_is_shown() {
        for text in ["3s", "10m", "1d12h", "14d", "500ms", "0s"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        assert_eq!("2w".parse::<Period>().unwrap().to_string(), "14d");
    }
}
