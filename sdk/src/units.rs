//! Amounts, sizes and periods as people write them.

use std::time::Duration;

/// A text that isn't what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// Not an amount.
    #[error(
        "`{0}` isn't an amount of STOA: write it like 12 or 0.005, with at most 12 digits behind the point"
    )]
    Amount(String),
    /// Not a size.
    #[error("`{0}` isn't a size: write it like 500MiB, 10GiB or 2TiB")]
    Size(String),
    /// Not a period.
    #[error("`{0}` isn't a period: write it like 90min, 12h, 30d or 8w")]
    Period(String),
    /// Not a share.
    #[error("`{0}` isn't a share: write it like 10% or 0.1")]
    Share(String),
}

/// A decimal number as a whole number of parts, of which `10^scale` make one; exact.
fn decimal(text: &str, scale: usize) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > scale {
        return None;
    }
    let unit = 10_u128.checked_pow(u32::try_from(scale).ok()?)?;
    let parts = format!("{fraction:0<scale$}").parse::<u128>().ok()?;
    whole.parse::<u128>().ok()?.checked_mul(unit)?.checked_add(parts)
}

/// A number and what stands behind it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// An amount in plancks, from one in STOA such as `12`, `0.005` or `3 STOA`.
pub fn parse_amount(text: &str) -> Result<u128, UnitError> {
    let (number, unit) = split(text.trim());
    let known = matches!(unit, "" | "STOA");
    known.then(|| decimal(number, 12)).flatten().ok_or_else(|| UnitError::Amount(text.to_owned()))
}

/// A number of bytes, from one such as `500MiB`; without a unit it is bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split(text.trim());
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        "PiB" => 50,
        _ => return Err(UnitError::Size(text.to_owned())),
    };
    let bytes = || {
        let thousandths = decimal(number, 3)?.checked_mul(1_u128.checked_shl(shift)?)?;
        u64::try_from(thousandths / 1_000).ok()
    };
    bytes().ok_or_else(|| UnitError::Size(text.to_owned()))
}

/// A period, from one such as `30d`.
pub fn parse_period(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split(text.trim());
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(UnitError::Period(text.to_owned())),
    };
    let millis = decimal(number, 3).and_then(|thousandths| thousandths.checked_mul(seconds));
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis.map(Duration::from_millis).ok_or_else(|| UnitError::Period(text.to_owned()))
}

/// A share between 0 and 1, from one such as `10%` or `0.1`.
pub fn parse_share(text: &str) -> Result<f64, UnitError> {
    let (number, unit) = split(text.trim());
    let whole = match unit {
        "" => 1.0,
        "%" => 100.0,
        _ => return Err(UnitError::Share(text.to_owned())),
    };
    let share = number.parse::<f64>().ok().map(|value| value / whole);
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| UnitError::Share(text.to_owned()))
}

/// A period as people read it, in its largest unit and the next.
pub fn show_period(period: Duration) -> String {
    let seconds = period.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let Some(at) = units.iter().position(|(_, unit)| seconds >= *unit) else { return "0 s".into() };
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, unit) in units.iter().skip(at).take(2) {
        if rest >= *unit {
            parts.push(format!("{} {name}", rest / unit));
            rest %= unit;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::PLANCKS;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(parse_amount("12"), Ok(12 * PLANCKS));
        assert_eq!(parse_amount("0.000000000001"), Ok(1));
        assert_eq!(parse_amount("1.5 STOA"), Ok(PLANCKS + PLANCKS / 2));
        for bad in ["", "1.", ".5", "-1", "1e3", "0.0000000000001", "5 DOT", "1_000", "9".repeat(39).as_str()]
        {
            assert!(parse_amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("500MiB"), Ok(500 << 20));
        assert_eq!(parse_size("1.5 GiB"), Ok(3 << 29));
        assert_eq!(parse_size("7"), Ok(7));
        for bad in ["", "GiB", "1GB", "-1GiB", "1.2345GiB", "99999999PiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn periods_and_shares_are_read_and_written() {
        assert_eq!(parse_period("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(parse_period("1.5h"), Ok(Duration::from_secs(5_400)));
        assert!(parse_period("30").is_err() && parse_period("1y").is_err());
        assert_eq!(show_period(Duration::from_secs(90_061)), "1 d 1 h");
        assert_eq!(show_period(Duration::from_secs(1_800)), "30 min");
        assert_eq!(show_period(Duration::ZERO), "0 s");
        assert_eq!(parse_share("10%"), Ok(0.1));
        assert_eq!(parse_share("0.25"), Ok(0.25));
        assert!(parse_share("101%").is_err() && parse_share("x").is_err());
    }
}
