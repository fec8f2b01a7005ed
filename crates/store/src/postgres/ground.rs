//! A database in which a store is restored.

use super::migrate::{HAS_TABLE, check_server, lock, unlock};
use super::session::Session;
use super::tx::PostgresTx;
use crate::backup::{Ground, SchemaTx};
use crate::{StoreError, Tx};

pub(crate) struct PostgresGround {
    session: Session,
}

impl PostgresGround {
    /// Whoever would migrate this database waits until the restore has ended.
    pub fn open(url: &str) -> Result<PostgresGround, StoreError> {
        let mut session = Session::new(super::parse(url)?)?;
        check_server(&mut session)?;
        lock(&mut session)?;
        Ok(PostgresGround { session })
    }
}

impl Drop for PostgresGround {
    fn drop(&mut self) {
        // It ends with the session in any case.
        drop(unlock(&mut self.session));
    }
}

impl Ground for PostgresGround {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn SchemaTx) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut tx = PostgresTx::new(&mut self.session, "BEGIN");
        match work(&mut tx) {
            Ok(()) => tx.commit().map_err(|failure| failure.error),
            Err(error) => {
                tx.roll_back();
                Err(error)
            }
        }
    }
}

impl SchemaTx for PostgresTx<'_> {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        PostgresTx::batch(self, sql)
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let found = (self as &mut dyn Tx).query_one(HAS_TABLE, &[name.into()], |_| Ok(()))?;
        Ok(found.is_some())
    }
}
