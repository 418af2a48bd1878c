//! Header fields that decide which bytes of a body are sent, if any, and under which name.

use axum::http::{HeaderMap, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that a file name's extended form needs no escape for (RFC 8187).
const UNESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Longest file name that is passed on.
const MAX_FILENAME: usize = 200;

/// The `Content-Disposition` of that kind for a file name from outside.
pub(crate) fn named(kind: &str, name: &str) -> String {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(MAX_FILENAME).collect();
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii() && !matches!(letter, '"' | '\\') { letter } else { '_' })
        .collect();
    match plain == name {
        true => format!("{kind}; filename=\"{plain}\""),
        false => {
            let extended = utf8_percent_encode(&name, &UNESCAPED);
            format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{extended}")
        }
    }
}

/// Whether the client has the answer already (`If-None-Match`).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// What a `Range` field asks of a body.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Range {
    /// All of it: no range, one that isn't understood, or several.
    Whole,
    /// From the first to the last byte.
    Part(u64, u64),
    /// Nothing that the body has.
    Outside,
}

/// Reads `Range` and `If-Range`.
pub(crate) fn range(headers: &HeaderMap, etag: &str, size: u64) -> Range {
    if headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != etag.as_bytes()) {
        return Range::Whole;
    }
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Range::Whole;
    };
    parse_range(text, size).unwrap_or(Range::Whole)
}

fn parse_range(text: &str, size: u64) -> Option<Range> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    // Numbers beyond what can be counted are beyond the body too.
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let count = number(last)?;
        return Some(match size.checked_sub(1) {
            Some(end) if count > 0 => Range::Part(size.saturating_sub(count), end),
            _ => Range::Outside,
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(match size.checked_sub(1) {
        Some(end) if first <= end => Range::Part(first, last.min(end)),
        _ => Range::Outside,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(text: &str, size: u64) -> Range {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(text).unwrap())]);
        range(&headers, "\"a\"", size)
    }

    #[test]
    fn single_ranges_are_read() {
        assert_eq!(read("bytes=6-16", 31), Range::Part(6, 16));
        assert_eq!(read("bytes=6-", 31), Range::Part(6, 30));
        assert_eq!(read("bytes=-6", 31), Range::Part(25, 30));
        assert_eq!(read("bytes=-60", 31), Range::Part(0, 30));
        assert_eq!(read("bytes=0-99999999999999999999999", 31), Range::Part(0, 30));
    }

    #[test]
    fn ranges_outside_are_unsatisfiable() {
        for text in ["bytes=31-", "bytes=31-40", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(read(text, 31), Range::Outside, "{text}");
        }
        assert_eq!(read("bytes=0-", 0), Range::Outside);
        assert_eq!(read("bytes=-1", 0), Range::Outside);
    }

    #[test]
    fn several_and_broken_ranges_are_ignored() {
        for text in
            ["bytes=0-1,4-5", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=+1-2", "lines=1-2", "0-1"]
        {
            assert_eq!(read(text, 31), Range::Whole, "{text}");
        }
    }

    #[test]
    fn a_range_for_another_version_gives_the_whole() {
        let headers = HeaderMap::from_iter([
            (header::RANGE, HeaderValue::from_static("bytes=0-1")),
            (header::IF_RANGE, HeaderValue::from_static("\"b\"")),
        ]);
        assert_eq!(range(&headers, "\"a\"", 31), Range::Whole);
        assert_eq!(range(&headers, "\"b\"", 31), Range::Part(0, 1));
    }

    #[test]
    fn known_tags_match_weakly() {
        let known = |text: &'static str| {
            is_known(
                &HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(text))]),
                "\"a\"",
            )
        };
        assert!(known("\"a\""));
        assert!(known("W/\"a\""));
        assert!(known("\"b\", \"a\""));
        assert!(known("*"));
        assert!(!known("\"b\""));
        assert!(!known("a"));
    }
}
