//! Counts tests, and says the result in the words of `cargo test`, which people and machines know how to read.

use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
}

impl Tally {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; ...`; other lines change nothing.
    pub fn read_line(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else { return };
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => {}
            }
        }
    }

    pub fn count(&mut self, ok: bool) {
        *if ok { &mut self.passed } else { &mut self.failed } += 1;
    }

    pub fn result_line(&self, length: Duration) -> String {
        let Tally { passed, failed, ignored } = self;
        let verdict = if *failed == 0 { "ok" } else { "FAILED" };
        let seconds = length.as_secs_f64();
        format!(
            "test result: {verdict}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out; \
             finished in {seconds:.2}s"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_up_and_others_are_not() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.39s",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.39s",
            "9 passed; 9 failed",
        ] {
            tally.read_line(line);
        }
        assert_eq!(tally, Tally { passed: 7, failed: 2, ignored: 1 });
    }

    #[test]
    fn the_result_line_reads_back() {
        let tally = Tally { passed: 7, failed: 2, ignored: 1 };
        let line = tally.result_line(Duration::from_millis(1_234));
        let mut back = Tally::default();
        back.read_line(&line);
        assert_eq!(back, tally);
        assert!(line.starts_with("test result: FAILED. 7 passed; 2 failed; ") && line.ends_with("; finished in 1.23s"), "{line}");
    }
}
