//! Separation of duties: who has had a hand in a task may not take what is for somebody else, on whichever way they ask.

use serde_json::json;

use super::review::{Review, failed};
use super::server::{Call, Server, get, post};

const DOCUMENT: &str = "
name: Duties
fields: [ { name: ID, type: uniqueId } ]
stages: [ { name: Open }, { name: Done, end: true } ]
actions:
  - { name: Draft, from: [Open], steps: [] }
  - { name: Not creator, from: [Open], requirements: [ { require: performer, not: [creator] } ], steps: [] }
  - { name: Not assignee, from: [Open], requirements: [ { require: performer, not: [assignee] } ], steps: [] }
  - { name: Not drafter, from: [Open], requirements: [ { require: performer, not: [ { action: Draft } ] } ], steps: [] }
  - { name: Assignee only, from: [Open], requirements: [ { require: assigned, to: performer } ], steps: [] }
";
const ANN: &str = "ann@hogwarts.edu";
const BOB: &str = "bob@hogwarts.edu";
const ELSE: &str = "Must be done by somebody else";

/// A key, and the user who performs by it, if any.
type Performer<'a> = (&'a str, Option<&'a str>);

/// `refused`: with what, on every way to ask; nothing where it may be taken.
async fn ask_everywhere(review: &Review, action: &str, (key, by): Performer<'_>, refused: Option<&str>) {
    let take = review.take(action, "1", by).by(key);
    let with = |query: &str| Call { path: format!("{}{query}", take.path), ..take.clone() };
    let told = format!("{action} by {by:?} and {key}");

    let explained = review.send(with("?_explain=true")).await.expect(200).json();
    let messages: Vec<&str> =
        explained["errors"].as_array().expect("errors").iter().filter_map(|error| error["message"].as_str()).collect();
    assert_eq!(messages, refused.into_iter().collect::<Vec<_>>(), "{told}");
    assert_eq!(explained["available"], refused.is_none(), "{told}");
    let who = by.map(|email| format!("&performed_by={email}")).unwrap_or_default();
    let all = review.send(get(review.at(&format!("/tasks/1/actions?_explain=true{who}"))).by(key)).await.expect(200).json();
    let listed = all.as_array().expect("actions").iter().find(|listed| listed["name"] == action).expect("it is listed");
    assert_eq!(listed, &explained, "{told}");

    let mut many = take.json();
    many.as_object_mut().expect("an object").shift_remove("task_id");
    many["task_ids"] = json!(["1"]);
    let foreseen = review.send(with("?_dry_run=true")).await;
    let bulk = review.send(post(review.at("/executions"), many).by(key)).await.expect(202).json();
    let mut accepted: Vec<String> = bulk[0]["id"].as_str().map(str::to_owned).into_iter().collect();
    let taken = review.send(take.clone()).await;
    if let Some(refused) = refused {
        let errors = failed(&[refused]);
        assert_eq!((foreseen.status.as_u16(), foreseen.json()), (422, errors.clone()), "{told}");
        assert_eq!((&bulk[0]["status"], &bulk[0]["errors"]), (&errors["status"], &errors["errors"]), "{told}");
        assert_eq!((taken.status.as_u16(), taken.json()), (422, errors), "{told}");
        return;
    }
    accepted.push(taken.expect(202).string("id"));
    for id in accepted {
        assert_eq!(review.finished(&id).await, json!({ "status": "Success" }), "{told}");
    }
    foreseen.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_had_a_hand_in_it_is_refused_on_every_way() {
    let review = Review::of(Server::working().await, DOCUMENT).await;
    for email in [ANN, BOB] {
        review.collaborator(email, "Collaborator").await;
    }
    let (creator, other) = (review.server.key.clone(), review.role_key("Collaborator").await);
    review.task(json!({ "ID": "1", "Assigned To": ANN })).await;
    let performers = [(creator.as_str(), None), (other.as_str(), None), (creator.as_str(), Some(ANN)), (other.as_str(), Some(BOB))];
    // Whoever has drafted last is the one who may not go on.
    for drafter in [3, 1] {
        let (key, by) = performers[drafter];
        let id = review.send(review.take("Draft", "1", by).by(key)).await.expect(202).string("id");
        review.finished(&id).await;
        for (number, performer) in performers.into_iter().enumerate() {
            for (action, refused) in [
                ("Not creator", (number == 0).then_some(ELSE)),
                ("Not assignee", (number == 2).then_some(ELSE)),
                ("Not drafter", (number == drafter).then_some(ELSE)),
                ("Assignee only", (number != 2).then_some("Must be assigned to you")),
            ] {
                ask_everywhere(&review, action, performer, refused).await;
            }
        }
    }
}
