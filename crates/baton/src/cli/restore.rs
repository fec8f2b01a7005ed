//! `baton restore`

use std::path::PathBuf;

use baton_connect::seal::{KEY_BYTES, MasterKey};
use baton_store::backup::{Restored, restore};

use super::progress::Bar;
use super::{note, print};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring::store_options;

#[derive(clap::Args)]
pub struct Restore {
    /// A backup, as `baton backup` writes it; the store that --data or --database-url names must hold nothing
    file: PathBuf,
}

impl Restore {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        let mut bar = Bar::new();
        let restored = restore(&store_options(settings), &self.file, &mut |progress| bar.draw(progress))?;
        drop(bar);
        let Restored { origin, rows, handed_back, master_key } = restored;
        print(&format!(
            "restored {rows} rows, as they were at {}, from schema {} of Baton {}",
            origin.made_at, origin.schema, origin.program
        ))?;
        if handed_back > 0 {
            print(&format!("under way then, and gone on with at the next start: {handed_back} executions or imports"))?;
        }
        if let Some(needed) = master_key {
            tell_of_key(settings, &needed);
        }
        Ok(())
    }
}

/// The start would say it, but whoever restores has the backups at hand now.
fn tell_of_key(settings: &Settings, needed: &str) {
    let path = settings.master_key_file();
    let path_shown = path.display();
    // None is made: this store has one already.
    match MasterKey::load(&path, true, || [0; KEY_BYTES]) {
        Ok(key) if key.id() == needed => {}
        Ok(key) => note(&format!(
            "warning: the secrets in it are sealed with the master key {needed}, and {path_shown} is {}: put the right one there before the \
            server starts, or say by --master-key-file where it is",
            key.id()
        )),
        Err(_) => note(&format!(
            "The secrets in it are sealed with the master key {needed}: put it at {path_shown} before the server starts, or say by \
            --master-key-file where it is"
        )),
    }
}
