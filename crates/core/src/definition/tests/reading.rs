//! What is right is read, kept and made ready to run.

use serde_json::{Value, json};

use super::super::field::FieldType;
use super::super::*;
use super::{EXAMPLE, first, next, told, workspace, yaml};
use crate::ids::Id;
use crate::workflow::{self, AssignTo, FieldKind, NotPerformer, OptionRef, Requirement, Rights, StepKind, Update};

fn id(raw: i64) -> Id {
    Id::from_i64(raw).expect("not negative")
}

#[test]
fn the_example_is_read_and_says_what_has_no_effect_yet() {
    let read = first(EXAMPLE);
    let expected = "\
automations[0].steps[0].user: lead@example.com is not a user of this workspace; the step fails until they are
actions[0].requirements[4]: confirmation has no effect yet: only pages ask for it
actions[0].ask: has no effect yet
actions[0].after: has no effect yet
actions[0].confetti: has no effect yet
automations[0]: has no effect yet
views[0]: has no effect yet
forms[0]: has no effect yet
links[0]: has no effect yet
layout: has no effect yet
data_sync: has no effect yet";
    assert_eq!(told(&read.warnings), expected);
}

#[test]
fn the_example_comes_back_as_it_was_but_for_ids_and_roles() {
    let exported = to_json(&first(EXAMPLE).definition);
    let mut expected = yaml(EXAMPLE);
    let roles = expected["roles"].as_array_mut().unwrap();
    roles.insert(0, json!({"name": "Collaborator"}));
    roles.insert(0, json!({"name": "Administrator", "admin": true}));
    // Short forms come back whole, so that they can carry their ids.
    expected["fields"][3]["options"][0] = json!({"name": "Free"});
    let items = &mut expected["stages"][0]["checklist"][0]["items"];
    *items = json!([{"title": "Looked at the website"}, {"title": "Checked the sanctions list"}]);
    assert_eq!(without_ids(exported), expected);
}

fn without_ids(value: Value) -> Value {
    match value {
        // The data sync has a column of that name.
        Value::Object(map) => {
            map.into_iter().filter(|(key, value)| key != "id" || value == "ID").map(|(key, value)| (key, without_ids(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_ids).collect(),
        other => other,
    }
}

#[test]
fn an_export_saved_again_changes_nothing() {
    let saved = first(EXAMPLE).definition;
    for value in [to_json(&saved), parse_yaml(&to_yaml(&saved)).unwrap(), yaml(EXAMPLE)] {
        assert_eq!(next(value, &saved).definition, saved);
    }
    assert_eq!(read_stored(&to_json(&saved).to_string()), Ok(saved));
}

#[test]
fn a_blank_workflow_is_what_the_documentation_says() {
    let read = read(serde_json::json!({"name": "Bugs"}), None, &workspace(), &mut super::Ids(0)).unwrap();
    assert!(read.warnings.is_empty());
    let workflow = compile(id(7), 1, &read.definition).unwrap();
    let stages: Vec<_> = workflow.stages.iter().map(|stage| (stage.name.as_str(), stage.end)).collect();
    assert_eq!(stages, [("Not Started", false), ("In Progress", false), ("Done", true)]);
    let actions: Vec<_> = workflow.actions.iter().map(|action| (action.name.as_str(), action.from.clone())).collect();
    assert_eq!(actions, [("Start", vec![workflow.stages[0].id]), ("Finish", vec![workflow.stages[1].id])]);
    let fields: Vec<_> = workflow.fields.iter().map(|field| (field.name.as_str(), &field.kind)).collect();
    assert_eq!(fields, [("Name", &FieldKind::Text)]);
    assert!(super::read(serde_json::json!({"name": "Bugs", "fields": []}), None, &workspace(), &mut super::Ids(0)).is_err());
    let saved = super::read(serde_json::json!({"name": "Bugs"}), Some(&read.definition), &workspace(), &mut super::Ids(9));
    assert!(saved.is_err(), "a workflow that is there is not emptied by leaving everything out");
    let roles: Vec<_> = workflow.roles.iter().map(|role| (role.name.as_str(), role.admin, role.rights == Rights::collaborator())).collect();
    assert_eq!(roles, [("Administrator", true, false), ("Collaborator", false, true)]);
}

#[test]
fn every_step_requirement_and_right_is_compiled() {
    let read = first(
        r#"
name: All
fields:
  - { name: Text, type: text, editable: false }
  - { name: Amount, type: currency, currency: JPY }
  - { name: Tags, type: multipleSelect, options: [A, B] }
  - { name: Owner, type: person }
  - { name: Papers, type: file, limit: 3 }
stages:
  - { name: One, checklist: [ { items: [Look] }, { section: S, items: [Hear] } ] }
  - { name: Two, end: true }
actions:
  - name: Go
    from: [One, Two]
    color: pink
    requirements:
      - { require: fields, fields: [Amount] }
      - { require: assigned, to: performer }
      - { require: performer, not: [creator, assignee, { action: Go }] }
    steps:
      - { do: assign_to, user: ann@example.com }
      - { do: assign_to, to: nobody }
      - { do: assign_to, to: performer }
      - { do: assign_to, field: Owner }
      - { do: assign_to, round_robin: [ann@example.com] }
      - do: update_data
        set: { Text: "{{Amount}} yen", Owner: ann@example.com }
        add: { Tags: [A] }
        remove: { Tags: [B] }
        increment: { Amount: -5 }
      - { do: update_data, clear: [Text] }
      - { do: add_comment, text: "{{Text}}!", when: { combinator: and, rules: [] } }
      - { do: zapier, url: "https://hooks.example.com/1" }
      - { do: delete_task }
roles:
  - name: Clerk
    tasks: { delete: true }
    visibility: assigned
    assigning: nobody
    moving: by_hand
    actions: [Go]
    analytics: true
    fields: { Amount: read_only, Text: hidden }
"#,
    );
    let workflow = compile(id(7), 3, &read.definition).unwrap();
    assert_eq!((workflow.id, workflow.revision, workflow.singular.as_str(), workflow.stage_by_api), (id(7), 3, "Task", true));
    assert_eq!(workflow.fields[1].kind, FieldKind::Currency { code: "JPY".to_owned(), minor_units: 0 });
    assert_eq!(workflow.fields[4].kind, FieldKind::File { limit: 3 });
    assert!(!workflow.fields[0].editable && workflow.fields[1].editable);
    let checklist: Vec<_> = workflow.stages[0].checklist.iter().map(|item| (item.section.as_deref(), item.title.as_str())).collect();
    assert_eq!(checklist, [(None, "Look"), (Some("S"), "Hear")]);

    let action = &workflow.actions[0];
    assert_eq!((action.color.as_str(), action.from.len()), ("pink", 2));
    assert!(matches!(&action.requirements[0], Requirement::Fields(fields) if *fields == [workflow.fields[1].id]));
    assert!(matches!(action.requirements[1], Requirement::Assigned { to_performer: true }));
    let not = vec![NotPerformer::Creator, NotPerformer::Assignee, NotPerformer::Action(action.id)];
    assert!(matches!(&action.requirements[2], Requirement::Performer { not: given } if *given == not));

    let kinds: Vec<&StepKind> = action.steps.iter().map(|step| &step.kind).collect();
    assert!(matches!(kinds[0], StepKind::AssignTo(AssignTo::User(email)) if email == "ann@example.com"));
    assert!(matches!(kinds[1], StepKind::AssignTo(AssignTo::Nobody)));
    assert!(matches!(kinds[2], StepKind::AssignTo(AssignTo::Performer)));
    assert!(matches!(kinds[3], StepKind::AssignTo(AssignTo::PersonIn(field)) if field.id == workflow.fields[3].id));
    assert!(matches!(kinds[4], StepKind::AssignTo(AssignTo::RoundRobin(users)) if users.len() == 1));
    let StepKind::UpdateData(updates) = kinds[5] else { panic!("{:?}", kinds[5]) };
    let option = |name: &str| {
        let FieldKind::MultipleSelect { options } = &workflow.fields[2].kind else { panic!("Tags is a multiple select") };
        OptionRef { id: options.iter().find(|option| option.name == name).unwrap().id, name: name.to_owned() }
    };
    let names: Vec<&str> = updates.iter().map(|(field, _)| field.name.as_str()).collect();
    assert_eq!(names, ["Text", "Owner", "Tags", "Tags", "Amount"]);
    assert!(matches!(&updates[0].1, Update::Text(_)));
    assert!(matches!(&updates[1].1, Update::Json(value) if value == "ann@example.com"));
    assert!(matches!(&updates[2].1, Update::Add(options) if options[..] == [option("A")]));
    assert!(matches!(&updates[3].1, Update::Remove(options) if options[..] == [option("B")]));
    assert!(matches!(&updates[4].1, Update::Increment(amount) if amount.to_string() == "-5"));
    assert!(matches!(kinds[6], StepKind::UpdateData(updates) if matches!(updates[0].1, Update::Clear)));
    assert!(matches!(kinds[7], StepKind::AddComment { .. }) && action.steps[7].when.is_some());
    assert!(matches!(kinds[8], StepKind::Zapier(..)));
    assert!(matches!(kinds[9], StepKind::DeleteTask));

    let clerk = workflow.roles.iter().find(|role| role.name == "Clerk").unwrap();
    let expected = Rights {
        delete: true,
        assigned_only: true,
        assigning: workflow::Assigning::Nobody,
        moving_by_hand: true,
        actions: Some(vec![action.id]),
        analytics: true,
        fields: vec![(workflow.fields[1].id, workflow::FieldRight::ReadOnly), (workflow.fields[0].id, workflow::FieldRight::Hidden)],
        ..Rights::collaborator()
    };
    assert_eq!(clerk.rights, expected);
    assert_eq!(workflow.roles[0].rights, Rights::all());
}

#[test]
fn what_was_not_read_does_not_compile() {
    let problems = compile(id(7), 1, &Definition::blank("Bugs")).unwrap_err();
    assert_eq!(told(&problems), "a part has no id: the document was not read before it was compiled");
    let mut broken = first("name: W\nstages: [A]\n".replace("[A]", "[{name: A}]").as_str()).definition;
    broken.actions = first("name: W\nstages: [{name: B}]\nactions: [{name: Go, from: [B]}]").definition.actions;
    assert_eq!(told(&compile(id(7), 1, &broken).unwrap_err()), "actions[0].from[0]: B is not a stage");
}

#[test]
fn names_are_trimmed_and_composed_where_they_are_given_and_used() {
    let read = first(
        "name: ' W '\nfields: [{name: \" Cafe\\u0301 \", type: text}]\nstages: [{name: ' A '}]\nactions:\n  - { name: Go, from: ['A '], \
         requirements: [{require: fields, fields: [\"Caf\\u00e9\"]}, {require: condition, message: m, \
         condition: {combinator: and, rules: [{field: \"Cafe\\u0301\", operator: notNull}]}}], \
         steps: [{do: add_comment, text: \"{{ Cafe\\u0301 }}\"}] }",
    );
    assert_eq!((read.definition.name.as_str(), read.definition.fields[0].name.as_str()), ("W", "Caf\u{e9}"));
}

#[test]
fn null_and_unknown_ids_count_as_left_out() {
    let read = first("name: W\nicon:\nfields:\nstages: [{name: A, id: zzz, color: }, {name: B, id: not-an-id}]");
    let ids: Vec<i64> = read.definition.stages.iter().map(|stage| stage.id.unwrap().as_i64()).collect();
    assert_eq!(ids, [1001, 1002]);
}

#[test]
fn digits_of_steps_and_conditions_are_kept() {
    let text = "name: W\nfields: [{name: N, type: number}]\nstages: [{name: A}]\nactions: [{name: Go, from: [A], steps: [\
                {do: update_data, set: {N: 1234567890123456789.123456789}}, {do: update_data, increment: {N: 0.10}}], requirements: \
                [{require: condition, message: m, condition: {combinator: and, rules: [{field: N, operator: '>', value: 1.50}]}}]}]";
    let stored = to_json(&first(text).definition).to_string();
    let again = to_json(&read_stored(&stored).unwrap()).to_string();
    assert_eq!(stored, again);
    for digits in ["1234567890123456789.123456789", "0.10", "1.50"] {
        assert!(again.contains(digits), "{digits} in {again}");
    }
}

#[test]
fn the_schema_says_what_the_types_say() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], json!(["name", "stages"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Color"]["enum"].as_array().unwrap().len(), 9);
    let steps: Vec<&str> = schema["$defs"]["Step"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["properties"]["do"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(
        steps,
        [
            "move_to_stage",
            "assign_to",
            "update_data",
            "delete_task",
            "schedule_stage_change",
            "add_comment",
            "create_linked_task",
            "update_linked_tasks",
            "run_action",
            "email",
            "email_form",
            "slack",
            "api_call",
            "zapier",
            "sql"
        ]
    );
    let types = schema["$defs"]["FieldType"]["enum"].as_array().unwrap();
    assert_eq!(types.len(), 15);
    for name in types {
        let kind: FieldType = serde_json::from_value(name.clone()).unwrap();
        assert_eq!(kind.name(), name);
    }
}

#[test]
fn the_schema_refers_to_what_it_has_and_leaves_no_mapping_open_by_accident() {
    fn check(schema: &Value, definitions: &Value) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            assert!(definitions.get(reference.trim_start_matches("#/$defs/")).is_some(), "{reference}");
        }
        if schema.get("properties").is_some() {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
        }
        match schema {
            Value::Object(map) => map.values().for_each(|below| check(below, definitions)),
            Value::Array(items) => items.iter().for_each(|below| check(below, definitions)),
            _ => {}
        }
    }
    check(schema(), &schema()["$defs"]);
}
