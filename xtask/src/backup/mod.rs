//! A backup under load is restored into the same kind of store and the other, and what comes of it is judged as after a crash.

mod round;

use std::fs;
use std::path::{Path, PathBuf};

use round::{Scene, Totals};

use crate::crash::Store;
use crate::postgres::Cluster;
use crate::random::Random;
use crate::{Outcome, clock, shell};

/// Backs up a server under load, restores it, and looks for anything lost, doubled or out of order.
#[derive(clap::Args)]
pub struct Options {
    /// A round is a backup, a restore and a check; from SQLite and PostgreSQL into each, by turns.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Chooses the moments and tasks; that of an earlier run to try the like again (threads still race).
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
    /// Every way twice.
    pub fn short() -> Options {
        Options { rounds: 2 * WAYS.len() as u32, seed: None, release: false, baton: None }
    }
}

const WAYS: [(Store, Store); 4] = [
    (Store::Sqlite, Store::Sqlite),
    (Store::Sqlite, Store::Postgres),
    (Store::Postgres, Store::Sqlite),
    (Store::Postgres, Store::Postgres),
];
const ROUNDS_A_LINE: u32 = 20;

pub fn run(options: &Options) -> Outcome {
    let seed = options.seed.unwrap_or_else(|| Random::new(clock::unix_seconds()).next());
    let binary = options.baton.clone().map_or_else(|| shell::build_baton(options.release), Ok)?;
    println!("backup: {} rounds, --seed {seed}", options.rounds);
    let folder = fresh_folder()?;
    let mut cluster = Cluster::start(&[])?;
    let outcome = rounds(options.rounds, seed, &binary, &folder, &cluster);
    match &outcome {
        Ok(()) => fs::remove_dir_all(&folder)?,
        Err(_) => {
            println!("--seed {seed}; the data is kept in {}", folder.display());
            println!("and that of PostgreSQL in {}", cluster.keep().display());
        }
    }
    outcome
}

fn rounds(rounds: u32, seed: u64, binary: &Path, folder: &Path, cluster: &Cluster) -> Outcome {
    let start = clock::now();
    let mut totals = Totals::default();
    for round in 0..rounds {
        let (from, to) = WAYS[round as usize % WAYS.len()];
        let random = &mut Random::branch(seed, u64::from(round));
        let scene = Scene { folder: &folder.join(format!("r{round}")), cluster, name: &format!("{seed:x}-{round}") };
        scene.round(binary, from, to, random, &mut totals).map_err(|error| format!("round {round}, {from:?} to {to:?}: {error}"))?;
        if (round + 1) % ROUNDS_A_LINE == 0 {
            println!("{} rounds in {:.0} s: {totals}", round + 1, start.elapsed().as_secs_f64());
        }
    }
    println!("{rounds} rounds in {:.0} s, no finding: {totals}", start.elapsed().as_secs_f64());
    totals.check(rounds)
}

/// Short, because the path of the socket in it has a limit.
fn fresh_folder() -> Outcome<PathBuf> {
    let folder = shell::workspace().join("target").join(format!("backup-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
