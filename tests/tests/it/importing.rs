//! Importing, by nodes that each die at one chunk of it.

use baton_core::csv::Row;
use baton_core::ids::Id;
use baton_engine::commands::imports::{self, Import, Status};
use baton_engine::commands::{activity, workflows};
use baton_store::{Options, Store};
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
                Row { line, cells: vec![line.to_string(), format!("owl {line}")] }
            };
            let rows: Vec<Row> = (0..PIECE_ROWS).map(row).collect();
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
