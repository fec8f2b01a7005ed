//! One round: load, a backup in the midst of it, a restore, and judgement of both: of the server that went on, and of what was restored.
//!
//! Three times matter: what was answered before the backup was asked for must be in it; what was sent after it had ended can't be; and
//! what lies between may be either, but wholly.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::crash::edits::{Edit, Made};
use crate::crash::load::{self, Place, Sent, Shared, executions, lock};
use crate::crash::verdict::Verdict;
use crate::crash::work::{CLIENTS, Kind};
use crate::crash::{Store, calls, edits, round, settle};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::random::Random;
use crate::server::{Server, Site};
use crate::sink::{Received, Sink};
use crate::{Outcome, clock, shell};

const TASKS: usize = 5;
const SOURCE: &str = "source";
const RESTORED: &str = "restored";
const LOAD_BEFORE: std::ops::Range<u64> = 100..400;
const LOAD_AFTER: std::ops::Range<u64> = 0..200;
/// A restore of a round takes about as long.
const KILLED_WITHIN: std::ops::Range<u64> = 5..150;
/// So a restore begins to tell how many it handed back.
const UNDER_WAY: &str = "under way then, and gone on with at the next start: ";
/// After so many rounds a backup must have met executions under way.
const ROUNDS_A_MEETING: u32 = 20;

/// Where a round takes place. Each has a server of its own, or every backup would be larger than the one before.
pub struct Scene<'a> {
    pub folder: &'a Path,
    pub cluster: &'a Cluster,
    /// Part of all keys.
    pub name: &'a str,
}

/// The server that is backed up.
struct Source {
    site: Site,
    server: Server,
    sink: Sink,
    workflow: String,
    actions: HashMap<Kind, String>,
}

#[derive(Default)]
pub struct Totals {
    answered: usize,
    in_backup: usize,
    between: usize,
    under_way: u64,
    killed: u32,
    called_again: usize,
}

/// When the backup was asked for and when it had ended, by the counter that the clients share.
struct Backup {
    began: u64,
    ended: u64,
    /// What was seen to have ended before.
    finals: HashMap<String, String>,
    /// Calls until it was asked for, and until it had ended.
    before: Received,
    meanwhile: Received,
}

impl Scene<'_> {
    pub fn round(&self, binary: &Path, from: Store, to: Store, random: &mut Random, totals: &mut Totals) -> Outcome {
        let source = Source::start(binary, &self.folder.join("source"), self.database(from, SOURCE)?)?;
        let mut client = source.site.client();
        let tasks = (0..TASKS).map(|_| round::new_task(&mut client, &source.workflow)).collect::<Outcome<Vec<String>>>()?;
        let place = Place { workflow: &source.workflow, tasks: &tasks, actions: &source.actions };
        let shared = Shared::default();
        let file = self.folder.join("backup.gz");
        let backup = source.under_load(&place, &shared, &file, self.name, random)?;
        let load = Load::take(&shared);
        totals.answered += load.sent.iter().filter(|sent| sent.asked.id.is_some()).count();

        let mut findings = std::mem::take(&mut *lock(&shared.findings));
        findings.extend(source.judge(&place, &load, &backup, self.name, random)?);
        let site = source.site.elsewhere(&self.folder.join("restored"), self.database(to, RESTORED)?)?;
        let told = restore(&site, &file, random, totals)?;
        totals.under_way += under_way(&told)?;
        shell::read(&mut site.audit_verify())?;
        let restored = Restored { site: &site, sink: &source.sink, place: &place, load, backup };
        restored.judge(self.name, random, &mut findings, totals)?;
        source.close()?;
        if !findings.is_empty() {
            return Err(format!("{told}{}", findings.join("\n")).into());
        }
        for (_, database) in [(from, SOURCE), (to, RESTORED)].iter().filter(|(store, _)| *store == Store::Postgres) {
            self.cluster.psql("postgres", &format!("drop database {database} with (force)"))?;
        }
        Ok(fs::remove_dir_all(self.folder)?)
    }

    fn database(&self, store: Store, name: &str) -> Outcome<Option<String>> {
        match store {
            Store::Sqlite => Ok(None),
            Store::Postgres => self.cluster.create_database(name).map(Some),
        }
    }
}

impl Source {
    fn start(binary: &Path, folder: &Path, database_url: Option<String>) -> Outcome<Source> {
        let sink = Sink::open()?;
        // Whatever is restored answers as its source.
        let settings = [sink.settings(), vec![("BATON_PUBLIC_URL".to_owned(), "http://baton.example".to_owned())]].concat();
        let site = Site::create(binary, folder, database_url, settings)?;
        let (server, _) = site.serve_until_ready(&[])?;
        let (workflow, actions) = round::set_up(&mut site.client(), &sink)?;
        Ok(Source { site, server, sink, workflow, actions })
    }

    fn under_load(&self, place: &Place<'_>, shared: &Shared, file: &Path, name: &str, random: &mut Random) -> Outcome<Backup> {
        let seeds: Vec<u64> = (0..CLIENTS).map(|_| random.next()).collect();
        let [before, after] = [LOAD_BEFORE, LOAD_AFTER].map(|range| Duration::from_millis(random.within(range)));
        thread::scope(|scope| {
            for (number, seed) in seeds.into_iter().enumerate() {
                let client = self.site.client();
                scope.spawn(move || load::act(client, number, place, shared, name, Random::new(seed)));
            }
            clock::pause(before);
            let finals = lock(&shared.finals).clone();
            let (before, began) = (self.sink.take(), shared.moment());
            let done = self.site.back_up(file);
            let backup = Backup { began, ended: shared.moment(), finals, before, meanwhile: self.sink.take() };
            clock::pause(after);
            shared.stop.store(true, Ordering::Relaxed);
            done.map(|()| backup)
        })
    }

    /// Nothing of it was disturbed.
    fn judge(&self, place: &Place<'_>, load: &Load, backup: &Backup, name: &str, random: &mut Random) -> Outcome<Vec<String>> {
        // The connection of before may have been idle for long.
        let mut client = self.site.client();
        let (shared, mut sent) = (load.shared(load.edits.clone(), load.made.clone()), load.sent.clone());
        settle::settle(&mut client, place, &shared, &mut sent, &format!("{name}-source"), random)?;
        let mut verdict = Verdict { load_ended: true, restart: u64::MAX, ..Verdict::default() };
        for task in 0..place.tasks.len() {
            verdict.judge(&mut client, place, task, &sent, &shared)?;
        }
        let rows = read_tasks(&mut client, place)?;
        let received = joined([&backup.before, &backup.meanwhile, &self.sink.take()]);
        verdict.findings.append(&mut lock(&shared.findings));
        verdict.findings.extend(calls::judge(&received, &verdict.known).findings);
        verdict.findings.extend(edits::judge(&mut client, place, &shared, &rows)?);
        Ok(verdict.findings)
    }

    fn close(self) -> Outcome {
        self.server.stop()?;
        shell::read(&mut self.site.audit_verify()).map(drop)
    }
}

/// What the clients did.
struct Load {
    sent: Vec<Sent>,
    edits: Vec<Edit>,
    made: Vec<Made>,
}

impl Load {
    fn take(shared: &Shared) -> Load {
        Load { sent: lock(&shared.sent).split_off(0), edits: lock(&shared.edits).split_off(0), made: lock(&shared.made).split_off(0) }
    }

    /// As the judges want it, with moments behind all of the load's.
    fn shared(&self, edits: Vec<Edit>, made: Vec<Made>) -> Shared {
        let shared = Shared::default();
        let last = self.sent.iter().map(|sent| sent.asked.sent.max(sent.asked.answered.wrapping_add(1))).max().unwrap_or(0);
        while shared.moment() < last {}
        *lock(&shared.edits) = edits;
        *lock(&shared.made) = made;
        shared
    }
}

struct Restored<'a> {
    site: &'a Site,
    sink: &'a Sink,
    place: &'a Place<'a>,
    load: Load,
    backup: Backup,
}

impl Restored<'_> {
    fn judge(self, name: &str, random: &mut Random, findings: &mut Vec<String>, totals: &mut Totals) -> Outcome {
        let (server, _) = self.site.serve_until_ready(&[])?;
        let mut client = self.site.client();
        let (mut sent, between) = self.sent_in_backup(&mut client)?;
        totals.in_backup += sent.len();
        totals.between += between;
        let (edits, made) = self.written_in_backup();
        let shared = self.load.shared(edits, made);
        *lock(&shared.finals) = self.backup.finals.clone();
        let restart = shared.moment();
        settle::settle(&mut client, self.place, &shared, &mut sent, &format!("{name}-restored"), random)
            .map_err(|error| format!("{error}; the server's log ends: {}", self.site.log_end()))?;
        // An execution that was under way goes on as after the death of its node.
        let mut verdict = Verdict { deaths: 1, load_ended: true, restart, ..Verdict::default() };
        for task in 0..self.place.tasks.len() {
            verdict.judge(&mut client, self.place, task, &sent, &shared)?;
        }
        findings.append(&mut verdict.findings);
        findings.append(&mut lock(&shared.findings));
        let rows = read_tasks(&mut client, self.place)?;
        findings.extend(edits::judge(&mut client, self.place, &shared, &rows)?);
        let again = self.sink.take();
        totals.called_again += again.calls.len() + again.mails.len();
        findings.extend(self.judge_calls(&again, &verdict));
        server.stop()?;
        shell::read(&mut self.site.audit_verify()).map(drop)
    }

    /// Of what the clients asked for, what is in the backup, and how much of it might as well not be.
    fn sent_in_backup(&self, client: &mut Client) -> Outcome<(Vec<Sent>, usize)> {
        let mut between = 0;
        let mut there = Vec::new();
        for sent in self.load.sent.iter().filter(|sent| sent.asked.sent < self.backup.ended) {
            if let Some(id) = sent.asked.id.as_deref().filter(|_| sent.asked.answered > self.backup.began) {
                let answer = client.get(&format!("{}/{id}", executions(self.place.workflow)))?;
                if answer.status == 404 {
                    continue;
                }
                answer.expect(200)?;
                between += 1;
            }
            there.push(sent.clone());
        }
        Ok((there, between))
    }

    /// What was answered while the backup was made may be in it or not, as what was never answered.
    fn written_in_backup(&self) -> (Vec<Edit>, Vec<Made>) {
        let Backup { began, ended, .. } = self.backup;
        let before = |answered: Option<u64>| answered.filter(|answered| *answered < began);
        let edits = self.load.edits.iter().filter(|edit| edit.sent < ended);
        let edits = edits.map(|edit| Edit { answered: before(edit.answered), ..edit.clone() });
        let made = self.load.made.iter().filter(|made| made.sent < ended);
        let made = made.map(|made| Made { url: made.url.clone().filter(|_| before(made.answered).is_some()), ..made.clone() });
        (edits.collect(), made.collect())
    }

    /// A call that the source had made before is the same again. What it called while the backup was made counts only where the restored
    /// one did not call, for nobody knows whether that is in the backup; and what it called later was another history.
    fn judge_calls(&self, again: &Received, verdict: &Verdict) -> Vec<String> {
        let is_known = |key: Option<&str>| key.and_then(calls::parts).is_some_and(|(execution, _)| verdict.known.contains_key(execution));
        let called: HashSet<Option<&str>> = again.calls.iter().map(|call| call.key.as_deref()).collect();
        let mailed: HashSet<Option<&str>> = again.mails.iter().map(|mail| mail.message_id()).collect();
        let mut all = joined([&self.backup.before, again]);
        let meanwhile = self.backup.meanwhile.calls.iter().filter(|call| !called.contains(&call.key.as_deref()));
        all.calls.extend(meanwhile.cloned());
        let meanwhile = self.backup.meanwhile.mails.iter().filter(|mail| !mailed.contains(&mail.message_id()));
        all.mails.extend(meanwhile.cloned());
        // The source's own, which the backup was too early for.
        all.calls.retain(|call| called.contains(&call.key.as_deref()) || is_known(call.key.as_deref()));
        all.mails.retain(|mail| {
            mailed.contains(&mail.message_id()) || calls::sender(mail).is_some_and(|(id, _)| verdict.known.contains_key(id))
        });
        calls::judge(&all, &verdict.known).findings
    }
}

fn read_tasks(client: &mut Client, place: &Place<'_>) -> Outcome<Vec<Value>> {
    place.tasks.iter().map(|task| round::read_task(client, place.workflow, task)).collect()
}

fn joined<const N: usize>(parts: [&Received; N]) -> Received {
    let calls = parts.iter().flat_map(|part| part.calls.clone()).collect();
    Received { calls, mails: parts.iter().flat_map(|part| part.mails.clone()).collect() }
}

/// Often killed first, and then made again.
fn restore(site: &Site, file: &Path, random: &mut Random, totals: &mut Totals) -> Outcome<String> {
    if random.once_in(2) {
        if let Some(told) = site.restore_killed(file, Duration::from_millis(random.within(KILLED_WITHIN)))? {
            return Ok(told);
        }
        totals.killed += 1;
        return match site.restore(file) {
            // It came to its end, and was killed before it could say so.
            Err(error) if error.to_string().contains("the store is not empty") => Ok(String::new()),
            told => told,
        };
    }
    site.restore(file)
}

/// `under way then, ...: 3 executions or imports`, where there were any.
fn under_way(told: &str) -> Outcome<u64> {
    let Some(line) = told.lines().nth(1) else { return Ok(0) };
    let count = line.strip_prefix(UNDER_WAY).and_then(|rest| rest.split(' ').next()?.parse().ok());
    count.ok_or_else(|| format!("a restore told what nobody here knows: {line}").into())
}

impl Totals {
    /// A backup that never meets anything under way proves little.
    pub fn check(&self, rounds: u32) -> Outcome {
        if rounds >= ROUNDS_A_MEETING && (self.under_way == 0 || self.between == 0) {
            return Err(format!("no backup met the load: {self}").into());
        }
        Ok(())
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { answered, in_backup, between, under_way, killed, called_again } = self;
        write!(
            out,
            "{answered} executions answered, {in_backup} of those asked for by then in the backups, {between} of them while one was made; \
             {under_way} under way were handed back; {killed} restores killed and made again; {called_again} calls and e-mails by what was restored"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_restore_hands_back_is_read() {
        let told = |line: &str| under_way(&format!("restored 7 rows\n{line}")).ok();
        assert_eq!(told(&format!("{UNDER_WAY}3 executions or imports\n")), Some(3));
        assert_eq!((told(""), told("3 executions were under way\n")), (Some(0), None));
        // Killed before it could tell anything.
        assert_eq!(under_way("").ok(), Some(0));
        let program = include_str!("../../../crates/baton/src/cli/restore.rs");
        assert!(program.contains(&format!("\"{UNDER_WAY}{{handed_back}} ")), "a restore says it otherwise");
    }
}
