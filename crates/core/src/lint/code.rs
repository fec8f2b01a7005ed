//! The codes of findings: stable, since configurations of other programs name them.
//!
//! To add one: a variant, its name and its title; a test asks for its entry in `docs/lint.md`.

use serde::{Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    StageUnreachable,
    StageWithoutExit,
    StageWithoutEnd,
    ActionNeverTaken,
    ActionsAlike,
    RequiredNeverSet,
    ConditionNeverHolds,
    ConditionAlwaysHolds,
    ChecklistMissing,
    StepAfterDelete,
    TaskMovedTwice,
    AutomationsWithoutEnd,
    RoleWithoutAction,
    EmailToBlank,
    HiddenFieldShown,
}

impl Code {
    pub const ALL: [Code; 15] = [
        Code::StageUnreachable,
        Code::StageWithoutExit,
        Code::StageWithoutEnd,
        Code::ActionNeverTaken,
        Code::ActionsAlike,
        Code::RequiredNeverSet,
        Code::ConditionNeverHolds,
        Code::ConditionAlwaysHolds,
        Code::ChecklistMissing,
        Code::StepAfterDelete,
        Code::TaskMovedTwice,
        Code::AutomationsWithoutEnd,
        Code::RoleWithoutAction,
        Code::EmailToBlank,
        Code::HiddenFieldShown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Code::StageUnreachable => "stage_unreachable",
            Code::StageWithoutExit => "stage_without_exit",
            Code::StageWithoutEnd => "stage_without_end",
            Code::ActionNeverTaken => "action_never_taken",
            Code::ActionsAlike => "actions_alike",
            Code::RequiredNeverSet => "required_never_set",
            Code::ConditionNeverHolds => "condition_never_holds",
            Code::ConditionAlwaysHolds => "condition_always_holds",
            Code::ChecklistMissing => "checklist_missing",
            Code::StepAfterDelete => "step_after_delete",
            Code::TaskMovedTwice => "task_moved_twice",
            Code::AutomationsWithoutEnd => "automations_without_end",
            Code::RoleWithoutAction => "role_without_action",
            Code::EmailToBlank => "email_to_blank",
            Code::HiddenFieldShown => "hidden_field_shown",
        }
    }

    /// What it is about, without its place.
    pub fn title(self) -> &'static str {
        match self {
            Code::StageUnreachable => "No task can reach the stage",
            Code::StageWithoutExit => "The stage is not an end and has no way out",
            Code::StageWithoutEnd => "From the stage no end can be reached",
            Code::ActionNeverTaken => "The action can never be taken",
            Code::ActionsAlike => "Two actions have the same effect in one stage",
            Code::RequiredNeverSet => "Nobody and nothing sets the required field",
            Code::ConditionNeverHolds => "The condition can never hold",
            Code::ConditionAlwaysHolds => "The condition always holds",
            Code::ChecklistMissing => "A checklist is required where there is none",
            Code::StepAfterDelete => "A step after the task's deletion can never run",
            Code::TaskMovedTwice => "The task is moved twice at once",
            Code::AutomationsWithoutEnd => "Automations trigger each other without end",
            Code::RoleWithoutAction => "No role can take an action in the stage",
            Code::EmailToBlank => "An e-mail goes to a field that may be blank",
            Code::HiddenFieldShown => "A text uses a field that is hidden from who acts",
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
