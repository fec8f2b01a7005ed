//! The tasks that have one key in a sort column, as the walk meets them.

use std::cmp::Ordering;

use baton_core::condition::{Column, Condition};
use baton_core::ids::Id;
use baton_core::list::SortKey;
use baton_core::people::email_key;
use baton_core::workflow::{FieldKind, SelectOption};

use super::Question;
use super::leaf::{Keys, Leaf, conjuncts, of_rule};
use super::scan::{Point, Run, before, behind, end};

/// People whom a walk asks for one by one.
const PEOPLE_MAX: usize = 200;
/// Runs that are merged into one.
const MERGED_MAX: usize = 100;

/// All with one key, or all that may be blank.
#[derive(Debug)]
pub(super) struct Group {
    pub key: Option<String>,
    pub run: Run,
}

pub(super) enum Groups {
    /// In their order, blanks last.
    Known(Vec<Group>),
    /// As an index of the field has them, between these points; whether there may be blanks.
    Scanned {
        field: Id,
        from: Point,
        to: Point,
        blanks: bool,
    },
    Creation,
    /// Nothing but the tasks themselves says their order.
    Unknown,
}

pub(super) fn groups(question: &Question<'_>, sort: SortKey) -> Groups {
    let workflow = question.workflow;
    let known = match sort.column {
        Column::CreatedOn => return Groups::Creation,
        Column::UpdatedOn | Column::CreatedBy => return Groups::Unknown,
        Column::Stage => ranked(workflow.stages.iter().map(|stage| Run::Stage(stage.id))),
        Column::AssignedTo => match people(question, Run::Assignee) {
            Some(people) => people,
            None => return Groups::Unknown,
        },
        Column::Field(id) => match workflow.field(id).map(|field| &field.kind) {
            None | Some(FieldKind::File { .. }) => return Groups::Unknown,
            Some(FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options }) => {
                ranked(options.iter().map(|option: &SelectOption| Run::Key(id, option.id.to_string())))
            }
            Some(FieldKind::Person) => match people(question, |user| Run::Key(id, user.to_string())) {
                Some(people) => people,
                None => return Groups::Unknown,
            },
            Some(_) => {
                let (from, to, blanks) = hull(question, id);
                return Groups::Scanned { field: id, from, to, blanks };
            }
        },
    };
    let mut known: Vec<Group> = known.into_iter().filter(|group| may_hold(question, sort.column, Some(&group.run))).collect();
    if sort.descending {
        known.reverse();
    }
    if may_hold(question, sort.column, None) {
        known.push(Group { key: None, run: Run::All });
    }
    Groups::Known(known)
}

/// The order of keys in a sort column.
pub(super) fn compare_keys(descending: bool, one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}

/// Runs that hold all that match, each in the order of creation.
pub(super) fn runs(question: &Question<'_>) -> Vec<Run> {
    let equal = |leaf: Leaf<'_>| match leaf {
        Leaf::Runs(runs) => Some(runs),
        Leaf::Keys(Keys { field, ranges, .. }) => {
            let one_key = ranges.iter().all(|range| range.from.0 == range.to.0);
            one_key.then(|| ranges.into_iter().map(|range| Run::Key(field, range.from.0)).collect())
        }
        Leaf::Assigned => None,
    };
    let all = leaves(question).into_iter().filter_map(|(_, leaf)| equal(leaf)).filter(|runs| runs.len() <= MERGED_MAX);
    // Stages have most tasks, values of a field the fewest.
    let size = |runs: &Vec<Run>| match runs.first() {
        None => 0,
        Some(Run::Key(..)) => 1,
        Some(Run::Assignee(_)) => 2,
        Some(Run::Stage(_)) => 3,
        Some(Run::All) => 4,
    };
    let mut best = all.min_by_key(size).unwrap_or_else(|| vec![Run::All]);
    best.dedup();
    best
}

/// What the parts of the condition say that must all hold, and that say where tasks are.
fn leaves<'q>(question: &Question<'q>) -> Vec<(Column, Leaf<'q>)> {
    let leaf = |part: &'q Condition| match part {
        Condition::Rule(rule) => match of_rule(question, rule)? {
            (leaf, false) => Some((rule.column, leaf)),
            (_, true) => None,
        },
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => None,
    };
    conjuncts(question.condition).into_iter().filter_map(leaf).collect()
}

fn ranked(runs: impl Iterator<Item = Run>) -> Vec<Group> {
    runs.enumerate().map(|(place, run)| Group { key: Some(format!("{place:04}")), run }).collect()
}

fn people(question: &Question<'_>, run: impl Fn(Id) -> Run) -> Option<Vec<Group>> {
    let mut people: Vec<Group> =
        question.workspace.users().map(|user| Group { key: Some(email_key(&user.email)), run: run(user.id) }).collect();
    people.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    (people.len() <= PEOPLE_MAX).then_some(people)
}

/// Whether the condition may hold for those of a run, or for blanks where there is none.
fn may_hold(question: &Question<'_>, column: Column, run: Option<&Run>) -> bool {
    // A task with several options stands with its first, and may be sought by another.
    if run.is_some() && matches!(column, Column::Field(id) if is_multiple_select(question, id)) {
        return true;
    }
    let among = |leaf: &Leaf<'_>| match (leaf, run) {
        (_, None) => false,
        (Leaf::Runs(runs), Some(run)) => runs.contains(run),
        (Leaf::Keys(keys), Some(Run::Key(_, key))) => keys.ranges.iter().any(|range| range.from <= before(key) && behind(key) <= range.to),
        (Leaf::Keys(_) | Leaf::Assigned, Some(_)) => true,
    };
    leaves(question).iter().filter(|(of, _)| *of == column).all(|(_, leaf)| among(leaf))
}

fn is_multiple_select(question: &Question<'_>, field: Id) -> bool {
    question.workflow.field(field).is_some_and(|field| matches!(field.kind, FieldKind::MultipleSelect { .. }))
}

/// Between which keys of a field all lie that may match, and whether there may be blanks.
fn hull(question: &Question<'_>, field: Id) -> (Point, Point, bool) {
    let (mut from, mut to, mut blanks) = (before(""), end(), true);
    for (_, leaf) in leaves(question) {
        let Leaf::Keys(keys) = leaf else { continue };
        if keys.field != field {
            continue;
        }
        blanks = false;
        let (low, high) = (keys.ranges.iter().map(|range| &range.from).min(), keys.ranges.iter().map(|range| &range.to).max());
        from = from.max(low.cloned().unwrap_or_else(end));
        to = to.min(high.cloned().unwrap_or_else(|| before("")));
    }
    (from, to, blanks)
}
