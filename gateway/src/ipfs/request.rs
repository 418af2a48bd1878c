//! A read request, understood: which content, in which form.
//!
//! `format` in the query beats `Accept`, and `car-*` in the query beat the parameters of `Accept` (IPIP-0523). A CIDv0
//! is taken: blocks are looked up by their sha2-256 digest, and a CIDv0 names the same dag-pb block as its CIDv1.

use axum::{
    extract::Query,
    http::{HeaderMap, Uri, header},
};
use cid::Cid;
use percent_encoding::percent_decode_str;

use super::{
    DAG_PB, IDENTITY, MAX_PATH_PARTS, RAW, SHA2_256,
    accept::{MediaRange, media_ranges},
    error::ReadError,
};

pub(crate) const RAW_TYPE: &str = "application/vnd.ipld.raw";
pub(crate) const CAR_TYPE: &str = "application/vnd.ipld.car";
const IPNS_RECORD_TYPE: &str = "application/vnd.ipfs.ipns-record";
/// Formats of other gateways, which would have to be trusted.
const TRUSTED_FORMATS: [&str; 6] = ["tar", "dag-json", "dag-cbor", "json", "cbor", "html"];
/// Length of a CID's text that is worth decoding.
const MAX_CID_TEXT: usize = 256;

/// How much of the DAG below the path a CAR has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    Block,
    Entity,
    All,
}

/// Bytes of a file, both ends inclusive; negative ones count from the file's end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EntityBytes {
    pub(crate) from: i64,
    /// `None` is the end of the file.
    pub(crate) to: Option<i64>,
}

/// The form of a CAR.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CarForm {
    pub(crate) scope: Scope,
    pub(crate) bytes: Option<EntityBytes>,
    pub(crate) dups: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Raw,
    Car(CarForm),
}

/// A request for content.
#[derive(Debug)]
pub(crate) struct ContentRequest {
    pub(crate) cid: Cid,
    /// Names below the CID.
    pub(crate) parts: Vec<String>,
    /// The path as it was asked for.
    pub(crate) path: String,
    pub(crate) form: Form,
    pub(crate) filename: Option<String>,
    /// Whether the query alone says what the answer is; a cache that ignores `Accept` must be told otherwise.
    pub(crate) says_all_in_query: bool,
    pub(crate) only_if_cached: bool,
}

impl ContentRequest {
    pub(crate) fn parse(uri: &Uri, headers: &HeaderMap) -> Result<Self, ReadError> {
        if headers.get("service-worker").is_some() {
            return Err(ReadError::ServiceWorker);
        }
        let (cid, parts) = parse_path(uri.path())?;
        let query = Parameters::of(uri);
        let ranges = media_ranges(headers);
        let form = negotiate(&query, &ranges)?;
        if form == Form::Raw && !parts.is_empty() {
            return Err(ReadError::PathOfBlock);
        }
        if matches!(form, Form::Car(_)) && !matches!(cid.codec(), RAW | DAG_PB) {
            return Err(ReadError::Codec(cid.codec()));
        }
        Ok(Self {
            cid,
            parts,
            path: uri.path().to_owned(),
            form,
            filename: query.get("filename").map(str::to_owned),
            says_all_in_query: says_all(&query, &ranges, form),
            only_if_cached: has_directive(headers, "only-if-cached"),
        })
    }
}

struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn parse_path(path: &str) -> Result<(Cid, Vec<String>), ReadError> {
    let rest = path.strip_prefix("/ipfs/").unwrap_or(path);
    let mut raw_parts = rest.split('/');
    let text = decode_part(raw_parts.next().unwrap_or_default())?;
    let cid = parse_cid(&text)?;
    let mut parts = Vec::new();
    for raw in raw_parts.filter(|raw| !raw.is_empty()) {
        if parts.len() == MAX_PATH_PARTS {
            return Err(ReadError::LongPath(MAX_PATH_PARTS));
        }
        parts.push(decode_part(raw)?);
    }
    Ok((cid, parts))
}

fn decode_part(raw: &str) -> Result<String, ReadError> {
    let part = percent_decode_str(raw).decode_utf8().map_err(|_| ReadError::Path)?;
    if matches!(&*part, "." | "..") || part.contains(['/', '\0']) {
        return Err(ReadError::Path);
    }
    Ok(part.into_owned())
}

fn parse_cid(text: &str) -> Result<Cid, ReadError> {
    let shown = || text.chars().take(MAX_CID_TEXT).collect();
    if text.len() > MAX_CID_TEXT {
        return Err(ReadError::Cid(shown(), "it is too long".into()));
    }
    let cid = Cid::try_from(text).map_err(|error| ReadError::Cid(shown(), error.to_string()))?;
    match (cid.hash().code(), cid.hash().size()) {
        (IDENTITY, _) | (SHA2_256, 32) => Ok(cid),
        (SHA2_256, size) => {
            Err(ReadError::Cid(shown(), format!("a sha2-256 digest has 32 bytes, not {size}")))
        }
        (code, _) => Err(ReadError::Hash(code)),
    }
}

fn negotiate(query: &Parameters, ranges: &[MediaRange]) -> Result<Form, ReadError> {
    match query.get("format") {
        Some("raw") => return Ok(Form::Raw),
        Some("car") => {
            let range = ranges.iter().find(|range| range.kind == CAR_TYPE);
            return car_form(query, range).map(Form::Car);
        }
        Some("ipns-record") => return Err(ReadError::IpnsRecord),
        Some(format) if TRUSTED_FORMATS.contains(&format) => return Err(ReadError::NotAcceptable),
        Some(format) => return Err(ReadError::Format(format.to_owned())),
        None => {}
    }
    let mut refusal = None;
    for range in ranges {
        match range.kind.as_str() {
            RAW_TYPE => return Ok(Form::Raw),
            CAR_TYPE => match car_form(query, Some(range)) {
                Ok(form) => return Ok(Form::Car(form)),
                // A worse media range may still do, unless the query itself is wrong.
                Err(error @ ReadError::Parameter { .. }) => return Err(error),
                Err(error) => refusal = refusal.or(Some(error)),
            },
            IPNS_RECORD_TYPE => refusal = refusal.or(Some(ReadError::IpnsRecord)),
            _ if range.is_wildcard() => {}
            _ => refusal = refusal.or(Some(ReadError::NotAcceptable)),
        }
    }
    Err(refusal.unwrap_or(ReadError::NoFormat))
}

fn car_form(query: &Parameters, range: Option<&MediaRange>) -> Result<CarForm, ReadError> {
    // The query's word is final; what only `Accept` says is one wish among others.
    let pick = |name: &'static str, short: &str, known: &[&str], expected: &'static str| match query.get(name)
    {
        Some(value) if known.contains(&value) => Ok(Some(value.to_owned())),
        Some(value) => Err(ReadError::Parameter { name, value: value.to_owned(), expected }),
        None => match range.and_then(|range| range.parameter(short)) {
            Some(value) if known.contains(&value) => Ok(Some(value.to_owned())),
            Some(_) => Err(ReadError::NotAcceptable),
            None => Ok(None),
        },
    };
    pick("car-version", "version", &["1"], "only version 1 is made here")?;
    // Every walk here is depth-first, which is a fine answer to "any order".
    pick("car-order", "order", &["dfs", "unk"], "dfs or unk")?;
    let dups = pick("car-dups", "dups", &["y", "n"], "y or n")?;
    let scope = match query.get("dag-scope") {
        None | Some("all") => Scope::All,
        Some("entity") => Scope::Entity,
        Some("block") => Scope::Block,
        Some(value) => {
            let expected = "block, entity or all";
            return Err(ReadError::Parameter { name: "dag-scope", value: value.to_owned(), expected });
        }
    };
    let bytes = query.get("entity-bytes").map(EntityBytes::parse).transpose()?;
    let scope = if bytes.is_some() { Scope::Entity } else { scope };
    Ok(CarForm { scope, bytes, dups: dups.as_deref() == Some("y") })
}

impl EntityBytes {
    fn parse(text: &str) -> Result<Self, ReadError> {
        let parse = || {
            let (from, to) = text.split_once(':')?;
            let from: i64 = from.parse().ok()?;
            let to: Option<i64> = if to == "*" { None } else { Some(to.parse().ok()?) };
            let backwards = to.is_some_and(|to| (from < 0) == (to < 0) && to < from);
            (!backwards).then_some(Self { from, to })
        };
        parse().ok_or_else(|| ReadError::Parameter {
            name: "entity-bytes",
            value: text.to_owned(),
            expected: "from:to with from <= to, both inclusive, negative from the end, * for the end",
        })
    }

    /// The bytes of an entity of that size, as first and last; `None` when the range is empty.
    pub(crate) fn resolve(&self, size: u64) -> Result<Option<(u64, u64)>, ReadError> {
        let Some(end) = size.checked_sub(1) else { return Ok(None) };
        let from_end = |back: i64| size.checked_sub(back.unsigned_abs());
        let first = match self.from {
            from @ 0.. => from.unsigned_abs(),
            from => from_end(from).unwrap_or(0),
        };
        let last = match self.to {
            None => end,
            Some(to @ 0..) => to.unsigned_abs().min(end),
            Some(to) => from_end(to).ok_or(ReadError::EntityBytes { size })?,
        };
        if first > end {
            return Err(ReadError::EntityBytes { size });
        }
        Ok((first <= last).then_some((first, last)))
    }
}

fn says_all(query: &Parameters, ranges: &[MediaRange], form: Form) -> bool {
    let Some(format) = query.get("format") else { return false };
    let other = match format {
        "raw" => CAR_TYPE,
        _ => RAW_TYPE,
    };
    let car = |short: &str, long: &str| {
        query.get(long).is_some() || ranges.iter().all(|range| range.parameter(short).is_none())
    };
    let parameters = form == Form::Raw || (car("dups", "car-dups") && car("order", "car-order"));
    parameters && ranges.iter().all(|range| range.kind != other)
}

fn has_directive(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const FILE: &str = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
    const FOLDER: &str = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";

    fn parse(path: &str, accept: Option<&str>) -> Result<ContentRequest, ReadError> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        ContentRequest::parse(&path.parse().unwrap(), &headers)
    }

    fn form(query: &str, accept: Option<&str>) -> Result<Form, ReadError> {
        parse(&format!("/ipfs/{FOLDER}?{query}"), accept).map(|request| request.form)
    }

    fn car(scope: Scope, dups: bool) -> Form {
        Form::Car(CarForm { scope, bytes: None, dups })
    }

    #[test]
    fn the_query_beats_the_header() {
        assert_eq!(form("format=raw", Some(CAR_TYPE)).unwrap(), Form::Raw);
        assert_eq!(form("format=car", Some(RAW_TYPE)).unwrap(), car(Scope::All, false));
        assert_eq!(
            form("format=car", Some("application/vnd.ipld.car;dups=y")).unwrap(),
            car(Scope::All, true)
        );
        let accept = Some("application/vnd.ipld.car;dups=n;order=unk");
        assert_eq!(form("format=car&car-dups=y&car-order=dfs", accept).unwrap(), car(Scope::All, true));
        assert_eq!(form("car-dups=y", accept).unwrap(), car(Scope::All, true));
    }

    #[test]
    fn the_best_media_range_that_is_served_is_taken() {
        let accept = "application/vnd.ipld.car;order=foo, application/vnd.ipld.car;order=dfs;dups=y;q=0.5";
        assert_eq!(form("", Some(accept)).unwrap(), car(Scope::All, true));
        assert_eq!(form("", Some("text/html, application/vnd.ipld.raw;q=0.1")).unwrap(), Form::Raw);
        assert_eq!(
            form("", Some("application/vnd.ipld.raw;q=0.1, application/vnd.ipld.car")).unwrap(),
            car(Scope::All, false)
        );
    }

    #[test]
    fn what_is_not_verifiable_is_refused() {
        assert!(matches!(form("", None), Err(ReadError::NoFormat)));
        assert!(matches!(form("", Some("*/*")), Err(ReadError::NoFormat)));
        assert!(matches!(form("", Some("text/html")), Err(ReadError::NotAcceptable)));
        assert!(matches!(form("", Some("text/html, */*;q=0.8")), Err(ReadError::NotAcceptable)));
        assert!(matches!(
            form("", Some("application/vnd.ipld.car;version=2")),
            Err(ReadError::NotAcceptable)
        ));
        assert!(matches!(form("", Some("application/vnd.ipld.raw;q=0")), Err(ReadError::NoFormat)));
        assert!(matches!(form("format=tar", None), Err(ReadError::NotAcceptable)));
        assert!(matches!(form("format=ipns-record", None), Err(ReadError::IpnsRecord)));
        assert!(matches!(form("format=exe", None), Err(ReadError::Format(_))));
        assert!(matches!(form("format=car&car-version=2", None), Err(ReadError::Parameter { .. })));
        assert!(matches!(form("format=car&dag-scope=some", None), Err(ReadError::Parameter { .. })));
        assert!(matches!(form("car-dups=maybe", Some(CAR_TYPE)), Err(ReadError::Parameter { .. })));
    }

    #[test]
    fn entity_bytes_imply_the_scope() {
        let Form::Car(form) = form("format=car&entity-bytes=-10:*&dag-scope=all", None).unwrap() else {
            panic!()
        };
        assert_eq!(form.scope, Scope::Entity);
        assert_eq!(form.bytes, Some(EntityBytes { from: -10, to: None }));
    }

    #[test]
    fn entity_bytes_that_go_backwards_or_are_no_numbers_are_refused() {
        for text in [
            "",
            ":",
            "1",
            "1:",
            ":1",
            "2:1",
            "-1:-2",
            "*:1",
            "a:b",
            "0:1:2",
            "9223372036854775808:*",
            "1.5:2",
        ] {
            assert!(EntityBytes::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn entity_bytes_resolve_against_the_size() {
        let resolve = |text: &str, size| EntityBytes::parse(text).unwrap().resolve(size).map_err(|_| ());
        assert_eq!(resolve("0:*", 1026), Ok(Some((0, 1025))));
        assert_eq!(resolve("512:1023", 1026), Ok(Some((512, 1023))));
        assert_eq!(resolve("512:-256", 1026), Ok(Some((512, 770))));
        assert_eq!(resolve("-5:*", 1026), Ok(Some((1021, 1025))));
        assert_eq!(resolve("-9999:*", 1026), Ok(Some((0, 1025))));
        assert_eq!(resolve("-9999:-3", 1026), Ok(Some((0, 1023))));
        assert_eq!(resolve("1000:9999", 1026), Ok(Some((1000, 1025))));
        assert_eq!(resolve("0:0", 1026), Ok(Some((0, 0))));
        assert_eq!(resolve("600:-600", 1026), Ok(None));
        assert_eq!(resolve("0:*", 0), Ok(None));
        assert_eq!(resolve("1026:*", 1026), Err(()));
        assert_eq!(resolve("-9999:-5000", 1026), Err(()));
        assert_eq!(resolve("-9223372036854775808:9223372036854775807", 1026), Ok(Some((0, 1025))));
    }

    #[test]
    fn paths_are_decoded_and_hostile_ones_refused() {
        let parts = |path: &str| {
            parse(&format!("/ipfs/{FOLDER}{path}?format=car"), None).map(|request| request.parts)
        };
        assert_eq!(parts("").unwrap(), Vec::<String>::new());
        assert_eq!(parts("/").unwrap(), Vec::<String>::new());
        assert_eq!(parts("/a%20b//%C3%A9/").unwrap(), ["a b", "é"]);
        for path in ["/..", "/%2e%2e/x", "/a/.", "/a%2Fb", "/a%00b", "/%ff"] {
            assert!(matches!(parts(path), Err(ReadError::Path)), "{path}");
        }
        assert!(matches!(parts(&"/a".repeat(MAX_PATH_PARTS + 1)), Err(ReadError::LongPath(_))));
    }

    #[test]
    fn cids_of_other_hashes_and_lengths_are_refused() {
        for text in ["foo", "bafy", "Qm", "", "z"] {
            assert!(
                matches!(parse(&format!("/ipfs/{text}?format=raw"), None), Err(ReadError::Cid(..))),
                "{text}"
            );
        }
        let blake3 = Cid::new_v1(RAW, multihash::Multihash::wrap(0x1e, &[0; 32]).unwrap());
        assert!(matches!(parse(&format!("/ipfs/{blake3}?format=raw"), None), Err(ReadError::Hash(0x1e))));
        let short = Cid::new_v1(RAW, multihash::Multihash::wrap(SHA2_256, &[0; 20]).unwrap());
        assert!(matches!(parse(&format!("/ipfs/{short}?format=raw"), None), Err(ReadError::Cid(..))));
        assert!(matches!(
            parse(&format!("/ipfs/{}?format=raw", "b".repeat(300)), None),
            Err(ReadError::Cid(..))
        ));
    }

    #[test]
    fn version_0_cids_and_other_bases_are_taken() {
        let version_0 = "QmPKt7ptM2ZYSGPUc8PmPT2VBkLDK3iqpG9TBJY7PCE9rF";
        assert!(parse(&format!("/ipfs/{version_0}?format=raw"), None).is_ok());
        let upper = FILE.to_uppercase();
        assert_eq!(parse(&format!("/ipfs/{upper}?format=raw"), None).unwrap().cid.to_string(), FILE);
    }

    #[test]
    fn a_block_has_no_path() {
        assert!(matches!(parse(&format!("/ipfs/{FOLDER}/a?format=raw"), None), Err(ReadError::PathOfBlock)));
    }

    #[test]
    fn the_query_says_all_unless_the_header_adds_something() {
        let says_all = |query: &str, accept| {
            parse(&format!("/ipfs/{FOLDER}?{query}"), accept).unwrap().says_all_in_query
        };
        assert!(says_all("format=raw", Some(RAW_TYPE)));
        assert!(says_all("format=car", None));
        assert!(!says_all("", Some(RAW_TYPE)));
        assert!(!says_all("format=car", Some(RAW_TYPE)));
        assert!(!says_all("format=car", Some("application/vnd.ipld.car;dups=y")));
        assert!(says_all("format=car&car-dups=y", Some("application/vnd.ipld.car;dups=n")));
    }
}
