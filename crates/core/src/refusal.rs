//! Every reason to say no, with its sentence. The only source of a message to a caller.
//!
//! To add one: a variant, its arms in [`Refusal::code`] and `Display`; the compiler asks for the rest, and a
//! test asks for its entry in `docs/errors.md`.

mod bare;

pub use bare::A_VALUE;

use std::fmt;

use indexmap::IndexMap;

use crate::told::Told;

/// One reason. What HTTP says of it is decided in `baton-api`, by [`Refusals`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    // Who is calling
    KeyMissing,
    KeyMalformed,
    KeyUnknown,
    KeyRevoked,
    KeyExpired,
    KeyReadOnly,
    KeyLacksRight {
        what: String,
    },
    TooManyRequests {
        per_minute: u32,
        /// From when on there may be one more.
        seconds: u64,
    },
    // What is named
    NotFound {
        what: Noun,
    },
    IdRequired {
        key: String,
    },
    NotOfWorkflow {
        email: String,
    },
    // Taking an action
    MayNotPerform {
        email: String,
        action: String,
    },
    WrongStage {
        action: String,
        stage: String,
    },
    FieldRequired {
        field: String,
    },
    ChecklistIncomplete,
    NotAssigned,
    NotAssignedToYou,
    SomebodyElse,
    Custom {
        message: String,
    },
    TooManyWaiting,
    // Executing what was quoted
    QuoteRequired {
        action: String,
    },
    QuoteInvalid,
    QuoteExpired,
    NotAsQuoted {
        key: &'static str,
    },
    ChangedSinceQuote {
        what: String,
        /// Before and after, where they can be told.
        values: Option<(String, String)>,
    },
    OtherExecution,
    // A value in a task body
    IsInvalid,
    IsRequired,
    IsNotAField,
    IsNotEditable,
    IsNotAnOption,
    IsTaken,
    IsNotAUserOfWorkspace,
    IsNotAUserOfWorkflow,
    IsNotAStage,
    IsTooLong {
        bytes_max: usize,
    },
    // Running a step
    NoPerson,
    NobodyLeft,
    NoTask,
    PartGone {
        kind: &'static str,
        name: String,
    },
    UserGone {
        email: String,
    },
    FieldRefused {
        field: String,
        reason: Box<Refusal>,
    },
    Interrupted {
        step: usize,
    },
    /// `None`: not while a step was taken.
    Panicked {
        step: Option<usize>,
    },
    WorkflowGone,
    // A step that leaves the program
    /// What came of an attempt, in the words of whoever made it.
    CallFailed {
        told: Told,
    },
    OutcomeUnknown,
    AnswerInvalid {
        reason: String,
    },
    NotInAnswer {
        pointer: String,
    },
    NotAnEmail {
        text: String,
    },
    NoRecipient,
    NoMailServer,
    SecretMissing {
        name: String,
    },
    /// The value, which is never repeated.
    SecretUnfit,
    TimeIsUp,
    Cancelled {
        by: String,
    },
    // Importing
    /// A column, or what it is mapped to.
    ColumnUnknown {
        name: String,
        suggestion: String,
        allowed: String,
    },
    ColumnMissing {
        allowed: String,
    },
    ColumnTwice {
        target: String,
        other: String,
    },
    RowsRefused {
        refused: i64,
        /// Those that are not imported because of them.
        held_back: i64,
    },
    RowHeldBack,
    RowNotReached,
    ImportInterrupted {
        row: i64,
    },
    ImportHasEnded,
    /// The workspace has as many waiting as it may.
    TooManyImports,
    /// The workspace has as many that are still coming as it may.
    TooManyUploads,
    /// Those of an import that ended long ago.
    RowsGone,
    // Ending and repeating an execution
    HasEnded,
    HasNotFailed,
    RetryPending {
        id: String,
    },
    RetrySucceeded {
        id: String,
    },
    // The request itself
    BodyInvalid {
        /// JSON, YAML or CSV.
        format: &'static str,
        reason: String,
    },
    /// The connection broke, or what it brought was no HTTP.
    BodyBroken,
    BodyTooSlow {
        seconds: u64,
    },
    /// Well-formed, but not what the place takes.
    BodyShape {
        must: &'static str,
    },
    WrongContentType {
        /// Empty where the header is missing.
        got: String,
        allowed: &'static str,
    },
    WrongMethod {
        method: String,
        allowed: String,
    },
    TooLarge {
        bytes_max: usize,
    },
    WorkflowArchived,
    VersionMoved {
        /// `None` where there is nothing (yet).
        now: Option<i64>,
    },
    KeyReused,
    NotAParameter {
        name: String,
    },
    /// A parameter or header with a value that is not allowed.
    BadParameter {
        name: String,
        value: String,
        allowed: String,
    },
    /// A list that goes on, and would leave out or repeat what nobody touches.
    ListHasChanged,
    /// A problem of a condition, at its path.
    InCondition {
        message: String,
    },
    IsNotSortable,
    IsNamedTwice,
    ItemFromTemplate {
        what: &'static str,
    },
    LastAdministrator,
    AccountKeepsPassword,
    /// Of the workspace.
    LastAdmin,
    IsDeactivated,
    /// A problem of a definition, at its path.
    Definition {
        message: String,
    },
}

/// What can be not found. Another workspace's is exactly like an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Workspace,
    Workflow,
    Task,
    Action,
    Execution,
    Import,
    User,
    ChecklistItem,
    Revision,
    Secret,
    Page,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Noun::Workspace => "Workspace",
            Noun::Workflow => "Workflow",
            Noun::Task => "Task",
            Noun::Action => "Action",
            Noun::Execution => "Execution",
            Noun::Import => "Import",
            Noun::User => "User",
            Noun::ChecklistItem => "Checklist item",
            Noun::Revision => "Revision",
            Noun::Secret => "Secret",
            Noun::Page => "Page",
        })
    }
}

/// A no, in the shape that its place wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// `{"errors":["..."]}`
    Plain(Refusal),
    /// `{"errors":{"Field":["..."]}}`, by field name or path, in the order found.
    Fields(IndexMap<String, Vec<Refusal>>),
    /// `{"errors":{"3":{"Field":["..."]}}}`, by the place in a batch, counted from 0.
    Items(IndexMap<usize, IndexMap<String, Vec<Refusal>>>),
    /// `{"status":"Fail","errors":["..."]}`: an action was not taken.
    Action(Vec<Refusal>),
}

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Refusals {
        Refusals::Plain(refusal)
    }
}

impl Refusals {
    pub fn field(name: impl Into<String>, refusal: Refusal) -> Refusals {
        Refusals::Fields(IndexMap::from([(name.into(), vec![refusal])]))
    }

    pub fn action(refusal: Refusal) -> Refusals {
        Refusals::Action(vec![refusal])
    }

    /// Every reason by itself; what is about a field names it.
    pub fn each(self) -> Vec<Refusal> {
        let of_field = |(field, reasons): (String, Vec<Refusal>)| {
            let named = move |reason| Refusal::FieldRefused { field: field.clone(), reason: Box::new(reason) };
            reasons.into_iter().map(named)
        };
        match self {
            Refusals::Plain(refusal) => vec![refusal],
            Refusals::Fields(fields) => fields.into_iter().flat_map(of_field).collect(),
            Refusals::Items(items) => items.into_values().flatten().flat_map(of_field).collect(),
            Refusals::Action(refusals) => refusals,
        }
    }

    pub fn codes(&self) -> Vec<&'static str> {
        match self {
            Refusals::Plain(refusal) => vec![refusal.code()],
            Refusals::Fields(fields) => fields.values().flatten().map(Refusal::code).collect(),
            Refusals::Items(items) => items.values().flat_map(IndexMap::values).flatten().map(Refusal::code).collect(),
            Refusals::Action(refusals) => refusals.iter().map(Refusal::code).collect(),
        }
    }
}

impl Refusal {
    pub fn not_found(what: Noun) -> Refusal {
        Refusal::NotFound { what }
    }

    /// The field that it is about, where it is about one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Refusal::FieldRequired { field } | Refusal::FieldRefused { field, .. } => Some(field),
            _ => None,
        }
    }

    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::KeyMissing => "key_missing",
            Refusal::KeyMalformed => "key_malformed",
            Refusal::KeyUnknown => "key_unknown",
            Refusal::KeyRevoked => "key_revoked",
            Refusal::KeyExpired => "key_expired",
            Refusal::KeyReadOnly => "key_read_only",
            Refusal::KeyLacksRight { .. } => "key_lacks_right",
            Refusal::TooManyRequests { .. } => "too_many_requests",
            Refusal::NotFound { .. } => "not_found",
            Refusal::IdRequired { .. } => "id_required",
            Refusal::NotOfWorkflow { .. } => "not_of_workflow",
            Refusal::MayNotPerform { .. } => "may_not_perform",
            Refusal::WrongStage { .. } => "wrong_stage",
            Refusal::FieldRequired { .. } => "field_required",
            Refusal::ChecklistIncomplete => "checklist_incomplete",
            Refusal::NotAssigned => "not_assigned",
            Refusal::NotAssignedToYou => "not_assigned_to_you",
            Refusal::SomebodyElse => "somebody_else",
            Refusal::Custom { .. } => "condition",
            Refusal::TooManyWaiting => "too_many_waiting",
            Refusal::QuoteRequired { .. } => "quote_required",
            Refusal::QuoteInvalid => "quote_invalid",
            Refusal::QuoteExpired => "quote_expired",
            Refusal::NotAsQuoted { .. } => "not_as_quoted",
            Refusal::ChangedSinceQuote { .. } => "changed_since_quote",
            Refusal::OtherExecution => "other_execution",
            Refusal::IsInvalid => "is_invalid",
            Refusal::IsRequired => "is_required",
            Refusal::IsNotAField => "is_not_a_field",
            Refusal::IsNotEditable => "is_not_editable",
            Refusal::IsNotAnOption => "is_not_an_option",
            Refusal::IsTaken => "is_taken",
            Refusal::IsNotAUserOfWorkspace => "is_not_a_user_of_workspace",
            Refusal::IsNotAUserOfWorkflow => "is_not_a_user_of_workflow",
            Refusal::IsNotAStage => "is_not_a_stage",
            Refusal::IsTooLong { .. } => "is_too_long",
            Refusal::NoPerson => "no_person",
            Refusal::NobodyLeft => "nobody_left",
            Refusal::NoTask => "no_task",
            Refusal::PartGone { .. } => "part_gone",
            Refusal::UserGone { .. } => "user_gone",
            Refusal::FieldRefused { .. } => "field_refused",
            Refusal::Interrupted { .. } => "interrupted",
            Refusal::Panicked { .. } => "panicked",
            Refusal::WorkflowGone => "workflow_gone",
            Refusal::CallFailed { .. } => "call_failed",
            Refusal::OutcomeUnknown => "outcome_unknown",
            Refusal::AnswerInvalid { .. } => "answer_invalid",
            Refusal::NotInAnswer { .. } => "not_in_answer",
            Refusal::NotAnEmail { .. } => "not_an_email",
            Refusal::NoRecipient => "no_recipient",
            Refusal::NoMailServer => "no_mail_server",
            Refusal::SecretMissing { .. } => "secret_missing",
            Refusal::SecretUnfit => "secret_unfit",
            Refusal::TimeIsUp => "time_is_up",
            Refusal::Cancelled { .. } => "cancelled",
            Refusal::ColumnUnknown { .. } => "column_unknown",
            Refusal::ColumnMissing { .. } => "column_missing",
            Refusal::ColumnTwice { .. } => "column_twice",
            Refusal::RowsRefused { .. } => "rows_refused",
            Refusal::RowHeldBack => "row_held_back",
            Refusal::RowNotReached => "row_not_reached",
            Refusal::ImportInterrupted { .. } => "import_interrupted",
            Refusal::ImportHasEnded => "import_has_ended",
            Refusal::TooManyImports => "too_many_imports",
            Refusal::TooManyUploads => "too_many_uploads",
            Refusal::RowsGone => "rows_gone",
            Refusal::HasEnded => "has_ended",
            Refusal::HasNotFailed => "has_not_failed",
            Refusal::RetryPending { .. } => "retry_pending",
            Refusal::RetrySucceeded { .. } => "retry_succeeded",
            Refusal::BodyInvalid { .. } => "body_invalid",
            Refusal::BodyBroken => "body_broken",
            Refusal::BodyTooSlow { .. } => "body_too_slow",
            Refusal::BodyShape { .. } => "body_shape",
            Refusal::WrongContentType { .. } => "wrong_content_type",
            Refusal::WrongMethod { .. } => "wrong_method",
            Refusal::TooLarge { .. } => "too_large",
            Refusal::WorkflowArchived => "workflow_archived",
            Refusal::VersionMoved { .. } => "version_moved",
            Refusal::KeyReused => "key_reused",
            Refusal::NotAParameter { .. } => "not_a_parameter",
            Refusal::BadParameter { .. } => "bad_parameter",
            Refusal::ListHasChanged => "list_has_changed",
            Refusal::InCondition { .. } => "in_condition",
            Refusal::IsNotSortable => "is_not_sortable",
            Refusal::IsNamedTwice => "is_named_twice",
            Refusal::ItemFromTemplate { .. } => "item_from_template",
            Refusal::LastAdministrator => "last_administrator",
            Refusal::AccountKeepsPassword => "account_keeps_password",
            Refusal::LastAdmin => "last_admin",
            Refusal::IsDeactivated => "is_deactivated",
            Refusal::Definition { .. } => "definition",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::KeyMissing => f.write_str("API key is missing: send the header `Authorization: Bearer <key>`"),
            Refusal::KeyMalformed => {
                f.write_str("API key is malformed: the header must read `Authorization: Bearer <key>`, with a whole key, from bat_ to its last character")
            }
            Refusal::KeyUnknown => f.write_str("API key is unknown"),
            Refusal::KeyRevoked => f.write_str("API key has been revoked"),
            Refusal::KeyExpired => f.write_str("API key has expired"),
            Refusal::KeyReadOnly => f.write_str("API key is read-only"),
            Refusal::KeyLacksRight { what } => write!(f, "API key may not {what}"),
            Refusal::TooManyRequests { per_minute, seconds } => {
                write!(f, "API key has made more than {per_minute} requests in a minute; try again in {seconds} s")
            }
            Refusal::NotFound { what } => write!(f, "{what} not found"),
            Refusal::IdRequired { key } => write!(f, "{key} is required"),
            Refusal::NotOfWorkflow { email } => write!(f, "{email} is not a user of this workflow"),
            Refusal::MayNotPerform { email, action } => write!(f, "{email} may not perform {action}"),
            Refusal::WrongStage { action, stage } => write!(f, "{action} cannot be taken in {stage}"),
            Refusal::FieldRequired { field } => write!(f, "{field} is required"),
            Refusal::ChecklistIncomplete => f.write_str("Checklist must be completed"),
            Refusal::NotAssigned => f.write_str("Must be assigned"),
            Refusal::NotAssignedToYou => f.write_str("Must be assigned to you"),
            Refusal::SomebodyElse => f.write_str("Must be done by somebody else"),
            Refusal::Custom { message } => f.write_str(message),
            Refusal::TooManyWaiting => {
                write!(f, "{} executions of this task are waiting; try again later", crate::limits::WAITING_EXECUTIONS_MAX)
            }
            Refusal::QuoteRequired { action } => {
                write!(
                    f,
                    "{action} needs a quote: send the same for one task with ?_dry_run=true, then again with the `quote` of its answer"
                )
            }
            Refusal::QuoteInvalid => f.write_str("The quote is not valid"),
            Refusal::QuoteExpired => f.write_str("The quote has expired"),
            Refusal::NotAsQuoted { key } => write!(f, "{key} is not what was quoted"),
            Refusal::ChangedSinceQuote { what, values: None } => write!(f, "{what} has changed since the quote"),
            Refusal::ChangedSinceQuote { what, values: Some((from, to)) } => {
                write!(f, "{what} has changed from {from} to {to} since the quote")
            }
            Refusal::OtherExecution => f.write_str("Another execution of the task comes before what was quoted"),
            Refusal::IsInvalid => f.write_str("is invalid"),
            Refusal::IsRequired => f.write_str("is required"),
            Refusal::IsNotAField => f.write_str("is not a field"),
            Refusal::IsNotEditable => f.write_str("is not editable"),
            Refusal::IsNotAnOption => f.write_str("is not an option"),
            Refusal::IsTaken => f.write_str("has already been taken"),
            Refusal::IsNotAUserOfWorkspace => f.write_str("is not a user of this workspace"),
            Refusal::IsNotAUserOfWorkflow => f.write_str("is not a user of this workflow"),
            Refusal::IsNotAStage => f.write_str("is not a stage"),
            Refusal::IsTooLong { .. } => f.write_str("is too long"),
            Refusal::NoPerson => f.write_str("Performed by API, not by a person"),
            Refusal::NobodyLeft => f.write_str("Nobody is left to assign to"),
            Refusal::NoTask => f.write_str("Task no longer exists"),
            Refusal::PartGone { kind, name } => write!(f, "{kind} {name} no longer exists"),
            Refusal::UserGone { email } => write!(f, "{email} is not a user of this workflow"),
            Refusal::FieldRefused { field, reason } => write!(f, "{field} {reason}"),
            Refusal::Interrupted { step } => write!(f, "Stopped after {} interrupted attempts at step {step}", crate::limits::STARTS_MAX),
            Refusal::Panicked { step: Some(step) } => write!(f, "Step {step} failed by a fault in Baton; the log has the details"),
            Refusal::Panicked { step: None } => f.write_str("Failed by a fault in Baton; the log has the details"),
            Refusal::WorkflowGone => f.write_str("Workflow no longer exists"),
            Refusal::CallFailed { told } => f.write_str(told.whole()),
            Refusal::OutcomeUnknown => f.write_str("Outcome unknown: not repeated"),
            Refusal::AnswerInvalid { reason } => write!(f, "The answer is not valid JSON: {reason}"),
            Refusal::NotInAnswer { pointer } => write!(f, "is not in the answer, where {pointer} was to be"),
            Refusal::NotAnEmail { text } => write!(f, "{text} is not a valid email"),
            Refusal::NoRecipient => f.write_str("The e-mail has no recipient: to, cc and bcc are blank"),
            Refusal::NoMailServer => f.write_str("E-mail can't be sent: the operator has set no mail server (smtp.host)"),
            Refusal::SecretMissing { name } => write!(f, "Secret {name} does not exist"),
            Refusal::SecretUnfit => write!(f, "must be 1 to {} bytes of text without control characters", crate::limits::SECRET_BYTES_MAX),
            Refusal::TimeIsUp => write!(f, "Timed out: its calls have taken {} min", crate::limits::EXECUTION_TIME_MAX.as_secs() / 60),
            Refusal::Cancelled { by } => write!(f, "Cancelled by {by}"),
            Refusal::ColumnUnknown { name, suggestion, allowed } => {
                write!(f, "{name:?} is not a field{suggestion}; allowed in _mapping is {allowed}, or null to leave the column out")
            }
            Refusal::ColumnMissing { allowed } => write!(f, "is not a column of the file; its columns are {allowed}"),
            Refusal::ColumnTwice { target, other } => write!(f, "goes to {target}, as does the column {other:?}; only one can"),
            Refusal::RowsRefused { refused, held_back } => {
                write!(f, "Refused rows: {refused}; held back with them: {held_back}; .../errors has each with its reason")
            }
            Refusal::RowHeldBack => f.write_str("Not imported: other rows beside it are refused"),
            Refusal::RowNotReached => f.write_str("Not imported: the import has ended before"),
            Refusal::ImportInterrupted { row } => {
                write!(f, "Stopped after {} interrupted attempts at row {row}", crate::limits::STARTS_MAX)
            }
            Refusal::ImportHasEnded => f.write_str("Import has ended already"),
            Refusal::TooManyImports => {
                write!(f, "{} imports of this workspace are waiting; try again later", crate::limits::WAITING_IMPORTS_MAX)
            }
            Refusal::TooManyUploads => {
                write!(f, "{} files of this workspace are being taken in; try again later", crate::limits::UPLOADS_A_WORKSPACE_MAX)
            }
            Refusal::RowsGone => {
                write!(
                    f,
                    "The rows that were not imported are gone: they were kept for {} days",
                    crate::limits::IMPORT_REFUSED_KEPT.as_secs() / 86_400
                )
            }
            Refusal::HasEnded => f.write_str("Execution has ended already"),
            Refusal::HasNotFailed => f.write_str("Only a failed execution can be retried"),
            Refusal::RetryPending { id } => write!(f, "A retry is under way already: execution {id}"),
            Refusal::RetrySucceeded { id } => write!(f, "A retry has succeeded already: execution {id}"),
            Refusal::BodyInvalid { format, reason } => write!(f, "body is not valid {format}: {reason}"),
            Refusal::BodyBroken => f.write_str("body broke off before its end"),
            Refusal::BodyTooSlow { seconds } => write!(f, "body did not come within {seconds} s"),
            Refusal::BodyShape { must } => write!(f, "body must {must}"),
            Refusal::WrongContentType { got, allowed } if got.is_empty() => write!(f, "Content-Type is missing; it must be {allowed}"),
            Refusal::WrongContentType { got, allowed } => write!(f, "Content-Type must be {allowed}, not {got}"),
            Refusal::WrongMethod { method, allowed } => write!(f, "{method} is not allowed here; allowed is {allowed}"),
            Refusal::TooLarge { bytes_max } => write!(f, "body is larger than {bytes_max} bytes"),
            Refusal::WorkflowArchived => f.write_str("Workflow is archived"),
            Refusal::VersionMoved { now: Some(now) } => write!(f, "If-Match does not hold: the version is now \"{now}\""),
            Refusal::VersionMoved { now: None } => f.write_str("If-Match does not hold: there is no such task"),
            Refusal::KeyReused => f.write_str("Idempotency-Key was used with another body"),
            Refusal::NotAParameter { name } => write!(f, "{name} is not a parameter"),
            Refusal::BadParameter { name, value, allowed } => write!(f, "{name} is {value:?}; allowed is {allowed}"),
            Refusal::ListHasChanged => f.write_str("The list is no longer the one that was begun; begin anew"),
            Refusal::InCondition { message } => f.write_str(message),
            Refusal::IsNotSortable => f.write_str("can't be sorted by"),
            Refusal::IsNamedTwice => f.write_str("is named twice"),
            Refusal::ItemFromTemplate { what } => write!(f, "item comes from the checklist template; {what} is not allowed here"),
            Refusal::LastAdministrator => f.write_str("the last Administrator of a workflow can't be removed"),
            Refusal::AccountKeepsPassword => {
                f.write_str("an account with this e-mail is there already and keeps its password: leave out --admin-password")
            }
            Refusal::LastAdmin => f.write_str("the last active admin of a workspace can't be deactivated"),
            Refusal::IsDeactivated => f.write_str("is deactivated; activate the user again first"),
            Refusal::Definition { message } => f.write_str(message),
        }
    }
}
