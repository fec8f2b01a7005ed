//! What PostgreSQL's errors mean.

use tokio_postgres::error::{DbError, SqlState};

use crate::StoreError;

/// An error, and what may be done about it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub error: StoreError,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection is gone.
    Broken,
    /// Two transactions met; run again, it may well succeed.
    Race,
    /// A unique constraint. Perhaps somebody was faster between a look and a write: run again, the look sees them.
    Duplicate,
    Other,
}

impl Failure {
    pub fn new(error: &tokio_postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(error) => of_database(error),
            // Anything that the database did not say itself came from the connection, or from a value that it did not
            // want; the second leaves the connection open.
            None if error.is_closed() || is_io(error) => Failure::broken(&explain(error)),
            None => Failure { error: StoreError::Sql(explain(error)), kind: Kind::Other },
        }
    }

    pub fn broken(what: &str) -> Failure {
        Failure { error: StoreError::Unavailable(what.to_owned()), kind: Kind::Broken }
    }
}

fn of_database(error: &DbError) -> Failure {
    let code = error.code();
    let message = || format!("{} ({})", error.message(), code.code());
    let unavailable = || StoreError::Unavailable(message());
    let (error, kind) = if *code == SqlState::UNIQUE_VIOLATION {
        let constraint = error.constraint().unwrap_or_default().to_owned();
        (StoreError::Duplicate { constraint }, Kind::Duplicate)
    } else if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE].contains(code) {
        (unavailable(), Kind::Race)
    } else if *code == SqlState::DISK_FULL {
        (StoreError::Full(message()), Kind::Other)
    } else {
        match &code.code()[..2] {
            // Connection exceptions, operator intervention (shutdown, a killed session).
            "08" | "57" => (unavailable(), Kind::Broken),
            // A session that was idle in a transaction for too long; a server that has become a standby.
            "25" if matches!(code.code(), "25P03" | "25006") => (unavailable(), Kind::Broken),
            // Insufficient resources; a rejected sign-in.
            "53" | "28" => (unavailable(), Kind::Other),
            _ => (StoreError::Sql(message()), Kind::Other),
        }
    };
    Failure { error, kind }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// With what is behind it: the error alone says little more than `error connecting to server`.
fn explain(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
