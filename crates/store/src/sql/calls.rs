//! Calls: what a step sends, kept from the commit before it goes out.

use baton_core::execution::call::Call;
use baton_core::ids::Id;

use super::row::to_json;
use crate::{Param, Row, StoreError, Tx};

/// The call of a step as it is now.
pub fn put(tx: &mut dyn Tx, workspace: Id, execution: Id, call: &Call) -> Result<(), StoreError> {
    let sql = "INSERT INTO calls (execution_id, step, workspace_id, request, attempts, failures, open, started_at, status, answer, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (execution_id, step) DO UPDATE SET attempts = excluded.attempts, failures = excluded.failures,
            open = excluded.open, status = excluded.status, answer = excluded.answer, error = excluded.error";
    let request = to_json(&call.request);
    let params = [
        execution.into(),
        i64::try_from(call.step).unwrap_or(i64::MAX).into(),
        workspace.into(),
        Param::Text(&request),
        i64::from(call.attempts).into(),
        i64::from(call.failures).into(),
        call.open.into(),
        call.started_at.into(),
        call.status.map(i64::from).into(),
        call.answer.as_deref().into(),
        call.error.as_deref().into(),
    ];
    tx.send(sql, &params)
}

/// The call of a step, which must be there.
pub fn get(tx: &mut dyn Tx, execution: Id, step: usize) -> Result<Call, StoreError> {
    let sql = "SELECT step, request, attempts, failures, open, started_at, status, answer, error
        FROM calls WHERE execution_id = $1 AND step = $2";
    let missing = || StoreError::Corrupt { table: "calls", id: format!("{execution} step {step}"), what: "is missing".to_owned() };
    tx.query_one(sql, &[execution.into(), i64::try_from(step).unwrap_or(i64::MAX).into()], read)?.ok_or_else(missing)
}

/// All of an execution's, in the order of its steps.
pub fn of_execution(tx: &mut dyn Tx, execution: Id) -> Result<Vec<Call>, StoreError> {
    let sql = "SELECT step, request, attempts, failures, open, started_at, status, answer, error
        FROM calls WHERE execution_id = $1 ORDER BY step";
    tx.query(sql, &[execution.into()], read)
}

fn read(row: &dyn Row) -> Result<Call, StoreError> {
    let small = |column: usize| -> Result<u32, StoreError> { Ok(u32::try_from(row.int(column)?).unwrap_or(u32::MAX)) };
    Ok(Call {
        step: usize::try_from(row.int(0)?).unwrap_or(usize::MAX),
        request: row.json(1)?,
        attempts: small(2)?,
        failures: small(3)?,
        open: row.bool(4)?,
        started_at: row.time(5)?,
        status: row.opt_int(6)?.and_then(|status| u16::try_from(status).ok()),
        answer: row.opt_text(7)?.map(str::to_owned),
        error: row.opt_text(8)?.map(str::to_owned),
    })
}
