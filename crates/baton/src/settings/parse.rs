//! From a setting's text to its value; `None` is told with what the table says is allowed.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use baton_connect::email::{self, Security};
use baton_connect::guard::{self, Network};
use tracing_subscriber::filter::LevelFilter;
use url::{Host, Url};

use super::sources::LIST_SEPARATOR;
use super::{LogFormat, Role};

pub fn listen(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// Without a slash at the end: paths are put behind it.
pub fn public_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (["http", "https"].contains(&url.scheme()) && plain).then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// What a header can carry.
pub fn api_key(text: &str) -> Option<String> {
    text.bytes().all(|byte| byte.is_ascii_graphic()).then(|| text.to_owned())
}

pub fn role(text: &str) -> Option<Role> {
    match text {
        "all" => Some(Role::All),
        "web" => Some(Role::Web),
        "worker" => Some(Role::Worker),
        _ => None,
    }
}

pub fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

pub fn database_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    ["postgres", "postgresql"].contains(&url.scheme()).then(|| text.to_owned())
}

pub fn host(text: &str) -> Option<String> {
    // A bare IPv6 address is one as well, and `Host` wants it in brackets.
    let is_host = text.parse::<IpAddr>().is_ok() || Host::parse(text).is_ok_and(|host| matches!(host, Host::Domain(_)));
    is_host.then(|| text.to_owned())
}

pub fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

pub fn security(text: &str) -> Option<Security> {
    match text {
        "none" => Some(Security::None),
        "starttls" => Some(Security::StartTls),
        "tls" => Some(Security::Tls),
        _ => None,
    }
}

pub fn user(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

pub fn sender(text: &str) -> Option<String> {
    email::is_sender(text).then(|| text.to_owned())
}

pub fn networks(text: &str) -> Option<Vec<Network>> {
    list(text).map(|text| guard::network(text).ok()).collect()
}

pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(LIST_SEPARATOR).map(str::trim).filter(|text| !text.is_empty())
}

pub fn workers(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=1024).contains(count))
}

pub fn rate_per_minute(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| *count <= 1_000_000)
}

/// Not so short that an execution goes before the answer that is kept under its `Idempotency-Key`.
pub fn executions_days(text: &str) -> Option<u32> {
    text.parse().ok().filter(|days| *days == 0 || (2..=36_500).contains(days))
}

pub fn body_mib(text: &str) -> Option<usize> {
    text.parse().ok().filter(|mib| (1..=1024).contains(mib))
}

pub fn import_mib(text: &str) -> Option<usize> {
    text.parse().ok().filter(|mib| (1..=65_536).contains(mib))
}

pub fn connections(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=1_000_000).contains(count))
}

pub fn page_count_max(text: &str) -> Option<u32> {
    text.parse().ok().filter(|pages| (1..u32::MAX).contains(pages))
}

pub fn log_level(text: &str) -> Option<LevelFilter> {
    match text {
        "off" => Some(LevelFilter::OFF),
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}

pub fn share(text: &str) -> Option<f64> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

pub fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "human" => Some(LogFormat::Human),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}
