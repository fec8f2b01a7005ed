use crate::work::Work;
use crate::{Options, StoreError};
pub(crate) struct Postgres;
impl Postgres {
    pub fn open(_: &str, _: &Options) -> Result<Postgres, StoreError> {
        Err(StoreError::Overloaded)
    }
    pub fn write(&self, _: Box<dyn Work>) -> Result<(), StoreError> {
        Err(StoreError::Overloaded)
    }
    pub fn read(&self, _: Box<dyn Work>) -> Result<(), StoreError> {
        Err(StoreError::Overloaded)
    }
}
