//! Dry runs of definitions: what saving would do, and nothing done.

use baton_engine::KeyScope;
use baton_store::{Options, Place};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Call, Reply, Server, get, post, put};
use crate::postgres::Database;

/// The definition of the review without its actions and roles, which name what a test takes away.
async fn bare(review: &Review) -> Json {
    let mut document = review.send(get(review.at("/definition"))).await.expect(200).json();
    document["actions"] = json!([]);
    document["roles"].as_array_mut().unwrap().retain(|role| role["name"] != "Limited");
    review.send(put(review.at("/definition"), &document)).await.expect(200);
    review.send(get(review.at("/definition"))).await.expect(200).json()
}

fn without(document: &Json, list: &str, name: &str) -> Json {
    let mut changed = document.clone();
    changed[list].as_array_mut().unwrap().retain(|part| part["name"] != name);
    changed
}

fn dry(review: &Review, document: &Json) -> Call {
    put(review.at("/definition?_dry_run=true"), document)
}

/// What is planned, and the codes of what the linter finds.
fn without_findings(mut planned: Json) -> (Json, Vec<String>) {
    let findings = planned.as_object_mut().and_then(|keys| keys.shift_remove("findings")).expect("findings");
    let codes = findings.as_array().expect("a list").iter().map(|finding| finding["code"].as_str().expect("a code").to_owned());
    (planned, codes.collect())
}

fn part<'a>(planned: &'a Json, list: &str, name: &str) -> &'a Json {
    let parts = planned["plan"][list].as_array().unwrap_or_else(|| panic!("no plan: {planned}"));
    parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}: {planned}"))
}

#[tokio::test]
async fn what_would_change_and_how_many_tasks_each_change_touches() {
    let review = Review::start().await;
    for (id, stage) in [("1", "Open"), ("2", "Review"), ("3", "Review")] {
        review.task(json!({ "ID": id, "Stage": stage, "Plan": "Pro", "Notes": "n", "Name": id })).await;
    }
    let document = bare(&review).await;
    let mut changed = without(&without(&document, "stages", "Review"), "fields", "Notes");
    changed["fields"].as_array_mut().unwrap().push(json!({ "name": "Reason", "type": "text" }));
    changed["fields"][0]["required"] = json!(true);
    let plan = changed["fields"].as_array().unwrap().iter().position(|field| field["name"] == "Plan").unwrap();
    changed["fields"][plan]["options"].as_array_mut().unwrap().remove(1);
    let id = |list: &str, name: &str| document[list].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap()["id"].clone();
    let option = document["fields"].as_array().unwrap().iter().find(|field| field["name"] == "Plan").unwrap()["options"][1]["id"].clone();

    let refused = json!({
        "plan": {
            "added": [{ "kind": "field", "name": "Reason", "path": "fields[14]", "tasks": 0 }],
            "changed": [{
                "kind": "field", "id": id("fields", "ID"), "name": "ID", "path": "fields[0]",
                "changes": [{ "key": "required", "from": null, "to": true }], "tasks": 0
            }],
            "removed": [
                {
                    "kind": "option", "id": option, "name": "Pro", "path": format!("fields[{plan}].options[1]"),
                    "tasks": 3, "offenders": 3, "needs": "migrate.options"
                },
                {
                    "kind": "field", "id": id("fields", "Notes"), "name": "Notes", "path": "fields[2]",
                    "tasks": 3, "offenders": 3, "needs": "confirm_loss"
                },
                {
                    "kind": "stage", "id": id("stages", "Review"), "name": "Review", "path": "stages[1]",
                    "tasks": 2, "offenders": 2, "needs": "migrate.stages"
                },
            ],
        },
        "errors": {
            "stages": ["Review is removed but has 2 tasks; move them to another stage first, or say in migrate.stages where they go"],
            "fields": [
                "Notes is removed but has a value in 3 tasks; blank it there first, or name it in confirm_loss",
                "option Pro of Plan is removed but chosen in 3 tasks; choose another there first, or say in migrate.options what becomes of it"
            ]
        },
    });
    let (planned, found) = without_findings(review.send(dry(&review, &changed)).await.expect(200).json());
    assert_eq!(planned, refused);
    assert_eq!(found, ["stage_without_exit", "stage_unreachable", "stage_unreachable"], "no action is left in it");
    let told = review.send(put(review.at("/definition"), &changed)).await.expect(422).json();
    assert_eq!(told["errors"], refused["errors"], "saving is refused with the same");

    review.send(post("/workflows", json!({ "name": "Other" }))).await.expect(201);
    let mut taken = changed.clone();
    taken["name"] = json!("Other");
    let planned = review.send(dry(&review, &taken)).await.expect(200).json();
    let told = review.send(put(review.at("/definition"), &taken)).await.expect(422).json();
    assert_eq!((&told["errors"], &told["errors"]["name"]), (&planned["errors"], &json!(["has already been taken"])));
    assert!(told["errors"]["stages"].is_array(), "all at once: {told}");

    changed["migrate"] = json!({ "stages": { "Review": "Open" }, "options": { "Plan": { "Pro": "Free" } } });
    changed["confirm_loss"] = json!(["Notes"]);
    let planned = review.send(dry(&review, &changed)).await.expect(200).json();
    assert_eq!(planned["errors"], json!({}));
    assert_eq!((&part(&planned, "removed", "Review")["to"], &part(&planned, "removed", "Pro")["to"]), (&json!("Open"), &json!("Free")));
    assert!(planned["plan"]["removed"].as_array().unwrap().iter().all(|part| part.get("needs").is_none()), "{planned}");
    review.send(put(review.at("/definition"), &changed)).await.expect(200);

    let mut kept = review.send(get(review.at("/definition"))).await.expect(200).json();
    assert!(kept.get("migrate").is_none() && kept.get("confirm_loss").is_none());
    let empty = json!({ "plan": { "added": [], "changed": [], "removed": [] }, "errors": {} });
    assert_eq!(without_findings(review.send(dry(&review, &kept)).await.expect(200).json()).0, empty);
    // What stays in a file after it was done is no mistake.
    kept["migrate"] = changed["migrate"].clone();
    let again = review.send(put(review.at("/definition"), &kept)).await.expect(200).json();
    let told = "Review is not a stage of the workflow as it is; nothing is moved";
    assert_eq!((&again["revision"], &again["warnings"][0]), (&json!(3), &json!({ "path": "migrate.stages.Review", "message": told })));
}

#[tokio::test]
async fn more_than_tasks_hangs_on_what_changes() {
    let review = Review::start().await;
    review.collaborator("ann@example.com", "Reader").await;
    let task = review.task(json!({ "ID": "1", "Stage": "Open" })).await;
    let items = review.send(get(review.at("/tasks/1/checklist_items?Stage=Open"))).await.expect(200).json();
    let item = items[0]["id"].as_str().unwrap();
    review.send(put(review.at(&format!("/tasks/1/checklist_items/{item}")), json!({ "status": "Completed" }))).await.expect(200);
    drop(task);
    let document = review.send(get(review.at("/definition"))).await.expect(200).json();
    let mut changed = without(&document, "roles", "Reader");
    changed["stages"][0]["end"] = json!(true);
    changed["stages"][0]["checklist"][0]["items"].as_array_mut().unwrap().remove(0);
    let planned = review.send(dry(&review, &changed)).await.expect(200).json();
    assert_eq!(part(&planned, "changed", "Open")["tasks"], 1, "{planned}");
    assert_eq!(part(&planned, "removed", "Looked at the website")["tasks"], 1, "{planned}");
    assert_eq!(part(&planned, "removed", "Reader")["collaborators"], 1, "{planned}");
    let told = "Reader is removed but 1 collaborators have it; give them another role first";
    assert_eq!(planned["errors"], json!({ "roles": [told] }));
}

#[tokio::test]
async fn also_of_a_document_with_errors() {
    let review = Review::start().await;
    let wrong = json!({ "name": "Review", "stages": [{ "name": "Open" }], "actions": [{ "name": "Go", "from": ["Opne"] }] });
    let errors = json!({ "actions[0].from[0]": ["Opne is not a stage; did you mean Open?"] });
    for call in [dry(&review, &wrong), post("/workflows?_dry_run=true", &wrong)] {
        review.server.check(call, 200, json!({ "plan": null, "findings": [], "errors": errors })).await;
    }
    let document = bare(&review).await;
    let mut lost = without(&document, "stages", "Done");
    lost["migrate"] = json!({ "stages": { "Done": "Dnoe" } });
    let planned = review.send(dry(&review, &lost)).await.expect(200).json();
    assert_eq!(planned["errors"], json!({ "migrate.stages.Done": ["Dnoe is not a stage"] }), "{planned}");
    assert_eq!(part(&planned, "removed", "Done")["kind"], "stage");
    let taken = json!({ "name": ["has already been taken"] });
    let planned = review.send(post("/workflows?_dry_run=true", json!({ "name": "REVIEW" }))).await.expect(200).json();
    assert_eq!((&planned["errors"], &planned["plan"]["added"][0]["kind"]), (&taken, &json!("workflow")));
}

#[tokio::test]
async fn the_way_back_is_planned_too() {
    let review = Review::start().await;
    let mut document = bare(&review).await;
    document["fields"].as_array_mut().unwrap().push(json!({ "name": "Later", "type": "text" }));
    review.send(put(review.at("/definition"), &document)).await.expect(200);
    review.task(json!({ "ID": "1", "Later": "x" })).await;
    let planned = review.send(put(review.at("/definition?_revision=2&_dry_run=true"), "")).await.expect(200).json();
    assert_eq!(part(&planned, "removed", "Later")["needs"], "confirm_loss");
    assert_eq!(
        planned["errors"]["fields"][0],
        "Later is removed but has a value in 1 task; blank it there first, or name it in confirm_loss"
    );
    review.server.refuses(put(review.at("/definition?_revision=9&_dry_run=true"), ""), 404, &["Revision not found"]).await;
}

#[tokio::test]
async fn whoever_may_read_the_definition_may_ask() {
    let review = Review::start().await;
    let limited = review.role_key("Limited").await;
    let document = bare(&review).await;
    let (_, read_only) = review.server.key(KeyScope { read_only: true, ..KeyScope::default() }).await;
    let asks = || [dry(&review, &document), put(review.at("/definition?_revision=1&_dry_run=true"), "")];
    for call in asks().into_iter().chain([post("/workflows?_dry_run=true", json!({ "name": "New" }))]) {
        review.send(call.by(&read_only)).await.expect(200);
    }
    for call in asks() {
        review.server.refuses(call.clone().with("if-match", "\"1\""), 412, &["If-Match does not hold: the version is now \"2\""]).await;
        review.send(call.with("if-match", "\"2\"")).await.expect(200);
    }
    review.server.refuses(dry(&review, &document).by(&limited), 404, &["Workflow not found"]).await;
    let reader = review.role_key("Reader").await;
    review.server.refuses(dry(&review, &document).by(&reader), 403, &["API key may not change people or the definition"]).await;
    review.send(post(review.at("/archive"), "{}")).await.expect(200);
    review.server.refuses(dry(&review, &document), 422, &["Workflow is archived"]).await;
    let told = "_dry_run is \"1\"; allowed is true or false";
    review.server.refuses(put(review.at("/definition?_dry_run=1"), &document), 422, &[told]).await;
}

/// All that the store holds, table by table, in the words of PostgreSQL; on SQLite, how many rows were ever written.
async fn stored(server: &Server, postgres: bool) -> Vec<String> {
    let of_table = |table: &str| format!("SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM {table} t");
    let migrations = [
        include_str!("../../../../crates/store/migrations/0001_foundation.sql"),
        include_str!("../../../../crates/store/migrations/0002_outgoing.sql"),
        include_str!("../../../../crates/store/migrations/0003_deleted_workflows.sql"),
        include_str!("../../../../crates/store/migrations/0004_quotes.sql"),
        include_str!("../../../../crates/store/migrations/0008_imports.sql"),
    ];
    let queries: Vec<String> = if postgres {
        let lines = migrations.iter().flat_map(|text| text.lines());
        let tables = lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split_whitespace().next());
        tables.map(of_table).collect()
    } else {
        vec!["SELECT CAST(total_changes() AS TEXT)".to_owned()]
    };
    assert!(!postgres || queries.len() > 15);
    let look = move |cx: &mut baton_engine::Cx<'_>| {
        let mut found = Vec::new();
        for query in &queries {
            found.extend(cx.tx.query_one(query, &[], |row| Ok(row.text(0)?.to_owned()))?);
        }
        Ok(found)
    };
    server.engine.read(server.operator(), look).await.expect("it can be looked at")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_on_any_store() {
    let database = Database::fresh();
    let places = [Some(Place::Memory), database.as_ref().map(|database| Place::Url(database.url.clone()))];
    for place in places.into_iter().flatten() {
        let postgres = matches!(place, Place::Url(_));
        let review = Review::on(Server::on(Options::new(place)).await).await;
        review.task(json!({ "ID": "1", "Stage": "Review", "Name": "x" })).await;
        let document = bare(&review).await;
        let mut changed = without(&document, "stages", "Review");
        changed["fields"][1]["type"] = json!("number");
        let before = stored(&review.server, postgres).await;
        let mut migrated = changed.clone();
        migrated["migrate"] = json!({ "stages": { "Review": "Open" } });
        for call in [
            dry(&review, &changed),
            dry(&review, &migrated),
            put(review.at("/definition?_revision=1&_dry_run=true"), ""),
            post("/workflows?_dry_run=true", json!({ "name": "New" })).with("idempotency-key", "k"),
        ] {
            review.send(call).await.expect(200);
        }
        assert!(stored(&review.server, postgres).await == before);
        let made = review.send(post("/workflows", json!({ "name": "New" })).with("idempotency-key", "k")).await.expect(201);
        assert_eq!(made.header("idempotency-replayed"), None);
        assert!(stored(&review.server, postgres).await != before, "a change is seen");
    }
}

#[derive(Clone, Debug)]
struct Drawn {
    old: Json,
    new: Json,
    tasks: Vec<Json>,
    migrates: bool,
}

const OPTIONS: [&str; 3] = ["Free", "Pro", "1"];

fn any_document() -> impl Strategy<Value = Json> {
    let kind = select(vec!["text", "number", "singleSelect", "multipleSelect", "checkbox", "uniqueId"]);
    let field = (select(vec!["A", "B", "C"]), kind, subsequence(OPTIONS.to_vec(), 1..=3).prop_shuffle(), any::<bool>());
    let stages = subsequence(vec!["One", "Two", "Three"], 1..=3).prop_shuffle();
    (proptest::collection::vec(field, 0..4), stages, any::<bool>()).prop_map(|(drawn, stages, end)| {
        let mut fields: Vec<Json> = vec![json!({ "name": "Key", "type": "text" })];
        for (name, kind, options, counts) in drawn {
            let unique = kind == "uniqueId";
            if fields.iter().any(|field| field["name"] == name || (unique && field["type"] == kind)) {
                continue;
            }
            fields.push(match kind {
                "singleSelect" | "multipleSelect" => json!({ "name": name, "type": kind, "options": options }),
                "uniqueId" => json!({ "name": name, "type": kind, "autoincrement": counts }),
                _ => json!({ "name": name, "type": kind }),
            });
        }
        let stages: Vec<Json> = stages.iter().map(|name| json!({ "name": name, "end": end && *name == "Two" })).collect();
        json!({ "fields": fields, "stages": stages })
    })
}

fn any_task() -> impl Strategy<Value = Json> {
    let value =
        || select(vec![json!(null), json!("1"), json!("2"), json!("Free"), json!("Pro"), json!("true"), json!("x"), json!(["Free", "1"])]);
    (value(), value(), value(), select(vec!["One", "Two", "Three"]))
        .prop_map(|(a, b, c, stage)| json!({ "A": a, "B": b, "C": c, "Stage": stage }))
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (any_document(), any_document(), proptest::collection::vec(any_task(), 0..5), any::<bool>())
        .prop_map(|(old, new, tasks, migrates)| Drawn { old, new, tasks, migrates })
}

/// Where everything that is gone goes, as far as that can be said.
fn asked(old: &Json, new: &Json) -> Json {
    let names = |of: &Json, list: &str| -> Vec<String> {
        of[list].as_array().into_iter().flatten().map(|part| part["name"].as_str().or(part.as_str()).unwrap().to_owned()).collect()
    };
    let (before, after) = (names(old, "stages"), names(new, "stages"));
    let stages: serde_json::Map<String, Json> =
        before.iter().filter(|name| !after.contains(name)).map(|name| (name.clone(), after[0].clone().into())).collect();
    json!({ "migrate": { "stages": stages }, "confirm_loss": names(old, "fields") })
}

async fn all_tasks(server: &Server, path: &str) -> Vec<Json> {
    server.send(get(format!("{path}/tasks"))).await.expect(200).json().as_array().expect("a list").clone()
}

async fn version(server: &Server, path: &str, task: &Json) -> i64 {
    let id = task["Task URL"].as_str().unwrap().rsplit('/').next().unwrap();
    let reply: Reply = server.send(get(format!("{path}/tasks/{id}"))).await.expect(200);
    reply.header("etag").unwrap().trim_matches('"').parse().unwrap()
}

fn is_blank(value: &Json) -> bool {
    *value == json!(null) || *value == json!(false) || *value == json!([])
}

/// What the plan says is what applying does: the same errors, or every part's tasks, as they are counted from outside.
async fn holds(server: &Server, number: u64, drawn: &Drawn) {
    let (mut old, mut new) = (drawn.old.clone(), drawn.new.clone());
    old["name"] = format!("W{number}").into();
    new["name"] = old["name"].clone();
    let path = format!("/workflows/{}", server.send(post("/workflows", &old)).await.expect(201).string("id"));
    for task in &drawn.tasks {
        // What does not fit is left out, key by key.
        let mut body = json!({ "Key": "k" });
        for (key, value) in task.as_object().unwrap() {
            let alone = server.send(post(format!("{path}/tasks"), json!({ key: value }))).await;
            if alone.status == 201 {
                body[key] = value.clone();
                let url = alone.string("Task URL");
                server.send(super::server::delete(format!("{path}/tasks/{}", url.rsplit('/').next().unwrap()))).await.expect(204);
            }
        }
        server.send(post(format!("{path}/tasks"), body)).await;
    }
    if drawn.migrates {
        let Json::Object(asked) = asked(&drawn.old, &drawn.new) else { unreachable!() };
        new.as_object_mut().unwrap().extend(asked);
    }
    let before = all_tasks(server, &path).await;
    let mut versions = Vec::new();
    for task in &before {
        versions.push(version(server, &path, task).await);
    }
    let was = server.send(get(format!("{path}/definition"))).await.expect(200).json();
    let planned = server.send(put(format!("{path}/definition?_dry_run=true"), &new)).await.expect(200).json();
    let applied = server.send(put(format!("{path}/definition"), &new)).await;
    if planned["errors"] != json!({}) {
        assert_eq!((applied.status.as_u16(), &applied.json()["errors"]), (422, &planned["errors"]), "{drawn:?}");
        assert!(server.send(get(format!("{path}/definition"))).await.expect(200).json() == was);
        assert!(all_tasks(server, &path).await == before);
        return;
    }
    assert_eq!(applied.status, 200, "{}: {planned} {drawn:?}", applied.text());
    let is = server.send(get(format!("{path}/definition"))).await.expect(200).json();
    let ids = |of: &Json| -> Vec<String> {
        let parts = |list: &str| of[list].as_array().cloned().unwrap_or_default();
        parts("fields").iter().chain(&parts("stages")).map(|part| part["id"].as_str().unwrap().to_owned()).collect()
    };
    let (had, has) = (ids(&was), ids(&is));
    let told = |list: &str| -> Vec<Json> {
        let of_kind = |part: &&Json| part["kind"] == "field" || part["kind"] == "stage";
        planned["plan"][list].as_array().unwrap().iter().filter(of_kind).cloned().collect()
    };
    assert_eq!(told("added").len(), has.iter().filter(|id| !had.contains(id)).count(), "{planned}");
    assert_eq!(told("removed").len(), had.iter().filter(|id| !has.contains(id)).count(), "{planned}");
    for part in told("removed").iter().chain(&told("changed")) {
        let name = part["name"].as_str().unwrap();
        let retyped = part["changes"].as_array().is_some_and(|changes| changes.iter().any(|change| change["key"] == "type"));
        let counted = match part["kind"].as_str().unwrap() {
            "stage" => before.iter().filter(|task| task["Stage"] == name).count(),
            _ if retyped || part.get("changes").is_none() => before.iter().filter(|task| !is_blank(&task[name])).count(),
            _ => continue,
        };
        assert_eq!(part["tasks"], json!(counted), "{part} {drawn:?}");
    }
    let after = all_tasks(server, &path).await;
    let stages: Vec<&Json> = is["stages"].as_array().unwrap().iter().map(|stage| &stage["name"]).collect();
    for ((before, after), version_before) in before.iter().zip(&after).zip(versions) {
        assert!(stages.contains(&&after["Stage"]), "{after}");
        let same = before["Stage"] == after["Stage"]
            && before
                .as_object()
                .unwrap()
                .iter()
                .all(|(key, value)| key == "Updated On" || after.get(key).is_some_and(|now| now == value) || is_blank(value));
        let now = version(server, &path, after).await;
        assert!(now == version_before || now == version_before + 1, "once at most");
        assert!(same || now == version_before + 1, "{before} {after}");
        // Found by what it is: by its Unique ID, and by every value that a list filters by.
        for field in is["fields"].as_array().unwrap().iter().filter(|field| field["type"] != "multipleSelect") {
            let name = field["name"].as_str().unwrap();
            let value = match &after[name] {
                Json::Null | Json::Bool(false) => continue,
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let value = value.replace(' ', "%20");
            let found = server.send(get(format!("{path}/tasks?{name}={value}"))).await.expect(200).json();
            assert!(found.as_array().unwrap().contains(after), "{name}={value}: {found} {drawn:?}");
            if field["type"] == "uniqueId" {
                assert_eq!(server.send(get(format!("{path}/tasks/{value}"))).await.expect(200).json(), *after);
            }
        }
    }
    let again = server.send(put(format!("{path}/definition?_dry_run=true"), &is)).await.expect(200).json();
    assert_eq!(again["plan"], json!({ "added": [], "changed": [], "removed": [] }));
    // What counts goes on behind all that there is.
    if is["fields"].as_array().unwrap().iter().any(|field| field["autoincrement"] == true) {
        server.send(post(format!("{path}/tasks"), "{}")).await.expect(201);
    }
}

#[test]
fn what_a_plan_says_is_what_applying_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let number = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(60), |(drawn in drawn())| {
        number.set(number.get() + 1);
        runtime.block_on(holds(&server, number.get(), &drawn));
    });
}
