//! The largest documents.

use std::fmt::Write as _;

use super::super::Code;
use super::findings;
use crate::limits::{ACTIONS_MAX, FIELDS_MAX, STAGES_MAX, STEPS_MAX};

/// Every list full, every step with a `when`, every field and stage named all over.
fn largest() -> String {
    let mut text = "name: W\nfields:\n".to_owned();
    for field in 0..FIELDS_MAX {
        let kind = ["text", "number", "date", "singleSelect, options: [A, B, C]", "checkbox"][field % 5];
        writeln!(text, "  - {{ name: F{field}, type: {kind} }}").expect("a text");
    }
    text.push_str("stages:\n");
    for stage in 0..STAGES_MAX {
        writeln!(text, "  - {{ name: S{stage}, end: {} }}", stage % 10 == 9).expect("a text");
    }
    text.push_str("actions:\n");
    for action in 0..ACTIONS_MAX {
        let from: Vec<String> = (0..STAGES_MAX).map(|stage| format!("S{stage}")).collect();
        writeln!(text, "  - name: A{action}\n    from: [{}]\n    steps:", from.join(", ")).expect("a text");
        for step in 0..STEPS_MAX {
            let number = 5 * ((action * STEPS_MAX + step) % (FIELDS_MAX / 5));
            let when = format!(
                "{{ combinator: or, rules: [ {{ field: F{}, operator: '>', value: {step} }}, {{ field: F{}, operator: '=', value: B }}, {{ field: F{}, operator: contains, value: x{action} }} ] }}",
                number + 1,
                number + 3,
                number
            );
            let when = if step % 5 == 0 { format!(", when: {when}") } else { String::new() };
            let what = match step % 3 {
                0 => format!("do: move_to_stage, stage: S{}", (action * 7 + step) % STAGES_MAX),
                1 => format!("do: update_data, set: {{ F{number}: \"{{{{F{number}}}}}{step}\" }}"),
                _ => format!("do: email, to: '{{{{F{number}}}}}', subject: s, body: b"),
            };
            writeln!(text, "      - {{ {what}{when} }}").expect("a text");
        }
    }
    text.push_str("automations:\n");
    for automation in 0..ACTIONS_MAX {
        writeln!(
            text,
            "  - {{ name: T{automation}, on: {{ event: task_updated, fields: [F{}] }}, steps: [ {{ do: update_data, increment: {{ F{}: 1 }} }} ] }}",
            5 * (automation % 40) + 1,
            5 * ((automation + 1) % 40) + 1
        )
        .expect("a text");
    }
    text
}

#[test]
fn the_largest_document_is_linted() {
    let text = largest();
    let found = findings(&text);
    // No condition there can never hold, and all fields may be blank.
    assert!(found.iter().any(|finding| finding.code == Code::AutomationsWithoutEnd));
    assert!(found.iter().any(|finding| finding.code == Code::EmailToBlank));
    assert!(found.iter().all(|finding| finding.code != Code::ConditionNeverHolds));
}
