//! `FIELD=VALUE`, `FIELD:=JSON` and `NAME=VALUE` on the command line.

use serde_json::{Map, Value as Json};

use crate::trouble::Trouble;

/// What a field is said to be. Its type is the server's to know: it reads numbers, dates and the like from text.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    field: String,
    value: Said,
}

#[derive(Clone, Debug, PartialEq)]
enum Said {
    Text(String),
    Json(Json),
}

pub fn assignment(text: &str) -> Result<Assignment, String> {
    let (name, value) = pair(text).map_err(|_| "allowed is FIELD=VALUE, or FIELD:=JSON")?;
    let Some(field) = name.strip_suffix(':').filter(|field| !field.is_empty()) else {
        return Ok(Assignment { field: name, value: Said::Text(value) });
    };
    let json = serde_json::from_str(&value).map_err(|error| format!("behind := stands JSON, and this is none: {error}"))?;
    Ok(Assignment { field: field.to_owned(), value: Said::Json(json) })
}

pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("allowed is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The keys of a body. A field that is said several times has several values, and an empty one is blank.
pub fn body(assignments: Vec<Assignment>) -> Result<Json, Trouble> {
    let mut body = Map::new();
    for Assignment { field, value } in assignments {
        let again = |of: &str| Trouble::usage(format!("{field} is said twice, {of}: say several values by one {field}:=[...]"));
        let value = match value {
            Said::Text(text) if text.is_empty() => Json::Null,
            Said::Text(text) => Json::String(text),
            Said::Json(_) if body.contains_key(&field) => return Err(again("once as JSON")),
            Said::Json(json) => {
                body.insert(field, json);
                continue;
            }
        };
        let value = match (body.get(&field), value) {
            (None, value) => value,
            (Some(Json::String(first)), Json::String(second)) => Json::from(vec![first.clone(), second]),
            (Some(Json::Array(values)), Json::String(next)) => Json::from_iter(values.iter().cloned().chain([Json::String(next)])),
            (Some(_), _) => return Err(again("once as blank or as JSON")),
        };
        body.insert(field, value);
    }
    Ok(Json::Object(body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_becomes_a_body() {
        for (arguments, expected) in [
            (vec!["Order=R-1", "Amount=12.50", "Paid?=true"], json!({ "Order": "R-1", "Amount": "12.50", "Paid?": "true" })),
            (vec!["Formula=a=b", "Note= x "], json!({ "Formula": "a=b", "Note": " x " })),
            (vec!["Assigned To="], json!({ "Assigned To": null })),
            (vec!["Flags=A", "X=1", "Flags=B", "Flags=C"], json!({ "Flags": ["A", "B", "C"], "X": "1" })),
            (vec!["Flags:=[\"A\"]", "Amount:=12", "A:b=c"], json!({ "Flags": ["A"], "Amount": 12, "A:b": "c" })),
            (vec![":=x"], json!({ ":": "x" })),
            (vec![], json!({})),
        ] {
            let read = arguments.iter().map(|argument| assignment(argument)).collect::<Result<Vec<_>, _>>().expect("they are allowed");
            assert_eq!(body(read), Ok(expected), "{arguments:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for argument in ["Order", "", "=x", "Amount:=", "Amount:=12,5"] {
            assert!(assignment(argument).is_err(), "{argument}");
        }
        for arguments in [["A=1", "A="], ["A=", "A=1"], ["A=1", "A:=2"], ["A:=2", "A=1"], ["A:=\"x\"", "A:=2"]] {
            let read = arguments.iter().map(|argument| assignment(argument).expect("it is allowed")).collect();
            assert!(matches!(body(read), Err(Trouble::Usage(_))), "{arguments:?}");
        }
    }
}
