//! Lists that are filtered, sorted, counted and taken page by page.

use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Reply, get};

const ANN: &str = "ann@hogwarts.edu";

async fn some_tasks() -> Review {
    let review = Review::start().await;
    review.collaborator(ANN, "Collaborator").await;
    for body in [
        json!({ "ID": "1", "Name": "apple", "Count": 10, "Due": "2020-01-31", "Plan": "Pro", "Assigned To": ANN }),
        json!({ "ID": "2", "Name": "Banana", "Count": 2, "Amount": 5, "Tags": ["one", "two, three"], "Stage": "Review" }),
        json!({ "ID": "3", "Plan": "Free", "Tags": ["one"], "Stage": "Done", "Owner": ANN }),
        json!({ "ID": "4", "Name": "cherry", "Count": -10, "Due": "2020-01-30" }),
        json!({ "ID": "5", "Name": "banana", "Count": 2, "Plan": "Free" }),
    ] {
        review.task(body).await;
    }
    review
}

fn ids(list: &Json) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|task| task["ID"].as_str().expect("an ID")).collect()
}

fn filter(rules: Json) -> String {
    let text = json!({ "combinator": "and", "rules": rules }).to_string();
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("_filter={encoded}")
}

#[tokio::test]
async fn lists_are_filtered_and_sorted() {
    let review = some_tasks().await;
    let between = filter(json!([{ "field": "Count", "operator": "between", "value": [2, 10] }]));
    let without_name = filter(json!([{ "field": "Name", "operator": "null" }]));
    let begins = filter(json!([{ "field": "Name", "operator": "beginsWith", "value": "BAN" }]));
    let either = filter(json!([{ "combinator": "or", "rules": [
        { "field": "Stage", "operator": "=", "value": "Done" },
        { "field": "Created On", "operator": "<", "value": "2000-01-01" },
        { "field": "Assigned To", "operator": "=", "value": ANN },
    ] }]));
    for (query, found) in [
        ("_sort=Name", &["1", "2", "5", "4", "3"][..]),
        ("_sort=-Name", &["4", "2", "5", "1", "3"]),
        ("_sort=-Created+On", &["5", "4", "3", "2", "1"]),
        ("_sort=Plan,-Name", &["5", "3", "1", "4", "2"]),
        ("_sort=Count", &["4", "2", "5", "1", "3"]),
        ("_sort=Count,-Created+On", &["4", "5", "2", "1", "3"]),
        ("_sort=-Stage", &["3", "2", "1", "4", "5"]),
        ("_sort=Assigned+To,-ID", &["1", "5", "4", "3", "2"]),
        ("_sort=Tags", &["2", "3", "1", "4", "5"]),
        ("_sort=Updated+On", &["1", "2", "3", "4", "5"]),
        (&between, &["1", "2", "5"]),
        (&format!("{between}&_sort=-Count"), &["1", "2", "5"]),
        (&format!("{between}&Plan=Free"), &["5"]),
        (&without_name, &["3"]),
        (&begins, &["2", "5"]),
        (&either, &["1", "3"]),
        ("_filter=%7B%22combinator%22%3A%22and%22%2C%22rules%22%3A%5B%5D%7D", &["1", "2", "3", "4", "5"]),
    ] {
        for (path, all) in [("/tasks", true), ("/tasks/active", false)] {
            let listed = review.send(get(review.at(&format!("{path}?{query}")))).await.expect(200).json();
            let expected: Vec<&str> = found.iter().copied().filter(|id| all || *id != "3").collect();
            assert_eq!(ids(&listed), expected, "{path}?{query}");
        }
    }
}

/// Follows the links from a path on, and gives the ids of each page.
async fn follow(review: &Review, path: String) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Some(path));
    while let Some(path) = next {
        assert!(pages.len() < 20, "it ends");
        let page = review.send(get(path)).await.expect(200);
        pages.push(ids(&page.json()).into_iter().map(str::to_owned).collect());
        next = page.header("link").map(|link| {
            let path = link.strip_prefix("</api/v1").and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a link");
            path.to_owned()
        });
    }
    pages
}

#[tokio::test]
async fn pages_are_linked() {
    let review = some_tasks().await;
    let at = |query: &str| review.at(&format!("/tasks?{query}"));
    for (query, found) in [
        ("_limit=2", vec![vec!["1", "2"], vec!["3", "4"], vec!["5"]]),
        ("_limit=5", vec![vec!["1", "2", "3", "4", "5"]]),
        ("_limit=200", vec![vec!["1", "2", "3", "4", "5"]]),
        ("_limit=2&_sort=-Name", vec![vec!["4", "2"], vec!["5", "1"], vec!["3"]]),
        ("_limit=1&_sort=Plan,Count&Stage=Open", vec![vec!["5"], vec!["1"], vec!["4"]]),
        ("_limit=2&_offset=0&_sort=Name", vec![vec!["1", "2"], vec!["5", "4"], vec!["3"]]),
        ("_limit=2&_offset=3", vec![vec!["4", "5"]]),
        ("_limit=2&_offset=4", vec![vec!["5"]]),
        ("_limit=2&_offset=9", vec![vec![]]),
    ] {
        assert_eq!(follow(&review, at(query)).await, found, "{query}");
    }
    // Without a limit all that is behind.
    let first = review.send(get(review.at("/tasks?_limit=2"))).await.expect(200);
    let link = first.header("link").expect("a link").to_owned();
    let cursor = link.split("_cursor=").nth(1).and_then(|rest| rest.split('>').next()).expect("a cursor");
    let rest = review.send(get(review.at(&format!("/tasks?_cursor={cursor}")))).await.expect(200);
    assert_eq!((ids(&rest.json()), rest.header("link")), (vec!["3", "4", "5"], None));
}

#[tokio::test]
async fn counts_are_of_all_that_match() {
    let review = some_tasks().await;
    let two_rules = filter(json!([{ "field": "Count", "operator": ">", "value": 0 }, { "field": "Plan", "operator": "notNull" }]));
    for (query, count) in [
        ("_count=true", "5"),
        ("_count=true&_limit=2", "5"),
        ("_count=true&_limit=2&_offset=4", "5"),
        ("_count=true&Stage=Open", "3"),
        ("_count=true&Stage=Open&Stage=Open", "3"),
        ("_count=true&Name=", "1"),
        ("_count=true&Name=banana", "1"),
        ("_count=true&Tags=one&Tags=two,+three", "2"),
        (&format!("_count=true&{two_rules}"), "2"),
    ] {
        let listed = review.send(get(review.at(&format!("/tasks?{query}")))).await.expect(200);
        assert_eq!(listed.header("x-total-count"), Some(count), "{query}");
    }
    let active = review.send(get(review.at("/tasks/active?_count=true&_limit=1"))).await.expect(200);
    assert_eq!(active.header("x-total-count"), Some("4"));
    assert_eq!(review.send(get(review.at("/tasks"))).await.expect(200).header("x-total-count"), None);
}

#[tokio::test]
async fn only_the_keys_that_are_named_are_shown() {
    let review = some_tasks().await;
    let first = |query: &str| {
        let request = get(review.at(&format!("/tasks?ID=1&_fields={query}")));
        let sent = review.send(request);
        async move { sent.await.expect(200).text().to_owned() }
    };
    assert_eq!(first("ID,Stage").await, r#"[{"Stage":"Open","ID":"1"}]"#);
    assert_eq!(first("Name,Assigned+To,Created+By").await, format!(r#"[{{"Assigned To":"{ANN}","Created By":null,"Name":"apple"}}]"#));
    let dated: Json = serde_json::from_str(&first("Plan,Updated+On,Created+On,Task+URL").await).expect("JSON");
    let keys: Vec<&String> = dated[0].as_object().expect("a task").keys().collect();
    assert_eq!(keys, ["Task URL", "Created On", "Updated On", "Plan"]);
    assert!(dated[0]["Created On"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{dated}");
}

#[tokio::test]
async fn what_a_list_cannot_be_asked_is_told() {
    let review = some_tasks().await;
    let page = review.send(get(review.at("/tasks?_limit=2&_sort=Name"))).await.expect(200);
    let link = page.header("link").expect("a link").to_owned();
    let cursor = link.split("_cursor=").nth(1).and_then(|rest| rest.split('>').next()).expect("a cursor");
    let begin: String = cursor.chars().take(60).collect();
    let bad_cursor =
        |value: &str| json!([format!("_cursor is {value:?}; allowed is a cursor from a Link header of this list, with the same _sort")]);
    let columns = "allowed is names of columns with commas between them";
    for (query, errors) in [
        ("_limit=0".to_owned(), json!(["_limit is \"0\"; allowed is a whole number from 1 to 200"])),
        ("_limit=201".to_owned(), json!(["_limit is \"201\"; allowed is a whole number from 1 to 200"])),
        ("_limit=2&_limit=3".to_owned(), json!(["_limit is \"3\"; allowed is one value"])),
        ("_offset=2".to_owned(), json!(["_offset is \"2\"; allowed is a number together with _limit"])),
        ("_offset=-1&_limit=2".to_owned(), json!([format!("_offset is \"-1\"; allowed is a whole number from 0 to {}", i64::MAX)])),
        (format!("_offset=2&_limit=2&_sort=Name&_cursor={cursor}"), json!(["_offset is \"2\"; allowed is _offset or _cursor, not both"])),
        ("_cursor=x&_limit=2".to_owned(), bad_cursor("x")),
        ("_cursor=".to_owned(), bad_cursor("")),
        (format!("_cursor={cursor}"), bad_cursor(&begin)),
        (format!("_cursor={cursor}&_sort=-Name"), bad_cursor(&begin)),
        ("_count=1".to_owned(), json!(["_count is \"1\"; allowed is true or false"])),
        ("_sort=".to_owned(), json!([format!("_sort is \"\"; {columns}, - before those that descend")])),
        ("_sort=Foo,-Name,Name".to_owned(), json!({ "_sort": ["Foo is not a field", "Name is named twice"] })),
        ("_sort=name".to_owned(), json!({ "_sort": ["name is not a field"] })),
        ("_fields=".to_owned(), json!([format!("_fields is \"\"; {columns}")])),
        ("_fields=ID,Foo,ID".to_owned(), json!({ "_fields": ["Foo is not a field", "ID is named twice"] })),
        ("_filter=".to_owned(), json!(["_filter is \"\"; allowed is a condition as JSON (EOF while parsing a value at line 1 column 1)"])),
        (
            filter(json!([{ "field": "Nmae", "operator": "=", "value": "x" }, { "field": "Count", "operator": "=", "value": "x" }])),
            json!({
                "_filter.rules[0].field": ["Nmae is not a field; did you mean Name?"],
                "_filter.rules[1].value": ["\"x\" is not a number"],
            }),
        ),
        ("_filter=5".to_owned(), json!({ "_filter": ["5 is not a condition: it needs combinator and rules"] })),
        ("_filtre=5".to_owned(), json!(["_filtre is not a parameter"])),
    ] {
        review.server.check(get(review.at(&format!("/tasks?{query}"))), 422, json!({ "errors": errors })).await;
    }
}

#[tokio::test]
async fn what_a_role_hides_is_no_field_of_a_list() {
    let review = some_tasks().await;
    let limited = review.role_key("Limited").await;
    for (query, told) in [
        ("_sort=-Amount".to_owned(), json!({ "_sort": ["Amount is not a field"] })),
        ("_fields=ID,Amount".to_owned(), json!({ "_fields": ["Amount is not a field"] })),
        (
            filter(json!([{ "field": "Amount", "operator": "null" }])),
            json!({ "_filter.rules[0].field": ["Amount is not a field; did you mean Count?"] }),
        ),
        (
            filter(json!([{ "field": "Count", "operator": "<", "value": "Amount", "valueSource": "field" }])),
            json!({ "_filter.rules[0].value": ["Amount is not a field; did you mean Count?"] }),
        ),
    ] {
        review.server.check(get(review.at(&format!("/tasks?{query}"))).by(&limited), 422, json!({ "errors": told })).await;
    }
}

/// The path of a page's Link.
fn link(page: &Reply) -> String {
    let link = page.header("link").expect("there are more");
    link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a link").0.to_owned()
}

#[tokio::test]
async fn a_cursor_ends_where_the_definition_moves_what_nobody_touches() {
    let review = some_tasks().await;
    let told = json!({ "errors": ["The list is no longer the one that was begun; begin anew"] });
    let first = |definition: &mut Json, list: &str, new: Json| definition[list].as_array_mut().expect("a list").insert(0, new);
    let plan = |definition: &mut Json| -> usize {
        definition["fields"].as_array().expect("fields").iter().position(|field| field["name"] == "Plan").expect("Plan")
    };
    let next = async |query: &str| link(&review.send(get(review.at(&format!("/tasks?{query}&_limit=2")))).await.expect(200));
    let by = ["_sort=Stage", "_sort=-Plan,Name", "_sort=Name", "_sort=Assigned+To", "_search=e", "_limit=2"];
    let mut cursors = Vec::new();
    for query in by {
        review.task(json!({ "Name": format!("e{}", cursors.len()) })).await;
        cursors.push(next(query.strip_prefix("_limit=2").unwrap_or(query)).await);
    }
    let gone_on = async || {
        let mut gone_on = Vec::new();
        for (query, cursor) in by.iter().zip(&cursors) {
            let page = review.send(get(cursor.clone())).await;
            if page.status == 200 {
                gone_on.push(*query);
            } else {
                assert_eq!((page.status.as_u16(), page.json()), (422, told.clone()), "{query}");
            }
        }
        gone_on
    };
    // What says nothing about the order.
    review.redefine(|definition| first(definition, "fields", json!({ "name": "Size", "type": "number" }))).await;
    review.redefine(|definition| definition["stages"][0]["color"] = "red".into()).await;
    review.collaborator("new@hogwarts.edu", "Collaborator").await;
    assert_eq!(gone_on().await, by);
    review.redefine(|definition| first(definition, "stages", json!({ "name": "Idea" }))).await;
    assert_eq!(gone_on().await, by[1..]);
    review
        .redefine(|definition| {
            let plan = plan(definition);
            first(&mut definition["fields"][plan], "options", json!({ "name": "Basic" }));
        })
        .await;
    assert_eq!(gone_on().await, by[2..]);
    review.redefine(|definition| first(definition, "fields", json!({ "name": "Code", "type": "text" }))).await;
    assert_eq!(gone_on().await, ["_sort=Name", "_sort=Assigned+To", "_limit=2"], "the new field is searched");
    assert_eq!(review.send(get(next("_sort=Stage").await)).await.status, 200, "one of now");
}
