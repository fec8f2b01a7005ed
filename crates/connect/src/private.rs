//! A file that holds a secret, and who may use it.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

const ROOT: u32 = 0;
/// Any right of the group or of everybody.
const OF_OTHERS: u32 = 0o077;
/// The same, without the group's to read.
const OF_OTHERS_BUT_GROUP_READ: u32 = 0o037;

/// It is nobody's secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "may be used by others: its mode is {mode:04o} and its owner is user {owner}; allowed is at most 0600 of user {user}, as whom this \
    process runs, or at most 0640 of root (user {ROOT})"
)]
pub struct Exposed {
    mode: u32,
    owner: u32,
    user: u32,
}

impl Exposed {
    /// What PostgreSQL asks of its key file. Root alone may let a group read it: so a secret that an orchestrator mounts reaches a
    /// process that is not root.
    pub fn by(mode: u32, owner: u32, user: u32) -> Option<Exposed> {
        let own = owner == user && mode & OF_OTHERS == 0;
        let mounted = owner == ROOT && mode & OF_OTHERS_BUT_GROUP_READ == 0;
        if own || mounted { None } else { Some(Exposed { mode, owner, user }) }
    }

    /// Of an open file, so that it is the very one that is then read.
    pub fn of(file: &File) -> io::Result<Option<Exposed>> {
        let found = file.metadata()?;
        Ok(Exposed::by(found.mode() & 0o7777, found.uid(), rustix::process::geteuid().as_raw()))
    }
}
