//! The processes on the detail screen.

use super::*;
use memcgtop::snapshot::{Process, Processes};

const MIB: u64 = 1 << 20;

fn process(pid: u32, name: &str, [anon, file, shmem, swap]: [u64; 4]) -> Process {
    Process { pid, name: name.to_owned(), anon, file, shmem, swap }
}

fn found(row: &CgroupId, processes: Vec<Process>) -> Message {
    Message::Processes(Processes { read: Ok(processes), ..Processes::none(row.clone(), "") })
}

/// Only the section of the screen.
fn section(app: &App, size: (u16, u16)) -> String {
    let area = Rect::new(0, 0, size.0, size.1);
    let lines = ui::processes::lines(app, usize::from(area.width), &Theme::new(&DARK, Depth::None, &UNICODE));
    lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_largest_come_first_and_grow_since_the_screen_was_opened() {
    let mut app = told(Demo::INCIDENT, "g\n");
    let row = app.looked_at().expect("a row is open").clone();
    let mut shown = vec![section(&app, (80, 24))];
    let small = (100..112).map(|pid| process(pid, "worker", [MIB, MIB, 0, 0]));
    let java = |anon: u64| process(48_810, "java", [anon * MIB, 31 * MIB, 12 * MIB, 1_200 * MIB]);
    let hostile = process(9, "a\u{1b}[31m\u{202e}b", [20 * MIB, 0, 0, 0]);
    let all = |anon| small.clone().chain([hostile.clone(), java(anon)]).collect::<Vec<_>>();
    app.update(found(&row, all(400)));
    app.update(found(&row, all(412)));
    shown.push(section(&app, (80, 24)));
    app.update(Message::Processes(Processes {
        read: Ok(vec![java(390)]),
        refused: Some((3, "Permission denied (os error 13)".to_owned())),
        absent: 1,
        hidden: 2,
        left: 7,
        row: row.clone(),
    }));
    shown.push(section(&app, (80, 24)));
    app.update(Message::Processes(Processes::none(row, "this is a copy of a host's files")));
    shown.push(section(&app, (80, 24)));
    keep_text("processes", &shown.join("\n\n"));
}

#[test]
fn what_was_read_of_another_row_is_not_shown() {
    let mut app = told(Demo::INCIDENT, "g\n");
    let other = CgroupId { path: "/other".into(), inode: 1 };
    app.update(found(&other, Vec::new()));
    assert!(app.processes().is_none());
    let row = app.looked_at().expect("a row is open").clone();
    app.update(found(&row, Vec::new()));
    assert!(app.processes().is_some());
    app.update(Message::Input(Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    assert!(app.processes().is_none() && app.looked_at().is_none());
}
