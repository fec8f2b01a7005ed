//! A side of a change with names instead of ids: how the history is shown.

use serde_json::{Map, Value as Json};

use super::change::{NotAChange, read_side};
use crate::people::Workspace;
use crate::value::show;
use crate::workflow::Workflow;

/// The columns that `state` lists, as the Tasks API shows them: `Stage`, `Assigned To`, then the fields in the workflow's
/// order. Names are today's, so a rename follows; what the workflow no longer has is left out.
pub fn show_state(state: &str, workflow: &Workflow, workspace: &Workspace) -> Result<Map<String, Json>, NotAChange> {
    let side = read_side(state)?;
    let mut shown = Map::new();
    if let Some(stage) = side.stage {
        let name = workflow.stage(stage).map(|stage| stage.name.as_str());
        shown.insert("Stage".to_owned(), name.into());
    }
    if let Some(assignee) = side.assignee {
        let email = assignee.and_then(|id| workspace.user(id)).map(|user| user.email.as_str());
        shown.insert("Assigned To".to_owned(), email.into());
    }
    for field in &workflow.fields {
        if let Some(value) = side.values.get(&field.id) {
            shown.insert(field.name.clone(), show(field, workspace, value.as_ref()));
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{workflow, workspace};

    #[test]
    fn names_of_today() {
        for (state, expected) in [
            ("{}", json!({})),
            (r#"{"stage":"M","assignee":"B"}"#, json!({ "Stage": "In Progress", "Assigned To": "ann@example.com" })),
            (r#"{"assignee":null,"values":{"1d":{"t":"Ann"},"1i":null}}"#, json!({ "Assigned To": null, "Name": "Ann", "Amount": null })),
            (r#"{"stage":"zz","values":{"zz":{"t":"gone"}}}"#, json!({ "Stage": null })),
        ] {
            assert_eq!(show_state(state, &workflow(), &workspace()).map(Json::Object), Ok(expected), "{state}");
        }
        assert!(show_state("5", &workflow(), &workspace()).is_err());
    }
}
