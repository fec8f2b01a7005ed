//! What a role may do is what its definition says: every route is asked by each role, and what comes of it follows from the route's
//! policy and the role's declared rights. What is refused, foreseen or explained has changed nothing.

use std::sync::Arc;

use axum::http::Method;
use baton_api::{Policy, ROUTES, Route};
use baton_engine::KeyScope;
use baton_engine::env::SystemClock;
use baton_store::{Options, Place, Store};
use serde_json::{Value as Json, json};

use super::ids::Ids;
use super::review::{REVIEW, Review, failed};
use super::server::{Call, Reply, Server, get, loopback, post, put};
use super::watch::contents;

/// Beside the roles of [`REVIEW`], and those that every workflow has.
const ROLES: &str = r"
  - { name: Deletes, tasks: { delete: true } }
  - { name: Creates nothing, tasks: { create: false } }
  - { name: Imports, tasks: { import: true } }
  - { name: Imports and creates nothing, tasks: { import: true, create: false } }
  - { name: Edits nothing, tasks: { edit: false } }
  - { name: Assigns nobody, assigning: nobody }
  - { name: Assigns itself, assigning: self }
  - { name: Moves by hand, moving: by_hand }
  - { name: Takes nothing, actions: [] }
  - { name: Rejects, actions: [Reject] }
  - { name: Hides Name, fields: { Name: hidden } }
  - { name: Reads Name, fields: { Name: read_only } }
";
const ALBUS: &str = "albus@hogwarts.edu";

/// A role as the definition declares it.
struct Role(Json);

impl Role {
    fn is_admin(&self) -> bool {
        self.0["admin"] == true
    }

    fn sees_tasks(&self) -> bool {
        self.is_admin() || self.0["visibility"] != "assigned"
    }

    /// `create`, `edit`, `delete` or `import`; what is left out is as a Collaborator has it.
    fn may(&self, right: &str) -> bool {
        self.is_admin() || self.0["tasks"][right].as_bool().unwrap_or(!["delete", "import"].contains(&right))
    }

    /// A key is nobody, and so has no self to assign to.
    fn may_assign(&self) -> bool {
        self.is_admin() || matches!(self.0["assigning"].as_str(), None | Some("anyone"))
    }

    fn may_move(&self) -> bool {
        self.is_admin() || self.0["moving"] == "by_hand"
    }

    fn may_take(&self, action: &str) -> bool {
        self.is_admin() || self.0["actions"].as_array().is_none_or(|named| named.iter().any(|name| name == action))
    }

    fn may_write(&self, field: &str) -> bool {
        self.is_admin() || matches!(self.0["fields"][field].as_str(), None | Some("editable"))
    }
}

/// What something asks of a role.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// To see the task, which else is not found.
    Task(u16),
    /// The same of a person.
    People,
    /// `create`, `edit`, `delete`, `import`.
    Right(&'static str),
    Assigning,
    Moving,
    Field(&'static str),
    /// To set it along with an action that does not ask for it.
    Along(&'static str),
    Action(&'static str),
    Administrator,
    /// What is the workspace's is for no key that is narrowed to a role of its workflows.
    NoRole,
}

impl Needs {
    /// The status that is told where it is not there.
    fn lacked_by(self, role: &Role) -> Option<u16> {
        let (has, status) = match self {
            Needs::Task(status) => (role.sees_tasks(), status),
            Needs::People => (role.sees_tasks(), 404),
            Needs::Right(right) => (role.may(right), 403),
            Needs::Assigning => (role.may_assign(), 422),
            Needs::Moving => (role.may_move(), 422),
            Needs::Field(field) => (role.may_write(field), 422),
            Needs::Along(field) => (role.may("edit") && role.may_write(field), 422),
            Needs::Action(action) => (role.may_take(action), 403),
            Needs::Administrator => (role.is_admin(), 403),
            Needs::NoRole => (false, 403),
        };
        (!has).then_some(status)
    }
}

/// A call of a route, what it needs in the order in which it is looked at, and the status where all of it is there.
struct Asked {
    call: Call,
    needs: Vec<Needs>,
    status: u16,
    changes: bool,
}

/// All that is asked of a route. One that is new says here what it needs.
fn asked(route: &Route, ids: &Ids, action: &dyn Fn(&str) -> String) -> Vec<Asked> {
    use Needs::{Action, Administrator, Along, Assigning, Field, Moving, NoRole, People, Right, Task};

    let (call, changes) = (ids.call(route), route.method != Method::GET);
    let one = |needs: Vec<Needs>, status: u16| vec![Asked { call: call.clone(), needs, status, changes }];
    let body = |body: Json, needs: &[Needs], status: u16| {
        let call = Call { body: body.to_string().into(), ..call.clone() };
        Asked { call, needs: needs.to_vec(), status, changes }
    };
    if matches!(route.policy, Policy::Administer | Policy::Inspect) {
        // What comes of it is for the tests of each.
        return one(vec![if route.path.contains("{workflow}") { Administrator } else { NoRole }], 0);
    }
    if route.policy == Policy::Open {
        return one(vec![], 200);
    }
    let of_task = route.path.split_once("{workflow}").map_or(route.path, |(_, rest)| rest);
    match (route.method.as_str(), of_task) {
        ("GET", "/api/v1/workspace" | "/api/v1/workflows") => one(vec![], 200),
        ("GET", "/fields" | "/stages" | "/roles" | "/users" | "/tasks" | "/tasks/active" | "/executions") => one(vec![], 200),
        ("GET", "/users/{user}") => one(vec![People], 200),
        ("GET", "/tasks/{task}" | "/tasks/{task}/actions" | "/tasks/{task}/activity") => one(vec![Task(404)], 200),
        ("GET", "/tasks/{task}/checklist_items" | "/tasks/{task}/checklist_items/{item}" | "/tasks/{task}/comments") => {
            one(vec![Task(404)], 200)
        }
        ("GET", "/imports" | "/imports/{import}" | "/imports/{import}/errors") => one(vec![Right("import")], 200),
        ("POST", "/imports") => {
            let file = |body: &str, needs: &[Needs]| {
                let call = Call { body: body.to_owned().into(), ..call.clone() };
                Asked { call, needs: needs.to_vec(), status: 202, changes }
            };
            // What else a row needs is told with the row.
            vec![
                file("Notes\nx\n", &[Right("import"), Right("create")]),
                // By its Unique ID it may be there.
                file("ID,Count\nnamed,1\n", &[Right("import")]),
            ]
        }
        ("POST", "/imports/{import}/cancel") => one(vec![Right("import")], 200),
        ("GET", "/executions/{execution}") => one(vec![Task(404)], 200),
        ("POST", "/tasks") => vec![
            body(json!({ "ID": "new" }), &[Right("create")], 201),
            body(json!({ "ID": "named", "Name": "x" }), &[Right("create"), Field("Name")], 201),
            body(json!({ "ID": "moved", "Stage": "Review" }), &[Right("create"), Moving], 201),
            body(json!({ "ID": "given", "Assigned To": ALBUS }), &[Right("create"), Assigning], 201),
            body(json!([{ "ID": "batch" }, { "ID": "b2", "Name": "x" }]), &[Right("create"), Field("Name")], 201),
        ],
        ("PUT", "/tasks") => vec![
            body(json!({ "ID": "1", "Count": 1 }), &[Task(404), Right("edit")], 200),
            body(json!([{ "ID": "1", "Count": 2 }]), &[Task(422), Right("edit")], 200),
            body(json!([{ "ID": "1", "Count": 3, "Name": "y" }]), &[Task(422), Right("edit"), Field("Name")], 200),
        ],
        ("PUT", "/tasks/{task}") => vec![
            body(json!({ "Count": 4 }), &[Task(404), Right("edit")], 200),
            body(json!({ "Name": "z" }), &[Task(404), Right("edit"), Field("Name")], 200),
            body(json!({ "Assigned To": ALBUS }), &[Task(404), Right("edit"), Assigning], 200),
            // Back as it was, or no change.
            body(json!({ "Assigned To": null }), &[Task(404), Right("edit")], 200),
            body(json!({ "Stage": "Review" }), &[Task(404), Right("edit"), Moving], 200),
            body(json!({ "Stage": "Open" }), &[Task(404), Right("edit")], 200),
        ],
        ("DELETE", "/tasks/{task}") => one(vec![Task(404), Right("delete")], 204),
        ("POST", "/executions") => {
            let take = |name: &str| json!({ "task_id": "1", "action_id": action(name) });
            let foreseen = |body: Json, needs: &[Needs]| {
                let call = Call { path: format!("{}?_dry_run=true", call.path), body: body.to_string().into(), ..call.clone() };
                Asked { call, needs: needs.to_vec(), status: 200, changes: false }
            };
            let explained = Call { path: format!("{}?_explain=true", call.path), body: take("Reject").to_string().into(), ..call.clone() };
            let with_name = json!({ "task_id": "1", "action_id": action("Count up"), "fields": { "Name": "w" } });
            vec![
                // What speaks against it is what it tells.
                Asked { call: explained, needs: vec![Task(422)], status: 200, changes: false },
                foreseen(take("Count up"), &[Task(422), Action("Count up")]),
                foreseen(take("Reject"), &[Task(422), Action("Reject")]),
                foreseen(with_name.clone(), &[Task(422), Action("Count up"), Along("Name")]),
                body(take("Count up"), &[Task(422), Action("Count up")], 202),
                body(take("Reject"), &[Task(422), Action("Reject")], 202),
                body(with_name, &[Task(422), Action("Count up"), Along("Name")], 202),
            ]
        }
        // The first is pending; then it has ended, and was no failure of a step.
        ("POST", "/executions/{execution}/cancel") => one(vec![Task(404), Action("Count up")], 200),
        ("POST", "/executions/{execution}/retry") => one(vec![Task(404), Action("Count up")], 202),
        ("POST", "/tasks/{task}/checklist_items") => {
            vec![body(json!({ "title": "t", "Stage": "Open" }), &[Task(404), Right("edit")], 201)]
        }
        ("PUT", "/tasks/{task}/checklist_items/{item}") => {
            vec![body(json!({ "status": "Completed" }), &[Task(404), Right("edit")], 200)]
        }
        ("DELETE", "/tasks/{task}/checklist_items/{item}") => one(vec![Task(404), Right("edit")], 204),
        ("POST", "/tasks/{task}/comments") => vec![body(json!({ "body": "hello" }), &[Task(404)], 201)],
        other => panic!("what does {other:?} need of a role?"),
    }
}

struct World {
    server: Server,
    store: Store,
    ids: Ids,
    definition: Json,
}

impl World {
    async fn start() -> World {
        let store = Store::open(Options::new(Place::Memory)).expect("the store opens");
        let server = Server::over(store.clone(), Arc::new(SystemClock::new()), loopback(None)).await;
        let ids = Ids::of(&format!("{}{ROLES}", REVIEW.trim_end()), &server, &server.key).await;
        let definition = server.send(get(ids.at("/definition"))).await.expect(200).json();
        World { server, store, ids, definition }
    }

    fn action(&self, name: &str) -> String {
        let all = self.definition["actions"].as_array().expect("actions");
        let named = all.iter().find(|action| action["name"] == name).expect("an action of that name");
        named["id"].as_str().expect("an id").to_owned()
    }

    fn asked(&self, route: &Route) -> Vec<Asked> {
        asked(route, &self.ids, &|name| self.action(name))
    }

    /// The answer; it must have changed something, or nothing.
    async fn ask(&self, asked: &Asked, key: &str, status: u16) -> Reply {
        let before = contents(&self.store).await;
        let reply = self.server.send(asked.call.clone().by(key)).await;
        let told = format!("{} {} {:?}: {}", asked.call.method, asked.call.path, asked.call.body, reply.text());
        if status > 0 {
            assert_eq!(reply.status, status, "{told}");
        }
        if !asked.changes || !reply.status.is_success() {
            assert!(contents(&self.store).await == before, "{told}");
        }
        reply
    }
}

/// What is there is asked for first, and what ends something last.
fn routes() -> impl Iterator<Item = &'static Route> {
    let rank = |route: &Route| {
        let kind = ["GET", "PUT", "POST", "DELETE"].iter().position(|method| route.method.as_str() == *method);
        (matches!(route.policy, Policy::Administer), kind, std::cmp::Reverse(route.path.len()))
    };
    let mut routes: Vec<&Route> = ROUTES.iter().collect();
    routes.sort_by_key(|route| rank(route));
    routes.into_iter()
}

#[tokio::test]
async fn each_role_may_do_what_it_declares_and_nothing_else() {
    let names = {
        let world = World::start().await;
        let roles = world.definition["roles"].as_array().expect("roles").clone();
        roles.into_iter().map(|role| role["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        let world = World::start().await;
        let roles = world.definition["roles"].as_array().expect("roles").iter();
        let role = Role(roles.clone().find(|role| role["name"] == name.as_str()).expect("the role").clone());
        let key = world.server.key(KeyScope { role: Some(name.clone()), ..KeyScope::default() }).await.1;
        for route in routes() {
            for asked in world.asked(route) {
                let refused = asked.needs.iter().find_map(|needs| needs.lacked_by(&role));
                let reply = world.ask(&asked, &key, refused.unwrap_or(asked.status)).await;
                assert_ne!((refused, reply.status.as_u16()), (None, 403), "{name}: {} {}", route.method, route.path);
            }
        }
    }
}

/// Whatever it would be allowed otherwise; but it may foresee.
#[tokio::test]
async fn a_read_only_key_changes_nothing_with_bodies_that_are_fit() {
    let world = World::start().await;
    let key = world.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await.1;
    for route in routes().filter(|route| route.policy != Policy::Inspect) {
        for asked in world.asked(route) {
            let may = !asked.changes && route.policy != Policy::Administer;
            world.ask(&asked, &key, if may { 200 } else { 403 }).await;
        }
    }
}

/// As somebody who asks with the wrong key altogether.
#[tokio::test]
async fn other_keys_change_nothing_with_bodies_that_are_fit() {
    let world = World::start().await;
    let other = post("/workflows", json!({ "name": "Other", "stages": [{ "name": "Open" }], "roles": [{ "name": "Ghost" }] }));
    let other = world.server.send(other).await.expect(201).string("id").parse().expect("an id");
    let elsewhere = world.server.key(KeyScope { workflows: Some(vec![other]), ..KeyScope::default() }).await.1;
    let stranger = world.server.new_workspace(world.server.engine.fresh_id(), "Beauxbatons", "olympe@beauxbatons.edu").await;
    let no_role = world.server.key(KeyScope { role: Some("Ghost".to_owned()), ..KeyScope::default() }).await.1;
    for route in routes().filter(|route| route.path.contains("{workflow}")) {
        for asked in world.asked(route) {
            for key in [&elsewhere, &stranger, &no_role] {
                let reply = world.ask(&asked, key, 404).await;
                assert_eq!(reply.text(), r#"{"errors":["Workflow not found"]}"#);
            }
        }
    }
}

/// What was shown to somebody who might is refused once they may not.
#[tokio::test]
async fn a_quote_does_not_outlive_the_right() {
    let review = Review::start().await;
    review.task(json!({ "ID": "1" })).await;
    let user = review.collaborator("ann@hogwarts.edu", "Collaborator").await;
    let limited = review.role_key("Limited").await;
    let full = review.server.key.clone();
    let quoted = async |key: &str, by: Option<&str>| {
        let ask = Call { path: review.at("/executions?_dry_run=true"), ..review.take("Count up", "1", by) };
        let shown = review.send(ask.by(key)).await.expect(200).json();
        post(review.at("/executions"), json!({ "quote": shown["quote"] })).by(key)
    };
    let by_ann = quoted(&full, Some("ann@hogwarts.edu")).await;
    review.send(put(review.at(&format!("/users/{user}")), json!({ "role": "Reader" }))).await.expect(200);
    review.server.check(by_ann.clone(), 403, failed(&["ann@hogwarts.edu may not perform Count up"])).await;
    review.server.check(by_ann.by(&limited), 409, failed(&["The quote is not valid"])).await;

    let by_key = quoted(&limited, None).await;
    let mut definition = review.send(get(review.at("/definition"))).await.expect(200).json();
    let roles = definition["roles"].as_array_mut().expect("roles");
    roles.iter_mut().find(|role| role["name"] == "Limited").expect("the role")["actions"] = json!([]);
    review.send(put(review.at("/definition"), definition)).await.expect(200);
    review.server.check(by_key, 409, failed(&["The workflow has changed since the quote"])).await;
    assert_eq!(review.send(get(review.at("/executions"))).await.json(), json!([]), "nothing was taken");
}

/// Where the workflow closes that way round its requirements, nobody moves a task by hand.
#[tokio::test]
async fn stages_are_moved_by_hand_only_where_that_is_open() {
    for open in [true, false] {
        let review = Review::of(Server::start().await, &format!("stage_by_api: {open}\n{}{ROLES}", REVIEW.trim_end())).await;
        review.task(json!({ "ID": "1" })).await;
        let keys = [
            (review.server.key.clone(), open),
            (review.role_key("Moves by hand").await, open),
            (review.role_key("Collaborator").await, false),
        ];
        for (key, may) in keys {
            for call in [
                put(review.at("/tasks/1"), json!({ "Stage": "Review" })),
                put(review.at("/tasks"), json!([{ "ID": "1", "Stage": "Rejected" }])),
                post(review.at("/tasks"), json!({ "ID": "1", "Stage": "Done" })),
                post(review.at("/tasks"), json!([{ "ID": "1", "Stage": "Review" }, { "ID": "1", "Stage": "Open" }])),
            ] {
                let reply = review.send(call.by(&key)).await;
                assert_eq!(reply.status, if may { 200 } else { 422 }, "{open}: {}", reply.text());
                assert!(may || reply.text().contains("is not editable"), "{}", reply.text());
            }
            let last = review.shown("1", &["Stage"]).await;
            assert_eq!(last, json!(["Open"]), "the last of them has moved it back");
        }
    }
}
