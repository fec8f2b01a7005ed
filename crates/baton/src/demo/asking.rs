//! Asking before acting: what blocks a refund and how it is opened, what its approval would do, and that it does just that.

use std::io::Write;

use serde_json::{Map, Value as Json, json};

use super::guide::{Guide, Workflow, promised};
use super::http::Call;
use super::outside::Outside;
use super::{people, refunds};
use crate::trouble::Trouble;

const APPROVER: &str = people::APPROVERS[0];

/// Of what is explained.
const EXPLAINED: [&str; 3] = ["available", "errors.message", "unblock.text"];
/// Of what a dry run answers: what changes, and what would leave the house.
const FORESEEN: [&str; 10] = [
    "status",
    "changes",
    "steps.kind",
    "steps.certain",
    "steps.request.method",
    "steps.request.url",
    "steps.email.to",
    "steps.email.subject",
    "steps.email.text",
    "quote",
];

pub async fn ask_before_acting(out: &mut impl Write, guide: &mut Guide<'_>, outside: &Outside) -> Result<(), Trouble> {
    let workflow = Workflow::new(&guide.filled.refunds);
    let approve = guide.action(&workflow, refunds::TO_UNBLOCK, "Approve").await?;
    unblock(out, guide, &workflow, &approve).await?;
    approve_as_quoted(out, guide, &workflow, &approve, outside).await?;
    find_the_quote_outdated(out, guide, &workflow, &approve).await
}

async fn unblock(out: &mut impl Write, guide: &mut Guide<'_>, workflow: &Workflow, approve: &str) -> Result<(), Trouble> {
    let refund = refunds::TO_UNBLOCK;
    let why_not = workflow.explain(refund, approve, APPROVER);
    let title = format!("Why can't refund {refund} be approved? Three reasons, and the shortest plan to unblock it");
    let blocked = guide.show_cut(out, &title, &why_not, 200, &EXPLAINED).await?.body;
    let codes: Vec<&Json> = blocked["errors"].as_array().into_iter().flatten().map(|error| &error["code"]).collect();
    promised("what blocks it", &json!(codes), &json!(["field_required", "checklist_incomplete", "not_assigned"]))?;

    for step in blocked["unblock"][0]["moves"].as_array().into_iter().flatten() {
        for (call, seen) in calls_of(workflow, refund, step)? {
            let title = format!("The plan says: {}", step["text"].as_str().unwrap_or_default());
            let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
            guide.show_cut(out, &title, &call, 200, &seen).await?;
        }
    }
    let open = guide.show_cut(out, "The same question again: nothing blocks it any more", &why_not, 200, &EXPLAINED).await?;
    promised("whether it is available", &open.body["available"], &json!(true))
}

/// What makes a move of the plan, each with what matters of its answer.
fn calls_of(workflow: &Workflow, task: &str, step: &Json) -> Result<Vec<(Call, Vec<String>)>, Trouble> {
    let list = |key: &str| step[key].as_array().cloned().unwrap_or_default();
    // Where the plan leaves a choice, it has an example.
    let chosen = |exact: &Json, example: &Json| if example.is_null() { exact.clone() } else { example.clone() };
    match step["do"].as_str() {
        Some("set_fields") => {
            let fields = list("fields");
            let set = fields.iter().map(|field| (text(&field["name"]), chosen(&field["value"], &field["example"])));
            let set: Map<String, Json> = set.collect();
            let seen = set.keys().cloned().collect();
            Ok(vec![(workflow.change(task, set.into()), seen)])
        }
        Some("complete_checklist") => {
            let seen = || ["title", "status"].map(str::to_owned).to_vec();
            Ok(list("items").iter().map(|item| (workflow.tick(task, &text(&item["id"])), seen())).collect())
        }
        Some("assign") => {
            let assigned = json!({ "Assigned To": chosen(&step["to"], &step["example"]) });
            Ok(vec![(workflow.change(task, assigned), vec!["Assigned To".to_owned()])])
        }
        _ => Err(Trouble::refused(format!("the plan has a move that the tour does not make: {step}"))),
    }
}

async fn approve_as_quoted(
    out: &mut impl Write,
    guide: &mut Guide<'_>,
    workflow: &Workflow,
    approve: &str,
    outside: &Outside,
) -> Result<(), Trouble> {
    let refund = refunds::TO_UNBLOCK;
    let title = "What would approving it do? A dry run does nothing, and shows the call and the e-mail\n   \
                 (not certain, for what the call answers may change it); its quote is good for 15 minutes";
    let foreseen = guide.show_cut(out, title, &workflow.dry_run(refund, approve, APPROVER), 200, &FORESEEN).await?.body;
    let steps = foreseen["steps"].as_array().cloned().unwrap_or_default();
    let shown = |what: &str| steps.iter().map(|step| step[what].clone()).find(|shown| !shown.is_null()).unwrap_or_default();
    promised("the method of the call", &shown("request")["method"], &json!("POST"))?;
    let subject = shown("email")["subject"].clone();
    promised("the subject of the e-mail", &subject, &json!(format!("{refund} is approved")))?;

    let title = "Do what was shown, or nothing: the quote is executed, and answered when that has ended";
    let ended = guide.show(out, title, &workflow.take_quoted(&foreseen["quote"]), 200).await?;
    promised("how it ends", &ended.body["status"], &json!("Success"))?;

    let title = "The refund is as was foreseen, and has the Payment reference from the answer to the call";
    let task = guide.show(out, title, &workflow.task(refund), 200).await?.body;
    let changes = foreseen["changes"].as_object().cloned().unwrap_or_default();
    promised("what changes", &json!(changes.keys().collect::<Vec<_>>()), &json!(["Stage", "Assigned To", "Approved by"]))?;
    for (field, change) in changes {
        promised(&field, &task[&field], &change[1])?;
    }
    let mail = outside.mailbox.last().map(|mail| mail.subject);
    promised("the e-mail that has come", &json!(mail), &subject)
}

async fn find_the_quote_outdated(out: &mut impl Write, guide: &mut Guide<'_>, workflow: &Workflow, approve: &str) -> Result<(), Trouble> {
    let refund = refunds::TO_CHANGE;
    let title = format!("A quote for approving refund {refund}");
    let seen = ["status", "changes", "quote"];
    let quoted = guide.show_cut(out, &title, &workflow.dry_run(refund, approve, APPROVER), 200, &seen).await?.body;

    let raised = workflow.change(refund, json!({ "Amount": 640 }));
    guide.show_cut(out, "Meanwhile somebody raises the Amount", &raised, 200, &["Amount"]).await?;

    let title = "The same quote is refused, and says what is no longer as it was shown";
    let refused = guide.show(out, title, &workflow.take_quoted(&quoted["quote"]), 409).await?;
    let changed = json!(["Amount has changed from 64.00 to 640.00 since the quote"]);
    promised("why it is refused", &refused.body["errors"], &changed)
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
