//! Amounts of tokens, as people write them.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr};

/// An amount in whole tokens, with a fraction if need be: `1_000_000` or `"0.5"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Amount {
    /// Without its point.
    digits: u128,
    /// Digits behind the point.
    scale: u8,
}

/// Why an amount can't be had in plancks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AmountError {
    /// It has more digits behind the point than the token.
    #[error("it has {has} digits behind the point and the token {decimals}")]
    TooFine {
        /// The amount's.
        has: u8,
        /// The token's.
        decimals: u8,
    },
    /// It is more than 128 bits hold.
    #[error("it is more than the chain can count")]
    TooLarge,
}

/// The text isn't an amount.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an amount in whole tokens, such as 1_000_000 or \"0.5\"")]
pub struct NotAnAmount;

impl Amount {
    /// In plancks of a token with so many decimals.
    pub fn plancks(&self, decimals: u8) -> Result<u128, AmountError> {
        let missing =
            decimals.checked_sub(self.scale).ok_or(AmountError::TooFine { has: self.scale, decimals })?;
        10u128
            .checked_pow(missing.into())
            .and_then(|factor| self.digits.checked_mul(factor))
            .ok_or(AmountError::TooLarge)
    }

    /// So many whole tokens.
    pub const fn tokens(tokens: u32) -> Self {
        Self { digits: tokens as u128, scale: 0 }
    }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
        let digits_of = |part: &str| -> Result<String, NotAnAmount> {
            let digits: String = part.chars().filter(|char| *char != '_').collect();
            let digits_alone = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits_alone.then_some(digits).ok_or(NotAnAmount)
        };
        let whole = digits_of(whole)?;
        let fraction = fraction.map(digits_of).transpose()?.unwrap_or_default();
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}").parse().map_err(|_| NotAnAmount)?;
        let scale = u8::try_from(fraction.len()).map_err(|_| NotAnAmount)?;
        Ok(Self { digits, scale })
    }
}

/// Plancks as tokens, with groups of three digits: `1,000,000.5`.
pub fn show(plancks: u128, decimals: u8) -> String {
    let unit = 10u128.checked_pow(decimals.into()).unwrap_or(u128::MAX);
    let whole = plancks.checked_div(unit).unwrap_or_default().to_string();
    let fraction = plancks.checked_rem(unit).unwrap_or_default();
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && whole.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if fraction > 0 {
        let digits = format!("{fraction:0>width$}", width = usize::from(decimals));
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount in whole tokens, such as 1_000_000 or \"0.5\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
                let digits = u128::try_from(value)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))?;
                Ok(Amount { digits, scale: 0 })
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
                Ok(Amount { digits: value.into(), scale: 0 })
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Amount, E> {
                Err(E::custom("put an amount with a fraction in quotes, such as \"0.5\""))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Amount, E> {
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
    fn amounts_become_plancks_to_the_last_digit() {
        for (text, plancks) in [
            ("0", 0),
            ("1", 1_000_000_000_000),
            ("1_000_000", 1_000_000_000_000_000_000),
            ("0.05", 50_000_000_000),
            ("0.050", 50_000_000_000),
            ("0.000000000001", 1),
            ("100000000000", 100_000_000_000_000_000_000_000),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().plancks(12), Ok(plancks), "{text}");
        }
    }

    #[test]
    fn what_the_token_cannot_hold_is_refused() {
        let fine: Amount = "0.0000000000001".parse().unwrap();
        assert_eq!(fine.plancks(12), Err(AmountError::TooFine { has: 13, decimals: 12 }));
        let large: Amount = u128::MAX.to_string().parse().unwrap();
        assert_eq!(large.plancks(12), Err(AmountError::TooLarge));
        assert_eq!(large.plancks(0), Ok(u128::MAX));
    }

    #[test]
    fn nonsense_is_no_amount() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e9", "1,000", "1.5.0", "_", "ten", " 1", "1 STOA"] {
            assert_eq!(text.parse::<Amount>(), Err(NotAnAmount), "{text:?}");
        }
        let too_long = "9".repeat(40);
        assert_eq!(too_long.parse::<Amount>(), Err(NotAnAmount));
    }

    #[test]
    fn plancks_are_shown_as_tokens() {
        assert_eq!(show(0, 12), "0");
        assert_eq!(show(999_000_000_000_000, 12), "999");
        assert_eq!(show(1_234_567_500_000_000_000, 12), "1,234,567.5");
        assert_eq!(show(50_000_000_000, 12), "0.05");
        assert_eq!(show(1, 12), "0.000000000001");
    }
}
