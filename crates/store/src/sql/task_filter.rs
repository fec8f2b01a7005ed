//! The filters of a task list as SQL. Everything that a caller wrote is a parameter, never text.

use baton_core::ids::Id;

use crate::{Dialect, Param};

/// Parts are joined with and; the values of one part with or.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Not in an end stage.
    pub active_only: bool,
    pub stages: Option<Vec<Id>>,
    /// `None` among them is nobody.
    pub assignees: Option<Vec<Option<Id>>>,
    /// Exact keys by field; `None` among them is blank.
    pub fields: Vec<(Id, Vec<Option<String>>)>,
}

/// A statement in the making, with its parameters numbered as they appear.
pub(super) struct Query<'a> {
    pub sql: String,
    pub params: Vec<Param<'a>>,
}

impl<'a> Query<'a> {
    pub fn new(sql: &str) -> Query<'a> {
        Query { sql: sql.to_owned(), params: Vec::new() }
    }

    pub fn text(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    pub fn param(&mut self, param: impl Into<Param<'a>>) {
        self.params.push(param.into());
        self.sql.push_str(&format!("${}", self.params.len()));
    }

    pub fn list(&mut self, params: impl IntoIterator<Item = Param<'a>>) {
        self.text("(");
        for (index, param) in params.into_iter().enumerate() {
            self.text(if index == 0 { "" } else { ", " });
            self.param(param);
        }
        self.text(")");
    }
}

/// Appends the tables, ` WHERE ` and the first condition. A field that must have one key gives its tasks in their order, so
/// a page reads no more of them than it shows; the first such field does so for the others.
pub(super) fn narrow_by_one_key<'a>(query: &mut Query<'a>, filter: &'a TaskFilter, workflow: Id, after: i64) {
    let Some((field, key)) = filter.fields.iter().find_map(|(field, keys)| Some((*field, one_key(keys)?))) else {
        return query.text("tasks t WHERE ");
    };
    // SQLite takes the tables of a cross join in the order written.
    query.text("task_values d CROSS JOIN tasks t WHERE t.id = d.task_id AND d.workflow_id = ");
    query.param(workflow);
    query.text(" AND d.field_id = ");
    query.param(field);
    query.text(" AND d.exact_key = ");
    query.param(key);
    query.text(" AND d.task_id > ");
    query.param(after);
    query.text(" AND ");
}

fn one_key(keys: &[Option<String>]) -> Option<&str> {
    match keys {
        [Some(key)] => Some(key),
        _ => None,
    }
}

/// Appends ` AND ...` for every part of the filter; `t` is the row of tasks.
pub(super) fn narrow<'a>(query: &mut Query<'a>, filter: &'a TaskFilter, workflow: Id, after: i64, dialect: Dialect) {
    if filter.active_only {
        query.text(" AND t.active = 1");
    }
    if let Some(stages) = &filter.stages {
        query.text(" AND ");
        any_of(query, "t.stage_id", stages.iter().map(|stage| Param::from(*stage)), false);
    }
    if let Some(assignees) = &filter.assignees {
        query.text(" AND ");
        let named = assignees.iter().flatten().map(|user| Param::from(*user));
        any_of(query, "t.assignee_id", named, assignees.contains(&None));
    }
    let leading = filter.fields.iter().position(|(_, keys)| one_key(keys).is_some());
    for (_, (field, keys)) in filter.fields.iter().enumerate().filter(|(index, _)| Some(*index) != leading) {
        narrow_field(query, workflow, *field, keys, after, dialect);
    }
}

fn any_of<'a>(query: &mut Query<'a>, column: &str, values: impl Iterator<Item = Param<'a>>, or_null: bool) {
    let values: Vec<Param<'a>> = values.collect();
    match (values.is_empty(), or_null) {
        (true, true) => query.text(&format!("{column} IS NULL")),
        // Nothing is in an empty list.
        (true, false) => query.text("1 = 0"),
        (false, _) => {
            query.text(if or_null { "(" } else { "" });
            query.text(&format!("{column} IN "));
            query.list(values);
            query.text(&if or_null { format!(" OR {column} IS NULL)") } else { String::new() });
        }
    }
}

fn narrow_field<'a>(query: &mut Query<'a>, workflow: Id, field: Id, keys: &'a [Option<String>], after: i64, dialect: Dialect) {
    let exact: Vec<Param<'a>> = keys.iter().flatten().map(|key| Param::from(key.as_str())).collect();
    let or_blank = keys.contains(&None);
    query.text(" AND (");
    if exact.is_empty() {
        query.text("1 = 0");
    } else {
        query.text("t.id IN (SELECT v.task_id FROM task_values v WHERE v.workflow_id = ");
        query.param(workflow);
        query.text(" AND v.field_id = ");
        query.param(field);
        query.text(" AND v.exact_key IN ");
        query.list(exact);
        // What earlier pages have shown is not read again.
        query.text(" AND v.task_id > ");
        query.param(after);
        query.text(")");
    }
    if or_blank {
        // A blank field has no row to be found by, but neither has it an entry among the values. A quote within a value is
        // escaped there, so the text of a value is never taken for an entry.
        let place = match dialect {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        query.text(&format!(" OR {place}(t.field_values, '\"{field}\":') = 0"));
    }
    query.text(")");
}
