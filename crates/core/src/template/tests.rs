//! Templates: what they mean, what is refused, and that a value stays a value.

use proptest::prelude::*;
use proptest::sample::select;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde_json::{Value as Json, json};

use super::*;
use crate::actor::Actor;
use crate::fixtures::{ANN, any_task, any_text, id, scene, task, workflow, workspace};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::task::Task;
use crate::value::{Value, parse};

fn template(text: &str) -> Template {
    Template::parse(text, &Names::of(&workflow())).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

fn rendered(text: &str, task: &Task, escape: Escape) -> Result<String, Refusal> {
    let (workspace, workflow) = (workspace(), workflow());
    template(text).render(&scene(&workspace, &workflow, task), escape, MESSAGE_BYTES_MAX)
}

fn named(name: &str) -> Task {
    let mut task = task();
    task.values.insert(workflow().field_named("Name").expect("Name").id, Value::Text(name.to_owned()));
    task
}

#[test]
fn what_names_stand_for() {
    let (workflow, workspace) = (workflow(), workspace());
    let mut task = Task { assignee: Some(id(ANN)), ..task() };
    for (name, given) in [
        ("Name", json!("Ann {{Stage}}")),
        ("Amount", json!(10)),
        ("Size", json!("1.50")),
        ("Due", json!("2020-01-31")),
        ("Seen", json!("2020-01-31T10:00:00+01:00")),
        ("Owner", json!("cy@example.com")),
        ("Plan", json!("Pro")),
        ("Tags", json!(["Green", "Red"])),
        ("Done", json!(true)),
    ] {
        let field = workflow.field_named(name).expect(name);
        task.values.insert(field.id, parse(field, &workspace, &given).expect(name).expect(name));
    }
    for (text, expected) in [
        ("", ""),
        ("no names } here }} {", "no names } here }} {"),
        // Read once: what the value brings in is text.
        ("{{Name}}", "Ann {{Stage}}"),
        ("{{ Name }}{{Name}}", "Ann {{Stage}}Ann {{Stage}}"),
        ("{{Amount}} {{Size}}", "10.00 1.5"),
        ("{{Due}} {{Seen}}", "2020-01-31 2020-01-31T09:00:00.000Z"),
        ("{{Owner}} {{Plan}} {{Tags}}", "cy@example.com Pro Green, Red"),
        ("{{Done}} {{Paid}} [{{Notes}}]", "true false []"),
        ("{{Stage}} {{Assigned To}}", "Not Started ann@example.com"),
        ("{{Created On}}", "2026-11-01T09:00:00.000Z"),
        ("{{Updated On}}", "2026-11-20T09:00:00.000Z"),
        ("{{Task URL}}", "https://baton.example.com/workflows/2/tasks/3"),
        ("{{currentUser.id}} {{currentUser.email}} {{currentUser.name}}", "B ann@example.com Ann Lee"),
        ("{{currentDate}} {{currentDateTime}}", "2026-11-23 2026-11-23T22:56:01.123Z"),
        (r#"{"a":{"b":{{Amount}}}}"#, r#"{"a":{"b":10.00}}"#),
        ("{{{Plan}}}", "{Pro}"),
        ("{{{{Plan}}}}", "{{Pro}}"),
    ] {
        assert_eq!(rendered(text, &task, Escape::Plain).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn where_no_person_acts_the_current_user_is_blank() {
    let (workspace, workflow, task) = (workspace(), workflow(), task());
    let scene = Scene { performer: Actor::ApiKey(id(ANN)), ..scene(&workspace, &workflow, &task) };
    let text = template("[{{currentUser.id}}{{currentUser.email}}{{currentUser.name}}{{Assigned To}}]").render(
        &scene,
        Escape::Plain,
        MESSAGE_BYTES_MAX,
    );
    assert_eq!(text.as_deref(), Ok("[]"));
}

#[test]
fn today_is_the_workspaces() {
    let (workspace, workflow, task) = (crate::fixtures::workspace_in("Asia/Tokyo"), workflow(), task());
    let text =
        template("{{currentDate}} {{currentDateTime}}").render(&scene(&workspace, &workflow, &task), Escape::Plain, MESSAGE_BYTES_MAX);
    assert_eq!(text.as_deref(), Ok("2026-11-24 2026-11-23T22:56:01.123Z"));
}

#[test]
fn what_is_refused() {
    let workflow = workflow();
    for (text, problems) in [
        ("{{Emial}}", vec!["{{Emial}} is not a field; did you mean Email?"]),
        ("{{name}}", vec!["{{name}} is not a field; did you mean Name?"]),
        ("{{Created By}}", vec!["{{Created By}} is not a field; did you mean Created On?"]),
        ("{{House.Name}}", vec!["{{House.Name}} is not a field"]),
        ("{{currentUser}}", vec!["{{currentUser}} is not a field; did you mean currentUser.id?"]),
        ("{{%Name%}}", vec!["{{%Name%}} is not a field; did you mean Name?"]),
        ("{{}} {{ }}", vec!["{{}} names no field"]),
        ("Hello {{Name", vec!["{{ is not closed by }}"]),
        ("Hello {{ and {{Name}} and {{Emial}}", vec!["{{ is not closed by }}", "{{Emial}} is not a field; did you mean Email?"]),
        ("{{Emial}} {{Nmae}}", vec!["{{Emial}} is not a field; did you mean Email?", "{{Nmae}} is not a field; did you mean Name?"]),
    ] {
        assert_eq!(Template::parse(text, &Names::of(&workflow)), Err(problems.into_iter().map(str::to_owned).collect()), "{text}");
    }
}

#[test]
fn a_message_has_a_limit() {
    let task = named(&"é".repeat(64 * 1024));
    assert_eq!(rendered("{{Name}}{{Name}}", &task, Escape::Plain).map(|text| text.len()), Ok(256 * 1024));
    assert_eq!(rendered("{{Name}}{{Name}}.", &task, Escape::Plain), Err(Refusal::IsTooLong { bytes_max: MESSAGE_BYTES_MAX }));
    assert!(rendered("{{Name}}", &task, Escape::UrlPart).is_err());
}

#[test]
fn names_are_followed() {
    let renamed = |name: &str| (name == "Name").then(|| "Full {Name".to_owned());
    for (text, expected) in [
        ("Dear {{Name}}, {{ Name }}!", "Dear {{Full {Name}}, {{ Full {Name }}!"),
        ("{{{Name}}} {{Names}} Name {{Name", "{{{Full {Name}}} {{Names}} Name {{Name"),
        ("{{ open {{Name}}", "{{ open {{Full {Name}}"),
        ("", ""),
    ] {
        assert_eq!(rename_names(text, &renamed), expected);
    }
}

#[test]
fn a_value_does_not_climb_out_of_a_path() {
    for (text, value, expected) in [
        ("https://h/a/{{Name}}/b", "x/../y", Some("https://h/a/x%2F..%2Fy/b")),
        ("https://h/a/{{Name}}/b", "..", None),
        ("https://h/a/{{Name}}", ".", None),
        ("https://h/a/.{{Name}}", ".", None),
        ("https://h/a/%2E{{Name}}?x", ".", None),
        ("https://h/a/{{Name}}{{Name}}", ".", None),
        ("https://h/a/b{{Name}}", "..", Some("https://h/a/b..")),
        ("https://h/../{{Name}}", "x", Some("https://h/../x")),
        ("https://h/a?b=/{{Name}}/", "..", Some("https://h/a?b=/../")),
        ("https://h/a#{{Name}}", "..", Some("https://h/a#..")),
    ] {
        assert_eq!(rendered(text, &named(value), Escape::UrlPart).ok().as_deref(), expected, "{text} {value}");
    }
}

/// Any text, rich in what means something to one of the places.
fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(
        select(vec![
            "<",
            ">",
            "&",
            "\"",
            "'",
            "/",
            "\\",
            "?",
            "#",
            "%",
            "%2e",
            ".",
            "..",
            "\r",
            "\n",
            "\u{2028}",
            "\u{85}",
            "\t",
            "{{Stage}}",
            "}}",
            "@",
            ":",
            "<!channel>",
            "&lt;",
            "&#x3c;",
            "<script>",
            "*",
            "`",
            "é",
            "\u{1f600}",
            " ",
            "a",
            "\u{7f}",
            "\u{202e}",
            ";",
            "=",
        ]),
        1..8,
    );
    prop_oneof![pieces.prop_map(|pieces| pieces.concat()), any_text(), any::<String>()]
        .prop_map(|text| text.replace('\0', ""))
        .prop_filter("blank", |text| !text.trim().is_empty())
}

/// Reads text content as HTML and Slack's mrkdwn do: no markup, and only these entities.
fn unescaped(text: &str, entities: &[(&str, char)]) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((entity, character)) = entities.iter().find(|(entity, _)| rest.starts_with(entity)) {
            result.push(*character);
            rest = &rest[entity.len()..];
        } else if entities.iter().any(|(_, character)| *character == next) {
            return None;
        } else {
            result.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    Some(result)
}

/// Either of these took minutes while each of the braces was looked for to the end of the text.
#[test]
fn braces_without_end_are_read_once() {
    let open = "{".repeat(8 << 20);
    assert!(Template::parse(&open, &Names::of(&workflow())).is_err());
    assert_eq!(rename_names(&open, &|_| Some("x".to_owned())), open);
    let spaced = "{{ ".repeat(2 << 20);
    assert_eq!(rename_names(&spaced, &|_| Some("x".to_owned())), spaced);
}

#[test]
fn a_field_that_is_gone_is_told_instead_of_left_out() {
    let (workspace, task) = (workspace(), task());
    let template = template("to {{ Email }}");
    let mut workflow = workflow();
    workflow.fields.retain(|field| field.name != "Email");
    let refused = template.render(&scene(&workspace, &workflow, &task), Escape::Plain, MESSAGE_BYTES_MAX);
    assert_eq!(refused, Err(Refusal::PartGone { kind: "Field", name: "Email".to_owned() }));
}

const MARKDOWN: pulldown_cmark::Options = pulldown_cmark::Options::ENABLE_TABLES
    .union(pulldown_cmark::Options::ENABLE_STRIKETHROUGH)
    .union(pulldown_cmark::Options::ENABLE_TASKLISTS);

const MARKDOWN_PLACES: [&str; 24] = [
    "{{Name}}",
    "a {{Name}} b",
    "{{Name}}\nb",
    "a\n{{Name}}\n\nb",
    "# {{Name}}",
    "## a {{Name}} ##\nb",
    "{{Name}}\n===",
    "- {{Name}}\n- b",
    "1. {{Name}}\n   - {{Name}}",
    "- [ ] {{Name}}",
    "> {{Name}}\n> b",
    "a **{{Name}}** b",
    "a *{{Name}}* ~~{{Name}}~~ b",
    "[{{Name}}](https://a.example)",
    "[a](https://a.example/{{Name}})",
    "[a](https://a.example/?b={{Name}} \"{{Name}}\")",
    "![{{Name}}](https://a.example)",
    "`{{Name}}` b",
    "```\n{{Name}}\n```\nb",
    "    {{Name}}\n\nb",
    "- ```\n  {{Name}}\n  ```\n\nb",
    "> ```\n> {{Name}}\n> ```\n\nb",
    "| a | b |\n|---|---|\n| {{Name}} | b |\n\nc",
    "a {{Name}}{{Name}} <b>{{Name}}</b>",
];

/// Not blank, for a blank leaves a hole that has a meaning of its own; of what Markdown and its lines are made of.
fn markdown_text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~",
        "#",
        "# ",
        "- ",
        "+ ",
        "1. ",
        "2) ",
        "> ",
        "[",
        "](",
        ")",
        "[x]: y",
        "![",
        "<",
        ">",
        "<b>",
        "</b>",
        "&",
        "&amp;",
        "&#35;",
        "|",
        "---",
        "===",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "    ",
        "\t",
        " ",
        "\\",
        "\"",
        "'",
        "(",
        "a",
        "b c",
        "https://x.example",
        "é",
        "\u{0b}",
        "\u{2028}",
        "~~~",
        "- [x] ",
        ":",
    ]);
    proptest::collection::vec(pieces, 1..12).prop_map(|pieces| pieces.concat()).prop_filter("blank", |text| !text.trim().is_empty())
}

/// The events, without what they say.
fn structure(markdown: &str) -> Vec<String> {
    let events = Parser::new_ext(markdown, MARKDOWN).filter_map(|event| match event {
        Event::Text(_) | Event::SoftBreak | Event::HardBreak => None,
        Event::Code(_) => Some("code".to_owned()),
        Event::Start(Tag::Link { link_type, .. } | Tag::Image { link_type, .. }) => Some(format!("{link_type:?}")),
        other => Some(format!("{other:?}")),
    });
    events.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn plain_text_is_the_value(value in hostile_text()) {
        prop_assert_eq!(rendered("{{Name}}", &named(&value), Escape::Plain), Ok(value));
    }

    #[test]
    fn html_gains_no_markup(value in hostile_text()) {
        let html = rendered("{{Name}}", &named(&value), Escape::Html).expect("short");
        let entities = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        prop_assert_eq!(unescaped(&html, &entities), Some(value));
    }

    /// A letter in its stead leads to the same blocks, links and emphases.
    #[test]
    fn markdown_keeps_its_structure(value in markdown_text(), place in select(&MARKDOWN_PLACES[..])) {
        let markdown = rendered(place, &named(&value), Escape::Markdown).expect("short");
        let plain = rendered(place, &named("z"), Escape::Markdown).expect("short");
        prop_assert_eq!(structure(&markdown), structure(&plain), "{}", markdown);
    }

    #[test]
    fn markdown_shows_the_value(value in markdown_text()) {
        let markdown = rendered("a {{Name}} b", &named(&value), Escape::Markdown).expect("short");
        let mut shown = String::new();
        for event in Parser::new_ext(&markdown, MARKDOWN) {
            match event {
                Event::Text(text) => shown.push_str(&text),
                Event::HardBreak => shown.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                other => panic!("{other:?} in {markdown:?}"),
            }
        }
        let lines = value.replace("\r\n", "\n").replace('\r', "\n");
        let printable: String = lines.trim_end_matches('\n').chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect();
        prop_assert_eq!(shown, format!("a {printable} b"));
    }

    #[test]
    fn slack_gains_no_markup(value in hostile_text()) {
        let text = rendered("{{Name}}", &named(&value), Escape::SlackMrkdwn).expect("short");
        prop_assert_eq!(unescaped(&text, &[("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]), Some(value));
    }

    #[test]
    fn a_header_stays_one_line(value in hostile_text()) {
        let header = rendered("Subject: {{Name}}!", &named(&value), Escape::Header).expect("short");
        prop_assert!(header.starts_with("Subject: ") && header.ends_with('!'));
        let breaks = header.chars().any(|letter| letter.is_control() || ['\u{2028}', '\u{2029}'].contains(&letter));
        prop_assert!(!breaks);
        let visible = |text: &str| text.chars().filter(|letter| !letter.is_control() && !letter.is_whitespace()).collect::<String>();
        prop_assert_eq!(visible(&header[9..header.len() - 1]), visible(&value));
    }

    #[test]
    fn json_keeps_its_structure(value in hostile_text()) {
        let json = rendered(r#"{"a":["{{Name}}",1],"{{Name}}":2}"#, &named(&value), Escape::JsonString).expect("short");
        let mut expected = serde_json::Map::new();
        expected.insert("a".to_owned(), json!([value, 1]));
        expected.insert(value, json!(2));
        prop_assert_eq!(serde_json::from_str::<Json>(&json).ok(), Some(Json::Object(expected)));
    }

    #[test]
    fn a_url_keeps_its_structure(value in hostile_text()) {
        let text = "https://example.com/a/{{Name}}/b?c={{Name}}&d=1#{{Name}}";
        let Ok(rendered) = rendered(text, &named(&value), Escape::UrlPart) else {
            prop_assert!(value == "." || value == "..");
            return Ok(());
        };
        let url = url::Url::parse(&rendered).expect("a URL");
        let decoded = |text: &str| url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes()).next().map(|(_, value)| value.into_owned());
        let segments: Vec<_> = url.path_segments().expect("a path").map(|segment| decoded(segment).unwrap_or_default()).collect();
        prop_assert_eq!(segments, ["a", value.as_str(), "b"]);
        let query: Vec<_> = url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        prop_assert_eq!(query, [("c".to_owned(), value.clone()), ("d".to_owned(), "1".to_owned())]);
        prop_assert_eq!(url.fragment().and_then(decoded), Some(value));
        prop_assert_eq!(url.host_str(), Some("example.com"));
    }

    #[test]
    fn any_text_is_a_template_or_refused(text in "[{}aNme%. ]{0,20}", task in any_task()) {
        let workflow = workflow();
        if let Ok(template) = Template::parse(&text, &Names::of(&workflow)) {
            let rendered = template.render(&scene(&workspace(), &workflow, &task), Escape::Html, MESSAGE_BYTES_MAX);
            prop_assert!(rendered.is_ok());
        }
        prop_assert_eq!(rename_names(&text, &|_| None), text);
    }
}
