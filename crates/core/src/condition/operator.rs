//! The operators: their names, and the types of column that each is for.

use super::Operator;
use super::names::Class;

use Operator::{
    AfterToday, BeforeToday, BeginsWith, Between, Contains, DoesNotContain, EndsWith, Equal, Greater, GreaterOrEqual, In, InTheLastDays,
    InTheNextDays, Less, LessOrEqual, NotEqual, NotIn, NotNull, Null,
};

/// What an operator wants as its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    One,
    Two,
    Several,
    Days,
}

impl Operator {
    pub const ALL: [Operator; 19] = [
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
    ];

    pub fn name(self) -> &'static str {
        match self {
            Equal => "=",
            NotEqual => "!=",
            Less => "<",
            LessOrEqual => "<=",
            Greater => ">",
            GreaterOrEqual => ">=",
            Between => "between",
            In => "in",
            NotIn => "notIn",
            Contains => "contains",
            DoesNotContain => "doesNotContain",
            BeginsWith => "beginsWith",
            EndsWith => "endsWith",
            Null => "null",
            NotNull => "notNull",
            InTheLastDays => "inTheLastDays",
            InTheNextDays => "inTheNextDays",
            BeforeToday => "beforeToday",
            AfterToday => "afterToday",
        }
    }

    pub fn named(name: &str) -> Option<Operator> {
        Operator::ALL.into_iter().find(|operator| operator.name() == name)
    }

    pub(super) fn wants(self) -> Wants {
        match self {
            Null | NotNull | BeforeToday | AfterToday => Wants::Nothing,
            InTheLastDays | InTheNextDays => Wants::Days,
            Between => Wants::Two,
            In | NotIn => Wants::Several,
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual | Contains | DoesNotContain | BeginsWith | EndsWith => {
                Wants::One
            }
        }
    }

    /// Compares parts of a text, without case.
    pub(super) fn is_partial(self) -> bool {
        matches!(self, Contains | DoesNotContain | BeginsWith | EndsWith)
    }
}

/// Options, stages and people have no order that a condition could mean: it would change with the definition or
/// with an e-mail address.
pub(super) fn operators_of(class: Class<'_>) -> &'static [Operator] {
    match class {
        Class::Text => &[
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
        ],
        Class::Number => &[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, Between, In, NotIn, Null, NotNull],
        Class::Day | Class::Moment => &[
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            Between,
            In,
            NotIn,
            Null,
            NotNull,
            InTheLastDays,
            InTheNextDays,
            BeforeToday,
            AfterToday,
        ],
        Class::Person | Class::Option(_) => &[Equal, NotEqual, In, NotIn, Null, NotNull],
        Class::Options(_) => &[Equal, NotEqual, In, NotIn, Contains, DoesNotContain, Null, NotNull],
        Class::Checkbox => &[Equal, NotEqual, Null, NotNull],
        Class::Files => &[Null, NotNull],
        Class::Stage => &[Equal, NotEqual, In, NotIn],
    }
}
