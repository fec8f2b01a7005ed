//! How the server dies in a round.

use std::time::Duration;

use crate::random::Random;
use crate::server::{Server, Site};
use crate::{Outcome, clock};

/// The environment variable by which the server aborts itself: `name:count`, at the count-th time it comes by.
const VARIABLE: &str = "BATON_FAIL_POINT";
/// Those of `baton_engine::fail_point::NAMES`; a tidy test compares them.
pub const FAIL_POINTS: &[&str] =
    &["write.decided", "write.committed", "run.started", "run.decided", "run.committed", "call.started", "call.ended"];
const LOAD_MILLISECONDS: std::ops::Range<u64> = 10..250;
/// A fail point that the load has not reached by then is given up for this round.
const FAIL_POINT_LONGEST: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub enum Death {
    /// SIGKILL from outside after so long.
    Kill(Duration),
    FailPoint {
        name: &'static str,
        count: u64,
    },
}

impl Death {
    /// Half of the rounds die at a fail point.
    pub fn choose(random: &mut Random, round: u32) -> Death {
        if round.is_multiple_of(2) {
            // Mostly early, when the first commits of a boot are under way.
            let count = if random.once_in(3) { random.within(1..150) } else { random.within(1..40) };
            Death::FailPoint { name: random.one_of::<&'static str>(FAIL_POINTS), count }
        } else {
            Death::Kill(Duration::from_millis(random.within(LOAD_MILLISECONDS)))
        }
    }

    pub fn serve(&self, site: &Site) -> Outcome<Server> {
        let fail_point = match self {
            Death::Kill(_) => None,
            Death::FailPoint { name, count } => Some(format!("{name}:{count}")),
        };
        let environment: Vec<(&str, &str)> = fail_point.as_deref().map(|point| (VARIABLE, point)).into_iter().collect();
        Ok(site.serve_until_ready(&environment)?.0)
    }

    /// Waits for it, or brings it. True if the server died as planned.
    pub fn bring(&self, server: &mut Server) -> Outcome<bool> {
        let longest = match self {
            Death::Kill(after) => *after,
            Death::FailPoint { .. } => FAIL_POINT_LONGEST,
        };
        let died = clock::wait_for("a death", longest, || server.ended()).is_ok();
        server.kill()?;
        Ok(match self {
            Death::Kill(_) => !died,
            Death::FailPoint { .. } => died,
        })
    }
}
