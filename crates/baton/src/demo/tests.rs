use std::collections::BTreeMap;

use baton_core::ids::Id;
use baton_core::task::show::Shown;
use baton_engine::commands::{activity, lists};
use baton_engine::{Ask, Credential, Engine, EngineOptions};
use baton_store::{Options, Place, Store};
use serde_json::json;

use super::fill::{Filled, fill};
use super::outside::Outside;
use super::refunds;
use crate::{surroundings, wiring};

fn filled() -> (Engine, Filled) {
    let store = Store::open(Options::new(Place::Memory)).expect("memory");
    let runtime = wiring::small_runtime().expect("a runtime");
    let told = async {
        let outside = Outside::open().await.expect("the loopback is there");
        fill(&store, Id::new(0, 1), "http://demo", &outside).await
    };
    let filled = runtime.block_on(told).expect("the story goes as it is written");
    (Engine::new(store, surroundings::bare(), EngineOptions::new("http://demo", 1, Id::new(0, 1))), filled)
}

/// Every task of a workflow, as shown but for what differs from one demo to the next.
fn tasks_of(engine: &Engine, filled: &Filled, workflow: &str) -> Vec<serde_json::Value> {
    let ask = Ask { credential: Credential::Header(Some(format!("Bearer {}", filled.api_key))), request: None };
    let workflow = workflow.to_owned();
    let page = engine.read(ask, move |cx| lists::page(cx, &workflow, &Default::default(), &Default::default(), 1000));
    let page = wiring::small_runtime().expect("a runtime").block_on(page).expect("they are listed");
    let show = |task| {
        let found = &page.found;
        let shown = Shown {
            workflow: &found.workflow,
            workspace: &found.workspace,
            task,
            access: baton_core::access::Access::Everything,
            public_url: None,
            only: None,
        };
        let mut shown = serde_json::to_value(shown).expect("a task is JSON");
        for dated in ["Approved at", "Paid on"] {
            if let Some(value) = shown.get_mut(dated) {
                *value = value.is_null().into();
            }
        }
        shown
    };
    page.tasks.iter().map(show).collect()
}

#[test]
fn the_story_uses_every_stage_and_is_the_same_each_time() {
    let ((one, first), (other, second)) = (filled(), filled());
    assert_eq!(first.told, second.told);
    assert!(first.told.executions > 500 && first.told.refusals > 20, "{:?}", first.told);
    for (mine, its, stages) in [(&first.early_access, &second.early_access, 4), (&first.refunds, &second.refunds, 5)] {
        let tasks = tasks_of(&one, &first, mine);
        assert_eq!(tasks, tasks_of(&other, &second, its));
        // The bookkeeping was asked about what was approved, and about nothing else.
        let approved = |task: &serde_json::Value| !task["Approved by"].is_null();
        assert!(tasks.iter().all(|task| approved(task) != task["Payment reference"].is_null()));
        let mut by_stage: BTreeMap<&str, usize> = BTreeMap::new();
        for task in &tasks {
            *by_stage.entry(task["Stage"].as_str().expect("a name")).or_default() += 1;
        }
        assert!(tasks.len() >= 140 && by_stage.len() == stages && by_stage.values().all(|count| *count >= 5), "{by_stage:?}");
    }
}

/// The tour tells of them what it finds.
#[test]
fn the_refunds_of_the_tour_stand_where_it_meets_them() {
    let (engine, filled) = filled();
    let tasks = tasks_of(&engine, &filled, &filled.refunds);
    let told = |order: &str| {
        let task = tasks.iter().find(|task| task["Order"] == order).expect(order);
        (task["Stage"].clone(), task["Cost centre"].clone(), task["Amount"].clone(), task["Assigned To"].is_null())
    };
    let waiting = |cost_centre: Option<&str>, amount: &str, unassigned: bool| {
        (json!("Waiting for approval"), json!(cost_centre), json!(amount), unassigned)
    };
    assert_eq!(told(refunds::TO_APPROVE), waiting(Some("Shipping"), "48.50", false));
    assert_eq!(told(refunds::TO_PAY), (json!("Approved"), json!("Shipping"), json!("120.00"), false));
    assert_eq!(told(refunds::TO_UNBLOCK), waiting(None, "75.00", true));
    assert_eq!(told(refunds::TO_CHANGE), waiting(Some("Shipping"), "64.00", false));
}

#[test]
fn the_story_leaves_a_whole_history() {
    let (engine, filled) = filled();
    let ask = Ask { credential: Credential::Header(Some(format!("Bearer {}", filled.api_key))), request: None };
    let verified = wiring::small_runtime().expect("a runtime").block_on(engine.read(ask, activity::verify)).expect("it is read");
    assert!(verified.faults.is_empty() && verified.sealed > 2000, "{verified:?}");
}
