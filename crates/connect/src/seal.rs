//! Secrets at rest: XChaCha20-Poly1305 under one master key, which lies in a file of its own.
//!
//! A sealed secret is `version 1 | key id 8 | nonce 24 | ciphertext and tag`. It opens only under the workspace and name that it was
//! sealed for: whoever can write to the store cannot move one to where they may read it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::private::Exposed;

pub const KEY_BYTES: usize = 32;
pub const NONCE_BYTES: usize = 24;
const KEY_ID_BYTES: usize = 8;
const VERSION: u8 = 1;

pub struct MasterKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID_BYTES],
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the master key {} is missing, and there are secrets that only it opens: put it back", .0.display())]
    Missing(PathBuf),
    #[error("the master key {} {exposed}", path.display())]
    Exposed { path: PathBuf, exposed: Exposed },
    #[error("the master key {} is not {KEY_BYTES} bytes long", .0.display())]
    Length(PathBuf),
    #[error("the master key {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("it is not a sealed secret")]
    NotSealed,
    #[error("it was sealed with the master key {theirs}, and this one is {ours}")]
    OtherKey { theirs: String, ours: String },
    #[error("it was changed, or sealed for another workspace or name")]
    Changed,
}

impl MasterKey {
    /// The key in the file at `path`. On first use, when no secret exists yet, the file is made of `fresh`.
    pub fn load(path: &Path, secrets_exist: bool, fresh: impl FnOnce() -> [u8; KEY_BYTES]) -> Result<MasterKey, KeyError> {
        let io = |error| KeyError::Io { path: path.to_owned(), error };
        let file = match OpenOptions::new().read(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && secrets_exist => return Err(KeyError::Missing(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write(path, &Zeroizing::new(fresh())).map_err(io)?;
                File::open(path).map_err(io)?
            }
            opened => opened.map_err(io)?,
        };
        if let Some(exposed) = Exposed::of(&file).map_err(io)? {
            return Err(KeyError::Exposed { path: path.to_owned(), exposed });
        }
        // One byte more than a key has, so that a longer file is seen.
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        let key: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| KeyError::Length(path.to_owned()))?;
        Ok(MasterKey::new(key))
    }

    pub fn new(key: &[u8; KEY_BYTES]) -> MasterKey {
        let digest = Sha256::new().chain_update(b"baton master key ").chain_update(key).finalize();
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        MasterKey { cipher: XChaCha20Poly1305::new(key.into()), id }
    }

    /// Tells keys apart, and nothing about the key.
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// `nonce`: random, never used before.
    pub fn seal(&self, workspace: &str, name: &str, secret: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = self.bound_to(workspace, name);
        let payload = Payload { msg: secret, aad: &aad };
        let encrypted = self.cipher.encrypt(&XNonce::from(nonce), payload).expect("no secret is longer than the cipher's 256 GiB");
        [&[VERSION][..], &self.id, &nonce, &encrypted].concat()
    }

    pub fn open(&self, workspace: &str, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (version, rest) = sealed.split_first().ok_or(OpenError::NotSealed)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or(OpenError::NotSealed)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::NotSealed)?;
        if *version != VERSION {
            return Err(OpenError::NotSealed);
        }
        if *id != self.id {
            return Err(OpenError::OtherKey { theirs: hex(id), ours: self.id() });
        }
        let aad = self.bound_to(workspace, name);
        let payload = Payload { msg: encrypted, aad: &aad };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| OpenError::Changed)
    }

    /// Each part with its length, so that no two pairs of workspace and name read the same.
    fn bound_to(&self, workspace: &str, name: &str) -> Vec<u8> {
        let parts = [&[VERSION][..], &self.id, workspace.as_bytes(), name.as_bytes()];
        parts.iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.iter().copied())).collect()
    }
}

/// Whole or not at all, and never over a key that is there: another process may have made one since.
fn write(path: &Path, key: &[u8; KEY_BYTES]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may open such a file, from the moment it is there.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => File::open(folder)?.sync_all(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
