//! What can go wrong with remembering.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not reached, or the connection broke before the commit was sent: nothing has happened.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// No room left; nothing has happened.
    #[error("the store is full: {0}")]
    Full(String),
    /// Too much waits already; nothing has happened.
    #[error("the store is overloaded")]
    Overloaded,
    /// The connection broke while committing: it may have happened or not.
    #[error("the outcome of the commit is unknown: {0}")]
    OutcomeUnknown(String),
    /// A unique constraint, by its name in the migrations.
    #[error("{constraint} is violated")]
    Duplicate { constraint: String },
    /// The lease of a claimed job is no longer ours: the work's result must be dropped.
    #[error("the lease is lost")]
    LeaseLost,
    /// A row that can't be what we wrote.
    #[error("{table} {id}: {what}")]
    Corrupt { table: &'static str, id: String, what: String },
    /// Another process has the folder; the message says which.
    #[error("{0}")]
    InUse(String),
    /// The store can't be opened as it was asked for; the message says what to do.
    #[error("{0}")]
    Refused(String),
    #[error("the data has schema {version}, written by a newer version of Baton; this one knows up to {newest}: use the newer one")]
    Newer { version: i64, newest: i64 },
    /// Anything else that the engine said; a mistake of ours.
    #[error("{0}")]
    Sql(String),
}
