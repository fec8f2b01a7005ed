//! The schema of a PostgreSQL database; several nodes may start at once.

use super::session::Session;
use crate::migrate::{self, UNFINISHED_RESTORE, VERSION, VERSION_TABLE};
use crate::{Dialect, StoreError};

const SERVER_MIN: i64 = 130_000;

/// Whether the schema that we write to has such a table.
pub(super) const HAS_TABLE: &str = "SELECT 1 FROM pg_tables WHERE tablename::text = $1 AND schemaname = ANY (current_schemas(false))";

pub(super) fn migrate(session: &mut Session) -> Result<(), StoreError> {
    check_server(session)?;
    lock(session)?;
    let migrated = apply(session);
    migrated.and(unlock(session))
}

/// Only looks whether there is a store that may be used.
pub(super) fn check(session: &mut Session) -> Result<(), StoreError> {
    check_server(session)?;
    migrate::check_finished(has_table(session, UNFINISHED_RESTORE)?)?;
    migrate::check_made(has_table(session, "schema_migrations")?)
}

/// Waits for whoever migrates or restores; held until the session unlocks it or ends.
pub(super) fn lock(session: &mut Session) -> Result<(), StoreError> {
    session.batch("SELECT pg_advisory_lock(7020100)").map_err(|failure| failure.error)
}

pub(super) fn unlock(session: &mut Session) -> Result<(), StoreError> {
    session.batch("SELECT pg_advisory_unlock(7020100)").map_err(|failure| failure.error)
}

fn has_table(session: &mut Session, name: &str) -> Result<bool, StoreError> {
    Ok(session.number(&format!("SELECT count(*) FROM ({}) AS found", HAS_TABLE.replace("$1", &format!("'{name}'"))))? > 0)
}

pub(super) fn check_server(session: &mut Session) -> Result<(), StoreError> {
    let refused = |what: String| StoreError::Refused(what);
    let version = session.number("SELECT current_setting('server_version_num')::bigint")?;
    if version < SERVER_MIN {
        let (major, minor) = (version / 10_000, version % 10_000);
        return Err(refused(format!("PostgreSQL {major}.{minor} is too old; 13 or newer is needed")));
    }
    if session.number("SELECT CASE current_setting('server_encoding') WHEN 'UTF8' THEN 1 ELSE 0 END::bigint")? == 0 {
        return Err(refused(
            "the database's encoding is not UTF8; make one with `createdb --encoding UTF8 --template template0`".to_owned(),
        ));
    }
    Ok(())
}

fn apply(session: &mut Session) -> Result<(), StoreError> {
    migrate::check_finished(has_table(session, UNFINISHED_RESTORE)?)?;
    session.batch(VERSION_TABLE).map_err(|failure| failure.error)?;
    let version = session.number(VERSION)?;
    for migration in migrate::pending(version)? {
        tracing::info!(version = migration.version, name = migration.name, "migrating");
        // Several statements in one message are one transaction.
        session.batch(&migration.script(Dialect::Postgres)).map_err(|failure| failure.error)?;
    }
    Ok(())
}
