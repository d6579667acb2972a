//! What one reading costs inside memcgtop: `memory.stat` understood, a snapshot taken in, a screen drawn.
//!
//! `cargo bench --bench core`; no cgroups and no rights are needed, the host is the demo's.
#![expect(clippy::expect_used, reason = "a benchmark without its input measures nothing")]

use std::time::Duration;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use jiff::tz::TimeZone;
use memcgtop::alert::policy::Policies;
use memcgtop::app::keys::Keymap;
use memcgtop::app::mouse::Mouse;
use memcgtop::app::{App, Idle, Message, Settings};
use memcgtop::export;
use memcgtop::field::columns::Columns;
use memcgtop::kernel::file::Content;
use memcgtop::kernel::hierarchy::Version;
use memcgtop::kernel::stat::{StatKey, StatLines};
use memcgtop::model::{Model, Scope};
use memcgtop::protection::Protection;
use memcgtop::query::{Filter, Sort};
use memcgtop::snapshot::{Fresh, Snapshot};
use memcgtop::source::Source;
use memcgtop::source::demo::Demo;
use memcgtop::ui;
use memcgtop::ui::palette::{DARK, Depth};
use memcgtop::ui::theme::{Theme, UNICODE};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SECOND: Duration = Duration::from_secs(1);
const V1_STAT: &[u8] = include_bytes!("../fixtures/v1/10-active/memory.stat");
const V2_STAT: &[u8] = include_bytes!("../fixtures/v2/linux-6.1/10-active/cg/pod/app/memory.stat");

fn main() {
    divan::main();
}

#[divan::bench]
fn parse_stat_v1(bencher: Bencher<'_, '_>) {
    parse_stat(bencher, Version::V1, V1_STAT);
}

#[divan::bench]
fn parse_stat_v2(bencher: Bencher<'_, '_>) {
    parse_stat(bencher, Version::V2, V2_STAT);
}

fn parse_stat(bencher: Bencher<'_, '_>, version: Version, bytes: &[u8]) {
    let keys = stat_keys(version);
    let (mut lines, mut memory) = (StatLines::default(), version.blank());
    bencher.counter(BytesCount::of_slice(bytes)).bench_local(|| lines.parse(keys, black_box(bytes), &mut memory));
}

fn stat_keys(version: Version) -> &'static [StatKey] {
    let keys = version.files().iter().find_map(|file| match file.content {
        Content::Stat(keys) => Some(keys),
        _ => None,
    });
    keys.expect("both versions have a memory.stat")
}

/// A snapshot of a thousand containers taken in by a model that knows the one before.
#[divan::bench]
fn ingest_1000(bencher: Bencher<'_, '_>) {
    const CONTAINERS: usize = 1000;
    let mut demo = Demo::wide(CONTAINERS);
    let mut model = Model::new(Scope::Containers);
    model.ingest(next(&mut demo));
    bencher
        .counter(ItemsCount::new(CONTAINERS))
        .with_inputs(|| next(&mut demo))
        .bench_local_values(|snapshot| model.ingest(snapshot));
}

/// The table of a thousand containers on a screen of 160 by 50.
#[divan::bench]
fn draw_1000(bencher: Bencher<'_, '_>) {
    let app = app(1000, Sort::Trouble);
    let theme = Theme::new(&DARK, Depth::Sixteen, &UNICODE);
    let mut terminal = Terminal::new(TestBackend::new(160, 50)).expect("a terminal in memory");
    bencher.bench_local(|| {
        terminal.draw(|frame| ui::view(&app, &theme, frame)).expect("a drawn frame");
    });
}

#[divan::bench(args = ["trouble", "usage", "name"])]
fn arrange_5000(bencher: Bencher<'_, '_>, sort: &str) {
    const CONTAINERS: usize = 5000;
    let model = model(CONTAINERS);
    let sort = Sort::parse(sort).expect("an order");
    bencher
        .counter(ItemsCount::new(CONTAINERS))
        .bench_local(|| export::rows(black_box(&model), None, &Filter::All, &sort).len());
}

/// The whole step from a reading to a drawable state: model, alerts and order.
#[divan::bench(args = [1000, 5000])]
fn update(bencher: Bencher<'_, '_>, containers: usize) {
    let mut demo = Demo::wide(containers);
    let mut app = app(containers, Sort::Trouble);
    demo.advance(3 * SECOND);
    bencher
        .counter(ItemsCount::new(containers))
        .with_inputs(|| Box::new(next(&mut demo)))
        .bench_local_values(|snapshot| app.update(Message::Sample(Ok(snapshot))));
}

/// The same after an event in one container, with the screen drawn.
#[divan::bench(args = [1000, 5000])]
fn early(bencher: Bencher<'_, '_>, containers: usize) {
    let mut demo = Demo::wide(containers);
    let mut app = app(containers, Sort::Trouble);
    demo.advance(3 * SECOND);
    let theme = Theme::new(&DARK, Depth::Sixteen, &UNICODE);
    let mut terminal = Terminal::new(TestBackend::new(160, 50)).expect("a terminal in memory");
    let last = next(&mut demo).readings.len() - 1;
    bencher
        .with_inputs(|| {
            Box::new(Snapshot { fresh: Fresh::Only { whole: vec![last], counters: vec![] }, ..next(&mut demo) })
        })
        .bench_local_values(|snapshot| {
            app.update(Message::Sample(Ok(snapshot)));
            terminal.draw(|frame| ui::view(&app, &theme, frame)).expect("a drawn frame");
        });
}

#[divan::bench]
fn json_1000(bencher: Bencher<'_, '_>) {
    let model = model(1000);
    let rows = export::rows(&model, None, &Filter::All, &Sort::Trouble);
    let mut out = Vec::new();
    export::json::write(&model, &rows, &mut out).expect("memory to write to");
    bencher.counter(BytesCount::new(out.len())).bench_local(|| {
        out.clear();
        export::json::write(&model, &rows, &mut out).expect("memory to write to");
    });
}

fn next(demo: &mut Demo) -> Snapshot {
    demo.advance(SECOND);
    demo.sample().expect("the demo never fails")
}

/// A model that has seen two readings.
fn model(containers: usize) -> Model {
    let mut demo = Demo::wide(containers);
    let mut model = Model::new(Scope::Containers);
    model.ingest(next(&mut demo));
    model.ingest(next(&mut demo));
    model
}

/// A dashboard that has seen two readings.
fn app(containers: usize, sort: Sort) -> App {
    let mut app = App::new(Settings {
        interval: SECOND,
        filter: Filter::All,
        filter_text: String::new(),
        sort,
        columns: Columns::default(),
        scope: Scope::Containers,
        grouping: None,
        tree: false,
        idle: Idle::Shown,
        mouse: Mouse::On,
        keys: Keymap::default(),
        theme: "dark",
        zone: TimeZone::UTC,
        protection: Protection::default(),
        layout: ui::LAYOUT,
        policies: Policies::default(),
    });
    let mut demo = Demo::wide(containers);
    for _ in 0..2 {
        app.update(Message::Sample(Ok(Box::new(next(&mut demo)))));
    }
    app
}
