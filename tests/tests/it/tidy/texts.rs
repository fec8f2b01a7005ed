//! What no file may say.

use super::{TEXTS, files_ending, none};

/// Longer files are where layers go to hide: two rooms.
const LINES_MOST: usize = 600;

/// In pieces, so that this file does not break its own rules.
const UNFINISHED: &[&str] = &[concat!("to", "do!("), concat!("unimple", "mented!("), concat!("// TO", "DO"), concat!("FIX", "ME")];
/// Places of one machine, which are on no other.
const PLACES: &[&str] = &[concat!("../", "shared"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
/// Of why a command did nothing: the sentences that a caller is told, which may quote a value.
const QUOTES: &str = concat!("?fail", "ure");
const SLEEP: &str = concat!("slee", "p(");

/// `path:line: text` of each line that has one of the words.
fn lines_with(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    lines.map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim())).collect()
}

/// The tests of a file: all of it in a tests folder, otherwise what comes after its `#[cfg(test)]`.
fn tests_of<'a>(path: &str, text: &'a str) -> &'a str {
    if path.split('/').any(|folder| folder == "tests") {
        return text;
    }
    text.find("#[cfg(test)]\nmod ").map_or("", |start| &text[start..])
}

#[test]
fn files_are_short() {
    let long =
        |path: &str, text: &str| Some(text.lines().count()).filter(|lines| *lines > LINES_MOST).map(|lines| format!("{path}: {lines}"));
    let broken: Vec<String> = files_ending(&["rs", "ts", "tsx", "css"]).iter().filter_map(|file| long(&file.path, &file.text)).collect();
    none(&format!("no file is longer than {LINES_MOST} lines"), &broken);
    assert!(long("a", &"x\n".repeat(LINES_MOST + 1)).is_some() && long("a", &"x\n".repeat(LINES_MOST)).is_none());
}

#[test]
fn nothing_is_left_to_be_done() {
    let broken: Vec<String> =
        files_ending(&["rs", "ts", "tsx", "sql"]).iter().flat_map(|file| lines_with(&file.path, &file.text, UNFINISHED)).collect();
    none("what is not done is not in the code", &broken);
    assert_eq!(lines_with("a", &format!("fn a() {{\n    {})\n}}", UNFINISHED[0]), UNFINISHED).len(), 1);
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let broken: Vec<String> = files_ending(TEXTS).iter().flat_map(|file| lines_with(&file.path, &file.text, PLACES)).collect();
    none("paths are relative to the workspace, or come from outside", &broken);
    assert_eq!(lines_with("a", &format!("b\nsee {}/c", PLACES[0]), PLACES), [format!("a:2: see {}/c", PLACES[0])]);
}

#[test]
fn the_log_has_the_code_of_a_refusal_and_not_its_words() {
    let broken: Vec<String> = files_ending(&["rs"]).iter().flat_map(|file| lines_with(&file.path, &file.text, &[QUOTES])).collect();
    none("what was refused is logged by its codes, as `%failure`", &broken);
    assert_eq!(lines_with("a", &format!("error!({QUOTES}, \"a list was not made anew\");"), &[QUOTES]).len(), 1);
}

#[test]
fn no_test_waits_for_time_to_pass() {
    let broken: Vec<String> =
        files_ending(&["rs"]).iter().flat_map(|file| lines_with(&file.path, tests_of(&file.path, &file.text), &[SLEEP])).collect();
    none("tests wait for what they want to see, not for time; their clock is theirs to turn", &broken);

    let source = format!("{SLEEP});\n#[cfg(test)]\nmod tests {{\n{SLEEP});\n}}");
    assert_eq!(lines_with("a", tests_of("crates/a/src/a.rs", &source), &[SLEEP]).len(), 1);
    assert_eq!(lines_with("a", tests_of("tests/tests/it/a.rs", &source), &[SLEEP]).len(), 2);
    assert_eq!(tests_of("crates/a/src/a.rs", SLEEP), "");
}
