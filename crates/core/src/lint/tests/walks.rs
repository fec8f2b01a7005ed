//! Random workflows, and random tasks that really go through them: nothing ever happens that the linter says can't.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::super::lint;
use super::Ids;
use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::condition::Scene;
use crate::definition::{compile, parse_yaml, read};
use crate::execution::{Execution, Look, Resume, Run, StepStatus, Timer, accept, run};
use crate::fixtures::id;
use crate::ids::Id;
use crate::people::{User, UserState, Workspace};
use crate::task::Task;
use crate::time::Timestamp;
use crate::value::parse;
use crate::workflow::Workflow;

const ANN: i64 = 11;

fn workspace() -> Workspace {
    let ann = User {
        id: id(ANN),
        email: "ann@example.com".to_owned(),
        first_name: "Ann".to_owned(),
        last_name: "Lee".to_owned(),
        admin: true,
        state: UserState::Active,
    };
    Workspace::new(id(1), "Acme".to_owned(), jiff::tz::TimeZone::UTC, None, vec![ann], Vec::new())
}

struct Nothing;

impl Look for Nothing {
    fn checklist(&mut self) -> Vec<StoredItem> {
        Vec::new()
    }

    fn unique_id_taken(&mut self, _: &str) -> bool {
        false
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        vec![0; users.len()]
    }
}

fn any_condition() -> impl Strategy<Value = String> {
    let rule = select(vec![
        "{ field: Plan, operator: \"=\", value: Free }",
        "{ field: Plan, operator: \"=\", value: Pro }",
        "{ field: Plan, operator: \"!=\", value: Pro }",
        "{ field: Plan, operator: \"null\" }",
        "{ field: Done, operator: \"=\", value: true }",
        "{ field: Amount, operator: \">\", value: 5 }",
        "{ field: Amount, operator: \"<=\", value: 5 }",
        "{ field: Stage, operator: \"=\", value: S1 }",
        "{ field: Stage, operator: \"!=\", value: S0 }",
        "{ field: Assigned To, operator: \"=\", valueSource: currentUser }",
    ]);
    (vec(rule, 1..3), select(vec!["and", "or"]), proptest::bool::weighted(0.2))
        .prop_map(|(rules, combinator, not)| format!("{{ combinator: {combinator}, not: {not}, rules: [ {} ] }}", rules.join(", ")))
}

fn any_requirement() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "{ require: fields, fields: [Plan] }",
            "{ require: assigned }",
            "{ require: assigned, to: performer }",
            "{ require: performer, not: [assignee] }",
            "{ require: checklist }",
        ])
        .prop_map(str::to_owned),
        any_condition().prop_map(|condition| format!("{{ require: condition, message: No, condition: {condition} }}")),
    ]
}

fn any_step() -> impl Strategy<Value = String> {
    let what = prop_oneof![
        6 => (0..5usize).prop_map(|stage| format!("do: move_to_stage, stage: S{stage}")),
        1 => (0..5usize, any::<bool>()).prop_map(|(stage, keep)| format!("do: schedule_stage_change, stage: S{stage}, after: 1d, keep: {keep}")),
        4 => select(vec![
            "do: delete_task",
            "do: update_data, set: { Plan: Free }",
            "do: update_data, set: { Plan: Pro, Done: true }",
            "do: update_data, clear: [Plan, Done]",
            "do: update_data, increment: { Amount: 3 }",
            "do: assign_to, to: performer",
            "do: assign_to, to: nobody",
            "do: add_comment, text: Hm",
        ])
        .prop_map(str::to_owned),
    ];
    (what, option::weighted(0.4, any_condition())).prop_map(|(what, when)| {
        let when = when.map(|when| format!(", when: {when}")).unwrap_or_default();
        format!("{{ {what}{when} }}")
    })
}

fn any_document() -> impl Strategy<Value = String> {
    let action = (subsequence(vec!["S0", "S1", "S2", "S3", "S4"], 1..=3), vec(any_requirement(), 0..3), vec(any_step(), 0..4));
    (vec(action, 1..5), subsequence(vec![1usize, 2, 3, 4], 0..=2)).prop_map(|(actions, ends)| {
        let mut text = "name: W\nfields: [ { name: Plan, type: singleSelect, options: [Free, Pro] }, { name: Done, type: checkbox }, { name: Amount, type: number } ]\nstages:\n".to_owned();
        for stage in 0..5 {
            writeln!(text, "  - {{ name: S{stage}, end: {} }}", ends.contains(&stage)).expect("a text");
        }
        text.push_str("actions:\n");
        for (number, (from, requirements, steps)) in actions.iter().enumerate() {
            let (from, requirements, steps) = (from.join(", "), requirements.join(", "), steps.join(", "));
            writeln!(text, "  - {{ name: A{number}, from: [{from}], requirements: [ {requirements} ], steps: [ {steps} ] }}").expect("a text");
        }
        text
    })
}

/// What somebody does next: an edit, an action, or waiting for what is scheduled.
#[derive(Clone, Debug)]
enum Turn {
    Edit { plan: Option<&'static str>, done: bool, amount: Option<i64>, assigned: bool },
    Act { action: Index, by_ann: bool },
    Wait,
}

fn any_turn() -> impl Strategy<Value = Turn> {
    let edit = (option::of(select(vec!["Free", "Pro"])), any::<bool>(), option::of(0i64..10), any::<bool>())
        .prop_map(|(plan, done, amount, assigned)| Turn::Edit { plan, done, amount, assigned });
    let act = (any::<Index>(), any::<bool>()).prop_map(|(action, by_ann)| Turn::Act { action, by_ann });
    prop_oneof![3 => edit, 5 => act, 1 => Just(Turn::Wait)]
}

struct Walk<'a> {
    workflow: &'a Workflow,
    workspace: Workspace,
    /// `code path`
    said: HashSet<String>,
    task: Task,
    timers: Vec<Timer>,
    been: Vec<usize>,
}

impl Walk<'_> {
    fn here(&self) -> usize {
        self.workflow.stages.iter().position(|stage| stage.id == self.task.stage).expect("a stage")
    }

    fn not_said(&self, code: &str, path: &str) -> Result<(), TestCaseError> {
        prop_assert!(!self.said.contains(&format!("{code} {path}")), "{} {}", code, path);
        Ok(())
    }

    fn edit(&mut self, plan: Option<&str>, done: bool, amount: Option<i64>, assigned: bool) {
        let given = [plan.map(serde_json::Value::from), done.then(|| true.into()), amount.map(|amount| amount.into())];
        for (field, given) in self.workflow.fields.iter().zip(given) {
            let value = parse(field, &self.workspace, &given.unwrap_or_default()).expect("it fits");
            match value {
                Some(value) => drop(self.task.values.insert(field.id, value)),
                None => drop(self.task.values.remove(&field.id)),
            }
        }
        self.task.assignee = assigned.then(|| id(ANN));
    }

    /// `false`: the task is deleted.
    fn act(&mut self, number: usize, performer: Actor) -> Result<bool, TestCaseError> {
        let action = &self.workflow.actions[number];
        let now = Timestamp::from_micros(0);
        let scene = Scene { workspace: &self.workspace, workflow: self.workflow, task: &self.task, performer, now, public_url: "" };
        if accept(&scene, action, Ok(()), &mut Nothing).is_err() {
            return Ok(true);
        }
        self.not_said("action_never_taken", &format!("actions[{number}]"))?;
        let execution = Execution::new(id(5), &scene, action);
        let input = Run {
            execution: &execution,
            pinned: self.workflow,
            current: self.workflow,
            workspace: &self.workspace,
            task: Some(self.task.clone()),
            resume: Resume::Begin,
            now,
            public_url: "",
            mail_from: None,
            jitter: 0.0,
        };
        let ran = run(input, &mut Nothing);
        for (place, step) in ran.steps.iter().enumerate() {
            let path = format!("actions[{number}].steps[{place}]");
            match step.status {
                StepStatus::Success => {
                    self.not_said("step_after_delete", &path)?;
                    self.not_said("condition_never_holds", &format!("{path}.when"))?;
                }
                StepStatus::Skipped => self.not_said("condition_always_holds", &format!("{path}.when"))?,
                _ => {}
            }
        }
        if ran.left_stage {
            self.timers.retain(|timer| timer.keep);
        }
        self.timers.extend(ran.timers.into_iter().filter(|timer| !timer.left));
        let (_, after) = ran.task.expect("there was a task");
        let before = self.here();
        self.task = after;
        if ran.deleted {
            self.ended()?;
            self.not_said("stage_without_exit", &format!("stages[{before}]"))?;
            return Ok(false);
        }
        self.arrived(before)?;
        Ok(true)
    }

    fn wait(&mut self) -> Result<(), TestCaseError> {
        if self.timers.is_empty() {
            return Ok(());
        }
        let timer = self.timers.remove(0);
        let before = self.here();
        self.task.stage = timer.to.id;
        if before != self.here() {
            self.timers.retain(|timer| timer.keep);
        }
        self.arrived(before)
    }

    fn arrived(&mut self, before: usize) -> Result<(), TestCaseError> {
        let here = self.here();
        self.not_said("stage_unreachable", &format!("stages[{here}]"))?;
        if here != before {
            self.not_said("stage_without_exit", &format!("stages[{before}]"))?;
        }
        self.been.push(here);
        if self.workflow.stages[here].end { self.ended() } else { Ok(()) }
    }

    fn ended(&self) -> Result<(), TestCaseError> {
        self.not_said("stage_without_end", "stages")?;
        self.been.iter().try_for_each(|stage| self.not_said("stage_without_end", &format!("stages[{stage}]")))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_happens_that_can_not(document in any_document(), walks in vec(vec(any_turn(), 1..25), 6)) {
        let value = parse_yaml(&document).expect("YAML");
        let read = read(value, None, &workspace(), &mut Ids(1000)).unwrap_or_else(|problems| panic!("{problems:?}\n{document}"));
        let workflow = compile(id(2), 1, &read.definition).expect("it was read");
        let said: HashSet<String> = lint(&read.definition).iter().map(|finding| format!("{} {}", finding.code.name(), finding.path)).collect();
        for turns in walks {
            let task = Task { workflow: id(2), stage: workflow.first_stage().id, created_by: Actor::Operator, values: BTreeMap::new(), ..crate::fixtures::task() };
            let mut walk = Walk { workflow: &workflow, workspace: workspace(), said: said.clone(), task, timers: Vec::new(), been: vec![0] };
            for turn in turns {
                match turn {
                    Turn::Edit { plan, done, amount, assigned } => walk.edit(plan, done, amount, assigned),
                    Turn::Act { action, by_ann } => {
                        let performer = if by_ann { Actor::User(id(ANN)) } else { Actor::ApiKey(id(9)) };
                        if !walk.act(action.index(workflow.actions.len()), performer)? {
                            break;
                        }
                    }
                    Turn::Wait => walk.wait()?,
                }
            }
        }
    }
}
