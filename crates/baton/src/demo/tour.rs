//! The Actions API at work: each request shown as a curl line, sent, and shown with its answer.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fill::Filled;
use super::http::{Answer, Call};
use super::mailbox::Mail;
use super::outside::Outside;
use super::{people, refunds, say};
use crate::trouble::Trouble;

const ASK_AGAIN_AFTER: Duration = Duration::from_millis(10);

pub async fn give(out: &mut impl Write, address: SocketAddr, filled: &Filled, outside: &Outside) -> Result<(), Trouble> {
    let mut guide = Guide { address, filled, shown: 0 };
    say(out, "\nThe Actions API at work. Each line can be pasted into a shell.")?;
    approve_applicants(out, &mut guide).await?;
    say(out, "\nSteps that reach outside: a bookkeeping, a mailbox and a bank, all of them started by the demo.")?;
    approve_refund(out, &mut guide, outside).await?;
    pay_refund(out, &mut guide, outside).await
}

async fn approve_applicants(out: &mut impl Write, guide: &mut Guide<'_>) -> Result<(), Trouble> {
    let workflow = Workflow::new(&guide.filled.early_access);
    let (incomplete, ready) = (&guide.filled.incomplete, &guide.filled.ready);

    let title = format!("What can be done with applicant {incomplete}, who is in review?");
    let listed = guide.show(out, &title, &workflow.actions_of(incomplete), 200).await?;
    let approve = action_named(&listed.body, "Approve")?;

    let title = "Approve that applicant: refused, with every reason at once";
    guide.show(out, title, &workflow.take(incomplete, &approve, people::REVIEWERS[0]), 422).await?;

    let title = format!("Approve applicant {ready}, who lacks nothing, as somebody whose role may not");
    guide.show(out, &title, &workflow.take(ready, &approve, people::INTERN), 403).await?;

    let title = "The same by a reviewer: accepted";
    let accepted = guide.show(out, title, &workflow.take(ready, &approve, people::REVIEWERS[1]), 202).await?;
    guide.follow(out, "Followed to its end", &workflow, &accepted).await?;
    guide.show(out, "What it did to the task", &workflow.task(ready), 200).await?;
    Ok(())
}

async fn approve_refund(out: &mut impl Write, guide: &mut Guide<'_>, outside: &Outside) -> Result<(), Trouble> {
    let workflow = Workflow::new(&guide.filled.refunds);
    let refund = refunds::TO_APPROVE;
    let approve = guide.action(&workflow, refund, "Approve").await?;
    let title = format!("Approve refund {refund}: the bookkeeping is told, and then whoever asked for it");
    let accepted = guide.show(out, &title, &workflow.take(refund, &approve, people::APPROVERS[0]), 202).await?;
    guide.follow(out, "Both steps have their answers", &workflow, &accepted).await?;
    guide.show(out, "The bookkeeping's answer has set the Payment reference", &workflow.task(refund), 200).await?;

    let mail = outside.mailbox.last().ok_or_else(|| Trouble::refused("no e-mail has come"))?;
    let Mail { from, to, subject, text } = mail;
    guide.title(out, "The e-mail, as the mailbox has got it")?;
    say(out, &format!("From: {from}\nTo: {}\nSubject: {subject}\n\n{text}", to.join(", ")))
}

async fn pay_refund(out: &mut impl Write, guide: &mut Guide<'_>, outside: &Outside) -> Result<(), Trouble> {
    let workflow = Workflow::new(&guide.filled.refunds);
    let refund = refunds::TO_PAY;
    let pay = guide.action(&workflow, refund, "Pay").await?;
    outside.payments.close_bank(true);
    let title = format!("Pay refund {refund}, while the bank is closed");
    let accepted = guide.show(out, &title, &workflow.take(refund, &pay, people::AGENTS[0]), 202).await?;
    let failed = "The bank's answer is the execution's error, and nothing after that step has run";
    let execution = guide.follow(out, failed, &workflow, &accepted).await?;

    outside.payments.close_bank(false);
    let title = "The bank is open again: a retry goes on at the step that has failed";
    let retried = guide.show(out, title, &workflow.retry(&execution), 202).await?;
    guide.follow(out, "This time it ends well", &workflow, &retried).await?;
    guide.show(out, "Only now the refund is in Paid", &workflow.task(refund), 200).await?;
    Ok(())
}

/// The calls on one workflow.
struct Workflow(String);

impl Workflow {
    fn new(id: &str) -> Workflow {
        Workflow(format!("/api/v1/workflows/{id}"))
    }

    fn actions_of(&self, task: &str) -> Call {
        Call::get(format!("{}/tasks/{task}/actions", self.0))
    }

    fn task(&self, task: &str) -> Call {
        Call::get(format!("{}/tasks/{task}", self.0))
    }

    fn take(&self, task: &str, action: &str, performer: &str) -> Call {
        let body = json!({ "task_id": task, "action_id": action, "performed_by": performer });
        Call::post(format!("{}/executions", self.0), body)
    }

    fn execution(&self, id: &str) -> Call {
        Call::get(format!("{}/executions/{id}", self.0))
    }

    fn retry(&self, execution: &str) -> Call {
        Call::post_nothing(format!("{}/executions/{execution}/retry", self.0))
    }
}

struct Guide<'a> {
    address: SocketAddr,
    filled: &'a Filled,
    shown: usize,
}

impl Guide<'_> {
    fn title(&mut self, out: &mut impl Write, title: &str) -> Result<(), Trouble> {
        self.shown += 1;
        say(out, &format!("\n{}. {title}\n", self.shown))
    }

    async fn show(&mut self, out: &mut impl Write, title: &str, call: &Call, status: u16) -> Result<Answer, Trouble> {
        self.title(out, title)?;
        say(out, &call.curl(self.address, &self.filled.api_key))?;
        let answer = self.send(call).await?;
        let body = serde_json::to_string_pretty(&answer.body).unwrap_or_default();
        say(out, &format!("\n{}\n{body}", answer.status))?;
        if answer.status == status {
            Ok(answer)
        } else {
            Err(Trouble::refused(format!("the answer should have been {status}, not {}", answer.status)))
        }
    }

    /// Shows the accepted execution when it has ended; gives its id.
    async fn follow(&mut self, out: &mut impl Write, title: &str, workflow: &Workflow, accepted: &Answer) -> Result<String, Trouble> {
        let id = accepted.body["id"].as_str().unwrap_or_default();
        let call = workflow.execution(id);
        while self.send(&call).await?.body["status"] == "Pending" {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        self.show(out, title, &call, 200).await?;
        Ok(id.to_owned())
    }

    async fn action(&self, workflow: &Workflow, task: &str, name: &str) -> Result<String, Trouble> {
        action_named(&self.send(&workflow.actions_of(task)).await?.body, name)
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
