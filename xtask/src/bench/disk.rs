//! How long this disk takes to make a write durable. It varies fourfold on shared machines, so it stands beside every number.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::load::Samples;
use crate::{Outcome, clock};

const PAGE_BYTES: u64 = 4096;
const FILE_BYTES: u64 = 4 << 20;
const TIMES: u64 = 200;

/// Milliseconds of the median sync. The file is written before and then over again, as a write-ahead log is: a file that
/// grows would also have to sync its length.
pub fn sync_p50(folder: &Path) -> Outcome<f64> {
    let path = folder.join("sync-probe");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    file.write_all_at(&vec![0x55; FILE_BYTES as usize], 0)?;
    file.sync_all()?;
    let mut samples = Samples::default();
    for number in 0..TIMES {
        let start = clock::now();
        file.write_all_at(&[number as u8; PAGE_BYTES as usize], number * PAGE_BYTES % FILE_BYTES)?;
        file.sync_data()?;
        samples.add(start.elapsed());
    }
    fs::remove_file(&path)?;
    Ok(samples.latency().map_or(0.0, |latency| latency.p50))
}
