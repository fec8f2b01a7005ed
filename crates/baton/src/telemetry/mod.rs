//! The log: to stderr, for people or as JSON. Never a secret, a key or the value of a field. And traces, where somebody collects them.

mod export;
mod traces;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, Settings};
use crate::trouble::Trouble;
pub use traces::{Traces, join};

/// What libraries say is for those who look for it.
const LIBRARIES: LevelFilter = LevelFilter::WARN;

/// What is answered is held as long as the server runs.
pub fn start(settings: &Settings) -> Result<Option<Traces>, Trouble> {
    let traces = Traces::start(settings)?;
    let spans = traces.as_ref().map(|traces| {
        let all = Targets::new().with_target("baton", LevelFilter::DEBUG);
        traces.layer().with_filter(all)
    });
    let lines = lines(settings.log_format).with_filter(of_level(settings.log_level));
    tracing_subscriber::registry().with(spans).with(lines).init();
    Ok(traces)
}

/// The log alone.
pub fn start_log(level: LevelFilter, format: LogFormat) {
    tracing_subscriber::registry().with(lines(format).with_filter(of_level(level))).init();
}

fn of_level(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LIBRARIES)).with_target("baton", level)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Human => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}
