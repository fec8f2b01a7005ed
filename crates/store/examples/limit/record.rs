//! A transaction that notes what it is asked.

use baton_store::{Dialect, Param, Row, StoreError, Tx};

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

pub struct Statement {
    pub sql: String,
    pub params: Vec<Value>,
}

pub struct Recorder<'a> {
    pub tx: &'a mut dyn Tx,
    pub statements: Vec<Statement>,
}

impl Recorder<'_> {
    fn note(&mut self, sql: &str, params: &[Param<'_>]) {
        let params = params.iter().map(|param| match param {
            Param::Null => Value::Null,
            Param::Int(number) => Value::Int(*number),
            Param::Text(text) => Value::Text((*text).to_owned()),
            Param::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        });
        self.statements.push(Statement { sql: sql.to_owned(), params: params.collect() });
    }
}

impl Tx for Recorder<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.note(sql, params);
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.note(sql, params);
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}
