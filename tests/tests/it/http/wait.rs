//! Waiting for an execution to end: `Prefer: wait` and `?_wait`.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::review::{Review, failed};
use super::server::{Call, Reply, get};

fn patient(call: Call, seconds: u64) -> Call {
    call.with("prefer", &format!("wait={seconds}"))
}

fn applied(reply: &Reply) -> Option<&str> {
    reply.header("preference-applied")
}

#[tokio::test]
async fn who_waits_is_told_how_it_ended() {
    let review = Review::working().await;
    ends_while_waiting(&review).await;
}

pub async fn ends_while_waiting(review: &Review) {
    review.task(json!({ "ID": "1", "Name": "foo" })).await;
    for (action, end) in [("Count up", json!({ "status": "Success" })), ("Break", failed(&["Email is invalid"]))] {
        let reply = review.send(patient(review.take(action, "1", None), 60)).await.expect(200);
        let id = reply.string("id");
        let mut expected = json!({ "id": id });
        expected.as_object_mut().expect("an object").extend(end.as_object().expect("an object").clone());
        assert_eq!((reply.text(), applied(&reply)), (expected.to_string().as_str(), Some("wait=60")));
        let path = review.at(&format!("/executions/{id}"));
        assert_eq!(reply.header("location"), Some(format!("/api/v1{path}").as_str()));
        review.server.check(get(format!("{path}?_wait=60")), 200, expected).await;
        let steps = review.send(get(format!("{path}?_wait=60&expand=steps"))).await.expect(200).json();
        assert_eq!(steps["steps"].as_array().map(Vec::is_empty), Some(false), "{steps}");
    }
    review.server.refuses(get(review.at("/executions/zz?_wait=60")), 404, &["Execution not found"]).await;
    let unmet = failed(&["Reject cannot be taken in Done"]);
    review.task(json!({ "ID": "2", "Stage": "Done" })).await;
    let refused = review.server.check(patient(review.take("Reject", "2", None), 60), 422, unmet).await;
    assert_eq!(applied(&refused), None);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_waited_for_as_long_as_was_said() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for (prefer, seconds, told) in [
        ("wait=10", 10, Some("wait=10")),
        ("respond-async, wait=\"3\"; x=y, wait=5", 3, Some("wait=3")),
        ("wait=600", 60, Some("wait=60")),
        ("wait=0", 0, None),
        ("wait=soon", 0, None),
        ("handling=strict", 0, None),
    ] {
        let begun = Instant::now();
        let reply = review.send(review.take("Count up", "1", None).with("prefer", prefer)).await.expect(202);
        assert_eq!((begun.elapsed().as_secs(), applied(&reply)), (seconds, told), "{prefer}");
        let pending = json!({ "id": reply.string("id"), "status": "Pending" });
        assert_eq!(reply.text(), pending.to_string());

        let path = review.at(&format!("/executions/{}", reply.string("id")));
        let begun = Instant::now();
        review.server.check(get(format!("{path}?_wait=7")), 200, pending).await;
        assert_eq!(begun.elapsed().as_secs(), 7);
    }
}

#[tokio::test]
async fn seconds_are_a_whole_number_up_to_sixty() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let id = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    for value in ["0", "61", "x", "", "1.5"] {
        let told = format!("_wait is {value:?}; allowed is a whole number from 1 to 60");
        review.server.refuses(get(review.at(&format!("/executions/{id}?_wait={value}"))), 422, &[&told]).await;
    }
}

/// The time would pass at once if nothing else were to do; here it passes only while the worker does nothing either.
#[tokio::test(start_paused = true)]
async fn a_cancelled_one_ends_for_who_waits() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let id = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
    let begun = Instant::now();
    let waiting = review.send(get(review.at(&format!("/executions/{id}?_wait=60"))));
    let cancel = async {
        tokio::task::yield_now().await;
        review.send(super::server::post(review.at(&format!("/executions/{id}/cancel")), "")).await.expect(200)
    };
    let (ended, _) = tokio::join!(waiting, cancel);
    assert_eq!(ended.expect(200).string("status"), "Fail");
    assert!(begun.elapsed().is_zero(), "it was told, and not found by looking");
}

#[tokio::test]
async fn under_a_key_the_202_is_kept_and_a_repetition_waits_afresh() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let call = review.take("Count up", "1", None).with("idempotency-key", "k");
    let first = review.send(patient(call.clone(), 1)).await.expect(202);
    let id = first.string("id");
    review.server.work();
    let again = review.send(patient(call.clone(), 60)).await.expect(200);
    assert_eq!(again.text(), json!({ "id": id, "status": "Success" }).to_string());
    assert_eq!((again.header("idempotency-replayed"), applied(&again)), (Some("true"), Some("wait=60")));
    let kept = review.send(call).await.expect(202);
    assert_eq!((kept.text(), applied(&kept)), (first.text(), None));
    assert_eq!(review.shown("1", &["Count"]).await, json!(["1"]));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_lets_nobody_wait() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let begun = Instant::now();
    let stop = async {
        tokio::time::advance(Duration::from_secs(2)).await;
        review.server.engine.end_waits();
    };
    let (reply, ()) = tokio::join!(review.send(patient(review.take("Count up", "1", None), 60)), stop);
    assert_eq!((reply.expect(202).string("status").as_str(), begun.elapsed().as_secs()), ("Pending", 2));
    review.send(patient(review.take("Count up", "1", None), 60)).await.expect(202);
    assert_eq!(begun.elapsed().as_secs(), 2, "nobody waits any more");
}
