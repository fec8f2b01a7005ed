//! Lists of a million tasks: filtered, sorted, counted, searched, at any depth.

use std::time::Duration;

use serde_json::{Value, json};

use super::Options;
use super::large::Large;
use super::report::{Goal, Report, number};
use crate::load::{Latency, Samples};
use crate::random::Random;
use crate::server::Server;
use crate::{Outcome, clock, sheet};

const ROW: &str = "lists";
const PAGE: usize = 50;

/// Pages of a list, asked for by one caller.
pub fn measure(options: &Options, report: &mut Report, large: &Large, server: &Server) -> Outcome {
    let mut random = Random::new(7);
    let length = options.length();
    let tasks = format!("/api/v1/workflows/{}/tasks", large.workflow);
    let from_price =
        |price: u64| encoded(&json!({"combinator": "and", "rules": [{"field": "Price", "operator": ">=", "value": price}]}).to_string());

    let latency = ask_for(large, length, || {
        let (stage, price) = (sheet::STAGES[random.within(0..3) as usize], random.within(0..sheet::PRICE_END));
        format!("{tasks}?Stage={stage}&_filter={}&_sort=Price&_limit={PAGE}", from_price(price))
    })?;
    let beside = format!("of {}, one caller; p99 {} ms", number(large.count as f64), number(latency.p99));
    report.add(ROW, "50 by a field and stage, sorted by it: p50", latency.p50, "ms", Some(Goal::AtMost(2.0)), &beside);
    report.add(ROW, "50 by a field and stage, sorted by it: p99", latency.p99, "ms", Some(Goal::AtMost(10.0)), "");

    let sorts = [("Price", "Price"), ("-Ordered,Customer", "-Ordered%2CCustomer")];
    for (what, sort) in sorts {
        let filter = from_price(sheet::PRICE_END / 4);
        let list = format!("{tasks}?Stage=New&Stage=Picking&_filter={filter}&_sort={sort}");
        let first = clock::now();
        let (_, total) = page(large, &format!("{list}&_limit={PAGE}&_offset={}&_count=true", large.count / 10))?;
        let first = first.elapsed().as_secs_f64() * 1_000.0;
        let latency = ask_for(large, length, || format!("{list}&_limit={PAGE}&_offset={}", random.within(0..total)))?;
        let beside = format!("{} match; the first {} ms, p50 {} ms", number(total as f64), number(first), number(latency.p50));
        let what = format!("any page by {what}: p95");
        report.add(ROW, &what, latency.p95, "ms", Some(Goal::AtMost(50.0)), &beside);
    }

    let others = [
        ("a stage, counted", "?Stage=Review&_limit=50&_count=true"),
        ("a rare stage, newest first", "?Stage=Held&_sort=-Created%20On&_limit=50"),
        ("active, oldest first", "/active?_limit=50"),
        ("two fields, counted", "?Region=North&Priority=High&_limit=50&_count=true"),
        ("a search of two words", "?_search=velvet+lan&_limit=50"),
    ];
    for (what, query) in others {
        let latency = ask_for(large, length / 3, || format!("{tasks}{query}"))?;
        report.add(ROW, &format!("{what}: p50"), latency.p50, "ms", None, &format!("p99 {} ms", number(latency.p99)));
    }
    let peak = server.usage()?.memory_peak_kib as f64 / 1024.0;
    report.add(ROW, "memory peak of lists", peak, "MB", Some(Goal::AtMost(150.0)), "");
    Ok(())
}

/// One caller asks for one page after another.
fn ask_for(large: &Large, length: Duration, mut path: impl FnMut() -> String) -> Outcome<Latency> {
    let mut client = large.site.client();
    let mut samples = Samples::default();
    let end = clock::now() + length;
    while clock::now() < end {
        let path = path();
        let start = clock::now();
        let reply = client.get(&path)?;
        samples.add(start.elapsed());
        reply.expect(200)?;
    }
    super::measure::latency(&samples)
}

/// A page, and how many match in all.
fn page(large: &Large, path: &str) -> Outcome<(Value, u64)> {
    let mut client = large.site.client();
    let reply = client.get(path)?;
    let total = reply.total.ok_or_else(|| format!("{path} was not counted: {}", reply.text()))?;
    Ok((reply.expect(200)?, total))
}

/// For a query: everything but letters and digits is encoded.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
