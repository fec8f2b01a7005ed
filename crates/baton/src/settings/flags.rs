//! The settings as flags, which every command takes; but for the role, which only `baton serve` has, and the API key, which no
//! argument shows.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use super::table::{API_KEY, ROLE, SETTINGS, Setting};

const CONFIG: &str = "config";
const HEADING: &str = "Settings";

/// What the command line says of the settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file to read; it must exist then.
    pub config: Option<PathBuf>,
    /// By key.
    pub values: HashMap<&'static str, String>,
}

/// Elsewhere `--role` is that of a key or a collaborator.
fn everywhere() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| ![ROLE.key, API_KEY.key].contains(&setting.key))
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("The file of settings [default: ./baton.toml, if it is there]")
            .help_heading(HEADING)
            .global(true);
        everywhere().fold(command.arg(config), |command, setting| {
            let help = match setting.default {
                Some(default) => format!("{} [default: {default}]", setting.help),
                None => setting.help.to_owned(),
            };
            let flag = Arg::new(setting.key).long(setting.flag()).value_name(setting.value_name).help(help);
            command.arg(flag.help_heading(HEADING).global(true))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Flags, Error> {
        let mut flags = Flags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.config = matches.get_one::<PathBuf>(CONFIG).cloned();
        let given = everywhere().filter_map(|setting| Some((setting.key, matches.get_one::<String>(setting.key)?.clone())));
        self.values = given.collect();
        Ok(())
    }
}
