//! What every page has around it.

use super::documents::DOCUMENTS;
use super::endpoints_of;
use super::html::escaped;
use crate::openapi::nouns::NOUNS;

pub fn framed(page: &str, title: &str, content: &str) -> String {
    let contents = contents(page);
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - Baton API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/style.css">
<script src="/api/docs/search.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><a class="brand" href="/api/docs">Baton API</a> <a class="to-contents" href="#contents">Contents</a></header>
<div class="columns">
<main id="main">
{content}</main>
<nav id="contents" aria-label="Contents">
{contents}</nav>
</div>
</body>
</html>
"##,
        title = escaped(title),
    )
}

/// All pages, and every endpoint under its noun.
fn contents(page: &str) -> String {
    let link = |name: &str, title: &str| {
        let current = if name == page { " aria-current=\"page\"" } else { "" };
        let path = if name.is_empty() { "/api/docs".to_owned() } else { format!("/api/docs/{name}") };
        format!("<a href=\"{path}\"{current}>{}</a>", escaped(title))
    };
    let mut text = format!("<ul><li>{}</li><li>{}</li></ul>\n", link("", "Start"), link("guide", "Guide"));
    text.push_str("<label class=\"search\" hidden>Find an endpoint<input type=\"search\" id=\"search\" autocomplete=\"off\"></label>\n");
    text.push_str("<p id=\"nothing\" role=\"status\" hidden>No endpoint has these words.</p>\n");
    for noun in NOUNS {
        text.push_str(&format!("<section class=\"noun\"><h2>{}</h2>\n<ul>\n", link(noun.page, noun.name)));
        for route in endpoints_of(noun.page) {
            let docs = (route.docs)();
            let words = escaped(&format!("{} {} {}", route.method, route.path, docs.id));
            text.push_str(&format!(
                "<li data-words=\"{words}\"><a href=\"/api/docs/{}#{}\"><span class=\"method {}\">{}</span> {}</a></li>\n",
                noun.page,
                docs.id,
                route.method.as_str().to_lowercase(),
                route.method,
                escaped(docs.title),
            ));
        }
        text.push_str("</ul></section>\n");
    }
    text.push_str(&format!("<ul><li>{}</li>", link("shapes", "Shapes")));
    for document in DOCUMENTS.iter().filter(|document| document.page != "guide") {
        text.push_str(&format!("<li>{}</li>", link(document.page, document.title)));
    }
    text.push_str("<li><a href=\"/api/openapi.json\">openapi.json</a></li></ul>\n");
    text
}
