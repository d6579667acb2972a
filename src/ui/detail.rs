//! Everything about one row: why, the last minutes, what it is made of, swap, the limits above it, every figure.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::action::Action;
use crate::field::FIELDS;
use crate::model::figures::Holder;
use crate::model::forecast::Forecast;
use crate::model::host::mem_used;
use crate::model::limits::Resource;
use crate::model::verdict::State;
use crate::model::{Group, cause, evidence};
use crate::snapshot::{CgroupId, Reading};
use crate::text;
use crate::ui::chart::Subject;
use crate::ui::columns;
use crate::ui::panels::state;
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, chart, folded, header, network, processes, resources, rule, spread};
use crate::units;

/// The screen of one row; says so if it is gone.
pub fn lines(app: &App, id: &CgroupId, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let Some(group) = app.model.group(id) else {
        let path = text::visible(&id.path).into_owned();
        let state = if app.looks_back().is_some() { "was not there then" } else { "is gone" };
        let back = format!("{} goes back to the table", app.keys.told(Action::Back));
        return vec![Line::raw(format!("{path} {state}")), Line::raw(back)];
    };
    let mut lines = header::moment(app, theme);
    lines.extend(title(group, width, theme));
    lines.push(rule("why", "", width, theme));
    lines.extend(why(app, group));
    lines.extend(chart::lines(app, Subject::Row(group), width, chart_height(area.height), theme));
    lines.extend(resources::lines(group, width, theme));
    lines.extend(composition(group, width, theme));
    lines.extend(swap(app, group, width, theme));
    lines.extend(chain(app, group, width, theme));
    lines.extend(declaration(group, theme));
    lines.extend(network::lines(app, group, width, theme));
    lines.extend(processes::lines(app, width, theme));
    lines.extend(figures("every figure", group, width, theme));
    folded(lines, width)
}

fn title(group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut first = columns::sign(group, theme);
    let name = text::visible(&group.identity.label()).into_owned();
    let verb = if group.verdict.is_ok_and(|verdict| verdict.state == State::Oom) { "was" } else { "is" };
    first.push(Span::styled(format!(" {name} {verb} {}", state(group)), theme.style(Role::Strong)));
    let identity = &group.identity;
    let mut facts = vec![identity.kind.name().to_owned()];
    facts.extend(identity.runtime.as_ref().map(ToString::to_string));
    facts.extend(identity.image.as_ref().ok().map(|image| format!("image {image}")));
    facts.extend(identity.namespace.as_ref().ok().map(|namespace| format!("namespace {namespace}")));
    facts.extend(identity.pod.as_ref().ok().or(identity.pod_id.as_ref()).map(|pod| format!("pod {pod}")));
    facts.extend(identity.id.as_ref().map(|id| format!("id {id}")));
    facts.push(group.figures.processes.map_or_else(|_| String::new(), |n| units::counted(n, "process")));
    facts.push(format!("cgroup {}", group.id.path));
    let facts = facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", ");
    let facts = text::visible(&facts).into_owned();
    // All of them are among the figures below; what is above the reasons is short.
    let facts = text::truncate(&facts, width.saturating_sub(3), theme.glyphs.ellipsis).into_owned();
    vec![Line::from(first), Line::styled(format!("   {facts}"), theme.style(Role::Dim))]
}

/// The facts behind the verdict, what makes the row need what it needs, and when that ends.
fn why(app: &App, group: &Group) -> Vec<Line<'static>> {
    let host = evidence::of_host(&app.model);
    let facts = evidence::evidence(group).into_iter().chain(host);
    let cause = cause::causes(group);
    let time = group.forecast.map(forecast);
    let mates = room_mates(app, group);
    let lines = facts.chain(cause).chain(time).chain(mates).chain(cause::relief(&group.figures));
    lines.map(|fact| Line::raw(format!("  {}", text::visible(&fact)))).collect()
}

fn forecast(forecast: Forecast) -> String {
    let (likely, soonest) = (units::age_long(forecast.likely), units::age_long(forecast.soonest));
    let range = match forecast.latest.map(units::age_long) {
        Some(latest) => format!("{soonest} to {latest}"),
        None => format!("{soonest} at the soonest"),
    };
    format!("reaches its limit in about {likely} ({range}) if what cannot be dropped grows on")
}

/// Who uses the room below the ancestor that holds it.
fn room_mates(app: &App, group: &Group) -> Option<String> {
    const NAMED: usize = 4;
    let mates = evidence::room_mates(&app.model, group);
    let usage = |mate: &Group| units::size_or_unknown(mate.figures.usage);
    let named = mates.iter().take(NAMED).map(|mate| format!("{} {}", mate.identity.label(), usage(mate)));
    let rest = (mates.len() > NAMED).then(|| format!("{} more", mates.len() - NAMED));
    let told: Vec<_> = named.chain(rest).collect();
    (mates.len() > 1).then(|| format!("below that limit: {}", told.join(", ")))
}

/// Lines of usage in the chart of a screen so high; none where the facts need all of it.
fn chart_height(height: u16) -> u64 {
    match height {
        ..16 => 0,
        16..36 => 4,
        36..50 => 8,
        _ => 14,
    }
}

fn composition(group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let figures = &group.figures;
    let Ok(usage) = figures.usage else { return Vec::new() };
    if let Err(reason) = figures.floor {
        let title = format!("{}, made of", units::size(usage));
        let note = format!("  what can be dropped, and what cannot: {}", reason.reason());
        return vec![rule(&title, "", width, theme), Line::styled(note, theme.style(Role::Dim))];
    }
    let stat = &figures.stat;
    let floor = figures.floor.unwrap_or(usage);
    let note = figures.working_set.map_or_else(
        |_| String::new(),
        |set| format!("what docker and kubelet call its memory: working set {}", units::size(set)),
    );
    let mut lines = vec![rule(&format!("{}, made of", units::size(usage)), &note, width, theme)];
    let mut line = vec![Span::raw("  ")];
    line.extend(bar::parts(floor, usage.saturating_sub(floor), usage, width.saturating_sub(4), theme));
    lines.push(Line::from(line));
    let part = |name: &str, reading: Reading| format!("{name} {}", units::size_or_unknown(reading));
    let stays =
        [part("anon", stat.anon), part("tmpfs", stat.shmem), part("kernel", stat.kernel), part("sockets", stat.sock)];
    lines.push(Line::raw(format!(
        "  {} floor {}: {}    {} can drop {}",
        theme.glyphs.floor,
        units::size(floor),
        stays.join("  "),
        theme.glyphs.droppable,
        units::size(usage.saturating_sub(floor)),
    )));
    let cache = [
        part("file", stat.file),
        part("mapped", stat.mapped),
        part("dirty", stat.dirty),
        part("writeback", stat.writeback),
    ];
    lines.push(Line::styled(format!("  page cache: {}", cache.join("  ")), theme.style(Role::Dim)));
    lines
}

/// Gone to the swap device, or pushed out and still in memory, and being read back or not.
fn swap(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let figures = &group.figures;
    let mut lines = vec![rule("swap", "", width, theme)];
    let hierarchy = app.model.host().map(|host| host.hierarchy);
    let told = hierarchy.map(|hierarchy| cause::swap(group, hierarchy)).unwrap_or_default();
    lines.extend(told.iter().map(|fact| Line::raw(format!("  {fact}"))));
    let footprint = figures.footprint.map_or_else(|reason| format!("? ({})", reason.reason()), units::size);
    let limit = figures.swap_limit.map_or_else(|_| "?".to_owned(), units::limit);
    lines.push(Line::styled(
        format!("  footprint {footprint}: memory and swap, nothing counted twice; swap limit {limit}"),
        theme.style(Role::Dim),
    ));
    lines
}

/// The row and everything above it: whose limit, how much room, how often hit.
fn chain(app: &App, group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    const CELL: usize = 8;
    // Names are worth more than what can be worked out, or told by the row itself.
    let heads = if width < 60 { &["USED", "LIMIT"][..] } else { &["USED", "LIMIT", "ROOM", "HITS"] };
    let head: String = heads.iter().map(|head| text::pad_left(head, CELL)).collect();
    let mut lines = vec![rule("limits above it", head.trim_start(), width, theme)];
    let binding = group.figures.limited_by.as_ref().map_or("", |by| by.path());
    for (depth, link) in std::iter::once(group).chain(app.model.above(group)).enumerate() {
        let figures = &link.figures;
        let name =
            if link.parent.is_none() { "host".to_owned() } else { text::visible(&link.identity.label()).into_owned() };
        let name = format!("{}{name}", "  ".repeat(depth));
        let host = app.model.host().filter(|host| link.parent.is_none() && !host.namespaced);
        let is_allocated = depth == 0 && figures.limited_by_resource == Ok(Resource::Private);
        let name = if is_allocated { format!("{name} {}", Resource::Private.name()) } else { name };
        let (limit, usage) = match host {
            Some(host) => (host.mem_total.ok(), mem_used(host)),
            None if is_allocated => {
                (figures.limited_by_limit.ok().and_then(units::Limit::bytes), figures.limited_by_usage)
            }
            None => (figures.limit.ok().and_then(units::Limit::bytes), figures.usage),
        };
        let room = limit.zip(usage.ok()).map(|(limit, usage)| units::size_rounded_down(limit.saturating_sub(usage)));
        let mark =
            if &*link.id.path == binding || (depth == 0 && binding.starts_with(&*link.id.path)) { "<" } else { " " };
        let cells = [
            units::size_or_unknown(usage),
            limit.map_or_else(|| theme.glyphs.unlimited.to_owned(), units::size),
            room.unwrap_or_else(|| "-".to_owned()),
            figures.failcnt.map_or_else(|_| "-".to_owned(), units::count),
        ];
        let cells: String = cells.iter().take(heads.len()).map(|cell| text::pad_left(cell, CELL)).collect();
        let room = width.saturating_sub(heads.len() * CELL + 8);
        if mark == "<" && text::width(&name) > room {
            // Whose limit it is, is worth a line.
            lines.push(Line::raw(format!("  {name}:")));
        }
        let left = format!("  {}", text::elide(&name, room, theme.glyphs.ellipsis));
        lines.push(spread(vec![Span::raw(left)], vec![Span::raw(format!("{cells} {mark}"))], width.saturating_sub(1)));
    }
    lines
}

/// Where its limits are not what, or not where, its runtime's configuration says.
fn declaration(group: &Group, theme: &Theme) -> Vec<Line<'static>> {
    let runtime = text::visible(group.identity.runtime.as_deref().unwrap_or("its runtime")).into_owned();
    let differences = group.differences.iter().map(|difference| {
        let (declared, enforced) = (units::limit(difference.declared), units::limit(difference.enforced));
        let what = difference.field.replace('_', " ");
        let text = format!("  * {runtime} asks for a {what} of {declared}, the kernel enforces {enforced}");
        Line::styled(text, theme.style(Role::Warning))
    });
    let mut lines: Vec<_> = differences.collect();
    if let Ok(Holder::Own(path)) = &group.figures.limited_by
        && let Some(inner) = path.strip_prefix(&*group.id.path).filter(|inner| !inner.is_empty())
    {
        let inner = text::visible(inner.trim_start_matches('/')).into_owned();
        lines.push(Line::raw(format!("  the limit is on its inner cgroup {inner}, where {runtime} put it")));
    }
    lines
}

/// Every figure with its value, or why there is none.
pub(super) fn figures(title: &str, group: &Group, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![rule(title, "meanings under ?", width, theme)];
    lines.extend(FIELDS.iter().map(|field| {
        let head = Span::styled(format!("  {}", text::pad_right(field.id, 22)), theme.style(Role::Accent));
        let value = match (field.get)(group) {
            Ok(value) => Span::raw(text::visible(&value.human()).into_owned()),
            Err(reason) => Span::styled(format!("- {}", reason.reason()), theme.style(Role::Dim)),
        };
        Line::from(vec![head, value])
    }));
    lines
}
