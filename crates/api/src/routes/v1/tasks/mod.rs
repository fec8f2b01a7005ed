//! Tasks.

pub mod actions;
pub mod active;
pub mod activity;
mod asked;
mod batch;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod put;
pub mod put_by_body;
mod stream;

use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::tasks::Shown;

/// `public_url` begins the Task URL.
fn shown<'a>(Shown { found, task }: &'a Shown, public_url: &'a str) -> ShownTask<'a> {
    ShownTask {
        workflow: &found.workflow,
        workspace: &found.workspace,
        task,
        access: found.access(),
        public_url: Some(public_url),
        only: None,
    }
}
