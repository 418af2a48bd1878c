//! Lets a page of any origin read and verify. Uploads are not covered: they are signed, and no page needs them.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS")),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Accept, Cache-Control, Content-Type, If-None-Match, Range, User-Agent, X-Requested-With",
        ),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Accept-Ranges, Content-Disposition, Content-Length, Content-Location, Content-Range, ETag, Retry-After, \
             X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output",
        ),
    ),
];
/// Seconds that a browser may remember a preflight's answer.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("86400");

const HUB_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS")),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Accept, Authorization, Content-Type, If-None-Match, Range, User-Agent"),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, RateLimit, \
             RateLimit-Policy, Retry-After, X-Error-Code, X-Error-Message, X-HF-Warning, X-Linked-ETag, \
             X-Linked-Size, X-Repo-Commit, X-Stoa-CID",
        ),
    ),
];

/// Puts the CORS headers of the Hugging Face API on an answer. A page sends a token only if somebody gave it one.
pub(crate) fn hub(mut response: Response) -> Response {
    response.headers_mut().extend(HUB_HEADERS);
    response
}

/// Answers what a browser asks before it reads.
pub(crate) async fn preflight() -> Response {
    (StatusCode::NO_CONTENT, [(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE)]).into_response()
}

/// Puts the CORS headers on every answer, errors included.
pub(crate) async fn open_to_every_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS);
    response
}
