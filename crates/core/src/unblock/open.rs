//! Opening an action in the stage where the task stands.

use super::fit::{self, Fit};
use super::who::{self, may_assign, may_edit, may_set};
use super::{Ask, Item, Move, Setting, State, To, Walk, Way};
use crate::access;
use crate::actor::Actor;
use crate::checklist::{ItemStatus, StoredItem};
use crate::condition::Scene;
use crate::execution::accept;
use crate::ids::Id;
use crate::workflow::{Action, NotPerformer, Requirement};

/// People that are tried instead of whoever wants to take it.
const OTHERS_MAX: usize = 20;

/// An action that can be taken now.
pub(super) struct Opened {
    /// What was done for it.
    pub way: Way,
    pub state: State,
    pub performer: Actor,
}

/// By whoever wants to take it, and by others instead.
pub(super) fn ways(ask: &Ask<'_>, state: &State, action: &Action) -> Vec<Way> {
    let own = by(ask, state, action, ask.scene.performer).map(|opened| opened.way);
    // That others could do the same is no help.
    let easier = |way: &Way| own.as_ref().is_none_or(|own| way.cost() <= own.cost());
    let others = others(ask, state, action).filter(easier);
    own.iter().cloned().chain(others).collect()
}

/// By whoever wants to take it, or else by somebody for whom it is easier.
pub(super) fn first(ask: &Ask<'_>, state: &State, action: &Action) -> Option<Opened> {
    let own = by(ask, state, action, ask.scene.performer);
    if own.as_ref().is_some_and(|own| own.way.cost().overwritten == 0) {
        return own;
    }
    let others = candidates(ask, state, action).filter_map(|user| by(ask, state, action, Actor::User(user)));
    own.into_iter().chain(others).min_by_key(|opened| opened.way.cost())
}

/// Others who may take it, as far as nobody can undo.
fn candidates<'a>(ask: &'a Ask<'_>, state: &'a State, action: &'a Action) -> impl Iterator<Item = Id> + 'a {
    let others = ask.people.iter().map(|(user, _)| *user).filter(|user| Some(*user) != ask.scene.performer.user());
    let may = |user: &Id| may_take(ask, action, Actor::User(*user)) && !is_barred(state, action, Actor::User(*user));
    others.filter(may).take(OTHERS_MAX)
}

/// Those for whom the fewest other moves are needed.
fn others(ask: &Ask<'_>, state: &State, action: &Action) -> Option<Way> {
    let mut found: Vec<(Way, Vec<Id>)> = Vec::new();
    for user in candidates(ask, state, action) {
        let Some(opened) = by(ask, state, action, Actor::User(user)) else { continue };
        match found.iter_mut().find(|(way, _)| way.moves == opened.way.moves) {
            Some((_, users)) => users.push(user),
            None => found.push((opened.way, vec![user])),
        }
    }
    let (mut way, users) = found.into_iter().min_by_key(|(way, _)| way.cost())?;
    way.moves.push(Move::LetAct { users: who::named(users) });
    Some(way)
}

fn by(ask: &Ask<'_>, state: &State, action: &Action, performer: Actor) -> Option<Opened> {
    if !may_take(ask, action, performer) || is_barred(state, action, performer) || !ask.spend(ask.tries_of_opening) {
        return None;
    }
    let mut opened = Opened { way: Way::NONE, state: state.clone(), performer };
    set_fields(ask, action, &mut opened)?;
    complete_checklist(ask, action, &mut opened)?;
    assign(ask, action, &mut opened)?;
    let as_asked = opened.way.moves.is_empty() && performer == ask.scene.performer;
    let is_told = as_asked || !fit::would_tell_what_is_hidden(ask, action);
    (is_told && is_open(ask, action, &opened)).then_some(opened)
}

fn may_take(ask: &Ask<'_>, action: &Action, performer: Actor) -> bool {
    let role = |user| access::of_user(ask.scene.workspace, ask.scene.workflow, user);
    ask.key.may_take(action) && performer.user().is_none_or(|user| role(user).is_some_and(|access| access.may_take(action)))
}

/// Separation of duties: what nobody can undo.
fn is_barred(state: &State, action: &Action, performer: Actor) -> bool {
    let bars = |not: &NotPerformer| match not {
        NotPerformer::Creator => state.task.created_by == performer,
        NotPerformer::Assignee => false,
        NotPerformer::Action(other) => state.task.performers.get(other) == Some(&performer),
    };
    action.requirements.iter().any(|requirement| matches!(requirement, Requirement::Performer { not } if not.iter().any(bars)))
}

/// The last word: the check of the real thing.
fn is_open(ask: &Ask<'_>, action: &Action, opened: &Opened) -> bool {
    let scene = Scene { task: &opened.state.task, performer: opened.performer, ..ask.scene };
    accept(&scene, action, Ok(()), &mut Walk { checklist: &opened.state.checklist, guessed: false }).is_ok()
}

fn set_fields(ask: &Ask<'_>, action: &Action, opened: &mut Opened) -> Option<()> {
    let Fit { task, settings, assignee, certain } = fit::fit(ask, action, &opened.state.task, opened.performer)?;
    opened.way.certain &= certain;
    if !settings.is_empty() {
        let of = |setting: &Setting| ask.scene.workflow.field(setting.field);
        let fields: Vec<_> = settings.iter().filter_map(of).collect();
        let by = may_set(ask, &opened.state.task, action, &fields)?;
        opened.way.moves.push(Move::SetFields { fields: settings, by });
    }
    if let Some(to) = assignee {
        let by = may_assign(ask, &opened.state.task, to)?;
        opened.way.moves.push(Move::Assign { to: to.map_or(To::Nobody, To::User), by });
    }
    opened.state.task = task;
    Some(())
}

fn complete_checklist(ask: &Ask<'_>, action: &Action, opened: &mut Opened) -> Option<()> {
    if !action.requirements.iter().any(|requirement| matches!(requirement, Requirement::Checklist)) {
        return Some(());
    }
    let State { task, checklist } = &mut opened.state;
    let Some(stage) = ask.scene.workflow.stage(task.stage) else { return Some(()) };
    let mut items = Vec::new();
    for item in &stage.checklist {
        if !checklist.iter().any(|stored| stored.id == item.id) {
            checklist.push(StoredItem { id: item.id, status: ItemStatus::Blank, assignee: None, own: None });
        }
    }
    for stored in checklist.iter_mut().filter(|stored| stored.status == ItemStatus::Blank) {
        let title = match &stored.own {
            Some(own) => Some(&own.title).filter(|_| own.stage == stage.id),
            None => stage.checklist.iter().find(|item| item.id == stored.id).map(|item| &item.title),
        };
        if let Some(title) = title {
            stored.status = ItemStatus::Completed;
            items.push(Item { id: stored.id, title: title.clone() });
        }
    }
    if !items.is_empty() {
        let by = may_edit(ask, task)?;
        opened.way.moves.push(Move::CompleteChecklist { items, by });
    }
    Some(())
}

fn assign(ask: &Ask<'_>, action: &Action, opened: &mut Opened) -> Option<()> {
    let (performer, assignee) = (opened.performer.user(), opened.state.task.assignee);
    let asks = |wanted: bool| {
        let is = |requirement: &Requirement| matches!(requirement, Requirement::Assigned { to_performer } if *to_performer == wanted);
        action.requirements.iter().any(is)
    };
    let role = performer.and_then(|user| access::of_user(ask.scene.workspace, ask.scene.workflow, user));
    let hidden = role.is_some_and(|role| !role.may_see(&opened.state.task, performer));
    let to = if asks(true) || hidden {
        Some(performer?).filter(|user| assignee != Some(*user)).map(To::User)
    } else if asks(false) && assignee.is_none() {
        Some(somebody(ask, action, performer)?)
    } else {
        None
    };
    let Some(to) = to else { return Some(()) };
    let (To::Anybody(user) | To::User(user)) = to else { return None };
    let by = may_assign(ask, &opened.state.task, Some(user))?;
    opened.state.task.assignee = Some(user);
    opened.way.moves.push(Move::Assign { to, by });
    Some(())
}

/// Whom a task can be assigned to that must have an assignee: whoever performs, or else the first who may be.
fn somebody(ask: &Ask<'_>, action: &Action, performer: Option<Id>) -> Option<To> {
    let not_assignee =
        |requirement: &Requirement| matches!(requirement, Requirement::Performer { not } if not.contains(&NotPerformer::Assignee));
    let barred = performer.filter(|_| action.requirements.iter().any(not_assignee));
    let others = ask.people.iter().map(|(user, _)| *user);
    let found = performer.into_iter().chain(others).find(|user| Some(*user) != barred)?;
    Some(To::Anybody(found))
}
