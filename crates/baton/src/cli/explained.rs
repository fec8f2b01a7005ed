//! Actions with what speaks against them and the ways to open them, for people.

use serde_json::Value as Json;

use super::table::columns;
use crate::remote::plain::{plain, value, wrapped};

/// Each with all that speaks against it, and below it how it could be opened.
pub fn shown(actions: &[Json]) -> String {
    let mut lines = vec![["ACTION", "STATE", "WHY"].map(str::to_owned).to_vec()];
    let mut ways_below = vec![Vec::new()];
    for action in actions {
        let open = action["available"] == true;
        let mut why = why(action).into_iter();
        let state = if open { "open" } else { "blocked" };
        lines.push(vec![value(&action["name"]), state.to_owned(), why.next().unwrap_or_default()]);
        ways_below.push(Vec::new());
        for more in why {
            lines.push(vec![String::new(), String::new(), more]);
            ways_below.push(Vec::new());
        }
        *ways_below.last_mut().expect("it has a line") = match ways(action) {
            ways if ways.is_empty() && !open => vec!["  no way is known that opens it".to_owned()],
            ways => ways,
        };
    }
    let table = columns(lines);
    let shown = table.lines().zip(ways_below).flat_map(|(line, ways)| std::iter::once(line.to_owned()).chain(ways));
    shown.collect::<Vec<_>>().join("\n")
}

fn why(action: &Json) -> Vec<String> {
    let all = [&action["reasons"], &action["errors"]].into_iter().filter_map(Json::as_array).flatten();
    all.filter_map(|reason| reason["message"].as_str()).map(plain).collect()
}

/// A line or more for each.
pub fn ways(action: &Json) -> Vec<String> {
    let texts = action["unblock"].as_array().into_iter().flatten().filter_map(|way| way["text"].as_str());
    texts.enumerate().map(|(index, text)| wrapped(text, if index == 0 { "  to open it: " } else { "  or: " }, "    ")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_blocked_is_told_with_every_reason_and_way() {
        let message = |message: &str| json!({ "code": "x", "message": message });
        let actions = [
            json!({ "name": "Decline", "available": true, "reasons": [], "errors": [], "unblock": [] }),
            json!({
                "name": "Approve above\u{1b}", "available": false, "reasons": [message("a@b.c may not perform it")],
                "errors": [message("Explanation is required")], "unblock": [{ "text": "Set Explanation." }, { "text": "Let d@b.c take it." }],
            }),
            json!({ "name": "Pay", "available": false, "reasons": [message("Pay cannot be taken in Draft")], "errors": [], "unblock": [] }),
        ];
        let expected = "\
ACTION               STATE    WHY
Decline              open
Approve above\\u{1b}  blocked  a@b.c may not perform it
                              Explanation is required
  to open it: Set Explanation.
  or: Let d@b.c take it.
Pay                  blocked  Pay cannot be taken in Draft
  no way is known that opens it";
        assert_eq!(shown(&actions), expected);
    }
}
