//! Steps that leave the program, over real sockets: what goes out, what comes back, and what stands in the store meanwhile.

use std::io::Write;

use baton_core::activity::Kind;
use baton_core::execution::Status;
use baton_store::Place;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use crate::world::mail::MailServer;
use crate::world::receiver::{Got, Receiver, Said, answer, bytes};
use crate::world::{WORKERS, World, places, until};

/// A workflow whose actions each take these steps, in every stage.
fn document(actions: &[(&str, Json)]) -> Json {
    let actions: Vec<Json> =
        actions.iter().map(|(name, steps)| json!({ "name": name, "from": ["Open", "Done"], "steps": steps })).collect();
    json!({
        "name": "Orders",
        "fields": [
            { "name": "Name", "type": "text" }, { "name": "Email", "type": "email" },
            { "name": "Count", "type": "number" }, { "name": "Notes", "type": "longText" },
        ],
        "stages": [{ "name": "Open" }, { "name": "Done", "end": true }],
        "actions": actions,
    })
}

fn call(url: &str) -> Json {
    json!({ "do": "api_call", "url": url })
}

fn nothing() -> Said {
    answer(204, "text/plain", "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_in_its_words() {
    let receiver = Receiver::start(|got, _| match got.path.as_str() {
        "/503" => answer(503, "text/plain", &format!("\r\n  Down {}\r\nsecond line", "x".repeat(300))),
        "/404" => answer(404, "text/plain", ""),
        "/302" => Said::Bytes(bytes(302, "Location: /elsewhere\r\n", b"")),
        "/hang" => Said::Held(Vec::new()),
        "/cut" => Said::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()),
        "/long" => Said::Bytes(bytes(200, "", &vec![b'x'; 1024 * 1024 + 1])),
        "/bomb" => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            packed.write_all(&vec![0; 20 * 1024 * 1024]).expect("a Vec takes all");
            Said::Bytes(bytes(200, "Content-Encoding: gzip\r\n", &packed.finish().expect("a Vec takes all")))
        }
        "/fields" => answer(200, "application/json", r#"{"task":{"Name":"Bo","Count":"many","Foo":1}}"#),
        path => panic!("{path}"),
    })
    .await;
    let long_line = format!("API call to 127.0.0.1 answered 503: Down {}", "x".repeat(195));
    let rows: Vec<(&str, String, Vec<&str>)> = vec![
        ("503", receiver.url("/503"), vec![&long_line]),
        ("404", receiver.url("/404"), vec!["API call to 127.0.0.1 answered 404"]),
        ("302", receiver.url("/302"), vec!["API call to 127.0.0.1 answered 302"]),
        ("hang", receiver.url("/hang"), vec!["API call to 127.0.0.1 timed out after 1 s"]),
        ("cut", receiver.url("/cut"), vec!["API call to 127.0.0.1 ended without a whole answer"]),
        ("long", receiver.url("/long"), vec!["API call to 127.0.0.1 answered more than 1 MiB"]),
        ("bomb", receiver.url("/bomb"), vec!["API call to 127.0.0.1 answered more than 1 MiB"]),
        ("fields", receiver.url("/fields"), vec!["Count is invalid", "Foo is not a field"]),
        ("private", "http://10.0.0.1/".to_owned(), vec!["API call to 10.0.0.1 is not allowed: 10.0.0.1"]),
        ("closed", "http://127.0.0.1:1/".to_owned(), vec!["API call to 127.0.0.1 could not connect"]),
    ];
    let actions: Vec<(&str, Json)> = rows
        .iter()
        .map(|(name, url, _)| {
            let timeout = if *name == "hang" { "1s" } else { "30s" };
            (*name, json!([{ "do": "api_call", "url": url, "timeout": timeout }, { "do": "add_comment", "text": "never" }]))
        })
        .collect();
    for (place, _database) in places() {
        let world = World::new(place).await;
        let workflow = world.workflow(document(&actions)).await;
        for (name, _, expected) in &rows {
            let task = world.task(&workflow, json!({ "Name": "Ada" })).await;
            assert_eq!(world.taken(&task, name).await, *expected, "{name}");
            assert_eq!(world.shown(&task).await["Name"], "Ada");
            assert!(!world.kinds(&task).await.contains(&Kind::CommentAdded), "{name}: nothing after a failed step runs");
        }
    }
    assert!(receiver.got_at("/elsewhere").is_empty(), "a redirect is not followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_applied_and_the_steps_go_on() {
    let receiver = Receiver::start(|_, _| answer(200, "application/json", r#"{"task":{"Count":"5","Stage":"Done"}}"#)).await;
    let steps = json!([
        { "do": "update_data", "set": { "Notes": "sent" } },
        { "do": "api_call", "url": receiver.url("/a"), "headers": { "X-Name": "{{Name}}" } },
        { "do": "update_data", "increment": { "Count": 1 } },
        { "do": "zapier", "url": receiver.url("/b") },
    ]);
    for (place, _database) in places() {
        let world = World::new(place).await;
        let workflow = world.workflow(document(&[("Send", steps.clone())])).await;
        let task = world.task(&workflow, json!({ "Name": "Ada" })).await;
        let execution = world.start(&task, "Send").await;
        assert!(matches!(world.finished(&execution).await, Status::Success { .. }));
        let shown = world.shown(&task).await;
        assert_eq!((&shown["Stage"], &shown["Count"], &shown["Notes"]), (&json!("Done"), &json!("6"), &json!("sent")));

        let of_it = |path: &str, step: usize| {
            let key = format!("exe_{}_s{step}", execution.id);
            receiver.got_at(path).into_iter().filter(|got| got.header("idempotency-key") == Some(&key)).collect::<Vec<Got>>()
        };
        let (first, second) = (of_it("/a", 2), of_it("/b", 4));
        assert_eq!((first.len(), second.len()), (1, 1), "each once, under the key of its step");
        assert_eq!((first[0].method.as_str(), first[0].header("x-name")), ("POST", Some("Ada")));
        assert_eq!(first[0].header("content-type"), Some("application/json"));
        let expected = r#"{"action":"Send","user":null,"task":{"Stage":"Open","Assigned To":null,"Name":"Ada","Email":null,"Count":null,"Notes":"sent"}}"#;
        assert_eq!(first[0].body, expected);
        assert!(
            second[0].body.contains(r#""task":{"Stage":"Done","Assigned To":null,"Name":"Ada","Email":null,"Count":"6","Notes":"sent"}"#)
        );
        let kinds = [Kind::TaskCreated, Kind::ExecutionStarted, Kind::TaskUpdated, Kind::TaskUpdated, Kind::ExecutionFinished];
        assert_eq!(world.kinds(&task).await, kinds);
        assert_eq!(world.count("SELECT count(*) FROM jobs").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_has_the_same_key_and_the_same_bytes() {
    let receiver = Receiver::start(|_, before| match before {
        0 => answer(503, "text/plain", "later"),
        1 => Said::Bytes(Vec::new()),
        _ => answer(200, "application/json", r#"{"task":{"Notes":"heard"}}"#),
    })
    .await;
    let retry = json!({ "attempts": 3, "backoff": "fixed", "first": "1s" });
    let steps = json!([{ "do": "api_call", "url": receiver.url("/flaky?{{Name}}"), "retry": retry }]);
    let world = World::new(Place::Memory).await;
    let workflow = world.workflow(document(&[("Send", steps)])).await;
    let task = world.task(&workflow, json!({ "Name": "Ada" })).await;
    let execution = world.start(&task, "Send").await;
    until(async || (!receiver.got().is_empty()).then_some(())).await;
    world.put(&task, json!({ "Name": "Edited" })).await;
    assert!(matches!(world.finished(&execution).await, Status::Success { .. }));
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|attempt| *attempt == got[0]), "{got:?}");
    assert_eq!((got[0].path.as_str(), got[0].header("idempotency-key")), ("/flaky?Ada", Some(format!("exe_{}_s1", execution.id).as_str())));
    let shown = world.shown(&task).await;
    assert_eq!((&shown["Name"], &shown["Notes"]), (&json!("Edited"), &json!("heard")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_hangs_holds_its_task_in_order_and_nobody_else() {
    let receiver = Receiver::start(|_, _| Said::Held(bytes(200, "Content-Type: application/json\r\n", br#"{"task":{"Count":"5"}}"#))).await;
    let actions = [("Send", json!([call(&receiver.url("/hang"))])), ("Add", json!([{ "do": "update_data", "increment": { "Count": 1 } }]))];
    for (place, _database) in places() {
        let world = World::new(place).await;
        let workflow = world.workflow(document(&actions)).await;
        let (task, other) = (world.task(&workflow, json!({ "Name": "Ada" })).await, world.task(&workflow, json!({})).await);
        let before = receiver.got().len();
        let (send, add) = (world.start(&task, "Send").await, world.start(&task, "Add").await);
        until(async || (receiver.got().len() > before || receiver.got().len() > 1).then_some(())).await;
        // People edit meanwhile, also what the answer will name.
        world.put(&task, json!({ "Name": "Edited", "Count": 100 })).await;
        assert!(world.taken(&other, "Add").await.is_empty());
        if before == 0 {
            assert_eq!((world.status(&send).await, world.status(&add).await), (Status::Pending, Status::Pending));
        }
        receiver.release();
        assert!(matches!(world.finished(&send).await, Status::Success { .. }));
        assert!(matches!(world.finished(&add).await, Status::Success { .. }));
        if before == 0 {
            let shown = world.shown(&task).await;
            assert_eq!((&shown["Name"], &shown["Count"]), (&json!("Edited"), &json!("6")), "the answer came first, and named one field");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_workers_may_hang() {
    const CALLS: usize = 300;
    let receiver = Receiver::start(|_, _| Said::Held(bytes(204, "", b""))).await;
    let actions = [("Send", json!([call(&receiver.url("/hang"))])), ("Add", json!([{ "do": "update_data", "increment": { "Count": 1 } }]))];
    let world = World::new(Place::Memory).await;
    let workflow = world.workflow(document(&actions)).await;
    let mut sent = Vec::new();
    for _ in 0..CALLS {
        let task = world.task(&workflow, json!({})).await;
        sent.push(world.start(&task, "Send").await);
    }
    let most = baton_core::limits::OPEN_CALLS_A_WORKSPACE_MAX;
    until(async || (receiver.got().len() >= most).then_some(())).await;
    assert!(CALLS > most && most > WORKERS);
    let other = world.task(&workflow, json!({})).await;
    assert!(world.taken(&other, "Add").await.is_empty());
    assert_eq!(receiver.got().len(), most, "of one workspace, no more are open at once");
    receiver.release();
    for execution in &sent {
        assert!(matches!(world.finished(execution).await, Status::Success { .. }));
    }
    let mut keys: Vec<String> = receiver.got().iter().map(|got| got.header("idempotency-key").expect("a key").to_owned()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), receiver.got().len()), (CALLS, CALLS), "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_the_task_during_the_call() {
    let receiver = Receiver::start(|_, _| Said::Held(bytes(200, "Content-Type: application/json\r\n", br#"{"task":{"Count":"5"}}"#))).await;
    let world = World::new(Place::Memory).await;
    let workflow = world.workflow(document(&[("Send", json!([call(&receiver.url("/hang"))]))])).await;
    let task = world.task(&workflow, json!({})).await;
    let send = world.start(&task, "Send").await;
    until(async || (!receiver.got().is_empty()).then_some(())).await;
    world.delete(&task).await;
    receiver.release();
    let Status::Fail { errors, .. } = world.finished(&send).await else { panic!("a success without a task") };
    assert_eq!(errors.iter().map(|told| told.whole()).collect::<Vec<_>>(), ["Task no longer exists"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_after_a_deletion_tell_of_what_there_was() {
    let receiver = Receiver::start(|_, _| nothing()).await;
    for (place, _database) in places() {
        let world = World::new(place).await;
        let steps = json!([{ "do": "delete_task" }, call(&receiver.url("/one")), call(&receiver.url("/two?{{Name}}"))]);
        let workflow = world.workflow(document(&[("Remove", steps)])).await;
        let task = world.task(&workflow, json!({ "Name": "Ada" })).await;
        assert!(world.taken(&task, "Remove").await.is_empty());
        assert_eq!(world.count("SELECT count(*) FROM tasks").await, 0);
        let last = receiver.got().pop().expect("two calls");
        assert_eq!(last.path, "/two?Ada");
        assert!(last.body.contains(r#""Name":"Ada""#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_arrives_once_with_its_parts() {
    let server = MailServer::start(|before| if before == 0 { "451 busy, come back" } else { "250 taken" }).await;
    let world = World::with(Place::Memory, Some(server.address), "UTC").await;
    let steps = json!([{
        "do": "email", "to": "{{Email}}", "cc": "Cy <cy@example.com>", "bcc": ["bo@example.com"],
        "subject": "Welcome, {{Name}}", "body": "Hello **{{Name}}**",
    }]);
    let bad = json!([{ "do": "email", "to": "{{Name}}", "subject": "s", "body": "b" }]);
    let workflow = world.workflow(document(&[("Send", steps), ("Bad", bad)])).await;
    let task = world.task(&workflow, json!({ "Name": "Ada <b>*x*", "Email": "ada@example.com" })).await;
    let execution = world.start(&task, "Send").await;
    assert!(matches!(world.finished(&execution).await, Status::Success { .. }));

    let taken = server.taken();
    assert_eq!(taken.len(), 2, "a 4xx is tried again");
    assert_eq!(taken[0].data, taken[1].data, "the same message");
    assert_eq!(taken[1].from, "baton@acme.example");
    assert_eq!(taken[1].to, ["ada@example.com", "cy@example.com", "bo@example.com"]);
    let mail = mailparse::parse_mail(taken[1].data.as_bytes()).expect("a message");
    let header = |name: &str| mail.headers.iter().find(|header| header.get_key_ref() == name).map(mailparse::MailHeader::get_value);
    assert_eq!(header("Message-ID"), Some(format!("<exe_{}_s1@acme.example>", execution.id)));
    assert_eq!(header("Subject").as_deref(), Some("Welcome, Ada <b>*x*"));
    assert_eq!(header("Bcc"), None);
    let parts: Vec<(String, String)> =
        mail.subparts.iter().map(|part| (part.ctype.mimetype.clone(), part.get_body().expect("text").trim_end().to_owned())).collect();
    assert_eq!(parts[0], ("text/plain".to_owned(), "Hello **Ada <b>*x***".to_owned()));
    assert_eq!(parts[1].0, "text/html");
    assert!(parts[1].1.contains("<p>Hello <strong>Ada &lt;b&gt;*x*</strong></p>"), "{}", parts[1].1);

    let task = world.task(&workflow, json!({ "Name": "foo" })).await;
    assert_eq!(world.taken(&task, "Bad").await, ["foo is not a valid email"]);
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_missing_sends_nothing() {
    let receiver = Receiver::start(|_, _| nothing()).await;
    let world = World::new(Place::Memory).await;
    let steps = json!([{ "do": "api_call", "url": receiver.url("/a"), "auth": { "bearer": "secret:TOKEN" } }]);
    let workflow = world.workflow(document(&[("Send", steps)])).await;
    let task = world.task(&workflow, json!({})).await;
    let errors = world.taken(&task, "Send").await;
    assert!(errors.len() == 1 && errors[0].contains("TOKEN"), "{errors:?}");
    assert!(receiver.got().is_empty());
}
