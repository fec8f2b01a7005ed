//! Steps, automations and fields.

use super::super::{Code, Severity};
use super::{BASE, but, check, check_pair, findings, with};

fn action(steps: &str) -> String {
    with(&format!("  - {{ name: Do, from: [Draft], steps: [ {steps} ] }}\n"))
}

fn guarded(requirements: &str, steps: &str) -> String {
    with(&format!("  - {{ name: Do, from: [Draft], requirements: [ {requirements} ], steps: [ {steps} ] }}\n"))
}

#[test]
fn a_checklist_that_is_not_there() {
    let from = |stages: &str| {
        with(&format!(
            "  - {{ name: Do, from: [{stages}], requirements: [ {{ require: checklist }} ], steps: [ {{ do: add_comment, text: Hm }} ] }}\n"
        ))
    };
    check_pair(
        Code::ChecklistMissing,
        "actions[2].requirements[0]",
        r#"[{"stage":"Review"},{"stage":"Closed"}]"#,
        &from("Review, Closed"),
        &from("Review, Draft"),
    );
}

#[test]
fn a_step_after_the_deletion() {
    let comment = "{ do: add_comment, text: Bye }";
    let call = "{ do: api_call, url: \"https://example.com\" }";
    let when = "when: { combinator: and, rules: [ { field: Done, operator: \"=\", value: true } ] }";
    check_pair(
        Code::StepAfterDelete,
        "actions[2].steps[2]",
        r#"[{"stage":"Draft"},{"action":"Do"}]"#,
        &action(&format!("{{ do: delete_task }}, {call}, {comment}")),
        &action(&format!("{comment}, {{ do: delete_task }}, {call}")),
    );
    check(&action(&format!("{{ do: delete_task, {when} }}, {comment}")), &[]);
}

#[test]
fn a_task_that_is_moved_twice() {
    let to = |stage: &str| format!("{{ do: move_to_stage, stage: {stage} }}");
    let when = |stage: &str, value: &str| {
        format!(
            "{{ do: move_to_stage, stage: {stage}, when: {{ combinator: and, rules: [ {{ field: Plan, operator: \"=\", value: {value} }} ] }} }}"
        )
    };
    let call = "{ do: api_call, url: \"https://example.com\" }";
    check_pair(
        Code::TaskMovedTwice,
        "actions[2].steps[1]",
        r#"[{"stage":"Draft"},{"action":"Do"},{"stage":"Review"},{"stage":"Closed"}]"#,
        &action(&format!("{}, {}", to("Review"), to("Closed"))),
        &action(&format!("{}, {call}, {}", to("Review"), to("Closed"))),
    );
    // One unless the other; and one that is the usual one, with an exception.
    check(&action(&format!("{}, {}", when("Review", "Free"), when("Closed", "Pro"))), &[]);
    check(&action(&format!("{}, {}", to("Review"), when("Closed", "Pro"))), &[]);
    check(&action(&format!("{}, {}", when("Review", "Pro"), when("Closed", "Pro"))), &["task_moved_twice actions[2].steps[1]"]);
}

#[test]
fn a_required_field_that_nobody_sets() {
    let roles = |right: &str| {
        format!(
            "roles:\n  - {{ name: Collaborator, fields: {{ Secret: {right} }} }}\n  - {{ name: Clerk, fields: {{ Secret: hidden }} }}\n"
        )
    };
    let required = but("{ name: Secret, type: text }", "{ name: Secret, type: text, required: true }");
    check_pair(
        Code::RequiredNeverSet,
        "fields[6]",
        r#"[{"field":"Secret","value":null},{"role":"Collaborator"},{"role":"Clerk"}]"#,
        &(required.clone() + &roles("read_only")),
        &(required.clone() + &roles("editable")),
    );
    let set = |step: &str| required.clone() + &format!("  - {{ name: Do, from: [Draft], steps: [ {step} ] }}\n") + &roles("read_only");
    check(&set("{ do: update_data, set: { Secret: x } }"), &[]);
    check(&set("{ do: api_call, url: \"https://example.com\", map: { Secret: /secret } }"), &[]);
    check(&set("{ do: add_comment, text: x }"), &["required_never_set fields[6]"]);
    check(&(required.clone() + &roles("read_only") + "forms: [ { name: Ask, mode: create, items: [ { field: Secret } ] } ]\n"), &[]);
    check(
        &(required
            + &roles("read_only")
            + "data_sync: { source: S, query: q, unique_id: id, every: 5m, columns: { id: Name, s: { field: Secret } } }\n"),
        &[],
    );
}

#[test]
fn an_email_to_a_field_that_may_be_blank() {
    let mail = |rest: &str| format!("{{ do: email, subject: Hi, body: Hi, {rest} }}");
    let when = "when: { combinator: and, rules: [ { field: Email, operator: notNull } ] }";
    check_pair(
        Code::EmailToBlank,
        "actions[2].steps[0].to",
        r#"[{"action":"Do"},{"field":"Email","value":null}]"#,
        &action(&mail("to: \"{{Email}}\"")),
        &action(&mail(&format!("to: \"{{{{Email}}}}\", {when}"))),
    );
    let to_email = mail("to: \"{{Email}}\"");
    check(&guarded("{ require: fields, fields: [Name, Email] }", &to_email), &[]);
    check(&guarded("{ require: fields, fields: [Name] }", &to_email), &["email_to_blank actions[2].steps[0].to"]);
    let dotted = "{ require: condition, message: No, condition: { combinator: and, rules: [ { field: Email, operator: contains, value: \".\" } ] } }";
    check(&guarded(dotted, &to_email), &[]);
    check(&action(&to_email).replace("{ name: Email, type: email }", "{ name: Email, type: email, required: true }"), &[]);
    check(&action(&format!("{{ do: update_data, set: {{ Email: a@example.com }} }}, {to_email}")), &[]);
    check(
        &guarded("{ require: fields, fields: [Email] }", &format!("{{ do: update_data, clear: [Email] }}, {to_email}")),
        &["email_to_blank actions[2].steps[1].to"],
    );
    check(&action(&format!("{{ do: api_call, url: \"https://example.com\" }}, {to_email}")), &[]);
    // Somebody is always told; or it goes to those in copy only.
    check(&action(&mail("to: [\"{{Email}}\", boss@example.com]")), &[]);
    let copied = action(&mail("to: \"{{Email}}\", cc: boss@example.com"));
    check(&copied, &["email_to_blank actions[2].steps[0].to"]);
    assert_eq!(findings(&copied)[0].severity, Severity::Info);
    // Part of an address.
    check(&action(&mail("to: \"{{Name}} <{{Email}}>\"")), &["email_to_blank actions[2].steps[0].to"]);
    check(&guarded("{ require: fields, fields: [Email] }", &mail("to: \"{{Name}} <{{Email}}>\"")), &[]);
    check(&action(&mail("to: boss@example.com, cc: \"{{Name}} <{{Email}}>\"")), &["email_to_blank actions[2].steps[0].cc"]);
    check(&action(&mail("to: \"{{Assigned To}}\"")), &["email_to_blank actions[2].steps[0].to"]);
    check(&guarded("{ require: assigned }", &mail("to: \"{{Assigned To}}\"")), &[]);
    check(&action(&format!("{{ do: assign_to, to: performer }}, {}", mail("to: \"{{Assigned To}}\""))), &[]);
    check(&action(&mail("to: \"{{currentUser.email}}\"")), &[]);
}

#[test]
fn a_text_with_a_field_that_is_hidden_from_who_acts() {
    let roles = |actions: &str| format!("roles: [ {{ name: Clerk, actions: [{actions}], fields: {{ Secret: hidden }} }} ]\n");
    let comment = action("{ do: add_comment, text: \"It is {{Secret}}, {{ Secret }}\" }");
    check_pair(
        Code::HiddenFieldShown,
        "actions[2].steps[0].text",
        r#"[{"action":"Do"},{"field":"Secret"},{"role":"Clerk"}]"#,
        &(comment.clone() + &roles("Do")),
        &(comment + &roles("Send")),
    );
    let out = action("{ do: email, to: a@example.com, subject: Hi, body: \"{{Secret}}\" }") + &roles("Do");
    check(&out, &["hidden_field_shown actions[2].steps[0].body"]);
    assert_eq!(findings(&out)[0].severity, Severity::Info);
    let copied = |field: &str| action(&format!("{{ do: update_data, set: {{ {field}: \"{{{{Secret}}}}\" }} }}")) + &roles("Do");
    check(&copied("Name"), &["hidden_field_shown actions[2].steps[0].set.Name"]);
    check(&copied("Secret"), &[]);
    let asked = guarded("{ require: confirmation, title: \"{{Secret}}?\" }", "{ do: add_comment, text: Hm }") + &roles("Do");
    check(&asked, &["hidden_field_shown actions[2].requirements[0].title"]);
}

fn automations(list: &[&str]) -> String {
    with(&format!("automations:\n{}", list.iter().map(|one| format!("  - {{ {one} }}\n")).collect::<String>()))
}

#[test]
fn automations_that_trigger_each_other() {
    let there = "name: There, on: { event: stage_entered, stage: Review }, steps: [ { do: move_to_stage, stage: Draft } ]";
    let back = "name: Back, on: { event: stage_entered, stage: Draft }, steps: [ { do: move_to_stage, stage: Review } ]";
    check_pair(
        Code::AutomationsWithoutEnd,
        "automations[0]",
        r#"[{"automation":"There"},{"stage":"Draft"},{"automation":"Back"},{"stage":"Review"},{"automation":"There"}]"#,
        &automations(&[there, back]),
        &automations(&[there, &back.replace("stage: Review", "stage: Closed")]),
    );
    // One whose `when` bars the way back.
    let when = |value: &str| format!("when: {{ combinator: and, rules: [ {{ field: Plan, operator: \"=\", value: {value} }} ] }}");
    check(&automations(&[&format!("{there}, {}", when("Free")), &format!("{back}, {}", when("Pro"))]), &[]);
    check(
        &automations(&[&format!("{there}, {}", when("Free")), &format!("{back}, {}", when("Free"))]),
        &["automations_without_end automations[0]"],
    );
    // Time ends a chain.
    check(&automations(&[there, &back.replace("stage_entered, stage: Draft", "time_in_stage, longer_than: 1d, stage: Draft")]), &[]);
}

#[test]
fn automations_that_trigger_themselves() {
    let updated = |when: &str, step: &str| {
        format!("name: Again, on: {{ event: task_updated, fields: [Count, Plan, Tags] }}, {when} steps: [ {step} ]")
    };
    let when = |rule: &str| format!("when: {{ combinator: and, rules: [ {rule} ] }},");
    let plan_is_free = when("{ field: Plan, operator: \"=\", value: Free }");
    let plan_is_pro = when("{ field: Plan, operator: \"=\", value: Pro }");
    let not_red = when("{ field: Tags, operator: doesNotContain, value: Red }");
    for (automation, endless) in [
        (updated("", "{ do: update_data, increment: { Count: 1 } }"), true),
        (updated("", "{ do: update_data, increment: { Amount: 1 } }"), false),
        (updated(&plan_is_free, "{ do: update_data, set: { Plan: Pro } }"), false),
        (updated(&plan_is_pro, "{ do: update_data, set: { Plan: Pro } }"), false),
        (updated("", "{ do: update_data, set: { Plan: Pro } }"), true),
        (updated(&not_red, "{ do: update_data, add: { Tags: [Red] } }"), false),
        (updated("", "{ do: update_data, set: { Plan: \"{{Name}}\" } }"), true),
        (updated("", "{ do: add_comment, text: Hm }"), false),
        ("name: Echo, on: { event: comment_added }, steps: [ { do: add_comment, text: Hm } ]".to_owned(), true),
        ("name: Stay, on: { event: stage_entered, stage: Review }, steps: [ { do: move_to_stage, stage: Review } ]".to_owned(), false),
        ("name: Gone, on: { event: comment_added }, steps: [ { do: add_comment, text: Hm }, { do: delete_task } ]".to_owned(), false),
    ] {
        let expected: &[&str] = if endless { &["automations_without_end automations[0]"] } else { &[] };
        check(&automations(&[&automation]), expected);
    }
}

#[test]
fn a_round_through_an_action() {
    let run = "name: Run, on: { event: action_performed, action: Ask }, steps: [ { do: run_action, action: Ask } ]";
    let ask = |from: &str| format!("  - {{ name: Ask, from: [{from}], steps: [ {{ do: add_comment, text: Hm }} ] }}\n");
    let text = BASE.to_owned() + &ask("Draft") + &format!("automations: [ {{ {run} }} ]\n");
    check(&text, &["automations_without_end automations[0]"]);
    let moves = text.replace("{ do: add_comment, text: Hm } ]", "{ do: move_to_stage, stage: Review } ]");
    check(&moves.replace("name: Ask, from", "name: Ask, ask: [Name], from"), &[]);
}
