//! Texts as HTML.

use std::collections::HashSet;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Documents that are pages, by the names of their files.
const PAGES: &[(&str, &str)] = &[
    ("api.md", "/api/docs/guide"),
    ("errors.md", "/api/docs/errors"),
    ("steps.md", "/api/docs/steps"),
    ("lint.md", "/api/docs/lint"),
    ("limits.md", "/api/docs/limits"),
    ("compatibility.md", "/api/docs/compatibility"),
    ("operations.md", "/api/docs/operations"),
    ("openapi.json", "/api/openapi.json"),
    ("definition.schema.json", "/api/docs/shapes#Definition"),
];

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Markdown of our own. Headings can be pointed to, and what is wider than the page is scrolled by itself.
pub fn markdown(text: &str) -> String {
    let mut shown = String::new();
    html::push_html(&mut shown, events(text).into_iter());
    let shown = shown.replace("<pre>", "<pre tabindex=\"0\">");
    shown.replace("<table>", "<div class=\"scroll\" tabindex=\"0\"><table>").replace("</table>", "</table></div>")
}

/// A sentence or two, for within a line.
pub fn inline(text: &str) -> String {
    let shown = markdown(text);
    let shown = shown.trim();
    shown.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>")).unwrap_or(shown).to_owned()
}

pub fn preformatted(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(text))
}

fn events(text: &str) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut ids = HashSet::new();
    for at in 0..events.len() {
        let heading = match &events[at] {
            Event::Start(Tag::Heading { .. }) => Some(slug(&text_of(&events[at + 1..]))).filter(|id| ids.insert(id.clone())),
            _ => None,
        };
        let begins_row = at > 1 && matches!(events[at - 2..at], [Event::Start(Tag::TableRow), Event::Start(Tag::TableCell)]);
        match &mut events[at] {
            Event::Start(Tag::Heading { id, .. }) => *id = heading.map(CowStr::from),
            Event::Start(Tag::Link { dest_url, .. }) => *dest_url = target(dest_url).into(),
            // What begins a row is what others point to, such as the code of a refusal.
            Event::Code(code) if begins_row && is_name(code) && ids.insert(code.to_string()) => {
                events[at] = Event::InlineHtml(format!("<code id=\"{code}\">{code}</code>").into());
            }
            Event::Html(raw) | Event::InlineHtml(raw) => events[at] = Event::Text(raw.clone()),
            _ => {}
        }
    }
    events
}

fn text_of(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let texts = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

/// As other renderers of Markdown make it, so that links between documents hold in both.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|character| character.is_alphanumeric() || "-_".contains(*character)).collect()
}

fn is_name(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn target(link: &str) -> String {
    let (file, anchor) = link.split_once('#').map_or((link, String::new()), |(file, anchor)| (file, format!("#{anchor}")));
    let page = PAGES.iter().find(|(name, _)| *name == file);
    page.map_or_else(|| link.to_owned(), |(_, page)| format!("{page}{anchor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_and_html_is_text() {
        assert_eq!(inline("a `b` <i>c</i> & d"), "a <code>b</code> &lt;i&gt;c&lt;/i&gt; &amp; d");
        assert_eq!(markdown("## What's `new` here?\n").trim(), "<h2 id=\"whats-new-here\">What's <code>new</code> here?</h2>");
        assert_eq!(inline("[x](api.md#values) [y](https://a.b)"), "<a href=\"/api/docs/guide#values\">x</a> <a href=\"https://a.b\">y</a>");
        assert!(
            markdown("| `a_b` | c |\n| --- | --- |\n| `c_d` | `e` |\n")
                .contains("<td><code id=\"c_d\">c_d</code></td><td><code>e</code></td>")
        );
    }
}
