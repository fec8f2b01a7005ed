//! Search by words: a text as its words, and whether and how well a task has those that are looked for.
//!
//! What is searched are texts: text, longText, phone, email, url and uniqueId. A word is a run of letters and digits, compared without
//! case; accents count. A word that is looked for is also found as the beginning of a longer one. Where a script has no spaces between
//! words (Chinese, Japanese, Thai, ...) each two characters that stand together are a word.

use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;

use crate::access::Access;
use crate::ids::Id;
use crate::limits::{SEARCH_WORDS_MAX, SEARCHED_BYTES_MAX, WORD_CHARACTERS_MAX};
use crate::refusal::Refusal;
use crate::task::Task;
use crate::value::{Value, fold};
use crate::workflow::{Field, FieldKind, FieldRight, Workflow};

/// The words that are looked for; a task has all of them, or is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    words: Vec<String>,
}

impl Search {
    /// From `_search=text`.
    pub fn read(text: &str) -> Result<Search, Refusal> {
        let refused = |allowed: String| Refusal::BadParameter { name: "_search".to_owned(), value: text.to_owned(), allowed };
        let folded = fold(text);
        let all: Vec<&str> = words_of(&folded).collect();
        let mut words: Vec<String> = Vec::new();
        for word in &all {
            if !all.iter().any(|other| implies(other, word)) && !words.iter().any(|known| known == word) {
                words.push((*word).to_owned());
            }
        }
        match words.len() {
            0 => Err(refused("text with a letter or digit".to_owned())),
            1..=SEARCH_WORDS_MAX => Ok(Search { words }),
            _ => Err(refused(format!("at most {SEARCH_WORDS_MAX} words"))),
        }
    }

    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// How well a task has all words in what may be seen of it; `None` where it lacks one. Of each word the best place counts.
    pub fn score(&self, task: &Task, workflow: &Workflow, access: Access<'_>) -> Option<u32> {
        let mut best = vec![0; self.words.len()];
        for (id, text) in searched(task) {
            let Some(field) = workflow.field(id).filter(|field| access.right_to(field) != FieldRight::Hidden) else { continue };
            for found in words_of(&fold(text)) {
                for (word, best) in self.words.iter().zip(&mut best).filter(|(word, _)| found.starts_with(word.as_str())) {
                    *best = points(field, found == word).max(*best);
                }
            }
        }
        best.iter().all(|points| *points > 0).then(|| best.iter().sum())
    }
}

/// What has the one also has the other, which need not be looked for then: a beginning of it, or the end of two that stand together.
fn implies(one: &str, other: &str) -> bool {
    one.len() > other.len() && (one.starts_with(other) || (other.starts_with(is_unspaced) && one.ends_with(other)))
}

/// A whole word is better than the beginning of one; then a Unique ID than another text, and one of a line than a long one.
fn points(field: &Field, whole: bool) -> u32 {
    let place = match field.kind {
        FieldKind::UniqueId { .. } => 3,
        FieldKind::LongText => 1,
        _ => 2,
    };
    if whole { 3 + place } else { place }
}

/// Every word that a task may be found by.
pub fn words(task: &Task) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in searched(task) {
        let folded = fold(text);
        for word in words_of(&folded) {
            if !found.contains(word) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

/// Whether two states of a task may be found by other words.
pub fn differ(before: &Task, after: &Task) -> bool {
    !texts(before).eq(texts(after))
}

/// Whether it can be found by any word.
pub fn has_texts(task: &Task) -> bool {
    texts(task).next().is_some()
}

fn texts(task: &Task) -> impl Iterator<Item = (Id, &str)> {
    task.values.iter().filter_map(|(id, value)| match value {
        Value::Text(text) => Some((*id, text.as_str())),
        _ => None,
    })
}

/// The texts of a task as far as they are searched: the short ones first, so that it is the longest that is cut.
fn searched(task: &Task) -> Vec<(Id, &str)> {
    let mut texts: Vec<(Id, &str)> = texts(task).collect();
    texts.sort_by_key(|(id, text)| (text.len(), *id));
    let mut left = SEARCHED_BYTES_MAX;
    for (_, text) in &mut texts {
        *text = &text[..text.floor_char_boundary(left)];
        left -= text.len();
    }
    texts
}

/// The words of a folded text, in their order.
fn words_of(folded: &str) -> Words<'_> {
    Words { rest: folded }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches(|symbol| !is_of_word(symbol));
        let first = self.rest.chars().next()?;
        if is_unspaced(first) {
            let second = self.rest[first.len_utf8()..].chars().next().filter(|second| is_unspaced(*second));
            let word = &self.rest[..first.len_utf8() + second.map_or(0, char::len_utf8)];
            self.rest = &self.rest[first.len_utf8()..];
            return Some(word);
        }
        let end = self.rest.find(|symbol| !is_of_word(symbol) || is_unspaced(symbol)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let cut = word.char_indices().nth(WORD_CHARACTERS_MAX).map_or(word.len(), |(cut, _)| cut);
        Some(&word[..cut])
    }
}

fn is_of_word(symbol: char) -> bool {
    symbol.is_alphanumeric() || is_combining_mark(symbol)
}

/// Of a script that puts no spaces between words.
fn is_unspaced(symbol: char) -> bool {
    let in_such_a_script = matches!(symbol,
        // Thai, Lao; Myanmar; Khmer.
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Kana and Bopomofo; Han; the same in compatibility forms.
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}');
    in_such_a_script && is_of_word(symbol)
}

#[cfg(test)]
mod tests;
