//! What the operator may set: by flag, environment, file or default, in this order.
//!
//! To add a setting: a row in [`table::SETTINGS`] and a field of [`Settings`], read in [`Settings::read`]. Its flag,
//! its variable, its key in the file, its help and its line in `baton config` follow from the row.

mod flags;
mod masked;
mod parse;
mod show;
mod sources;
pub mod table;

use std::net::SocketAddr;
use std::path::PathBuf;

use tracing_subscriber::filter::LevelFilter;

pub use flags::Flags;
pub use show::show;
pub use sources::Environment;

use crate::trouble::Trouble;
use sources::Origin;
use table::Setting;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Left out, it follows from where the server listens.
    pub public_url: Option<String>,
    pub data: PathBuf,
    pub database_url: Option<String>,
    pub workers: usize,
    pub body_bytes_max: usize,
    pub connections_max: usize,
    pub page_count_max: Option<u32>,
    pub log_level: LevelFilter,
    pub log_format: LogFormat,
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
        let read = (
            values.read(&table::LISTEN, parse::listen),
            values.read(&table::PUBLIC_URL, parse::public_url),
            values.read(&table::DATA, parse::folder),
            values.read(&table::DATABASE_URL, parse::database_url),
            values.read(&table::WORKERS, parse::workers),
            values.read(&table::BODY_MIB, parse::body_mib),
            values.read(&table::CONNECTIONS, parse::connections),
            values.read(&table::PAGE_COUNT_MAX, parse::page_count_max),
            values.read(&table::LOG_LEVEL, parse::log_level),
            values.read(&table::LOG_FORMAT, parse::log_format),
        );
        match read {
            (
                Some(listen),
                public_url,
                Some(data),
                database_url,
                Some(workers),
                Some(body_mib),
                Some(connections_max),
                page_count_max,
                Some(log_level),
                Some(log_format),
            ) if problems.is_empty() => Ok(Settings {
                listen,
                public_url,
                data,
                database_url,
                workers,
                body_bytes_max: body_mib * 1024 * 1024,
                connections_max,
                page_count_max,
                log_level,
                log_format,
                in_force,
            }),
            _ => Err(Trouble::Usage(problems)),
        }
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

struct Values<'a> {
    in_force: &'a [InForce],
    problems: &'a mut Vec<String>,
}

impl Values<'_> {
    fn read<T>(&mut self, setting: &Setting, parse: fn(&str) -> Option<T>) -> Option<T> {
        let line = self.in_force.iter().find(|line| line.setting.key == setting.key)?;
        let (value, origin) = line.value.as_ref()?;
        let parsed = parse(value);
        if parsed.is_none() {
            let shown = masked::masked(setting, value);
            self.problems.push(format!("{} is {shown:?} ({origin}); allowed is {}", setting.key, setting.allowed));
        }
        parsed
    }
}

#[cfg(test)]
mod tests;
