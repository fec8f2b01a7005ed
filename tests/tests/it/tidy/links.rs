//! Whoever follows a link of a document arrives.

use std::path::Path;

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
