//! Where the demo keeps its data: never where other data is.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::trouble::Trouble;
use crate::wiring;

pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    pub fn new(wanted: Option<PathBuf>) -> Result<Folder, Trouble> {
        match wanted {
            Some(path) => {
                if is_used(&path) {
                    let sentence = "is not empty, and the demo makes all its data anew: name a folder that does not exist yet";
                    return Err(Trouble::refused(format!("{} {sentence}", path.display())));
                }
                wiring::make_folder(&path).map_err(Trouble::refused)?;
                Ok(Folder { path, temporary: false })
            }
            None => Ok(Folder { path: make_temporary()?, temporary: true }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn what_becomes_of_it(&self) -> String {
        if self.temporary {
            " Then its data is removed; `baton demo --data FOLDER` keeps it.".to_owned()
        } else {
            let served = format!("`baton serve --data {}` goes on with it", self.path.display());
            format!(" Its data is kept: {served}, but the bookkeeping, the bank and the mailbox end with the demo.")
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What can't be removed is left to whoever cleans temporary folders.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

fn is_used(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

fn make_temporary() -> Result<PathBuf, Trouble> {
    let parent = std::env::temp_dir();
    for number in 0..100 {
        let path = parent.join(format!("baton-demo-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Trouble::refused(format!("{} can't be made: {error}; say --data FOLDER", path.display()))),
        }
    }
    Err(Trouble::refused(format!("{} is full of folders of earlier demos: remove them, or say --data FOLDER", parent.display())))
}
