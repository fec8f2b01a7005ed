//! A store that fails: nothing half-done, a clear sentence, and on again when it is well.

use baton_store::{Options, Place};
use serde_json::json;

use super::review::Review;
use super::server::{Server, get, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_says_so_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { page_count_max: Some(400), ..Options::new(Place::Folder(folder.path().to_owned())) };
    let review = Review::on(Server::on(options).await).await;
    let big = "x".repeat(60_000);
    let mut stored = 0;
    let full = loop {
        let reply = review.send(post(review.at("/tasks"), json!({ "ID": stored.to_string(), "Notes": big }))).await;
        if reply.status != 201 {
            break reply;
        }
        stored += 1;
        assert!(stored < 1000, "the store never fills");
    };
    assert!(stored > 0);
    let told = json!({ "errors": ["The store is full; nothing has happened, try again when there is room"] });
    assert_eq!((full.status.as_u16(), full.text()), (503, told.to_string().as_str()));
    assert!(full.header("retry-after").is_some());
    let listed = review.send(get(review.at("/tasks"))).await.expect(200).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(stored), "what was answered is there, and nothing else");
    review.send(super::server::delete(review.at("/tasks/0"))).await.expect(204);
    review.send(post(review.at("/tasks"), json!({ "ID": "small" }))).await.expect(201);
}
