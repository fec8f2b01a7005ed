//! Two nodes on a database of their own, with a sink of their own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::report::Report;
use super::trouble::{Aftermath, Trouble};
use crate::crash::load::{self, Place, Sent, Shared, lock};
use crate::crash::verdict::Verdict;
use crate::crash::work::Kind;
use crate::crash::{calls, edits, round, settle};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::random::Random;
use crate::server::{Server, Site};
use crate::sink::Sink;
use crate::{Outcome, clock, shell};

/// What the clients of both nodes act on.
const TASKS: usize = 5;
const CLIENTS_A_NODE: usize = 4;
/// Calls of some length that the victim has under way.
const HOLDS: usize = 10;
const HANGS: usize = 200;
/// Tasks that are acted on while calls hang.
const BESIDE: usize = 20;
/// Far more than one takes, and far less than a call may hang.
const BESIDE_LONGEST: Duration = Duration::from_secs(5);
const HANGING_LONGEST: Duration = Duration::from_secs(60);
const LOAD_BEFORE: std::ops::Range<u64> = 200..600;
const HELD_BEFORE: std::ops::Range<u64> = 100..400;
const LEASE_LONGEST: Duration = Duration::from_secs(10);
const LATE_WRITES: &str = "baton_late_writes_refused_total";

pub struct Pair {
    database: String,
    seed: u64,
    rounds: u32,
    sink: Sink,
    sites: [Site; 2],
    servers: [Server; 2],
    /// As the database knows them.
    nodes: [String; 2],
    workflow: String,
    actions: HashMap<Kind, String>,
}

/// What the load of a round shares.
pub struct Stage<'a> {
    place: &'a Place<'a>,
    shared: &'a Shared,
    name: &'a str,
}

impl Stage<'_> {
    pub fn end_load(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// One more execution on each task, behind all that was accepted: it ends when what came before it has.
    pub fn go_on(&self, client: &mut Client) -> Outcome<Vec<Sent>> {
        let ask = |task| ask(client, self.place, self.shared, task, Kind::Return, self.name);
        let sent = (0..self.place.tasks.len()).map(ask).collect::<Outcome<Vec<Sent>>>()?;
        for id in sent.iter().filter_map(|sent| sent.asked.id.as_deref()) {
            settle::wait_until_final(client, self.place.workflow, id)?;
        }
        Ok(sent)
    }
}

impl Pair {
    pub fn start(binary: &Path, folder: &Path, cluster: &Cluster, number: usize, seed: u64) -> Outcome<Pair> {
        let database = format!("baton{number}");
        let url = cluster.create_database(&database)?;
        let sink = Sink::open()?;
        let mut settings = sink.settings();
        // Both answer as one.
        settings.push(("BATON_PUBLIC_URL".to_owned(), "http://baton.example".to_owned()));
        let first = Site::create(binary, &folder.join("a"), Some(url), settings)?;
        let (server, _) = first.serve_until_ready(&[])?;
        let node = node_but(cluster, &database, "0")?;
        let second = first.another(&folder.join("b"))?;
        let (other_server, _) = second.serve_until_ready(&[])?;
        let other = node_but(cluster, &database, &node)?;
        let (workflow, actions) = round::set_up(&mut first.client(), &sink)?;
        Ok(Pair {
            database,
            seed: seed ^ number as u64,
            rounds: 0,
            sink,
            sites: [first, second],
            servers: [server, other_server],
            nodes: [node, other],
            workflow,
            actions,
        })
    }

    /// They take turns.
    fn victim_index(&self) -> usize {
        self.rounds as usize % 2
    }

    pub fn victim(&mut self) -> &mut Server {
        let index = self.victim_index();
        &mut self.servers[index]
    }

    /// A client of the other node.
    pub fn survivor(&self) -> Client {
        self.sites[1 - self.victim_index()].client()
    }

    /// What the victim holds: jobs, each with the epoch of its claim, which the next claim raises.
    pub fn held(&self, cluster: &Cluster) -> Outcome<Vec<String>> {
        let node = &self.nodes[self.victim_index()];
        let rows = cluster.psql(&self.database, &format!("select id || ',' || epoch from jobs where node_id = {node}"))?;
        Ok(rows.lines().map(|row| format!("({row})")).collect())
    }

    /// How many of them nobody else has claimed.
    pub fn left(&self, cluster: &Cluster, held: &[String]) -> Outcome<usize> {
        let sql = format!("select count(*) from jobs where (id, epoch) in ({})", held.join(", "));
        Ok(cluster.psql(&self.database, &sql)?.trim().parse()?)
    }

    /// Transactions that have written and wait for their node. As long as it stands still, they keep what they have locked.
    pub fn open_transactions(&self, cluster: &Cluster) -> Outcome<usize> {
        let sql = "select count(*) from pg_stat_activity
            where datname = current_database() and state = 'idle in transaction' and backend_xid is not null
            and state_change < now() - interval '20 milliseconds'";
        Ok(cluster.psql(&self.database, sql)?.trim().parse()?)
    }

    pub fn disconnect(&self, cluster: &Cluster) -> Outcome {
        let sql =
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        cluster.psql(&self.database, sql).map(drop)
    }

    pub fn late_writes(&self) -> Outcome<u64> {
        let text = self.sites[self.victim_index()].client().get("/metrics")?.text();
        let value = text.lines().find_map(|line| line.strip_prefix(LATE_WRITES)?.trim().parse().ok());
        value.ok_or_else(|| format!("there is no {LATE_WRITES} in {text}").into())
    }

    pub fn wait_until_ready(&mut self) -> Outcome {
        for (site, server) in self.sites.iter().zip(&mut self.servers) {
            site.wait_until_ready(server)?;
        }
        Ok(())
    }

    pub fn round(&mut self, cluster: &Cluster, trouble: Trouble, report: &Mutex<Report>) -> Outcome {
        let outcome = self.judged_round(cluster, trouble, report);
        let round = self.rounds;
        self.rounds += 1;
        outcome.map_err(|error| format!("{} round {round}, {trouble:?}: {error}", self.database).into())
    }

    fn judged_round(&mut self, cluster: &Cluster, trouble: Trouble, report: &Mutex<Report>) -> Outcome {
        let mut random = Random::branch(self.seed, u64::from(self.rounds));
        let name = format!("{:x}-{}", self.seed, self.rounds);
        let (workflow, actions) = (self.workflow.clone(), self.actions.clone());
        let mut client = self.survivor();
        let all = TASKS + if matches!(trouble, Trouble::Hang) { HANGS + BESIDE } else { HOLDS };
        let tasks = (0..all).map(|_| round::new_task(&mut client, &workflow)).collect::<Outcome<Vec<String>>>()?;
        let place = Place { workflow: &workflow, tasks: &tasks, actions: &actions };
        let shared = Shared::default();

        let aftermath = self.under_load(cluster, trouble, &place, &shared, &name, &mut random)?;
        // The connection of before has been idle for so long that the server may have closed it.
        let mut client = self.survivor();
        let mut sent = std::mem::take(&mut *lock(&shared.sent));
        sent.extend(aftermath.sent);
        let beside = if matches!(trouble, Trouble::Hang) { Some(self.hang(&mut client, &place, &shared, &name, &mut sent)?) } else { None };
        let restart = shared.moment();
        settle::settle(&mut client, &place, &shared, &mut sent, &name, &mut random)?;

        let mut verdict = Verdict { deaths: trouble.deaths(), load_ended: !trouble.goes_on_under_load(), restart, ..Verdict::default() };
        verdict.findings = std::mem::take(&mut *lock(&shared.findings));
        verdict.findings.extend(aftermath.findings);
        for task in 0..tasks.len() {
            verdict.judge(&mut client, &place, task, &sent, &shared)?;
        }
        let rows = tasks[..TASKS].iter().map(|task| round::read_task(&mut client, &workflow, task)).collect::<Outcome<Vec<Value>>>()?;
        verdict.findings.extend(edits::judge(&mut client, &place, &shared, &rows)?);
        if let Some(slowest) = beside.filter(|slowest| *slowest > BESIDE_LONGEST) {
            verdict.findings.push(format!("beside calls that hang an execution took {slowest:?}"));
        }
        let received = self.sink.take();
        let judged = calls::judge(&received, &verdict.known);
        verdict.findings.extend(judged.findings);
        if matches!(trouble, Trouble::Kill) {
            let index = self.victim_index();
            self.servers[index] = self.sites[index].serve_until_ready(&[])?.0;
        }
        let mut report = lock(report);
        *report.rounds.entry(trouble.name()).or_default() += 1;
        report.executions += verdict.known.len();
        report.received += received.calls.len() + received.mails.len();
        report.repeated += judged.repeated;
        report.held += aftermath.held;
        report.takeovers.extend(aftermath.takeover);
        report.open_transactions += aftermath.open_transactions;
        report.going_on.extend(aftermath.going_on);
        report.late_writes += aftermath.late_writes;
        report.slowest_beside_hanging = report.slowest_beside_hanging.max(beside);
        if verdict.findings.is_empty() { Ok(()) } else { Err(verdict.findings.join("\n").into()) }
    }

    /// Both nodes have clients, and the victim calls that take a while; then comes the trouble.
    fn under_load(
        &mut self,
        cluster: &Cluster,
        trouble: Trouble,
        place: &Place<'_>,
        shared: &Shared,
        name: &str,
        random: &mut Random,
    ) -> Outcome<Aftermath> {
        let clients: Vec<(Client, u64)> =
            self.sites.iter().flat_map(|site| (0..CLIENTS_A_NODE).map(|_| site.client())).map(|client| (client, random.next())).collect();
        // All on one task wait for each other's locks, which matters where a node stands still.
        let acted_on = if (self.rounds / 2).is_multiple_of(2) { 1 } else { TASKS };
        let few = &Place { tasks: &place.tasks[..acted_on], ..*place };
        let [before, under_way] = [LOAD_BEFORE, HELD_BEFORE].map(|range| Duration::from_millis(random.within(range)));
        thread::scope(|scope| {
            for (number, (client, seed)) in clients.into_iter().enumerate() {
                scope.spawn(move || load::act(client, number, few, shared, name, Random::new(seed)));
            }
            clock::pause(before);
            let mut victim = self.sites[self.victim_index()].client();
            let holds = if matches!(trouble, Trouble::Hang) { 0 } else { HOLDS };
            let held =
                (0..holds).map(|hold| ask(&mut victim, place, shared, TASKS + hold, Kind::Hold, name)).collect::<Outcome<Vec<Sent>>>();
            clock::pause(under_way);
            let aftermath = trouble.bring(self, cluster, &Stage { place, shared, name });
            shared.stop.store(true, Ordering::Relaxed);
            let (mut aftermath, held) = (aftermath?, held?);
            aftermath.sent.extend(held);
            Ok(aftermath)
        })
    }

    /// While the calls of many tasks hang, others go on; how long the slowest of them took.
    fn hang(&self, client: &mut Client, place: &Place<'_>, shared: &Shared, name: &str, sent: &mut Vec<Sent>) -> Outcome<Duration> {
        for (number, task) in (TASKS..TASKS + HANGS).enumerate() {
            let mut by_turns = self.sites[number % 2].client();
            sent.push(ask(&mut by_turns, place, shared, task, Kind::Hang, name)?);
        }
        clock::wait_for("200 calls that hang", HANGING_LONGEST, || Ok((self.sink.count("/hang") >= HANGS).then_some(())))?;
        let mut slowest = Duration::ZERO;
        for task in TASKS + HANGS..place.tasks.len() {
            let start = clock::now();
            let asked = ask(client, place, shared, task, Kind::Call, name)?;
            let id = asked.asked.id.clone().ok_or("an execution beside calls that hang was not accepted")?;
            sent.push(asked);
            settle::wait_until_final(client, place.workflow, &id)?;
            slowest = slowest.max(start.elapsed());
        }
        self.sink.release();
        Ok(slowest)
    }

    /// The history's chain must hold.
    pub fn close(self) -> Outcome {
        for server in self.servers {
            server.stop()?;
        }
        shell::read(&mut self.sites[0].audit_verify()).map(drop)
    }
}

/// The node that is not `known`. A server is ready before it has its lease.
fn node_but(cluster: &Cluster, database: &str, known: &str) -> Outcome<String> {
    let sql = format!("select id from nodes where id <> {known}");
    clock::wait_for("the lease of a node", LEASE_LONGEST, || {
        let node = cluster.psql(database, &sql)?.trim().to_owned();
        Ok((!node.is_empty()).then_some(node))
    })
}

/// Asks for one execution, with a key, so that it can be asked for again.
fn ask(client: &mut Client, place: &Place<'_>, shared: &Shared, task: usize, kind: Kind, name: &str) -> Outcome<Sent> {
    let key = format!("{name}-{kind:?}-{task}");
    let body = json!({"task_id": place.tasks[task], "action_id": place.actions[&kind]}).to_string();
    let sent = shared.moment();
    let id = load::accepted(&load::post(client, &load::executions(place.workflow), Some(&key), &body)?)?;
    let answered = if id.is_some() { shared.moment() } else { u64::MAX };
    let asked = crate::crash::oracle::Asked { kind, sent, answered, id };
    Ok(Sent { task, body, key: Some(key), asked, refused: false })
}
