//! The Actions API at work: each request shown as a curl line, sent, and shown with its answer.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fill::Filled;
use super::http::{Answer, Call};
use super::{people, say};
use crate::trouble::Trouble;

const ASK_AGAIN_AFTER: Duration = Duration::from_millis(10);

pub async fn give(out: &mut impl Write, address: SocketAddr, filled: &Filled) -> Result<(), Trouble> {
    let guide = Guide { address, filled };
    let workflow = format!("/api/v1/workflows/{}", filled.early_access);
    let actions_of = |task: &str| Call::get(format!("{workflow}/tasks/{task}/actions"));
    let take = |body: Json| Call::post(format!("{workflow}/executions"), body);
    let (incomplete, ready) = (&filled.incomplete, &filled.ready);

    let title = format!("What can be done with applicant {incomplete}, who is in review?");
    let listed = guide.show(out, 1, &title, &actions_of(incomplete), 200).await?;
    let approve = action_named(&listed.body, "Approve")?;

    let title = "Approve that applicant: refused, with every reason at once";
    let call = take(json!({ "task_id": incomplete, "action_id": approve, "performed_by": people::REVIEWERS[0] }));
    guide.show(out, 2, title, &call, 422).await?;

    let title = format!("Approve applicant {ready}, who lacks nothing, as somebody whose role may not");
    let call = take(json!({ "task_id": ready, "action_id": approve, "performed_by": people::INTERN }));
    guide.show(out, 3, &title, &call, 403).await?;

    let title = "The same by a reviewer: accepted";
    let call = take(json!({ "task_id": ready, "action_id": approve, "performed_by": people::REVIEWERS[1] }));
    let accepted = guide.show(out, 4, title, &call, 202).await?;
    let execution = accepted.body["id"].as_str().unwrap_or_default().to_owned();

    let call = Call::get(format!("{workflow}/executions/{execution}"));
    guide.wait_for_end(&call).await?;
    guide.show(out, 5, "Followed to its end", &call, 200).await?;

    let call = Call::get(format!("{workflow}/tasks/{ready}"));
    guide.show(out, 6, "What it did to the task", &call, 200).await?;
    Ok(())
}

struct Guide<'a> {
    address: SocketAddr,
    filled: &'a Filled,
}

impl Guide<'_> {
    async fn show(&self, out: &mut impl Write, number: usize, title: &str, call: &Call, status: u16) -> Result<Answer, Trouble> {
        let curl = call.curl(self.address, &self.filled.api_key);
        let answer = self.send(call).await?;
        let body = serde_json::to_string_pretty(&answer.body).unwrap_or_default();
        say(out, &format!("\n{number}. {title}\n\n{curl}\n\n{}\n{body}", answer.status))?;
        if answer.status == status {
            Ok(answer)
        } else {
            Err(Trouble::refused(format!("the answer should have been {status}, not {}", answer.status)))
        }
    }

    async fn wait_for_end(&self, call: &Call) -> Result<(), Trouble> {
        while self.send(call).await?.body["status"] == "Pending" {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        Ok(())
    }

    async fn send(&self, call: &Call) -> Result<Answer, Trouble> {
        call.send(self.address, &self.filled.api_key).await
    }
}

fn action_named(listed: &Json, name: &str) -> Result<String, Trouble> {
    let found = listed.as_array().into_iter().flatten().find(|action| action["name"] == name);
    let id = found.and_then(|action| action["id"].as_str());
    id.map(str::to_owned).ok_or_else(|| Trouble::refused(format!("the action {name} is not listed")))
}
