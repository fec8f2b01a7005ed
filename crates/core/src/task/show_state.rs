//! A side of a change with names instead of ids: how the history is shown.

use serde_json::{Map, Value as Json};

use super::change::{NotAChange, read_side};
use crate::access::Access;
use crate::ids::Id;
use crate::people::Workspace;
use crate::value::{Value, show, show_decimal};
use crate::workflow::{Field, FieldKind, FieldRight, SelectOption, Workflow};

/// The columns that `state` lists, as the Tasks API shows them: `Stage`, `Assigned To`, then the fields in the workflow's
/// order. Names are today's, so a rename follows; what the workflow no longer has goes by its id. Fields hidden from the
/// reader are left out, and removed ones too for who does not see everything.
pub fn show_state(state: &str, workflow: &Workflow, workspace: &Workspace, access: Access<'_>) -> Result<Map<String, Json>, NotAChange> {
    let mut side = read_side(state)?;
    let mut shown = Map::new();
    if let Some(stage) = side.stage {
        let name = workflow.stage(stage).map(|stage| stage.name.clone());
        shown.insert("Stage".to_owned(), name.unwrap_or_else(|| stage.to_string()).into());
    }
    if let Some(assignee) = side.assignee {
        shown.insert("Assigned To".to_owned(), assignee.map(|user| email_or_id(workspace, user)).into());
    }
    for field in &workflow.fields {
        if let Some(value) = side.values.remove(&field.id)
            && access.right_to(field) != FieldRight::Hidden
        {
            shown.insert(field.name.clone(), in_field(field, workspace, value.as_ref()));
        }
    }
    if matches!(access, Access::Everything) {
        shown.extend(side.values.into_iter().map(|(field, value)| (field.to_string(), without_field(workspace, value.as_ref()))));
    }
    Ok(shown)
}

fn email_or_id(workspace: &Workspace, user: Id) -> String {
    workspace.user(user).map_or_else(|| user.to_string(), |user| user.email.clone())
}

fn in_field(field: &Field, workspace: &Workspace, value: Option<&Value>) -> Json {
    let options: &[SelectOption] = match &field.kind {
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => options,
        _ => &[],
    };
    let option = |id: &Id| options.iter().find(|option| option.id == *id).map_or_else(|| id.to_string(), |option| option.name.clone());
    match value {
        Some(Value::Option(id)) => option(id).into(),
        Some(Value::Options(ids)) => ids.iter().map(option).collect(),
        Some(Value::Person(user)) => email_or_id(workspace, *user).into(),
        value => show(field, workspace, value),
    }
}

/// The field is gone, and with it what it knew of its values.
fn without_field(workspace: &Workspace, value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(text)) => text.as_str().into(),
        Some(Value::Decimal(decimal)) => show_decimal(*decimal, 0).into(),
        Some(Value::Date(date)) => date.to_string().into(),
        Some(Value::DateTime(moment)) => moment.to_string().into(),
        Some(Value::Checked) => true.into(),
        Some(Value::Person(user)) => email_or_id(workspace, *user).into(),
        Some(Value::Option(option)) => option.to_string().into(),
        Some(Value::Options(options)) => options.iter().map(Id::to_string).collect(),
        Some(Value::Files(files)) => files.iter().map(|file| file.filename.as_str()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::{workflow, workspace};
    use crate::workflow::Rights;

    #[test]
    fn names_of_today() {
        for (state, expected) in [
            ("{}", json!({})),
            (r#"{"stage":"M","assignee":"B"}"#, json!({ "Stage": "In Progress", "Assigned To": "ann@example.com" })),
            (r#"{"assignee":null,"values":{"1d":{"t":"Ann"},"1i":null}}"#, json!({ "Assigned To": null, "Name": "Ann", "Amount": null })),
            (r#"{"stage":"zz","assignee":"zz","values":{"zz":{"t":"gone"}}}"#, json!({ "Stage": "zz", "Assigned To": "zz", "zz": "gone" })),
            (r#"{"values":{"zz":{"m":["A","B"]},"zy":{"n":"1.50"},"zx":null}}"#, json!({ "zx": null, "zy": "1.5", "zz": ["A", "B"] })),
        ] {
            let shown = show_state(state, &workflow(), &workspace(), Access::Everything);
            assert_eq!(shown.map(Json::Object), Ok(expected), "{state}");
        }
        assert!(show_state("5", &workflow(), &workspace(), Access::Everything).is_err());
    }

    #[test]
    fn hidden_and_removed_fields_are_left_out_for_lesser_readers() {
        let (workflow, workspace) = (workflow(), workspace());
        let hidden = workflow.field_named("Name").map(|field| (field.id, FieldRight::Hidden));
        let rights = Rights { fields: hidden.into_iter().collect(), ..Rights::collaborator() };
        let state = r#"{"assignee":null,"values":{"1d":{"t":"Ann"},"1i":null,"zz":{"t":"gone"}}}"#;
        let shown = show_state(state, &workflow, &workspace, Access::Rights(&rights));
        assert_eq!(shown.map(Json::Object), Ok(json!({ "Assigned To": null, "Amount": null })));
    }
}
