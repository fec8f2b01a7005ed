//! Workflows made, read and changed as documents.

use baton_engine::KeyScope;
use serde_json::{Value as Json, json};

use super::review::{REVIEW, Review};
use super::server::{Call, Reply, Server, get, post, put};

fn yaml(call: Call) -> Call {
    call.with("content-type", "application/yaml")
}

fn small(name: &str) -> Json {
    json!({ "name": name, "stages": [{ "name": "Open" }, { "name": "Done", "end": true }] })
}

/// What was saved, without the warnings.
fn saved(reply: &Reply) -> Json {
    let mut saved = reply.json();
    saved.as_object_mut().expect("an object").shift_remove("warnings");
    saved
}

#[tokio::test]
async fn a_workflow_is_made_from_json_or_yaml() {
    let server = Server::start().await;
    let types = [("application/json", small("A").to_string()), ("application/yaml", "name: B\nstages: [{ name: Open }]".to_owned())];
    for (number, (content_type, document)) in types.into_iter().enumerate() {
        let made = server.send(post("/workflows", document).with("content-type", content_type)).await.expect(201);
        let (id, name) = (made.string("id"), ["A", "B"][number]);
        assert_eq!(made.text(), json!({ "id": id, "name": name, "revision": 1 }).to_string());
        assert_eq!(made.header("etag"), Some("\"1\""));
        assert_eq!(made.header("location"), Some(format!("/api/v1/workflows/{id}/definition").as_str()));
    }
    for yaml_type in ["application/x-yaml", "text/yaml", "text/x-yaml; charset=utf-8"] {
        let call = post("/workflows", format!("name: \"{yaml_type}\"\nstages: [{{ name: Open }}]")).with("content-type", yaml_type);
        server.send(call).await.expect(201);
    }
    let taken = json!({ "errors": { "name": ["has already been taken"] } });
    server.check(post("/workflows", small("a")), 422, taken).await;
}

#[tokio::test]
async fn a_workflow_that_only_has_a_name_can_be_used_at_once() {
    let server = Server::start().await;
    let made = server.send(post("/workflows", json!({ "name": "Bugs", "icon": "🐞" }))).await.expect(201);
    let tasks = format!("/workflows/{}/tasks", made.string("id"));
    let task = server.send(post(&tasks, json!({ "Name": "It is slow" }))).await.expect(201);
    assert_eq!(task.string("Stage"), "Not Started");
    let url = task.string("Task URL");
    let actions = server.send(get(format!("{tasks}/{}/actions", url.rsplit('/').next().unwrap()))).await.expect(200).json();
    assert_eq!(actions[0]["name"], "Start");
}

#[tokio::test]
async fn every_problem_is_told_by_its_path_and_nothing_is_saved() {
    let review = Review::start().await;
    let mut document = small("Other");
    document["fields"] = json!([{ "name": "Email", "type": "email" }, { "name": "Plan", "type": "singleSelct" }]);
    document["actions"] = json!([{ "name": "Go", "from": ["Opne"], "steps": [{ "do": "add_comment", "text": "{{Emial}}" }] }]);
    document["colour"] = json!("red");
    for call in [post("/workflows", &document), put(review.at("/definition"), &document)] {
        let refused = review.send(call).await.expect(422).json();
        let errors = refused["errors"].as_object().expect("errors by path");
        let paths: Vec<&str> = errors.keys().map(String::as_str).collect();
        for path in ["colour", "fields[1].type", "actions[0].from[0]", "actions[0].steps[0].text"] {
            assert!(paths.contains(&path), "{path}: {refused}");
        }
        assert!(errors["actions[0].steps[0].text"][0].as_str().unwrap().contains("did you mean Email?"), "{refused}");
    }
    assert_eq!(review.send(get("/workflows")).await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(review.send(get(review.at("/definition"))).await.header("etag"), Some("\"1\""));
    let told = "body is not valid YAML: ";
    let refused = review.send(yaml(post("/workflows", "name: [x"))).await.expect(400);
    assert!(refused.json()["errors"][0].as_str().unwrap().starts_with(told), "{}", refused.text());
    assert!(refused.text().contains(" at line "), "{}", refused.text());
}

#[tokio::test]
async fn parts_without_effect_are_kept_and_said_so() {
    let server = Server::start().await;
    let mut document = small("W");
    document["actions"] = json!([{ "name": "Tell", "from": ["Open"], "steps": [{ "do": "slack", "channel": "#x", "message": "hi" }] }]);
    let made = server.send(post("/workflows", document)).await.expect(201).json();
    let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "name", "revision", "warnings"]);
    let warning = &made["warnings"][0];
    assert_eq!(warning.as_object().unwrap().keys().collect::<Vec<_>>(), ["path", "message"]);
    assert!(warning["path"].as_str().unwrap().starts_with("actions[0].steps[0]"), "{made}");
    let path = format!("/workflows/{}/definition", made["id"].as_str().unwrap());
    let kept = server.send(get(path.clone())).await.expect(200).json();
    assert_eq!(kept["actions"][0]["steps"][0]["channel"], "#x");

    server.send(put(path.clone(), small("W"))).await.expect(200);
    let back = server.send(put(format!("{path}?_revision=1"), "")).await.expect(200).json();
    assert_eq!((&back["revision"], &back["warnings"]), (&json!(3), &made["warnings"]), "going back warns as well");
}

#[tokio::test]
async fn a_definition_comes_as_json_or_yaml_and_goes_back_unchanged() {
    let review = Review::start().await;
    let path = review.at("/definition");
    let json_ = review.send(get(path.clone())).await.expect(200);
    assert_eq!((json_.header("content-type"), json_.header("vary")), (Some("application/json"), Some("accept")));
    let yaml_ = review.send(get(path.clone()).with("accept", "application/yaml")).await.expect(200);
    assert_eq!((yaml_.header("content-type"), yaml_.header("etag")), (Some("application/yaml"), Some("\"1\"")));
    // The document it was made from has no ids; parts are matched by name.
    for call in [put(path.clone(), json_.text()), yaml(put(path.clone(), yaml_.text())), yaml(put(path, REVIEW))] {
        let same = json!({ "id": review.workflow, "name": "Review", "revision": 1 });
        assert_eq!(saved(&review.send(call).await.expect(200)), same);
    }
}

#[tokio::test]
async fn every_save_is_a_revision_and_one_can_go_back() {
    let review = Review::start().await;
    let path = review.at("/definition");
    let mut document = review.send(get(path.clone())).await.expect(200).json();
    let first = document.clone();
    document["actions"][0]["name"] = "Accept".into();
    document["name"] = "Reviews".into();
    let changed = review.send(put(path.clone(), &document)).await.expect(200);
    assert_eq!(saved(&changed), json!({ "id": review.workflow, "name": "Reviews", "revision": 2 }));
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let renamed = review.send(get(path.clone())).await.expect(200).json();
    let reference = &renamed["actions"][3]["requirements"][0]["not"][0];
    assert_eq!(*reference, json!({ "action": "Accept" }), "references follow a rename");
    review.server.check(get("/workflows"), 200, json!([{ "id": review.workflow, "name": "Reviews" }])).await;
    review.task(json!({ "ID": "1" })).await;
    let listed = review.send(get(review.at("/tasks/1/actions"))).await.expect(200).json();
    assert_eq!(listed[0], json!({ "id": review.action("Approve"), "name": "Accept" }), "a rename keeps the id");

    let back = review.send(put(format!("{path}?_revision=1"), "").with("content-type", "")).await.expect(200);
    assert_eq!(saved(&back), json!({ "id": review.workflow, "name": "Review", "revision": 3 }));
    let now = review.send(get(path.clone())).await.expect(200).json();
    assert!(now == first, "the document of revision 1 again");
    let second = review.send(get(format!("{path}?_revision=2"))).await.expect(200);
    assert!(second.json() == renamed && second.header("etag") == Some("\"2\""));

    let revisions = review.send(get(review.at("/revisions"))).await.expect(200).json();
    let numbers: Vec<i64> = revisions.as_array().unwrap().iter().map(|row| row["revision"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&revisions[0]), ["revision", "at", "actor"]);
    assert_eq!((&revisions[0]["actor"]["type"], &revisions[0]["actor"]["name"]), (&json!("api_key"), &json!("First key")));

    review.server.refuses(put(format!("{path}?_revision=9"), ""), 404, &["Revision not found"]).await;
    review.server.refuses(put(format!("{path}?_revision=1"), "{}"), 422, &["body must be empty where _revision is given"]).await;
    let told = "_revision is \"0\"; allowed is a whole number from 1 to 9223372036854775807";
    review.server.refuses(put(format!("{path}?_revision=0"), ""), 422, &[told]).await;
}

#[tokio::test]
async fn what_tasks_would_lose_is_not_removed() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1", "Plan": "Pro", "Name": "x", "Stage": "Review" })).await;
    let path = review.at("/definition");
    let document = review.send(get(path.clone())).await.expect(200).json();
    let without = |part: &str, name: &str| {
        let mut changed = document.clone();
        changed[part].as_array_mut().unwrap().retain(|item| item["name"] != name);
        changed["actions"] = json!([]);
        changed["roles"] = json!([]);
        changed
    };
    let mut optionless = without("fields", "");
    let plan = optionless["fields"].as_array_mut().unwrap().iter_mut().find(|field| field["name"] == "Plan").unwrap();
    plan["options"].as_array_mut().unwrap().retain(|option| option["name"] != "Pro" && *option != "Pro");
    for changed in [without("stages", "Review"), without("fields", "Name"), optionless] {
        let refused = review.send(put(path.clone(), &changed)).await.expect(422);
        assert!(refused.text().contains("1 task"), "{}", refused.text());
    }
    for unused in [without("stages", "Rejected"), without("fields", "Site")] {
        review.send(put(path.clone(), &unused)).await.expect(200);
        review.send(put(path.clone(), &document)).await.expect(200);
    }
}

#[tokio::test]
async fn only_full_keys_change_what_a_workflow_is() {
    let review = Review::start().await;
    let change = || [yaml(put(review.at("/definition"), REVIEW)), put(review.at("/definition?_revision=1"), "")];
    let key = |scope: KeyScope| async { review.server.key(scope).await.1 };
    let read_only = key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    let limited = review.role_key("Limited").await;
    let scoped = key(KeyScope { workflows: Some(vec![review.workflow.parse().unwrap()]), ..KeyScope::default() }).await;
    for call in change() {
        review.server.refuses(call.clone().by(&read_only), 403, &["API key is read-only"]).await;
        review.server.refuses(call.clone().by(&limited), 403, &["API key may not change people or the definition"]).await;
        review.send(call.by(&scoped)).await.expect(200);
    }
    for (key, told) in [
        (&read_only, "API key is read-only"),
        (&limited, "API key may not create workflows"),
        (&scoped, "API key may not create workflows"),
    ] {
        review.server.refuses(post("/workflows", small("New")).by(key), 403, &[told]).await;
    }
    for path in ["/definition", "/revisions"] {
        review.send(get(review.at(path)).by(&read_only)).await.expect(200);
    }
}
