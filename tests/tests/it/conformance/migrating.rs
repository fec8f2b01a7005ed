//! Tasks that a new definition moves, and workflows that are deleted.

use baton_core::activity::Kind;
use baton_core::actor::Actor;
use baton_core::execution::Timer;
use baton_core::ids::Id;
use baton_core::value::FilterKey;
use baton_core::workflow::StageRef;
use baton_store::sql::deleted_workflows::{self, DeletedWorkflow, ExecutionRow};
use baton_store::sql::timers::{self, TimerRow};
use baton_store::sql::{activity, migrating, people, tasks, workflows};

use super::bed::{Bed, at, id, keys};
use super::on_every_store;

on_every_store!(
    pages_have_every_task_once,
    a_task_is_found_by_its_new_keys,
    numbers_are_only_raised,
    scheduled_changes_are_counted_and_follow,
    a_deleted_workflow_is_gone_and_leaves_what_is_cleared_away,
    one_at_a_time_is_cleared_away,
    archived_and_not,
);

async fn pages_have_every_task_once(bed: Bed) {
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(bed.inserted().await.id);
    }
    for lock in [false, true] {
        let workflow = bed.workflow;
        let pages = bed.write(move |tx| {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = migrating::page(tx, workflow, after, 2, lock)?;
                let Some((last, _)) = page.last() else { return Ok(seen) };
                after = Some(last.id);
                seen.push(page.iter().map(|(task, _)| task.id).collect::<Vec<Id>>());
            }
        });
        assert_eq!(pages.await.unwrap(), made.chunks(2).map(<[Id]>::to_vec).collect::<Vec<_>>());
    }
}

async fn a_task_is_found_by_its_new_keys(bed: Bed) {
    let task = bed.task();
    bed.insert(&task, Some("old")).await;
    let (workspace, workflow, changed) = (bed.workspace, bed.workflow, task.clone());
    bed.write(move |tx| migrating::forget_unique_keys(tx, workflow)).await.unwrap();
    let find = |unique: &'static str| bed.read(move |tx| tasks::find(tx, workspace, workflow, unique, false));
    assert_eq!(find("old").await.unwrap(), None);
    let added = vec![FilterKey { field: id(10), sort: "2".to_owned(), exact: "Hedwig".to_owned() }];
    let sort = "SELECT count(*) FROM task_values WHERE sort_key = '2'";
    assert_eq!(bed.number(sort).await, 0);
    bed.write(move |tx| migrating::rekey(tx, &changed, Some("new"), &keys(&changed), &added)).await.unwrap();
    assert_eq!(find("new").await.unwrap().map(|loaded| loaded.task), Some(task));
    assert_eq!((bed.number(sort).await, bed.number("SELECT count(*) FROM task_values").await), (1, 1));
}

async fn numbers_are_only_raised(bed: Bed) {
    let workflow = bed.workflow;
    let next = bed.write(move |tx| {
        let mut numbers = Vec::new();
        for least in [None, Some(40), Some(7), None] {
            if let Some(least) = least {
                migrating::raise_unique_number(tx, workflow, least)?;
            }
            numbers.push(tasks::next_unique_numbers(tx, workflow, 1)?);
        }
        Ok(numbers)
    });
    assert_eq!(next.await.unwrap(), [1, 41, 42, 43]);
}

async fn scheduled_changes_are_counted_and_follow(bed: Bed) {
    let task = bed.inserted().await;
    for (number, (from, to, keep)) in (50..).zip([(3, 30, false), (3, 31, true), (4, 30, false)]) {
        let timer = Timer {
            from: id(from),
            to: StageRef { id: id(to), name: "Old".to_owned() },
            keep,
            due_at: at(number),
            from_now: false,
            left: false,
        };
        let row = TimerRow { id: id(number), workspace: bed.workspace, workflow: bed.workflow, task: task.id, execution: id(9), timer };
        bed.write(move |tx| timers::insert(tx, &row)).await.unwrap();
    }
    let workflow = bed.workflow;
    let count = |from: i64, to: i64| {
        bed.read(move |tx| Ok((migrating::count_timers_from(tx, workflow, id(from))?, migrating::count_timers_to(tx, workflow, id(to))?)))
    };
    assert_eq!(count(3, 30).await.unwrap(), (1, 2));
    bed.write(move |tx| migrating::redirect_timers(tx, workflow, id(30), id(32), "New")).await.unwrap();
    assert_eq!((count(3, 30).await.unwrap(), count(4, 32).await.unwrap()), ((1, 0), (1, 2)));
    assert_eq!(bed.number("SELECT count(*) FROM timers WHERE stage_name = 'New'").await, 2);
}

fn deleted(bed: &Bed, workflow: Id) -> DeletedWorkflow {
    DeletedWorkflow { id: workflow, workspace: bed.workspace, by: Actor::User(id(6)), request: Some("r-1".to_owned()) }
}

async fn a_deleted_workflow_is_gone_and_leaves_what_is_cleared_away(bed: Bed) {
    let task = bed.inserted().await;
    let jobs = bed.accept(task.id, 3, None).await;
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    let (row, gone) = (bed.activity(Kind::TaskCreated, Some(task.id), 1), deleted(&bed, workflow));
    let told = gone.clone();
    bed.write(move |tx| {
        people::set_collaborator(tx, workspace, workflow, id(6), id(7))?;
        activity::append(tx, std::slice::from_ref(&row))
    })
    .await
    .unwrap();
    assert!(!bed.read(|tx| deleted_workflows::any(tx)).await.unwrap());
    bed.write(move |tx| deleted_workflows::insert(tx, &gone, at(5))).await.unwrap();
    assert!(bed.read(|tx| deleted_workflows::any(tx)).await.unwrap());
    assert_eq!(bed.write(|tx| deleted_workflows::next(tx)).await.unwrap(), Some(told));
    assert_eq!(bed.read(move |tx| workflows::head(tx, workspace, workflow)).await.unwrap(), None);
    assert_eq!(bed.loaded(task.id).await, None, "whatever is in it is looked for through it");
    assert_eq!(bed.number("SELECT count(*) FROM collaborators").await, 0);
    assert_eq!(bed.number("SELECT version FROM workspaces").await, 3, "who caches people learns of it");

    let newest_first: Vec<ExecutionRow> = jobs.iter().rev().map(|job| ExecutionRow { id: job.id, task: task.id, pending: true }).collect();
    let some = bed.read(move |tx| deleted_workflows::executions(tx, workflow, 2)).await.unwrap();
    assert_eq!(some, newest_first[..2]);
    let cleared = bed.write(move |tx| {
        for job in &jobs {
            deleted_workflows::delete_job(tx, job.id)?;
            deleted_workflows::delete_execution(tx, job.id)?;
        }
        let tasks = deleted_workflows::tasks(tx, workflow, 10)?;
        for task in &tasks {
            deleted_workflows::delete_task(tx, task)?;
        }
        deleted_workflows::finish(tx, workflow)?;
        Ok(tasks)
    });
    assert_eq!(cleared.await.unwrap(), [task]);
    for table in [
        "SELECT count(*) FROM jobs",
        "SELECT count(*) FROM executions",
        "SELECT count(*) FROM tasks",
        "SELECT count(*) FROM task_values",
        "SELECT count(*) FROM definitions",
        "SELECT count(*) FROM deleted_workflows",
        "SELECT count(*) FROM activity WHERE erased = 0",
    ] {
        assert_eq!(bed.number(table).await, 0, "{table}");
    }
    let again = deleted(&bed, workflow);
    assert!(bed.write(move |tx| deleted_workflows::insert(tx, &again, at(6))).await.is_err(), "there is none");
}

async fn one_at_a_time_is_cleared_away(bed: Bed) {
    let (workspace, other) = (bed.workspace, bed.fresh());
    let (first, second) = (deleted(&bed, bed.workflow), deleted(&bed, other));
    let order = [first.id, second.id];
    bed.write(move |tx| {
        let new = workflows::NewWorkflow { id: other, workspace, name: "Bats", document: "{}", at: at(0), by: Actor::Operator };
        workflows::insert(tx, &new)?;
        deleted_workflows::insert(tx, &second, at(6))?;
        deleted_workflows::insert(tx, &first, at(5))
    })
    .await
    .unwrap();
    let mut seen = Vec::new();
    while let Some(next) = bed.write(|tx| deleted_workflows::next(tx)).await.unwrap() {
        seen.push(next.id);
        bed.write(move |tx| deleted_workflows::finish(tx, next.id)).await.unwrap();
    }
    assert_eq!(seen, order);
}

async fn archived_and_not(bed: Bed) {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    for moment in [Some(at(5)), None] {
        bed.write(move |tx| workflows::set_archived(tx, workflow, moment)).await.unwrap();
        let head = bed.read(move |tx| workflows::head(tx, workspace, workflow)).await.unwrap().unwrap();
        assert_eq!(head.archived, moment.is_some());
    }
}
