//! Rules about the lives of containers: killed, stopped, made again, gone but for their memory.

use std::time::Duration;

use super::{Case, NEWS, Severity, Standing, Watch, limit_of};
use crate::model::autopsy::Autopsy;
use crate::model::{Group, cause};
use crate::units;

/// The OOM killer took something of it, or one in user space did.
pub(super) fn oom_kill(group: &Group, case: Case<'_>) -> Option<Standing> {
    if !has_news(group, case.model.now()) {
        return None;
    }
    let kills = group.killed();
    // Of two readings it is known exactly when it was.
    let when = group.moved.filter(|_| case.watch == Watch::Once);
    let when = when.map_or(String::new(), |moved| format!(" in {:.1} s", moved.over.as_secs_f64()));
    let last = case.model.autopsies().last_counted(&group.id.path);
    let told = last.map_or_else(|| limit_of(&group.figures), of_autopsy);
    Some(Standing { sign: 'X', text: kills_told(kills, &when, &told), severity: Severity::Usual, weight: weight(last) })
}

/// Whether it tells of kills. What was before the start stands in the row, and is nobody's alarm again.
pub(in crate::alert) fn has_news(group: &Group, now: Duration) -> bool {
    group.killed() > 0 && group.was_killed_within(NEWS, now)
}

/// One more kill is worse, and so is to know whom the last one took: whichever rows count them, kills have their numbers.
pub(in crate::alert) fn weight(last: Option<&Autopsy>) -> f64 {
    last.map_or(0.0, |last| last.number as f64 + if last.victim.is_some() { 0.5 } else { 0.0 })
}

/// So many kills, and what is known of the last.
pub(in crate::alert) fn kills_told(count: u64, when: &str, last: &str) -> String {
    if count == 1 {
        format!("OOM kill{when}: {last}")
    } else {
        format!("{}{when}: the last {last}", units::counted(count, "OOM kill"))
    }
}

/// Who was killed by whose limit, and the number under which more is known.
pub(in crate::alert) fn of_autopsy(autopsy: &Autopsy) -> String {
    format!("{} {}, kill #{}", autopsy.victim_told(), autopsy.culprit_told(), autopsy.number)
}

/// Its tasks wait for memory that nobody frees.
pub(super) fn under_oom(group: &Group, _: Case<'_>) -> Option<Standing> {
    (group.figures.under_oom == Ok(true)).then(|| Standing {
        sign: if group.verdict.is_ok_and(|verdict| verdict.ancestor) { '^' } else { '=' },
        text: format!("stands still at {}: its OOM killer is disabled", limit_of(&group.figures)),
        severity: Severity::Usual,
        weight: 0.0,
    })
}

/// Made again and again.
pub(super) fn recreated(group: &Group, case: Case<'_>) -> Option<Standing> {
    let times = case.model.restarts().of(group, NEWS, case.model.now());
    case.is_beyond(times as f64).then(|| Standing {
        sign: ' ',
        text: format!("made again {} within {}", units::counted(times as u64, "time"), units::interval(NEWS)),
        severity: Severity::Usual,
        weight: times as f64,
    })
}

/// Memory without processes.
pub(super) fn left_behind(group: &Group, case: Case<'_>) -> Option<Standing> {
    let usage = group.figures.usage.ok()? as f64;
    let text = cause::left_behind(group)?;
    case.is_beyond(usage).then_some(Standing { sign: ' ', text, severity: Severity::Usual, weight: usage })
}
