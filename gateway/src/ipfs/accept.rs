//! The `Accept` header, as far as a trustless gateway needs it.

use axum::http::{HeaderMap, header};

/// One media range of an `Accept` header.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct MediaRange {
    /// Type and subtype, in lower case.
    pub(crate) kind: String,
    /// Parameters but the quality, names in lower case.
    pub(crate) parameters: Vec<(String, String)>,
    /// Quality in thousandths.
    quality: u16,
}

impl MediaRange {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it stands for several types.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.kind.ends_with("/*") || self.kind == "*"
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().filter(|kind| !kind.is_empty())?.to_ascii_lowercase();
        let mut quality = 1000;
        let mut parameters = Vec::new();
        for part in parts {
            let Some((name, value)) = part.split_once('=') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            match name.as_str() {
                "q" => quality = thousandths(value)?,
                _ => parameters.push((name, value.to_owned())),
            }
        }
        Some(Self { kind, parameters, quality })
    }
}

fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", _) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// What the client takes, best first; what it refuses and what can't be read is left out.
pub(crate) fn media_ranges(headers: &HeaderMap) -> Vec<MediaRange> {
    let mut ranges: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(MediaRange::parse)
        .filter(|range| range.quality > 0)
        .collect();
    ranges.sort_by_key(|range| std::cmp::Reverse(range.quality));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn kinds(accept: &str) -> Vec<String> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]);
        media_ranges(&headers).into_iter().map(|range| range.kind).collect()
    }

    #[test]
    fn ranges_come_best_first_and_keep_their_order_otherwise() {
        assert_eq!(kinds("a/b;q=0.5, c/d, e/f;q=0.25, g/h"), ["c/d", "g/h", "a/b", "e/f"]);
    }

    #[test]
    fn refused_and_broken_ranges_are_left_out() {
        assert_eq!(kinds("a/b;q=0, , ;, c/d;q=2, e/f;q=0.1234, g/h;q=x, i/j;q=1.000"), ["i/j"]);
    }

    #[test]
    fn parameters_are_read_whatever_their_spacing_and_case() {
        let range =
            MediaRange::parse("Application/vnd.ipld.CAR ; Version=1;order=\"dfs\" ; dups=y;q=1").unwrap();
        assert_eq!(range.kind, "application/vnd.ipld.car");
        assert_eq!(range.parameter("version"), Some("1"));
        assert_eq!(range.parameter("order"), Some("dfs"));
        assert_eq!(range.parameter("dups"), Some("y"));
        assert_eq!(range.parameter("q"), None);
    }
}
