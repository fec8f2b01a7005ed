//! Searches: the index and its queue together always have every task that matches, on every store.

use std::sync::{Mutex, mpsc};

use baton_core::access::Access;
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::value::Value;
use baton_core::words::Search;
use baton_core::workflow::{Field, FieldKind, Workflow};
use baton_store::sql::search::{self, Candidates, Sought};
use baton_store::sql::tasks;
use baton_store::{Store, StoreError, Tx};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

use super::bed::{Bed, Kind, id, run};
use super::on_every_store;

on_every_store!(
    whatever_is_done_all_that_matches_is_found,
    what_is_written_is_found_at_once_and_after_it_is_indexed,
    a_change_of_something_else_is_not_queued,
    a_workflows_words_are_its_own,
    the_newest_are_candidates,
    a_beginning_of_few_words_or_many_finds_them_all,
    workflows_take_turns,
    any_text_can_be_indexed,
    a_task_that_cant_be_read_keeps_no_other_waiting,
);

const FIELDS: [i64; 2] = [10, 11];

fn search_of(text: &str) -> Search {
    Search::read(text).unwrap()
}

fn workflow(bed: &Bed) -> Workflow {
    let field = |raw: &i64| Field { id: id(*raw), name: raw.to_string(), required: false, editable: true, kind: FieldKind::Text };
    Workflow {
        id: bed.workflow,
        revision: 1,
        name: "Owls".to_owned(),
        icon: None,
        singular: "Owl".to_owned(),
        plural: "Owls".to_owned(),
        stage_by_api: true,
        fields: FIELDS.iter().map(field).collect(),
        stages: Vec::new(),
        actions: Vec::new(),
        roles: Vec::new(),
    }
}

async fn candidates(bed: &Bed, text: &str, oldest: Option<Id>, limit: usize) -> Candidates {
    let (workflow, search) = (bed.workflow, search_of(text));
    bed.read(move |tx| Sought::of(tx, workflow, &search)?.candidates(tx, oldest, limit)).await.unwrap()
}

async fn found(bed: &Bed, text: &str) -> Vec<Id> {
    candidates(bed, text, None, 100).await.tasks
}

async fn index_all(bed: &Bed) {
    let mut after = None;
    while bed.read(|tx| search::any_queued(tx)).await.unwrap() {
        after = bed.write(move |tx| search::index_some(tx, after, 3)).await.unwrap();
    }
}

async fn insert(bed: &Bed, text: &str) -> Task {
    let task = with_text(bed.task(), FIELDS[0], text);
    bed.insert(&task, None).await;
    task
}

fn with_text(mut task: Task, field: i64, text: &str) -> Task {
    if text.trim().is_empty() {
        task.values.remove(&id(field));
    } else {
        task.values.insert(id(field), Value::Text(text.to_owned()));
    }
    task
}

async fn change(bed: &Bed, before: &Task, text: &str) -> Task {
    let (workspace, before) = (bed.workspace, before.clone());
    let after = Task { version: before.version + 1, ..with_text(before.clone(), FIELDS[0], text) };
    let written = after.clone();
    bed.write(move |tx| update(tx, workspace, &before, &written)).await.unwrap();
    after
}

fn update(tx: &mut dyn Tx, workspace: Id, before: &Task, task: &Task) -> Result<(), StoreError> {
    let update = tasks::Update { before, task, unique_key: None, active: true, removed: &[], added: &[], finished_sequence: None };
    tasks::update(tx, workspace, &update)
}

/// Few words are looked for by name, many by their beginning; both are the newest first, and up to a limit.
async fn a_beginning_of_few_words_or_many_finds_them_all(bed: Bed) {
    let mut all = Vec::new();
    for number in 10..60 {
        all.insert(0, insert(&bed, &format!("owl{number} snowy")).await.id);
    }
    index_all(&bed).await;
    assert_eq!(found(&bed, "owl snow").await, all, "of fifty words");
    assert_eq!(found(&bed, "owl2").await, all[30..40], "of ten");
    assert_eq!(found(&bed, "owl20").await, [all[39]]);
    assert_eq!(found(&bed, "owl60").await, [], "of none");
    for (text, there) in [("owl", &all[..]), ("owl2", &all[30..40])] {
        let some = candidates(&bed, text, None, 3).await;
        assert_eq!(some, Candidates { tasks: there[..3].to_vec(), more: true }, "{text}");
        let some = candidates(&bed, text, Some(there[4]), 100).await;
        assert_eq!(some, Candidates { tasks: there[..5].to_vec(), more: false }, "{text}");
    }
    let short = insert(&bed, "owl2").await.id;
    index_all(&bed).await;
    assert_eq!(found(&bed, "owl2").await, [&[short], &all[30..40]].concat(), "of one that others begin with, too");
}

async fn what_is_written_is_found_at_once_and_after_it_is_indexed(bed: Bed) {
    let one = insert(&bed, "Harry Potter").await;
    assert_eq!(found(&bed, "potter HARRY").await, [one.id]);
    index_all(&bed).await;
    for (text, there) in [("potter harry", true), ("pot har", true), ("otter", false), ("harry weasley", false), ("potters", false)] {
        assert_eq!(found(&bed, text).await, if there { vec![one.id] } else { vec![] }, "{text}");
    }
    let two = insert(&bed, "Ron Weasley").await;
    let one = change(&bed, &one, "Hermione Granger").await;
    assert_eq!(found(&bed, "herm").await, [two.id, one.id], "what is not indexed yet may match");
    index_all(&bed).await;
    assert_eq!(found(&bed, "herm").await, [one.id]);
    assert_eq!(found(&bed, "potter").await, []);
    change(&bed, &one, "").await;
    index_all(&bed).await;
    assert_eq!(found(&bed, "herm").await, []);
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    bed.write(move |tx| tasks::delete(tx, workspace, workflow, two.id)).await.unwrap();
    index_all(&bed).await;
    assert_eq!(found(&bed, "ron").await, []);
}

async fn a_change_of_something_else_is_not_queued(bed: Bed) {
    let before = insert(&bed, "Harry").await;
    index_all(&bed).await;
    let (workspace, mut after) = (bed.workspace, before.clone());
    (after.version, after.stage) = (2, id(4));
    after.values.insert(id(12), Value::Checked);
    bed.write(move |tx| update(tx, workspace, &before, &after)).await.unwrap();
    assert!(!bed.read(|tx| search::any_queued(tx)).await.unwrap());
}

async fn a_workflows_words_are_its_own(bed: Bed) {
    // 0x2 and 0x2a: one looks like the beginning of the other.
    let other = Task { workflow: id(0x2a), ..with_text(bed.task(), FIELDS[0], "bc") };
    bed.insert(&other, None).await;
    let own = insert(&bed, "abc").await;
    for text in ["abc", "abx", "bc", "a"] {
        let there = if text == "abc" || text == "a" { vec![own.id] } else { vec![] };
        index_all(&bed).await;
        assert_eq!(found(&bed, text).await, there, "{text}");
    }
}

async fn the_newest_are_candidates(bed: Bed) {
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(insert(&bed, "Hedwig").await.id);
        if number == 4 {
            index_all(&bed).await;
        }
    }
    made.reverse();
    for (oldest, limit, tasks, more) in [
        (None, 3, 0..3, true),
        (None, 7, 0..7, false),
        (Some(made[4]), 3, 0..3, true),
        (Some(made[4]), 5, 0..5, false),
        (Some(made[4]), usize::MAX, 0..5, false),
        (Some(made[1]), 9, 0..2, false),
    ] {
        let expected = Candidates { tasks: made[tasks].to_vec(), more };
        assert_eq!(candidates(&bed, "hed", oldest, limit).await, expected, "{limit} from {oldest:?}");
    }
}

async fn workflows_take_turns(bed: Bed) {
    for workflow in [2, 2, 2, 2, 5, 7] {
        let task = Task { workflow: id(workflow), ..with_text(bed.task(), FIELDS[0], "owl") };
        bed.insert(&task, None).await;
    }
    let (mut after, mut turns) = (None, Vec::new());
    while bed.read(|tx| search::any_queued(tx)).await.unwrap() {
        after = bed.write(move |tx| search::index_some(tx, after, 2)).await.unwrap();
        turns.push(after.map(Id::as_i64));
    }
    assert_eq!(turns, [Some(2), Some(7), None, Some(2)]);
}

/// As many words as there may be, as long as there may be, and signs that SQL or an index might take for something else.
async fn any_text_can_be_indexed(bed: Bed) {
    let han: String = (0..50_000u32).filter_map(|number| char::from_u32(0x4e00 + ((number * 7919) ^ (number / 7)) % 20_000)).collect();
    let odd = "quo\"te 'x' $1 ümlaut \\ * ( ) - : ^ & | ! NOT AND OR NEAR \u{1F989} हिन्दी e\u{301}";
    let long: String = (0..30_000).map(|number| format!("{number:05}{} ", "x".repeat(80))).collect();
    let fold: String = (0..30_000).map(|number| format!("\u{390}{number:x} ")).collect();
    for text in [han, odd.to_owned(), long, fold] {
        let task = insert(&bed, &text).await;
        index_all(&bed).await;
        let words: Vec<String> = baton_core::words::words(&task).into_iter().collect();
        assert!(words.len() > 5);
        for word in [&words[0], &words[words.len() / 2], &words[words.len() - 1]] {
            assert!(found(&bed, word).await.contains(&task.id), "{word}");
        }
        assert!(found(&bed, &words[..words.len().min(20)].join(" ")).await.contains(&task.id));
    }
}

async fn a_task_that_cant_be_read_keeps_no_other_waiting(bed: Bed) {
    insert(&bed, "Harry").await;
    bed.tamper("UPDATE tasks SET field_values = '{'").await;
    let other = insert(&bed, "Harry").await;
    index_all(&bed).await;
    assert_eq!(found(&bed, "harry").await, [other.id]);
}

#[derive(Clone, Debug)]
enum Deed {
    Create([String; 2]),
    Change(Index, usize, String),
    Delete(Index),
    Undone(Vec<Deed>),
    Index(i64),
}

fn text() -> impl Strategy<Value = String> {
    let word = select(vec!["harry", "Harry", "har", "h", "potter", "pot", "東京", "東", "京", "ß", "SS", "é", ""]);
    prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
}

fn deed() -> impl Strategy<Value = Deed> {
    let leaf = prop_oneof![
        3 => [text(), text()].prop_map(Deed::Create),
        4 => (any::<Index>(), 0..2usize, text()).prop_map(|(task, field, text)| Deed::Change(task, field, text)),
        1 => any::<Index>().prop_map(Deed::Delete),
    ];
    let undone = prop::collection::vec(leaf.clone(), 1..4).prop_map(Deed::Undone);
    prop_oneof![8 => leaf, 1 => undone, 3 => (1..9i64).prop_map(Deed::Index)]
}

async fn whatever_is_done_all_that_matches_is_found(bed: Bed) {
    let cases = if bed.kind == Kind::Memory { 64 } else { 10 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let done = runner.run(&(prop::collection::vec(deed(), 1..25), prop::collection::vec(text(), 3)), |(deeds, searches)| {
        tokio::task::block_in_place(|| Handle::current().block_on(try_all(&bed, &deeds, &searches)))
    });
    done.unwrap();
}

async fn try_all(bed: &Bed, deeds: &[Deed], searches: &[String]) -> Result<(), TestCaseError> {
    for deed in deeds {
        let (of, deed) = (bed.clone(), deed.clone());
        let done = bed.write(move |tx| carry_out(&of, tx, &deed)).await;
        prop_assert!(matches!(done, Ok(()) | Err(StoreError::LeaseLost)), "{:?}", done);
    }
    for text in searches {
        let Ok(search) = Search::read(text) else { continue };
        let (workflow, of, looked) = (workflow(bed), bed.clone(), search.clone());
        let (candidates, mut matching) = bed
            .read(move |tx| {
                let all = all(&of, tx)?.into_iter().filter(|task| looked.score(task, &workflow, Access::Everything).is_some());
                let matching: Vec<Id> = all.map(|task| task.id).collect();
                Ok((Sought::of(tx, of.workflow, &looked)?.candidates(tx, None, 10_000)?, matching))
            })
            .await
            .unwrap();
        matching.reverse();
        let mut found = candidates.tasks.clone();
        prop_assert!(found.is_sorted_by(|one, other| one > other) && !candidates.more);
        found.retain(|id| matching.contains(id));
        prop_assert_eq!(&found, &matching, "{:?}", &search);
        index_all(bed).await;
        // Then there are no others either.
        let (workflow, looked) = (bed.workflow, search.clone());
        let indexed = bed.read(move |tx| Sought::of(tx, workflow, &looked)?.candidates(tx, None, 10_000)).await.unwrap();
        prop_assert_eq!(&indexed.tasks, &matching, "{:?}", &search);
    }
    Ok(())
}

/// In the order made.
fn all(bed: &Bed, tx: &mut dyn Tx) -> Result<Vec<Task>, StoreError> {
    let ids = tx.query("SELECT id FROM tasks ORDER BY id", &[], |row| Ok(id(row.int(0)?)))?;
    ids.into_iter().map(|task| Ok(tasks::load(tx, bed.workspace, bed.workflow, task, false)?.unwrap().task)).collect()
}

fn carry_out(bed: &Bed, tx: &mut dyn Tx, deed: &Deed) -> Result<(), StoreError> {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    let existing = all(bed, tx)?;
    let chosen = |index: &Index| (!existing.is_empty()).then(|| index.get(&existing));
    match deed {
        Deed::Create([one, other]) => {
            let task = with_text(with_text(bed.task(), FIELDS[0], one), FIELDS[1], other);
            tasks::insert(tx, workspace, &task, None, true, &[])
        }
        Deed::Change(task, field, text) => {
            let Some(before) = chosen(task) else { return Ok(()) };
            let after = Task { version: before.version + 1, ..with_text(before.clone(), FIELDS[*field], text) };
            update(tx, workspace, before, &after)
        }
        Deed::Delete(task) => {
            let Some(task) = chosen(task) else { return Ok(()) };
            tasks::delete(tx, workspace, workflow, task.id).map(drop)
        }
        Deed::Undone(deeds) => {
            deeds.iter().try_for_each(|deed| carry_out(bed, tx, deed))?;
            Err(StoreError::LeaseLost)
        }
        Deed::Index(limit) => search::index_some(tx, None, *limit).map(drop),
    }
}

/// One who changes a task while it is indexed leaves it in the queue.
#[test]
fn what_changes_while_it_is_indexed_is_indexed_again() {
    run(Kind::Postgres, async |bed| {
        let before = insert(&bed, "Harry").await;
        let after = Task { version: 2, ..with_text(before.clone(), FIELDS[0], "Hermione") };
        let (changed, is_changed) = mpsc::channel();
        let (commit, may_commit) = mpsc::channel::<()>();
        let ends = Mutex::new((changed, may_commit));
        let (workspace, task) = (bed.workspace, before.id);
        let changing = bed.store.write::<(), StoreError>(move |tx| {
            update(tx, workspace, &before, &after)?;
            // Answered, so it is not on its way only.
            tx.query_one("SELECT 1", &[], |_| Ok(()))?;
            let (changed, may_commit) = &*ends.lock().unwrap();
            changed.send(()).unwrap();
            may_commit.recv().unwrap();
            Ok(())
        });
        let indexing = async {
            tokio::task::block_in_place(|| is_changed.recv().unwrap());
            let indexed = bed.write(|tx| search::index_some(tx, None, 9)).await;
            commit.send(()).unwrap();
            indexed
        };
        let (changed, indexed) = tokio::join!(changing, indexing);
        assert_eq!((changed, indexed), (Ok(()), Ok(Some(bed.workflow))));
        assert!(bed.read(|tx| search::any_queued(tx)).await.unwrap());
        index_all(&bed).await;
        assert_eq!((found(&bed, "hermione").await, found(&bed, "harry").await), (vec![task], vec![]));
    });
}

/// Whoever changes tasks while others index them loses nothing.
#[test]
fn texts_that_change_while_they_are_indexed_are_found() {
    run(Kind::Postgres, async |bed| {
        let other_node = Store::open(bed.place.options()).unwrap();
        let changing = async {
            let mut changed = Vec::new();
            for number in 0..4 {
                let mut task = insert(&bed, "first").await;
                for step in 0..25 {
                    task = change(&bed, &task, &format!("task{number} step{step}")).await;
                }
                changed.push(task.id);
            }
            changed
        };
        let indexing = async |store: &Store| {
            loop {
                store.write::<_, StoreError>(|tx| search::index_some(tx, None, 9)).await.unwrap();
            }
        };
        let changed = tokio::select! {
            changed = changing => changed,
            () = indexing(&bed.store) => unreachable!(),
            () = indexing(&other_node) => unreachable!(),
        };
        index_all(&bed).await;
        let newest_first: Vec<Id> = changed.iter().rev().copied().collect();
        assert_eq!(found(&bed, "step24").await, newest_first);
        assert_eq!(found(&bed, "step23").await, []);
        assert_eq!(found(&bed, "task2 step").await, [changed[2]]);
    });
}

#[test]
fn one_node_indexes_at_a_time() {
    run(Kind::Postgres, async |bed| {
        let other_node = Store::open(bed.place.options()).unwrap();
        insert(&bed, "Harry").await;
        let (indexed, is_indexed) = mpsc::channel();
        let (commit, may_commit) = mpsc::channel::<()>();
        let ends = Mutex::new((indexed, may_commit));
        let first = bed.store.write::<_, StoreError>(move |tx| {
            let last = search::index_some(tx, None, 9)?;
            let (indexed, may_commit) = &*ends.lock().unwrap();
            indexed.send(()).unwrap();
            may_commit.recv().unwrap();
            Ok(last)
        });
        let second = async {
            tokio::task::block_in_place(|| is_indexed.recv().unwrap());
            let last = other_node.write::<_, StoreError>(|tx| search::index_some(tx, None, 9)).await;
            commit.send(()).unwrap();
            last
        };
        assert_eq!(tokio::join!(first, second), (Ok(Some(bed.workflow)), Ok(None)));
    });
}
