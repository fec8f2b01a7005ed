//! Traces, as a collector of OpenTelemetry gets them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, channel};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use serde_json::{Value as Json, json};
use tokio::net::TcpSocket;

use crate::calls::Calls;
use crate::site::{PATIENCE, Server, Site, connect};

/// Takes what is sent to it, until it is dropped.
struct Collector {
    url: String,
    batches: Channel<(String, Vec<u8>)>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let (came, batches) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if came.send(take(stream.expect("a connection"))).is_err() {
                    return;
                }
            }
        });
        Collector { url, batches }
    }

    /// Everything that has come: a server that has ended has sent all.
    fn spans(&self) -> Vec<Told> {
        let mut spans = Vec::new();
        for (head, body) in self.batches.try_iter() {
            assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("what the head says");
            for of_resource in request.resource_spans {
                let resource = attributes(&of_resource.resource.expect("a resource").attributes);
                let of_scopes = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(of_scopes.map(|span| Told { attributes: attributes(&span.attributes), resource: resource.clone(), span }));
            }
        }
        spans
    }
}

fn take(mut stream: TcpStream) -> (String, Vec<u8>) {
    stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a whole head");
        head.extend(byte);
    }
    let head = String::from_utf8(head).expect("text");
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).expect("the length that was said");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("the server listens");
    (head, body)
}

struct Told {
    span: Span,
    attributes: Json,
    resource: Json,
}

fn attributes(of: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Json {
    let pairs = of.iter().map(|attribute| {
        let value = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => json!(text),
            Some(Value::IntValue(number)) => json!(number),
            Some(Value::BoolValue(is)) => json!(is),
            other => panic!("{}: {other:?}", attribute.key),
        };
        (attribute.key.clone(), value)
    });
    pairs.collect::<serde_json::Map<String, Json>>().into()
}

/// The only one that is so.
fn one(spans: &[Told], is: impl Fn(&Told) -> bool) -> &Told {
    let found: Vec<&Told> = spans.iter().filter(|told| is(told)).collect();
    let names: Vec<(&str, &Json)> = spans.iter().map(|told| (told.span.name.as_str(), &told.attributes)).collect();
    assert_eq!(found.len(), 1, "{names:#?}");
    found[0]
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A request with headers of its own; the status.
fn send(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> u16 {
    let mut stream = connect(&server.address);
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the server answers");
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status")
}

#[test]
fn a_request_and_its_execution_are_told_to_a_collector() {
    let collector = Collector::start();
    let calls = Calls::start(&["--otlp-endpoint", &collector.url, "--log-level", "debug", "--log-format", "json"]);
    calls.set("TOKEN", "canary-secret");
    let at = format!("/api/v1/workflows/{}", calls.workflow);
    let actions = calls.server.get(&format!("{at}/tasks/1/actions"), &calls.key).json();
    let action = actions.as_array().expect("actions").iter().find(|action| action["name"] == "Bearer").expect("it is there");
    let body = json!({ "task_id": "1", "action_id": action["id"], "fields": { "Ticket": "canary-value" } }).to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\nX-Request-Id: asked\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n",
        calls.key
    );
    assert_eq!(send(&calls.server, "POST", &format!("{at}/executions"), &headers, &body), 202);
    let came = calls.receiver.next();
    assert_eq!(came.header("traceparent"), None, "what goes out is what was rendered");
    came.answer(200, "");
    let listed = || calls.server.get(&format!("{at}/executions"), &calls.key).json();
    crate::site::until(|| listed()[0]["status"] == "Success");
    let execution = listed()[0]["id"].clone();
    let headers = format!("Authorization: Bearer {}\r\ntraceparent: nonsense\r\n", calls.key);
    assert_eq!(send(&calls.server, "GET", "/api/v1/workspace", &headers, ""), 200);
    assert_eq!(calls.server.stop(), Some(0));

    let spans = collector.spans();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let child = |name: &str, of: &Told| {
        let (name, of) = (name.to_owned(), of.span.clone());
        one(&spans, move |told| told.span.name == name && told.span.parent_span_id == of.span_id && told.span.trace_id == of.trace_id)
    };
    let request = one(&spans, |told| told.attributes["baton.request"] == "asked");
    assert_eq!(request.span.name, "POST /api/v1/workflows/{workflow}/executions");
    assert_eq!(request.span.kind(), SpanKind::Server);
    assert_eq!((hex(&request.span.trace_id), hex(&request.span.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(request.attributes["http.response.status_code"], 202);
    assert!(request.attributes["baton.workspace"].is_string());
    assert_eq!(request.resource["service.name"], "baton");
    child("transaction", child("command", request));

    let ran = one(&spans, |told| told.span.name == "execution" && told.attributes["baton.execution"] == execution);
    assert_ne!(ran.span.trace_id, request.span.trace_id, "it is no part of who asked, who may be gone");
    let links: Vec<(&[u8], &[u8])> = ran.span.links.iter().map(|link| (link.trace_id.as_slice(), link.span_id.as_slice())).collect();
    assert_eq!(links, [(request.span.trace_id.as_slice(), request.span.span_id.as_slice())]);
    let call = child("call", child("step", ran));
    assert_eq!((call.span.kind(), &call.attributes["baton.outcome"]), (SpanKind::Client, &json!("success")));

    let own = one(&spans, |told| told.span.name == "GET /api/v1/workspace");
    assert!(own.span.parent_span_id.is_empty());
    for told in &spans {
        assert!(!format!("{:?}", told.span).contains("canary"), "{:?}", told.span);
    }
    let log = calls.site.log();
    let traced = log.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON")).find(|line| line["span"]["request"] == "asked");
    assert_eq!(traced.expect("a line of the request")["span"]["trace"], TRACE);
}

#[test]
fn the_variables_of_open_telemetry_are_heard_and_few_may_be_sent() {
    for (sampling, sent) in [("1", true), ("0", false)] {
        let collector = Collector::start();
        let (site, made) = Site::with_workspace();
        let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--otlp-sampling", sampling]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).env("OTEL_SERVICE_NAME", "owls");
        let server = site.serve_by(command);
        assert_eq!(server.get("/api/v1/workspace", made["api_key"].as_str().expect("a key")).status, 200);
        assert_eq!(server.stop(), Some(0));
        let spans = collector.spans();
        assert_eq!(!spans.is_empty(), sent, "{sampling}");
        assert!(spans.iter().all(|told| told.resource["service.name"] == "owls"));
    }
}

/// Pages of it are read while it is sent, when its handler has long ended.
#[test]
fn a_long_answer_is_one_trace_to_its_end() {
    let collector = Collector::start();
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let server = site.serve(&["--otlp-endpoint", &collector.url]);
    let (key, tasks) = (made["api_key"].as_str().expect("a key"), format!("/api/v1/workflows/{workflow}/tasks"));
    for from in [0, 1000] {
        let thousand: Json = (from..from + 1000).map(|number| json!({ "ID": number, "Title": "x" })).collect();
        assert_eq!(server.post(&tasks, key, &thousand.to_string()).status, 201);
    }
    let headers = format!("Authorization: Bearer {key}\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\nX-Request-Id: long\r\n");
    assert_eq!(send(&server, "GET", &tasks, &headers, ""), 200);
    assert_eq!(send(&server, "BREW", "/api/v1/workspace", &headers.replace("long", "tea"), ""), 405);
    assert_eq!(server.stop(), Some(0));

    let spans = collector.spans();
    let request = one(&spans, |told| told.attributes["baton.request"] == "long");
    let pages = spans.iter().filter(|told| told.span.name == "command" && told.span.parent_span_id == request.span.span_id);
    assert_eq!(pages.count(), 4, "each page is read within the request");
    let of_strangers = one(&spans, |told| told.attributes["baton.request"] == "tea");
    assert_eq!((of_strangers.span.name.as_str(), &of_strangers.attributes["http.request.method"]), ("_OTHER", &json!("_OTHER")));
}

/// A collector that is away holds up nothing, and the log tells what is the matter with it.
#[test]
fn a_collector_that_is_away_is_no_trouble() {
    // It has a port that nobody else gets, and does not listen: who calls is refused at once.
    let away = TcpSocket::new_v4().expect("the loopback is there");
    away.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
    let silent = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
    let [at_away, at_silent] = [away.local_addr(), silent.local_addr()].map(|address| address.expect("it is bound").to_string());
    for (at, longest, told) in [(at_away, None, "could not connect: "), (at_silent, Some("200"), "timed out after 0.2 s")] {
        let (site, made) = Site::with_workspace();
        let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--otlp-endpoint", &format!("http://{at}")]);
        command.envs(longest.map(|milliseconds| ("OTEL_EXPORTER_OTLP_TIMEOUT", milliseconds)));
        let server = site.serve_by(command);
        assert_eq!(server.get("/api/v1/workspace", made["api_key"].as_str().expect("a key")).status, 200);
        assert_eq!(server.stop(), Some(0));
        let log = site.log();
        assert!(log.contains("traces could not be sent") && log.contains(&format!("127.0.0.1 {told}")), "{told}: {log}");
    }
}

/// Whatever the place for imports goes on with, each chunk is told of the import that it is of.
#[test]
fn each_chunk_of_an_import_has_a_span_of_its_own() {
    let collector = Collector::start();
    let calls = Calls::start(&["--otlp-endpoint", &collector.url]);
    let at = format!("/api/v1/workflows/{}/imports", calls.workflow);
    let rows: String = (0..1001).map(|row| format!("{row}\n")).collect();
    let headers = format!("Authorization: Bearer {}\r\nContent-Type: text/csv\r\n", calls.key);
    assert_eq!(send(&calls.server, "POST", &at, &headers, &format!("ID\n{rows}")), 202);
    let listed = || calls.server.get(&at, &calls.key).json();
    crate::site::until(|| listed()[0]["status"] == "Success");
    let import = listed()[0]["id"].clone();
    assert_eq!(calls.server.stop(), Some(0));
    let spans = collector.spans();
    let of_import = spans.iter().filter(|told| told.span.name == "import" && told.attributes["baton.import"] == import);
    assert_eq!(of_import.count(), 2);
    assert!(spans.iter().all(|told| told.span.name != "execution"), "an import is none");
}
