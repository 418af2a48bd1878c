//! The header fields of the specification.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use cid::Cid;

use super::request::{CAR_TYPE, CarForm, ContentRequest, Form, RAW_TYPE, Scope};
use crate::conditional::named;

/// What a CID names never changes.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");

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
    named("attachment", name)
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

#[cfg(test)]
mod tests {
    use super::*;

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
