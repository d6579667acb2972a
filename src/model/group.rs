//! A row: its figures now, what was seen of it since memcgtop watches, and how it takes in the next reading.

use std::sync::Arc;
use std::time::Duration;

use crate::model::beat::Beat;
use crate::model::cause::Trends;
use crate::model::declared::Difference;
use crate::model::forecast::{self, Forecast};
use crate::model::gone::EarlierKills;
use crate::model::graveyard::Vanished;
use crate::model::history::{History, Point};
use crate::model::moved::{Marks, Moved};
use crate::model::networks::Netns;
use crate::model::resources::Resources;
use crate::model::verdict::{self, Around, By, RECENT, State, Verdict};
use crate::model::{Figures, Tally, Worst, groups};
use crate::snapshot::{CgroupId, Identity, Kind, Missing, Reading, Role};

/// A row: a container with all its cgroups, or any other cgroup.
#[derive(Clone, Debug)]
pub struct Group {
    /// The outermost cgroup.
    pub id: CgroupId,
    /// What its path says it is.
    pub identity: Arc<Identity>,
    /// The row above it in the tree.
    pub parent: Option<usize>,
    /// How many rows are above it.
    pub depth: usize,
    /// How many containers it stands for: one, but for a sum.
    pub members: usize,
    /// In a sum: whose verdict is that of all, unless all are calm.
    pub worst: Option<Worst>,
    /// Its figures now.
    pub figures: Figures,
    /// Where its limits are not what its runtime's configuration asks for.
    pub differences: Vec<Difference>,
    /// Hits of its own limit.
    pub hits: Tally,
    /// Hits of its ancestors' limits.
    pub ancestor_hits: Tally,
    /// Times that it was throttled at `memory.high`.
    pub throttled: Tally,
    /// The same at its ancestors' `memory.high`, whoever was throttled.
    pub ancestor_throttled: Tally,
    /// Processes of it that the OOM killer took.
    pub kills: Tally,
    /// When the counter of these was last read; of a new cgroup, when it was not there yet.
    pub(super) kills_read: Option<Duration>,
    /// Processes of it that a killer in user space took. v2 only.
    pub oomd_kills: Tally,
    /// Times that the OOM killer was called at its own limit. v2 only.
    pub ooms: Tally,
    /// The same for its ancestors' limits.
    pub ancestor_ooms: Tally,
    /// Hits of its swap limit.
    pub swap_hits: Tally,
    /// Pages of it that kswapd looked at. v2 only.
    pub scanned: Tally,
    /// Its network namespace, and who shares it.
    pub netns: Reading<Netns>,
    /// What its beancounter tells besides. OpenVZ only.
    pub resources: Resources,
    /// Who made the OOM killer take from it, the last time.
    pub killed_by: By,
    /// What moved since the regular reading before; `None` at the first.
    pub moved: Option<Moved>,
    pub(super) marks: Marks,
    /// What holds it, if there were two readings.
    pub verdict: Reading<Verdict>,
    /// Its last hour, and before its cgroup was made that of the container which had its path or name.
    pub history: History,
    /// The last reading of that container.
    pub(super) forerunner_until: Option<Duration>,
    /// How its parts grow; `None` while it is too small for that to matter.
    pub trends: Option<Box<Trends>>,
    /// Since when its own limit is what it is.
    pub(super) limits_since: Duration,
    /// When it reaches its own limit; `None` where that cannot be told or is not in sight.
    pub forecast: Option<Forecast>,
    /// When it vanished: a row that is left of what the OOM killer took, as of its last reading.
    pub gone: Option<Vanished>,
}

impl Group {
    /// Whether it is a row of the flat table: containers and virtual machines, but no sandbox that only waits.
    pub fn is_container(&self) -> bool {
        matches!(self.identity.kind, Kind::Container | Kind::Vm)
            && self.identity.role != Role::Helper
            && !self.is_idle_sandbox()
    }

    /// Whether it only holds a pod together. gVisor and Kata run the whole pod in its sandbox.
    fn is_idle_sandbox(&self) -> bool {
        const LITTLE: u64 = 2 << 20;
        let idle = self.figures.usage.is_ok_and(|usage| usage < LITTLE) || self.figures.processes == Ok(1);
        self.identity.sandbox && idle
    }

    /// Whether it is what runtimes need besides their containers: conmon, monitors, idle sandboxes.
    pub fn is_overhead(&self) -> bool {
        self.identity.role == Role::Helper || self.is_idle_sandbox()
    }

    /// Whether a limit holds it, be it this very moment or within the last seconds.
    pub fn is_held(&self) -> bool {
        let held = |verdict: Verdict| {
            matches!(verdict.state, State::AtLimit | State::Thrashing | State::SwapFull | State::UnderOom)
        };
        self.figures.at_limit || self.verdict.is_ok_and(held)
    }

    /// Processes of it that were killed for its memory since memcgtop watches, by the kernel or from user space.
    pub fn killed(&self) -> u64 {
        self.kills.since_attach + self.oomd_kills.since_attach
    }

    /// When the last process of it was killed for its memory, by the kernel or from user space.
    pub fn last_kill(&self) -> Option<Duration> {
        self.kills.last.max(self.oomd_kills.last)
    }

    /// Whether that was within `window` before `now`.
    pub fn was_killed_within(&self, window: Duration, now: Duration) -> bool {
        self.last_kill().is_some_and(|last| now.saturating_sub(last) <= window)
    }

    /// The newer of the last hits of its own limit and of an ancestor's.
    pub fn last_hit(&self) -> Option<Duration> {
        self.hits.last.max(self.ancestor_hits.last)
    }
}

/// Processes of a row that were killed for its memory between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Killed {
    pub(super) by_kernel: u64,
    /// The reading before: what the log told until then was counted then. `None` where that is not known.
    pub(super) since: Option<Duration>,
    pub(super) from_user_space: u64,
}

/// The rows above one, the nearest first, as places among `groups`.
pub(super) fn above<'a>(groups: &'a [Group], group: &Group) -> impl Iterator<Item = usize> + use<'a> {
    std::iter::successors(group.parent, |&row| groups[row].parent)
}

impl Group {
    pub(super) fn new(id: CgroupId, figures: Figures) -> Self {
        Self {
            id,
            identity: Arc::clone(groups::nobody()),
            parent: None,
            depth: 0,
            members: 1,
            worst: None,
            figures,
            differences: Vec::new(),
            hits: Tally::default(),
            ancestor_hits: Tally::default(),
            throttled: Tally::default(),
            ancestor_throttled: Tally::default(),
            kills: Tally::default(),
            kills_read: None,
            oomd_kills: Tally::default(),
            ooms: Tally::default(),
            ancestor_ooms: Tally::default(),
            swap_hits: Tally::default(),
            scanned: Tally::default(),
            netns: Err(Missing::NotRead),
            resources: Resources::default(),
            killed_by: By::default(),
            moved: None,
            marks: Marks::default(),
            verdict: Err(Missing::OneReading),
            history: History::default(),
            forerunner_until: None,
            trends: None,
            limits_since: Duration::ZERO,
            forecast: None,
            gone: None,
        }
    }

    /// A cgroup that was made after the last reading of all, at `before`: whatever it counts is news. Its path may have had
    /// others before.
    pub(super) fn begin(&mut self, earlier: EarlierKills, before: Duration) {
        if self.is_unread() && self.kills.is_untouched() {
            self.kills = Tally::of_another(earlier.seen, earlier.last);
            self.kills_read = Some(before);
            for tally in self.own_counters() {
                *tally = tally.at_zero();
            }
            self.resources = Resources::of_new();
        }
    }

    /// Goes on where the container ended that had its path or name before. Its kills are told by [`EarlierKills`].
    pub(super) fn carry_on(&mut self, forerunner: Self) {
        for (own, earlier) in [
            (&mut self.hits, forerunner.hits),
            (&mut self.ancestor_hits, forerunner.ancestor_hits),
            (&mut self.throttled, forerunner.throttled),
            (&mut self.ancestor_throttled, forerunner.ancestor_throttled),
            (&mut self.ooms, forerunner.ooms),
            (&mut self.ancestor_ooms, forerunner.ancestor_ooms),
            (&mut self.swap_hits, forerunner.swap_hits),
        ] {
            own.add(earlier);
        }
        if self.is_unread() {
            self.figures.limit = forerunner.figures.limit;
        }
        if self.figures.limit == forerunner.figures.limit {
            self.limits_since = forerunner.limits_since;
        }
        self.forerunner_until = forerunner.history.last().map(Point::at);
        self.history = forerunner.history.followed_by(&self.history);
    }

    /// Whether a moment was before its cgroup was made, in the time of another that it carries on.
    pub(super) fn is_forerunner(&self, moment: Duration) -> bool {
        self.forerunner_until.is_some_and(|until| moment <= until)
    }

    /// Its own regular readings.
    pub(super) fn readings(&self) -> impl Iterator<Item = Point> {
        self.history.points().filter(|point| !self.is_forerunner(point.at()))
    }

    /// Whether there was no regular reading of it.
    pub(super) fn is_unread(&self) -> bool {
        self.history.last().is_none_or(|last| self.is_forerunner(last.at()))
    }

    /// Whether it was not there yet at the reading before.
    pub fn is_new(&self) -> bool {
        self.readings().nth(1).is_none()
    }

    /// Whether one of its counters rose within the last seconds.
    pub fn rose_lately(&self, tally: &Tally, now: Duration) -> bool {
        tally.rose_within(RECENT, now) && tally.last.is_some_and(|last| !self.is_forerunner(last))
    }

    /// The log tells of a kill from before memcgtop watched.
    pub(super) fn remember_kill(&mut self, by: By, at: Duration, now: Duration) {
        if self.kills.last.is_none_or(|last| last < at) {
            self.kills.add(Tally::of_another(0, Some(at)));
            self.killed_by = by;
            if self.moved.is_none() {
                self.verdict = verdict::from_one(self, &self.figures, now);
            }
        }
    }

    /// The counters of its own cgroups.
    fn own_counters(&mut self) -> [&mut Tally; 6] {
        let Self { hits, throttled, kills, oomd_kills, ooms, swap_hits, .. } = self;
        [hits, throttled, kills, oomd_kills, ooms, swap_hits]
    }

    /// Cgroups that may have been there before are counted with it from now on: what they count may be of long ago.
    pub(super) fn lose_count(&mut self) {
        for tally in self.own_counters() {
            tally.rebase(Err(Missing::OneReading));
        }
        self.kills_read = None;
    }

    /// The same, with as little memory as a row takes that is no longer shown.
    pub(super) fn without_past(mut self) -> Self {
        self.history = self.history.last().into_iter().collect();
        self.trends = None;
        self
    }

    /// The counters that a container has from its cgroups, with what a cgroup of it holds of each. Hits are those of the
    /// trunk, kills those of all.
    fn shared(&mut self) -> impl Iterator<Item = (&mut Tally, Reading)> {
        let figures = &self.figures;
        let trunk = [
            (&mut self.hits, figures.failcnt),
            (&mut self.throttled, figures.high_events),
            (&mut self.ooms, figures.oom),
            (&mut self.swap_hits, figures.swap_failcnt),
        ];
        let is_trunk = self.identity.role != Role::Inner;
        let kills = [(&mut self.kills, figures.oom_kill_total), (&mut self.oomd_kills, figures.oomd_kill)];
        kills.into_iter().chain(trunk.into_iter().filter(move |_| is_trunk))
    }

    /// A cgroup of a container becomes a row: what was seen of the container is seen of the cgroup that counts it.
    pub(super) fn split_from(&mut self, container: &mut Self) {
        self.killed_by = container.killed_by;
        for ((part, counter), (whole, _)) in self.shared().zip(container.shared()) {
            part.take_from(whole, counter);
        }
    }

    /// A cgroup of a container is no longer a row: what was seen of it is seen of the container.
    pub(super) fn join(&mut self, container: &mut Self) {
        if self.kills.last > container.kills.last {
            container.killed_by = self.killed_by;
        }
        for ((part, _), (whole, _)) in self.shared().zip(container.shared()) {
            whole.add(*part);
        }
    }

    /// Shows the same moment of other cgroups.
    pub(super) fn rebase(&mut self, figures: Figures) {
        self.hits.rebase(figures.failcnt);
        self.ancestor_hits.rebase(figures.ancestor_failcnt);
        self.throttled.rebase(figures.high_events);
        self.ancestor_throttled.rebase(figures.ancestor_high_events);
        self.kills.rebase(figures.oom_kill);
        self.kills_read = None;
        self.oomd_kills.rebase(figures.oomd_kill);
        self.ooms.rebase(figures.oom);
        self.ancestor_ooms.rebase(figures.ancestor_oom);
        self.swap_hits.rebase(figures.swap_failcnt);
        self.scanned.rebase(figures.stat.pgscan_kswapd);
        self.marks.rebase(&figures);
        self.figures = figures;
    }

    /// Takes in a reading. Who was killed since the one before.
    pub(super) fn advance(&mut self, mut figures: Figures, earlier: EarlierKills, around: Around) -> Killed {
        let Around { at, beat, .. } = around;
        figures.oom_kill_total = figures.oom_kill.map(|kills| kills + earlier.total);
        if figures.limit != self.figures.limit {
            // As exactly as histories know moments.
            self.limits_since = Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
        }
        let hits = self.hits.count(figures.failcnt, at, beat);
        let ancestor_hits = self.ancestor_hits.count(figures.ancestor_failcnt, at, beat);
        self.throttled.count(figures.high_events, at, beat);
        self.ancestor_throttled.count(figures.ancestor_high_events, at, beat);
        let kills = self.kills.count(figures.oom_kill, at, beat);
        let since = self.kills_read;
        if figures.oom_kill.is_ok() && beat != Beat::Beside {
            self.kills_read = Some(at);
        }
        let from_user_space = self.oomd_kills.count(figures.oomd_kill, at, beat);
        self.ooms.count(figures.oom, at, beat);
        self.ancestor_ooms.count(figures.ancestor_oom, at, beat);
        self.swap_hits.count(figures.swap_failcnt, at, beat);
        self.scanned.count(figures.stat.pgscan_kswapd, at, beat);
        if self.kills.new() > 0 {
            self.killed_by = verdict::killed_by(self, &figures, around);
        }
        // What is older than the moment says nothing of how it moves.
        if beat != Beat::Beside {
            self.moved = self.marks.advance(at, &figures, beat);
        }
        self.verdict = match self.moved {
            None => verdict::from_one(self, &figures, at),
            Some(moved) => Ok(verdict::judge(self, &figures, moved, around)),
        };
        // A storm of early readings would weigh more than the minutes before it.
        if beat == Beat::On {
            Trends::watch(&mut self.trends, at, &figures);
        }
        self.forecast = self.trends.as_ref().and_then(|trends| forecast::forecast(&figures, trends));
        self.history.push(Point::new(at, &figures, hits + ancestor_hits, kills + from_user_space), beat);
        self.figures = figures;
        Killed { by_kernel: kills, since, from_user_space }
    }
}
