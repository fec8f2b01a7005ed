//! What a quote holds its execution to.

use serde_json::{Map, Value as Json, json};

use super::bed::{ANN, BOB, Bed, KEY, id};
use crate::access::Access;
use crate::actor::Actor;
use crate::execution::Reader;
use crate::execution::quote::{Inputs, Now, Quote, fingerprint};
use crate::task::{Change, Task};
use crate::workflow::{FieldRight, Rights};

fn inputs(task: Option<&str>, action: Option<&str>, by: Option<&str>, fields: Json) -> Inputs {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let fields = fields.as_object().cloned().unwrap_or_default();
    Inputs { task_id: owned(task), action_id: owned(action), performed_by: owned(by), fields }
}

fn quote(bed: &Bed) -> Quote {
    Quote {
        inputs: inputs(Some("1"), Some("a"), None, json!({ "Name": "Bo" })),
        workflow: bed.current.id,
        revision: bed.current.revision,
        task: id(100),
        version: 1,
        performer: Actor::User(id(ANN)),
        sequence: 4,
        at: bed.now,
        shown: fingerprint(&bed.foresight(Access::Everything)),
    }
}

#[test]
fn inputs_may_be_left_out_or_repeated_but_not_be_others() {
    let quote = quote(&Bed::new(""));
    let nothing = || json!({});
    for (given, told) in [
        (inputs(None, None, None, nothing()), &[][..]),
        (inputs(Some("1"), Some("a"), None, json!({ "Name": "Bo" })), &[]),
        (inputs(Some("2"), None, None, nothing()), &["task_id is not what was quoted"]),
        (
            inputs(Some("01"), Some("b"), Some("ann@example.com"), json!({ "Name": "Cy" })),
            &[
                "task_id is not what was quoted",
                "action_id is not what was quoted",
                "performed_by is not what was quoted",
                "fields is not what was quoted",
            ],
        ),
        (inputs(None, None, None, json!({ "Name": "Bo", "Notes": null })), &["fields is not what was quoted"]),
    ] {
        match quote.inputs(&given) {
            Ok(inputs) => assert_eq!((inputs, told), (quote.inputs.clone(), &[][..]), "{given:?}"),
            Err(refusals) => assert_eq!(refusals.iter().map(ToString::to_string).collect::<Vec<_>>(), told, "{given:?}"),
        }
    }
}

/// What is told of a task that these values were written to, one after the other, each as one change.
fn told(bed: &Bed, writes: &[&dyn Fn(&mut Task)], access: Access<'_>) -> Vec<String> {
    let mut task = bed.task.clone().expect("there");
    let mut history = Vec::new();
    for write in writes {
        let mut after = Task { version: task.version + 1, ..task.clone() };
        write(&mut after);
        history.push(Change::between(&task, &after));
        task = after;
    }
    let reader = Reader { workflow: &bed.current, workspace: &bed.workspace, access };
    let now = Now { task: &task, performer: Actor::User(id(ANN)), last_sequence: 4, waiting: 0, reader };
    quote(bed).changed(&now, &history).iter().map(ToString::to_string).collect()
}

#[test]
fn each_thing_that_changed_has_a_sentence() {
    let bed = Bed::new("").set(&[("Amount", json!(10)), ("Tags", json!(["Red"]))]);
    let field = |name: &str| bed.current.field_named(name).expect(name).id;
    let value = |name: &str, given: Json| {
        let field = bed.current.field_named(name).expect(name);
        crate::value::parse(field, &bed.workspace, &given).expect(name)
    };
    let set = |name: &'static str, given: Json| {
        let (field, value) = (field(name), value(name, given));
        move |task: &mut Task| match &value {
            Some(value) => drop(task.values.insert(field, value.clone())),
            None => drop(task.values.remove(&field)),
        }
    };
    let (to_50, to_90, to_10) = (set("Amount", json!(50)), set("Amount", json!(90)), set("Amount", json!(10)));
    let (long, lines) = (set("Notes", json!("x".repeat(101))), set("Notes", json!("a\nb")));
    let (tags, paid, no_name) = (set("Tags", json!(["Red", "Blue"])), set("Paid", json!(true)), set("Name", json!(null)));
    let held = bed.current.stages[1].id;
    let moved = |task: &mut Task| task.stage = held;
    let assigned = |task: &mut Task| task.assignee = Some(id(BOB));
    let all = |writes: &[&dyn Fn(&mut Task)]| told(&bed, writes, Access::Everything);
    assert_eq!(all(&[]), Vec::<String>::new());
    assert_eq!(all(&[&to_50, &to_90]), ["Amount has changed from 10.00 to 90.00 since the quote"]);
    assert_eq!(all(&[&to_50, &to_10]), ["The task has changed since the quote"]);
    assert_eq!(all(&[&long]), ["Notes has changed since the quote"]);
    assert_eq!(all(&[&lines]), ["Notes has changed since the quote"]);
    assert_eq!(
        all(&[&tags, &paid, &assigned, &no_name, &moved]),
        [
            "Stage has changed from Open to Held since the quote",
            "Assigned To has changed from blank to bob@example.com since the quote",
            "Name has changed from Ada to blank since the quote",
            "Tags has changed from Red to Red, Blue since the quote",
            "Paid has changed from false to true since the quote",
        ]
    );
    // What is hidden is told neither by value nor by name.
    let rights = Rights { fields: vec![(field("Amount"), FieldRight::Hidden)], ..Rights::collaborator() };
    assert_eq!(told(&bed, &[&to_50], Access::Rights(&rights)), ["The task has changed since the quote"]);
    assert_eq!(told(&bed, &[&to_50, &paid], Access::Rights(&rights)), ["Paid has changed from false to true since the quote"]);
}

#[test]
fn so_has_what_is_not_of_the_task() {
    let bed = Bed::new("");
    let mut other = bed.current.clone();
    other.revision = 2;
    let task = bed.task.clone().expect("there");
    let another = Task { id: id(101), ..task.clone() };
    let by = (Actor::User(id(ANN)), Actor::ApiKey(id(KEY)));
    for (workflow, task, performer, last_sequence, waiting, told) in [
        (&bed.current, &task, by.0, 4, 0, &[][..]),
        (&other, &task, by.0, 4, 0, &["The workflow has changed since the quote"]),
        (&bed.current, &another, by.0, 4, 0, &["The task has changed since the quote"]),
        (&bed.current, &task, by.1, 4, 0, &["The performer has changed since the quote"]),
        (&bed.current, &task, by.0, 5, 0, &["Another execution of the task comes before what was quoted"]),
        (&bed.current, &task, by.0, 4, 1, &["Another execution of the task comes before what was quoted"]),
        (
            &other,
            &another,
            by.1,
            5,
            1,
            &[
                "The workflow has changed since the quote",
                "The performer has changed since the quote",
                "The task has changed since the quote",
                "Another execution of the task comes before what was quoted",
            ],
        ),
    ] {
        let reader = Reader { workflow, workspace: &bed.workspace, access: Access::Everything };
        let now = Now { task, performer, last_sequence, waiting, reader };
        let refusals = quote(&bed).changed(&now, &[]);
        assert_eq!(refusals.iter().map(ToString::to_string).collect::<Vec<_>>(), told);
    }
}

#[test]
fn time_may_pass_where_it_changes_nothing_but_a_moment() {
    let hours = |bed: &Bed, hours: i64| bed.now.plus_micros(hours * 3_600_000_000);
    let due_today = "{ combinator: and, rules: [ { field: Due, operator: beforeToday } ] }";
    for (steps, later, shows) in [
        ("{ do: add_comment, text: 'at {{currentDateTime}}' }".to_owned(), 1, true),
        ("{ do: schedule_stage_change, stage: Done, after: 1h }".to_owned(), 1, true),
        ("{ do: add_comment, text: 'on {{currentDate}}' }".to_owned(), 1, true),
        ("{ do: add_comment, text: 'on {{currentDate}}' }".to_owned(), 24, false),
        ("{ do: add_comment, text: t }".to_owned(), 24, true),
        (format!("{{ do: add_comment, text: t, when: {due_today} }}"), 24, false),
    ] {
        let mut bed = Bed::new(&steps).set(&[("Due", json!("2026-09-21"))]);
        let quote = quote(&bed);
        let then = bed.foresight(Access::Everything);
        bed.now = hours(&bed, later);
        let now = bed.foresight(Access::Everything);
        let same_day = later < 24;
        assert_eq!(quote.still_shows(&then, &now, same_day), shows, "{steps} {later}");
    }
    // Anything else counts, as soon as it is shown.
    let mut bed = Bed::new("{ do: email, to: ann@example.com, subject: s, body: b }");
    let quote = quote(&bed);
    bed.mail_from = Some("other@acme.example");
    let foresight = bed.foresight(Access::Everything);
    assert!(!quote.still_shows(&foresight, &foresight, true));
}

#[test]
fn a_quote_is_read_back_as_it_was() {
    let quote = quote(&Bed::new(""));
    let text = serde_json::to_string(&quote).expect("JSON");
    assert_eq!(serde_json::from_str::<Quote>(&text).expect("a quote"), quote);
    let numbers: Map<String, Json> = serde_json::from_str(r#"{"Amount":10.50,"Big":12345678901234567890123}"#).expect("JSON");
    let with = Quote { inputs: Inputs { fields: numbers, ..quote.inputs.clone() }, ..quote };
    let text = serde_json::to_string(&with).expect("JSON");
    assert!(text.contains("10.50"), "digit for digit: {text}");
    assert_eq!(serde_json::from_str::<Quote>(&text).expect("a quote"), with);
}
