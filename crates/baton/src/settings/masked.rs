//! Values as they may be shown: a key or a password in a URL is not.

use url::Url;

use super::table::{API_KEY, DATABASE_URL, Setting};

const MASK: &str = "***";

pub(super) fn masked(setting: &Setting, value: &str) -> String {
    match setting.key {
        key if key == DATABASE_URL.key => masked_url(value),
        key if key == API_KEY.key => MASK.to_owned(),
        _ => value.to_owned(),
    }
}

/// What can't be read as a URL may hold a password anywhere.
fn masked_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return MASK.to_owned() };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let shown = pairs.iter().map(|(key, value)| (key.as_str(), if key.contains("password") { MASK } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.to_string()
}
