//! The route table says what a key must be allowed; every endpoint is held to its line.

use baton_api::{Policy, ROUTES, Route};
use baton_engine::KeyScope;
use serde_json::json;

use super::review::{Review, text};
use super::server::{Call, get, post};

struct Place {
    review: Review,
    item: String,
    user: String,
    execution: String,
}

impl Place {
    async fn start() -> Place {
        let review = Review::start().await;
        review.task(json!({ "ID": "1" })).await;
        let own = post(review.at("/tasks/1/checklist_items"), json!({ "title": "x", "Stage": "Open" }));
        let item = review.send(own).await.expect(201).string("id");
        let user = text(&review.send(get(review.at("/users"))).await.expect(200).json()[0]["id"]);
        let execution = review.send(review.take("Count up", "1", None)).await.expect(202).string("id");
        Place { review, item, user, execution }
    }

    /// A call of the route on things that exist; its body is fit only where any is.
    fn call(&self, route: &Route) -> Call {
        let path = route
            .path
            .replace("{workflow}", &self.review.workflow)
            .replace("{task}", "1")
            .replace("{item}", &self.item)
            .replace("{user}", &self.user)
            .replace("{execution}", &self.execution);
        let method = ["GET", "POST", "PUT", "DELETE"].into_iter().find(|method| route.method.as_str() == *method).expect("a method");
        Call { method, ..post(format!("/{path}"), "{}") }
    }
}

#[tokio::test]
async fn a_stranger_meets_only_what_is_open() {
    let place = Place::start().await;
    for route in ROUTES {
        let reply = place.review.send(place.call(route).with("authorization", "")).await;
        let open = route.policy == Policy::Open;
        assert_eq!(reply.status == 401, !open, "{} {}: {}", route.method, route.path, reply.text());
        assert_eq!(reply.header("www-authenticate").is_some(), !open, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_read_only_key_reads_all_and_changes_nothing() {
    let place = Place::start().await;
    let (_, key) = place.review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    for route in ROUTES {
        let reply = place.review.send(place.call(route).by(&key)).await;
        let expected = match route.policy {
            Policy::Open | Policy::Read | Policy::Inspect => 200,
            Policy::Write | Policy::Administer => 403,
        };
        assert_eq!(reply.status, expected, "{} {}: {}", route.method, route.path, reply.text());
    }
}

#[tokio::test]
async fn a_key_of_a_lesser_role_administers_nothing() {
    let place = Place::start().await;
    let key = place.review.role_key("Collaborator").await;
    for route in ROUTES {
        let reply = place.review.send(place.call(route).by(&key)).await;
        let narrow = matches!(route.policy, Policy::Inspect | Policy::Administer);
        let refused = narrow || (route.method == "DELETE" && route.path.ends_with("/tasks/{task}"));
        assert_eq!(reply.status == 403, refused, "{} {}: {}", route.method, route.path, reply.text());
    }
}

#[tokio::test]
async fn for_a_key_of_other_workflows_this_one_does_not_exist() {
    let place = Place::start().await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }] }));
    let other = place.review.send(other).await.expect(201).string("id");
    let scope = KeyScope { workflows: Some(vec![other.parse().expect("an id")]), ..KeyScope::default() };
    let (_, key) = place.review.server.key(scope).await;
    for route in ROUTES.iter().filter(|route| route.path.contains("{workflow}")) {
        let reply = place.review.send(place.call(route).by(&key)).await;
        let told = json!({ "errors": ["Workflow not found"] }).to_string();
        assert_eq!((reply.status.as_u16(), reply.text()), (404, told.as_str()), "{} {}", route.method, route.path);
    }
}
