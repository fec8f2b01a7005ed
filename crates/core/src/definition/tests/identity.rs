//! Ids stay with their parts, and references follow a part that is renamed.

use serde_json::Value;

use super::super::*;
use super::{EXAMPLE, first, next, told, workspace, yaml};
use crate::ids::Id;

const TEXT: &str = "\
name: W
fields:
  - { name: Name, type: text }
  - { name: Plan, type: singleSelect, options: [Free, Pro] }
  - { name: Tags, type: multipleSelect, options: [Red, Blue] }
  - { name: Owner, type: person }
  - { name: Due, type: date }
stages: [ { name: Open, checklist: [ { items: [Look, Ask] } ] }, { name: Closed } ]
actions:
  - name: Approve
    from: [Open]
    requirements:
      - { require: fields, fields: [Name, Plan] }
      - { require: performer, not: [ { action: Approve } ] }
      - require: condition
        message: m
        condition:
          combinator: and
          rules:
            - { field: Plan, operator: in, value: [Free, Pro] }
            - { field: Name, operator: '=', value: Owner, valueSource: field, not: here }
            - { field: Stage, operator: '!=', value: Closed }
      - { require: confirmation, title: 'Plan {{Plan}}', text: '{{ Name }} and {{currentUser.name}}' }
    steps:
      - { do: move_to_stage, stage: Closed, when: { combinator: and, rules: [ { field: Tags, operator: contains, value: Red } ] } }
      - { do: assign_to, field: Owner }
      - { do: update_data, set: { Name: 'is {{Plan}}', Plan: Free, Tags: [Red, Blue] }, clear: [Owner] }
      - { do: update_data, add: { Tags: [Red] } }
      - { do: schedule_stage_change, stage: Open, at: Due }
      - { do: run_action, action: Approve }
      - { do: email_form, to: '{{Name}}', form: Apply }
      - { do: create_linked_task, link: Account, set: { Name: '{{Plan}} {{Account.Name}}' } }
      - { do: api_call, url: 'https://a.example/{{Plan}}', headers: { X-Plan: '{{Plan}}' }, body: 'a {{Plan}}', map: { Plan: /a } }
      - { do: zapier, url: '{{Plan}}' }
      - { do: email, to: ['{{Plan}}'], cc: 'a@b.example, {{Plan}}', bcc: '{{Plan}}', subject: '{{Plan}}', body: '{{Plan}}' }
      - { do: sql, source: S, statement: 'select {{%Plan%}} {{ Name }}' }
    ask: [Plan]
automations:
  - { name: A, on: { event: stage_entered, stage: Closed }, steps: [] }
  - { name: B, on: { event: task_updated, fields: [Plan] }, steps: [] }
  - { name: C, on: { event: action_performed, action: Approve }, steps: [] }
  - { name: D, on: { event: form_submitted, form: Apply }, steps: [] }
roles: [ { name: R, actions: [Approve], fields: { Plan: hidden } } ]
views: [ { name: V, sort: [-Plan, Created On], fields: [Plan, Stage] } ]
forms: [ { name: Apply, mode: create, items: [ { field: Plan } ] } ]
layout:
  structure: one_column
  blocks: [ { block: details, fields: [Plan], visible: { stages: [Closed] } }, { block: text, text: '{{Plan}}' }, { block: linked_tasks, link: Account } ]
links: [ { name: Account, to: X, relationship: many_to_one, inverse: Y } ]
data_sync: { source: S, query: q, unique_id: plan, every: 1h, columns: { plan: Plan, name: { field: Name } } }
";

/// `TEXT` without the key that only shows where references stand.
fn text() -> String {
    TEXT.replace(", not: here", "").replace("field: Name, operator: '=', value: Owner", "field: Name, operator: '=', value: Name")
}

#[test]
fn a_rename_by_id_takes_every_reference_along() {
    let current = first(&text()).definition;
    let exported = to_json(&current).to_string();
    let renamed = [
        (r#""name":"Plan""#, r#""name":"Tariff""#),
        (r#""name":"Name","type""#, r#""name":"Company","type""#),
        (r#""name":"Closed""#, r#""name":"Shut""#),
        (r#""name":"Approve""#, r#""name":"Accept""#),
        (r#""name":"Free""#, r#""name":"Gratis""#),
        (r#""name":"Red""#, r#""name":"Crimson""#),
        (r#""name":"Apply""#, r#""name":"Enter""#),
        (r#""name":"Account""#, r#""name":"Customer""#),
    ];
    let document = renamed.iter().fold(exported.clone(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text.replace(old, new)
    });
    let saved = next(parse_json(&document).unwrap(), &current).definition;

    let expected = [
        (r#""Plan""#, r#""Tariff""#),
        (r#""-Plan""#, r#""-Tariff""#),
        ("{{Plan}}", "{{Tariff}}"),
        ("{{%Plan%}}", "{{%Tariff%}}"),
        ("{{ Name }}", "{{ Company }}"),
        ("{{Name}}", "{{Company}}"),
        ("{{Account.Name}}", "{{Customer.Name}}"),
        (r#""Closed""#, r#""Shut""#),
        (r#""Approve""#, r#""Accept""#),
        (r#""Free""#, r#""Gratis""#),
        (r#""Red""#, r#""Crimson""#),
        (r#""Apply""#, r#""Enter""#),
        (r#""Account""#, r#""Customer""#),
        // Of the keys that read `Name`, one is a field of the linked workflow.
        (r#""Name":"is"#, r#""Company":"is"#),
        (r#"["Name","Tariff"]"#, r#"["Company","Tariff"]"#),
        (r#""field":"Name""#, r#""field":"Company""#),
        (r#""value":"Name""#, r#""value":"Company""#),
        (r#""name":"Name""#, r#""name":"Company""#),
    ];
    let expected = expected.iter().fold(exported, |text, (old, new)| text.replace(old, new));
    assert_eq!(to_json(&saved).to_string(), expected);
}

#[test]
fn a_rename_leaves_alone_what_the_old_name_still_means() {
    let current = first("name: W\nfields: [{name: A, type: text}, {name: B, type: text}]\nstages: [{name: S}]\nactions: [{name: Go, from: [S], ask: [A, B]}]").definition;
    // A and B exchange their names: the author has already written what `ask` means now.
    let document =
        to_json(&current).to_string().replace(r#""name":"A""#, r#""name":"?""#).replace(r#""name":"B""#, r#""name":"A""#).replace('?', "B");
    let saved = next(parse_json(&document).unwrap(), &current).definition;
    assert_eq!(saved.actions[0].ask, ["A", "B"]);
    assert_eq!(saved.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["B", "A"]);
    assert_eq!((saved.fields[0].id, saved.fields[1].id), (current.fields[0].id, current.fields[1].id));
}

#[test]
fn two_keys_never_become_one() {
    let current = first("name: W\nfields: [{name: A, type: text}]\nstages: [{name: S}]").definition;
    let mut document = to_json(&current);
    document["fields"][0]["name"] = Value::from("B");
    document["roles"][1]["fields"] = serde_json::json!({"A": "hidden", "B": "editable"});
    let problems = read(document, Some(&current), &workspace(), &mut super::Ids(5000)).unwrap_err();
    assert_eq!(told(&problems), "roles[1].fields.A: A is not a field; did you mean B?");
}

#[test]
fn a_reference_that_already_uses_the_new_name_is_right() {
    let current =
        first("name: W\nfields: [{name: A, type: text}]\nstages: [{name: S}]\nactions: [{name: Go, from: [S], ask: [A]}]").definition;
    let mut document = to_json(&current);
    document["fields"][0]["name"] = Value::from("B");
    document["actions"][0]["ask"] = Value::from(vec!["B"]);
    assert_eq!(next(document, &current).definition.actions[0].ask, ["B"]);
}

#[test]
fn ids_are_kept_by_id_else_by_name_else_new() {
    let current = first("name: W\nstages: [{name: A}, {name: B}, {name: C}]").definition;
    let (a, b) = (current.stages[0].id, current.stages[1].id);
    for (stages, expected) in [
        // In another order, in another case.
        ("[{name: b}, {name: A}]", vec![b, a]),
        // A is renamed by its id; what is called A now is new.
        ("[{name: Z, id: ID}, {name: A}]", vec![a, None]),
        // The id goes before the name.
        ("[{name: B, id: ID}, {name: A}]", vec![a, None]),
        // An id of another workflow says nothing.
        ("[{name: A, id: zzz}, {name: D, id: zzy}]", vec![a, None]),
    ] {
        let text = format!("name: W\nstages: {stages}").replace("ID", &a.unwrap().to_string());
        let saved = next(yaml(&text), &current).definition;
        for (stage, expected) in saved.stages.iter().zip(expected) {
            match expected {
                Some(id) => assert_eq!(stage.id, Some(id), "{text}"),
                None => assert!(stage.id.unwrap().as_i64() > 5000, "{text}"),
            }
        }
    }
}

#[test]
fn the_same_id_twice_is_a_mistake() {
    let current = first("name: W\nstages: [{name: A, checklist: [{items: [x]}]}]").definition;
    let stage = current.stages[0].id.unwrap();
    let item = current.stages[0].checklist[0].items[0].id.unwrap();
    let text = format!(
        "name: W\nstages: [{{name: A, id: {stage}}}, {{name: B, id: {stage}, checklist: [{{items: [{{title: x, id: {item}}}, {{title: y, id: {item}}}]}}]}}]"
    );
    let problems = read(yaml(&text), Some(&current), &workspace(), &mut super::Ids(5000)).unwrap_err();
    assert_eq!(
        told(&problems),
        format!(
            "stages[1].id: {stage} is also the id of stages[0]; leave the key out for a new part\n\
             stages[1].checklist[0].items[1].id: {item} is also the id of stages[1].checklist[0].items[0]; leave the key out for a new part"
        )
    );
}

#[test]
fn checklist_items_keep_their_ticks_by_title_and_when_they_move_with_their_id() {
    let current = first("name: W\nstages: [{name: A, checklist: [{items: [x, y, x]}]}, {name: B, checklist: [{items: [x]}]}]").definition;
    let items = |definition: &Definition| -> Vec<Vec<Id>> {
        let of = |stage: &stage::Stage| stage.checklist.iter().flat_map(|section| &section.items).map(|item| item.id.unwrap()).collect();
        definition.stages.iter().map(of).collect()
    };
    let before = items(&current);
    let text = format!(
        "name: W\nstages: [{{name: A, checklist: [{{section: S, items: [y, x, x, x]}}]}}, {{name: B, checklist: [{{items: [{{title: z, id: {}}}, x]}}]}}]",
        before[0][1]
    );
    let after = items(&next(yaml(&text), &current).definition);
    // y went to B with its id, so the y that is left in A is new.
    assert_eq!(after[1], [before[0][1], before[1][0]]);
    assert_eq!(after[0][1..3], [before[0][0], before[0][2]]);
    assert!(after[0][0].as_i64() > 5000 && after[0][3].as_i64() > 5000);
}

#[test]
fn steps_keep_their_ids_by_kind_and_order() {
    let of = |steps: &str| format!("name: W\nstages: [{{name: A}}]\nactions: [{{name: Go, from: [A], steps: [{steps}]}}]");
    let current = first(&of("{do: add_comment, text: a}, {do: delete_task}, {do: add_comment, text: b}")).definition;
    let saved = next(yaml(&of("{do: assign_to, to: nobody}, {do: add_comment, text: c}, {do: add_comment, text: d}")), &current).definition;
    let ids = |definition: &Definition| definition.actions[0].steps.iter().map(|step| step.id().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(&saved)[1..], [ids(&current)[0], ids(&current)[2]]);
}

#[test]
fn the_two_roles_are_there_unless_they_were_renamed() {
    let roles = |definition: &Definition| {
        definition.roles.iter().map(|role| format!("{}{}", role.name, if role.admin { "!" } else { "" })).collect::<Vec<_>>().join(" ")
    };
    for (given, expected) in [
        ("", "Administrator! Collaborator"),
        ("{name: Reviewer}", "Administrator! Collaborator Reviewer"),
        ("{name: Collaborator, analytics: true}", "Administrator! Collaborator"),
        ("{name: collaborator}", "Administrator! collaborator"),
        ("{name: Chief, admin: true}", "Collaborator Chief!"),
        ("{name: Administrator, admin: true}, {name: Collaborator}", "Administrator! Collaborator"),
    ] {
        let definition = first(&format!("name: W\nstages: [{{name: A}}]\nroles: [{given}]")).definition;
        assert_eq!(roles(&definition), expected, "{given}");
    }

    let current = first("name: W\nstages: [{name: A}]").definition;
    let renamed = to_json(&current).to_string().replace("Collaborator", "Helper").replace("Administrator", "Boss");
    let saved = next(parse_json(&renamed).unwrap(), &current).definition;
    assert_eq!(roles(&saved), "Boss! Helper");
    assert_eq!((saved.roles[0].id, saved.roles[1].id), (current.roles[0].id, current.roles[1].id));
    // Nothing comes back that was renamed away, and the ids stay with a document that leaves the roles out.
    assert_eq!(roles(&next(to_json(&saved), &saved).definition), "Boss! Helper");
    let left_out = next(yaml("name: W\nstages: [{name: A}]"), &current).definition;
    assert_eq!(left_out.roles, current.roles);
}

#[test]
fn what_is_taken_away_from_tasks_is_listed() {
    let current = first(EXAMPLE).definition;
    let of =
        |definition: &Definition, name: &str| definition.fields.iter().find(|field| field.name == name).and_then(|field| field.id).unwrap();
    let mut new = current.clone();
    new.stages.pop();
    new.roles.pop();
    new.fields.retain(|field| field.name != "Email");
    new.fields[1].kind = field::FieldType::LongText;
    new.fields[2].options.as_mut().unwrap().remove(0);
    new.fields[3].currency = Some("JPY".to_owned());
    let option = current.fields[3].options.as_ref().unwrap()[0].id.unwrap();
    let part = |id: Option<Id>, name: &str| RemovedPart { id: id.unwrap(), name: name.to_owned() };
    let expected = Removals {
        stages: vec![part(current.stages[2].id, "Rejected")],
        fields: vec![part(Some(of(&current, "Email")), "Email")],
        options: vec![RemovedOption { field: of(&current, "Plan"), field_name: "Plan".to_owned(), option, name: "Free".to_owned() }],
        retyped: vec![
            RetypedField {
                field: of(&current, "Name"),
                name: "Name".to_owned(),
                from: field::FieldType::Text,
                to: field::FieldType::LongText,
            },
            RetypedField {
                field: of(&current, "Deal size"),
                name: "Deal size".to_owned(),
                from: field::FieldType::Currency,
                to: field::FieldType::Currency,
            },
        ],
        roles: vec![part(current.roles[2].id, "Reviewer")],
    };
    assert_eq!(removed_parts(&current, &new), expected);
    assert_eq!(removed_parts(&current, &current), Removals::default());
}
