//! A body as HTML. Mail programs differ in what they let through, so nothing that runs, loads or hides gets in.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};

const LINKS: &[&str] = &["http://", "https://", "mailto:"];

/// HTML in the source is shown as it is written. Links lead only to the web and to mail; others stay as their text, and pictures
/// become links: loading them would tell who read the message, and when.
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // Which of the links around the current place are shown.
    let mut links: Vec<bool> = Vec::new();
    let events = Parser::new_ext(markdown, options).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { link_type, dest_url, title, id } | Tag::Image { link_type, dest_url, title, id }) => {
            // A link in a link is none in HTML.
            let shown = !links.contains(&true) && (link_type == LinkType::Email || leads_out(&dest_url));
            links.push(shown);
            shown.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link | TagEnd::Image) => (links.pop() == Some(true)).then_some(Event::End(TagEnd::Link)),
        other => Some(other),
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    format!("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n{body}</body></html>\n")
}

fn leads_out(url: &str) -> bool {
    LINKS.iter().any(|start| url.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)))
}
