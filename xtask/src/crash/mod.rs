//! Never lose, never double: the real server under load, killed at every kind of moment, restarted, and judged.
//!
//! - `work`: the workflow whose steps leave tokens.
//! - `load`: clients that act and remember; `edits`: what they write without an action.
//! - `death`: when and how the server dies.
//! - `settle`: after the restart, asks again, waits, reads.
//! - `oracle`: compares what was answered with what is there; `calls` with what went out; `verdict` brings both together.
//! - `counts`: compares what is kept beside the tasks with them.
//! - `slow`: what lives through the deaths of several rounds; `imports`: files that do.

pub mod calls;
mod counts;
mod death;
pub mod edits;
mod imports;
pub mod load;
pub mod oracle;
pub mod round;
pub mod settle;
mod slow;
pub mod verdict;
pub mod work;

use std::fs;
use std::path::{Path, PathBuf};

use round::{Scene, Totals};

use crate::postgres::Cluster;
use crate::random::Random;
use crate::server::Site;
use crate::sink::Sink;
use crate::{Outcome, clock, shell};

/// Kills the real server under load, restarts it, and looks for anything lost, doubled or out of order.
#[derive(clap::Args)]
pub struct Options {
    /// A round is a kill, a restart and a check.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// Chooses the moments, tasks and fail points; that of an earlier run to try the like again (threads still race).
    #[arg(long)]
    seed: Option<u64>,
    /// Use the release build.
    #[arg(long)]
    release: bool,
    /// Use this program instead of building one.
    #[arg(long, value_name = "PROGRAM")]
    baton: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Store {
    Sqlite,
    Postgres,
}

impl Options {
    pub fn short(store: Store, rounds: u32) -> Options {
        Options { rounds, store, seed: None, release: false, baton: None }
    }
}

const ROUNDS_A_LINE: u32 = 50;

pub fn run(options: &Options) -> Outcome {
    let seed = options.seed.unwrap_or_else(|| Random::new(clock::unix_seconds()).next());
    let binary = options.baton.clone().map_or_else(|| shell::build_baton(options.release), Ok)?;
    println!("crash: {} rounds on {:?}, --seed {seed}", options.rounds, options.store);
    let folder = fresh_folder(options.store)?;
    let mut cluster = match options.store {
        Store::Sqlite => None,
        Store::Postgres => Some(Cluster::start(&[])?),
    };
    let outcome = rounds(options, seed, &binary, &folder, cluster.as_ref());
    match &outcome {
        Ok(()) => fs::remove_dir_all(&folder)?,
        Err(_) => {
            println!("--seed {seed}; the data is kept in {}", folder.display());
            if let Some(cluster) = &mut cluster {
                println!("and that of PostgreSQL in {}", cluster.keep().display());
            }
        }
    }
    outcome
}

fn rounds(options: &Options, seed: u64, binary: &Path, folder: &Path, cluster: Option<&Cluster>) -> Outcome {
    let start = clock::now();
    let database_url = cluster.map(|cluster| cluster.create_database("baton")).transpose()?;
    let sink = Sink::open()?;
    let site = Site::create(binary, folder, database_url, sink.settings())?;
    let mut scene = Scene::set(&site, &sink, seed)?;
    let mut totals = Totals::default();
    for round in 0..options.rounds {
        scene.round(round, &mut totals).map_err(|error| format!("round {round}: {error}"))?;
        if (round + 1) % ROUNDS_A_LINE == 0 {
            println!("{} rounds in {:.0} s: {totals}", round + 1, start.elapsed().as_secs_f64());
            site.forget_log()?;
        }
    }
    scene.close()?;
    println!("{} rounds in {:.0} s, no finding: {totals}", options.rounds, start.elapsed().as_secs_f64());
    totals.check(options.rounds)
}

/// Short, because the path of the socket in it has a limit.
fn fresh_folder(store: Store) -> Outcome<PathBuf> {
    let folder = shell::workspace().join("target").join(format!("crash-{store:?}-{}", std::process::id()).to_lowercase());
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}
