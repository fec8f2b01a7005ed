//! Lists are streamed: whole however long, decided before the head is sent, and broken off rather than cut short.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use baton_core::time::Timestamp;
use baton_engine::KeyScope;
use baton_engine::commands::{api_keys, tasks};
use baton_engine::env::Clock;
use baton_store::{Options, Place};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Server, get};

/// More than two pages.
const TASKS: usize = 1100;

async fn many(review: &Review) {
    let workflow = review.workflow.clone();
    let fill = move |cx: &mut baton_engine::Cx<'_>| {
        for number in 1..=TASKS {
            let body = json!({ "ID": number, "Stage": if number % 2 == 0 { "Done" } else { "Open" } });
            tasks::create_or_update(cx, &workflow, body.as_object().expect("an object"), &tasks::Expected::Anything)?;
        }
        Ok(())
    };
    review.server.engine.write(review.server.operator(), fill).await.expect("many tasks");
}

fn numbers(list: &Json) -> Vec<usize> {
    list.as_array().expect("a list").iter().map(|task| task["ID"].as_str().expect("an ID").parse().expect("a number")).collect()
}

#[tokio::test]
async fn a_long_list_is_whole_and_in_creation_order() {
    let review = Review::start().await;
    many(&review).await;
    let all = review.send(get(review.at("/tasks"))).await.expect(200);
    assert_eq!(all.header("content-type"), Some("application/json"));
    assert_eq!(all.header("content-length"), None, "it is streamed");
    assert_eq!(numbers(&all.json()), (1..=TASKS).collect::<Vec<_>>());
    let active = review.send(get(review.at("/tasks/active"))).await.expect(200).json();
    assert_eq!(numbers(&active), (1..=TASKS).step_by(2).collect::<Vec<_>>());
    let one = review.send(get(review.at("/tasks?ID=700"))).await.expect(200).json();
    assert_eq!(numbers(&one), [700]);
}

#[tokio::test]
async fn a_list_of_exactly_one_page_ends_too() {
    let review = Review::start().await;
    let workflow = review.workflow.clone();
    let fill = move |cx: &mut baton_engine::Cx<'_>| {
        for _ in 0..500 {
            tasks::create_or_update(cx, &workflow, &serde_json::Map::new(), &tasks::Expected::Anything)?;
        }
        Ok(())
    };
    review.server.engine.write(review.server.operator(), fill).await.expect("a page of tasks");
    let list = review.send(get(review.at("/tasks"))).await.expect(200).json();
    assert_eq!(list.as_array().map(Vec::len), Some(500));
}

#[tokio::test]
async fn a_failure_on_the_way_breaks_the_connection() {
    let review = Review::start().await;
    many(&review).await;
    let (id, key) = review.server.key(KeyScope::default()).await;
    let response = review.server.respond(get(review.at("/tasks")).by(&key)).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let first = body.frame().await.expect("a first page").expect("whole").into_data().expect("data");
    assert!(first.starts_with(b"[{") && !first.ends_with(b"]"));
    review.server.engine.write(review.server.operator(), move |cx| api_keys::revoke(cx, &id.to_string())).await.expect("revoked");
    // The second page may have been read while the first was sent.
    let second = body.frame().await.expect("more");
    let error = match second {
        Ok(_) => body.frame().await.expect("an end that is told").expect_err("not a well-formed short list"),
        Err(error) => error,
    };
    assert_eq!(error.to_string(), "the answer broke off");
    assert!(body.frame().await.is_none());
}

/// What is sent of a list of which a first page has been sent when the definition changes; `None` where it breaks off.
async fn sent_through(review: &Review, query: &str, change: impl FnOnce(&mut Json)) -> Option<String> {
    let response = review.server.respond(get(review.at(&format!("/tasks?{query}")))).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut sent = body.frame().await.expect("a first page").expect("whole").into_data().expect("data").to_vec();
    review.redefine(change).await;
    // The second page may have been read while the first was sent.
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => sent.extend(frame.into_data().expect("data")),
            Err(error) => {
                assert_eq!(error.to_string(), "the answer broke off");
                return None;
            }
        }
    }
    Some(String::from_utf8(sent).expect("text"))
}

fn first(definition: &mut Json, list: &str, new: Json) {
    definition[list].as_array_mut().expect("a list").insert(0, new);
}

#[tokio::test]
async fn a_file_whose_columns_change_on_the_way_breaks_off() {
    let review = Review::start().await;
    many(&review).await;
    let added = |definition: &mut Json| first(definition, "fields", json!({ "name": "Size", "type": "number" }));
    assert_eq!(sent_through(&review, "_format=csv", added).await, None);
    let turned = |definition: &mut Json| definition["fields"].as_array_mut().expect("fields").reverse();
    assert_eq!(sent_through(&review, "_format=csv&_fields=ID,Name", turned).await, None);
    let all = sent_through(&review, "_format=csv&_fields=ID", |_| {}).await.expect("nothing has changed");
    assert_eq!(all.lines().count(), TASKS + 1);
}

#[tokio::test]
async fn objects_say_themselves_what_they_have() {
    let review = Review::start().await;
    many(&review).await;
    let renamed = |definition: &mut Json| {
        let fields = definition["fields"].as_array_mut().expect("fields");
        fields.iter_mut().find(|field| field["name"] == "Name").expect("Name")["name"] = "Title".into();
    };
    let list = sent_through(&review, "_sort=ID", renamed).await.expect("it goes on");
    let list: Json = serde_json::from_str(&list).expect("JSON");
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), TASKS);
    let named = |task: &Json| (task.get("Name").is_some(), task.get("Title").is_some());
    assert_eq!((named(&list[0]), named(&list[TASKS - 1])), ((true, false), (false, true)));
}

#[tokio::test]
async fn a_list_whose_order_changes_on_the_way_breaks_off() {
    let review = Review::start().await;
    many(&review).await;
    let moved = |definition: &mut Json| first(definition, "stages", json!({ "name": "Idea" }));
    assert_eq!(sent_through(&review, "_sort=Stage", moved).await, None);
}

/// A role that sees what is assigned to it shows a key nothing, which must not look like the end.
#[tokio::test]
async fn a_list_of_which_no_more_is_seen_breaks_off() {
    let review = Review::start().await;
    many(&review).await;
    let key = review.role_key("Limited").await;
    let response = review.server.respond(get(review.at("/tasks")).by(&key)).await;
    let mut body = response.into_body();
    body.frame().await.expect("a first page").expect("whole");
    review
        .redefine(|definition| {
            let roles = definition["roles"].as_array_mut().expect("roles");
            let limited = roles.iter_mut().find(|role| role["name"] == "Limited").expect("the role");
            limited["visibility"] = "assigned".into();
        })
        .await;
    let mut last = None;
    while let Some(frame) = body.frame().await {
        last = Some(frame);
    }
    assert_eq!(last.expect("more").expect_err("not a well-formed short list").to_string(), "the answer broke off");
}

/// A clock that can be made to fault, to see what a fault in a command does.
struct Faulty {
    armed: AtomicBool,
}

impl Clock for Faulty {
    fn now(&self) -> Timestamp {
        assert!(!self.armed.load(Ordering::SeqCst), "the clock fell down");
        Timestamp::from_micros(1_790_000_000_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_answered_and_the_server_goes_on() {
    let clock = Arc::new(Faulty { armed: AtomicBool::new(false) });
    let review = Review::on(Server::with(Options::new(Place::Memory), clock.clone()).await).await;
    clock.armed.store(true, Ordering::SeqCst);
    let reply = review.send(get("/workspace").with("x-request-id", "r1")).await;
    clock.armed.store(false, Ordering::SeqCst);
    let told = json!({ "errors": ["Something went wrong in Baton; the log has it under request id r1"] });
    assert_eq!((reply.status.as_u16(), reply.text()), (500, told.to_string().as_str()));
    assert_eq!(reply.header("x-request-id"), Some("r1"));
    review.send(get("/workspace")).await.expect(200);
}

/// A clock that can be made to hold whoever looks at it next.
struct Holding {
    armed: AtomicBool,
    released: Mutex<mpsc::Receiver<()>>,
}

impl Clock for Holding {
    fn now(&self) -> Timestamp {
        if self.armed.swap(false, Ordering::SeqCst) {
            let released = self.released.lock().expect("nobody panicked").recv_timeout(Duration::from_secs(60));
            released.expect("others are served while a list is read");
        }
        Timestamp::from_micros(1_790_000_000_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_is_read_beside_the_threads_that_serve() {
    let (release, released) = mpsc::channel();
    let clock = Arc::new(Holding { armed: AtomicBool::new(false), released: Mutex::new(released) });
    let review = Review::on(Server::with(Options::new(Place::Memory), clock.clone()).await).await;
    clock.armed.store(true, Ordering::SeqCst);
    // With an id of its own a request looks at the clock only where it reads.
    let health = async {
        review.send(get("//healthz").with("x-request-id", "r2")).await.expect(200);
        release.send(()).expect("the clock is there");
    };
    let (list, ()) = tokio::join!(review.send(get(review.at("/tasks")).with("x-request-id", "r1")), health);
    list.expect(200);
}
