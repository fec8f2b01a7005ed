//! Steps: what an action or an automation does.
//!
//! To add a step: an entry in `steps!`, then the compiler lists every match (references, validation, compiling).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{ByField, Duration, is_false};
use crate::condition::ConditionTree;
use crate::ids::Id;

/// Declares the steps: each has `id` and `when`, those under `outgoing` also what a call to the outside needs.
macro_rules! steps {
    (
        internal { $($(#[$doc:meta])* $name:ident = $do:literal { $($(#[$meta:meta])* $key:ident: $type:ty,)* })* }
        outgoing { $($(#[$out_doc:meta])* $out:ident = $out_do:literal { $($(#[$out_meta:meta])* $out_key:ident: $out_type:ty,)* })* }
    ) => {
        /// One thing that an action does.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "do")]
        pub enum Step {
            $(#[serde(rename = $do)] $name($name),)*
            $(#[serde(rename = $out_do)] $out($out),)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Given by the server.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub id: Option<Id>,
                $($(#[$meta])* pub $key: $type,)*
                /// The step is skipped when this does not hold.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub when: Option<ConditionTree>,
            }
        )*

        $(
            $(#[$out_doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $out {
                /// Given by the server.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub id: Option<Id>,
                $($(#[$out_meta])* pub $out_key: $out_type,)*
                /// How long one attempt may take, at most 10m. Left out: 30s.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub timeout: Option<Duration>,
                /// Whether and how it is tried again.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub retry: Option<Retry>,
                /// After a crash with unknown outcome the step fails instead of going out again.
                #[serde(default, skip_serializing_if = "is_false")]
                pub never_repeat: bool,
                /// The step is skipped when this does not hold.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub when: Option<ConditionTree>,
            }
        )*

        impl Step {
            /// Its `do`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Step::$name(_) => $do,)*
                    $(Step::$out(_) => $out_do,)*
                }
            }

            pub fn id(&self) -> Option<Id> {
                match self {
                    $(Step::$name(step) => step.id,)*
                    $(Step::$out(step) => step.id,)*
                }
            }

            pub fn set_id(&mut self, id: Option<Id>) {
                match self {
                    $(Step::$name(step) => step.id = id,)*
                    $(Step::$out(step) => step.id = id,)*
                }
            }

            pub fn when(&self) -> Option<&ConditionTree> {
                match self {
                    $(Step::$name(step) => step.when.as_ref(),)*
                    $(Step::$out(step) => step.when.as_ref(),)*
                }
            }

            pub fn when_mut(&mut self) -> Option<&mut ConditionTree> {
                match self {
                    $(Step::$name(step) => step.when.as_mut(),)*
                    $(Step::$out(step) => step.when.as_mut(),)*
                }
            }

            /// Time-out, retry and `never_repeat` of a step that leaves the program.
            pub fn outgoing(&self) -> Option<(Option<&Duration>, Option<&Retry>, bool)> {
                match self {
                    $(Step::$name(_) => None,)*
                    $(Step::$out(step) => Some((step.timeout.as_ref(), step.retry.as_ref(), step.never_repeat)),)*
                }
            }
        }
    };
}

steps! {
    internal {
        /// Moves the task to a stage.
        MoveToStage = "move_to_stage" {
            stage: String,
        }
        /// Assigns the task: exactly one of `user`, `to`, `field` and `round_robin`.
        AssignTo = "assign_to" {
            /// A user by e-mail.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            user: Option<String>,
            /// Whoever acts, or nobody.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            to: Option<AssignTarget>,
            /// The person in this field.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            field: Option<String>,
            /// Of these users, by e-mail, the one with the fewest active tasks.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            round_robin: Option<Vec<String>>,
        }
        /// Changes values of the task.
        UpdateData = "update_data" {
            /// The new value of each field; a text is interpolated.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            set: ByField<Value>,
            /// Fields to blank.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            clear: Vec<String>,
            /// Options to add to multiple selects.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            add: ByField<Vec<String>>,
            /// Options to remove from multiple selects.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            remove: ByField<Vec<String>>,
            /// What to add to numbers and currencies; a blank counts as 0.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            increment: ByField<Amount>,
        }
        /// Deletes the task.
        DeleteTask = "delete_task" {}
        /// Moves the task to a stage later: exactly one of `after` and `at`.
        ScheduleStageChange = "schedule_stage_change" {
            stage: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            after: Option<Duration>,
            /// A field of type date or datetime.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            at: Option<String>,
            /// Whether it stays when the task leaves its stage before.
            #[serde(default, skip_serializing_if = "is_false")]
            keep: bool,
        }
        /// Adds a comment.
        AddComment = "add_comment" {
            /// A text with interpolation.
            text: String,
        }
        /// Creates a task in the linked workflow.
        CreateLinkedTask = "create_linked_task" {
            link: String,
            /// Values by the field names of the linked workflow.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            set: ByField<Value>,
        }
        /// Changes the linked tasks.
        UpdateLinkedTasks = "update_linked_tasks" {
            link: String,
            /// Values by the field names of the linked workflow.
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            set: ByField<Value>,
            /// A stage of the linked workflow.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            stage: Option<String>,
            /// Only those linked tasks for which this holds.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            condition: Option<ConditionTree>,
        }
        /// Takes an action on this task, or on the linked tasks.
        RunAction = "run_action" {
            action: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            link: Option<String>,
        }
    }
    outgoing {
        /// Sends an e-mail.
        Email = "email" {
            to: Recipients,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            cc: Option<Recipients>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            bcc: Option<Recipients>,
            subject: String,
            /// Markdown with interpolation.
            body: String,
        }
        /// Sends a link to a form, which works once and for this task.
        EmailForm = "email_form" {
            to: Recipients,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            cc: Option<Recipients>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            bcc: Option<Recipients>,
            form: String,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            message: Option<String>,
        }
        /// Posts to a Slack channel.
        Slack = "slack" {
            channel: String,
            message: String,
            /// Stage, Assigned To and Updated On stay current in the message.
            #[serde(default, skip_serializing_if = "is_false")]
            sync: bool,
        }
        /// Calls an address.
        ApiCall = "api_call" {
            url: String,
            /// Left out: POST.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            method: Option<String>,
            #[serde(default, skip_serializing_if = "ByField::is_empty")]
            headers: ByField<String>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            auth: Option<Auth>,
            /// Left out: the default format.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            body: Option<String>,
            /// Fields to set from the answer, by JSON pointer.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            map: Option<ByField<String>>,
        }
        /// Sends the default format to a hook of Zapier.
        Zapier = "zapier" {
            url: String,
        }
        /// Runs a statement on a data source.
        Sql = "sql" {
            /// A data source of the workspace.
            source: String,
            /// SQL; what is interpolated becomes a bound parameter.
            statement: String,
        }
    }
}

/// Whom a step assigns to without naming anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignTarget {
    Performer,
    Nobody,
}

/// A decimal, as a number or as a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    Number(#[schemars(with = "f64")] serde_json::Number),
    Text(String),
}

/// An address, or several, with interpolation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Recipients {
    One(String),
    Several(Vec<String>),
}

/// How a step that leaves the program is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// All attempts, the first included.
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// Left out: exponential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// The wait after the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Duration>,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Duration>,
}

/// How the waits between attempts grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    Exponential,
    Fixed,
}

/// How a call says who calls. Secrets of the workspace are named, as `secret:NAME`, and never written here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    Basic(BasicAuth),
    /// `secret:NAME`
    Bearer(String),
    Header(HeaderAuth),
    Hmac(HmacAuth),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    pub user: String,
    /// `secret:NAME`
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderAuth {
    pub name: String,
    /// `secret:NAME`
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HmacAuth {
    /// `secret:NAME`
    pub secret: String,
}

impl Recipients {
    pub fn each_mut(&mut self) -> impl Iterator<Item = &mut String> {
        match self {
            Recipients::One(address) => std::slice::from_mut(address).iter_mut(),
            Recipients::Several(addresses) => addresses.iter_mut(),
        }
    }
}
