//! Rules about limits: hit, near, in sight, used up.

use std::cmp::Reverse;
use std::time::Duration;

use super::{Case, Severity, Standing, limit_of, own_limit, percent, stall};
use crate::model::evidence::held;
use crate::model::verdict::{self, RECENT, State, is_near_limit};
use crate::model::{Group, Tally, limits};
use crate::snapshot::Resource;
use crate::units::{self, Limit};

/// Nearer than this, nobody has time to think.
const SOON: Duration = Duration::from_secs(60);

/// Hits alone are a notice: a container that reads more files than its limit holds hits it by design.
pub(super) fn limit_hit(group: &Group, case: Case<'_>) -> Option<Standing> {
    let figures = &group.figures;
    if figures.limited_by_resource == Ok(limits::Resource::Private) && figures.limit == Ok(Limit::Unlimited) {
        // Its hits are refused allocations, which are more than a notice: see `resource_refused`.
        return None;
    }
    let now = case.model.now();
    // The same tests as the verdict's, so that row and alert say the same.
    let ancestor = verdict::is_held_above(group, &group.figures, now) && group.rose_lately(&group.ancestor_hits, now);
    let (sign, tally) = match (ancestor, group.rose_lately(&group.hits, now)) {
        (true, _) => ('^', &group.ancestor_hits),
        (false, true) => ('=', &group.hits),
        (false, false) => return None,
    };
    let limit = if ancestor { limit_of(&group.figures) } else { own_limit(&group.figures) };
    let hits = units::counted(tally.since_attach, "hit");
    let hurts = group.verdict.is_ok_and(|verdict| verdict.hurts);
    let text = if hurts {
        format!("at {limit}{}, +{hits}", stall(&group.figures))
    } else {
        format!("at {limit}, calm, +{hits}")
    };
    Some(Standing { sign, text, severity: Severity::Usual, weight: tally.since_attach as f64 })
}

/// OpenVZ refused it something that is not judged as its memory: the program in it got an error.
pub(super) fn resource_refused(group: &Group, case: Case<'_>) -> Option<Standing> {
    const NAMED: usize = 3;
    let now = case.model.now();
    let mut refused: Vec<_> =
        group.resources.beside_memory().filter(|(_, tally)| tally.rose_within(RECENT, now)).collect();
    refused.sort_by_key(|(_, tally)| Reverse(tally.since_attach));
    let told = |(resource, tally): &(&Resource, &Tally)| {
        format!("{} +{} ({})", resource.name, units::count(tally.since_attach), held(resource))
    };
    let rest = (refused.len() > NAMED).then(|| format!("{} more", refused.len() - NAMED));
    let named: Vec<String> = refused.iter().take(NAMED).map(told).chain(rest).collect();
    (!refused.is_empty()).then(|| Standing {
        sign: '=',
        text: format!("refused {}", named.join(", ")),
        severity: Severity::Usual,
        weight: refused.iter().map(|(_, tally)| tally.since_attach as f64).sum(),
    })
}

/// Page cache hits a limit as often as files are read; where something must be there, hits are a fight for room.
pub(super) fn hit_rate(group: &Group, case: Case<'_>) -> Option<Standing> {
    let rate = group.moved?.per_second(group.hits.new())?;
    if !case.is_beyond(rate) || !(group.figures.stalls_a_little() || is_near_limit(&group.figures)) {
        return None;
    }
    let text = format!("{} hits/s at {}{}", units::count(rate as u64), limit_of(&group.figures), stall(&group.figures));
    Some(Standing { sign: '=', text, severity: Severity::Usual, weight: rate })
}

/// What cannot be dropped nears the limit; a full page cache does not.
pub(super) fn near_limit(group: &Group, case: Case<'_>) -> Option<Standing> {
    if group.figures.limited_by_resource == Ok(limits::Resource::Private) {
        return near_allocation_limit(group, case);
    }
    let (floor, limit) = (group.figures.undroppable()?, group.figures.effective_limit_bytes()?);
    let share = percent(floor, limit);
    case.is_beyond(share).then(|| Standing {
        sign: ' ',
        text: format!("near its limit: {} of {} cannot be dropped", units::size(floor), units::size(limit)),
        severity: Severity::Usual,
        weight: share,
    })
}

/// Nothing of what is allocated can be dropped, so all of it counts.
fn near_allocation_limit(group: &Group, case: Case<'_>) -> Option<Standing> {
    let figures = &group.figures;
    let (allocated, limit) = (figures.limited_by_usage.ok()?, figures.limited_by_limit.ok()?.bytes()?);
    let share = percent(allocated, limit);
    case.is_beyond(share).then(|| Standing {
        sign: ' ',
        text: format!("near its privvmpages: {} of {} allocated", units::size(allocated), units::size(limit)),
        severity: Severity::Usual,
        weight: share,
    })
}

/// What cannot be dropped grows towards the row's own limit.
pub(super) fn time_to_limit(group: &Group, case: Case<'_>) -> Option<Standing> {
    let forecast = group.forecast?;
    let seconds = forecast.likely.as_secs_f64();
    if !case.is_beyond(seconds) {
        return None;
    }
    let latest =
        forecast.latest.map_or_else(|| "or later".to_owned(), |latest| format!("to {}", units::age_long(latest)));
    let text = format!(
        "reaches {} in {} ({} {latest}) if it goes on like this",
        limit_of(&group.figures),
        units::age_long(forecast.likely),
        units::age_long(forecast.soonest),
    );
    Some(Standing { sign: ' ', text, severity: Severity::worse_if(forecast.likely <= SOON), weight: -seconds })
}

/// Nothing more can go to swap. The kernel's counter of that also counts for page cache on v1, so it is not asked alone.
pub(super) fn swap_limit(group: &Group, case: Case<'_>) -> Option<Standing> {
    let figures = &group.figures;
    let (Ok(swap), Ok(Limit::Bytes(limit @ 1..))) = (figures.swap, figures.swap_limit) else { return None };
    let share = percent(swap, limit);
    let full = group.verdict.is_ok_and(|verdict| verdict.state == State::SwapFull);
    if !full && !case.is_beyond(share) {
        return None;
    }
    let used = format!("{} of {} swap used", units::size(swap), units::size(limit));
    let text = if full { format!("out of swap at {}: {used}", limit_of(figures)) } else { used };
    Some(Standing { sign: ' ', text, severity: Severity::Usual, weight: share })
}
