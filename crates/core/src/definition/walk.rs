//! Every place where one part of a document names another, in one walk: renaming and validation both follow it.
//!
//! To add a kind of reference: a method of [`Visitor`] and the places that call it.

use indexmap::IndexMap;
use serde_json::Value;

use super::action::{Action, NotPerformer, Requirement};
use super::automation::{Automation, Trigger};
use super::data_sync::ColumnTarget;
use super::document::{ByField, Definition};
use super::form::FormItem;
use super::layout::{Block, Visible};
use super::problem::Path;
use super::step::{Recipients, Step};
use crate::condition::ConditionTree;

/// What is done at each reference. Names can be changed; the walk carries on with the changed ones.
pub(crate) trait Visitor {
    fn field(&mut self, _name: &mut String, _path: &Path<'_>) {}
    /// A field or a special column, such as `Created On`.
    fn column(&mut self, _name: &mut String, _path: &Path<'_>) {}
    fn stage(&mut self, _name: &mut String, _path: &Path<'_>) {}
    fn action(&mut self, _name: &mut String, _path: &Path<'_>) {}
    fn form(&mut self, _name: &mut String, _path: &Path<'_>) {}
    fn link(&mut self, _name: &mut String, _path: &Path<'_>) {}
    fn option(&mut self, _field: &str, _name: &mut String, _path: &Path<'_>) {}
    /// What a step sets a field to.
    fn value(&mut self, _field: &str, _value: &mut Value, _path: &Path<'_>) {}
    /// A text with interpolation.
    fn template(&mut self, _text: &mut String, _path: &Path<'_>) {}
    /// A statement with interpolation, where wildcards may stand within the brackets.
    fn statement(&mut self, _text: &mut String, _path: &Path<'_>) {}
    fn condition(&mut self, _tree: &mut ConditionTree, _path: &Path<'_>) {}
    /// A user by e-mail.
    fn user(&mut self, _email: &mut String, _path: &Path<'_>) {}
}

pub(crate) fn walk(definition: &mut Definition, visitor: &mut dyn Visitor) {
    let mut walk = Walk { visitor };
    let path = Path::ROOT.key("actions");
    for (index, action) in definition.actions.iter_mut().enumerate() {
        walk.action(action, &path.index(index));
    }
    let path = Path::ROOT.key("automations");
    for (index, automation) in definition.automations.iter_mut().enumerate() {
        walk.automation(automation, &path.index(index));
    }
    let path = Path::ROOT.key("roles");
    for (index, role) in definition.roles.iter_mut().enumerate() {
        let path = path.index(index);
        for_each(role.actions.iter_mut().flatten(), &path.key("actions"), |name, path| walk.visitor.action(name, path));
        walk.keys(&mut role.fields, &path.key("fields"), |_, _, _, _| {});
    }
    let path = Path::ROOT.key("views");
    for (index, view) in definition.views.iter_mut().enumerate() {
        let path = path.index(index);
        walk.condition(view.filter.as_mut(), &path.key("filter"));
        for_each(view.sort.iter_mut(), &path.key("sort"), |sort, path| walk.sort(sort, path));
        for_each(view.fields.iter_mut(), &path.key("fields"), |name, path| walk.visitor.column(name, path));
    }
    let path = Path::ROOT.key("forms");
    for (index, form) in definition.forms.iter_mut().enumerate() {
        let path = path.index(index);
        let path = path.key("items");
        for (index, item) in form.items.iter_mut().enumerate() {
            if let FormItem::Field(item) = item {
                walk.visitor.field(&mut item.field, &path.index(index).key("field"));
            }
        }
    }
    if let Some(layout) = &mut definition.layout {
        let path = Path::ROOT.key("layout");
        let path = path.key("blocks");
        for (index, block) in layout.blocks.iter_mut().enumerate() {
            walk.block(block, &path.index(index));
        }
    }
    if let Some(data_sync) = &mut definition.data_sync {
        let path = Path::ROOT.key("data_sync");
        let path = path.key("columns");
        for (column, target) in &mut data_sync.columns {
            let path = path.key(column);
            match target {
                ColumnTarget::Field(field) => walk.visitor.field(field, &path),
                ColumnTarget::Full(target) => walk.visitor.field(&mut target.field, &path.key("field")),
            }
        }
    }
}

/// The same, for one step.
pub(crate) fn walk_step(step: &mut Step, path: &Path<'_>, visitor: &mut dyn Visitor) {
    Walk { visitor }.step(step, path);
}

struct Walk<'a> {
    visitor: &'a mut dyn Visitor,
}

impl Walk<'_> {
    fn action(&mut self, action: &mut Action, path: &Path<'_>) {
        for_each(action.from.iter_mut(), &path.key("from"), |name, path| self.visitor.stage(name, path));
        let requirements = path.key("requirements");
        for (index, requirement) in action.requirements.iter_mut().enumerate() {
            self.requirement(requirement, &requirements.index(index));
        }
        self.steps(&mut action.steps, &path.key("steps"));
        for_each(action.ask.iter_mut(), &path.key("ask"), |name, path| self.visitor.field(name, path));
    }

    fn requirement(&mut self, requirement: &mut Requirement, path: &Path<'_>) {
        match requirement {
            Requirement::Fields(requirement) => {
                for_each(requirement.fields.iter_mut(), &path.key("fields"), |name, path| self.visitor.field(name, path));
            }
            Requirement::Performer(requirement) => {
                let path = path.key("not");
                for (index, not) in requirement.not.iter_mut().enumerate() {
                    if let NotPerformer::Action(name) = not {
                        self.visitor.action(name, &path.index(index).key("action"));
                    }
                }
            }
            Requirement::Condition(requirement) => self.condition(Some(&mut requirement.condition), &path.key("condition")),
            Requirement::Confirmation(requirement) => {
                self.visitor.template(&mut requirement.title, &path.key("title"));
                self.template(requirement.text.as_mut(), &path.key("text"));
            }
            Requirement::Checklist(_) | Requirement::Assigned(_) => {}
        }
    }

    fn automation(&mut self, automation: &mut Automation, path: &Path<'_>) {
        let on = path.key("on");
        match &mut automation.on {
            Trigger::StageEntered(trigger) => self.visitor.stage(&mut trigger.stage, &on.key("stage")),
            Trigger::TaskUpdated(trigger) => {
                for_each(trigger.fields.iter_mut(), &on.key("fields"), |name, path| self.visitor.field(name, path));
            }
            Trigger::ActionPerformed(trigger) => self.visitor.action(&mut trigger.action, &on.key("action")),
            Trigger::ChecklistCompleted(trigger) => self.visitor.stage(&mut trigger.stage, &on.key("stage")),
            Trigger::FormSubmitted(trigger) => self.visitor.form(&mut trigger.form, &on.key("form")),
            Trigger::TimeInStage(trigger) => self.visitor.stage(&mut trigger.stage, &on.key("stage")),
            Trigger::TaskCreated(_) | Trigger::CommentAdded(_) | Trigger::Schedule(_) => {}
        }
        self.condition(automation.when.as_mut(), &path.key("when"));
        self.steps(&mut automation.steps, &path.key("steps"));
    }

    fn steps(&mut self, steps: &mut [Step], path: &Path<'_>) {
        for (index, step) in steps.iter_mut().enumerate() {
            self.step(step, &path.index(index));
        }
    }

    fn step(&mut self, step: &mut Step, path: &Path<'_>) {
        self.condition(step.when_mut(), &path.key("when"));
        match step {
            Step::MoveToStage(step) => self.visitor.stage(&mut step.stage, &path.key("stage")),
            Step::AssignTo(step) => {
                if let Some(user) = &mut step.user {
                    self.visitor.user(user, &path.key("user"));
                }
                if let Some(field) = &mut step.field {
                    self.visitor.field(field, &path.key("field"));
                }
                for_each(step.round_robin.iter_mut().flatten(), &path.key("round_robin"), |email, path| self.visitor.user(email, path));
            }
            Step::UpdateData(step) => {
                self.keys(&mut step.set, &path.key("set"), |walk, field, value, path| walk.visitor.value(field, value, path));
                for_each(step.clear.iter_mut(), &path.key("clear"), |name, path| self.visitor.field(name, path));
                for (options, key) in [(&mut step.add, "add"), (&mut step.remove, "remove")] {
                    self.keys(options, &path.key(key), |walk, field, options, path| {
                        for_each(options.iter_mut(), path, |option, path| walk.visitor.option(field, option, path));
                    });
                }
                self.keys(&mut step.increment, &path.key("increment"), |_, _, _, _| {});
            }
            Step::DeleteTask(_) => {}
            Step::ScheduleStageChange(step) => {
                self.visitor.stage(&mut step.stage, &path.key("stage"));
                if let Some(field) = &mut step.at {
                    self.visitor.field(field, &path.key("at"));
                }
            }
            Step::AddComment(step) => self.visitor.template(&mut step.text, &path.key("text")),
            // What they set, and where, belongs to the linked workflow.
            Step::CreateLinkedTask(step) => {
                self.visitor.link(&mut step.link, &path.key("link"));
                self.linked_values(&mut step.set, &path.key("set"));
            }
            Step::UpdateLinkedTasks(step) => {
                self.visitor.link(&mut step.link, &path.key("link"));
                self.linked_values(&mut step.set, &path.key("set"));
            }
            Step::RunAction(step) => match &mut step.link {
                Some(link) => self.visitor.link(link, &path.key("link")),
                None => self.visitor.action(&mut step.action, &path.key("action")),
            },
            Step::Email(step) => {
                self.recipients(Some(&mut step.to), &path.key("to"));
                self.recipients(step.cc.as_mut(), &path.key("cc"));
                self.recipients(step.bcc.as_mut(), &path.key("bcc"));
                self.visitor.template(&mut step.subject, &path.key("subject"));
                self.visitor.template(&mut step.body, &path.key("body"));
            }
            Step::EmailForm(step) => {
                self.recipients(Some(&mut step.to), &path.key("to"));
                self.recipients(step.cc.as_mut(), &path.key("cc"));
                self.recipients(step.bcc.as_mut(), &path.key("bcc"));
                self.visitor.form(&mut step.form, &path.key("form"));
                self.template(step.message.as_mut(), &path.key("message"));
            }
            Step::Slack(step) => {
                self.visitor.template(&mut step.channel, &path.key("channel"));
                self.visitor.template(&mut step.message, &path.key("message"));
            }
            Step::ApiCall(step) => {
                self.visitor.template(&mut step.url, &path.key("url"));
                let headers = path.key("headers");
                for (name, value) in &mut step.headers {
                    self.visitor.template(value, &headers.key(name));
                }
                self.template(step.body.as_mut(), &path.key("body"));
                if let Some(map) = &mut step.map {
                    self.keys(map, &path.key("map"), |_, _, _, _| {});
                }
            }
            Step::Zapier(step) => self.visitor.template(&mut step.url, &path.key("url")),
            Step::Sql(step) => self.visitor.statement(&mut step.statement, &path.key("statement")),
        }
    }

    fn block(&mut self, block: &mut Block, path: &Path<'_>) {
        match block.visible_mut() {
            Some(Visible::Stages(stages)) => {
                let path = path.key("visible");
                for_each(stages.iter_mut(), &path.key("stages"), |name, path| self.visitor.stage(name, path));
            }
            Some(Visible::When(tree)) => self.condition(Some(tree), &path.key("visible").key("when")),
            Some(Visible::Always) | None => {}
        }
        let field = match block {
            Block::Details(block) => return self.fields(&mut block.fields, path),
            Block::DetailsTable(block) => return self.fields(&mut block.fields, path),
            Block::Text(block) => return self.visitor.template(&mut block.text, &path.key("text")),
            Block::Iframe(block) => return self.visitor.template(&mut block.url, &path.key("url")),
            Block::Image(block) => return self.visitor.template(&mut block.url, &path.key("url")),
            Block::LinkedTasks(block) => return self.visitor.link(&mut block.link, &path.key("link")),
            Block::FilePreview(block) => Some(&mut block.field),
            Block::Json(block) => {
                self.template(block.url.as_mut(), &path.key("url"));
                self.statement(block.query.as_mut(), &path.key("query"));
                block.field.as_mut()
            }
            Block::Table(block) => {
                self.template(block.url.as_mut(), &path.key("url"));
                self.statement(block.query.as_mut(), &path.key("query"));
                block.field.as_mut()
            }
            Block::Twilio(block) => block.field.as_mut(),
            Block::Front(block) => block.field.as_mut(),
            Block::Clearbit(block) => block.field.as_mut(),
            Block::Checklist(_) | Block::Comments(_) | Block::Activity(_) | Block::Slack(_) => None,
        };
        if let Some(field) = field {
            self.visitor.field(field, &path.key("field"));
        }
    }

    fn fields(&mut self, fields: &mut [String], path: &Path<'_>) {
        for_each(fields.iter_mut(), &path.key("fields"), |name, path| self.visitor.field(name, path));
    }

    fn condition(&mut self, tree: Option<&mut ConditionTree>, path: &Path<'_>) {
        if let Some(tree) = tree {
            self.visitor.condition(tree, path);
        }
    }

    fn template(&mut self, text: Option<&mut String>, path: &Path<'_>) {
        if let Some(text) = text {
            self.visitor.template(text, path);
        }
    }

    fn statement(&mut self, text: Option<&mut String>, path: &Path<'_>) {
        if let Some(text) = text {
            self.visitor.statement(text, path);
        }
    }

    fn recipients(&mut self, recipients: Option<&mut Recipients>, path: &Path<'_>) {
        match recipients {
            Some(Recipients::One(address)) => self.visitor.template(address, path),
            Some(Recipients::Several(addresses)) => {
                for_each(addresses.iter_mut(), path, |address, path| self.visitor.template(address, path));
            }
            None => {}
        }
    }

    /// `-Created On` names a column behind its sign.
    fn sort(&mut self, sort: &mut String, path: &Path<'_>) {
        let (sign, name) = sort.strip_prefix('-').map_or(("", sort.as_str()), |name| ("-", name));
        let mut name = name.to_owned();
        self.visitor.column(&mut name, path);
        *sort = format!("{sign}{name}");
    }

    fn linked_values(&mut self, values: &mut ByField<Value>, path: &Path<'_>) {
        for (name, value) in values {
            if let Value::String(text) = value {
                self.visitor.template(text, &path.key(name));
            }
        }
    }

    /// Keys that name fields, and what stands under each.
    fn keys<T>(&mut self, map: &mut ByField<T>, path: &Path<'_>, mut inside: impl FnMut(&mut Self, &str, &mut T, &Path<'_>)) {
        let entries = std::mem::take(map);
        let given: Vec<String> = entries.keys().cloned().collect();
        let mut renamed = IndexMap::with_capacity(entries.len());
        for (key, mut value) in entries {
            let mut name = key.clone();
            let path = path.key(&key);
            self.visitor.field(&mut name, &path);
            // Two keys never become one: then the old name stays, and is told as unknown.
            if name != key && (given.contains(&name) || renamed.contains_key(&name)) {
                name = key.clone();
            }
            inside(self, &name, &mut value, &path);
            renamed.insert(name, value);
        }
        *map = renamed;
    }
}

fn for_each<'a, T: 'a>(items: impl Iterator<Item = &'a mut T>, path: &Path<'_>, mut visit: impl FnMut(&mut T, &Path<'_>)) {
    for (index, item) in items.enumerate() {
        visit(item, &path.index(index));
    }
}
