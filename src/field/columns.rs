//! The columns that a table may have: every figure, and views of figures that only a screen has; and sets of them.
//!
//! Must not know how a column looks.

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
            "new_hits",
            "last_hit",
            "oom_kill_total",
            "swap",
            "swap_cached",
            "psi.some_avg10",
            "time_to_limit",
            "trend",
        ],
    },
    Preset {
        name: "limits",
        meaning: "whose limit it is, the room that is left, and what protects it",
        columns: &[
            "name",
            "bar",
            "usage",
            "headroom",
            "percent",
            "effective_limit",
            "limit",
            "high",
            "failcnt",
            "ancestor_failcnt",
            "high_events",
            "last_hit",
            "limited_by",
            "next_headroom",
            "next_limited_by",
            "peak",
            "low",
            "min",
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
            "refault_anon",
            "swap_failcnt",
            "swap_fail",
            "zswap",
            "anon",
            "psi.some_avg10",
            "trend",
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
            "psi.some_avg10",
            "psi.full_avg10",
            "refault_file",
            "refault_anon",
            "pgscan_direct",
            "pgscan_kswapd",
            "pgmajfault",
            "dirty",
            "writeback",
            "floor",
        ],
    },
    Preset {
        name: "docker",
        meaning: "what docker stats says",
        columns: &["name", "working_set", "limit", "working_set_percent", "processes", "id"],
    },
];

/// Which columns a table has, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<&'static str>);

impl Default for Columns {
    fn default() -> Self {
        Self(PRESETS[0].columns.to_vec())
    }
}

impl Columns {
    /// Reads the name of a set, or names of columns with commas between.
    ///
    /// # Errors
    /// Where a name is not known, with those that are.
    pub fn parse(text: &str) -> Result<Self, String> {
        match PRESETS.iter().find(|preset| preset.name == text) {
            Some(preset) => Ok(Self(preset.columns.to_vec())),
            None => text.split(',').map(Self::find).collect::<Result<_, _>>().map(Self),
        }
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// Where there is none, with those that there are.
    pub fn find(name: &str) -> Result<&'static str, String> {
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
        Self(ids.into_iter().collect())
    }

    /// Their names.
    pub fn ids(&self) -> &[&'static str] {
        &self.0
    }

    /// The set that they are.
    pub fn preset(&self) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.columns == self.0)
    }

    /// The set after this one, or the first.
    #[must_use]
    pub fn next_preset(&self) -> Self {
        let at = PRESETS.iter().position(|preset| preset.columns == self.0);
        Self(PRESETS[at.map_or(0, |at| (at + 1) % PRESETS.len())].columns.to_vec())
    }

    /// The figures that they show, for tables that have nothing else.
    pub fn fields(&self) -> Vec<&'static Field> {
        let is_told = |at: usize, field: &'static str| {
            self.0.contains(&field) || self.0[..at].iter().any(|earlier| field_of(earlier) == field)
        };
        let is_shown = |at: usize, id: &'static str| field_of(id) == id || !is_told(at, field_of(id));
        let shown = self.0.iter().enumerate().filter(|(at, id)| is_shown(*at, id));
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
        ] {
            let error = Columns::parse(text).unwrap_err();
            assert!(error.starts_with(told), "{error}");
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
