//! Does what the operator asks, by the same commands as every surface.

use baton_core::definition::normal_name;
use baton_core::people::{User, UserState};
use baton_core::refusal::Refusals;
use baton_engine::commands::{activity, api_keys, definitions, plans, secrets, users, workspaces};
use baton_engine::{Ask, Credential, Cx, Engine, KeyScope, Outcome};
use serde_json::Value as Json;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::names::{operator, workflow_called, workflow_named, workspace_named};
use super::plan::lines;
use super::sentences::{Refused, sentences, told};
use super::{
    Answer, Applied, Change, KeyLine, NewKey, NewSecret, NewUser, NewWorkspace, Planned, Reply, Request, SecretLine, UserLine, VerifiedLine,
};

pub async fn execute(engine: &Engine, request: Request) -> Reply {
    let answer = match request {
        Request::Init(new) => init(engine, new).await,
        Request::Apply { workspace, workflow, document } => apply(engine, workspace, workflow, document).await,
        Request::Plan { workspace, workflow, document } => plan(engine, workspace, workflow, document).await,
        Request::CreateKey(new) => create_key(engine, new).await,
        Request::ListKeys { workspace } => list_keys(engine, workspace).await,
        Request::RevokeKey { workspace, key } => revoke_key(engine, workspace, key).await,
        Request::AddUser(new) => add_user(engine, new).await,
        Request::ListUsers { workspace } => list_users(engine, workspace).await,
        Request::SetUserActive { workspace, email, active } => set_user_active(engine, workspace, email, active).await,
        Request::SetSecret(new) => set_secret(engine, new).await,
        Request::ListSecrets { workspace } => list_secrets(engine, workspace).await,
        Request::DeleteSecret { workspace, name } => delete_secret(engine, workspace, name).await,
        Request::VerifyHistory { workspace } => verify_history(engine, workspace).await,
        Request::BackUp => Err(sentences("a backup is not one answer".to_owned())),
    };
    answer.map_err(|refused| refused.0)
}

type Done = Result<Answer, Refused>;

async fn init(engine: &Engine, new: NewWorkspace) -> Done {
    let ask = Ask { credential: Credential::Operator { workspace: engine.fresh_id() }, request: None };
    let admin_password = new.admin_password.map(|password| workspaces::hash_password(engine, &password)).transpose()?;
    let new = workspaces::NewWorkspace { name: new.name, admin_email: new.admin_email, admin_password, time_zone: new.time_zone };
    let made = engine.write(ask, move |cx| workspaces::create(cx, &new)).await?;
    Ok(Answer::Initialised { workspace: made.workspace.to_string(), user: made.user.to_string(), api_key: made.api_key })
}

/// Changes the workflow that is named, or else the one that has the document's name; if there is none, makes it.
async fn apply(engine: &Engine, workspace: Option<String>, workflow: Option<String>, document: Json) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let target = target_of(engine, &ask, workflow, &document).await?;
    let created = target.is_none();
    let saved = engine
        .write(ask, move |cx| match &target {
            Some(workflow) => definitions::save(cx, workflow, &document, &Default::default()),
            None => definitions::create(cx, &document),
        })
        .await?;
    let change = match saved.changed {
        _ if created => Change::Created,
        true => Change::Changed,
        false => Change::Unchanged,
    };
    let warnings = saved.warnings.iter().map(ToString::to_string).collect();
    Ok(Answer::Applied(Applied { workflow: saved.workflow.to_string(), name: saved.name, revision: saved.revision, change, warnings }))
}

async fn target_of(engine: &Engine, ask: &Ask, workflow: Option<String>, document: &Json) -> Result<Option<String>, Refused> {
    let own_name = document.get("name").and_then(Json::as_str);
    match (workflow, own_name) {
        (Some(named), _) => Ok(Some(workflow_named(engine, ask, &named).await?)),
        (None, Some(name)) => workflow_called(engine, ask, name).await,
        (None, None) => Ok(None),
    }
}

async fn plan(engine: &Engine, workspace: Option<String>, workflow: Option<String>, document: Json) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let target = target_of(engine, &ask, workflow, &document).await?;
    let planned = read_long(engine, ask, move |cx| match &target {
        Some(workflow) => plans::save(cx, workflow, &document, &Default::default()),
        None => plans::create(cx, &document),
    });
    let planned = planned.await?;
    Ok(Answer::Planned(Planned {
        json: baton_api::plan_to_json(&planned),
        lines: lines(&planned),
        changes: planned.plan.as_ref().is_some_and(|plan| !plan.is_empty()),
        errors: told(&Refusals::Fields(planned.errors)),
        warnings: planned.warnings.iter().map(ToString::to_string).collect(),
    }))
}

/// What may look at every task or at all of the history: never on a thread that serves.
async fn read_long<T: Send + 'static>(
    engine: &Engine,
    ask: Ask,
    command: impl FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    let (engine, runtime) = (engine.clone(), Handle::current());
    match spawn_blocking(move || runtime.block_on(engine.read(ask, command))).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn create_key(engine: &Engine, new: NewKey) -> Done {
    let ask = operator(workspace_named(engine, new.workspace).await?.id);
    let mut workflows = Vec::new();
    for named in &new.workflows {
        let id = workflow_named(engine, &ask, named).await?;
        workflows.push(id.parse().map_err(|error| sentences(format!("{id}: {error}")))?);
    }
    let expires_at = new.expires_in_seconds.map(|seconds| {
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        engine.now().plus_micros(micros)
    });
    let scope = KeyScope {
        read_only: new.read_only,
        workflows: (!workflows.is_empty()).then_some(workflows),
        role: new.role.as_deref().map(normal_name),
    };
    let key = api_keys::NewKey { name: new.name, scope, expires_at, created_by: None };
    let made = engine.write(ask, move |cx| api_keys::create(cx, &key)).await?;
    Ok(Answer::KeyCreated { id: made.id.to_string(), secret: made.secret })
}

async fn list_keys(engine: &Engine, workspace: Option<String>) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let now = engine.now();
    let rows = engine.read(ask, api_keys::list).await?;
    let lines = rows.into_iter().map(|row| {
        let mut scope = vec![if row.read_only { "read-only" } else { "full" }.to_owned()];
        scope.extend(row.role.map(|role| format!("role {role}")));
        scope.extend(row.workflows.map(|ids| {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("workflows {}", ids.join(" "))
        }));
        let state = match (row.revoked_at, row.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(expires_at)) if expires_at <= now => "expired",
            (None, _) => "active",
        };
        KeyLine { id: row.id.to_string(), name: row.name, scope: scope.join(", "), state: state.to_owned() }
    });
    Ok(Answer::Keys(lines.collect()))
}

async fn revoke_key(engine: &Engine, workspace: Option<String>, key: String) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let row = engine.write(ask, move |cx| api_keys::revoke(cx, &key)).await?;
    Ok(Answer::KeyRevoked { id: row.id.to_string(), name: row.name })
}

/// A user of the workspace, and a collaborator where a workflow is named; who is a user already only becomes that, and
/// stays as they are.
async fn add_user(engine: &Engine, new: NewUser) -> Done {
    let ask = operator(workspace_named(engine, new.workspace.clone()).await?.id);
    let role = new.role.as_deref().map(normal_name);
    let workflow = match &new.workflow {
        Some(named) => Some(workflow_named(engine, &ask, named).await?),
        None => None,
    };
    if let Some(workflow) = &workflow {
        check_may_join(engine, &ask, workflow, role.as_deref()).await?;
    }
    let email = new.email.trim().to_owned();
    let known = engine.read(ask.clone(), users::all).await?.into_iter().find(|user| same_email(&user.email, &email));
    let user = match (known, &workflow) {
        (Some(user), Some(_)) => {
            check_same(&user, &new)?;
            user
        }
        _ => {
            let (email, first, last, admin) = (email.clone(), new.first_name, new.last_name, new.admin);
            engine.write(ask.clone(), move |cx| users::create(cx, &email, &first, &last, admin)).await?
        }
    };
    if let Some(workflow) = workflow {
        let collaborator = users::NewCollaborator { email: Some(email), role, ..Default::default() };
        engine.write(ask, move |cx| users::add(cx, &workflow, &collaborator)).await?;
    }
    Ok(Answer::User(line(&user)))
}

fn check_same(known: &User, new: &NewUser) -> Result<(), Refused> {
    let name = |flag: &str, given: &str, known: &str| {
        let given = given.trim();
        (!given.is_empty() && given != known).then(|| format!("--{flag} is {given:?}, but that of {} is {known:?}", new.email.trim()))
    };
    let differs = [
        name("first-name", &new.first_name, &known.first_name),
        name("last-name", &new.last_name, &known.last_name),
        (new.admin && !known.admin).then(|| format!("{} is no admin", known.email)),
    ];
    let differs: Vec<String> = differs.into_iter().flatten().collect();
    if differs.is_empty() {
        return Ok(());
    }
    Err(sentences(format!("a user who is there already stays as they are: {}; leave it out", differs.join("; "))))
}

/// Before the user is made, so that nothing is left of what is refused.
async fn check_may_join(engine: &Engine, ask: &Ask, workflow: &str, role: Option<&str>) -> Result<(), Refused> {
    let id = workflow.to_owned();
    let found = engine.read(ask.clone(), move |cx| cx.workflow(&id)).await?;
    if found.archived {
        return Err(sentences(format!("{} is archived", found.workflow.name)));
    }
    let roles: Vec<&str> = found.workflow.roles.iter().map(|role| role.name.as_str()).collect();
    match role {
        Some(role) if !roles.contains(&role) => {
            Err(sentences(format!("there is no role {role:?} in {}; allowed is {}", found.workflow.name, roles.join(", "))))
        }
        Some(_) | None => Ok(()),
    }
}

fn same_email(one: &str, other: &str) -> bool {
    baton_core::people::email_key(one) == baton_core::people::email_key(other)
}

async fn list_users(engine: &Engine, workspace: Option<String>) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let users = engine.read(ask, users::all).await?;
    Ok(Answer::Users(users.iter().map(line).collect()))
}

async fn set_user_active(engine: &Engine, workspace: Option<String>, email: String, active: bool) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let user = engine.write(ask, move |cx| users::set_active(cx, &email, active)).await?;
    Ok(Answer::User(line(&user)))
}

fn line(user: &User) -> UserLine {
    let state = match user.state {
        UserState::Invited => "invited",
        UserState::Active => "active",
        UserState::Deactivated => "deactivated",
    };
    UserLine {
        id: user.id.to_string(),
        email: user.email.clone(),
        name: user.full_name(),
        role: if user.admin { "admin" } else { "member" }.to_owned(),
        state: state.to_owned(),
    }
}

async fn set_secret(engine: &Engine, new: NewSecret) -> Done {
    let NewSecret { workspace, name, value } = new;
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let set = engine.write(ask, move |cx| secrets::set(cx, &name, Some(&value))).await?;
    Ok(Answer::SecretSet { name: set.row.name, new: set.new })
}

async fn list_secrets(engine: &Engine, workspace: Option<String>) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let rows = engine.read(ask, secrets::list).await?;
    let lines = rows.into_iter().map(|row| SecretLine {
        name: row.name,
        created_at: row.created_at.to_string(),
        updated_at: row.updated_at.to_string(),
    });
    Ok(Answer::Secrets(lines.collect()))
}

async fn delete_secret(engine: &Engine, workspace: Option<String>, name: String) -> Done {
    let ask = operator(workspace_named(engine, workspace).await?.id);
    let deleted = name.clone();
    engine.write(ask, move |cx| secrets::delete(cx, &deleted)).await?;
    Ok(Answer::SecretDeleted { name })
}

async fn verify_history(engine: &Engine, workspace: Option<String>) -> Done {
    let chosen = match workspace {
        Some(_) => vec![workspace_named(engine, workspace).await?],
        None => super::names::workspaces(engine).await?,
    };
    let mut lines = Vec::new();
    for workspace in chosen {
        let verified = read_long(engine, operator(workspace.id), activity::verify).await?;
        lines.push(VerifiedLine {
            workspace: workspace.name,
            sealed: verified.sealed,
            erased: verified.erased,
            unsealed: verified.unsealed,
            faults: verified.faults.iter().map(ToString::to_string).collect(),
        });
    }
    Ok(Answer::Verified(lines))
}
