//! Lists of tasks: filters, pages, order.

use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::Value;
use baton_store::sql::tasks::{self, TaskFilter};

use super::bed::{Bed, id, keys};
use super::on_every_store;

on_every_store!(
    every_filter_selects_what_it_says,
    pages_follow_each_other_in_the_order_made,
    filtered_pages_follow_each_other_too,
    large_tasks_make_short_pages,
    a_value_is_never_taken_for_sql
);

const NAME: i64 = 10;
const TAGS: i64 = 11;
const LONG: i64 = 13;

/// Stage, assignee, active, name, tags.
type Kept = (i64, Option<i64>, bool, Option<&'static str>, &'static [i64]);

const TASKS: [Kept; 5] = [
    (3, Some(6), true, Some("a"), &[80]),
    (3, None, true, Some("b"), &[80, 81]),
    (4, Some(7), false, Some("A"), &[]),
    (4, Some(6), true, None, &[81]),
    (5, Some(7), false, Some("\"A\":"), &[]),
];

async fn filled(bed: &Bed) -> Vec<Task> {
    let mut made = Vec::new();
    for (stage, assignee, active, name, tags) in TASKS {
        let mut task = bed.task();
        (task.stage, task.assignee) = (id(stage), assignee.map(id));
        task.values.clear();
        task.values.extend(name.map(|name| (id(NAME), Value::Text(name.to_owned()))));
        // Looks like the entry of a name, for the id 10 is written A.
        task.values.extend(name.is_none().then(|| (id(12), Value::Text("\"A\":1".to_owned()))));
        task.values.extend((!tags.is_empty()).then(|| (id(TAGS), Value::Options(tags.iter().copied().map(id).collect()))));
        let (workspace, stored) = (bed.workspace, task.clone());
        bed.write(move |tx| tasks::insert(tx, workspace, &stored, None, active, &keys(&stored))).await.unwrap();
        made.push(task);
    }
    made
}

async fn page_of(bed: &Bed, filter: TaskFilter, after: Option<Id>, limit: usize) -> tasks::Page {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    bed.read(move |tx| tasks::page(tx, workspace, workflow, &filter, after, limit)).await.unwrap()
}

async fn page(bed: &Bed, filter: TaskFilter, after: Option<Id>, limit: usize) -> Vec<Task> {
    page_of(bed, filter, after, limit).await.tasks
}

fn named(names: &[Option<&str>]) -> (Id, Vec<Option<String>>) {
    (id(NAME), names.iter().map(|name| name.map(str::to_owned)).collect())
}

fn tagged(tags: &[Option<i64>]) -> (Id, Vec<Option<String>>) {
    (id(TAGS), tags.iter().map(|tag| tag.map(|tag| id(tag).to_string())).collect())
}

async fn every_filter_selects_what_it_says(bed: Bed) {
    let made = filled(&bed).await;
    let all = TaskFilter::default;
    let cases: Vec<(TaskFilter, &[usize])> = vec![
        (all(), &[0, 1, 2, 3, 4]),
        (TaskFilter { active_only: true, ..all() }, &[0, 1, 3]),
        (TaskFilter { stages: Some(vec![id(3), id(5)]), ..all() }, &[0, 1, 4]),
        (TaskFilter { stages: Some(vec![]), ..all() }, &[]),
        (TaskFilter { assignees: Some(vec![Some(id(6))]), ..all() }, &[0, 3]),
        (TaskFilter { assignees: Some(vec![None]), ..all() }, &[1]),
        (TaskFilter { assignees: Some(vec![None, Some(id(7))]), ..all() }, &[1, 2, 4]),
        // Exactly: with case.
        (TaskFilter { fields: vec![named(&[Some("a")])], ..all() }, &[0]),
        (TaskFilter { fields: vec![named(&[Some("a"), Some("b")])], ..all() }, &[0, 1]),
        (TaskFilter { fields: vec![named(&[None])], ..all() }, &[3]),
        (TaskFilter { fields: vec![named(&[None, Some("A")])], ..all() }, &[2, 3]),
        (TaskFilter { fields: vec![named(&[Some("nobody")])], ..all() }, &[]),
        (TaskFilter { fields: vec![named(&[])], ..all() }, &[]),
        (TaskFilter { fields: vec![tagged(&[Some(80)])], ..all() }, &[0, 1]),
        (TaskFilter { fields: vec![tagged(&[None])], ..all() }, &[2, 4]),
        (TaskFilter { fields: vec![tagged(&[Some(80)]), named(&[Some("b"), None])], active_only: true, ..all() }, &[1]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<&Task> = expected.iter().map(|index| &made[*index]).collect();
        assert_eq!(page(&bed, filter.clone(), None, 99).await.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn pages_follow_each_other_in_the_order_made(bed: Bed) {
    let made = filled(&bed).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = page_of(&bed, TaskFilter::default(), after, 2).await;
        assert!(page.tasks.len() <= 2);
        after = page.tasks.last().map(|last| last.id);
        seen.extend(page.tasks);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, made);
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    let elsewhere = bed.read(move |tx| {
        let filter = TaskFilter::default();
        Ok([tasks::page(tx, id(99), workflow, &filter, None, 9)?, tasks::page(tx, workspace, id(99), &filter, None, 9)?])
    });
    let none = || tasks::Page { tasks: vec![], more: false };
    assert_eq!(elsewhere.await, Ok([none(), none()]));
    let no_more = page_of(&bed, TaskFilter::default(), None, made.len()).await;
    assert_eq!((no_more.tasks.len(), no_more.more), (made.len(), false));
}

async fn large_tasks_make_short_pages(bed: Bed) {
    let mut made = filled(&bed).await;
    for (task, bytes) in made.iter_mut().zip([900_000, 200_000, 2_000_000, 10, 10]) {
        let (workspace, before) = (bed.workspace, task.clone());
        task.version += 1;
        task.values.insert(id(LONG), Value::Text("x".repeat(bytes)));
        let after = task.clone();
        bed.write(move |tx| {
            let update = tasks::Update {
                before: &before,
                task: &after,
                unique_key: None,
                active: true,
                removed: &[],
                added: &[],
                finished_sequence: None,
            };
            tasks::update(tx, workspace, &update)
        })
        .await
        .unwrap();
    }
    let (mut lengths, mut after) = (Vec::new(), None);
    loop {
        let page = page_of(&bed, TaskFilter::default(), after, 9).await;
        lengths.push(page.tasks.len());
        after = page.tasks.last().map(|last| last.id);
        if !page.more {
            break;
        }
    }
    assert_eq!(lengths, [1, 1, 1, 2]);
}

async fn a_value_is_never_taken_for_sql(bed: Bed) {
    let made = filled(&bed).await;
    for text in ["' OR '1' = '1", "$1", "%", "_", "a' --"] {
        assert_eq!(page(&bed, TaskFilter { fields: vec![named(&[Some(text)])], ..Default::default() }, None, 9).await, [], "{text}");
    }
    // A value that looks like an entry of the stored values is none.
    let blank = page(&bed, TaskFilter { fields: vec![(id(NAME), vec![None])], ..Default::default() }, None, 9).await;
    assert_eq!(blank, [made[3].clone()]);
    let text = TaskFilter { fields: vec![named(&[Some("\"A\":")])], ..Default::default() };
    assert_eq!(page(&bed, text, None, 9).await, [made[4].clone()]);
}

async fn filtered_pages_follow_each_other_too(bed: Bed) {
    let mut made = Vec::new();
    for _ in 0..4 {
        made.extend(filled(&bed).await);
    }
    let ids = |tasks: &[Task]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    for (fields, of) in [
        (vec![tagged(&[Some(80)])], [0, 1].as_slice()),
        (vec![tagged(&[Some(80), Some(81)])], &[0, 1, 3]),
        (vec![tagged(&[Some(81)]), named(&[Some("b")])], &[1]),
        (vec![named(&[Some("b"), None]), tagged(&[Some(81)])], &[1, 3]),
    ] {
        let filter = TaskFilter { fields, ..TaskFilter::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let next = page(&bed, filter.clone(), after, 2).await;
            let Some(last) = next.last() else { break };
            after = Some(last.id);
            found.extend(ids(&next));
        }
        let expected: Vec<Id> =
            made.iter().enumerate().filter(|(index, _)| of.contains(&(index % TASKS.len()))).map(|(_, task)| task.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}
