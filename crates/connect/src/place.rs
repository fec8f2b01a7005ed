//! Parse where a call goes. Whoever parses a URL twice may read it in two ways: this one form is checked, connected to and sent.

use std::fmt;

use http::HeaderValue;
use http::uri::PathAndQuery;
use url::{Host, Position, Url};

const URL_BYTES_MAX: usize = 16 * 1024;

/// An address of the web: `http` or `https`, with a host, without user name and password.
#[derive(Clone)]
pub struct Place {
    is_https: bool,
    host: Host<String>,
    port: u16,
    authority: HeaderValue,
    path_and_query: PathAndQuery,
}

/// What is wrong with a URL. It is not repeated: it may carry a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("the URL is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    #[error("this is not a URL: {0}")]
    Unreadable(url::ParseError),
    #[error("the URL must begin with http:// or https://, not with {0}:")]
    Scheme(String),
    #[error("a URL may not have a user name or password: send them in a header")]
    UserInfo,
    #[error("the path and query of the URL have a character that no request can carry: encode it with %")]
    Target,
}

impl Place {
    pub fn parse(text: &str) -> Result<Place, BadUrl> {
        if text.len() > URL_BYTES_MAX {
            return Err(BadUrl::TooLong);
        }
        let url = Url::parse(text).map_err(BadUrl::Unreadable)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(BadUrl::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::UserInfo);
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(BadUrl::Unreadable(url::ParseError::EmptyHost));
        };
        Ok(Place {
            is_https: url.scheme() == "https",
            host: host.to_owned(),
            port,
            authority: HeaderValue::from_str(url.authority()).map_err(|_| BadUrl::Target)?,
            path_and_query: url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| BadUrl::Target)?,
        })
    }

    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host, and the port when it is not the scheme's own: what `Host` says.
    pub fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// What stands in the request's first line.
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }
}

/// Without path and query: they may carry secrets.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.is_https { "https" } else { "http" }, self.host, self.port)
    }
}
