//! Which tables the migrations make, asked of a database in memory that has gone through them.

use rusqlite::Connection;

use super::error::store_error;
use crate::backup::{Kind, Table};
use crate::migrate::{self, VERSION_TABLE};
use crate::{Dialect, StoreError};

/// Those of the schema at that version, by name. A virtual table is an index of SQLite's, and so derived; its shadow tables are part of it.
pub(crate) fn tables_at(version: i64) -> Result<Vec<Table>, StoreError> {
    let connection = Connection::open_in_memory().map_err(|error| StoreError::Sql(error.to_string()))?;
    let read = || {
        connection.execute_batch(VERSION_TABLE)?;
        for migration in migrate::pending(0).unwrap_or_default().iter().take_while(|migration| migration.version <= version) {
            connection.execute_batch(&migration.script(Dialect::Sqlite))?;
        }
        let sql = "SELECT name, type = 'virtual' FROM pragma_table_list
            WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'schema_migrations'
            ORDER BY name";
        let mut names = connection.prepare(sql)?;
        let names = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<(String, bool)>, _>>()?;
        names.into_iter().map(|(name, derived)| table(&connection, name, derived)).collect::<Result<Vec<Table>, rusqlite::Error>>()
    };
    read().map_err(|error| store_error(&connection, error))
}

fn table(connection: &Connection, name: String, derived: bool) -> Result<Table, rusqlite::Error> {
    let mut columns = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let columns = columns.collect::<Result<Vec<(String, String, u32)>, _>>()?;
    let mut key: Vec<(u32, usize)> =
        columns.iter().enumerate().filter(|(_, (_, _, rank))| *rank > 0).map(|(place, (_, _, rank))| (*rank, place)).collect();
    key.sort_unstable();
    let kind = |declared: &str| match declared {
        "INTEGER" => Kind::Int,
        "BLOB" => Kind::Bytes,
        _ => Kind::Text,
    };
    let columns = columns.iter().map(|(name, declared, _)| (name.clone(), kind(declared))).collect();
    Ok(Table { name, columns, key: key.into_iter().map(|(_, place)| place).collect(), derived })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table made by other means than its rows needs a way to be made anew in `backup/restore.rs`, and then a line here.
    const DERIVED: &[&str] = &[];

    #[test]
    fn every_table_is_copied_or_known_to_be_derived() {
        let newest = migrate::pending(0).unwrap().len() as i64;
        for table in tables_at(newest).unwrap() {
            assert_eq!(table.derived, DERIVED.contains(&&*table.name), "{}", table.name);
            assert!(table.derived || !table.key.is_empty(), "{} has no key to go by", table.name);
        }
    }

    #[test]
    fn a_table_is_as_its_migrations_make_it() {
        let jobs = |version| tables_at(version).unwrap().into_iter().find(|table| table.name == "jobs").unwrap();
        assert_eq!((jobs(1).columns.len(), jobs(2).columns.len()), (10, 11));
        let secrets = tables_at(2).unwrap().into_iter().find(|table| table.name == "secrets").unwrap();
        assert_eq!((secrets.key, secrets.columns[2].clone()), (vec![0, 1], ("sealed".to_owned(), Kind::Bytes)));
    }
}
