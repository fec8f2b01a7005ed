use crate::site::{Site, mode};

#[test]
fn init_makes_a_workspace_its_admin_and_a_key_that_works() {
    let (site, made) = Site::with_workspace();
    assert_eq!(mode(&site.data()), 0o700);
    let keys: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["workspace_id", "user_id", "api_key"]);
    let server = site.serve(&[]);
    let answer = server.get("/api/v1/workspace", made["api_key"].as_str().expect("a key"));
    assert_eq!((answer.status, answer.json()), (200, serde_json::json!({ "id": made["workspace_id"], "name": "Acme" })));
}

#[test]
fn a_second_workspace_must_be_named_from_then_on() {
    let (site, _) = Site::with_workspace();
    let _server = site.serve(&[]);
    site.write("password", "correct horse\nand more");
    let other = ["init", "--workspace", "Other", "--admin-email", "bea@example.com", "--admin-password-file", "password"];
    assert!(site.ok(&other).contains("\"api_key\":\"bat_"));
    assert_eq!(site.refused(&["user", "list"]), "error: there are several workspaces: say --workspace, one of Acme, Other");
    assert_eq!(site.refused(&["user", "list", "--workspace", "Otter"]), "error: there is no workspace \"Otter\"; did you mean Other?");
    assert!(site.ok(&["user", "list", "--workspace", "Other"]).contains("bea@example.com"));
}

#[test]
fn an_account_that_is_there_keeps_its_password() {
    let (site, _) = Site::with_workspace();
    let other = |more: &[&str]| site.run(&[&["init", "--workspace", "Other", "--admin-email", "ADA@example.com"], more].concat());
    let refused = other(&["--admin-password", "correct horse"]);
    let told = "error: an account with this e-mail is there already and keeps its password: leave out --admin-password";
    assert_eq!((refused.code, refused.err.trim_end()), (1, told));
    assert!(site.refused(&["user", "list", "--workspace", "Other"]).starts_with("error: there is no workspace"), "it is made");
    assert_eq!(other(&[]).code, 0);
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_made() {
    let site = Site::new();
    for (arguments, told) in [
        (["", "ada@example.com", "--time-zone", "UTC"], "error: workspace is \"\"; allowed is 1 to 100 characters"),
        (["Acme", "ada", "--time-zone", "UTC"], "error: admin-email is \"ada\"; allowed is an e-mail address"),
        (["Acme", "ada@example.com", "--time-zone", "Mars"], "error: time-zone is \"Mars\"; allowed is an IANA time zone"),
        (
            ["Acme", "ada@example.com", "--admin-password", "secret"],
            "error: admin-password is \"too short\"; allowed is at least 8 characters",
        ),
        (["Acme", "ada@example.com", "--admin-password-file", "missing"], "error: missing can't be read"),
    ] {
        let [name, email, flag, value] = arguments;
        let said = site.refused(&["init", "--workspace", name, "--admin-email", email, flag, value]);
        assert!(said.starts_with(told), "{said}");
    }
    let said = site.refused(&["user", "list"]);
    assert!(said.starts_with("error: there is no workspace yet: make one by `baton init"), "{said}");
}
