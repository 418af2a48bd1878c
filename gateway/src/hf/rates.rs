//! How many requests an address may send, told in the header fields that the clients wait by.
//!
//! Windows are the same for all: they begin at once and end at once, so a window's counts are dropped together.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;

use super::HubLimits;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Addresses that are told apart in a window; those after them share one count.
const MAX_ADDRESSES: usize = 1 << 16;

/// What a request is counted as.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Class {
    Api,
    Files,
}

impl Class {
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/api/") { Self::Api } else { Self::Files }
    }

    /// The name that the client shows.
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Files => "resolvers",
        }
    }
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Allowance {
    class: Class,
    pub(super) allowed: bool,
    left: u32,
    quota: u32,
    /// Seconds until the window ends, at least one.
    pub(super) seconds: u32,
    window: u64,
}

impl Allowance {
    /// Says it in a response.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Self { class, left, quota, seconds, window, .. } = self;
        let name = class.name();
        for (field, text) in [
            (RATELIMIT, format!("\"{name}\";r={left};t={seconds}")),
            (RATELIMIT_POLICY, format!("\"fixed window\";\"{name}\";q={quota};w={window}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(field, value);
            }
        }
    }
}

struct Window {
    began: Instant,
    counts: HashMap<(Option<IpAddr>, Class), u32>,
}

pub(super) struct Rates {
    api: u32,
    files: u32,
    length: Duration,
    window: Mutex<Window>,
}

impl Rates {
    pub(super) fn new(limits: &HubLimits) -> Self {
        Self {
            api: limits.api_requests,
            files: limits.file_requests,
            length: limits.window.max(Duration::from_secs(1)),
            window: Mutex::new(Window { began: Instant::now(), counts: HashMap::new() }),
        }
    }

    /// Counts a request.
    pub(super) fn take(&self, address: Option<IpAddr>, class: Class, now: Instant) -> Allowance {
        let quota = match class {
            Class::Api => self.api,
            Class::Files => self.files,
        };
        let mut window = self.window.lock();
        if now.saturating_duration_since(window.began) >= self.length {
            *window = Window { began: now, counts: HashMap::new() };
        }
        let mut key = (address.map(network), class);
        if window.counts.len() >= MAX_ADDRESSES && !window.counts.contains_key(&key) {
            key.0 = None;
        }
        let count = window.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        let count = *count;
        let rest = self.length.saturating_sub(now.saturating_duration_since(window.began));
        Allowance {
            class,
            allowed: count <= quota,
            left: quota.saturating_sub(count),
            quota,
            seconds: u32::try_from(rest.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
            window: self.length.as_secs(),
        }
    }
}

/// The part of an address that one client can't choose: in IPv6, it has the rest of 64 bits to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(api_requests: u32) -> Rates {
        Rates::new(&HubLimits { api_requests, file_requests: 1, ..HubLimits::default() })
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_is_stopped_at_its_quota_until_the_window_ends() {
        let rates = rates(2);
        let began = rates.window.lock().began;
        let ask = |address: Option<IpAddr>, class: Class, second: u64| {
            rates.take(address, class, began + Duration::from_secs(second)).allowed
        };
        let here = address("10.0.0.1");
        assert!(ask(here, Class::Api, 0));
        assert!(ask(here, Class::Api, 0));
        assert!(!ask(here, Class::Api, 0));
        assert!(ask(here, Class::Files, 0));
        assert!(ask(address("10.0.0.2"), Class::Api, 0));
        assert!(!ask(here, Class::Api, 299));
        assert!(ask(here, Class::Api, 300));
    }

    #[test]
    fn the_fields_are_those_that_the_client_reads() {
        let mut headers = HeaderMap::new();
        let rates = rates(2);
        let now = rates.window.lock().began + Duration::from_secs(10);
        rates.take(None, Class::Api, now).tell(&mut headers);
        assert_eq!(headers["ratelimit"], "\"api\";r=1;t=291");
        assert_eq!(headers["ratelimit-policy"], "\"fixed window\";\"api\";q=2;w=300");
    }

    #[test]
    fn an_ipv6_client_has_one_count_for_all_its_addresses() {
        let rates = rates(1);
        let ask = |text: &str| rates.take(address(text), Class::Api, Instant::now()).allowed;
        assert!(ask("2001:db8::1"));
        assert!(!ask("2001:db8::2"));
        assert!(ask("2001:db8:0:1::1"));
        assert!(ask("10.0.0.1"));
        assert!(!ask("::ffff:10.0.0.1"));
    }
}
