//! The filters of a task list as they come in a URL: `?<Field>=value`, also `Stage` and `Assigned To`.

use baton_core::access::Access;
use baton_core::refusal::{Refusal, Refusals};
use baton_core::value;
use baton_core::workflow::FieldRight;
use baton_store::sql::tasks::TaskFilter;
use indexmap::IndexMap;

use super::tasks::ListAsk;
use crate::cx::Found;

/// Several columns are joined with and, several values of one with or; an empty value means blank.
pub(super) fn read(ask: &ListAsk, found: &Found, access: Access<'_>) -> Result<TaskFilter, Refusals> {
    let mut filter = TaskFilter { active_only: ask.active_only, ..TaskFilter::default() };
    let mut refusals: IndexMap<String, Vec<Refusal>> = IndexMap::new();
    for (name, values) in &ask.columns {
        let read = match name.as_str() {
            "Stage" => all(values, |name| found.workflow.stage_named(name).map(|stage| stage.id).ok_or(Refusal::IsNotAStage))
                .map(|stages| filter.stages = Some(stages)),
            "Assigned To" => all(values, |email| match email {
                "" => Ok(None),
                email => found.workspace.user_by_email(email).map(|user| Some(user.id)).ok_or(Refusal::IsNotAUserOfWorkspace),
            })
            .map(|assignees| filter.assignees = Some(assignees)),
            name => match found.workflow.field_named(name).filter(|field| access.right_to(field) != FieldRight::Hidden) {
                Some(field) => {
                    all(values, |text| value::parse_filter(field, &found.workspace, text)).map(|keys| filter.fields.push((field.id, keys)))
                }
                None => Err(Refusal::IsNotAField),
            },
        };
        if let Err(refusal) = read {
            refusals.entry(name.clone()).or_default().push(refusal);
        }
    }
    if refusals.is_empty() { Ok(filter) } else { Err(Refusals::Fields(refusals)) }
}

fn all<T>(values: &[String], read: impl Fn(&str) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
    values.iter().map(|value| read(value)).collect()
}
