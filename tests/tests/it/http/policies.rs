//! The route table says what a key must be allowed; every endpoint is held to its line.

use axum::body::Bytes;
use axum::http::HeaderMap;
use baton_api::{Policy, ROUTES};
use baton_engine::KeyScope;
use baton_engine::commands::api_keys::{self, NewKey};
use serde_json::json;

use super::ids::Ids;
use super::server::{Call, Reply, Server, post};

struct Place {
    server: Server,
    ids: Ids,
}

impl Place {
    async fn start() -> Place {
        let server = Server::start().await;
        let ids = Ids::made_by(&server, &server.key).await;
        Place { server, ids }
    }

    async fn send(&self, call: Call) -> Reply {
        self.server.send(call).await
    }
}

/// Every kind of a key that is none, by what it is told.
async fn strangers(server: &Server) -> Vec<(&'static str, String)> {
    let (id, revoked) = server.key(KeyScope::default()).await;
    server.engine.write(server.operator(), move |cx| api_keys::revoke(cx, &id.to_string())).await.expect("revoked");
    let new = NewKey { name: "Old".to_owned(), scope: KeyScope::default(), expires_at: Some(server.engine.now()), created_by: None };
    let expired = server.engine.write(server.operator(), move |cx| api_keys::create(cx, &new)).await.expect("a key").secret;
    let unknown = Server::start().await.key.clone();
    vec![
        ("missing", String::new()),
        ("malformed", format!("Bearer {}x", server.key)),
        ("unknown", format!("Bearer {unknown}")),
        ("revoked", format!("Bearer {revoked}")),
        ("expired", format!("Bearer {expired}")),
    ]
}

#[tokio::test]
async fn a_stranger_meets_only_what_is_open() {
    let place = Place::start().await;
    for (kind, authorization) in strangers(&place.server).await {
        for route in ROUTES {
            let reply = place.send(place.ids.call(route).with("authorization", &authorization)).await;
            let told = format!("{kind}: {} {}: {}", route.method, route.path, reply.text());
            let open = route.policy == Policy::Open;
            assert_eq!(reply.status, if open { 200 } else { 401 }, "{told}");
            assert!(open || reply.text().contains(kind), "{told}");
            assert_eq!(reply.header("www-authenticate"), (!open).then_some("Bearer"), "{told}");
        }
    }
}

#[tokio::test]
async fn a_read_only_key_reads_all_and_changes_nothing() {
    let place = Place::start().await;
    let (_, key) = place.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    for route in ROUTES {
        let reply = place.send(place.ids.call(route).by(&key)).await;
        let expected = match route.policy {
            Policy::Open | Policy::Read | Policy::Inspect => 200,
            Policy::Write | Policy::Administer => 403,
        };
        assert_eq!(reply.status, expected, "{} {}: {}", route.method, route.path, reply.text());
    }
}

/// What its role allows goes exactly as for a full key.
#[tokio::test]
async fn a_key_of_a_lesser_role_administers_nothing() {
    for route in ROUTES {
        let (full, lesser) = (Place::start().await, Place::start().await);
        let key = lesser.server.key(KeyScope { role: Some("Collaborator".to_owned()), ..KeyScope::default() }).await.1;
        let expected = full.send(full.ids.call(route)).await;
        let reply = lesser.send(lesser.ids.call(route).by(&key)).await;
        let narrow = matches!(route.policy, Policy::Inspect | Policy::Administer);
        let deletes = route.method == "DELETE" && route.path.ends_with("/tasks/{task}");
        let refused = narrow || deletes || route.path.contains("/imports");
        let status = if refused { 403 } else { expected.status.as_u16() };
        assert_eq!(reply.status, status, "{} {}: {} {}", route.method, route.path, reply.text(), expected.text());
        assert!(expected.status.as_u16() < 500, "{} {}: {}", route.method, route.path, expected.text());
    }
}

#[tokio::test]
async fn for_a_key_of_other_workflows_this_one_does_not_exist() {
    let place = Place::start().await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let other = place.send(other).await.expect(201).string("id");
    let scope = KeyScope { workflows: Some(vec![other.parse().expect("an id")]), ..KeyScope::default() };
    let (_, key) = place.server.key(scope).await;
    for route in ROUTES.iter().filter(|route| route.path.contains("{workflow}")) {
        let reply = place.send(place.ids.call(route).by(&key)).await;
        let told = json!({ "errors": ["Workflow not found"] }).to_string();
        assert_eq!((reply.status.as_u16(), reply.text()), (404, told.as_str()), "{} {}", route.method, route.path);
    }
}

/// What is compared of two answers: all of them but the id of the request.
pub fn whole(mut reply: Reply) -> (u16, HeaderMap, Bytes) {
    reply.headers.remove("x-request-id");
    (reply.status.as_u16(), reply.headers, reply.body)
}

/// Whoever has ids of another workspace learns from no answer that there is anything behind them.
#[tokio::test]
async fn another_workspaces_ids_are_exactly_like_unknown_ones() {
    let Place { server, ids: foreign } = Place::start().await;
    let key = server.new_workspace(server.engine.fresh_id(), "Beauxbatons", "olympe@beauxbatons.edu").await;
    let own = Ids::made_by(&server, &key).await;
    let unknown = server.engine.fresh_id().to_string();
    let pair = async |theirs: Call, nobodys: Call| (server.send(theirs.by(&key)).await, server.send(nobodys.by(&key)).await);

    for route in ROUTES {
        for (part, id) in foreign.0.iter().filter(|(part, _)| route.path.contains(&format!("{{{part}}}"))) {
            let (theirs, nobodys) = pair(own.with(part, id).call(route), own.with(part, &unknown).call(route)).await;
            let told = format!("{} {} {part}: {}", route.method, route.path, nobodys.text());
            assert!([404, 422].contains(&nobodys.status.as_u16()), "{told}");
            assert_eq!(whole(theirs), whole(nobodys), "{told}");
        }
    }
    // In a body they are named as well.
    let take = |ids: Ids| post(own.at("/executions"), json!({ "task_id": ids.0["task"], "action_id": ids.0["action"] }));
    for part in ["task", "action"] {
        let (theirs, nobodys) = pair(take(own.with(part, &foreign.0[part])), take(own.with(part, &unknown))).await;
        assert_eq!(nobodys.status, 422, "{}", nobodys.text());
        assert_eq!(whole(theirs), whole(nobodys), "{part}");
    }
}
