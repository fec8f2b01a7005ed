//! Answers as the tour prints them: cut to what matters, on as few lines as can be read.

use serde_json::{Map, Value as Json};

const WIDTH: usize = 120;
/// Of a longer text only the beginning is shown.
const TEXT_CHARACTERS_MAX: usize = 120;
const TEXT_CHARACTERS_KEPT: usize = 60;

/// What stands at these paths: keys with dots between them, through every element of an array.
pub fn cut(answer: &Json, paths: &[&str]) -> Json {
    match answer {
        Json::Array(items) => items.iter().map(|item| cut(item, paths)).collect(),
        Json::Object(keys) => {
            let mut kept = Map::new();
            for (key, value) in keys {
                let below: Vec<&str> =
                    paths.iter().filter_map(|path| path.split_once('.')).filter(|(first, _)| first == key).map(|(_, rest)| rest).collect();
                if paths.contains(&key.as_str()) {
                    kept.insert(key.clone(), value.clone());
                } else if !below.is_empty() {
                    kept.insert(key.clone(), cut(value, &below));
                }
            }
            kept.into()
        }
        other => other.clone(),
    }
}

/// What fits on a line stands on one.
pub fn laid_out(answer: &Json) -> String {
    lines(answer, 0, "")
}

fn lines(value: &Json, indent: usize, key: &str) -> String {
    let line = format!("{key}{}", line(value));
    if indent + line.chars().count() <= WIDTH {
        return line;
    }
    let (open, parts, close): (_, Vec<String>, _) = match value {
        Json::Array(items) => ('[', items.iter().map(|item| lines(item, indent + 2, "")).collect(), ']'),
        Json::Object(keys) => {
            let part = |(key, value): (&String, &Json)| lines(value, indent + 2, &format!("\"{key}\": "));
            ('{', keys.iter().map(part).collect(), '}')
        }
        _ => return line,
    };
    let margin = format!("\n{:width$}", "", width = indent + 2);
    format!("{key}{open}{margin}{}\n{:indent$}{close}", parts.join(&format!(",{margin}")), "")
}

fn line(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Json::Object(keys) => {
            let parts: Vec<String> = keys.iter().map(|(key, value)| format!("\"{key}\": {}", line(value))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Json::String(text) if text.chars().count() > TEXT_CHARACTERS_MAX => {
            let kept: String = text.chars().take(TEXT_CHARACTERS_KEPT).collect();
            Json::from(format!("{kept}…")).to_string()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let answer =
            json!({ "id": "x", "errors": [{ "code": "a", "message": "A" }, { "code": "b" }], "plan": { "text": "t", "more": [1] } });
        assert_eq!(
            cut(&answer, &["errors.message", "plan"]),
            json!({ "errors": [{ "message": "A" }, {}], "plan": { "text": "t", "more": [1] } })
        );
        assert_eq!(cut(&answer, &["plan.text", "id", "nothing"]), json!({ "id": "x", "plan": { "text": "t" } }));
    }

    #[test]
    fn what_fits_on_a_line_stands_on_one() {
        let long = "l".repeat(TEXT_CHARACTERS_MAX);
        let answer = json!({ "Stage": ["Draft", "Paid"], "text": long, "none": [], "cut": format!("{long}l") });
        let told = format!(
            "{{\n  \"Stage\": [\"Draft\", \"Paid\"],\n  \"text\": \"{long}\",\n  \"none\": [],\n  \"cut\": \"{}…\"\n}}",
            "l".repeat(TEXT_CHARACTERS_KEPT)
        );
        assert_eq!(laid_out(&answer), told);
        assert_eq!(laid_out(&json!([[long]])), format!("[\n  [\n    \"{long}\"\n  ]\n]"));
    }
}
