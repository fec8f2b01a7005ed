//! Reads what each task shows and judges it, and remembers which executions ran, so that their calls can be judged.

use std::collections::HashMap;

use super::calls::Known;
use super::load::{Place, Sent, Shared, lock};
use super::oracle::{self, Asked};
use super::settle;
use crate::Outcome;
use crate::http::Client;

#[derive(Default)]
pub struct Verdict {
    /// How often a node may have died or lost its lease since the load began.
    pub deaths: usize,
    /// Whether the load ended with the first of them, so that what was seen to have ended met none.
    pub load_ended: bool,
    /// What was sent from this moment on met none of them.
    pub restart: u64,
    pub findings: Vec<String>,
    /// Every execution that ran.
    pub known: HashMap<String, Known>,
}

impl Verdict {
    pub fn judge(&mut self, client: &mut Client, place: &Place<'_>, task: usize, sent: &[Sent], shared: &Shared) -> Outcome {
        let asked: Vec<Asked> = sent.iter().filter(|sent| sent.task == task && !sent.refused).map(|sent| sent.asked.clone()).collect();
        let shown = settle::show(client, place.workflow, &place.tasks[task], &asked)?;
        let finals = lock(&shared.finals);
        let changed = shown.ends.iter().filter_map(|(id, end)| {
            let before = finals.get(id).filter(|before| **before != end.status)?;
            Some(format!("execution {id} was {before} before the crash and is {} after it", end.status))
        });
        let findings = oracle::findings(&asked, &shown).into_iter().chain(changed);
        self.findings.extend(findings.map(|finding| format!("task {}: {finding}", place.tasks[task])));
        for (id, run) in oracle::runs(&shown) {
            let after = asked.iter().any(|asked| asked.id.as_deref() == Some(id) && asked.sent > self.restart);
            let before = self.load_ended && finals.contains_key(id);
            self.known.insert(id.to_owned(), Known { run, attempts_max: if before || after { 1 } else { 1 + self.deaths } });
        }
        Ok(())
    }
}
