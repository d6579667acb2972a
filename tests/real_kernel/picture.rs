//! The README's picture of a real host: containers at their limits, in a terminal. It shows what this machine does, so
//! it is drawn on demand only: `cargo test --test real_kernel -- --ignored a_picture_of_a_real_host`.

use std::fs;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use vt100::Screen;

use crate::hierarchy;
use crate::pty::{PROGRAM, Terminal};
use crate::support::cgroups::{Cgroup, Sandbox};
use crate::support::disk;
use crate::support::hogs::Hog;
use crate::support::kernel_log::Turn;
use crate::support::picture::picture;
use crate::table::counts;

const SIZE: (u16, u16) = (120, 30);
const MIB: u64 = 1 << 20;
const TITLE: &str = "memcgtop: real cgroups at their limits, cgroup v1 without swap";

/// Without the kernel's log of what else was killed on the machine, and without the machine's name.
const ALONE: &str = r#"mount --bind /dev/null /dev/kmsg && hostname build-7 && exec "$0" "$@""#;

/// A container of LXC, which is named by its path.
fn named(name: &str) -> String {
    format!("lxc.payload.{name}")
}

#[test]
#[ignore = "draws a picture, and keeps a disk busy for more than a minute"]
fn a_picture_of_a_real_host() {
    let Some(hierarchy) = hierarchy() else { return };
    let _turn = Turn::take();
    let sandbox = Sandbox::new(&hierarchy, "picture");
    let directory = disk::directory();
    let limited = |name: &str, mib: u64| sandbox.limited(&named(name), mib * MIB);
    let using = |cgroup: &Cgroup, mib: u64| {
        let mut hog = Hog::in_cgroup(cgroup);
        hog.does(&format!("anon {mib}"));
        hog
    };
    let shop = sandbox.limited("shop", 512 * MIB);
    let of_shop = |name: &str| shop.child(&named(name));
    let _calm = [
        using(&limited("redis-cache", 1024), 420),
        using(&limited("grafana", 256), 58),
        using(&sandbox.cgroup(&named("node-exporter")), 14),
        using(&of_shop("index"), 280),
    ];
    // What they hold, and the files that they read again and again.
    let mut busy = [
        (using(&limited("checkout", 384), 350), "checkout", 96),
        (using(&limited("postgres-main", 512), 120), "postgres", 560),
        (using(&of_shop("search"), 190), "search", 80),
    ]
    .map(|(mut hog, name, mib)| {
        let file = disk::file(&directory, name);
        hog.does(&format!("write {file} {mib}"));
        (hog, file)
    });

    let root = sandbox.root().directory.to_str().unwrap();
    let options = ["-mu", "sh", "-c", ALONE, PROGRAM, "--cgroup-root", root, "--theme", "dark"];
    let variables = [("COLORTERM", "truecolor"), ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")];
    let mut terminal = Terminal::start_on(SIZE.0, SIZE.1, "unshare", &options, &variables);
    terminal.wait_for("the rows", |screen| screen.contents().contains("node-exporter"));
    let report = limited("report-gen", 192);
    using(&report, 120).dies_of("anon 100");
    let _again = using(&report, 40);
    let shown = loop {
        for (hog, file) in &mut busy {
            hog.does(&format!("read {file}"));
        }
        terminal.press("g");
        let (text, screen) = (terminal.text(), terminal.screen());
        let has = |sign: &str| text.lines().any(|line| line.get(1..).is_some_and(|line| line.starts_with(sign)));
        if text.contains("attached 1m") && has("=") && has("^") && counts(&screen, "report-gen", "OOM") {
            break screen;
        }
        assert!(!text.contains("attached 5m"), "not what was to be shown:\n{text}");
    };
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/live.svg");
    fs::write(file, picture(&buffer(&shown), TITLE)).unwrap();
}

/// What a terminal shows.
fn buffer(screen: &Screen) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    for (column, row) in (0..SIZE.1).flat_map(|row| (0..SIZE.0).map(move |column| (column, row))) {
        if let Some(shown) = screen.cell(row, column).filter(|cell| cell.has_contents()) {
            paint(&mut buffer[(column, row)], shown);
        }
    }
    buffer
}

fn paint(cell: &mut Cell, shown: &vt100::Cell) {
    cell.set_symbol(shown.contents());
    if let vt100::Color::Rgb(red, green, blue) = shown.fgcolor() {
        cell.set_fg(Color::Rgb(red, green, blue));
    }
    for (is_on, modifier) in
        [(shown.bold(), Modifier::BOLD), (shown.dim(), Modifier::DIM), (shown.inverse(), Modifier::REVERSED)]
    {
        cell.modifier.set(modifier, is_on);
    }
}
