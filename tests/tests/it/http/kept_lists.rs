//! Pages deep in a long list: taken from an order that is kept for a while, of tasks that are read afresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::{FilterKey, Value};
use baton_engine::env::Clock;
use baton_store::sql::tasks;
use baton_store::{Options, Place, Store, StoreError};
use serde_json::json;

use super::review::Review;
use super::server::{Server, delete, get, loopback, put};

const TASKS: i64 = 10_010;
const SECOND: i64 = 1_000_000;

struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// Tasks of the names n00000, n00001, and so on.
async fn fill(store: &Store, review: &Review) {
    let definition = review.send(get(review.at("/definition"))).await.expect(200).json();
    let id_of = |list: &str, name: &str| {
        let part = definition[list].as_array().and_then(|parts| parts.iter().find(|part| part["name"] == name)).expect(name);
        part["id"].as_str().expect("an id").parse::<Id>().expect("an id")
    };
    let (name, stage, workflow) = (id_of("fields", "Name"), id_of("stages", "Open"), review.workflow.parse().expect("an id"));
    let workspace = review.server.workspace;
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let fill = move |tx: &mut dyn baton_store::Tx| {
        for number in 0..TASKS {
            let text = format!("n{number:05}");
            let task = Task {
                id: Id::from_i64(1000 + number).expect("not negative"),
                workflow,
                stage,
                assignee: None,
                values: [(name, Value::Text(text.clone()))].into(),
                version: 1,
                created_at: at,
                updated_at: at,
                created_by: Actor::Operator,
                performers: [].into(),
            };
            let key = FilterKey { field: name, sort: text.clone(), exact: text };
            tasks::insert(tx, workspace, &task, None, true, &[key])?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(fill).await.expect("they are stored");
}

#[tokio::test]
async fn a_page_far_behind_may_be_of_an_order_that_is_seconds_old() {
    let clock = Arc::new(Turned(AtomicI64::new(0)));
    let store = Store::open(Options::new(Place::Memory)).expect("memory");
    let review = Review::on(Server::over(store.clone(), clock.clone(), loopback(None)).await).await;
    fill(&store, &review).await;
    let filter = json!({ "combinator": "and", "rules": [{ "field": "Name", "operator": "beginsWith", "value": "n" }] }).to_string();
    let filter: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = review.at(&format!("/tasks?_filter={filter}&_sort=Name&_limit=2&_offset=10000&_fields=Name,Task+URL"));
    let page = || async {
        let page = review.send(get(path.clone())).await.expect(200);
        assert!(page.header("link").is_some_and(|link| link.contains("_offset=10002>")), "{:?}", page.header("link"));
        let list = page.json();
        list.as_array().expect("a list").iter().map(|task| task["Name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let id_of = |number: i64| Id::from_i64(1000 + number).expect("not negative");

    assert_eq!(page().await, ["n10000", "n10001"]);
    review.send(delete(review.at(&format!("/tasks/{}", id_of(10_000))))).await.expect(204);
    review.send(put(review.at(&format!("/tasks/{}", id_of(10_001))), json!({ "Name": "x" }))).await.expect(200);
    assert_eq!(page().await, [""; 0], "what is gone or matches no more is left out");

    clock.0.fetch_add(10 * SECOND, Ordering::SeqCst);
    assert_eq!(page().await, [""; 0], "whoever finds it old has it made anew");
    let renewed = async {
        while page().await != ["n10002", "n10003"] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), renewed).await.expect("it is made anew behind them");

    clock.0.fetch_add(60 * SECOND, Ordering::SeqCst);
    review.send(delete(review.at(&format!("/tasks/{}", id_of(10_002))))).await.expect(204);
    assert_eq!(page().await, ["n10003", "n10004"], "what is much too old is not used");
}

#[tokio::test]
async fn who_goes_through_a_long_list_meets_each_task_once() {
    let clock = Arc::new(Turned(AtomicI64::new(0)));
    let store = Store::open(Options::new(Place::Memory)).expect("memory");
    let review = Review::on(Server::over(store.clone(), clock.clone(), loopback(None)).await).await;
    fill(&store, &review).await;
    // No index has this order.
    for (sort, count) in [("Updated+On,-Name", TASKS), ("-Updated+On", TASKS)] {
        let list = review.send(get(review.at(&format!("/tasks?_sort={sort}&_fields=Name")))).await.expect(200).json();
        let mut names: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|task| task["Name"].as_str()).collect();
        assert_eq!(i64::try_from(names.len()), Ok(count));
        assert_eq!(names.first(), Some(if sort.ends_with("Name") { &"n10009" } else { &"n00000" }));
        names.sort_unstable();
        names.dedup();
        assert_eq!(i64::try_from(names.len()), Ok(count));
    }
    let first = review.send(get(review.at("/tasks?_sort=-Updated+On&_limit=2"))).await.expect(200);
    let next = first.header("link").and_then(|link| link.strip_prefix("</api/v1")?.split('>').next()).expect("a link").to_owned();
    // Whoever is changed goes to the front, and the others stay as they were.
    clock.0.fetch_add(SECOND, Ordering::SeqCst);
    let moved = Id::from_i64(1003).expect("not negative");
    review.send(put(review.at(&format!("/tasks/{moved}")), json!({ "Count": 1 }))).await.expect(200);
    let second = review.send(get(next)).await.expect(200).json();
    let names: Vec<&str> = second.as_array().expect("a list").iter().filter_map(|task| task["Name"].as_str()).collect();
    assert_eq!(names, ["n00002", "n00003"]);
}
