//! The one small language of conditions: a tree made ready to evaluate.
//!
//! A [`ConditionTree`] is what people write; [`compile()`] checks it against [`Names`] and makes a [`Condition`], whose
//! rules are of the right type; [`holds`] evaluates it on one task. To add an operator: a variant and its name in
//! `operator.rs`, its types there, and its arm in `evaluate.rs`.
//!
//! Conditions are two-valued: a negative operator (`!=`, `notIn`, `doesNotContain`, `notNull`) is exactly the negation of
//! its positive one, and no positive one but `null` holds for a blank. A checkbox is never blank here but false.

mod compile;
mod evaluate;
mod names;
mod operand;
mod operator;
#[cfg(test)]
mod tests;
mod tree;

pub use compile::compile;
pub use evaluate::holds;
pub(crate) use names::Class;
pub use names::{ColumnType, Names};
pub(crate) use operand::split_commas;
pub use tree::{ConditionTree, Reference};

use jiff::civil::Date;

use crate::actor::Actor;
use crate::ids::Id;
use crate::people::Workspace;
use crate::task::Task;
use crate::time::Timestamp;
use crate::value::Value;
use crate::workflow::Workflow;

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Rule(Rule),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub column: Column,
    pub operator: Operator,
    pub operand: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    Field(Id),
    Stage,
    AssignedTo,
    CreatedOn,
    UpdatedOn,
    CreatedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    In,
    NotIn,
    Contains,
    DoesNotContain,
    BeginsWith,
    EndsWith,
    Null,
    NotNull,
    InTheLastDays,
    InTheNextDays,
    BeforeToday,
    AfterToday,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `null`, `notNull`, `beforeToday`, `afterToday`.
    Nothing,
    /// One value, two for `between`, any number for `in`.
    Values(Vec<Comparable>),
    Days(i64),
    Column(Column),
    CurrentUser,
}

/// What a rule compares with, already of the column's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparable {
    Value(Value),
    Stage(Id),
    /// A person by e-mail as [`crate::people::email_key`] writes it: the user may not exist (yet).
    Email(String),
    /// For `contains`, `beginsWith` and `endsWith`: a text, folded already.
    Folded(String),
    /// A date where a moment is compared: 00:00 in the workspace's zone.
    Day(Date),
}

/// Everything that a condition or a template may look at.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub workspace: &'a Workspace,
    pub workflow: &'a Workflow,
    pub task: &'a Task,
    pub performer: Actor,
    pub now: Timestamp,
    /// Begins every Task URL, without a slash at the end.
    pub public_url: &'a str,
}
