//! Which failure is followed by another attempt, and when.

use std::time::Duration;

use super::bed::{Bed, answer, failed, ok};
use crate::execution::call::FailureKind::{Final, NoAnswer, NotNow, NotSent};
use crate::execution::call::{Failure, Reply};
use crate::execution::{Next, StepStatus};
use crate::told::Told;
use serde_json::json;

const FIVE: &str = "retry: { attempts: 5, backoff: fixed, first: 2s }";
const NEVER: &str = "never_repeat: true";

fn call(policy: &str) -> String {
    format!("{{ do: api_call, url: 'https://a.example'{}{policy} }}", if policy.is_empty() { "" } else { ", " })
}

fn email(policy: &str) -> String {
    format!("{{ do: email, to: ann@example.com, subject: s, body: b{}{policy} }}", if policy.is_empty() { "" } else { ", " })
}

/// The same reply again and again: how many attempts it takes to fail, and the seconds waited between them.
fn attempts(step: &str, reply: &Reply) -> (u32, Vec<f64>) {
    let mut bed = Bed::new(step);
    bed.begin();
    let first = bed.call.clone().unwrap();
    let mut waits = Vec::new();
    loop {
        let before = bed.now;
        let ran = bed.reply(reply.clone());
        match ran.next {
            Next::Wait { call, until } => {
                assert_eq!(call.request, first.request, "the same bytes at each attempt");
                assert!(!call.open && call.error.is_some());
                assert_eq!(bed.statuses(), [StepStatus::Running]);
                #[expect(clippy::cast_precision_loss, reason = "seconds")]
                waits.push((until.micros() - before.micros()) as f64 / 1e6);
                bed.claim();
                assert_eq!(bed.call.as_ref().unwrap().started_at, first.started_at);
            }
            Next::Finished(_) => {
                let settled = ran.settled.expect("it is over");
                assert_eq!(bed.errors(), [settled.error.unwrap()]);
                assert!(!settled.open);
                return (settled.attempts, waits);
            }
            Next::Call { .. } => panic!("a failure is no call"),
        }
        assert!(waits.len() < 100);
    }
}

fn status(code: u16) -> Reply {
    answer(code, None, "no")
}

/// Without a wish of the step's: three attempts where nothing was sent, one otherwise.
#[test]
fn how_often_a_call_is_made() {
    let rows = [
        (failed(NotSent), "", 3),
        (failed(NotSent), NEVER, 3),
        (failed(NotSent), FIVE, 5),
        (failed(NotSent), "retry: { attempts: 2, backoff: fixed, first: 2s }", 3),
        (failed(NoAnswer), "", 1),
        (failed(NoAnswer), FIVE, 5),
        (failed(NoAnswer), "never_repeat: true, retry: { attempts: 5 }", 1),
        (failed(Final), FIVE, 1),
        (status(301), FIVE, 1),
        (status(400), FIVE, 1),
        (status(404), FIVE, 1),
        (status(408), FIVE, 5),
        (status(422), FIVE, 1),
        (status(425), FIVE, 5),
        (status(429), FIVE, 5),
        (status(500), FIVE, 5),
        (status(503), FIVE, 5),
        (status(599), FIVE, 5),
        (status(408), "", 1),
        (status(429), "", 1),
        (status(503), "", 1),
        (status(503), "retry: { attempts: 1 }", 1),
    ];
    for (reply, policy, expected) in rows {
        assert_eq!(attempts(&call(policy), &reply).0, expected, "{policy} {reply:?}");
    }
}

#[test]
fn how_long_it_waits() {
    let retry = |rest: &str| call(&format!("retry: {{ {rest} }}"));
    // Half a step's jitter is three quarters of an exponential wait, and half of the whole of what is always tried.
    let rows = [
        (retry("attempts: 4, first: 2s, max: 5s"), status(503), vec![1.5, 3.0, 3.75]),
        (retry("attempts: 4, backoff: fixed, first: 2s"), status(503), vec![2.0, 2.0, 2.0]),
        (retry("attempts: 2"), status(503), vec![1.5]),
        (call(""), failed(NotSent), vec![0.5, 1.0]),
    ];
    for (step, reply, expected) in rows {
        assert_eq!(attempts(&step, &reply).1, expected, "{step}");
    }
}

#[test]
fn it_comes_back_no_sooner_than_it_was_asked() {
    let step = call("retry: { attempts: 2, backoff: fixed, first: 2s }");
    for (asked, expected) in [(None, 2.0), (Some(1), 2.0), (Some(90), 90.0), (Some(1_000_000), 86_400.0)] {
        let Reply::Answered(mut answer) = status(429) else { unreachable!() };
        answer.retry_after = asked.map(Duration::from_secs);
        assert_eq!(attempts(&step, &Reply::Answered(answer)).1, [expected], "{asked:?}");
    }
}

#[test]
fn a_mail_server_is_asked_for_a_quarter_of_an_hour() {
    for kind in [NotSent, NotNow] {
        let (count, waits) = attempts(&email(""), &failed(kind));
        let total: f64 = waits.iter().sum();
        assert!((840.0..=900.0).contains(&total), "{kind:?}: {total} s");
        assert_eq!(count as usize, waits.len() + 1);
        assert_eq!(waits[..5], [3.75, 7.5, 15.0, 30.0, 45.0]);
    }
    assert_eq!(attempts(&email(""), &failed(Final)).0, 1);
    assert_eq!(attempts(&email(""), &failed(NoAnswer)).0, 1, "it may have taken it");
    let asked = "retry: { attempts: 3, backoff: fixed, first: 2s }";
    assert_eq!(attempts(&email(asked), &failed(NoAnswer)).1, [2.0, 2.0]);
    assert_eq!(attempts(&email(&format!("{asked}, {NEVER}")), &failed(NoAnswer)).0, 1);
    assert!(attempts(&email(NEVER), &failed(NotNow)).0 > 1, "it said that it did not take it");
}

#[test]
fn what_kind_of_failure_comes_does_not_start_the_count_anew() {
    let mut bed = Bed::new(&call("retry: { attempts: 3, backoff: fixed, first: 2s }"));
    bed.begin();
    for reply in [status(503), failed(NoAnswer)] {
        bed.reply(reply);
        bed.claim();
    }
    bed.reply(failed(NotSent));
    assert_eq!(bed.errors(), ["NotSent"]);
}

#[test]
fn an_attempt_that_succeeds_at_last_is_a_success() {
    let mut bed = Bed::new(&call(FIVE));
    bed.begin();
    bed.reply(status(503));
    bed.claim();
    let ran = bed.reply(ok(&json!({ "task": { "Name": "Bo" } })));
    let call = ran.settled.unwrap();
    assert_eq!((call.attempts, call.failures, call.status, call.error), (2, 1, Some(200), None));
    assert!(bed.succeeded());
    assert_eq!(bed.text("Name"), "Bo");
}

/// A crash: nobody knows whether the call was heard.
#[test]
fn an_interrupted_call_goes_out_again_unless_it_must_not() {
    let mut bed = Bed::new(&call(""));
    bed.begin();
    let first = bed.call.clone().unwrap();
    let ran = bed.claim();
    let Next::Call { call: again, timeout } = ran.next else { panic!("{ran:?}") };
    assert_eq!((&again.request, again.attempts, again.failures, again.open), (&first.request, 2, 0, true));
    assert_eq!(timeout, Duration::from_secs(30));

    for step in [call(NEVER), email(NEVER), "{ do: zapier, url: 'https://a.example', never_repeat: true }".to_owned()] {
        let mut bed = Bed::new(&step);
        bed.begin();
        bed.claim();
        assert_eq!(bed.errors(), ["Outcome unknown: not repeated"], "{step}");
    }
    // One that waits after a failure that was told was not interrupted.
    let mut bed = Bed::new(&call(NEVER));
    bed.begin();
    bed.reply(failed(NotSent));
    assert!(matches!(bed.claim().next, Next::Call { .. }));
}

#[test]
fn the_time_of_an_execution_is_what_its_calls_take() {
    let steps = format!("{}\n{}\n{}", call("timeout: 10m"), call("timeout: 10m"), call("timeout: 10m"));
    let mut bed = Bed::new(&steps);
    bed.begin();
    bed.execution.spent = Duration::from_secs(3600 - 700);
    let ran = bed.reply_after(ok(&json!({})), Duration::from_secs(500));
    let Next::Call { timeout, .. } = ran.next else { panic!("{ran:?}") };
    assert_eq!(timeout, Duration::from_secs(200), "no longer than is left");
    bed.now = bed.now.plus_micros(7_200_000_000);
    let ran = bed.reply_after(ok(&json!({})), Duration::from_secs(200));
    assert_eq!(bed.errors(), ["Timed out: its calls have taken 60 min"]);
    assert_eq!(ran.steps[2].status, StepStatus::Fail);
    assert!(ran.settled.is_some(), "the second call is over");

    let mut bed = Bed::new(&call(FIVE));
    bed.begin();
    bed.reply_after(status(503), Duration::from_secs(3600));
    bed.claim();
    assert_eq!(bed.errors(), ["Timed out: its calls have taken 60 min"], "also for a repetition");
}

#[test]
fn an_answer_is_kept_as_far_as_it_can_be_shown() {
    let mut bed = Bed::new(&call(""));
    bed.begin();
    let long = format!("a\u{0}{}", "é".repeat(4096));
    let call = bed.reply(answer(500, None, &long)).settled.unwrap();
    let kept = call.answer.unwrap();
    assert!(kept.starts_with("a\u{fffd}é") && kept.len() <= 4096 + 3, "{}", kept.len());
    assert_eq!(call.status, Some(500));
    let mut bed = Bed::new("{ do: api_call, url: 'https://a.example' }");
    bed.begin();
    let failure = Failure { told: Told::plain("API call to a.example timed out after 30 s"), kind: NoAnswer };
    bed.reply(Reply::Failed(failure));
    assert_eq!(bed.errors(), ["API call to a.example timed out after 30 s"]);
}
