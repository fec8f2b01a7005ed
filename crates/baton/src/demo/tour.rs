//! The Actions API at work: each request shown as a curl line, sent, and shown with its answer.

use std::io::Write;
use std::net::SocketAddr;

use super::asking::ask_before_acting;
use super::fill::Filled;
use super::guide::{Guide, Workflow, action_named};
use super::mailbox::Mail;
use super::outside::Outside;
use super::{people, refunds, say};
use crate::trouble::Trouble;

pub async fn give(out: &mut impl Write, address: SocketAddr, filled: &Filled, outside: &Outside) -> Result<(), Trouble> {
    let mut guide = Guide::new(address, filled);
    say(out, "\nThe Actions API at work. Each line can be pasted into a shell.")?;
    approve_applicants(out, &mut guide).await?;
    say(out, "\nSteps that reach outside: a bookkeeping, a mailbox and a bank, all of them started by the demo.")?;
    approve_refund(out, &mut guide, outside).await?;
    pay_refund(out, &mut guide, outside).await?;
    say(out, "\nAsking before acting: why not, how it could be, and what would happen. Answers are cut to what matters.")?;
    ask_before_acting(out, &mut guide, outside).await
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
