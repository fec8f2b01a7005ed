//! What all rounds came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub struct Report {
    pub rounds: BTreeMap<&'static str, usize>,
    pub executions: usize,
    pub received: usize,
    pub repeated: usize,
    /// Executions that a node held when it was killed or stood still.
    pub held: usize,
    /// From then until all of them had gone on elsewhere.
    pub takeovers: Vec<Duration>,
    /// Of nodes that stood still.
    pub open_transactions: usize,
    /// Until every task had gone on while a node stood still.
    pub going_on: Vec<Duration>,
    /// Results of a node that had stood still.
    pub late_writes: u64,
    /// The longest of an execution while the calls of others hung.
    pub slowest_beside_hanging: Option<Duration>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            rounds,
            executions,
            received,
            repeated,
            held,
            takeovers,
            open_transactions,
            going_on,
            late_writes,
            slowest_beside_hanging,
        } = self;
        for (name, times) in rounds {
            write!(out, "{times} {name}, ")?;
        }
        write!(
            out,
            "{executions} executions judged; {received} calls and e-mails received, {repeated} of them repeated; {held} executions held"
        )?;
        for (what, lengths) in [("taken over", takeovers), ("all tasks went on beside one that stood still", going_on)] {
            let mut sorted = lengths.clone();
            sorted.sort();
            if let (Some(first), Some(last)) = (sorted.first(), sorted.last()) {
                let [min, median, max] = [*first, sorted[sorted.len() / 2], *last].map(|length| length.as_secs_f64());
                write!(out, "; {what} within {min:.1} s at least, {median:.1} s in the middle, {max:.1} s at most")?;
            }
        }
        write!(out, "; {open_transactions} transactions were open where a node stood still; {late_writes} late writes refused")?;
        if let Some(slowest) = slowest_beside_hanging {
            write!(out, "; beside hanging calls an execution took {:.2} s at most", slowest.as_secs_f64())?;
        }
        Ok(())
    }
}
