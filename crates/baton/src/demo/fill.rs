//! Fills a new store: a workspace, its people, two workflows, and the story of what happened in them.

use std::collections::HashMap;
use std::sync::Arc;

use baton_core::definition::parse_yaml;
use baton_core::ids::Id;
use baton_core::list::Narrowed;
use baton_engine::commands::lists::{self, Begin, ListAsk};
use baton_engine::commands::{api_keys, definitions, users, workspaces};
use baton_engine::{Ask, Credential, Engine, EngineOptions, KeyScope, Outcome};
use baton_store::Store;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::clock::{MOMENTS, StoryClock};
use super::outside::Outside;
use super::people::Colleague;
use super::random::Random;
use super::script::{Script, Which};
use super::story::{Place, Story, Told, Unforeseen};
use super::{early_access, people, refunds};

const APPLICANTS: usize = 180;
const REFUNDS: usize = 140;
const SEED: u64 = 20_261_123;
/// Everything that is accepted in one moment runs at once.
const WORKERS: usize = 256;

/// What it takes to use the demo.
pub struct Filled {
    pub api_key: String,
    pub told: Told,
    pub early_access: String,
    pub refunds: String,
    /// Unique IDs of the tour's applicants.
    pub incomplete: String,
    pub ready: String,
}

pub async fn fill(store: &Store, node: Id, public_url: &str, outside: &Outside) -> Result<Filled, Unforeseen> {
    let clock = Arc::new(StoryClock::new());
    let options = EngineOptions::new(public_url, WORKERS, node);
    let surroundings = outside.surroundings(clock.clone()).map_err(Unforeseen)?;
    let engine = Engine::new(store.clone(), surroundings, options);
    let stop = Arc::new(Notify::new());
    let mut worker = JoinSet::new();
    {
        let (engine, stop) = (engine.clone(), stop.clone());
        worker.spawn(async move { engine.work(stop).await });
    }
    take_lease(&engine).await?;
    let filled = make(engine, clock, outside).await;
    stop.notify_one();
    match worker.join_next().await {
        Some(Ok(Ok(()))) | None => filled,
        Some(Ok(Err(error))) => Err(Unforeseen(error.to_string())),
        Some(Err(error)) => Err(Unforeseen(error.to_string())),
    }
}

/// The worker's lease is taken while the clock still shows the present, so that no moment of the story is past it.
/// The worker asks for it, and renews it, as soon as it is polled; a write of ours is answered after its own.
async fn take_lease(engine: &Engine) -> Result<(), Unforeseen> {
    for _ in 0..2 {
        tokio::task::yield_now().await;
        engine.write(operator(engine.fresh_id()), |_| Ok(())).await?;
    }
    Ok(())
}

async fn make(engine: Engine, clock: Arc<StoryClock>, outside: &Outside) -> Result<Filled, Unforeseen> {
    clock.set(0);
    let created = make_workspace(&engine).await?;
    let ask = operator(created.workspace);
    for Colleague { email, first, last, .. } in people::COLLEAGUES {
        engine.write(ask.clone(), move |cx| users::create(cx, email, first, last, false)).await?;
    }
    let refunds = refunds::definition(outside.payments.address);
    let places = HashMap::from([
        (
            Which::EarlyAccess,
            make_workflow(&engine, &ask, early_access::DEFINITION, "Sign-up form", |colleague| colleague.early_access).await?,
        ),
        (Which::Refunds, make_workflow(&engine, &ask, &refunds, "Shop", |colleague| colleague.refunds).await?),
    ]);
    let story = Story { engine, clock, places };
    let told = story.tell(scripts(), MOMENTS).await?;
    story.clock.set_to_now();
    let early_access = story.places[&Which::EarlyAccess].clone();
    Ok(Filled {
        api_key: created.api_key,
        told,
        incomplete: unique_id(&story.engine, &early_access, early_access::INCOMPLETE).await?,
        ready: unique_id(&story.engine, &early_access, early_access::READY).await?,
        early_access: early_access.workflow,
        refunds: story.places[&Which::Refunds].workflow.clone(),
    })
}

fn operator(workspace: Id) -> Ask {
    Ask { credential: Credential::Operator { workspace }, request: None }
}

async fn make_workspace(engine: &Engine) -> Outcome<workspaces::Created> {
    let new = workspaces::NewWorkspace {
        name: "Demo".to_owned(),
        admin_email: people::ADMIN.to_owned(),
        admin_password: None,
        time_zone: "UTC".to_owned(),
    };
    engine.write(operator(engine.fresh_id()), move |cx| workspaces::create(cx, &new)).await
}

type Role = fn(&Colleague) -> Option<&'static str>;

async fn make_workflow(engine: &Engine, ask: &Ask, definition: &str, key: &str, role: Role) -> Result<Place, Unforeseen> {
    let document = parse_yaml(definition).map_err(|error| Unforeseen(error.to_string()))?;
    let saved = engine.write(ask.clone(), move |cx| definitions::create(cx, &document)).await?;
    let workflow = saved.workflow.to_string();
    for colleague in &people::COLLEAGUES {
        let Some(role) = role(colleague) else { continue };
        let new = users::NewCollaborator { email: Some(colleague.email.to_owned()), role: Some(role.to_owned()), ..Default::default() };
        let workflow = workflow.clone();
        engine.write(ask.clone(), move |cx| users::add(cx, &workflow, &new)).await?;
    }
    let named = workflow.clone();
    let found = engine.read(ask.clone(), move |cx| cx.workflow(&named)).await?;
    let actions = found.workflow.actions.iter().map(|action| (action.name.clone(), action.id.to_string())).collect();
    let new = api_keys::NewKey {
        name: key.to_owned(),
        scope: KeyScope { workflows: Some(vec![saved.workflow]), ..KeyScope::default() },
        expires_at: None,
        created_by: None,
    };
    let made = engine.write(ask.clone(), move |cx| api_keys::create(cx, &new)).await?;
    let credential = Credential::Header(Some(format!("Bearer {}", made.secret)));
    Ok(Place { workflow, actions, ask: Ask { credential, request: None } })
}

fn scripts() -> Vec<Script> {
    let mut random = Random::from_seed(SEED);
    let mut scripts: Vec<Script> = (1..=APPLICANTS).map(|number| early_access::applicant(&mut random, number, MOMENTS)).collect();
    scripts.extend((1..=REFUNDS).map(|number| refunds::refund(&mut random, number, MOMENTS)));
    scripts.extend(early_access::for_the_tour(MOMENTS));
    scripts.extend(refunds::for_the_tour(MOMENTS));
    scripts
}

/// Of the task with this e-mail.
async fn unique_id(engine: &Engine, place: &Place, email: &'static str) -> Result<String, Unforeseen> {
    let workflow = place.workflow.clone();
    let narrowed = Narrowed { columns: vec![("Email".to_owned(), vec![email.to_owned()])], ..Narrowed::default() };
    let list = ListAsk { narrowed, ..ListAsk::default() };
    let page = engine.read(place.ask.clone(), move |cx| lists::page(cx, &workflow, &list, &Begin::Start, 1)).await?;
    let field = page.found.workflow.unique_id_field().map(|field| field.id);
    let task = page.tasks.first().zip(field).and_then(|(task, field)| task.values.get(&field));
    match task {
        Some(baton_core::value::Value::Text(unique_id)) => Ok(unique_id.clone()),
        _ => Err(Unforeseen(format!("no task has the e-mail {email}"))),
    }
}
