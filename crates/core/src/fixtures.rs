//! A workflow with a field of every type, its people, and random tasks, for the tests of this crate.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rust_decimal::Decimal;

use crate::actor::Actor;
use crate::condition::Scene;
use crate::env::Env;
use crate::ids::Id;
use crate::people::{User, UserState, Workspace};
use crate::task::Task;
use crate::time::Timestamp;
use crate::value::{File, Value};
use crate::workflow::{Field, FieldKind, SelectOption, Stage, Workflow};

/// In every build.
const LAW_CASES: u32 = 1_000;

/// For the laws of explaining, unblocking and dry runs over random workflows: so many cases, or as many as `PROPTEST_CASES` says.
pub fn laws() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(LAW_CASES),
    }
}

pub fn id(raw: i64) -> Id {
    Id::from_i64(raw).expect("not negative")
}

/// Ids in a row, so that tests can tell old from new.
pub struct Ids(pub i64);

impl Env for Ids {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }

    fn new_id(&mut self) -> Id {
        self.0 += 1;
        id(self.0)
    }

    fn salt(&mut self) -> [u8; 16] {
        [0; 16]
    }
}

pub const ANN: i64 = 11;
pub const BOB_DEACTIVATED: i64 = 12;
pub const CY_INVITED: i64 = 13;
pub const STAGES: [i64; 3] = [21, 22, 23];
pub const PUBLIC_URL: &str = "https://baton.example.com";

pub fn workspace_in(zone: &str) -> Workspace {
    let user = |raw, email: &str, first_name: &str, state| User {
        id: id(raw),
        email: email.to_owned(),
        first_name: first_name.to_owned(),
        last_name: "Lee".to_owned(),
        admin: false,
        state,
    };
    let users = vec![
        user(ANN, "ann@example.com", "Ann", UserState::Active),
        user(BOB_DEACTIVATED, "Bob@example.com", "Bob", UserState::Deactivated),
        user(CY_INVITED, "cy@example.com", "Cy", UserState::Invited),
    ];
    Workspace::new(id(1), "Acme".to_owned(), TimeZone::get(zone).expect(zone), Some("DE".to_owned()), users, Vec::new())
}

pub fn workspace() -> Workspace {
    workspace_in("UTC")
}

fn options(first: i64, names: &[&str]) -> Vec<SelectOption> {
    (first..).zip(names).map(|(raw, name)| SelectOption { id: id(raw), name: (*name).to_owned(), color: None }).collect()
}

pub fn workflow() -> Workflow {
    let currency = |code: &str, minor_units| FieldKind::Currency { code: code.to_owned(), minor_units };
    let fields = [
        ("Name", FieldKind::Text),
        ("Nickname", FieldKind::Text),
        ("Notes", FieldKind::LongText),
        ("Size", FieldKind::Number),
        ("Phone", FieldKind::Phone),
        ("Amount", currency("USD", 2)),
        ("Yen", currency("JPY", 0)),
        ("Due", FieldKind::Date),
        ("Seen", FieldKind::DateTime),
        ("Owner", FieldKind::Person),
        ("Plan", FieldKind::SingleSelect { options: options(31, &["Free", "Pro", "Team"]) }),
        ("Wish", FieldKind::SingleSelect { options: options(41, &["Pro", "Free", "Gold"]) }),
        ("Tags", FieldKind::MultipleSelect { options: options(51, &["Red", "Green", "Blue, dark"]) }),
        ("Done", FieldKind::Checkbox),
        ("Paid", FieldKind::Checkbox),
        ("Number", FieldKind::UniqueId { autoincrement: true }),
        ("Code", FieldKind::UniqueId { autoincrement: false }),
        ("Papers", FieldKind::File { limit: 20 }),
        ("Email", FieldKind::Email),
        ("Site", FieldKind::Url),
    ];
    let stages = STAGES.into_iter().zip(["Not Started", "In Progress", "Done"]);
    Workflow {
        id: id(2),
        revision: 1,
        name: "Early access".to_owned(),
        icon: None,
        singular: "User".to_owned(),
        plural: "Users".to_owned(),
        stage_by_api: true,
        fields: (101..)
            .zip(fields)
            .map(|(raw, (name, kind))| Field { id: id(raw), name: name.to_owned(), required: false, editable: true, kind })
            .collect(),
        stages: stages
            .map(|(raw, name)| Stage {
                id: id(raw),
                name: name.to_owned(),
                color: "gray".to_owned(),
                end: name == "Done",
                checklist: Vec::new(),
            })
            .collect(),
        actions: Vec::new(),
        roles: Vec::new(),
    }
}

pub fn task() -> Task {
    Task {
        id: id(3),
        workflow: id(2),
        stage: id(STAGES[0]),
        assignee: None,
        values: BTreeMap::new(),
        version: 1,
        created_at: moment("2026-11-01T09:00:00Z"),
        updated_at: moment("2026-11-20T09:00:00Z"),
        created_by: Actor::User(id(ANN)),
        performers: BTreeMap::new(),
    }
}

pub fn moment(text: &str) -> Timestamp {
    crate::time::parse_datetime(text).expect(text)
}

pub fn scene<'a>(workspace: &'a Workspace, workflow: &'a Workflow, task: &'a Task) -> Scene<'a> {
    Scene { workspace, workflow, task, performer: Actor::User(id(ANN)), now: moment("2026-11-23T22:56:01.123Z"), public_url: PUBLIC_URL }
}

/// Short texts, many of them alike, so that comparisons meet both answers; and some of anything.
pub fn any_text() -> impl Strategy<Value = String> {
    let letters = vec(select(vec!["a", "A", "b", " ", "ß", "ss", "é", "e\u{301}", "İ", "<", "&", "\"", "{{Name}}", ",", "."]), 1..4);
    prop_oneof![
        4 => letters.prop_map(|letters| letters.concat()),
        1 => any::<String>(),
        1 => vec(any::<char>(), 60..120).prop_map(|letters| letters.into_iter().collect()),
    ]
    .prop_map(|text| text.replace('\0', "0"))
    .prop_filter("blank", |text| !text.trim().is_empty())
}

pub fn any_decimal() -> impl Strategy<Value = Decimal> {
    let digits = prop_oneof![-30i128..30, -9999i128..9999, -(10i128.pow(28) - 1)..10i128.pow(28)];
    (digits, 0u32..=28).prop_map(|(digits, scale)| Decimal::from_i128_with_scale(digits, scale).normalize())
}

fn any_date() -> impl Strategy<Value = Date> {
    let days_since_1970 = prop_oneof![-719_528i64..=2_932_896, 20_000i64..20_010];
    days_since_1970.prop_map(|days| {
        let epoch = Date::new(1970, 1, 1).expect("a date");
        epoch.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("a year of four digits")
    })
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![-60_000_000_000i64..200_000_000_000, 1_700_000_000i64..1_700_000_003]
        .prop_map(|seconds| Timestamp::from_micros(seconds * 1_000_000 / 4_000 * 1_000))
}

fn any_user() -> impl Strategy<Value = Id> {
    select(vec![id(ANN), id(BOB_DEACTIVATED), id(CY_INVITED)])
}

/// A value that a task may hold in a field of this kind.
pub fn any_value(kind: &FieldKind) -> BoxedStrategy<Value> {
    match kind {
        FieldKind::Text | FieldKind::LongText => any_text().prop_map(Value::Text).boxed(),
        FieldKind::Number => any_decimal().prop_map(Value::Decimal).boxed(),
        FieldKind::Currency { minor_units, .. } => {
            let scale = *minor_units;
            (-9_999_999i64..9_999_999).prop_map(move |units| Value::Decimal(Decimal::new(units, scale).normalize())).boxed()
        }
        FieldKind::Phone => (1_000_000u32..9_999_999).prop_map(|digits| Value::Text(format!("+4930{digits}"))).boxed(),
        FieldKind::Date => any_date().prop_map(Value::Date).boxed(),
        FieldKind::DateTime => any_moment().prop_map(Value::DateTime).boxed(),
        FieldKind::Person => any_user().prop_map(Value::Person).boxed(),
        FieldKind::SingleSelect { options } => select(options.clone()).prop_map(|option| Value::Option(option.id)).boxed(),
        FieldKind::MultipleSelect { options } => {
            let ids: Vec<Id> = options.iter().map(|option| option.id).collect();
            let count = ids.len();
            subsequence(ids, 1..=count).prop_shuffle().prop_map(Value::Options).boxed()
        }
        FieldKind::Checkbox => Just(Value::Checked).boxed(),
        FieldKind::UniqueId { autoincrement: true } => {
            prop_oneof![4 => (0u32..2000).prop_map(|number| number.to_string()), 1 => any_unique_id()].prop_map(Value::Text).boxed()
        }
        FieldKind::UniqueId { autoincrement: false } => any_unique_id().prop_map(Value::Text).boxed(),
        FieldKind::File { .. } => (1i64..5)
            .prop_map(|raw| Value::Files(vec![File { blob: id(raw), content_type: "text/plain".to_owned(), filename: "a.txt".to_owned() }]))
            .boxed(),
        FieldKind::Email => {
            select(vec!["a@example.com", "A@example.com", "b.c+d@sub.example.org"]).prop_map(|text| Value::Text(text.to_owned())).boxed()
        }
        FieldKind::Url => {
            select(vec!["https://example.com", "http://example.com/a?b=c#d"]).prop_map(|text| Value::Text(text.to_owned())).boxed()
        }
    }
}

fn any_unique_id() -> impl Strategy<Value = String> {
    any_text().prop_filter_map("no Unique ID", |text| crate::value::parse_unique_id(&text).ok())
}

pub fn any_field() -> impl Strategy<Value = Field> {
    select(workflow().fields)
}

pub fn any_field_with_value() -> impl Strategy<Value = (Field, Value)> {
    any_field().prop_flat_map(|field| {
        let value = any_value(&field.kind);
        (Just(field), value)
    })
}

pub fn any_task() -> impl Strategy<Value = Task> {
    let values: Vec<BoxedStrategy<Option<Value>>> =
        workflow().fields.iter().map(|field| option::of(any_value(&field.kind)).boxed()).collect();
    let creator = prop_oneof![any_user().prop_map(Actor::User), Just(Actor::ApiKey(id(9)))];
    (values, select(STAGES.to_vec()), option::of(any_user()), creator, any_moment()).prop_map(
        |(values, stage, assignee, created_by, updated_at)| Task {
            stage: id(stage),
            assignee,
            created_by,
            updated_at,
            values: workflow().fields.iter().zip(values).filter_map(|(field, value)| Some((field.id, value?))).collect(),
            ..task()
        },
    )
}
