//! Pages deep in a long list: taken from an order that is kept for a while, of tasks that are read afresh.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::{FilterKey, Value};
use baton_engine::env::Clock;
use baton_store::sql::{search, tasks};
use baton_store::{Options, Place, Store, StoreError};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Reply, Server, delete, get, loopback, put};

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

/// A workflow of so many tasks that listings are kept.
async fn filled() -> (Review, Arc<Turned>) {
    // The tasks are a minute old.
    let clock = Arc::new(Turned(AtomicI64::new(60 * SECOND)));
    let store = Store::open(Options::new(Place::Memory)).expect("memory");
    let review = Review::on(Server::over(store.clone(), clock.clone(), loopback(None)).await).await;
    fill(&store, &review).await;
    (review, clock)
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
    let (review, clock) = filled().await;
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
    let (review, clock) = filled().await;
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

fn names(page: &Reply) -> Vec<String> {
    page.json().as_array().expect("a list").iter().map(|task| task["Name"].as_str().expect("a name").to_owned()).collect()
}

fn next(page: &Reply) -> Option<String> {
    page.header("link").map(|link| link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a link").0.to_owned())
}

fn path_of(number: usize) -> String {
    format!("/tasks/{}", Id::from_i64(1000 + i64::try_from(number).expect("small")).expect("not negative"))
}

async fn touch(review: &Review, clock: &Turned, name: &str) {
    clock.0.fetch_add(SECOND, Ordering::SeqCst);
    let number = name[1..].parse().expect("a number");
    review.send(put(review.at(&path_of(number)), json!({ "Count": 1 }))).await.expect(200);
}

/// Other people make every listing one of other matter, as a restart does, or another node.
async fn forget(review: &Review, number: usize) {
    review.collaborator(&format!("n{number}@hogwarts.edu"), "Collaborator").await;
}

#[tokio::test]
async fn whoever_was_touched_leads_nobody_astray_who_goes_on_without_the_listing() {
    let cases = [("Updated+On", &[7][..]), ("-Updated+On", &[7]), ("-Updated+On", &[4, 5, 6, 7])];
    // By a writer that began after the list, or some seconds before it and has ended after it.
    for ((sort, touched), began) in cases.into_iter().flat_map(|case| [(case, 0), (case, -9 * SECOND)]) {
        let (review, clock) = filled().await;
        let first = review.send(get(review.at(&format!("/tasks?_sort={sort}&_limit=4")))).await.expect(200);
        clock.0.fetch_add(began, Ordering::SeqCst);
        for number in touched {
            touch(&review, &clock, &format!("n{number:05}")).await;
        }
        clock.0.fetch_sub(began, Ordering::SeqCst);
        let second = review.send(get(next(&first).expect("more"))).await.expect(200);
        assert_eq!(names(&second), ["n00004", "n00005", "n00006", "n00007"], "{sort}");
        forget(&review, 0).await;
        let third = review.send(get(next(&second).expect("more"))).await.expect(200);
        assert_eq!(names(&third), ["n00008", "n00009", "n00010", "n00011"], "{sort} {touched:?} {began}");
    }
}

/// As in the conformance of the store, where no index has the order.
#[tokio::test]
async fn what_nobody_touches_is_told_once_also_without_the_listing() {
    for sort in ["Updated+On", "-Updated+On", "Updated+On,-Name"] {
        let (review, clock) = filled().await;
        let (mut told, mut touched, mut pages) = (HashMap::new(), HashSet::new(), 0);
        let mut path = Some(review.at(&format!("/tasks?_sort={sort}&_limit=199&_fields=Name")));
        while let Some(here) = path {
            let page = review.send(get(here)).await.expect(200);
            let names = names(&page);
            path = next(&page);
            pages += 1;
            // The last of this page, and some of the next ones if there are any.
            for name in [names.last().cloned(), Some(format!("n{:05}", pages * 199 + 198)), Some(format!("n{:05}", pages * 150))] {
                let name = name.filter(|name| name.as_str() < "n10010" && path.is_some() && pages < 60);
                if let Some(name) = name {
                    touch(&review, &clock, &name).await;
                    touched.insert(name);
                }
            }
            names.into_iter().for_each(|name| *told.entry(name).or_insert(0) += 1);
            if pages % 9 == 0 {
                forget(&review, pages).await;
            }
            assert!(pages < 200, "it ends");
        }
        for name in (0..TASKS).map(|number| format!("n{number:05}")).filter(|name| !touched.contains(name)) {
            assert_eq!(told.get(&name), Some(&1), "{name} of {sort}");
        }
        assert!(pages > 50 && touched.len() > 100);
    }
}

#[tokio::test]
async fn a_first_page_by_its_number_is_of_the_moment() {
    let (review, clock) = filled().await;
    let path = |offset: usize| review.at(&format!("/tasks?_sort=-Updated+On&_limit=2&_offset={offset}"));
    let first = review.send(get(path(0))).await.expect(200);
    assert_eq!(names(&first), ["n00000", "n00001"]);
    assert!(next(&first).expect("more").ends_with("_offset=2"), "the next one by its number too");
    touch(&review, &clock, "n00004").await;
    assert_eq!(names(&review.send(get(path(0))).await.expect(200)), ["n00004", "n00000"]);
}

/// However many other lists are looked at: a list is gone through in the order in which it was begun.
#[tokio::test]
async fn a_list_that_comes_whole_keeps_its_listing() {
    let (review, clock) = filled().await;
    let mut body = review.server.respond(get(review.at("/tasks?_sort=Updated+On&_fields=Name"))).await.into_body();
    let mut sent = body.frame().await.expect("a first piece").expect("whole").into_data().expect("data").to_vec();
    for number in 0..70 {
        // Each is another list, of many.
        let filter = json!({ "combinator": "and", "rules": [{ "field": "Name", "operator": ">", "value": format!("n{number:05}") }] });
        let filter: String = filter.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        review.send(get(review.at(&format!("/tasks?_filter={filter}&_sort=Updated+On&_limit=1")))).await.expect(200);
    }
    touch(&review, &clock, "n09000").await;
    while let Some(piece) = body.frame().await {
        sent.extend(piece.expect("whole").into_data().expect("data"));
    }
    let list: Json = serde_json::from_slice(&sent).expect("JSON");
    let names: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|task| task["Name"].as_str()).collect();
    assert!(names.is_sorted() && names.len() == 10_010, "n09000 comes where it stood");
}

/// The page that ends with the last of the ranked has nothing of the listing, yet whoever asks for it is told of its age.
#[tokio::test]
async fn a_listing_behind_the_ranked_is_made_anew_too() {
    let (review, clock) = filled().await;
    let index = |cx: &mut baton_engine::Cx<'_>| {
        while search::index_some(cx.tx, None, 500)?.is_some() {}
        Ok(())
    };
    review.server.engine.write(review.server.operator(), index).await.expect("they are indexed");
    let page = async |offset: usize| {
        names(&review.send(get(review.at(&format!("/tasks?_search=n&_limit=2&_offset={offset}&_fields=Name")))).await.expect(200))
    };
    // The newest 2,000 are ranked.
    assert_eq!(page(2_000).await, ["n08009", "n08008"]);
    review.send(delete(review.at(&path_of(8_009)))).await.expect(204);
    assert_eq!(page(2_000).await, ["n08008"], "it is taken from the order that is kept");
    clock.0.fetch_add(10 * SECOND, Ordering::SeqCst);
    assert_eq!(page(1_998).await, ["n08011", "n08010"]);
    let renewed = async {
        while page(2_000).await != ["n08008", "n08007"] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), renewed).await.expect("it is made anew behind them");
}
