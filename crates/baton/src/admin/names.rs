//! What the operator names: a workspace or a workflow, by id or name.

use baton_core::definition::normal_name;
use baton_core::ids::Id;
use baton_core::suggest::did_you_mean;
use baton_core::value::fold;
use baton_engine::commands::workflows::{self, WorkflowRow};
use baton_engine::commands::workspaces::{self, WorkspaceRow};
use baton_engine::{Ask, Credential, Engine};

use super::sentences::{Refused, sentences};

pub fn operator(workspace: Id) -> Ask {
    Ask { credential: Credential::Operator { workspace }, request: None }
}

/// Every one of the server.
pub async fn workspaces(engine: &Engine) -> Result<Vec<WorkspaceRow>, Refused> {
    // The operator's look at all workspaces is in none of them.
    Ok(engine.read(operator(engine.fresh_id()), workspaces::list).await?)
}

/// Left out, it is the only one there is.
pub async fn workspace_named(engine: &Engine, named: Option<String>) -> Result<WorkspaceRow, Refused> {
    let all = workspaces(engine).await?;
    let names = || all.iter().map(|row| row.name.as_str());
    match named {
        Some(named) => {
            let by_id = all.iter().find(|row| row.id.to_string() == named);
            let same_name: Vec<&WorkspaceRow> = all.iter().filter(|row| row.name == named).collect();
            match (by_id, same_name.as_slice()) {
                (Some(row), _) => Ok(row.clone()),
                (None, [row]) => Ok((*row).clone()),
                (None, []) => Err(sentences(format!("there is no workspace {named:?}{}", did_you_mean(&named, names())))),
                (None, several) => {
                    let ids: Vec<String> = several.iter().map(|row| row.id.to_string()).collect();
                    Err(sentences(format!(
                        "several workspaces are called {named:?}: say --workspace with an id, one of {}",
                        ids.join(", ")
                    )))
                }
            }
        }
        None => match all.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(sentences("there is no workspace yet: make one by `baton init --workspace NAME --admin-email E`".to_owned())),
            _ => {
                let names: Vec<&str> = names().collect();
                Err(sentences(format!("there are several workspaces: say --workspace, one of {}", names.join(", "))))
            }
        },
    }
}

/// The id of a workflow; archived ones too.
pub async fn workflow_named(engine: &Engine, ask: &Ask, named: &str) -> Result<String, Refused> {
    let all = engine.read(ask.clone(), |cx| workflows::list(cx, true)).await?;
    let by_id = all.iter().find(|row| row.id.to_string() == named);
    by_id.map(|row| row.id.to_string()).or_else(|| called(&all, named)).ok_or_else(|| {
        let hint = did_you_mean(named, all.iter().map(|row| row.name.as_str()));
        sentences(format!("there is no workflow {named:?}{hint}"))
    })
}

/// The id of the workflow of that name, if there is one.
pub async fn workflow_called(engine: &Engine, ask: &Ask, name: &str) -> Result<Option<String>, Refused> {
    let all = engine.read(ask.clone(), |cx| workflows::list(cx, true)).await?;
    Ok(called(&all, name))
}

/// Names are unique without case, as they are kept.
fn called(all: &[WorkflowRow], name: &str) -> Option<String> {
    let key = fold(&normal_name(name));
    all.iter().find(|row| fold(&row.name) == key).map(|row| row.id.to_string())
}
