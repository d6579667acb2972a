//! What goes over the line: few bytes, in one write for a frame. `cargo test --test terminal wire -- --nocapture` prints
//! the figures.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::has;
use super::pty::{PROGRAM, Terminal};

const ROWS: usize = 50;
const MIB: u64 = 1 << 20;
/// Between readings; as figures stand for one frame a reading, it does not matter how long that is.
const INTERVAL: &str = "200ms";
const CHANGING: [&str; 4] = ["memory.current", "memory.swap.current", "memory.events", "memory.events.local"];
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// Containers in copied files, of which the usage may change.
struct Host(TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        fs::write(host.0.path().join("cgroup.controllers"), "memory\n").unwrap();
        for row in 0..ROWS {
            let directory = host.directory(row);
            fs::create_dir(&directory).unwrap();
            let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v2/linux-6.1/10-active/cg/pod/app");
            for file in fs::read_dir(app).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), directory.join(file.file_name())).unwrap();
            }
            fs::write(directory.join("memory.max"), format!("{}\n", 400 * MIB)).unwrap();
            for file in CHANGING {
                fs::write(directory.join(file), "").unwrap();
            }
            host.use_memory(row, 200 * MIB);
            host.push_out(row, 0, 0);
        }
        host
    }

    fn directory(&self, row: usize) -> std::path::PathBuf {
        self.0.path().join(format!("docker-{row:02x}{}.scope", "a".repeat(62)))
    }

    fn use_memory(&self, row: usize, bytes: u64) {
        self.write(row, "memory.current", &format!("{bytes:09}\n"));
    }

    /// To swap, at the limit.
    fn push_out(&self, row: usize, bytes: u64, hits: u64) {
        self.write(row, "memory.swap.current", &format!("{bytes:09}\n"));
        for file in ["memory.events", "memory.events.local"] {
            self.write(row, file, &format!("low 0\nhigh 0\nmax {hits:09}\noom 0\noom_kill 0\noom_group_kill 0\n"));
        }
    }

    /// In place and as long as before: the file is open, and may be read at any moment.
    fn write(&self, row: usize, file: &str, text: &str) {
        let mut file = OpenOptions::new().write(true).open(self.directory(row).join(file)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn dashboard(&self) -> Terminal {
        let proc = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc/v2-6.1-10-active");
        let (root, proc) = (self.0.path().to_str().unwrap(), proc.to_str().unwrap());
        let options = ["--cgroup-root", root, "--proc-root", proc, "--sort", "name", "--interval", INTERVAL];
        let terminal = Terminal::start_on(120, 40, PROGRAM, &options, &[("COLORTERM", "truecolor")]);
        terminal.wait_for("the rows", |screen| has("50 of 50 containers")(screen) && has("200Mi")(screen));
        terminal
    }

    /// Bytes for each time that `change` changes the files and the first row then shows what is said, after some that
    /// are not counted; and how many frames that were.
    fn written(&self, change: impl Fn(&Self, u64) -> &'static str) -> (usize, usize) {
        let terminal = self.dashboard();
        let mut before = Vec::new();
        for time in 0..4 + TIMES {
            if time == 4 {
                before = terminal.bytes();
            }
            let shown = change(self, time);
            terminal.wait_for(shown, has(shown));
        }
        let bytes = terminal.bytes().split_off(before.len());
        let frames = bytes.windows(FRAME_END.len()).filter(|window| *window == FRAME_END).count();
        (bytes.len() / TIMES as usize, frames)
    }
}

const TIMES: u64 = 20;

#[test]
fn fifty_rows_that_change_every_second_are_less_than_1536_bytes_a_second() {
    let host = Host::new();
    let (bytes, frames) = host.written(|host, time| {
        for row in (0..ROWS).rev() {
            let up = if time % 2 == 0 { 31 } else { 0 };
            host.push_out(row, (1 + time) * (1 + row as u64) * MIB, 7 * (1 + time) * (1 + row as u64));
            host.use_memory(row, (200 + up + 3 * row as u64) * MIB);
        }
        if time % 2 == 0 { " 231Mi " } else { " 200Mi " }
    });
    eprintln!("50 rows change: {bytes} bytes each time, {frames} frames for {TIMES} times");
    assert!(bytes < 1536, "{bytes}");
    // A reading may come in the middle of the changes.
    assert!(frames <= 2 * TIMES as usize, "{frames}");
}

#[test]
fn five_cells_that_change_every_second_are_less_than_100_bytes_a_second() {
    let host = Host::new();
    let (bytes, _) = host.written(|host, time| {
        for row in (0..5).rev() {
            host.use_memory(row, (202 + time % 2) * MIB);
        }
        if time % 2 == 0 { " 202Mi " } else { " 203Mi " }
    });
    eprintln!("5 cells change: {bytes} bytes each time");
    assert!(bytes < 100, "{bytes}");
}
