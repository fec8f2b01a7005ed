//! Workflows that are archived or deleted while something happens in them.

use baton_core::activity::Kind;
use baton_core::execution::Status;
use baton_engine::commands::{activity, definitions, executions, workflows};
use baton_engine::{Cx, Outcome};
use serde_json::{Value as Json, json};

use crate::world::receiver::{Receiver, Said, bytes};
use crate::world::{World, places, until};

pub fn document(name: &str, url: &str) -> Json {
    json!({
        "name": name,
        "fields": [{ "name": "ID", "type": "uniqueId", "autoincrement": true }, { "name": "Name", "type": "text" }],
        "stages": [{ "name": "Open" }, { "name": "Held" }, { "name": "Done", "end": true }],
        "actions": [
            { "name": "Later", "from": ["Open"], "steps": [{ "do": "schedule_stage_change", "stage": "Done", "after": "3d" }] },
            { "name": "Soon", "from": ["Open"], "steps": [{ "do": "schedule_stage_change", "stage": "Held", "after": "3d" }] },
            { "name": "Call", "from": ["Open"], "steps": [{ "do": "api_call", "url": url }] },
        ],
    })
}

async fn delete(world: &World, workflow: &str, name: &str) -> Outcome<()> {
    let (workflow, name) = (workflow.to_owned(), name.to_owned());
    world.write(move |cx| workflows::delete(cx, &workflow, Some(&name))).await
}

async fn archive(world: &World, workflow: &str, archived: bool) {
    let workflow = workflow.to_owned();
    world.write(move |cx| workflows::set_archived(cx, &workflow, archived)).await.map(drop).unwrap_or_else(|failure| panic!("{failure:?}"));
}

/// Everything that a workflow leaves behind while it is there.
pub const LEFT: &str = "SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM task_values) + (SELECT count(*) FROM executions)
    + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM calls) + (SELECT count(*) FROM timers) + (SELECT count(*) FROM comments)
    + (SELECT count(*) FROM checklist_items) + (SELECT count(*) FROM definitions) + (SELECT count(*) FROM collaborators)
    + (SELECT count(*) FROM unique_numbers) + (SELECT count(*) FROM deleted_workflows)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_deleted_workflow_but_its_history() {
    for (place, _database) in places() {
        let receiver = Receiver::start(|_, _| Said::Held(bytes(200, "", b"{}"))).await;
        let world = World::new(place).await;
        let workflow = world.workflow(document("Orders", &receiver.url("/"))).await;
        let mut tasks = Vec::new();
        // More than one piece of them.
        for _ in 0..130 {
            tasks.push(world.task(&workflow, json!({ "Name": "x" })).await);
        }
        assert!(world.taken(&tasks[0], "Later").await.is_empty());
        // One at a call, one behind it, and one whose task is gone.
        let calling = world.start(&tasks[1], "Call").await;
        until(async || (!receiver.got().is_empty()).then_some(())).await;
        let behind = world.start(&tasks[1], "Later").await;
        world.delete(&tasks[2]).await;
        assert_eq!((world.status(&calling).await, world.status(&behind).await), (Status::Pending, Status::Pending));

        delete(&world, &workflow, "Orders").await.unwrap_or_else(|failure| panic!("{failure:?}"));
        let (of, id) = (workflow.clone(), calling.id.to_string());
        assert!(world.read(move |cx| executions::get(cx, &of, &id)).await.is_err(), "it is gone at once");
        let again = document("Orders", "https://a.example");
        let other = world.write(move |cx| definitions::create(cx, &again)).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        // The other one's definition, and its maker's place in it.
        until(async || (world.count(LEFT).await == 2).then_some(())).await;
        receiver.release();

        let verified = world.read(activity::verify).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(verified.faults, []);
        let erased = "SELECT count(*) FROM activity WHERE erased = 1";
        until(async || {
            let verified = world.read(activity::verify).await.unwrap_or_else(|failure| panic!("{failure:?}"));
            (verified.unsealed == 0 && i64::try_from(verified.erased) == Ok(world.count(erased).await)).then_some(())
        })
        .await;
        // Made and deleted, 130 times; and every execution has come to an end.
        assert_eq!(world.count("SELECT count(*) FROM activity WHERE kind = 'task.deleted' AND erased = 0").await, 130);
        assert_eq!(world.count("SELECT count(*) FROM activity WHERE kind = 'task.created' AND erased = 1").await, 130);
        assert_eq!(world.count("SELECT count(*) FROM activity WHERE kind = 'execution.finished'").await, 3);
        assert_eq!(world.count("SELECT count(*) FROM activity WHERE kind = 'workflow.deleted'").await, 1);

        // The other goes on.
        let task = world.task(&other.workflow.to_string(), json!({ "Name": "y" })).await;
        assert!(world.taken(&task, "Later").await.is_empty());
    }
}

/// Whoever clears away may be interrupted, and another goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_fails_and_the_next_start_clears_away() {
    for (place, _database) in places() {
        // Nothing runs until it works.
        let world = World::node(place, 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let workflow = world.workflow(document("Orders", "https://a.example")).await;
        let (gone, stays) = (world.task(&workflow, json!({})).await, world.task(&workflow, json!({})).await);
        for task in [&gone, &stays] {
            world.start(task, "Later").await;
        }
        world.delete(&gone).await;
        delete(&world, &workflow, "Orders").await.unwrap_or_else(|failure| panic!("{failure:?}"));
        assert!(world.count(LEFT).await > 0);
        world.work();
        until(async || (world.count(LEFT).await == 0).then_some(())).await;
        // Of the task that was deleted before, what its execution came to is still told.
        let told =
            "SELECT count(*) FROM activity WHERE kind = 'execution.finished' AND after_values LIKE '%\"Workflow no longer exists\"%'";
        assert_eq!(world.count(told).await, 1);
        assert_eq!(world.count("SELECT count(*) FROM activity WHERE kind = 'execution.finished'").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_scheduled_waits_while_it_is_archived() {
    const DAY: i64 = 24 * 60 * 60;
    let world = World::new(baton_store::Place::Memory).await;
    let workflow = world.workflow(document("Orders", "https://a.example")).await;
    let other = world.workflow(document("Others", "https://a.example")).await;
    let (task, canary) = (world.task(&workflow, json!({})).await, world.task(&other, json!({})).await);
    for task in [&task, &canary] {
        assert!(world.taken(task, "Later").await.is_empty());
    }
    archive(&world, &workflow, true).await;
    world.clock.put(4 * DAY);
    until(async || (world.shown(&canary).await["Stage"] == "Done").then_some(())).await;
    assert_eq!(world.shown(&task).await["Stage"], "Open");
    archive(&world, &workflow, false).await;
    until(async || (world.shown(&task).await["Stage"] == "Done").then_some(())).await;
}

/// Scheduled changes to a removed stage follow; those from it end as with every move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scheduled_changes_follow_a_migration() {
    for (place, _database) in places() {
        let world = World::new(place).await;
        let workflow = world.workflow(document("Orders", "https://a.example")).await;
        let (to, from) = (world.task(&workflow, json!({})).await, world.task(&workflow, json!({})).await);
        assert!(world.taken(&to, "Soon").await.is_empty());
        let mut other = document("Orders", "https://a.example");
        other["actions"][0]["from"] = json!(["Open", "Held"]);
        save(&world, &workflow, other).await;
        world.put(&from, json!({ "Stage": "Held" })).await;
        assert!(world.taken(&from, "Later").await.is_empty());

        let mut without = document("Orders", "https://a.example");
        without["stages"] = json!([{ "name": "Open" }, { "name": "Paused" }, { "name": "Done", "end": true }]);
        without["actions"] = json!([]);
        without["migrate"] = json!({ "stages": { "Held": "Paused" } });
        let planned = {
            let (workflow, document) = (workflow.clone(), without.clone());
            let plan = move |cx: &mut Cx<'_>| baton_engine::commands::plans::save(cx, &workflow, &document, &Default::default());
            world.read(plan).await.unwrap_or_else(|failure| panic!("{failure:?}"))
        };
        let removed = planned.plan.expect("it can be read").removed.into_iter().find(|part| part.name == "Held").expect("it is removed");
        assert_eq!((removed.weight.tasks, removed.weight.dropped, removed.weight.to.as_deref()), (1, 1, Some("Paused")));
        save(&world, &workflow, without).await;
        assert_eq!(world.shown(&from).await["Stage"], "Paused");
        assert!(world.kinds(&from).await.contains(&Kind::StageChangeDropped));
        // On PostgreSQL they go by its clock.
        world.write(|cx| Ok(cx.tx.execute("UPDATE timers SET due_at = 1", &[])?)).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        until(async || (world.shown(&to).await["Stage"] == "Paused").then_some(())).await;
    }
}

async fn save(world: &World, workflow: &str, document: Json) {
    let workflow = workflow.to_owned();
    let save = move |cx: &mut Cx<'_>| definitions::save(cx, &workflow, &document, &Default::default());
    world.write(save).await.map(drop).unwrap_or_else(|failure| panic!("{failure:?}"));
}
