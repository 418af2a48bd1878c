//! Queries, forms, and the links from one page to the next.

use axum::{
    extract::Query,
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::{HubError, shown};

/// Parameters of a request.
const MAX_PARAMETERS: usize = 1_000;
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Letters that stand for themselves in a query.
const UNESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values, in their order; a name may stand there more than once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The query of a request.
    pub(super) fn of(uri: &Uri) -> Result<Self, HubError> {
        let Query(pairs) =
            Query::try_from_uri(uri).map_err(|error| HubError::BadRequest(error.body_text()))?;
        Self(pairs).bounded()
    }

    /// A form, as a body.
    pub(super) fn form(body: &[u8]) -> Result<Self, HubError> {
        let text =
            std::str::from_utf8(body).map_err(|_| HubError::BadRequest("the form isn't text".into()))?;
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()).bounded()
    }

    fn bounded(self) -> Result<Self, HubError> {
        match self.0.len() > MAX_PARAMETERS {
            true => Err(HubError::BadRequest(format!("more than {MAX_PARAMETERS} parameters"))),
            false => Ok(self),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| is_named(known, name)).map(|(_, value)| value.as_str())
    }

    /// All values of a name, which may have `[]` behind it.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| is_named(known, name)).map(|(_, value)| value.as_str())
    }

    /// A switch, as Python and JavaScript write it.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| matches!(value, "true" | "True" | "1"))
    }

    /// A switch that may be left open.
    pub(super) fn choice(&self, name: &str) -> Result<Option<bool>, HubError> {
        match self.get(name) {
            None => Ok(None),
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(other) => {
                Err(HubError::BadRequest(format!("{name}={} is neither true nor false", shown(other))))
            }
        }
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, HubError> {
        let parse = |value: &str| {
            let wrong = || HubError::BadRequest(format!("{name}={} isn't a number", shown(value)));
            value.parse().map_err(|_| wrong())
        };
        self.get(name).map(parse).transpose()
    }

    /// The same parameters with another value of one.
    pub(super) fn with(&self, name: &str, value: String) -> Self {
        let mut pairs: Vec<_> = self.0.iter().filter(|(known, _)| known != name).cloned().collect();
        pairs.push((name.to_owned(), value));
        Self(pairs)
    }

    fn text(&self) -> String {
        let escape = |text: &str| utf8_percent_encode(text, &UNESCAPED).to_string();
        let pairs: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        pairs.join("&")
    }
}

fn is_named(known: &str, name: &str) -> bool {
    known.strip_suffix("[]").unwrap_or(known) == name
}

/// The value of a `Link` field to the next page. The client follows it as it is, so it must be a whole URL.
pub(super) fn next_link(headers: &HeaderMap, path: &str, params: &Params) -> HeaderValue {
    let link = format!("<{}{path}?{}>; rel=\"next\"", origin(headers), params.text());
    HeaderValue::try_from(link).unwrap_or(HeaderValue::from_static(""))
}

/// A part of a path, escaped.
pub(super) fn path_part(text: &str) -> String {
    utf8_percent_encode(text, &UNESCAPED).to_string()
}

/// Scheme and host under which the client reached us; nothing when it doesn't say so, which makes links relative.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let plain = |host: &&str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]_".contains(&byte))
    };
    let Some(host) = text(header::HOST).filter(plain) else { return String::new() };
    let scheme = text(X_FORWARDED_PROTO).filter(|scheme| *scheme == "https").unwrap_or("http");
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::of(&format!("/api/models?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn names_may_be_repeated() {
        let params = params("filter=a&filter=license%3Amit&expand[]=sha&full=True&limit=7");
        assert_eq!(params.all("filter").collect::<Vec<_>>(), ["a", "license:mit"]);
        assert_eq!(params.get("expand"), Some("sha"));
        assert!(params.flag("full") && !params.flag("config"));
        assert_eq!(params.number("limit").unwrap(), Some(7));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(params("limit=-1").number("limit").is_err());
        assert!(params("limit=99999999999999999999999").number("limit").is_err());
        assert!(params("gated=maybe").choice("gated").is_err());
        assert!(Params::form(&[0xff]).is_err());
        assert!(Params::form("a&".repeat(MAX_PARAMETERS + 1).as_bytes()).is_err());
    }

    #[test]
    fn forms_are_read() {
        let form = Params::form(b"paths=a+b&paths=c%2Fd%26&expand=False").unwrap();
        assert_eq!(form.all("paths").collect::<Vec<_>>(), ["a b", "c/d&"]);
        assert!(!form.flag("expand"));
    }

    #[test]
    fn a_link_has_the_whole_query_and_the_host_that_was_asked() {
        let mut headers =
            HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("hub.example:8080"))]);
        let next = params("search=a+b&cursor=old").with("cursor", "1.2".into());
        assert_eq!(
            next_link(&headers, "/api/models", &next),
            "<http://hub.example:8080/api/models?search=a%20b&cursor=1.2>; rel=\"next\""
        );
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("https"));
        assert!(next_link(&headers, "/", &next).to_str().unwrap().starts_with("<https://hub.example"));
        headers.insert(header::HOST, HeaderValue::from_static("a>; rel=\"x\""));
        assert!(next_link(&headers, "/api", &next).to_str().unwrap().starts_with("</api?"));
    }
}
