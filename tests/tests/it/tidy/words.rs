//! One word, one thing. Names that others see use the words that the product has, not other words for the same thing.

use super::{files_ending, none};

/// A word that we do not use, and the one that we have for it.
const WORDS: &[(&str, &str)] = &[
    ("ticket", "task"),
    ("card", "task"),
    ("board", "workflow"),
    ("kanban", "workflow"),
    ("lane", "stage"),
    ("phase", "stage"),
    ("transition", "action, or move to stage"),
    ("precondition", "requirement"),
    ("instance", "task, or execution"),
    ("tenant", "workspace"),
    ("organization", "workspace"),
    ("organisation", "workspace"),
    ("login", "account, or sign-in"),
    ("participant", "collaborator"),
    ("dropdown", "singleSelect"),
];

/// The names that a Rust file shows: of public items and fields.
fn public_names(text: &str) -> Vec<(usize, &str)> {
    const KINDS: &[&str] = &["fn", "struct", "enum", "trait", "mod", "type", "const", "static", "async", "unsafe"];
    let mut names = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(rest) = line.trim_start().strip_prefix("pub ") else { continue };
        let mut tokens = rest.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_').filter(|token| !token.is_empty());
        if let Some(name) = tokens.find(|token| !KINDS.contains(token)) {
            names.push((index + 1, name));
        }
    }
    names
}

/// `TaskFilter` and `task_filter` are task, filter.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_lower = false;
    for symbol in name.chars() {
        if symbol == '_' {
            after_lower = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || (symbol.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = symbol.is_lowercase() || symbol.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(symbol.to_lowercase());
        }
    }
    words
}

/// The word that should stand there instead of one in this name.
fn better(name: &str) -> Option<&'static str> {
    let words = words_of(name);
    let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    WORDS.iter().find(|(banned, _)| words.iter().any(|word| word == banned || singular(word) == *banned)).map(|(_, better)| *better)
}

#[test]
fn public_names_use_the_words_of_the_product() {
    let mut broken = Vec::new();
    for file in files_ending(&["rs"]).iter().filter(|file| file.path.starts_with("crates/")) {
        for (line, name) in public_names(&file.text) {
            broken.extend(better(name).map(|better| format!("{}:{line}: {name}; our word is {better}", file.path)));
        }
    }
    none("public names use the words of the product", &broken);
}

#[test]
fn tables_and_columns_use_the_words_of_the_product() {
    let mut broken = Vec::new();
    for file in files_ending(&["sql"]) {
        for (index, line) in file.text.lines().enumerate() {
            let code = line.split("--").next().unwrap_or_default();
            let names = code.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_');
            broken.extend(
                names.filter_map(|name| better(name).map(|better| format!("{}:{}: {name}; our word is {better}", file.path, index + 1))),
            );
        }
    }
    none("tables and columns use the words of the product", &broken);
}

#[test]
fn the_rule_sees_what_it_is_for() {
    for (line, name) in [
        ("pub struct TicketFilter<'a> {", Some("TicketFilter")),
        ("    pub tenant_id: Id,", Some("tenant_id")),
        ("pub async fn list_cards(&self)", Some("list_cards")),
        ("pub const fn task() {}", Some("task")),
        ("fn ticket() {}", None),
        ("// pub struct Ticket", None),
    ] {
        assert_eq!(public_names(line).first().map(|(_, name)| *name), name, "{line}");
    }
    for (name, found) in [
        ("TicketFilter", true),
        ("list_cards", true),
        ("PHASE", true),
        ("tenant_id", true),
        ("TaskFilter", false),
        ("discard", false),
        ("planes", false),
    ] {
        assert_eq!(better(name).is_some(), found, "{name}");
    }
}
