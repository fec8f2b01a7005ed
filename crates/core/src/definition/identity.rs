//! Which part is which: ids are given here, and a part that kept its id but not its name takes its references along.

use std::collections::{HashMap, HashSet};

use super::document::Definition;
use super::field::{Field, SelectOption};
use super::problem::{Path, Problems};
use super::stage::{ChecklistItem, Stage};
use super::step::Step;
use crate::env::Env;
use crate::ids::Id;
use crate::value::fold;

/// Old names of parts that have new ones; none of them names anything in the new document.
#[derive(Default)]
pub(super) struct Renames {
    pub fields: HashMap<String, String>,
    pub stages: HashMap<String, String>,
    pub actions: HashMap<String, String>,
    pub forms: HashMap<String, String>,
    pub links: HashMap<String, String>,
    /// By the field's new name.
    pub options: HashMap<String, HashMap<String, String>>,
}

impl Renames {
    /// Between two documents whose parts have their ids.
    pub fn between(old: &Definition, new: &Definition) -> Renames {
        let of_options = |field: &Field| {
            let before = old.fields.iter().find(|before| before.id == field.id)?;
            let options = renamed(before.options.as_deref().unwrap_or_default(), field.options.as_deref().unwrap_or_default());
            (!options.is_empty()).then(|| (field.name.clone(), options))
        };
        Renames {
            fields: renamed(&old.fields, &new.fields),
            stages: renamed(&old.stages, &new.stages),
            actions: renamed(&old.actions, &new.actions),
            forms: renamed(&old.forms, &new.forms),
            links: renamed(&old.links, &new.links),
            options: new.fields.iter().filter_map(of_options).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
            && self.stages.is_empty()
            && self.actions.is_empty()
            && self.forms.is_empty()
            && self.links.is_empty()
            && self.options.is_empty()
    }
}

/// Gives every part its id: the one that it carries if the current document has it, else that of the part with the
/// same name, else a new one.
pub(super) fn settle(new: &mut Definition, current: Option<&Definition>, problems: &mut Problems, env: &mut dyn Env) {
    let mut settler = Settler { problems, env };
    let root = Path::ROOT;

    settler.settle(&mut new.fields, current.map_or(&[], |current| &current.fields), &root.key("fields"));
    for (index, field) in new.fields.iter_mut().enumerate() {
        let old = current.and_then(|current| current.fields.iter().find(|old| old.id == field.id));
        let path = root.key("fields");
        let path = path.index(index);
        settler.settle_options(field, old, &path.key("options"));
    }
    settler.settle(&mut new.stages, current.map_or(&[], |current| &current.stages), &root.key("stages"));
    settler.settle_checklists(&mut new.stages, current);
    settler.settle(&mut new.actions, current.map_or(&[], |current| &current.actions), &root.key("actions"));
    for (index, action) in new.actions.iter_mut().enumerate() {
        let old = current.and_then(|current| current.actions.iter().find(|old| old.id == action.id));
        let path = root.key("actions");
        let path = path.index(index);
        settler.settle(&mut action.steps, old.map_or(&[], |old| &old.steps), &path.key("steps"));
    }
    settler.settle(&mut new.automations, current.map_or(&[], |current| &current.automations), &root.key("automations"));
    for (index, automation) in new.automations.iter_mut().enumerate() {
        let old = current.and_then(|current| current.automations.iter().find(|old| old.id == automation.id));
        let path = root.key("automations");
        let path = path.index(index);
        settler.settle(&mut automation.steps, old.map_or(&[], |old| &old.steps), &path.key("steps"));
    }
    settler.settle(&mut new.roles, current.map_or(&[], |current| &current.roles), &root.key("roles"));
    settler.settle(&mut new.views, current.map_or(&[], |current| &current.views), &root.key("views"));
    settler.settle(&mut new.forms, current.map_or(&[], |current| &current.forms), &root.key("forms"));
    settler.settle(&mut new.links, current.map_or(&[], |current| &current.links), &root.key("links"));
}

/// Which old names have new ones.
fn renamed<P: Part>(old: &[P], new: &[P]) -> HashMap<String, String> {
    let names: HashSet<&str> = new.iter().map(Part::name).collect();
    let by_id: HashMap<Id, &str> = old.iter().filter_map(|part| Some((part.id()?, part.name()))).collect();
    new.iter()
        .filter_map(|part| Some((*by_id.get(&part.id()?)?, part.name())))
        .filter(|(before, now)| before != now && !names.contains(before))
        .map(|(before, now)| (before.to_owned(), now.to_owned()))
        .collect()
}

/// A part that the server gives an id.
trait Part {
    fn id(&self) -> Option<Id>;
    fn set_id(&mut self, id: Option<Id>);
    fn name(&self) -> &str;
}

macro_rules! parts {
    ($($type:ty: $name:ident,)*) => {
        $(impl Part for $type {
            fn id(&self) -> Option<Id> {
                self.id
            }

            fn set_id(&mut self, id: Option<Id>) {
                self.id = id;
            }

            fn name(&self) -> &str {
                &self.$name
            }
        })*
    };
}

parts! {
    Field: name,
    SelectOption: name,
    Stage: name,
    ChecklistItem: title,
    super::action::Action: name,
    super::automation::Automation: name,
    super::role::Role: name,
    super::view::View: name,
    super::form::Form: name,
    super::link::Link: name,
}

/// A step has no name; the nth of its kind in an action is the nth of its kind after a save, too.
impl Part for Step {
    fn id(&self) -> Option<Id> {
        Step::id(self)
    }

    fn set_id(&mut self, id: Option<Id>) {
        Step::set_id(self, id);
    }

    fn name(&self) -> &str {
        Step::name(self)
    }
}

struct Settler<'a> {
    problems: &'a mut Problems,
    env: &'a mut dyn Env,
}

impl Settler<'_> {
    /// Gives ids to a list of named parts.
    fn settle<P: Part>(&mut self, new: &mut [P], old: &[P], path: &Path<'_>) {
        let mut parts: Vec<&mut P> = new.iter_mut().collect();
        let known: Vec<&P> = old.iter().collect();
        let known_ids: HashSet<Id> = old.iter().filter_map(Part::id).collect();
        self.keep_known_ids(&mut parts, &known_ids, |place| path.index(place).to_string());
        self.match_by_name(&mut parts, &known);
    }

    fn settle_options(&mut self, field: &mut Field, old: Option<&Field>, path: &Path<'_>) {
        let old = old.and_then(|old| old.options.as_deref()).unwrap_or(&[]);
        if let Some(options) = &mut field.options {
            self.settle(options, old, path);
        }
    }

    /// An item that moves to another stage with its id keeps its ticks; by title it is looked for in its stage only.
    fn settle_checklists(&mut self, stages: &mut [Stage], current: Option<&Definition>) {
        let old_items =
            |stage: &Stage| -> Vec<ChecklistItem> { stage.checklist.iter().flat_map(|section| section.items.iter().cloned()).collect() };
        let known: HashSet<Id> =
            current.into_iter().flat_map(|current| &current.stages).flat_map(old_items).filter_map(|item| item.id).collect();
        let mut paths = Vec::new();
        for (stage_index, stage) in stages.iter().enumerate() {
            for (section_index, section) in stage.checklist.iter().enumerate() {
                let written = |index| format!("stages[{stage_index}].checklist[{section_index}].items[{index}]");
                paths.extend((0..section.items.len()).map(written));
            }
        }
        let mut all: Vec<&mut ChecklistItem> =
            stages.iter_mut().flat_map(|stage| &mut stage.checklist).flat_map(|section| &mut section.items).collect();
        self.keep_known_ids(&mut all, &known, |place| paths[place].clone());
        let taken: HashSet<Id> = all.iter().filter_map(|item| item.id).collect();
        for stage in stages {
            let old = current.and_then(|current| current.stages.iter().find(|old| old.id == stage.id)).map(old_items).unwrap_or_default();
            let old: Vec<&ChecklistItem> = old.iter().filter(|item| item.id.is_none_or(|id| !taken.contains(&id))).collect();
            let mut new: Vec<&mut ChecklistItem> = stage.checklist.iter_mut().flat_map(|section| &mut section.items).collect();
            self.match_by_name(&mut new, &old);
        }
    }

    /// Takes away every id that the current document does not have. An id given twice is a mistake.
    fn keep_known_ids<P: Part>(&mut self, parts: &mut [&mut P], known: &HashSet<Id>, place: impl Fn(usize) -> String) {
        let mut seen: HashMap<Id, usize> = HashMap::new();
        for (index, part) in parts.iter_mut().enumerate() {
            let Some(id) = part.id() else { continue };
            if !known.contains(&id) {
                part.set_id(None);
            } else if let Some(first) = seen.get(&id) {
                let path = place(index);
                self.problems.add(&Path::ROOT.written(&path).key("id"), || {
                    format!("{id} is also the id of {}; leave the key out for a new part", place(*first))
                });
                part.set_id(None);
            } else {
                seen.insert(id, index);
            }
        }
    }

    /// Gives the parts without an id that of the old part with the same name, or a new one.
    fn match_by_name<P: Part>(&mut self, parts: &mut [&mut P], old: &[&P]) {
        let taken: HashSet<Id> = parts.iter().filter_map(|part| part.id()).collect();
        let mut free: HashMap<String, std::collections::VecDeque<Id>> = HashMap::new();
        for part in old {
            if let Some(id) = part.id().filter(|id| !taken.contains(id)) {
                free.entry(fold(part.name())).or_default().push_back(id);
            }
        }
        for part in parts.iter_mut().filter(|part| part.id().is_none()) {
            let same = free.get_mut(&fold(part.name())).and_then(std::collections::VecDeque::pop_front);
            part.set_id(Some(same.unwrap_or_else(|| self.env.new_id())));
        }
    }
}
