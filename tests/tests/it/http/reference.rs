//! The reference at `/api/docs`: whole, linked in itself, and with nothing from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use baton_api::{ROUTES, openapi_document};

use super::server::{Server, get};

/// The texts between `before` and the next quote.
fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// Every page that a stranger comes to by links, by its path.
async fn pages(server: &Server) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut ahead = vec!["/api/docs".to_owned()];
    while let Some(path) = ahead.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let reply = server.send(get(format!("/{path}")).with("authorization", "")).await.expect(200);
        let text = reply.text().to_owned();
        if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            let links = quoted(&text, "href=\"").chain(quoted(&text, "src=\"")).filter(|link| link.starts_with('/'));
            ahead.extend(links.filter_map(|link| link.split('#').next()).map(str::to_owned));
        }
        pages.insert(path, text);
    }
    pages
}

#[tokio::test]
async fn every_link_leads_somewhere() {
    let server = Server::start().await;
    let pages = pages(&server).await;
    assert!(pages.len() > 20, "{:?}", pages.keys());
    for (path, text) in pages.iter().filter(|(_, text)| text.starts_with("<!doctype html>")) {
        let own: BTreeSet<&str> = quoted(text, " id=\"").collect();
        assert_eq!(own.len(), quoted(text, " id=\"").count(), "{path} has an id twice");
        for link in quoted(text, "href=\"").filter(|link| link.starts_with(['/', '#'])) {
            let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
            let there = if page.is_empty() { text } else { &pages[page] };
            assert!(anchor.is_empty() || quoted(there, " id=\"").any(|id| id == anchor), "{path} links to {link}");
        }
        let elsewhere = quoted(text, "href=\"").filter(|link| !link.starts_with(['/', '#']));
        let elsewhere: Vec<&str> = elsewhere.filter(|link| !link.starts_with("https://") && *link != "data:,").collect();
        assert!(elsewhere.is_empty(), "{path} links to {elsewhere:?}");
    }
}

/// As the Content-Security-Policy demands: a browser would drop it.
#[tokio::test]
async fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    let server = Server::start().await;
    for (path, text) in pages(&server).await.iter().filter(|(_, text)| text.starts_with("<!doctype html>")) {
        let reply = server.send(get(format!("/{path}"))).await.expect(200);
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        for unwanted in ["<style", " style=", "<script>", " onclick=", " onload=", "<img", "<iframe", "src=\"http"] {
            assert!(!text.contains(unwanted), "{path} has {unwanted}");
        }
        assert_eq!(text.matches("<script").count(), 1, "{path}");
        assert_eq!(text.matches("<h1").count(), 1, "{path} has one title");
    }
}

#[tokio::test]
async fn every_endpoint_shape_and_refusal_is_told() {
    let server = Server::start().await;
    let pages = pages(&server).await;
    let has = |page: &str, id: &str| quoted(&pages[page], " id=\"").any(|found| found == id);
    for route in ROUTES {
        let operation = super::contract::operation(route);
        let id = operation["operationId"].as_str().expect("an id");
        let page = pages.iter().find(|(_, text)| text.contains(&format!("<section id=\"{id}\" class=\"endpoint\">")));
        let (path, text) = page.unwrap_or_else(|| panic!("{id} is on no page"));
        let own = text.split_once(&format!("<section id=\"{id}\"")).and_then(|(_, rest)| rest.split_once("</section>")).expect("it ends").0;
        for said in [route.path, "curl "] {
            assert!(own.contains(said), "{path} does not say {said} of {id}");
        }
        for parameter in operation["parameters"].as_array().expect("parameters").iter().filter_map(|one| one["name"].as_str()) {
            assert!(
                parameter == "filters" || own.contains(&format!("<code>{parameter}</code>")),
                "{path} does not say {parameter} of {id}"
            );
        }
    }
    for refusal in openapi_document()["x-refusals"].as_array().expect("refusals") {
        let code = refusal["code"].as_str().expect("a code");
        assert!(has("/api/docs/errors", code), "no entry for {code}");
    }
    for name in openapi_document()["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(has("/api/docs/shapes", name), "no entry for {name}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_told_to_everybody() {
    let server = Server::start().await;
    for page in ["nothing", "start.md", "..%2Ferrors"] {
        server.refuses(get(format!("//api/docs/{page}")).with("authorization", ""), 404, &["Page not found"]).await;
    }
}
