//! The layout of a task's page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::ConditionTree;

/// What the page of a task shows, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    pub structure: Structure,
    pub blocks: Vec<Block>,
}

/// How the page is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Structure {
    OneColumn,
    TwoColumns,
    WideTop,
    WideBottom,
}

/// Declares the kinds of block: each has the common keys, and its own.
macro_rules! blocks {
    ($($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $key:ident: $type:ty,)* })*) => {
        /// A part of the page of a task.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "block", rename_all = "snake_case")]
        pub enum Block {
            $($name($name),)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Counted from 1. Left out: 1.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[schemars(range(min = 1, max = 3))]
                pub column: Option<u32>,
                /// The place in its column. Left out: as the blocks are listed.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub order: Option<u32>,
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub title: Option<String>,
                /// In pixels; a longer block scrolls.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[schemars(range(min = 1, max = 10000))]
                pub max_height: Option<u32>,
                /// Left out: always.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub visible: Option<Visible>,
                $($(#[$meta])* pub $key: $type,)*
            }
        )*

        impl Block {
            pub fn visible_mut(&mut self) -> Option<&mut Visible> {
                match self {
                    $(Block::$name(block) => block.visible.as_mut(),)*
                }
            }
        }
    };
}

blocks! {
    /// The fields of the task.
    Details {
        /// The fields shown. Left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    }
    /// The checklist of the task.
    Checklist {}
    /// The comments on the task.
    Comments {}
    /// The history of the task.
    Activity {}
    /// A text in Markdown, with interpolation.
    Text {
        text: String,
    }
    /// Another page, by its address with interpolation.
    Iframe {
        url: String,
    }
    /// An image, by its address with interpolation.
    Image {
        url: String,
    }
    /// The attachments of a file field.
    FilePreview {
        field: String,
    }
    /// A JSON document: from a field, an HTTP call or a query.
    Json {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A data source of the workspace, for a query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
    }
    /// A table: from a JSON field, an HTTP call or a query.
    Table {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A data source of the workspace, for a query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
    }
    /// The fields of the task as a table.
    DetailsTable {
        /// The fields shown. Left out: all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    }
    /// The tasks that a link leads to.
    LinkedTasks {
        link: String,
    }
    /// A Slack channel.
    Slack {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    }
    /// Text messages by Twilio.
    Twilio {
        /// The field with the phone number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    }
    /// Conversations of Front.
    Front {
        /// The field with the e-mail address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    }
    /// What Clearbit knows.
    Clearbit {
        /// The field with the e-mail address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    }
}

/// When a block is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visible {
    Always,
    /// While the task is in one of these stages.
    Stages(Vec<String>),
    /// While this holds.
    When(ConditionTree),
}
