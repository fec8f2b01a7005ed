//! Two nodes on one PostgreSQL, under load, with calls under way: one is killed or stands still, the store goes away, calls hang. Nothing
//! may be lost or doubled, and what one node held goes on with the other.
//!
//! - `pair`: two servers on a database of their own, and what a round of theirs is: load, trouble, judgement.
//! - `trouble`: what happens to them.
//! - `report`: what it came to.

mod pair;
mod report;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use pair::Pair;
use report::Report;
use trouble::Trouble;

use crate::crash::load::lock;
use crate::postgres::Cluster;
use crate::random::Random;
use crate::{Outcome, clock, shell};

/// Runs two nodes on one PostgreSQL, kills and pauses one of them under load, and looks for anything lost or doubled.
#[derive(clap::Args)]
pub struct Options {
    /// In a round one node is killed, and the other goes on with what it held.
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// How often one node stands still for longer than its lease, and comes back.
    #[arg(long, default_value_t = 4)]
    pauses: u32,
    #[arg(long, default_value_t = 13)]
    pause_seconds: u64,
    /// How often PostgreSQL is restarted, its connections are killed, and calls hang.
    #[arg(long, default_value_t = 1)]
    others: u32,
    /// Pairs of nodes beside each other, each on a database of its own.
    #[arg(long, default_value_t = 2)]
    pairs: usize,
    #[arg(long)]
    seed: Option<u64>,
    /// Use the release build.
    #[arg(long)]
    release: bool,
    /// Use this program instead of building one.
    #[arg(long, value_name = "PROGRAM")]
    baton: Option<PathBuf>,
}

impl Options {
    pub fn short() -> Options {
        Options { rounds: 1, pauses: 1, pause_seconds: 11, others: 0, pairs: 2, seed: None, release: false, baton: None }
    }
}

pub fn run(options: &Options) -> Outcome {
    let seed = options.seed.unwrap_or_else(|| Random::new(clock::unix_seconds()).next());
    let binary = options.baton.clone().map_or_else(|| shell::build_baton(options.release), Ok)?;
    println!("nodes: {} rounds, {} pauses, {} of each other trouble, --seed {seed}", options.rounds, options.pauses, options.others);
    let folder = shell::workspace().join("target").join(format!("nodes-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut cluster = Cluster::start(&[("max_connections", "400")])?;
    let start = clock::now();
    let outcome = all(options, seed, &binary, &folder, &cluster);
    match outcome {
        Ok(report) => {
            fs::remove_dir_all(&folder)?;
            println!("no finding in {:.0} s: {report}", start.elapsed().as_secs_f64());
            Ok(())
        }
        Err(error) => {
            println!("--seed {seed}; the logs are kept in {}, PostgreSQL's data in {}", folder.display(), cluster.keep().display());
            Err(error)
        }
    }
}

fn all(options: &Options, seed: u64, binary: &Path, folder: &Path, cluster: &Cluster) -> Outcome<Report> {
    let report = Mutex::new(Report::default());
    let pause = Trouble::Pause(Duration::from_secs(options.pause_seconds));
    let kills = (0..options.rounds).map(|_| Trouble::Kill);
    let troubles: Vec<Trouble> = (0..options.pauses).map(|_| pause).chain(kills).collect();
    let (report_of_all, troubles) = (&report, &troubles);
    let mut pairs = thread::scope(|scope| {
        let pair = |number: usize| {
            move || {
                let mut pair = Pair::start(binary, &folder.join(number.to_string()), cluster, number, seed)?;
                for trouble in troubles.iter().skip(number).step_by(options.pairs) {
                    pair.round(cluster, *trouble, report_of_all)?;
                }
                Ok(pair)
            }
        };
        let running: Vec<_> = (0..options.pairs).map(|number| scope.spawn(pair(number))).collect();
        running.into_iter().map(|running| running.join().map_err(|_| "a pair panicked")?).collect::<Outcome<Vec<Pair>>>()
    })?;
    // These trouble all who share the machine or the store.
    for _ in 0..options.others {
        for trouble in [Trouble::Restart, Trouble::Disconnect, Trouble::Hang] {
            for pair in pairs.iter_mut().take(1) {
                pair.round(cluster, trouble, &report)?;
            }
        }
    }
    for pair in pairs {
        pair.close()?;
    }
    let report = std::mem::take(&mut *lock(&report));
    Ok(report)
}
