//! The HTML that Markdown becomes, seen as a mail program sees it: its tags.

use baton_connect::email::Email;
use mailparse::parse_mail;
use proptest::prelude::*;

use super::email;

const TAGS: &[&str] = &[
    "!DOCTYPE",
    "html",
    "head",
    "meta",
    "body",
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "del",
    "a",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "input",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
];
const ATTRIBUTES: &[&str] = &["charset", "href", "title", "class", "start", "style", "type", "disabled", "checked"];

fn html(markdown: &str) -> String {
    let message =
        Email { text: markdown.to_owned(), markdown: markdown.to_owned(), ..email() }.compose().unwrap_or_else(|error| panic!("{error}"));
    let mail = parse_mail(message.bytes()).expect("it is a message");
    let document = mail.subparts[1].get_body().expect("text").replace("\r\n", "\n");
    let inside = document.strip_prefix("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    inside.and_then(|rest| rest.strip_suffix("</body></html>\n")).expect("it has this frame").trim_end().to_owned()
}

#[test]
fn markdown_is_shown_as_html() {
    let rows = [
        ("# Done\n\nby **Ada** ~~now~~ `x < y`", "<h1>Done</h1>\n<p>by <strong>Ada</strong> <del>now</del> <code>x &lt; y</code></p>"),
        ("- [x] a\n- b", "<ul>\n<li><input disabled=\"\" type=\"checkbox\" checked=\"\"/>\na</li>\n<li>b</li>\n</ul>"),
        ("[t](https://a.example/?b=1&c=2 \"d\")", "<p><a href=\"https://a.example/?b=1&amp;c=2\" title=\"d\">t</a></p>"),
        ("[t](HTTP://a.example)", "<p><a href=\"HTTP://a.example\">t</a></p>"),
        ("[t](mailto:a@b.example)", "<p><a href=\"mailto:a@b.example\">t</a></p>"),
        ("<https://a.example>", "<p><a href=\"https://a.example\">https://a.example</a></p>"),
        ("<a@b.example>", "<p><a href=\"mailto:a@b.example\">a@b.example</a></p>"),
        ("![a *cat*](https://a.example/cat.png)", "<p><a href=\"https://a.example/cat.png\">a <em>cat</em></a></p>"),
        ("[![cat](https://a.example/cat.png)](https://b.example)", "<p><a href=\"https://b.example\">cat</a></p>"),
        ("[![cat](https://a.example/cat.png)](file:///x)", "<p><a href=\"https://a.example/cat.png\">cat</a></p>"),
        ("5 < 6 & \"so\"", "<p>5 &lt; 6 &amp; &quot;so&quot;</p>"),
    ];
    for (markdown, expected) in rows {
        assert_eq!(html(markdown).replace("&quot;", "\""), expected.replace("&quot;", "\""), "{markdown}");
    }
}

#[test]
fn links_lead_only_to_the_web_and_to_mail() {
    let urls = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "%6aavascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/relative",
        "#here",
        "",
        "ftp://a.example",
        "http:/a.example",
        "https:a.example",
        "tel:1",
    ];
    for url in urls {
        assert_eq!(html(&format!("[text](<{url}>)")), "<p>text</p>", "{url}");
        assert_eq!(html(&format!("![text](<{url}>)")), "<p>text</p>", "{url}");
        assert_eq!(html(&format!("[text][1]\n\n[1]: <{url}>")).replace("<p>[1]: &lt;&gt;</p>", "").trim_end(), "<p>text</p>", "{url}");
    }
    assert_eq!(html("<javascript:alert(1)>"), "<p>javascript:alert(1)</p>");
}

#[test]
fn html_is_shown_as_it_is_written() {
    let sources = [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<!-- hidden -->",
        "<style>p{}</style>\n\ntext",
        "<a href=\"javascript:x\">y</a>",
        "<?php ?>",
    ];
    for source in sources {
        let shown = html(source);
        let text = shown.replace("<p>", "").replace("</p>", "").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(flat(&text), flat(source));
        check_tags(&shown).unwrap_or_else(|error| panic!("{source}: {error}"));
    }
}

/// Every tag is one of ours, with attributes of ours, and every link leads out.
fn check_tags(html: &str) -> Result<(), String> {
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut inside_quotes = false;
        let end = after.find(|c| {
            inside_quotes ^= c == '"';
            c == '>' && !inside_quotes
        });
        let (tag, after) = after.split_at(end.ok_or("a tag has no end")?);
        rest = after;
        let tag = tag.trim_start_matches('/').trim_end_matches(['/', ' ']);
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !TAGS.contains(&name) {
            return Err(format!("<{tag}>"));
        }
        while let Some((attribute, after)) = attributes.trim_start().split_once("=\"") {
            let (value, after) = after.split_once('"').ok_or("a value has no end")?;
            attributes = after;
            let leads_out = || ["http://", "https://", "mailto:"].iter().any(|start| value.to_ascii_lowercase().starts_with(start));
            if !ATTRIBUTES.contains(&attribute) || (attribute == "href" && !leads_out()) {
                return Err(format!("{attribute}=\"{value}\""));
            }
        }
    }
    Ok(())
}

fn nasty() -> impl Strategy<Value = String> {
    let pieces = [
        "<",
        ">",
        "\"",
        "'",
        "&",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "<script>",
        "</script>",
        "<img src=x onerror=x>",
        "javascript:",
        "https://a.example/",
        "mailto:",
        "data:",
        " \"t\"",
        "`",
        "```",
        "~~~\n",
        "\n",
        "\n\n",
        "# ",
        "- ",
        "- [x] ",
        "1. ",
        "> ",
        "| a | b |\n|:-:|--:|\n",
        "**",
        "_",
        "~~",
        "\\",
        "&lt;",
        "&#34;",
        "&#x22;",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?",
        "\t",
        "[a]: ",
        "<a@b.example>",
        "<x:y>",
        "\u{0}",
        "\u{a0}",
        "ß",
    ];
    let piece = prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn no_text_becomes_a_tag_that_is_not_ours(markdown in nasty()) {
        let html = html(&markdown);
        prop_assert_eq!(check_tags(&html), Ok(()), "{}", html);
    }
}
