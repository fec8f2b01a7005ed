//! Lists of tasks: whatever way a page is found, it is what filtering and sorting all tasks in memory gives.

mod any;
mod costs;

use baton_core::access::Access;
use baton_core::condition::Condition;
use baton_core::ids::Id;
use baton_core::list::{Order, Place, SortKey};
use baton_core::task::Task;
use baton_core::value::{Value, filter_keys};
use baton_core::words::Search;
use baton_core::workflow::Rights;
use baton_store::list::{self, Effort, From, Listing, Page, Question, Ranked, Searched};
use baton_store::sql::{search, tasks};
use serde_json::Value as Json;

use super::bed::{Bed, at, id};
use super::on_every_store;
use any::{Any, NAME, NOTES, World};

on_every_store!(
    every_list_is_what_memory_says,
    pages_follow_each_other_in_the_order_made,
    another_workspaces_tasks_are_not_listed,
    large_tasks_make_short_pages,
    a_value_is_never_taken_for_sql,
    what_nobody_touches_is_told_once,
);

/// What may be looked at: as usual; so little that every way is gone; and nothing by walks.
const EFFORTS: [Effort; 3] = [
    Effort::PAGE,
    Effort { walk_first: 6, walk_max: 60, few: 8, group: 3, step: 3 },
    Effort { walk_first: 0, walk_max: 0, few: 0, group: 0, step: 2 },
];
const TASKS: usize = 70;
const QUESTIONS: usize = 320;

#[derive(Clone)]
struct Asked {
    world: World,
    condition: Condition,
    /// With the rights of who looks for it.
    search: Option<(Search, Rights)>,
    sort: Vec<SortKey>,
    effort: Effort,
}

impl Asked {
    fn question(&self) -> Question<'_> {
        Question {
            workspace: &self.world.workspace,
            workflow: &self.world.workflow,
            search: self.search.as_ref().map(|(search, rights)| Searched { search, access: Access::Rights(rights) }),
            condition: &self.condition,
            sort: &self.sort,
            performer: self.world.performer,
            now: at(0),
            effort: self.effort,
        }
    }

    fn order(&self) -> Order<'_> {
        Order { sort: &self.sort, workflow: &self.world.workflow, workspace: &self.world.workspace }
    }

    fn everything(world: World) -> Asked {
        Asked { world, condition: Condition::All(Vec::new()), search: None, sort: Vec::new(), effort: Effort::PAGE }
    }

    /// The same as it is ranked.
    fn by_rank(&self, all: &[Task]) -> Vec<(u32, Id)> {
        let Some((search, rights)) = &self.search else { return Vec::new() };
        let score = |task: &Task| search.score(task, &self.world.workflow, Access::Rights(rights));
        let matching = all.iter().filter(|task| self.question().holds(task));
        let mut ranked: Vec<(u32, Id)> = matching.filter_map(|task| Some((score(task)?, task.id))).collect();
        ranked.sort_by(|one, other| other.cmp(one));
        ranked
    }

    /// What the list is.
    fn expected(&self, all: &[Task]) -> Vec<Task> {
        let mut listed: Vec<Task> = all.iter().filter(|task| self.question().holds(task)).cloned().collect();
        listed.sort_by(|one, other| self.order().compare(&self.order().place(one), &self.order().place(other)));
        listed
    }
}

async fn ranked(bed: &Bed, asked: &Asked) -> Ranked {
    let asked = asked.clone();
    bed.read(move |tx| list::ranked(tx, &asked.question())).await.unwrap()
}

async fn ranked_again(bed: &Bed, asked: &Asked, oldest: Option<Id>) -> Option<Vec<(u32, Id)>> {
    let asked = asked.clone();
    bed.read(move |tx| list::ranked_again(tx, &asked.question(), oldest)).await.unwrap()
}

/// Where a page begins, of which nothing is borrowed.
#[derive(Clone, Debug, PartialEq)]
enum Begin {
    Start,
    After(Place),
    Offset(usize),
}

async fn page(bed: &Bed, asked: &Asked, begin: &Begin, limit: usize) -> Option<Page> {
    let (asked, begin) = (asked.clone(), begin.clone());
    let from = move |tx: &mut dyn baton_store::Tx| {
        let from = match &begin {
            Begin::Start => From::Start,
            Begin::After(place) => From::After(place),
            Begin::Offset(offset) => From::Offset(*offset),
        };
        list::page(tx, &asked.question(), from, limit)
    };
    bed.read(from).await.unwrap()
}

async fn listing(bed: &Bed, asked: &Asked) -> Listing {
    let asked = asked.clone();
    bed.read(move |tx| Listing::new(tx, &asked.question())).await.unwrap()
}

/// All pages one behind the other, as far as they are found without a listing; and where that ends.
async fn pages(bed: &Bed, asked: &Asked, limit: usize) -> (Vec<Task>, Option<Begin>) {
    let (mut seen, mut begin) = (Vec::new(), Begin::Start);
    loop {
        let Some(page) = page(bed, asked, &begin, limit).await else { return (seen, Some(begin)) };
        assert!(page.tasks.len() <= limit);
        let last = page.tasks.last().map(|last| asked.order().place(last));
        seen.extend(page.tasks);
        match page.next {
            None => return (seen, None),
            Some(next) => {
                assert_eq!(Some(&next), last.as_ref());
                begin = Begin::After(next);
            }
        }
    }
}

async fn fill(bed: &Bed, world: &World, tasks_made: &[Task]) {
    for some in tasks_made.chunks(50) {
        let (world, some, workspace) = (world.clone(), some.to_vec(), bed.workspace);
        bed.write(move |tx| {
            for task in &some {
                let keys: Vec<_> = task
                    .values
                    .iter()
                    .filter_map(|(field, value)| Some(filter_keys(world.workflow.field(*field)?, value)))
                    .flatten()
                    .collect();
                tasks::insert(tx, workspace, task, None, true, &keys)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

async fn every_list_is_what_memory_says(bed: Bed) {
    let mut any = Any::of_seed(5);
    let world = World::new(bed.workspace, bed.workflow);
    let all: Vec<Task> = (0..TASKS).map(|_| any.task(&world, bed.fresh())).collect();
    fill(&bed, &world, &all).await;
    let (mut listed, mut by_pages) = (0, 0);
    for number in 0..QUESTIONS {
        let (tree, condition, sort) = if number % 2 == 0 { any.of_one_column(&world) } else { any.of_several(&world) };
        let effort = EFFORTS[number % EFFORTS.len()];
        let search = any.search();
        let told = format!("{tree} with {search:?} sorted by {sort:?} with {effort:?}");
        let asked = Asked { world: world.clone(), condition, search, sort, effort };
        // Ever more of them are indexed.
        bed.write(|tx| search::index_some(tx, None, 1)).await.unwrap();
        let expected = asked.expected(&all);
        let ids = |tasks: &[Task]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();

        let listing = listing(&bed, &asked).await;
        assert_eq!(listing.ids, ids(&expected), "{told}");
        let counting = asked.clone();
        assert_eq!(bed.read(move |tx| list::count(tx, &counting.question())).await, Ok(expected.len()), "{told}");
        let (seen, ended) = pages(&bed, &asked, any.below(9) + 1).await;
        match ended {
            None => {
                assert_eq!(seen, expected, "{told}");
                by_pages += 1;
            }
            Some(begin) => {
                assert_eq!(seen, expected[..seen.len()], "{told}");
                if let Begin::After(place) = begin {
                    let asked = asked.clone();
                    let found = bed.read(move |tx| listing.up_to(tx, &asked.question(), &place)).await;
                    assert_eq!(found, Ok(seen.len()), "{told}");
                }
                listed += 1;
            }
        }
        if asked.search.is_some() {
            let by_rank = asked.by_rank(&all);
            assert_eq!(ranked(&bed, &asked).await, Ranked { tasks: by_rank.clone(), oldest: None }, "{told}");
            let oldest = all[any.below(TASKS)].id;
            let from_there: Vec<_> = by_rank.iter().filter(|(_, id)| *id >= oldest).copied().collect();
            assert_eq!(ranked_again(&bed, &asked, Some(oldest)).await, Some(from_there), "{told}");
            assert_eq!(ranked_again(&bed, &asked, None).await, Some(by_rank), "{told}");
        }
        let (offset, limit) = (any.below(TASKS), any.below(9) + 1);
        if let Some(page) = page(&bed, &asked, &Begin::Offset(offset), limit).await {
            let there: Vec<Task> = expected.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(page.tasks, there, "{told} from {offset}");
            assert_eq!(page.next.is_some(), offset + limit < expected.len(), "{told} from {offset}");
        }
    }
    assert!(listed > 10 && by_pages > 50, "every way is gone: {by_pages} by pages, {listed} by listings");
}

async fn pages_follow_each_other_in_the_order_made(bed: Bed) {
    let (mut any, world) = (Any::of_seed(1), World::new(bed.workspace, bed.workflow));
    let all: Vec<Task> = (0..9).map(|_| any.task(&world, bed.fresh())).collect();
    fill(&bed, &world, &all).await;
    let asked = Asked::everything(world);
    for limit in [1, 2, 3, 9, 10] {
        assert_eq!(pages(&bed, &asked, limit).await, (all.clone(), None));
    }
}

async fn another_workspaces_tasks_are_not_listed(bed: Bed) {
    let (mut any, world) = (Any::of_seed(1), World::new(bed.workspace, bed.workflow));
    fill(&bed, &world, &[any.task(&world, bed.fresh())]).await;
    for (workspace, workflow) in [(id(99), bed.workflow), (bed.workspace, id(99))] {
        let asked = Asked::everything(World::new(workspace, workflow));
        assert_eq!(page(&bed, &asked, &Begin::Start, 9).await, Some(Page { tasks: vec![], next: None }));
    }
}

async fn large_tasks_make_short_pages(bed: Bed) {
    let (mut any, world) = (Any::of_seed(2), World::new(bed.workspace, bed.workflow));
    let mut all: Vec<Task> = (0..5).map(|_| any.task(&world, bed.fresh())).collect();
    for (task, bytes) in all.iter_mut().zip([900_000, 200_000, 2_000_000, 10, 10]) {
        task.values = [(id(NOTES), Value::Text("x".repeat(bytes)))].into();
    }
    fill(&bed, &world, &all).await;
    let asked = Asked::everything(world);
    let (mut lengths, mut begin) = (Vec::new(), Begin::Start);
    loop {
        let page = page(&bed, &asked, &begin, 9).await.expect("it is found by a walk");
        lengths.push(page.tasks.len());
        let Some(next) = page.next else { break };
        begin = Begin::After(next);
    }
    assert_eq!(lengths, [1, 1, 1, 2]);
    let ids: Vec<Id> = all.iter().map(|task| task.id).collect();
    let (mut lengths, mut done) = (Vec::new(), 0);
    while done < ids.len() {
        let (asked, ids) = (asked.clone(), ids[done..].to_vec());
        let (tasks, taken) = bed.read(move |tx| list::those(tx, &asked.question(), &ids)).await.unwrap();
        lengths.push(tasks.len());
        done += taken;
    }
    assert_eq!(lengths, [1, 1, 1, 2]);
}

async fn a_value_is_never_taken_for_sql(bed: Bed) {
    let (mut any, world) = (Any::of_seed(3), World::new(bed.workspace, bed.workflow));
    let texts = ["' OR '1' = '1", "$1", "%", "_", "a' --", "\"1A\":"];
    let all: Vec<Task> = texts
        .iter()
        .map(|text| Task { values: [(id(NAME), Value::Text((*text).to_owned()))].into(), ..any.task(&world, bed.fresh()) })
        .collect();
    fill(&bed, &world, &all).await;
    for (index, text) in texts.iter().enumerate() {
        let condition =
            world.compiled(&serde_json::json!({ "combinator": "and", "rules": [{ "field": "Name", "operator": "=", "value": text }] }));
        for effort in EFFORTS {
            let asked = Asked { condition: condition.clone().unwrap(), effort, ..Asked::everything(world.clone()) };
            assert_eq!(listing(&bed, &asked).await.ids, [all[index].id], "{text}");
        }
    }
}

/// Between two pages others come, go and move; who stays as it is comes once.
async fn what_nobody_touches_is_told_once(bed: Bed) {
    let (mut any, world) = (Any::of_seed(4), World::new(bed.workspace, bed.workflow));
    let mut all: Vec<Task> = (0..40).map(|_| any.task(&world, bed.fresh())).collect();
    fill(&bed, &world, &all).await;
    for _ in 0..8 {
        let asked = Asked { sort: any.sort(&world, &Json::Null), ..Asked::everything(world.clone()) };
        if matches!(asked.sort.first(), Some(first) if any::needs_listing(first.column)) {
            continue;
        }
        let mut seen: Vec<Id> = Vec::new();
        let mut touched: Vec<Id> = Vec::new();
        let mut begin = Begin::Start;
        loop {
            let page = page(&bed, &asked, &begin, 5).await.expect("it is found by a walk");
            seen.extend(page.tasks.iter().map(|task| task.id));
            let Some(next) = page.next else { break };
            begin = Begin::After(next);
            let gone = all.swap_remove(any.below(all.len()));
            let (workspace, workflow) = (bed.workspace, bed.workflow);
            touched.push(gone.id);
            bed.write(move |tx| tasks::delete(tx, workspace, workflow, gone.id)).await.unwrap();
            let new = any.task(&world, bed.fresh());
            touched.push(new.id);
            fill(&bed, &world, std::slice::from_ref(&new)).await;
            all.push(new);
        }
        for task in all.iter().filter(|task| !touched.contains(&task.id)) {
            assert_eq!(seen.iter().filter(|seen| **seen == task.id).count(), 1, "{} of {:?}", task.id, asked.sort);
        }
    }
}
