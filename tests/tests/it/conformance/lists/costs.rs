//! What a page costs: a way to find it is taken where it is cheap, and asks the store no oftener than it must.

use std::collections::BTreeSet;

use baton_core::condition::Column;
use baton_core::list::{Place, SortKey};
use baton_core::task::Task;
use baton_core::value::Value;
use baton_core::words::Search;
use baton_core::workflow::Rights;
use baton_store::list::{self, From, Page};
use baton_store::{Dialect, Param, Row, StoreError, Tx};
use rust_decimal::Decimal;
use serde_json::json;

use super::super::bed::{Bed, Kind, id, run};
use super::super::on_every_store;
use super::any::{NAME, World};
use super::{Asked, fill};

on_every_store!(a_page_of_many_values_needs_no_listing, behind_part_of_a_group_as_many_are_read_as_are_missing);

const SIZE: i64 = 102;
const DONE: i64 = 110;

/// Remembers what a store is asked.
struct Heard<'a> {
    tx: &'a mut dyn Tx,
    asked: Vec<String>,
}

impl Tx for Heard<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.asked.push(sql.to_owned());
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
        let mut tx = Heard { tx, asked: Vec::new() };
        let page = list::page(&mut tx, &asked.question(), after.as_ref().map_or(From::Start, From::After), limit)?;
        Ok((page, tx.asked.len()))
    };
    bed.read(page).await.unwrap()
}

fn task(bed: &Bed, name: &str, size: usize) -> Task {
    let values = [(id(NAME), Value::Text(name.to_owned())), (id(SIZE), Value::Decimal(Decimal::from(size)))];
    Task { values: values.into(), ..bed.task() }
}

/// Of each value something must be read before the first task is found. That is paid once, and no rate to go by.
async fn a_page_of_many_values_needs_no_listing(bed: Bed) {
    const VALUES: usize = 70;
    // More than are few.
    const TASKS: usize = 2_100;
    const LIMIT: usize = 50;
    let world = World::new(bed.workspace, bed.workflow);
    let even = |number: usize| format!("even {}", number % VALUES);
    // Nearly all have the first.
    let uneven = |number: usize| format!("uneven {}", (number + VALUES).saturating_sub(TASKS));
    let names: [&dyn Fn(usize) -> String; 2] = [&even, &uneven];
    for name in names {
        let done = |number: usize| number.is_multiple_of(10).then_some((id(DONE), Value::Checked));
        let mut all: Vec<Task> = (0..TASKS).map(|number| task(&bed, &name(number), number)).collect();
        all.iter_mut().enumerate().for_each(|(number, task)| task.values.extend(done(number)));
        fill(&bed, &world, &all).await;
        let among: BTreeSet<String> = (0..TASKS).map(name).collect();
        assert_eq!(among.len(), VALUES);
        let among = json!({ "field": "Name", "operator": "in", "value": among });
        let done = json!({ "field": "Done", "operator": "=", "value": true });
        for rules in [vec![among.clone()], vec![among, done]] {
            let condition = world.compiled(&json!({ "combinator": "and", "rules": rules })).expect("it is one of rules");
            let asked = Asked { condition, ..Asked::everything(world.clone()) };
            let (page, statements) = counted(&bed, &asked, None, LIMIT).await;
            let expected: Vec<Task> = asked.expected(&all).into_iter().take(LIMIT).collect();
            assert_eq!(page.map(|page| page.tasks), Some(expected), "{} by {} rules", name(0), rules.len());
            assert!(statements < VALUES + 10, "{} by {} rules took {statements} statements", name(0), rules.len());
        }
    }
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

/// However often a search has to look for older tasks, SQLite is asked once which words there are.
#[test]
fn the_words_of_a_search_are_looked_up_once() {
    run(Kind::Memory, async |bed| {
        // Entries of tasks that are gone: as many as are ranked, and twice as many again.
        let entries = "WITH RECURSIVE gone (id) AS (SELECT 10001 UNION ALL SELECT id + 1 FROM gone WHERE id < 16001)
            INSERT INTO task_search (rowid, words) SELECT id, '2xowl' FROM gone";
        bed.tamper(entries).await;
        let search = Some((Search::read("owl").unwrap(), Rights::collaborator()));
        let asked = Asked { search, ..Asked::everything(World::new(bed.workspace, bed.workflow)) };
        let heard = bed.read(move |tx| {
            let mut tx = Heard { tx, asked: Vec::new() };
            list::ranked(&mut tx, &asked.question())?;
            Ok(tx.asked)
        });
        let heard = heard.await.unwrap();
        let count = |part: &str| heard.iter().filter(|sql| sql.contains(part)).count();
        assert_eq!(count("task_search MATCH"), 3);
        // That there is one, and that there is no other.
        assert_eq!(count("task_search_words"), 2);
    });
}
