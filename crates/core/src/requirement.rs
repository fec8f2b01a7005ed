//! What must hold before an action may run. All requirements are looked at, never only the first.

use crate::checklist::{ItemStatus, StoredItem};
use crate::condition::{Scene, holds};
use crate::refusal::Refusal;
use crate::workflow::{Action, NotPerformer, Requirement, Stage};

/// The messages of the unmet requirements: fields, checklist, assigned, performer, conditions.
/// `checklist` is asked for only where a requirement needs it.
pub fn unmet(scene: &Scene<'_>, action: &Action, checklist: &mut dyn FnMut() -> Vec<StoredItem>) -> Vec<Refusal> {
    let mut found: Vec<(u8, Refusal)> = Vec::new();
    for requirement in &action.requirements {
        match requirement {
            Requirement::Fields(fields) => {
                let blank =
                    fields.iter().filter(|field| !scene.task.values.contains_key(field)).filter_map(|field| scene.workflow.field(*field));
                for field in blank {
                    let refusal = Refusal::FieldRequired { field: field.name.clone() };
                    if !found.iter().any(|(_, known)| *known == refusal) {
                        found.push((0, refusal));
                    }
                }
            }
            Requirement::Checklist => {
                if scene.workflow.stage(scene.task.stage).is_some_and(|stage| !is_complete(stage, &checklist())) {
                    found.push((1, Refusal::ChecklistIncomplete));
                }
            }
            Requirement::Assigned { to_performer: false } => {
                if scene.task.assignee.is_none() {
                    found.push((2, Refusal::NotAssigned));
                }
            }
            Requirement::Assigned { to_performer: true } => {
                if scene.task.assignee.is_none() || scene.task.assignee != scene.performer.user() {
                    found.push((2, Refusal::NotAssignedToYou));
                }
            }
            Requirement::Performer { not } => {
                if not.iter().any(|who| is_performer(scene, *who)) {
                    found.push((3, Refusal::SomebodyElse));
                }
            }
            Requirement::Condition { condition, message } => {
                if !holds(condition, scene) {
                    found.push((4, Refusal::Custom { message: message.clone() }));
                }
            }
            Requirement::Confirmation => {}
        }
    }
    // Stable: within one kind the definition's order stays.
    found.sort_by_key(|(kind, _)| *kind);
    found.into_iter().map(|(_, refusal)| refusal).collect()
}

/// Every item of the stage, from the template or the task's own, is Completed or Skipped.
fn is_complete(stage: &Stage, stored: &[StoredItem]) -> bool {
    let done = |status: ItemStatus| status != ItemStatus::Blank;
    let template = stage.checklist.iter().all(|item| stored.iter().any(|kept| kept.id == item.id && done(kept.status)));
    let own = stored.iter().filter(|kept| kept.own.as_ref().is_some_and(|own| own.stage == stage.id)).all(|kept| done(kept.status));
    template && own
}

fn is_performer(scene: &Scene<'_>, who: NotPerformer) -> bool {
    match who {
        NotPerformer::Creator => scene.task.created_by == scene.performer,
        NotPerformer::Assignee => scene.task.assignee.is_some() && scene.task.assignee == scene.performer.user(),
        NotPerformer::Action(action) => scene.task.performers.get(&action) == Some(&scene.performer),
    }
}
