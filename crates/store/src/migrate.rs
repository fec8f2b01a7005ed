//! The schema: forward only, one text for both engines. To change it: a further file in `migrations/`, one line here.

use crate::{Dialect, StoreError};

pub(crate) struct Migration {
    pub version: i64,
    pub name: &'static str,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "foundation", text: include_str!("../migrations/0001_foundation.sql") },
    Migration { version: 2, name: "outgoing", text: include_str!("../migrations/0002_outgoing.sql") },
    Migration { version: 3, name: "deleted_workflows", text: include_str!("../migrations/0003_deleted_workflows.sql") },
    Migration { version: 4, name: "quotes", text: include_str!("../migrations/0004_quotes.sql") },
    Migration { version: 5, name: "lists", text: include_str!("../migrations/0005_lists.sql") },
];

/// Where the schema's version is kept. `{int}` and the like are not needed here: both engines read this as it is.
pub(crate) const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL, name TEXT NOT NULL)";
pub(crate) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM schema_migrations";

/// What is still to be applied to a store at `version`.
pub(crate) fn pending(version: i64) -> Result<&'static [Migration], StoreError> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if version > newest {
        return Err(StoreError::Newer { version, newest });
    }
    let done = MIGRATIONS.iter().take_while(|migration| migration.version <= version).count();
    Ok(&MIGRATIONS[done..])
}

impl Migration {
    /// The statements for one engine, with the line that records them.
    pub fn script(&self, dialect: Dialect) -> String {
        let words = match dialect {
            Dialect::Sqlite => [
                ("{id}", "INTEGER PRIMARY KEY"),
                ("{int}", "INTEGER"),
                ("{text}", "TEXT"),
                ("{blob}", "BLOB"),
                ("{end}", " STRICT"),
                ("{clustered}", " STRICT, WITHOUT ROWID"),
                ("{updated}", " STRICT"),
            ],
            Dialect::Postgres => [
                ("{id}", "BIGINT PRIMARY KEY"),
                ("{int}", "BIGINT"),
                ("{text}", "TEXT COLLATE \"C\""),
                ("{blob}", "BYTEA"),
                ("{end}", ""),
                ("{clustered}", ""),
                ("{updated}", " WITH (fillfactor = 80)"),
            ],
        };
        let statements = words.iter().fold(self.text.to_owned(), |text, (word, with)| text.replace(word, with));
        format!("{statements}\nINSERT INTO schema_migrations (version, name) VALUES ({}, '{}');", self.version, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_and_every_word_is_filled_in() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, index as i64 + 1, "{}", migration.name);
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let statements: Vec<String> =
                    migration.script(dialect).lines().filter(|line| !line.trim_start().starts_with("--")).map(str::to_owned).collect();
                assert!(!statements.join("\n").contains('{'), "{} for {dialect:?}", migration.name);
            }
        }
    }

    #[test]
    fn keys_of_values_are_carried_over() {
        let database = rusqlite::Connection::open_in_memory().expect("memory");
        database.execute_batch(VERSION_TABLE).expect("a table");
        let apply = |versions: std::ops::RangeInclusive<i64>| {
            for migration in MIGRATIONS.iter().filter(|migration| versions.contains(&migration.version)) {
                database.execute_batch(&migration.script(Dialect::Sqlite)).expect(migration.name);
            }
        };
        apply(1..=4);
        let before = "INSERT INTO task_values (workflow_id, field_id, exact_key, task_id, sort_key)
            VALUES (1, 2, 'Abc', 3, 'abc'), (1, 2, 'abc', 4, 'abc'), (1, 5, '21', 3, '21')";
        database.execute_batch(before).expect("three keys");
        apply(5..=5);
        let mut statement = database.prepare("SELECT field_id, sort_key, task_id, exact_key FROM task_values").expect("a table");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).expect("rows");
        let rows: Vec<(i64, String, i64, Option<String>)> = rows.collect::<Result<_, _>>().expect("rows");
        let text = str::to_owned;
        assert_eq!(rows, [(2, text("abc"), 3, Some(text("Abc"))), (2, text("abc"), 4, None), (5, text("21"), 3, None)]);
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let newest = MIGRATIONS.len() as i64;
        assert_eq!(pending(0).map(<[_]>::len), Ok(MIGRATIONS.len()));
        assert_eq!(pending(newest).map(<[_]>::len), Ok(0));
        assert_eq!(pending(newest + 1).map(<[_]>::len), Err(StoreError::Newer { version: newest + 1, newest }));
    }
}
