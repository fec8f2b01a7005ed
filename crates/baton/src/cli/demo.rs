//! `baton demo`

use tracing_subscriber::filter::LevelFilter;

use crate::demo::{self, Wanted};
use crate::serve::Limits;
use crate::settings::{Settings, table};
use crate::telemetry;
use crate::trouble::Trouble;

#[derive(clap::Args)]
pub struct Demo {
    /// End after having shown the API at work
    #[arg(long)]
    once: bool,
}

impl Demo {
    /// What a file or the environment says of places is meant for the real server: only flags count for them here.
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        if settings.is_flag(&table::DATABASE_URL) {
            return Err(Trouble::usage("the demo keeps its data in a folder of its own: leave out --database-url"));
        }
        let log_level = if settings.is_chosen(&table::LOG_LEVEL) { settings.log_level } else { LevelFilter::ERROR };
        telemetry::start_log(log_level, settings.log_format);
        let wanted = Wanted {
            data: settings.is_flag(&table::DATA).then(|| settings.data.clone()),
            listen: settings.is_flag(&table::LISTEN).then_some(settings.listen),
            once: self.once,
            public_url: settings.public_url.clone().filter(|_| settings.is_flag(&table::PUBLIC_URL)),
            workers: settings.workers,
            rate_per_minute: settings.rate_per_minute,
            executions_kept: settings.executions_kept,
            page_count_max: settings.page_count_max,
            limits: Limits::of(settings, false),
        };
        demo::run(wanted, &mut std::io::stdout())
    }
}
