//! Named places where a test can make the process die, to prove that nothing is lost there.
//!
//! `BATON_FAIL_POINT=name:n` aborts the process when `name` is passed for the n-th time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every name, in the order in which an execution meets them; the first two are those of every command that writes.
pub const NAMES: [&str; 7] =
    ["write.decided", "write.committed", "run.started", "run.decided", "run.committed", "call.started", "call.ended"];

struct Armed {
    name: String,
    left: AtomicU64,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

fn armed() -> Option<Armed> {
    let setting = std::env::var("BATON_FAIL_POINT").ok()?;
    let (name, count) = setting.split_once(':')?;
    Some(Armed { name: name.to_owned(), left: AtomicU64::new(count.parse().ok()?) })
}

/// Passes the point `name`.
pub fn pass(name: &'static str) {
    debug_assert!(NAMES.contains(&name), "{name} is not listed");
    if let Some(armed) = ARMED.get_or_init(armed)
        && armed.name == name
        && armed.left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}
