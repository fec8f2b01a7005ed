//! Ways through the stages.

use super::super::{Code, Severity};
use super::{but, check, check_pair, findings, with};

#[test]
fn a_stage_that_no_task_can_reach() {
    let lost = "{ name: Closed, end: true }, { name: Lost, end: true }";
    check_pair(
        Code::StageUnreachable,
        "stages[3]",
        r#"[{"stage":"Lost"}]"#,
        &but("{ name: Closed, end: true }", lost),
        &(but("{ name: Closed, end: true }", lost)
            + "automations: [ { name: Late, on: { event: time_in_stage, stage: Review, longer_than: 3d }, steps: [ { do: move_to_stage, stage: Lost } ] } ]"),
    );
    // By a scheduled change; what is kept leads on from wherever the task goes.
    let scheduled = with("  - { name: Wait, from: [Draft], steps: [ { do: schedule_stage_change, stage: Lost, after: 1d } ] }\n");
    check(&scheduled.replace("{ name: Closed, end: true }", lost), &[]);
    // By nothing that can happen.
    let never = with(
        "  - { name: Lose, from: [Draft], steps: [ { do: move_to_stage, stage: Lost, when: { combinator: and, rules: [ { field: Plan, operator: \"null\" }, { field: Plan, operator: \"=\", value: Pro } ] } } ] }\n",
    );
    check(
        &never.replace("{ name: Closed, end: true }", lost),
        &["condition_never_holds actions[2].steps[0].when", "stage_unreachable stages[3]"],
    );
}

#[test]
fn a_stage_without_a_way_out() {
    let stays = but("{ do: move_to_stage, stage: Closed }", "{ do: add_comment, text: Hm }");
    let found = findings(&stays);
    let told: Vec<_> = found.iter().map(|finding| (finding.code, finding.path.as_str())).collect();
    assert_eq!(told, [(Code::StageWithoutEnd, "stages[0]"), (Code::StageWithoutExit, "stages[1]"), (Code::StageUnreachable, "stages[2]")]);
    assert_eq!(
        serde_json::to_string(&found[1].counterexample).expect("JSON"),
        r#"[{"stage":"Draft"},{"action":"Send"},{"stage":"Review"}]"#
    );
    // Out by a deletion, by a scheduled change, or by an automation.
    let closes = "  - { name: Close, from: [Draft], steps: [ { do: move_to_stage, stage: Closed } ] }\n";
    for way in [
        "  - { name: Drop, from: [Review], steps: [ { do: delete_task } ] }\n",
        "  - { name: Later, from: [Review], steps: [ { do: schedule_stage_change, stage: Closed, after: 1d } ] }\n",
        "automations: [ { name: Late, on: { event: time_in_stage, stage: Review, longer_than: 3d }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n",
        "automations: [ { name: Late, on: { event: schedule, cron: \"0 8 * * *\" }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n",
        "automations: [ { name: Late, on: { event: action_performed, action: Send }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n",
    ] {
        check(&(stays.clone() + closes + way), &[]);
    }
    // What follows an action begins wherever that can leave the task.
    let lost = stays
        .replace("{ name: Closed, end: true }", "{ name: Closed, end: true }, { name: Lost, end: true }")
        .replace("{ do: add_comment, text: Hm }", "{ do: move_to_stage, stage: Closed }");
    let maybe = "  - { name: Maybe, from: [Draft], steps: [ { do: move_to_stage, stage: Review, when: { combinator: and, rules: [ { field: Plan, operator: notNull } ] } } ] }\n";
    let follows = "automations: [ { name: Lose, on: { event: action_performed, action: Maybe }, when: { combinator: and, rules: [ { field: Stage, operator: \"=\", value: STAGE } ] }, steps: [ { do: move_to_stage, stage: Lost } ] } ]\n";
    for stage in ["Draft", "Review"] {
        check(&(lost.clone() + maybe + &follows.replace("STAGE", stage)), &[]);
    }
    check(&(lost + maybe + &follows.replace("STAGE", "Closed")), &["stage_unreachable stages[3]"]);
    // One of another stage does not help.
    let elsewhere = "automations: [ { name: Late, on: { event: time_in_stage, stage: Draft, longer_than: 3d }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n";
    check(&(stays.clone() + closes + elsewhere), &["stage_without_exit stages[1]"]);
    // Nor one that its `when` keeps to another stage.
    let kept = "automations: [ { name: Late, on: { event: comment_added }, when: { combinator: and, rules: [ { field: Stage, operator: \"=\", value: Draft } ] }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n";
    check(&(stays.clone() + closes + kept), &["stage_without_exit stages[1]"]);
}

#[test]
fn a_scheduled_change_that_is_kept_leads_out_of_later_stages() {
    let kept = |keep: bool| {
        but(
            "{ do: move_to_stage, stage: Review } ]",
            &format!("{{ do: schedule_stage_change, stage: Closed, after: 1d, keep: {keep} }}, {{ do: move_to_stage, stage: Review }} ]"),
        )
        .replace("{ do: move_to_stage, stage: Closed } ]", "{ do: add_comment, text: Hm } ]")
    };
    check(&kept(true), &[]);
    check(&kept(false), &["stage_without_exit stages[1]"]);
}

#[test]
fn a_stage_from_which_no_end_can_be_reached() {
    let round = with("  - { name: Hold, from: [Draft], steps: [ { do: move_to_stage, stage: Held } ] }\n  - { name: Keep, from: [Held], steps: [ { do: move_to_stage, stage: Kept } ] }\n  - { name: Back, from: [Kept], steps: [ { do: move_to_stage, stage: Held } ] }\n")
        .replace("{ name: Closed, end: true }", "{ name: Closed, end: true }, { name: Held }, { name: Kept }");
    check(&round, &["stage_without_end stages[3]", "stage_without_end stages[4]"]);
    let shown = serde_json::to_string(&findings(&round)[1].counterexample).expect("JSON");
    assert_eq!(shown, r#"[{"stage":"Draft"},{"action":"Hold"},{"stage":"Held"},{"action":"Keep"},{"stage":"Kept"}]"#);
    check(&(round.clone() + "  - { name: Drop, from: [Kept], steps: [ { do: delete_task } ] }\n"), &[]);
    check(&(round + "  - { name: Done, from: [Kept], steps: [ { do: move_to_stage, stage: Closed } ] }\n"), &[]);
    // None at all is told once. A workflow of one stage is a list.
    check(
        &but("{ name: Closed, end: true }", "{ name: Closed }").replace(
            "  - { name: Accept",
            "  - { name: Again, from: [Closed], steps: [ { do: move_to_stage, stage: Draft } ] }\n  - { name: Accept",
        ),
        &["stage_without_end stages"],
    );
    check("{ name: Contacts, fields: [ { name: Name, type: text } ], stages: [ { name: Active } ] }", &[]);
}

#[test]
fn where_people_may_move_tasks_by_hand_a_missing_way_may_be_meant_so() {
    let lost = but("{ name: Closed, end: true }", "{ name: Closed, end: true }, { name: Lost, end: true }");
    let by_hand = lost.clone() + "roles: [ { name: Lead, moving: by_hand } ]\n";
    let linked = lost.clone() + "links: [ { name: Deals, to: Deals, relationship: one_to_many, inverse: W } ]\n";
    assert_eq!(findings(&lost)[0].severity, Severity::Warning);
    assert_eq!(findings(&by_hand)[0].severity, Severity::Info);
    assert_eq!(findings(&linked)[0].severity, Severity::Info);
}

#[test]
fn an_action_that_can_never_be_taken() {
    let note = |requirements: &str| {
        with(&format!(
            "  - {{ name: Note, from: [Draft], requirements: [ {requirements} ], steps: [ {{ do: add_comment, text: Hm }} ] }}\n"
        ))
    };
    check_pair(
        Code::ActionNeverTaken,
        "actions[2]",
        r#"[{"stage":"Draft"},{"action":"Note"}]"#,
        &note("{ require: assigned, to: performer }, { require: performer, not: [assignee] }"),
        &note("{ require: assigned }, { require: performer, not: [assignee, creator] }"),
    );
    let condition = |field: &str, operator: &str, value: &str| {
        format!(
            "{{ require: condition, message: No, condition: {{ combinator: and, rules: [ {{ field: {field}, operator: \"{operator}\", value: {value} }} ] }} }}"
        )
    };
    check(&note(&format!("{}, {}", condition("Amount", ">", "5"), condition("Amount", "<", "5"))), &["action_never_taken actions[2]"]);
    check(&note(&format!("{}, {}", condition("Amount", ">", "4"), condition("Amount", "<", "5"))), &[]);
    check(&note(&format!("{{ require: fields, fields: [Plan] }}, {}", condition("Plan", "null", "x"))), &["action_never_taken actions[2]"]);
    check(&note(&condition("Stage", "=", "Review")), &["action_never_taken actions[2]"]);
    check(&note(&condition("Stage", "!=", "Review")), &[]);
    check(&note(&condition("Name", "beginsWith", "Dr.")), &[]);
    // From where no task is.
    let lost = "{ name: Closed, end: true }, { name: Lost, end: true }";
    let from_lost = with("  - { name: Find, from: [Lost], steps: [ { do: move_to_stage, stage: Draft } ] }\n")
        .replace("{ name: Closed, end: true }", lost);
    check(&from_lost, &["action_never_taken actions[2]", "stage_unreachable stages[3]"]);
}

#[test]
fn two_actions_with_the_same_effect_in_one_stage() {
    let more = |rest: &str| with(&format!("  - {{ name: Approve, {rest} }}\n"));
    let same = "from: [Draft, Review], color: green, steps: [ { do: move_to_stage, stage: Closed } ]";
    check_pair(
        Code::ActionsAlike,
        "actions[2]",
        r#"[{"stage":"Review"},{"action":"Accept"},{"action":"Approve"}]"#,
        &more(same),
        &more("from: [Draft], steps: [ { do: move_to_stage, stage: Closed } ]"),
    );
    for other in [
        "from: [Review], requirements: [ { require: assigned } ], steps: [ { do: move_to_stage, stage: Closed } ]",
        "from: [Review], steps: [ { do: move_to_stage, stage: Closed }, { do: add_comment, text: Hm } ]",
        "from: [Review], ask: [Name], steps: [ { do: move_to_stage, stage: Closed } ]",
    ] {
        check(&more(other), &[]);
    }
    // Who may take them, what follows, and who may not take another one afterwards.
    check(&(more(same) + "roles: [ { name: Clerk, actions: [Send, Accept] } ]\n"), &[]);
    check(
        &(more(same)
            + "automations: [ { name: Praise, on: { event: action_performed, action: Approve }, steps: [ { do: add_comment, text: Well } ] } ]\n"),
        &[],
    );
    let tells = with(
        "  - { name: A, from: [Draft], steps: [ { do: zapier, url: \"https://example.com\" } ] }\n  - { name: B, from: [Draft], steps: [ { do: zapier, url: \"https://example.com\" } ] }\n",
    );
    check(&tells, &[]);
}

#[test]
fn a_stage_in_which_no_role_can_act() {
    let roles = |actions: &str| {
        with(&format!("roles:\n  - {{ name: Collaborator, actions: [{actions}] }}\n  - {{ name: Clerk, actions: [Send] }}\n"))
    };
    check_pair(
        Code::RoleWithoutAction,
        "stages[1]",
        r#"[{"stage":"Review"},{"role":"Collaborator"},{"role":"Clerk"}]"#,
        &roles("Send"),
        &roles("Accept"),
    );
    // An automation moves its tasks on.
    check(
        &(roles("Send")
            + "automations: [ { name: Late, on: { event: time_in_stage, stage: Review, longer_than: 3d }, steps: [ { do: move_to_stage, stage: Closed } ] } ]\n"),
        &[],
    );
    // Time does.
    check(
        &roles("Send").replace(
            "{ do: move_to_stage, stage: Review }",
            "{ do: move_to_stage, stage: Review }, { do: schedule_stage_change, stage: Closed, after: 3d }",
        ),
        &[],
    );
    assert_eq!(findings(&roles("Send"))[0].severity, Severity::Info);
}
