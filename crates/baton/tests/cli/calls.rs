//! A workflow whose actions call a receiver with secrets, and its server.

use serde_json::{Value as Json, json};

use crate::receiver::Receiver;
use crate::site::{Answer, Server, Site, request, until};

const WORKFLOW: &str = "
name: Calls
fields: [{ name: ID, type: uniqueId }, { name: Ticket, type: longText }]
stages: [{ name: Open }]
actions:
  - name: Bearer
    from: [Open]
    steps: [{ do: api_call, url: 'URL/bearer', body: '{{ID}}', auth: { bearer: 'secret:TOKEN' }, retry: RETRY }]
  - name: Basic
    from: [Open]
    steps: [{ do: api_call, url: 'URL/basic', auth: { basic: { user: ada, password: 'secret:PASSWORD' } } }]
  - name: Header
    from: [Open]
    steps: [{ do: api_call, url: 'URL/header', auth: { header: { name: X-Key, value: 'secret:KEY' } }, map: { Ticket: /said } }]
  - name: Signed
    from: [Open]
    steps: [{ do: api_call, url: 'URL/signed', body: '{}', auth: { hmac: { secret: 'secret:SIGNING' } }, retry: RETRY }]
";
const RETRY: &str = "{ attempts: 3, backoff: fixed, first: 1s }";

pub struct Calls {
    pub site: Site,
    pub server: Server,
    pub receiver: Receiver,
    pub key: String,
    pub workflow: String,
    actions: Json,
}

impl Calls {
    pub fn start(arguments: &[&str]) -> Calls {
        let (site, made) = Site::with_workspace();
        let key = made["api_key"].as_str().expect("a key").to_owned();
        let receiver = Receiver::start();
        site.write("calls.yaml", &WORKFLOW.replace("URL", &receiver.url).replace("RETRY", RETRY));
        let workflow = site.ok(&["apply", "calls.yaml"]);
        let server = site.serve(&[&["--outbound-allow", "127.0.0.0/8"], arguments].concat());
        let tasks = format!("/api/v1/workflows/{workflow}/tasks");
        assert_eq!(server.post(&tasks, &key, &json!({ "ID": "1" }).to_string()).status, 201);
        let actions = server.get(&format!("{tasks}/1/actions"), &key).json();
        Calls { site, server, receiver, key, workflow, actions }
    }

    pub fn set(&self, secret: &str, value: &str) {
        self.site.write("value", value);
        let set = self.site.run(&["secret", "set", secret, "--value-file", "value"]);
        assert_eq!(set.code, 0, "{}", set.err);
    }

    pub fn put(&self, path: &str, body: &str) -> Answer {
        request(&self.server.address, "PUT", path, &self.key, body)
    }

    /// Takes an action; the execution's id.
    pub fn take(&self, action: &str) -> String {
        let action = self.actions.as_array().expect("actions").iter().find(|known| known["name"] == action).expect("it is there");
        let body = json!({ "task_id": "1", "action_id": action["id"] }).to_string();
        let taken = self.server.post(&format!("/api/v1/workflows/{}/executions", self.workflow), &self.key, &body);
        assert_eq!(taken.status, 202, "{}", taken.body);
        taken.json()["id"].as_str().expect("an id").to_owned()
    }

    /// The execution, once it has ended.
    pub fn ended(&self, execution: &str) -> Json {
        let look = || self.server.get(&format!("/api/v1/workflows/{}/executions/{execution}", self.workflow), &self.key).json();
        until(|| look()["status"] != "Pending");
        look()
    }
}
