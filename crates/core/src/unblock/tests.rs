//! Ways are walked by hand, move by move, with the rights that they claim.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::access;
use crate::checklist::ItemStatus;
use crate::definition::{compile, read};
use crate::execution::{accept, explain};
use crate::fixtures::{Ids, laws};
use crate::people::{User, UserState, Workspace};
use crate::task::body::{self, Place};
use crate::time::Timestamp;
use crate::value;
use crate::workflow::Workflow;

const ANN: i64 = 11;
const BOB: i64 = 12;
const CY: i64 = 13;
const DAN: i64 = 14;
const KEY: i64 = 51;

fn id(raw: i64) -> Id {
    Id::from_i64(raw).unwrap()
}

fn users() -> Vec<User> {
    let user = |raw, name: &str, admin| User {
        id: id(raw),
        email: format!("{}@example.com", name.to_lowercase()),
        first_name: name.to_owned(),
        last_name: "Lee".to_owned(),
        admin,
        state: UserState::Active,
    };
    vec![user(ANN, "Ann", false), user(BOB, "Bob", false), user(CY, "Cy", false), user(DAN, "Dan", true)]
}

/// Ann is a Collaborator, Bob has the role Narrow, Cy the role Reader; Dan is an admin of the workspace.
fn place(actions: &Json, narrow: &Json) -> (Workspace, Workflow) {
    let document = json!({
        "name": "Orders",
        "fields": [
            { "name": "Name", "type": "text" },
            { "name": "Amount", "type": "number" },
            { "name": "Limit", "type": "number" },
            { "name": "Plan", "type": "singleSelect", "options": ["Free", "Pro", "Team"] },
            { "name": "Tags", "type": "multipleSelect", "options": ["Red", "Blue"] },
            { "name": "Due", "type": "date" },
            { "name": "Paid", "type": "checkbox" },
            { "name": "Owner", "type": "person" },
            { "name": "Email", "type": "email" },
            { "name": "Fixed", "type": "text", "editable": false },
        ],
        "stages": [
            { "name": "Open", "checklist": [{ "items": ["Look", "Think"] }] },
            { "name": "Review", "checklist": [{ "items": ["Read"] }] },
            { "name": "Held" },
            { "name": "Done", "end": true },
        ],
        "actions": actions,
        "roles": [narrow, { "name": "Reader", "tasks": { "edit": false }, "assigning": "nobody" }],
    });
    let nobody = Workspace::new(id(1), "Acme".to_owned(), TimeZone::UTC, None, users(), Vec::new());
    let read = read(document, None, &nobody, &mut Ids(1000)).unwrap_or_else(|problems| panic!("{problems:?}"));
    let workflow = compile(id(41), 1, &read.definition).unwrap_or_else(|problems| panic!("{problems:?}"));
    let role = |name: &str| workflow.roles.iter().find(|role| role.name == name).expect(name).id;
    let collaborators = [(ANN, "Collaborator"), (BOB, "Narrow"), (CY, "Reader")].map(|(user, name)| (workflow.id, id(user), role(name)));
    (Workspace::new(id(1), "Acme".to_owned(), TimeZone::UTC, None, users(), collaborators.to_vec()), workflow)
}

fn task(workflow: &Workflow, workspace: &Workspace, stage: &str, values: &Json) -> Task {
    let parsed = values.as_object().unwrap().iter().filter_map(|(name, json)| {
        let field = workflow.field_named(name).expect(name);
        Some((field.id, value::parse(field, workspace, json).expect("a value")?))
    });
    Task {
        id: id(100),
        workflow: workflow.id,
        stage: workflow.stage_named(stage).expect(stage).id,
        assignee: None,
        values: parsed.collect(),
        version: 1,
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
        created_by: Actor::ApiKey(id(KEY)),
        performers: BTreeMap::new(),
    }
}

fn scene<'a>(workspace: &'a Workspace, workflow: &'a Workflow, task: &'a Task, performer: Actor) -> Scene<'a> {
    let now = crate::time::parse_datetime("2026-11-23T12:00:00Z").unwrap();
    Scene { workspace, workflow, task, performer, now, public_url: "https://baton.example.com" }
}

/// Makes the moves of a way as the API or a page would; then everybody who is said to be able to takes the action.
fn walk(ask: &Ask<'_>, action: &Action, way: &Way) -> Result<(), String> {
    let mut state = State { task: ask.scene.task.clone(), checklist: ask.checklist.clone() };
    let mut performers = vec![ask.scene.performer];
    for (index, step) in way.moves.iter().enumerate() {
        // Fields are set along with the action that comes next.
        let next = way.moves[index..].iter().find_map(|later| match later {
            Move::TakeAction { action, .. } => ask.scene.workflow.action(*action),
            _ => None,
        });
        let along = next.unwrap_or(action);
        match step {
            Move::SetFields { fields, by } => {
                let named = fields.iter().map(|setting| ask.scene.workflow.field(setting.field).map(|field| (field, setting.to.value())));
                let body: Map<String, Json> =
                    named.flatten().map(|(field, value)| (field.name.clone(), value::show(field, ask.scene.workspace, value))).collect();
                write(ask, &mut state, &body, Some(along), by)?;
            }
            Move::Assign { to, by } => {
                let assignee = match to {
                    To::Anybody(user) | To::User(user) => ask.scene.workspace.user(*user).expect("a user").email.clone().into(),
                    To::Nobody => Json::Null,
                };
                write(ask, &mut state, &Map::from_iter([("Assigned To".to_owned(), assignee)]), None, by)?;
            }
            Move::CompleteChecklist { items, .. } => {
                for item in items {
                    state.checklist.retain(|stored| stored.id != item.id);
                    state.checklist.push(StoredItem { id: item.id, status: ItemStatus::Completed, assignee: None, own: None });
                }
            }
            Move::TakeAction { action, stage, by } => {
                let action = ask.scene.workflow.action(*action).expect("an action");
                let performer = match by {
                    Who::Performer => ask.scene.performer,
                    Who::Users(users) => Actor::User(users[0]),
                    Who::Key => return Err("a key takes no action for others".to_owned()),
                };
                take(ask, &state, action, performer)?;
                let (task, _) = after(ask, &state, action, performer).ok_or("it fails")?;
                if task.stage != *stage {
                    return Err(format!("{} leads elsewhere", action.name));
                }
                state.task = task;
            }
            Move::LetAct { users } => performers = users.iter().map(|user| Actor::User(*user)).collect(),
        }
    }
    performers.into_iter().try_for_each(|performer| take(ask, &state, action, performer))
}

fn take(ask: &Ask<'_>, state: &State, action: &Action, performer: Actor) -> Result<(), String> {
    let scene = Scene { task: &state.task, performer, ..ask.scene };
    let accepted = accept(&scene, action, Ok(()), &mut Walk { checklist: &state.checklist, guessed: false });
    accepted.map_err(|refusals| format!("{} by {performer:?}: {refusals:?}", action.name))?;
    if ask.key.may_take(action) { Ok(()) } else { Err("the key may not".to_owned()) }
}

/// `along`: the action whose POST brings the fields, where the performer sets them.
fn write(ask: &Ask<'_>, state: &mut State, body: &Map<String, Json>, along: Option<&Action>, by: &Who) -> Result<(), String> {
    let Scene { workspace, workflow, performer, .. } = ask.scene;
    let role = |user: Id| access::of_user(workspace, workflow, user).expect("a collaborator");
    let place = |access, person| Place { workflow, workspace, access, person, new: false };
    match (by, along) {
        (Who::Performer, Some(action)) => {
            let place = place(ask.key, performer.user().map(role));
            let given = body::write_fields(&mut state.task, body, action, &place);
            given.map_err(|refusals| format!("{refusals:?}"))
        }
        (Who::Performer | Who::Key, _) => {
            body::write(&mut state.task, body, &place(ask.key, None)).map_err(|refusals| format!("{refusals:?}"))
        }
        (Who::Users(users), _) => {
            for user in users {
                let access = role(*user);
                let mut task = state.task.clone();
                let assigns = body.get("Assigned To").and_then(Json::as_str).and_then(|email| workspace.user_by_email(email));
                match assigns {
                    Some(to) if !access.may_assign(Some(to.id), Some(*user)) => return Err("who assigns may not".to_owned()),
                    Some(to) => task.assignee = Some(to.id),
                    None => {
                        if !access.may_edit() {
                            return Err("who sets may not edit".to_owned());
                        }
                        body::write(&mut task, body, &place(access, Some(access))).map_err(|refusals| format!("{refusals:?}"))?;
                    }
                }
                if *user == users[users.len() - 1] {
                    state.task = task;
                }
            }
            Ok(())
        }
    }
}

fn rule(field: &str, operator: &str, value: &Json) -> Json {
    json!({ "combinator": "and", "rules": [{ "field": field, "operator": operator, "value": value }] })
}

fn any_condition() -> impl Strategy<Value = Json> {
    let one = select(vec![
        rule("Name", "beginsWith", &json!("Dr.")),
        rule("Name", "=", &json!("Ann")),
        rule("Name", "null", &Json::Null),
        rule("Amount", ">", &json!(100)),
        rule("Amount", "between", &json!([5, 7])),
        rule("Amount", "<", &json!(3)),
        rule("Plan", "in", &json!(["Pro", "Team"])),
        rule("Plan", "!=", &json!("Free")),
        rule("Tags", "contains", &json!("Blue")),
        rule("Tags", "doesNotContain", &json!("Red")),
        rule("Due", "inTheNextDays", &json!(3)),
        rule("Due", "beforeToday", &Json::Null),
        rule("Paid", "=", &json!(true)),
        rule("Email", "endsWith", &json!("@example.com")),
        rule("Stage", "=", &json!("Review")),
        rule("Fixed", "notNull", &Json::Null),
        json!({ "combinator": "and", "rules": [{ "field": "Owner", "operator": "=", "valueSource": "currentUser" }] }),
        json!({ "combinator": "and", "rules": [{ "field": "Assigned To", "operator": "!=", "valueSource": "field", "value": "Owner" }] }),
    ]);
    (vec(one, 1..4), select(vec!["and", "or"]), prop::bool::weighted(0.2))
        .prop_map(|(rules, combinator, not)| json!({ "combinator": combinator, "not": not, "rules": rules }))
}

fn any_requirement() -> impl Strategy<Value = Json> {
    prop_oneof![
        2 => subsequence(vec!["Name", "Amount", "Plan", "Due", "Email", "Owner"], 1..3).prop_map(|fields| json!({ "require": "fields", "fields": fields })),
        1 => Just(json!({ "require": "checklist" })),
        1 => Just(json!({ "require": "assigned" })),
        1 => Just(json!({ "require": "assigned", "to": "performer" })),
        1 => Just(json!({ "require": "performer", "not": ["creator"] })),
        1 => Just(json!({ "require": "performer", "not": ["assignee"] })),
        3 => any_condition().prop_map(|condition| json!({ "require": "condition", "condition": condition, "message": "Not so" })),
    ]
}

fn any_step() -> impl Strategy<Value = Json> {
    select(vec![
        json!({ "do": "move_to_stage", "stage": "Review" }),
        json!({ "do": "move_to_stage", "stage": "Held" }),
        json!({ "do": "move_to_stage", "stage": "Done" }),
        json!({ "do": "move_to_stage", "stage": "Open" }),
        json!({ "do": "assign_to", "to": "performer" }),
        json!({ "do": "assign_to", "to": "nobody" }),
        json!({ "do": "update_data", "set": { "Plan": "Free" } }),
        json!({ "do": "update_data", "clear": ["Name"] }),
        json!({ "do": "update_data", "set": { "Email": "{{Name}}" } }),
        json!({ "do": "api_call", "url": "https://example.com", "method": "POST" }),
    ])
}

fn any_actions() -> impl Strategy<Value = Json> {
    let stages = vec!["Open", "Review", "Held", "Done"];
    let action = (subsequence(stages, 1..3), vec(any_requirement(), 0..4), vec(any_step(), 0..4));
    vec(action, 2..6).prop_map(|actions| {
        let named = actions.into_iter().enumerate();
        named
            .map(|(index, (from, requirements, steps))| {
                json!({ "name": format!("Action {index}"), "from": from, "requirements": requirements, "steps": steps })
            })
            .collect()
    })
}

fn any_role() -> impl Strategy<Value = Json> {
    let assigning = select(vec!["anyone", "self", "nobody"]);
    let right = select(vec!["hidden", "read_only", "editable"]);
    (any::<bool>(), select(vec!["all", "assigned"]), assigning, option::of(Just(json!(["Action 0"]))), right).prop_map(
        |(edit, visibility, assigning, actions, right)| {
            let mut role = json!({ "name": "Narrow", "tasks": { "edit": edit }, "visibility": visibility, "assigning": assigning,
                "fields": { "Plan": right } });
            if let Some(actions) = actions {
                role["actions"] = actions;
            }
            role
        },
    )
}

fn any_values() -> impl Strategy<Value = Json> {
    let values = vec![
        ("Name", json!("Ann")),
        ("Amount", json!(6)),
        ("Plan", json!("Free")),
        ("Tags", json!(["Red"])),
        ("Due", json!("2026-11-22")),
        ("Paid", json!(true)),
        ("Owner", json!("bob@example.com")),
        ("Email", json!("a@example.com")),
    ];
    let names = subsequence(values, 0..8);
    names.prop_map(|values| values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Json>>().into())
}

proptest! {
    #![proptest_config(laws())]

    /// What is explained is what is answered, and each way that is told is one.
    #[test]
    fn an_action_is_refused_as_explained_and_opened_by_every_way(
        actions in any_actions(),
        narrow in any_role(),
        values in any_values(),
        stage in select(vec!["Open", "Review", "Held", "Done"]),
        assignee in option::of(select(vec![ANN, BOB])),
        performer in select(vec![Actor::ApiKey(id(KEY)), Actor::User(id(ANN)), Actor::User(id(BOB)), Actor::User(id(CY)), Actor::User(id(DAN))]),
        role in option::of(select(vec!["Narrow", "Reader", "Collaborator"])),
    ) {
        let (workspace, workflow) = place(&actions, &narrow);
        let mut task = task(&workflow, &workspace, stage, &values);
        task.assignee = assignee.map(id);
        let key = role.map_or(Access::Everything, |role| access::of_role_named(&workflow, role).expect("a role"));
        let ask = Ask::new(scene(&workspace, &workflow, &task, performer), key, Vec::new(), None);
        let reached = ask.reach();
        for action in &workflow.actions {
            let explained = explain(&ask.scene, action, Ok(()), &mut Walk { checklist: &[], guessed: false });
            let answered = accept(&ask.scene, action, Ok(()), &mut Walk { checklist: &[], guessed: false }).err().unwrap_or_default();
            // Of permission and stage the first; or else all that is required and not there.
            let first = explained.reasons.first().map_or(&explained.errors[..], std::slice::from_ref);
            prop_assert_eq!(&answered[..], first, "{}", &action.name);
            let ways = ask.ways(&reached, action);
            if explained.is_available() && key.may_take(action) {
                prop_assert_eq!(ways.first().map(|way| way.moves.len()), Some(0), "{}", &action.name);
            }
            for way in &ways {
                let walked = walk(&ask, action, way);
                prop_assert!(walked.is_ok(), "{}: {}\n{:?}\n{:?}", action.name, way.sentence(&ask), way, walked);
            }
        }
    }
}

/// Stages that lie behind others by what the actions' steps say alone.
fn behind(workflow: &Workflow, start: Id) -> BTreeSet<Id> {
    let mut found = BTreeSet::from([start]);
    while let Some(next) = workflow.actions.iter().find_map(|action| {
        let last = action.steps.iter().rev().find_map(|step| match &step.kind {
            crate::workflow::StepKind::MoveToStage { stage } => Some(stage.id),
            _ => None,
        })?;
        (action.from.iter().any(|stage| found.contains(stage)) && !found.contains(&last)).then_some(last)
    }) {
        found.insert(next);
    }
    found
}

proptest! {
    #![proptest_config(laws())]

    /// Where only what can always be done is required, there is a way whenever a chain of actions leads there.
    #[test]
    fn what_can_be_opened_is_opened(
        actions in vec((subsequence(vec!["Open", "Review", "Held", "Done"], 1..3), subsequence(vec![
            json!({ "require": "fields", "fields": ["Name", "Plan", "Due"] }),
            json!({ "require": "checklist" }),
            json!({ "require": "assigned" }),
            json!({ "require": "assigned", "to": "performer" }),
            json!({ "require": "condition", "condition": rule("Plan", "in", &json!(["Team"])), "message": "Not so" }),
            json!({ "require": "condition", "condition": rule("Amount", "between", &json!([5, 7])), "message": "Not so" }),
        ], 0..=6), option::of(select(vec!["Open", "Review", "Held", "Done"]))), 2..6),
        stage in select(vec!["Open", "Review", "Held", "Done"]),
        values in any_values(),
    ) {
        let named = actions.into_iter().enumerate().map(|(index, (from, requirements, to))| {
            let steps: Vec<Json> = to.into_iter().map(|stage| json!({ "do": "move_to_stage", "stage": stage })).collect();
            json!({ "name": format!("Action {index}"), "from": from, "requirements": requirements, "steps": steps })
        });
        let (workspace, workflow) = place(&named.collect(), &json!({ "name": "Narrow" }));
        let task = task(&workflow, &workspace, stage, &values);
        let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::User(id(DAN))), Access::Everything, Vec::new(), None);
        let (reached, behind) = (ask.reach(), behind(&workflow, task.stage));
        for action in &workflow.actions {
            let can = action.from.iter().any(|stage| behind.contains(stage));
            let ways = ask.ways(&reached, action);
            prop_assert_eq!(!ways.is_empty(), can, "{}", action.name);
            prop_assert!(ways.iter().all(|way| way.certain));
        }
    }
}

/// The ways to open Approve as they are told.
fn told(requirements: &Json, stage: &str, values: &Json, performer: Actor) -> Vec<String> {
    let actions = json!([
        { "name": "Approve", "from": ["Review"], "requirements": requirements, "steps": [] },
        { "name": "Submit", "from": ["Open", "Held"], "requirements": [{ "require": "fields", "fields": ["Name"] }],
          "steps": [{ "do": "move_to_stage", "stage": "Review" }] },
        { "name": "Reopen", "from": ["Done"], "steps": [{ "do": "move_to_stage", "stage": "Open" }] },
    ]);
    let narrow = json!({ "name": "Narrow", "actions": ["Submit"], "fields": { "Plan": "read_only" } });
    let (workspace, workflow) = place(&actions, &narrow);
    let task = task(&workflow, &workspace, stage, values);
    let ask = Ask::new(scene(&workspace, &workflow, &task, performer), Access::Everything, Vec::new(), None);
    ask.ways(&ask.reach(), &workflow.actions[0]).iter().map(|way| way.sentence(&ask)).collect()
}

#[test]
fn ways_are_told_for_whoever_asks() {
    let (ann, bob) = (Actor::User(id(ANN)), Actor::User(id(BOB)));
    let condition = |field: &str, operator: &str, value: Json| json!([{ "require": "condition", "condition": rule(field, operator, &value), "message": "Not so" }]);
    let none = json!({});
    for (name, requirements, stage, values, performer, first) in [
        (
            "fields",
            json!([{ "require": "fields", "fields": ["Name", "Plan"] }]),
            "Review",
            &none,
            ann,
            "Set Name (a text) and Plan (Free, Pro or Team).",
        ),
        ("checklist", json!([{ "require": "checklist" }]), "Review", &none, ann, "Complete or skip Read."),
        ("assigned", json!([{ "require": "assigned" }]), "Review", &none, ann, "Assign the task to somebody."),
        ("to you", json!([{ "require": "assigned", "to": "performer" }]), "Review", &none, ann, "Assign the task to yourself."),
        ("an option", condition("Plan", "=", json!("Pro")), "Review", &none, ann, "Set Plan to Pro."),
        ("a number", condition("Amount", ">", json!(100)), "Review", &none, ann, "Set Amount to 101."),
        ("another number", condition("Amount", "<=", json!(100)), "Review", &json!({ "Amount": 200 }), ann, "Change Amount to 100."),
        (
            "two fields",
            json!([{ "require": "fields", "fields": ["Name"] }, { "require": "condition", "condition": rule("Plan", "=", &json!("Pro")), "message": "Not so" }]),
            "Review",
            &json!({ "Plan": "Free" }),
            ann,
            "Set Name (a text), and change Plan to Pro.",
        ),
        (
            "a text",
            condition("Name", "beginsWith", json!("Dr.")),
            "Review",
            &none,
            ann,
            "Set Name to something like \"dr.\". Whether that is enough can't be known beforehand.",
        ),
        ("no right", json!([]), "Review", &none, bob, "Let ann@example.com, cy@example.com or dan@example.com take it."),
        ("another stage", json!([]), "Open", &none, ann, "Set Name (a text). Take Submit, which leads to Review."),
        (
            "two stages away",
            json!([{ "require": "checklist" }]),
            "Done",
            &json!({ "Name": "x" }),
            ann,
            "Take Reopen, which leads to Open. Take Submit, which leads to Review. Complete or skip Read.",
        ),
        (
            "a duty of somebody else",
            json!([{ "require": "performer", "not": ["creator"] }, { "require": "assigned", "to": "performer" }]),
            "Review",
            &none,
            Actor::ApiKey(id(KEY)),
            "Assign the task to ann@example.com. Let ann@example.com take it.",
        ),
    ] {
        let told = told(&requirements, stage, values, performer);
        assert_eq!(told.first().map(String::as_str), Some(first), "{name}: {told:?}");
    }
}

/// Who pays wants the task approved, not its amount cut.
#[test]
fn a_way_that_leaves_what_is_written_comes_before_a_shorter_one() {
    let small = json!({ "require": "condition", "condition": rule("Amount", "<=", &json!(500)), "message": "Too much" });
    let done = json!([{ "do": "move_to_stage", "stage": "Done" }]);
    let actions = json!([
        { "name": "Pay", "from": ["Held"], "steps": [] },
        { "name": "Approve", "from": ["Open"], "requirements": [small], "steps": [{ "do": "move_to_stage", "stage": "Held" }] },
        { "name": "Ask", "from": ["Open"], "steps": [{ "do": "move_to_stage", "stage": "Review" }] },
        { "name": "Approve above", "from": ["Review"], "steps": [{ "do": "move_to_stage", "stage": "Held" }] },
        { "name": "Close", "from": ["Open", "Review"], "requirements": [small], "steps": done },
        { "name": "Note", "from": ["Review", "Held"], "steps": [] },
    ]);
    let (workspace, workflow) = place(&actions, &json!({ "name": "Narrow" }));
    for (amount, pay, close) in [
        (600, "Take Ask, which leads to Review. Take Approve above, which leads to Held.", "Change Amount to 500."),
        (400, "Take Approve, which leads to Held.", ""),
    ] {
        let task = task(&workflow, &workspace, "Open", &json!({ "Amount": amount }));
        let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::User(id(ANN))), Access::Everything, Vec::new(), None);
        let told = |action: usize| ask.ways(&ask.reach(), &workflow.actions[action])[0].sentence(&ask);
        assert_eq!((told(0).as_str(), told(4).as_str()), (pay, close));
        // Through different stages, but not through one on to the other.
        let ways: Vec<String> = ask.ways(&ask.reach(), &workflow.actions[5]).iter().map(|way| way.sentence(&ask)).collect();
        let by_approving = (amount == 400).then_some("Take Approve, which leads to Held.");
        assert_eq!(ways, by_approving.into_iter().chain(["Take Ask, which leads to Review."]).collect::<Vec<&str>>());
    }
}

/// A key of the role Narrow, from which `hidden` is hidden.
fn told_to_narrow(hidden: &str, actions: &Json, values: &Json, performer: i64) -> Vec<(String, bool)> {
    let (workspace, workflow) = place(actions, &json!({ "name": "Narrow", "fields": { hidden: "hidden" } }));
    let task = task(&workflow, &workspace, "Open", values);
    let key = access::of_role_named(&workflow, "Narrow").expect("a role");
    let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::User(id(performer))), key, Vec::new(), None);
    ask.ways(&ask.reach(), &workflow.actions[0]).iter().map(|way| (way.sentence(&ask), way.certain)).collect()
}

#[test]
fn no_way_tells_what_is_hidden() {
    let compared = |field: &str, operator: &str, with: &str| {
        json!({ "require": "condition", "message": "Not so", "condition":
        { "combinator": "and", "rules": [{ "field": field, "operator": operator, "valueSource": "field", "value": with }] } })
    };
    let values = json!({ "Name": "s3cr3t", "Email": "a@example.com", "Owner": "bob@example.com" });
    let beside = json!([{ "name": "Approve", "from": ["Open"], "steps": [], "requirements": [compared("Name", "=", "Fixed")] }]);
    let copied = json!([
        { "name": "Approve", "from": ["Review"], "steps": [], "requirements": [compared("Fixed", "=", "Email"),
            { "require": "condition", "message": "Not so", "condition": rule("Fixed", "endsWith", &json!("!")) }] },
        { "name": "Copy", "from": ["Open"], "steps": [
            { "do": "update_data", "set": { "Fixed": "{{Name}}" } },
            { "do": "update_data", "set": { "Email": "{{Fixed}}@example.com" } },
            { "do": "assign_to", "field": "Owner" },
            { "do": "move_to_stage", "stage": "Review" },
        ] },
    ]);
    let assigned = json!([
        { "name": "Approve", "from": ["Review"], "steps": [], "requirements": [{ "require": "assigned" }, { "require": "performer", "not": ["assignee"] }] },
        copied[1],
    ]);
    let fixed = json!({ "Fixed": "s3cr3t" });
    for (hidden, actions, values) in [("Fixed", &beside, &fixed), ("Name", &copied, &values), ("Owner", &assigned, &values)] {
        for performer in [ANN, BOB, DAN] {
            for (text, certain) in told_to_narrow(hidden, actions, values, performer) {
                assert!(!text.contains("s3cr3t"), "{text}");
                assert!(!certain, "{text}");
            }
        }
    }
}

#[test]
fn what_hangs_on_other_tasks_is_not_certain() {
    let ways = |steps: Json| {
        let requirements = json!([{ "require": "assigned", "to": "performer" }]);
        let actions = json!([
            { "name": "Approve", "from": ["Review"], "steps": [], "requirements": requirements },
            { "name": "Share out", "from": ["Open"], "steps": steps },
        ]);
        let (workspace, workflow) = place(&actions, &json!({ "name": "Narrow" }));
        let task = task(&workflow, &workspace, "Open", &json!({}));
        let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::User(id(ANN))), Access::Everything, Vec::new(), None);
        ask.ways(&ask.reach(), &workflow.actions[0]).iter().map(|way| way.certain).collect::<Vec<bool>>()
    };
    let moves = json!({ "do": "move_to_stage", "stage": "Review" });
    let shared = |with: Json| json!([{ "do": "assign_to", "round_robin": with }, moves]);
    assert_eq!(ways(shared(json!(["ann@example.com", "bob@example.com"]))), [false]);
    assert_eq!(ways(shared(json!(["ann@example.com"]))), [true]);
}

/// However hard the conditions, and however many would try.
#[test]
fn no_workflow_is_searched_for_long() {
    let select = |field: &str| rule(field, "notNull", &Json::Null);
    let old = rule("Created On", "<", &json!("2000-01-01"));
    let rules: Vec<Json> = ["Name", "Amount", "Tags", "Due", "Owner", "Plan"].map(select).into_iter().chain([old]).collect();
    let hard = json!({ "require": "condition", "message": "Not so", "condition": { "combinator": "and", "rules": rules } });
    let mut actions = vec![json!({ "name": "Easy", "from": ["Open"], "steps": [], "requirements": [{ "require": "assigned" }] })];
    actions.extend((0..100).map(|index| {
        json!({ "name": format!("Hard {index}"), "from": ["Open"], "requirements": [hard], "steps": [{ "do": "move_to_stage", "stage": "Held" }] })
    }));
    let (workspace, workflow) = place(&actions.into(), &json!({ "name": "Narrow" }));
    let task = task(&workflow, &workspace, "Open", &json!({}));
    let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::User(id(ANN))), Access::Everything, Vec::new(), None);
    let easy = &workflow.actions[0];
    assert_eq!(ask.ways(&ask.reach(), easy).len(), 0);
    assert_eq!(ask.tries_left.get(), 0);
}

#[test]
fn where_nothing_helps_nothing_is_told() {
    let never = json!([{ "require": "condition", "condition": rule("Stage", "=", &json!("Done")), "message": "Not so" }]);
    assert_eq!(told(&never, "Review", &json!({}), Actor::User(id(ANN))), Vec::<String>::new());
}

/// A way would be what the hidden field holds: the number to stay below, the name to match, the person who must act.
#[test]
fn what_is_compared_with_a_hidden_field_is_not_told() {
    let with = |field: &str, operator: &str| json!({ "field": field, "operator": operator, "value": "Amount", "valueSource": "field" });
    let current_user = json!({ "field": "Owner", "operator": "=", "valueSource": "currentUser" });
    let assignee = json!({ "field": "Assigned To", "operator": "=", "value": "Owner", "valueSource": "field" });
    let action = |name: &str, rule: Json| {
        let condition = json!({ "combinator": "and", "rules": [rule] });
        let requirements = json!([{ "require": "condition", "condition": condition, "message": "Not so" }]);
        json!({ "name": name, "from": ["Review"], "requirements": requirements, "steps": [] })
    };
    let actions = json!([action("Compare", with("Limit", "<")), action("Own", current_user), action("Match", assignee)]);
    let narrow = json!({ "name": "Narrow", "fields": { "Amount": "hidden", "Owner": "hidden" } });
    let (workspace, workflow) = place(&actions, &narrow);
    let task = task(&workflow, &workspace, "Review", &json!({ "Limit": 9, "Amount": 5, "Owner": "bob@example.com" }));
    let sentences = |key: Access<'_>| {
        let ask = Ask::new(scene(&workspace, &workflow, &task, Actor::ApiKey(id(KEY))), key, Vec::new(), None);
        let reached = ask.reach();
        let ways = workflow.actions.iter().flat_map(|action| ask.ways(&reached, action));
        ways.map(|way| way.sentence(&ask)).collect::<Vec<_>>().join(" ")
    };
    let all = sentences(Access::Everything);
    assert!(all.contains("Change Limit to 4.") && all.contains("Let bob@example.com take it."), "{all}");
    assert_eq!(sentences(access::of_role_named(&workflow, "Narrow").expect("a role")), "");
}
