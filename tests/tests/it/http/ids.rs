//! One of each thing that a path can name, so that every route can be called.

use std::collections::HashMap;

use baton_api::Route;
use serde_json::{Value as Json, json};

use super::review::{REVIEW, text};
use super::server::{Call, Server, get, post, put};

/// By its name in a path; and an action.
#[derive(Clone)]
pub struct Ids(pub HashMap<&'static str, String>);

impl Ids {
    /// A workflow with a task, in the key's workspace.
    pub async fn made_by(server: &Server, key: &str) -> Ids {
        Ids::of(REVIEW, server, key).await
    }

    /// The same of another document that begins like [`REVIEW`].
    pub async fn of(document: &str, server: &Server, key: &str) -> Ids {
        let send = async |call: Call, status: u16| server.send(call.by(key)).await.expect(status).json();
        let id = |json: &Json| text(&json["id"]);
        let workflow = id(&send(post("/workflows", document).with("content-type", "application/yaml"), 201).await);
        let mut ids = Ids(HashMap::from([("workflow", workflow)]));
        let task = send(post(ids.at("/tasks"), json!({ "ID": "1" })), 201).await;
        ids.0.insert("task", text(&task["Task URL"]).rsplit('/').next().expect("a last part").to_owned());
        let item = send(post(ids.at("/tasks/1/checklist_items"), json!({ "title": "x", "Stage": "Open" })), 201).await;
        ids.0.insert("item", id(&item));
        ids.0.insert("user", id(&send(get(ids.at("/users")), 200).await[0]));
        let actions = send(get(ids.at("/tasks/1/actions")), 200).await;
        let action = actions.as_array().expect("actions").iter().find(|action| action["name"] == "Count up").expect("it is there");
        let take = json!({ "task_id": "1", "action_id": action["id"] });
        ids.0.insert("action", id(action));
        ids.0.insert("execution", id(&send(post(ids.at("/executions"), take), 202).await));
        ids.0.insert("import", id(&send(ids.import(), 202).await));
        // Named in its workspace only, and so by a name that no other has.
        let secret = format!("S{}", ids.0["workflow"]);
        send(put(format!("/secrets/{secret}"), json!({ "value": "x" })), 201).await;
        ids.0.insert("secret", secret);
        ids
    }

    pub fn at(&self, rest: &str) -> String {
        format!("/workflows/{}{rest}", self.0["workflow"])
    }

    pub fn with(&self, part: &'static str, id: &str) -> Ids {
        let mut ids = self.clone();
        ids.0.insert(part, id.to_owned());
        ids
    }

    /// A file with one task.
    pub fn import(&self) -> Call {
        post(self.at("/imports"), "Notes\nimported\n").with("content-type", "text/csv")
    }

    /// A call of the route on what they name; its body is fit only where any is.
    pub fn call(&self, route: &Route) -> Call {
        if route.method == "POST" && route.path.ends_with("/imports") {
            return self.import();
        }
        // A page of the reference is named by nobody's data.
        let path = self.0.iter().fold(route.path.replace("{page}", "errors"), |path, (part, id)| path.replace(&format!("{{{part}}}"), id));
        let method = ["GET", "POST", "PUT", "DELETE"].into_iter().find(|method| route.method.as_str() == *method).expect("a method");
        Call { method, ..post(format!("/{path}"), "{}") }
    }
}
