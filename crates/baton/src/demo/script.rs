//! What happens to one task in the course of the demo's story.

use serde_json::{Map, Value as Json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    EarlyAccess,
    Refunds,
}

#[derive(Clone, Debug)]
pub enum Deed {
    Create(Map<String, Json>),
    Change(Map<String, Json>),
    /// Every item of the checklist of this stage.
    TickOff(&'static str),
    Comment(String),
    Act {
        action: &'static str,
        by: By,
    },
    /// The same in vain: a requirement is not met.
    TryInVain {
        action: &'static str,
        by: By,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum By {
    User(&'static str),
    /// Whoever the task is assigned to by then.
    Assignee,
}

/// Deeds by the moment (a number that rises) at which they are done; what comes after the story's end is not done.
#[derive(Debug)]
pub struct Script {
    pub workflow: Which,
    pub deeds: Vec<(usize, Deed)>,
}

impl Script {
    pub fn begin(workflow: Which, moment: usize, body: Json) -> Script {
        Script { workflow, deeds: vec![(moment, Deed::Create(object(body)))] }
    }

    /// `after` so many moments, at least one: a task has one deed at a time.
    pub fn then(&mut self, after: usize, deed: Deed) {
        let last = self.deeds.last().map_or(0, |(moment, _)| *moment);
        self.deeds.push((last + after.max(1), deed));
    }

    pub fn change(&mut self, after: usize, body: Json) {
        self.then(after, Deed::Change(object(body)));
    }

    pub fn act(&mut self, after: usize, action: &'static str, by: By) {
        self.then(after, Deed::Act { action, by });
    }

    pub fn try_in_vain(&mut self, after: usize, action: &'static str, by: By) {
        self.then(after, Deed::TryInVain { action, by });
    }
}

fn object(body: Json) -> Map<String, Json> {
    match body {
        Json::Object(body) => body,
        other => unreachable!("a body is an object, not {other}"),
    }
}
