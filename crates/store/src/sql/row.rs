//! Reading columns as the core's types.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::time::Timestamp;

use crate::{Row, StoreError};

impl dyn Row + '_ {
    pub(crate) fn id(&self, column: usize) -> Result<Id, StoreError> {
        let raw = self.int(column)?;
        Id::from_i64(raw).ok_or_else(|| not("an id", column, &raw))
    }

    pub(crate) fn opt_id(&self, column: usize) -> Result<Option<Id>, StoreError> {
        self.opt_int(column)?.map(|raw| Id::from_i64(raw).ok_or_else(|| not("an id", column, &raw))).transpose()
    }

    pub(crate) fn bool(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_micros)
    }

    pub(crate) fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    /// An actor takes two columns, its kind and its id.
    pub(crate) fn actor(&self, column: usize) -> Result<Actor, StoreError> {
        let kind = self.text(column)?;
        Actor::from_parts(kind, self.opt_id(column + 1)?).ok_or_else(|| not("an actor", column, &kind))
    }

    pub(crate) fn named<T>(&self, column: usize, what: &str, named: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let name = self.text(column)?;
        named(name).ok_or_else(|| not(what, column, &name))
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|error| not("what was stored", column, &error.to_string()))
    }

    pub(crate) fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| not("of the right length", column, &bytes.len()))
    }
}

fn not(what: &str, column: usize, got: &dyn std::fmt::Debug) -> StoreError {
    StoreError::Corrupt { table: "a row", id: format!("column {column}"), what: format!("{got:?} is not {what}") }
}

/// JSON of something that can't fail to be JSON.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data is JSON")
}
