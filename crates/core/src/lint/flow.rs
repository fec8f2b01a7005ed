//! The ways through the stages: where tasks can come from the first stage on, by what, and what leads out of each stage.
//!
//! Wherever something can't be decided, it is taken as possible. Steps may fail, so a task may stay where any of them left it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::finding::Point;
use super::model::{Kind, Model, Runs, Source};
use crate::definition::step;

pub(super) struct Flow {
    /// By what a stage is reached first; `None` where it is not.
    reached: Vec<Option<Arrival>>,
    /// From each stage to each, and to being deleted behind the last.
    ways: Vec<Vec<bool>>,
    /// The stages that a scheduled change can lead out of.
    timed: Vec<bool>,
    /// Of each source, in which stages it can run.
    runs_in: Vec<Vec<bool>>,
}

#[derive(Clone, Copy)]
enum Arrival {
    First,
    By { from: usize, source: usize },
}

impl Flow {
    pub fn of(model: &Model<'_>) -> Flow {
        let stages = model.definition.stages.len();
        let effects = model.sources.iter().map(|source| Effects::of(source, model)).collect();
        let flow = Flow {
            reached: vec![None; stages],
            ways: vec![vec![false; stages + 1]; stages],
            timed: vec![false; stages],
            runs_in: vec![vec![false; stages]; model.sources.len()],
        };
        let mut walk = Walk::new(model, effects, flow);
        walk.go();
        walk.flow
    }

    pub fn is_reached(&self, stage: usize) -> bool {
        self.reached[stage].is_some()
    }

    pub fn can_run(&self, source: usize) -> bool {
        self.runs_in[source].contains(&true)
    }

    pub fn runs_in(&self, source: usize, stage: usize) -> bool {
        self.runs_in[source][stage]
    }

    pub fn is_timed(&self, stage: usize) -> bool {
        self.timed[stage]
    }

    pub fn has_exit(&self, stage: usize) -> bool {
        self.ways[stage].iter().enumerate().any(|(to, way)| *way && to != stage)
    }

    /// The stages from which a task can come to an end, or be deleted.
    pub fn with_end(&self, model: &Model<'_>) -> Vec<bool> {
        let deleted = self.ways.len();
        let mut with_end: Vec<bool> = model.definition.stages.iter().map(|stage| stage.end).chain([true]).collect();
        while let Some(stage) = (0..deleted).find(|from| !with_end[*from] && (0..=deleted).any(|to| self.ways[*from][to] && with_end[to])) {
            with_end[stage] = true;
        }
        with_end
    }

    /// From the first stage to this one.
    pub fn path_to(&self, stage: usize, model: &Model<'_>) -> Vec<Point> {
        let mut path = vec![Point::stage(model.stage_name(stage))];
        let mut at = stage;
        while let Some(Arrival::By { from, source }) = self.reached[at] {
            path.push(model.sources[source].point());
            path.push(Point::stage(model.stage_name(from)));
            at = from;
        }
        path.reverse();
        path
    }
}

/// Where a task can be among the steps of a source.
#[derive(Clone, Default)]
struct Whereabouts {
    /// Where it was when the source began.
    at_start: bool,
    stages: BTreeSet<usize>,
}

/// What the steps of a source can do to the stage.
struct Effects {
    moves: BTreeSet<usize>,
    timers: Vec<Timer>,
    /// After the last step; `None` where the task is deleted for sure.
    end: Option<Whereabouts>,
    deletes: bool,
}

struct Timer {
    from: Whereabouts,
    to: usize,
    keep: bool,
}

impl Effects {
    fn of(source: &Source<'_>, model: &Model<'_>) -> Effects {
        let mut here = Whereabouts { at_start: true, stages: BTreeSet::new() };
        let mut effects = Effects { moves: BTreeSet::new(), timers: Vec::new(), end: None, deletes: false };
        for step in source.steps.iter().filter(|step| step.runs != Runs::Never) {
            match step.step {
                step::Step::MoveToStage(to) => {
                    let Some(to) = model.stage(&to.stage) else { continue };
                    effects.moves.insert(to);
                    if step.runs == Runs::Always {
                        here = Whereabouts::default();
                    }
                    here.stages.insert(to);
                }
                step::Step::ScheduleStageChange(change) => {
                    let Some(to) = model.stage(&change.stage) else { continue };
                    effects.timers.push(Timer { from: here.clone(), to, keep: change.keep });
                }
                step::Step::DeleteTask(_) => {
                    effects.deletes = true;
                    if step.runs == Runs::Always {
                        return effects;
                    }
                }
                _ => {}
            }
        }
        effects.end = Some(here);
        effects
    }
}

struct Walk<'a, 'm> {
    model: &'a Model<'m>,
    effects: Vec<Effects>,
    flow: Flow,
    /// Of each source, in which stages its guard can hold.
    allowed: Vec<Vec<bool>>,
    /// Of each stage, the sources that begin in it.
    beginning: Vec<Vec<usize>>,
    /// Of each stage, the automations that wait for a task to enter it.
    awaiting: Vec<Vec<usize>>,
    /// Of each action, the automations that follow it.
    following: HashMap<&'m str, Vec<usize>>,
    /// Sources that run in stages, to be followed.
    waiting: VecDeque<(usize, usize)>,
    /// Scheduled changes that stay wherever the task goes: from where, and to where.
    kept: BTreeSet<(usize, usize)>,
}

impl<'a, 'm> Walk<'a, 'm> {
    fn new(model: &'a Model<'m>, effects: Vec<Effects>, flow: Flow) -> Walk<'a, 'm> {
        let stages = model.definition.stages.len();
        let (mut beginning, mut awaiting) = (vec![Vec::new(); stages], vec![Vec::new(); stages]);
        let mut following: HashMap<&'m str, Vec<usize>> = HashMap::new();
        for (index, source) in model.sources.iter().enumerate() {
            source.begins_in(model).into_iter().for_each(|stage| beginning[stage].push(index));
            source.awaits().and_then(|name| model.stage(name)).into_iter().for_each(|stage| awaiting[stage].push(index));
            source.follows().into_iter().for_each(|action| following.entry(action).or_default().push(index));
        }
        let allowed = model.sources.iter().map(|source| model.can_run_in(source)).collect();
        Walk { model, effects, flow, allowed, beginning, awaiting, following, waiting: VecDeque::new(), kept: BTreeSet::new() }
    }

    fn go(&mut self) {
        self.reach(0, Arrival::First);
        while let Some((source, stage)) = self.waiting.pop_front() {
            if self.allowed[source][stage] && !std::mem::replace(&mut self.flow.runs_in[source][stage], true) {
                self.follow(source, stage);
            }
        }
        self.follow_kept();
    }

    fn reach(&mut self, stage: usize, arrival: Arrival) {
        if self.flow.reached[stage].is_none() {
            self.flow.reached[stage] = Some(arrival);
            self.waiting.extend(self.beginning[stage].iter().map(|source| (*source, stage)));
        }
    }

    fn follow(&mut self, source: usize, stage: usize) {
        let effects = &self.effects[source];
        let mut ways: Vec<(usize, usize)> = effects.moves.iter().map(|to| (stage, *to)).collect();
        for timer in &effects.timers {
            let from: Vec<usize> = timer.from.at_start.then_some(stage).into_iter().chain(timer.from.stages.iter().copied()).collect();
            if timer.keep {
                self.kept.extend(from.iter().map(|from| (*from, timer.to)));
            }
            from.iter().filter(|from| **from != timer.to).for_each(|from| self.flow.timed[*from] = true);
            ways.extend(from.into_iter().map(|from| (from, timer.to)));
        }
        let deleted = self.flow.ways.len();
        self.flow.ways[stage][deleted] |= effects.deletes;
        for (from, to) in ways {
            self.flow.ways[from][to] = true;
            self.reach(to, Arrival::By { from, source });
        }
        let following = match self.model.sources[source].kind {
            Kind::Action(action) => self.following.get(action.name.as_str()).cloned().unwrap_or_default(),
            Kind::Automation(_) => Vec::new(),
        };
        for automation in following {
            let ends = self.after(source, stage);
            self.waiting.extend(ends.into_iter().map(|end| (automation, end)));
        }
    }

    /// Where a task can be when the source is done with it, and the automations that wait for it to enter a stage are.
    fn after(&self, source: usize, stage: usize) -> BTreeSet<usize> {
        let mut ends = BTreeSet::new();
        let mut open = self.ends_of(source, stage);
        while let Some(end) = open.pop() {
            if ends.insert(end) {
                open.extend(self.awaiting[end].iter().flat_map(|automation| self.ends_of(*automation, end)));
            }
        }
        ends
    }

    fn ends_of(&self, source: usize, stage: usize) -> Vec<usize> {
        let Some(end) = &self.effects[source].end else { return Vec::new() };
        end.at_start.then_some(stage).into_iter().chain(end.stages.iter().copied()).collect()
    }

    /// A scheduled change that stays when the task leaves leads on from wherever the task can have come.
    fn follow_kept(&mut self) {
        for (from, to) in std::mem::take(&mut self.kept) {
            let mut seen = vec![false; self.flow.ways.len()];
            let mut open = vec![from];
            while let Some(stage) = open.pop() {
                if !std::mem::replace(&mut seen[stage], true) {
                    open.extend((0..seen.len()).filter(|next| self.flow.ways[stage][*next]));
                }
            }
            for stage in (0..seen.len()).filter(|stage| seen[*stage]) {
                self.flow.ways[stage][to] = true;
                self.flow.timed[stage] |= stage != to;
            }
        }
    }
}
