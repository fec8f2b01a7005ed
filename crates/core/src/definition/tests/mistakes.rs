//! Wrong documents: each mistake alone, its exact path and sentence.

use super::problems_of;

/// A small right document; each row replaces one line of it, or adds to it.
const BASE: &str = "\
name: W
fields:
  - { name: Name, type: text }
  - { name: Plan, type: singleSelect, options: [Free, Pro] }
  - { name: Tags, type: multipleSelect, options: [Red, Blue] }
  - { name: Amount, type: currency, currency: EUR }
  - { name: Due, type: date }
  - { name: Owner, type: person }
  - { name: Done, type: checkbox }
stages: [ { name: Open }, { name: Closed, end: true } ]
";

pub(super) fn check(added: &str, expected: &[&str]) {
    let text = format!("{BASE}{added}");
    assert_eq!(problems_of(&text), expected, "{added}");
}

pub(super) fn check_alone(text: &str, expected: &[&str]) {
    assert_eq!(problems_of(text), expected, "{text}");
}

#[test]
fn the_base_is_right() {
    check("", &[]);
}

#[test]
fn shape() {
    for (text, expected) in [
        ("[]", &["must be a mapping, not a list"][..]),
        ("just text", &["must be a mapping, not a text"]),
        ("{}", &["name: is missing", "stages: is missing"]),
        (
            "nmae: W\nstages: [{name: A}]",
            &[
                "nmae: is not a key here; did you mean name?; allowed: name, icon, record, stage_by_api, fields, stages, actions, automations, roles, views, forms, layout, links, data_sync, migrate, confirm_loss",
                "name: is missing",
            ],
        ),
        ("name: 2024\nstages: [{name: A}]", &["name: must be a text, not the number 2024: put it in quotes"]),
        ("name: true\nstages: [{name: A}]", &["name: must be a text, not true: put it in quotes"]),
        ("name: W\nstages: []", &["stages: is empty; at least one item is needed"]),
        ("name: W\nstages: {A: {}}", &["stages: must be a list, not a mapping"]),
        ("name: W\nstages: [A]", &["stages[0]: must be a mapping, not a text"]),
        ("name: W\nstages: [{}]", &["stages[0].name: is missing"]),
        (
            "name: W\nstages: [{name: A, colour: red}]",
            &["stages[0].colour: is not a key here; did you mean color?; allowed: id, name, color, end, checklist"],
        ),
        (
            "name: W\nstages: [{name: A, color: grey}]",
            &["stages[0].color: \"grey\" is not one of gray, red, orange, yellow, green, teal, blue, purple, pink; did you mean gray?"],
        ),
        (
            "name: W\nstages: [{name: A, color: 3}]",
            &["stages[0].color: must be gray, red, orange, yellow, green, teal, blue, purple or pink, not the number 3"],
        ),
        ("name: W\nstages: [{name: A, end: 'yes'}]", &["stages[0].end: must be true or false, not a text"]),
        ("name: W\nstages: [{name: A, id: [1]}]", &["stages[0].id: must be a text, not a list"]),
        ("name: W\nstages: [{name: A, checklist: [Look]}]", &["stages[0].checklist[0]: must be a mapping, not a text"]),
        (
            "name: W\nstages: [{name: A, checklist: [{items: [7]}]}]",
            &["stages[0].checklist[0].items[0]: must be a text or a mapping, not the number 7: put it in quotes"],
        ),
        ("name: W\nstages: [{name: A}]\nrecord: {singular: X}", &["record.plural: is missing"]),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: F}]",
            &[
                "fields[0].type: is missing: one of text, longText, number, phone, currency, date, datetime, person, singleSelect, multipleSelect, checkbox, uniqueId, file, email or url",
            ],
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: F, type: strng}]",
            &[
                "fields[0].type: \"strng\" is not one of text, longText, number, phone, currency, date, datetime, person, singleSelect, multipleSelect, checkbox, uniqueId, file, email, url",
            ],
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: F, type: dateTime}]",
            &[
                "fields[0].type: \"dateTime\" is not one of text, longText, number, phone, currency, date, datetime, person, singleSelect, multipleSelect, checkbox, uniqueId, file, email, url; did you mean datetime?",
            ],
        ),
        ("name: \"W\\0\"\nstages: [{name: A}]", &["name: holds a NUL character, which no text may"]),
    ] {
        check_alone(text, expected);
    }
}

#[test]
fn names() {
    let long = "x".repeat(101);
    for (text, expected) in [
        ("name: ' '\nstages: [{name: A}]", "name: is blank; a name has 1 to 100 characters"),
        (&format!("name: {long}\nstages: [{{name: A}}]"), "name: has 101 characters; at most 100 are allowed"),
        ("name: \"a\\tb\"\nstages: [{name: A}]", "name: \"a\\tb\" holds a control character, which no name may"),
        ("name: W\nstages: [{name: 'a{{b'}]", "stages[0].name: a{{b holds {{ or }}, which no name may"),
        ("name: W\nstages: [{name: A}, {name: a}]", "stages[1].name: a is also the name of stages[0]; names differ by more than case"),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: Straße, type: text}, {name: STRASSE, type: text}]",
            "fields[1].name: STRASSE is also the name of fields[0]; names differ by more than case",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: _a, type: text}]",
            "fields[0].name: _a begins with _; names of fields and links don't begin with _ or -",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: '-a', type: text}]",
            "fields[0].name: -a begins with -; names of fields and links don't begin with _ or -",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: assigned to, type: text}]",
            "fields[0].name: assigned to can't be used: Assigned To has a meaning of its own in every task",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: currentDate, type: text}]",
            "fields[0].name: currentDate can't be used: currentDate has a meaning of its own in every task",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: F, type: text}]\nlinks: [{name: f, to: X, relationship: one_to_one, inverse: Y}]",
            "links[0].name: f is also the name of fields[0]; names differ by more than case",
        ),
        (
            "name: W\nstages: [{name: A}]\nfields: [{name: P, type: singleSelect, options: [x, X]}]",
            "fields[0].options[1].name: X is also the name of fields[0].options[0]; names differ by more than case",
        ),
        ("name: W\nstages: [{name: A}]\nrecord: {singular: '', plural: b}", "record.singular: is blank; a name has 1 to 100 characters"),
        ("name: W\nstages: [{name: A}]\nicon: wave", "icon: \"wave\" is not one emoji"),
        (
            "name: W\nstages: [{name: A}]\nactions: [{name: Go, from: [A]}, {name: GO, from: [A]}]",
            "actions[1].name: GO is also the name of actions[0]; names differ by more than case",
        ),
        (
            "name: W\nstages: [{name: A, checklist: [{section: '', items: [x]}]}]",
            "stages[0].checklist[0].section: is blank; leave the key out for items without a heading",
        ),
        ("name: W\nstages: [{name: A, checklist: [{items: [' ']}]}]", "stages[0].checklist[0].items[0]: is blank; an item needs a title"),
    ] {
        check_alone(text, &[expected]);
    }
}

#[test]
fn fields() {
    for (fields, expected) in [
        (
            "{name: F, type: text, options: [a]}",
            "fields[0].options: is only for fields of type singleSelect and multipleSelect, and this one is of type text",
        ),
        (
            "{name: F, type: number, currency: EUR}",
            "fields[0].currency: is only for fields of type currency, and this one is of type number",
        ),
        (
            "{name: F, type: text, autoincrement: true}",
            "fields[0].autoincrement: is only for fields of type uniqueId, and this one is of type text",
        ),
        ("{name: F, type: text, limit: 3}", "fields[0].limit: is only for fields of type file, and this one is of type text"),
        ("{name: F, type: singleSelect}", "fields[0].options: is missing: a singleSelect needs at least one option"),
        ("{name: F, type: multipleSelect, options: []}", "fields[0].options: is empty: a multipleSelect needs at least one option"),
        ("{name: F, type: singleSelect, options: [{color: red}]}", "fields[0].options[0].name: is missing"),
        ("{name: F, type: currency}", "fields[0].currency: is missing: an ISO 4217 code such as USD or EUR"),
        (
            "{name: F, type: currency, currency: usd}",
            "fields[0].currency: \"usd\" is not an ISO 4217 code, such as USD or EUR; did you mean USD?",
        ),
        ("{name: F, type: currency, currency: Euro}", "fields[0].currency: \"Euro\" is not an ISO 4217 code, such as USD or EUR"),
        ("{name: F, type: currency, currency: XAU}", "fields[0].currency: XAU has no minor units, so it can't be the currency of a field"),
        ("{name: F, type: file, limit: 21}", "fields[0].limit: is 21; allowed is 1 to 20"),
        ("{name: F, type: file, limit: 1.5}", "fields[0].limit: must be a whole number, not the number 1.5"),
        (
            "{name: F, type: uniqueId}, {name: G, type: uniqueId}",
            "fields[1].type: uniqueId is also the type of fields[0]; a workflow has at most one",
        ),
    ] {
        check_alone(&format!("name: W\nstages: [{{name: A}}]\nfields: [{fields}]"), &[expected]);
    }
}

#[test]
fn actions_and_requirements() {
    for (rest, expected) in [
        ("from: [Opne]", "actions[0].from[0]: Opne is not a stage; did you mean Open?"),
        ("from: [open]", "actions[0].from[0]: open is not a stage; did you mean Open?"),
        ("from: []", "actions[0].from: is empty; at least one item is needed"),
        ("from: [Open, Open]", "actions[0].from[1]: Open is named twice"),
        ("from: Open", "actions[0].from: must be a list, not a text"),
        ("from: [Open], ask: [Naem]", "actions[0].ask[0]: Naem is not a field; did you mean Name?"),
        ("from: [Open], ask: [Name, Name]", "actions[0].ask[1]: Name is named twice"),
        ("from: [Open], confirm: maybe", "actions[0].confirm: \"maybe\" is not one of quote"),
        ("from: [Open], after: nxt", "actions[0].after: \"nxt\" is not one of stay, next, list; did you mean next?"),
        (
            "from: [Open], requirements: [{require: field, fields: [Name]}]",
            "actions[0].requirements[0].require: \"field\" is not one of fields, checklist, assigned, performer, condition, confirmation; did you mean fields?",
        ),
        (
            "from: [Open], requirements: [{fields: [Name]}]",
            "actions[0].requirements[0].require: is missing: one of fields, checklist, assigned, performer, condition or confirmation",
        ),
        (
            "from: [Open], requirements: [{require: fields, fields: []}]",
            "actions[0].requirements[0].fields: is empty; at least one item is needed",
        ),
        ("from: [Open], requirements: [{require: fields, fields: [Emial]}]", "actions[0].requirements[0].fields[0]: Emial is not a field"),
        (
            "from: [Open], requirements: [{require: checklist, fields: [Name]}]",
            "actions[0].requirements[0].fields: is not a key here; allowed: require",
        ),
        (
            "from: [Open], requirements: [{require: assigned, to: creator}]",
            "actions[0].requirements[0].to: \"creator\" is not one of performer",
        ),
        (
            "from: [Open], requirements: [{require: performer, not: [owner]}]",
            "actions[0].requirements[0].not[0]: \"owner\" is not one of creator, assignee",
        ),
        (
            "from: [Open], requirements: [{require: performer, not: [{action: Gone}]}]",
            "actions[0].requirements[0].not[0].action: Gone is not an action",
        ),
        (
            "from: [Open], requirements: [{require: performer, not: [creator, creator]}]",
            "actions[0].requirements[0].not[1]: is named twice",
        ),
        (
            "from: [Open], requirements: [{require: condition, message: ' ', condition: {combinator: and, rules: []}}]",
            "actions[0].requirements[0].message: is blank; it is what people read when the condition does not hold",
        ),
        (
            "from: [Open], requirements: [{require: condition, condition: {combinator: and, rules: []}}]",
            "actions[0].requirements[0].message: is missing",
        ),
        (
            "from: [Open], requirements: [{require: confirmation, title: 'Sure, {{Nmae}}?'}]",
            "actions[0].requirements[0].title: {{Nmae}} is not a field; did you mean Name?",
        ),
        (
            "from: [Open], requirements: [{require: condition, message: m, condition: {combinator: and, rules: [{field: Nmae, operator: '='}]}}]",
            "actions[0].requirements[0].condition.rules[0].field: Nmae is not a field; did you mean Name?",
        ),
        (
            "from: [Open], requirements: [{require: condition, message: m, condition: {combinator: and, rules: [{field: Stage, operator: '=', value: Opn}]}}]",
            "actions[0].requirements[0].condition.rules[0].value: Opn is not a stage; did you mean Open?",
        ),
        (
            "from: [Open], requirements: [{require: condition, message: m, condition: {combinator: and, rules: [{combinator: or, rules: [{field: Plan, operator: '=', value: Por}]}]}}]",
            "actions[0].requirements[0].condition.rules[0].rules[0].value: Por is not an option; did you mean Pro?",
        ),
    ] {
        check(&format!("actions: [ {{ name: Go, {rest} }} ]"), &[expected]);
    }
}

#[test]
fn everything_else() {
    for (added, expected) in [
        ("roles: [{name: R, actions: [Go]}]", "roles[0].actions[0]: Go is not an action"),
        ("roles: [{name: R, fields: {Nmae: hidden}}]", "roles[0].fields.Nmae: Nmae is not a field; did you mean Name?"),
        ("roles: [{name: R, fields: {Name: secret}}]", "roles[0].fields.Name: \"secret\" is not one of hidden, read_only, editable"),
        (
            "roles: [{name: R, tasks: {destroy: true}}]",
            "roles[0].tasks.destroy: is not a key here; allowed: create, edit, delete, import, export",
        ),
        ("roles: [{name: R, visibility: mine}]", "roles[0].visibility: \"mine\" is not one of all, assigned"),
        ("roles: [{name: R, moving: hand}]", "roles[0].moving: \"hand\" is not one of actions, by_hand"),
        ("roles: [{name: administrator}]", "roles[0].admin: must be true: Administrator may do all"),
        (
            "automations: [{name: A, on: {event: stage_left, stage: Open}, steps: []}]",
            "automations[0].on.event: \"stage_left\" is not one of task_created, stage_entered, task_updated, action_performed, comment_added, checklist_completed, form_submitted, schedule, time_in_stage",
        ),
        (
            "automations: [{name: A, on: {event: stage_entered, stage: Opne}, steps: []}]",
            "automations[0].on.stage: Opne is not a stage; did you mean Open?",
        ),
        (
            "automations: [{name: A, on: {event: schedule, cron: '0 9 * *'}, steps: []}]",
            "automations[0].on.cron: \"0 9 * *\" has 4 fields; cron takes five: minute, hour, day of the month, month, day of the week",
        ),
        (
            "automations: [{name: A, on: {event: schedule, cron: '0 9 * * *', time_zone: Berlin}, steps: []}]",
            "automations[0].on.time_zone: \"Berlin\" is not an IANA time zone, such as Europe/Berlin",
        ),
        (
            "automations: [{name: A, on: {event: time_in_stage, stage: Open, longer_than: 3w}, steps: []}]",
            "automations[0].on.longer_than: \"3w\" is not a duration: a whole number and a unit, such as 90s, 10m, 2h or 3d",
        ),
        ("automations: [{name: A, on: {event: form_submitted, form: F}, steps: []}]", "automations[0].on.form: F is not a form"),
        (
            "automations: [{name: A, on: {event: task_created}, steps: [{do: move_to_stage, stage: X}]}]",
            "automations[0].steps[0].stage: X is not a stage",
        ),
        ("views: [{name: V, sort: [-Nmae]}]", "views[0].sort[0]: Nmae is not a column; did you mean Name?"),
        ("views: [{name: V, sort: [Name, -Name]}]", "views[0].sort[1]: Name is named twice"),
        (
            "views: [{name: V, default: true}, {name: U, default: true}]",
            "views[1].default: views[0] is the default already; only one can be",
        ),
        (
            "views: [{name: V, filter: {combinator: and, rules: [{field: Due, operator: contains, value: x}]}}]",
            "views[0].filter.rules[0].operator: contains is no operator for a date; allowed are =, !=, <, <=, >, >=, between, in, notIn, null, notNull, inTheLastDays, inTheNextDays, beforeToday, afterToday",
        ),
        ("forms: [{name: F, mode: create, items: [{field: Nmae}]}]", "forms[0].items[0].field: Nmae is not a field; did you mean Name?"),
        (
            "forms: [{name: F, mode: create, items: [{feild: Name}]}]",
            "forms[0].items[0]: must be a mapping with one of field, heading, text or image; did you mean field?",
        ),
        (
            "layout: {structure: two_columns, blocks: [{block: detials}]}",
            "layout.blocks[0].block: \"detials\" is not one of details, checklist, comments, activity, text, iframe, image, file_preview, json, table, details_table, linked_tasks, slack, twilio, front, clearbit; did you mean details?",
        ),
        ("layout: {structure: two_columns, blocks: [{block: details, column: 4}]}", "layout.blocks[0].column: is 4; allowed is 1 to 3"),
        (
            "layout: {structure: two_columns, blocks: [{block: details, visible: {stages: [X]}}]}",
            "layout.blocks[0].visible.stages[0]: X is not a stage",
        ),
        (
            "layout: {structure: two_columns, blocks: [{block: details, visible: never}]}",
            "layout.blocks[0].visible: \"never\" is not one of always",
        ),
        (
            "links: [{name: L, to: X, relationship: one_to_few, inverse: Y}]",
            "links[0].relationship: \"one_to_few\" is not one of one_to_one, one_to_many, many_to_one, many_to_many; did you mean one_to_one?",
        ),
        (
            "data_sync: {source: S, query: q, unique_id: id, every: 5m, columns: {ID: Name}}",
            "data_sync.unique_id: id is not one of the columns ID; did you mean ID?",
        ),
        (
            "data_sync: {source: S, query: q, unique_id: id, every: often, columns: {id: Name}}",
            "data_sync.every: \"often\" is not a duration: a whole number and a unit, such as 90s, 10m, 2h or 3d",
        ),
        (
            "data_sync: {source: S, query: q, unique_id: id, every: 5m, columns: {id: Nmae}}",
            "data_sync.columns.id: Nmae is not a field; did you mean Name?",
        ),
    ] {
        check(added, &[expected]);
    }
}

#[test]
fn problems_of_every_class_are_told_at_once() {
    let text = "\
name: ''
icno: x
fields:
  - { name: Email, type: email }
  - { name: Plan, type: singelSelect, options: [Free] }
  - { name: email, type: text, limit: 3 }
stages:
  - { name: Open, color: grey }
actions:
  - name: Go
    from: [Opne]
    requirements: [ { require: condition, message: m, condition: { combinator: nor, rules: [ { field: Emial, operator: '=' } ] } } ]
    steps:
      - { do: move_to_stage, stage: Closed }
      - { do: assign_to }
      - { do: email, to: '{{Emial}}', subject: s, body: b, retry: { attempts: 99 } }
roles: [ { name: R, fields: { Emial: hidden } } ]
";
    check_alone(
        text,
        &[
            "icno: is not a key here; did you mean icon?; allowed: name, icon, record, stage_by_api, fields, stages, actions, automations, roles, views, forms, layout, links, data_sync, migrate, confirm_loss",
            "fields[1].type: \"singelSelect\" is not one of text, longText, number, phone, currency, date, datetime, person, singleSelect, multipleSelect, checkbox, uniqueId, file, email, url; did you mean singleSelect?",
            "stages[0].color: \"grey\" is not one of gray, red, orange, yellow, green, teal, blue, purple, pink; did you mean gray?",
            "actions[0].steps[2].retry.attempts: is 99; allowed is 1 to 20",
            "name: is blank; a name has 1 to 100 characters",
            "fields[2].name: email is also the name of fields[0]; names differ by more than case",
            "fields[2].limit: is only for fields of type file, and this one is of type text",
            "actions[0].steps[1]: names nobody: give exactly one of user, to, field and round_robin",
            "actions[0].from[0]: Opne is not a stage; did you mean Open?",
            "actions[0].requirements[0].condition.combinator: \"nor\" is neither and nor or",
            "actions[0].requirements[0].condition.rules[0].field: Emial is not a field; did you mean Email?",
            "actions[0].steps[0].stage: Closed is not a stage",
            "actions[0].steps[2].to: {{Emial}} is not a field; did you mean Email?",
            "roles[0].fields.Emial: Emial is not a field; did you mean Email?",
        ],
    );
}

#[test]
fn what_depends_on_an_unreadable_part_is_not_told() {
    for (text, expected) in [
        // Nobody knows what the field is called, so nothing that is not there is a mistake.
        (
            "name: W\nfields: [ { type: text } ]\nstages: [ { name: A } ]\nactions: [ { name: Go, from: [A], ask: [X], steps: [ { do: add_comment, text: '{{X}}', \
             when: { combinator: and, rules: [ { field: X, operator: beginsWith, value: 3 } ] } } ] } ]",
            "fields[0].name: is missing",
        ),
        // Nobody knows its type.
        (
            "name: W\nfields: [ { name: X, type: txt } ]\nstages: [ { name: A } ]\nactions: [ { name: Go, from: [A], steps: [ { do: update_data, set: { X: [] }, \
             when: { combinator: and, rules: [ { field: X, operator: beforeToday } ] } } ] } ]",
            "fields[0].type: \"txt\" is not one of text, longText, number, phone, currency, date, datetime, person, singleSelect, multipleSelect, checkbox, uniqueId, file, email, url; did you mean text?",
        ),
        // Nobody knows its options.
        (
            "name: W\nfields: [ { name: X, type: singleSelect, options: [ { nmae: A } ] } ]\nstages: [ { name: A } ]\nactions: [ { name: Go, from: [A], \
             steps: [ { do: update_data, set: { X: A } } ] } ]",
            "fields[0].options[0].nmae: is not a key here; did you mean name?; allowed: id, name, color\nfields[0].options[0].name: is missing",
        ),
        ("name: W\nstages: [ A ]\nactions: [ { name: Go, from: [A] } ]", "stages[0]: must be a mapping, not a text"),
        (
            "name: W\nstages: [ { name: A } ]\nactions: [ { from: [A] } ]\nroles: [ { name: R, actions: [Go] } ]",
            "actions[0].name: is missing",
        ),
        (
            "name: W\nstages: [ { name: A } ]\nactions: [ { name: Go, from: [A], steps: [ { do: assign_to, user: 3 } ] } ]",
            "actions[0].steps[0].user: must be a text, not the number 3: put it in quotes",
        ),
    ] {
        assert_eq!(problems_of(text).join("\n"), expected, "{text}");
    }
}
