//! Who gives the tour: shows a request as a curl line, sends it, shows its answer, and sees to it that it is the promised one.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fill::Filled;
use super::http::{Answer, Call};
use super::print::{cut, laid_out};
use super::say;
use crate::trouble::Trouble;

const ASK_AGAIN_AFTER: Duration = Duration::from_millis(10);

pub struct Guide<'a> {
    pub address: SocketAddr,
    pub filled: &'a Filled,
    /// Titles so far.
    shown: usize,
}

impl Guide<'_> {
    pub fn new(address: SocketAddr, filled: &Filled) -> Guide<'_> {
        Guide { address, filled, shown: 0 }
    }

    pub fn title(&mut self, out: &mut impl Write, title: &str) -> Result<(), Trouble> {
        self.shown += 1;
        say(out, &format!("\n{}. {title}\n", self.shown))
    }

    pub async fn show(&mut self, out: &mut impl Write, title: &str, call: &Call, status: u16) -> Result<Answer, Trouble> {
        self.show_as(out, title, call, status, Json::clone).await
    }

    /// Of the answer only what stands at these paths.
    pub async fn show_cut(
        &mut self,
        out: &mut impl Write,
        title: &str,
        call: &Call,
        status: u16,
        paths: &[&str],
    ) -> Result<Answer, Trouble> {
        self.show_as(out, title, call, status, |body| cut(body, paths)).await
    }

    async fn show_as(
        &mut self,
        out: &mut impl Write,
        title: &str,
        call: &Call,
        status: u16,
        seen: impl Fn(&Json) -> Json,
    ) -> Result<Answer, Trouble> {
        self.title(out, title)?;
        say(out, &call.curl(self.address, &self.filled.api_key))?;
        let answer = self.send(call).await?;
        let as_promised = answer.status == status;
        // One that nobody has foreseen is shown whole.
        let body = if as_promised { seen(&answer.body) } else { answer.body.clone() };
        say(out, &format!("\n{}\n{}", answer.status, laid_out(&body)))?;
        if as_promised { Ok(answer) } else { Err(Trouble::refused(format!("the answer should have been {status}, not {}", answer.status))) }
    }

    /// Shows the accepted execution when it has ended; gives its id.
    pub async fn follow(&mut self, out: &mut impl Write, title: &str, workflow: &Workflow, accepted: &Answer) -> Result<String, Trouble> {
        let id = accepted.body["id"].as_str().unwrap_or_default();
        let call = workflow.execution(id);
        while self.send(&call).await?.body["status"] == "Pending" {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        self.show(out, title, &call, 200).await?;
        Ok(id.to_owned())
    }

    pub async fn action(&self, workflow: &Workflow, task: &str, name: &str) -> Result<String, Trouble> {
        action_named(&self.send(&workflow.actions_of(task)).await?.body, name)
    }

    async fn send(&self, call: &Call) -> Result<Answer, Trouble> {
        call.send(self.address, &self.filled.api_key).await
    }
}

pub fn action_named(listed: &Json, name: &str) -> Result<String, Trouble> {
    let found = listed.as_array().into_iter().flatten().find(|action| action["name"] == name);
    let id = found.and_then(|action| action["id"].as_str());
    id.map(str::to_owned).ok_or_else(|| Trouble::refused(format!("the action {name} is not listed")))
}

/// What the tour says of an answer must be so.
pub fn promised(what: &str, said: &Json, promised: &Json) -> Result<(), Trouble> {
    if said == promised { Ok(()) } else { Err(Trouble::refused(format!("{what} should have been {promised}, not {said}"))) }
}

/// The calls on one workflow.
pub struct Workflow(String);

impl Workflow {
    pub fn new(id: &str) -> Workflow {
        Workflow(format!("/api/v1/workflows/{id}"))
    }

    pub fn actions_of(&self, task: &str) -> Call {
        Call::get(format!("{}/tasks/{task}/actions", self.0))
    }

    pub fn task(&self, task: &str) -> Call {
        Call::get(format!("{}/tasks/{task}", self.0))
    }

    pub fn change(&self, task: &str, body: Json) -> Call {
        Call::put(format!("{}/tasks/{task}", self.0), body)
    }

    pub fn tick(&self, task: &str, item: &str) -> Call {
        Call::put(format!("{}/tasks/{task}/checklist_items/{item}", self.0), json!({ "status": "Completed" }))
    }

    pub fn take(&self, task: &str, action: &str, performer: &str) -> Call {
        Call::post(format!("{}/executions", self.0), asked(task, action, performer))
    }

    pub fn explain(&self, task: &str, action: &str, performer: &str) -> Call {
        Call::post(format!("{}/executions?_explain=true", self.0), asked(task, action, performer))
    }

    pub fn dry_run(&self, task: &str, action: &str, performer: &str) -> Call {
        Call::post(format!("{}/executions?_dry_run=true", self.0), asked(task, action, performer))
    }

    /// Answered when it has ended.
    pub fn take_quoted(&self, quote: &Json) -> Call {
        Call::post(format!("{}/executions", self.0), json!({ "quote": quote })).waiting()
    }

    pub fn execution(&self, id: &str) -> Call {
        Call::get(format!("{}/executions/{id}", self.0))
    }

    pub fn retry(&self, execution: &str) -> Call {
        Call::post_nothing(format!("{}/executions/{execution}/retry", self.0))
    }
}

fn asked(task: &str, action: &str, performer: &str) -> Json {
    json!({ "task_id": task, "action_id": action, "performed_by": performer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_promised_ends_the_tour() {
        assert_eq!(promised("its Stage", &json!("Paid"), &json!("Paid")), Ok(()));
        let said = promised("its Stage", &json!("Draft"), &json!("Paid"));
        assert_eq!(said, Err(Trouble::refused("its Stage should have been \"Paid\", not \"Draft\"")));
    }
}
