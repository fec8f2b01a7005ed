use crate::site::Site;

#[test]
fn a_whole_history_is_counted() {
    let (site, _) = Site::with_workspace();
    site.apply_reviews();
    let told = site.ok(&["audit", "verify"]);
    assert!(told.starts_with("Acme: ") && told.ends_with(" 0 of them erased, 0 not sealed yet: whole"), "{told}");
    let _server = site.serve(&[]);
    assert_eq!(site.ok(&["audit", "verify"]), told);
}

#[test]
fn what_was_tampered_with_is_named() {
    for (change, fault) in [
        ("UPDATE activity SET at = at + 1 WHERE sequence = 3", "error: Acme: row 3 ("),
        ("DELETE FROM activity WHERE sequence = 2", "error: Acme: row 2 has been removed"),
    ] {
        let (site, _) = Site::with_workspace();
        site.apply_reviews();
        let database = rusqlite::Connection::open(site.data().join("baton.db")).expect("it is there");
        assert_eq!(database.execute(change, []).expect("it is changed"), 1);
        drop(database);
        let ended = site.run(&["audit", "verify"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.out.trim_end().ends_with("NOT whole"), "{}", ended.out);
        assert!(ended.err.starts_with(fault), "{}", ended.err);
    }
}
