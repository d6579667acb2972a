//! Rules about time that is lost: thrashing, throttling, swapping, a host that is short.

use super::{Case, Severity, Standing, Watch, limit_of, own_limit, percent, stall};
use crate::model::verdict::State;
use crate::model::{Group, HostMoved};
use crate::snapshot::Host;
use crate::units::{self, Limit};

/// Where the kernel tells no pressure, thrashing ends below so many pages read back in a second.
const QUIET: f64 = 50.0;

/// The verdict says whether a limit holds it; the stall says what that costs. Without stall, what is read back does.
pub(super) fn thrash(group: &Group, case: Case<'_>) -> Option<Standing> {
    let verdict = group.verdict.ok()?;
    let at_limit = matches!(verdict.state, State::AtLimit | State::Thrashing | State::SwapFull | State::Unknown);
    let (costs, weight) = if let Ok(psi) = group.figures.psi {
        (case.is_beyond(psi.some.avg10), psi.some.avg10)
    } else {
        let pages = group.moved.and_then(|moved| moved.read_back()).unwrap_or(0.0);
        (verdict.state == State::Thrashing || case.stood && pages >= QUIET, pages)
    };
    if !at_limit || !costs {
        return None;
    }
    let (sign, limit, hits) = if verdict.ancestor {
        ('^', limit_of(&group.figures), &group.ancestor_hits)
    } else {
        ('=', own_limit(&group.figures), &group.hits)
    };
    let cost = match group.figures.psi {
        Ok(_) => stall(&group.figures),
        Err(_) => format!(", {} pages/s read back", units::count(weight as u64)),
    };
    let text = format!("thrashing at {limit}{cost}, +{}", units::counted(hits.since_attach, "hit"));
    Some(Standing { sign, text, severity: Severity::Usual, weight })
}

/// At an ancestor's memory.high somebody is slowed down, but the kernel does not say who: those who wait are meant.
pub(super) fn throttled(group: &Group, case: Case<'_>) -> Option<Standing> {
    let now = case.model.now();
    let figures = &group.figures;
    let own = group.rose_lately(&group.throttled, now);
    let above = figures.stalls_a_little() && group.rose_lately(&group.ancestor_throttled, now);
    if !own && !above {
        return None;
    }
    let (whose, high, tally) = if own {
        ("memory.high", figures.high, &group.throttled)
    } else {
        ("an ancestor's memory.high", figures.effective_high, &group.ancestor_throttled)
    };
    let high = high.ok().and_then(Limit::bytes).map_or(String::new(), |high| format!(" {}", units::size(high)));
    let events = units::counted(tally.since_attach, "event");
    let hurts = group.verdict.is_ok_and(|verdict| verdict.hurts);
    Some(Standing {
        sign: '~',
        text: format!("throttled by {whose}{high}, +{events}{}", stall(figures)),
        severity: Severity::worse_if(hurts),
        weight: figures.psi.map_or(0.0, |psi| psi.some.avg10),
    })
}

/// Pushed out, by whomever.
pub(super) fn swap_growth(group: &Group, case: Case<'_>) -> Option<Standing> {
    let moved = group.moved?;
    let rate = moved.per_second(moved.swapped)?;
    let swap = group.figures.swap.ok()?;
    case.is_beyond(rate).then(|| Standing {
        sign: ' ',
        text: format!("pushed out at {}/s, {} in swap", units::size(rate as u64), units::size(swap)),
        severity: Severity::Usual,
        weight: rate,
    })
}

/// One alert for the host: whom it takes from is told by their verdicts.
pub(super) fn host_short(case: Case<'_>) -> Option<Standing> {
    let (host, moved) = (case.model.host()?, case.model.host_moved()?);
    let (available, total) = (host.mem_available.ok()?, host.mem_total.ok()?);
    let share = percent(available, total);
    if !reclaims(moved, case) || !case.is_beyond(share) {
        return None;
    }
    let hurts = |group: &Group| group.verdict.is_ok_and(|verdict| verdict.host && verdict.hurts);
    let severity = Severity::worse_if(case.model.rows().any(hurts));
    Some(Standing { sign: 'H', text: shortage(host, moved), severity, weight: -share })
}

/// Reclaim for the whole host twice in a row, as the verdicts ask for, or as often as it can be seen.
fn reclaims(moved: HostMoved, case: Case<'_>) -> bool {
    moved.streak >= if case.stood || case.watch == Watch::Once { 1 } else { 2 }
}

fn shortage(host: &Host, moved: HostMoved) -> String {
    format!(
        "short of memory: {} of {} available, {}, kswapd scanned {}",
        units::size_or_unknown(host.mem_available),
        units::size_or_unknown(host.mem_total),
        units::counted(moved.allocstall, "allocation stall"),
        units::counted(moved.pgscan_kswapd, "page")
    )
}
