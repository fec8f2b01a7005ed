//! Whether a server is ready, which anybody may ask.

use std::time::Duration;

use baton_connect::http::Request;
use hyper::body::Bytes;

use crate::settings::Settings;
use crate::trouble::Trouble;

/// Whoever asks does so every few seconds.
const TIMEOUT: Duration = Duration::from_secs(5);

pub async fn check_ready(settings: &Settings) -> Result<(), Trouble> {
    let url = format!("{}/readyz", settings.url().trim_end_matches('/'));
    let request = Request::new("GET", &url, &[], Bytes::new(), TIMEOUT).map_err(|error| Trouble::usage(format!("{url}: {error}")))?;
    let answer = super::client()?.call(&request).await.map_err(|error| Trouble::refused(format!("not ready: {}", error.bare())))?;
    answer.failure().map_or(Ok(()), |error| Err(Trouble::refused(format!("not ready: {}", error.bare()))))
}
