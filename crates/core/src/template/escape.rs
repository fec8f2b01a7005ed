//! What a value must become in the place where it lands, so that it can never be more than a value there.
//!
//! To add a place: a variant, and a function with a property test that reads the result back with that place's parser.

use std::fmt::Write;

/// Where a rendered text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    Plain,
    /// Content or a quoted attribute of HTML.
    Html,
    /// A header of a mail or a request: one line.
    Header,
    /// A part of a URL between its delimiters.
    UrlPart,
    /// Between the quotes of a JSON string.
    JsonString,
    /// Markdown (CommonMark): text, also in a link or in code.
    Markdown,
    /// The same where a line break would end what the template began: a heading, a row of a table, the target of a link.
    MarkdownLine,
    /// Slack's mrkdwn.
    SlackMrkdwn,
}

impl Escape {
    pub(super) fn push(self, value: &str, into: &mut String) {
        match self {
            Escape::Plain => into.push_str(value),
            Escape::Html => html(value, into),
            Escape::Header => header(value, into),
            Escape::UrlPart => url_part(value, into),
            Escape::JsonString => json_string(value, into),
            Escape::Markdown => markdown(value, "\\\n", into),
            Escape::MarkdownLine => markdown(value, "&#32;", into),
            Escape::SlackMrkdwn => slack_mrkdwn(value, into),
        }
    }
}

fn html(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            _ => into.push(character),
        }
    }
}

/// Line breaks and other control characters become one space: a header ends where its line does.
fn header(value: &str, into: &mut String) {
    let mut broken = false;
    for character in value.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            broken = true;
            continue;
        }
        if std::mem::take(&mut broken) {
            into.push(' ');
        }
        into.push(character);
    }
    if broken {
        into.push(' ');
    }
}

/// Everything but the unreserved characters of RFC 3986.
fn url_part(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            write!(into, "%{byte:02X}").expect("a String takes all");
        }
    }
}

fn json_string(value: &str, into: &mut String) {
    let quoted = serde_json::Value::from(value).to_string();
    into.push_str(&quoted[1..quoted.len() - 1]);
}

/// Every punctuation mark may stand behind a backslash; but that does not keep a backtick from ending code, nor is there one for
/// spaces, which indent a block or end the target of a link. A line break becomes a hard one, so that no block begins after it.
fn markdown(value: &str, line_break: &str, into: &mut String) {
    let lines = value.trim_end_matches(['\r', '\n']).replace("\r\n", "\n").replace('\r', "\n");
    for character in lines.chars() {
        match character {
            '\n' => into.push_str(line_break),
            '`' => into.push_str("&#96;"),
            _ if character.is_control() => into.push_str("&#32;"),
            _ if character.is_whitespace() => write!(into, "&#{};", u32::from(character)).expect("a String takes all"),
            _ if character.is_ascii_punctuation() => into.extend(['\\', character]),
            _ => into.push(character),
        }
    }
}

/// For a place in Markdown between what the template's own line has before and after it.
pub(super) fn in_markdown_line(before: &str, after: &str) -> Escape {
    const ENDS_WITH_ITS_LINE: [char; 6] = ['#', '|', '(', '[', '<', '`'];
    let (before, after) = (before.rsplit('\n').next().unwrap_or_default(), after.split('\n').next().unwrap_or_default());
    // Code in a list or a quote goes on only in lines that begin as its own do.
    let begins_within = before.starts_with([' ', '\t', '>']);
    if begins_within || [before, after].iter().any(|part| part.contains(ENDS_WITH_ITS_LINE)) {
        Escape::MarkdownLine
    } else {
        Escape::Markdown
    }
}

/// The three characters that Slack asks to have escaped: without `<`, there is no link, mention or command.
fn slack_mrkdwn(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            _ => into.push(character),
        }
    }
}

/// How many segments of the URL's path are `.` or `..`, which every reader of URLs resolves away, encoded or not.
pub(super) fn dot_segments(url: &str) -> usize {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\'])
        .filter(|segment| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
        })
        .count()
}
