//! Lists of tasks as files: `?_format=csv`.

use serde_json::{Value as Json, json};

use super::imports::{counts, on_every_store};
use super::review::{REVIEW, Review};
use super::server::{Server, get};

/// What a list shows is what comes back, whatever stands in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_tasks_is_one_to_import() {
    on_every_store(async |review| {
        review.collaborator("ann@hogwarts.edu", "Collaborator").await;
        let everything = json!({
            "ID": "a", "Name": "'=1", "Notes": "\ttwo\r\nlines, \"quoted\"", "Count": "-5", "Amount": 7, "Phone": "+447911123456",
            "Due": "2026-02-03", "Seen at": "2026-02-03T10:00:00.5+01:00", "Owner": "ann@hogwarts.edu", "Plan": "Pro",
            "Tags": ["two, three", "one"], "Urgent?": true, "Email": "x@y.example", "Site": "https://x.example/?a=1", "Fixed": "-",
            "Stage": "Review", "Assigned To": "ann@hogwarts.edu",
        });
        review.task(everything).await;
        for id in 0..600 {
            review.task(json!({ "ID": format!("n{id}"), "Count": id })).await;
        }
        let list = async || review.send(get(review.at("/tasks"))).await.expect(200).text().to_owned();
        let (before, export) = (list().await, review.send(get(review.at("/tasks?_format=csv"))).await.expect(200));
        assert_eq!(export.header("content-disposition"), Some("attachment; filename=\"Review.csv\""));
        let lines: Vec<&str> = export.text().split("\r\n").collect();
        assert_eq!(lines[0], "Stage,Assigned To,ID,Name,Notes,Count,Amount,Phone,Due,Seen at,Owner,Plan,Tags,Urgent?,Email,Site,Fixed");
        assert_eq!(lines.len(), 604, "each task is a line, one has two, and nothing follows the last");
        assert!(lines[1].starts_with("Review,ann@hogwarts.edu,a,''=1,\"'\ttwo"), "{}", lines[1]);
        let (ended, _) = review.imported("", export.text()).await;
        assert_eq!(ended, counts("Success", [601, 601, 0, 601, 0]));
        assert_eq!(list().await, before, "nothing has changed");

        // Without their Unique IDs they are others, which are the same in all else.
        let rest = "Name,Notes,Count,Amount,Phone,Due,Seen at,Owner,Plan,Tags,Urgent?,Email,Site,Fixed,Stage,Assigned To";
        let path = review.at(&format!("/tasks?_format=csv&ID=a&_fields={}", rest.replace(' ', "+").replace('?', "%3F")));
        let one = review.send(get(path)).await.expect(200);
        let (ended, _) = review.imported("", one.text()).await;
        assert_eq!(ended, counts("Success", [1, 1, 1, 0, 0]));
        let shown: Json = serde_json::from_str(&list().await).expect("JSON");
        let shown = shown.as_array().expect("a list");
        let without = |task: &Json| {
            let mut task = task.as_object().expect("an object").clone();
            ["ID", "Task URL"].iter().for_each(|key| drop(task.shift_remove(*key)));
            task
        };
        assert_eq!(without(shown.last().expect("it is there")), without(&shown[0]));
    })
    .await;
}

#[tokio::test]
async fn a_file_is_a_list_in_another_form() {
    let document = REVIEW.trim_end().to_owned() + "\n  - { name: Exports nothing, tasks: { export: false } }\n";
    let review = Review::of(Server::start().await, &document).await;
    for (id, stage) in [("1", "Open"), ("2", "Done"), ("3", "Open")] {
        review.task(json!({ "ID": id, "Stage": stage })).await;
    }
    let file = async |query: &str| review.send(get(review.at(&format!("/tasks{query}")))).await.expect(200);
    assert_eq!(file("?_format=csv&_fields=ID&_sort=-ID").await.text(), "ID\r\n3\r\n2\r\n1\r\n");
    assert_eq!(file("/active?_format=csv&_fields=ID").await.text(), "ID\r\n1\r\n3\r\n");
    assert_eq!(file("?_format=csv&_fields=ID&ID=9").await.text(), "ID\r\n");
    let page = file("?_format=csv&_fields=Stage,ID&_limit=2&_count=true").await;
    assert_eq!((page.text(), page.header("x-total-count")), ("Stage,ID\r\nOpen,1\r\nDone,2\r\n", Some("3")));
    assert!(page.header("link").is_some_and(|link| link.contains("_format=csv")));
    assert_eq!(file("?_format=json&ID=1").await.json()[0]["ID"], "1");
    review.task(json!({ "ID": "9;=1", "Name": "a,b\tc" })).await;
    for (delimiter, text) in [
        (",", "ID,Name\r\n\"9;=1\",\"a,b\tc\"\r\n"),
        (";", "ID;Name\r\n\"9;=1\";\"a,b\tc\"\r\n"),
        ("tab", "ID\tName\r\n\"9;=1\"\t\"a,b\tc\"\r\n"),
    ] {
        let query = format!("?_format=csv&_delimiter={delimiter}&_fields=ID,Name&ID=9%3B%3D1");
        assert_eq!(file(&query).await.text(), text);
    }
    let told = ["_delimiter is \";\"; allowed is one together with _format=csv"];
    review.server.refuses(get(review.at("/tasks?_delimiter=;")), 422, &told).await;
    review.server.refuses(get(review.at("/tasks?_format=xml")), 422, &["_format is \"xml\"; allowed is json or csv"]).await;
    let key = review.role_key("Exports nothing").await;
    review.server.refuses(get(review.at("/tasks?_format=csv")).by(&key), 403, &["API key may not export Tasks"]).await;
    review.send(get(review.at("/tasks")).by(&key)).await.expect(200);
    // A hidden field is no column of it.
    let limited = review.role_key("Limited").await;
    let seen = review.send(get(review.at("/tasks?_format=csv")).by(&limited)).await.expect(200);
    let listed = review.send(get(review.at("/tasks")).by(&limited)).await.expect(200).json();
    let columns: Vec<String> = listed[0].as_object().expect("an object").keys().filter(|key| *key != "Task URL").cloned().collect();
    assert_eq!(seen.text().split("\r\n").next(), Some(columns.join(",").as_str()));
}
