use std::os::unix::fs::PermissionsExt;

use crate::site::{Site, mode};

#[test]
fn the_first_start_makes_a_key_that_only_its_owner_may_read_and_the_next_one_keeps_it() {
    let site = Site::new();
    let path = site.data().join("master.key");
    assert_eq!(site.serve(&[]).stop(), Some(0));
    let key = std::fs::read(&path).expect("it is made");
    assert_eq!((key.len(), mode(&path)), (32, 0o600));
    assert_eq!(site.serve(&[]).stop(), Some(0));
    assert_eq!(std::fs::read(&path).expect("it is there"), key);
}

#[test]
fn a_key_that_is_lost_wrong_or_open_to_others_stops_the_start() {
    let site = Site::new();
    let path = site.data().join("master.key");
    assert_eq!(site.serve(&[]).stop(), Some(0));
    let key = std::fs::read(&path).expect("it is made");

    std::fs::remove_file(&path).expect("it is ours");
    let told = "error: the master key ./baton-data/master.key is missing, and this store's secrets are sealed with it: put it back from its \
        backup, copy it from another node, or say by --master-key-file where it is";
    assert_eq!(site.start_refused(&[]), told);
    assert!(!path.exists(), "a lost key is replaced");

    std::fs::write(&path, [7; 32]).expect("the folder is ours");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("it is ours");
    let told = site.start_refused(&[]);
    let ends = "copy that one there from its backup or from another node, or say by --master-key-file where it is";
    assert!(told.starts_with("error: the master key ./baton-data/master.key is ") && told.ends_with(ends), "{told}");

    std::fs::write(&path, [7; 31]).expect("it is ours");
    assert_eq!(site.start_refused(&[]), "error: the master key ./baton-data/master.key is not 32 bytes long");

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("it is ours");
    let told = site.start_refused(&[]);
    let found = "error: the master key ./baton-data/master.key may be used by others: its mode is 0644 and its owner is user ";
    assert!(told.starts_with(found) && told.ends_with("or at most 0640 of root (user 0)"), "{told}");

    // The right one may lie elsewhere.
    let elsewhere = site.path("key");
    std::fs::write(&elsewhere, key).expect("the folder is ours");
    std::fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o600)).expect("it is ours");
    assert_eq!(site.serve(&["--master-key-file", "key"]).stop(), Some(0));
}

#[test]
fn a_password_that_others_may_read_stops_the_start() {
    let site = Site::new();
    let mail = ["--smtp-host", "127.0.0.1", "--smtp-from", "a@example.com", "--smtp-user", "a", "--smtp-password-file", "password"];
    assert_eq!(site.start_refused(&mail).find("smtp.password_file is \"password\", which can't be read: "), Some(7));
    site.write("password", "geheim\n");
    std::fs::set_permissions(site.path("password"), PermissionsExt::from_mode(0o644)).expect("it is ours");
    let told = site.start_refused(&mail);
    let found = "error: smtp.password_file is \"password\", which may be used by others: its mode is 0644 and its owner is user ";
    assert!(told.starts_with(found) && told.ends_with("or at most 0640 of root (user 0)"), "{told}");
    std::fs::set_permissions(site.path("password"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    assert_eq!(site.serve(&mail).stop(), Some(0));
    site.write("password", "\n");
    assert_eq!(site.start_refused(&mail), "error: smtp.password_file is \"password\", which has no password in its first line");
}
