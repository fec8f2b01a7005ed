use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::of(variables.iter().map(|(name, value)| (name.into(), value.into())))
}

fn flags(folder: &tempfile::TempDir, file: &str, values: &[(&'static str, &str)]) -> Flags {
    let path = folder.path().join("baton.toml");
    std::fs::write(&path, file).expect("the folder is ours");
    Flags { config: Some(path), values: values.iter().map(|(key, value)| (*key, (*value).to_owned())).collect() }
}

fn read(file: &str, variables: &[(&str, &str)], values: &[(&'static str, &str)]) -> Result<Settings, Trouble> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Settings::read(&flags(&folder, file, values), &environment(variables))
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let file = "workers = 3\n[log]\nlevel = \"warn\"\n";
    for (file, variables, values, workers, origin) in [
        ("", vec![], vec![], 64, "default"),
        (file, vec![], vec![], 3, "file"),
        (file, vec![("BATON_WORKERS", "5")], vec![], 5, "environment BATON_WORKERS"),
        (file, vec![("BATON_WORKERS", "5")], vec![("workers", "7")], 7, "flag --workers"),
        (file, vec![("BATON_WORKERS", "")], vec![], 3, "file"),
    ] {
        let settings = read(file, &variables, &values).expect("it is all allowed");
        assert_eq!(settings.workers, workers);
        assert!(settings.origin(&table::WORKERS).expect("it has a value").to_string().starts_with(origin), "{origin}");
    }
}

#[test]
fn a_wrong_setting_is_told_with_key_value_and_what_is_allowed() {
    let whole = "a whole number from 1 to 1024";
    for (file, variables, values, sentences) in [
        ("", vec![], vec![("workers", "0")], vec![format!("workers is \"0\" (flag --workers); allowed is {whole}")]),
        ("", vec![("BATON_LISTEN", "3000")], vec![], vec![
            "listen is \"3000\" (environment BATON_LISTEN); allowed is an IP address and a port, such as 127.0.0.1:3000 or [::1]:3000".to_owned(),
        ]),
        ("", vec![], vec![("log.level", "loud"), ("log.format", "xml")], vec![
            "log.level is \"loud\" (flag --log-level); allowed is off, error, warn, info, debug or trace".to_owned(),
            "log.format is \"xml\" (flag --log-format); allowed is human or json".to_owned(),
        ]),
        ("", vec![], vec![("public_url", "ftp://x")], vec![
            "public_url is \"ftp://x\" (flag --public-url); allowed is an http or https URL without query, such as https://baton.example.com".to_owned(),
        ]),
        ("", vec![], vec![("database_url", "mysql://root:geheim@x/y")], vec![
            "database_url is \"mysql://root:***@x/y\" (flag --database-url); allowed is postgres://user:password@host/database".to_owned(),
        ]),
        ("workers = true", vec![], vec![], vec![format!("workers is true (file FILE); allowed is {whole}")]),
        ("lisen = \"x\"\n[limits]\nbodymib = 3\n[zzz]\nq = [1]", vec![], vec![], vec![
            "FILE: limits.bodymib is not a setting; did you mean limits.body_mib?".to_owned(),
            "FILE: lisen is not a setting; did you mean listen?".to_owned(),
            "FILE: zzz.q is not a setting".to_owned(),
        ]),
        ("listen = ", vec![], vec![], vec!["FILE is not valid TOML".to_owned()]),
        ("role = \"both\"", vec![], vec![], vec!["role is \"both\" (file FILE); allowed is all, web or worker".to_owned()]),
        ("[outbound]\nallow = [\"10.0.0.0/8\", \"intranet\"]", vec![], vec![], vec![
            "outbound.allow is \"10.0.0.0/8,intranet\" (file FILE); allowed is networks like 10.1.0.0/16, fd00::/8 or 10.1.2.3".to_owned(),
        ]),
        ("[outbound]\nallow = [8]", vec![], vec![], vec!["outbound.allow is [8] (file FILE); allowed is networks like".to_owned()]),
        ("listen = [\"x\"]", vec![], vec![], vec!["listen is [\"x\"] (file FILE); allowed is an IP address".to_owned()]),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let flags = flags(&folder, file, &values);
        let path = flags.config.as_ref().expect("just set").display().to_string();
        let Err(Trouble::Usage(told)) = Settings::read(&flags, &environment(&variables)) else { panic!("{file:?} {values:?} is allowed") };
        let told: Vec<String> = told.iter().map(|sentence| sentence.replace(&path, "FILE")).collect();
        assert_eq!(told.len(), sentences.len(), "{told:?}");
        for (told, expected) in told.iter().zip(&sentences) {
            assert!(told.starts_with(expected), "{told} instead of {expected}");
        }
    }
}

#[test]
fn a_named_file_must_exist() {
    let flags = Flags { config: Some("/nowhere/baton.toml".into()), ..Flags::default() };
    let Err(Trouble::Usage(told)) = Settings::read(&flags, &Environment::default()) else { panic!("a missing file is read") };
    assert!(told[0].starts_with("/nowhere/baton.toml can't be read"), "{told:?}");
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let environment = environment(&[("BATON_LISTN", "x"), ("BATON_WORKERS", "3"), ("BATON_FAIL_POINT", "x:1"), ("HOME", "x")]);
    assert_eq!(environment.warnings(), ["BATON_LISTN is not a setting; did you mean BATON_LISTEN?; it is ignored"]);
}

#[test]
fn what_is_shown_hides_passwords_and_is_a_file_again() {
    for (url, shown) in [
        ("postgres://baton:geheim@db/baton", "postgres://baton:***@db/baton"),
        ("postgres://db/baton?user=baton&password=geheim", "postgres://db/baton?user=baton&password=***"),
        ("postgres://baton@db/baton?sslmode=require", "postgres://baton@db/baton?sslmode=require"),
    ] {
        let settings = read("", &[], &[("database_url", url)]).expect("it is allowed");
        let text = show(&settings);
        assert!(text.contains(&format!("database_url = \"{shown}\"")) && !text.contains("geheim"), "{text}");
        assert!(text.contains("# public_url") && text.contains("# not set") && text.contains("workers = 64"), "{text}");
        assert!(read(&text, &[], &[]).is_ok(), "{text}");
    }
}

#[test]
fn addresses_lose_the_slash_at_the_end() {
    let settings = read("", &[], &[("public_url", "https://x.example/baton/")]).expect("it is allowed");
    assert_eq!(settings.public_url.as_deref(), Some("https://x.example/baton"));
}

#[test]
fn the_mail_server_is_set_whole_or_not_at_all() {
    let from = "an e-mail address, such as baton@example.com or Baton <baton@example.com>";
    for (values, told) in [
        (
            vec![("smtp.host", "mail")],
            vec![format!("smtp.from is not set, but smtp.host is \"mail\" (flag --smtp-host); allowed is {from}")],
        ),
        (
            vec![("smtp.port", "25")],
            vec![
                "smtp.host is not set, but smtp.port is \"25\" (flag --smtp-port); allowed is the name or the IP address of a host"
                    .to_owned(),
            ],
        ),
        (
            vec![("smtp.host", "mail"), ("smtp.from", "a@b.c"), ("smtp.user", "ada")],
            vec!["smtp.password_file is not set, but smtp.user is \"ada\" (flag --smtp-user); allowed is a path".to_owned()],
        ),
        (
            vec![("smtp.host", "mail"), ("smtp.from", "a@b.c"), ("smtp.password_file", "p")],
            vec![
                "smtp.user is not set, but smtp.password_file is \"p\" (flag --smtp-password-file); allowed is a name without control \
                 characters"
                    .to_owned(),
            ],
        ),
        (
            vec![("smtp.host", "mail:25"), ("smtp.from", "Baton"), ("smtp.port", "0"), ("smtp.tls", "ssl")],
            vec![
                "smtp.host is \"mail:25\" (flag --smtp-host); allowed is the name or the IP address of a host".to_owned(),
                "smtp.port is \"0\" (flag --smtp-port); allowed is a whole number from 1 to 65535".to_owned(),
                "smtp.tls is \"ssl\" (flag --smtp-tls); allowed is none, starttls or tls".to_owned(),
                format!("smtp.from is \"Baton\" (flag --smtp-from); allowed is {from}"),
            ],
        ),
    ] {
        assert_eq!(read("", &[], &values).map(drop), Err(Trouble::Usage(told)), "{values:?}");
    }
    assert!(read("", &[], &[]).expect("it is allowed").smtp.is_none());
}

#[test]
fn the_port_follows_from_how_the_connection_is_kept_secret() {
    for (more, port) in [
        (vec![], 587),
        (vec![("smtp.tls", "starttls")], 587),
        (vec![("smtp.tls", "tls")], 465),
        (vec![("smtp.tls", "none")], 25),
        (vec![("smtp.tls", "tls"), ("smtp.port", "2465")], 2465),
    ] {
        let values = [vec![("smtp.host", "::1"), ("smtp.from", "Baton <baton@example.com>")], more].concat();
        let smtp = read("", &[], &values).expect("it is allowed").smtp.expect("it is set");
        assert_eq!((smtp.host.as_str(), smtp.port), ("::1", port));
    }
}

#[test]
fn networks_are_a_list_in_the_file_and_a_text_elsewhere() {
    let allowed = |settings: Settings| settings.outbound_allow.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (file, variables) in [
        ("outbound.allow = [\"10.1.0.0/16\", \"fd00::/8\"]", vec![]),
        ("outbound.allow = \"10.1.0.0/16,fd00::/8\"", vec![]),
        ("outbound.allow = [\"127.0.0.1\"]", vec![("BATON_OUTBOUND_ALLOW", "10.1.0.0/16, fd00::/8")]),
    ] {
        let settings = read(file, &variables, &[]).expect("it is allowed");
        let again = read(&show(&settings), &[], &[]).expect("what is shown is a file again");
        for settings in [settings, again] {
            assert_eq!(allowed(settings), ["10.1.0.0/16", "fd00::/8"]);
        }
    }
    assert!(allowed(read("outbound.allow = []", &[], &[]).expect("it is allowed")).is_empty());
}

#[test]
fn the_master_key_is_in_the_data_folder_unless_said_otherwise() {
    for (values, path) in [(vec![("data", "x")], "x/master.key"), (vec![("data", "x"), ("master_key_file", "/run/key")], "/run/key")] {
        assert_eq!(read("", &[], &values).expect("it is allowed").master_key_file().to_str(), Some(path));
    }
}
