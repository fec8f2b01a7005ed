//! Tasks: stored as they are, found by Unique ID before public id, gone with all that hangs on them.

use baton_core::actor::Actor;
use baton_core::checklist::{ItemStatus, OwnItem, StoredItem};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::{File, Value};
use baton_store::StoreError;
use baton_store::sql::comments::Comment;
use baton_store::sql::{checklist, comments, tasks};
use rust_decimal::Decimal;
use tokio::task::JoinSet;

use super::bed::{Bed, at, id, keys};
use super::on_every_store;

on_every_store!(
    a_task_comes_back_as_it_was_stored,
    a_unique_id_goes_before_a_public_id,
    another_workspaces_task_is_unknown,
    a_change_replaces_values_and_their_keys,
    a_change_of_another_version_is_refused,
    a_deleted_task_leaves_nothing_but_its_history,
    numbers_are_never_given_twice,
    the_active_tasks_of_somebody,
    definitions_learn_what_they_would_take_away,
    comments_and_checklist_items_come_back,
);

async fn find(bed: &Bed, text: &str) -> Option<Task> {
    let (workspace, workflow, text) = (bed.workspace, bed.workflow, text.to_owned());
    let looked = bed.read({
        let text = text.clone();
        move |tx| tasks::find(tx, workspace, workflow, &text, false)
    });
    let locked = bed.write(move |tx| tasks::find(tx, workspace, workflow, &text, true));
    let found = looked.await.unwrap();
    assert_eq!(found, locked.await.unwrap());
    found.map(|loaded| loaded.task)
}

async fn change(bed: &Bed, before: &Task, after: &Task) -> Result<(), StoreError> {
    let (workspace, before, after) = (bed.workspace, before.clone(), after.clone());
    bed.write(move |tx| {
        let update = tasks::Update {
            before: &before,
            task: &after,
            unique_key: None,
            active: true,
            removed: &keys(&before),
            added: &keys(&after),
            finished_sequence: None,
        };
        tasks::update(tx, workspace, &update)
    })
    .await
}

/// A value of every kind, with what a text can hold.
fn every_value() -> Vec<Value> {
    vec![
        Value::Text("quo\"te \\ \u{1F989} {{x}} 'x' $1 ümlaut\n".to_owned()),
        Value::Decimal(Decimal::new(-123_456_789, 4)),
        Value::Date(jiff_date()),
        Value::DateTime(Timestamp::from_micros(-5)),
        Value::Checked,
        Value::Person(id(77)),
        Value::Option(id(78)),
        Value::Options(vec![id(80), id(79)]),
        Value::Files(vec![File { blob: id(81), content_type: "text/plain".to_owned(), filename: "a \"b\".txt".to_owned() }]),
    ]
}

fn jiff_date() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

async fn a_task_comes_back_as_it_was_stored(bed: Bed) {
    let mut task = bed.task();
    task.values = every_value().into_iter().enumerate().map(|(index, value)| (id(100 + index as i64), value)).collect();
    task.assignee = Some(id(6));
    task.created_by = Actor::ApiKey(id(9));
    task.performers = [(id(5), Actor::User(id(6))), (id(4), Actor::Operator)].into();
    bed.insert(&task, Some("A-1")).await;
    let loaded = bed.loaded(task.id).await.unwrap();
    assert_eq!(loaded.task, task);
    assert_eq!((loaded.revision, loaded.archived, loaded.workspace_version), (1, false, 1));
    bed.tamper("UPDATE workflows SET archived_at = 1").await;
    assert!(bed.loaded(task.id).await.unwrap().archived);
}

async fn a_unique_id_goes_before_a_public_id(bed: Bed) {
    let (one, other) = (bed.task(), bed.task());
    bed.insert(&one, None).await;
    bed.insert(&other, Some(&one.id.to_string())).await;
    assert_eq!(find(&bed, &one.id.to_string()).await, Some(other.clone()));
    assert_eq!(find(&bed, &other.id.to_string()).await, Some(other.clone()));
    let workflow = bed.workflow;
    let of_unique = |text: Id| bed.read(move |tx| tasks::id_of_unique(tx, workflow, &text.to_string()));
    assert_eq!(of_unique(one.id).await, Ok(Some(other.id)));
    assert_eq!(of_unique(other.id).await, Ok(None));
    for unknown in ["", "a", "A-2", "' OR 1 = 1", "zzzzzzzzzzzz"] {
        assert_eq!(find(&bed, unknown).await, None, "{unknown}");
    }
    let (workspace, third) = (bed.workspace, bed.task());
    let taken = bed.write(move |tx| tasks::insert(tx, workspace, &third, Some(&one.id.to_string()), true, &[])).await;
    assert_eq!(taken, Err(StoreError::Duplicate { constraint: "tasks_unique_key".to_owned() }));
}

async fn another_workspaces_task_is_unknown(bed: Bed) {
    let task = bed.task();
    bed.insert(&task, Some("A-1")).await;
    let ids = [(bed.workspace, bed.workflow, true), (id(99), bed.workflow, false), (bed.workspace, id(99), false)];
    for (workspace, workflow, known) in ids {
        let task = task.id;
        for lock in [false, true] {
            let found = bed.write(move |tx| {
                let by_id = tasks::load(tx, workspace, workflow, task, lock)?;
                Ok((by_id.is_some(), tasks::find(tx, workspace, workflow, "A-1", lock)?.is_some()))
            });
            assert_eq!(found.await, Ok((known, known)), "{workspace} {workflow} {lock}");
        }
    }
}

async fn a_change_replaces_values_and_their_keys(bed: Bed) {
    let before = bed.inserted().await;
    let mut after = before.clone();
    after.values = [(id(10), Value::Options(vec![id(80), id(79)])), (id(11), Value::Checked)].into();
    (after.version, after.assignee, after.stage, after.updated_at) = (2, Some(id(6)), id(4), at(9));
    after.performers = [(id(5), Actor::User(id(6)))].into();
    change(&bed, &before, &after).await.unwrap();
    assert_eq!(bed.loaded(before.id).await.unwrap().task, after);
    assert_eq!(bed.number("SELECT count(*) FROM task_values").await, 3);
    // One key of several changes.
    let mut last = after.clone();
    last.values.insert(id(10), Value::Options(vec![id(79), id(81)]));
    last.version = 3;
    change(&bed, &after, &last).await.unwrap();
    let keys = bed.read(|tx| tx.query("SELECT sort_key FROM task_values ORDER BY sort_key", &[], |row| Ok(row.text(0)?.to_owned())));
    let mut expected = [id(79).to_string(), id(81).to_string(), "true".to_owned()];
    expected.sort();
    assert_eq!(keys.await, Ok(expected.to_vec()));
}

async fn a_change_of_another_version_is_refused(bed: Bed) {
    let before = bed.inserted().await;
    let mut after = before.clone();
    after.version = 2;
    change(&bed, &before, &after).await.unwrap();
    assert!(change(&bed, &before, &after).await.is_err());
    assert_eq!(bed.loaded(before.id).await.unwrap().task, after);
}

async fn a_deleted_task_leaves_nothing_but_its_history(bed: Bed) {
    let (mut task, other) = (bed.task(), bed.inserted().await);
    task.values = every_value().into_iter().enumerate().map(|(index, value)| (id(100 + index as i64), value)).collect();
    bed.insert(&task, Some("A-1")).await;
    let (workspace, workflow, gone) = (bed.workspace, bed.workflow, task.id);
    let comment = Comment { id: bed.fresh(), author: Actor::Operator, body: "Hoo".to_owned(), at: at(1) };
    let item = StoredItem { id: bed.fresh(), status: ItemStatus::Completed, assignee: None, own: None };
    bed.write(move |tx| {
        comments::insert(tx, workspace, gone, &comment)?;
        checklist::upsert(tx, workspace, gone, &item)
    })
    .await
    .unwrap();
    let delete = |workspace: Id| bed.write(move |tx| tasks::delete(tx, workspace, workflow, gone));
    assert_eq!(delete(id(99)).await, Ok(false));
    assert_eq!(delete(workspace).await, Ok(true));
    assert_eq!(delete(workspace).await, Ok(false));
    assert_eq!((bed.loaded(gone).await, find(&bed, "A-1").await), (None, None));
    assert_eq!(bed.loaded(other.id).await.unwrap().task, other);
    for (sql, left) in [
        ("SELECT count(*) FROM tasks", 1),
        ("SELECT count(*) FROM task_values", 1),
        ("SELECT count(*) FROM comments", 0),
        ("SELECT count(*) FROM checklist_items", 0),
    ] {
        assert_eq!(bed.number(sql).await, left, "{sql}");
    }
}

async fn numbers_are_never_given_twice(bed: Bed) {
    let mut running = JoinSet::new();
    for number in 0..30 {
        let bed = bed.clone();
        running.spawn(async move {
            let workflow = bed.workflow;
            bed.write(move |tx| {
                let given = tasks::next_unique_numbers(tx, workflow, 1)?;
                // A work that fails has told nobody its number.
                if number % 3 == 0 { Err(StoreError::LeaseLost) } else { Ok(given) }
            })
            .await
        });
    }
    let mut given = Vec::new();
    while let Some(number) = running.join_next().await {
        given.extend(number.unwrap().ok());
    }
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 20);
    let (workflow, highest) = (bed.workflow, given[19]);
    let next = bed.write(move |tx| Ok((tasks::next_unique_numbers(tx, workflow, 1)?, tasks::next_unique_numbers(tx, id(99), 1)?)));
    let (next, others) = next.await.unwrap();
    assert!(next > highest && others == 1, "{next} after {highest}");
}

async fn the_active_tasks_of_somebody(bed: Bed) {
    for (assignee, active, count) in [(Some(6), true, 3), (Some(6), false, 2), (Some(7), true, 1), (None, true, 4)] {
        for _ in 0..count {
            let (workspace, mut task) = (bed.workspace, bed.task());
            task.assignee = assignee.map(id);
            bed.write(move |tx| tasks::insert(tx, workspace, &task, None, active, &[])).await.unwrap();
        }
    }
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    let of = bed.write(move |tx| tasks::active_of(tx, workspace, workflow, id(6))).await.unwrap();
    assert_eq!(of.len(), 3);
    assert!(of.iter().all(|loaded| loaded.task.assignee == Some(id(6))));
}

async fn definitions_learn_what_they_would_take_away(bed: Bed) {
    for (stage, options) in [(3, vec![80, 81]), (3, vec![80]), (4, vec![])] {
        let mut task = bed.task();
        task.stage = id(stage);
        task.values = [(id(10), Value::Options(options.into_iter().map(id).collect()))].into();
        bed.insert(&task, None).await;
    }
    let workflow = bed.workflow;
    let counted = bed.read(move |tx| {
        Ok([
            tasks::count_with_field(tx, workflow, id(10))?,
            tasks::count_with_field(tx, workflow, id(11))?,
            tasks::count_with_option(tx, workflow, id(10), id(80))?,
            tasks::count_with_option(tx, workflow, id(10), id(82))?,
        ])
    });
    assert_eq!(counted.await, Ok([2, 0, 2, 0]));
    bed.write(move |tx| tasks::set_active_in_stage(tx, workflow, id(3), false)).await.unwrap();
    assert_eq!(bed.number("SELECT count(*) FROM tasks WHERE active = 1").await, 1);
}

async fn comments_and_checklist_items_come_back(bed: Bed) {
    let (workspace, task, other) = (bed.workspace, bed.inserted().await.id, bed.inserted().await.id);
    let comment = |author: Actor| Comment { id: bed.fresh(), author, body: "Hoo\u{1F989}".to_owned(), at: at(5) };
    let said = vec![comment(Actor::User(id(6))), comment(Actor::ApiKey(id(7)))];
    let own = Some(OwnItem { stage: bed.stage, title: "Look".to_owned() });
    let items = vec![
        StoredItem { id: bed.fresh(), status: ItemStatus::Blank, assignee: Some(id(6)), own },
        StoredItem { id: bed.fresh(), status: ItemStatus::Skipped, assignee: None, own: None },
    ];
    let written = (said.clone(), items.clone());
    bed.write(move |tx| {
        written.0.iter().rev().try_for_each(|comment| comments::insert(tx, workspace, task, comment))?;
        written.1.iter().try_for_each(|item| checklist::upsert(tx, workspace, task, item))
    })
    .await
    .unwrap();
    let of = |task: Id| bed.read(move |tx| Ok((comments::of_task(tx, task)?, checklist::stored(tx, task)?)));
    assert_eq!(of(task).await, Ok((said, items.clone())));
    assert_eq!(of(other).await, Ok((vec![], vec![])));

    let ticked = StoredItem { status: ItemStatus::Completed, ..items[1].clone() };
    bed.write({
        let (ticked, gone) = (ticked.clone(), items[0].id);
        move |tx| {
            checklist::upsert(tx, workspace, task, &ticked)?;
            checklist::delete(tx, task, gone)
        }
    })
    .await
    .unwrap();
    assert_eq!(of(task).await.unwrap().1, [ticked]);
}
