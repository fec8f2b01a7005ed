//! Random tasks, conditions and orders over a workflow with a field of every kind. Values are few, so that many are alike.

use baton_core::actor::Actor;
use baton_core::condition::{Column, Condition, Names, compile};
use baton_core::ids::Id;
use baton_core::list::SortKey;
use baton_core::people::{User, UserState, Workspace};
use baton_core::task::Task;
use baton_core::time::{Timestamp, zone};
use baton_core::value::{File, Value};
use baton_core::words::Search;
use baton_core::workflow::{Field, FieldKind, FieldRight, Rights, SelectOption, Stage, Workflow};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::super::bed::{at, id};

pub const NAME: i64 = 100;
pub const NOTES: i64 = 101;
const PEOPLE: [(i64, &str); 3] = [(6, "zoe@example.com"), (7, "Ann@example.com"), (8, "bob@example.com")];
const OPERATORS: [&str; 19] = [
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "notIn",
    "contains",
    "doesNotContain",
    "beginsWith",
    "endsWith",
    "null",
    "notNull",
    "inTheLastDays",
    "inTheNextDays",
    "beforeToday",
    "afterToday",
];

#[derive(Clone)]
pub struct World {
    pub workspace: Workspace,
    pub workflow: Workflow,
    pub performer: Actor,
}

/// Columns whose order no index has.
pub fn needs_listing(column: Column) -> bool {
    matches!(column, Column::UpdatedOn | Column::CreatedBy)
}

impl World {
    pub fn new(workspace: Id, workflow: Id) -> World {
        let user = |(raw, email): (i64, &str)| User {
            id: id(raw),
            email: email.to_owned(),
            first_name: "A".to_owned(),
            last_name: "B".to_owned(),
            admin: false,
            state: UserState::Active,
        };
        let london = zone("Europe/London").unwrap();
        let people = PEOPLE.into_iter().map(user).collect();
        World {
            workspace: Workspace::new(workspace, "Hogwarts".to_owned(), london, None, people, Vec::new()),
            workflow: workflow_with_every_kind(workflow),
            performer: Actor::User(id(7)),
        }
    }

    pub fn compiled(&self, tree: &Json) -> Option<Condition> {
        compile(tree, &Names::of(&self.workflow)).ok()
    }
}

fn options(first: i64, names: &[&str]) -> Vec<SelectOption> {
    // Their ids are not in the order of the definition.
    let option = |(place, name): (i64, &&str)| SelectOption { id: id(first - place), name: (*name).to_owned(), color: None };
    (0..).zip(names).map(option).collect()
}

fn workflow_with_every_kind(workflow: Id) -> Workflow {
    let kinds = [
        ("Name", FieldKind::Text),
        ("Notes", FieldKind::LongText),
        ("Size", FieldKind::Number),
        ("Amount", FieldKind::Currency { code: "USD".to_owned(), minor_units: 2 }),
        ("Due", FieldKind::Date),
        ("Start", FieldKind::Date),
        ("Seen", FieldKind::DateTime),
        ("Owner", FieldKind::Person),
        ("Plan", FieldKind::SingleSelect { options: options(90, &["Free", "Pro", "Team"]) }),
        ("Tags", FieldKind::MultipleSelect { options: options(80, &["Red", "Green", "Blue"]) }),
        ("Done", FieldKind::Checkbox),
        ("Number", FieldKind::UniqueId { autoincrement: true }),
        ("Email", FieldKind::Email),
        ("Papers", FieldKind::File { limit: 2 }),
    ];
    let fields = (NAME..).zip(kinds);
    let field =
        |(raw, (name, kind)): (i64, (&str, FieldKind))| Field { id: id(raw), name: name.to_owned(), required: false, editable: true, kind };
    let stage = |(raw, name): (i64, &str)| Stage {
        id: id(raw),
        name: name.to_owned(),
        color: "gray".to_owned(),
        end: name == "Done",
        checklist: Vec::new(),
    };
    Workflow {
        id: workflow,
        revision: 1,
        name: "Owls".to_owned(),
        icon: None,
        singular: "Owl".to_owned(),
        plural: "Owls".to_owned(),
        stage_by_api: true,
        fields: fields.map(field).collect(),
        stages: [(5, "Open"), (3, "Review"), (4, "Done")].into_iter().map(stage).collect(),
        actions: Vec::new(),
        roles: Vec::new(),
    }
}

pub struct Any {
    random: StdRng,
}

impl Any {
    pub fn of_seed(seed: u64) -> Any {
        Any { random: StdRng::seed_from_u64(seed) }
    }

    pub fn below(&mut self, most: usize) -> usize {
        self.random.random_range(0..most)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn task(&mut self, world: &World, id_of_task: Id) -> Task {
        let people: Vec<Id> = PEOPLE.map(|(raw, _)| id(raw)).to_vec();
        let mut values = std::collections::BTreeMap::new();
        for field in &world.workflow.fields {
            if !self.chance(4) {
                values.insert(field.id, self.value(&field.kind));
            }
        }
        Task {
            id: id_of_task,
            workflow: world.workflow.id,
            stage: self.one(&world.workflow.stages).id,
            assignee: if self.chance(3) { None } else { Some(self.one(&people)) },
            values,
            version: 1,
            created_at: self.moment(),
            updated_at: self.moment(),
            created_by: if self.chance(2) { Actor::ApiKey(id(9)) } else { Actor::User(self.one(&people)) },
            performers: [].into(),
        }
    }

    /// Mostly none; with the rights of a role that hides something.
    pub fn search(&mut self) -> Option<(Search, Rights)> {
        let text = self.one(&["a", "ab c", "strasse", "b AB", "é", "1", "2 a", "x"]).to_owned();
        let hidden = [NAME, NOTES, NAME + 11].into_iter().filter(|_| self.below(4) == 0).map(|field| (id(field), FieldRight::Hidden));
        let rights = Rights { fields: hidden.collect(), ..Rights::collaborator() };
        (self.below(5) < 2).then(|| (Search::read(&text).unwrap(), rights))
    }

    fn text(&mut self) -> String {
        // Some are alike but for case, and some are longer than a key.
        let long = "Straße ".repeat(40);
        let texts = ["a", "A", "ab", "AB c", "b", "STRASSE", "straße", "é", "\u{10ffff}", "1", "10", "2"];
        match self.below(8) {
            0 => format!("{long}{}", self.one(&["", "x", "X", "y"])),
            1 => format!("{}{}", self.one(&texts), self.one(&texts)),
            _ => self.one(&texts).to_owned(),
        }
    }

    fn moment(&mut self) -> Timestamp {
        const HOUR: i64 = 3_600_000_000;
        let hours = self.random.random_range(-80..80);
        at(hours * HOUR)
    }

    fn date(&mut self) -> jiff::civil::Date {
        self.moment().date_in(&jiff::tz::TimeZone::UTC)
    }

    fn value(&mut self, kind: &FieldKind) -> Value {
        match kind {
            FieldKind::Number => Value::Decimal(Decimal::new(self.random.random_range(-3..12), 0)),
            FieldKind::Currency { .. } => Value::Decimal(Decimal::new(self.random.random_range(-3..5), 2)),
            FieldKind::Date => Value::Date(self.date()),
            FieldKind::DateTime => Value::DateTime(self.moment()),
            FieldKind::Person => Value::Person(id(self.one(&PEOPLE).0)),
            FieldKind::SingleSelect { options } => Value::Option(self.one(options).id),
            FieldKind::MultipleSelect { options } => {
                let mut chosen: Vec<Id> = options.iter().map(|option| option.id).filter(|_| self.chance(2)).collect();
                if chosen.is_empty() {
                    chosen.push(options[0].id);
                }
                if self.chance(2) {
                    chosen.reverse();
                }
                Value::Options(chosen)
            }
            FieldKind::Checkbox => Value::Checked,
            FieldKind::File { .. } => {
                Value::Files(vec![File { blob: id(1), content_type: "text/plain".to_owned(), filename: "a.txt".to_owned() }])
            }
            FieldKind::UniqueId { .. } => Value::Text(self.one(&["1", "2", "10", "9", "x", "X1"]).to_owned()),
            FieldKind::Text | FieldKind::LongText | FieldKind::Phone | FieldKind::Email | FieldKind::Url => Value::Text(self.text()),
        }
    }

    /// A condition, as JSON and made ready, and an order.
    pub fn of_several(&mut self, world: &World) -> (Json, Condition, Vec<SortKey>) {
        let tree = self.group(world, 3);
        let condition = world.compiled(&tree).unwrap_or_else(|| panic!("{tree} is made of rules that compile"));
        let sort = self.sort(world, &tree);
        (tree, condition, sort)
    }

    /// One rule, by the column that it is of.
    pub fn of_one_column(&mut self, world: &World) -> (Json, Condition, Vec<SortKey>) {
        let names = Names::of(&world.workflow);
        let name = self.column(world);
        let (column, _) = names.column(&name).unwrap_or_else(|| panic!("{name} is a column"));
        let (rule, condition) = self.rule_of(world, &name);
        let mut sort = self.sort(world, &rule);
        sort.retain(|sort| sort.column != column);
        if name != "Papers" {
            sort.insert(0, SortKey { column, descending: self.chance(2) });
        }
        (rule, condition, sort)
    }

    fn group(&mut self, world: &World, levels: usize) -> Json {
        let count = self.below(4);
        let rules: Vec<Json> =
            (0..count).map(|_| if levels > 1 && self.chance(3) { self.group(world, levels - 1) } else { self.rule(world) }).collect();
        json!({ "combinator": self.one(&["and", "and", "or"]), "not": self.chance(6), "rules": rules })
    }

    fn column(&mut self, world: &World) -> String {
        let special = ["Stage", "Assigned To", "Created On", "Updated On", "Created By"];
        if self.chance(3) { self.one(&special).to_owned() } else { self.one(&world.workflow.fields).name }
    }

    fn rule(&mut self, world: &World) -> Json {
        let column = self.column(world);
        self.rule_of(world, &column).0
    }

    fn rule_of(&mut self, world: &World, field: &str) -> (Json, Condition) {
        loop {
            let operator = self.one(&OPERATORS);
            let mut rule = json!({ "field": field, "operator": operator });
            match self.below(6) {
                0 => {
                    rule["valueSource"] = "field".into();
                    rule["value"] = self.column(world).into();
                }
                1 => rule["valueSource"] = "currentUser".into(),
                _ => {
                    let several = if operator == "between" { 2 } else { 1 + self.below(3) };
                    rule["value"] = match operator {
                        "between" | "in" | "notIn" => (0..several).map(|_| self.operand(world, field)).collect(),
                        "inTheLastDays" | "inTheNextDays" => self.below(4).into(),
                        _ => self.operand(world, field),
                    };
                }
            }
            if let Some(condition) = world.compiled(&json!({ "combinator": "and", "rules": [rule] })) {
                return (rule, condition);
            }
        }
    }

    fn operand(&mut self, world: &World, field: &str) -> Json {
        let moment = |any: &mut Any| if any.chance(2) { any.moment().to_string() } else { any.date().to_string() };
        match field {
            "Stage" => self.one(&world.workflow.stages).name.into(),
            "Assigned To" | "Created By" => self.one(&["zoe@example.com", "ANN@example.com", "nobody@example.com"]).into(),
            "Created On" | "Updated On" => moment(self).into(),
            field => {
                let kind = world.workflow.field_named(field).map(|field| field.kind.clone()).unwrap();
                match (&kind, self.value(&kind)) {
                    (_, Value::Decimal(decimal)) => decimal.to_string().into(),
                    (_, Value::Date(date)) => date.to_string().into(),
                    (_, Value::DateTime(_)) => moment(self).into(),
                    (_, Value::Person(_)) => self.one(&PEOPLE).1.into(),
                    (_, Value::Checked) => self.chance(2).into(),
                    (_, Value::Text(text)) => text.into(),
                    (FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options }, _) => self.one(options).name.into(),
                    (_, Value::Option(_) | Value::Options(_) | Value::Files(_)) => Json::Null,
                }
            }
        }
    }

    /// Often by what the condition is of.
    pub fn sort(&mut self, world: &World, condition: &Json) -> Vec<SortKey> {
        let names = Names::of(&world.workflow);
        let mut asked = Vec::new();
        columns_of(condition, &mut asked);
        let mut sort: Vec<SortKey> = Vec::new();
        for _ in 0..self.below(4) {
            let name = if asked.is_empty() || self.chance(2) { self.column(world) } else { self.one(&asked) };
            let Some((column, _)) = names.column(&name) else { continue };
            if name != "Papers" && sort.iter().all(|sort| sort.column != column && sort.column != Column::CreatedOn) {
                sort.push(SortKey { column, descending: self.chance(2) });
            }
        }
        sort
    }
}

fn columns_of(condition: &Json, found: &mut Vec<String>) {
    if let Some(name) = condition["field"].as_str() {
        found.push(name.to_owned());
    }
    condition["rules"].as_array().into_iter().flatten().for_each(|rule| columns_of(rule, found));
}
