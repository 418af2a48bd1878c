//! HTTP as the gateway's client needs it: streams in both directions, with time-outs, and errors that say who
//! answered what.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Frame, Incoming},
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
    },
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout};

type Body = BoxBody<Bytes, io::Error>;

/// Largest part of an error's body that is shown.
const MAX_ERROR_BODY: usize = 4 * 1024;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the first bytes of an answer. Long, because a gateway may first fetch what it was asked for.
    pub answer: Duration,
    /// For the next bytes of a transfer that has begun.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(300),
            idle: Duration::from_secs(60),
        }
    }
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address can't be used.
    #[error("`{url}` isn't an address of a gateway: {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No TLS can be had.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// Nothing answered.
    #[error("the gateway at {host} can't be reached: {reason}; is it running, and is --gateway right?")]
    Connect {
        /// The gateway.
        host: String,
        /// What failed.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to the gateway at {host} broke: {reason}")]
    Transfer {
        /// The gateway.
        host: String,
        /// What failed.
        reason: String,
    },
    /// Nothing came in time.
    #[error("the gateway at {host} sent nothing for {} seconds while {what}", after.as_secs())]
    Timeout {
        /// The gateway.
        host: String,
        /// What was going on.
        what: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The gateway refused.
    #[error("the gateway at {host} answered {status} to {request}{}", if message.is_empty() { String::new() } else { format!(": {message}") })]
    Status {
        /// The gateway.
        host: String,
        /// What was asked.
        request: String,
        /// The status code.
        status: u16,
        /// What the gateway said.
        message: String,
    },
    /// The gateway answered something that isn't what was asked for.
    #[error("the gateway at {host} gave an answer that can't be used: {reason}")]
    Answer {
        /// The gateway.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was to be sent can't be read.
    #[error("what was to be sent can't be read: {0}")]
    Source(io::Error),
}

impl HttpError {
    /// The status, when the gateway answered with one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may succeed when it is sent again.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transfer { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    /// Scheme, host and path, without a slash at the end.
    base: String,
    host: String,
    timeouts: Timeouts,
    /// Sent with every request.
    bearer: Option<HeaderValue>,
}

impl Http {
    /// A client of the server at an `http` or `https` address.
    pub fn new(url: &str, timeouts: Timeouts) -> Result<Self, HttpError> {
        let bad = |reason: &str| HttpError::Url { url: url.to_owned(), reason: reason.to_owned() };
        let base = url.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|error: hyper::http::uri::InvalidUri| bad(&error.to_string()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(bad("it must start with http:// or https://"));
        }
        if uri.query().is_some() || base.contains('#') {
            return Err(bad("it can't have a query"));
        }
        let host = uri.authority().ok_or_else(|| bad("it names no host"))?.to_string();
        if host.contains('@') {
            return Err(bad("it can't hold a user or a password"));
        }

        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(timeouts.connect));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| HttpError::Tls(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { client, base: base.to_owned(), host, timeouts, bearer: None })
    }

    /// Sends no token.
    pub(crate) fn without_bearer(mut self) -> Self {
        self.bearer = None;
        self
    }

    /// Sends a token with every request.
    pub(crate) fn with_bearer(mut self, token: &str) -> Self {
        if let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}")) {
            value.set_sensitive(true);
            self.bearer = Some(value);
        }
        self
    }

    /// The server's name and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `GET`; gives the body as a stream once the server said 200.
    pub(crate) async fn get(&self, path: &str, accept: &'static str) -> Result<Download, HttpError> {
        let request = self.request(Method::GET, path, accept)?.body(empty());
        let sent = self.client.request(self.built(request)?);
        let response = timeout(self.timeouts.answer, sent)
            .await
            .map_err(|_| self.timed_out("the answer was awaited", self.timeouts.answer))?
            .map_err(|error| self.failed(&error))?;
        let response = self.accepted(response, &format!("GET {path}")).await?;
        let (head, body) = response.into_parts();
        Ok(Download { headers: head.headers, body, http: self.clone() })
    }

    /// `POST` of JSON; gives the answer's body.
    pub(crate) async fn post_json(
        &self,
        path: &str,
        body: &serde_json::Value,
        limit: usize,
    ) -> Result<Bytes, HttpError> {
        let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {}).boxed();
        let request = self
            .request(Method::POST, path, "application/json")?
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body);
        let sent = self.client.request(self.built(request)?);
        let response = timeout(self.timeouts.answer, sent)
            .await
            .map_err(|_| self.timed_out("the answer was awaited", self.timeouts.answer))?
            .map_err(|error| self.failed(&error))?;
        let response = self.accepted(response, &format!("POST {path}")).await?;
        self.collect(response, limit).await
    }

    /// `PUT` of a stream of known length. `headers` are sent with it; the answer's body is given back.
    pub(crate) async fn put(
        &self,
        path: &str,
        headers: Vec<(HeaderName, HeaderValue)>,
        content_type: &'static str,
        length: u64,
        body: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
        limit: usize,
    ) -> Result<Bytes, HttpError> {
        let activity = Activity::new(self.timeouts.idle);
        let source_error = Arc::new(Mutex::new(None));
        let (seen, failed) = (activity.clone(), source_error.clone());
        let after_last = self.timeouts.answer;
        let mut sent: u64 = 0;
        let frames = body.map(move |chunk| match chunk {
            Ok(bytes) => {
                sent = sent.saturating_add(bytes.len() as u64);
                // After the last byte the server still checks and stores what it got.
                seen.touch(if sent >= length { after_last } else { seen.allowance });
                Ok(Frame::data(bytes))
            }
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(told)
            }
        });
        let mut request = self
            .request(Method::PUT, path, "application/json")?
            .header(CONTENT_TYPE, HeaderValue::from_static(content_type))
            .header(CONTENT_LENGTH, length);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = self.built(request.body(BodyExt::boxed(StreamBody::new(frames))))?;
        let response = activity
            .watch(self.client.request(request))
            .await
            .map_err(|after| self.timed_out("the upload was running", after))?
            .map_err(|error| match source_error.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(error) => HttpError::Source(error),
                None => self.failed(&error),
            })?;
        let response = self.accepted(response, &format!("PUT {}", hide_query(path))).await?;
        self.collect(response, limit).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
    ) -> Result<hyper::http::request::Builder, HttpError> {
        let url = format!("{}{path}", self.base);
        let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| HttpError::Url {
            url: url.clone(),
            reason: error.to_string(),
        })?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(USER_AGENT, HeaderValue::from_static(concat!("stoa-sdk/", env!("CARGO_PKG_VERSION"))))
            .header(ACCEPT, HeaderValue::from_static(accept));
        Ok(match &self.bearer {
            Some(token) => request.header(AUTHORIZATION, token),
            None => request,
        })
    }

    fn built(&self, request: Result<Request<Body>, hyper::http::Error>) -> Result<Request<Body>, HttpError> {
        request.map_err(|error| HttpError::Url { url: self.base.clone(), reason: error.to_string() })
    }

    async fn accepted(
        &self,
        response: Response<Incoming>,
        request: &str,
    ) -> Result<Response<Incoming>, HttpError> {
        let status = response.status();
        if status == StatusCode::OK || status == StatusCode::CREATED {
            return Ok(response);
        }
        let message = match self.collect(response, MAX_ERROR_BODY).await {
            Ok(body) => message_of(&body),
            Err(_) => String::new(),
        };
        Err(HttpError::Status {
            host: self.host.clone(),
            request: request.to_owned(),
            status: status.as_u16(),
            message,
        })
    }

    async fn collect(&self, response: Response<Incoming>, limit: usize) -> Result<Bytes, HttpError> {
        let body = timeout(self.timeouts.idle, Limited::new(response.into_body(), limit).collect())
            .await
            .map_err(|_| self.timed_out("the answer was read", self.timeouts.idle))?;
        Ok(body.map_err(|error| self.answer(error.to_string()))?.to_bytes())
    }

    pub(crate) fn answer(&self, reason: impl Into<String>) -> HttpError {
        HttpError::Answer { host: self.host.clone(), reason: reason.into() }
    }

    fn timed_out(&self, what: &'static str, after: Duration) -> HttpError {
        HttpError::Timeout { host: self.host.clone(), what, after }
    }

    fn failed(&self, error: &hyper_util::client::legacy::Error) -> HttpError {
        let reason = chain_of(error);
        match error.is_connect() {
            true => HttpError::Connect { host: self.host.clone(), reason },
            false => HttpError::Transfer { host: self.host.clone(), reason },
        }
    }
}

/// A body as it comes.
#[derive(Debug)]
pub(crate) struct Download {
    headers: HeaderMap,
    body: Incoming,
    http: Http,
}

impl Download {
    /// A header's value, when it is text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        let idle = self.http.timeouts.idle;
        loop {
            let frame = timeout(idle, self.body.frame())
                .await
                .map_err(|_| self.http.timed_out("the body was read", idle))?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    return Err(HttpError::Transfer {
                        host: self.http.host.clone(),
                        reason: chain_of(&error),
                    });
                }
            }
        }
    }

    /// The whole body, up to a limit.
    pub(crate) async fn bytes(mut self, limit: usize) -> Result<Bytes, HttpError> {
        let mut all = Vec::new();
        while let Some(part) = self.next().await? {
            if all.len() + part.len() > limit {
                return Err(self.http.answer(format!("it is longer than {limit} bytes")));
            }
            all.extend_from_slice(&part);
        }
        Ok(all.into())
    }
}

/// When something last moved, and until when the next movement is due.
#[derive(Clone)]
struct Activity {
    due: Arc<Mutex<(Instant, Duration)>>,
    allowance: Duration,
}

impl Activity {
    fn new(allowance: Duration) -> Self {
        Self { due: Arc::new(Mutex::new((Instant::now() + allowance, allowance))), allowance }
    }

    fn touch(&self, allowance: Duration) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now() + allowance, allowance);
    }

    fn due(&self) -> (Instant, Duration) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a future until it ends, or until nothing moved for as long as is allowed.
    async fn watch<F: Future>(&self, future: F) -> Result<F::Output, Duration> {
        let mut future = std::pin::pin!(future);
        loop {
            let (due, allowance) = self.due();
            tokio::select! {
                // What has ended in time counts, however late it is looked at.
                biased;
                output = &mut future => return Ok(output),
                () = sleep_until(due) => {
                    if self.due().0 <= Instant::now() {
                        return Err(allowance);
                    }
                }
            }
        }
    }
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
}

/// A path without what may be a capability.
fn hide_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// An error with all that caused it, without repetition.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        source = error.source();
    }
    text
}

/// What an error's body says: the text in a JSON object's `error` or `message`, or the body itself.
fn message_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let field = json.as_ref().and_then(|json| {
        let error = json.get("error").or_else(|| json.get("message"))?;
        error.as_str().or_else(|| error.get("message")?.as_str())
    });
    let message = field.unwrap_or(&text).trim();
    message.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_used_are_refused() {
        for url in
            ["", "ftp://a", "127.0.0.1:8080", "http://", "http://a?b", "http://user:word@a", "http://a b"]
        {
            assert!(matches!(Http::new(url, Timeouts::default()), Err(HttpError::Url { .. })), "{url}");
        }
        assert_eq!(
            Http::new("http://127.0.0.1:8080/", Timeouts::default()).unwrap().host(),
            "127.0.0.1:8080"
        );
        assert!(Http::new("https://example.org/sub", Timeouts::default()).is_ok());
    }

    #[test]
    fn errors_show_what_the_server_said() {
        assert_eq!(message_of(br#"{"error":"too large"}"#), "too large");
        assert_eq!(message_of(br#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(message_of(b" plain\ntext "), "plain text");
        let error = HttpError::Status {
            host: "h".into(),
            request: "PUT /upload/1".into(),
            status: 413,
            message: "too large".into(),
        };
        assert_eq!(error.to_string(), "the gateway at h answered 413 to PUT /upload/1: too large");
        assert_eq!(hide_query("/upload/1?signature=0x00"), "/upload/1");
    }

    #[tokio::test]
    async fn what_never_moves_times_out_and_what_ends_does_not() {
        let allowance = Duration::from_millis(1);
        let activity = Activity::new(allowance);
        assert_eq!(activity.watch(std::future::pending::<()>()).await, Err(allowance));
        assert_eq!(activity.watch(std::future::ready(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn what_moved_may_take_its_allowance_again() {
        let activity = Activity::new(Duration::from_millis(1));
        activity.touch(Duration::from_secs(3600));
        let slow = tokio::time::sleep(Duration::from_millis(20));
        assert_eq!(activity.watch(slow).await, Ok(()));
    }
}
