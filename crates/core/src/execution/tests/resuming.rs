//! Where an execution stops and goes on: calls, cancelling, deleted tasks, retries that begin in the middle.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::bed::{BOB, Bed, answer, failed, id, ok, whole};
use crate::actor::Actor;
use crate::execution::call::FailureKind;
use crate::execution::{Next, Resume, Run, StepRecord, StepStatus, run};
use crate::people::{User, UserState, Workspace};
use StepStatus::{Fail, Pending, Running, Skipped, Success};

const CALL: &str = "{ do: api_call, url: 'https://a.example/x', retry: { attempts: 5 } }";

#[test]
fn steps_around_two_calls() {
    let steps = format!(
        "{{ do: add_comment, text: one }}\n{CALL}\n{{ do: add_comment, text: '{{{{Name}}}}' }}\n{CALL}\n{{ do: move_to_stage, stage: Done }}"
    );
    let mut bed = Bed::new(&steps);
    bed.begin();
    assert_eq!(bed.statuses(), [Success, Running]);
    assert_eq!(bed.call.as_ref().unwrap().step, 2);
    assert!(bed.execution.steps[0].finished_at.is_some() && bed.execution.steps[1].finished_at.is_none());
    let ran = bed.reply(ok(&json!({ "task": { "Name": "Bo" } })));
    assert_eq!(ran.settled.unwrap().step, 2);
    assert_eq!(bed.statuses(), [Success, Success, Success, Running]);
    assert_eq!(bed.call.as_ref().unwrap().step, 4);
    bed.reply(ok(&json!({})));
    assert!(bed.succeeded());
    assert_eq!(bed.comments, ["one", "Bo"]);
    assert_eq!(bed.stage(), "Done");
}

#[test]
fn a_failed_call_keeps_what_was_done_and_does_no_more() {
    let mut bed = Bed::new(&format!("{{ do: move_to_stage, stage: Done }}\n{CALL}\n{{ do: add_comment, text: never }}"));
    bed.begin();
    bed.reply(answer(404, None, "no"));
    assert_eq!(bed.errors(), ["API call to a.example answered 404: no"]);
    assert_eq!(bed.statuses(), [Success, Fail, Pending]);
    assert_eq!((bed.stage(), bed.comments.len()), ("Done", 0));
}

#[test]
fn a_step_whose_condition_does_not_hold_calls_nobody() {
    let when = "when: { combinator: and, rules: [ { field: Name, operator: '=', value: Bo } ] }";
    let mut bed =
        Bed::new(&format!("{{ do: api_call, url: 'https://a.example', {when} }}\n{{ do: email, to: a, subject: s, body: b, {when} }}"));
    bed.begin();
    assert!(bed.succeeded());
    assert_eq!(bed.statuses(), [Skipped, Skipped]);
}

#[test]
fn cancelled_at_each_point() {
    let steps = format!("{CALL}\n{{ do: add_comment, text: late }}");
    let cancel = |bed: &mut Bed| bed.execution.cancelled_by = Some("API (CI)".into());
    // Before it began.
    let mut bed = Bed::new(&steps);
    cancel(&mut bed);
    bed.begin();
    assert_eq!((bed.errors(), bed.statuses()), (vec!["Cancelled by API (CI)".to_owned()], vec![]));
    // The call was answered: what it asks for is done, and the next step is not taken.
    let mut bed = Bed::new(&steps);
    bed.begin();
    cancel(&mut bed);
    bed.reply(ok(&json!({ "task": { "Name": "Bo" } })));
    assert_eq!((bed.errors(), bed.statuses()), (vec!["Cancelled by API (CI)".to_owned()], vec![Success, Pending]));
    assert_eq!((bed.text("Name"), bed.comments.len()), ("Bo".to_owned(), 0));
    // With the last step, there is nothing left to cancel.
    let mut bed = Bed::new(CALL);
    bed.begin();
    cancel(&mut bed);
    bed.reply(ok(&json!({})));
    assert!(bed.succeeded());
    // A failure that would be tried again is not.
    for reply in [answer(503, None, "no"), failed(FailureKind::NotSent)] {
        let mut bed = Bed::new(&steps);
        bed.begin();
        cancel(&mut bed);
        let ran = bed.reply(reply);
        assert_eq!((bed.errors(), bed.statuses()), (vec!["Cancelled by API (CI)".to_owned()], vec![Fail, Pending]));
        assert!(!ran.settled.expect("the call is over").open);
    }
    // One that is final tells what was wrong.
    let mut bed = Bed::new(&steps);
    bed.begin();
    cancel(&mut bed);
    bed.reply(answer(404, None, "no"));
    assert_eq!(bed.errors(), ["API call to a.example answered 404: no"]);
    // While it waits to repeat, and after a crash.
    for waits in [true, false] {
        let mut bed = Bed::new(&steps);
        bed.begin();
        if waits {
            bed.reply(answer(503, None, "no"));
        }
        cancel(&mut bed);
        let ran = bed.claim();
        assert_eq!((bed.errors(), bed.statuses()), (vec!["Cancelled by API (CI)".to_owned()], vec![Fail, Pending]));
        assert!(!ran.settled.expect("the call is over").open);
    }
}

#[test]
fn a_task_that_is_deleted_by_somebody() {
    let steps = format!("{CALL}\n{{ do: add_comment, text: late }}");
    let mut bed = Bed::new(&steps);
    bed.task = None;
    bed.begin();
    assert_eq!(bed.errors(), ["Task no longer exists"]);
    for reply in [ok(&json!({ "task": { "Name": "Bo" } })), ok(&json!({})), answer(503, None, "no"), failed(FailureKind::NotSent)] {
        let mut bed = Bed::new(&steps);
        bed.begin();
        bed.task = None;
        let ran = bed.reply(reply);
        assert_eq!(bed.errors(), ["Task no longer exists"]);
        assert_eq!(bed.statuses(), [Fail]);
        assert!(!ran.settled.expect("the call is over").open);
    }
    let mut bed = Bed::new(&steps);
    bed.begin();
    bed.task = None;
    let ran = bed.claim();
    assert_eq!((bed.errors(), bed.statuses()), (vec!["Task no longer exists".to_owned()], vec![Fail]));
    assert!(!ran.settled.expect("the call is over").open);
}

/// What the execution itself has deleted can still be told of, but not be changed.
#[test]
fn after_its_own_deletion() {
    let steps = format!(
        "{{ do: update_data, set: {{ Name: Bo }} }}\n{{ do: delete_task }}\n{CALL}\n{{ do: email, to: ann@example.com, subject: '{{{{Name}}}}', body: b }}"
    );
    let mut bed = Bed::new(&steps);
    let ran = bed.begin();
    assert!(ran.deleted && bed.task.is_none());
    assert!(bed.http().body.contains(r#""Name":"Bo""#));
    bed.reply(ok(&json!({})));
    assert_eq!(bed.email().subject, "Bo");
    let ran = bed.reply(crate::execution::call::Reply::Delivered);
    assert!(bed.succeeded() && !ran.deleted);

    let mut bed = Bed::new(&steps);
    bed.begin();
    bed.reply(ok(&json!({ "task": { "Name": "Cy" } })));
    assert_eq!(bed.errors(), ["Task no longer exists"], "an answer that would change it fails the step");

    let changing = [
        "{ do: move_to_stage, stage: Done }",
        "{ do: update_data, set: { Name: Bo } }",
        "{ do: assign_to, to: nobody }",
        "{ do: add_comment, text: t }",
        "{ do: delete_task }",
        "{ do: schedule_stage_change, stage: Done, after: 1d }",
        "{ do: api_call, url: 'https://a.example', body: '{}', map: { Name: /a } }",
    ];
    for step in changing {
        let mut bed = Bed::new(&format!("{{ do: delete_task }}\n{step}"));
        bed.begin();
        assert_eq!((bed.errors(), bed.statuses()), (vec!["Task no longer exists".to_owned()], vec![Success, Fail]), "{step}");
    }
    let when = "when: { combinator: and, rules: [ { field: Name, operator: 'null' } ] }";
    let mut bed = Bed::new(&format!("{{ do: delete_task }}\n{{ do: add_comment, text: t, {when} }}"));
    bed.begin();
    assert!(bed.succeeded(), "a condition is asked of what the task was");
}

#[test]
fn a_performer_who_lost_the_right_before_it_began_but_not_during_a_call() {
    let mut bed = Bed::new(CALL).performed_by(Actor::User(id(BOB)));
    let user = User {
        id: id(BOB),
        email: "bob@example.com".into(),
        first_name: String::new(),
        last_name: String::new(),
        admin: false,
        state: UserState::Deactivated,
    };
    let without = Workspace::new(id(1), "Acme".into(), jiff::tz::TimeZone::UTC, None, vec![user], Vec::new());
    let with = std::mem::replace(&mut bed.workspace, without.clone());
    bed.begin();
    assert_eq!(bed.errors(), ["bob@example.com is not a user of this workflow"]);

    let mut bed = Bed::new(CALL).performed_by(Actor::User(id(BOB)));
    bed.workspace = with;
    bed.begin();
    bed.workspace = without;
    bed.reply(ok(&json!({ "task": { "Name": "Bo" } })));
    assert!(bed.succeeded(), "it is checked once");
}

#[test]
fn a_retry_begins_behind_what_was_done() {
    let steps = format!("{{ do: move_to_stage, stage: Done }}\n{CALL}\n{{ do: add_comment, text: '{{{{Name}}}}' }}");
    let mut bed = Bed::new(&steps);
    bed.execution.steps = vec![StepRecord::new("move_to_stage", Skipped)];
    bed.task.as_mut().unwrap().stage = bed.current.stages[1].id;
    bed.begin();
    assert_eq!(bed.call.as_ref().unwrap().step, 2, "steps keep their numbers");
    assert_eq!(bed.stage(), "Held", "the stage is not asked again, and the first step is not taken");
    bed.reply(ok(&json!({})));
    assert!(bed.succeeded());
    assert_eq!(bed.statuses(), [Skipped, Success, Success]);
}

/// A Unique ID that is looked for while a step runs, by something that fails.
struct Broken;

impl crate::execution::Look for Broken {
    fn checklist(&mut self) -> Vec<crate::checklist::StoredItem> {
        panic!("a fault")
    }

    fn unique_id_taken(&mut self, _: &str) -> bool {
        panic!("a fault")
    }

    fn active_tasks(&mut self, _: &[crate::ids::Id]) -> Vec<i64> {
        panic!("a fault")
    }
}

#[test]
fn a_panic_fails_its_step_and_no_more() {
    let mut bed = Bed::with(CALL, |document| document.replace(", autoincrement: true", ""));
    bed.begin();
    let (call, reply) = (bed.call.clone().unwrap(), ok(&json!({ "task": { "ID": "7", "Name": "Bo" } })));
    let input = Run {
        execution: &bed.execution,
        pinned: &bed.pinned,
        current: &bed.current,
        workspace: &bed.workspace,
        task: bed.task.clone(),
        resume: Resume::Replied { call: &call, reply: &reply, took: std::time::Duration::ZERO },
        now: bed.now,
        public_url: "",
        mail_from: None,
        jitter: 0.0,
    };
    let ran = run(input, &mut Broken);
    let Next::Finished(crate::execution::Status::Fail { errors, .. }) = &ran.next else { panic!("{ran:?}") };
    assert_eq!(whole(errors), ["Step 1 failed by a fault in Baton; the log has the details"]);
    let (before, after) = ran.task.unwrap();
    assert_eq!(before, after, "nothing half done");
}

fn any_step() -> impl Strategy<Value = &'static str> {
    select(vec![
        "{ do: move_to_stage, stage: Done }",
        "{ do: move_to_stage, stage: Held }",
        "{ do: update_data, increment: { Count: 1 } }",
        "{ do: update_data, set: { Notes: 'is {{Count}}' } }",
        "{ do: update_data, set: { Email: '{{Notes}}' } }",
        "{ do: add_comment, text: '{{Stage}} {{Count}} {{Notes}}' }",
        "{ do: add_comment, text: t, when: { combinator: and, rules: [ { field: Count, operator: '>', value: 1 } ] } }",
        "{ do: assign_to, to: performer }",
        "{ do: update_data, clear: [Count] }",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A call whose answer asks for nothing leaves no trace but its mark, wherever it stands and however often it is interrupted.
    #[test]
    fn stopping_at_a_call_changes_nothing(steps in proptest::collection::vec(any_step(), 0..8), at in 0usize..9, crashes in 0usize..3) {
        let at = at.min(steps.len());
        let mut straight = Bed::new(&steps.join("\n"));
        straight.begin();
        let mut with_call = steps.clone();
        with_call.insert(at, "{ do: zapier, url: 'https://a.example' }");
        let mut stopped = Bed::new(&with_call.join("\n"));
        let mut ran = stopped.begin();
        if let Next::Call { .. } = ran.next {
            for _ in 0..crashes {
                let again = matches!(stopped.claim().next, Next::Call { .. });
                prop_assert!(again);
            }
            ran = stopped.reply(ok(&json!({})));
        }
        let finished = matches!(ran.next, Next::Finished(_));
        prop_assert!(finished);
        prop_assert_eq!(&stopped.comments, &straight.comments, "each step was taken once");
        prop_assert_eq!(stopped.succeeded(), straight.succeeded());
        let (mut one, mut other) = (stopped.task.clone().unwrap(), straight.task.clone().unwrap());
        // Ids are counted in the order of the document, so those of actions differ by the step that was put in.
        one.performers.clear();
        other.performers.clear();
        // What is saved before the call is a version of its own.
        (one.version, other.version) = (1, 1);
        one.updated_at = other.updated_at;
        prop_assert_eq!(one, other);
        let mut marks = stopped.statuses();
        marks.remove(at);
        prop_assert_eq!(marks, straight.statuses());
    }
}
