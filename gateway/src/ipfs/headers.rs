//! The header fields of the specification.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use cid::Cid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::request::{CAR_TYPE, CarForm, ContentRequest, Form, RAW_TYPE, Scope};

/// What a CID names never changes.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");
/// Characters that a file name's extended form needs no escape for (RFC 8187).
const UNESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Longest file name that is passed on.
const MAX_FILENAME: usize = 200;

/// The tag of the answer that the request asks for. Walks are deterministic, so it is a strong one.
pub(super) fn etag(request: &ContentRequest) -> String {
    let cid = &request.cid;
    match &request.form {
        Form::Raw => format!("\"{cid}.raw\""),
        Form::Car(form) => {
            let scope = match (form.scope, form.bytes) {
                (_, Some(bytes)) => {
                    let to = bytes.to.map_or_else(|| "end".into(), |to| to.to_string());
                    format!("bytes-{}-{to}", bytes.from)
                }
                (Scope::All, None) => "all".into(),
                (Scope::Entity, None) => "entity".into(),
                (Scope::Block, None) => "block".into(),
            };
            let path = match request.parts.is_empty() {
                true => String::new(),
                false => format!(".{}", blake3::hash(request.parts.join("/").as_bytes()).to_hex()),
            };
            format!("\"{scope}.dups-{}.dfs.1.{cid}{path}.car\"", yes_or_no(form.dups))
        }
    }
}

fn yes_or_no(flag: bool) -> char {
    if flag { 'y' } else { 'n' }
}

/// Whether the client has the answer already (`If-None-Match`).
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The fields of an answer, whatever its status, but those that say how long it is.
pub(super) fn of_answer(request: &ContentRequest, roots: &[Cid], etag: &str) -> HeaderMap {
    let (kind, extension, ranges) = match &request.form {
        Form::Raw => (RAW_TYPE.to_owned(), "bin", "bytes"),
        Form::Car(form) => {
            (format!("{CAR_TYPE}; version=1; order=dfs; dups={}", yes_or_no(form.dups)), "car", "none")
        }
    };
    let roots: Vec<_> = roots.iter().map(Cid::to_string).collect();
    let mut fields = vec![
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition(request, extension)),
        (header::ACCEPT_RANGES, ranges.to_owned()),
        (header::ETAG, etag.to_owned()),
        (X_IPFS_PATH, request.path.clone()),
        (X_IPFS_ROOTS, roots.join(",")),
        (header::VARY, "Accept".to_owned()),
    ];
    if !request.says_all_in_query {
        fields.push((header::CONTENT_LOCATION, location(request)));
    }
    let mut headers = HeaderMap::with_capacity(fields.len().saturating_add(2));
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    for (name, value) in fields {
        // All are ASCII: CIDs, a URI's path, and escaped names.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

fn disposition(request: &ContentRequest, extension: &str) -> String {
    let Some(name) = &request.filename else {
        let cid = request.cid;
        return format!("attachment; filename=\"{cid}.{extension}\"");
    };
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(MAX_FILENAME).collect();
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii() && !matches!(letter, '"' | '\\') { letter } else { '_' })
        .collect();
    match plain == name {
        true => format!("attachment; filename=\"{plain}\""),
        false => {
            let extended = utf8_percent_encode(&name, &UNESCAPED);
            format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
        }
    }
}

/// The URL that gives this answer without any `Accept`.
fn location(request: &ContentRequest) -> String {
    let path = &request.path;
    let Form::Car(CarForm { scope, bytes, dups }) = &request.form else {
        return format!("{path}?format=raw");
    };
    let below = match (scope, bytes) {
        (_, Some(bytes)) => {
            let to = bytes.to.map_or_else(|| "*".into(), |to| to.to_string());
            format!("entity-bytes={}:{to}", bytes.from)
        }
        (Scope::All, None) => "dag-scope=all".to_owned(),
        (Scope::Entity, None) => "dag-scope=entity".to_owned(),
        (Scope::Block, None) => "dag-scope=block".to_owned(),
    };
    format!("{path}?format=car&{below}&car-version=1&car-order=dfs&car-dups={}", yes_or_no(*dups))
}

/// What a `Range` field asks of a block.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Range {
    /// All of it: no range, one that isn't understood, or several.
    Whole,
    /// From the first to the last byte.
    Part(usize, usize),
    /// Nothing that the block has.
    Outside,
}

/// Reads `Range` and `If-Range`.
pub(super) fn range(headers: &HeaderMap, etag: &str, size: usize) -> Range {
    if headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != etag.as_bytes()) {
        return Range::Whole;
    }
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Range::Whole;
    };
    parse_range(text, size).unwrap_or(Range::Whole)
}

fn parse_range(text: &str, size: usize) -> Option<Range> {
    let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    // Numbers beyond what can be counted are beyond the block too.
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    if first.is_empty() {
        let count = number(last)?;
        return Some(match size.checked_sub(1) {
            Some(end) if count > 0 => Range::Part(size.saturating_sub(count), end),
            _ => Range::Outside,
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { usize::MAX } else { number(last)? };
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
    use super::*;

    fn read(text: &str, size: usize) -> Range {
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

    #[test]
    fn file_names_are_escaped() {
        let disposition = |name: &str| {
            let uri = "/ipfs/bafkqaaa?format=raw".parse().unwrap();
            let mut request = ContentRequest::parse(&uri, &HeaderMap::new()).unwrap();
            request.filename = Some(name.into());
            super::disposition(&request, "bin")
        };
        assert_eq!(disposition("foobar.bin"), "attachment; filename=\"foobar.bin\"");
        assert_eq!(
            disposition("testтест.pdf"),
            "attachment; filename=\"test____.pdf\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.pdf"
        );
        assert_eq!(
            disposition("a\"; x=\"\r\nb"),
            "attachment; filename=\"a_; x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"
        );
    }
}
