//! Executions that call a server of the test's own, and what `?expand=steps` tells of them.

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::review::{Review, failed};
use super::server::{Server, get, put};

/// A real server on this machine that answers when the test says so.
pub struct Receiver {
    url: String,
    requests: mpsc::UnboundedReceiver<Request>,
}

pub struct Request {
    pub head: String,
    pub body: String,
    stream: TcpStream,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback is there");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let (came, requests) = mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's own runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if came.send(Request::read(stream).await).is_err() {
                    return;
                }
            }
        });
        Receiver { url, requests }
    }

    /// The next request, which waits for its answer.
    pub async fn next(&mut self) -> Request {
        let next = tokio::time::timeout(std::time::Duration::from_secs(60), self.requests.recv());
        next.await.expect("a request comes").expect("the server lives")
    }

    /// Nobody has called since.
    pub fn is_idle(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

impl Request {
    async fn read(mut stream: TcpStream) -> Request {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a whole head"));
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("the length that was said");
        Request { head, body: String::from_utf8(body).expect("text"), stream }
    }

    pub fn key(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).expect("every call has a key")
    }

    pub async fn answer(mut self, status: u16, body: &str) {
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(answer.as_bytes()).await.expect("the caller listens");
    }
}

/// A workflow whose actions call the receiver.
pub struct Calls {
    pub review: Review,
    pub receiver: Receiver,
}

impl Calls {
    pub async fn working() -> Calls {
        let calls = Calls::resting().await;
        calls.review.server.work();
        calls
    }

    pub async fn resting() -> Calls {
        let receiver = Receiver::start().await;
        let document = include_str!("calls.yaml").replace("RECEIVER", &receiver.url);
        Calls { review: Review::of(Server::start().await, &document).await, receiver }
    }

    /// Takes an action; the execution's id.
    pub async fn take(&self, action: &str, task: &str) -> String {
        self.review.send(self.review.take(action, task, None)).await.expect(202).string("id")
    }

    /// With its steps.
    pub async fn expanded(&self, execution: &str) -> Json {
        self.review.send(get(self.at(execution, "?expand=steps"))).await.expect(200).json()
    }

    pub fn at(&self, execution: &str, rest: &str) -> String {
        self.review.at(&format!("/executions/{execution}{rest}"))
    }

    /// Of each step, in their order.
    pub async fn of_steps(&self, execution: &str, key: &str) -> Json {
        let steps = self.expanded(execution).await["steps"].clone();
        steps.as_array().expect("steps").iter().map(|step| step[key].clone()).collect()
    }

    /// Its call has failed, and it waits to make it again.
    pub async fn until_waiting(&self, execution: &str) {
        let waiting = async {
            while self.expanded(execution).await["steps"][0]["answer"].is_null() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.expect("its call fails");
    }
}

#[tokio::test]
async fn each_step_tells_how_it_went() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;

    let request = calls.receiver.next().await;
    assert_eq!((request.key(), request.body.as_str()), (format!("exe_{id}_s2").to_ascii_lowercase().as_str(), r#"{"n":"1"}"#));
    let under_way = calls.expanded(&id).await;
    let keys: Vec<&str> = under_way.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "status", "steps"]);
    let times = |json: &Json, step: usize| {
        let at = |key: &str| json["steps"][step][key].as_str().map(str::to_owned);
        (at("started_at"), at("finished_at"))
    };
    let (first, call) = (times(&under_way, 0), times(&under_way, 1));
    assert!(first.0.is_some() && first.0 == first.1 && call == (first.0.clone(), None), "{under_way}");
    let (done, begun) = (first.0.clone(), call.0.clone());
    let step = |kind: &str, status: &str| json!({ "kind": kind, "status": status, "attempts": 0, "started_at": null, "finished_at": null, "error": null });
    let updated =
        json!({ "kind": "update_data", "status": "Success", "attempts": 1, "started_at": done, "finished_at": done, "error": null });
    let calling = json!({ "kind": "api_call", "status": "Running", "attempts": 1, "started_at": begun, "finished_at": null, "error": null,
        "answer": null });
    let steps = json!([updated, calling, step("move_to_stage", "Pending"), step("update_data", "Pending")]);
    assert_eq!(under_way.to_string(), json!({ "id": id, "status": "Pending", "steps": steps }).to_string());

    request.answer(200, r#"{"ticket":"T-1","more":true}"#).await;
    assert_eq!(calls.review.finished(&id).await, json!({ "status": "Success" }));
    let ended = calls.expanded(&id).await;
    let last = times(&ended, 3).1;
    assert!(last > begun, "{ended}");
    let answer = json!({ "status": 200, "body": "{\"ticket\":\"T-1\",\"more\":true}" });
    let called = json!({ "kind": "api_call", "status": "Success", "attempts": 1, "started_at": begun, "finished_at": last, "error": null,
        "answer": answer });
    let added =
        json!({ "kind": "update_data", "status": "Success", "attempts": 1, "started_at": last, "finished_at": last, "error": null });
    let steps = json!([updated, called, step("move_to_stage", "Skipped"), added]);
    assert_eq!(ended.to_string(), json!({ "id": id, "status": "Success", "steps": steps }).to_string());
    assert_eq!(calls.review.shown("1", &["Stage", "Count", "Ticket"]).await, json!(["Open", "11", "T-1"]));
    // Without asking there is nothing more than what is documented.
    calls.review.server.check(get(calls.at(&id, "")), 200, json!({ "id": id, "status": "Success" })).await;
}

#[tokio::test]
async fn a_failed_call_shows_its_answer() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    let long = "x".repeat(5000);
    calls.receiver.next().await.answer(503, &long).await;
    let errors = calls.review.finished(&id).await["errors"].clone();
    let told = errors[0].as_str().expect("an error");
    assert!(told.starts_with("API call to 127.0.0.1") && told.contains(" answered 503: xxx"), "{told}");
    let shown = calls.expanded(&id).await;
    let keys: Vec<&str> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!((keys, &shown["errors"]), (vec!["id", "status", "errors", "steps"], &errors));
    assert_eq!(calls.of_steps(&id, "status").await, json!(["Success", "Fail", "Pending", "Pending"]));
    let step = &shown["steps"][1];
    assert_eq!((step["error"].as_str(), step["attempts"].as_u64()), (Some(told), Some(1)));
    assert_eq!(step["answer"], json!({ "status": 503, "body": long[..4096] }), "the first 4 KiB");
}

#[tokio::test]
async fn what_never_left_has_no_answer() {
    let calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1" })).await;
    let inside = calls.take("Reach inside", "1").await;
    assert_eq!(calls.review.finished(&inside).await, failed(&["API call to 10.0.0.1 is not allowed: 10.0.0.1"]));
    assert_eq!(calls.of_steps(&inside, "answer").await, json!([null]));
    let mail = calls.take("Mail", "1").await;
    assert_eq!(calls.review.finished(&mail).await, failed(&["E-mail can't be sent: the operator has set no mail server (smtp.host)"]));
    let step = calls.expanded(&mail).await["steps"][0].clone();
    assert_eq!((&step["status"], step.get("answer")), (&json!("Fail"), None), "{step}");
}

/// Any field may stand in an answer.
#[tokio::test]
async fn a_key_whose_role_hides_a_field_sees_no_answers() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    calls.receiver.next().await.answer(200, r#"{"ticket":"T-1"}"#).await;
    calls.review.finished(&id).await;
    for (role, body) in [("Blinkered", Json::Null), ("Counts", json!("{\"ticket\":\"T-1\"}"))] {
        let call = get(calls.at(&id, "?expand=steps")).by(&calls.review.role_key(role).await);
        let shown = calls.review.send(call).await.expect(200).json();
        assert_eq!(shown["steps"][1]["answer"], json!({ "status": 200, "body": body }), "{role}");
    }
    let blind = get(calls.at(&id, "?expand=steps")).by(&calls.review.role_key("Own tasks").await);
    calls.review.server.refuses(blind, 404, &["Execution not found"]).await;
}

#[tokio::test]
async fn only_steps_can_be_expanded() {
    let calls = Calls::resting().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Order", "1").await;
    assert_eq!(calls.of_steps(&id, "status").await, json!(["Pending", "Pending", "Pending", "Pending"]));
    let refuses = async |query: &str, told: &str| {
        calls.review.server.refuses(get(calls.at(&id, query)), 422, &[told]).await;
    };
    refuses("?expand=task", "expand is \"task\"; allowed is steps").await;
    refuses("?expand=", "expand is \"\"; allowed is steps").await;
    refuses("?_expand=steps", "_expand is not a parameter").await;
}

#[tokio::test]
async fn an_execution_that_deletes_its_task_goes_on_to_its_call() {
    let mut calls = Calls::working().await;
    calls.review.task(json!({ "ID": "1", "Name": "Ann" })).await;
    let id = calls.take("Erase", "1").await;
    let request = calls.receiver.next().await;
    assert_eq!(request.body, r#"["Ann"]"#);
    calls.review.server.refuses(put(calls.review.at("/tasks/1"), json!({ "Name": "Bob" })), 404, &["Task not found"]).await;
    request.answer(204, "").await;
    assert_eq!(calls.review.finished(&id).await, json!({ "status": "Success" }));
    assert_eq!(calls.of_steps(&id, "status").await, json!(["Success", "Success"]));
}
