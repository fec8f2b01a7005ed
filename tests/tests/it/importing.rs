//! Importing, by nodes that each die at one chunk of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use baton_core::csv;
use baton_core::ids::Id;
use baton_engine::commands::imports::{self, Import, Status};
use baton_engine::commands::{activity, workflows};
use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Dialect, Options, Param, Row, Store, StoreError, Tx};
use indexmap::IndexMap;
use serde_json::json;

use crate::dying::{Fate, Line};
use crate::world::{World, places, until};

/// A chunk begins so.
const CHUNK: &str = "FROM imports WHERE id";

const PIECES: u64 = 4;
const PIECE_ROWS: u64 = 5;

/// An import of a few pieces that nobody carries out yet, and its workflow.
async fn accepted(world: &World) -> (String, Id) {
    let fields = json!([{ "name": "ID", "type": "uniqueId" }, { "name": "Name", "type": "text" }]);
    let workflow = world.workflow(json!({ "name": "Owls", "fields": fields, "stages": [{ "name": "Open" }] })).await;
    let of = workflow.clone();
    let begin = move |cx: &mut baton_engine::Cx<'_>| {
        let id = imports::begin(cx, &of, &["ID".to_owned(), "Name".to_owned()], &IndexMap::new(), false)?;
        for piece in 0..PIECES {
            let row = |place| {
                let line = piece * PIECE_ROWS + place + 2;
                csv::Row { line, cells: vec![line.to_string(), format!("owl {line}")] }
            };
            let rows: Vec<csv::Row> = (0..PIECE_ROWS).map(row).collect();
            imports::add(cx, id, rows.len(), &imports::content(&rows))?;
        }
        Ok(imports::accept(cx, &of, id)?.id)
    };
    let id = world.write(begin).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    (workflow, id)
}

async fn import(world: &World, workflow: &str, id: Id) -> Import {
    let workflow = workflow.to_owned();
    world.read(move |cx| imports::get(cx, &workflow, &id.to_string())).await.unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// A start of the same node, which dies at the first chunk that it comes to.
async fn dies(store: &Store, world: &World, fate: Fate) {
    let line = Line::new(fate, CHUNK);
    let node = World::on(line.to(store), 2, None, Some(world.workspace));
    node.work();
    until(async || line.is_dead().then_some(())).await;
}

/// Wherever it stops, the next one goes on there: no row is lost, and none comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_after_a_death_at_each_of_its_chunks() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let (workflow, id) = accepted(&world).await;
        let mut deaths = 0;
        while import(&world, &workflow, id).await.status == Status::Pending {
            for fate in [Fate::Lost, Fate::Kept] {
                dies(&store, &world, fate).await;
                deaths += 1;
            }
            let done = import(&world, &workflow, id).await.counts.done;
            assert_eq!(world.count("SELECT count(*) FROM tasks").await, done);
        }
        assert_eq!(deaths, 2 * PIECES);
        let ended = import(&world, &workflow, id).await;
        let rows = (PIECES * PIECE_ROWS).cast_signed();
        assert_eq!((ended.status, ended.counts.created, ended.counts.failed), (Status::Success, rows, 0));
        for (sql, expected) in [
            ("SELECT count(DISTINCT unique_key) FROM tasks", rows),
            ("SELECT count(*) FROM activity WHERE kind = 'task.created'", rows),
            ("SELECT count(*) FROM activity WHERE kind = 'import.finished'", 1),
            ("SELECT count(*) FROM jobs", 0),
            ("SELECT count(*) FROM import_pieces", 0),
        ] {
            assert_eq!(world.count(sql).await, expected, "{sql}");
        }
        world.work();
        until(async || (world.read(activity::verify).await.expect("verified").unsealed == 0).then_some(())).await;
        assert_eq!(world.read(activity::verify).await.expect("verified").faults, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kills_its_node_each_time_is_given_up() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let (workflow, id) = accepted(&world).await;
        for fate in [Fate::Lost, Fate::Kept, Fate::Lost, Fate::Lost] {
            dies(&store, &world, fate).await;
        }
        let node = World::on(store.clone(), 2, None, Some(world.workspace));
        node.work();
        let ended = until(async || Some(import(&world, &workflow, id).await).filter(|import| import.status != Status::Pending)).await;
        let told: Vec<&str> = ended.errors.iter().map(|told| told.whole()).collect();
        assert_eq!((ended.status, told), (Status::Fail, vec!["Stopped after 3 interrupted attempts at row 6"]));
        assert_eq!(world.count("SELECT count(*) FROM tasks").await, PIECE_ROWS.cast_signed());
    }
}

/// Its rows are cleared away with all else, and nothing of it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_its_workflow() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let (workflow, _) = accepted(&world).await;
        dies(&store, &world, Fate::Kept).await;
        world.write(move |cx| workflows::delete(cx, &workflow, Some("Owls"))).await.unwrap_or_else(|failure| panic!("{failure:?}"));
        let node = World::on(store.clone(), 2, None, Some(world.workspace));
        node.work();
        for sql in [
            "SELECT count(*) FROM imports",
            "SELECT count(*) FROM import_pieces",
            "SELECT count(*) FROM jobs",
            "SELECT count(*) FROM tasks",
            "SELECT count(*) FROM deleted_workflows",
        ] {
            until(async || (world.count(sql).await == 0).then_some(())).await;
        }
    }
}

/// A race that its node has lost is none of its faults: the next look finds what the winner has made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_loses_its_unique_ids_to_others_is_decided_again() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let lost = Arc::new(AtomicU32::new(3));
        let world = World::on(store.over(Arc::new(Raced(lost.clone()))), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        let (workflow, id) = accepted(&world).await;
        world.work();
        let ended = until(async || Some(import(&world, &workflow, id).await).filter(|import| import.status != Status::Pending)).await;
        assert_eq!(lost.load(Ordering::SeqCst), 0);
        assert_eq!((ended.status, ended.counts.created), (Status::Success, (PIECES * PIECE_ROWS).cast_signed()));
    }
}

/// Between a node and its store, while others are faster than it.
struct Raced(Arc<AtomicU32>);

impl Link for Raced {
    fn open(&self, _: Access) -> Crossing<'_, Arc<dyn Passage>> {
        Box::pin(async { Ok(Arc::new(Raced(self.0.clone())) as Arc<dyn Passage>) })
    }
}

impl Passage for Raced {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Racing { tx, lost: &self.0 })
    }

    fn commits(&self) -> bool {
        true
    }

    fn close(&self) -> Crossing<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

struct Racing<'a> {
    tx: &'a mut dyn Tx,
    lost: &'a AtomicU32,
}

impl Tx for Racing<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let is_lost = |left: u32| left.checked_sub(1);
        if sql.starts_with("INSERT INTO tasks (") && self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_lost).is_ok() {
            return Err(StoreError::Duplicate { constraint: "tasks_unique_key".to_owned() });
        }
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}

/// An import is known for as long as an execution.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_imports_go_and_younger_ones_stay() {
    for (place, _database) in places() {
        let store = Store::open(Options::new(place)).expect("the store opens");
        let world = World::on(store.clone(), 1, None, None);
        world.new_workspace(world.workspace, "UTC").await;
        world.work();
        let (workflow, id) = accepted(&world).await;
        until(async || (import(&world, &workflow, id).await.status == Status::Success).then_some(())).await;
        for (number, days, left) in [(2, 89, 1), (3, 91, 0)] {
            let kept = Some(Duration::from_secs(90 * 24 * 3600));
            let line = Line::new(Fate::Kept, "FROM imports WHERE id <");
            let node = World::keeping(line.to(&store), number, None, Some(world.workspace), kept);
            node.clock.put(days * 24 * 3600);
            node.work();
            until(async || line.is_dead().then_some(())).await;
            assert_eq!(world.count("SELECT count(*) FROM imports").await, left);
        }
        assert_eq!(world.count("SELECT count(*) FROM tasks").await, (PIECES * PIECE_ROWS).cast_signed());
    }
}
