//! Tasks.

pub mod actions;
pub mod active;
pub mod activity;
mod asked;
mod batch;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod put;
pub mod put_by_body;
mod stream;

use baton_core::limits::PAGE_ROWS_MAX;
use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::tasks::Shown;
use serde_json::Value as Json;

use crate::openapi::docs::{Done, Header, Parameter, Takes};
use crate::openapi::parameters::{CURSOR, DELIMITER, NEXT_PAGE, of_query};
use crate::openapi::schemas;

const FILTERS: Parameter = of_query(
    "filters",
    Takes::Columns,
    "`Field=value`, also `Stage` and `Assigned To`: several columns are joined with and, several values of one with or, and an empty value \
     means blank. Values compare exactly, numbers by value. Datetimes and files are for `_filter`.",
    "Not Started",
);

const FILTER: Parameter = of_query(
    "_filter",
    Takes::Text,
    "A condition, as JSON, that must hold too: [its language](/api/docs/guide#filter-sort-count-page).",
    r#"{"combinator":"and","rules":[{"field":"Deal size","operator":">=","value":1000}]}"#,
);
const SORT: Parameter = of_query(
    "_sort",
    Takes::Text,
    "Names of columns, with commas between them and `-` before one that falls; a comma in a name is `\\,`. Left out, they come as they were made.",
    "-Created On,Name",
);
const SEARCH: Parameter = of_query(
    "_search",
    Takes::Text,
    "Only those that have all these words, each also as the beginning of one, in any text; the best first where no `_sort` is named.",
    "minerva",
);
const FIELDS: Parameter =
    of_query("_fields", Takes::Text, "Only these columns, by name; also `Created On`, `Updated On` and `Created By`.", "Name,Stage");
const COUNT: Parameter = of_query("_count", Takes::Flag, "Also says how many match: `X-Total-Count`.", "true");
const OFFSET: Parameter = of_query("_offset", Takes::Count, "How many to leave out first; with `_limit`, and without `_cursor`.", "100");
const PAGE_LIMIT: Parameter =
    of_query("_limit", Takes::Number { max: PAGE_ROWS_MAX }, "Rows of a page. Left out, all come in one answer.", "50");
const FORMAT: Parameter =
    of_query("_format", Takes::OneOf(&["json", "csv"]), "`csv`: a file for a spreadsheet, which can be imported again.", "json");

/// Of a list of tasks.
const LISTED: &[Parameter] = &[FILTERS, FILTER, SEARCH, SORT, FIELDS, COUNT, PAGE_LIMIT, CURSOR, OFFSET, FORMAT, DELIMITER];
const TOTAL: Header = Header { name: "X-Total-Count", text: "How many match, where that was asked.", example: "3" };
const DISPOSITION: Header =
    Header { name: "Content-Disposition", text: "The name of a CSV.", example: "attachment; filename=\"tasks.csv\"" };

fn listed() -> Done {
    Done::json(200, "The tasks.", schemas::list_of(schemas::any_of(&[schemas::of("Task"), schemas::of("TaskColumns")])))
        .or_text(&["text/csv"], "ID,Name\r\n678,Dr. Harry\r\n")
        .may_have(&[NEXT_PAGE, TOTAL, DISPOSITION])
}

const UNFIT_FILTERS: &[&str] = &[
    "is_not_a_field",
    "is_invalid",
    "is_not_an_option",
    "is_not_a_stage",
    "is_not_a_user_of_workspace",
    "is_not_a_user_of_workflow",
    "in_condition",
    "is_not_sortable",
    "is_named_twice",
    "field_refused",
];

/// What may be wrong with the values of a task.
const VALUES: &[&str] = &[
    "is_invalid",
    "is_required",
    "is_not_a_field",
    "is_not_editable",
    "is_not_an_option",
    "is_taken",
    "is_not_a_user_of_workspace",
    "is_not_a_user_of_workflow",
    "is_not_a_stage",
    "is_too_long",
];

fn one_or_many(one: Json) -> Json {
    let many = schemas::list_of(one.clone());
    schemas::any_of(&[one, many])
}

/// `public_url` begins the Task URL.
fn shown<'a>(Shown { found, task }: &'a Shown, public_url: &'a str) -> ShownTask<'a> {
    ShownTask {
        workflow: &found.workflow,
        workspace: &found.workspace,
        task,
        access: found.access(),
        public_url: Some(public_url),
        only: None,
    }
}
