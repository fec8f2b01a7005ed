//! What ships Baton says of it what is so: its version, its settings, its port, its paths.

use super::{SourceFile, none, read, workspace};

const SHIPPING: [&str; 7] = [
    "Dockerfile",
    "compose.yaml",
    "contrib/baton.service",
    "charts/baton/Chart.yaml",
    "charts/baton/values.yaml",
    "charts/baton/values.schema.json",
    "charts/baton/templates/deployments.yaml",
];

fn file(path: &str) -> SourceFile {
    read(&workspace().join(path))
}

/// What stands between two texts, wherever they do.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(found, _)| found).collect()
}

#[track_caller]
fn only<'t>(found: &[&'t str]) -> &'t str {
    let [only] = found else { panic!("there is not one, but {found:?}") };
    only
}

/// The keys of all settings, as the program has them.
fn settings() -> Vec<String> {
    let table = file("crates/baton/src/settings/table.rs").text;
    between(&table, "key: \"", "\"").into_iter().map(str::to_owned).collect()
}

#[test]
fn every_variable_is_a_setting() {
    let settings = settings();
    let variables: Vec<String> = settings.iter().map(|key| format!("BATON_{}", key.replace('.', "_").to_uppercase())).collect();
    let broken = SHIPPING.iter().flat_map(|path| {
        let text = file(path).text;
        let names = text.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_')).filter(|word| word.starts_with("BATON_"));
        // Those of compose.yaml's own user, of Kubernetes, and what the chart and the unit put together.
        let others = ["BATON_", "BATON_PORT", "BATON_DATABASE_PASSWORD"];
        let unknown = names.filter(|name| !others.contains(name) && !variables.iter().any(|variable| variable == name));
        unknown.map(|name| format!("{path}: {name}")).collect::<Vec<_>>()
    });
    none("what is set is a setting", &broken.collect::<Vec<_>>());
    let schema = file("charts/baton/values.schema.json").text;
    let refused = only(&between(&schema, "\"not\": { \"enum\": [", "]")).split(", ").map(|name| name.trim_matches('"'));
    for name in refused {
        assert!(settings.iter().any(|key| key == name), "the chart sets {name} itself, and it is no setting");
    }
}

#[test]
fn the_version_is_that_of_the_program() {
    let manifest = file("Cargo.toml").text;
    let version = only(&between(&manifest, "[workspace.package]\nversion = \"", "\"")).to_owned();
    let chart = file("charts/baton/Chart.yaml").text;
    assert_eq!((only(&between(&chart, "\nversion: ", "\n")), only(&between(&chart, "\nappVersion: ", "\n"))), (&*version, &*version));
    assert_eq!(only(&between(&file("compose.yaml").text, "image: baton:", "\n")), version);
    let rust = only(&between(&manifest, "rust-version = \"", "\"")).to_owned();
    assert_eq!(only(&between(&file("Dockerfile").text, "FROM rust:", "-")), rust);
}

#[test]
fn port_paths_and_user_are_the_same_everywhere() {
    let table = file("crates/baton/src/settings/table.rs").text;
    let port = only(&between(&table, "default: Some(\"127.0.0.1:", "\"")).to_owned();
    let (image, chart) = (file("Dockerfile").text, file("charts/baton/templates/deployments.yaml").text);
    assert_eq!((only(&between(&image, "EXPOSE ", "\n")), only(&between(&image, "0.0.0.0:", "\n"))), (&*port, &*port));
    assert_eq!((only(&between(&chart, "containerPort: ", "\n")), only(&between(&chart, "0.0.0.0:", "\n"))), (&*port, &*port));
    assert_eq!(only(&between(&file("compose.yaml").text, "- 127.0.0.1:", "\n")), format!("{port}:{port}"));
    for path in between(&chart, "path: ", ",") {
        let served = ["live", "ready"].map(|name| file(&format!("crates/api/src/routes/health/{name}.rs")).text);
        assert!(served.iter().any(|route| route.contains(&format!("path: \"{path}\""))), "{path} is not served");
    }
    let user = only(&between(&image, "USER ", ":")).to_owned();
    for key in ["runAsUser: ", "runAsGroup: ", "fsGroup: "] {
        assert_eq!(only(&between(&chart, key, "\n")), user);
    }
    let data = only(&between(&image, "VOLUME ", "\n")).to_owned();
    assert!(image.contains(&format!("BATON_DATA={data} ")) && chart.contains(&format!("mountPath: {data} ")));
}

/// Who stops it must wait for as long as it drains.
#[test]
fn a_stop_is_given_the_time_that_it_takes() {
    let drain: u32 =
        only(&between(&file("crates/baton/src/serve/mod.rs").text, "const DRAIN: Duration = Duration::from_secs(", ")")).parse().unwrap();
    for (path, before, after) in [
        ("compose.yaml", "stop_grace_period: ", "s\n"),
        ("contrib/baton.service", "TimeoutStopSec=", "s\n"),
        ("charts/baton/templates/deployments.yaml", "terminationGracePeriodSeconds: ", "\n"),
    ] {
        let text = file(path).text;
        let given: u32 = only(&between(&text, before, after)).parse().unwrap();
        assert!(given > drain + 10, "{path} gives it {given} s, and it drains for {drain} s");
        assert!(text.contains(&format!("for up to {drain} s")), "{path}");
    }
}
