//! Where that goes which a new document has no place for: what the request says of it, and what becomes of each task.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::compile::compile_field;
use super::document::{ByField, Definition};
use super::normalise::normal_name;
use super::problem::{Path, Problem, Problems};
use super::removed::{Removals, removed_parts};
use crate::ids::Id;
use crate::people::Workspace;
use crate::refusal::Refusal;
use crate::suggest::did_you_mean;
use crate::task::Task;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldKind, SelectOption, StageRef};

/// Where tasks go whose stage or option is removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// By the name of a removed stage: the stage that its tasks go to, and the changes that are scheduled to it.
    #[serde(default)]
    pub stages: IndexMap<String, String>,
    /// By field, and by the name of a removed option: the option that is chosen instead.
    #[serde(default)]
    pub options: ByField<IndexMap<String, String>>,
}

/// What a request says of tasks, by names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    pub migrate: Migrate,
    pub confirm_loss: Vec<String>,
}

impl Asked {
    /// Takes it out of the document, so that what is left is the definition.
    pub(super) fn take(definition: &mut Definition) -> Asked {
        Asked { migrate: definition.migrate.take().unwrap_or_default(), confirm_loss: std::mem::take(&mut definition.confirm_loss) }
    }
}

/// What is said of tasks where there are none yet.
pub(super) fn stale(new: &Definition, asked: &Asked) -> Vec<Problem> {
    let nothing = Definition { fields: Vec::new(), stages: Vec::new(), ..new.clone() };
    Migration::new(&nothing, new, asked).map(|(_, warnings)| warnings).unwrap_or_default()
}

/// What a new document takes from tasks, and where it goes.
#[derive(Clone, Debug)]
pub struct Migration {
    pub removals: Removals,
    stages: HashMap<Id, StageRef>,
    /// By removed option. `None`: it may go.
    options: HashMap<Id, Option<Id>>,
    /// Fields whose values may go.
    confirmed: HashSet<Id>,
    /// Fields that stay, as they were and as they will be, whose values are to be looked at.
    changed: Vec<(Field, Field)>,
}

/// A value that the field's new type has no place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconverted {
    pub field: Id,
    /// As it is shown.
    pub text: String,
}

impl Migration {
    /// Reads what the request says against both documents. A name that the workflow does not have (any more) is a warning only: what
    /// is kept in a file stays there after it was done.
    pub fn new(old: &Definition, new: &Definition, asked: &Asked) -> Result<(Migration, Vec<Problem>), Vec<Problem>> {
        let removals = removed_parts(old, new);
        let mut reader = Reader { old, new, problems: Problems::default(), warnings: Problems::default() };
        let stages = reader.stages(&asked.migrate.stages);
        let mut options = reader.options(&asked.migrate.options);
        let confirmed = reader.confirmed(&asked.confirm_loss);
        if !reader.problems.is_empty() {
            return Err(reader.problems.finish());
        }
        for option in removals.options.iter().filter(|option| confirmed.contains(&option.field)) {
            options.entry(option.option).or_insert(None);
        }
        let with_values: HashSet<Id> =
            removals.retyped.iter().map(|field| field.field).chain(removals.options.iter().map(|option| option.field)).collect();
        let changed = new.fields.iter().filter(|field| field.id.is_some_and(|id| with_values.contains(&id))).filter_map(|field| {
            let before = old.fields.iter().find(|before| before.id == field.id)?;
            Some((compile_field(before), compile_field(field)))
        });
        Ok((Migration { removals, stages, options, confirmed, changed: changed.collect() }, reader.warnings.finish()))
    }

    /// Where the tasks of a removed stage go.
    pub fn stage(&self, removed: Id) -> Option<&StageRef> {
        self.stages.get(&removed)
    }

    /// What is chosen instead of a removed option. `None`: nothing is said; `Some(None)`: nothing is chosen.
    pub fn option(&self, removed: Id) -> Option<Option<Id>> {
        self.options.get(&removed).copied()
    }

    /// Whether the values of a removed field may go.
    pub fn may_lose(&self, field: Id) -> bool {
        self.confirmed.contains(&field)
    }

    /// Whether values of a field that stays may be others, or be found otherwise.
    pub fn is_read_otherwise(&self, field: Id) -> bool {
        self.changed.iter().any(|(old, _)| old.id == field)
    }

    /// The value of a field that stays, as it will be; `None` is blank.
    pub fn convert(&self, field: Id, workspace: &Workspace, value: &Value) -> Result<Option<Value>, Refusal> {
        match self.changed.iter().find(|(old, _)| old.id == field) {
            Some((old, new)) => self.converted(old, new, workspace, value),
            None => Ok(Some(value.clone())),
        }
    }

    /// The task as it is by the new document.
    pub fn carry(&self, task: &Task, workspace: &Workspace) -> Result<Task, Unconverted> {
        let mut after = task.clone();
        if let Some(stage) = self.stages.get(&task.stage) {
            after.stage = stage.id;
        }
        for field in &self.removals.fields {
            after.values.remove(&field.id);
        }
        for (old, new) in &self.changed {
            let Some(value) = after.values.remove(&old.id) else { continue };
            let unconverted = |_| Unconverted { field: old.id, text: value::text(old, workspace, Some(&value)) };
            if let Some(value) = self.converted(old, new, workspace, &value).map_err(unconverted)? {
                after.values.insert(new.id, value);
            }
        }
        Ok(after)
    }

    /// What the old field shows must be something that a caller may send for the new one.
    fn converted(&self, old: &Field, new: &Field, workspace: &Workspace, value: &Value) -> Result<Option<Value>, Refusal> {
        if let (Some(chosen), Some(options)) = (chosen(value), options_of(new)) {
            return self.choose(old, new, options, &chosen);
        }
        if let Value::Files(_) = value {
            return Err(Refusal::IsInvalid);
        }
        let text = value::text(old, workspace, Some(value));
        let converted = value::parse(new, workspace, &Json::String(text))?;
        match (&new.kind, &converted) {
            (FieldKind::UniqueId { autoincrement: true }, Some(Value::Text(text))) if given_number(text).is_none() => {
                Err(Refusal::IsInvalid)
            }
            _ => Ok(converted),
        }
    }

    /// Options go by their ids, then by what the request says, then by their names.
    fn choose(&self, old: &Field, new: &Field, options: &[SelectOption], chosen: &[Id]) -> Result<Option<Value>, Refusal> {
        let mut ids = Vec::with_capacity(chosen.len());
        for id in chosen {
            let now = match self.options.get(id) {
                _ if options.iter().any(|option| option.id == *id) => Some(*id),
                Some(instead) => *instead,
                None => {
                    let name =
                        options_of(old).and_then(|options| options.iter().find(|option| option.id == *id)).map(|option| &option.name);
                    let same = name.and_then(|name| value::option_named(options, name));
                    Some(same.ok_or(Refusal::IsNotAnOption)?.id)
                }
            };
            ids.extend(now.filter(|id| !ids.contains(id)));
        }
        match (&new.kind, ids.as_slice()) {
            (_, []) => Ok(None),
            (FieldKind::MultipleSelect { .. }, _) => Ok(Some(Value::Options(ids))),
            (_, [only]) => Ok(Some(Value::Option(*only))),
            _ => Err(Refusal::IsInvalid),
        }
    }
}

/// The number of a Unique ID, if Baton could have given it.
pub fn given_number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == text)
}

fn chosen(value: &Value) -> Option<Vec<Id>> {
    match value {
        Value::Option(id) => Some(vec![*id]),
        Value::Options(ids) => Some(ids.clone()),
        _ => None,
    }
}

fn options_of(field: &Field) -> Option<&[SelectOption]> {
    match &field.kind {
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => Some(options),
        _ => None,
    }
}

struct Reader<'a> {
    old: &'a Definition,
    new: &'a Definition,
    problems: Problems,
    warnings: Problems,
}

impl<'a> Reader<'a> {
    fn stages(&mut self, asked: &IndexMap<String, String>) -> HashMap<Id, StageRef> {
        let mut stages = HashMap::new();
        let migrate = Path::ROOT.key("migrate");
        let list = migrate.key("stages");
        for (from, to) in asked {
            let (path, from, to) = (list.key(from), normal_name(from), normal_name(to));
            let Some(before) = self.old.stages.iter().find(|stage| stage.name == from) else {
                self.warnings.add(&path, || format!("{from} is not a stage of the workflow as it is; nothing is moved"));
                continue;
            };
            if self.new.stages.iter().any(|stage| stage.id == before.id) {
                self.problems.add(&path, || format!("{from} is not removed; only tasks of a removed stage are moved"));
                continue;
            }
            match (before.id, self.new.stages.iter().find(|stage| stage.name == to)) {
                (Some(before), Some(stage)) => {
                    stages.extend(stage.id.map(|id| (before, StageRef { id, name: stage.name.clone() })));
                }
                _ => self.problems.add(&path, || {
                    let hint = did_you_mean(&to, self.new.stages.iter().map(|stage| stage.name.as_str()));
                    format!("{to} is not a stage{hint}")
                }),
            }
        }
        stages
    }

    fn options(&mut self, asked: &ByField<IndexMap<String, String>>) -> HashMap<Id, Option<Id>> {
        let mut options = HashMap::new();
        let migrate = Path::ROOT.key("migrate");
        let fields = migrate.key("options");
        for (field, asked) in asked {
            let (list, field) = (fields.key(field), normal_name(field));
            let (Some(before), Some(after)) = self.field_named(&field) else {
                self.warnings.add(&list, || format!("{field} is not a field of the workflow as it is and will be; nothing is changed"));
                continue;
            };
            let there_are = after.options.as_deref().unwrap_or_default();
            for (from, to) in asked {
                let (path, from, to) = (list.key(from), normal_name(from), normal_name(to));
                let Some(removed) = before.options.iter().flatten().find(|option| option.name == from) else {
                    self.warnings.add(&path, || format!("{from} is not an option of {field} as it is; nothing is changed"));
                    continue;
                };
                if there_are.iter().any(|option| option.id == removed.id) {
                    self.problems.add(&path, || format!("{from} is not removed; only a removed option is chosen otherwise"));
                    continue;
                }
                match (removed.id, there_are.iter().find(|option| option.name == to)) {
                    (Some(removed), Some(option)) => drop(options.insert(removed, option.id)),
                    _ => self.problems.add(&path, || {
                        let hint = did_you_mean(&to, there_are.iter().map(|option| option.name.as_str()));
                        format!("{to} is not an option of {field}{hint}")
                    }),
                }
            }
        }
        options
    }

    fn confirmed(&mut self, asked: &[String]) -> HashSet<Id> {
        let mut confirmed = HashSet::new();
        let list = Path::ROOT.key("confirm_loss");
        for (index, name) in asked.iter().enumerate() {
            let name = normal_name(name);
            match self.field_named(&name).0.and_then(|field| field.id) {
                Some(id) => drop(confirmed.insert(id)),
                None => {
                    self.warnings.add(&list.index(index), || format!("{name} is not a field of the workflow as it is; nothing is lost"))
                }
            }
        }
        confirmed
    }

    /// A field by the name that it has, or else by the one that it gets: as it is, and as it will be.
    fn field_named(&self, name: &str) -> (Option<&'a super::field::Field>, Option<&'a super::field::Field>) {
        let by_id = |fields: &'a [super::field::Field], id: Option<Id>| fields.iter().find(|field| field.id == id);
        match self.old.fields.iter().find(|field| field.name == name) {
            Some(before) => (Some(before), by_id(&self.new.fields, before.id)),
            None => match self.new.fields.iter().find(|field| field.name == name) {
                Some(after) => (by_id(&self.old.fields, after.id), Some(after)),
                None => (None, None),
            },
        }
    }
}
