//! Which column of a file is which field: by its name, or as the caller says. It is kept by ids, so that a rename meanwhile is followed.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Bad, ERRORS_COLUMN, LINE_COLUMN, Row, cell};
use crate::access::Access;
use crate::ids::Id;
use crate::refusal::{Refusal, Refusals};
use crate::suggest::did_you_mean;
use crate::workflow::{Field, FieldRight, Workflow};

const STAGE: &str = "Stage";
const ASSIGNED_TO: &str = "Assigned To";

/// Where the cells of a column go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Stage,
    Assignee,
    Field(Id),
}

/// The same in the workflow as it is.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a> {
    Stage,
    Assignee,
    Field(&'a Field),
}

/// The names of the columns: each has one, and no two the same.
pub fn header(row: Row) -> Result<Vec<String>, Bad> {
    let bad = |why: String| Bad { line: row.line, why };
    for (place, name) in row.cells.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(bad(format!("column {} has no name", place + 1)));
        }
        if row.cells[..place].contains(name) {
            return Err(bad(format!("two columns are called {name:?}")));
        }
    }
    Ok(row.cells)
}

/// For each column of the header; `None` is left out. `mapping` has field names, or nothing, by the names of columns.
pub fn targets(
    header: &[String],
    mapping: &IndexMap<String, Option<String>>,
    workflow: &Workflow,
    access: Access<'_>,
) -> Result<Vec<Option<Target>>, Refusals> {
    let mut refusals: IndexMap<String, Vec<Refusal>> = IndexMap::new();
    for name in mapping.keys().filter(|name| !header.contains(name)) {
        refusals.insert(name.clone(), vec![Refusal::ColumnMissing { allowed: header.join(", ") }]);
    }
    let mut taken: IndexMap<Target, &str> = IndexMap::new();
    let mut targets = Vec::with_capacity(header.len());
    for column in header {
        let target = match mapping.get(column) {
            Some(None) => Ok(None),
            Some(Some(name)) => find(name, workflow, access).map(Some),
            None if [LINE_COLUMN, ERRORS_COLUMN].contains(&column.as_str()) => Ok(None),
            None => find(column, workflow, access).map(Some),
        };
        let target = target.and_then(|target| match target.and_then(|target| taken.insert(target, column)) {
            Some(other) => {
                let name = mapping.get(column).cloned().flatten();
                Err(Refusal::ColumnTwice { target: name.unwrap_or_else(|| column.clone()), other: other.to_owned() })
            }
            None => Ok(target),
        });
        match target {
            Ok(target) => targets.push(target),
            Err(refusal) => refusals.entry(column.clone()).or_default().push(refusal),
        }
    }
    if refusals.is_empty() { Ok(targets) } else { Err(Refusals::Fields(refusals)) }
}

fn find(name: &str, workflow: &Workflow, access: Access<'_>) -> Result<Target, Refusal> {
    let is_seen = |field: &&Field| access.right_to(field) != FieldRight::Hidden;
    let named = |name: &str| match name {
        STAGE => Some(Target::Stage),
        ASSIGNED_TO => Some(Target::Assignee),
        name => workflow.field_named(name).filter(is_seen).map(|field| Target::Field(field.id)),
    };
    named(name).or_else(|| named(name.trim())).ok_or_else(|| {
        let fields = workflow.fields.iter().filter(is_seen).map(|field| field.name.as_str());
        let known: Vec<&str> = [STAGE, ASSIGNED_TO].into_iter().chain(fields).collect();
        Refusal::ColumnUnknown {
            name: name.to_owned(),
            suggestion: did_you_mean(name, known.iter().copied()).trim_end_matches('?').to_owned(),
            allowed: known.join(", "),
        }
    })
}

/// The fields that the columns go to, unless one of them is gone.
pub fn columns<'a>(header: &[String], targets: &[Option<Target>], workflow: &'a Workflow) -> Result<Vec<Option<Column<'a>>>, Refusal> {
    let column = |(name, target): (&String, &Option<Target>)| match target {
        None => Ok(None),
        Some(Target::Stage) => Ok(Some(Column::Stage)),
        Some(Target::Assignee) => Ok(Some(Column::Assignee)),
        Some(Target::Field(id)) => {
            let gone = || Refusal::PartGone { kind: "Field", name: format!("of the column {name:?}") };
            workflow.field(*id).map(|field| Some(Column::Field(field))).ok_or_else(gone)
        }
    };
    header.iter().zip(targets).map(column).collect()
}

/// A row as the body of a task. Every column that is not left out is given, so that an empty cell makes blank, but for the stage: a task
/// is always in one, and an empty cell leaves it there.
pub fn body(cells: &[String], columns: &[Option<Column<'_>>]) -> Map<String, Json> {
    let mut body = Map::new();
    for (cell, column) in cells.iter().zip(columns) {
        match column {
            None => {}
            Some(Column::Stage) if cell.trim().is_empty() => {}
            Some(Column::Stage) => drop(body.insert(STAGE.to_owned(), cell.trim().into())),
            Some(Column::Assignee) => drop(body.insert(ASSIGNED_TO.to_owned(), cell.as_str().into())),
            Some(Column::Field(field)) => drop(body.insert(field.name.clone(), cell::json(field, cell))),
        }
    }
    body
}
