//! A definition made ready to run: names resolved to ids, conditions and templates parsed.
//! Made by [`crate::definition::compile`] from one revision of the document; immutable.

mod outgoing;

pub use outgoing::{AnswerUse, ApiCall, Auth, Backoff, CallBody, Email, Policy, Retry};

use std::time::Duration;

use crate::condition::Condition;
use crate::ids::Id;
use crate::template::Template;

#[derive(Clone, Debug)]
pub struct Workflow {
    pub id: Id,
    pub revision: i64,
    pub name: String,
    pub icon: Option<String>,
    pub singular: String,
    pub plural: String,
    /// Whether a full API key may set `Stage` in a task's body.
    pub stage_by_api: bool,
    pub fields: Vec<Field>,
    pub stages: Vec<Stage>,
    pub actions: Vec<Action>,
    pub roles: Vec<Role>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub id: Id,
    pub name: String,
    pub required: bool,
    pub editable: bool,
    pub kind: FieldKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    Text,
    LongText,
    Number,
    Phone,
    /// `minor_units` is the number of decimal places of the ISO 4217 code.
    Currency {
        code: String,
        minor_units: u32,
    },
    Date,
    DateTime,
    Person,
    SingleSelect {
        options: Vec<SelectOption>,
    },
    MultipleSelect {
        options: Vec<SelectOption>,
    },
    Checkbox,
    UniqueId {
        autoincrement: bool,
    },
    File {
        limit: usize,
    },
    Email,
    Url,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SelectOption {
    pub id: Id,
    pub name: String,
    pub color: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Stage {
    pub id: Id,
    pub name: String,
    pub color: String,
    /// A task in an end stage is not active.
    pub end: bool,
    pub checklist: Vec<TemplateItem>,
}

/// An item of a stage's checklist template; every task has it without it being copied.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateItem {
    pub id: Id,
    pub section: Option<String>,
    pub title: String,
}

#[derive(Clone, Debug)]
pub struct Action {
    pub id: Id,
    pub name: String,
    pub color: String,
    pub from: Vec<Id>,
    pub requirements: Vec<Requirement>,
    pub steps: Vec<Step>,
    /// Fields that are asked for when it is taken.
    pub ask: Vec<Id>,
    /// It is taken only as a dry run has shown it.
    pub needs_quote: bool,
}

#[derive(Clone, Debug)]
pub enum Requirement {
    Fields(Vec<Id>),
    Checklist,
    Assigned {
        to_performer: bool,
    },
    Performer {
        not: Vec<NotPerformer>,
    },
    Condition {
        condition: Condition,
        message: String,
    },
    /// Asked by pages only.
    Confirmation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPerformer {
    Creator,
    Assignee,
    /// Who last took this action on the task with success.
    Action(Id),
}

#[derive(Clone, Debug)]
pub struct Step {
    pub when: Option<Condition>,
    pub kind: StepKind,
}

#[derive(Clone, Debug)]
pub enum StepKind {
    MoveToStage {
        stage: StageRef,
    },
    AssignTo(AssignTo),
    UpdateData(Vec<(FieldRef, Update)>),
    DeleteTask,
    AddComment {
        text: Template,
    },
    ScheduleStageChange(Schedule),
    ApiCall(ApiCall, Policy),
    /// The default format, sent to a hook; what it answers sets nothing.
    Zapier(ApiCall, Policy),
    Email(Email, Policy),
    /// A step of the vocabulary that this version keeps but does not carry out; `name` is its `do`.
    NoEffect {
        name: String,
    },
}

/// A part named by id, with the name that it had when the definition was saved, for messages after its removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRef {
    pub id: Id,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRef {
    pub id: Id,
    pub name: String,
}

/// An option of a select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRef {
    pub id: Id,
    pub name: String,
}

impl StepKind {
    /// The step's `do` in a definition.
    pub fn name(&self) -> &str {
        match self {
            StepKind::MoveToStage { .. } => "move_to_stage",
            StepKind::AssignTo(_) => "assign_to",
            StepKind::UpdateData(_) => "update_data",
            StepKind::DeleteTask => "delete_task",
            StepKind::AddComment { .. } => "add_comment",
            StepKind::ScheduleStageChange(_) => "schedule_stage_change",
            StepKind::ApiCall(..) => "api_call",
            StepKind::Zapier(..) => "zapier",
            StepKind::Email(..) => "email",
            StepKind::NoEffect { name } => name,
        }
    }

    /// Of a step that leaves the program.
    pub fn policy(&self) -> Option<&Policy> {
        match self {
            StepKind::ApiCall(_, policy) | StepKind::Zapier(_, policy) | StepKind::Email(_, policy) => Some(policy),
            StepKind::MoveToStage { .. }
            | StepKind::AssignTo(_)
            | StepKind::UpdateData(_)
            | StepKind::DeleteTask
            | StepKind::AddComment { .. }
            | StepKind::ScheduleStageChange(_)
            | StepKind::NoEffect { .. } => None,
        }
    }
}

/// A move to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub stage: StageRef,
    pub when: When,
    /// Whether it stays when the task leaves its stage before.
    pub keep: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    After(Duration),
    /// The moment in a field: a date is its first one, in the workspace's time zone.
    At(FieldRef),
}

#[derive(Clone, Debug)]
pub enum AssignTo {
    /// By e-mail, resolved when it runs: the user may not exist yet when the definition is saved.
    User(String),
    Nobody,
    Performer,
    PersonIn(FieldRef),
    /// E-mails, in the order of the definition.
    RoundRobin(Vec<String>),
}

#[derive(Clone, Debug)]
pub enum Update {
    /// A text that is interpolated, then parsed as the field's type would parse it from the API.
    Text(Template),
    /// Any other JSON value: number, boolean, list.
    Json(serde_json::Value),
    Clear,
    /// What a select becomes.
    Options(Vec<OptionRef>),
    /// What is added to or removed from a multipleSelect.
    Add(Vec<OptionRef>),
    Remove(Vec<OptionRef>),
    /// A decimal to add to a number or currency; a blank counts as 0.
    Increment(rust_decimal::Decimal),
}

#[derive(Clone, Debug)]
pub struct Role {
    pub id: Id,
    pub name: String,
    /// May do all, and alone may change the definition.
    pub admin: bool,
    pub rights: Rights,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    pub create: bool,
    pub edit: bool,
    pub delete: bool,
    pub import: bool,
    pub export: bool,
    /// Sees only the tasks assigned to the user.
    pub assigned_only: bool,
    pub assigning: Assigning,
    /// May set the stage by hand, not only by actions.
    pub moving_by_hand: bool,
    /// `None`: all actions.
    pub actions: Option<Vec<Id>>,
    pub analytics: bool,
    /// Fields that are not fully editable for the role.
    pub fields: Vec<(Id, FieldRight)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigning {
    Anyone,
    Myself,
    Nobody,
}

/// The lesser right comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldRight {
    Hidden,
    ReadOnly,
    Editable,
}

impl Action {
    /// Whether it asks for this field or requires it.
    pub fn wants(&self, field: Id) -> bool {
        let requires = |requirement: &Requirement| matches!(requirement, Requirement::Fields(fields) if fields.contains(&field));
        self.ask.contains(&field) || self.requirements.iter().any(requires)
    }
}

impl Rights {
    /// What *Collaborator* may do, and every key that a role leaves out.
    pub fn collaborator() -> Rights {
        Rights {
            create: true,
            edit: true,
            delete: false,
            import: false,
            export: true,
            assigned_only: false,
            assigning: Assigning::Anyone,
            moving_by_hand: false,
            actions: None,
            analytics: false,
            fields: Vec::new(),
        }
    }

    /// What an admin role may do, whatever else it says.
    pub fn all() -> Rights {
        Rights {
            create: true,
            edit: true,
            delete: true,
            import: true,
            export: true,
            assigned_only: false,
            assigning: Assigning::Anyone,
            moving_by_hand: true,
            actions: None,
            analytics: true,
            fields: Vec::new(),
        }
    }
}

impl Workflow {
    pub fn field(&self, id: Id) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// Names are unique in the workflow without case; what callers write must match exactly.
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn stage(&self, id: Id) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// Tasks in it are not at an end.
    pub fn is_active(&self, stage: Id) -> bool {
        self.stage(stage).is_none_or(|stage| !stage.end)
    }

    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Where new tasks start.
    pub fn first_stage(&self) -> &Stage {
        &self.stages[0]
    }

    pub fn action(&self, id: Id) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    pub fn role(&self, id: Id) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    pub fn unique_id_field(&self) -> Option<&Field> {
        self.fields.iter().find(|field| matches!(field.kind, FieldKind::UniqueId { .. }))
    }
}
