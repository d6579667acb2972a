//! Bars and small curves, a cell for each part.

use ratatui::text::Span;

use crate::model::figures::Holder;
use crate::model::history::{Axis, History, Point, Slot};
use crate::model::limits::Resource;
use crate::model::{Figures, Group};
use crate::snapshot::Missing;
use crate::ui::theme::{Role, Theme};
use crate::units::Limit;

use std::time::Duration;

/// How a row fills the limit that binds it: floor, droppable, taken by others or allocated only, free, with `memory.high`
/// marked.
pub fn limit<'a>(group: &Group, cells: usize, theme: &Theme) -> Vec<Span<'a>> {
    let figures = &group.figures;
    if matches!(figures.limited_by_limit, Err(reason) if reason != Missing::NoLimit) {
        return vec![Span::styled("?", theme.style(Role::Dim))];
    }
    let (Ok(Limit::Bytes(limit)), Ok(usage)) = (figures.limited_by_limit, figures.usage) else {
        let words = format!("{:<cells$.cells$}", "no limit");
        return vec![Span::styled(words, theme.style(Role::Dim))];
    };
    if let Err(Missing::NotKept) = figures.floor {
        return vec![Span::styled("?", theme.style(Role::Dim))];
    }
    let counted = figures.limited_by_usage.unwrap_or(usage);
    let others = match figures.limited_by {
        Ok(Holder::Ancestor(_)) => counted.saturating_sub(usage),
        // Allocated, and not used.
        Ok(Holder::Own(_)) if figures.limited_by_resource == Ok(Resource::Private) => counted.saturating_sub(usage),
        _ => 0,
    };
    let floor = figures.floor.unwrap_or(usage).min(usage);
    let used = share(usage, limit, cells, figures.at_limit && others == 0);
    let floor_cells = share(floor, limit, cells, floor == usage && used == cells).min(used);
    let others_cells = share(usage + others, limit, cells, figures.at_limit).saturating_sub(used);
    let hurts = figures.at_limit && group.verdict.is_ok_and(|verdict| verdict.hurts);
    let role = if hurts { Role::Critical } else { Role::Plain };
    let glyphs = theme.glyphs;
    let stays = if figures.floor.is_ok() { glyphs.floor } else { glyphs.used };
    let mut parts = vec![(stays, role); floor_cells];
    parts.extend(vec![(glyphs.droppable, Role::Dim); used - floor_cells]);
    parts.extend(vec![(glyphs.others, Role::Dim); others_cells]);
    parts.resize(cells, (glyphs.free, Role::Dim));
    mark_high(figures, limit, &mut parts, theme);
    spans(&parts, theme)
}

fn mark_high(figures: &Figures, limit: u64, parts: &mut [(&'static str, Role)], theme: &Theme) {
    let Some(high) = figures.effective_high_bytes().filter(|&high| high < limit) else { return };
    let at = share(high, limit, parts.len(), false);
    if let Some(part) = parts.get_mut(at) {
        *part = (theme.glyphs.high, Role::Plain);
    }
}

/// A bar of two parts and the rest, as of the host's memory.
pub fn parts<'a>(first: u64, second: u64, whole: u64, cells: usize, theme: &Theme) -> Vec<Span<'a>> {
    let first_cells = share(first, whole, cells, first >= whole);
    let both = share(first + second, whole, cells, first + second >= whole).max(first_cells);
    let mut parts = vec![(theme.glyphs.floor, Role::Plain); first_cells];
    parts.extend(vec![(theme.glyphs.droppable, Role::Dim); both - first_cells]);
    parts.resize(cells, (theme.glyphs.free, Role::Dim));
    spans(&parts, theme)
}

/// A bar of several parts, each with its glyph, and the rest.
pub fn stacked<'a>(taken: &[(&'static str, u64)], whole: u64, cells: usize, theme: &Theme) -> Vec<Span<'a>> {
    let (mut parts, mut sum) = (Vec::with_capacity(cells), 0_u64);
    for (glyph, part) in taken {
        sum = sum.saturating_add(*part);
        let end = share(sum, whole, cells, sum >= whole).max(parts.len());
        let role = if parts.is_empty() { Role::Plain } else { Role::Dim };
        parts.resize(end, (*glyph, role));
    }
    parts.resize(cells, (theme.glyphs.free, Role::Dim));
    spans(&parts, theme)
}

/// Cells of `part`, rounded; any part of half a cell gets one; all cells only where it is full.
fn share(part: u64, whole: u64, cells: usize, full: bool) -> usize {
    if full {
        return cells;
    }
    let share = (part as f64 / whole.max(1) as f64 * cells as f64).round() as usize;
    share.min(cells.saturating_sub(usize::from(part < whole)))
}

/// Neighbours of one role become one span.
pub(super) fn spans<'a>(parts: &[(&'static str, Role)], theme: &Theme) -> Vec<Span<'a>> {
    let span = |chunk: &[(&'static str, Role)]| {
        let text: String = chunk.iter().map(|(glyph, _)| *glyph).collect();
        Span::styled(text, theme.style(chunk[0].1))
    };
    parts.chunk_by(|a, b| a.1 == b.1).map(span).collect()
}

/// Usage over the last `span`, on a scale from nothing to `top`.
pub fn trend(history: &History, now: Duration, span: Duration, top: u64, cells: usize, theme: &Theme) -> String {
    let usage = |slot: Slot| slot.point().and_then(Point::usage);
    let values: Vec<_> = history.slots(&Axis::new(now, span, cells)).into_iter().map(usage).collect();
    curve(&values, top, theme)
}

/// A curve of values; a gap where nothing was read.
pub fn curve(values: &[Option<u64>], top: u64, theme: &Theme) -> String {
    values.iter().map(|value| value.map_or(" ", |value| level(value, top, theme))).collect()
}

/// One cell of a curve; a part of a step gets a step.
pub(super) fn level(value: u64, top: u64, theme: &Theme) -> &'static str {
    const STEPS: u64 = 8;
    let level = value.saturating_mul(STEPS).div_ceil(top.max(1)).clamp(1, STEPS);
    theme.glyphs.levels[(level - 1) as usize]
}
