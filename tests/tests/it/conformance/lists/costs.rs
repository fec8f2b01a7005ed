//! What a page costs: a way to find it is taken where it is cheap, and asks the store no oftener than it must.

use baton_core::condition::Column;
use baton_core::list::{Place, SortKey};
use baton_core::task::Task;
use baton_core::value::Value;
use baton_store::list::{self, From, Page};
use baton_store::{Dialect, Param, Row, StoreError, Tx};
use rust_decimal::Decimal;

use super::super::bed::{Bed, id};
use super::super::on_every_store;
use super::any::{NAME, World};
use super::{Asked, fill};

on_every_store!(behind_part_of_a_group_as_many_are_read_as_are_missing);

const SIZE: i64 = 102;

/// Counts what is asked of a store.
struct Counted<'a> {
    tx: &'a mut dyn Tx,
    statements: usize,
}

impl Tx for Counted<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.statements += 1;
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}

/// A page, if it is found without a listing, and the statements that it took.
async fn counted(bed: &Bed, asked: &Asked, after: Option<Place>, limit: usize) -> (Option<Page>, usize) {
    let asked = asked.clone();
    let page = move |tx: &mut dyn Tx| {
        let mut tx = Counted { tx, statements: 0 };
        let page = list::page(&mut tx, &asked.question(), after.as_ref().map_or(From::Start, From::After), limit)?;
        Ok((page, tx.statements))
    };
    bed.read(page).await.unwrap()
}

fn task(bed: &Bed, name: &str, size: usize) -> Task {
    let values = [(id(NAME), Value::Text(name.to_owned())), (id(SIZE), Value::Decimal(Decimal::from(size)))];
    Task { values: values.into(), ..bed.task() }
}

/// A page that begins within a group has looked at all of it, also at what stands before the page.
async fn behind_part_of_a_group_as_many_are_read_as_are_missing(bed: Bed) {
    let world = World::new(bed.workspace, bed.workflow);
    let group = (0..60).map(|number| task(&bed, "a", number));
    let others = (0..80).map(|number| task(&bed, &format!("b{number:02}"), number));
    let all: Vec<Task> = group.chain(others).collect();
    fill(&bed, &world, &all).await;
    let rising = |raw: i64| SortKey { column: Column::Field(id(raw)), descending: false };
    let asked = Asked { sort: vec![rising(NAME), rising(SIZE)], ..Asked::everything(world) };
    let after = asked.order().place(&all[49]);
    let (page, statements) = counted(&bed, &asked, Some(after), 60).await;
    assert_eq!(page.map(|page| page.tasks), Some(all[50..110].to_vec()));
    // The ids of the group, its tasks, and once the same of the others.
    assert_eq!(statements, 4);
}
