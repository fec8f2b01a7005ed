//! `baton backup`

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, IsTerminal, Write, stdout};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use baton_store::backup::Copied;

use super::partial::{self, Partial};
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
            back_up(settings, Box::new(stdout()), "stdout")?;
        } else {
            let partial = begin(&self.file)?;
            let out = partial.file.try_clone().map_err(|error| unwritten(&partial.path, &error))?;
            let Copied { schema, rows } = back_up(settings, Box::new(out), &self.file.display().to_string())?;
            keep(partial, &self.file)?;
            print(&format!("{}: {rows} rows of schema {schema}", self.file.display()))?;
        }
        note("The master key is not in it, and without the key the secrets in it can't be opened: keep a copy of it, apart from this.");
        Ok(())
    }
}

fn back_up(settings: &Settings, out: Box<dyn Write + Send>, name: &str) -> Result<Copied, Trouble> {
    let mut bar = Bar::new();
    admin::back_up(settings, out, name, move |progress| bar.draw(progress))
}

/// One that is interrupted stays as such, and the next takes its place.
fn begin(to: &Path) -> Result<Partial, Trouble> {
    let mut path = to.as_os_str().to_owned();
    path.push(".partial");
    let path = PathBuf::from(path);
    loop {
        refuse_if_there(to)?;
        match partial::create(&path, 0o600) {
            Ok(file) if is_ours(&file, &path)? => return Ok(Partial::new(file, path)),
            // Somebody took it for one that was left.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take_away(&path)?,
            Err(error) => return Err(unwritten(&path, &error)),
        }
    }
}

fn keep(partial: Partial, to: &Path) -> Result<(), Trouble> {
    refuse_if_there(to)?;
    partial.keep(to).map_err(|error| unwritten(to, &error))
}

/// What is left of one that was interrupted.
fn take_away(path: &Path) -> Result<(), Trouble> {
    let unless_gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(unwritten(path, &error)),
    };
    match path.symlink_metadata() {
        Ok(there) if there.is_file() => {}
        Ok(_) => {
            return Err(Trouble::refused(format!("{} is there, and is no file: take it away, or name another file", path.display())));
        }
        Err(error) => return unless_gone(error),
    }
    match File::open(path) {
        // The lock is held until the name is gone.
        Ok(file) => {
            if is_ours(&file, path)? {
                std::fs::remove_file(path).or_else(unless_gone)
            } else {
                Ok(())
            }
        }
        Err(error) => unless_gone(error),
    }
}

/// Whether what was opened is locked by us and still has this name: whoever held it before may have given it another, and then it is a
/// whole backup.
fn is_ours(file: &File, path: &Path) -> Result<bool, Trouble> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let path = path.display();
            return Err(Trouble::refused(format!("another backup is just writing {path}: let it end, or name another file")));
        }
        Err(TryLockError::Error(error)) => return Err(unwritten(path, &error)),
    }
    let place = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let opened = file.metadata().map(place).map_err(|error| unwritten(path, &error))?;
    Ok(path.symlink_metadata().is_ok_and(|named| place(named) == opened))
}

fn refuse_if_there(to: &Path) -> Result<(), Trouble> {
    match to.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritten(to, &error)),
        Ok(_) => Err(Trouble::refused(format!("{} is there already, and no backup is overwritten: name another file", to.display()))),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    Trouble::unwritten(path.display(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_has_ended_is_not_taken_for_one_that_was_left() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let to = folder.path().join("b.gz");
        let first = begin(&to).expect("nothing is there");
        // A second command has opened the same before the first ends.
        let (second, path) = (File::open(&first.path).expect("it is there"), first.path.clone());
        assert!(is_ours(&second, &path).is_err(), "the first is writing");
        keep(first, &to).expect("it is whole");
        assert_eq!(is_ours(&second, &path), Ok(false));
        assert!(begin(&to).is_err() && to.exists() && !path.exists());
    }
}
