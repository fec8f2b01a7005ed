//! Definitions that move and change tasks, or are refused.

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Reply, Server, get, post, put};

struct Bed {
    server: Server,
    path: String,
    /// As it was last read, with its ids.
    document: Json,
}

impl Bed {
    async fn new(document: Json) -> Bed {
        let server = Server::start().await;
        let path = format!("/workflows/{}", server.send(post("/workflows", &document)).await.expect(201).string("id"));
        let document = server.send(get(format!("{path}/definition"))).await.expect(200).json();
        Bed { server, path, document }
    }

    async fn task(&self, body: Json) -> String {
        let made = self.server.send(post(format!("{}/tasks", self.path), body)).await.expect(201);
        made.string("Task URL").rsplit('/').next().unwrap().to_owned()
    }

    async fn get(&self, task: &str) -> Reply {
        self.server.send(get(format!("{}/tasks/{task}", self.path))).await
    }

    async fn save(&self, edit: impl FnOnce(&mut Json)) -> Reply {
        let mut document = self.document.clone();
        edit(&mut document);
        self.server.send(put(format!("{}/definition", self.path), document)).await
    }

    async fn found(&self, filter: &str) -> usize {
        self.server.send(get(format!("{}/tasks?{filter}", self.path))).await.expect(200).json().as_array().unwrap().len()
    }

    async fn history(&self, task: &str) -> Vec<Json> {
        let path = format!("{}/tasks/{task}/activity", self.path);
        self.server.send(get(path)).await.expect(200).json().as_array().unwrap().clone()
    }

    async fn is_whole(&self) {
        let verified = self.server.engine.read(self.server.operator(), baton_engine::commands::activity::verify).await.unwrap();
        assert_eq!(verified.faults, []);
    }
}

fn field(document: &mut Json, name: &str) -> usize {
    document["fields"].as_array().unwrap().iter().position(|field| field["name"] == name).unwrap()
}

fn remove(document: &mut Json, list: &str, name: &str) {
    document[list].as_array_mut().unwrap().retain(|part| part["name"] != name);
}

#[tokio::test]
async fn tasks_of_a_removed_stage_move_as_if_somebody_moved_them() {
    let bed = Bed::new(json!({
        "name": "W", "fields": [{ "name": "Name", "type": "text" }],
        "stages": [{ "name": "Open" }, { "name": "Old" }, { "name": "Done", "end": true }],
    }))
    .await;
    let moved = bed.task(json!({ "Name": "a", "Stage": "Old" })).await;
    let stays = bed.task(json!({ "Name": "b" })).await;
    let saved = bed
        .save(|document| {
            remove(document, "stages", "Old");
            document["migrate"] = json!({ "stages": { "Old": "Done" } });
        })
        .await
        .expect(200);
    assert_eq!(saved.json()["revision"], 2);
    let (after, other) = (bed.get(&moved).await, bed.get(&stays).await);
    assert_eq!((after.string("Stage").as_str(), after.header("etag")), ("Done", Some("\"2\"")));
    assert_eq!((other.string("Stage").as_str(), other.header("etag")), ("Open", Some("\"1\"")));
    let rows = bed.history(&moved).await;
    let last = rows.last().unwrap();
    assert_eq!(
        (&last["kind"], &last["after"], &last["actor"]["type"]),
        (&json!("task.updated"), &json!({ "Stage": "Done" }), &json!("api_key"))
    );
    assert_eq!((bed.found("Stage=Done").await, bed.found("Stage=Open").await), (1, 1));
    let active = bed.server.send(get(format!("{}/tasks/active", bed.path))).await.expect(200).json();
    assert_eq!(active.as_array().map(Vec::len), Some(1), "Done is an end");
    bed.is_whole().await;
}

#[tokio::test]
async fn options_go_to_others_or_nowhere() {
    let bed = Bed::new(json!({
        "name": "W", "stages": [{ "name": "Open" }],
        "fields": [
            { "name": "Plan", "type": "singleSelect", "options": ["Free", "Pro", "Team"] },
            { "name": "Tags", "type": "multipleSelect", "options": ["a", "b", "c"] },
        ],
    }))
    .await;
    let one = bed.task(json!({ "Plan": "Free", "Tags": ["a", "b"] })).await;
    let two = bed.task(json!({ "Plan": "Team", "Tags": ["a"] })).await;
    bed.save(|document| {
        document["fields"][0]["options"].as_array_mut().unwrap().remove(0);
        document["fields"][1]["options"].as_array_mut().unwrap().remove(0);
        document["migrate"] = json!({ "options": { "Plan": { "Free": "Pro" }, "Tags": { "a": "b" } } });
    })
    .await
    .expect(200);
    assert_eq!((bed.get(&one).await.json()["Plan"].clone(), bed.get(&one).await.json()["Tags"].clone()), (json!("Pro"), json!(["b"])));
    assert_eq!((bed.get(&two).await.json()["Plan"].clone(), bed.get(&two).await.json()["Tags"].clone()), (json!("Team"), json!(["b"])));
    assert_eq!((bed.found("Plan=Pro").await, bed.found("Tags=b").await), (1, 2));

    let bed = Bed { document: bed.server.send(get(format!("{}/definition", bed.path))).await.json(), ..bed };
    bed.save(|document| {
        document["fields"][1]["options"].as_array_mut().unwrap().remove(0);
        document["confirm_loss"] = json!(["Tags"]);
    })
    .await
    .expect(200);
    assert_eq!(bed.get(&one).await.json()["Tags"], json!(null));
    bed.is_whole().await;
}

#[tokio::test]
async fn values_of_a_removed_field_go_only_if_that_is_said() {
    let bed = Bed::new(json!({ "name": "W", "stages": [{ "name": "Open" }], "fields": [{ "name": "ID", "type": "uniqueId" }, { "name": "Notes", "type": "text" }] })).await;
    let task = bed.task(json!({ "ID": "x", "Notes": "n" })).await;
    for (list, told) in [
        (json!([]), Some("Notes is removed but has a value in 1 task; blank it there first, or name it in confirm_loss")),
        (json!(["ID"]), Some("Notes is removed but has a value in 1 task; blank it there first, or name it in confirm_loss")),
        (json!(["Notes"]), None),
    ] {
        let reply = bed
            .save(|document| {
                remove(document, "fields", "Notes");
                document["confirm_loss"] = list;
            })
            .await;
        match told {
            Some(told) => assert_eq!(reply.expect(422).json(), json!({ "errors": { "fields": [told] } })),
            None => drop(reply.expect(200)),
        }
    }
    assert_eq!(bed.get("x").await.expect(200).json().get("Notes"), None);
    // The Unique ID goes too: its value is given away anew.
    let bed = Bed { document: bed.server.send(get(format!("{}/definition", bed.path))).await.json(), ..bed };
    bed.save(|document| {
        document["fields"] = json!([{ "name": "Code", "type": "uniqueId" }]);
        document["confirm_loss"] = json!(["ID"]);
    })
    .await
    .expect(200);
    bed.get("x").await.expect(404);
    let other = bed.task(json!({ "Code": "x" })).await;
    assert_ne!(other, task);
    bed.is_whole().await;
}

#[tokio::test]
async fn a_type_changes_where_every_value_converts() {
    let bed = Bed::new(json!({ "name": "W", "stages": [{ "name": "Open" }], "fields": [{ "name": "Size", "type": "text" }] })).await;
    let (ten, nine) = (bed.task(json!({ "Size": "10.0" })).await, bed.task(json!({ "Size": "9" })).await);
    bed.task(json!({})).await;
    let wrong = bed.task(json!({ "Size": "nine" })).await;
    let to_number = |document: &mut Json| document["fields"][0]["type"] = json!("number");
    let told = "the type of Size changes but it has a value in 1 task that does not convert to number, such as \"nine\"; change or blank it \
                there first";
    assert_eq!(bed.save(to_number).await.expect(422).json(), json!({ "errors": { "fields": [told] } }));
    let path = format!("{}/definition?_dry_run=true", bed.path);
    let mut document = bed.document.clone();
    to_number(&mut document);
    let planned = bed.server.send(put(path, document)).await.expect(200).json();
    let size = &planned["plan"]["changed"][0];
    assert_eq!((&size["tasks"], &size["offenders"], &size["example"]), (&json!(3), &json!(1), &json!("nine")), "{planned}");

    bed.server.send(put(format!("{}/tasks/{wrong}", bed.path), json!({ "Size": "" }))).await.expect(200);
    bed.save(to_number).await.expect(200);
    assert_eq!((bed.get(&ten).await.json()["Size"].clone(), bed.get(&nine).await.json()["Size"].clone()), (json!("10"), json!("9")));
    assert_eq!((bed.found("Size=10").await, bed.found("Size=9").await), (1, 1));
    assert_eq!(bed.get(&ten).await.header("etag"), Some("\"2\""));
    let rows = bed.history(&ten).await;
    assert_eq!(rows.last().unwrap()["after"], json!({ "Size": "10" }));
    bed.is_whole().await;
}

#[tokio::test]
async fn a_unique_id_needs_distinct_values() {
    let bed = Bed::new(json!({
        "name": "W", "stages": [{ "name": "Open" }],
        "fields": [{ "name": "Code", "type": "text" }, { "name": "ID", "type": "uniqueId" }],
    }))
    .await;
    // Two tasks whose codes are the Unique IDs of each other: a swap.
    let one = bed.task(json!({ "Code": "b", "ID": "a" })).await;
    let two = bed.task(json!({ "Code": "a", "ID": "b" })).await;
    let third = bed.task(json!({ "Code": " a", "ID": "c" })).await;
    let swap = |document: &mut Json| {
        document["fields"][0]["type"] = json!("uniqueId");
        document["fields"][1]["type"] = json!("text");
    };
    let told = "the type of Code changes but 2 tasks share a value, such as \"a\"; no two tasks have the same Unique ID: change or blank it there \
                first";
    assert_eq!(bed.save(swap).await.expect(422).json(), json!({ "errors": { "fields": [told] } }));
    bed.server.send(put(format!("{}/tasks/c", bed.path), json!({ "Code": "d" }))).await.expect(200);
    bed.save(swap).await.expect(200);
    let code = |reply: Reply| reply.string("Code");
    assert_eq!((code(bed.get("a").await), code(bed.get("b").await), code(bed.get("d").await)), ("a".into(), "b".into(), "d".into()));
    let url = |reply: Reply| reply.string("Task URL");
    assert!(
        url(bed.get("a").await).ends_with(&two) && url(bed.get("b").await).ends_with(&one) && url(bed.get("d").await).ends_with(&third)
    );
    bed.get("c").await.expect(404);
    assert_eq!((bed.found("Code=a").await, bed.found("ID=a").await), (1, 1));
    bed.is_whole().await;
}

#[tokio::test]
async fn numbers_go_on_behind_those_that_are_there() {
    let bed = Bed::new(json!({ "name": "W", "stages": [{ "name": "Open" }], "fields": [{ "name": "No", "type": "text" }] })).await;
    for number in ["7", "41"] {
        bed.task(json!({ "No": number })).await;
    }
    bed.save(|document| {
        document["fields"][0]["type"] = json!("uniqueId");
        document["fields"][0]["autoincrement"] = json!(true);
    })
    .await
    .expect(200);
    assert_eq!(bed.get("41").await.string("No"), "41");
    let next = bed.task(json!({})).await;
    assert_eq!(bed.get(&next).await.string("No"), "42");
}

#[tokio::test]
async fn a_field_may_become_required_without_touching_tasks() {
    let bed = Bed::new(json!({ "name": "W", "stages": [{ "name": "Open" }], "fields": [{ "name": "Name", "type": "text" }] })).await;
    let blank = bed.task(json!({})).await;
    bed.save(|document| {
        let place = field(document, "Name");
        document["fields"][place]["required"] = json!(true);
    })
    .await
    .expect(200);
    assert_eq!(bed.get(&blank).await.header("etag"), Some("\"1\""));
}

/// More than one page of them.
#[tokio::test]
async fn many_tasks_move_in_one_go() {
    let review = Review::start().await;
    for number in 0..1_200 {
        review.task(json!({ "ID": number.to_string(), "Stage": "Review", "Name": "x" })).await;
    }
    let mut document = review.send(get(review.at("/definition"))).await.expect(200).json();
    document["actions"] = json!([]);
    remove(&mut document, "roles", "Limited");
    remove(&mut document, "stages", "Review");
    document["migrate"] = json!({ "stages": { "Review": "Rejected" } });
    let saved = review.send(put(review.at("/definition"), &document)).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    let moved = review.send(get(review.at("/tasks?Stage=Rejected"))).await.expect(200).json();
    assert_eq!(moved.as_array().map(Vec::len), Some(1_200));
    let verified = review.server.engine.read(review.server.operator(), baton_engine::commands::activity::verify).await.unwrap();
    assert_eq!(verified.faults, []);
}
