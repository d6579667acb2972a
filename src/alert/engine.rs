//! The engine: which rules stand for which rows, since when, and what fires because of that.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::alert::policy::{Policies, Policy};
use crate::alert::rules::{self, Case, Direction, NEWS, RULES, Rule, Standing, Watch};
use crate::alert::track::{self, Now, State, Track};
use crate::alert::{Alert, Change, Level, News, Subject, kills};
use crate::model::{Group, Model, Scope};
use crate::snapshot::{Role, is_within};

/// Alerts that are remembered.
const LOG: usize = 200;

/// What fires, and what fired.
#[derive(Clone, Debug)]
pub struct Engine {
    policies: Policies,
    watch: Watch,
    scope: Scope,
    tracks: HashMap<Subject, Vec<Track>>,
    firing: Vec<Alert>,
    ended: VecDeque<Alert>,
    /// Which cgroups made a row at the last reading.
    shown: Option<Scope>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Policies::default(), Watch::Live, Scope::Containers)
    }
}

/// What the rules of one reading share.
struct Round<'a> {
    model: &'a Model,
    now: Now,
    news: Vec<News>,
    /// Other cgroups make the rows than before: an alert goes on in the row that stands for its cgroup now.
    moves: bool,
    /// What is remembered of rows that are gone, or that no longer stand for their cgroups.
    loose: Vec<(Subject, Track)>,
}

impl Engine {
    /// An engine that has seen nothing. `scope` says whether it judges every cgroup, whichever are on the screen.
    pub fn new(policies: Policies, watch: Watch, scope: Scope) -> Self {
        Self { policies, watch, scope, tracks: HashMap::new(), firing: Vec::new(), ended: VecDeque::new(), shown: None }
    }

    fn is_judged(&self, group: &Group) -> bool {
        self.scope == Scope::Everything
            || group.is_container() && matches!(group.identity.role, Role::Outermost | Role::Trunk)
    }

    fn judged<'a>(&self, model: &'a Model) -> impl Iterator<Item = &'a Group> {
        model.groups().iter().filter(|group| self.is_judged(group))
    }

    /// Judges the newest reading: what changed.
    pub fn judge(&mut self, model: &Model) -> Vec<News> {
        let Some(snapshot) = model.snapshot() else { return Vec::new() };
        let mut before = std::mem::take(&mut self.tracks);
        let mut round = Round {
            model,
            now: Now { at: snapshot.at, wall: snapshot.taken_at },
            news: Vec::new(),
            moves: self.shown.replace(model.scope()).is_some_and(|before| before != model.scope()),
            loose: self.orphans(&mut before, model),
        };
        for group in model.groups() {
            if !self.is_judged(group) {
                continue;
            }
            let known = if before.is_empty() { None } else { before.remove(&Subject::Row(group.id.clone())) };
            let tracks = self.judge_row(group, known.unwrap_or_default(), &mut round);
            if !tracks.is_empty() {
                self.tracks.insert(Subject::Row(group.id.clone()), tracks);
            }
        }
        let tracks = self.judge_host(before.remove(&Subject::Host).unwrap_or_default(), &mut round);
        self.keep(Subject::Host, tracks);
        self.bury(&mut round);
        self.tell_of_the_gone(&mut round);
        self.settle(&round.news);
        round.news
    }

    /// What is remembered of rows that are gone.
    fn orphans(&self, tracks: &mut HashMap<Subject, Vec<Track>>, model: &Model) -> Vec<(Subject, Track)> {
        if tracks.is_empty() {
            return Vec::new();
        }
        let alive: HashSet<_> = self.judged(model).map(|group| &group.id).collect();
        let is_gone = |subject: &Subject| match subject {
            Subject::Host => false,
            Subject::Row(id) => !alive.contains(id),
            Subject::Gone(_) => true,
        };
        let gone: Vec<Subject> = tracks.keys().filter(|subject| is_gone(subject)).cloned().collect();
        let mut orphans = Vec::new();
        for subject in gone {
            for track in tracks.remove(&subject).unwrap_or_default() {
                orphans.push((subject.clone(), track));
            }
        }
        orphans.sort_by(|(a, _), (b, _)| a.cmp(b));
        orphans
    }

    fn keep(&mut self, subject: Subject, tracks: Vec<Track>) {
        if !tracks.is_empty() {
            self.tracks.insert(subject, tracks);
        }
    }

    fn judge_row(&self, group: &Group, mut before: Vec<Track>, round: &mut Round<'_>) -> Vec<Track> {
        let mut tracks = Vec::new();
        let mut covered: Vec<&str> = Vec::new();
        for rule in RULES {
            let Some(judge) = rule.judge.of_row() else { continue };
            let known = take(&mut before, rule);
            let policy = self.policies.of(rule, Some(group));
            let policy = Policy { enabled: policy.enabled && !covered.contains(&rule.name), ..policy };
            let case = self.case(rule, policy, known.as_ref(), round.model);
            let standing = if policy.enabled { judge(group, case) } else { None };
            let known = match (&standing, known) {
                (Some(_), None) => adopt(rule, group, round),
                (None, Some(track)) if round.moves => {
                    round.loose.push((Subject::Row(group.id.clone()), track));
                    None
                }
                (_, known) => known,
            };
            let subject = || (Subject::Row(group.id.clone()), group.identity.label().into());
            let track = step(rule, policy, known, standing, round, subject);
            if track.as_ref().is_some_and(|track| track.firing().is_some()) {
                covered.extend(rule.covers);
            }
            tracks.extend(track);
        }
        tracks
    }

    fn judge_host(&self, mut before: Vec<Track>, round: &mut Round<'_>) -> Vec<Track> {
        let mut tracks = Vec::new();
        for rule in RULES {
            let Some(judge) = rule.judge.of_host() else { continue };
            let known = take(&mut before, rule);
            let policy = self.policies.of(rule, None);
            let case = self.case(rule, policy, known.as_ref(), round.model);
            let standing = if policy.enabled { judge(case) } else { None };
            tracks.extend(step(rule, policy, known, standing, round, || (Subject::Host, "host".into())));
        }
        tracks
    }

    fn case<'a>(&self, rule: &Rule, policy: Policy, known: Option<&Track>, model: &'a Model) -> Case<'a> {
        let stood = known.is_some_and(Track::stands);
        let direction = rule.measure.map_or(Direction::Rising, |measure| measure.direction);
        Case { model, threshold: policy.threshold(stood, direction), direction, stood, watch: self.watch }
    }

    /// Alerts of rows that are gone have ended, but for those that stay news.
    fn bury(&mut self, round: &mut Round<'_>) {
        for (subject, track) in std::mem::take(&mut round.loose) {
            let policy = self.policies.of(track.rule, None);
            if let Some((stone, standing)) = self.of_tombstone(&subject, &track, round.model) {
                let named = || (subject.clone(), stone.identity.label().into());
                let track = step(track.rule, policy, Some(track), Some(standing), round, named);
                self.tracks.entry(subject.clone()).or_default().extend(track);
                continue;
            }
            let is_news = track.rule.outlives
                && track.firing().is_some_and(|firing| round.now.at.saturating_sub(firing.renewed) <= NEWS);
            let track = if is_news {
                Some(track)
            } else {
                let gone = Policy { enabled: false, cooldown: Duration::ZERO, ..policy };
                let (state, news) = track::falls(track.state, track.rule, gone, round.now);
                round.news.extend(news);
                state.map(|state| Track { rule: track.rule, state }).filter(|track| track.firing().is_some())
            };
            if let Some(track) = track {
                self.tracks.entry(subject).or_default().push(track);
            }
        }
    }

    /// What a rule says of what is left of a container that is gone: the kernel log may tell more of it, and late.
    fn of_tombstone<'a>(&self, subject: &Subject, track: &Track, model: &'a Model) -> Option<(&'a Group, Standing)> {
        let (Subject::Row(id), Some(judge)) = (subject, track.rule.judge.of_row()) else { return None };
        let stone = model.tombstones().iter().find(|stone| stone.id.path == id.path)?;
        let policy = self.policies.of(track.rule, Some(stone));
        let is_asked = track.rule.outlives && policy.enabled && track.firing().is_some();
        let standing = is_asked.then(|| judge(stone, self.case(track.rule, policy, Some(track), model)))?;
        Some((stone, standing?))
    }

    /// Kills in cgroups that no row tells of, most of them gone before they were read.
    fn tell_of_the_gone(&mut self, round: &mut Round<'_>) {
        let Some(rule) = rules::find("oom-kill") else { return };
        let policy = self.policies.of(rule, None);
        // Where every cgroup is a row, it may be an inner one of the container that tells.
        let model = round.model;
        let is_container =
            |path: &str| model.groups().iter().any(|group| *group.id.path == *path && group.is_container());
        let tells = |(subject, tracks): (&Subject, &Vec<Track>), path: &str| {
            matches!(subject, Subject::Row(id) if is_within(path, &id.path) || is_within(&id.path, path) && is_container(path))
                && tracks.iter().any(|track| track.rule.name == rule.name)
        };
        let told = |path: &str| self.tracks.iter().any(|entry| tells(entry, path));
        for kills in kills::untold(round.model, |group| self.is_judged(group), told) {
            let gone = Subject::Gone(kills.path);
            let mut tracks = self.tracks.remove(&gone).unwrap_or_default();
            let known = take(&mut tracks, rule);
            let standing = policy.enabled.then_some(kills.standing);
            tracks.extend(step(rule, policy, known, standing, round, || (gone.clone(), Arc::clone(&kills.name))));
            self.keep(gone.clone(), tracks);
        }
    }

    /// Puts what fires and what ended in order.
    fn settle(&mut self, news: &[News]) {
        for news in news {
            match news.change {
                Change::Ended => self.ended.push_back(news.alert.clone()),
                // It is not over yet.
                Change::Resumed | Change::Worsened => self.ended.retain(|ended| !is_same(ended, &news.alert)),
                Change::Begun => {}
            }
        }
        while self.ended.len() > LOG {
            self.ended.pop_front();
        }
        self.list();
    }

    fn list(&mut self) {
        let firing = self.tracks.values().flatten().filter_map(Track::firing);
        self.firing = firing.map(|firing| firing.alert.clone()).collect();
        let place = |rule: &str| RULES.iter().position(|known| known.name == rule);
        self.firing.sort_by(|a, b| {
            let order = |alert: &Alert| (alert.acknowledged, std::cmp::Reverse((alert.level, alert.since)));
            order(a)
                .cmp(&order(b))
                .then_with(|| (&a.name, place(a.rule)).cmp(&(&b.name, place(b.rule))))
                .then_with(|| a.subject.cmp(&b.subject))
        });
    }

    /// What fires now: the worst first, then the newest; acknowledged ones last.
    pub fn firing(&self) -> &[Alert] {
        &self.firing
    }

    /// What fired and ended, newest first.
    pub fn ended(&self) -> impl Iterator<Item = &Alert> {
        self.ended.iter().rev()
    }

    /// What fires and has not been acknowledged.
    pub fn unseen(&self) -> usize {
        self.firing.iter().filter(|alert| !alert.acknowledged).count()
    }

    /// The worst that fires.
    pub fn worst(&self) -> Option<Level> {
        self.firing.iter().map(|alert| alert.level).max()
    }

    /// Somebody has seen everything that fires.
    pub fn acknowledge_all(&mut self) {
        self.acknowledge(|_| true);
    }

    /// Somebody has seen what fires for the row of a cgroup, or for the one that had its path.
    pub fn acknowledge_of(&mut self, path: &str) {
        self.acknowledge(|alert| alert.subject.path() == Some(path));
    }

    fn acknowledge(&mut self, is_seen: impl Fn(&Alert) -> bool) {
        for track in self.tracks.values_mut().flatten() {
            if let State::Firing(firing) = &mut track.state {
                firing.alert.acknowledged |= is_seen(&firing.alert);
            }
        }
        self.list();
    }
}

fn is_same(a: &Alert, b: &Alert) -> bool {
    a.rule == b.rule && a.subject == b.subject && a.since == b.since
}

fn take(tracks: &mut Vec<Track>, rule: &Rule) -> Option<Track> {
    let at = tracks.iter().position(|track| track.rule.name == rule.name)?;
    Some(tracks.swap_remove(at))
}

/// One rule, one subject, one reading.
fn step(
    rule: &'static Rule,
    policy: Policy,
    known: Option<Track>,
    standing: Option<Standing>,
    round: &mut Round<'_>,
    subject: impl Fn() -> (Subject, Arc<str>),
) -> Option<Track> {
    let now = round.now;
    let (state, news) = match (standing, known) {
        (None, None) => return None,
        (None, Some(track)) => track::falls(track.state, rule, policy, now),
        (Some(standing), known) => {
            let blank = |level: Level, standing: &Standing| {
                let (subject, name) = subject();
                Alert {
                    rule: rule.name,
                    sign: standing.sign,
                    level,
                    subject,
                    name,
                    text: standing.text.clone(),
                    since: now.at,
                    began: now.wall,
                    until: None,
                    acknowledged: false,
                }
            };
            let known = known.map(|mut track| {
                if round.moves {
                    track.rebase(standing.weight);
                }
                track.state
            });
            let (mut state, news) = track::stands(known, standing, (rule, policy), now, blank);
            if let State::Firing(firing) = &mut state {
                // It may have been made again, or only now be known by its name.
                (firing.alert.subject, firing.alert.name) = subject();
            }
            (Some(state), news)
        }
    };
    round.news.extend(news);
    state.map(|state| Track { rule, state })
}

/// A container that was made again is the same to whoever looks at its name, and so is another row of the same container.
fn adopt(rule: &Rule, group: &Group, round: &mut Round<'_>) -> Option<Track> {
    let (path, moves) = (&group.id.path, round.moves && group.is_container());
    let is_forerunner = |(subject, track): &(Subject, Track)| {
        let of_path = |of: &str| of == &**path || moves && (is_within(of, path) || is_within(path, of));
        let is_named = || track.firing().is_some_and(|firing| *firing.alert.name == *group.identity.label());
        track.rule.name == rule.name
            && (rule.outlives || moves)
            && (subject.path().is_some_and(of_path) || rule.outlives && is_named())
    };
    let at = round.loose.iter().position(is_forerunner)?;
    Some(round.loose.remove(at).1)
}
