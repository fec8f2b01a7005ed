//! E-mails to a field that may be blank.
//!
//! A required field counts as filled: it is blank only in tasks from before it became required.

use std::cell::RefCell;

use super::Code;
use super::facts::Facts;
use super::finding::{Point, Severity, column_name};
use super::flow::Flow;
use super::model::{Findings, Model, Runs, Source};
use super::rules;
use super::solve::Answer;
use crate::condition::{Column, Condition};
use crate::definition::split_at_commas;
use crate::definition::step::{Recipients, Step};
use crate::template::rename_names;
use crate::workflow::FieldKind;

pub(super) fn check(model: &Model<'_>, flow: &Flow, findings: &mut Findings) {
    for (index, source) in model.sources.iter().enumerate() {
        if flow.can_run(index) {
            check_source(source, model, findings);
        }
    }
}

fn check_source(source: &Source<'_>, model: &Model<'_>, findings: &mut Findings) {
    let mut facts = Facts::default();
    facts.assume(source.guard.iter().cloned());
    for (index, step) in source.steps.iter().enumerate().filter(|(_, step)| step.runs != Runs::Never) {
        let lists = match step.step {
            Step::Email(email) => Some((&email.to, [email.cc.as_ref(), email.bcc.as_ref()])),
            Step::EmailForm(email) => Some((&email.to, [email.cc.as_ref(), email.bcc.as_ref()])),
            _ => None,
        };
        if let Some((to, copies)) = lists.filter(|_| !facts.anything) {
            let mut facts = facts.clone();
            facts.assume(step.when.iter().cloned());
            let path = format!("{}.steps[{index}]", source.path);
            check_recipients(&Mail { model, facts, path, point: source.point() }, to, copies, findings);
        }
        facts.after(step.step, step.runs, model);
    }
}

struct Mail<'a, 'm> {
    model: &'a Model<'m>,
    /// When it is sent.
    facts: Facts,
    path: String,
    point: Point,
}

/// What an address depends on.
enum Address {
    /// On nothing that may be blank.
    Sure,
    /// It is this column, and left out where that is blank.
    Only(Column),
    /// No address any more where one of these is blank.
    With(Vec<Column>),
}

fn check_recipients(mail: &Mail<'_, '_>, to: &Recipients, copies: [Option<&Recipients>; 2], findings: &mut Findings) {
    let to_all = addresses(to, mail.model);
    let [cc, bcc] = copies.map(|list| list.map(|list| addresses(list, mail.model)).unwrap_or_default());
    let lists = [("to", &to_all), ("cc", &cc), ("bcc", &bcc)];
    for (key, address) in lists.iter().flat_map(|(key, list)| list.iter().map(move |address| (key, address))) {
        let Address::With(columns) = address else { continue };
        if let Some(column) = columns.iter().find(|column| mail.can_be_blank(&[**column])) {
            let name = column_name(mail.model.workflow, *column);
            let message = format!(
                "{name} may be blank, and then an address is incomplete and the e-mail fails. Require {name} (`require: fields`), or give the step a `when` that it is notNull."
            );
            let points = vec![mail.point.clone(), Point::blank(&name)];
            findings.add(Code::EmailToBlank, Severity::Warning, format!("{}.{key}", mail.path), message, points);
            return;
        }
    }
    let copies: Vec<Address> = cc.into_iter().chain(bcc).collect();
    let Some(to_blank) = all_only(if to_all.is_empty() { &copies } else { &to_all }) else { return };
    if !mail.can_be_blank(&to_blank) {
        return;
    }
    let all = to_all.iter().chain(&copies).all(|address| matches!(address, Address::Only(_)));
    let names: Vec<String> = to_blank.iter().map(|column| column_name(mail.model.workflow, *column)).collect();
    let (then, severity) = match all {
        true => ("nobody gets the e-mail and the step fails", Severity::Warning),
        false => ("the e-mail goes only to those in copy", Severity::Info),
    };
    let message = format!(
        "{} may be blank, and then {then}. Require it (`require: fields`, or `assigned`), or give the step a `when` that it is notNull.",
        names.join(" and ")
    );
    let points = std::iter::once(mail.point.clone()).chain(names.iter().map(|name| Point::blank(name))).collect();
    findings.add(Code::EmailToBlank, severity, format!("{}.to", mail.path), message, points);
}

impl Mail<'_, '_> {
    fn can_be_blank(&self, columns: &[Column]) -> bool {
        let all = Condition::All(columns.iter().map(|column| rules::blank(*column)).collect());
        self.facts.allow(all, self.model) == Answer::Yes
    }
}

/// The columns, if each address is nothing but one.
fn all_only(addresses: &[Address]) -> Option<Vec<Column>> {
    let columns: Option<Vec<Column>> = addresses
        .iter()
        .map(|address| match address {
            Address::Only(column) => Some(*column),
            Address::Sure | Address::With(_) => None,
        })
        .collect();
    columns.filter(|columns| !columns.is_empty())
}

fn addresses(recipients: &Recipients, model: &Model<'_>) -> Vec<Address> {
    let written: &[String] = match recipients {
        Recipients::One(one) => std::slice::from_ref(one),
        Recipients::Several(several) => several,
    };
    written.iter().flat_map(|text| split_at_commas(text)).map(|text| address(text, model)).collect()
}

/// `{{Email}}`, `{{Name}} <{{Email}}>`, `{{Team}}@example.com`: only what is part of the address counts.
fn address(text: &str, model: &Model<'_>) -> Address {
    let bare = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(text, |(_, bare)| bare);
    let names = names_in(bare);
    let columns: Vec<Column> = names.iter().filter_map(|name| blankable(name, model)).collect();
    let alone =
        |name: &String| text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).is_some_and(|inside| inside.trim() == name);
    match (columns.as_slice(), names.as_slice()) {
        ([], _) => Address::Sure,
        ([column], [name]) if alone(name) => Address::Only(*column),
        _ => Address::With(columns),
    }
}

/// What stands in double braces.
pub(super) fn names_in(text: &str) -> Vec<String> {
    let names = RefCell::new(Vec::new());
    rename_names(text, &|name| {
        names.borrow_mut().push(name.to_owned());
        None
    });
    names.into_inner()
}

/// Whoever acts is not asked about: a program has no address.
fn blankable(name: &str, model: &Model<'_>) -> Option<Column> {
    let column = rules::column(model.workflow, name)?;
    let never_blank = model
        .workflow
        .field_named(name)
        .is_some_and(|field| field.required || matches!(field.kind, FieldKind::UniqueId { autoincrement: true } | FieldKind::Checkbox));
    (!never_blank).then_some(column)
}
