//! Times as the clients read them.

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

/// Milliseconds since 1970 as `2026-11-22T21:11:48.000Z`.
pub(super) fn iso(milliseconds: u64) -> String {
    let (year, month, day) = civil(milliseconds / DAY);
    let rest = milliseconds % DAY;
    let (hour, minute) = (rest / (3_600 * SECOND), rest / (60 * SECOND) % 60);
    let (second, milli) = (rest / SECOND % 60, rest % SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Year, month and day of a day since 1970, by counting in years that start in March and eras of 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    // From 0000-03-01 to 1970-01-01.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / ERA, days % ERA);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_in_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_660_893_578, "2022-08-19T07:19:38.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso(seconds * SECOND), text);
        }
        assert!(iso(1_660_893_578_123).ends_with("38.123Z"));
    }

    #[test]
    fn no_number_is_too_large() {
        assert!(iso(u64::MAX).ends_with('Z'));
    }
}
