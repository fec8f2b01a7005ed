//! From a valid document to a [`workflow::Workflow`] that is ready to run: names become ids, conditions and templates are read.

use std::collections::HashMap;

use iso_currency::Currency;

use super::action::{Action, Confirm, NotPerformer, Requirement};
use super::document::{Color, Definition};
use super::field::{Field, FieldType};
use super::outgoing::policy;
use super::problem::{Path, Problem, Problems};
use super::role::{Assigning, FieldRight, Moving, Role, Visibility};
use super::stage::Stage;
use super::step::{Amount, AssignTarget, AssignTo, Step, UpdateData};
use crate::condition::{self, ColumnType, Condition, ConditionTree, Names};
use crate::ids::Id;
use crate::limits::FILES_A_FIELD_MAX;
use crate::template::Template;
use crate::value::parse_decimal;
use crate::workflow;

/// Compiles one stored revision. A document that was read compiles; an error means that what is stored is corrupt.
pub fn compile(id: Id, revision: i64, definition: &Definition) -> Result<workflow::Workflow, Vec<Problem>> {
    let fields: Vec<workflow::Field> = definition.fields.iter().map(compile_field).collect();
    let stages: Vec<workflow::Stage> = definition.stages.iter().map(compile_stage).collect();
    let mut compiler = Compiler {
        names: Names::new(
            fields.iter().map(|field| (field.name.as_str(), field.id, &field.kind)),
            stages.iter().map(|stage| (stage.name.as_str(), stage.id)),
        ),
        actions: definition.actions.iter().map(|action| (action.name.as_str(), id_of(action.id))).collect(),
        problems: Problems::default(),
    };
    compiler.check_ids(definition);
    let path = Path::ROOT.key("actions");
    let actions = each(&definition.actions, &path, |action, path| compiler.action(action, path));
    let path = Path::ROOT.key("roles");
    let roles = each(&definition.roles, &path, |role, path| compiler.role(role, path));
    if stages.is_empty() {
        compiler.problems.add(&Path::ROOT.key("stages"), || "is empty".to_owned());
    }
    if !compiler.problems.is_empty() {
        return Err(compiler.problems.finish());
    }
    let (singular, plural) = match &definition.record {
        Some(record) => (record.singular.clone(), record.plural.clone()),
        None => ("Task".to_owned(), "Tasks".to_owned()),
    };
    Ok(workflow::Workflow {
        id,
        revision,
        name: definition.name.clone(),
        icon: definition.icon.clone(),
        singular,
        plural,
        stage_by_api: definition.stage_by_api.unwrap_or(true),
        fields,
        stages,
        actions,
        roles,
    })
}

/// A field made ready, as far as it can be while the document may still be wrong.
pub(super) fn compile_field(field: &Field) -> workflow::Field {
    let options = || {
        let option = |option: &super::field::SelectOption| workflow::SelectOption {
            id: id_of(option.id),
            name: option.name.clone(),
            color: option.color.map(|color| color.name().to_owned()),
        };
        field.options.iter().flatten().map(option).collect()
    };
    let kind = match field.kind {
        FieldType::Text => workflow::FieldKind::Text,
        FieldType::LongText => workflow::FieldKind::LongText,
        FieldType::Number => workflow::FieldKind::Number,
        FieldType::Phone => workflow::FieldKind::Phone,
        FieldType::Currency => {
            let code = field.currency.clone().unwrap_or_default();
            let minor_units = Currency::from_code(&code).and_then(|currency| currency.exponent()).unwrap_or(2);
            workflow::FieldKind::Currency { minor_units: minor_units.into(), code }
        }
        FieldType::Date => workflow::FieldKind::Date,
        FieldType::DateTime => workflow::FieldKind::DateTime,
        FieldType::Person => workflow::FieldKind::Person,
        FieldType::SingleSelect => workflow::FieldKind::SingleSelect { options: options() },
        FieldType::MultipleSelect => workflow::FieldKind::MultipleSelect { options: options() },
        FieldType::Checkbox => workflow::FieldKind::Checkbox,
        FieldType::UniqueId => workflow::FieldKind::UniqueId { autoincrement: field.autoincrement.unwrap_or(false) },
        FieldType::File => {
            let limit = field.limit.and_then(|limit| usize::try_from(limit).ok());
            workflow::FieldKind::File { limit: limit.unwrap_or(FILES_A_FIELD_MAX) }
        }
        FieldType::Email => workflow::FieldKind::Email,
        FieldType::Url => workflow::FieldKind::Url,
    };
    workflow::Field {
        id: id_of(field.id),
        name: field.name.clone(),
        required: field.required,
        editable: field.editable.unwrap_or(true),
        kind,
    }
}

/// The type as the document writes it.
pub fn type_of(kind: &workflow::FieldKind) -> FieldType {
    match kind {
        workflow::FieldKind::Text => FieldType::Text,
        workflow::FieldKind::LongText => FieldType::LongText,
        workflow::FieldKind::Number => FieldType::Number,
        workflow::FieldKind::Phone => FieldType::Phone,
        workflow::FieldKind::Currency { .. } => FieldType::Currency,
        workflow::FieldKind::Date => FieldType::Date,
        workflow::FieldKind::DateTime => FieldType::DateTime,
        workflow::FieldKind::Person => FieldType::Person,
        workflow::FieldKind::SingleSelect { .. } => FieldType::SingleSelect,
        workflow::FieldKind::MultipleSelect { .. } => FieldType::MultipleSelect,
        workflow::FieldKind::Checkbox => FieldType::Checkbox,
        workflow::FieldKind::UniqueId { .. } => FieldType::UniqueId,
        workflow::FieldKind::File { .. } => FieldType::File,
        workflow::FieldKind::Email => FieldType::Email,
        workflow::FieldKind::Url => FieldType::Url,
    }
}

fn compile_stage(stage: &Stage) -> workflow::Stage {
    let items = stage.checklist.iter().flat_map(|section| {
        section.items.iter().map(|item| workflow::TemplateItem {
            id: id_of(item.id),
            section: section.section.clone(),
            title: item.title.clone(),
        })
    });
    workflow::Stage {
        id: id_of(stage.id),
        name: stage.name.clone(),
        color: color_name(stage.color),
        end: stage.end,
        checklist: items.collect(),
    }
}

fn color_name(color: Option<Color>) -> String {
    color.unwrap_or(Color::Gray).name().to_owned()
}

/// Whether every part has its id is checked on its own.
fn id_of(id: Option<Id>) -> Id {
    id.unwrap_or_else(|| Id::from_i64(0).expect("not negative"))
}

pub(super) struct Compiler<'a> {
    names: Names<'a>,
    actions: HashMap<&'a str, Id>,
    problems: Problems,
}

impl Compiler<'_> {
    fn check_ids(&mut self, definition: &Definition) {
        let fields = definition.fields.iter().map(|field| field.id);
        let options = definition.fields.iter().flat_map(|field| field.options.iter().flatten()).map(|option| option.id);
        let stages = definition.stages.iter().map(|stage| stage.id);
        let sections = definition.stages.iter().flat_map(|stage| &stage.checklist);
        let items = sections.flat_map(|section| &section.items).map(|item| item.id);
        let actions = definition.actions.iter().map(|action| action.id);
        let roles = definition.roles.iter().map(|role| role.id);
        if fields.chain(options).chain(stages).chain(items).chain(actions).chain(roles).any(|id| id.is_none()) {
            self.problems.add(&Path::ROOT, || "a part has no id: the document was not read before it was compiled".to_owned());
        }
    }

    fn action(&mut self, action: &Action, path: &Path<'_>) -> workflow::Action {
        workflow::Action {
            id: id_of(action.id),
            name: action.name.clone(),
            color: color_name(action.color),
            from: each(&action.from, &path.key("from"), |stage, path| self.stage(stage, path)),
            requirements: each(&action.requirements, &path.key("requirements"), |requirement, path| self.requirement(requirement, path)),
            steps: each(&action.steps, &path.key("steps"), |step, path| self.step(step, path)),
            ask: each(&action.ask, &path.key("ask"), |field, path| self.field(field, path)),
            needs_quote: matches!(action.confirm, Some(Confirm::Quote)),
        }
    }

    fn requirement(&mut self, requirement: &Requirement, path: &Path<'_>) -> workflow::Requirement {
        match requirement {
            Requirement::Fields(requirement) => {
                workflow::Requirement::Fields(each(&requirement.fields, &path.key("fields"), |field, path| self.field(field, path)))
            }
            Requirement::Checklist(_) => workflow::Requirement::Checklist,
            Requirement::Assigned(requirement) => workflow::Requirement::Assigned { to_performer: requirement.to.is_some() },
            Requirement::Performer(requirement) => workflow::Requirement::Performer {
                not: each(&requirement.not, &path.key("not"), |not, path| match not {
                    NotPerformer::Creator => workflow::NotPerformer::Creator,
                    NotPerformer::Assignee => workflow::NotPerformer::Assignee,
                    NotPerformer::Action(name) => workflow::NotPerformer::Action(self.action_named(name, path)),
                }),
            },
            Requirement::Condition(requirement) => workflow::Requirement::Condition {
                condition: self.condition(&requirement.condition, &path.key("condition")),
                message: requirement.message.clone(),
            },
            Requirement::Confirmation(_) => workflow::Requirement::Confirmation,
        }
    }

    fn step(&mut self, step: &Step, path: &Path<'_>) -> workflow::Step {
        let when = step.when().map(|tree| self.condition(tree, &path.key("when")));
        let kind = match step {
            Step::MoveToStage(step) => workflow::StepKind::MoveToStage {
                stage: workflow::StageRef { id: self.stage(&step.stage, &path.key("stage")), name: step.stage.clone() },
            },
            Step::AssignTo(step) => workflow::StepKind::AssignTo(self.assign_to(step, path)),
            Step::UpdateData(step) => workflow::StepKind::UpdateData(self.updates(step, path)),
            Step::DeleteTask(_) => workflow::StepKind::DeleteTask,
            Step::AddComment(step) => workflow::StepKind::AddComment { text: self.template(&step.text, &path.key("text")) },
            Step::ScheduleStageChange(step) => workflow::StepKind::ScheduleStageChange(self.schedule(step, path)),
            Step::ApiCall(call) => workflow::StepKind::ApiCall(self.api_call(call, path), policy(step)),
            Step::Zapier(hook) => workflow::StepKind::Zapier(self.zapier(hook, path), policy(step)),
            Step::Email(email) => workflow::StepKind::Email(self.email(email, path), policy(step)),
            Step::CreateLinkedTask(_)
            | Step::UpdateLinkedTasks(_)
            | Step::RunAction(_)
            | Step::EmailForm(_)
            | Step::Slack(_)
            | Step::Sql(_) => {
                return workflow::Step { when: None, kind: workflow::StepKind::NoEffect { name: step.name().to_owned() } };
            }
        };
        workflow::Step { when, kind }
    }

    fn assign_to(&mut self, step: &AssignTo, path: &Path<'_>) -> workflow::AssignTo {
        match (&step.user, step.to, &step.field, &step.round_robin) {
            (Some(user), None, None, None) => workflow::AssignTo::User(user.clone()),
            (None, Some(AssignTarget::Performer), None, None) => workflow::AssignTo::Performer,
            (None, Some(AssignTarget::Nobody), None, None) => workflow::AssignTo::Nobody,
            (None, None, Some(field), None) => workflow::AssignTo::PersonIn(self.field_ref(field, &path.key("field"))),
            (None, None, None, Some(users)) => workflow::AssignTo::RoundRobin(users.clone()),
            _ => {
                self.problems.add(path, || "names nobody, or in several ways".to_owned());
                workflow::AssignTo::Nobody
            }
        }
    }

    /// One change for each field, in the order: set, clear, add, remove, increment.
    fn updates(&mut self, step: &UpdateData, path: &Path<'_>) -> Vec<(workflow::FieldRef, workflow::Update)> {
        let mut updates = Vec::new();
        for (name, value) in &step.set {
            let path = path.key("set");
            let path = path.key(name);
            let update = match value {
                serde_json::Value::Null => workflow::Update::Clear,
                serde_json::Value::String(text) if text.contains("{{") => workflow::Update::Text(self.template(text, &path)),
                other => self.literal(name, other),
            };
            updates.push((self.field_ref(name, &path), update));
        }
        for (index, name) in step.clear.iter().enumerate() {
            updates.push((self.field_ref(name, &path.key("clear").index(index)), workflow::Update::Clear));
        }
        for (name, options) in &step.add {
            let path = path.key("add");
            let path = path.key(name);
            updates.push((self.field_ref(name, &path), workflow::Update::Add(self.options(name, options, &path))));
        }
        for (name, options) in &step.remove {
            let path = path.key("remove");
            let path = path.key(name);
            updates.push((self.field_ref(name, &path), workflow::Update::Remove(self.options(name, options, &path))));
        }
        for (name, amount) in &step.increment {
            let path = path.key("increment");
            let path = path.key(name);
            let text = match amount {
                Amount::Number(number) => number.as_str(),
                Amount::Text(text) => text.as_str(),
            };
            match parse_decimal(text) {
                Some(decimal) => updates.push((self.field_ref(name, &path), workflow::Update::Increment(decimal))),
                None => self.problems.add(&path, || "is not a decimal".to_owned()),
            }
        }
        updates
    }

    /// A value without names: options of a select by their ids, anything else as the API would read it.
    fn literal(&self, field: &str, value: &serde_json::Value) -> workflow::Update {
        let names: Option<Vec<&str>> = match value {
            serde_json::Value::String(name) => Some(vec![name]),
            serde_json::Value::Array(names) => names.iter().map(serde_json::Value::as_str).collect(),
            _ => None,
        };
        let options = names.filter(|names| !names.is_empty()).and_then(|names| self.option_refs(field, names));
        options.map_or_else(|| workflow::Update::Json(value.clone()), workflow::Update::Options)
    }

    fn options(&mut self, field: &str, names: &[String], path: &Path<'_>) -> Vec<workflow::OptionRef> {
        self.option_refs(field, names.iter().map(String::as_str)).unwrap_or_else(|| {
            self.problems.add(path, || "is not an option".to_owned());
            Vec::new()
        })
    }

    /// All of them, or none if one is not an option of the field.
    fn option_refs<'n>(&self, field: &str, names: impl IntoIterator<Item = &'n str>) -> Option<Vec<workflow::OptionRef>> {
        let (_, ColumnType::Field(kind)) = self.names.column(field)? else { return None };
        let (workflow::FieldKind::SingleSelect { options } | workflow::FieldKind::MultipleSelect { options }) = kind else { return None };
        let named = |name: &str| {
            let option = options.iter().find(|option| option.name == name)?;
            Some(workflow::OptionRef { id: option.id, name: option.name.clone() })
        };
        names.into_iter().map(named).collect()
    }

    fn role(&mut self, role: &Role, path: &Path<'_>) -> workflow::Role {
        let rights = if role.admin { workflow::Rights::all() } else { self.rights(role, path) };
        workflow::Role { id: id_of(role.id), name: role.name.clone(), admin: role.admin, rights }
    }

    /// What the role leaves out is as for Collaborator.
    fn rights(&mut self, role: &Role, path: &Path<'_>) -> workflow::Rights {
        let usual = workflow::Rights::collaborator();
        let tasks = role.tasks.clone().unwrap_or_default();
        let mut fields = Vec::with_capacity(role.fields.len());
        for (name, right) in &role.fields {
            let right = match right {
                FieldRight::Hidden => workflow::FieldRight::Hidden,
                FieldRight::ReadOnly => workflow::FieldRight::ReadOnly,
                FieldRight::Editable => workflow::FieldRight::Editable,
            };
            fields.push((self.field(name, &path.key("fields").key(name)), right));
        }
        workflow::Rights {
            create: tasks.create.unwrap_or(usual.create),
            edit: tasks.edit.unwrap_or(usual.edit),
            delete: tasks.delete.unwrap_or(usual.delete),
            import: tasks.import.unwrap_or(usual.import),
            export: tasks.export.unwrap_or(usual.export),
            assigned_only: role.visibility.map_or(usual.assigned_only, |visibility| visibility == Visibility::Assigned),
            assigning: role.assigning.map_or(usual.assigning, |assigning| match assigning {
                Assigning::Anyone => workflow::Assigning::Anyone,
                Assigning::Myself => workflow::Assigning::Myself,
                Assigning::Nobody => workflow::Assigning::Nobody,
            }),
            moving_by_hand: role.moving.map_or(usual.moving_by_hand, |moving| moving == Moving::ByHand),
            actions: role.actions.as_ref().map(|names| each(names, &path.key("actions"), |name, path| self.action_named(name, path))),
            analytics: role.analytics.unwrap_or(usual.analytics),
            fields,
        }
    }

    fn field(&mut self, name: &str, path: &Path<'_>) -> Id {
        self.names.field(name).unwrap_or_else(|| self.unknown("field", name, path))
    }

    pub(super) fn field_ref(&mut self, name: &str, path: &Path<'_>) -> workflow::FieldRef {
        workflow::FieldRef { id: self.field(name, path), name: name.to_owned() }
    }

    pub(super) fn stage(&mut self, name: &str, path: &Path<'_>) -> Id {
        self.names.stage(name).unwrap_or_else(|| self.unknown("stage", name, path))
    }

    fn action_named(&mut self, name: &str, path: &Path<'_>) -> Id {
        self.actions.get(name).copied().unwrap_or_else(|| self.unknown("action", name, path))
    }

    fn unknown(&mut self, what: &str, name: &str, path: &Path<'_>) -> Id {
        self.problems.add(path, || format!("{name} is not a {what}"));
        id_of(None)
    }

    fn condition(&mut self, tree: &ConditionTree, path: &Path<'_>) -> Condition {
        condition::compile(&tree.0, &self.names).unwrap_or_else(|problems| {
            for (place, message) in problems {
                self.problems.add(&path.written(&place), || message);
            }
            Condition::All(Vec::new())
        })
    }

    pub(super) fn template(&mut self, text: &str, path: &Path<'_>) -> Template {
        Template::parse(text, &self.names).unwrap_or_else(|problems| {
            for message in problems {
                self.problems.add(path, || message);
            }
            Template { parts: Vec::new() }
        })
    }
}

fn each<T, R>(items: &[T], path: &Path<'_>, mut compile: impl FnMut(&T, &Path<'_>) -> R) -> Vec<R> {
    items.iter().enumerate().map(|(index, item)| compile(item, &path.index(index))).collect()
}
