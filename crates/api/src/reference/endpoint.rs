//! The endpoints of a noun: what each takes, answers and refuses, with lines to run.

use serde_json::Value as Json;

use super::html::{escaped, inline, markdown, preformatted};
use super::{endpoints_of, shapes};
use crate::openapi::docs::{Content, Docs, Done, Format, Given, Header, Parameter, Place, Takes};
use crate::openapi::errors::{self, Refused};
use crate::openapi::examples::{self, Example};
use crate::openapi::nouns::Noun;
use crate::openapi::{all_parameters, needs, parameter_schema, replayed};
use crate::route::Route;

pub fn page(noun: &Noun) -> String {
    let endpoints: String = endpoints_of(noun.page).map(endpoint).collect();
    format!("<h1>{}</h1>\n{}{endpoints}", escaped(noun.name), markdown(noun.text))
}

fn endpoint(route: &'static Route) -> String {
    let docs = (route.docs)();
    let place = format!(
        "<p class=\"place\"><span class=\"method {}\">{}</span> <code>{}</code></p>\n",
        route.method.as_str().to_lowercase(),
        route.method,
        escaped(route.path),
    );
    let parts = [
        markdown(docs.text),
        markdown(needs(route.policy)),
        parameters(&all_parameters(route, &docs)),
        docs.body.as_ref().map(body).unwrap_or_default(),
        docs.answers.iter().map(|done| answer(route, done)).collect(),
        refused(&errors::refused(route, &docs)),
        lines(route, &docs),
    ];
    format!("<section id=\"{}\" class=\"endpoint\">\n<h2>{}</h2>\n{place}{}</section>\n", docs.id, escaped(docs.title), parts.concat())
}

fn parameters(parameters: &[Parameter]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    let row = |parameter: &Parameter| {
        let columns = matches!(parameter.takes, Takes::Columns);
        let place = match parameter.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let name = if columns { "&lt;Field&gt;".to_owned() } else { escaped(parameter.name) };
        let takes = if columns { "text".to_owned() } else { shapes::taken(&parameter_schema(parameter)) };
        let (text, needed) = (inline(parameter.text), if parameter.required && parameter.place != Place::Path { " Needed." } else { "" });
        format!("<tr><th scope=\"row\"><code>{name}</code></th><td>{place}</td><td>{takes}</td><td>{text}{needed}</td></tr>\n")
    };
    let rows: String = parameters.iter().map(row).collect();
    let head =
        "<thead><tr><th scope=\"col\">name</th><th scope=\"col\">in</th><th scope=\"col\">takes</th><th scope=\"col\">is</th></tr></thead>";
    format!("<h3>Parameters</h3>\n<div class=\"scroll\" tabindex=\"0\"><table>{head}<tbody>\n{rows}</tbody></table></div>\n")
}

fn body(Given { schema, format, required, text }: &Given) -> String {
    let may = if *required { "" } else { " It may be left out." };
    format!("<h3>Body</h3>\n<p>{}{may} {}</p>\n{}", inline(text), in_format(*format), shapes::used(schema))
}

fn in_format(format: Format) -> String {
    match format {
        Format::Json => "As <code>application/json</code>.".to_owned(),
        Format::JsonOrYaml => "As <code>application/json</code> or <code>application/yaml</code>.".to_owned(),
        Format::Texts(media_types) => format!("As <code>{}</code>.", media_types.join("</code> or <code>")),
    }
}

fn answer(route: &Route, done: &Done) -> String {
    let Done { status, text, headers, may_have, content, instead } = done;
    let header = |header: &Header| format!("<li><code>{}</code> {}</li>\n", header.name, inline(header.text));
    let headers: String = headers.iter().chain(may_have.iter()).chain(&replayed(route, done)).map(header).collect();
    let headers = if headers.is_empty() { headers } else { format!("<ul class=\"keys\">\n{headers}</ul>\n") };
    let (format, shape) = match content {
        Some(Content { format, schema, .. }) => (in_format(*format), shapes::used(schema)),
        None => ("Without a body.".to_owned(), String::new()),
    };
    let instead = instead.as_ref().map_or(String::new(), |instead| format!(" Where that is asked for: {}", in_format(instead.format)));
    format!("<h3>Answer {status}</h3>\n<p>{} {format}{instead}</p>\n{shape}{headers}", inline(text))
}

fn refused(refused: &Refused) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let row = |(status, codes): (&u16, &Vec<(errors::Shape, &str)>)| {
        let links: Vec<String> = errors::distinct(codes)
            .into_iter()
            .map(|code| format!("<a href=\"/api/docs/errors#{code}\"><code>{code}</code></a>"))
            .collect();
        format!("<tr><th scope=\"row\">{status}</th><td>{}</td></tr>\n", links.join(", "))
    };
    let rows: String = refused.iter().map(row).collect();
    let server =
        "<tr><th scope=\"row\">500, 503</th><td><a href=\"/api/docs/errors#when-the-server-cant\">when the server can't</a></td></tr>\n";
    let head = "<thead><tr><th scope=\"col\">status</th><th scope=\"col\">for</th></tr></thead>";
    format!("<h3>Refused with</h3>\n<div class=\"scroll\" tabindex=\"0\"><table>{head}<tbody>\n{rows}{server}</tbody></table></div>\n")
}

/// Examples that a test has run; where there is none, a line made from what the endpoint takes.
fn lines(route: &'static Route, docs: &Docs) -> String {
    let examples: Vec<&Example> = examples::of(route).collect();
    if examples.is_empty() {
        return format!("<h3>Example</h3>\n{}{}", preformatted(&line(route, docs)), shown_answer(docs));
    }
    let mut text = "<h3>Examples</h3>\n".to_owned();
    for Example { heading, command, answer, .. } in examples {
        let status = answer.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ");
        let (command, answer) = (preformatted(command), preformatted(answer));
        text.push_str(&format!("<details><summary>{}: {}</summary>\n{command}{answer}</details>\n", escaped(heading), escaped(status)));
    }
    text.replacen("<details>", "<details open>", 1)
}

fn line(route: &Route, docs: &Docs) -> String {
    let path = all_parameters(route, docs)
        .iter()
        .filter(|parameter| parameter.place == Place::Path)
        .fold(route.path.to_owned(), |path, part| path.replace(&format!("{{{}}}", part.name), part.example));
    let method = if route.method == "GET" { String::new() } else { format!("-X {} ", route.method) };
    let key = if route.policy == crate::Policy::Open { "" } else { " \\\n    --header 'Authorization: Bearer YOUR_API_KEY'" };
    format!("curl {method}{}{path}{key}", examples::HOST)
}

fn shown_answer(docs: &Docs) -> String {
    let example = docs.answers.iter().find_map(|answer| answer.content.as_ref()?.example.clone());
    example.map(|example| preformatted(&example.as_str().map_or_else(|| pretty(&example), str::to_owned))).unwrap_or_default()
}

fn pretty(example: &Json) -> String {
    serde_json::to_string_pretty(example).unwrap_or_default()
}
