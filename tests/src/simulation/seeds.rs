//! Many runs, on all cores.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;

use super::broken::Broken;
use super::{Theatre, Totals};

/// One seed in so many is run again, in a store that no run has been in before, and must do the same.
const REPLAY_IN: u64 = 64;
const SEEDS_A_LINE: u64 = 20_000;
const FINDINGS_SHOWN: usize = 20;

/// Several nodes on one store, simulated: a seed is a run, and the same seed is the same run.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
pub struct Seeds {
    /// How many runs.
    #[arg(long, default_value_t = 1000)]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// An engine with this mistake, which should be found.
    #[arg(long, value_enum)]
    pub broken: Option<Broken>,
    /// Show all that happened in the run that failed.
    #[arg(long)]
    pub trace: bool,
}

/// What came of it.
pub struct Report {
    pub totals: Totals,
    /// The lowest seed that was seen to fail, with what was found.
    pub failed: Option<(u64, Vec<String>)>,
}

/// Runs and prints; `false`: something was found.
pub fn simulate(seeds: &Seeds) -> bool {
    let begun = now();
    let report = run(seeds, |totals| println!("{totals}, {:.0} s", begun.elapsed().as_secs_f64()));
    println!("{}, {:.1} s", report.totals, begun.elapsed().as_secs_f64());
    let Some((seed, findings)) = &report.failed else {
        println!("no finding");
        return true;
    };
    if seeds.trace {
        let traced = Theatre::open().run(*seed, seeds.broken, true);
        println!("{}", traced.lines.join("\n"));
    }
    println!("seed {seed}: {}", findings.iter().take(FINDINGS_SHOWN).cloned().collect::<Vec<_>>().join("\n"));
    println!("again, with all that happened: cargo xtask simulate --seeds 1 --from {seed} --trace");
    false
}

/// Runs seeds until all are done or one fails.
pub fn run(seeds: &Seeds, progress: impl Fn(&Totals) + Sync) -> Report {
    let next = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let report = Mutex::new(Report { totals: Totals::default(), failed: None });
    let work = || {
        let theatre = Theatre::open();
        while !over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds.seeds {
                return;
            }
            let seed = seeds.from + number;
            let (totals, findings) = one(&theatre, seed, seeds.broken);
            let mut report = report.lock();
            report.totals += totals;
            if !findings.is_empty() {
                over.store(true, Ordering::Relaxed);
                if report.failed.as_ref().is_none_or(|(other, _)| seed < *other) {
                    report.failed = Some((seed, findings));
                }
            }
            if report.totals.seeds.is_multiple_of(SEEDS_A_LINE) {
                progress(&report.totals);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    report.into_inner()
}

fn one(theatre: &Theatre, seed: u64, broken: Option<Broken>) -> (Totals, Vec<String>) {
    if !seed.is_multiple_of(REPLAY_IN) {
        let run = theatre.run(seed, broken, false);
        return (run.totals, run.findings);
    }
    // Traced, for then the hash is also of all that is stored in the end.
    let (run, again) = (theatre.run(seed, broken, true), Theatre::open().run(seed, broken, true));
    let mut findings = run.findings;
    if run.hash != again.hash {
        let differs = run.lines.iter().zip(&again.lines).find(|(one, other)| one != other);
        let (one, other) = differs.map_or(("", ""), |(one, other)| (one, other));
        findings.push(format!("the same seed is not the same run:\n{one}\n{other}"));
    }
    (run.totals, findings)
}

#[expect(clippy::disallowed_methods, reason = "how long it took is shown, and nothing depends on it")]
fn now() -> Instant {
    Instant::now()
}
