//! What a save changes, part by part, and what becomes of tasks.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::super::migrate::{Asked, Migrate, Migration, given_number};
use super::super::*;
use super::{Ids, first, next, told, workspace, yaml};
use crate::actor::Actor;
use crate::ids::Id;
use crate::task::Task;
use crate::time::Timestamp;
use crate::value::{Value as TaskValue, parse, show};

const TEXT: &str = "\
name: W
fields:
  - { name: Name, type: text }
  - { name: Plan, type: singleSelect, options: [Free, Pro, Team] }
stages: [ { name: Open, checklist: [ { section: First, items: [Look, Ask] } ] }, { name: Held }, { name: Done, end: true } ]
actions:
  - name: Go
    from: [Open]
    requirements: [ { require: condition, message: m, condition: { combinator: and, rules: [ { field: Name, operator: notNull } ] } } ]
    steps: [ { do: add_comment, text: 'for {{Name}}' }, { do: move_to_stage, stage: Done } ]
";

fn edited(current: &Definition, edit: impl FnOnce(&mut Value)) -> Definition {
    let mut document = to_json(current);
    edit(&mut document);
    next(document, current).definition
}

/// `+kind name`, `~kind name key`, `-kind name path`
fn lines(plan: &Plan) -> Vec<String> {
    let keys = |part: &Part| part.changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>().join(",");
    let added = plan.added.iter().map(|part| format!("+{} {} {}", part.kind.name(), part.name, part.path));
    let changed = plan.changed.iter().map(|part| format!("~{} {} {}", part.kind.name(), part.name, keys(part)));
    let removed = plan.removed.iter().map(|part| format!("-{} {} {}", part.kind.name(), part.name, part.path));
    added.chain(changed).chain(removed).collect()
}

type Edit = fn(&mut Value);

#[test]
fn each_edit_is_told_where_it_is() {
    let current = first(TEXT).definition;
    let edits: [(&str, Edit, &[&str]); 18] = [
        ("nothing", |_| {}, &[]),
        ("the icon", |document| document["icon"] = json!("🌊"), &["~workflow W icon"]),
        ("a new field", |document| push(&mut document["fields"], json!({ "name": "New", "type": "date" })), &["+field New fields[2]"]),
        ("required", |document| document["fields"][0]["required"] = json!(true), &["~field Name required"]),
        ("renamed, which is all", |document| document["fields"][0]["name"] = json!("Title"), &["~field Name name"]),
        ("a stage renamed", |document| document["stages"][2]["name"] = json!("End"), &["~stage Done name"]),
        ("a field removed", |document| drop(remove(&mut document["fields"], 1)), &["-field Plan fields[1]"]),
        ("an option removed", |document| drop(remove(&mut document["fields"][1]["options"], 0)), &["-option Free fields[1].options[0]"]),
        ("an option added", |document| push(&mut document["fields"][1]["options"], json!("Max")), &["+option Max fields[1].options[3]"]),
        ("the order of options", |document| swap(&mut document["fields"][1]["options"]), &["~field Plan options"]),
        ("the order of stages", |document| swap(&mut document["stages"]), &["~workflow W stages"]),
        (
            "an item removed",
            |document| drop(remove(&mut document["stages"][0]["checklist"][0]["items"], 1)),
            &["-checklist item Ask stages[0].checklist[0].items[1]"],
        ),
        ("a title", |document| document["stages"][0]["checklist"][0]["items"][1]["title"] = json!("Tell"), &["~checklist item Ask title"]),
        ("a heading", |document| document["stages"][0]["checklist"][0]["section"] = json!("Last"), &["~stage Open checklist"]),
        ("an empty section", |document| push(&mut document["stages"][0]["checklist"], json!({ "items": [] })), &["~stage Open checklist"]),
        ("a step", |document| document["actions"][0]["steps"][0]["text"] = json!("hi"), &["~step add_comment text"]),
        (
            "a step removed, and the requirement",
            |document| {
                drop(remove(&mut document["actions"][0]["steps"], 0));
                document["actions"][0]["requirements"] = json!([]);
            },
            &["~action Go requirements", "-step add_comment actions[0].steps[0]"],
        ),
        (
            "a stage replaced",
            |document| document["stages"][1] = json!({ "name": "Waiting" }),
            &["+stage Waiting stages[1]", "-stage Held stages[1]"],
        ),
    ];
    for (what, edit, expected) in edits {
        let new = edited(&current, edit);
        let plan = plan(Some(&current), &new);
        assert_eq!(lines(&plan), expected, "{what}");
        assert!(plan.added.iter().all(|part| part.id.is_none()), "{what}");
    }
    let all = plan(None, &current);
    let kinds: Vec<&str> = all.added.iter().map(|part| part.kind.name()).collect();
    assert_eq!(kinds, ["workflow", "field", "field", "stage", "stage", "stage", "action", "role", "role"]);
    assert!(all.changed.is_empty() && all.removed.is_empty());
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().expect("a list").push(item);
}

fn remove(list: &mut Value, index: usize) -> Value {
    list.as_array_mut().expect("a list").remove(index)
}

fn swap(list: &mut Value) {
    list.as_array_mut().expect("a list").swap(0, 1);
}

#[test]
fn a_change_is_told_as_it_is_written() {
    let current = first(TEXT).definition;
    let new = edited(&current, |document| {
        document["fields"][0]["required"] = json!(true);
        swap(&mut document["stages"]);
    });
    let plan = plan(Some(&current), &new);
    let shown = serde_json::to_value(&plan).expect("JSON");
    let id = current.fields[0].id.map(|id| id.to_string());
    let order = json!({ "key": "stages", "from": ["Open", "Held", "Done"], "to": ["Held", "Open", "Done"] });
    assert_eq!(
        shown.to_string(),
        json!({
            "added": [],
            "changed": [
                { "kind": "workflow", "name": "W", "path": "", "changes": [order], "tasks": 0 },
                {
                    "kind": "field", "id": id, "name": "Name", "path": "fields[0]",
                    "changes": [{ "key": "required", "from": null, "to": true }], "tasks": 0
                },
            ],
            "removed": []
        })
        .to_string()
    );
}

#[test]
fn what_a_request_says_is_no_part_of_the_definition() {
    let asking = format!("{TEXT}migrate: {{ stages: {{ Gone: Open }}, options: {{ Plan: {{ Old: Free }} }} }}\nconfirm_loss: [Notes]\n");
    let read = first(&asking);
    assert_eq!(read.definition, first(TEXT).definition);
    let kept = to_json(&read.definition);
    assert!(kept.get("migrate").is_none() && kept.get("confirm_loss").is_none(), "{kept}");
    assert_eq!(read.asked.migrate.stages["Gone"], "Open");
    assert_eq!(read.asked.migrate.options["Plan"]["Old"], "Free");
    assert_eq!(read.asked.confirm_loss, ["Notes"]);
    assert_eq!(
        told(&read.warnings),
        "migrate.stages.Gone: Gone is not a stage of the workflow as it is; nothing is moved\n\
         migrate.options.Plan: Plan is not a field of the workflow as it is and will be; nothing is changed\n\
         confirm_loss[0]: Notes is not a field of the workflow as it is; nothing is lost"
    );
}

/// The request as `migrate` has it in YAML, against a document without Held and without Free.
fn migration(asked: &str) -> Result<(Migration, Vec<Problem>), Vec<Problem>> {
    let current = first(TEXT).definition;
    let mut document = to_json(&current);
    drop(remove(&mut document["stages"], 1));
    drop(remove(&mut document["fields"][1]["options"], 0));
    let Value::Object(asked) = yaml(asked) else { panic!("a mapping") };
    document.as_object_mut().expect("a mapping").extend(asked);
    let read = next(document, &current);
    Migration::new(&current, &read.definition, &read.asked)
}

#[test]
fn what_a_request_says_is_read_against_both_documents() {
    for (asked, expected) in [
        ("migrate: { stages: { Held: Open } }", ""),
        ("migrate: { stages: { Held: Opne } }", "migrate.stages.Held: Opne is not a stage; did you mean Open?"),
        ("migrate: { stages: { Held: Held } }", "migrate.stages.Held: Held is not a stage"),
        ("migrate: { stages: { Open: Done } }", "migrate.stages.Open: Open is not removed; only tasks of a removed stage are moved"),
        ("migrate: { stages: { Gone: Nowhere } }", "(migrate.stages.Gone: Gone is not a stage of the workflow as it is; nothing is moved)"),
        ("migrate: { options: { Plan: { Free: Pro } } }", ""),
        ("migrate: { options: { ' Plan ': { ' Free': 'Pro ' } } }", ""),
        ("migrate: { options: { Plan: { Free: Prp } } }", "migrate.options.Plan.Free: Prp is not an option of Plan; did you mean Pro?"),
        (
            "migrate: { options: { Plan: { Pro: Team } } }",
            "migrate.options.Plan.Pro: Pro is not removed; only a removed option is chosen otherwise",
        ),
        (
            "migrate: { options: { Plan: { Gone: Team } } }",
            "(migrate.options.Plan.Gone: Gone is not an option of Plan as it is; nothing is changed)",
        ),
        (
            "migrate: { options: { Plna: { Free: Team } } }",
            "(migrate.options.Plna: Plna is not a field of the workflow as it is and will be; nothing is changed)",
        ),
        (
            "migrate: { options: { Name: { Free: Team } } }",
            "(migrate.options.Name.Free: Free is not an option of Name as it is; nothing is changed)",
        ),
        ("confirm_loss: [Plan]", ""),
        ("confirm_loss: [Name, Plna]", "(confirm_loss[1]: Plna is not a field of the workflow as it is; nothing is lost)"),
    ] {
        let said = match migration(asked) {
            Ok((_, warnings)) if warnings.is_empty() => String::new(),
            Ok((_, warnings)) => format!("({})", told(&warnings)),
            Err(problems) => told(&problems),
        };
        assert_eq!(said, expected, "{asked}");
    }
    super::mistakes::check("migrate: { stage: {} }", &["migrate.stage: is not a key here; did you mean stages?; allowed: stages, options"]);
    super::mistakes::check("confirm_loss: Name", &["confirm_loss: must be a list, not a text"]);
}

fn task(values: impl IntoIterator<Item = (Id, TaskValue)>, stage: Id) -> Task {
    let (id, at) = (Id::from_i64(3).expect("an id"), Timestamp::from_micros(0));
    Task {
        id,
        workflow: id,
        stage,
        assignee: None,
        values: values.into_iter().collect(),
        version: 1,
        created_at: at,
        updated_at: at,
        created_by: Actor::Operator,
        performers: BTreeMap::new(),
    }
}

/// The value of one field after its definition has become another: as it is shown, or `refused`.
fn converted(from: &str, to: &str, given: Value) -> Value {
    let field = |text: &str| format!("name: W\nstages: [{{ name: Open }}]\nfields: [ {{ name: F, {text} }} ]\n");
    let current = first(&field(from)).definition;
    let new = next(yaml(&field(to)), &current).definition;
    let (was, will) = (compile(Id::from_i64(1).expect("an id"), 1, &current), compile(Id::from_i64(1).expect("an id"), 2, &new));
    let (was, will) = (was.expect("it compiles"), will.expect("it compiles"));
    let workspace = workspace();
    let value = parse(&was.fields[0], &workspace, &given).expect("a value");
    let (migration, _) = Migration::new(&current, &new, &Asked::default()).expect("nothing is asked");
    let before = task(value.map(|value| (was.fields[0].id, value)), was.stages[0].id);
    match migration.carry(&before, &workspace) {
        Ok(after) => show(&will.fields[0], &workspace, after.values.get(&will.fields[0].id)),
        Err(unconverted) => {
            assert_eq!(unconverted.field, was.fields[0].id);
            json!("refused")
        }
    }
}

#[test]
fn a_value_converts_to_what_a_caller_could_send_for_it() {
    let (select, multiple) = ("type: singleSelect, options: [Free, Pro]", "type: multipleSelect, options: [Pro, Max]");
    for (from, to, given, expected) in [
        ("type: text", "type: number", json!("12.50"), json!(12.5)),
        ("type: text", "type: number", json!(" 7 "), json!(7)),
        ("type: text", "type: number", json!("twelve"), json!("refused")),
        ("type: text", "type: longText", json!("x"), json!("x")),
        ("type: longText", "type: text", json!("x".repeat(70_000)), json!("refused")),
        ("type: text", "type: date", json!("2026-11-26"), json!("2026-11-26")),
        ("type: text", "type: date", json!("tomorrow"), json!("refused")),
        ("type: text", "type: checkbox", json!("true"), json!(true)),
        ("type: text", "type: checkbox", json!("false"), json!(false)),
        ("type: text", "type: checkbox", json!("yes"), json!("refused")),
        ("type: text", "type: email", json!(" a@b.example"), json!("a@b.example")),
        ("type: text", "type: email", json!("a"), json!("refused")),
        ("type: text", "type: person", json!("ann@example.com"), json!("ann@example.com")),
        ("type: text", "type: person", json!("gone@example.com"), json!("refused")),
        ("type: person", "type: text", json!("ann@example.com"), json!("ann@example.com")),
        ("type: text", select, json!("Pro"), json!("Pro")),
        ("type: text", select, json!("pro"), json!("refused")),
        ("type: text", multiple, json!("Max"), json!(["Max"])),
        (select, "type: text", json!("Pro"), json!("Pro")),
        (select, multiple, json!("Pro"), json!(["Pro"])),
        (select, multiple, json!("Free"), json!("refused")),
        (multiple, select, json!(["Pro"]), json!("Pro")),
        (multiple, "type: singleSelect, options: [Pro, Max]", json!(["Pro", "Max"]), json!("refused")),
        (multiple, "type: text", json!(["Pro", "Max"]), json!("Pro, Max")),
        ("type: number", "type: text", json!(1.5), json!("1.5")),
        ("type: number", "type: currency, currency: EUR", json!(1.55), json!("1.55")),
        ("type: number", "type: currency, currency: EUR", json!(1.555), json!("refused")),
        ("type: currency, currency: EUR", "type: currency, currency: JPY", json!(2), json!("2")),
        ("type: currency, currency: EUR", "type: currency, currency: JPY", json!(2.5), json!("refused")),
        ("type: currency, currency: EUR", "type: number", json!(2.5), json!(2.5)),
        ("type: datetime", "type: date", json!("2026-11-26T10:00:00Z"), json!("refused")),
        ("type: checkbox", "type: text", json!(true), json!("true")),
        ("type: checkbox", "type: text", json!(false), json!(null)),
        ("type: text", "type: uniqueId", json!(" A1 "), json!("A1")),
        ("type: text", "type: 'uniqueId', autoincrement: true", json!("17"), json!("17")),
        ("type: text", "type: uniqueId, autoincrement: true", json!("017"), json!("refused")),
        ("type: uniqueId", "type: uniqueId, autoincrement: true", json!("A"), json!("refused")),
        ("type: uniqueId", "type: text", json!("A"), json!("A")),
    ] {
        let shown = converted(from, to, given.clone());
        // Amounts are shown as the API shows them, which is not the point here.
        let (shown, expected) = (shown.to_string().replace('"', ""), expected.to_string().replace('"', ""));
        assert_eq!(shown.trim_end_matches(".00").trim_end_matches('0'), expected.trim_end_matches('0'), "{from} -> {to}: {given}");
    }
}

#[test]
fn numbers_that_could_have_been_given() {
    for (text, number) in [
        ("1", Some(1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("0", None),
        ("-1", None),
        ("+1", None),
        ("01", None),
        ("9223372036854775808", None),
        ("A", None),
    ] {
        assert_eq!(given_number(text), number, "{text}");
    }
}

/// Some of the stages, fields and options, in some order, of some types.
fn any_document() -> impl Strategy<Value = Value> {
    let options = subsequence(vec!["Free", "Pro", "Team"], 1..=3).prop_shuffle();
    let kind = select(vec!["text", "number", "singleSelect", "multipleSelect", "checkbox", "uniqueId"]);
    let field = (select(vec!["A", "B", "C"]), kind, options, any::<bool>());
    let stages = subsequence(vec!["One", "Two", "Three"], 1..=3).prop_shuffle();
    (proptest::collection::vec(field, 0..4), stages, any::<bool>()).prop_map(|(drawn, stages, end)| {
        let (mut names, mut unique) = (HashSet::new(), false);
        let fields: Vec<Value> = drawn
            .into_iter()
            .filter(|(name, kind, ..)| names.insert(*name) && (*kind != "uniqueId" || !std::mem::replace(&mut unique, true)))
            .map(|(name, kind, options, required)| match kind {
                "singleSelect" | "multipleSelect" => json!({ "name": name, "type": kind, "options": options, "required": required }),
                _ => json!({ "name": name, "type": kind, "required": required }),
            })
            .collect();
        let stages: Vec<Value> = stages.iter().map(|name| json!({ "name": name, "end": end && *name == "Three" })).collect();
        json!({ "name": "W", "fields": fields, "stages": stages })
    })
}

fn any_task(definition: &Definition, seed: u64) -> Task {
    let workflow = compile(Id::from_i64(1).expect("an id"), 1, definition).expect("it compiles");
    let pick = |index: usize| usize::try_from(seed.rotate_left(u32::try_from(7 * index).unwrap_or(0)) % 7).unwrap_or(0);
    let given = [json!(null), json!("1"), json!("Free"), json!("Pro"), json!("true"), json!("x"), json!(["Free", "Pro"])];
    let values = workflow.fields.iter().enumerate().filter_map(|(index, field)| {
        let value = parse(field, &workspace(), &given[pick(index)]).ok().flatten()?;
        Some((field.id, value))
    });
    task(values, workflow.stages[pick(9) % workflow.stages.len()].id)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_empty_plan_is_the_same_document(old in any_document(), new in any_document()) {
        let old = read(old, None, &workspace(), &mut Ids(1000)).expect("it is right").definition;
        let new = next(new, &old).definition;
        let plan = plan(Some(&old), &new);
        prop_assert_eq!(plan.is_empty(), to_json(&old) == to_json(&new));
        // The parts, counted without the comparison.
        let ids = |definition: &Definition| -> HashSet<Option<Id>> {
            definition.fields.iter().map(|field| field.id).chain(definition.stages.iter().map(|stage| stage.id)).collect()
        };
        let of_kind = |parts: &[Part]| parts.iter().filter(|part| matches!(part.kind, PartKind::Field | PartKind::Stage)).count();
        prop_assert_eq!(of_kind(&plan.added), ids(&new).difference(&ids(&old)).count());
        prop_assert_eq!(of_kind(&plan.removed), ids(&old).difference(&ids(&new)).count());
    }

    /// Whatever a task had, after it has been carried over it holds only what the new document could have given it.
    #[test]
    fn a_task_that_was_carried_over_fits(old in any_document(), new in any_document(), seed in any::<u64>()) {
        let old = read(old, None, &workspace(), &mut Ids(1000)).expect("it is right").definition;
        let new = next(new, &old).definition;
        let before = any_task(&old, seed);
        let migrate = Migrate {
            stages: old.stages.iter().filter(|stage| !new.stages.iter().any(|kept| kept.id == stage.id)).map(|stage| (stage.name.clone(), new.stages[0].name.clone())).collect(),
            ..Migrate::default()
        };
        let asked = Asked { migrate, confirm_loss: old.fields.iter().map(|field| field.name.clone()).collect() };
        let (migration, _) = Migration::new(&old, &new, &asked).expect("it names what there is");
        let will = compile(Id::from_i64(1).expect("an id"), 2, &new).expect("it compiles");
        let Ok(after) = migration.carry(&before, &workspace()) else { return Ok(()) };
        prop_assert!(will.stage(after.stage).is_some());
        for (id, value) in &after.values {
            let field = will.field(*id).expect("a field that stays");
            let again = parse(field, &workspace(), &show(field, &workspace(), Some(value)));
            prop_assert_eq!(again, Ok(Some(value.clone())), "{:?}", field);
        }
        // Carried over to where it is already, nothing changes.
        let (stays, _) = Migration::new(&new, &new, &Asked::default()).expect("nothing is asked");
        prop_assert_eq!(stays.carry(&after, &workspace()), Ok(after));
    }
}
