//! What the engines themselves can do with the product's own statements, without the product.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::script::{self, Traced};
use super::trace::{self, Transaction};
use super::workload::Filled;
use crate::postgres::Cluster;
use crate::{Outcome, clock, shell};

pub struct Limit {
    pub per_second: f64,
    pub statements: Vec<String>,
}

/// The bare loop that the store keeps beside its SQL: its own statements, 64 executions a commit, on a copy of the data.
pub fn sqlite(folder: &Path, step: usize, seconds: u64) -> Outcome<Limit> {
    let copy = folder.with_extension("limit");
    copy_folder(folder, &copy)?;
    let example = ["--release", "--package", "baton-store", "--example", "limit"];
    // Apart, because it takes minutes the first time, and what takes minutes shows what it does.
    shell::run(shell::cargo(["build"]).args(example))?;
    let mut command = shell::cargo(["run", "--quiet"]);
    command.args(example).arg("--").arg(&copy).arg(seconds.to_string()).arg("--step").arg(step.to_string());
    let printed = shell::read(&mut command);
    fs::remove_dir_all(&copy)?;
    printed_limit(&printed?, "executions_per_second")
}

fn printed_limit(printed: &str, key: &str) -> Outcome<Limit> {
    let value: Value = serde_json::from_str(printed).map_err(|error| format!("the limit printed {printed:?}: {error}"))?;
    let per_second = value[key].as_f64().ok_or_else(|| format!("the limit printed {printed:?}"))?;
    let statements = value["statements"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Limit { per_second, statements })
}

/// The bare loop that inserts the rows of all tasks in `folder` once more.
pub fn insert(folder: &Path) -> Outcome<Limit> {
    let bare = folder.with_extension("limit");
    if bare.exists() {
        fs::remove_dir_all(&bare)?;
    }
    let example = ["--release", "--package", "baton-store", "--example", "insert"];
    shell::run(shell::cargo(["build"]).args(example))?;
    let printed = shell::read(shell::cargo(["run", "--quiet"]).args(example).arg("--").arg(folder).arg(&bare));
    fs::remove_dir_all(&bare)?;
    printed_limit(&printed?, "tasks_per_second")
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

const CLIENTS: usize = 16;
const TRACE_LONGEST: Duration = Duration::from_secs(10);

/// The last tasks are used up by tracing.
const TRACED_TASKS: usize = 3;

/// Traces two executions of the running product and makes a pgbench script of them.
pub fn trace_postgres(cluster: &Cluster, database: &str, filled: &mut Filled) -> Outcome<String> {
    let setting = |sql: &str| cluster.psql(database, sql).map(drop);
    for (name, value) in trace::SETTINGS {
        setting(&format!("alter system set {name} = '{value}'"))?;
    }
    setting("select pg_reload_conf()")?;
    // The first execution of a boot also fills caches.
    filled.execute(filled.count)?;
    let traced = [trace_one(cluster, database, filled, filled.count - 1)?, trace_one(cluster, database, filled, filled.count - 2)?];
    setting("alter system reset all")?;
    setting("select pg_reload_conf()")?;
    Ok(script::pgbench(&traced[0], &traced[1], CLIENTS)?)
}

fn trace_one(cluster: &Cluster, database: &str, filled: &mut Filled, number: usize) -> Outcome<Traced> {
    let unique_id = number.to_string();
    let before = cluster.log()?.len();
    filled.execute(number)?;
    let task = cluster.psql(database, &format!("select id from tasks where unique_key = '{unique_id}'"))?.trim().to_owned();
    // The log is written by another process: what we read may end before the last commit.
    let transactions = clock::wait_for("a trace of two transactions", TRACE_LONGEST, || {
        let found = of_task(trace::transactions(&cluster.log()?[before..]), &task);
        Ok((found.len() >= 2).then_some(found))
    })?;
    Ok(Traced { unique_id, task, transactions })
}

/// Those that write and name the task; polls, leases and the sealer are none of an execution's statements.
fn of_task(transactions: Vec<Transaction>, task: &str) -> Vec<Transaction> {
    let writes = |sql: &str| ["INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.trim_start().to_ascii_uppercase().starts_with(word));
    let names_task =
        |transaction: &Transaction| transaction.iter().any(|statement| statement.params.iter().flatten().any(|param| param == task));
    transactions
        .into_iter()
        .filter(|transaction| names_task(transaction) && transaction.iter().any(|statement| writes(&statement.sql)))
        .collect()
}

/// Runs the script by 16 clients, each task once; `database` is as the product's was before its measurement.
pub fn postgres(cluster: &Cluster, database: &str, script: &str, tasks: usize, seconds: u64, folder: &Path) -> Outcome<Limit> {
    let path = folder.join("execution.pgbench");
    fs::write(&path, script)?;
    // More than can be run in the time, unless the tasks are few.
    let times = ((tasks - TRACED_TASKS) / CLIENTS).min(usize::try_from(seconds)? * 1_000);
    let mut command = cluster.pgbench(database);
    command.args(["--protocol=prepared", &format!("--client={CLIENTS}"), "--jobs=2", &format!("--transactions={times}")]);
    // As the product's own sessions have them.
    command.env("PGOPTIONS", "-c jit=off -c enable_seqscan=off");
    let printed = shell::read(command.args(["--define=round=0", "--file"]).arg(&path))?;
    let per_second = tps(&printed).ok_or_else(|| format!("pgbench printed {printed}"))?;
    Ok(Limit { per_second, statements: script.lines().map(str::to_owned).collect() })
}

/// `tps = 3100.1 (without initial connection time)`, of a run in which nothing failed.
fn tps(printed: &str) -> Option<f64> {
    let failed = printed.lines().find_map(|line| line.strip_prefix("number of failed transactions: "));
    let tps = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.filter(|_| failed.is_none_or(|failed| failed.starts_with("0 ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_only_if_nothing_failed() {
        let printed =
            |failed: u32| format!("number of failed transactions: {failed} (0.000%)\ntps = 3100.125 (without initial connection time)\n");
        assert_eq!(tps(&printed(0)), Some(3100.125));
        assert_eq!(tps(&printed(3)), None);
        assert_eq!(tps("nothing"), None);
    }
}
