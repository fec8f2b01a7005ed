//! Tables over one small workflow: what is accepted, and what each step does. Steps that leave the program have files of their own.

mod answers;
mod bed;
mod dry_runs;
mod quotes;
mod rendering;
mod resuming;
mod retries;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::{
    option,
    sample::{select, subsequence},
};
use serde_json::json;

use self::bed::whole;
use super::*;
use crate::checklist::{ItemStatus, OwnItem};
use crate::condition::{Column, Comparable, Condition, Operand, Operator, Rule, Scene};
use crate::fixtures::laws;
use crate::people::{User, UserState, Workspace};
use crate::refusal::Refusal;
use crate::task::Task;
use crate::template::{Part, Template};
use crate::value::Value;
use crate::workflow::*;

fn id(n: i64) -> Id {
    Id::from_i64(n).unwrap()
}

const OPEN: i64 = 1;
const DONE: i64 = 2;
const NAME: i64 = 11;
const TAGS: i64 = 12;
const COUNT: i64 = 13;
const OWNER: i64 = 14;
const ACTION: i64 = 21;
const OTHER_ACTION: i64 = 22;
const HARRY: i64 = 31;
const RON: i64 = 32;
const GONE: i64 = 33;
const ADMIN: i64 = 34;
const WORKFLOW: i64 = 41;
const KEY: i64 = 51;
const REVIEWER: i64 = 61;
const NARROW: i64 = 62;
const TEMPLATE_ITEM: i64 = 71;
const OWN_ITEM: i64 = 72;

fn workspace() -> Workspace {
    let user = |n, email: &str, admin, state| User {
        id: id(n),
        email: email.into(),
        first_name: String::new(),
        last_name: String::new(),
        admin,
        state,
    };
    let users = vec![
        user(HARRY, "harry@hogwarts.edu", false, UserState::Active),
        user(RON, "ron@hogwarts.edu", false, UserState::Invited),
        user(GONE, "gone@hogwarts.edu", false, UserState::Deactivated),
        user(ADMIN, "admin@hogwarts.edu", true, UserState::Active),
    ];
    let collaborators =
        vec![(id(WORKFLOW), id(HARRY), id(REVIEWER)), (id(WORKFLOW), id(RON), id(NARROW)), (id(WORKFLOW), id(GONE), id(REVIEWER))];
    Workspace::new(id(1), "Hogwarts".into(), jiff::tz::TimeZone::UTC, None, users, collaborators)
}

fn workflow(requirements: Vec<Requirement>, steps: Vec<StepKind>) -> Workflow {
    let field = |n, name: &str, kind| Field { id: id(n), name: name.into(), required: n == NAME, editable: true, kind };
    let option = |n, name: &str| SelectOption { id: id(n), name: name.into(), color: None };
    let action = |n, name: &str, requirements, steps: Vec<StepKind>| Action {
        id: id(n),
        name: name.into(),
        color: "green".into(),
        from: vec![id(OPEN)],
        requirements,
        steps: steps.into_iter().map(|kind| Step { when: None, kind }).collect(),
        ask: Vec::new(),
        needs_quote: false,
    };
    let stage = |n, name: &str, end| Stage { id: id(n), name: name.into(), color: "gray".into(), end, checklist: Vec::new() };
    let mut first = stage(OPEN, "Open", false);
    first.checklist = vec![TemplateItem { id: id(TEMPLATE_ITEM), section: None, title: "Look".into() }];
    let role = |n, name: &str, rights| Role { id: id(n), name: name.into(), admin: false, rights };
    Workflow {
        id: id(WORKFLOW),
        revision: 1,
        name: "Test".into(),
        icon: None,
        singular: "Task".into(),
        plural: "Tasks".into(),
        stage_by_api: true,
        fields: vec![
            field(NAME, "Name", FieldKind::Text),
            field(TAGS, "Tags", FieldKind::MultipleSelect { options: vec![option(81, "a"), option(82, "b")] }),
            field(COUNT, "Count", FieldKind::Number),
            field(OWNER, "Owner", FieldKind::Person),
        ],
        stages: vec![first, stage(DONE, "Done", true)],
        actions: vec![action(ACTION, "Approve", requirements, steps), action(OTHER_ACTION, "Prepare", Vec::new(), Vec::new())],
        roles: vec![
            role(REVIEWER, "Reviewer", Rights::collaborator()),
            role(NARROW, "Narrow", Rights { assigned_only: true, actions: Some(vec![id(OTHER_ACTION)]), ..Rights::collaborator() }),
        ],
    }
}

fn task() -> Task {
    Task {
        id: id(100),
        workflow: id(WORKFLOW),
        stage: id(OPEN),
        assignee: None,
        values: BTreeMap::new(),
        version: 1,
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
        created_by: Actor::ApiKey(id(KEY)),
        performers: BTreeMap::new(),
    }
}

#[derive(Default)]
struct Known {
    checklist: Vec<StoredItem>,
    active: Vec<(i64, i64)>,
}

impl Look for Known {
    fn checklist(&mut self) -> Vec<StoredItem> {
        self.checklist.clone()
    }

    fn unique_id_taken(&mut self, _: &str) -> bool {
        false
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        users.iter().map(|user| self.active.iter().find(|(of, _)| id(*of) == *user).map_or(0, |(_, count)| *count)).collect()
    }
}

fn scene<'a>(workspace: &'a Workspace, workflow: &'a Workflow, task: &'a Task, performer: Actor) -> Scene<'a> {
    Scene { workspace, workflow, task, performer, now: Timestamp::from_micros(0), public_url: "http://localhost" }
}

fn text(text: &str) -> Template {
    Template { parts: vec![Part::Text(text.into())] }
}

fn begins_with(field: i64, start: &str) -> Condition {
    let operand = Operand::Values(vec![Comparable::Value(Value::Text(start.into()))]);
    Condition::Rule(Rule { column: Column::Field(id(field)), operator: Operator::BeginsWith, operand })
}

fn item(n: i64, status: ItemStatus, own: bool) -> StoredItem {
    let own = own.then(|| OwnItem { stage: id(OPEN), title: "Own".into() });
    StoredItem { id: id(n), status, assignee: None, own }
}

#[test]
fn the_documented_messages_in_their_order() {
    let workflow = workflow(
        vec![
            Requirement::Condition { condition: begins_with(NAME, "Dr."), message: "Name must include honorable prefix".into() },
            Requirement::Assigned { to_performer: false },
            Requirement::Confirmation,
            Requirement::Checklist,
            Requirement::Fields(vec![id(NAME), id(COUNT)]),
            Requirement::Performer { not: vec![NotPerformer::Creator] },
        ],
        Vec::new(),
    );
    let (workspace, task) = (workspace(), task());
    let refused = accept(&scene(&workspace, &workflow, &task, Actor::ApiKey(id(KEY))), &workflow.actions[0], Ok(()), &mut Known::default())
        .unwrap_err();
    let told: Vec<String> = refused.iter().map(Refusal::to_string).collect();
    let expected = [
        "Name is required",
        "Count is required",
        "Checklist must be completed",
        "Must be assigned",
        "Must be done by somebody else",
        "Name must include honorable prefix",
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_requirement_holds_when_it_should() {
    use ItemStatus::{Blank, Completed, Skipped};
    let harry = Actor::User(id(HARRY));
    let key = Actor::ApiKey(id(KEY));
    let set = |task: &mut Task, change: &dyn Fn(&mut Task)| change(task);
    let not = |who| vec![Requirement::Performer { not: vec![who] }];
    let checklist = || vec![Requirement::Checklist];
    type Row<'a> = (&'a str, Vec<Requirement>, Box<dyn Fn(&mut Task)>, Vec<StoredItem>, Actor, bool);
    let rows: Vec<Row<'_>> = vec![
        ("blank field", vec![Requirement::Fields(vec![id(NAME)])], Box::new(|_| {}), vec![], harry, false),
        (
            "field set",
            vec![Requirement::Fields(vec![id(NAME)])],
            Box::new(|t| drop(t.values.insert(id(NAME), Value::Text("x".into())))),
            vec![],
            harry,
            true,
        ),
        ("nothing ticked", checklist(), Box::new(|_| {}), vec![], harry, false),
        ("ticked", checklist(), Box::new(|_| {}), vec![item(TEMPLATE_ITEM, Completed, false)], harry, true),
        ("skipped", checklist(), Box::new(|_| {}), vec![item(TEMPLATE_ITEM, Skipped, false)], harry, true),
        (
            "own item open",
            checklist(),
            Box::new(|_| {}),
            vec![item(TEMPLATE_ITEM, Completed, false), item(OWN_ITEM, Blank, true)],
            harry,
            false,
        ),
        (
            "stage without items",
            checklist(),
            Box::new(|t| t.stage = id(OPEN)),
            vec![item(TEMPLATE_ITEM, Completed, false), item(OWN_ITEM, Skipped, true)],
            harry,
            true,
        ),
        ("unassigned", vec![Requirement::Assigned { to_performer: false }], Box::new(|_| {}), vec![], harry, false),
        ("assigned", vec![Requirement::Assigned { to_performer: false }], Box::new(|t| t.assignee = Some(id(RON))), vec![], harry, true),
        ("to another", vec![Requirement::Assigned { to_performer: true }], Box::new(|t| t.assignee = Some(id(RON))), vec![], harry, false),
        (
            "to performer",
            vec![Requirement::Assigned { to_performer: true }],
            Box::new(|t| t.assignee = Some(id(HARRY))),
            vec![],
            harry,
            true,
        ),
        ("no person", vec![Requirement::Assigned { to_performer: true }], Box::new(|_| {}), vec![], key, false),
        ("creator", not(NotPerformer::Creator), Box::new(|t| t.created_by = Actor::User(id(HARRY))), vec![], harry, false),
        ("not creator", not(NotPerformer::Creator), Box::new(|_| {}), vec![], harry, true),
        ("assignee", not(NotPerformer::Assignee), Box::new(|t| t.assignee = Some(id(HARRY))), vec![], harry, false),
        ("nobody assigned, no person", not(NotPerformer::Assignee), Box::new(|_| {}), vec![], key, true),
        (
            "took it last",
            not(NotPerformer::Action(id(OTHER_ACTION))),
            Box::new(move |t| {
                t.performers.insert(id(OTHER_ACTION), Actor::User(id(HARRY)));
            }),
            vec![],
            harry,
            false,
        ),
        (
            "another took it",
            not(NotPerformer::Action(id(OTHER_ACTION))),
            Box::new(move |t| {
                t.performers.insert(id(OTHER_ACTION), Actor::User(id(RON)));
            }),
            vec![],
            harry,
            true,
        ),
    ];
    for (name, requirements, change, checklist, performer, holds) in rows {
        let (workspace, workflow, mut task) = (workspace(), workflow(requirements, Vec::new()), task());
        set(&mut task, &*change);
        let accepted = accept(
            &scene(&workspace, &workflow, &task, performer),
            &workflow.actions[0],
            Ok(()),
            &mut Known { checklist, ..Known::default() },
        );
        assert_eq!(accepted.is_ok(), holds, "{name}: {accepted:?}");
    }
}

#[test]
fn permission_comes_before_stage_and_stage_before_requirements() {
    let workflow = workflow(vec![Requirement::Assigned { to_performer: false }], Vec::new());
    let workspace = workspace();
    let mut done = task();
    done.stage = id(DONE);
    let told = |task: &Task, performer| {
        accept(&scene(&workspace, &workflow, task, performer), &workflow.actions[0], Ok(()), &mut Known::default()).unwrap_err()
    };
    let mut rons = done.clone();
    rons.assignee = Some(id(RON));
    assert_eq!(told(&rons, Actor::User(id(RON)))[0].to_string(), "ron@hogwarts.edu may not perform Approve");
    assert_eq!(told(&done, Actor::User(id(RON)))[0].to_string(), "Task not found");
    assert_eq!(told(&done, Actor::User(id(GONE)))[0].to_string(), "gone@hogwarts.edu is not a user of this workflow");
    assert_eq!(told(&done, Actor::User(id(HARRY)))[0].to_string(), "Approve cannot be taken in Done");
    assert_eq!(told(&task(), Actor::User(id(ADMIN)))[0].to_string(), "Must be assigned");
}

proptest! {
    #![proptest_config(laws())]

    /// One source of truth: accepting tells the first kind of what explaining tells, and all of it.
    #[test]
    fn what_is_explained_first_is_what_refuses(
        requirements in subsequence(every_requirement(), 0..=6),
        done in any::<bool>(),
        name in option::of(select(&["x", "Dr. x"][..])),
        assignee in option::of(select(&[HARRY, RON][..])),
        performer in select(performers()),
        ticked in any::<bool>(),
        unset in any::<bool>(),
    ) {
        let (workspace, workflow, mut task) = (workspace(), workflow(requirements, Vec::new()), task());
        task.stage = if done { id(DONE) } else { id(OPEN) };
        task.assignee = assignee.map(id);
        task.values.extend(name.map(|name| (id(NAME), Value::Text(name.into()))));
        let checklist: Vec<StoredItem> = ticked.then(|| item(TEMPLATE_ITEM, ItemStatus::Completed, false)).into_iter().collect();
        let given = if unset { Err(vec![Refusal::IsInvalid]) } else { Ok(()) };
        let (scene, action) = (scene(&workspace, &workflow, &task, performer), &workflow.actions[0]);
        let look = || Known { checklist: checklist.clone(), ..Known::default() };
        let explained = explain(&scene, action, given.clone(), &mut look());
        let accepted = accept(&scene, action, given, &mut look());
        prop_assert_eq!(explained.is_available(), accepted.is_ok());
        let first = match (explained.reasons.first(), unset) {
            (Some(reason), _) => std::slice::from_ref(reason),
            (None, true) => &explained.errors[..1],
            (None, false) => &explained.errors[..],
        };
        prop_assert_eq!(&accepted.err().unwrap_or_default()[..], first);
    }
}

fn performers() -> Vec<Actor> {
    let users = [HARRY, RON, GONE, ADMIN].map(|user| Actor::User(id(user)));
    users.into_iter().chain([Actor::ApiKey(id(KEY))]).collect()
}

fn every_requirement() -> Vec<Requirement> {
    vec![
        Requirement::Fields(vec![id(NAME), id(COUNT)]),
        Requirement::Checklist,
        Requirement::Assigned { to_performer: false },
        Requirement::Assigned { to_performer: true },
        Requirement::Performer { not: vec![NotPerformer::Creator, NotPerformer::Assignee] },
        Requirement::Condition { condition: begins_with(NAME, "Dr."), message: "Not a doctor".into() },
    ]
}

fn run_steps(steps: Vec<StepKind>, task: Option<Task>, performer: Actor, known: &mut Known) -> Ran {
    let (workspace, workflow) = (workspace(), workflow(Vec::new(), steps));
    let mut current = workflow.clone();
    current.stages.push(Stage { id: id(3), name: "Hold".into(), color: "gray".into(), end: false, checklist: Vec::new() });
    // The task may be gone by now.
    let accepted = self::task();
    let execution = Execution::new(id(200), &scene(&workspace, &workflow, &accepted, performer), &workflow.actions[0]);
    let input = Run {
        execution: &execution,
        pinned: &workflow,
        current: &current,
        workspace: &workspace,
        task,
        resume: Resume::Begin,
        now: Timestamp::from_micros(5),
        public_url: "",
        mail_from: None,
        jitter: 0.5,
    };
    run(input, known)
}

fn errors(ran: &Ran) -> Vec<String> {
    match &ran.next {
        Next::Finished(Status::Fail { errors, .. }) => whole(errors),
        other => panic!("{other:?}"),
    }
}

fn reference(n: i64, name: &str) -> FieldRef {
    FieldRef { id: id(n), name: name.into() }
}

fn option(n: i64, name: &str) -> OptionRef {
    OptionRef { id: id(n), name: name.into() }
}

fn stage_reference(n: i64, name: &str) -> StageRef {
    StageRef { id: id(n), name: name.into() }
}

#[test]
fn steps_run_in_order_and_stop_at_the_first_that_fails() {
    let steps = vec![
        StepKind::UpdateData(vec![(reference(NAME, "Name"), Update::Text(text("Dr. Who")))]),
        StepKind::NoEffect { name: "email".into() },
        StepKind::AddComment { text: text("Hello") },
        StepKind::AssignTo(AssignTo::Performer),
        StepKind::MoveToStage { stage: stage_reference(DONE, "Done") },
    ];
    let ran = run_steps(steps.clone(), Some(task()), Actor::ApiKey(id(KEY)), &mut Known::default());
    assert_eq!(errors(&ran), ["Performed by API, not by a person"]);
    let statuses: Vec<StepStatus> = ran.steps.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [StepStatus::Success, StepStatus::Skipped, StepStatus::Success, StepStatus::Fail, StepStatus::Pending]);
    let after = ran.task.unwrap().1;
    assert_eq!(after.values[&id(NAME)], Value::Text("Dr. Who".into()), "what earlier steps did stays");
    assert_eq!((after.stage, after.performers.len()), (id(OPEN), 0), "nothing after a failed step runs");
    assert_eq!(ran.comments, ["Hello"]);

    let ran = run_steps(steps, Some(task()), Actor::User(id(HARRY)), &mut Known::default());
    let after = ran.task.unwrap().1;
    assert_eq!((after.stage, after.assignee), (id(DONE), Some(id(HARRY))));
    assert_eq!(after.performers[&id(ACTION)], Actor::User(id(HARRY)));
    assert!(matches!(ran.next, Next::Finished(Status::Success { .. })));
}

#[test]
fn what_a_step_refuses() {
    let update = |n, name: &str, update| StepKind::UpdateData(vec![(reference(n, name), update)]);
    let rows: Vec<(StepKind, &str)> = vec![
        (StepKind::MoveToStage { stage: stage_reference(9, "Review") }, "Stage Review no longer exists"),
        (StepKind::AssignTo(AssignTo::User("gone@hogwarts.edu".into())), "gone@hogwarts.edu is not a user of this workflow"),
        (StepKind::AssignTo(AssignTo::User("new@hogwarts.edu".into())), "new@hogwarts.edu is not a user of this workflow"),
        (StepKind::AssignTo(AssignTo::PersonIn(reference(9, "Boss"))), "Field Boss no longer exists"),
        (StepKind::AssignTo(AssignTo::RoundRobin(vec!["gone@hogwarts.edu".into()])), "Nobody is left to assign to"),
        (update(9, "Size", Update::Clear), "Field Size no longer exists"),
        (update(COUNT, "Count", Update::Text(text("many"))), "Count is invalid"),
        (update(COUNT, "Count", Update::Json(json!(true))), "Count is invalid"),
        (update(TAGS, "Tags", Update::Add(vec![option(9, "z")])), "Option z no longer exists"),
        (StepKind::AddComment { text: text("  ") }, "Comment is required"),
    ];
    for (step, message) in rows {
        let ran = run_steps(vec![step], Some(task()), Actor::User(id(HARRY)), &mut Known::default());
        assert_eq!(errors(&ran), [message]);
        assert_eq!(ran.task, Some((task(), task())), "{message}: nothing half done");
    }
}

#[test]
fn an_update_sets_all_of_its_fields_or_none() {
    let updates = vec![
        (reference(NAME, "Name"), Update::Text(text("Dr. Who"))),
        (reference(COUNT, "Count"), Update::Text(text("x"))),
        (reference(TAGS, "Tags"), Update::Add(vec![option(9, "c")])),
    ];
    let ran = run_steps(vec![StepKind::UpdateData(updates)], Some(task()), Actor::User(id(HARRY)), &mut Known::default());
    assert_eq!(errors(&ran), ["Count is invalid", "Option c no longer exists"]);
    assert!(ran.task.unwrap().1.values.is_empty());
}

#[test]
fn options_and_counts_change_by_what_is_there() {
    let step = |update, n, name: &str| StepKind::UpdateData(vec![(reference(n, name), update)]);
    let steps = vec![
        step(Update::Add(vec![option(82, "b"), option(81, "was a"), option(82, "b")]), TAGS, "Tags"),
        step(Update::Remove(vec![option(82, "b")]), TAGS, "Tags"),
        step(Update::Increment("1.5".parse().unwrap()), COUNT, "Count"),
        step(Update::Increment("-0.5".parse().unwrap()), COUNT, "Count"),
    ];
    let after = run_steps(steps, Some(task()), Actor::User(id(HARRY)), &mut Known::default()).task.unwrap().1;
    assert_eq!(after.values[&id(TAGS)], Value::Options(vec![id(81)]));
    assert_eq!(after.values[&id(COUNT)], Value::Decimal("1".parse().unwrap()));
    let emptied = run_steps(
        vec![step(Update::Remove(vec![option(81, "a")]), TAGS, "Tags")],
        Some(after),
        Actor::User(id(HARRY)),
        &mut Known::default(),
    );
    assert!(!emptied.task.unwrap().1.values.contains_key(&id(TAGS)), "no option left is blank");
}

#[test]
fn an_increment_is_exact_or_refused() {
    let increment = |start: &str, by: &str| {
        let mut task = task();
        task.values.insert(id(COUNT), Value::Decimal(start.parse().unwrap()));
        let step = StepKind::UpdateData(vec![(reference(COUNT, "Count"), Update::Increment(by.parse().unwrap()))]);
        run_steps(vec![step], Some(task), Actor::User(id(HARRY)), &mut Known::default())
    };
    let greatest = "9999999999999999999999999999";
    for (start, by) in [(greatest, "0.1"), (greatest, "1"), ("0.0000000000000000000000000001", greatest)] {
        assert_eq!(errors(&increment(start, by)), ["Count is invalid"], "{start} + {by}");
    }
    for (start, by, sum) in [(greatest, "-1", "9999999999999999999999999998"), ("0.50", "1.5", "2"), ("-0.1", "0.1", "0")] {
        let after = increment(start, by).task.unwrap().1;
        assert_eq!(after.values.get(&id(COUNT)), Some(&Value::Decimal(sum.parse().unwrap())), "{start} + {by}");
    }
}

#[test]
fn a_required_field_may_stay_blank_but_not_become_it() {
    let clear = || StepKind::UpdateData(vec![(reference(NAME, "Name"), Update::Clear)]);
    let mut named = task();
    named.values.insert(id(NAME), Value::Text("Dr. Who".into()));
    assert_eq!(errors(&run_steps(vec![clear()], Some(named), Actor::User(id(HARRY)), &mut Known::default())), ["Name is required"]);
    let ran = run_steps(vec![clear()], Some(task()), Actor::User(id(HARRY)), &mut Known::default());
    assert!(matches!(ran.next, Next::Finished(Status::Success { .. })), "{ran:?}");
}

#[test]
fn round_robin_takes_who_has_fewest_and_the_first_of_equals() {
    let emails = ["gone@hogwarts.edu", "ron@hogwarts.edu", "harry@hogwarts.edu", "admin@hogwarts.edu"].map(str::to_owned).to_vec();
    let rows: [(&[(i64, i64)], i64); 3] = [(&[], RON), (&[(RON, 2), (HARRY, 1), (ADMIN, 1)], HARRY), (&[(RON, 1), (HARRY, 1)], ADMIN)];
    for (active, expected) in rows {
        let mut known = Known { active: active.to_vec(), ..Known::default() };
        let ran =
            run_steps(vec![StepKind::AssignTo(AssignTo::RoundRobin(emails.clone()))], Some(task()), Actor::ApiKey(id(KEY)), &mut known);
        assert_eq!(ran.task.unwrap().1.assignee, Some(id(expected)));
    }
}

#[test]
fn after_a_deletion_nothing_changes_the_task() {
    let steps = vec![StepKind::DeleteTask, StepKind::AddComment { text: text("late") }];
    let ran = run_steps(steps, Some(task()), Actor::User(id(HARRY)), &mut Known::default());
    assert!(ran.deleted);
    assert_eq!(errors(&ran), ["Task no longer exists"]);
    let ran = run_steps(Vec::new(), None, Actor::User(id(HARRY)), &mut Known::default());
    assert_eq!((errors(&ran), ran.task), (vec!["Task no longer exists".to_owned()], None));
}

#[test]
fn the_second_check_says_what_the_first_would_have() {
    let mut done = task();
    done.stage = id(DONE);
    let ran = run_steps(vec![StepKind::DeleteTask], Some(done), Actor::ApiKey(id(KEY)), &mut Known::default());
    assert_eq!(errors(&ran), ["Approve cannot be taken in Done"]);
    assert!(!ran.deleted);
    let mut held = task();
    held.stage = id(3);
    let ran = run_steps(vec![StepKind::DeleteTask], Some(held), Actor::ApiKey(id(KEY)), &mut Known::default());
    assert_eq!(errors(&ran), ["Approve cannot be taken in Hold"], "a stage that came with a later revision");
    let ran = run_steps(vec![StepKind::DeleteTask], Some(task()), Actor::User(id(GONE)), &mut Known::default());
    assert_eq!(errors(&ran), ["gone@hogwarts.edu is not a user of this workflow"]);
}
