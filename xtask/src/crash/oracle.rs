//! Judges what a task shows after a crash against what was answered before it. Pure, so that the judge is judged too.

use std::collections::HashMap;

use super::work::{End, FIRST_STAGE, Kind, call_key};

/// What was asked of one task, as the clients know it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub kind: Kind,
    /// Moments of one counter that all clients share. An execution that was answered before another was sent is older.
    pub sent: u64,
    pub answered: u64,
    /// Unknown if no answer ever came and there was no key to ask again with.
    pub id: Option<String>,
}

/// What one task shows.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub count: usize,
    pub trail: String,
    /// What the answers of calls have set, one after the other.
    pub echo: String,
    pub stage: String,
    pub comments: Vec<String>,
    /// The executions that its activity says are finished, in that order.
    pub finished: Vec<String>,
    /// The executions that its activity says commented, in that order.
    pub commented: Vec<String>,
    /// When scheduled stage changes were due, and when they were made.
    pub due: Vec<String>,
    pub moved: Vec<String>,
    /// What the executions API says of those whose ids are known.
    pub ends: HashMap<String, End>,
}

/// What one execution has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub kind: Kind,
    /// It came to its last step.
    pub whole: bool,
}

/// The executions that ran on a task, with what each left.
pub fn runs(shown: &Shown) -> Vec<(&str, Run)> {
    shown.finished.iter().map(|id| &**id).zip(runs_of(&shown.trail, &mut Vec::new())).collect()
}

/// Every way in which the two do not agree, each in a sentence; none is what we want.
pub fn findings(asked: &[Asked], shown: &Shown) -> Vec<String> {
    let mut findings = Vec::new();
    let known: HashMap<&str, &Asked> = asked.iter().filter_map(|asked| Some((asked.id.as_deref()?, asked))).collect();

    for id in known.keys() {
        match shown.finished.iter().filter(|finished| finished == id).count() {
            0 => findings.push(format!("execution {id} was answered and never ran")),
            1 => {}
            times => findings.push(format!("execution {id} finished {times} times")),
        }
    }
    let runs = runs_of(&shown.trail, &mut findings);
    if runs.len() != shown.finished.len() {
        findings.push(format!("{} executions finished, and the Trail shows {}", shown.finished.len(), runs.len()));
    }
    if runs.len() != shown.count {
        findings.push(format!("Count is {}, and the Trail shows {} executions", shown.count, runs.len()));
    }
    check_comments(&runs, shown, &mut findings);
    check_stage(&runs, shown, &mut findings);
    check_echo(&runs, shown, &mut findings);
    check_moves(&runs, shown, &mut findings);
    check_unknown(asked, &known, &runs, shown, &mut findings);
    check_order(&known, shown, &mut findings);
    let left: HashMap<&str, Run> = shown.finished.iter().map(|id| &**id).zip(runs.iter().copied()).collect();
    for (id, asked) in &known {
        let whole = left.get(id).is_none_or(|run| run.whole);
        check_end(id, asked, whole, shown, &mut findings);
    }
    findings
}

/// Reads the Trail back: the n-th execution left exactly its tokens with the number n.
fn runs_of(trail: &str, findings: &mut Vec<String>) -> Vec<Run> {
    let mut rest = trail;
    let mut runs = Vec::new();
    while !rest.is_empty() {
        let number = runs.len() + 1;
        let left = |kind: Kind| {
            let mut trails = kind.trails(number).into_iter();
            trails.find_map(|(whole, trail)| Some((Run { kind, whole }, rest.strip_prefix(&*trail)?)))
        };
        let Some((run, after)) = Kind::ALL.into_iter().find_map(left) else {
            findings.push(format!("the Trail goes on with {rest:?} where the tokens of execution number {number} should be"));
            break;
        };
        runs.push(run);
        rest = after;
    }
    runs
}

fn check_comments(runs: &[Run], shown: &Shown, findings: &mut Vec<String>) {
    let expected: Vec<String> = runs.iter().enumerate().map(|(index, run)| run.kind.comment(index + 1)).collect();
    if shown.comments != expected {
        let first = shown.comments.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
        let (found, expected) = (shown.comments.get(first), expected.get(first));
        findings.push(format!("comment {} is {found:?} instead of {expected:?}", first + 1));
    }
    if shown.commented != shown.finished {
        findings.push("the executions that commented are not those that finished, or not in that order".into());
    }
}

fn check_stage(runs: &[Run], shown: &Shown, findings: &mut Vec<String>) {
    let expected = runs.iter().rev().find_map(|run| run.kind.stage_after()).unwrap_or(FIRST_STAGE);
    if shown.stage != expected {
        findings.push(format!("the stage is {} instead of {expected}", shown.stage));
    }
}

/// The answer's field is set in the commit that ends its step, so the next step sees it, and nobody sees it otherwise.
fn check_echo(runs: &[Run], shown: &Shown, findings: &mut Vec<String>) {
    let calls = shown.finished.iter().zip(runs).filter(|(_, run)| run.kind == Kind::Call);
    let expected: String = calls.map(|(id, _)| format!("{};", call_key(id, 4))).collect();
    if shown.echo != expected {
        findings.push(format!("the answers have set {:?} instead of {expected:?}", shown.echo));
    }
}

fn check_moves(runs: &[Run], shown: &Shown, findings: &mut Vec<String>) {
    let expected = runs.iter().filter(|run| run.kind == Kind::Later).count();
    if (shown.due.len(), shown.moved.len()) != (expected, expected) {
        let (due, moved) = (shown.due.len(), shown.moved.len());
        findings.push(format!("{expected} stage changes were asked for, {due} scheduled and {moved} made"));
    }
    for (due, moved) in shown.due.iter().zip(&shown.moved).filter(|(due, moved)| moved < due) {
        findings.push(format!("a stage change that was due at {due} was made at {moved}"));
    }
}

/// Each run is one that was asked for: by its id, or else by one of the requests whose outcome nobody knows.
fn check_unknown(asked: &[Asked], known: &HashMap<&str, &Asked>, runs: &[Run], shown: &Shown, findings: &mut Vec<String>) {
    let mut unknown: Vec<Kind> = asked.iter().filter(|asked| asked.id.is_none()).map(|asked| asked.kind).collect();
    for (id, kind) in shown.finished.iter().zip(runs.iter().map(|run| run.kind)) {
        match known.get(&**id) {
            Some(asked) if asked.kind == kind => {}
            Some(asked) => findings.push(format!("execution {id} is {:?}, and did what {kind:?} does", asked.kind)),
            None => match unknown.iter().position(|unknown| *unknown == kind) {
                Some(position) => drop(unknown.swap_remove(position)),
                None => findings.push(format!("execution {id} ({kind:?}) was never asked for, or twice")),
            },
        }
    }
}

fn check_order(known: &HashMap<&str, &Asked>, shown: &Shown, findings: &mut Vec<String>) {
    let mut youngest: Option<(&str, u64)> = None;
    for id in &shown.finished {
        let Some(asked) = known.get(&**id) else { continue };
        if let Some((before, _)) = youngest.filter(|(_, sent)| *sent > asked.answered) {
            findings.push(format!("execution {before} ran before {id}, which had been answered before {before} was sent"));
        }
        if youngest.is_none_or(|(_, sent)| sent < asked.sent) {
            youngest = Some((id, asked.sent));
        }
    }
}

fn check_end(id: &str, asked: &Asked, whole: bool, shown: &Shown, findings: &mut Vec<String>) {
    let (found, expected) = (shown.ends.get(id), asked.kind.end(whole));
    if found != Some(&expected) {
        findings.push(format!("execution {id} ended as {found:?} instead of {expected:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 3] = [Kind::Walk, Kind::Return, Kind::Stumble];

    /// Walk, Return, Stumble, one after the other, all answered.
    fn sound() -> (Vec<Asked>, Shown) {
        let asked: Vec<Asked> = KINDS
            .into_iter()
            .zip(["a", "b", "c"])
            .zip(0..)
            .map(|((kind, id), at)| Asked { kind, sent: at * 2, answered: at * 2 + 1, id: Some(id.into()) })
            .collect();
        let ids: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let shown = Shown {
            count: 3,
            trail: "w1;W1;r2;s3;".into(),
            stage: "Home".into(),
            comments: ["w1", "r2", "s3"].map(String::from).to_vec(),
            finished: ids.clone(),
            commented: ids.clone(),
            ends: ids.into_iter().zip(KINDS.map(|kind| kind.end(true))).collect(),
            ..Shown::default()
        };
        (asked, shown)
    }

    #[test]
    fn what_agrees_gives_no_finding() {
        let (asked, shown) = sound();
        assert_eq!(findings(&asked, &shown), Vec::<String>::new());
        assert_eq!(findings(&[], &Shown { stage: FIRST_STAGE.into(), ..Shown::default() }), Vec::<String>::new());
    }

    #[test]
    fn an_outcome_that_nobody_knows_may_be_either_but_not_twice() {
        let (mut asked, mut shown) = sound();
        asked[2].id = None;
        assert_eq!(findings(&asked, &shown), Vec::<String>::new(), "it ran");
        shown.finished.push("d".into());
        shown.commented.push("d".into());
        shown.trail.push_str("s4;");
        shown.comments.push("s4".into());
        shown.count = 4;
        assert!(!findings(&asked, &shown).is_empty(), "it ran twice");
        asked.push(Asked { kind: Kind::Return, sent: 9, answered: u64::MAX, id: None });
        assert!(!findings(&asked, &shown).is_empty(), "what was asked is not what ran");
        asked.push(Asked { kind: Kind::Stumble, sent: 9, answered: u64::MAX, id: None });
        assert_eq!(findings(&asked, &shown), Vec::<String>::new(), "one ran, one was lost");
    }

    #[test]
    fn every_disagreement_is_found() {
        type Break = fn(&mut Vec<Asked>, &mut Shown);
        let breaks: &[(&str, Break)] = &[
            ("never ran", |asked, _| asked.push(Asked { kind: Kind::Walk, sent: 8, answered: 9, id: Some("d".into()) })),
            ("finished 2 times", |_, shown| shown.finished.push("a".into())),
            ("Count is 4", |_, shown| shown.count = 4),
            ("Count is 2", |_, shown| shown.count = 2),
            ("the Trail goes on with \"W1;r2;s3;\"", |_, shown| shown.trail = "W1;r2;s3;".into()),
            ("the Trail goes on with \"w1;", |_, shown| shown.trail = "w1;w1;W1;r2;s3;".into()),
            ("the Trail goes on with \"never", |_, shown| shown.trail.push_str("never3;")),
            ("the Trail goes on with \"r3;", |_, shown| shown.trail = "w1;W1;r3;s4;".into()),
            ("3 executions finished, and the Trail shows 2", |_, shown| shown.trail = "w1;W1;r2;".into()),
            ("comment 2 is Some(\"w1\")", |_, shown| shown.comments.insert(1, "w1".into())),
            ("comment 3 is None", |_, shown| drop(shown.comments.pop())),
            ("the answers have set \"exe_b_s4;\" instead of \"\"", |_, shown| shown.echo = "exe_b_s4;".into()),
            ("0 stage changes were asked for, 0 scheduled and 1 made", |_, shown| shown.moved.push("2026".into())),
            ("the executions that commented", |_, shown| shown.commented.swap(0, 1)),
            ("the stage is Away", |_, shown| shown.stage = "Away".into()),
            ("execution a is Return", |asked, _| asked[0].kind = Kind::Return),
            ("execution x (Walk) was never asked for", |_, shown| shown.finished[0] = "x".into()),
            ("execution b ran before a", |_, shown| shown.finished.swap(0, 1)),
            ("execution c ended as Some(End { status: \"Success\"", |_, shown| drop(shown.ends.insert("c".into(), Kind::Walk.end(true)))),
            ("execution b ended as None", |_, shown| drop(shown.ends.remove("b"))),
        ];
        for (expected, change) in breaks {
            let (mut asked, mut shown) = sound();
            change(&mut asked, &mut shown);
            let found = findings(&asked, &shown).join("\n");
            assert!(found.contains(expected), "{expected:?} is not in:\n{found}");
        }
    }

    #[test]
    fn executions_that_overlapped_may_run_in_either_order() {
        let (mut asked, mut shown) = sound();
        asked[1].kind = Kind::Walk;
        asked[1].sent = 0;
        shown.trail = "w1;W1;w2;W2;s3;".into();
        shown.comments[1] = "w2".into();
        shown.stage = "Away".into();
        shown.ends.insert("b".into(), Kind::Walk.end(true));
        assert_eq!(findings(&asked, &shown), Vec::<String>::new());
        shown.finished.swap(0, 1);
        shown.commented.swap(0, 1);
        assert_eq!(findings(&asked, &shown), Vec::<String>::new());
    }

    #[test]
    fn what_a_call_and_a_schedule_leave_is_judged() {
        let ids = ["a", "b", "c"].map(String::from);
        let kinds = [(Kind::Call, true), (Kind::Once, false), (Kind::Later, true)];
        let asked: Vec<Asked> =
            kinds.iter().zip(&ids).map(|((kind, _), id)| Asked { kind: *kind, sent: 0, answered: 1, id: Some(id.clone()) }).collect();
        let sound = Shown {
            count: 3,
            trail: "c1;C1;o2;l3;".into(),
            echo: "exe_a_s4;".into(),
            stage: "Away".into(),
            comments: ["c1", "o2", "l3"].map(String::from).to_vec(),
            finished: ids.to_vec(),
            commented: ids.to_vec(),
            due: vec!["2026-11-23T22:56:01.123Z".into()],
            moved: vec!["2026-11-23T22:56:01.123Z".into()],
            ends: ids.iter().cloned().zip(kinds.map(|(kind, whole)| kind.end(whole))).collect(),
        };
        assert_eq!(findings(&asked, &sound), Vec::<String>::new());
        assert_eq!(runs(&sound)[1], ("b", Run { kind: Kind::Once, whole: false }));
        type Break = fn(&mut Shown);
        let breaks: &[(&str, Break)] = &[
            ("the answers have set \"\"", |shown| shown.echo.clear()),
            ("was made at 2026-11-23T22:56:01.122Z", |shown| shown.moved[0] = "2026-11-23T22:56:01.122Z".into()),
            ("1 scheduled and 0 made", |shown| shown.moved.clear()),
            ("1 scheduled and 2 made", |shown| shown.moved.push("2027".into())),
            ("the Trail goes on with \"c1;o2;", |shown| shown.trail = "c1;o2;l3;".into()),
            ("execution b ended as Some(End { status: \"Success\"", |shown| drop(shown.ends.insert("b".into(), Kind::Once.end(true)))),
        ];
        for (expected, change) in breaks {
            let mut shown = sound.clone();
            change(&mut shown);
            let found = findings(&asked, &shown).join("\n");
            assert!(found.contains(expected), "{expected:?} is not in:\n{found}");
        }
    }
}
