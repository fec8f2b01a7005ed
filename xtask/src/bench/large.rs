//! A workflow of a million tasks with twenty fields, filled by an import.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::report::{Goal, Report, number};
use super::workload::new_site;
use super::{Bench, Row, limits, lists, show_statements, streams};
use crate::server::{ADMIN, Server, Site, text_of};
use crate::{Outcome, clock, sheet};

const IMPORT_LONGEST: Duration = Duration::from_secs(60 * 60);
const REST_LONGEST: Duration = Duration::from_secs(60 * 60);
const LOOKED_AT_FOR: Duration = Duration::from_secs(1);
/// Of the processor meanwhile, by a server that does nothing.
const AT_REST_SECONDS: f64 = 0.02;

pub struct Large {
    pub site: Site,
    pub workflow: String,
    pub count: usize,
}

pub fn large(bench: &Bench, report: &mut Report) -> Outcome {
    let options = &bench.options;
    let site = new_site(&bench.binary, &bench.folder.join("large"), None)?;
    let (server, _) = site.serve_until_ready(&[])?;
    let workflow = text_of(&site.client().post("/api/v1/workflows", &definition().to_string())?.expect(201)?, "id")?;
    let large = Large { site, workflow, count: options.growth_tasks };
    let (import_seconds, rows_mb) = import(&large, &bench.folder)?;
    wait_for_rest(&server)?;
    server.stop()?;
    if options.wants(Row::Import) {
        let limit = limits::insert(&large.site.folder)?;
        let per_second = large.count as f64 / import_seconds;
        let what = format!("{} rows of a CSV of {} MB", number(large.count as f64), number(rows_mb));
        report.add("import", &what, per_second, "/s", None, "20 fields");
        let beside = format!("a bare loop that inserts the same rows: {}/s", number(limit.per_second));
        report.add("import", "of the limit", per_second / limit.per_second, "", Some(Goal::AtLeast(0.6)), &beside);
        show_statements(report, "import", limit.statements);
    }
    let (server, _) = large.site.serve_until_ready(&[])?;
    if options.wants(Row::Lists) {
        lists::measure(&bench.options, report, &large, &server)?;
    }
    if options.wants(Row::Stream) {
        streams::whole(report, &large, &server)?;
        streams::slow_reader(report, &large, &server)?;
    }
    server.stop()?;
    Ok(fs::remove_dir_all(&large.site.folder)?)
}

/// Until nothing is left to be done behind what was answered: the words of a million tasks are indexed for minutes.
fn wait_for_rest(server: &Server) -> Outcome {
    clock::wait_for("a server at rest", REST_LONGEST, || {
        let before = server.usage()?.processor_seconds;
        clock::pause(LOOKED_AT_FOR);
        Ok((server.usage()?.processor_seconds - before <= AT_REST_SECONDS).then_some(()))
    })
}

fn definition() -> Value {
    let stages: Vec<_> = sheet::STAGES.iter().map(|name| json!({"name": name, "end": *name == "Shipped"})).collect();
    json!({
        "name": "Orders",
        "record": {"singular": "Order", "plural": "Orders"},
        "fields": [
            {"name": "Order", "type": "uniqueId"},
            {"name": "Customer", "type": "text"},
            {"name": "Email", "type": "email"},
            {"name": "Phone", "type": "phone"},
            {"name": "Website", "type": "url"},
            {"name": "Product", "type": "text"},
            {"name": "Region", "type": "singleSelect", "options": sheet::REGIONS},
            {"name": "Priority", "type": "singleSelect", "options": sheet::PRIORITIES},
            {"name": "Tags", "type": "multipleSelect", "options": sheet::TAGS},
            {"name": "Quantity", "type": "number"},
            {"name": "Price", "type": "currency", "currency": "EUR"},
            {"name": "Cost", "type": "currency", "currency": "EUR"},
            {"name": "Weight", "type": "number"},
            {"name": "Ordered", "type": "date"},
            {"name": "Due", "type": "date"},
            {"name": "Paid On", "type": "datetime"},
            {"name": "Urgent", "type": "checkbox"},
            {"name": "Invoice", "type": "text"},
            {"name": "Street", "type": "text"},
            {"name": "Remarks", "type": "longText"},
        ],
        "stages": stages,
        "actions": [],
    })
}

/// Seconds from the first byte of the file until the last row is in, and the file's megabytes.
fn import(large: &Large, folder: &Path) -> Outcome<(f64, f64)> {
    let path = folder.join("orders.csv");
    let mut out = BufWriter::new(File::create(&path)?);
    sheet::write(&mut out, large.count, ADMIN)?;
    out.flush()?;
    let megabytes = fs::metadata(&path)?.len() as f64 / 1e6;
    let seconds = upload(&large.site, &large.workflow, &path)?;
    fs::remove_file(&path)?;
    Ok((seconds, megabytes))
}

/// Imports a file, all rows of which must be taken.
pub fn upload(site: &Site, workflow: &str, path: &Path) -> Outcome<f64> {
    let imports = format!("/api/v1/workflows/{workflow}/imports");
    let start = clock::now();
    let accepted = site.client().upload(&imports, "text/csv", &mut File::open(path)?)?.expect(202)?;
    let one = format!("{imports}/{}", text_of(&accepted, "id")?);
    let mut client = site.client();
    let ended = clock::wait_for("the end of an import", IMPORT_LONGEST, || {
        let told = client.get(&one)?.expect(200)?;
        Ok(Some(told).filter(|told| told["status"] != "Pending"))
    })?;
    if ended["status"] != "Success" || ended["failed"] != 0 {
        return Err(format!("an import ended as {ended}").into());
    }
    Ok(start.elapsed().as_secs_f64())
}
