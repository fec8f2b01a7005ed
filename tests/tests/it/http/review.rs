//! A workflow with something of everything, and people who may do this or that in it.

use std::collections::HashMap;

use baton_engine::KeyScope;
use serde_json::{Value as Json, json};

use super::server::{Call, Reply, Server, get, post, put};

pub const REVIEW: &str = include_str!("review.yaml");

pub struct Review {
    pub server: Server,
    /// `/workflows/<id>`
    pub path: String,
    pub workflow: String,
    actions: HashMap<String, String>,
}

impl Review {
    pub async fn start() -> Review {
        Review::on(Server::start().await).await
    }

    pub async fn working() -> Review {
        Review::on(Server::working().await).await
    }

    pub async fn on(server: Server) -> Review {
        Review::of(server, REVIEW).await
    }

    /// The same with another workflow.
    pub async fn of(server: Server, document: &str) -> Review {
        let call = post("/workflows", document).with("content-type", "application/yaml");
        let workflow = server.send(call).await.expect(201).string("id");
        let path = format!("/workflows/{workflow}");
        let definition = server.send(get(format!("{path}/definition"))).await.expect(200).json();
        let named = |action: &Json| (text(&action["name"]), text(&action["id"]));
        let actions = definition["actions"].as_array().expect("actions").iter().map(named).collect();
        Review { server, path, workflow, actions }
    }

    pub fn action(&self, name: &str) -> &str {
        &self.actions[name]
    }

    pub fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.path)
    }

    pub async fn send(&self, call: Call) -> Reply {
        self.server.send(call).await
    }

    pub async fn task(&self, body: Json) -> Reply {
        self.send(post(self.at("/tasks"), body)).await.expect(201)
    }

    /// A call that takes an action.
    pub fn take(&self, action: &str, task: &str, performed_by: Option<&str>) -> Call {
        let mut body = json!({ "task_id": task, "action_id": self.action(action) });
        if let Some(email) = performed_by {
            body["performed_by"] = email.into();
        }
        post(self.at("/executions"), body)
    }

    /// Takes an action and follows it to its end.
    pub async fn taken(&self, action: &str, task: &str, performed_by: Option<&str>) -> Json {
        let id = self.send(self.take(action, task, performed_by)).await.expect(202).string("id");
        self.finished(&id).await
    }

    /// The final state of an execution, without its id.
    pub async fn finished(&self, execution: &str) -> Json {
        let path = self.at(&format!("/executions/{execution}"));
        let wait = async {
            loop {
                let mut found = self.send(get(path.clone())).await.expect(200).json();
                if found["status"] != "Pending" {
                    found.as_object_mut().expect("an object").shift_remove("id");
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect("the execution ends")
    }

    /// A collaborator, with an account or invited.
    pub async fn collaborator(&self, email: &str, role: &str) -> String {
        let body = json!({ "email": email, "role": role, "first_name": "Ann", "last_name": "Lee" });
        self.send(post(self.at("/users"), body)).await.expect(201).string("id")
    }

    pub async fn role_key(&self, role: &str) -> String {
        self.server.key(KeyScope { role: Some(role.to_owned()), ..KeyScope::default() }).await.1
    }

    /// All rows of a task's history, page by page; each page's length too.
    pub async fn history(&self, task: &str, page: usize) -> (Vec<Json>, Vec<usize>) {
        let (mut rows, mut lengths) = (Vec::new(), Vec::new());
        let mut next = Some(self.at(&format!("/tasks/{task}/activity?_limit={page}")));
        while let Some(path) = next {
            let reply = self.send(get(path)).await.expect(200);
            next = reply.header("link").map(|link| {
                let (target, rest) = link.strip_prefix("</api/v1").and_then(|link| link.split_once('>')).expect("a target");
                assert_eq!(rest, "; rel=\"next\"");
                target.to_owned()
            });
            let more = reply.json();
            lengths.push(more.as_array().map_or(0, Vec::len));
            rows.extend(more.as_array().into_iter().flatten().cloned());
        }
        (rows, lengths)
    }

    /// Another revision of the workflow.
    pub async fn redefine(&self, change: impl FnOnce(&mut Json)) {
        let mut definition = self.send(get(self.at("/definition"))).await.expect(200).json();
        change(&mut definition);
        self.send(put(self.at("/definition"), &definition)).await.expect(200);
    }

    /// The named values of a task, as the Tasks API shows them.
    pub async fn shown(&self, task: &str, columns: &[&str]) -> Json {
        let task = self.send(get(self.at(&format!("/tasks/{task}")))).await.expect(200).json();
        columns.iter().map(|column| task[*column].clone()).collect()
    }
}

pub fn text(json: &Json) -> String {
    json.as_str().expect("a text").to_owned()
}

pub fn failed(errors: &[&str]) -> Json {
    json!({ "status": "Fail", "errors": errors })
}
