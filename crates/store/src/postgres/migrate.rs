//! The schema of a PostgreSQL database; several nodes may start at once.

use super::session::Session;
use crate::migrate::{self, VERSION, VERSION_TABLE};
use crate::{Dialect, StoreError};

const SERVER_MIN: i64 = 130_000;

pub(super) fn migrate(session: &mut Session) -> Result<(), StoreError> {
    check_server(session)?;
    // Held until the session unlocks it or ends.
    session.batch("SELECT pg_advisory_lock(7020100)").map_err(|failure| failure.error)?;
    let migrated = apply(session);
    let unlocked = session.batch("SELECT pg_advisory_unlock(7020100)").map_err(|failure| failure.error);
    migrated.and(unlocked)
}

fn check_server(session: &mut Session) -> Result<(), StoreError> {
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
    session.batch(VERSION_TABLE).map_err(|failure| failure.error)?;
    let version = session.number(VERSION)?;
    for migration in migrate::pending(version)? {
        tracing::info!(version = migration.version, name = migration.name, "migrating");
        // Several statements in one message are one transaction.
        session.batch(&migration.script(Dialect::Postgres)).map_err(|failure| failure.error)?;
    }
    Ok(())
}
