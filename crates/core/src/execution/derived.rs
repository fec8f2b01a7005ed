//! What steps write into one column of what stands in another: whoever may not see the one is not told the other before it is there.

use crate::access::Access;
use crate::condition::Column;
use crate::workflow::{Action, AssignTo, FieldRight, StepKind, Update, Workflow};

/// The columns that are hidden, and those in which a hidden one may stand when the action is done.
pub fn from_hidden(action: &Action, workflow: &Workflow, access: Access<'_>) -> Vec<Column> {
    let hidden = workflow.fields.iter().filter(|field| access.right_to(field) == FieldRight::Hidden);
    let mut found: Vec<Column> = hidden.map(|field| Column::Field(field.id)).collect();
    let written: Vec<(Column, Vec<Column>)> = action.steps.iter().flat_map(|step| written(&step.kind)).collect();
    let is_next = |found: &[Column], to: &Column, from: &[Column]| !found.contains(to) && from.iter().any(|column| found.contains(column));
    while let Some((next, _)) = written.iter().find(|(to, from)| is_next(&found, to, from)) {
        found.push(*next);
    }
    found
}

/// Each column that a step writes, with those that it reads for it.
fn written(step: &StepKind) -> Vec<(Column, Vec<Column>)> {
    match step {
        StepKind::AssignTo(AssignTo::PersonIn(field)) => vec![(Column::AssignedTo, vec![Column::Field(field.id)])],
        StepKind::UpdateData(updates) => {
            let texts = updates.iter().filter_map(|(field, update)| match update {
                Update::Text(text) => Some((Column::Field(field.id), text.columns().collect())),
                _ => None,
            });
            texts.collect()
        }
        _ => Vec::new(),
    }
}
