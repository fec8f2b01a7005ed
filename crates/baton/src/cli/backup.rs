//! `baton backup`

use std::fs::{File, TryLockError};
use std::io::{self, IsTerminal, Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use baton_store::backup::Copied;

use super::progress::Bar;
use super::{note, print};
use crate::admin;
use crate::settings::Settings;
use crate::trouble::Trouble;

#[derive(clap::Args)]
pub struct Backup {
    /// The file to write, which must not exist; - is stdout
    file: PathBuf,
}

impl Backup {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        if self.file == Path::new("-") {
            if stdout().is_terminal() {
                return Err(Trouble::usage("a backup is no text for a terminal: send it to a file or a program"));
            }
            back_up(settings, Box::new(stdout()))?;
        } else {
            let partial = Partial::begin(&self.file)?;
            let out = partial.file.try_clone().map_err(|error| unwritten(&partial.path, &error))?;
            let Copied { schema, rows } = back_up(settings, Box::new(out))?;
            partial.keep(&self.file)?;
            print(&format!("{}: {rows} rows of schema {schema}", self.file.display()))?;
        }
        note("The master key is not in it, and without the key the secrets in it can't be opened: keep a copy of it, apart from this.");
        Ok(())
    }
}

fn back_up(settings: &Settings, out: Box<dyn Write + Send>) -> Result<Copied, Trouble> {
    let mut bar = Bar::new();
    admin::back_up(settings, out, move |progress| bar.draw(progress))
}

/// A backup that is not whole yet; one that is interrupted stays as such, and the next takes its place.
struct Partial {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Partial {
    fn begin(to: &Path) -> Result<Partial, Trouble> {
        refuse_if_there(to)?;
        let mut path = to.as_os_str().to_owned();
        path.push(".partial");
        let path = PathBuf::from(path);
        let opened = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| unwritten(&path, &error))?;
        match file.try_lock() {
            Ok(()) => file.set_len(0).map_err(|error| unwritten(&path, &error))?,
            Err(TryLockError::WouldBlock) => {
                return Err(Trouble::refused(format!(
                    "another backup is just writing {}: let it end, or name another file",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unwritten(&path, &error)),
        }
        Ok(Partial { file, path, kept: false })
    }

    /// It has its name only when all of it is on the disk, and the name is, too.
    fn keep(mut self, to: &Path) -> Result<(), Trouble> {
        refuse_if_there(to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let kept = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, to));
        self.kept = kept.is_ok();
        kept.and_then(|()| File::open(folder)?.sync_all()).map_err(|error| unwritten(to, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn refuse_if_there(to: &Path) -> Result<(), Trouble> {
    match to.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritten(to, &error)),
        Ok(_) => Err(Trouble::refused(format!("{} is there already, and no backup is overwritten: name another file", to.display()))),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    Trouble::refused(format!("{} can't be written: {error}", path.display()))
}
