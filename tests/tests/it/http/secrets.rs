//! Secrets: set, listed and deleted, and never shown.

use baton_engine::KeyScope;
use serde_json::{Value as Json, json};

use super::review::text;
use super::server::{Server, delete, get, post, put};

const LONGEST: usize = 64 * 1024;

async fn names(server: &Server) -> Vec<String> {
    let listed = server.send(get("/secrets")).await.expect(200).json();
    listed.as_array().expect("a list").iter().map(|secret| text(&secret["name"])).collect()
}

#[tokio::test]
async fn a_secret_is_new_then_changed_then_gone() {
    let server = Server::start().await;
    server.check(get("/secrets"), 200, json!([])).await;
    let set = async |status: u16| server.send(put("/secrets/CRM_TOKEN", json!({ "value": "geheim" }))).await.expect(status);
    let new = set(201).await;
    let keys: Vec<String> = new.json().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["name", "created_at", "updated_at"]);
    assert_eq!(new.string("created_at"), new.string("updated_at"));
    let changed = set(200).await;
    assert_eq!(changed.string("created_at"), new.string("created_at"));
    assert!(changed.string("updated_at") >= new.string("updated_at"));
    server.send(put("/secrets/_a1", json!({ "value": "x" }))).await.expect(201);
    server.check(get("/secrets/CRM_TOKEN"), 405, json!({ "errors": ["GET is not allowed here; allowed is PUT, DELETE, OPTIONS"] })).await;

    let listed = server.send(get("/secrets")).await.expect(200);
    assert_eq!(listed.json()[0], changed.json());
    assert_eq!(names(&server).await, ["CRM_TOKEN", "_a1"]);
    assert_eq!(server.send(delete("/secrets/CRM_TOKEN")).await.expect(204).text(), "");
    for gone in ["CRM_TOKEN", "never", "1"] {
        server.refuses(delete(format!("/secrets/{gone}")), 404, &["Secret not found"]).await;
    }
    assert_eq!(names(&server).await, ["_a1"]);
}

#[tokio::test]
async fn what_does_not_fit_is_told_without_the_value() {
    let server = Server::start().await;
    let refuses = async |name: &str, body: Json, errors: Json| {
        server.check(put(format!("/secrets/{name}"), body), 422, json!({ "errors": errors })).await;
    };
    let allowed = "a letter or _, then letters, digits and _, 100 characters at most";
    let long = "a".repeat(101);
    for name in ["1a", "a-b", "%20a", "%C3%A4", &long] {
        let decoded = name.replace("%20", " ").replace("%C3%A4", "ä");
        refuses(name, json!({ "value": "x" }), json!({ "name": [format!("name is {decoded:?}; allowed is {allowed}")] })).await;
    }
    for value in [String::new(), "geheim\n".to_owned(), "ge\theim".to_owned(), "x".repeat(LONGEST + 1)] {
        refuses("a", json!({ "value": value }), json!({ "value": ["must be 1 to 65536 bytes of text without control characters"] })).await;
    }
    for (body, told) in [(json!({}), "is required"), (json!({ "value": null }), "is required"), (json!({ "value": 5 }), "is invalid")] {
        refuses("a", body, json!({ "value": [told] })).await;
    }
    refuses("a", json!({ "value": "x", "name": "a" }), json!(["name is not a parameter"])).await;
    assert_eq!(names(&server).await, [""; 0]);

    server.send(put(format!("/secrets/{}", &long[1..]), json!({ "value": "ä".repeat(LONGEST / 2) }))).await.expect(201);
}

#[tokio::test]
async fn only_a_key_with_all_rights_has_a_say() {
    let server = Server::start().await;
    server.send(put("/secrets/a", json!({ "value": "x" }))).await.expect(201);
    let made = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let workflow = server.send(made).await.expect(201).string("id").parse().expect("an id");
    let lacks = "API key may not administer secrets";
    for (scope, told) in [
        (KeyScope { read_only: true, ..KeyScope::default() }, "API key is read-only"),
        (KeyScope { workflows: Some(vec![workflow]), ..KeyScope::default() }, lacks),
        (KeyScope { role: Some("Administrator".to_owned()), ..KeyScope::default() }, lacks),
    ] {
        let (_, key) = server.key(scope).await;
        for call in [get("/secrets"), put("/secrets/a", json!({ "value": "y" })), delete("/secrets/a"), delete("/secrets/none")] {
            server.refuses(call.by(&key), 403, &[told]).await;
        }
    }
    assert_eq!(names(&server).await, ["a"]);
}

#[tokio::test]
async fn a_workspace_sees_only_its_own() {
    let server = Server::start().await;
    server.send(put("/secrets/a", json!({ "value": "x" }))).await.expect(201);
    let other = server.new_workspace(server.engine.fresh_id(), "Beauxbatons", "olympe@beauxbatons.edu").await;
    server.check(get("/secrets").by(&other), 200, json!([])).await;
    server.refuses(delete("/secrets/a").by(&other), 404, &["Secret not found"]).await;
    server.send(put("/secrets/a", json!({ "value": "y" })).by(&other)).await.expect(201);
    assert_eq!(names(&server).await, ["a"]);
}

#[tokio::test]
async fn a_definition_that_names_what_is_not_there_warns() {
    let server = Server::start().await;
    server.send(put("/secrets/there", json!({ "value": "x" }))).await.expect(201);
    let call = |auth: Json| json!({ "do": "api_call", "url": "https://crm.example/", "auth": auth });
    let document = json!({ "name": "Calls", "stages": [{ "name": "Open" }], "actions": [{ "name": "Call", "from": ["Open"], "steps": [
        call(json!({ "bearer": "secret:there" })),
        call(json!({ "bearer": "secret:a" })),
        call(json!({ "basic": { "user": "u", "password": "secret:b" } })),
        call(json!({ "header": { "name": "X-Key", "value": "secret:c" } })),
        call(json!({ "hmac": { "secret": "secret:d" } })),
        { "do": "api_call", "url": "https://crm.example/" },
    ] }] });
    let warning = |step: usize, rest: &str, name: &str| {
        let message = format!("secret {name} does not exist; the step fails until it does");
        json!({ "path": format!("actions[0].steps[{step}].auth.{rest}"), "message": message })
    };
    let mut expected =
        vec![warning(1, "bearer", "a"), warning(2, "basic.password", "b"), warning(3, "header.value", "c"), warning(4, "hmac.secret", "d")];
    let made = server.send(post("/workflows", document.clone())).await.expect(201);
    assert_eq!(made.json()["warnings"], json!(expected));

    // It is looked at each time.
    server.send(put("/secrets/a", json!({ "value": "x" }))).await.expect(201);
    expected.remove(0);
    let path = format!("/workflows/{}/definition", made.string("id"));
    for again in [put(path.as_str(), &document), put(format!("{path}?_revision=1"), "").with("content-type", "")] {
        assert_eq!(server.send(again).await.expect(200).json()["warnings"], json!(expected));
    }
}

/// Otherwise it would have any secret sent to where it likes.
#[tokio::test]
async fn a_key_of_some_workflows_may_not_change_what_carries_a_secret() {
    let server = Server::start().await;
    let call = |url: &str, auth: Json| {
        let step = json!({ "do": "api_call", "url": url, "auth": auth });
        json!({ "name": "Calls", "stages": [{ "name": "Open" }], "actions": [{ "name": "Go", "from": ["Open"], "steps": [step] }] })
    };
    let first = call("https://a.example/", json!({ "bearer": "secret:A" }));
    let workflow = server.send(post("/workflows", first)).await.expect(201).string("id");
    let narrow = KeyScope { workflows: Some(vec![workflow.parse().expect("an id")]), ..KeyScope::default() };
    let (_, key) = server.key(narrow).await;
    let save = |document: Json| put(format!("/workflows/{workflow}/definition"), document);
    for other in [
        call("https://b.example/", json!({ "bearer": "secret:A" })),
        call("https://a.example/", json!({ "bearer": "secret:B" })),
        call("https://a.example/", json!({ "basic": { "user": "a", "password": "secret:A" } })),
    ] {
        let told = "API key may not change calls that carry secrets of the workspace";
        server.refuses(save(other).by(&key), 403, &[told]).await;
    }
    // By the ids of its parts, so that the step stays the one that it was.
    let mut current = server.send(get(format!("/workflows/{workflow}/definition"))).await.expect(200).json();
    current["actions"][0]["name"] = "Call".into();
    server.send(save(current).by(&key)).await.expect(200);
}
