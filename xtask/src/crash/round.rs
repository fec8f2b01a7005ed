//! One round: tasks, load, death, restart, judgement.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::calls;
use super::counts;
use super::death::{Death, FAIL_POINTS};
use super::edits;
use super::imports::{Imports, Sending};
use super::load::{self, Place, Shared, lock};
use super::settle;
use super::slow::Slow;
use super::verdict::Verdict;
use super::work::{self, CLIENTS, Kind};
use crate::http::Client;
use crate::random::Random;
use crate::server::{Server, Site, text_of};
use crate::sink::{Received, Sink};
use crate::{Outcome, clock, shell};

/// Fewer than the clients of `work`, so that they meet on the same tasks.
const TASKS: usize = 5;
/// In so many rounds one is killed once more while it recovers.
const KILLED_AGAIN_ONCE_IN: u64 = 5;
const KILLED_AGAIN_WITHIN: std::ops::Range<u64> = 0..40;
const SLOW_ASKED_WITHIN: std::ops::Range<u64> = 0..40;
/// In so many rounds a file is sent.
const IMPORTED_ONCE_IN: u32 = 5;
/// After so many rounds a fail point must have been met.
const ROUNDS_A_FAIL_POINT: u32 = 10 * FAIL_POINTS.len() as u32;
/// After so many rounds a death must have met a file, on its way or being imported. About every second import meets either.
const ROUNDS_A_FILE: u32 = 10 * IMPORTED_ONCE_IN;
/// By then both must have happened.
const ROUNDS_A_FILE_EACH_WAY: u32 = 4 * ROUNDS_A_FILE;

/// What lasts from round to round.
pub struct Scene<'a> {
    site: &'a Site,
    sink: &'a Sink,
    seed: u64,
    workflow: String,
    actions: HashMap<Kind, String>,
    /// The next round's. They are made before its server starts, so that a fail point counts only what the load does.
    tasks: Vec<String>,
    /// What takes longer than a round, and lives through the deaths of several.
    slow: Vec<Slow>,
    slow_calls: Received,
    imports: Imports,
    /// Every task of the rounds before, and its Count when it was judged: nothing may touch it later.
    judged: Vec<(String, Value)>,
}

/// What is asked once, beside the load.
struct Beside<'a> {
    slow: &'a Slow,
    sending: Option<&'a Sending>,
}

#[derive(Default)]
pub struct Totals {
    answered: usize,
    unknown: usize,
    retried: usize,
    replays: usize,
    written: usize,
    kills: u32,
    kills_in_recovery: u32,
    fail_points: BTreeMap<&'static str, u32>,
    not_reached: u32,
    received: usize,
    repeated: usize,
    imports: usize,
    uploads_cut: usize,
    imports_cut: usize,
}

impl<'a> Scene<'a> {
    pub fn set(site: &'a Site, sink: &'a Sink, seed: u64) -> Outcome<Scene<'a>> {
        let (server, _) = site.serve_until_ready(&[])?;
        let mut client = site.client();
        let (workflow, actions) = set_up(&mut client, sink)?;
        let tasks = new_tasks(&mut client, &workflow)?;
        let imports = Imports::set_up(site, &mut client)?;
        server.stop()?;
        let (slow, slow_calls, judged) = (Vec::new(), Received::default(), Vec::new());
        Ok(Scene { site, sink, seed, workflow, actions, tasks, slow, slow_calls, imports, judged })
    }

    pub fn round(&mut self, round: u32, totals: &mut Totals) -> Outcome {
        let mut random = Random::branch(self.seed, u64::from(round));
        let death = Death::choose(&mut random, round);
        let name = format!("{:x}-{round}", self.seed);
        let mut tasks = std::mem::take(&mut self.tasks);
        let kind = Kind::SLOW[round as usize % Kind::SLOW.len()];
        let slow = Slow::new(kind, tasks.pop().ok_or("a round has tasks")?, &self.actions[&kind], &name);
        let place = Place { workflow: &self.workflow, tasks: &tasks, actions: &self.actions };
        let shared = Shared::default();
        let sending = round.is_multiple_of(IMPORTED_ONCE_IN).then(|| self.imports.prepare(&name)).transpose()?;
        let beside = Beside { slow: &slow, sending: sending.as_ref() };

        let (planned, told) = self.under_load(&death, &place, &beside, &shared, &name, &mut random)?;
        totals.count(&death, planned);
        let killed_again = random.once_in(KILLED_AGAIN_ONCE_IN);
        if killed_again {
            self.kill_in_recovery(&mut random)?;
            totals.kills_in_recovery += 1;
        }

        let (server, _) = self.site.serve_until_ready(&[])?;
        let mut client = self.site.client();
        // The first thing, before they have gone on.
        totals.imports_cut += self.imports.cut(&mut client)?;
        let mut sent = std::mem::take(&mut *lock(&shared.sent));
        totals.answered += sent.iter().filter(|sent| sent.asked.id.is_some()).count();
        totals.unknown += sent.iter().filter(|sent| sent.asked.id.is_none() && !sent.refused).count();
        let restart = shared.moment();
        let settled = settle::settle(&mut client, &place, &shared, &mut sent, &name, &mut random)
            .map_err(|error| format!("{death:?}: {error}; the server's log ends: {}", self.site.log_end()))?;
        totals.retried += settled.retried;
        totals.replays += settled.replays;

        let mut findings = std::mem::take(&mut *lock(&shared.findings));
        self.slow.push(slow.asked_again(&mut client, &self.workflow)?);
        let mut verdict = Verdict { deaths: 1 + usize::from(killed_again), load_ended: true, restart, ..Verdict::default() };
        for task in 0..tasks.len() {
            verdict.judge(&mut client, &place, task, &sent, &shared)?;
        }
        let mut received = self.sink.take();
        Slow::take_calls(&self.slow, &mut received, &mut self.slow_calls);
        let judged = calls::judge(&received, &verdict.known);
        totals.received += received.calls.len() + received.mails.len();
        totals.repeated += judged.repeated;
        findings.append(&mut verdict.findings);
        findings.extend(judged.findings);
        totals.written += lock(&shared.edits).len() + lock(&shared.made).len();
        let rows = tasks.iter().map(|task| read_task(&mut client, &self.workflow, task)).collect::<Outcome<Vec<Value>>>()?;
        findings.extend(edits::judge(&mut client, &place, &shared, &rows)?);
        findings.extend(counts::judge(&mut client, &self.workflow, &rows)?);
        self.judged.extend(tasks.into_iter().zip(rows));
        self.tasks = new_tasks(&mut client, &self.workflow)?;
        // The last thing, so that it is carried out while the next round's server dies.
        if let Some(sending) = &sending {
            totals.imports += 1;
            totals.uploads_cut += usize::from(!self.imports.settle(&mut client, sending, told)?);
        }
        server.stop()?;
        if findings.is_empty() { Ok(()) } else { Err(format!("{death:?}:\n{}", findings.join("\n")).into()) }
    }

    /// Whether the server died as planned, and the import that it had accepted.
    fn under_load(
        &self,
        death: &Death,
        place: &Place<'_>,
        beside: &Beside<'_>,
        shared: &Shared,
        name: &str,
        random: &mut Random,
    ) -> Outcome<(bool, Option<String>)> {
        let mut server = death.serve(self.site)?;
        let seeds: Vec<u64> = (0..CLIENTS).map(|_| random.next()).collect();
        thread::scope(|scope| {
            for (number, seed) in seeds.into_iter().enumerate() {
                let client = self.site.client();
                scope.spawn(move || load::act(client, number, place, shared, name, Random::new(seed)));
            }
            let (mut client, after) = (self.site.client(), Duration::from_millis(random.within(SLOW_ASKED_WITHIN)));
            scope.spawn(move || {
                clock::pause(after);
                beside.slow.ask(&mut client, place.workflow);
            });
            let mut client = self.site.client();
            let told = beside.sending.map(|sending| scope.spawn(move || sending.send(&mut client)));
            let planned = death.bring(&mut server);
            shared.stop.store(true, Ordering::Relaxed);
            let told = told.map_or(Ok(None), |told| told.join().expect("a sender does not panic"))?;
            Ok((planned?, told))
        })
    }

    fn kill_in_recovery(&self, random: &mut Random) -> Outcome {
        let mut server: Server = self.site.serve(&[])?;
        clock::pause(Duration::from_millis(random.within(KILLED_AGAIN_WITHIN)));
        server.kill()
    }

    /// Nothing of earlier rounds may have changed, and the history's chain must hold.
    pub fn close(self) -> Outcome {
        let (server, _) = self.site.serve_until_ready(&[])?;
        let mut client = self.site.client();
        Slow::judge(&self.slow, &mut client, &self.workflow, self.sink, self.slow_calls)?;
        self.imports.judge(&mut client)?;
        for (task, before) in &self.judged {
            let now = read_task(&mut client, &self.workflow, task)?;
            if now != *before {
                return Err(format!("task {task} has changed since it was judged, from {before} to {now}").into());
            }
        }
        server.stop()?;
        shell::read(&mut self.site.audit_verify()).map(drop)
    }
}

/// A new workflow, and the ids of its actions.
pub fn set_up(client: &mut Client, sink: &Sink) -> Outcome<(String, HashMap<Kind, String>)> {
    let created = client.post("/api/v1/workflows", &work::definition(sink).to_string())?.expect(201)?;
    let workflow = text_of(&created, "id")?;
    let task = new_task(client, &workflow)?;
    let listed = client.get(&format!("/api/v1/workflows/{workflow}/tasks/{task}/actions"))?.expect(200)?;
    let id_of = |kind: Kind| {
        let action = listed.as_array().into_iter().flatten().find(|action| action["name"] == kind.name());
        text_of(action.ok_or_else(|| format!("{} is not among the actions {listed}", kind.name()))?, "id")
    };
    let actions = Kind::ALL.into_iter().map(|kind| Ok((kind, id_of(kind)?))).collect::<Outcome<_>>()?;
    Ok((workflow, actions))
}

/// One more than the load acts on, for what is slow.
fn new_tasks(client: &mut Client, workflow: &str) -> Outcome<Vec<String>> {
    (0..=TASKS).map(|_| new_task(client, workflow)).collect()
}

pub fn new_task(client: &mut Client, workflow: &str) -> Outcome<String> {
    let created = client.post(&format!("/api/v1/workflows/{workflow}/tasks"), &json!({"Name": "Walker"}).to_string())?.expect(201)?;
    text_of(&created, "ID")
}

pub fn read_task(client: &mut Client, workflow: &str, task: &str) -> Outcome<Value> {
    client.get(&format!("/api/v1/workflows/{workflow}/tasks/{task}"))?.expect(200)
}

impl Totals {
    fn count(&mut self, death: &Death, planned: bool) {
        match death {
            Death::Kill(_) => self.kills += 1,
            Death::FailPoint { name, .. } if planned => *self.fail_points.entry(name).or_default() += 1,
            Death::FailPoint { .. } => self.not_reached += 1,
        }
    }

    /// What no death meets proves nothing: a fail point may be misspelt or gone, and files may come and go too quickly.
    pub fn check(&self, rounds: u32) -> Outcome {
        let missed = FAIL_POINTS.iter().find(|name| !self.fail_points.contains_key(*name));
        if let Some(name) = missed.filter(|_| rounds >= ROUNDS_A_FAIL_POINT) {
            return Err(format!("fail point {name} was not met once in {rounds} rounds").into());
        }
        let (on_its_way, imported) = (self.uploads_cut > 0, self.imports_cut > 0);
        let met = if rounds < ROUNDS_A_FILE_EACH_WAY { on_its_way || imported } else { on_its_way && imported };
        if rounds >= ROUNDS_A_FILE && !met {
            return Err(format!("no death met a file on its way, or none one that is imported: {self}").into());
        }
        Ok(())
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals {
            answered,
            unknown,
            retried,
            replays,
            written,
            kills,
            kills_in_recovery,
            fail_points,
            not_reached,
            received,
            repeated,
            imports,
            uploads_cut,
            imports_cut,
        } = self;
        let met: u32 = fail_points.values().sum();
        write!(
            out,
            "{answered} executions answered, {unknown} not, {retried} asked again, {replays} replayed, {written} other writes; \
             {imports} imports, {uploads_cut} of them sent again, and {imports_cut} times one was found between two chunks; \
             {received} calls and e-mails received, {repeated} of them repeated; {kills} kills, {kills_in_recovery} more in recovery, {met} fail points met, {not_reached} not"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_death_meets_is_told_after_enough_rounds() {
        let met = |uploads_cut, imports_cut| {
            let fail_points = FAIL_POINTS.iter().map(|name| (*name, 1)).collect();
            Totals { fail_points, uploads_cut, imports_cut, ..Totals::default() }
        };
        let is_enough = |totals: Totals, rounds| totals.check(rounds).is_ok();
        assert!(is_enough(met(0, 0), ROUNDS_A_FILE - 1) && !is_enough(met(0, 0), ROUNDS_A_FILE));
        for (uploads_cut, imports_cut) in [(0, 1), (1, 0)] {
            assert!(is_enough(met(uploads_cut, imports_cut), ROUNDS_A_FILE_EACH_WAY - 1));
            assert!(!is_enough(met(uploads_cut, imports_cut), ROUNDS_A_FILE_EACH_WAY));
        }
        assert!(is_enough(met(1, 1), u32::MAX));
        let missed = || Totals { fail_points: BTreeMap::new(), ..met(1, 1) };
        assert!(is_enough(missed(), ROUNDS_A_FAIL_POINT - 1) && !is_enough(missed(), ROUNDS_A_FAIL_POINT));
    }
}
