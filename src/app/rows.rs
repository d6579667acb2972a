//! Which rows the dashboard shows, and in which order: containers, the tree above them, or sums.

use crate::app::{App, Idle, Screen};
use crate::field::columns::field_of;
use crate::field::{self, Field};
use crate::model::Group;
use crate::model::history::History;
use crate::model::sums::{Grouping, Sums};
use crate::query::Filter;
use crate::snapshot::{CgroupId, Identity};

impl App {
    /// What the rows are taken from: the sums, if the table shows them, else what the model knows; and what is left of
    /// containers that the OOM killer took from.
    pub(super) fn listed(&self) -> (&[Group], &[Group]) {
        self.shown_sums().map_or((self.model.groups(), self.model.tombstones()), |sums| (sums.rows(), &[]))
    }

    /// One of these.
    pub(super) fn listed_at(&self, row: usize) -> &Group {
        let (living, gone) = self.listed();
        living.get(row).unwrap_or_else(|| &gone[row - living.len()])
    }

    /// What the rows are summed up by, if they are.
    pub fn grouping(&self) -> Option<Grouping> {
        self.shown_sums().map(|sums| sums.grouping)
    }

    /// The tree has no sums, nor has what is opened from it.
    fn shown_sums(&self) -> Option<&Sums> {
        self.sums.as_ref().filter(|_| !self.tree)
    }

    /// The field of the focused column: what it sorts by.
    pub fn focused(&self) -> Option<&'static Field> {
        // The limits of several rows add up; what limits each of them in effect does not.
        match (field_of(self.focus), self.grouping()) {
            ("effective_limit", Some(_)) => field::find("limit"),
            (id, _) => field::find(id),
        }
    }

    /// The cgroups whose rows are seen.
    pub fn on_screen(&self) -> Vec<CgroupId> {
        match &self.screen {
            Screen::Detail(id) => vec![id.clone()],
            Screen::Table | Screen::Tree if !self.help && !self.paused() && self.grouping().is_none() => {
                let page = (self.layout.page)(self);
                self.rows().skip(page.first).take(page.step).map(|group| group.id.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Puts the rows in order; the cursor stays on its row, or goes to the neighbour of one that is gone.
    pub(super) fn arrange(&mut self) {
        if let Some(sums) = &mut self.sums {
            sums.update(&self.model, |group| self.filter.matches(group));
        }
        self.rows = if self.tree { self.branches() } else { self.sorted() };
        let Some(selected) = &self.selected else { return };
        let place = self.rows().position(|group| group.id == *selected);
        match place {
            Some(at) => self.cursor = at,
            None => self.select(self.cursor.min(self.rows.len().saturating_sub(1))),
        }
    }

    fn sorted(&self) -> Vec<usize> {
        let (living, gone) = self.listed();
        let is_sum = self.grouping().is_some();
        let count = living.len() + gone.len();
        // Few rows change places from one reading to the next, and what is nearly in order is soon sorted.
        let is_wanted = |group| (is_sum || self.is_shown(group)) && !self.hides(group);
        let mut is_new: Vec<bool> = (0..count).map(|row| is_wanted(self.listed_at(row))).collect();
        let known = self.rows.iter().filter(|&&row| is_new.get_mut(row).is_some_and(std::mem::take));
        let mut rows: Vec<usize> = known.copied().collect();
        rows.extend((0..count).filter(|&row| is_new[row]));
        rows.sort_by(|&a, &b| self.sort.compare(self.listed_at(a), self.listed_at(b)));
        rows
    }

    fn is_shown(&self, group: &Group) -> bool {
        self.model.is_row(group) && self.filter.matches(group)
    }

    fn hides(&self, group: &Group) -> bool {
        self.idle == Idle::Hidden && group.is_idle(self.model.now())
    }

    pub(super) fn toggle_idle(&mut self) {
        self.idle = match self.idle {
            Idle::Shown => Idle::Hidden,
            Idle::Hidden => Idle::Shown,
        };
        self.arrange();
    }

    /// The rows that are shown and those above them; siblings in order, a parent where its first child would be.
    fn branches(&self) -> Vec<usize> {
        let (living, gone) = self.listed();
        let count = living.len() + gone.len();
        let parent = |row| self.listed_at(row).parent;
        let mut rank = vec![usize::MAX; count];
        for (position, row) in self.sorted().into_iter().enumerate() {
            let mut above = Some(row);
            while let Some(row) = above.filter(|&row| rank[row] > position) {
                rank[row] = position;
                above = parent(row);
            }
        }
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut pending = Vec::new();
        for row in (0..count).filter(|&row| rank[row] != usize::MAX) {
            match parent(row) {
                Some(parent) => children[parent].push(row),
                None => pending.push(row),
            }
        }
        let mut rows = Vec::new();
        while let Some(row) = pending.pop() {
            rows.push(row);
            if !self.folded.contains(&self.listed_at(row).id) {
                let mut below = std::mem::take(&mut children[row]);
                below.sort_by_key(|&row| std::cmp::Reverse(rank[row]));
                pending.extend(below);
            }
        }
        rows
    }

    /// To another column, branch or moment, whichever the screen has.
    pub(super) fn sideways(&mut self, step: isize) {
        match &self.screen {
            Screen::Tree => self.fold(step),
            Screen::Detail(_) | Screen::Host => {
                let oldest = self.charted().and_then(History::oldest);
                self.window.go(step, oldest.unwrap_or_default(), self.model.now());
            }
            Screen::Table => self.step_column(step),
            Screen::Alerts | Screen::Autopsies | Screen::Columns(_) => {}
        }
    }

    /// Hides what is below the row under the cursor where `step` is negative, else shows it.
    fn fold(&mut self, step: isize) {
        let Some(id) = self.current().map(|group| group.id.clone()) else { return };
        if step < 0 {
            self.folded.insert(id);
        } else {
            self.folded.remove(&id);
        }
        self.arrange();
    }

    /// Each grouping in turn, and then the rows themselves.
    pub(super) fn next_grouping(&mut self) {
        let next = match self.grouping() {
            None => Some(0),
            Some(now) => Grouping::ALL.iter().position(|grouping| *grouping == now).map(|at| at + 1),
        };
        self.sums = next.and_then(|next| Grouping::ALL.get(next)).map(|grouping| Sums::new(*grouping));
        self.show_other_rows();
    }

    /// The containers that a sum stands for, as rows.
    pub(super) fn open_sum(&mut self, grouping: Grouping, key: &Identity) {
        let (filter, text) = Filter::of_key(grouping, key);
        // Only those that are in the sum: an earlier filter still holds.
        match std::mem::replace(&mut self.filter, Filter::All) {
            Filter::All => (self.filter, self.filter_text) = (filter, text),
            earlier => {
                self.filter = Filter::And(vec![earlier, filter]);
                self.filter_text = format!("({}) {text}", self.filter_text);
            }
        }
        self.sums = None;
        self.show_other_rows();
    }

    fn show_other_rows(&mut self) {
        (self.selected, self.cursor) = (None, 0);
        self.tree = false;
        self.show(Screen::Table);
    }
}
