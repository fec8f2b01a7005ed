//! Conditions: what holds, what is refused, and the laws that evaluation keeps.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::*;
use crate::fixtures::{any_task, any_text, any_value, id, moment, scene, task, workflow, workspace, workspace_in};
use crate::value::{exact_key, filter_keys, parse, parse_filter, text};

fn rule(field: &str, operator: &str, value: Json) -> Json {
    json!({ "combinator": "and", "rules": [{ "field": field, "operator": operator, "value": value }] })
}

fn rule_from(field: &str, operator: &str, source: &str, value: Json) -> Json {
    json!({ "combinator": "and", "rules": [{ "field": field, "operator": operator, "valueSource": source, "value": value }] })
}

/// The task that has these values, as the API would set them.
fn task_with(values: &Json) -> Task {
    let (workflow, workspace) = (workflow(), workspace());
    let mut task = Task { assignee: Some(id(crate::fixtures::ANN)), ..task() };
    for (name, given) in values.as_object().expect("an object") {
        let field = workflow.field_named(name).expect(name);
        if let Some(value) = parse(field, &workspace, given).expect(name) {
            task.values.insert(field.id, value);
        }
    }
    task
}

fn evaluate(tree: &Json, task: &Task) -> bool {
    let (workflow, workspace) = (workflow(), workspace());
    let condition = compile(tree, &Names::of(&workflow)).unwrap_or_else(|problems| panic!("{tree}: {problems:?}"));
    holds(&condition, &scene(&workspace, &workflow, task))
}

#[test]
fn what_holds() {
    let task = task_with(&json!({
        "Name": "Dr. Ann Straße", "Nickname": "ann", "Size": "10.50", "Yen": 7, "Due": "2026-11-23", "Seen": "2026-11-22T23:30:00Z",
        "Owner": "cy@example.com", "Plan": "Pro", "Wish": "Pro", "Tags": ["Red", "Blue, dark"], "Done": true, "Number": "10", "Code": "C-1",
        "Phone": "+49 30 123456"
    }));
    for (field, operator, value, expected) in [
        ("Name", "=", json!("Dr. Ann Straße"), true),
        ("Name", "=", json!("dr. ann straße"), false),
        ("Name", "!=", json!("dr. ann straße"), true),
        ("Name", "beginsWith", json!("DR."), true),
        ("Name", "endsWith", json!("STRASSE"), true),
        ("Name", "contains", json!("ANN S"), true),
        ("Name", "contains", json!("Bob"), false),
        ("Name", "doesNotContain", json!("Bob"), true),
        ("Name", "in", json!(["x", "Dr. Ann Straße"]), true),
        ("Name", "in", json!("x, Dr. Ann Straße"), true),
        ("Name", "notIn", json!(["x"]), true),
        ("Name", "<", json!("E"), true),
        ("Name", ">", json!("a"), true),
        ("Name", "between", json!(["C", "E"]), true),
        ("Name", "notNull", json!(null), true),
        ("Name", "null", json!("left over"), false),
        ("Size", "=", json!(10.5), true),
        ("Size", "=", json!("10.500"), true),
        ("Size", ">=", json!("10.5"), true),
        ("Size", ">", json!("10.5"), false),
        ("Size", "between", json!([10.5, 11]), true),
        ("Size", "between", json!("10,10.5"), true),
        ("Size", "between", json!([11, 10]), false),
        ("Size", "in", json!(["1", 10.5]), true),
        ("Due", "=", json!("2026-11-23"), true),
        ("Due", "<=", json!("2026-11-23"), true),
        ("Due", "inTheLastDays", json!(0), true),
        ("Due", "inTheNextDays", json!("0"), true),
        ("Due", "beforeToday", json!(null), false),
        ("Due", "afterToday", json!(null), false),
        ("Seen", "beforeToday", json!(null), true),
        ("Seen", "inTheLastDays", json!(1), true),
        ("Seen", "inTheLastDays", json!(0), false),
        ("Seen", "<", json!("2026-11-23"), true),
        ("Seen", "=", json!("2026-11-23T00:30:00+01:00"), true),
        ("Owner", "=", json!("CY@example.com"), true),
        ("Owner", "in", json!(["ann@example.com", "nobody@example.com"]), false),
        ("Owner", "!=", json!("nobody@example.com"), true),
        ("Plan", "=", json!("Pro"), true),
        ("Plan", "in", json!(["Free", "Team"]), false),
        ("Plan", "notIn", json!("Free"), true),
        ("Tags", "contains", json!("Blue, dark"), true),
        ("Tags", "contains", json!("Green"), false),
        ("Tags", "doesNotContain", json!("Green"), true),
        ("Tags", "=", json!("Red"), true),
        ("Tags", "in", json!(["Green", "Red"]), true),
        ("Tags", "in", json!("Green, Blue\\, dark"), true),
        ("Tags", "notIn", json!(["Green"]), true),
        ("Done", "=", json!(true), true),
        ("Done", "!=", json!("true"), false),
        ("Paid", "=", json!(false), true),
        ("Paid", "=", json!(true), false),
        ("Paid", "!=", json!(true), true),
        ("Paid", "!=", json!(false), false),
        ("Paid", "null", json!(null), true),
        ("Number", ">", json!(9), true),
        ("Number", "=", json!(10), true),
        ("Phone", "=", json!("+49 30 / 123456"), true),
        ("Phone", "beginsWith", json!("+49"), true),
        ("Papers", "null", json!(null), true),
        ("Stage", "=", json!("Not Started"), true),
        ("Stage", "notIn", json!(["Done"]), true),
        ("Assigned To", "=", json!("ann@example.com"), true),
        ("Created By", "in", json!(["ann@example.com"]), true),
        ("Created On", "inTheLastDays", json!(22), true),
        ("Created On", "inTheLastDays", json!(21), false),
        ("Updated On", ">", json!("2026-11-20"), true),
    ] {
        assert_eq!(evaluate(&rule(field, operator, value.clone()), &task), expected, "{field} {operator} {value}");
    }
}

#[test]
fn fields_compare_with_fields_and_people_with_the_performer() {
    let task = task_with(&json!({
        "Name": "Ann", "Nickname": "ann", "Size": "10", "Amount": "10.00", "Due": "2026-11-23", "Seen": "2026-11-23T00:00:00Z",
        "Owner": "ann@example.com", "Plan": "Pro", "Wish": "Pro", "Done": true
    }));
    for (field, operator, source, value, expected) in [
        ("Name", "=", "field", json!("Nickname"), false),
        ("Name", "<=", "field", json!("Nickname"), true),
        ("Name", "beginsWith", "field", json!("Nickname"), true),
        ("Name", "=", "field", json!("Notes"), false),
        ("Name", "!=", "field", json!("Notes"), true),
        ("Name", "contains", "field", json!("Notes"), false),
        ("Notes", "!=", "field", json!("Name"), true),
        ("Size", "=", "field", json!("Amount"), true),
        ("Size", "<", "field", json!("Yen"), false),
        ("Due", "=", "field", json!("Seen"), true),
        ("Seen", "<=", "field", json!("Due"), true),
        ("Due", ">", "field", json!("Created On"), true),
        ("Owner", "=", "field", json!("Assigned To"), true),
        ("Owner", "!=", "field", json!("Created By"), false),
        // Options of two fields have different ids, and are one when they have one name.
        ("Plan", "=", "field", json!("Wish"), true),
        ("Done", "=", "field", json!("Paid"), false),
        ("Done", "!=", "field", json!("Paid"), true),
        ("Owner", "=", "currentUser", json!(null), true),
        ("Assigned To", "!=", "currentUser", json!(""), false),
    ] {
        assert_eq!(evaluate(&rule_from(field, operator, source, value.clone()), &task), expected, "{field} {operator} {value}");
    }
}

#[test]
fn options_of_two_fields_are_compared_by_name() {
    for (values, expected) in [
        (json!({ "Plan": "Pro", "Wish": "Pro" }), true),
        (json!({ "Plan": "Pro", "Wish": "Free" }), false),
        (json!({ "Plan": "Pro" }), false),
        (json!({}), false),
    ] {
        let task = task_with(&values);
        assert_eq!(evaluate(&rule_from("Plan", "=", "field", json!("Wish")), &task), expected, "{values}");
        assert_eq!(evaluate(&rule_from("Plan", "!=", "field", json!("Wish")), &task), !expected, "{values}");
    }
}

#[test]
fn where_no_person_acts_nobody_is_the_current_user() {
    let (workflow, workspace, task) = (workflow(), workspace(), task_with(&json!({ "Owner": "ann@example.com" })));
    let scene = Scene { performer: Actor::ApiKey(id(crate::fixtures::ANN)), ..scene(&workspace, &workflow, &task) };
    for (field, operator, expected) in [("Owner", "=", false), ("Owner", "!=", true), ("Assigned To", "=", false)] {
        let tree = rule_from(field, operator, "currentUser", json!(null));
        let condition = compile(&tree, &Names::of(&workflow)).expect("a condition");
        assert_eq!(holds(&condition, &scene), expected, "{field} {operator}");
    }
}

#[test]
fn days_follow_the_zone_of_the_workspace() {
    let workflow = workflow();
    let task = task_with(&json!({ "Seen": "2026-11-23T02:00:00Z", "Due": "2026-11-23" }));
    // 22:56 in UTC: already the 24th in Berlin, in Honolulu the 23rd from 10:00 on.
    for (zone, field, operator, value, expected) in [
        ("UTC", "Due", "inTheLastDays", json!(0), true),
        ("Europe/Berlin", "Due", "inTheLastDays", json!(0), true),
        ("Asia/Tokyo", "Due", "inTheLastDays", json!(0), false),
        ("Asia/Tokyo", "Due", "beforeToday", json!(null), true),
        ("Pacific/Honolulu", "Seen", "beforeToday", json!(null), true),
        ("UTC", "Seen", "beforeToday", json!(null), false),
        ("UTC", "Seen", ">=", json!("2026-11-23"), true),
        ("Pacific/Honolulu", "Seen", ">=", json!("2026-11-23"), false),
        ("Asia/Tokyo", "Seen", ">=", json!("2026-11-24"), false),
    ] {
        let workspace = workspace_in(zone);
        let condition = compile(&rule(field, operator, value), &Names::of(&workflow)).expect("a condition");
        assert_eq!(holds(&condition, &scene(&workspace, &workflow, &task)), expected, "{zone} {field} {operator}");
    }
    assert!(moment("2026-11-23T22:56:01.123Z") < crate::time::midnight(jiff::civil::date(2026, 11, 24), &workspace_in("UTC").zone));
}

#[test]
fn groups() {
    let task = task_with(&json!({ "Size": 5 }));
    let (yes, no) = (rule("Size", "=", json!(5))["rules"][0].clone(), rule("Size", "=", json!(6))["rules"][0].clone());
    for (combinator, not, rules, expected) in [
        ("and", false, vec![], true),
        ("or", false, vec![], true),
        ("or", true, vec![], false),
        ("and", false, vec![&yes, &no], false),
        ("or", false, vec![&yes, &no], true),
        ("or", false, vec![&no, &no], false),
        ("and", true, vec![&yes, &no], true),
        ("or", true, vec![&yes, &no], false),
    ] {
        let tree = json!({ "combinator": combinator, "not": not, "rules": rules });
        assert_eq!(evaluate(&tree, &task), expected, "{tree}");
        assert_eq!(evaluate(&json!({ "combinator": "and", "rules": [tree] }), &task), expected, "{tree}");
    }
}

#[test]
fn what_query_builders_add_is_accepted() {
    let tree = json!({ "id": "root", "path": [], "combinator": "and", "not": false, "rules": [
        { "id": "r1", "path": [0], "field": "Name", "operator": "=", "valueSource": "value", "value": "Ann" },
    ]});
    assert!(evaluate(&tree, &task_with(&json!({ "Name": "Ann" }))));
}

#[test]
fn what_is_refused() {
    let workflow = workflow();
    let names = Names::of(&workflow);
    for (tree, path, message) in [
        (json!([]), "", "[] is not a condition: it needs combinator and rules"),
        (json!({ "rules": [] }), "combinator", "combinator is required: and or or"),
        (json!({ "combinator": "xor", "rules": [] }), "combinator", "\"xor\" is neither and nor or"),
        (json!({ "combinator": "and" }), "rules", "rules is required"),
        (json!({ "combinator": "and", "rules": {} }), "rules", "{} is not a list of rules"),
        (json!({ "combinator": "and", "not": 1, "rules": [] }), "not", "1 is neither true nor false"),
        (
            json!({ "combinator": "and", "rules": [], "nott": true }),
            "nott",
            "nott is not a key; did you mean not?; allowed are combinator, not, rules, id, path",
        ),
        (json!({ "combinator": "and", "rules": ["and"] }), "rules[0]", "\"and\" is not a rule: it needs field and operator"),
        (json!({ "combinator": "and", "rules": [{ "operator": "=" }] }), "rules[0].field", "field is required"),
        (json!({ "combinator": "and", "rules": [{ "field": 5, "operator": "null" }] }), "rules[0].field", "5 is not the name of a field"),
        (rule("Nam", "=", json!("x")), "rules[0].field", "Nam is not a field; did you mean Name?"),
        (
            rule("Name", "equals", json!("x")),
            "rules[0].operator",
            "equals is not an operator; allowed are =, !=, <, <=, >, >=, between, in, notIn, contains, doesNotContain, beginsWith, endsWith, null, notNull",
        ),
        (
            rule("Size", "contains", json!("x")),
            "rules[0].operator",
            "contains is no operator for a number; allowed are =, !=, <, <=, >, >=, between, in, notIn, null, notNull",
        ),
        (
            rule("Plan", "<", json!("Pro")),
            "rules[0].operator",
            "< is no operator for a select; allowed are =, !=, in, notIn, null, notNull",
        ),
        (rule("Papers", "=", json!("x")), "rules[0].operator", "= is no operator for a file field; allowed are null, notNull"),
        (rule("Stage", "null", json!(null)), "rules[0].operator", "null is no operator for the stage; allowed are =, !=, in, notIn"),
        (rule("Name", "=", json!("")), "rules[0].value", "a value is needed; null and notNull compare with blank"),
        (rule("Name", "=", json!(5)), "rules[0].value", "5 is not a text"),
        (rule("Size", "=", json!("ten")), "rules[0].value", "\"ten\" is not a number"),
        (rule("Size", "between", json!([1])), "rules[0].value", "between needs a list of two values"),
        (rule("Size", "in", json!([])), "rules[0].value", "in needs a list of at least one value"),
        (rule("Due", "=", json!("tomorrow")), "rules[0].value", "\"tomorrow\" is not a date (YYYY-MM-DD)"),
        (
            rule("Seen", "=", json!("2026-11-23T10:00")),
            "rules[0].value",
            "\"2026-11-23T10:00\" is neither a date (YYYY-MM-DD) nor a date and time with an offset",
        ),
        (rule("Due", "inTheLastDays", json!(-1)), "rules[0].value", "-1 is not a number of days from 0 to 36525"),
        (rule("Due", "inTheLastDays", json!(1.5)), "rules[0].value", "1.5 is not a number of days from 0 to 36525"),
        (rule("Owner", "=", json!("ann")), "rules[0].value", "\"ann\" is not an e-mail address"),
        (rule("Plan", "=", json!("Prro")), "rules[0].value", "Prro is not an option; did you mean Pro?"),
        (rule("Tags", "in", json!(["Red", "Pink"])), "rules[0].value", "Pink is not an option"),
        (rule("Stage", "=", json!("done")), "rules[0].value", "done is not a stage; did you mean Done?"),
        (rule("Done", "=", json!("yes")), "rules[0].value", "\"yes\" is neither true nor false"),
        (
            rule("Phone", "=", json!("030 123456")),
            "rules[0].value",
            "\"030 123456\" is not a phone number that begins with + and the country's code",
        ),
        (rule("Code", "=", json!("..")), "rules[0].value", "\"..\" can't be a Unique ID"),
        (rule("Name", "contains", json!("a\0")), "rules[0].value", "a text can't hold NUL"),
        (rule_from("Name", "=", "query", json!("x")), "rules[0].valueSource", "\"query\" is none of value, field, currentUser"),
        (rule_from("Name", "=", "field", json!("Zebra")), "rules[0].value", "Zebra is not a field"),
        (rule_from("Name", "=", "field", json!("Size")), "rules[0].value", "a text can't be compared with a number"),
        (rule_from("Name", "in", "field", json!("Nickname")), "rules[0].valueSource", "in can't compare with another field"),
        (
            rule_from("Name", "=", "currentUser", json!(null)),
            "rules[0].valueSource",
            "currentUser can only be compared with a person, by = or !=",
        ),
        (
            rule_from("Owner", "in", "currentUser", json!(null)),
            "rules[0].valueSource",
            "currentUser can only be compared with a person, by = or !=",
        ),
    ] {
        let problems = compile(&tree, &names).expect_err(&tree.to_string());
        assert_eq!(problems, [(path.to_owned(), message.to_owned())], "{tree}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let workflow = workflow();
    let tree = json!({ "combinator": "xor", "colour": "red", "rules": [
        { "field": "Nam", "operator": "is" },
        { "combinator": "or", "rules": [{ "field": "Size", "operator": "=", "value": "x", "unit": "kg" }, { "field": "Plan", "operator": "=", "value": "Pro" }] },
    ]});
    let paths: Vec<String> = compile(&tree, &Names::of(&workflow)).expect_err("problems").into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["colour", "combinator", "rules[0].field", "rules[0].operator", "rules[1].rules[0].unit", "rules[1].rules[0].value"]);
}

#[test]
fn eight_levels_and_a_hundred_rules() {
    let workflow = workflow();
    let names = Names::of(&workflow);
    let nested = |levels: usize| {
        (1..levels).fold(json!({ "combinator": "and", "rules": [] }), |inner, _| json!({ "combinator": "and", "rules": [inner] }))
    };
    let wide = |rules: usize| json!({ "combinator": "or", "rules": vec![rule("Size", "=", json!(5))["rules"][0].clone(); rules] });
    assert!(compile(&nested(8), &names).is_ok());
    assert_eq!(compile(&nested(9), &names).expect_err("deep")[0].1, "a condition has at most 8 levels");
    assert_eq!(compile(&nested(100), &names).expect_err("deep").len(), 1);
    assert!(compile(&wide(100), &names).is_ok());
    assert_eq!(compile(&wide(1_000), &names), Err(vec![("rules[100]".to_owned(), "a condition has at most 100 rules".to_owned())]));
}

#[test]
fn names_are_followed() {
    let mut tree = ConditionTree(json!({ "combinator": "and", "rules": [
        { "field": "Plan", "operator": "in", "value": "Free, Blue\\, dark" },
        { "field": "Plan", "operator": "=", "value": "Free" },
        { "combinator": "or", "rules": [
            { "field": "Stage", "operator": "in", "value": ["Free", "Done"] },
            { "field": "Name", "operator": "=", "value": "Plan", "valueSource": "field" },
            { "field": "Name", "operator": "=", "value": "Plan" },
        ] },
    ]}));
    tree.rename(&|reference| match reference {
        Reference::Field("Plan") => Some("Tier".to_owned()),
        Reference::Stage("Done") => Some("Ready".to_owned()),
        Reference::Option { field: "Plan", option: "Free" } => Some("Basic".to_owned()),
        _ => None,
    });
    let expected = json!({ "combinator": "and", "rules": [
        { "field": "Tier", "operator": "in", "value": "Basic,Blue\\, dark" },
        { "field": "Tier", "operator": "=", "value": "Basic" },
        { "combinator": "or", "rules": [
            { "field": "Stage", "operator": "in", "value": ["Free", "Ready"] },
            { "field": "Name", "operator": "=", "value": "Tier", "valueSource": "field" },
            { "field": "Name", "operator": "=", "value": "Plan" },
        ] },
    ]});
    assert_eq!(tree.0, expected);
}

/// Any rule at all: types and operators need not fit, as after a field's type has changed under a pinned revision.
fn any_rule() -> impl Strategy<Value = Rule> {
    let column = || {
        let fields: Vec<Column> = workflow().fields.iter().map(|field| Column::Field(field.id)).collect();
        let special =
            vec![Column::Stage, Column::AssignedTo, Column::CreatedOn, Column::UpdatedOn, Column::CreatedBy, Column::Field(id(999))];
        select([fields, special].concat())
    };
    let comparable = || {
        let values: Vec<BoxedStrategy<Comparable>> =
            workflow().fields.iter().map(|field| any_value(&field.kind).prop_map(Comparable::Value).boxed()).collect();
        prop_oneof![
            6 => proptest::strategy::Union::new(values),
            1 => select(crate::fixtures::STAGES.to_vec()).prop_map(|raw| Comparable::Stage(id(raw))),
            1 => select(vec!["ann@example.com", "x@example.com"]).prop_map(|email| Comparable::Email(email.to_owned())),
            1 => Just(Comparable::Day(jiff::civil::date(2026, 11, 23))),
            1 => any_text().prop_map(|text| Comparable::Folded(crate::value::fold(&text))),
        ]
    };
    let operand = prop_oneof![
        5 => proptest::collection::vec(comparable(), 0..3).prop_map(Operand::Values),
        1 => Just(Operand::Nothing),
        1 => (0i64..40_000).prop_map(Operand::Days),
        2 => column().prop_map(Operand::Column),
        1 => Just(Operand::CurrentUser),
    ];
    (column(), select(Operator::ALL.to_vec()), operand).prop_map(|(column, operator, operand)| Rule { column, operator, operand })
}

/// A value of the field, most often that of the task, as a rule would name it.
fn any_field_task_and_text() -> impl Strategy<Value = (crate::workflow::Field, Task, String)> {
    (crate::fixtures::any_field(), any_task(), any::<bool>()).prop_flat_map(|(field, task, same)| {
        let workspace = workspace();
        let drawn = any_value(&field.kind);
        let (named, own) = (field.clone(), task.values.get(&field.id).cloned());
        let value = drawn.prop_map(move |value| {
            let value = match (&own, same) {
                (Some(own), true) => own.clone(),
                _ => value,
            };
            let value = match value {
                Value::Options(ids) => Value::Options(vec![ids[0]]),
                value => value,
            };
            text(&named, &workspace, Some(&value))
        });
        (Just(field), Just(task), value)
    })
}

fn with_operator(rule: &Rule, operator: Operator) -> Rule {
    Rule { operator, ..rule.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn negative_operators_are_exact_negations(rule in any_rule(), task in any_task()) {
        let (workspace, workflow) = (workspace(), workflow());
        let scene = scene(&workspace, &workflow, &task);
        for (positive, negative) in [(Operator::Equal, Operator::NotEqual), (Operator::In, Operator::NotIn), (Operator::Contains, Operator::DoesNotContain), (Operator::Null, Operator::NotNull)] {
            let yes = holds(&Condition::Rule(with_operator(&rule, positive)), &scene);
            let no = holds(&Condition::Rule(with_operator(&rule, negative)), &scene);
            prop_assert_ne!(yes, no);
        }
    }

    #[test]
    fn a_blank_satisfies_null_and_the_negative_operators_alone(rule in any_rule(), task in any_task()) {
        let (workspace, workflow) = (workspace(), workflow());
        let mut task = task;
        task.values.clear();
        task.assignee = None;
        if !matches!(rule.column, Column::Field(_) | Column::AssignedTo) {
            return Ok(());
        }
        let expected = matches!(rule.operator, Operator::Null | Operator::NotEqual | Operator::NotIn | Operator::DoesNotContain);
        prop_assert_eq!(holds(&Condition::Rule(rule), &scene(&workspace, &workflow, &task)), expected);
    }

    #[test]
    fn groups_are_boolean(one in any_rule(), other in any_rule(), task in any_task()) {
        let (workspace, workflow) = (workspace(), workflow());
        let scene = scene(&workspace, &workflow, &task);
        let (one, other) = (Condition::Rule(one), Condition::Rule(other));
        let not = |condition: &Condition| Condition::Not(Box::new(condition.clone()));
        let (a, b) = (holds(&one, &scene), holds(&other, &scene));
        prop_assert_eq!(holds(&not(&one), &scene), !a);
        prop_assert_eq!(holds(&Condition::All(vec![one.clone(), other.clone()]), &scene), a && b);
        prop_assert_eq!(holds(&Condition::Any(vec![one.clone(), other.clone()]), &scene), a || b);
        prop_assert_eq!(holds(&not(&Condition::All(vec![one.clone(), other.clone()])), &scene), holds(&Condition::Any(vec![not(&one), not(&other)]), &scene));
    }

    #[test]
    fn order_is_total_on_what_is_not_blank(first in any_rule(), task in any_task()) {
        let (workspace, workflow) = (workspace(), workflow());
        let scene = scene(&workspace, &workflow, &task);
        let holds_by = |operator| holds(&Condition::Rule(with_operator(&first, operator)), &scene);
        let (less, greater) = (holds_by(Operator::Less), holds_by(Operator::Greater));
        prop_assert!(!(less && greater));
        if holds_by(Operator::LessOrEqual) || holds_by(Operator::GreaterOrEqual) {
            prop_assert_eq!(holds_by(Operator::LessOrEqual), !greater);
            prop_assert_eq!(holds_by(Operator::GreaterOrEqual), !less);
            if holds_by(Operator::Equal) {
                prop_assert!(!less && !greater);
            }
        }
        if let Operand::Values(values) = &first.operand && let [low, high] = &values[..] {
            let bound = |operator, value: &Comparable| holds(&Condition::Rule(Rule { column: first.column, operator, operand: Operand::Values(vec![value.clone()]) }), &scene);
            prop_assert_eq!(holds_by(Operator::Between), bound(Operator::GreaterOrEqual, low) && bound(Operator::LessOrEqual, high));
            prop_assert_eq!(holds_by(Operator::In), bound(Operator::Equal, low) || bound(Operator::Equal, high));
        }
    }

    /// `?<Field>=value` through the side table and `=` in memory find the same tasks.
    #[test]
    fn filters_and_equality_agree((field, task, asked) in any_field_task_and_text()) {
        let (workspace, workflow) = (workspace(), workflow());
        let tree = rule(&field.name, "=", json!(asked));
        let Ok(Some(sought)) = parse_filter(&field, &workspace, &asked) else { return Ok(()) };
        let key = exact_key(&sought);
        let Ok(condition) = compile(&tree, &Names::of(&workflow)) else {
            panic!("{tree} can be a filter but no condition");
        };
        let by_key = task.values.get(&field.id).is_some_and(|value| filter_keys(&field, value).iter().any(|known| known.exact == key));
        prop_assert_eq!(holds(&condition, &scene(&workspace, &workflow, &task)), by_key);
    }
}
