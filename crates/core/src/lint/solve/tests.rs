//! What is decided of conditions, and the law that no task ever shows otherwise.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::*;
use crate::actor::Actor;
use crate::condition::{Scene, holds};
use crate::fixtures::{ANN, CY_INVITED, STAGES, id, moment, scene, task, workflow, workspace_in};
use crate::ids::Id;
use crate::people::Workspace;
use crate::task::Task;
use crate::value::parse;

fn rule(field: &str, operator: &str, value: Json) -> Json {
    json!({ "field": field, "operator": operator, "value": value })
}

fn of_field(field: &str, operator: &str, other: &str) -> Json {
    json!({ "field": field, "operator": operator, "valueSource": "field", "value": other })
}

fn all(rules: &[Json]) -> Json {
    json!({ "combinator": "and", "rules": rules })
}

fn any(rules: &[Json]) -> Json {
    json!({ "combinator": "or", "rules": rules })
}

fn not(rules: &[Json]) -> Json {
    json!({ "combinator": "and", "not": true, "rules": rules })
}

fn verdict(tree: &Json) -> Verdict {
    let workflow = workflow();
    let solver = Solver::new(&workflow);
    let judged = solver.judged(&ConditionTree(tree.clone()));
    assert!(judged.condition.is_some(), "{tree}");
    judged.verdict.clone()
}

#[track_caller]
fn never(tree: Json) {
    assert!(matches!(verdict(&tree), Verdict::Never(_)), "{tree}: {:?}", verdict(&tree));
}

#[track_caller]
fn always(tree: Json) {
    assert!(matches!(verdict(&tree), Verdict::Always(_)), "{tree}: {:?}", verdict(&tree));
}

#[track_caller]
fn depends(tree: Json) {
    assert_eq!(verdict(&tree), Verdict::Depends, "{tree}");
}

#[test]
fn options() {
    never(all(&[rule("Plan", "=", json!("Free")), rule("Plan", "=", json!("Pro"))]));
    always(any(&[rule("Plan", "!=", json!("Free")), rule("Plan", "!=", json!("Pro"))]));
    never(all(&[rule("Plan", "notNull", json!(null)), rule("Plan", "notIn", json!(["Free", "Pro", "Team"]))]));
    depends(all(&[rule("Plan", "notIn", json!(["Free", "Pro", "Team"]))]));
    depends(all(&[rule("Plan", "notNull", json!(null)), rule("Plan", "notIn", json!(["Free", "Pro"]))]));
    // By name: Wish has no Team, and Plan no Gold.
    never(all(&[rule("Plan", "=", json!("Team")), of_field("Plan", "=", "Wish")]));
    depends(all(&[rule("Plan", "=", json!("Pro")), of_field("Plan", "=", "Wish")]));
    never(all(&[rule("Tags", "null", json!(null)), rule("Tags", "contains", json!("Red"))]));
    depends(all(&[rule("Tags", "contains", json!("Red")), rule("Tags", "contains", json!("Green"))]));
    let none = ["Red", "Green", "Blue, dark"].map(|tag| rule("Tags", "doesNotContain", json!(tag)));
    never(all(&[none[0].clone(), none[1].clone(), none[2].clone(), rule("Tags", "notNull", json!(null))]));
    depends(all(&[none[0].clone(), none[1].clone(), rule("Tags", "notNull", json!(null))]));
}

#[test]
fn checkboxes_and_files() {
    never(all(&[rule("Done", "=", json!(true)), rule("Done", "null", json!(null))]));
    always(any(&[rule("Done", "=", json!(true)), rule("Done", "=", json!(false))]));
    depends(all(&[rule("Done", "=", json!(true)), rule("Paid", "=", json!(false))]));
    depends(all(&[of_field("Done", "=", "Paid")]));
    depends(all(&[rule("Papers", "notNull", json!(null))]));
}

#[test]
fn numbers() {
    never(all(&[rule("Size", ">", json!(5)), rule("Size", "<", json!(5))]));
    depends(all(&[rule("Size", ">=", json!(5)), rule("Size", "<=", json!(5))]));
    never(all(&[rule("Size", "between", json!([11, 10]))]));
    depends(all(&[rule("Size", ">", json!(1)), rule("Size", "<", json!(2))]));
    // A yen has no parts, and a dollar a hundred.
    never(all(&[rule("Yen", ">", json!(1)), rule("Yen", "<", json!(2))]));
    never(all(&[rule("Yen", "=", json!("1.5"))]));
    never(all(&[rule("Amount", ">", json!("1.00")), rule("Amount", "<", json!("1.01"))]));
    depends(all(&[rule("Amount", ">", json!("1.00")), rule("Amount", "<", json!("1.02"))]));
    // Blank is neither.
    depends(any(&[rule("Size", "<", json!(5)), rule("Size", ">=", json!(5))]));
    always(any(&[rule("Size", "<", json!(5)), rule("Size", ">=", json!(5)), rule("Size", "null", json!(null))]));
    never(all(&[of_field("Size", "<", "Amount"), of_field("Amount", "<", "Size")]));
    depends(all(&[of_field("Size", "<", "Amount"), rule("Size", ">", json!(1)), rule("Amount", "<", json!(2))]));
    depends(all(&[of_field("Size", ">", "Amount"), rule("Amount", ">", json!(5)), rule("Size", ">", json!(5))]));
    never(all(&[of_field("Yen", ">", "Amount"), rule("Yen", "<=", json!(0)), rule("Amount", ">", json!("-0.01"))]));
    depends(all(&[of_field("Yen", ">", "Amount"), rule("Yen", "<=", json!(1)), rule("Amount", ">", json!("-0.01"))]));
}

#[test]
fn dates() {
    never(all(&[rule("Due", ">", json!("2026-01-01")), rule("Due", "<", json!("2026-01-02"))]));
    depends(all(&[rule("Due", ">", json!("2026-01-01")), rule("Due", "<", json!("2026-01-03"))]));
    never(all(&[rule("Due", "beforeToday", json!(null)), rule("Due", "afterToday", json!(null))]));
    never(all(&[rule("Due", "inTheLastDays", json!(3)), rule("Due", "afterToday", json!(null))]));
    depends(all(&[rule("Due", "inTheLastDays", json!(3)), rule("Due", "inTheNextDays", json!(3))]));
    // Today may be any day.
    depends(all(&[rule("Due", "=", json!("2020-01-01")), rule("Due", "afterToday", json!(null))]));
    never(all(&[rule("Due", "=", json!("2020-01-01")), rule("Due", "afterToday", json!(null)), rule("Due", "inTheLastDays", json!(0))]));
    depends(all(&[rule("Seen", ">", json!("2026-01-01T00:00:00Z")), rule("Seen", "<", json!("2026-01-01T00:00:00.002Z"))]));
    never(all(&[rule("Seen", ">", json!("2026-01-01T00:00:00Z")), rule("Seen", "<", json!("2026-01-01T00:00:00.001Z"))]));
    never(all(&[rule("Seen", "<", json!("2026-01-01")), rule("Seen", ">", json!("2026-02-01"))]));
    // In some zone this is so.
    depends(all(&[rule("Seen", "<", json!("2026-01-01")), rule("Seen", ">", json!("2026-01-01T05:00:00Z"))]));
    depends(all(&[rule("Seen", "=", json!("2011-12-30")), rule("Seen", "=", json!("2011-12-31"))]));
    always(any(&[rule("Created On", ">", json!("2026-01-01")), rule("Created On", "<=", json!("2026-01-01"))]));
    // Two moments in one second can come in either order.
    let (after, before) = (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:01Z"));
    for operator in ["<", ">"] {
        depends(all(&[
            of_field("Created On", operator, "Updated On"),
            rule("Created On", "between", json!([after, before])),
            rule("Updated On", "between", json!([after, before])),
            rule("Created On", "notIn", json!([after, before])),
            rule("Updated On", "notIn", json!([after, before])),
        ]));
    }
    // Two days of one today.
    depends(all(&[
        rule("Due", "=", json!("2020-01-01")),
        rule("Due", "inTheLastDays", json!(0)),
        rule("Seen", "=", json!("2030-01-01T12:00:00Z")),
        rule("Seen", "inTheNextDays", json!(0)),
    ]));
}

#[test]
fn people_and_stages() {
    never(all(&[rule("Owner", "=", json!("a@example.com")), rule("Owner", "=", json!("b@example.com"))]));
    never(all(&[
        rule("Owner", "=", json!("a@example.com")),
        of_field("Owner", "=", "Assigned To"),
        rule("Assigned To", "null", json!(null)),
    ]));
    depends(all(&[of_field("Owner", "!=", "Assigned To"), rule("Owner", "!=", json!("a@example.com"))]));
    let me = |field: &str, operator: &str| json!({ "field": field, "operator": operator, "valueSource": "currentUser" });
    never(all(&[me("Owner", "="), me("Assigned To", "="), of_field("Owner", "!=", "Assigned To")]));
    depends(all(&[me("Owner", "="), me("Assigned To", "!=")]));
    never(all(&[rule("Stage", "=", json!("Done")), rule("Stage", "=", json!("Not Started"))]));
    always(any(&[rule("Stage", "in", json!(["Not Started", "In Progress", "Done"]))]));
    never(all(&[rule("Stage", "notIn", json!(["Not Started", "In Progress", "Done"]))]));
    depends(all(&[rule("Stage", "notIn", json!(["Not Started", "In Progress"]))]));
}

#[test]
fn texts() {
    never(all(&[rule("Name", "=", json!("a")), rule("Name", "=", json!("b"))]));
    never(all(&[rule("Name", "beginsWith", json!("a")), rule("Name", "null", json!(null))]));
    never(all(&[rule("Name", "contains", json!("a")), rule("Name", "doesNotContain", json!("A"))]));
    never(all(&[rule("Name", "=", json!("Ann")), rule("Name", "endsWith", json!("b"))]));
    never(all(&[rule("Email", "=", json!("ann"))]));
    depends(all(&[rule("Email", "=", json!("ann@example.com"))]));
    depends(all(&[rule("Email", "endsWith", json!("@spam.example"))]));
    always(any(&[rule("Name", "!=", json!("a")), rule("Name", "!=", json!("b"))]));
    // Which texts there are between two is not looked into.
    depends(all(&[rule("Name", ">", json!("a")), rule("Name", "<", json!("a"))]));
    depends(all(&[of_field("Name", "=", "Nickname"), rule("Name", "beginsWith", json!("x"))]));
    never(all(&[of_field("Name", "=", "Nickname"), of_field("Name", "!=", "Nickname")]));
}

#[test]
fn what_joins_them() {
    let (yes, no) = (rule("Plan", "=", json!("Pro")), rule("Plan", "!=", json!("Pro")));
    never(all(&[yes.clone(), no.clone()]));
    always(any(&[yes.clone(), no.clone()]));
    never(not(&[any(&[yes.clone(), no.clone()])]));
    always(not(&[all(&[yes.clone(), no.clone()])]));
    depends(not(std::slice::from_ref(&yes)));
    never(all(&[any(&[yes.clone(), rule("Plan", "=", json!("Team"))]), rule("Plan", "=", json!("Free")), rule("Size", ">", json!(1))]));
    // Nothing to ask for is no mistake; that it should not hold is.
    depends(all(&[]));
    never(not(&[]));
    // The parts fit each alone, and not together.
    let either = |value: &str, size: i64| any(&[rule("Plan", "=", json!(value)), rule("Size", ">", json!(size))]);
    never(all(&[either("Free", 5), either("Pro", 6), rule("Size", "<", json!(5))]));
    depends(all(&[either("Free", 5), either("Pro", 6), rule("Size", "<", json!(8))]));
}

#[test]
fn what_is_too_large_is_not_decided() {
    let workflow = workflow();
    let fields = ["Size", "Amount", "Yen", "Plan", "Wish", "Due", "Owner", "Tags"];
    let parts: Vec<Json> = fields.iter().map(|field| rule(field, "null", json!(null))).collect();
    let one = any(&parts);
    let tree = ConditionTree(all(&[one.clone(), not(&[one])]));
    let solver = Solver::new(&workflow);
    assert!(matches!(solver.judged(&tree).verdict, Verdict::Never(_)));
    let spent = Solver { looks_left: Cell::new(10), ..Solver::new(&workflow) };
    assert_eq!(spent.judged(&tree).verdict, Verdict::Depends);
}

#[test]
fn the_closest_values_are_shown() {
    let shown = |tree: Json| match verdict(&tree) {
        Verdict::Never(points) | Verdict::Always(points) => serde_json::to_value(points).expect("JSON"),
        Verdict::Depends => panic!("{tree}"),
    };
    assert_eq!(
        shown(all(&[rule("Size", ">=", json!(6)), rule("Size", "<=", json!(5)), rule("Plan", "=", json!("Pro"))])),
        json!([
            { "field": "Size", "value": "2" }, { "field": "Plan", "value": "Pro" }
        ])
    );
    assert_eq!(
        shown(any(&[rule("Plan", "!=", json!("Free")), rule("Plan", "!=", json!("Pro"))])),
        json!([
            { "field": "Plan", "value": "Free" }
        ])
    );
    assert_eq!(
        shown(all(&[rule("Due", "beforeToday", json!(null)), rule("Due", "afterToday", json!(null))])),
        json!([
            { "field": "Due", "value": "3 days before today" }
        ])
    );
}

const FIELDS: [&str; 16] = [
    "Name",
    "Nickname",
    "Size",
    "Amount",
    "Yen",
    "Due",
    "Seen",
    "Owner",
    "Plan",
    "Wish",
    "Tags",
    "Done",
    "Email",
    "Stage",
    "Assigned To",
    "Created By",
];

/// Few values, so that rules meet what tasks hold and each other.
fn values_of(field: &str) -> Vec<Json> {
    match field {
        "Name" | "Nickname" => ["a", "ab", "A", "b", "ba"].iter().map(|text| json!(text)).collect(),
        "Size" => ["0", "1", "1.5", "2"].iter().map(|text| json!(text)).collect(),
        "Amount" => ["0", "0.01", "1", "1.01", "1.02"].iter().map(|text| json!(text)).collect(),
        "Yen" => ["0", "1", "2", "3"].iter().map(|text| json!(text)).collect(),
        "Due" => ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-26"].iter().map(|text| json!(text)).collect(),
        "Seen" => ["2026-11-22T00:00:00Z", "2026-11-22T00:00:00.001Z", "2026-11-23", "2026-11-24", "2026-11-23T12:00:00Z"]
            .iter()
            .map(|text| json!(text))
            .collect(),
        "Owner" | "Assigned To" | "Created By" => {
            ["ann@example.com", "cy@example.com", "x@example.com"].iter().map(|text| json!(text)).collect()
        }
        "Plan" => ["Free", "Pro", "Team"].iter().map(|text| json!(text)).collect(),
        "Wish" => ["Pro", "Free", "Gold"].iter().map(|text| json!(text)).collect(),
        "Tags" => ["Red", "Green", "Blue, dark"].iter().map(|text| json!(text)).collect(),
        "Email" => ["a@example.com", "b@example.com", "no"].iter().map(|text| json!(text)).collect(),
        "Stage" => ["Not Started", "In Progress", "Done"].iter().map(|text| json!(text)).collect(),
        _ => vec![json!(true), json!(false)],
    }
}

const OPERATORS: [&str; 19] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "notIn",
    "contains",
    "doesNotContain",
    "beginsWith",
    "endsWith",
    "null",
    "notNull",
    "inTheLastDays",
    "inTheNextDays",
    "beforeToday",
    "afterToday",
];

fn any_rule(fields: Vec<&'static str>) -> impl Strategy<Value = Json> {
    let others = fields.clone();
    select(fields).prop_flat_map(move |field| {
        let value = select(values_of(field));
        (
            Just(field),
            select(OPERATORS.to_vec()),
            vec(value, 2),
            0i64..3,
            select(vec!["value", "value", "value", "field", "currentUser"]),
            select(others.clone()),
        )
            .prop_map(|(field, operator, values, days, source, other)| {
                let value = match (source, operator) {
                    ("field", _) => json!(other),
                    (_, "between" | "in" | "notIn") => json!(values),
                    (_, "inTheLastDays" | "inTheNextDays") => json!(days),
                    _ => values[0].clone(),
                };
                json!({ "field": field, "operator": operator, "value": value, "valueSource": source })
            })
            .prop_filter("no such rule", compiles)
    })
}

fn compiles(rule: &Json) -> bool {
    let workflow = workflow();
    Solver::new(&workflow).judged(&ConditionTree(all(std::slice::from_ref(rule)))).condition.is_some()
}

/// About two or three columns, so that the parts get into each other's way.
fn any_tree() -> impl Strategy<Value = Json> {
    vec(select(FIELDS.to_vec()), 1..=3)
        .prop_flat_map(|fields| {
            any_rule(fields).prop_recursive(3, 12, 4, |part| {
                (vec(part, 1..4), proptest::bool::ANY, proptest::bool::ANY)
                    .prop_map(|(rules, and, not)| json!({ "combinator": if and { "and" } else { "or" }, "not": not, "rules": rules }))
            })
        })
        .prop_map(|tree| if tree.get("rules").is_some() { tree } else { all(&[tree]) })
}

/// Values that the rules know, and some beside them.
fn any_near_task() -> impl Strategy<Value = Task> {
    let field_value = |name: &'static str| {
        let mut given = values_of(name);
        given.extend(match name {
            "Size" => vec![json!("-1"), json!("0.5"), json!("1.75"), json!("7")],
            "Amount" => vec![json!("-1"), json!("0.5"), json!("1.03"), json!("7")],
            "Yen" => vec![json!("-1"), json!("7")],
            "Due" => vec![json!("2026-11-21"), json!("2026-11-25"), json!("2027-01-01")],
            "Seen" => vec![json!("2026-11-21T23:59:59Z"), json!("2026-11-23T05:00:00Z"), json!("2026-11-25T08:00:00Z")],
            "Name" | "Nickname" => vec![json!("c"), json!("B"), json!("aab")],
            "Tags" => vec![json!(["Red", "Green"]), json!(["Green", "Blue, dark"])],
            "Email" => vec![json!("c@example.com")],
            _ => Vec::new(),
        });
        option::of(select(given)).prop_map(move |value| (name, value))
    };
    let named: Vec<_> = FIELDS.iter().filter(|name| workflow().field_named(name).is_some()).map(|name| field_value(name).boxed()).collect();
    let person = || option::of(select(vec![id(ANN), id(CY_INVITED)]));
    (named, select(STAGES.to_vec()), person(), person()).prop_map(|(values, stage, assignee, creator)| {
        let (workflow, workspace) = (workflow(), workspace_in("UTC"));
        let value = |(name, given): (&str, Option<Json>)| {
            let field = workflow.field_named(name).expect(name);
            Some((field.id, parse(field, &workspace, &given?).ok()??))
        };
        let values: BTreeMap<Id, crate::value::Value> = values.into_iter().filter_map(value).collect();
        let created_by = creator.map_or(Actor::Operator, Actor::User);
        Task { stage: id(stage), assignee, created_by, values, ..task() }
    })
}

fn check_law(tree: &Json, tasks: &[Task], workspace: &Workspace, performer: Actor, now: &str) -> Result<(), TestCaseError> {
    let workflow = workflow();
    let solver = Solver::new(&workflow);
    let judged = solver.judged(&ConditionTree(tree.clone()));
    let (condition, verdict) = (judged.condition.clone().expect("a condition"), &judged.verdict);
    for task in tasks {
        let held = holds(&condition, &Scene { performer, now: moment(now), ..scene(workspace, &workflow, task) });
        match verdict {
            Verdict::Never(_) => prop_assert!(!held, "never? {} {:?}", tree, task),
            Verdict::Always(_) => prop_assert!(held, "always? {} {:?}", tree, task),
            Verdict::Depends => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_task_ever_shows_otherwise(
        tree in any_tree(),
        tasks in vec(any_near_task(), 12),
        zone in select(vec!["UTC", "Pacific/Apia", "America/Los_Angeles"]),
        performer in select(vec![Actor::User(id(ANN)), Actor::User(id(CY_INVITED)), Actor::Operator]),
        now in select(vec!["2026-11-22T12:00:00Z", "2026-11-23T23:00:00Z", "2026-11-24T00:30:00Z"]),
    ) {
        check_law(&tree, &tasks, &workspace_in(zone), performer, now)?;
    }
}
