//! The collaborators of a workflow.

use serde_json::{Value as Json, json};

use super::review::{Review, text};
use super::server::{delete, get, post, put};

const ANN: &str = "ann@hogwarts.edu";

async fn role_id(review: &Review, name: &str) -> Json {
    let roles = review.send(get(review.at("/roles"))).await.expect(200).json();
    roles.as_array().unwrap().iter().find(|role| role["name"] == name).expect(name)["id"].clone()
}

#[tokio::test]
async fn collaborators_are_listed_with_the_keys_of_the_document() {
    let review = Review::start().await;
    let listed = review.send(get(review.at("/users"))).await.expect(200).json();
    let admin = json!({
        "saml_user_id": null, "role_id": role_id(&review, "Administrator").await, "first_name": "", "email": "albus@hogwarts.edu",
        "last_name": "", "id": listed[0]["id"]
    });
    assert_eq!(listed.to_string(), json!([admin]).to_string(), "who creates a workflow is listed");
    let body = json!({ "email": ANN, "role": "Limited", "first_name": " Ann ", "last_name": "Lee" });
    let made = review.send(post(review.at("/users"), body)).await.expect(201);
    let ann = json!({
        "saml_user_id": null, "role_id": role_id(&review, "Limited").await, "first_name": "Ann", "email": ANN,
        "last_name": "Lee", "id": made.string("id")
    });
    assert_eq!(made.text(), ann.to_string());
    let path = review.at(&format!("/users/{}", made.string("id")));
    assert_eq!(made.header("location"), Some(format!("/api/v1{path}").as_str()));
    review.server.check(get(path), 200, ann.clone()).await;
    review.server.check(get(review.at("/users")), 200, json!([admin, ann])).await;
    let blind = review.role_key("Own tasks").await;
    review.server.check(get(review.at("/users")).by(&blind), 200, json!([])).await;
}

#[tokio::test]
async fn adding_reads_its_body_strictly() {
    let review = Review::start().await;
    review.server.user("gone@hogwarts.edu").await;
    review.server.deactivate("gone@hogwarts.edu").await;
    for (body, told) in [
        (json!({}), json!({ "email": ["is required"] })),
        (json!({ "email": 5, "role": [] }), json!({ "email": ["is invalid"], "role": ["is invalid"] })),
        (json!({ "email": "gone@hogwarts.edu" }), json!({ "email": ["is deactivated; activate the user again first"] })),
        (
            json!({ "email": ANN, "role": "Boss" }),
            json!({ "role": ["role is \"Boss\"; allowed is Administrator, Collaborator, Reader, Limited, Own tasks"] }),
        ),
        (json!({ "email": ANN, "first_name": "a\0b" }), json!({ "first_name": ["is invalid"] })),
        (json!({ "email": ANN, "last_name": "x".repeat(101) }), json!({ "last_name": ["is too long"] })),
        (json!({ "email": "ann" }), json!({ "email": ["email is \"ann\"; allowed is an e-mail address"] })),
    ] {
        review.server.check(post(review.at("/users"), body), 422, json!({ "errors": told })).await;
    }
    review.server.refuses(post(review.at("/users"), json!({ "mail": ANN })), 422, &["mail is not a parameter"]).await;
    // Without a role: Collaborator. Somebody who is a user already is only added.
    review.server.user(ANN).await;
    let made = review.send(post(review.at("/users"), json!({ "email": "Ann@Hogwarts.edu" }))).await.expect(201).json();
    assert_eq!((&made["email"], &made["role_id"]), (&json!(ANN), &role_id(&review, "Collaborator").await));
}

#[tokio::test]
async fn a_role_is_changed() {
    let review = Review::start().await;
    let ann = review.collaborator(ANN, "Limited").await;
    let path = review.at(&format!("/users/{ann}"));
    let changed = review.send(put(path.clone(), json!({ "role": "Reader" }))).await.expect(200).json();
    assert_eq!(changed["role_id"], role_id(&review, "Reader").await);
    review.server.check(put(path.clone(), json!({})), 422, json!({ "errors": { "role": ["is required"] } })).await;
    review.server.check(put(path.clone(), json!({ "role": 1 })), 422, json!({ "errors": { "role": ["is invalid"] } })).await;
    review.server.refuses(put(path, json!({ "role": "Reader", "x": 1 })), 422, &["x is not a parameter"]).await;
    review.server.refuses(put(review.at("/users/zz"), json!({ "role": "Reader" })), 404, &["User not found"]).await;
}

#[tokio::test]
async fn who_leaves_holds_no_active_task() {
    let review = Review::start().await;
    let ann = review.collaborator(ANN, "Collaborator").await;
    for (id, stage) in [("1", "Open"), ("2", "Done")] {
        review.task(json!({ "ID": id, "Stage": stage, "Assigned To": ANN, "Owner": ANN })).await;
    }
    review.send(delete(review.at(&format!("/users/{ann}")))).await.expect(204);
    review.server.refuses(get(review.at(&format!("/users/{ann}"))), 404, &["User not found"]).await;
    assert_eq!(review.shown("1", &["Assigned To", "Owner"]).await, json!([null, ANN]), "person fields keep the value");
    assert_eq!(review.shown("2", &["Assigned To"]).await, json!([ANN]));
    let told = json!({ "errors": { "Assigned To": ["is not a user of this workflow"] } });
    review.server.check(put(review.at("/tasks/1"), json!({ "Assigned To": ANN })), 422, told).await;
}

#[tokio::test]
async fn the_last_listed_administrator_stays() {
    let review = Review::start().await;
    let listed = review.send(get(review.at("/users"))).await.expect(200).json();
    let path = review.at(&format!("/users/{}", text(&listed[0]["id"])));
    let told = ["the last Administrator of a workflow can't be removed"];
    review.server.refuses(delete(path.clone()), 422, &told).await;
    review.server.refuses(put(path.clone(), json!({ "role": "Reader" })), 422, &told).await;
    review.collaborator(ANN, "Administrator").await;
    review.send(delete(path)).await.expect(204);
}

#[tokio::test]
async fn who_is_listed_keeps_the_role_unless_another_is_given() {
    let review = Review::start().await;
    let (administrator, reader) = (role_id(&review, "Administrator").await, role_id(&review, "Reader").await);
    let add = |body: Json| post(review.at("/users"), body);
    let kept = review.send(add(json!({ "email": "albus@hogwarts.edu" }))).await.expect(200).json();
    assert_eq!(kept["role_id"], administrator);
    let last = ["the last Administrator of a workflow can't be removed"];
    review.server.refuses(add(json!({ "email": "albus@hogwarts.edu", "role": "Reader" })), 422, &last).await;

    let ann = review.collaborator(ANN, "Administrator").await;
    let changed = review.send(add(json!({ "email": ANN, "role": "Reader" }))).await.expect(200);
    assert!(changed.header("location").is_some_and(|path| path.ends_with(&ann)));
    assert_eq!(changed.json()["role_id"], reader);
    let told = "SELECT before_values, after_values FROM activity WHERE kind = 'collaborator.added' ORDER BY id DESC LIMIT 1";
    let read = |row: &dyn baton_store::Row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    let row = review.server.engine.read(review.server.operator(), move |cx| Ok(cx.tx.query_one(told, &[], read)?)).await;
    let (before, after) = row.expect("a store").expect("a row");
    let role_in = |text: &str| serde_json::from_str::<Json>(text).expect("JSON")["role"].clone();
    assert_eq!((role_in(&before), role_in(&after)), (administrator, reader));
}

#[tokio::test]
async fn the_role_of_who_is_new_is_the_built_in_one_under_any_name() {
    let review = Review::start().await;
    let path = review.at("/definition");
    let mut definition = review.send(get(path.clone())).await.expect(200).json();
    let roles = definition["roles"].as_array_mut().expect("roles");
    let place = roles.iter().position(|role| role["name"] == "Collaborator").expect("the built-in role");
    roles[place]["name"] = "Member".into();
    review.send(put(path.clone(), &definition)).await.expect(200);
    let made = review.send(post(review.at("/users"), json!({ "email": ANN }))).await.expect(201).json();
    assert_eq!(made["role_id"], role_id(&review, "Member").await);
    review.send(delete(review.at(&format!("/users/{}", text(&made["id"]))))).await.expect(204);

    definition["roles"].as_array_mut().expect("roles").remove(place);
    review.send(put(path, &definition)).await.expect(200);
    let told = json!({ "errors": { "role": ["is required"] } });
    review.server.check(post(review.at("/users"), json!({ "email": ANN })), 422, told).await;
}
