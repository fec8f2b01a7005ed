//! All of a million tasks in one answer: how fast, and what it holds in memory.

use std::time::Duration;

use super::large::Large;
use super::report::{Goal, Report, number};
use crate::http::Stream;
use crate::server::Server;
use crate::{Outcome, clock};

const ROW: &str = "stream";
/// How many bytes a second the slow reader takes, and for how long.
const SLOW_BYTES: usize = 2 << 20;
const SLOW: Duration = Duration::from_secs(10);
/// What a server may hold for one reader, however slow.
const HELD_MB: f64 = 8.0;

pub fn whole(report: &mut Report, large: &Large, server: &Server) -> Outcome {
    let path = format!("/api/v1/workflows/{}/tasks", large.workflow);
    let before = server.usage()?.memory_kib as f64 / 1024.0;
    let start = clock::now();
    let mut stream = Stream::open(&large.site.address(), &large.site.api_key, &path)?;
    let (mut piece, mut bytes) = (vec![0; 256 << 10], 0);
    let mut most = before;
    loop {
        match stream.read(&mut piece)? {
            0 => break,
            length => bytes += length,
        }
        if bytes % (64 << 20) < piece.len() {
            most = most.max(server.usage()?.memory_kib as f64 / 1024.0);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let beside = format!("{} MB/s", number(bytes as f64 / 1e6 / seconds));
    report.add(ROW, "streamed", large.count as f64 / seconds, "/s", Some(Goal::AtLeast(100_000.0)), &beside);
    report.add(ROW, "memory that a stream takes", most - before, "MB", Some(Goal::AtMost(HELD_MB)), &memory(before));
    Ok(())
}

pub fn slow_reader(report: &mut Report, large: &Large, server: &Server) -> Outcome {
    let path = format!("/api/v1/workflows/{}/tasks?_sort=Price", large.workflow);
    let before = server.usage()?.memory_kib as f64 / 1024.0;
    let mut stream = Stream::open(&large.site.address(), &large.site.api_key, &path)?;
    let mut piece = vec![0; SLOW_BYTES / 10];
    stream.read(&mut piece)?;
    let begun = server.usage()?.memory_kib as f64 / 1024.0;
    let (mut most, end) = (begun, clock::now() + SLOW);
    while clock::now() < end {
        stream.read(&mut piece)?;
        most = most.max(server.usage()?.memory_kib as f64 / 1024.0);
        clock::pause(Duration::from_millis(100));
    }
    report.add(ROW, "memory growth under a slow reader", most - begun, "MB", Some(Goal::AtMost(HELD_MB)), &memory(before));
    Ok(())
}

fn memory(before: f64) -> String {
    format!("{} MB before", number(before))
}
