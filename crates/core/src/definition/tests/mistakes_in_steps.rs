//! Wrong steps: each mistake alone, its exact path and sentence.

use super::mistakes::{check, check_alone};

fn action(rest: &str) -> String {
    format!("actions: [ {{ name: Go, from: [Open], {rest} }} ]")
}

#[test]
fn steps() {
    for (step, expected) in [
        (
            "stage: Closed",
            ".do: is missing: one of move_to_stage, assign_to, update_data, delete_task, schedule_stage_change, add_comment, create_linked_task, update_linked_tasks, run_action, email, email_form, slack, api_call, zapier or sql",
        ),
        (
            "do: move, stage: Closed",
            ".do: \"move\" is not one of move_to_stage, assign_to, update_data, delete_task, schedule_stage_change, add_comment, create_linked_task, update_linked_tasks, run_action, email, email_form, slack, api_call, zapier, sql",
        ),
        ("do: move_to_stage", ".stage: is missing"),
        ("do: move_to_stage, stage: Close", ".stage: Close is not a stage; did you mean Closed?"),
        ("do: move_to_stage, stage: Closed, timeout: 3s", ".timeout: is not a key here; allowed: do, id, stage, when"),
        ("do: move_to_stage, stage: Closed, when: 3", ".when: 3 is not a condition: it needs combinator and rules"),
        ("do: assign_to", ": names nobody: give exactly one of user, to, field and round_robin"),
        (
            "do: assign_to, to: nobody, user: ann@example.com",
            ": says it in several ways: give exactly one of user, to, field and round_robin",
        ),
        ("do: assign_to, to: nobdy", ".to: \"nobdy\" is not one of performer, nobody; did you mean nobody?"),
        ("do: assign_to, field: Name", ".field: Name is of type text; only a field of type person names somebody"),
        ("do: assign_to, field: Onwer", ".field: Onwer is not a field; did you mean Owner?"),
        ("do: assign_to, round_robin: []", ".round_robin: is empty; at least one user is needed"),
        ("do: assign_to, round_robin: [ann@example.com, ann@example.com]", ".round_robin[1]: ann@example.com is named twice"),
        ("do: update_data", ": changes nothing: give set, clear, add, remove or increment"),
        ("do: update_data, set: {Nmae: x}", ".set.Nmae: Nmae is not a field; did you mean Name?"),
        ("do: update_data, set: {Plan: Por}", ".set.Plan: Por is not an option of Plan; did you mean Pro?"),
        ("do: update_data, set: {Plan: 3}", ".set.Plan: 3 is not an option for Plan, which is of type singleSelect"),
        ("do: update_data, set: {Tags: [Red, Green]}", ".set.Tags[1]: Green is not an option of Tags"),
        ("do: update_data, set: {Amount: 1.005}", ".set.Amount: 1.005 is invalid for Amount, which is of type currency"),
        ("do: update_data, set: {Amount: ten}", ".set.Amount: \"ten\" is invalid for Amount, which is of type currency"),
        ("do: update_data, set: {Due: 2023-02-29}", ".set.Due: \"2023-02-29\" is invalid for Due, which is of type date"),
        ("do: update_data, set: {Done: 7}", ".set.Done: 7 is invalid for Done, which is of type checkbox"),
        ("do: update_data, set: {Name: '{{Nmae}}'}", ".set.Name: {{Nmae}} is not a field; did you mean Name?"),
        ("do: update_data, set: {Name: '{{Name'}", ".set.Name: {{ is not closed by }}"),
        ("do: update_data, clear: [Nmae]", ".clear[0]: Nmae is not a field; did you mean Name?"),
        ("do: update_data, clear: [Name, Name]", ".clear[1]: Name is changed twice in this step, by clear too"),
        ("do: update_data, set: {Name: x}, clear: [Name]", ".clear[0]: Name is changed twice in this step, by set too"),
        ("do: update_data, add: {Name: [x]}", ".add.Name: Name is of type text; add is only for multipleSelect"),
        ("do: update_data, add: {Tags: [Rde]}", ".add.Tags[0]: Rde is not an option of Tags; did you mean Red?"),
        ("do: update_data, remove: {Tags: []}", ".remove.Tags: is empty; at least one option is needed"),
        ("do: update_data, increment: {Name: 1}", ".increment.Name: Name is of type text; increment is only for number and currency"),
        ("do: update_data, increment: {Amount: lots}", ".increment.Amount: \"lots\" is not a decimal of at most 28 digits"),
        ("do: update_data, increment: {Amount: 0.001}", ".increment.Amount: 0.001 has more decimal places than EUR has (2)"),
        ("do: update_data, increment: {Amount: [1]}", ".increment.Amount: must be a number or a text, not a list"),
        ("do: schedule_stage_change, stage: Closed", ": needs exactly one of after and at"),
        (
            "do: schedule_stage_change, stage: Closed, after: 3 days",
            ".after: \"3 days\" is not a duration: a whole number and a unit, such as 90s, 10m, 2h or 3d",
        ),
        ("do: schedule_stage_change, stage: Closed, at: Name", ".at: Name is of type text; only date and datetime say when"),
        ("do: add_comment, text: ''", ".text: is blank; a comment needs a text"),
        ("do: add_comment, text: 'by {{current_user}}'", ".text: {{current_user}} is not a field; did you mean currentUser.id?"),
        ("do: create_linked_task, link: Contacts", ".link: Contacts is not a link"),
        ("do: run_action, action: Stop", ".action: Stop is not an action"),
        ("do: email, to: a@example.com, subject: x", ".body: is missing"),
        ("do: email, to: 3, subject: x, body: y", ".to: must be a text or a list, not the number 3: put it in quotes"),
        ("do: email, to: ['{{Emial}}'], subject: x, body: y", ".to[0]: {{Emial}} is not a field"),
        ("do: email, to: '', subject: x, body: y", ".to: names nobody: give an address in to, cc or bcc"),
        ("do: email, to: [' , ', ''], cc: [], bcc: ',', subject: x, body: y", ".to: names nobody: give an address in to, cc or bcc"),
        ("do: email_form, to: a@example.com, form: Apply", ".form: Apply is not a form"),
        ("do: slack, channel: c, message: '{{Owenr}}'", ".message: {{Owenr}} is not a field; did you mean Owner?"),
        ("do: api_call, url: crm", ".url: \"crm\" is not an address that begins with https:// or http://"),
        (
            "do: api_call, url: 'https://a.example', method: post",
            ".method: \"post\" is not a method, such as GET, POST, PUT, PATCH or DELETE",
        ),
        (
            "do: api_call, url: 'https://a.example', headers: {X Y: z}",
            ".headers.X Y: \"X Y\" is not the name of a header: letters, digits and - without spaces",
        ),
        (
            "do: api_call, url: 'https://a.example', method: CONNECT",
            ".method: CONNECT opens a tunnel, which a step can't use; give another method, such as POST",
        ),
        (
            "do: api_call, url: 'https://a.example', headers: {Host: b.example}",
            ".headers.Host: Host is set by Baton itself, so a step can't set it",
        ),
        ("do: api_call, url: 'https://a.example', headers: {X-A: z, x-a: z}", ".headers.x-a: is given twice, as X-A too"),
        (
            "do: api_call, url: 'https://a.example', headers: {authorization: z}, auth: {bearer: 'secret:A'}",
            ".headers.authorization: is what auth sends; give it in one of the two places",
        ),
        (
            "do: api_call, url: 'https://a.example', headers: {X-Key: z}, auth: {header: {name: x-key, value: 'secret:A'}}",
            ".headers.X-Key: is what auth sends; give it in one of the two places",
        ),
        (
            "do: api_call, url: 'https://a.example', headers: {Webhook-Id: z}, auth: {hmac: {secret: 'secret:A'}}",
            ".headers.Webhook-Id: is what auth sends; give it in one of the two places",
        ),
        (
            "do: api_call, url: 'https://a.example', auth: {header: {name: Host, value: 'secret:A'}}",
            ".auth.header.name: Host is set by Baton itself, so a step can't set it",
        ),
        (
            "do: api_call, url: 'https://a.example', auth: {bearer: abc123}",
            ".auth.bearer: must name a secret of the workspace, such as secret:CRM_TOKEN; secrets are never written in a definition",
        ),
        (
            "do: api_call, url: 'https://a.example', auth: {beaer: 'secret:A'}",
            ".auth: must be a mapping with one of basic, bearer, header or hmac; did you mean bearer?",
        ),
        (
            "do: api_call, url: 'https://a.example', auth: {basic: {user: a, password: b}}",
            ".auth.basic.password: must name a secret of the workspace, such as secret:CRM_TOKEN; secrets are never written in a definition",
        ),
        ("do: api_call, url: 'https://a.example', map: {Nmae: /a}", ".map.Nmae: Nmae is not a field; did you mean Name?"),
        ("do: api_call, url: 'https://a.example', map: {Name: a}", ".map.Name: \"a\" is not a JSON pointer, such as /customer/id"),
        ("do: api_call, url: 'https://a.example', timeout: 1h", ".timeout: 1h is too long; at most 10m is allowed"),
        ("do: api_call, url: 'https://a.example', timeout: 0s", ".timeout: 0s is no time at all; it must be longer than 0s"),
        ("do: api_call, url: 'https://a.example', retry: {attempts: 0}", ".retry.attempts: is 0; allowed is 1 to 20"),
        ("do: api_call, url: 'https://a.example', retry: {first: 2s}", ".retry.attempts: is missing"),
        (
            "do: api_call, url: 'https://a.example', retry: {attempts: 2, first: 5m, max: 2s}",
            ".retry.max: is shorter than first; it is the longest wait",
        ),
        (
            "do: api_call, url: 'https://a.example', retry: {attempts: 2, backoff: linear}",
            ".retry.backoff: \"linear\" is not one of exponential, fixed",
        ),
        ("do: sql, source: S, statement: 'select {{%Nmae%}}'", ".statement: {{Nmae}} is not a field; did you mean Name?"),
    ] {
        check(&action(&format!("steps: [ {{ {step} }} ]")), &[&format!("actions[0].steps[0]{expected}")]);
    }
}

#[test]
fn what_cannot_be_set_is_told() {
    let text = "\
name: W
fields: [ { name: ID, type: uniqueId, autoincrement: true }, { name: Papers, type: file } ]
stages: [ { name: A } ]
actions: [ { name: Go, from: [A], ask: [ID, Papers], steps: [ { do: update_data, set: { ID: '7' }, clear: [Papers] } ] } ]";
    check_alone(
        text,
        &[
            "actions[0].steps[0].set.ID: ID is counted up by Baton, so it can't be set by a step",
            "actions[0].steps[0].clear[0]: Papers is of type file, so it can't be cleared by a step in this version",
            "actions[0].ask[0]: ID is counted up by Baton, so it can't be asked for",
            "actions[0].ask[1]: Papers is of type file, so it can't be asked for in this version",
        ],
    );
}

/// What runs would have nothing to fill in; the rest is kept for the day when links lead somewhere.
#[test]
fn a_field_of_a_linked_task_is_for_steps_without_effect_only() {
    let links =
        "links: [ { name: Account, to: Accounts, relationship: many_to_one, inverse: Orders } ]\nactions: [ { name: Go, from: [Open],
      requirements: [ { require: confirmation, title: '{{Account.Name}}' } ], steps: [";
    let step = |step: &str| format!("{links} {step} ] }} ]");
    check(&step("{ do: slack, channel: c, message: '{{Account.Name}}' }"), &[]);
    check(&step("{ do: create_linked_task, link: Account, set: { Name: '{{Account.Name}}' } }"), &[]);
    let told = |rest: &str| format!("actions[0].steps[0].{rest}");
    let (name, city) = (
        "{{Account.Nmae}} leads to a linked task, and links have no effect yet; did you mean Name?",
        "{{Account.City}} leads to a linked task, and links have no effect yet",
    );
    for (text, expected) in [
        (
            "{ do: add_comment, text: '{{Account.Nmae}} {{ Account.City }} {{Account.City}}' }",
            vec![format!("text: {city}"), format!("text: {name}")],
        ),
        ("{ do: update_data, set: { Name: '{{Account.City}}' } }", vec![format!("set.Name: {city}")]),
        (
            "{ do: email, to: '{{Account.City}}', subject: '{{Nmae}}', body: '{{Account.City}}' }",
            vec![format!("to: {city}"), format!("body: {city}"), "subject: {{Nmae}} is not a field; did you mean Name?".to_owned()],
        ),
        ("{ do: add_comment, text: '{{Acount.City}}' }", vec!["text: {{Acount.City}} is not a field".to_owned()]),
    ] {
        let expected: Vec<String> = expected.iter().map(|rest| told(rest)).collect();
        check(&step(text), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    // A field may have that whole name.
    let dotted = step("{ do: add_comment, text: '{{Account.Name}}' }");
    check_alone(&format!("name: W\nfields: [ {{ name: Account.Name, type: text }} ]\nstages: [ {{ name: Open }} ]\n{dotted}"), &[]);
}
