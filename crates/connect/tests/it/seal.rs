use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use baton_connect::private::Exposed;
use baton_connect::seal::{KeyError, MasterKey, OpenError};
use proptest::prelude::*;

const NONCE: [u8; 24] = [9; 24];

fn key(byte: u8) -> MasterKey {
    MasterKey::new(&[byte; 32])
}

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).expect("the folder is ours");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

fn never() -> [u8; 32] {
    panic!("a key that is there is not made anew")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("there is room"))
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("master.key")
    }
}

#[test]
fn the_first_use_makes_the_file_for_its_owner_alone() {
    let folder = Folder::new();
    let made = MasterKey::load(&folder.key(), false, || [5; 32]).expect("it is made");
    assert_eq!(fs::read(folder.key()).expect("it is there"), [5; 32]);
    assert_eq!(fs::metadata(folder.key()).expect("it is there").permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.0.path()).expect("it is there").count(), 1, "nothing else is left");

    let read = MasterKey::load(&folder.key(), true, never).expect("it is read");
    let sealed = made.seal("wor_1", "token", b"canary", NONCE);
    assert_eq!(&read.open("wor_1", "token", &sealed).expect("the same key")[..], b"canary");
}

#[test]
fn a_key_made_meanwhile_is_kept() {
    let folder = Folder::new();
    let path = folder.key();
    let meanwhile = || {
        write(&path, &[6; 32], 0o600);
        [5; 32]
    };
    assert_eq!(MasterKey::load(&path, false, meanwhile).expect("one is there").id(), key(6).id());
}

#[test]
fn a_key_that_may_not_be_used_is_told() {
    let folder = Folder::new();
    let path = folder.key();
    let load = |secrets_exist| match MasterKey::load(&path, secrets_exist, never) {
        Ok(_) => panic!("it may not be used"),
        Err(error) => error,
    };
    let place = path.display();

    let missing = load(true);
    assert!(matches!(missing, KeyError::Missing(_)));
    assert_eq!(missing.to_string(), format!("the master key {place} is missing, and there are secrets that only it opens: put it back"));
    assert!(!path.exists(), "no other is made in its place");

    for mode in [0o604, 0o620, 0o601, 0o777] {
        write(&path, &[5; 32], mode);
        let owner = fs::metadata(&path).expect("it is there").uid();
        let exposed = Exposed::by(mode, owner, owner).expect("others may use it");
        assert_eq!(load(false).to_string(), format!("the master key {place} {exposed}"));
    }
    for length in [0, 31, 33, 1000] {
        write(&path, &vec![5; length], 0o600);
        assert_eq!(load(false).to_string(), format!("the master key {place} is not 32 bytes long"));
    }
    fs::remove_file(&path).expect("the file is ours");
    fs::create_dir(&path).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("the folder is ours");
    assert!(matches!(load(true), KeyError::Io { .. }));
}

#[test]
fn a_secret_opens_only_where_it_was_sealed() {
    let sealed = key(1).seal("wor_1", "token", b"canary", NONCE);
    assert!(!sealed.windows(6).any(|part| part == b"canary"));
    assert_eq!(&key(1).open("wor_1", "token", &sealed).expect("it is the place")[..], b"canary");
    for (workspace, name) in [("wor_2", "token"), ("wor_1", "token2"), ("wor_1t", "oken"), ("", "wor_1token"), ("token", "wor_1")] {
        assert_eq!(key(1).open(workspace, name, &sealed), Err(OpenError::Changed), "{workspace} {name}");
    }
}

#[test]
fn another_key_is_told_as_such() {
    let sealed = key(1).seal("wor_1", "token", b"canary", NONCE);
    let (theirs, ours) = (key(1).id(), key(2).id());
    let error = key(2).open("wor_1", "token", &sealed).expect_err("it is another key");
    assert_eq!(error.to_string(), format!("it was sealed with the master key {theirs}, and this one is {ours}"));
    assert_ne!(theirs, ours);
}

/// Computed apart from this code, from the drafts: HChaCha20, then ChaCha20-Poly1305.
#[test]
fn what_was_sealed_once_opens_for_ever() {
    let sealed = key(1).seal("wor_1", "token", b"canary", NONCE);
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, SEALED_ONCE);
}

const SEALED_ONCE: &str = "01df33fa86c249a88e090909090909090909090909090909090909090909090909908cd1f72cbff40fba1e6f02a2e3a08237dc5a750633";

proptest! {
    #[test]
    fn any_secret_comes_back_and_any_change_is_found(
        secret in proptest::collection::vec(any::<u8>(), 0..200),
        nonce in any::<[u8; 24]>(),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let sealed = key(1).seal("wor_1", "token", &secret, nonce);
        prop_assert_eq!(&key(1).open("wor_1", "token", &sealed).expect("it was not changed")[..], &secret[..]);

        let mut changed = sealed.clone();
        changed[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(key(1).open("wor_1", "token", &changed).is_err());
        prop_assert!(key(1).open("wor_1", "token", &sealed[..cut.index(sealed.len())]).is_err());
    }
}
