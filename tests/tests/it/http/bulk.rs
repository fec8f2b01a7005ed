//! `POST .../executions` with `task_ids`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use baton_engine::KeyScope;
use baton_engine::env::SystemClock;
use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Options, Place, Store, StoreError, Tx};
use serde_json::{Value as Json, json};

use super::review::{Review, failed, text};
use super::server::{Call, Server, get, loopback, post};

fn take(review: &Review, action: &str, tasks: &Json) -> Call {
    post(review.at("/executions"), json!({ "task_ids": tasks, "action_id": review.action(action) }))
}

fn ids(count: usize) -> Json {
    (1..=count).map(|number| number.to_string()).collect()
}

/// A thousand tasks, every fifth in a stage that Reject is not for.
async fn thousand(review: &Review) {
    let stage = |number: usize| if number.is_multiple_of(5) { "Done" } else { "Open" };
    let tasks: Json = (1..=1000).map(|number| json!({ "ID": number.to_string(), "Stage": stage(number) })).collect();
    review.send(post(review.at("/tasks"), tasks)).await.expect(201);
}

/// All executions of the workflow by their ids.
async fn executions(review: &Review) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(review.at("/executions?_limit=200"));
    while let Some(path) = next {
        let page = review.send(get(path)).await.expect(200);
        next = page.header("link").map(|link| link["</api/v1".len()..].split('>').next().expect("a target").to_owned());
        found.extend(page.json().as_array().expect("a list").iter().map(|execution| text(&execution["id"])));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_are_accepted_or_refused_one_by_one() {
    of_a_thousand_every_fifth_is_refused(Review::working().await).await;
}

pub async fn of_a_thousand_every_fifth_is_refused(review: Review) {
    thousand(&review).await;
    let reply = review.send(take(&review, "Reject", &ids(1000))).await.expect(202);
    assert_eq!(reply.header("location"), None);
    let told = reply.json();
    let told = told.as_array().expect("a list");
    assert_eq!(told.len(), 1000);
    let mut accepted = HashSet::new();
    for (index, one) in told.iter().enumerate() {
        let task = (index + 1).to_string();
        if (index + 1).is_multiple_of(5) {
            let expected = json!({ "task_id": task, "status": "Fail", "errors": ["Reject cannot be taken in Done"] });
            assert_eq!(one.to_string(), expected.to_string());
        } else {
            assert_eq!(one.to_string(), json!({ "task_id": task, "id": one["id"], "status": "Pending" }).to_string());
            assert!(accepted.insert(text(&one["id"])), "each is an execution of its own");
        }
    }
    for id in &accepted {
        assert_eq!(review.finished(id).await, json!({ "status": "Success" }));
    }
    assert_eq!(executions(&review).await.into_iter().collect::<HashSet<_>>(), accepted, "a refusal stores nothing");
    assert_eq!(review.shown("999", &["Stage"]).await, json!(["Rejected"]));
    assert_eq!(review.shown("1000", &["Stage"]).await, json!(["Done"]));
}

#[tokio::test]
async fn a_task_that_is_named_again_is_acted_on_again() {
    let review = Review::working().await;
    review.task(json!({ "ID": "1" })).await;
    review.task(json!({ "ID": "02" })).await;
    let tasks = json!([1, "02", "1", null, " ", "9", 1]);
    let told = review.send(take(&review, "Count up", &tasks)).await.expect(202).json();
    let named: Vec<&Json> = told.as_array().expect("a list").iter().map(|one| &one["task_id"]).collect();
    assert_eq!(json!(named), tasks, "as they were named");
    for (index, error) in [(3, "task_id is required"), (4, "task_id is required"), (5, "Task not found")] {
        assert_eq!((&told[index]["status"], &told[index]["errors"]), (&json!("Fail"), &json!([error])));
    }
    for index in [0, 1, 2, 6] {
        assert_eq!(review.finished(&text(&told[index]["id"])).await, json!({ "status": "Success" }));
    }
    assert_eq!(review.shown("1", &["Count"]).await, json!(["3"]));
    assert_eq!(review.shown("02", &["Count"]).await, json!(["1"]));
}

#[tokio::test]
async fn performer_and_fields_are_those_of_all() {
    let review = Review::working().await;
    review.collaborator("ann@hogwarts.edu", "Collaborator").await;
    for task in ["1", "2"] {
        review.task(json!({ "ID": task })).await;
    }
    let asked = |fields: Json, by: &str| {
        let body = json!({ "task_ids": ["1", "2"], "action_id": review.action("Take"), "performed_by": by, "fields": fields });
        post(review.at("/executions"), body)
    };
    let told = review.send(asked(json!({ "Name": "x" }), "ann@hogwarts.edu")).await.expect(202).json();
    for (index, task) in ["1", "2"].into_iter().enumerate() {
        review.finished(&text(&told[index]["id"])).await;
        assert_eq!(review.shown(task, &["Name", "Assigned To"]).await, json!(["x", "ann@hogwarts.edu"]));
    }
    let told = review.send(asked(json!({ "Count": "many", "Name": "y" }), "ann@hogwarts.edu")).await.expect(202).json();
    assert_eq!((&told[0]["errors"], &told[1]["errors"]), (&json!(["Count is invalid"]), &json!(["Count is invalid"])));
    assert_eq!(review.shown("1", &["Name"]).await, json!(["x"]), "a refusal sets nothing");
    let told = review.send(asked(json!({}), "tom@riddle.org")).await.expect(202).json();
    assert_eq!(told[1]["errors"], json!(["tom@riddle.org is not a user of this workflow"]));
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_of_it_as_a_whole() {
    let review = Review::start().await;
    let action = review.action("Take");
    let body = |tasks: Json| json!({ "task_ids": tasks, "action_id": action });
    for (body, told) in [
        (json!({ "task_ids": ["1"], "task_id": "1", "action_id": action }), "body must have task_id or task_ids, not both"),
        (body(json!("1")), "task_ids is invalid"),
        (body(json!(["1", 1.5])), "task_ids is invalid"),
        (body(json!(["1", ["2"]])), "task_ids is invalid"),
        (body(ids(1001)), "task_ids is \"1001 tasks\"; allowed is at most 1000 tasks"),
        (json!({ "task_ids": ["1"] }), "action_id is required"),
        (json!({ "task_ids": ["1"], "action_id": action, "quote": "x" }), "quote is not a parameter"),
        (json!({ "task_ids": ["1"], "action_id": action, "foo": 1 }), "foo is not a parameter"),
        (json!({ "task_ids": null, "action_id": action }), "task_id is required"),
    ] {
        review.server.check(post(review.at("/executions"), body), 422, failed(&[told])).await;
    }
    let explain = post(review.at("/executions?_explain=true"), body(json!(["1"])));
    review.server.check(explain, 422, failed(&["body must have task_id: only one task at a time is explained or run dry"])).await;
    review.server.check(take(&review, "Take", &json!([])), 202, json!([])).await;
    let (_, read_only) = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    for tasks in [json!([]), json!(["1"])] {
        review.server.refuses(take(&review, "Take", &tasks).by(&read_only), 403, &["API key is read-only"]).await;
        let nowhere = Call { path: "/workflows/zz/executions".to_owned(), ..take(&review, "Take", &tasks) };
        review.server.refuses(nowhere, 404, &["Workflow not found"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn simultaneous_twins_share_what_was_accepted() {
    twins(Review::start().await).await;
}

pub async fn twins(review: Review) {
    thousand(&review).await;
    let call = take(&review, "Reject", &ids(1000)).with("idempotency-key", "k");
    let review = Arc::new(review);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (review, call) = (review.clone(), call.clone());
        asked.spawn(async move { review.send(call).await.expect(202).text().to_owned() });
    }
    let answers = asked.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(executions(&review).await.len(), 800);
}

pub async fn in_other_orders(review: Review) {
    thousand(&review).await;
    let there: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    let back: Vec<&String> = there.iter().rev().collect();
    let calls = [take(&review, "Count up", &json!(there)), take(&review, "Count up", &json!(back))];
    let review = Arc::new(review);
    let mut asked = tokio::task::JoinSet::new();
    for call in calls.into_iter().cycle().take(6) {
        let review = review.clone();
        asked.spawn(async move { review.send(call).await.expect(202).json() });
    }
    for told in asked.join_all().await {
        assert!(told.as_array().expect("a list").iter().all(|one| one["status"] == "Pending"), "{told}");
    }
    assert_eq!(executions(&review).await.len(), 600);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_many() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let begun = tokio::time::Instant::now();
    let reply = review.send(take(&review, "Take", &json!(["1"])).with("prefer", "wait=10")).await.expect(202);
    assert_eq!((begun.elapsed().as_secs(), reply.header("preference-applied")), (0, None));
}

#[tokio::test]
async fn under_a_key_it_is_done_once() {
    let review = Review::start().await;
    thousand(&review).await;
    let call = take(&review, "Reject", &ids(1000)).with("idempotency-key", "k");
    let first = review.send(call.clone()).await.expect(202);
    let again = review.send(call).await.expect(202);
    assert_eq!(again.text(), first.text());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    assert_eq!(executions(&review).await.len(), 800);
    // The key stands for the request, and not for one of its parts.
    for other in [review.take("Take", "1", None), take(&review, "Reject", &ids(999))] {
        review.server.refuses(other.with("idempotency-key", "k"), 422, &["Idempotency-Key was used with another body"]).await;
    }
}

/// Lets some writes through; then the store is away, or the answer to the next is lost.
struct Breaking {
    writes_left: AtomicI64,
    loses_answer: bool,
}

struct Through {
    lost: bool,
}

impl Link for Breaking {
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
        let left = if access == Access::Write { self.writes_left.fetch_sub(1, Ordering::SeqCst) } else { i64::MAX };
        let broken = left <= 0 && !self.loses_answer;
        let lost = left == 0 && self.loses_answer;
        Box::pin(async move {
            if broken { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(Arc::new(Through { lost }) as Arc<dyn Passage>) }
        })
    }
}

impl Passage for Through {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Same(tx))
    }

    fn commits(&self) -> bool {
        true
    }

    fn close(&self) -> Crossing<'_, ()> {
        let lost = self.lost;
        Box::pin(async move { if lost { Err(StoreError::OutcomeUnknown("lost".to_owned())) } else { Ok(()) } })
    }
}

struct Same<'a>(&'a mut dyn Tx);

impl Tx for Same<'_> {
    fn execute(&mut self, sql: &'static str, params: &[baton_store::Param<'_>]) -> Result<u64, StoreError> {
        self.0.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[baton_store::Param<'_>],
        each: &mut dyn FnMut(&dyn baton_store::Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.rows(sql, params, each)
    }

    fn dialect(&self) -> baton_store::Dialect {
        self.0.dialect()
    }
}

async fn breaking(loses_answer: bool) -> (Review, Arc<Breaking>) {
    let link = Arc::new(Breaking { writes_left: AtomicI64::new(i64::MAX), loses_answer });
    let store = Store::open(Options::new(Place::Memory)).expect("memory").over(link.clone());
    let review = Review::on(Server::over(store, Arc::new(SystemClock::new()), loopback(None)).await).await;
    thousand(&review).await;
    link.writes_left.store(4, Ordering::SeqCst);
    (review, link)
}

#[tokio::test]
async fn what_was_accepted_before_the_store_went_away_is_told_and_kept() {
    let (review, link) = breaking(false).await;
    let call = take(&review, "Reject", &ids(1000)).with("idempotency-key", "k");
    let broken = review.send(call.clone()).await.expect(202).json();
    let away =
        json!({ "task_id": "401", "status": "Fail", "errors": ["The store can't be reached; nothing has happened, try again later"] });
    assert_eq!((&broken[400], broken[399]["errors"][0].as_str()), (&away, Some("Reject cannot be taken in Done")));
    assert_eq!((broken.as_array().map(Vec::len), broken[399]["task_id"].as_str()), (Some(1000), Some("400")));

    link.writes_left.store(i64::MAX, Ordering::SeqCst);
    let whole = review.send(call.clone()).await.expect(202);
    assert_eq!(whole.header("idempotency-replayed"), None, "most of it is new");
    let told = whole.json();
    let first = |told: &Json| told.as_array().map(|told| told[..400].to_vec());
    assert_eq!((first(&told), executions(&review).await.len()), (first(&broken), 800));
    assert_eq!(review.send(call).await.expect(202).text(), whole.text());
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_doubles_nothing() {
    let (review, _) = breaking(true).await;
    let call = take(&review, "Reject", &ids(1000)).with("idempotency-key", "k");
    let told = "The connection to the store broke while saving; ask again with the same Idempotency-Key to learn the outcome";
    review.server.refuses(call.clone(), 503, &[told]).await;
    assert_eq!(executions(&review).await.len(), 400, "the fifth part was saved, and nobody knows");
    let whole = review.send(call).await.expect(202).json();
    let fresh: HashSet<String> = whole.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
    assert_eq!(executions(&review).await.into_iter().collect::<HashSet<_>>(), fresh);
    assert_eq!(fresh.len(), 800);
}
