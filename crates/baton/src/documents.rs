//! What the documents say of the program is what it does.

use std::time::Duration;

use baton_core::definition::parse_yaml;
use baton_core::limits;
use baton_core::lint::{Code, Finding};

use crate::cli::lint::findings;
use crate::settings::table;

#[test]
fn limits_that_can_be_set_are_so_by_default() {
    let set = [(table::RATE_PER_MINUTE, limits::RATE_PER_MINUTE), (table::BODY_MIB, limits::BODY_BYTES_MAX / 1024 / 1024)];
    for (setting, limit) in set {
        assert_eq!(setting.default, Some(limit.to_string().as_str()), "{}", setting.key);
    }
}

fn seconds(limit: Duration) -> usize {
    usize::try_from(limit.as_secs()).expect("a limit")
}

#[test]
fn every_limit_is_told() {
    let told: Vec<(&str, &str)> = include_str!("../../../docs/limits.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(what, _)| !["what", "---"].contains(what))
        .collect();
    let limits: Vec<String> = [
        limits::FIELDS_MAX,
        limits::STAGES_MAX,
        limits::ACTIONS_MAX,
        limits::STEPS_MAX,
        limits::LIST_ITEMS_MAX,
        limits::TEMPLATE_NAMES_MAX,
        limits::NAME_CHARACTERS_MAX,
        limits::TEXT_BYTES_MAX,
        limits::LONG_TEXT_BYTES_MAX,
        limits::UNIQUE_ID_CHARACTERS_MAX,
        limits::DECIMAL_DIGITS_MAX as usize,
        limits::COMMENT_BYTES_MAX,
        limits::MESSAGE_BYTES_MAX,
        limits::FILES_A_FIELD_MAX,
        limits::BODY_BYTES_MAX,
        limits::LARGE_BODIES_BYTES_MAX,
        limits::HEAD_BYTES_MAX,
        limits::QUERY_PARAMETERS_MAX,
        usize::try_from(limits::PAGE_ROWS_MAX).expect("a count"),
        limits::RATE_PER_MINUTE,
        usize::try_from(limits::WAITING_EXECUTIONS_MAX).expect("a count"),
        limits::BULK_TASKS_MAX,
        limits::BATCH_TASKS_MAX,
        usize::try_from(limits::WAIT_SECONDS_MAX).expect("a count"),
        limits::CONDITION_DEPTH_MAX,
        limits::CONDITION_RULES_MAX,
        limits::SORT_COLUMNS_MAX,
        limits::SEARCH_WORDS_MAX,
        limits::SEARCHED_BYTES_MAX,
        limits::WORD_CHARACTERS_MAX,
        limits::ADDRESS_BYTES_MAX,
        limits::ANSWER_KEPT_BYTES,
        seconds(limits::CALL_TIMEOUT),
        seconds(limits::MAIL_TIMEOUT),
        seconds(limits::CALL_TIMEOUT_MAX),
        seconds(limits::EXECUTION_TIME_MAX),
        limits::UNSENT_ATTEMPTS_MAX as usize,
        seconds(limits::MAIL_RETRY_MAX),
        seconds(limits::RETRY_WAIT_MAX),
        limits::OPEN_CALLS_MAX,
        limits::OPEN_CALLS_A_WORKSPACE_MAX,
        limits::WAITING_CALLS_MAX,
        seconds(limits::QUOTE_LIFETIME),
        limits::SECRET_BYTES_MAX,
        usize::try_from(limits::STARTS_MAX).expect("a count"),
        usize::try_from(limits::TASKS_CARRIED_MAX).expect("a count"),
        limits::IMPORT_BYTES_MAX,
        limits::IMPORT_CHUNK_ROWS,
        limits::IMPORT_CHUNK_BYTES,
        limits::IMPORT_CELL_BYTES,
        limits::IMPORT_ROW_BYTES_MAX,
        limits::IMPORT_COLUMNS_MAX,
        limits::UPLOADS_MAX,
        limits::UPLOADS_A_WORKSPACE_MAX,
        limits::WAITING_IMPORTS_MAX,
        seconds(limits::IMPORT_UPLOAD_MAX),
        seconds(limits::IMPORT_REFUSED_KEPT),
    ]
    .map(|limit| limit.to_string())
    .to_vec();
    let there_are = include_str!("../../core/src/limits.rs").matches("pub const ").count();
    assert_eq!(limits.len(), there_are, "a limit is not in this list");
    assert_eq!(told.iter().map(|(_, limit)| *limit).collect::<Vec<_>>(), limits);
}

fn linted(document: &str) -> Vec<Finding> {
    let value = parse_yaml(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
    findings(value).unwrap_or_else(|problems| panic!("{problems:?}\n{document}"))
}

/// Each finding has its entry, with a document that has it, and the same one mended.
#[test]
fn every_finding_is_told_with_an_example_that_has_it() {
    let text = include_str!("../../../docs/lint.md");
    let entries: Vec<(&str, &str)> = text.split("\n## `").skip(1).filter_map(|entry| entry.split_once("`\n")).collect();
    assert_eq!(entries.iter().map(|(code, _)| *code).collect::<Vec<_>>(), Code::ALL.map(Code::name));
    for (code, entry) in entries {
        let blocks: Vec<&str> = entry.split("```yaml\n").skip(1).filter_map(|block| Some(block.split_once("```")?.0)).collect();
        let [with, mended] = blocks[..] else { panic!("{code} has {} examples", blocks.len()) };
        let found = linted(with);
        assert!(!found.is_empty() && found.iter().all(|finding| finding.code.name() == code), "{code}: {found:#?}");
        let severity = found[0].severity.name();
        let told = entry.trim_start().to_lowercase();
        assert!(told.starts_with(severity), "{code} is told as {severity}");
        assert_eq!(linted(mended), [], "{code}");
    }
}

/// What the documents and the demo show to be copied has nothing to find.
#[test]
fn our_own_definitions_have_no_finding() {
    let guide = include_str!("../../../docs/definitions.md");
    let examples = guide.split("```yaml\n").skip(1).filter_map(|block| Some(block.split_once("```")?.0));
    let examples: Vec<&str> = examples.collect();
    assert!(!examples.is_empty());
    let readme = include_str!("../../../README.md");
    let (_, from) = readme.split_once("<<'YAML'\n").expect("the README has a definition");
    let (contracts, _) = from.split_once("\nYAML\n").expect("it ends");
    let shown = [contracts, include_str!("demo/early-access.yaml"), include_str!("demo/refunds.yaml")];
    for document in examples.into_iter().chain(shown) {
        assert_eq!(linted(document), [], "{document}");
    }
}

#[test]
fn the_answer_of_the_linter_is_what_it_says() {
    let text = include_str!("../../../docs/lint.md");
    let (_, from) = text.split_once("```text\ncontracts.yaml:4:5: warning: ").expect("an answer is shown");
    let (told, _) = from.split_once(" [").expect("it ends with a code");
    let document = "name: C\nstages: [ { name: Draft }, { name: Signed, end: true }, { name: Lost, end: true } ]\nactions:\n  - { name: Sign, from: [Draft], steps: [ { do: move_to_stage, stage: Signed } ] }\n";
    let found = linted(document);
    assert_eq!(format!("{}: {}", found[0].path, found[0].message), told);
}
