//! Tasks: how they are shown, created, changed, deleted, and in which words a body is refused.

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{PUBLIC_URL, delete, get, post, put};

const ANN: &str = "ann@hogwarts.edu";

/// A task of the Review workflow as it is shown: all blank but for what is given.
fn shown(review: &Review, url: &Json, given: &Json) -> Json {
    assert!(url.as_str().unwrap().starts_with(&format!("{PUBLIC_URL}{}/tasks/", review.path)), "{url}");
    let mut task = json!({
        "Stage": "Open", "Assigned To": null, "Task URL": url, "ID": null, "Name": null, "Notes": null, "Count": null,
        "Amount": null, "Phone": null, "Due": null, "Seen at": null, "Owner": null, "Plan": null, "Tags": null,
        "Urgent?": false, "Email": null, "Site": null, "Fixed": null
    });
    for (key, value) in given.as_object().unwrap() {
        assert!(task.get(key).is_some(), "{key}");
        task[key] = value.clone();
    }
    task
}

#[tokio::test]
async fn a_task_is_shown_with_its_keys_in_order_and_its_values_as_documented() {
    let review = Review::start().await;
    review.collaborator(ANN, "Collaborator").await;
    for (given, expected) in [
        (json!({}), json!({})),
        (
            json!({
                "ID": 42, "Name": " Acme ", "Notes": "line\nline", "Count": 10, "Amount": 10000, "Phone": "+44 20 7946 0958",
                "Due": "2020-01-31", "Seen at": "2020-01-31T12:00:00.5+02:00", "Owner": "ANN@hogwarts.edu", "Plan": "Pro",
                "Tags": ["two, three", "one"], "Urgent?": true, "Email": "a@example.com", "Site": "https://example.com/x?y=1",
                "Fixed": "set", "Stage": "Review", "Assigned To": ANN
            }),
            json!({
                "ID": "42", "Name": " Acme ", "Notes": "line\nline", "Count": "10", "Amount": "10000.00", "Phone": "+442079460958",
                "Due": "2020-01-31", "Seen at": "2020-01-31T10:00:00.500Z", "Owner": ANN, "Plan": "Pro",
                "Tags": ["two, three", "one"], "Urgent?": true, "Email": "a@example.com", "Site": "https://example.com/x?y=1",
                "Fixed": "set", "Stage": "Review", "Assigned To": ANN
            }),
        ),
        (
            json!({ "ID": "1", "Count": "0.10", "Amount": 1.5, "Tags": [], "Urgent?": false }),
            json!({ "ID": "1", "Count": "0.1", "Amount": "1.50" }),
        ),
        (
            json!({ "ID": "2", "Count": "-12345678901234567890.12345678", "Tags": "one" }),
            json!({ "ID": "2", "Count": "-12345678901234567890.12345678", "Tags": ["one"] }),
        ),
        (json!({ "ID": "3", "Name": "  ", "Due": "", "Plan": null, "Assigned To": null }), json!({ "ID": "3" })),
    ] {
        let made = review.task(given.clone()).await;
        let (task, url) = (made.json(), made.json()["Task URL"].clone());
        assert_eq!(made.text(), shown(&review, &url, &expected).to_string(), "{given}");
        let id = url.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(made.header("location"), Some(format!("/api/v1{}", review.at(&format!("/tasks/{id}"))).as_str()));
        review.server.check(get(review.at(&format!("/tasks/{id}"))), 200, task).await;
    }
}

#[tokio::test]
async fn a_post_with_a_known_unique_id_changes_that_task() {
    let review = Review::start().await;
    let made = review.task(json!({ "ID": "a1", "Name": "first", "Plan": "Free" })).await;
    let changed = review.send(post(review.at("/tasks"), json!({ "ID": " a1 ", "Name": "second" }))).await.expect(200);
    assert_eq!(changed.header("location"), None);
    assert_eq!(changed.json()["Task URL"], made.json()["Task URL"]);
    assert_eq!(review.shown("a1", &["Name", "Plan"]).await, json!(["second", "Free"]), "only the keys given change");
    // Case is kept, and the Unique ID in a body is never a public id.
    review.task(json!({ "ID": "A1" })).await;
    let public_id = made.string("Task URL").rsplit('/').next().unwrap().to_owned();
    review.task(json!({ "ID": public_id })).await;
    review.server.send(get(review.at("/tasks"))).await.json().as_array().map(|tasks| assert_eq!(tasks.len(), 3)).unwrap();
}

#[tokio::test]
async fn a_put_changes_only_what_there_is() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Name": "first" })).await;
    review.task(json!({ "ID": "2" })).await;
    let found = review.send(put(review.at("/tasks"), json!({ "ID": "1", "Count": 1 }))).await.expect(200);
    review.server.check(get(review.at("/tasks/1")), 200, found.json()).await;
    review.send(put(review.at("/tasks/1"), json!({ "ID": "one", "Name": null }))).await.expect(200);
    assert_eq!(review.shown("one", &["Name", "Count"]).await, json!([null, "1"]));
    for (call, told) in [
        (put(review.at("/tasks"), json!({ "ID": "9", "Name": "x" })), "Task not found"),
        (put(review.at("/tasks"), json!({ "Name": "x" })), "Task not found"),
        (put(review.at("/tasks/1"), json!({ "Name": "x" })), "Task not found"),
    ] {
        review.server.refuses(call, 404, &[told]).await;
    }
    let taken = json!({ "errors": { "ID": ["has already been taken"] } });
    review.server.check(put(review.at("/tasks/one"), json!({ "ID": "2" })), 422, taken).await;
}

#[tokio::test]
async fn every_bad_key_is_told_and_nothing_is_changed() {
    let review = Review::start().await;
    review.server.user("outsider@hogwarts.edu").await;
    review.server.user("gone@hogwarts.edu").await;
    review.server.deactivate("gone@hogwarts.edu").await;
    review.task(json!({ "ID": "1", "Name": "before" })).await;
    let body = json!({
        "Name": "after", "Nope": 1, "name": "x", "Count": "ten", "Amount": 1.005, "Due": "31.01.2020", "Seen at": "2020-01-31T12:00:00",
        "Owner": "nobody@hogwarts.edu", "Plan": "Gold", "Tags": ["one", "four"], "Urgent?": "maybe", "Email": "foo", "Site": "ftp://x",
        "Phone": "call me", "Notes": "x".repeat(1024 * 1024 + 1), "Fixed": 5, "Stage": "Nowhere", "Assigned To": "outsider@hogwarts.edu",
        "Task URL": "x", "Created On": "x", "ID": ".."
    });
    let errors = json!({ "errors": {
        "Nope": ["is not a field"], "name": ["is not a field"], "Count": ["is invalid"], "Amount": ["is invalid"], "Due": ["is invalid"],
        "Seen at": ["is invalid"], "Owner": ["is not a user of this workspace"], "Plan": ["is not an option"],
        "Tags": ["is not an option"], "Urgent?": ["is invalid"], "Email": ["is invalid"], "Site": ["is invalid"],
        "Phone": ["is invalid"], "Notes": ["is too long"], "Fixed": ["is invalid"], "Stage": ["is not a stage"],
        "Assigned To": ["is not a user of this workflow"], "Task URL": ["is not a field"], "Created On": ["is not a field"],
        "ID": ["is invalid"]
    } });
    review.server.check(put(review.at("/tasks/1"), &body), 422, errors.clone()).await;
    review.server.check(post(review.at("/tasks"), &body), 422, errors).await;
    assert_eq!(review.shown("1", &["Name", "Stage"]).await, json!(["before", "Open"]));
    for (key, value, told) in [
        ("Owner", json!("gone@hogwarts.edu"), "is not a user of this workspace"),
        ("Assigned To", json!("gone@hogwarts.edu"), "is not a user of this workflow"),
        ("Assigned To", json!(5), "is invalid"),
        ("Stage", json!(null), "is invalid"),
        ("Count", json!("12345678901234567890123456789"), "is invalid"),
        ("Name", json!("a\0b"), "is invalid"),
        ("Name", json!(["x"]), "is invalid"),
        ("Name", json!("x".repeat(64 * 1024 + 1)), "is too long"),
    ] {
        let told = json!({ "errors": { key: [told] } });
        review.server.check(put(review.at("/tasks/1"), json!({ key: value })), 422, told).await;
    }
}

#[tokio::test]
async fn required_fields_autoincrement_and_stage_by_api() {
    let review = Review::start().await;
    let definition = json!({
        "name": "Tickets", "stage_by_api": false,
        "fields": [
            { "name": "No", "type": "uniqueId", "autoincrement": true },
            { "name": "Title", "type": "text", "required": true }
        ],
        "stages": [{ "name": "New" }, { "name": "Closed", "end": true }]
    });
    let id = review.send(post("/workflows", definition)).await.expect(201).string("id");
    let tasks = format!("/workflows/{id}/tasks");
    let refused = |errors: Json| json!({ "errors": errors });
    review.server.check(post(&tasks, "{}"), 422, refused(json!({ "Title": ["is required"] }))).await;
    let first = review.send(post(&tasks, json!({ "Title": "a", "Stage": "New" }))).await.expect(201);
    assert_eq!((first.json()["No"].as_str(), first.header("etag")), (Some("1"), Some("\"1\"")));
    for (body, told) in [
        (json!({ "Title": " " }), json!({ "Title": ["is required"] })),
        (json!({ "No": 2 }), json!({ "No": ["is not editable"] })),
        (json!({ "Stage": "Closed" }), json!({ "Stage": ["is not editable"] })),
    ] {
        review.server.check(put(format!("{tasks}/1"), body), 422, refused(told)).await;
    }
    // A number that no task has is not editable; one that a task has names it.
    review.server.check(post(&tasks, json!({ "No": 9, "Title": "x" })), 422, refused(json!({ "No": ["is not editable"] }))).await;
    assert_eq!(review.send(post(&tasks, json!({ "No": 1, "Title": "b" }))).await.expect(200).json()["Title"], "b");
    review.send(delete(format!("{tasks}/1"))).await.expect(204);
    let next = review.send(post(&tasks, json!({ "Title": "c" }))).await.expect(201).json();
    assert_eq!(next["No"], "2", "a number is never reused");
}

#[tokio::test]
async fn a_deleted_task_is_gone() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let reply = review.send(delete(review.at("/tasks/1"))).await.expect(204);
    assert_eq!((reply.text(), reply.header("content-type")), ("", None));
    for call in [get(review.at("/tasks/1")), delete(review.at("/tasks/1")), get(review.at("/tasks/1/activity"))] {
        review.server.refuses(call, 404, &["Task not found"]).await;
    }
    review.server.check(get(review.at("/tasks")), 200, json!([])).await;
    review.task(json!({ "ID": "1" })).await;
}

#[tokio::test]
async fn a_key_of_a_role_reads_and_writes_as_the_role_may() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Amount": 5, "Notes": "kept" })).await;
    let limited = review.role_key("Limited").await;
    let task = review.send(get(review.at("/tasks/1")).by(&limited)).await.expect(200).json();
    assert!(task.get("Amount").is_none() && task.get("Notes").is_some(), "a hidden field is absent: {task}");
    for (body, told) in [
        (json!({ "Amount": 1 }), json!({ "Amount": ["is not a field"] })),
        (json!({ "Notes": "x" }), json!({ "Notes": ["is not editable"] })),
        (json!({ "Fixed": "x" }), json!({ "Fixed": ["is not editable"] })),
        (json!({ "Stage": "Done" }), json!({ "Stage": ["is not editable"] })),
        (json!({ "Assigned To": "albus@hogwarts.edu" }), json!({ "Assigned To": ["is not editable"] })),
    ] {
        review.server.check(put(review.at("/tasks/1"), body).by(&limited), 422, json!({ "errors": told })).await;
    }
    review.send(put(review.at("/tasks/1"), json!({ "Name": "x", "Notes": "kept", "Stage": "Open" })).by(&limited)).await.expect(200);
    review.server.refuses(delete(review.at("/tasks/1")).by(&limited), 403, &["API key may not delete Tasks"]).await;

    let reader = review.role_key("Reader").await;
    for (call, told) in [
        (post(review.at("/tasks"), "{}"), "API key may not create Tasks"),
        (post(review.at("/tasks"), json!({ "ID": "1" })), "API key may not edit Tasks"),
        (put(review.at("/tasks/1"), "{}"), "API key may not edit Tasks"),
    ] {
        review.server.refuses(call.by(&reader), 403, &[told]).await;
    }
    let blind = review.role_key("Own tasks").await;
    review.server.refuses(get(review.at("/tasks/1")).by(&blind), 404, &["Task not found"]).await;
    review.server.refuses(put(review.at("/tasks"), json!({ "ID": "1" })).by(&blind), 404, &["Task not found"]).await;
    let taken = json!({ "errors": { "ID": ["has already been taken"] } });
    review.server.check(post(review.at("/tasks"), json!({ "ID": "1" })).by(&blind), 422, taken).await;
    let both = json!({ "errors": { "Email": ["is invalid"], "ID": ["has already been taken"] } });
    review.server.check(post(review.at("/tasks"), json!({ "ID": "1", "Email": "foo" })).by(&blind), 422, both.clone()).await;
    review.task(json!({ "ID": "2" })).await;
    review.server.check(put(review.at("/tasks/2"), json!({ "ID": "1", "Email": "foo" })), 422, both).await;
    review.server.check(get(review.at("/tasks")).by(&blind), 200, json!([])).await;
}

#[tokio::test]
async fn a_role_that_cannot_set_a_required_field_makes_no_task_and_is_not_told_which() {
    let review = Review::start().await;
    for right in ["hidden", "read_only"] {
        let document = json!({
            "name": format!("Secrets {right}"), "stages": [{ "name": "Open" }],
            "fields": [{ "name": "Secret", "type": "text", "required": true }],
            "roles": [{ "name": "Clerk", "fields": { "Secret": right } }],
        });
        let workflow = review.send(post("/workflows", document)).await.expect(201).string("id");
        let key = review.role_key("Clerk").await;
        let path = format!("/workflows/{workflow}/tasks");
        for body in [json!({}), json!({ "Secret": "x" })] {
            review.server.refuses(post(path.clone(), body).by(&key), 403, &["API key may not create Tasks"]).await;
        }
        review.send(post(path, json!({ "Secret": "x" }))).await.expect(201);
    }
}
