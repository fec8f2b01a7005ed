//! What is wrong with a document: every problem with its path, and what was probably meant.

use std::collections::HashSet;
use std::fmt;

/// Problems that one answer lists; a document with more is told how many there are.
pub const PROBLEMS_MAX: usize = 1000;

/// One mistake, or one warning. Its path reads `actions[0].steps[2].body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// A place in the document, as a chain on the stack: nothing is written out unless something is wrong there.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Key(&'a str),
    Index(usize),
    /// Where another module says a place: already written, `.` or `[` included.
    Written(&'a str),
}

impl<'a> Path<'a> {
    pub const ROOT: Path<'static> = Path { parent: None, segment: Segment::Root };

    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Key(key) }
    }

    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Index(index) }
    }

    pub fn written(&'a self, rest: &'a str) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Written(rest) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chain = Vec::new();
        let mut place = Some(self);
        while let Some(path) = place {
            chain.push(path.segment);
            place = path.parent;
        }
        let mut empty = true;
        for segment in chain.into_iter().rev() {
            match segment {
                Segment::Root => continue,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if key.contains(['.', '[', ']', '"']) => write!(f, "[{key:?}]")?,
                Segment::Key(key) if empty => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Written("") => continue,
                Segment::Written(rest) if empty || rest.starts_with(['.', '[']) => f.write_str(rest)?,
                Segment::Written(rest) => write!(f, ".{rest}")?,
            }
            empty = false;
        }
        Ok(())
    }
}

/// Collects problems up to [`PROBLEMS_MAX`], so that a hostile document costs no more than a long list.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    more: bool,
    /// Places whose value could not be read: what is said about a stand-in there would mislead.
    repaired: HashSet<String>,
    /// Lists that were too long and lost their end.
    cut: Vec<String>,
}

impl Problems {
    pub fn add(&mut self, path: &Path<'_>, message: impl FnOnce() -> String) {
        if self.is_full() {
            self.more = true;
            return;
        }
        let path = path.to_string();
        if !self.is_repaired(&path) {
            self.list.push(Problem { path, message: message() });
        }
    }

    /// Past this nothing new is told, so that looking for suggestions can stop.
    pub fn is_full(&self) -> bool {
        self.list.len() >= PROBLEMS_MAX
    }

    /// From now on, nothing is said about this place or what is below it.
    pub fn repaired(&mut self, path: &Path<'_>) {
        if !self.is_full() {
            self.repaired.insert(path.to_string());
        }
    }

    /// The list at this place was cut short.
    pub fn cut(&mut self, path: &Path<'_>) {
        self.cut.push(path.to_string());
    }

    /// Whether the place itself, or one above it, could not be read.
    pub fn is_repaired(&self, path: &str) -> bool {
        let ends = path.char_indices().filter(|(_, character)| matches!(character, '.' | '[')).map(|(end, _)| end);
        !self.repaired.is_empty() && ends.chain([0, path.len()]).any(|end| self.repaired.contains(&path[..end]))
    }

    /// Whether the place, or anything above or below it, could not be read.
    pub fn is_unsure(&self, path: &Path<'_>) -> bool {
        let path = path.to_string();
        self.repaired.iter().any(|repaired| is_within(&path, repaired) || is_within(repaired, &path))
    }

    /// Whether anything that begins like this could not be read: a list with it is not known whole.
    pub fn is_incomplete(&self, list: &str, keys: &[&str]) -> bool {
        self.repaired.iter().any(|repaired| {
            let Some(rest) = repaired.strip_prefix(list) else { return false };
            let item = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, below)| below);
            rest.is_empty() || item.is_some_and(|below| below.is_empty() || keys.contains(&below))
        }) || self.repaired.contains("")
            || self.cut.iter().any(|cut| cut == list)
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn finish(mut self) -> Vec<Problem> {
        if self.more {
            let message = format!("has more than {PROBLEMS_MAX} problems; these are the first of them");
            self.list.push(Problem { path: String::new(), message });
        }
        self.list
    }
}

/// `a, b or c`
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn is_within(path: &str, above: &str) -> bool {
    above.is_empty() || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        let actions = Path::ROOT.key("actions");
        let action = actions.index(0);
        let set = action.key("set");
        assert_eq!(Path::ROOT.to_string(), "");
        assert_eq!(action.key("name").to_string(), "actions[0].name");
        assert_eq!(set.key("Deal size").to_string(), "actions[0].set.Deal size");
        assert_eq!(set.key("a.b").to_string(), "actions[0].set[\"a.b\"]");
        assert_eq!(set.written("rules[1]").to_string(), "actions[0].set.rules[1]");
    }

    #[test]
    fn a_list_is_incomplete_when_one_of_its_names_is_not_known() {
        for (repaired, expected) in [
            (Path::ROOT.key("fields"), true),
            (Path::ROOT.key("fields").index(3), true),
            (Path::ROOT.key("fields").index(3).key("name"), true),
            (Path::ROOT.key("fields").index(3).key("limit"), false),
            (Path::ROOT.key("stages"), false),
            (Path::ROOT, true),
        ] {
            let mut problems = Problems::default();
            problems.repaired(&repaired);
            assert_eq!(problems.is_incomplete("fields", &[".name"]), expected, "{repaired}");
        }
    }

    #[test]
    fn nothing_is_said_at_or_below_a_repaired_place() {
        let mut problems = Problems::default();
        let field = Path::ROOT.key("fields");
        let first = field.index(1);
        problems.repaired(&first);
        problems.add(&first.key("name"), || unreachable!());
        problems.add(&first, || unreachable!());
        problems.add(&field.index(10), || "told".to_owned());
        assert_eq!(problems.finish().len(), 1);
    }
}
