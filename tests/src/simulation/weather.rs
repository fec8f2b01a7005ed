//! What goes wrong, beside what the wires do on their own: nodes die, stop, stand still, lose the store; clocks jump.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::chance::Chance;
use super::life::Life;
use super::node::Node;
use super::wire::Ground;

/// By how much clocks differ at most.
const AHEAD_MILLIS: u64 = 20_000;

/// How long a life is disturbed.
enum Trouble {
    Pause,
    Cut,
}

/// Lets things go wrong for a while; when it returns, everybody can go on.
pub async fn storm(ground: &Arc<Ground>, nodes: &[Arc<Node>], chance: &Chance) {
    let time = ground.journal.time;
    let end = chance.millis(10_000..20_000);
    if ground.journal.calm {
        return time.until(end).await;
    }
    let severe = chance.once_in(2);
    for node in nodes {
        jump(node, chance, if severe { AHEAD_MILLIS } else { 500 });
    }
    let mut troubles = JoinSet::new();
    loop {
        time.pass(chance.millis(200..if severe { 2500 } else { 8000 })).await;
        if time.passed() >= end {
            break;
        }
        let node = &nodes[chance.within(0..nodes.len() as u64) as usize];
        let Some((_, life)) = node.running() else { continue };
        match chance.within(0..8) {
            0 | 1 => life.die(),
            2 => node.stop.notify_one(),
            3..=5 => {
                ground.journal.count(|totals| totals.pauses += 1);
                troubles.spawn(disturb(ground.clone(), life, Trouble::Pause, chance.millis(500..16_000)));
            }
            6 => drop(troubles.spawn(disturb(ground.clone(), life, Trouble::Cut, chance.millis(200..14_000)))),
            _ => jump(node, chance, if severe { AHEAD_MILLIS } else { 500 }),
        }
    }
    troubles.join_all().await;
}

fn jump(node: &Node, chance: &Chance, most: u64) {
    let ahead = chance.within(0..2 * most) as i64 - most as i64;
    node.clock.jump_to(ahead);
}

async fn disturb(ground: Arc<Ground>, life: Arc<Life>, trouble: Trouble, length: Duration) {
    let set = |on: bool| match trouble {
        Trouble::Pause => life.pause(on),
        Trouble::Cut => life.cut(on),
    };
    let what = match trouble {
        Trouble::Pause => "stands still",
        Trouble::Cut => "can't reach the store",
    };
    let number = life.number;
    ground.journal.event((number, what, length), || format!("node {number} {what} for {length:?}"));
    set(true);
    ground.journal.time.pass(length).await;
    set(false);
}
