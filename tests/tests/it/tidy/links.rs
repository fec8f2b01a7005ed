//! Whoever follows a link of a document arrives, and whoever asks an endpoint that one names finds it.

use std::path::Path;

use baton_api::ROUTES;

use super::{SourceFile, files_ending, none, workspace};

/// The addresses of a Markdown text's links, `[shown](address)`; what stands in a block of code is none.
fn links(text: &str) -> Vec<&str> {
    let mut code = false;
    let prose = text.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code
    });
    prose.flat_map(|line| line.split("](").skip(1)).filter_map(|rest| Some(rest.split_once(')')?.0)).collect()
}

/// The part of an address after `#` that a heading gets: small letters, `-` for a space, and of signs none.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.flat_map(char::to_lowercase).map(|character| if character == ' ' { '-' } else { character }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

fn leads_nowhere(file: &SourceFile, link: &str, documents: &[SourceFile]) -> bool {
    if link.contains("://") {
        return false;
    }
    let (path, wanted) = link.split_once('#').map_or((link, None), |(path, wanted)| (path, Some(wanted)));
    // A page of the reference is shown among the documents.
    let shown_as = file.path.replace("crates/api/src/reference/", "docs/");
    let beside = Path::new(&shown_as).parent().expect("a file is in a folder");
    let target = if path.is_empty() { file.path.clone() } else { beside.join(path).to_string_lossy().into_owned() };
    match wanted {
        None => !workspace().join(target).exists(),
        Some(wanted) => !documents.iter().any(|document| document.path == target && has_anchor(&document.text, wanted)),
    }
}

#[test]
fn every_link_leads_somewhere() {
    let documents = files_ending(&["md"]);
    let broken = |file: &SourceFile| -> Vec<String> {
        let links = links(&file.text).into_iter().filter(|link| leads_nowhere(file, link, &documents));
        links.map(|link| format!("{}: {link}", file.path)).collect()
    };
    none("a link leads to a file that is there, and to one of its headings", &documents.iter().flat_map(broken).collect::<Vec<_>>());

    let file = SourceFile { path: "docs/a.md".to_owned(), text: "# A, `b`!\n[x](#a-b) [y](a.md#c)\n```\n[z](w)\n```\n".to_owned() };
    let documents = [file];
    assert_eq!(links(&documents[0].text), ["#a-b", "a.md#c"]);
    assert!(!leads_nowhere(&documents[0], "#a-b", &documents) && leads_nowhere(&documents[0], "a.md#c", &documents));
    assert!(leads_nowhere(&documents[0], "b.md", &documents));
}

/// The endpoints that a text names as `GET .../tasks`: method and path, without a query.
fn endpoints(text: &str) -> Vec<(&str, &str)> {
    let code = text.split('`').filter_map(|code| code.split_once(' '));
    let asked = code.filter(|(method, path)| ROUTES.iter().any(|route| route.method == *method) && path.starts_with(['/', '.']));
    asked.map(|(method, rest)| (method, rest.split([' ', '?']).next().unwrap_or_default())).collect()
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn is_route((method, path): &(&str, &str)) -> bool {
    ROUTES.iter().any(|route| route.method == *method && fits(&parts(path), &parts(route.path)))
}

/// `...` stands for any parts, and what is no word of a path for an id.
fn fits(told: &[&str], route: &[&str]) -> bool {
    match (told, route) {
        (["...", rest @ ..], _) => (0..=route.len()).any(|from| fits(rest, &route[from..])),
        ([told, rest @ ..], [part, route @ ..]) => (told == part || part.starts_with('{') && !is_word(told)) && fits(rest, route),
        ([], []) => true,
        _ => false,
    }
}

fn is_word(part: &str) -> bool {
    ROUTES.iter().any(|route| parts(route.path).contains(&part) && !part.starts_with('{'))
}

#[test]
fn every_endpoint_that_is_named_is_a_route() {
    let told = files_ending(&["md", "json", "rs"]);
    let broken = |file: &SourceFile| -> Vec<String> {
        let endpoints = endpoints(&file.text).into_iter().filter(|endpoint| !is_route(endpoint));
        endpoints.map(|(method, path)| format!("{}: {method} {path}", file.path)).collect()
    };
    none("an endpoint that a text names is a route", &told.iter().flat_map(broken).collect::<Vec<_>>());

    let text = "`GET .../imports/<id>` and `PUT .../definition?_revision=2`, `POST /api/v1/...`; `GET` or GET .../stages";
    let named = endpoints(text);
    assert_eq!(named, [("GET", ".../imports/<id>"), ("PUT", ".../definition"), ("POST", "/api/v1/...")]);
    assert!(named.iter().all(is_route), "{named:?}");
    // The name of a part is no id, and a method has its own paths.
    assert!(!is_route(&("GET", ".../definition/revisions")) && is_route(&("GET", "/api/v1/workflows/abc123/revisions")));
    assert!(!is_route(&("DELETE", ".../definition")) && !is_route(&("GET", ".../stages/<id>")));
}
