//! The limits of the product, each told in the error and in `docs/limits.md`.

use std::time::Duration;

pub const FIELDS_MAX: usize = 200;
pub const STAGES_MAX: usize = 100;
pub const ACTIONS_MAX: usize = 200;
/// Steps of one action or automation.
pub const STEPS_MAX: usize = 50;
/// Items of any other list of a definition, such as the options of a field.
pub const LIST_ITEMS_MAX: usize = 1000;
/// Names that one template may interpolate.
pub const TEMPLATE_NAMES_MAX: usize = 1000;
pub const NAME_CHARACTERS_MAX: usize = 100;
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
pub const LONG_TEXT_BYTES_MAX: usize = 1024 * 1024;
pub const UNIQUE_ID_CHARACTERS_MAX: usize = 255;
pub const COMMENT_BYTES_MAX: usize = 64 * 1024;
/// A rendered template.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
pub const FILES_A_FIELD_MAX: usize = 20;
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Of bodies that are not small, for all callers together.
pub const LARGE_BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Of a request's head, and so of its path.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Parameters of one request's query.
pub const QUERY_PARAMETERS_MAX: usize = 1000;
/// Rows of one page.
pub const PAGE_ROWS_MAX: i64 = 200;
/// Requests of one API key in a minute, unless the operator says otherwise.
pub const RATE_PER_MINUTE: usize = 600;
/// Executions of one task that wait; one more is told to come back later.
pub const WAITING_EXECUTIONS_MAX: i64 = 1000;
/// Tasks that one request takes an action on, and tasks that one creates or changes.
pub const BULK_TASKS_MAX: usize = 1000;
pub const BATCH_TASKS_MAX: usize = 1000;
/// That a caller may wait for an execution to end.
pub const WAIT_SECONDS_MAX: i64 = 60;
pub const CONDITION_DEPTH_MAX: usize = 8;
pub const CONDITION_RULES_MAX: usize = 100;
/// Columns that a list is sorted by.
pub const SORT_COLUMNS_MAX: usize = 8;
/// Words that one search looks for.
pub const SEARCH_WORDS_MAX: usize = 32;
/// Of all texts of one task together, the short ones first: what one row of an index can hold on every store.
pub const SEARCHED_BYTES_MAX: usize = 128 * 1024;
/// Of a word that is looked for or found; what is longer is cut.
pub const WORD_CHARACTERS_MAX: usize = 64;
/// Significant digits of a number or currency.
pub const DECIMAL_DIGITS_MAX: u32 = 28;
/// A rendered address, header or subject.
pub const ADDRESS_BYTES_MAX: usize = 8 * 1024;
/// Of the answer to a call, kept for whoever looks at the execution.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;
/// Unless the step says otherwise.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Of an e-mail: a server may look through a message for long before it says that it has taken it, and one that is cut off then may
/// deliver it all the same (RFC 5321, 4.5.3.2.6).
pub const MAIL_TIMEOUT: Duration = Duration::from_secs(600);
pub const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(600);
/// What the calls of one execution may take in all; time spent waiting does not count.
pub const EXECUTION_TIME_MAX: Duration = Duration::from_secs(3600);
/// Attempts of a call of which not a byte has left, whatever its step says.
pub const UNSENT_ATTEMPTS_MAX: u32 = 3;
/// How long a mail server is asked again.
pub const MAIL_RETRY_MAX: Duration = Duration::from_secs(15 * 60);
/// Between two attempts, also where the other side asks for more.
pub const RETRY_WAIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// Calls and e-mails that one node has under way at once, and those of one workspace among them.
pub const OPEN_CALLS_MAX: usize = 512;
pub const OPEN_CALLS_A_WORKSPACE_MAX: usize = 256;
/// Executions of one workspace that wait for one of them on a node that accepts more.
pub const WAITING_CALLS_MAX: usize = 10_000;
/// How long what a dry run has shown can be executed as it was shown.
pub const QUOTE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The value of a secret.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Starts of an execution without progress before it is given up.
pub const STARTS_MAX: i64 = 3;
/// Tasks that a new definition moves or changes at once, since nothing else is written meanwhile on SQLite.
pub const TASKS_CARRIED_MAX: i64 = 200_000;
/// Of a CSV to import, unless the operator says otherwise.
pub const IMPORT_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Rows of an import that are written together or not at all, and what they may take together.
pub const IMPORT_CHUNK_ROWS: usize = 1000;
pub const IMPORT_CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// For which a cell counts there beside its text: it takes memory also where it is empty.
pub const IMPORT_CELL_BYTES: usize = 32;
pub const IMPORT_ROW_BYTES_MAX: usize = 4 * 1024 * 1024;
pub const IMPORT_COLUMNS_MAX: usize = 1000;
/// Files that one node takes in at once, and those of one workspace among them.
pub const UPLOADS_MAX: usize = 16;
pub const UPLOADS_A_WORKSPACE_MAX: usize = 4;
/// Imports of one workspace that wait; one more is told to come back later.
pub const WAITING_IMPORTS_MAX: usize = 10;
/// How long an upload may stand still before what has come of it is thrown away.
pub const IMPORT_UPLOAD_MAX: Duration = Duration::from_secs(3600);
/// How long the rows are kept that an import has refused.
pub const IMPORT_REFUSED_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
