//! What the operator may set: by flag, environment, file or default, in this order.
//!
//! To add a setting: a row in [`table::SETTINGS`] and a field of [`Settings`], read in [`Settings::read`]. Its flag,
//! its variable, its key in the file, its help and its line in `baton config` follow from the row.

mod flags;
mod masked;
mod parse;
mod show;
mod smtp;
mod sources;
pub mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use baton_connect::guard::Network;
use tracing_subscriber::filter::LevelFilter;

pub use flags::Flags;
pub use show::show;
pub use smtp::Smtp;
pub use sources::Environment;

use crate::trouble::Trouble;
use sources::Origin;
use table::Setting;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

/// What `baton serve` does of what there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    All,
    /// Serves the API, and runs nothing.
    Web,
    /// Runs executions, and serves only what tells how it is.
    Worker,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::All => "all",
            Role::Web => "web",
            Role::Worker => "worker",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub role: Role,
    pub listen: SocketAddr,
    /// Left out, it follows from where the server listens.
    pub public_url: Option<String>,
    pub data: PathBuf,
    pub database_url: Option<String>,
    master_key_file: Option<PathBuf>,
    pub workers: usize,
    pub smtp: Option<Smtp>,
    /// Networks that calls may go to although they are not globally routable.
    pub outbound_allow: Vec<Network>,
    /// 0: as many as a key likes.
    pub rate_per_minute: u32,
    pub body_bytes_max: usize,
    pub import_bytes_max: usize,
    pub connections_max: usize,
    /// `None`: for ever.
    pub executions_kept: Option<Duration>,
    pub page_count_max: Option<u32>,
    pub log_level: LevelFilter,
    pub log_format: LogFormat,
    pub otlp_endpoint: Option<String>,
    pub otlp_service_name: Option<String>,
    pub otlp_sampling: f64,
    url: Option<String>,
    pub api_key: Option<String>,
    pub api_key_file: Option<PathBuf>,
    in_force: Vec<InForce>,
}

/// A setting with its value, if it has one, and where that came from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InForce {
    setting: &'static Setting,
    value: Option<(String, Origin)>,
}

impl Settings {
    /// Everything that is wrong is told at once.
    pub fn read(flags: &Flags, environment: &Environment) -> Result<Settings, Trouble> {
        let in_force = sources::merge(flags, environment).map_err(Trouble::Usage)?;
        let mut problems = Vec::new();
        let mut values = Values { in_force: &in_force, problems: &mut problems };
        let master_key_file = values.read(&table::MASTER_KEY_FILE, parse::path);
        let smtp = smtp::read(&mut values);
        let outbound_allow = values.read(&table::OUTBOUND_ALLOW, parse::networks).unwrap_or_default();
        let otlp_endpoint = values.read(&table::OTLP_ENDPOINT, parse::public_url);
        let otlp_service_name = values.read(&table::OTLP_SERVICE_NAME, parse::user);
        let url = values.read(&table::URL, parse::public_url);
        let api_key = values.read(&table::API_KEY, parse::api_key);
        let api_key_file = values.read(&table::API_KEY_FILE, parse::path);
        let read = (
            values.read(&table::ROLE, parse::role),
            values.read(&table::LISTEN, parse::listen),
            values.read(&table::PUBLIC_URL, parse::public_url),
            values.read(&table::DATA, parse::path),
            values.read(&table::DATABASE_URL, parse::database_url),
            values.read(&table::WORKERS, parse::workers),
            values.read(&table::RATE_PER_MINUTE, parse::rate_per_minute),
            values.read(&table::BODY_MIB, parse::body_mib),
            values.read(&table::IMPORT_MIB, parse::import_mib),
            values.read(&table::CONNECTIONS, parse::connections),
            values.read(&table::EXECUTIONS_DAYS, parse::executions_days),
            values.read(&table::PAGE_COUNT_MAX, parse::page_count_max),
            values.read(&table::LOG_LEVEL, parse::log_level),
            values.read(&table::LOG_FORMAT, parse::log_format),
            values.read(&table::OTLP_SAMPLING, parse::share),
        );
        match read {
            (
                Some(role),
                Some(listen),
                public_url,
                Some(data),
                database_url,
                Some(workers),
                Some(rate_per_minute),
                Some(body_mib),
                Some(import_mib),
                Some(connections_max),
                Some(executions_days),
                page_count_max,
                Some(log_level),
                Some(log_format),
                Some(otlp_sampling),
            ) if problems.is_empty() => Ok(Settings {
                role,
                listen,
                public_url,
                data,
                database_url,
                master_key_file,
                workers,
                smtp,
                outbound_allow,
                rate_per_minute,
                body_bytes_max: body_mib * 1024 * 1024,
                import_bytes_max: import_mib * 1024 * 1024,
                connections_max,
                executions_kept: (executions_days > 0).then(|| DAY * executions_days),
                page_count_max,
                log_level,
                log_format,
                otlp_endpoint,
                otlp_service_name,
                otlp_sampling,
                url,
                api_key,
                api_key_file,
                in_force,
            }),
            _ => Err(Trouble::Usage(problems)),
        }
    }

    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data.join("master.key"))
    }

    /// Where commands ask by HTTP: as set, or where a server with these settings listens.
    pub fn url(&self) -> String {
        self.url.clone().unwrap_or_else(|| url_of(self.listen))
    }

    /// Whether somebody chose the value.
    pub fn is_chosen(&self, setting: &Setting) -> bool {
        self.origin(setting).is_some_and(|origin| *origin != Origin::Default)
    }

    /// Whether the command itself says it.
    pub fn is_flag(&self, setting: &Setting) -> bool {
        matches!(self.origin(setting), Some(Origin::Flag(_)))
    }

    fn origin(&self, setting: &Setting) -> Option<&Origin> {
        let line = self.in_force.iter().find(|line| line.setting.key == setting.key)?;
        line.value.as_ref().map(|(_, origin)| origin)
    }
}

/// An address that stands for all is of no use in a URL.
pub fn url_of(listens: SocketAddr) -> String {
    if listens.ip().is_unspecified() { format!("http://localhost:{}", listens.port()) } else { format!("http://{listens}") }
}

struct Values<'a> {
    in_force: &'a [InForce],
    problems: &'a mut Vec<String>,
}

impl Values<'_> {
    fn read<T>(&mut self, setting: &Setting, parse: fn(&str) -> Option<T>) -> Option<T> {
        let (value, origin) = self.of(setting)?;
        let parsed = parse(value);
        if parsed.is_none() {
            let problem = format!("{}; allowed is {}", told(setting, value, origin), setting.allowed);
            self.problems.push(problem);
        }
        parsed
    }

    /// Who has chosen the one setting must have set the other.
    fn check_needed(&mut self, setting: &Setting, needed: &Setting) {
        // Who writes the default out, as `baton config` does, asks for nothing by it.
        let chosen = self.of(setting).filter(|(value, origin)| *origin != Origin::Default && setting.default != Some(value));
        if let (Some((value, origin)), None) = (chosen, self.of(needed)) {
            let problem = format!("{} is not set, but {}; allowed is {}", needed.key, told(setting, value, origin), needed.allowed);
            self.problems.push(problem);
        }
    }

    fn of(&self, setting: &Setting) -> Option<&(String, Origin)> {
        self.in_force.iter().find(|line| line.setting.key == setting.key)?.value.as_ref()
    }
}

fn told(setting: &Setting, value: &str, origin: &Origin) -> String {
    format!("{} is {:?} ({origin})", setting.key, masked::masked(setting, value))
}

#[cfg(test)]
mod tests;
