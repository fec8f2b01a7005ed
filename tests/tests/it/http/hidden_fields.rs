//! A field that a role hides does not exist for it: canaries are planted in one of each type, and every route is walked with every
//! parameter. No canary, no name and no id of such a field stands in any answer, and no answer hangs on what one holds.

use std::collections::HashMap;

use baton_api::{ROUTES, Route};
use serde_json::{Value as Json, json};

use super::contract::{meant, operation};
use super::ids::Ids;
use super::review::{Review, text};
use super::server::{Call, Reply, Server, get, post, put};

const DOCUMENT: &str = include_str!("hidden.yaml");
const ANN: &str = "ann@hogwarts.edu";
const PERSON: &str = "k4n4ry-person@hogwarts.edu";
const PARAMETERS: [&str; 22] = [
    "",
    "_explain=true",
    "_dry_run=true",
    "expand=steps",
    "expand=id",
    "_wait=1",
    "_limit=200",
    "_limit=1",
    "performed_by=ann@hogwarts.edu",
    "_explain=true&performed_by=ann@hogwarts.edu",
    "_sort=Name",
    "_sort=-Created On",
    "_search=Ada",
    "_fields=Name",
    "_count=true",
    "_status=Fail",
    "Stage=Open",
    "Name=Ada",
    "Assigned%20To=",
    "_archived=true",
    "_revision=1",
    "_confirm=Other",
];

fn values() -> Json {
    json!({
        "Hush ID": "k4n4ry-id", "Name": "Ada", "Count": 1, "Hush text": "k4n4ry-text", "Hush long": "k4n4ry-long", "Hush sum": 774411,
        "Hush price": "664422.50", "Hush phone": "+493012345678", "Hush day": "2091-03-07", "Hush moment": "2092-04-08T10:11:12Z",
        "Hush person": PERSON, "Hush choice": "k4n4ry-choice", "Hush choices": ["k4n4ry-choices"], "Hush mail": "k4n4ry@hogwarts.edu",
        "Hush site": "https://k4n4ry.example/",
    })
}

struct Vault {
    review: Review,
    ids: Ids,
    /// What no answer may have in it.
    canaries: Vec<String>,
    executions: Vec<String>,
}

impl Vault {
    /// A task with a history of all that the full key does.
    async fn start() -> Vault {
        let server = Server::working().await;
        server.user(PERSON).await;
        let review = Review::of(server, DOCUMENT).await;
        let user = review.collaborator(ANN, "Collaborator").await;
        let task = text(&review.task(values()).await.json()["Task URL"]).rsplit('/').next().expect("a last part").to_owned();
        review.send(put(review.at(&format!("/tasks/{task}")), json!({ "Hush text": "k4n4ry-next", "Name": "Bo" }))).await.expect(200);
        review.send(put(review.at(&format!("/tasks/{task}")), values())).await.expect(200);
        let mut executions = Vec::new();
        for action in ["Schedule", "Copy", "Misread", "Call", "Write", "Miswrite"] {
            let id = review.send(review.take(action, &task, None)).await.expect(202).string("id");
            review.finished(&id).await;
            executions.push(id);
        }
        let items = review.send(get(review.at(&format!("/tasks/{task}/checklist_items")))).await.json();
        let names = [
            ("workflow", review.workflow.clone()),
            ("task", task),
            ("item", text(&items[0]["id"])),
            ("user", user),
            ("execution", executions[2].clone()),
            ("secret", "NONE".to_owned()),
        ];
        let definition = review.send(get(review.at("/definition"))).await.expect(200).json();
        let mut canaries: Vec<String> =
            ["k4n4ry", "77441", "664422", "3012345678", "2091-03-07", "2092-04-08", "Hush"].map(str::to_owned).to_vec();
        for field in definition["fields"].as_array().expect("fields").iter().filter(|field| text(&field["name"]).starts_with("Hush")) {
            canaries.push(text(&field["id"]));
            canaries.extend(field["options"].as_array().into_iter().flatten().map(|option| text(&option["id"])));
        }
        Vault { review, ids: Ids(HashMap::from(names)), canaries, executions }
    }

    /// Every call of a route that is worth a try.
    fn calls(&self, route: &Route) -> Vec<Call> {
        let executions = self.executions.iter().filter(|_| route.path.contains("{execution}"));
        let ids: Vec<Ids> = executions.map(|id| self.ids.with("execution", id)).chain([self.ids.clone()]).collect();
        let calls = ids.iter().map(|ids| ids.call(route));
        let mut calls: Vec<Call> = calls.flat_map(|call| self.bodies(route).into_iter().map(move |body| with(&call, body))).collect();
        let bare: Vec<Call> = calls.clone();
        for parameter in PARAMETERS {
            calls.extend(bare.iter().map(|call| Call { path: format!("{}?{}", call.path, parameter.replace(' ', "%20")), ..call.clone() }));
        }
        if hears(route, "Prefer") {
            calls.extend(bare.iter().map(|call| call.clone().with("prefer", "wait=5")));
        }
        if hears(route, "If-Match") {
            calls.extend(bare.iter().map(|call| call.clone().with("if-match", "\"1\"")));
        }
        calls
    }

    /// None of them names what is hidden, which its answer might only repeat. A new route says here what it is sent.
    fn bodies(&self, route: &Route) -> Vec<Json> {
        let rest = route.path.split_once("{workflow}").map_or(route.path, |(_, rest)| rest);
        match (route.method.as_str(), rest) {
            ("GET" | "DELETE", _) => vec![json!({})],
            ("POST", "/executions") => self.taking(),
            ("POST" | "PUT", "/tasks") => {
                vec![json!({}), json!({ "Name": 5 }), json!([{ "Name": "x" }, { "Stage": "No" }, { "Count": "x" }])]
            }
            ("PUT", "/tasks/{task}") => vec![json!({ "Name": "x" }), json!({ "Assigned To": ANN }), json!({ "Count": 2, "Email": "foo" })],
            ("POST", "/tasks/{task}/checklist_items") => vec![json!({ "title": "t", "Stage": "Open" })],
            ("PUT", "/tasks/{task}/checklist_items/{item}") => vec![json!({ "status": "Completed" }), json!({ "status": "No" })],
            ("POST", "/tasks/{task}/comments") => vec![json!({ "body": "hello" })],
            ("POST", "/executions/{execution}/cancel" | "/executions/{execution}/retry" | "/imports" | "/imports/{import}/cancel") => {
                vec![json!({})]
            }
            ("POST", "/api/v1/workflows" | "/archive" | "/unarchive" | "/users") => vec![json!({})],
            ("PUT", "/definition" | "/users/{user}" | "/api/v1/secrets/{secret}") => vec![json!({})],
            other => panic!("with what is {other:?} walked?"),
        }
    }

    /// Every action but the one that says it aloud; that is foreseen by itself.
    fn taking(&self) -> Vec<Json> {
        let task = &self.ids.0["task"];
        let mut all = Vec::new();
        for name in ["Count up", "Schedule", "Compare", "Match", "Need", "Copy", "Misread", "Call", "Write", "Miswrite"] {
            let action = self.review.action(name);
            all.push(json!({ "task_id": task, "action_id": action }));
            all.push(json!({ "task_id": task, "action_id": action, "performed_by": ANN }));
            all.push(json!({ "task_ids": [task, "none"], "action_id": action }));
            all.push(json!({ "task_id": task, "action_id": action, "fields": { "Email": "foo", "Count": 3 } }));
        }
        all
    }

    fn search(&self, call: &Call, reply: &Reply) {
        let told = format!("{} {} {:?}: {} {:?} {}", call.method, call.path, call.body, reply.status, reply.headers, reply.text());
        assert!(reply.status.as_u16() < 500, "{told}");
        let answer = format!("{:?} {}", reply.headers, reply.text());
        let found: Vec<&String> = self.canaries.iter().filter(|canary| answer.contains(canary.as_str())).collect();
        assert!(found.is_empty(), "{found:?} in {told}");
    }

    async fn seen_by(&self, key: &str, call: Call) -> Reply {
        let reply = self.review.send(call.clone().by(key)).await;
        self.search(&call, &reply);
        reply
    }
}

/// Another endpoint would not hear it.
fn hears(route: &Route, header: &str) -> bool {
    operation(route)["parameters"].as_array().into_iter().flatten().any(|parameter| meant(parameter)["name"] == header)
}

fn with(call: &Call, body: Json) -> Call {
    Call { body: body.to_string().into(), ..call.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_has_a_canary_in_it() {
    let vault = Vault::start().await;
    let key = vault.review.role_key("Blind").await;
    // They are there for who may see them.
    let mut whole = String::new();
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        for call in vault.calls(route).into_iter().filter(|call| !call.path.contains("_wait")) {
            whole.push_str(vault.review.send(call).await.text());
        }
    }
    let missing: Vec<&String> = vault.canaries.iter().filter(|canary| !whole.contains(canary.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are not planted");

    let say = json!({ "task_id": vault.ids.0["task"], "action_id": vault.review.action("Say") });
    vault.seen_by(&key, post(vault.review.at("/executions?_dry_run=true"), say)).await.expect(200);
    // What is looked at first is looked at again, after all that was done.
    for method in ["GET", "PUT", "POST", "GET", "DELETE"] {
        for route in ROUTES.iter().filter(|route| route.method == method) {
            for call in vault.calls(route) {
                vault.seen_by(&key, call).await;
            }
        }
    }
}

/// What has changed since a quote is told by the columns that the key sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_says_nothing_of_what_is_hidden() {
    let vault = Vault::start().await;
    let key = vault.review.role_key("Blind").await;
    let at = vault.review.at(&format!("/tasks/{}", vault.ids.0["task"]));
    for (change, told) in [
        (json!({ "Hush text": "k4n4ry-new", "Hush sum": 7744115 }), "The task has changed since the quote"),
        (json!({ "Hush text": "k4n4ry-newer", "Name": "Cy" }), "Name has changed from Ada to Cy since the quote"),
    ] {
        let ask = json!({ "task_id": vault.ids.0["task"], "action_id": vault.review.action("Copy") });
        let shown = vault.seen_by(&key, post(vault.review.at("/executions?_dry_run=true"), ask)).await.expect(200).json();
        vault.review.send(put(at.clone(), change)).await.expect(200);
        for path in ["/executions", "/executions?_explain=true"] {
            let reply = vault.seen_by(&key, post(vault.review.at(path), json!({ "quote": shown["quote"] }))).await;
            assert!(reply.text().contains(told), "{}", reply.text());
        }
    }
}

/// Whoever guesses is answered the same, whether the guess is right or wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_hangs_on_a_guess() {
    let vault = Vault::start().await;
    let (ids, at) = (&vault.ids, |rest: &str| vault.review.at(rest));
    let action = vault.review.action("Count up");
    for role in ["Blind", "Blind creator", "Blind editor"] {
        let key = vault.review.role_key(role).await;
        // The right guess and a wrong one of the same length.
        let mut guesses: Vec<[Call; 2]> = Vec::new();
        let right_and_wrong = ["k4n4ry-id", "d3c0yy-id"];
        for route in ROUTES.iter().filter(|route| route.path.contains("{task}")) {
            let bodies = vault.bodies(route);
            guesses.extend(
                bodies.into_iter().map(|body| right_and_wrong.map(|guess| with(&ids.with("task", guess).call(route), body.clone()))),
            );
        }
        for query in ["", "?_explain=true", "?_dry_run=true"] {
            let take = |guess: &str| post(at(&format!("/executions{query}")), json!({ "task_id": guess, "action_id": action }));
            guesses.push(right_and_wrong.map(take));
        }
        guesses.push(right_and_wrong.map(|guess| post(at("/executions"), json!({ "task_ids": [guess], "action_id": action }))));
        guesses.push(right_and_wrong.map(|guess| get(at(&format!("/executions?_task={guess}")))));
        for body in [json!({}), json!({ "Name": "x" }), json!({ "Stage": "Done" })] {
            let named = |guess: &str| {
                let mut body = body.clone();
                body["Hush ID"] = guess.into();
                body
            };
            let makes: [fn(String, Json) -> Call; 2] = [|path, body| post(path, body), |path, body| put(path, body)];
            for make in makes {
                guesses.push(right_and_wrong.map(|guess| make(at("/tasks"), named(guess))));
                guesses.push(right_and_wrong.map(|guess| make(at("/tasks"), json!([named(guess)]))));
                guesses.push(right_and_wrong.map(|guess| make(at("/tasks"), named(guess)).with("if-match", "\"3\"")));
            }
        }
        if role == "Blind" {
            let right = values();
            for (name, right) in right.as_object().expect("an object").iter().filter(|(name, _)| name.starts_with("Hush")) {
                let both = [right.clone(), json!("d3c0yy")];
                let task = &ids.0["task"];
                guesses.push(both.clone().map(|guess| put(at(&format!("/tasks/{task}")), json!({ name: guess }))));
                guesses.push(both.clone().map(|guess| post(at("/tasks"), json!({ name: guess }))));
                guesses.push(
                    both.clone()
                        .map(|guess| post(at("/executions"), json!({ "task_id": task, "action_id": action, "fields": { name: guess } }))),
                );
                let filter = |guess: Json| {
                    let guess = guess.as_str().map_or_else(|| guess.to_string(), str::to_owned).replace(['+', '[', ']', '"'], "");
                    get(at(&format!("/tasks?{}={guess}", name.replace(' ', "%20"))))
                };
                guesses.push(both.map(filter));
            }
        }
        for [right, wrong] in guesses {
            let told = format!("{role}: {} {} {:?}", right.method, right.path, right.body);
            let [right, wrong] = [vault.review.send(right.by(&key)).await, vault.review.send(wrong.by(&key)).await];
            let answer = |reply: &Reply| reply.text().replace(right_and_wrong[0], right_and_wrong[1]);
            assert_eq!((right.status, answer(&right)), (wrong.status, answer(&wrong)), "{told}");
        }
    }
}
