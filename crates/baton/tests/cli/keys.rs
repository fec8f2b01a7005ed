use crate::site::Site;

#[test]
fn a_key_is_printed_alone_narrowed_listed_and_revoked() {
    let (site, _) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let server = site.serve(&[]);
    let tasks = format!("/api/v1/workflows/{workflow}/tasks");

    let key = site.ok(&["api-key", "create", "--workspace", "Acme", "--name", "Reader", "--read-only", "--workflow", "reviews"]);
    assert!(key.starts_with("bat_") && key.chars().all(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_'), "{key}");
    assert_eq!(server.get(&tasks, &key).status, 200);
    assert_eq!(server.post(&tasks, &key, "{\"Title\":\"x\"}").status, 403);

    let listed = site.ok(&["api-key", "list"]);
    assert!(!listed.contains("bat_"), "{listed}");
    let line = listed.lines().find(|line| line.ends_with("Reader")).expect("it is listed");
    assert!(line.contains("active  read-only, workflows ") && line.contains(&workflow), "{line}");

    let id = line.split_whitespace().next().expect("a line has an id");
    site.ok(&["api-key", "revoke", id]);
    assert_eq!(server.get(&tasks, &key).status, 401);
    assert!(site.ok(&["api-key", "list"]).contains("revoked"));
}

#[test]
fn a_key_that_can_not_be_is_refused() {
    let (site, _) = Site::with_workspace();
    for (arguments, told) in [
        (vec!["api-key", "create", "--name", ""], "error: name is \"\"; allowed is 1 to 100 characters without control characters"),
        (vec!["api-key", "create", "--name", "x", "--workflow", "Reviws"], "error: there is no workflow \"Reviws\""),
        (vec!["api-key", "revoke", "x"], "error: key is \"x\"; allowed is the id of a key (`baton api-key list` shows them)"),
    ] {
        assert_eq!(site.refused(&arguments), told);
    }
}

#[test]
fn a_role_must_be_one_that_there_is() {
    let (site, _) = Site::with_workspace();
    let create = |more: &[&str]| {
        let ended = site.run(&[&["api-key", "create", "--name", "x"], more].concat());
        (ended.code, ended.err.lines().last().unwrap_or_default().to_owned())
    };
    let told = |role: &str, allowed: &str| (1, format!("error: role is {role:?}; allowed is {allowed}"));
    assert_eq!(create(&["--role", "Boss"]), told("Boss", "Administrator, Collaborator"));
    assert_eq!(create(&["--role", "Collaborator"]).0, 0);

    site.apply_reviews();
    site.write("claims.yaml", "{ name: Claims, stages: [{ name: Open }], roles: [{ name: Adjuster }] }");
    site.ok(&["apply", "claims.yaml"]);
    assert_eq!(create(&["--role", "Adjuster"]).0, 0);
    assert_eq!(create(&["--role", " Adjuster ", "--workflow", " claims "]).0, 0);
    assert_eq!(create(&["--role", "Boss"]), told("Boss", "Administrator, Collaborator, Adjuster"));
    let both = ["--workflow", "Reviews", "--workflow", "Claims"];
    for workflows in [&both[..2], &both] {
        let arguments = [&["--role", "Adjuster"], workflows].concat();
        assert_eq!(create(&arguments), told("Adjuster", "Administrator, Collaborator"));
    }
}

#[test]
fn a_key_for_a_time_says_when_it_is_over() {
    let (site, _) = Site::with_workspace();
    let key = site.ok(&["api-key", "create", "--name", "Short", "--expires-in", "90d"]);
    let server = site.serve(&[]);
    assert_eq!(server.get("/api/v1/workspace", &key).status, 200);
}
