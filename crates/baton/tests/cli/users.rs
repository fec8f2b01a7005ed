use crate::site::Site;

/// E-mail and state of each.
fn users(site: &Site) -> Vec<(String, String)> {
    let listed = site.ok(&["user", "list"]);
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    listed.lines().skip(1).map(cells).map(|cells| (cells[3].clone(), cells[1].clone())).collect()
}

fn is(email: &str, state: &str) -> (String, String) {
    (email.to_owned(), state.to_owned())
}

#[test]
fn users_are_added_turned_off_and_on() {
    let (site, _) = Site::with_workspace();
    site.ok(&["user", "add", "rosa@example.com", "--first-name", "Rosa", "--last-name", "Martín"]);
    assert_eq!(users(&site), [is("ada@example.com", "active"), is("rosa@example.com", "active")]);
    assert_eq!(site.refused(&["user", "add", "ROSA@example.com"]), "error: email has already been taken");
    site.ok(&["user", "deactivate", "Rosa@Example.com"]);
    assert_eq!(users(&site)[1], is("rosa@example.com", "deactivated"));
    site.ok(&["user", "activate", "rosa@example.com"]);
    assert_eq!(users(&site)[1], is("rosa@example.com", "active"));
    assert_eq!(site.refused(&["user", "deactivate", "nobody@example.com"]), "error: email is not a user of this workspace");
    assert!(site.refused(&["user", "deactivate", "ada@example.com"]).contains("last"));
}

#[test]
fn a_collaborator_gets_a_role_or_nothing_is_made() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let add = |role: &str| site.run(&["user", "add", "rosa@example.com", "--workflow", "Reviews", "--role", role]);

    let refused = add("Boss");
    assert_eq!(
        (refused.code, refused.err.trim_end()),
        (1, "error: there is no role \"Boss\" in Reviews; allowed is Administrator, Collaborator")
    );
    assert_eq!(users(&site), [is("ada@example.com", "active")]);
    assert_eq!(site.run(&["user", "add", "rosa@example.com", "--role", "Collaborator"]).code, 2);

    assert_eq!(add(" Collaborator").code, 0);
    assert_eq!(users(&site)[1], is("rosa@example.com", "active"));
    // Who is known stays as they are.
    let again = |more: &[&str]| {
        let ended = site.run(&[&["user", "add", "ROSA@example.com", "--workflow", "Reviews"], more].concat());
        (ended.code, ended.err.trim_end().to_owned())
    };
    let told = |what: &str| (1, format!("error: a user who is there already stays as they are: {what}; leave it out"));
    assert_eq!(again(&["--admin"]), told("rosa@example.com is no admin"));
    let names =
        "--first-name is \"Rosa\", but that of ROSA@example.com is \"\"; --last-name is \"M\", but that of ROSA@example.com is \"\"";
    assert_eq!(again(&["--first-name", "Rosa", "--last-name", "M"]), told(names));
    assert_eq!(again(&["--role", "Administrator"]).0, 0);

    let server = site.serve(&[]);
    let listed = server.get(&format!("/api/v1/workflows/{workflow}/users"), made["api_key"].as_str().expect("a key"));
    assert!(listed.body.contains("rosa@example.com"), "{}", listed.body);
}
