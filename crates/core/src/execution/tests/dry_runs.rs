//! A dry run says what the run does, and shows it to whoever may see it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use super::bed::{ANN, BOB, Bed, KEY, answer, id, ok};
use crate::access::Access;
use crate::actor::Actor;
use crate::execution::call::{Reply, Request};
use crate::execution::{Does, Next, Status, StepStatus, Timer};
use crate::fixtures::laws;
use crate::task::Change;
use crate::told::Told;
use crate::workflow::{AnswerUse, FieldRight, Rights, StepKind};

fn any_step() -> impl Strategy<Value = &'static str> {
    select(vec![
        "{ do: move_to_stage, stage: Open }",
        "{ do: move_to_stage, stage: Held }",
        "{ do: move_to_stage, stage: Done, when: { combinator: and, rules: [ { field: Paid, operator: '=', value: true } ] } }",
        "{ do: assign_to, to: performer }",
        "{ do: assign_to, to: nobody }",
        "{ do: assign_to, field: Owner }",
        "{ do: assign_to, user: bob@example.com }",
        "{ do: assign_to, round_robin: [bob@example.com, ann@example.com] }",
        "{ do: assign_to, user: nobody@example.com }",
        "{ do: update_data, increment: { Count: 1 } }",
        "{ do: update_data, set: { Notes: '{{Stage}} {{Count}} {{Assigned To}} {{currentUser.email}}', Owner: ann@example.com } }",
        "{ do: update_data, set: { Email: '{{Notes}}' } }",
        "{ do: update_data, clear: [Count, Plan], add: { Tags: [Red] } }",
        "{ do: update_data, remove: { Tags: [Red] }, set: { Paid: true, Plan: Pro } }",
        "{ do: add_comment, text: '{{Notes}}{{Count}}' }",
        "{ do: add_comment, text: t, when: { combinator: and, rules: [ { field: Count, operator: '>', value: 1 } ] } }",
        "{ do: schedule_stage_change, stage: Done, after: 1d }",
        "{ do: schedule_stage_change, stage: Held, at: Due, keep: true }",
        "{ do: delete_task, when: { combinator: and, rules: [ { field: Stage, operator: '=', value: Held } ] } }",
        "{ do: slack, channel: c, message: m }",
        "{ do: zapier, url: 'https://a.example/{{Count}}' }",
        "{ do: api_call, url: 'https://a.example/{{Name}}', headers: { X: '{{Updated On}}' } }",
        "{ do: api_call, url: 'https://a.example', body: '{\"stage\":\"{{Stage}}\"}', map: { Notes: /notes, Count: /count } }",
        "{ do: email, to: ['{{Email}}', '{{Assigned To}}'], subject: '{{Stage}}', body: '{{Notes}} {{Count}}' }",
    ])
}

/// An answer that sets nothing: an empty 2xx, or for a call that maps fields the values that they have.
fn empty(bed: &Bed, step: usize) -> Reply {
    let action = &bed.pinned.actions[0];
    let StepKind::ApiCall(call, _) = &action.steps[step - 1].kind else { return answer(204, None, "") };
    let AnswerUse::Map(map) = &call.answer else { return answer(204, None, "") };
    let Some(task) = &bed.task else { return answer(204, None, "") };
    let mut said = Map::new();
    for (field, pointer) in map {
        let known = bed.current.field(field.id).expect("there");
        said.insert(pointer[1..].to_owned(), crate::value::show(known, &bed.workspace, task.values.get(&field.id)));
    }
    ok(&Json::Object(said))
}

/// All that a run does, in order.
#[derive(Debug, Default, PartialEq)]
struct Done {
    change: Change,
    comments: Vec<String>,
    timers: Vec<Timer>,
    deleted: bool,
    requests: Vec<Request>,
    steps: Vec<(String, StepStatus)>,
    errors: Vec<String>,
}

fn whole(errors: &[Told]) -> Vec<String> {
    errors.iter().map(|error| error.whole().to_owned()).collect()
}

fn run_it(bed: &mut Bed) -> Done {
    let before = bed.task.clone().expect("there");
    let mut done = Done::default();
    let mut ran = bed.begin();
    loop {
        for timer in &mut done.timers {
            timer.left |= ran.left_stage && !timer.keep;
        }
        done.timers.append(&mut ran.timers);
        done.deleted |= ran.deleted;
        let Next::Call { call, .. } = &ran.next else { break };
        done.requests.push(call.request.clone());
        let reply = if matches!(call.request, Request::Email(_)) { Reply::Delivered } else { empty(bed, call.step) };
        ran = bed.reply(reply);
    }
    let after = bed.task.as_ref().or(bed.execution.snapshot.as_ref()).expect("one of them");
    done.change = Change::between(&before, after);
    done.comments.clone_from(&bed.comments);
    done.steps = bed.execution.steps.iter().map(|step| (step.kind.clone(), step.status)).collect();
    done.errors = match &bed.execution.status {
        Status::Fail { errors, .. } => whole(errors),
        Status::Pending | Status::Success { .. } => Vec::new(),
    };
    done
}

fn foresee_it(bed: &Bed) -> Done {
    let dry = bed.dry_run();
    let mut done =
        Done { change: Change::between(bed.task.as_ref().expect("there"), &dry.task), errors: whole(&dry.errors), ..Done::default() };
    for step in dry.steps {
        done.steps.push((step.record.kind, step.record.status));
        match step.does {
            None | Some(Does::Change(_)) => {}
            Some(Does::Comment(text)) => done.comments.push(text),
            Some(Does::StageChange(timer)) => done.timers.push(timer),
            Some(Does::Deletion) => done.deleted = true,
            Some(Does::Request(request)) => done.requests.push(request),
        }
    }
    done
}

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn what_is_foreseen_is_what_is_done(
        steps in vec(any_step(), 0..9),
        performer in select(vec![Actor::User(id(ANN)), Actor::User(id(BOB)), Actor::ApiKey(id(KEY))]),
        count in proptest::option::of(0i64..3),
        paid in any::<bool>(),
        due in any::<bool>(),
        mail in any::<bool>(),
    ) {
        let mut bed = Bed::new(&steps.join("\n")).performed_by(performer).set(&[("Email", json!("ann@example.com"))]);
        if let Some(count) = count {
            bed = bed.set(&[("Count", json!(count))]);
        }
        if paid {
            bed = bed.set(&[("Paid", json!(true))]);
        }
        if due {
            bed = bed.set(&[("Due", json!("2026-12-24"))]);
        }
        bed.mail_from = mail.then_some("Acme <baton@acme.example>");
        let foreseen = foresee_it(&bed);
        prop_assert_eq!(foreseen, run_it(&mut bed));
    }

    /// The steps tell together what the whole tells.
    #[test]
    fn the_changes_of_the_steps_make_up_the_change(steps in vec(any_step(), 0..9)) {
        let bed = Bed::new(&steps.join("\n"));
        let dry = bed.dry_run();
        let mut task = bed.task.clone().expect("there");
        for step in &dry.steps {
            prop_assert_eq!(step.does.is_some(), step.record.status == StepStatus::Success);
            if let Some(Does::Change(change)) = &step.does {
                task = crate::task::apply_change(task, change, 1, bed.now);
            }
        }
        prop_assert!(Change::between(&task, &dry.task).is_empty());
    }
}

const STEPS: &str = "
{ do: move_to_stage, stage: Held }
{ do: update_data, set: { Name: Bo, Paid: true }, clear: [Count] }
{ do: add_comment, text: 'Hello {{Name}}' }
{ do: schedule_stage_change, stage: Done, after: 1h }
{ do: assign_to, to: performer, when: { combinator: and, rules: [ { field: Name, operator: '=', value: Ada } ] } }
{ do: slack, channel: c, message: m }
{ do: api_call, url: 'https://a.example/{{Name}}', auth: { bearer: 'secret:TOKEN' }, body: '{}' }
{ do: email, to: '{{Email}}', subject: '{{Stage}}', body: '*{{Name}}*' }
{ do: api_call, url: 'https://a.example', auth: { basic: { user: me, password: 'secret:PASS' } } }
{ do: delete_task }";

#[test]
fn each_step_is_shown_with_what_it_would_do() {
    let bed = Bed::new(STEPS).set(&[("Email", json!("ada@example.com")), ("Count", json!(3))]);
    let shown = serde_json::to_value(bed.foresight(Access::Everything)).expect("JSON");
    let body = shown["steps"][8]["request"]["body"].as_str().expect("a body");
    assert_eq!(serde_json::from_str::<Json>(body).expect("JSON")["task"]["Name"], "Bo");
    assert_eq!(
        shown,
        json!({
            "status": "Success",
            "changes": { "Stage": ["Open", "Held"], "Name": ["Ada", "Bo"], "Count": ["3", null], "Paid": [false, true] },
            "steps": [
                { "kind": "move_to_stage", "status": "Success", "certain": true, "changes": { "Stage": ["Open", "Held"] } },
                { "kind": "update_data", "status": "Success", "certain": true,
                    "changes": { "Name": ["Ada", "Bo"], "Count": ["3", null], "Paid": [false, true] } },
                { "kind": "add_comment", "status": "Success", "certain": true, "comment": "Hello Bo" },
                { "kind": "schedule_stage_change", "status": "Success", "certain": true,
                    "stage_change": { "stage": "Done", "at": "2026-09-21T15:13:20.000Z", "dropped": false } },
                { "kind": "assign_to", "status": "Skipped", "certain": true, "reason": "when does not hold" },
                { "kind": "slack", "status": "Skipped", "certain": true, "reason": "has no effect yet" },
                { "kind": "api_call", "status": "Success", "certain": true, "request": { "method": "POST", "url": "https://a.example/Bo",
                    "headers": { "Content-Type": "application/json", "Authorization": "Bearer secret:TOKEN" }, "body": "{}" } },
                { "kind": "email", "status": "Success", "certain": true, "email": { "from": "Acme <baton@acme.example>",
                    "to": ["ada@example.com"], "cc": [], "bcc": [], "subject": "Held", "text": "*Bo*" } },
                { "kind": "api_call", "status": "Success", "certain": false, "request": { "method": "POST", "url": "https://a.example",
                    "headers": { "Content-Type": "application/json", "Authorization": "Basic me:secret:PASS" }, "body": body } },
                { "kind": "delete_task", "status": "Success", "certain": false, "deletes": true },
            ],
        })
    );
}

#[test]
fn a_step_that_would_fail_says_so_and_the_rest_is_not_come_to() {
    let bed = Bed::new("{ do: update_data, set: { Count: 7 } }\n{ do: assign_to, to: performer }\n{ do: add_comment, text: t }");
    let bed = bed.performed_by(Actor::ApiKey(id(KEY)));
    let shown = serde_json::to_value(bed.foresight(Access::Everything)).expect("JSON");
    assert_eq!(
        shown,
        json!({
            "status": "Fail",
            "errors": ["Performed by API, not by a person"],
            "changes": { "Count": [null, "7"] },
            "steps": [
                { "kind": "update_data", "status": "Success", "certain": true, "changes": { "Count": [null, "7"] } },
                { "kind": "assign_to", "status": "Fail", "certain": true, "error": "Performed by API, not by a person" },
                { "kind": "add_comment", "status": "Pending", "certain": true },
            ],
        })
    );
}

#[test]
fn only_a_call_whose_answer_may_set_fields_makes_the_rest_uncertain() {
    let certain = |steps: &str| Bed::new(steps).dry_run().steps.iter().map(|step| step.certain).collect::<Vec<_>>();
    let comment = "{ do: add_comment, text: t }";
    for (call, said) in [
        ("{ do: zapier, url: 'https://a.example' }", true),
        ("{ do: email, to: ann@example.com, subject: s, body: b }", true),
        ("{ do: api_call, url: 'https://a.example', body: '{}' }", true),
        ("{ do: api_call, url: 'https://a.example' }", false),
        ("{ do: api_call, url: 'https://a.example', body: '{}', map: { Name: /a } }", false),
        (
            "{ do: api_call, url: 'https://a.example', when: { combinator: and, rules: [ { field: Name, operator: '=', value: x } ] } }",
            true,
        ),
    ] {
        assert_eq!(certain(&format!("{comment}\n{call}\n{comment}")), [true, said, said], "{call}");
    }
}

#[test]
fn a_stage_change_that_a_later_step_drops_says_so() {
    let dropped = |steps: &str| {
        let foresight = serde_json::to_value(Bed::new(steps).foresight(Access::Everything)).expect("JSON");
        foresight["steps"][0]["stage_change"]["dropped"].clone()
    };
    let (call, moves) = ("{ do: zapier, url: 'https://a.example' }", "{ do: move_to_stage, stage: Held }");
    let timer = |rest: &str| format!("{{ do: schedule_stage_change, stage: Done, after: 1h{rest} }}");
    assert_eq!(dropped(&timer("")), false);
    assert_eq!(dropped(&format!("{}\n{moves}", timer(""))), true);
    assert_eq!(dropped(&format!("{}\n{call}\n{moves}", timer(""))), true);
    assert_eq!(dropped(&format!("{}\n{moves}", timer(", keep: true"))), false);
}

#[test]
fn what_a_step_copies_from_a_hidden_field_is_not_told() {
    let bed = Bed::new(
        "{ do: update_data, set: { Name: '{{Notes}}' } }
         { do: update_data, set: { Notes: '{{Name}}!', Email: 'a@example.com' } }
         { do: update_data, set: { Name: plain } }",
    )
    .set(&[("Name", json!("before")), ("Notes", json!("s3cr3t"))]);
    let hidden = vec![(bed.current.field_named("Notes").expect("there").id, FieldRight::Hidden)];
    let rights = Rights { fields: hidden, ..Rights::collaborator() };
    let shown = serde_json::to_value(bed.foresight(Access::Rights(&rights))).expect("JSON");
    assert!(!shown.to_string().contains("s3cr3t"), "{shown}");
    assert_eq!(shown["changes"], json!({ "Name": null, "Email": [null, "a@example.com"] }));
    assert_eq!(shown["steps"][0]["changes"], json!({ "Name": null }));
    let all = serde_json::to_value(bed.foresight(Access::Everything)).expect("JSON");
    assert_eq!(all["steps"][0]["changes"], json!({ "Name": ["before", "s3cr3t"] }));
}

/// Any text may have any field in it.
#[test]
fn what_is_hidden_from_the_reader_stands_in_nothing_that_is_shown() {
    let steps = format!(
        "{STEPS}\n{}",
        "{ do: add_comment, text: 'of {{Notes}}', when: { combinator: and, rules: [ { field: Name, operator: '=', value: x } ] } }"
    );
    let secret = "s3cr3t";
    let with_secret = |steps: &str| {
        Bed::new(&steps.replace("{{Name}}", "{{Notes}}").replace("after: 1h", "at: Due")).set(&[
            ("Email", json!("ada@example.com")),
            ("Notes", json!(secret)),
            ("Due", json!("2031-07-08")),
        ])
    };
    let failing = "{ do: update_data, set: { Email: '{{Notes}}' } }\n{ do: email, to: '{{Notes}}', subject: s, body: b }";
    for steps in [steps.as_str(), failing, "{ do: email, to: '{{Notes}}', subject: s, body: b }"] {
        let bed = with_secret(steps);
        let hidden = ["Notes", "Due"].map(|name| (bed.current.field_named(name).expect(name).id, FieldRight::Hidden));
        let rights = Rights { fields: hidden.to_vec(), ..Rights::collaborator() };
        let text = |access| serde_json::to_string(&bed.foresight(access)).expect("JSON");
        let shown = text(Access::Rights(&rights));
        for hidden in [secret, "2031-07", "\"Notes\""] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        let all = text(Access::Everything);
        assert!(all.contains(secret) || all.contains("Email is invalid"), "{all}");
    }
    let bed = with_secret(failing);
    let rights =
        Rights { fields: vec![(bed.current.field_named("Notes").expect("there").id, FieldRight::Hidden)], ..Rights::collaborator() };
    let shown = bed.foresight(Access::Rights(&rights));
    assert_eq!(shown.errors, ["A value is invalid"]);
    assert_eq!(shown.steps[0].error.as_deref(), Some("A value is invalid"));
}
