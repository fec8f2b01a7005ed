//! Tasks that come in files: `.../imports`.

use std::fmt::Write;

use baton_engine::KeyScope;
use baton_engine::commands::api_keys;
use baton_store::{Options, Place};
use serde_json::{Value as Json, json};

use super::review::{REVIEW, Review};
use super::server::{Call, Server, get, post, put};
use crate::world::{MovedClock, places, until};

const DAY: i64 = 24 * 3600;

impl Review {
    pub fn import(&self, query: &str, file: &str) -> Call {
        post(self.at(&format!("/imports{query}")), file).with("content-type", "text/csv")
    }

    /// An import when it has ended, without what differs each time; and its errors.
    pub async fn imported(&self, query: &str, file: &str) -> (Json, String) {
        let id = self.send(self.import(query, file)).await.expect(202).string("id");
        (self.ended(&id).await, self.errors(&id).await)
    }

    pub async fn ended(&self, id: &str) -> Json {
        let mut ended = until(async || {
            let found = self.send(get(self.at(&format!("/imports/{id}")))).await.expect(200).json();
            (found["status"] != "Pending").then_some(found)
        })
        .await;
        let fields = ended.as_object_mut().expect("an object");
        ["id", "created_at", "finished_at", "dry_run"]
            .iter()
            .for_each(|key| assert!(fields.shift_remove(*key).is_some_and(|it| !it.is_null())));
        ended
    }

    async fn errors(&self, id: &str) -> String {
        let reply = self.send(get(self.at(&format!("/imports/{id}/errors")))).await.expect(200);
        assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(reply.header("content-disposition"), Some(format!("attachment; filename=\"import-{id}-errors.csv\"").as_str()));
        reply.text().to_owned()
    }

    pub async fn column(&self, name: &str) -> Vec<Json> {
        let tasks = self.send(get(self.at("/tasks"))).await.expect(200).json();
        tasks.as_array().expect("a list").iter().map(|task| task[name].clone()).collect()
    }
}

pub fn counts(status: &str, [rows, done, created, updated, failed]: [i64; 5]) -> Json {
    json!({ "status": status, "rows": rows, "done": done, "created": created, "updated": updated, "failed": failed })
}

/// What one is told to do about some that are refused.
fn refused(counts: Json, refused: i64, held_back: i64) -> Json {
    let told = format!("Refused rows: {refused}; held back with them: {held_back}; .../errors has each with its reason");
    let mut counts = counts;
    counts["errors"] = json!([told]);
    counts
}

/// On every store, with a worker.
pub async fn on_every_store(test: impl AsyncFn(Review)) {
    for (place, _database) in places() {
        let server = Server::on(Options::new(place)).await;
        server.work();
        test(Review::on(server).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_become_tasks_and_change_them() {
    on_every_store(async |review| {
        review.collaborator("ann@hogwarts.edu", "Collaborator").await;
        let file = "\u{feff}ID;Full name;Count;Urgent?;Tags;Due;Stage;Assigned To;Notes;x\r\n\
            a;Ann;1,5;yes;one;2026-02-03;Review;ann@hogwarts.edu;\"two\r\nlines\";-\r\n\
            b;'=1+1;;0;\"[\"\"two, three\"\",\"\"one\"\"]\";;;;;\r\n";
        let mapping = "?_mapping=%7B%22Full%20name%22:%22Name%22,%22x%22:null%7D";
        let (ended, errors) = review.imported(mapping, &file.replace("1,5", "1.5")).await;
        assert_eq!(ended, counts("Success", [2, 2, 2, 0, 0]));
        assert_eq!(errors, "_Line,ID,Full name,Count,Urgent?,Tags,Due,Stage,Assigned To,Notes,x,_Errors\r\n");
        let columns = ["Stage", "Assigned To", "Name", "Count", "Urgent?", "Tags", "Due", "Notes"];
        let first = json!(["Review", "ann@hogwarts.edu", "Ann", "1.5", true, ["one"], "2026-02-03", "two\r\nlines"]);
        assert_eq!(review.shown("a", &columns).await, first);
        assert_eq!(review.shown("b", &columns).await, json!(["Open", null, "=1+1", null, false, ["two, three", "one"], null, null]));

        // Only the columns that the file has; an empty cell makes blank.
        let (ended, _) = review.imported("", "ID\tName\tCount\nb\t\t7\nc\tnew\t\n").await;
        assert_eq!(ended, counts("Success", [2, 2, 1, 1, 0]));
        assert_eq!(review.shown("b", &["Name", "Count", "Tags"]).await, json!([null, "7", ["two, three", "one"]]));

        let rows = review.history("b", 50).await.0;
        assert_eq!(rows.iter().map(|row| row["kind"].clone()).collect::<Vec<_>>(), ["task.created", "task.updated"]);
        assert_eq!(rows[1]["after"], json!({ "Name": null, "Count": "7" }));
        assert_eq!(rows[0]["actor"]["type"], "api_key");
        let imports = review.send(get(review.at("/imports"))).await.expect(200).json();
        assert_eq!(imports.as_array().map(Vec::len), Some(2));
        assert_eq!((&imports[0]["created"], &imports[1]["created"]), (&json!(1), &json!(2)), "newest first");
        let first_page = review.send(get(review.at("/imports?_limit=1"))).await.expect(200);
        let next = first_page.header("link").expect("there is more").to_owned();
        let next = next.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a target").0;
        assert_eq!(review.send(get(next)).await.expect(200).json()[0]["id"], imports[1]["id"]);
    })
    .await;
}

/// A file of so many rows, in which some are wrong.
pub fn numbered(rows: usize, wrong: &[usize]) -> String {
    let mut file = "ID,Count,Note\n".to_owned();
    for row in 1..=rows {
        let count = if wrong.contains(&row) { "many".to_owned() } else { row.to_string() };
        writeln!(file, "{row},{count},=x{row}").expect("it is in memory");
    }
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_are_imported_together_or_not_at_all_and_what_is_left_can_be_mended() {
    on_every_store(async |review| {
        let mapping = "?_mapping=%7B%22Note%22:%22Notes%22%7D";
        let (ended, errors) = review.imported(mapping, &numbered(2500, &[1001, 1500])).await;
        assert_eq!(ended, refused(counts("Fail", [2500, 2500, 1500, 0, 1000]), 2, 998));
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), 1001);
        assert_eq!(lines[0], "_Line,ID,Count,Note,_Errors");
        assert_eq!(lines[1], "1002,1001,many,'=x1001,Count is invalid");
        assert_eq!(lines[2], "1003,1002,1002,'=x1002,Not imported: other rows beside it are refused");
        assert_eq!(review.column("ID").await.len(), 1500);

        // The file of the errors is one to import.
        let (ended, _) = review.imported(mapping, &errors.replace("1001,many", "1001,1001").replace("1500,many", "1500,")).await;
        assert_eq!(ended, counts("Success", [1000, 1000, 1000, 0, 0]));
        assert_eq!(review.shown("1001", &["Count", "Notes"]).await, json!(["1001", "=x1001"]));
        assert_eq!(review.column("ID").await.len(), 2500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_id_that_comes_again_is_a_change_wherever_it_stands() {
    on_every_store(async |review| {
        let (ended, _) = review.imported("", "ID,Name,Count\nx,first,1\ny,,\nx,second,\nx,second,\n").await;
        assert_eq!(ended, counts("Success", [4, 4, 2, 2, 0]));
        let rows = review.history("x", 50).await.0;
        assert_eq!(rows.iter().map(|row| row["kind"].clone()).collect::<Vec<_>>(), ["task.created", "task.updated"]);
        assert_eq!(review.shown("x", &["Name", "Count"]).await, json!(["second", null]));
        let again = numbered(1001, &[]) + "1,7,z\n";
        let (ended, _) = review.imported("?_mapping=%7B%22Note%22:null%7D", &again).await;
        assert_eq!(ended, counts("Success", [1002, 1002, 1001, 1, 0]));
        assert_eq!(review.shown("1", &["Count"]).await, json!(["7"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_the_same_and_does_nothing() {
    on_every_store(async |review| {
        review.task(json!({ "ID": "1" })).await;
        // A Unique ID that comes again in another thousand is what the dry run has made of it.
        let again = review.imported("?_dry_run=true", &(numbered(1001, &[]).replace("Note", "Notes") + "1,7,\n1001,7,\n")).await.0;
        assert_eq!(again, counts("Success", [1003, 1003, 1000, 3, 0]));
        until(async || (number(&review, "SELECT count(*) FROM import_foreseen").await == 0).then_some(())).await;
        let file = numbered(1200, &[1100]);
        let (foreseen, told) = review.imported("?_dry_run=true&_mapping=%7B%22Note%22:null%7D", &file).await;
        assert_eq!(review.column("ID").await.len(), 1);
        let (done, errors) = review.imported("?_mapping=%7B%22Note%22:null%7D", &file).await;
        assert_eq!((&foreseen, &told), (&done, &errors));
        assert_eq!(done, refused(counts("Fail", [1200, 1200, 999, 1, 200]), 1, 199));
        assert_eq!(review.column("ID").await.len(), 1000);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_file_of_tasks_is_refused_and_leaves_nothing() {
    let review = Review::start().await;
    let csv = |file: &str| review.import("", file);
    let many = numbered(1500, &[]).replace("Note", "Notes") + "\"open\n";
    for (call, status, told) in [
        (csv(""), 400, "body is not valid CSV: there is no header at line 1"),
        (csv("Name,\na,b\n"), 400, "body is not valid CSV: column 2 has no name at line 1"),
        (csv("Name,Name\na,b\n"), 400, "body is not valid CSV: two columns are called \"Name\" at line 1"),
        (csv("Name\na\n\"b\n"), 400, "body is not valid CSV: a quote is opened and never closed at line 3"),
        (csv(&many), 400, "body is not valid CSV: a quote is opened and never closed at line 1502"),
        (csv("Name\na,b\n"), 400, "body is not valid CSV: a row has more cells where the header has 1 at line 2"),
        (csv("Name\na\n").with("content-type", "application/json"), 415, "Content-Type must be text/csv, not application/json"),
        (review.import("?_delimiter=x", "Name\n"), 422, "_delimiter is \"x\"; allowed is `,`, `;` or tab"),
        (review.import("?_x=1", "Name\n"), 422, "_x is not a parameter"),
        (
            review.import("?_mapping=%5B%5D", "Name\n"),
            422,
            "_mapping is \"[]\"; allowed is a JSON object that has the name of a field, or null, by the name of a column",
        ),
    ] {
        review.server.refuses(call, status, &[told]).await;
    }
    let columns = review.send(review.import("?_mapping=%7B%22Zzz%22:null%7D", "Emial,Name\n")).await.expect(422).json();
    assert_eq!(columns["errors"]["Zzz"], json!(["is not a column of the file; its columns are Emial, Name"]));
    let told = columns["errors"]["Emial"][0].as_str().expect("a sentence");
    assert!(told.starts_with("\"Emial\" is not a field; did you mean Email; allowed in _mapping is Stage, Assigned To, ID, "), "{told}");
    assert_eq!(review.send(get(review.at("/imports"))).await.expect(200).json(), json!([]));
    review.server.refuses(get(review.at("/imports/9zz")), 404, &["Import not found"]).await;

    // What had come of those is cleared away.
    review.server.work();
    let left = "SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_pieces)";
    until(async || (number(&review, left).await == 0).then_some(())).await;
}

pub async fn number(review: &Review, sql: &'static str) -> i64 {
    let count = move |cx: &mut baton_engine::Cx<'_>| Ok(cx.tx.query_one(sql, &[], |row| row.int(0))?);
    review.server.engine.read(review.server.operator(), count).await.expect("it is read").expect("a number")
}

#[tokio::test]
async fn one_that_is_cancelled_ends_and_its_rows_can_be_had() {
    let review = Review::start().await;
    let id = review.send(review.import("", "ID\n1\n2\n")).await.expect(202).string("id");
    let cancelled = review.send(post(review.at(&format!("/imports/{id}/cancel")), "{}")).await.expect(200).json();
    assert_eq!((&cancelled["status"], &cancelled["errors"]), (&json!("Fail"), &json!(["Cancelled by API (First key)"])));
    let errors = review.errors(&id).await;
    assert_eq!(
        errors,
        "_Line,ID,_Errors\r\n2,1,Not imported: the import has ended before\r\n3,2,Not imported: the import has ended before\r\n"
    );
    let again = post(review.at(&format!("/imports/{id}/cancel")), "{}");
    review.server.refuses(again, 409, &["Import has ended already"]).await;
    review.server.work();
    let (ended, _) = review.imported("", &errors).await;
    assert_eq!(ended, counts("Success", [2, 2, 2, 0, 0]));
}

/// What is so when a row is written counts, not what was so when the file came.
#[tokio::test]
async fn what_has_changed_meanwhile_ends_an_import_with_its_reason() {
    for (change, told) in [
        ("archive", "Workflow is archived"),
        ("revoke", "API key has been revoked"),
        ("role", "API key may not import Tasks"),
        ("field", "Field of the column \"Site\" no longer exists"),
    ] {
        let document = REVIEW.trim_end().to_owned() + "\n  - { name: Imports, tasks: { import: true } }\n";
        let review = Review::of(Server::start().await, &document).await;
        let (key, secret) = review.server.key(KeyScope { role: Some("Imports".to_owned()), ..KeyScope::default() }).await;
        let id = review.send(review.import("", "Site\nhttps://x.example\n").by(&secret)).await.expect(202).string("id");
        let definition = review.send(get(review.at("/definition"))).await.expect(200).json();
        match change {
            "archive" => drop(review.send(post(review.at("/archive"), "{}")).await.expect(200)),
            "revoke" => {
                let revoke = move |cx: &mut baton_engine::Cx<'_>| api_keys::revoke(cx, &key.to_string());
                review.server.engine.write(review.server.operator(), revoke).await.expect("revoked");
            }
            "role" => {
                let mut definition = definition;
                let roles = definition["roles"].as_array_mut().expect("roles");
                roles.iter_mut().find(|role| role["name"] == "Imports").expect("it is there")["tasks"] = json!({ "import": false });
                review.send(put(review.at("/definition"), definition)).await.expect(200);
            }
            _ => {
                let mut text = definition.to_string();
                let field =
                    definition["fields"].as_array().expect("fields").iter().find(|field| field["name"] == "Site").expect("it is there");
                text = text.replace(&format!("{field},"), "");
                let definition: Json = serde_json::from_str(&text).expect("JSON");
                let reply = review.send(put(review.at("/definition"), definition)).await;
                assert!(reply.status.is_success(), "{}", reply.text());
            }
        }
        review.server.work();
        let ended = review.ended(&id).await;
        assert_eq!((&ended["status"], &ended["errors"]), (&json!("Fail"), &json!([told])), "{change}");
        assert_eq!(review.column("Stage").await, [] as [Json; 0]);
    }
}

#[tokio::test]
async fn the_rows_of_another_key_are_for_those_who_see_everything() {
    let document = REVIEW.trim_end().to_owned()
        + "\n  - { name: Imports, tasks: { import: true } }\n  - { name: Sees less, tasks: { import: true }, fields: { Notes: hidden } }\n";
    let review = Review::of(Server::working().await, &document).await;
    let sees_less = review.role_key("Sees less").await;
    let id = review.send(review.import("", "ID,Count\n1,x\n")).await.expect(202).string("id");
    review.ended(&id).await;
    let errors = get(review.at(&format!("/imports/{id}/errors")));
    assert!(review.send(errors.clone().by(&review.role_key("Imports").await)).await.expect(200).text().contains("Count is invalid"));
    let told = ["API key may not see the rows of another key's import"];
    review.server.refuses(errors.by(&sees_less), 403, &told).await;
    // Its own are its own, and a hidden field is none.
    let own = review.send(review.import("", "ID,Count\n1,x\n").by(&sees_less)).await.expect(202).string("id");
    review.ended(&own).await;
    review.send(get(review.at(&format!("/imports/{own}/errors"))).by(&sees_less)).await.expect(200);
    let hidden = review.send(review.import("", "ID,Notes\n").by(&sees_less)).await.expect(422).json();
    assert!(hidden["errors"]["Notes"][0].as_str().is_some_and(|told| told.starts_with("\"Notes\" is not a field")), "{hidden}");
}

/// Empty cells take memory too.
#[tokio::test]
async fn wide_rows_are_kept_in_smaller_pieces() {
    let review = Review::start().await;
    let columns: Vec<String> = (0..999).map(|column| format!("c{column}")).collect();
    let mapping: Json = columns.iter().map(|column| (column.clone(), Json::Null)).collect();
    let file = format!("ID,{}\n", columns.join(",")) + &format!("{}\n", ",".repeat(999)).repeat(300);
    let encoded = percent_encoding::utf8_percent_encode(&mapping.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string();
    review.send(review.import(&format!("?_mapping={encoded}"), &file)).await.expect(202);
    // 32 bytes a cell: 131 rows are more than 4 MiB.
    let sizes = "SELECT count(*) FROM import_pieces";
    assert_eq!(number(&review, sizes).await, 3);
}

#[tokio::test]
async fn rows_that_are_kept_no_more_are_not_shown_as_none() {
    let clock = MovedClock::new();
    let server = Server::with(Options::new(Place::Memory), clock.clone()).await;
    let review = Review::on(server).await;
    review.server.work();
    let file = numbered(2, &[2]).replace("Note", "Notes");
    let bad = review.send(review.import("", &file)).await.expect(202).string("id");
    let good = review.send(review.import("", "ID\n7\n")).await.expect(202).string("id");
    review.ended(&bad).await;
    review.ended(&good).await;
    clock.put(7 * DAY - 60);
    assert_eq!(review.errors(&bad).await.lines().count(), 3);
    clock.put(60);
    let told = ["The rows that were not imported are gone: they were kept for 7 days"];
    review.server.refuses(get(review.at(&format!("/imports/{bad}/errors"))), 410, &told).await;
    assert_eq!(review.errors(&good).await, "_Line,ID,_Errors\r\n", "there were none");
    until(async || (number(&review, "SELECT count(*) FROM import_pieces").await == 0).then_some(())).await;
    review.server.refuses(get(review.at(&format!("/imports/{bad}/errors"))), 410, &told).await;
    assert_eq!(review.ended(&bad).await["failed"], 2, "what is known of it stays");
}

#[tokio::test]
async fn the_errors_are_divided_as_they_are_asked_for() {
    let review = Review::working().await;
    let id = review.send(review.import("", "ID,Count\n1,\"x;=1\"\n")).await.expect(202).string("id");
    review.ended(&id).await;
    let path = review.at(&format!("/imports/{id}/errors"));
    let file = review.send(get(format!("{path}?_delimiter=;"))).await.expect(200);
    assert_eq!(file.text(), "_Line;ID;Count;_Errors\r\n2;1;\"x;=1\";Count is invalid\r\n");
    review.server.refuses(get(format!("{path}?_delimiter=x")), 422, &["_delimiter is \"x\"; allowed is `,`, `;` or tab"]).await;
}
