use crate::site::{Site, ended};

#[test]
fn config_tells_each_value_and_where_it_came_from() {
    let site = Site::new();
    let file = "workers = 3\nlisten = \"127.0.0.1:3001\"\n[log]\nlevel = \"warn\"\n[outbound]\nallow = [\"192.168.1.1\"]
        [smtp]\nhost = \"mail.example.com\"\nfrom = \"Baton <baton@example.com>\"\n";
    site.write("baton.toml", file);
    let mut command = site.command(&["config", "--listen", "127.0.0.1:3003"]);
    command.env("BATON_LISTEN", "127.0.0.1:3002").env("BATON_WORKERS", "5").env("BATON_DATABASE_URL", "postgres://baton:geheim@db/baton");
    command.env("BATON_OUTBOUND_ALLOW", "10.1.0.0/16, fd00::/8");
    command.env("BATON_URL", "https://baton.example.com").env("BATON_API_KEY", "bat_geheim");
    let ended = ended(command);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let expected = [
        ("role = \"all\"", "default"),
        ("listen = \"127.0.0.1:3003\"", "flag --listen"),
        ("# public_url", "not set"),
        ("data = \"./baton-data\"", "default"),
        ("database_url = \"postgres://baton:***@db/baton\"", "environment BATON_DATABASE_URL"),
        ("# master_key_file", "not set"),
        ("workers = 5", "environment BATON_WORKERS"),
        ("smtp.host = \"mail.example.com\"", "file ./baton.toml"),
        ("# smtp.port", "not set"),
        ("smtp.tls = \"starttls\"", "default"),
        ("# smtp.user", "not set"),
        ("# smtp.password_file", "not set"),
        ("smtp.from = \"Baton <baton@example.com>\"", "file ./baton.toml"),
        ("outbound.allow = [\"10.1.0.0/16\", \"fd00::/8\"]", "environment BATON_OUTBOUND_ALLOW"),
        ("limits.rate_per_minute = 600", "default"),
        ("limits.body_mib = 10", "default"),
        ("limits.import_mib = 1024", "default"),
        ("limits.connections = 1000", "default"),
        ("retention.executions_days = 90", "default"),
        ("# sqlite.page_count_max", "not set"),
        ("log.level = \"warn\"", "file ./baton.toml"),
        ("log.format = \"human\"", "default"),
        ("# otlp.endpoint", "not set"),
        ("# otlp.service_name", "not set"),
        ("otlp.sampling = 1", "default"),
        ("url = \"https://baton.example.com\"", "environment BATON_URL"),
        ("api_key = \"***\"", "environment BATON_API_KEY"),
        ("# api_key_file", "not set"),
    ];
    let told: Vec<(&str, &str)> = ended.out.lines().map(|line| line.rsplit_once("# ").expect("a line has an origin")).collect();
    let told: Vec<(&str, &str)> = told.into_iter().map(|(left, right)| (left.trim_end(), right)).collect();
    assert_eq!(told, expected);
}

#[test]
fn exit_codes_are_0_1_and_2() {
    let site = Site::new();
    site.write("wrong.toml", "listne = \"x\"\n");
    site.write("key.toml", "api_key = \"bat_x\"\n");
    for (arguments, code, told) in [
        (vec!["config"], 0, ""),
        (vec!["--help"], 0, ""),
        (vec!["--version"], 0, ""),
        (vec!["schema"], 0, ""),
        (vec!["api-key", "list"], 1, "error: ./baton-data has no data of Baton: name the right folder by --data, or begin by `baton init`"),
        (vec!["apply", "missing.yaml"], 1, "error: missing.yaml: can't be read"),
        (vec!["serve", "--data", "/dev/null/data"], 1, "error: the data folder /dev/null/data can't be made"),
        (vec!["serve", "--config", "wrong.toml"], 2, "error: wrong.toml: listne is not a setting; did you mean listen?"),
        (vec!["tasks", "list", "x", "--config", "key.toml"], 2, "error: key.toml: api_key is not a setting"),
        (vec!["tasks", "list", "x", "--api-key", "bat_x"], 2, "error: unexpected argument '--api-key' found"),
        (vec!["serve", "--config", "missing.toml"], 2, "error: missing.toml can't be read"),
        (vec!["serve", "--listen", "3000"], 2, "error: listen is \"3000\" (flag --listen); allowed is an IP address and a port"),
        (vec!["nonsense"], 2, "error: unrecognized subcommand 'nonsense'"),
        (vec![], 2, "Work that people, programs and agents do together"),
        (vec!["init"], 2, "error: the following required arguments were not provided"),
        (vec!["demo", "--database-url", "postgres://x/y"], 2, "error: the demo keeps its data in a folder of its own"),
        (vec!["apply", "--workflow", "x", "a.yaml", "b.yaml"], 2, "error: --workflow names one workflow: give one FILE with it"),
        (vec!["api-key", "create", "--name", "x", "--expires-in", "soon"], 2, "error: invalid value 'soon' for '--expires-in <DURATION>'"),
    ] {
        let ended = site.run(&arguments);
        assert_eq!(ended.code, code, "{arguments:?}: {ended:?}");
        assert!(ended.err.starts_with(told), "{arguments:?}: {}", ended.err);
    }
    assert!(!site.data().exists(), "what was refused has made a data folder");
}

#[test]
fn a_variable_that_is_no_setting_is_told_and_ignored() {
    let site = Site::new();
    let mut command = site.command(&["config"]);
    command.env("BATON_WORKER", "5");
    let ended = ended(command);
    assert_eq!(
        (ended.code, ended.err.trim_end()),
        (0, "warning: BATON_WORKER is not a setting; did you mean BATON_WORKERS?; it is ignored")
    );
}

#[test]
fn who_reads_only_the_beginning_sees_no_error() {
    let site = Site::new();
    let mut child =
        site.command(&["schema"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

/// Who has gone does not make of a refusal a fault.
#[test]
fn who_has_closed_stderr_still_sees_the_exit_code() {
    let site = Site::new();
    for (arguments, code) in [(["config", "--listen", "x"], 2), (["audit", "verify", "--data=./none"], 1)] {
        let mut child = site.command(&arguments).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
        drop(child.stderr.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn the_documents_name_every_setting_command_and_default() {
    let text = include_str!("../../../../docs/operations.md");
    let site = Site::new();
    for line in site.ok(&["config"]).lines() {
        let (left, _) = line.rsplit_once("# ").expect("a line has an origin");
        let (key, default) = left.trim_start_matches("# ").split_once(" = ").unwrap_or((left.trim_start_matches("# "), ""));
        let (key, default) = (key.trim(), default.trim().trim_matches('"'));
        let row = text.lines().find(|row| row.starts_with(&format!("| `{key}` |"))).unwrap_or_else(|| panic!("{key} has no row"));
        assert!(row.contains(&format!("`{default}`")) || default.is_empty(), "{key} = {default}: {row}");
    }
    let help = site.ok(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").expect("the help lists commands");
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().expect("a line has a command");
        assert!(text.contains(&format!("`baton {name}")), "{name} is not told");
    }
}
