use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::condition::{Column, Condition, compile, holds};
use crate::fixtures::{ANN, any_task, id, laws, scene, task, workflow, workspace};
use crate::refusal::{Refusal, Refusals};
use crate::task::Task;
use crate::value::Value;
use crate::workflow::{FieldKind, FieldRight, Rights};

fn everything() -> Access<'static> {
    Access::Everything
}

fn sorted(text: &str) -> Result<Vec<SortKey>, Refusals> {
    parse_sort(text, &names_for(&workflow(), everything()))
}

fn field(name: &str) -> Column {
    Column::Field(workflow().field_named(name).expect(name).id)
}

#[test]
fn columns_are_sorted_by_as_they_are_named() {
    let key = |column, descending| SortKey { column, descending };
    assert_eq!(sorted("-Created On"), Ok(vec![key(Column::CreatedOn, true)]));
    assert_eq!(sorted("Name, -Stage,-  Size"), Ok(vec![key(field("Name"), false), key(Column::Stage, true), key(field("Size"), true)]));
    assert_eq!(sorted("Created On,Name"), Ok(vec![key(Column::CreatedOn, false)]), "nothing is left to be sorted");
    let mut with_comma = workflow();
    with_comma.fields[0].name = "Name, first".to_owned();
    assert_eq!(parse_sort("-Name\\, first", &names_for(&with_comma, everything())), Ok(vec![key(field("Name"), true)]));
}

#[test]
fn what_cannot_be_sorted_by_is_told_together() {
    let told = |text: &str| match sorted(text) {
        Err(Refusals::Fields(fields)) => {
            fields.into_iter().map(|(name, all)| (name, all.iter().map(Refusal::to_string).collect())).collect()
        }
        Err(Refusals::Plain(refusal)) => vec![(String::new(), vec![refusal.to_string()])],
        other => panic!("{other:?}"),
    };
    let at_sort = |messages: &[&str]| vec![("_sort".to_owned(), messages.iter().map(|message| (*message).to_owned()).collect::<Vec<_>>())];
    assert_eq!(told("Foo,-Papers,Name,-Name"), at_sort(&["Foo is not a field", "Papers can't be sorted by", "Name is named twice"]));
    let allowed = "allowed is names of columns with commas between them, - before those that descend";
    for empty in ["", "-", "Name,", ",Name", "Name,,Size"] {
        assert_eq!(told(empty), [(String::new(), vec![format!("_sort is {empty:?}; {allowed}")])]);
    }
    let many = "Name,Nickname,Notes,Size,Phone,Amount,Yen,Due,Seen";
    assert_eq!(told(many), [(String::new(), vec![format!("_sort is {many:?}; allowed is at most 8 columns")])]);
}

#[test]
fn what_a_role_hides_is_no_field() {
    let (workflow, workspace) = (workflow(), workspace());
    let hidden = workflow.field_named("Name").map(|field| (field.id, FieldRight::Hidden));
    let rights = Rights { fields: hidden.into_iter().collect(), ..Rights::collaborator() };
    let access = Access::Rights(&rights);
    let names = names_for(&workflow, access);
    assert!(parse_sort("Name", &names).is_err() && parse_sort("Nickname", &names).is_ok());
    assert!(Columns::parse("Name", &names).is_err() && Columns::parse("Nickname", &names).is_ok());
    let refused = |asked: Narrowed| match narrow(&asked, &workflow, &workspace, access) {
        Err(Refusals::Fields(fields)) => fields.into_iter().map(|(name, all)| (name, all[0].to_string())).next(),
        other => panic!("{other:?}"),
    };
    let told = |name: &str, message: &str| Some((name.to_owned(), message.to_owned()));
    let columns = vec![("Name".to_owned(), vec!["x".to_owned()])];
    assert_eq!(refused(Narrowed { columns, ..Narrowed::default() }), told("Name", "is not a field"));
    let filter = json!({ "combinator": "and", "rules": [{ "field": "Name", "operator": "null" }] }).to_string();
    let message = refused(Narrowed { filter: Some(filter), ..Narrowed::default() });
    assert_eq!(message, told("_filter.rules[0].field", "Name is not a field"));
}

#[test]
fn shown_keys_are_named_once_and_known() {
    let workflow = workflow();
    let names = names_for(&workflow, everything());
    let all = Columns::parse("Task URL,Name,Created On,Stage", &names).expect("they are known");
    assert!(all.task_url && all.has(Column::CreatedOn) && all.has(Column::Stage) && all.has(field("Name")) && !all.has(field("Size")));
    let refused = |text: &str| match Columns::parse(text, &names) {
        Err(Refusals::Fields(fields)) => fields["_fields"].iter().map(Refusal::to_string).collect::<Vec<_>>(),
        Err(Refusals::Plain(refusal)) => vec![refusal.to_string()],
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("Foo,Name,Name,Task URL,Task URL"), ["Foo is not a field", "Name is named twice", "Task URL is named twice"]);
    assert_eq!(refused(""), ["_fields is \"\"; allowed is names of columns with commas between them"]);
}

#[test]
fn options_stages_and_people_sort_as_they_are_listed() {
    let (workflow, workspace) = (workflow(), workspace());
    let of = |column, values: &[(&str, Value)]| {
        let values = values.iter().map(|(name, value)| (workflow.field_named(name).expect(name).id, value.clone())).collect();
        key(column, &Task { values, assignee: Some(id(ANN)), ..task() }, &workflow, &workspace)
    };
    assert_eq!(of(field("Plan"), &[("Plan", Value::Option(id(33)))]).as_deref(), Some("0002"));
    assert_eq!(of(field("Tags"), &[("Tags", Value::Options(vec![id(53), id(52)]))]).as_deref(), Some("0001"), "the first of them");
    assert_eq!(of(Column::AssignedTo, &[]).as_deref(), Some("ann@example.com"));
    assert_eq!(of(field("Plan"), &[]), None);
    assert_eq!(of(field("Plan"), &[("Plan", Value::Option(id(99)))]), None, "an option that is gone");
}

/// Some tasks with ids of their own.
fn any_tasks() -> impl Strategy<Value = Vec<Task>> {
    proptest::collection::vec(any_task(), 2..12)
        .prop_map(|tasks| (1000..).zip(tasks).map(|(raw, task)| Task { id: id(raw), ..task }).collect())
}

fn any_sort() -> impl Strategy<Value = Vec<SortKey>> {
    let columns: Vec<Column> = workflow()
        .fields
        .iter()
        .map(|field| Column::Field(field.id))
        .chain([Column::Stage, Column::AssignedTo, Column::CreatedOn, Column::UpdatedOn, Column::CreatedBy])
        .collect();
    proptest::collection::vec((proptest::sample::select(columns), any::<bool>()), 0..4)
        .prop_map(|keys| keys.into_iter().map(|(column, descending)| SortKey { column, descending }).collect())
}

proptest! {
    #![proptest_config(laws())]

    /// Blanks last both ways, ties by creation, and one order for all.
    #[test]
    fn the_order_is_one(tasks in any_tasks(), sort in any_sort()) {
        let (workflow, workspace) = (workflow(), workspace());
        let order = Order { sort: &sort, workflow: &workflow, workspace: &workspace };
        let mut places: Vec<Place> = tasks.iter().map(|task| order.place(task)).collect();
        places.sort_by(|one, other| order.compare(one, other));
        for pair in places.windows(2) {
            prop_assert!(order.compare(&pair[0], &pair[1]).is_lt());
            prop_assert!(order.compare(&pair[1], &pair[0]).is_gt());
            match sort.first() {
                None => prop_assert!(pair[0].id < pair[1].id),
                Some(first) => match (&pair[0].keys[0], &pair[1].keys[0]) {
                    (None, Some(_)) => prop_assert!(false, "a blank comes last"),
                    (Some(one), Some(other)) if first.descending => prop_assert!(one >= other),
                    (Some(one), Some(other)) => prop_assert!(one <= other),
                    (_, None) => {}
                },
            }
        }
    }

    /// What an address asks for is what the condition says that it means.
    #[test]
    fn an_address_and_a_condition_agree(task in any_task(), stage in 0usize..3) {
        let (workflow, workspace) = (workflow(), workspace());
        let name = workflow.stages[stage].name.clone();
        let columns = vec![("Stage".to_owned(), vec![name.clone()]), ("Assigned To".to_owned(), vec![String::new(), "ANN@example.com".to_owned()])];
        let asked = narrow(&Narrowed { columns, ..Narrowed::default() }, &workflow, &workspace, everything()).expect("it is known");
        let written = compile(&json!({ "combinator": "and", "rules": [
            { "field": "Stage", "operator": "=", "value": name },
            { "combinator": "or", "rules": [
                { "field": "Assigned To", "operator": "null" },
                { "field": "Assigned To", "operator": "=", "value": "ann@example.com" },
            ] },
        ] }), &names_for(&workflow, everything())).expect("it is a condition");
        let scene = scene(&workspace, &workflow, &task);
        prop_assert_eq!(holds(&asked, &scene), holds(&written, &scene));
        let end = workflow.stage(task.stage).expect("it has one").end;
        prop_assert_eq!(holds(&active(&workflow), &scene), !end);
        prop_assert!(holds(&Condition::All(Vec::new()), &scene));
    }
}

/// Whatever else changes, nothing that nobody touches moves; what would move it is told.
#[test]
fn an_order_rests_on_what_would_move_tasks() {
    let (workflow, workspace) = (workflow(), workspace());
    let rests_on = |text: &str, workflow: &Workflow| {
        let sort = sorted(text).expect("it can be sorted by");
        Order { sort: &sort, workflow, workspace: &workspace }.rests_on()
    };
    let changed = |change: &dyn Fn(&mut Workflow)| {
        let mut other = workflow.clone();
        change(&mut other);
        other
    };
    let stages_turned = changed(&|workflow| workflow.stages.reverse());
    let stage_gone = changed(&|workflow| drop(workflow.stages.remove(0)));
    let options_turned = changed(&|workflow| {
        for field in &mut workflow.fields {
            if let FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } = &mut field.kind {
                options.reverse();
            }
        }
    });
    let size_as = |kind: FieldKind| {
        changed(&move |workflow| {
            let number = workflow.fields.iter_mut().find(|field| field.kind == FieldKind::Number).expect("a number");
            number.kind = kind.clone();
        })
    };
    let retyped = size_as(FieldKind::Text);
    let renamed = changed(&|workflow| {
        workflow.stages.iter_mut().for_each(|stage| stage.name.push('x'));
        workflow.fields.reverse();
        workflow.actions.clear();
    });

    let all = "Stage,Assigned To,Created By,Owner,Plan,Tags,Size,Name,Updated On,Created On";
    for column in all.split(',') {
        let moved = |other: &Workflow| rests_on(column, other) != rests_on(column, &workflow);
        assert!(!moved(&renamed), "{column}");
        assert_eq!(moved(&stages_turned), column == "Stage", "{column}");
        assert_eq!(moved(&stage_gone), column == "Stage", "{column}");
        assert_eq!(moved(&options_turned), ["Plan", "Tags"].contains(&column), "{column}");
        assert_eq!(moved(&retyped), column == "Size", "{column}");
    }
    let [given, counted] = [false, true].map(|autoincrement| size_as(FieldKind::UniqueId { autoincrement }));
    assert_ne!(rests_on("Size", &given), rests_on("Size", &counted), "numbers of Baton's have keys of their own");
}
