//! A file that is written beside its name, and has it only once it is whole.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub struct Partial {
    pub file: File,
    pub path: PathBuf,
    kept: bool,
}

/// Always a fresh one: what has this name already stays as it is, and nobody can have opened this one before or have let it lead elsewhere.
pub fn create(path: &Path, mode: u32) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(mode).open(path)
}

impl Partial {
    /// `file` is ours alone: where it is not kept, its name is taken away.
    pub fn new(file: File, path: PathBuf) -> Partial {
        Partial { file, path, kept: false }
    }

    /// It has its name only when all of it is on the disk, and the name is, too.
    pub fn keep(mut self, to: &Path) -> io::Result<()> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.path, to));
        self.kept = kept.is_ok();
        kept.and_then(|()| File::open(folder)?.sync_all())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            drop(fs::remove_file(&self.path));
        }
    }
}
