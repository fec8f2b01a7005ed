//! What the product really asks PostgreSQL, read back from the database's own log: the limit is measured with the same
//! statements without anybody keeping a copy of them.

/// One statement as it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// With `$1`, `$2`, ...
    pub sql: String,
    pub params: Vec<Option<String>>,
}

pub type Transaction = Vec<Statement>;

/// The settings that make the log readable by [`transactions`]. They are turned on for the moment of a trace only.
pub const SETTINGS: [(&str, &str); 2] = [("log_statement", "all"), ("log_line_prefix", "%p\t")];

/// The transactions of the log in the order of their commits. A statement outside of one is one of its own.
pub fn transactions(log: &str) -> Vec<Transaction> {
    let mut open: Vec<(&str, Option<Transaction>)> = Vec::new();
    let mut finished = Vec::new();
    for (process, message) in messages(log) {
        let position = open.iter().position(|(found, _)| *found == process).unwrap_or_else(|| {
            open.push((process, None));
            open.len() - 1
        });
        let transaction = &mut open[position].1;
        if let Some(params) = parameters_of(&message) {
            let last = match transaction {
                Some(statements) => statements.last_mut(),
                None => finished.last_mut().and_then(|statements: &mut Transaction| statements.last_mut()),
            };
            if let Some(statement) = last {
                statement.params = parameters(params);
            }
            continue;
        }
        let Some(sql) = statement_of(&message) else { continue };
        match sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase().trim_end_matches(';') {
            "BEGIN" | "START" => *transaction = Some(Vec::new()),
            "COMMIT" => finished.extend(transaction.take()),
            "ROLLBACK" => drop(transaction.take()),
            _ => {
                let statement = Statement { sql: sql.to_owned(), params: Vec::new() };
                match transaction {
                    Some(statements) => statements.push(statement),
                    None => finished.push(vec![statement]),
                }
            }
        }
    }
    finished
}

/// `LOG:  execute s1: SELECT ...` and `LOG:  statement: BEGIN`.
fn statement_of(message: &str) -> Option<&str> {
    let message = message.strip_prefix("LOG:  ")?;
    message.strip_prefix("statement: ").or_else(|| Some(message.strip_prefix("execute ")?.split_once(": ")?.1))
}

/// PostgreSQL 16 began to write it with a capital.
fn parameters_of(message: &str) -> Option<&str> {
    let detail = message.strip_prefix("DETAIL:  ")?;
    detail.strip_prefix("parameters: ").or_else(|| detail.strip_prefix("Parameters: "))
}

/// The process and the text of each message. A line that begins with a tab goes on with the message before it.
fn messages(log: &str) -> Vec<(&str, String)> {
    let mut messages: Vec<(&str, String)> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), line.split_once('\t')) {
            (Some(more), _) => {
                if let Some((_, message)) = messages.last_mut() {
                    message.push('\n');
                    message.push_str(more);
                }
            }
            (None, Some((process, message))) if process.bytes().all(|byte| byte.is_ascii_digit()) => {
                messages.push((process, message.to_owned()));
            }
            _ => {}
        }
    }
    messages
}

/// `$1 = '12', $2 = NULL, $3 = 'it''s'`.
fn parameters(text: &str) -> Vec<Option<String>> {
    let mut params = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(after) = value.strip_prefix("NULL") {
            params.push(None);
            rest = after;
            continue;
        }
        let Some(quoted) = value.strip_prefix('\'') else { break };
        let end = end_of_quoted(quoted);
        params.push(Some(quoted[..end].replace("''", "'")));
        rest = quoted.get(end + 1..).unwrap_or_default();
    }
    params
}

/// Where the closing quote is; a doubled one is a quote of the text.
fn end_of_quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str, params: &[Option<&str>]) -> Statement {
        Statement { sql: sql.into(), params: params.iter().map(|param| param.map(str::to_owned)).collect() }
    }

    #[test]
    fn transactions_of_several_sessions_are_told_apart() {
        let log = "2026 starting\n\
            7\tLOG:  statement: BEGIN\n\
            7\tLOG:  execute s1: SELECT id\n\t        FROM tasks WHERE id = $1 AND name = $2\n\
            7\tDETAIL:  parameters: $1 = '12', $2 = 'it''s, $3 = ''x'''\n\
            8\tLOG:  statement: START TRANSACTION READ ONLY\n\
            8\tLOG:  execute <unnamed>: UPDATE nodes SET until = $1\n\
            8\tDETAIL:  parameters: $1 = NULL\n\
            7\tLOG:  execute s2: INSERT INTO jobs VALUES ($1, $2)\n\
            7\tDETAIL:  parameters: $1 = NULL, $2 = ''\n\
            8\tLOG:  statement: ROLLBACK\n\
            7\tLOG:  statement: COMMIT\n\
            9\tLOG:  execute s9: SELECT 1 WHERE $1\n\
            9\tDETAIL:  Parameters: $1 = 't'\n\
            9\tERROR:  something else\n";
        let expected = vec![
            vec![
                statement("SELECT id\n        FROM tasks WHERE id = $1 AND name = $2", &[Some("12"), Some("it's, $3 = 'x'")]),
                statement("INSERT INTO jobs VALUES ($1, $2)", &[None, Some("")]),
            ],
            vec![statement("SELECT 1 WHERE $1", &[Some("t")])],
        ];
        assert_eq!(transactions(log), expected);
    }
}
