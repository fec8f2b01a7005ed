//! `GET .../tasks?<Field>=value`: and between columns, or between values, blank for an empty one.

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::get;

const ANN: &str = "ann@hogwarts.edu";

async fn some_tasks() -> Review {
    let review = Review::start().await;
    review.collaborator(ANN, "Collaborator").await;
    for body in [
        json!({ "ID": "1", "Name": "Acme & Co", "Count": 10, "Due": "2020-01-31", "Plan": "Free", "Urgent?": true, "Assigned To": ANN }),
        json!({ "ID": "2", "Name": "acme & co", "Count": "10.0", "Amount": 5, "Tags": ["one", "two, three"], "Stage": "Review" }),
        json!({ "ID": "3", "Plan": "Pro", "Tags": ["one"], "Stage": "Done", "Owner": ANN, "Email": "a@example.com", "Notes": "a long text" }),
        json!({ "ID": "4", "Name": "x".repeat(5000), "Count": -10, "Phone": "+442079460958", "Site": "https://a.example/" }),
    ] {
        review.task(body).await;
    }
    review
}

#[tokio::test]
async fn columns_are_joined_with_and_values_with_or() {
    let review = some_tasks().await;
    let long = format!("Name={}", "x".repeat(5000));
    for (query, found) in [
        ("", &["1", "2", "3", "4"][..]),
        ("?ID=2", &["2"]),
        ("Name=Acme+%26+Co", &["1"]),
        ("Name=Acme%20%26%20Co&Name=acme %26 co".replace(' ', "+").as_str(), &["1", "2"]),
        (long.as_str(), &["4"]),
        ("Name=x", &[]),
        ("Name=", &["3"]),
        ("Count=10", &["1", "2"]),
        ("Count=10.00", &["1", "2"]),
        ("Count=1e1", &["1", "2"]),
        ("Count=&Count=-10", &["3", "4"]),
        ("Amount=5.00", &["2"]),
        ("Due=2020-01-31", &["1"]),
        ("Notes=a+long+text", &["3"]),
        ("Notes=", &["1", "2", "4"]),
        ("Plan=Free&Plan=Pro", &["1", "3"]),
        ("Plan=", &["2", "4"]),
        ("Tags=one", &["2", "3"]),
        ("Tags=two,+three", &["2"]),
        ("Tags=", &["1", "4"]),
        ("Urgent%3F=true", &["1"]),
        ("Urgent%3F=false", &["2", "3", "4"]),
        ("Owner=ANN%40hogwarts.edu", &["3"]),
        ("Email=a%40example.com", &["3"]),
        ("Phone=%2B442079460958", &["4"]),
        ("Stage=Open", &["1", "4"]),
        ("Stage=Review&Stage=Done", &["2", "3"]),
        ("Assigned+To=ann%40hogwarts.edu", &["1"]),
        ("Assigned+To=", &["2", "3", "4"]),
        ("Stage=Open&Assigned+To=&Count=-10", &["4"]),
        ("Stage=Open&Plan=Pro", &[]),
    ] {
        for (path, all) in [("/tasks", true), ("/tasks/active", false)] {
            let query = query.trim_start_matches('?');
            let listed = review.send(get(review.at(&format!("{path}?{query}")))).await.expect(200).json();
            let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|task| task["ID"].as_str().unwrap()).collect();
            let expected: Vec<&str> = found.iter().copied().filter(|id| all || *id != "3").collect();
            assert_eq!(ids, expected, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_filtered_is_refused() {
    let review = some_tasks().await;
    for (query, errors) in [
        ("Foo=1", json!({ "Foo": ["is not a field"] })),
        ("name=x", json!({ "name": ["is not a field"] })),
        ("Foo=1&Bar=2&Name=x", json!({ "Foo": ["is not a field"], "Bar": ["is not a field"] })),
        ("Stage=Nowhere", json!({ "Stage": ["is not a stage"] })),
        ("Stage=", json!({ "Stage": ["is not a stage"] })),
        ("Assigned+To=x%40y.zz", json!({ "Assigned To": ["is not a user of this workspace"] })),
        ("Count=ten", json!({ "Count": ["is invalid"] })),
        ("Due=today", json!({ "Due": ["is invalid"] })),
        ("Urgent%3F=1", json!({ "Urgent?": ["is invalid"] })),
        ("Plan=Gold", json!({ "Plan": ["is not an option"] })),
        ("Seen+at=2020-01-31T10:00:00Z", json!({ "Seen at": ["is invalid"] })),
        ("Created+On=2020-01-31", json!({ "Created On": ["is not a field"] })),
    ] {
        let told: Json = json!({ "errors": errors });
        review.server.check(get(review.at(&format!("/tasks?{query}"))), 422, told).await;
    }
    let limited = review.role_key("Limited").await;
    let told = json!({ "errors": { "Amount": ["is not a field"] } });
    review.server.check(get(review.at("/tasks?Amount=5")).by(&limited), 422, told).await;
}
