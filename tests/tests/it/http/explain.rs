//! `_explain`: what speaks against an action, of every kind, in the words of the POST.

use serde_json::{Value as Json, json};

use super::review::{Review, failed};
use super::server::{get, post};

async fn explained(review: &Review, action: &str, performed_by: Option<&str>) -> Json {
    let who = performed_by.map(|email| format!("&performed_by={email}")).unwrap_or_default();
    let all = review.send(get(review.at(&format!("/tasks/1/actions?_explain=true{who}")))).await.expect(200).json();
    all.as_array().unwrap().iter().find(|explained| explained["name"] == action).expect("every action is there").clone()
}

fn reason(code: &str, message: &str) -> Json {
    json!({ "code": code, "message": message })
}

#[tokio::test]
async fn every_action_is_listed_with_all_that_speaks_against_it() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let all = review.send(get(review.at("/tasks/1/actions?_explain=true"))).await.expect(200).json();
    let names: Vec<&Json> = all.as_array().unwrap().iter().map(|explained| &explained["name"]).collect();
    assert_eq!(names, ["Approve", "Reject", "Take", "Send back", "Count up", "Own", "Break", "Erase"]);
    let required = json!({ "code": "field_required", "message": "Name is required", "field": "Name" });
    assert_eq!(
        all[0],
        json!({ "id": review.action("Approve"), "name": "Approve", "color": "gray", "available": false, "reasons": [], "errors": [
            required,
            reason("checklist_incomplete", "Checklist must be completed"),
            reason("not_assigned", "Must be assigned"),
            reason("condition", "Name must include honorable prefix"),
        ] })
    );
    let send_back = json!([reason("wrong_stage", "Send back cannot be taken in Open")]);
    assert_eq!((&all[3]["reasons"], &all[3]["available"]), (&send_back, &json!(false)));
    assert_eq!(all[3]["errors"], json!([reason("somebody_else", "Must be done by somebody else")]), "the key has made the task");
    assert_eq!(all[4]["available"], true);
}

#[tokio::test]
async fn a_person_is_told_what_their_role_forbids() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    review.collaborator("ann@example.com", "Limited").await;
    review.collaborator("cy@example.com", "Own tasks").await;
    let told = explained(&review, "Own", Some("ann@example.com")).await;
    assert_eq!(told["reasons"], json!([reason("may_not_perform", "ann@example.com may not perform Own")]));
    assert_eq!(told["errors"], json!([reason("not_assigned_to_you", "Must be assigned to you")]));
    assert_eq!(explained(&review, "Count up", Some("ann@example.com")).await["available"], true);

    let may = review.send(get(review.at("/tasks/1/actions?performed_by=ann@example.com"))).await.expect(200).json();
    assert_eq!(may, json!([{ "id": review.action("Count up"), "name": "Count up" }]));
    for explain in ["", "&_explain=true"] {
        let at = |email: &str| get(review.at(&format!("/tasks/1/actions?performed_by={email}{explain}")));
        review.server.refuses(at("cy@example.com"), 404, &["Task not found"]).await;
        review.server.refuses(at("no@example.com"), 422, &["no@example.com is not a user of this workflow"]).await;
    }
    let hidden = post(review.at("/executions?_explain=true"), review.take("Own", "1", Some("cy@example.com")).json());
    review.server.check(hidden, 422, failed(&["Task not found"])).await;
}

#[tokio::test]
async fn a_read_only_key_may_ask_and_a_key_of_a_role_hears_what_it_lacks() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let scope = baton_engine::KeyScope { read_only: true, ..baton_engine::KeyScope::default() };
    let read_only = review.server.key(scope).await.1;
    let body = review.take("Count up", "1", None).json();
    let shown = review.send(post(review.at("/executions?_explain=true"), body.clone()).by(&read_only)).await.expect(200).json();
    assert_eq!(shown["available"], true);
    assert_eq!(review.send(post(review.at("/executions"), body).by(&read_only)).await.status, 403);

    let limited = review.role_key("Limited").await;
    let shown = review.send(get(review.at("/tasks/1/actions?_explain=true")).by(&limited)).await.expect(200).json();
    assert_eq!(shown[1]["reasons"], json!([reason("key_lacks_right", "API key may not perform Reject")]));
}

/// On each task and by each performer, the POST answers with the first kind that is explained, and nothing else.
#[tokio::test]
async fn what_is_explained_is_what_the_post_answers() {
    let review = Review::start().await;
    review.collaborator("ann@example.com", "Limited").await;
    review.collaborator("bob@example.com", "Collaborator").await;
    let tasks = [
        json!({ "ID": "1" }),
        json!({ "ID": "2", "Name": "Dr. Who", "Assigned To": "bob@example.com" }),
        json!({ "ID": "3", "Name": "Ann", "Stage": "Done" }),
        json!({ "ID": "4", "Name": "Dr. No", "Stage": "Review" }),
    ];
    let mut refused = 0;
    for task in tasks {
        let id = review.task(task).await.string("ID");
        for performed_by in [None, Some("ann@example.com"), Some("bob@example.com")] {
            for action in ["Approve", "Send back", "Own"] {
                for fields in [json!({}), json!({ "Name": "Dr. X" }), json!({ "Email": "foo", "Amount": "1" })] {
                    let mut body = review.take(action, &id, performed_by).json();
                    body["fields"] = fields;
                    let told = review.send(post(review.at("/executions?_explain=true"), body.clone())).await.expect(200).json();
                    let kinds = ["reasons", "errors"].map(|kind| told[kind].as_array().unwrap().clone());
                    if told["available"] == true {
                        continue;
                    }
                    refused += 1;
                    let answer = review.send(post(review.at("/executions"), body)).await;
                    let errors = answer.json()["errors"].clone();
                    let explained: Vec<Json> = kinds.concat().iter().map(|reason| reason["message"].clone()).collect();
                    let errors = errors.as_array().unwrap();
                    assert_eq!(errors[..], explained[..errors.len()], "{action} on {id} by {performed_by:?}");
                }
            }
        }
    }
    assert!(refused > 80, "{refused}");
}
