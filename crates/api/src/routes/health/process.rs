//! What the system tells of this process, under the names that all who export such things use. Linux tells it; elsewhere it is left out.

use std::fs;

use baton_engine::Metric;

pub fn metrics() -> Vec<Metric> {
    let memory = field("/proc/self/status", "VmRSS:").map(|kib| kib * 1024.0);
    let files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    let told = [
        ("process_resident_memory_bytes", "Resident memory size in bytes.", memory),
        ("process_open_fds", "Number of open file descriptors.", files),
        ("process_max_fds", "Maximum number of open file descriptors.", field("/proc/self/limits", "Max open files")),
    ];
    told.into_iter().filter_map(|(name, help, value)| Some(Metric::gauge(name, help, value?))).collect()
}

/// The first number behind a name in one of the system's lists.
fn field(path: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next()?.parse().ok())
}
