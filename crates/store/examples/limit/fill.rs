//! A data folder to measure on.

use std::collections::BTreeMap;

use baton_core::actor::Actor;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_core::value::{FilterKey, Value, exact_key};
use baton_store::sql::{people, tasks, workflows};
use baton_store::{Store, StoreError};
use rust_decimal::Decimal;

use super::execution::id;

const FIELDS: i64 = 8;
const TASKS_A_COMMIT: usize = 1000;
/// Far apart, as ids are: the milliseconds are in their upper bits.
const ID_STEP: i64 = 1 << 23;

pub async fn fill(store: &Store, count: usize) -> Result<(), StoreError> {
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let (workspace, workflow) = (id(1 << 50), id((1 << 50) + 1));
    store
        .write(move |tx| {
            people::insert_workspace(tx, workspace, "Measured", "UTC", at)?;
            let new = workflows::NewWorkflow { id: workflow, workspace, name: "Approval", document: "{}", at, by: Actor::Operator };
            workflows::insert(tx, &new)
        })
        .await?;
    for first in (0..count).step_by(TASKS_A_COMMIT) {
        let numbers = first..count.min(first + TASKS_A_COMMIT);
        store
            .write(move |tx| {
                for number in numbers.clone() {
                    let task = task(number as i64, at);
                    let keys: Vec<FilterKey> = task.values.iter().map(|(field, value)| key(*field, value)).collect();
                    tasks::insert(tx, workspace, &task, Some(&format!("T-{number}")), true, &keys)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    Ok(())
}

fn task(number: i64, at: Timestamp) -> Task {
    let value = |field: i64| match field % 3 {
        0 => Value::Text(format!("value {} of field {field}", number.wrapping_mul(2_654_435_761) % 100_000)),
        1 => Value::Decimal(Decimal::new(number.wrapping_mul(48_271) % 1_000_000, 2)),
        _ => Value::Option(id(100 + number % 5)),
    };
    Task {
        id: id((1 << 51) + number * ID_STEP),
        workflow: id((1 << 50) + 1),
        stage: id(10),
        assignee: None,
        values: (0..FIELDS).map(|field| (id(1000 + field), value(field))).collect(),
        version: 1,
        created_at: at,
        updated_at: at,
        created_by: Actor::Operator,
        performers: BTreeMap::new(),
    }
}

fn key(field: baton_core::ids::Id, value: &Value) -> FilterKey {
    let exact = exact_key(value);
    FilterKey { field, sort: exact.clone(), exact }
}
