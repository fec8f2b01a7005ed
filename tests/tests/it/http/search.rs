//! `GET .../tasks?_search=`: words in what the key may see, the better matches first, page by page or as a whole.

use baton_engine::commands::tasks;
use baton_store::sql::search;
use baton_store::{Options, Place};
use serde_json::{Value as Json, json};

use super::review::Review;
use super::server::{Reply, Server, get, put};
use crate::postgres::Database;

/// More than are ranked.
const MANY: usize = 2_300;
const RANKED: usize = 2_000;

fn ids(list: &Json) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|task| task["ID"].as_str().expect("an ID")).collect()
}

async fn found(review: &Review, query: &str) -> Reply {
    review.send(get(review.at(&format!("/tasks?{query}")))).await.expect(200)
}

async fn owls() -> Review {
    let review = Review::start().await;
    for body in [
        json!({ "ID": "harry", "Name": "Hedwig", "Count": 1 }),
        json!({ "ID": "2", "Name": "Harry Potter", "Notes": "Owl of the year", "Count": 5 }),
        json!({ "ID": "3", "Name": "Errol", "Notes": "Knows harry, and straße", "Stage": "Done", "Count": 3 }),
        json!({ "ID": "4", "Name": "Harryhausen", "Email": "h.owlery@hogwarts.edu", "Phone": "+442079460958", "Count": 4 }),
        json!({ "ID": "5", "Fixed": "東京都のふくろう", "Site": "https://owls.example/post?name=pig", "Plan": "Pro" }),
    ] {
        review.task(body).await;
    }
    review
}

#[tokio::test]
async fn every_word_is_found_and_the_better_places_come_first() {
    let review = owls().await;
    for (query, found_there) in [
        ("_search=harry", &["harry", "2", "3", "4"][..]),
        ("_search=HARRY+pot", &["2"]),
        ("_search=owl", &["2", "5", "4"]),
        ("_search=potter+weasley", &[]),
        ("_search=arry", &[]),
        ("_search=STRASSE", &["3"]),
        ("_search=hogwarts.edu", &["4"]),
        ("_search=%2B44207", &["4"]),
        ("_search=%E4%BA%AC%E9%83%BD", &["5"]),
        ("_search=pig", &["5"]),
        ("_search=pro", &[]),
        ("_search=harry&Stage=Open", &["harry", "2", "4"]),
        ("_search=harry&_sort=Count", &["harry", "3", "4", "2"]),
        ("_search=harry&_sort=-Count&Stage=Open", &["2", "4", "harry"]),
        ("_search=harry&_limit=2&_offset=1", &["2", "3"]),
        ("_search=harry&_limit=2&_offset=4", &[]),
        ("_search=harry&_limit=2&_offset=9", &[]),
    ] {
        assert_eq!(ids(&found(&review, query).await.json()), found_there, "{query}");
    }
    let active = review.send(get(review.at("/tasks/active?_search=harry&_count=true&_limit=1"))).await.expect(200);
    assert_eq!((ids(&active.json()), active.header("x-total-count")), (vec!["harry"], Some("3")));
    let only = found(&review, "_search=errol&_fields=Name").await.json();
    assert_eq!(only, json!([{ "Name": "Errol" }]));
}

#[tokio::test]
async fn a_search_without_a_word_is_refused() {
    let review = owls().await;
    let words = (100..140).map(|number| number.to_string()).collect::<Vec<_>>().join("+");
    for (given, told) in [
        ("", "\"\"; allowed is text with a letter or digit".to_owned()),
        ("%20-", "\" -\"; allowed is text with a letter or digit".to_owned()),
        (&words, format!("{:?}; allowed is at most 32 words", words.replace('+', " "))),
    ] {
        review.server.refuses(get(review.at(&format!("/tasks?_search={given}"))), 422, &[&format!("_search is {told}")]).await;
    }
}

#[tokio::test]
async fn what_is_written_is_found_at_once_also_after_it_was_indexed() {
    let review = owls().await;
    review.server.work();
    let emptied = || async {
        let queued = |cx: &mut baton_engine::Cx<'_>| Ok(search::any_queued(cx.tx)?);
        while review.server.engine.read(review.server.operator(), queued).await.expect("it is read") {
            tokio::task::yield_now().await;
        }
    };
    emptied().await;
    assert_eq!(ids(&found(&review, "_search=harry").await.json()), ["harry", "2", "3", "4"], "the chore has indexed them");
    review.send(put(review.at("/tasks/2"), json!({ "Name": "Ron Weasley" }))).await.expect(200);
    assert_eq!(ids(&found(&review, "_search=harry").await.json()), ["harry", "3", "4"]);
    assert_eq!(ids(&found(&review, "_search=ron").await.json()), ["2"]);
    emptied().await;
    assert_eq!(ids(&found(&review, "_search=ron&_count=true").await.json()), ["2"]);
}

/// A word in a hidden field neither finds a task nor moves it up, and is not counted.
#[tokio::test]
async fn what_a_role_hides_is_not_searched() {
    let review = Review::of(Server::start().await, &super::review::REVIEW.replace("Amount: hidden", "Fixed: hidden, ID: hidden")).await;
    let limited = review.role_key("Limited").await;
    review.task(json!({ "ID": "k4n4ry", "Name": "Errol" })).await;
    review.task(json!({ "ID": "2", "Fixed": "k4n4ry", "Name": "owl" })).await;
    review.task(json!({ "ID": "3", "Notes": "k4n4ry owl" })).await;
    review.task(json!({ "ID": "owl", "Name": "k4n4ry" })).await;
    let names = async |query: &str, key: Option<&str>| {
        let call = get(review.at(&format!("/tasks?{query}&_count=true&_fields=Name,Notes")));
        let reply = review.send(if let Some(key) = key { call.by(key) } else { call }).await.expect(200);
        let names = reply.json().as_array().unwrap().iter().map(|task| format!("{}{}", task["Name"], task["Notes"])).collect::<Vec<_>>();
        assert_eq!(reply.header("x-total-count"), Some(names.len().to_string().as_str()), "{query}");
        names
    };
    for search in ["_search=k4n4ry", "_search=k4n4ry&_limit=9", "_search=k4n4ry&_limit=9&_offset=0"] {
        assert_eq!(names(search, Some(&limited)).await, ["\"k4n4ry\"null", "null\"k4n4ry owl\""], "{search}");
        assert_eq!(names(search, None).await.len(), 4, "{search}");
    }
    assert_eq!(names("_search=k4n4ry&_sort=Name", Some(&limited)).await, ["\"k4n4ry\"null", "null\"k4n4ry owl\""]);
    assert_eq!(names("_search=owl", Some(&limited)).await, ["\"owl\"null", "null\"k4n4ry owl\""], "the ID does not lift it");
    let own = review.role_key("Own tasks").await;
    assert_eq!(names("_search=k4n4ry", Some(&own)).await, Vec::<String>::new());
}

async fn many(review: &Review) {
    let workflow = review.workflow.clone();
    let fill = move |cx: &mut baton_engine::Cx<'_>| {
        for number in 0..MANY {
            let name = if number % 100 == 0 { "owl" } else { "owlet" };
            let body = json!({ "ID": number.to_string(), "Name": name });
            tasks::create_or_update(cx, &workflow, body.as_object().expect("an object"), &tasks::Expected::Anything)?;
        }
        Ok(())
    };
    let index = |cx: &mut baton_engine::Cx<'_>| {
        while search::index_some(cx.tx, None, 500)?.is_some() {}
        Ok(())
    };
    review.server.engine.write(review.server.operator(), fill).await.expect("many tasks");
    review.server.engine.write(review.server.operator(), index).await.expect("they are indexed");
}

/// Of the newest those named owl, the newest first; then the others of them; then all that are older, the newest first.
fn by_rank() -> Vec<String> {
    let numbers = || (0..MANY).rev();
    let ranked = |number: &usize| *number >= MANY - RANKED;
    let best = numbers().filter(|number| ranked(number) && number % 100 == 0);
    let others = numbers().filter(|number| ranked(number) && number % 100 != 0);
    let older = numbers().filter(|number| !ranked(number));
    best.chain(others).chain(older).map(|number| number.to_string()).collect()
}

async fn pages_of_a_long_search(review: &Review) {
    many(review).await;
    let expected = by_rank();
    let whole = found(review, "_search=owl&_count=true").await;
    assert_eq!(whole.header("x-total-count"), Some(MANY.to_string().as_str()));
    assert_eq!(ids(&whole.json()), expected, "streamed");

    let (mut seen, mut next) = (Vec::new(), Some(review.at("/tasks?_search=owl&_limit=190")));
    let mut number = 0;
    while let Some(path) = next {
        let reply = review.send(get(path)).await.expect(200);
        seen.extend(ids(&reply.json()).into_iter().map(str::to_owned));
        next = reply
            .header("link")
            .map(|link| link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a target").0.to_owned());
        // Others come, so that other ones are the newest.
        number += 1;
        review.task(json!({ "ID": format!("new {number}"), "Name": if number % 2 == 0 { "owl" } else { "owlets" } })).await;
    }
    assert_eq!(seen, expected, "those that come meanwhile would have stood before");

    let first = ids(&found(review, "_search=owl").await.json()).into_iter().map(str::to_owned).collect::<Vec<_>>();
    for offset in [0, 150, RANKED - 5, RANKED, RANKED + 7, MANY] {
        let page = found(review, &format!("_search=owl&_limit=20&_offset={offset}")).await.json();
        assert_eq!(ids(&page), first.iter().skip(offset).take(20).collect::<Vec<_>>(), "from {offset}");
    }
}

#[tokio::test]
async fn a_long_search_goes_on_from_the_ranked_to_the_others() {
    pages_of_a_long_search(&Review::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_on_postgresql() {
    let Some(database) = Database::fresh() else { return };
    let server = Server::on(Options::new(Place::Url(database.url.clone()))).await;
    pages_of_a_long_search(&Review::on(server).await).await;
}

/// What a role hides does not even say where the ranked end: a cursor names the last of those.
#[tokio::test]
async fn tasks_that_match_by_what_is_hidden_are_not_among_the_ranked() {
    let review = Review::of(Server::start().await, &super::review::REVIEW.replace("Amount: hidden", "Name: hidden")).await;
    let limited = review.role_key("Limited").await;
    review.task(json!({ "ID": "first", "Notes": "owl" })).await;
    review.task(json!({ "ID": "owl", "Notes": "bat" })).await;
    many(&review).await;
    let page = review.send(get(review.at("/tasks?_search=owl&_limit=1")).by(&limited)).await.expect(200);
    assert_eq!(ids(&page.json()), ["owl"]);
    let cursor = page.header("link").expect("one more");
    let cursor = cursor.split_once("_cursor=").and_then(|(_, rest)| rest.split_once(['>', '&'])).expect("a cursor").0;
    let page = review.send(get(review.at(&format!("/tasks?_search=owl&_limit=1&_cursor={cursor}"))).by(&limited)).await.expect(200);
    assert_eq!((ids(&page.json()), page.header("link")), (vec!["first"], None));
}

#[tokio::test]
async fn a_cursor_of_a_search_is_of_that_list_alone() {
    let review = owls().await;
    let reply = found(&review, "_search=harry&_limit=1").await;
    let link = reply.header("link").expect("there are more");
    let cursor = link.split_once("_cursor=").and_then(|(_, rest)| rest.split_once(['>', '&'])).expect("a cursor").0;
    assert_eq!(ids(&found(&review, &format!("_search=harry&_limit=9&_cursor={cursor}")).await.json()), ["2", "3", "4"]);
    for query in ["_search=harry&_sort=-Created+On", "_sort=-Created+On", "_search=harry&_sort=Count"] {
        let path = review.at(&format!("/tasks?{query}&_limit=9&_cursor={cursor}"));
        review.send(get(path)).await.expect(422);
    }
}

fn next(page: &Reply) -> String {
    let link = page.header("link").expect("there are more");
    link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a link").0.to_owned()
}

/// Whoever goes on does so in the order of the first page, which is kept; and where it is not, everybody else stands where they stood.
#[tokio::test]
async fn a_search_goes_on_as_it_was_ranked() {
    let review = Review::start().await;
    for number in 0..8 {
        review.task(json!({ "ID": number.to_string(), "Name": "owlet" })).await;
    }
    let first = found(&review, "_search=owl&_limit=2").await;
    assert_eq!(ids(&first.json()), ["7", "6"]);
    review.send(put(review.at("/tasks/4"), json!({ "Name": "owl" }))).await.expect(200);
    let second = review.send(get(next(&first))).await.expect(200);
    assert_eq!(ids(&second.json()), ["5", "4"], "although it would be the first by now");
    review.send(put(review.at("/tasks/3"), json!({ "Name": "bat" }))).await.expect(200);
    let third = review.send(get(next(&second))).await.expect(200);
    assert_eq!(ids(&third.json()), ["2", "1"], "who matches no more is made up for");
    // With other people what was kept is of no use.
    review.collaborator("new@hogwarts.edu", "Collaborator").await;
    assert_eq!(ids(&review.send(get(next(&second))).await.expect(200).json()), ["2", "1"]);
    assert_eq!(ids(&review.send(get(next(&third))).await.expect(200).json()), ["0"]);
}

/// Nobody has a whole workflow ranked by a cursor.
#[tokio::test]
async fn a_search_that_has_become_another_begins_anew() {
    let review = Review::start().await;
    for number in 0..3 {
        review.task(json!({ "ID": format!("first {number}"), "Name": "owl" })).await;
    }
    let second = next(&found(&review, "_search=owl&_limit=1").await);
    many(&review).await;
    review.collaborator("one@hogwarts.edu", "Collaborator").await;
    assert_eq!(ids(&review.send(get(second.clone())).await.expect(200).json()), ["first 1"], "it is ranked again with those that came");
    let more = |cx: &mut baton_engine::Cx<'_>, workflow: &str| {
        for number in MANY..2 * RANKED {
            let body = json!({ "ID": number.to_string(), "Name": "owlet" });
            tasks::create_or_update(cx, workflow, body.as_object().expect("an object"), &tasks::Expected::Anything)?;
        }
        while search::index_some(cx.tx, None, 500)?.is_some() {}
        Ok(())
    };
    let workflow = review.workflow.clone();
    review.server.engine.write(review.server.operator(), move |cx| more(cx, &workflow)).await.expect("more tasks");
    review.collaborator("two@hogwarts.edu", "Collaborator").await;
    let told = "The list is no longer the one that was begun; begin anew";
    review.server.refuses(get(second), 422, &[told]).await;
}
