//! How far long work is, on a terminal.

use std::io::{IsTerminal, Write, stderr};

use baton_store::backup::Progress;

const WIDTH: usize = 40;

/// Drawn anew where it differs; nothing where stderr is no terminal.
pub struct Bar {
    shown: bool,
    drawn: Option<u64>,
}

impl Bar {
    pub fn new() -> Bar {
        Bar { shown: stderr().is_terminal(), drawn: None }
    }

    pub fn draw(&mut self, Progress { done, of }: Progress) {
        let percent = (done.min(of) * 100).checked_div(of).unwrap_or(100);
        if self.shown && self.drawn != Some(percent) {
            self.drawn = Some(percent);
            drop(write!(stderr(), "\r[{:<WIDTH$}] {percent:>3} %", "#".repeat(percent as usize * WIDTH / 100)));
        }
    }
}

/// What comes next stands on a line of its own.
impl Drop for Bar {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            drop(writeln!(stderr()));
        }
    }
}
