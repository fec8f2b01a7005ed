//! Scheduled stage changes, by a clock that the test moves.

use baton_core::activity::Kind;
use baton_core::actor::Actor;
use baton_core::task::Task;
use baton_store::Place;
use serde_json::{Value as Json, json};

use crate::postgres::Database;
use crate::world::{World, until};

const DAY: i64 = 24 * 60 * 60;

fn document(schedule: &Json) -> Json {
    json!({
        "name": "Orders",
        "fields": [{ "name": "Name", "type": "text" }, { "name": "Due", "type": "date" }, { "name": "Seen", "type": "datetime" }],
        "stages": [{ "name": "Open" }, { "name": "Held" }, { "name": "Done", "end": true }],
        "actions": [
            { "name": "Schedule", "from": ["Open", "Held"], "steps": [schedule] },
            { "name": "Hold", "from": ["Open"], "steps": [{ "do": "move_to_stage", "stage": "Held" }] },
            { "name": "Both", "from": ["Open"], "steps": [schedule, { "do": "move_to_stage", "stage": "Held" }] },
        ],
    })
}

fn after(keep: bool) -> Json {
    json!({ "do": "schedule_stage_change", "stage": "Done", "after": "3d", "keep": keep })
}

async fn stage(world: &World, task: &Task) -> String {
    world.shown(task).await["Stage"].as_str().expect("a stage").to_owned()
}

/// The chore that looks for what is due has looked since, and made all of it.
async fn looked(world: &World) {
    // A timer that is due now, of another task: what was due before it comes before it.
    let now = json!({ "do": "schedule_stage_change", "stage": "Done", "after": "1s" });
    let mut canary = document(&now);
    canary["name"] = world.engine.fresh_id().to_string().into();
    let workflow = world.workflow(canary).await;
    let task = world.task(&workflow, json!({})).await;
    assert!(world.taken(&task, "Schedule").await.is_empty());
    until(async || (stage(world, &task).await == "Done").then_some(())).await;
}

async fn scheduled(schedule: Json, body: Json) -> (World, Task) {
    let world = World::with(Place::Memory, None, "Europe/Berlin").await;
    let workflow = world.workflow(document(&schedule)).await;
    let task = world.task(&workflow, body).await;
    assert!(world.taken(&task, "Schedule").await.is_empty());
    (world, task)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_its_time_and_not_before() {
    let (world, task) = scheduled(after(false), json!({})).await;
    world.clock.put(3 * DAY - 60);
    looked(&world).await;
    assert_eq!(stage(&world, &task).await, "Open");
    // A clock that steps back makes it later, never earlier.
    world.clock.put(-DAY);
    looked(&world).await;
    assert_eq!(stage(&world, &task).await, "Open");
    world.clock.put(DAY + 61);
    until(async || (stage(&world, &task).await == "Done").then_some(())).await;
    let history = world.history(&task).await;
    let moved = history.last().expect("rows");
    assert_eq!((moved.kind, moved.actor), (Kind::TaskUpdated, Actor::Schedule));
    assert!(moved.execution.is_some(), "it tells which execution has scheduled it");
    looked(&world).await;
    assert_eq!(world.history(&task).await.len(), history.len(), "once");
}

/// In Berlin, 00:00 is 23:00 UTC the day before in winter and 22:00 in summer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_date_in_the_zone_of_the_workspace() {
    let rows = [("Due", "2031-01-15", "2031-01-14T23:00:00.000Z"), ("Due", "2031-07-15", "2031-07-14T22:00:00.000Z")];
    let seen = [("Seen", "2031-07-15T10:00:00+02:00", "2031-07-15T08:00:00.000Z")];
    for (field, given, due_at) in rows.into_iter().chain(seen) {
        let schedule = json!({ "do": "schedule_stage_change", "stage": "Done", "at": field });
        let (world, task) = scheduled(schedule, json!({ field: given })).await;
        let history = world.history(&task).await;
        let row = history.iter().find(|row| row.kind == Kind::StageChangeScheduled).expect("it is told");
        let told: Json = serde_json::from_str(row.after.as_deref().expect("what is to come")).expect("JSON");
        assert_eq!(told["due_at"], due_at, "{given}");
        let wait = (baton_core::time::parse_datetime(due_at).expect("a moment").micros() - world.engine.now().micros()) / 1_000_000;
        world.clock.put(wait - 60);
        looked(&world).await;
        assert_eq!(stage(&world, &task).await, "Open", "{given}");
        world.clock.put(61);
        until(async || (stage(&world, &task).await == "Done").then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_date_the_step_fails() {
    let world = World::new(Place::Memory).await;
    let schedule = json!({ "do": "schedule_stage_change", "stage": "Done", "at": "Due" });
    let workflow = world.workflow(document(&schedule)).await;
    let task = world.task(&workflow, json!({})).await;
    assert_eq!(world.taken(&task, "Schedule").await, ["Due is required"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_with_a_word_when_the_task_leaves_its_stage() {
    for (way, keep) in [("action", false), ("put", false), ("same", false), ("action", true), ("put", true), ("same", true)] {
        let world = World::new(Place::Memory).await;
        let workflow = world.workflow(document(&after(keep))).await;
        let task = world.task(&workflow, json!({})).await;
        if way == "same" {
            assert!(world.taken(&task, "Both").await.is_empty());
        } else {
            assert!(world.taken(&task, "Schedule").await.is_empty());
        }
        match way {
            "action" => assert!(world.taken(&task, "Hold").await.is_empty()),
            "put" => world.put(&task, json!({ "Stage": "Held" })).await,
            _ => {}
        }
        let dropped = world.history(&task).await.into_iter().filter(|row| row.kind == Kind::StageChangeDropped).collect::<Vec<_>>();
        assert_eq!(dropped.len(), usize::from(!keep), "{way} {keep}");
        if let Some(row) = dropped.first() {
            assert_eq!(row.after.as_deref(), Some(r#"{"reason":"the task has left its stage"}"#));
        }
        world.clock.put(3 * DAY + 1);
        looked(&world).await;
        if keep {
            until(async || (stage(&world, &task).await == "Done").then_some(())).await;
        }
        assert_eq!(stage(&world, &task).await, if keep { "Done" } else { "Held" }, "{way} {keep}");
        assert_eq!(world.count("SELECT count(*) FROM timers").await + world.count("SELECT sum(timers) FROM tasks").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_by_another_timer_but_not_by_an_edit() {
    let (world, task) = scheduled(after(false), json!({})).await;
    world.clock.put(DAY);
    assert!(world.taken(&task, "Schedule").await.is_empty());
    world.put(&task, json!({ "Name": "Edited", "Stage": "Open" })).await;
    assert_eq!(world.count("SELECT count(*) FROM timers").await, 2);
    world.clock.put(2 * DAY + 1);
    until(async || (stage(&world, &task).await == "Done").then_some(())).await;
    assert_eq!(world.kinds(&task).await.iter().filter(|kind| **kind == Kind::StageChangeDropped).count(), 1);
    assert_eq!(world.count("SELECT count(*) FROM timers").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_when_it_is_due() {
    let (world, task) = scheduled(after(true), json!({})).await;
    world.delete(&task).await;
    assert_eq!(world.count("SELECT count(*) FROM timers").await, 0, "with its task");

    let (world, task) = scheduled(after(true), json!({})).await;
    let workflow = task.workflow.to_string();
    let without =
        json!({ "name": "Orders", "fields": document(&after(true))["fields"], "stages": [{ "name": "Open" }, { "name": "Held" }] });
    let expected = baton_engine::commands::tasks::Expected::default();
    let saved = world.write(move |cx| baton_engine::commands::definitions::save(cx, &workflow, &without, &expected).map(drop));
    saved.await.unwrap_or_else(|failure| panic!("{failure:?}"));
    world.clock.put(3 * DAY + 1);
    until(async || (world.count("SELECT count(*) FROM timers").await == 0).then_some(())).await;
    assert_eq!(stage(&world, &task).await, "Open");
    let history = world.history(&task).await;
    let last = history.last().expect("rows");
    assert_eq!((last.kind, last.after.as_deref()), (Kind::StageChangeDropped, Some(r#"{"reason":"Stage Done no longer exists"}"#)));
}

/// On PostgreSQL timers go by the clock of the database, which no test moves: so they are due after a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_make_each_change_once() {
    const TASKS: usize = 40;
    let Some(database) = Database::fresh() else { return };
    let place = || Place::Url(database.url.clone());
    let first = World::with(place(), None, "UTC").await;
    let second = World::node(place(), 2, None, Some(first.workspace));
    second.work();
    let schedule = json!({ "do": "schedule_stage_change", "stage": "Done", "after": "1s" });
    let workflow = first.workflow(document(&schedule)).await;
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let task = first.task(&workflow, json!({})).await;
        assert!(first.taken(&task, "Schedule").await.is_empty());
        tasks.push(task);
    }
    until(async || (first.count("SELECT count(*) FROM timers").await == 0).then_some(())).await;
    for task in &tasks {
        assert_eq!(stage(&second, task).await, "Done");
        let moves = first.kinds(task).await.into_iter().filter(|kind| *kind == Kind::TaskUpdated).count();
        assert_eq!(moves, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_workspace_with_many_does_not_keep_the_others_waiting() {
    let world = World::new(Place::Memory).await;
    let schedule = after(false);
    let mut of_many = Vec::new();
    let workflow = world.workflow(document(&schedule)).await;
    for _ in 0..50 {
        let task = world.task(&workflow, json!({})).await;
        assert!(world.taken(&task, "Schedule").await.is_empty());
        of_many.push(task);
    }
    let other = world.in_workspace(world.engine.fresh_id());
    other.new_workspace(other.workspace, "UTC").await;
    let workflow = other.workflow(document(&schedule)).await;
    let task = other.task(&workflow, json!({})).await;
    assert!(other.taken(&task, "Schedule").await.is_empty());
    world.clock.put(4 * DAY);
    until(async || (world.count("SELECT count(*) FROM timers").await == 0).then_some(())).await;
    let moved_at = |history: Vec<baton_core::activity::Activity>| history.last().expect("rows").at;
    let others = moved_at(other.history(&task).await);
    let mut later = 0;
    for task in &of_many {
        later += usize::from(moved_at(world.history(task).await) > others);
    }
    assert!(later > 25, "it had its turn among the first: {later} of 50 came after it");
}
