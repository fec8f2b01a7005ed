//! Why a call failed, and whether it may have been heard.

use std::net::IpAddr;
use std::time::Duration;

use crate::guard::Refused;

#[derive(Debug, thiserror::Error)]
#[error("API call to {host} {failure}")]
pub struct CallError {
    pub host: String,
    pub failure: Failure,
}

impl CallError {
    /// Without whom was called and what they said: either may come from data.
    pub fn bare(&self) -> String {
        match &self.failure {
            Failure::NotAllowed(_) => "API call is not allowed".to_owned(),
            Failure::Unreadable(_) => "API call gave an answer that cannot be read".to_owned(),
            Failure::Answered { status, .. } => format!("API call answered {status}"),
            // They quote nothing.
            failure @ (Failure::NoConnection { .. }
            | Failure::TimedOut { .. }
            | Failure::StoodStill { .. }
            | Failure::BrokenOff { .. }
            | Failure::TooLong { .. }) => {
                format!("API call {failure}")
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("is not allowed: {0}")]
    NotAllowed(IpAddr),
    /// The detail (an unknown name, a refused connection, a certificate that is not believed) is for the log.
    #[error("could not connect")]
    NoConnection { detail: String },
    #[error("timed out after {} s", after.as_secs_f64())]
    TimedOut { after: Duration, sent: bool },
    /// Only a file is sent or received for as long as it goes on.
    #[error("stood still for {} s", after.as_secs())]
    StoodStill { after: Duration },
    #[error("ended without a whole answer")]
    BrokenOff { detail: String },
    #[error("answered more than {} MiB", bytes_max / (1024 * 1024))]
    TooLong { bytes_max: usize },
    #[error("gave an answer that cannot be read: {0}")]
    Unreadable(String),
    #[error("answered {status}{}{first_line}", if first_line.is_empty() { "" } else { ": " })]
    Answered { status: u16, first_line: String },
}

impl Failure {
    /// Whether a byte of the request may have left. If not, the call has done nothing and may be made again.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Failure::NotAllowed(_) | Failure::NoConnection { .. } => false,
            Failure::TimedOut { sent, .. } => *sent,
            Failure::StoodStill { .. }
            | Failure::BrokenOff { .. }
            | Failure::TooLong { .. }
            | Failure::Unreadable(_)
            | Failure::Answered { .. } => true,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        match refused {
            Refused::NotAllowed(address) => Failure::NotAllowed(address),
            Refused::NotFound(detail) => Failure::NoConnection { detail },
        }
    }
}

/// Once the request is on its way.
impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Failure {
        if error.is_parse() { Failure::Unreadable(error.to_string()) } else { Failure::BrokenOff { detail: error.to_string() } }
    }
}
