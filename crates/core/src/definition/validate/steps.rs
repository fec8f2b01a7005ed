//! Steps: what each needs besides names that exist.

use std::collections::HashMap;
use std::time::Duration;

use super::super::document::Definition;
use super::super::problem::Path;
use super::super::step::{Amount, ApiCall, AssignTo, Auth, Recipients, Retry, ScheduleStageChange, Step, UpdateData};
use super::{Known, Report, syntax};
use crate::people::Workspace;
use crate::refusal::Refusal;
use crate::value::{parse, parse_decimal};
use crate::workflow::{Field, FieldKind};

const TIMEOUT_MAX: (Duration, &str) = (Duration::from_secs(600), "10m");
const RETRY_WAIT_MAX: (Duration, &str) = (Duration::from_secs(24 * 60 * 60), "24h");

pub(super) fn check(definition: &Definition, known: &Known<'_>, workspace: &Workspace, report: &mut Report<'_>) {
    let mut checker = Checker { known, workspace, report };
    let path = Path::ROOT.key("actions");
    for (index, action) in definition.actions.iter().enumerate() {
        let path = path.index(index);
        checker.check_all(&action.steps, &path.key("steps"));
        for (index, name) in action.ask.iter().enumerate() {
            checker.check_settable(name, &path.key("ask").index(index), "asked for");
        }
    }
    let path = Path::ROOT.key("automations");
    for (index, automation) in definition.automations.iter().enumerate() {
        checker.check_all(&automation.steps, &path.index(index).key("steps"));
    }
}

struct Checker<'a, 'b> {
    known: &'a Known<'a>,
    workspace: &'a Workspace,
    report: &'a mut Report<'b>,
}

impl<'a> Checker<'a, '_> {
    fn check_all(&mut self, steps: &[Step], path: &Path<'_>) {
        for (index, step) in steps.iter().enumerate() {
            self.check_step(step, &path.index(index));
        }
    }

    fn check_step(&mut self, step: &Step, path: &Path<'_>) {
        match step {
            Step::AssignTo(step) => self.check_assign_to(step, path),
            Step::UpdateData(step) => self.check_update_data(step, path),
            Step::ScheduleStageChange(step) => self.check_schedule(step, path),
            Step::AddComment(step) => {
                if step.text.trim().is_empty() {
                    self.report.problem(&path.key("text"), || "is blank; a comment needs a text".to_owned());
                }
            }
            Step::UpdateLinkedTasks(step) => {
                if step.set.is_empty() && step.stage.is_none() {
                    self.report.problem(path, || "changes nothing: give set, stage or both".to_owned());
                }
            }
            Step::ApiCall(step) => self.check_api_call(step, path),
            Step::Zapier(step) => self.tell(&path.key("url"), syntax::address(&step.url)),
            Step::Email(step) => self.check_recipients([Some(&step.to), step.cc.as_ref(), step.bcc.as_ref()], path),
            Step::EmailForm(step) => self.check_recipients([Some(&step.to), step.cc.as_ref(), step.bcc.as_ref()], path),
            Step::MoveToStage(_) | Step::DeleteTask(_) | Step::CreateLinkedTask(_) | Step::RunAction(_) | Step::Slack(_) | Step::Sql(_) => {
            }
        }
        if let Some((timeout, retry, _)) = step.outgoing() {
            if let Some(Err(message)) = timeout.map(|timeout| syntax::duration(&timeout.0, Some(TIMEOUT_MAX))) {
                self.report.problem(&path.key("timeout"), || message);
            }
            if let Some(retry) = retry {
                self.check_retry(retry, &path.key("retry"));
            }
        }
    }

    fn check_assign_to(&mut self, step: &AssignTo, path: &Path<'_>) {
        let given = [step.user.is_some(), step.to.is_some(), step.field.is_some(), step.round_robin.is_some()];
        let given = given.into_iter().filter(|given| *given).count();
        let read_whole = !self.report.problems.is_unsure(path);
        if given > 1 || (given == 0 && read_whole) {
            let what = if given == 0 { "names nobody" } else { "says it in several ways" };
            self.report.problem(path, || format!("{what}: give exactly one of user, to, field and round_robin"));
        }
        if let Some(field) = step.field.as_deref().and_then(|name| self.known.sure_field(name))
            && field.kind != FieldKind::Person
        {
            self.report.problem(&path.key("field"), || {
                format!("{} is of type {}; only a field of type person names somebody", field.name, type_of(field))
            });
        }
        if let Some(users) = &step.round_robin {
            let path = path.key("round_robin");
            if users.is_empty() {
                self.report.problem(&path, || "is empty; at least one user is needed".to_owned());
            }
            self.report.each_once(users, &path);
        }
    }

    fn check_update_data(&mut self, step: &UpdateData, path: &Path<'_>) {
        let nothing =
            step.set.is_empty() && step.clear.is_empty() && step.add.is_empty() && step.remove.is_empty() && step.increment.is_empty();
        let read_whole = !self.report.problems.is_unsure(path);
        if nothing && read_whole {
            self.report.problem(path, || "changes nothing: give set, clear, add, remove or increment".to_owned());
        }
        self.check_each_field_once(step, path);

        for (name, value) in &step.set {
            let path = path.key("set");
            let path = path.key(name);
            if let Some(field) = self.check_settable(name, &path, "set by a step") {
                self.check_value(field, value, &path);
            }
        }
        for (index, name) in step.clear.iter().enumerate() {
            self.check_settable(name, &path.key("clear").index(index), "cleared by a step");
        }
        for (options, key) in [(&step.add, "add"), (&step.remove, "remove")] {
            for (name, options) in options {
                let path = path.key(key);
                let path = path.key(name);
                if options.is_empty() {
                    self.report.problem(&path, || "is empty; at least one option is needed".to_owned());
                }
                self.report.each_once(options, &path);
                if let Some(field) = self.known.sure_field(name)
                    && !matches!(field.kind, FieldKind::MultipleSelect { .. })
                {
                    self.report.problem(&path, || format!("{name} is of type {}; {key} is only for multipleSelect", type_of(field)));
                }
            }
        }
        for (name, amount) in &step.increment {
            let path = path.key("increment");
            self.check_increment(name, amount, &path.key(name));
        }
    }

    /// Which of two changes to one field would win is a riddle, so there is one at most. A select may gain and lose options.
    fn check_each_field_once(&mut self, step: &UpdateData, path: &Path<'_>) {
        let add_and_remove = |first: &str, second: &str| first == "add" && second == "remove";
        let groups: [(&str, Vec<&String>); 5] = [
            ("set", step.set.keys().collect()),
            ("clear", step.clear.iter().collect()),
            ("add", step.add.keys().collect()),
            ("remove", step.remove.keys().collect()),
            ("increment", step.increment.keys().collect()),
        ];
        let mut seen: HashMap<&String, &str> = HashMap::new();
        for (key, names) in groups {
            for (index, name) in names.into_iter().enumerate() {
                let first = *seen.entry(name).or_insert(key);
                let repeated = seen[name] == key && key == "clear" && step.clear[..index].contains(name);
                if (first != key && !add_and_remove(first, key)) || repeated {
                    let group = path.key(key);
                    let place = if key == "clear" { group.index(index) } else { group.key(name) };
                    self.report.problem(&place, || format!("{name} is changed twice in this step, by {first} too"));
                }
            }
        }
    }

    /// The field, if a value can be given to it.
    fn check_settable(&mut self, name: &str, path: &Path<'_>, what: &str) -> Option<&'a Field> {
        let known = self.known;
        let field = known.sure_field(name)?;
        match field.kind {
            FieldKind::UniqueId { autoincrement: true } => {
                self.report.problem(path, || format!("{name} is counted up by Baton, so it can't be {what}"));
                None
            }
            FieldKind::File { .. } => {
                self.report.problem(path, || format!("{name} is of type file, so it can't be {what} in this version"));
                None
            }
            _ => Some(field),
        }
    }

    fn check_value(&mut self, field: &Field, value: &serde_json::Value, path: &Path<'_>) {
        // What a template brings in is not known before it runs.
        if value.as_str().is_some_and(|text| text.contains("{{")) {
            return;
        }
        match parse(field, self.workspace, value) {
            Ok(_) => {}
            Err(Refusal::IsNotAUserOfWorkspace) => {
                let user = value.as_str().unwrap_or_default();
                self.report.warning(path, || format!("{user} is not an active user of this workspace; the step fails until they are"));
            }
            // An unknown option is told with the names, so that a near one can be suggested.
            Err(Refusal::IsNotAnOption) if holds_only_texts(value) => {}
            Err(refusal) => {
                let shown = syntax::brief(&value.to_string());
                self.report.problem(path, || format!("{shown} {refusal} for {}, which is of type {}", field.name, type_of(field)));
            }
        }
    }

    fn check_increment(&mut self, name: &str, amount: &Amount, path: &Path<'_>) {
        let text = match amount {
            Amount::Number(number) => number.as_str(),
            Amount::Text(text) => text.as_str(),
        };
        let Some(decimal) = parse_decimal(text) else {
            self.report.problem(path, || format!("{:?} is not a decimal of at most 28 digits", syntax::brief(text)));
            return;
        };
        let Some(field) = self.known.sure_field(name) else { return };
        match &field.kind {
            FieldKind::Number => {}
            FieldKind::Currency { code, minor_units } => {
                if decimal.normalize().scale() > *minor_units {
                    self.report.problem(path, || format!("{text} has more decimal places than {code} has ({minor_units})"));
                }
            }
            _ => self.report.problem(path, || format!("{name} is of type {}; increment is only for number and currency", type_of(field))),
        }
    }

    fn check_schedule(&mut self, step: &ScheduleStageChange, path: &Path<'_>) {
        let read_whole = !self.report.problems.is_unsure(path);
        if step.after.is_some() == step.at.is_some() && read_whole {
            self.report.problem(path, || "needs exactly one of after and at".to_owned());
        }
        if let Some(Err(message)) = step.after.as_ref().map(|after| syntax::duration(&after.0, None)) {
            self.report.problem(&path.key("after"), || message);
        }
        if let Some(field) = step.at.as_deref().and_then(|name| self.known.sure_field(name))
            && !matches!(field.kind, FieldKind::Date | FieldKind::DateTime)
        {
            self.report
                .problem(&path.key("at"), || format!("{} is of type {}; only date and datetime say when", field.name, type_of(field)));
        }
    }

    fn check_api_call(&mut self, step: &ApiCall, path: &Path<'_>) {
        self.tell(&path.key("url"), syntax::address(&step.url));
        self.tell(&path.key("method"), step.method.as_deref().and_then(syntax::method));
        self.check_headers(step, &path.key("headers"));
        if step.auth.is_some() {
            self.tell(&path.key("url"), syntax::fixed_host(&step.url));
        }
        let auth = path.key("auth");
        match &step.auth {
            Some(Auth::Basic(basic)) => self.tell(&auth.key("basic").key("password"), syntax::secret(&basic.password)),
            Some(Auth::Bearer(token)) => self.tell(&auth.key("bearer"), syntax::secret(token)),
            Some(Auth::Header(header)) => {
                self.tell(&auth.key("header").key("name"), syntax::header(&header.name));
                self.tell(&auth.key("header").key("value"), syntax::secret(&header.value));
            }
            Some(Auth::Hmac(hmac)) => self.tell(&auth.key("hmac").key("secret"), syntax::secret(&hmac.secret)),
            None => {}
        }
        let map = path.key("map");
        for (field, pointer) in step.map.iter().flatten() {
            self.tell(&map.key(field), syntax::pointer(pointer));
        }
    }

    /// Names of headers have no case. Of two that are one, which would count is a riddle, and some servers read both.
    fn check_headers(&mut self, step: &ApiCall, path: &Path<'_>) {
        let by_auth: &[&str] = match &step.auth {
            Some(Auth::Basic(_) | Auth::Bearer(_)) => &["Authorization"],
            Some(Auth::Header(header)) => &[header.name.as_str()],
            Some(Auth::Hmac(_)) => &["webhook-id", "webhook-timestamp", "webhook-signature"],
            None => &[],
        };
        for (index, name) in step.headers.keys().enumerate() {
            let path = path.key(name);
            self.tell(&path, syntax::header(name));
            if let Some(first) = step.headers.keys().take(index).find(|first| first.eq_ignore_ascii_case(name)) {
                self.report.problem(&path, || format!("is given twice, as {first} too"));
            }
            if by_auth.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
                self.report.problem(&path, || "is what auth sends; give it in one of the two places".to_owned());
            }
        }
    }

    fn check_recipients(&mut self, lists: [Option<&Recipients>; 3], path: &Path<'_>) {
        let written = |recipients: &Recipients| match recipients {
            Recipients::One(one) => !one.trim_matches([',', ' ']).is_empty(),
            Recipients::Several(several) => several.iter().any(|one| !one.trim_matches([',', ' ']).is_empty()),
        };
        let read_whole = !self.report.problems.is_unsure(path);
        if read_whole && !lists.into_iter().flatten().any(written) {
            self.report.problem(&path.key("to"), || "names nobody: give an address in to, cc or bcc".to_owned());
        }
    }

    fn check_retry(&mut self, retry: &Retry, path: &Path<'_>) {
        let mut waits = [None, None];
        for (wait, (given, key)) in waits.iter_mut().zip([(&retry.first, "first"), (&retry.max, "max")]) {
            match given.as_ref().map(|given| syntax::duration(&given.0, Some(RETRY_WAIT_MAX))) {
                Some(Ok(length)) => *wait = Some(length),
                Some(Err(message)) => self.report.problem(&path.key(key), || message),
                None => {}
            }
        }
        if let [Some(first), Some(most)] = waits
            && first > most
        {
            self.report.problem(&path.key("max"), || "is shorter than first; it is the longest wait".to_owned());
        }
    }

    fn tell(&mut self, path: &Path<'_>, message: Option<String>) {
        if let Some(message) = message {
            self.report.problem(path, || message);
        }
    }
}

fn holds_only_texts(value: &serde_json::Value) -> bool {
    value.is_string() || value.as_array().is_some_and(|items| items.iter().all(serde_json::Value::is_string))
}

fn type_of(field: &Field) -> &'static str {
    super::super::compile::type_of(&field.kind).name()
}
