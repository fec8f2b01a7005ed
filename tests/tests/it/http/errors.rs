//! `docs/errors.md` has an entry for each refusal, with its words and its status.

use std::collections::{BTreeMap, BTreeSet};

use baton_core::refusal::{Noun, Refusal};
use baton_core::told::Told;

/// One of each.
fn examples() -> Vec<Refusal> {
    let text = str::to_owned;
    vec![
        Refusal::KeyMissing,
        Refusal::KeyMalformed,
        Refusal::KeyUnknown,
        Refusal::KeyRevoked,
        Refusal::KeyExpired,
        Refusal::KeyReadOnly,
        Refusal::KeyLacksRight { what: text("edit Tasks") },
        Refusal::TooManyRequests { per_minute: 600, seconds: 1 },
        Refusal::NotFound { what: Noun::Task },
        Refusal::WrongMethod { method: text("PATCH"), allowed: text("GET, PUT") },
        Refusal::WrongContentType { got: text("text/plain"), allowed: "application/json" },
        Refusal::TooLarge { bytes_max: 10 * 1024 * 1024 },
        Refusal::BodyInvalid { format: "JSON", reason: text("expected `:` after the key at line 3 column 7") },
        Refusal::BodyBroken,
        Refusal::BodyTooSlow { seconds: 60 },
        Refusal::BodyShape { must: "be a JSON object" },
        Refusal::NotAParameter { name: text("_page") },
        Refusal::BadParameter { name: text("_archived"), value: text("1"), allowed: text("true or false") },
        Refusal::ListHasChanged,
        Refusal::InCondition { message: text("Foo is not a field; did you mean Food?") },
        Refusal::IsNotSortable,
        Refusal::IsNamedTwice,
        Refusal::VersionMoved { now: Some(4) },
        Refusal::KeyReused,
        Refusal::WorkflowArchived,
        Refusal::IsInvalid,
        Refusal::IsRequired,
        Refusal::IsNotAField,
        Refusal::IsNotEditable,
        Refusal::IsNotAnOption,
        Refusal::IsTaken,
        Refusal::IsNotAUserOfWorkspace,
        Refusal::IsNotAUserOfWorkflow,
        Refusal::IsNotAStage,
        Refusal::IsTooLong { bytes_max: 1 },
        Refusal::SecretUnfit,
        Refusal::ItemFromTemplate { what: "deletion" },
        Refusal::LastAdministrator,
        Refusal::AccountKeepsPassword,
        Refusal::LastAdmin,
        Refusal::IsDeactivated,
        Refusal::Definition { message: text("{{Emial}} is not a field; did you mean Email?") },
        Refusal::IdRequired { key: text("task_id") },
        Refusal::FieldRefused { field: text("task_id"), reason: Box::new(Refusal::IsInvalid) },
        Refusal::NotOfWorkflow { email: text("harry@hogwarts.edu") },
        Refusal::MayNotPerform { email: text("harry@hogwarts.edu"), action: text("Approve") },
        Refusal::WrongStage { action: text("Approve"), stage: text("Done") },
        Refusal::FieldRequired { field: text("Name") },
        Refusal::ChecklistIncomplete,
        Refusal::NotAssigned,
        Refusal::NotAssignedToYou,
        Refusal::SomebodyElse,
        Refusal::Custom { message: text("Name must include honorable prefix") },
        Refusal::QuoteRequired { action: text("Approve") },
        Refusal::QuoteInvalid,
        Refusal::QuoteExpired,
        Refusal::NotAsQuoted { key: "performed_by" },
        Refusal::ChangedSinceQuote { what: text("Amount"), values: Some((text("10"), text("90"))) },
        Refusal::OtherExecution,
        Refusal::TooManyWaiting,
        Refusal::NoPerson,
        Refusal::NobodyLeft,
        Refusal::NoTask,
        Refusal::PartGone { kind: "Stage", name: text("Review") },
        Refusal::UserGone { email: text("harry@hogwarts.edu") },
        Refusal::WorkflowGone,
        Refusal::CallFailed { told: Told::plain("API call to api.example.com answered 503: no capacity") },
        Refusal::OutcomeUnknown,
        Refusal::AnswerInvalid { reason: text("expected value at line 1 column 1") },
        Refusal::NotInAnswer { pointer: text("/id") },
        Refusal::NotAnEmail { text: text("foo") },
        Refusal::NoRecipient,
        Refusal::NoMailServer,
        Refusal::SecretMissing { name: text("payments") },
        Refusal::TimeIsUp,
        Refusal::Cancelled { by: text("API (First key)") },
        Refusal::ColumnUnknown { name: text("Mail"), suggestion: text("; did you mean Email"), allowed: text("Stage, Assigned To, Email") },
        Refusal::ColumnMissing { allowed: text("Mail, Name") },
        Refusal::ColumnTwice { target: text("Email"), other: text("Mail") },
        Refusal::RowsRefused { refused: 3, held_back: 997 },
        Refusal::RowHeldBack,
        Refusal::RowNotReached,
        Refusal::ImportInterrupted { row: 2001 },
        Refusal::ImportHasEnded,
        Refusal::TooManyImports,
        Refusal::TooManyUploads,
        Refusal::RowsGone,
        Refusal::HasEnded,
        Refusal::HasNotFailed,
        Refusal::RetryPending { id: text("091has") },
        Refusal::RetrySucceeded { id: text("091has") },
        Refusal::Interrupted { step: 1 },
        Refusal::Panicked { step: Some(2) },
    ]
}

fn file(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The codes that the program knows, from where it gives them.
fn codes() -> BTreeSet<String> {
    let source = file("crates/core/src/refusal.rs");
    let body = source.split_once("pub fn code(").expect("there are codes").1.split_once("\n    }\n").expect("they end").0;
    body.split("=> \"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// A row of the document: its status, where it has one, and its words.
fn entries() -> BTreeMap<String, (Option<u16>, String)> {
    let document = file("docs/errors.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let entry = |row: &str| {
        let mut cells = row.split(" | ");
        let code = cells.next().expect("a code").trim_end_matches('`').to_owned();
        let mut words = cells.next().expect("words").to_owned();
        let status = words.parse().ok();
        if status.is_some() {
            words = cells.next().expect("words").to_owned();
        }
        assert!(cells.next().is_some_and(|remedy| remedy.len() > 2), "{code} says what to do");
        (code, (status, words))
    };
    rows.map(entry).collect()
}

#[test]
fn every_refusal_has_its_entry() {
    let examples: BTreeMap<&str, Refusal> = examples().into_iter().map(|refusal| (refusal.code(), refusal)).collect();
    let entries = entries();
    assert_eq!(examples.keys().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>(), codes(), "an example for each code");
    assert_eq!(entries.keys().cloned().collect::<BTreeSet<_>>(), codes(), "an entry for each code");
    for (code, refusal) in examples {
        let (status, words) = &entries[code];
        assert_eq!(*words, refusal.to_string(), "{code}");
        if let Some(status) = status {
            assert_eq!(*status, baton_api::status_of(&refusal), "{code}");
        }
    }
}
