//! Who did something.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_engine::commands::activity::KeyNames;
use serde::Serialize;

#[derive(Serialize)]
pub struct ShownActor {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Option<Id>,
    /// Who is gone for good has only an id.
    name: Option<String>,
}

pub fn shown_actor(actor: Actor, workspace: &Workspace, key_names: &KeyNames) -> ShownActor {
    let name = match actor {
        Actor::User(id) => workspace.user(id).map(|user| match user.full_name() {
            name if name.is_empty() => user.email.clone(),
            name => name,
        }),
        Actor::ApiKey(id) => key_names.get(&id).cloned(),
        Actor::Operator => Some("Operator".to_owned()),
        Actor::Schedule => Some("Schedule".to_owned()),
    };
    ShownActor { kind: actor.kind(), id: actor.id(), name }
}
