//! From the traces of two executions to a script that pgbench runs for any task.
//!
//! What is the same in both is a constant. What differs is the task's Unique ID, the task's id, an id that was made new
//! each time, or something whose value does not matter (a time, a hash, a text of like length).

use super::trace::{Statement, Transaction};

/// One traced execution.
pub struct Traced {
    /// The Unique ID that the caller named.
    pub unique_id: String,
    /// The task's id, as the database has it.
    pub task: String,
    pub transactions: Vec<Transaction>,
}

/// Ids are made of milliseconds and randomness; nothing else is so large.
const ID_LEAST: u64 = 1 << 56;
const ID_MOST: u64 = i64::MAX as u64;

/// Every client takes tasks of its own and none twice, so that each finds its task as the traced ones found theirs.
pub fn pgbench(first: &Traced, second: &Traced, clients: usize) -> Result<String, String> {
    let statements = |traced: &Traced| traced.transactions.concat();
    let shape = |traced: &Traced| traced.transactions.iter().map(Vec::len).collect::<Vec<_>>();
    let (ours, theirs) = (statements(first), statements(second));
    if shape(first) != shape(second) || ours.iter().zip(&theirs).any(|(a, b)| a.sql != b.sql) {
        return Err(format!("two executions did not run the same statements:\n{}\n\n{}", shown(&ours), shown(&theirs)));
    }
    if ours.is_empty() {
        return Err("the trace has no transaction that names the task".into());
    }

    let mut ids: Vec<(&str, &str)> = Vec::new();
    let mut body = String::new();
    for (ours, theirs) in first.transactions.iter().zip(&second.transactions) {
        body.push_str("BEGIN;\n");
        for (statement, other) in ours.iter().zip(theirs) {
            // The lock before it names the task too, and tells nothing of it.
            let looks_up = !statement.sql.trim_start().starts_with("SELECT 1 ");
            let is_first = looks_up && !body.contains("\\gset") && statement.params.iter().flatten().any(|param| *param == first.unique_id);
            let values: Vec<String> = statement
                .params
                .iter()
                .zip(&other.params)
                .map(|(a, b)| value(a.as_deref(), b.as_deref(), first, second, &mut ids))
                .collect();
            body.push_str(&filled(&statement.sql, &values));
            body.push_str(if is_first { "\n\\gset task_\n" } else { ";\n" });
        }
        body.push_str("COMMIT;\n");
    }
    if !body.contains("\\gset") {
        return Err("no statement looks the task up by its Unique ID".into());
    }
    let mut head = format!("\\set round :round + 1\n\\set number 1 + :client_id + {clients} * (:round - 1)\n");
    for index in 0..ids.len() {
        head.push_str(&format!("\\set new{index} random({ID_LEAST}, {ID_MOST})\n"));
    }
    Ok(head + &body)
}

/// How a parameter is written in the script.
fn value<'a>(a: Option<&'a str>, b: Option<&'a str>, first: &Traced, second: &Traced, ids: &mut Vec<(&'a str, &'a str)>) -> String {
    let (Some(a), Some(b)) = (a, b) else { return a.map_or("NULL".into(), literal) };
    let is_id = |text: &str| text.parse().is_ok_and(|number: u64| (ID_LEAST..=ID_MOST).contains(&number));
    if (a, b) == (&first.unique_id, &second.unique_id) {
        return ":number".into();
    }
    if (a, b) == (&first.task, &second.task) {
        return ":task_id".into();
    }
    if a != b && is_id(a) && is_id(b) {
        let index = ids.iter().position(|known| *known == (a, b)).unwrap_or_else(|| {
            ids.push((a, b));
            ids.len() - 1
        });
        return format!(":new{index}");
    }
    literal(a)
}

/// pgbench would take `:name` for a variable even inside quotes.
fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace(':', "\\x3A").replace('\n', "\\n");
    format!("E'{escaped}'")
}

/// Puts the values where `$1`, `$2`, ... stand, on one line.
fn filled(sql: &str, values: &[String]) -> String {
    let mut pieces = sql.split('$');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let value = piece[..digits].parse::<usize>().ok().and_then(|number| values.get(number - 1));
        match value {
            Some(value) => filled.push_str(value),
            None => filled.push_str(&format!("${}", &piece[..digits])),
        }
        filled.push_str(&piece[digits..]);
    }
    filled.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(statements: &[Statement]) -> String {
    statements.iter().map(|statement| statement.sql.as_str()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(unique_id: &str, task: &str, execution: &str, time: &str) -> Traced {
        let statement = |sql: &str, params: &[&str]| {
            let params = params.iter().map(|param| Some((*param).to_owned()).filter(|text| text != "NULL")).collect();
            Statement { sql: sql.into(), params }
        };
        Traced {
            unique_id: unique_id.into(),
            task: task.into(),
            transactions: vec![
                vec![
                    statement("SELECT 1 FROM tasks WHERE unique_key = $1 FOR UPDATE", &[unique_id]),
                    statement("SELECT id FROM tasks\n  WHERE unique_key = $1 AND workflow = $2", &[unique_id, "7"]),
                    statement("INSERT INTO executions VALUES ($1, $2, $3, $4)", &[execution, task, time, "NULL"]),
                ],
                vec![statement("UPDATE tasks SET texts = $1 WHERE id = $2", &[r#"{"it's":true}"#, task])],
            ],
        }
    }

    const TASKS: [&str; 2] = ["4611686018427387905", "4611686018427387906"];
    const EXECUTIONS: [&str; 2] = ["4611686018427399999", "4611686018427399990"];

    #[test]
    fn what_differs_between_executions_becomes_a_variable() {
        let first = traced("99", TASKS[0], EXECUTIONS[0], "1790000000000001");
        let second = traced("98", TASKS[1], EXECUTIONS[1], "1790000000000002");
        let script = pgbench(&first, &second, 16).expect("they have one shape");
        let expected = "\
            \\set round :round + 1\n\
            \\set number 1 + :client_id + 16 * (:round - 1)\n\
            \\set new0 random(72057594037927936, 9223372036854775807)\n\
            BEGIN;\n\
            SELECT 1 FROM tasks WHERE unique_key = :number FOR UPDATE;\n\
            SELECT id FROM tasks WHERE unique_key = :number AND workflow = E'7'\n\
            \\gset task_\n\
            INSERT INTO executions VALUES (:new0, :task_id, E'1790000000000001', NULL);\n\
            COMMIT;\n\
            BEGIN;\n\
            UPDATE tasks SET texts = E'{\"it''s\"\\x3Atrue}' WHERE id = :task_id;\n\
            COMMIT;\n";
        assert_eq!(script, expected);
    }

    #[test]
    fn executions_of_different_shapes_are_refused() {
        let first = traced("99", TASKS[0], EXECUTIONS[0], "1");
        let mut second = traced("98", TASKS[1], EXECUTIONS[1], "2");
        second.transactions[1][0].sql.push_str(" AND true");
        assert!(pgbench(&first, &second, 16).is_err_and(|error| error.contains("AND true")));
        second.transactions.pop();
        assert!(pgbench(&first, &second, 16).is_err());
    }
}
