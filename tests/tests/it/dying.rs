//! Nodes that each die at one transaction of a chore.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_store::link::{Access, Crossing, Link, Passage};
use baton_store::{Dialect, Param, Row, Store, StoreError, Tx};

/// What becomes of the transaction that a node dies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Kept,
    Lost,
}

/// Between a node and its store, until the node has done one piece.
pub struct Line {
    fate: Fate,
    /// Part of the statement by which a transaction begins a piece.
    piece: &'static str,
    is_dead: AtomicBool,
}

impl Line {
    pub fn new(fate: Fate, piece: &'static str) -> Arc<Line> {
        Arc::new(Line { fate, piece, is_dead: AtomicBool::new(false) })
    }

    pub fn to(self: &Arc<Line>, store: &Store) -> Store {
        store.over(Arc::new(Wire(self.clone())))
    }

    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }
}

struct Wire(Arc<Line>);

impl Link for Wire {
    fn open(&self, access: Access) -> Crossing<'_, Arc<dyn Passage>> {
        Box::pin(async move {
            if self.0.is_dead() {
                return Err(dead());
            }
            Ok(Arc::new(Crossed { line: self.0.clone(), access, is_piece: AtomicBool::new(false) }) as Arc<dyn Passage>)
        })
    }
}

fn dead() -> StoreError {
    StoreError::Unavailable("the node is dead".to_owned())
}

struct Crossed {
    line: Arc<Line>,
    access: Access,
    is_piece: AtomicBool,
}

impl Passage for Crossed {
    fn tx<'a>(&'a self, tx: &'a mut dyn Tx) -> Box<dyn Tx + 'a> {
        Box::new(Seen { tx, passage: self })
    }

    fn commits(&self) -> bool {
        !self.is_piece.load(Ordering::SeqCst) || self.line.fate == Fate::Kept
    }

    fn close(&self) -> Crossing<'_, ()> {
        Box::pin(async {
            if !self.is_piece.load(Ordering::SeqCst) {
                return Ok(());
            }
            self.line.is_dead.store(true, Ordering::SeqCst);
            Err(dead())
        })
    }
}

impl Crossed {
    fn see(&self, sql: &str) {
        if self.access == Access::Write && sql.contains(self.line.piece) {
            self.is_piece.store(true, Ordering::SeqCst);
        }
    }
}

struct Seen<'a> {
    tx: &'a mut dyn Tx,
    passage: &'a Crossed,
}

impl Tx for Seen<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.passage.see(sql);
        self.tx.execute(sql, params)
    }

    fn rows(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.passage.see(sql);
        self.tx.rows(sql, params, each)
    }

    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }
}
