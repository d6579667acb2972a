//! OOM kills that no row tells of: their cgroups were gone before they were read, or are no rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alert::rules::{NEWS, Severity, Standing, lives};
use crate::model::autopsy::Autopsy;
use crate::model::{Group, Model};

/// The kills of one cgroup.
#[derive(Debug)]
pub(super) struct Kills {
    /// Its path; `None` where nobody says which it was.
    pub(super) path: Option<Arc<str>>,
    /// What it was called.
    pub(super) name: Arc<str>,
    /// That they stand.
    pub(super) standing: Standing,
}

/// Kills since memcgtop watches that are still news, but for those of `judged` rows and of cgroups that are `told` of.
pub(super) fn untold(model: &Model, judged: impl Fn(&Group) -> bool, told: impl Fn(&str) -> bool) -> Vec<Kills> {
    let Some(snapshot) = model.snapshot() else { return Vec::new() };
    let mut kills: BTreeMap<Option<&Arc<str>>, Vec<&Autopsy>> = BTreeMap::new();
    let is_news = |autopsy: &&Autopsy| {
        !autopsy.past && snapshot.taken_at.duration_since(autopsy.when).unwrap_or_default() <= NEWS
    };
    for autopsy in model.autopsies().newest().take_while(is_news) {
        kills.entry(autopsy.cgroup.as_ref()).or_default().push(autopsy);
    }
    kills.retain(|path, _| !path.is_some_and(|path| is_row(model, path, &judged) || told(path)));
    kills.into_iter().map(|(path, autopsies)| summary(path, &autopsies)).collect()
}

/// Rows tell of their kills themselves.
fn is_row(model: &Model, path: &str, judged: impl Fn(&Group) -> bool) -> bool {
    let tells = |group: &Group| *group.id.path == *path && judged(group) && lives::has_news(group, model.now());
    model.groups().iter().any(tells)
}

/// The newest comes first.
fn summary(path: Option<&Arc<str>>, autopsies: &[&Autopsy]) -> Kills {
    let newest = autopsies.first().copied();
    let name = newest.and_then(|autopsy| autopsy.name.clone()).or_else(|| path.cloned());
    let last = newest.map_or(String::new(), lives::of_autopsy);
    let count = autopsies.len() as u64;
    Kills {
        path: path.cloned(),
        name: name.unwrap_or_else(|| "a cgroup that is gone".into()),
        standing: Standing {
            sign: 'X',
            text: lives::kills_told(count, "", &last),
            severity: Severity::Usual,
            weight: lives::weight(newest),
        },
    }
}
