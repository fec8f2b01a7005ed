//! Parameters and headers that several endpoints have.

use baton_core::limits::{PAGE_ROWS_MAX, WAIT_SECONDS_MAX};

use serde_json::json;

use super::docs::{Given, Header, Parameter, Place, Takes};
use super::schemas;

const fn of_path(name: &'static str, text: &'static str, example: &'static str, takes: Takes) -> Parameter {
    Parameter { name, place: Place::Path, text, takes, example, required: true }
}

pub const fn of_query(name: &'static str, takes: Takes, text: &'static str, example: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, text, takes, example, required: false }
}

const fn of_header(name: &'static str, takes: Takes, text: &'static str, example: &'static str) -> Parameter {
    Parameter { name, place: Place::Header, text, takes, example, required: false }
}

/// By the name that the path gives it.
pub const PARTS: &[Parameter] = &[
    of_path("workflow", "The id of a workflow.", "abc123", Takes::Text),
    of_path(
        "task",
        "The value of the task's Unique ID field; where none matches, its public id, the last part of its Task URL. Percent-encoded: `/` is `%2F`.",
        "678",
        Takes::Text,
    ),
    of_path("execution", "The id of an execution.", "091has", Takes::Text),
    of_path("import", "The id of an import.", "1mp0rt", Takes::Text),
    of_path("item", "The id of a checklist item.", "v3tt1ng", Takes::Text),
    of_path("user", "The id of a user.", "hP0tT3r", Takes::Text),
    of_path(
        "secret",
        "The name of a secret: a letter or `_`, then letters, digits and `_`, 100 characters at most.",
        "CRM_TOKEN",
        Takes::Like("^[A-Za-z_][A-Za-z0-9_]{0,99}$"),
    ),
    of_path("page", "A page of the reference.", "errors", Takes::Text),
];

pub const LIMIT: Parameter = of_query("_limit", Takes::Number { max: PAGE_ROWS_MAX }, "Rows of a page; 50 where it is left out.", "50");

pub const CURSOR: Parameter = of_query(
    "_cursor",
    Takes::Text,
    "Where the next page begins. It comes from the `Link` header of the same list; it is not made by hand.",
    "1.15QxS1fZ3Uk",
);

pub const DELIMITERS: Takes = Takes::OneOf(&[",", ";", "tab"]);
pub const DELIMITER: Parameter = of_query(
    "_delimiter",
    DELIMITERS,
    "What divides the cells of a CSV; left out, a comma. A spreadsheet should read it with the same one.",
    ";",
);

pub const DRY_RUN: Parameter = of_query("_dry_run", Takes::Flag, "Only says what would come of it; nothing is changed.", "true");

pub const WAIT: Parameter =
    of_query("_wait", Takes::Number { max: WAIT_SECONDS_MAX }, "Seconds to wait until the execution has ended.", "10");

pub const IF_MATCH: Parameter = of_header(
    "If-Match",
    Takes::Like(r#"^\s*(\*|(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*)\s*$"#),
    "It is done only if one of these versions is the current one, as an `ETag` told it; `*`: only if it is there.",
    "\"1\"",
);

pub const IDEMPOTENCY_KEY: Parameter = of_header(
    "Idempotency-Key",
    Takes::Like("^[!-~]{1,255}$"),
    "The same key with the same body gets the same answer again, for at least 24 hours, and nothing is done twice.",
    "8e03978e-40d5-43dd-bc93-6894a57f9324",
);

pub const PREFER: Parameter = of_header(
    "Prefer",
    Takes::Text,
    "`wait=10` waits for the end of the execution, but no longer than 10 s; more than 60 are 60. What makes no sense is as if it were not there.",
    "wait=10",
);

pub const ACCEPT: Parameter = of_header(
    "Accept",
    Takes::Text,
    "`application/yaml` asks for YAML; anything else, or nothing, is answered with JSON.",
    "application/yaml",
);

pub const X_REQUEST_ID: Parameter = of_header(
    "X-Request-Id",
    Takes::Text,
    "An id of your own for the request, 1 to 128 visible ASCII characters. It is in the answer, in the log and in the history.",
    "nightly-import-42",
);

const fn header(name: &'static str, text: &'static str, example: &'static str) -> Header {
    Header { name, text, example }
}

pub const ETAG: Header = header("ETag", "The version, for `If-Match`.", "\"1\"");
pub const LOCATION: Header = header("Location", "The path of what was made.", "/api/v1/workflows/abc123/executions/091has");
pub const NEXT_PAGE: Header = header(
    "Link",
    "The next page, where there is one: `<path>; rel=\"next\"`.",
    "</api/v1/workflows/abc123/executions?_limit=50&_cursor=091has>; rel=\"next\"",
);
pub const REPLAYED: Header =
    header("Idempotency-Replayed", "`true`: the answer was given before, under the same `Idempotency-Key`.", "true");
pub const PREFERENCE_APPLIED: Header =
    header("Preference-Applied", "How long it would have waited at most, where it was asked to.", "wait=10");
pub const VARIES: Header = header("Vary", "What else the answer hangs on.", "accept");
pub const REQUEST_ID: Header = header("X-Request-Id", "The id of the request: yours, if you sent one.", "15QurUGLTPf");
pub const RETRY_AFTER: Header = header("Retry-After", "Seconds to wait before it is asked again.", "1");
/// Of every answer of an endpoint to a key, while the operator limits keys.
pub const RATE: &[Header] = &[
    header(
        "RateLimit",
        "How many requests the key has left and, unless all are, in how many seconds there is one more; while there is a limit.",
        "\"key\";r=599;t=1",
    ),
    header("RateLimit-Policy", "How many requests a key has in so many seconds, while there is a limit.", "\"key\";q=600;w=60"),
];
pub const AUTHENTICATE: Header = header("WWW-Authenticate", "How to say who calls.", "Bearer");

/// The body of a POST whose path says all.
pub fn nothing() -> Given {
    Given::json(schemas::object(json!({})), "None, or an object without keys.").or_none()
}
