//! Between a node and the store that all share: every transaction takes a while, and may meet a broken connection, a lost answer, or
//! the node's end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Store, StoreError, Tx};
use parking_lot::Mutex;

use super::broken::Broken;
use super::chance::Chance;
use super::journal::{Deed, Journal};
use super::life::Life;
use super::statements::{Kept, Watched};

/// One in so many writes goes wrong, while anything does.
const TROUBLE_IN: u64 = 25;

/// What all nodes of a run have in common.
pub struct Ground {
    pub store: Store,
    pub journal: Journal,
    pub broken: Option<Broken>,
    /// Whether things go wrong still.
    pub storm: AtomicBool,
}

impl Ground {
    pub fn is_stormy(&self) -> bool {
        self.storm.load(Ordering::Relaxed)
    }
}

/// What becomes of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Fine,
    /// The connection breaks before anything is done.
    Unreached,
    /// The connection breaks while it commits: it is lost, or kept, and the node does not know.
    UnknownLost,
    UnknownKept,
    /// The node dies while it commits.
    DiesLost,
    DiesKept,
}

pub struct Wire {
    pub ground: Arc<Ground>,
    pub life: Arc<Life>,
    pub chance: Arc<Chance>,
}

impl Wire {
    fn fate(&self, access: Access) -> Fate {
        if self.life.is_cut() {
            return Fate::Unreached;
        }
        let may_fail = access == Access::Write && self.ground.is_stormy() && !self.ground.journal.calm;
        if !may_fail || !self.chance.once_in(TROUBLE_IN) {
            return Fate::Fine;
        }
        self.chance.one_of(&[Fate::Unreached, Fate::UnknownLost, Fate::UnknownKept, Fate::DiesLost, Fate::DiesKept])
    }

    async fn cross(ground: &Ground, life: &Life, chance: &Chance) {
        life.runs().await;
        let wait = match chance.within(0..32) {
            0..20 => 0..1,
            20..31 => 1..10,
            _ => 10..200,
        };
        ground.journal.time.pass(chance.millis(wait)).await;
        life.runs().await;
    }
}

impl Link for Wire {
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
        Box::pin(async move {
            Wire::cross(&self.ground, &self.life, &self.chance).await;
            let fate = self.fate(access);
            let number = self.life.number;
            if fate != Fate::Fine {
                self.ground.journal.event((number, fate), || format!("node {number}: a transaction is {fate:?}"));
            }
            if fate == Fate::Unreached {
                return Err(StoreError::Unavailable("the connection broke".to_owned()));
            }
            let (ground, life, chance) = (self.ground.clone(), self.life.clone(), self.chance.clone());
            Ok(Arc::new(Crossed { ground, life, chance, fate, access, done: Mutex::new(Done::default()) }) as Arc<dyn Passage>)
        })
    }
}

/// A transaction that is under way.
struct Crossed {
    ground: Arc<Ground>,
    life: Arc<Life>,
    chance: Arc<Chance>,
    fate: Fate,
    access: Access,
    done: Mutex<Done>,
}

/// What a transaction has done so far.
#[derive(Default)]
pub struct Done {
    pub hash: DefaultHasher,
    pub deeds: Vec<Deed>,
    pub lines: Vec<String>,
    /// Whether it ends a job.
    pub ends_job: bool,
    /// What a broken engine does elsewhere.
    pub apart: Vec<Kept>,
}

impl Passage for Crossed {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Watched { tx, ground: &self.ground, access: self.access, done: &self.done, traced: self.ground.journal.is_traced() })
    }

    fn commits(&self) -> bool {
        let number = self.life.number;
        let mut done = self.done.lock();
        if matches!(self.fate, Fate::UnknownLost | Fate::DiesLost) {
            return false;
        }
        done.apart.clear();
        if self.access == Access::Write {
            let journal = &self.ground.journal;
            let lines = std::mem::take(&mut done.lines);
            journal.event((number, done.hash.finish()), || format!("node {number} commits{}", lines.concat()));
            journal.committed(&done.deeds);
        }
        true
    }

    fn close(&self) -> Crossing<'_, ()> {
        Box::pin(async move {
            let apart = std::mem::take(&mut self.done.lock().apart);
            for kept in apart {
                self.ground.store.write(move |tx| kept.run(tx)).await?;
            }
            match self.fate {
                Fate::DiesLost if self.ground.broken == Some(Broken::EarlyAnswer) => {
                    self.life.die();
                    return Ok(());
                }
                Fate::DiesLost | Fate::DiesKept => self.life.die(),
                Fate::Fine | Fate::Unreached | Fate::UnknownLost | Fate::UnknownKept => {}
            }
            Wire::cross(&self.ground, &self.life, &self.chance).await;
            match self.fate {
                Fate::UnknownLost | Fate::UnknownKept => {
                    Err(StoreError::OutcomeUnknown("the connection broke while committing".to_owned()))
                }
                Fate::Fine | Fate::Unreached | Fate::DiesLost | Fate::DiesKept => Ok(()),
            }
        })
    }
}
