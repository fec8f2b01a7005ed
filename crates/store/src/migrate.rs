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
    Migration { version: 6, name: "counts", text: include_str!("../migrations/0006_counts.sql") },
    Migration { version: 7, name: "search", text: include_str!("../migrations/0007_search.sql") },
    Migration { version: 8, name: "imports", text: include_str!("../migrations/0008_imports.sql") },
];

/// Where the schema's version is kept. `{int}` and the like are not needed here: both engines read this as it is.
pub(crate) const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL, name TEXT NOT NULL)";
pub(crate) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM schema_migrations";

/// Stands in a store while it is restored, and where that broke off.
pub(crate) const UNFINISHED_RESTORE: &str = "unfinished_restore";

/// A store in which a restore broke off has nothing in it, and must not pass for a new one.
pub(crate) fn check_finished(unfinished: bool) -> Result<(), StoreError> {
    if !unfinished {
        return Ok(());
    }
    let what = "a restore into this store was begun and not finished: run `baton restore FILE` again";
    Err(StoreError::Refused(what.to_owned()))
}

/// For whoever must not make one.
pub(crate) fn check_made(made: bool) -> Result<(), StoreError> {
    if made { Ok(()) } else { Err(StoreError::Refused("there is no data of Baton in this database".to_owned())) }
}

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
        // Lines for one engine alone begin with its name.
        let (own, others) = match dialect {
            Dialect::Sqlite => ("{sqlite}", "{postgres}"),
            Dialect::Postgres => ("{postgres}", "{sqlite}"),
        };
        let lines = self.text.lines().filter(|line| !line.starts_with(others)).map(|line| line.strip_prefix(own).unwrap_or(line));
        let statements = words.iter().fold(lines.collect::<Vec<_>>().join("\n"), |text, (word, with)| text.replace(word, with));
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

    /// A database as it was before a version, with these rows in it, after that version.
    fn migrated(version: i64, rows: &str) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(VERSION_TABLE).unwrap();
        for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
            if migration.version == version {
                connection.execute_batch(rows).unwrap();
            }
            connection.execute_batch(&migration.script(Dialect::Sqlite)).unwrap();
        }
        connection
    }

    fn rows_of(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// In stage 3 two of user 6 and one of nobody, in stage 4 one of nobody, in another workflow one.
    const TASKS: &str = "INSERT INTO tasks (id, workspace_id, workflow_id, stage_id, assignee_id, active, version, created_at, updated_at,
            created_by_kind, finished_sequence, performers, field_values)
        SELECT column1, 1, column2, column3, column4, 1, 1, 0, 0, 'operator', 0, '{}', '{}'
        FROM (VALUES (11, 2, 3, 6), (12, 2, 3, 6), (13, 2, 3, NULL), (14, 2, 4, NULL), (15, 9, 3, 6))";

    #[test]
    fn tasks_that_are_there_are_counted() {
        let counts = "SELECT concat_ws(' ', workflow_id, assignee_id, stage_id, tasks) FROM task_counts ORDER BY 1";
        assert_eq!(rows_of(&migrated(6, TASKS), counts), ["2 -1 3 1", "2 -1 4 1", "2 6 3 2", "9 6 3 1"]);
    }

    #[test]
    fn tasks_that_are_there_are_to_be_indexed() {
        let queued = "SELECT concat_ws(' ', workflow_id, task_id) FROM search_queue ORDER BY 1";
        assert_eq!(rows_of(&migrated(7, TASKS), queued), ["2 11", "2 12", "2 13", "2 14", "9 15"]);
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
