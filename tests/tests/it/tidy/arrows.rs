//! Arrows point inward. The table is the one of ARCHITECTURE.md; a new arrow is a decision, not an import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{none, workspace};

const ARROWS: &[(&str, &[&str])] = &[
    ("baton-core", &[]),
    ("baton-store", &["baton-core"]),
    ("baton-connect", &[]),
    ("baton-engine", &["baton-connect", "baton-core", "baton-store"]),
    ("baton-api", &["baton-core", "baton-engine"]),
    ("baton", &["baton-api", "baton-connect", "baton-core", "baton-engine", "baton-store"]),
    ("baton-bench", &[]),
    ("xtask", &["baton-bench"]),
    ("baton-tests", &["baton-connect", "baton-core", "baton-engine", "baton-store"]),
];

/// May look at every crate in their tests.
const SEE_ALL: &[&str] = &["baton-tests"];

const FORBIDS: &str = "#![forbid(unsafe_code)]";

/// The core has no I/O, clock or randomness: everything here computes, and nothing else may come in.
const CORE_USES: &[&str] = &[
    "caseless",
    "email_address",
    "granit-parser",
    "indexmap",
    "iso_currency",
    "jiff",
    "rust_decimal",
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    "strsim",
    "thiserror",
    "unicode-normalization",
    "url",
];

/// Features by which an allowed crate would read clocks, files or the network.
const CORE_NEVER_TURNS_ON: &[(&str, &str)] = &[("jiff", "tz-system"), ("jiff", "tzdb-zoneinfo")];

struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    /// The root file of each library and program.
    roots: Vec<String>,
}

struct Dependency {
    name: String,
    for_tests: bool,
    features: Vec<String>,
    default_features: bool,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace())
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .expect("cargo is there, it runs us");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    list(&metadata["packages"]).iter().map(package).collect()
}

fn package(package: &Value) -> Package {
    let dependency = |dependency: &Value| Dependency {
        name: text(&dependency["name"]),
        for_tests: dependency["kind"] == "dev",
        features: list(&dependency["features"]).iter().map(text).collect(),
        default_features: dependency["uses_default_features"] == true,
    };
    let is_root = |target: &&Value| list(&target["kind"]).iter().any(|kind| ["lib", "bin"].iter().any(|shipped| kind == shipped));
    Package {
        name: text(&package["name"]),
        dependencies: list(&package["dependencies"]).iter().map(dependency).collect(),
        roots: list(&package["targets"]).iter().filter(is_root).map(|target| text(&target["src_path"])).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn crates_use_each_other_as_the_table_says() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| &*package.name).collect();
    let used = |package: &Package, for_tests: bool| -> BTreeSet<String> {
        let ours = package.dependencies.iter().filter(|dependency| dependency.for_tests == for_tests && names.contains(&*dependency.name));
        ours.map(|dependency| dependency.name.clone()).collect()
    };
    let found: BTreeMap<&str, BTreeSet<String>> = packages.iter().map(|package| (&*package.name, used(package, false))).collect();
    let table: BTreeMap<&str, BTreeSet<String>> =
        ARROWS.iter().map(|(name, uses)| (*name, uses.iter().map(|name| (*name).to_owned()).collect())).collect();
    assert_eq!(found, table);

    for package in packages.iter().filter(|package| !SEE_ALL.contains(&&*package.name)) {
        let more: Vec<String> = used(package, true).difference(&table[&*package.name]).cloned().collect();
        assert!(more.is_empty(), "the tests of {} use {more:?}; what needs more than one crate belongs into baton-tests", package.name);
    }
}

#[test]
fn the_core_uses_nothing_that_can_fail_or_look_at_the_world() {
    let packages = packages();
    let core = packages.iter().find(|package| package.name == "baton-core").expect("there is a core");
    let mut broken = Vec::new();
    for Dependency { name, features, .. } in core.dependencies.iter().filter(|dependency| !dependency.for_tests) {
        if !CORE_USES.contains(&&**name) {
            broken.push(format!("{name} is not on the list"));
        }
        let never = CORE_NEVER_TURNS_ON.iter().filter(|(of, feature)| of == name && features.iter().any(|found| found == feature));
        broken.extend(never.map(|(_, feature)| format!("{name} with {feature}")));
    }
    none("the core only computes", &broken);
    let jiff = core.dependencies.iter().find(|dependency| dependency.name == "jiff").expect("the core knows dates");
    assert!(!jiff.default_features, "jiff's default features read the machine's time zone");
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let packages = packages();
    let roots: Vec<&String> = packages.iter().flat_map(|package| &package.roots).collect();
    assert!(roots.len() >= ARROWS.len(), "each crate has a root");
    let says_it = |root: &str| fs::read_to_string(root).expect("cargo has just named it").lines().any(|line| line == FORBIDS);
    let broken: Vec<String> = roots.iter().filter(|root| !says_it(root)).map(|root| root.to_string()).collect();
    none(&format!("every crate says {FORBIDS}"), &broken);
}
