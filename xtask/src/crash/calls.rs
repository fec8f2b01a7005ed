//! Judges what the sink received against the executions that ran. Pure, as the oracle.

use std::collections::{BTreeMap, HashMap};

use super::oracle::Run;
use super::work::{Kind, call_key};
use crate::sink::{Mail, Received};

/// What is known of an execution when its calls are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub run: Run,
    /// One attempt, and one more for each death that may have come in between.
    pub attempts_max: usize,
}

/// Calls that came more than once, and why that may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    pub findings: Vec<String>,
    pub repeated: usize,
}

pub fn judge(received: &Received, known: &HashMap<String, Known>) -> Judged {
    let mut judged = Judged::default();
    // What tells one call or e-mail from another, and must be the same each time.
    let mut seen: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    for call in &received.calls {
        let Some((execution, step)) = call.key.as_deref().and_then(parts) else {
            judged.findings.push(format!("a call to {} has the key {:?}", call.path, call.key));
            continue;
        };
        let expected = known.get(execution).and_then(|known| known.run.kind.calls().iter().find(|(its, _)| *its == step));
        match (known.get(execution), expected) {
            (None, _) => judged.findings.push(format!("a call of execution {execution}, which nobody asked for")),
            (Some(_), Some((_, path))) if *path == call.path => {}
            (Some(known), _) => {
                let kind = known.run.kind;
                judged.findings.push(format!("step {step} of execution {execution} ({kind:?}) called {}", call.path));
            }
        }
        seen.entry((execution.to_owned(), step)).or_default().push(format!("{call:?}"));
    }
    for mail in &received.mails {
        match sender(mail) {
            Some((execution, step)) if known.get(execution).is_some_and(|known| known.run.kind.mail() == Some(step)) => {
                seen.entry((execution.to_owned(), step)).or_default().push(format!("{mail:?}"));
            }
            _ => judged.findings.push(format!("nobody asked for the e-mail {:?}", mail.message_id())),
        }
    }
    for ((execution, step), times) in &seen {
        if let Some(other) = times.iter().find(|other| **other != times[0]) {
            judged.findings.push(format!("{} went out as {} and as {other}", call_key(execution, *step), times[0]));
        }
    }
    for (execution, known) in known {
        let Known { run: Run { kind, whole }, .. } = *known;
        for step in kind.calls().iter().map(|(step, _)| *step).chain(kind.mail()) {
            let times = seen.get(&(execution.clone(), step)).map_or(0, Vec::len);
            judged.repeated += times.saturating_sub(1);
            let at_least = usize::from(whole);
            let at_most = if kind == Kind::Once { 1 } else { known.attempts_max };
            if times < at_least || times > at_most && !kind.retries() {
                let key = call_key(execution, step);
                judged.findings.push(format!("{key} ({kind:?}, {whole}) was received {times} times instead of {at_least} to {at_most}"));
            }
        }
    }
    judged
}

/// `exe_15QxS1fZ3Uj_s4` is step 4 of 15QxS1fZ3Uj.
pub fn parts(key: &str) -> Option<(&str, usize)> {
    let (execution, step) = key.strip_prefix("exe_")?.rsplit_once("_s")?;
    Some((execution, step.parse().ok()?))
}

pub fn sender(mail: &Mail) -> Option<(&str, usize)> {
    parts(mail.message_id()?.strip_prefix('<')?.strip_suffix("@example.com>")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Call;

    fn call(key: &str, path: &str) -> Call {
        Call { method: "POST".into(), path: path.into(), key: Some(key.into()), body: "{}".into() }
    }

    /// A Call that was interrupted, a Once, a Mail that was interrupted, and a Once of which nobody knows.
    fn sound() -> (Received, HashMap<String, Known>) {
        let mail = Mail { from: "b@example.com".into(), to: vec![], text: "Message-ID: <exe_c_s4@example.com>\r\n\r\nx".into() };
        let calls = vec![call("exe_a_s4", "/task"), call("exe_b_s4", "/once"), call("exe_a_s4", "/task"), call("exe_a_s6", "/slow?ms=2")];
        let known = |kind: Kind, whole: bool| Known { run: Run { kind, whole }, attempts_max: 2 };
        let known = [("a", Kind::Call, true), ("b", Kind::Once, true), ("c", Kind::Mail, true), ("d", Kind::Once, false)]
            .map(|(id, kind, whole)| (id.to_owned(), known(kind, whole)));
        (Received { calls, mails: vec![mail.clone(), mail] }, known.into())
    }

    #[test]
    fn what_agrees_gives_no_finding() {
        let (received, known) = sound();
        assert_eq!(judge(&received, &known), Judged { findings: vec![], repeated: 2 });
    }

    #[test]
    fn every_disagreement_is_found() {
        type Break = fn(&mut Received, &mut HashMap<String, Known>);
        let breaks: &[(&str, Break)] = &[
            ("has the key None", |received, _| received.calls[0].key = None),
            ("has the key Some(\"x\")", |received, _| received.calls[0].key = Some("x".into())),
            ("a call of execution x, which nobody asked for", |received, _| received.calls.push(call("exe_x_s4", "/task"))),
            ("step 4 of execution a (Call) called /once", |received, _| received.calls[1].key = Some("exe_a_s4".into())),
            ("step 2 of execution a (Call) called /task", |received, _| received.calls[0].key = Some("exe_a_s2".into())),
            ("exe_a_s4 went out as", |received, _| received.calls[2].body.push(' ')),
            ("exe_a_s4 went out as", |received, _| received.calls[2].method = "PUT".into()),
            ("exe_c_s4 went out as", |received, _| received.mails[1].text.push('y')),
            ("exe_a_s6 (Call, true) was received 0 times", |received, _| drop(received.calls.pop())),
            ("exe_a_s4 (Call, true) was received 2 times instead of 1 to 1", |_, known| {
                known.get_mut("a").expect("it is there").attempts_max = 1;
            }),
            ("exe_b_s4 (Once, true) was received 2 times", |received, _| received.calls.push(call("exe_b_s4", "/once"))),
            ("exe_c_s4 (Mail, true) was received 0 times", |received, _| received.mails.clear()),
            ("nobody asked for the e-mail Some(\"<exe_a_s4@example.com>\")", |received, _| {
                received.mails[0].text = received.mails[0].text.replace("_c_", "_a_");
            }),
        ];
        for (expected, change) in breaks {
            let (mut received, mut known) = sound();
            change(&mut received, &mut known);
            let found = judge(&received, &known).findings.join("\n");
            assert!(found.contains(expected), "{expected:?} is not in:\n{found}");
        }
    }
}
