//! What the documents say of the program is what it does.

use std::time::Duration;

use baton_core::limits;

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
        usize::try_from(limits::WAITING_EXECUTIONS_MAX).expect("a count"),
        limits::CONDITION_DEPTH_MAX,
        limits::CONDITION_RULES_MAX,
        limits::ADDRESS_BYTES_MAX,
        limits::ANSWER_KEPT_BYTES,
        seconds(limits::CALL_TIMEOUT),
        seconds(limits::CALL_TIMEOUT_MAX),
        seconds(limits::EXECUTION_TIME_MAX),
        limits::UNSENT_ATTEMPTS_MAX as usize,
        seconds(limits::MAIL_RETRY_MAX),
        seconds(limits::RETRY_WAIT_MAX),
        limits::OPEN_CALLS_MAX,
        limits::OPEN_CALLS_A_WORKSPACE_MAX,
        limits::SECRET_BYTES_MAX,
        usize::try_from(limits::STARTS_MAX).expect("a count"),
        usize::try_from(limits::TASKS_CARRIED_MAX).expect("a count"),
    ]
    .map(|limit| limit.to_string())
    .to_vec();
    let there_are = include_str!("../../core/src/limits.rs").matches("pub const ").count();
    assert_eq!(limits.len(), there_are, "a limit is not in this list");
    assert_eq!(told.iter().map(|(_, limit)| *limit).collect::<Vec<_>>(), limits);
}
