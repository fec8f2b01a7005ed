//! `GET .../tasks/<t>/activity`: who did what, through what, and what changed, with today's names.

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{delete, get, post, put};

const PATH: &str = "/tasks/1/activity";

async fn rows(review: &Review) -> Vec<Json> {
    review.send(get(review.at(&format!("{PATH}?_limit=200")))).await.expect(200).json().as_array().expect("rows").clone()
}

#[tokio::test]
async fn each_change_is_a_row_with_its_keys_in_order() {
    let review = Review::working().await;
    let made = review.send(post(review.at("/tasks"), json!({ "ID": "1", "Plan": "Pro", "Amount": 5 })).with("x-request-id", "r1")).await;
    let task = made.expect(201).string("Task URL").rsplit('/').next().unwrap().to_owned();
    let id = review.send(review.take("Take", "1", Some("albus@hogwarts.edu")).with("x-request-id", "r2")).await.expect(202).string("id");
    review.finished(&id).await;
    review.send(post(review.at("/tasks/1/comments"), json!({ "body": "hi" }))).await.expect(201);
    let rows = rows(&review).await;
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["task.created", "execution.started", "task.updated", "execution.finished", "comment.added"]);

    let first = &rows[0];
    let expected = json!({
        "sequence": first["sequence"], "at": first["at"],
        "actor": { "type": "api_key", "id": first["actor"]["id"], "name": "First key" },
        "request_id": "r1", "task": task, "execution": null, "kind": "task.created", "before": null,
        "after": { "Stage": "Open", "Assigned To": null, "ID": "1", "Amount": "5.00", "Plan": "Pro" }
    });
    assert_eq!(first.to_string(), expected.to_string());
    let user = json!({ "type": "user", "id": rows[1]["actor"]["id"], "name": "albus@hogwarts.edu" });
    let of_execution = [
        (1, json!(null), json!({ "action": "Take" })),
        (2, json!({ "Assigned To": null }), json!({ "Assigned To": "albus@hogwarts.edu" })),
        (3, json!(null), json!({ "action": "Take", "status": "Success" })),
    ];
    for (index, before, after) in of_execution {
        let row = &rows[index];
        assert_eq!([&row["before"], &row["after"]], [&before, &after]);
        assert_eq!((&row["actor"], &row["execution"], &row["request_id"]), (&user, &json!(id), &json!("r2")));
    }
    assert_eq!(rows[4]["after"]["body"], "hi");
    // Sealed in order, in the commit itself on this store.
    let sequences: Vec<i64> = rows.iter().map(|row| row["sequence"].as_i64().expect("sealed")).collect();
    assert!(sequences.is_sorted_by(|one, next| one < next), "{sequences:?}");
}

#[tokio::test]
async fn names_are_todays_and_what_is_gone_goes_by_its_id() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Plan": "Pro", "Site": "https://a.example/", "Stage": "Rejected" })).await;
    review.send(put(review.at("/tasks/1"), json!({ "Plan": "Free", "Site": null, "Stage": "Open" }))).await.expect(200);
    let path = review.at("/definition");
    let mut document = review.send(get(path.clone())).await.expect(200).json();
    let (mut site, mut pro, mut rejected) = (Json::Null, Json::Null, Json::Null);
    document["fields"].as_array_mut().unwrap().retain_mut(|field| {
        if field["name"] == "Plan" {
            field["name"] = "Tier".into();
            pro = field["options"].as_array_mut().unwrap().remove(1)["id"].clone();
        }
        if field["name"] == "Site" {
            site = field["id"].clone();
        }
        field["name"] != "Site"
    });
    document["stages"].as_array_mut().unwrap().retain(|stage| {
        if stage["name"] == "Rejected" {
            rejected = stage["id"].clone();
        }
        stage["name"] != "Rejected"
    });
    document["actions"] = json!([]);
    document["roles"].as_array_mut().unwrap().retain(|role| role["name"] != "Limited" && role["name"] != "Reader");
    review.send(put(path, &document)).await.expect(200);
    let rows = rows(&review).await;
    let site = site.as_str().unwrap();
    assert_eq!(rows[1]["before"], json!({ "Stage": rejected, "Tier": pro, site: "https://a.example/" }));
    assert_eq!(rows[1]["after"], json!({ "Stage": "Open", "Tier": "Free", site: null }));
}

#[tokio::test]
async fn ticks_and_own_items_are_rows_too() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let body = json!({ "title": "Call", "Stage": "Open", "Assigned To": "albus@hogwarts.edu" });
    let item = review.send(post(review.at("/tasks/1/checklist_items"), body)).await.expect(201).string("id");
    review.send(delete(review.at(&format!("/tasks/1/checklist_items/{item}")))).await.expect(204);
    let rows = rows(&review).await;
    let shown = json!({ "id": item, "title": "Call", "status": "Blank", "Assigned To": "albus@hogwarts.edu", "Stage": "Open" });
    assert_eq!((&rows[1]["kind"], &rows[1]["before"], &rows[1]["after"]), (&json!("checklist.updated"), &json!(null), &shown));
    assert_eq!((&rows[2]["before"], &rows[2]["after"]), (&shown, &json!(null)));
}

#[tokio::test]
async fn hidden_fields_do_not_show() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Amount": 5, "Notes": "x" })).await;
    let limited = review.role_key("Limited").await;
    let rows = review.send(get(review.at(PATH)).by(&limited)).await.expect(200).json();
    assert_eq!(rows[0]["after"], json!({ "Stage": "Open", "Assigned To": null, "ID": "1", "Notes": "x" }));
}

#[tokio::test]
async fn pages_are_linked_and_together_are_the_whole() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    for number in 0..12 {
        review.send(put(review.at("/tasks/1"), json!({ "Count": number }))).await.expect(200);
        review.send(post(review.at("/tasks/1/comments"), json!({ "body": number.to_string() }))).await.expect(201);
    }
    let all = rows(&review).await;
    assert_eq!(review.history("1", 10).await, (all.clone(), vec![10, 10, 5]));
    assert_eq!(review.history("1", 25).await.1, [25], "no link to an empty page");
    assert_eq!(all.len(), 25);
    let default = review.send(get(review.at(PATH))).await.expect(200);
    assert_eq!((default.json().as_array().map(Vec::len), default.header("link")), (Some(25), None));
}
