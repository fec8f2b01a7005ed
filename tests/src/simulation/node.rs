//! A node: started, killed, stopped and started again, always with the same id and a clock of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use baton_core::ids::Id;
use baton_engine::env::Entropy;
use baton_engine::{Engine, EngineOptions, Surroundings};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::chance::Chance;
use super::life::Life;
use super::outside::{Door, Outside};
use super::stage::master_key;
use super::time::NodeClock;
use super::wire::{Ground, Wire};

pub struct Node {
    pub number: usize,
    pub clock: Arc<NodeClock>,
    ground: Arc<Ground>,
    outside: Arc<Outside>,
    seed: u64,
    workers: usize,
    chance: Arc<Chance>,
    starts: AtomicU64,
    running: Mutex<Option<(Engine, Arc<Life>)>>,
    /// A clean stop.
    pub stop: Arc<Notify>,
    /// It is not started again.
    closing: AtomicBool,
}

impl Node {
    pub fn new(number: usize, seed: u64, ground: &Arc<Ground>, outside: &Arc<Outside>) -> Node {
        let chance = Arc::new(Chance::new(seed, 100 + number as u64));
        let workers = chance.within(1..4) as usize;
        let clock = Arc::new(NodeClock::new(ground.journal.time));
        let (ground, outside) = (ground.clone(), outside.clone());
        let (starts, running) = (AtomicU64::new(0), Mutex::new(None));
        let (stop, closing) = (Arc::new(Notify::new()), AtomicBool::new(false));
        Node { number, clock, ground, outside, seed, workers, chance, starts, running, stop, closing }
    }

    /// The engine that runs, with its life.
    pub fn running(&self) -> Option<(Engine, Arc<Life>)> {
        self.running.lock().clone()
    }

    /// Stops it for good.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.stop.notify_one();
    }

    /// Runs until it is closed, over as many starts as it takes.
    pub async fn run(&self) {
        let journal = &self.ground.journal;
        loop {
            let (engine, life) = self.start();
            *self.running.lock() = Some((engine.clone(), life.clone()));
            let ended = tokio::select! {
                biased;
                () = life.died() => false,
                ended = engine.work(self.stop.clone()) => ended.is_ok(),
            };
            *self.running.lock() = None;
            if ended {
                journal.event(("stopped", self.number), || format!("node {} has stopped", self.number));
                if self.closing.load(Ordering::Relaxed) {
                    return;
                }
            } else {
                journal.event(("died", self.number), || format!("node {} has died", self.number));
                journal.count(|totals| totals.crashes += 1);
                life.die();
                engine.kill();
            }
            let down = if self.ground.is_stormy() { self.chance.millis(50..8000) } else { Duration::from_millis(50) };
            journal.time.pass(down).await;
        }
    }

    fn start(&self) -> (Engine, Arc<Life>) {
        let life = Arc::new(Life::new(self.number));
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        let wire = Wire { ground: self.ground.clone(), life: life.clone(), chance: self.chance.clone() };
        let door = Door { outside: self.outside.clone(), life: life.clone() };
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            entropy: Entropy::from_seed(self.seed ^ (self.number as u64 + 1) << 56 ^ (start + 1) << 48),
            world: Arc::new(door),
            master_key: Arc::new(master_key()),
        };
        let node = Id::from_i64(self.number as i64 + 1).expect("not negative");
        let options = EngineOptions::new("http://localhost", self.workers, node);
        self.ground.journal.event(("starts", self.number), || format!("node {} starts", self.number));
        (Engine::new(self.ground.store.over(Arc::new(wire)), surroundings, options), life)
    }
}
