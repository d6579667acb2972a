//! The columns that a table may have: every figure, and views of figures that only a screen has; and sets of them.
//!
//! Must not know how a column looks.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{FIELDS, Field, find, list, nearest};
use crate::text;

/// Views of figures: what the screen calls them, and the figure that each is a view of.
pub const VIEWS: &[(&str, &str)] = &[
    ("bar", "percent"),
    ("working_set_percent", "working_set"),
    ("new_hits", "failcnt"),
    ("last_hit", "failcnt"),
    ("trend", "usage"),
];

/// A set of columns with a name.
#[derive(Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is good for.
    pub meaning: &'static str,
    columns: &'static [&'static str],
    /// What it is named for: these are shown first of all where there is no room for every column, in this order, and
    /// then the others in theirs. Where there are none, columns have an order of their own.
    urgent: &'static [&'static str],
}

/// The sets, the usual one first.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "overview",
        meaning: "limits, hits, kills, swap and stalls: what is wrong with whom",
        columns: &[
            "name",
            "bar",
            "usage",
            "effective_limit",
            "percent",
            "limited_by",
            "floor",
            "working_set",
            "failcnt",
            "failcnt_rate",
            "new_hits",
            "last_hit",
            "oom_kill_total",
            "swap",
            "swap_cached",
            "psi.some_avg10",
            "time_to_limit",
            "usage_growth",
            "trend",
        ],
        urgent: &[],
    },
    Preset {
        name: "limits",
        meaning: "whose limit it is, the room that is left, and what protects it",
        columns: &[
            "name",
            "bar",
            "usage",
            "effective_limit",
            "percent",
            "limited_by",
            "headroom",
            "limit",
            "high",
            "failcnt",
            "failcnt_rate",
            "ancestor_failcnt",
            "high_events",
            "last_hit",
            "next_headroom",
            "next_limited_by",
            "peak",
            "low",
            "min",
        ],
        urgent: &[
            "limited_by",
            "effective_limit",
            "percent",
            "headroom",
            "usage",
            "failcnt",
            "bar",
            "limit",
            "high",
            "next_headroom",
            "failcnt_rate",
            "last_hit",
        ],
    },
    Preset {
        name: "swap",
        meaning: "what is pushed out, what of it is still in memory, and what comes back",
        columns: &[
            "name",
            "bar",
            "usage",
            "footprint",
            "swap",
            "swap_limit",
            "swap_cached",
            "refault_anon_rate",
            "psi.some_avg10",
            "swap_failcnt",
            "swap_fail",
            "zswap",
            "anon",
            "refault_anon",
            "trend",
        ],
        urgent: &[
            "swap",
            "swap_cached",
            "refault_anon_rate",
            "psi.some_avg10",
            "footprint",
            "usage",
            "swap_limit",
            "bar",
        ],
    },
    Preset {
        name: "reclaim",
        meaning: "what can be dropped, and what dropping it costs",
        columns: &[
            "name",
            "bar",
            "usage",
            "inactive_file",
            "active_file",
            "slab_reclaimable",
            "refault_file_rate",
            "refault_anon_rate",
            "psi.some_avg10",
            "psi.full_avg10",
            "pgscan_direct",
            "pgscan_kswapd",
            "pgmajfault",
            "dirty",
            "writeback",
            "floor",
            "refault_file",
            "refault_anon",
        ],
        urgent: &[
            "inactive_file",
            "refault_file_rate",
            "psi.some_avg10",
            "active_file",
            "bar",
            "usage",
            "slab_reclaimable",
            "refault_anon_rate",
        ],
    },
    Preset {
        name: "docker",
        meaning: "what docker stats says",
        columns: &["name", "working_set", "limit", "working_set_percent", "processes", "id"],
        urgent: &["working_set", "limit", "working_set_percent", "processes"],
    },
];

/// Cells that a column can be given.
const WIDTHS: RangeInclusive<u16> = 1..=200;

/// Which columns a table has, in their order, and how wide somebody wants some to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    ids: Vec<&'static str>,
    /// Cells; those of columns that are not among these wait until they are again.
    widths: BTreeMap<&'static str, u16>,
}

impl Default for Columns {
    fn default() -> Self {
        Self::of(PRESETS[0].columns.iter().copied())
    }
}

impl FromIterator<(&'static str, Option<u16>)> for Columns {
    fn from_iter<T: IntoIterator<Item = (&'static str, Option<u16>)>>(read: T) -> Self {
        read.into_iter().fold(Self::of([]), |mut columns, (id, cells)| {
            columns.ids.push(id);
            columns.widths.extend(cells.map(|cells| (id, cells)));
            columns
        })
    }
}

impl Columns {
    /// Reads the name of a set, or names of columns with commas between, each with a width behind it or not.
    ///
    /// # Errors
    /// Where a name is not known, with those that are; or where a width is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        match PRESETS.iter().find(|preset| preset.name == text) {
            Some(preset) => Ok(Self::of(preset.columns.iter().copied())),
            None => text.split(',').map(Self::read).collect(),
        }
    }

    /// Reads one of them, as `usage` or `usage:12`: a column, and the cells that it is to have.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn read(word: &str) -> Result<(&'static str, Option<u16>), String> {
        let (name, cells) = word.split_once(':').map_or((word, None), |(name, cells)| (name, Some(cells)));
        let id = Self::find(name)?;
        let read = |cells: &str| {
            let number = cells.parse().ok().filter(|cells| WIDTHS.contains(cells));
            let (least, most) = (WIDTHS.start(), WIDTHS.end());
            number.ok_or_else(|| {
                let cells = text::excerpt(cells);
                format!("`{cells}` is no width for {id}: write {least} to {most} cells, as in {id}:12")
            })
        };
        Ok((id, cells.map(read).transpose()?))
    }

    fn find(name: &str) -> Result<&'static str, String> {
        Self::all().find(|id| *id == name).ok_or_else(|| {
            let names = || PRESETS.iter().map(|preset| preset.name).chain(Self::all());
            let meant = nearest(name, names().map(|name| (name, name)));
            let meant = meant.map_or_else(String::new, |name| format!(", perhaps `{name}`"));
            let presets = list(PRESETS.iter().map(|preset| preset.name));
            format!(
                "no column `{}`{meant}; sets: {presets}; `memcgtop snapshot --help` lists the fields",
                text::excerpt(name)
            )
        })
    }

    /// Every column that there is.
    pub fn all() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|field| field.id).chain(VIEWS.iter().map(|(view, _)| *view))
    }

    /// These columns.
    pub fn of(ids: impl IntoIterator<Item = &'static str>) -> Self {
        Self { ids: ids.into_iter().collect(), widths: BTreeMap::new() }
    }

    /// Other columns, each as wide as it was.
    #[must_use]
    pub fn with(&self, ids: impl IntoIterator<Item = &'static str>) -> Self {
        Self { ids: ids.into_iter().collect(), widths: self.widths.clone() }
    }

    /// Their names.
    pub fn ids(&self) -> &[&'static str] {
        &self.ids
    }

    /// The cells that somebody gave a column; `None` where it is as wide as it needs to be.
    pub fn cells(&self, id: &str) -> Option<u16> {
        self.widths.get(id).copied()
    }

    /// Gives a column so many cells, or as many as it needs.
    pub fn set_cells(&mut self, id: &'static str, cells: Option<u16>) {
        match cells {
            Some(cells) => self.widths.insert(id, cells.clamp(*WIDTHS.start(), *WIDTHS.end())),
            None => self.widths.remove(id),
        };
    }

    /// The set that they are, however wide.
    pub fn preset(&self) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.columns == self.ids)
    }

    /// Those that are shown first of all, in this order, where they are a set that has such.
    pub fn urgent(&self) -> &'static [&'static str] {
        self.preset().map_or(&[], |preset| preset.urgent)
    }

    /// The set after this one, or the first.
    #[must_use]
    pub fn next_preset(&self) -> Self {
        let at = PRESETS.iter().position(|preset| preset.columns == self.ids);
        self.with(PRESETS[at.map_or(0, |at| (at + 1) % PRESETS.len())].columns.iter().copied())
    }

    /// Each as it can be read again: the name of their set alone, where that says it all.
    pub fn words(&self) -> Result<&'static str, Vec<String>> {
        let word = |id: &&'static str| self.cells(id).map_or_else(|| (*id).to_owned(), |cells| format!("{id}:{cells}"));
        match self.preset() {
            Some(preset) if !self.ids.iter().any(|id| self.widths.contains_key(id)) => Ok(preset.name),
            _ => Err(self.ids.iter().map(word).collect()),
        }
    }

    /// The figures that they show, for tables that have nothing else.
    pub fn fields(&self) -> Vec<&'static Field> {
        let is_told = |at: usize, field: &'static str| {
            self.ids.contains(&field) || self.ids[..at].iter().any(|earlier| field_of(earlier) == field)
        };
        let is_shown = |at: usize, id: &'static str| field_of(id) == id || !is_told(at, field_of(id));
        let shown = self.ids.iter().enumerate().filter(|(at, id)| is_shown(*at, id));
        shown.filter_map(|(_, id)| find(field_of(id))).collect()
    }
}

/// The field that a column sorts by and that explains it.
pub fn field_of(id: &'static str) -> &'static str {
    VIEWS.iter().find(|(view, _)| *view == id).map_or(id, |(_, field)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_or_names_with_commas_between() {
        assert_eq!(Columns::parse("overview"), Ok(Columns::default()));
        assert_eq!(Columns::parse("usage,trend").unwrap().ids(), ["usage", "trend"]);
        assert_eq!(Columns::parse("docker").unwrap().preset().unwrap().name, "docker");
        for (text, told) in [
            ("dokcer", "no column `dokcer`, perhaps `docker`; sets: overview, limits"),
            ("usage,trent", "no column `trent`, perhaps `trend`"),
            ("usage,docker", "no column `docker`"),
            ("", "no column ``"),
            ("usage, swap", "no column ` swap`, perhaps `swap`"),
            ("usage:", "`` is no width for usage: write 1 to 200 cells, as in usage:12"),
            ("name:0", "`0` is no width for name"),
            ("name:201", "`201` is no width for name"),
            ("name:9:9", "`9:9` is no width for name"),
            ("overview:9", "no column `overview`"),
        ] {
            let error = Columns::parse(text).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn what_has_a_width_says_so_and_a_set_without_any_is_called_by_its_name() {
        let mut columns = Columns::parse("name:30,usage,swap:200").unwrap();
        assert_eq!(["name", "usage", "swap"].map(|id| columns.cells(id)), [Some(30), None, Some(200)]);
        assert_eq!(columns.words().unwrap_err().join(","), "name:30,usage,swap:200");
        columns.set_cells("swap", None);
        assert_eq!(columns.words().unwrap_err().join(","), "name:30,usage,swap");
        let docker = columns.with(Columns::parse("docker").unwrap().ids().to_vec());
        assert_eq!((docker.preset().map(|preset| preset.name), docker.cells("name")), (Some("docker"), Some(30)));
        assert_eq!(Columns::parse(&docker.words().unwrap_err().join(",")), Ok(docker));
        let mut usage = Columns::of(["usage"]);
        usage.set_cells("name", Some(30));
        assert_eq!((usage.next_preset().cells("name"), Columns::default().words()), (Some(30), Ok("overview")));
    }

    #[test]
    fn what_a_set_is_named_for_is_in_it() {
        for preset in PRESETS {
            assert!(preset.urgent.iter().all(|id| preset.columns.contains(id)), "{}", preset.name);
        }
    }

    #[test]
    fn the_sets_follow_each_other_and_come_back() {
        let sets: Vec<_> =
            std::iter::successors(Some(Columns::default()), |set| Some(set.next_preset())).take(6).collect();
        assert_eq!(sets[5], sets[0]);
        assert!(sets.iter().all(|set| set.ids().iter().all(|id| Columns::find(id).is_ok())));
        assert_eq!(Columns::of(["usage"]).next_preset(), sets[0]);
    }

    #[test]
    fn printed_tables_have_figures_instead_of_views() {
        let ids = |text: &str| Columns::parse(text).unwrap().fields().iter().map(|field| field.id).collect::<Vec<_>>();
        assert_eq!(ids("usage,trend,new_hits,swap"), ["usage", "failcnt", "swap"]);
        assert_eq!(ids("docker"), ["name", "working_set", "limit", "processes", "id"]);
        assert_eq!(ids("bar,usage,percent,trend"), ["usage", "percent"]);
        assert_eq!(ids("usage,usage"), ["usage", "usage"]);
    }
}
