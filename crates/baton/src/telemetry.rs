//! The log: to stderr, for people or as JSON. Never a secret, a key or the value of a field.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::LogFormat;

/// What libraries say is for those who look for it.
const LIBRARIES: LevelFilter = LevelFilter::WARN;

pub fn start(level: LevelFilter, format: LogFormat) {
    let filter = Targets::new().with_default(level.min(LIBRARIES)).with_target("baton", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Human => registry.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
}
