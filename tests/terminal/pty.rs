//! A program in a pseudo-terminal: what it writes becomes a screen, and tests wait for what the screen shows.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtyPair, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::{MouseProtocolEncoding, MouseProtocolMode, Parser, Screen};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_memcgtop");

/// Far beyond what anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// What came from the program.
struct Output {
    parser: Parser,
    bytes: Vec<u8>,
    /// How much of them is on the screen: a frame comes onto it whole.
    shown: usize,
    ended: bool,
}

impl Output {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let new = &self.bytes[self.shown..];
        let begun = last(new, b"\x1b[?2026h").filter(|&begun| last(&new[begun..], b"\x1b[?2026l").is_none());
        let new = &new[..begun.unwrap_or(new.len())];
        self.parser.process(new);
        self.shown += new.len();
    }
}

/// Where a sequence comes last.
fn last(bytes: &[u8], sequence: &[u8]) -> Option<usize> {
    bytes.windows(sequence.len()).rposition(|window| window == sequence)
}

/// What the reading thread and the test share.
struct Shared {
    output: Mutex<Output>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap()
    }

    /// Everything up to the end: an error is how the end of a pseudo-terminal shows.
    fn fill(&self, mut from: impl Read) {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            self.lock().take(&buffer[..read]);
            self.changed.notify_all();
        }
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

/// A program, the keyboard in front of it, and its screen.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    shared: Arc<Shared>,
    /// The modes of the terminal before the program ran, as text.
    modes: String,
}

impl Terminal {
    /// Starts `program` on a terminal of 80 columns and 24 rows, with these variables besides TERM and LANG.
    pub(crate) fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_on(80, 24, program, arguments, variables)
    }

    /// Starts `program` on a terminal of another size.
    pub(crate) fn start_on(
        columns: u16,
        rows: u16,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let PtyPair { slave, master } = native_pty_system().openpty(size(columns, rows)).unwrap();
        let modes = modes(&*master);
        let mut command = CommandBuilder::new(program);
        // Not the home of a user who may have none.
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env_clear();
        command.args(arguments);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(variables) {
            command.env(name, value);
        }
        let child = slave.spawn_command(command).unwrap();
        // With the program the last end closes, and so the reading thread ends.
        drop(slave);
        let output =
            Output { parser: Parser::new(cells(rows), cells(columns), 0), bytes: Vec::new(), shown: 0, ended: false };
        let shared = Arc::new(Shared { output: Mutex::new(output), changed: Condvar::new() });
        let (reader, filled) = (master.try_clone_reader().unwrap(), Arc::clone(&shared));
        thread::spawn(move || filled.fill(reader));
        let keyboard = master.take_writer().unwrap();
        Self { master, child, keyboard, shared, modes }
    }

    /// The demonstration, with its first reading on the screen.
    pub(crate) fn demo(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let terminal = Self::start(PROGRAM, &[&["demo"], arguments].concat(), variables);
        terminal.wait_for("the first rows", |screen| screen.contents().contains("postgres-main"));
        terminal
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Types, and waits for a text on the screen.
    pub(crate) fn press_for(&mut self, keys: &str, text: &str) {
        self.press(keys);
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Makes the window another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.shared.lock().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Has the window claim a size that it does not have.
    pub(crate) fn claim(&self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Waits until the screen is as wanted.
    ///
    /// # Panics
    /// If it does not become so; the message shows the screen.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        self.wait(what, |output| wanted(output.parser.screen()));
    }

    fn wait(&self, what: &str, wanted: impl Fn(&Output) -> bool) {
        let unwanted = |output: &mut Output| !wanted(output);
        let (output, timeout) = self.shared.changed.wait_timeout_while(self.shared.lock(), PATIENCE, unwanted).unwrap();
        let screen = output.parser.screen().contents();
        drop(output);
        assert!(!timeout.timed_out(), "no {what} within {PATIENCE:?}; the screen:\n{screen}");
    }

    /// The screen as it is.
    pub(crate) fn screen(&self) -> Screen {
        self.shared.lock().parser.screen().clone()
    }

    /// The text on the screen.
    pub(crate) fn text(&self) -> String {
        self.screen().contents()
    }

    /// All bytes that were written so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// Does something while nothing is read of what the program writes: soon it cannot write any more.
    pub(crate) fn stalled(&mut self, act: impl FnOnce(&mut Self)) {
        let shared = Arc::clone(&self.shared);
        let _unread = shared.lock();
        act(self);
    }

    /// Waits for the program's end without reading what it wrote; its exit status.
    pub(crate) fn end_unread(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "the program does not end");
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Whether anything is written during `window`.
    pub(crate) fn writes_within(&self, window: Duration) -> bool {
        let output = self.shared.lock();
        let before = output.bytes.len();
        let (output, _) =
            self.shared.changed.wait_timeout_while(output, window, |output| output.bytes.len() == before).unwrap();
        output.bytes.len() > before
    }

    /// Whether the terminal is in the modes in which the program found it.
    pub(crate) fn is_in_first_modes(&self) -> bool {
        modes(&*self.master) == self.modes
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.process_id().unwrap().try_into().unwrap()).unwrap()
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The same by the signal's number: not all have names.
    pub(crate) fn signal_by_number(&self, signal: u32) {
        let script = format!("kill -{signal} {}", self.pid());
        assert!(Command::new("/bin/sh").args(["-c", &script]).status().unwrap().success());
    }

    /// Waits for the program's end and for all that it wrote; its exit status.
    pub(crate) fn end(&mut self) -> u32 {
        self.wait("end of the program", |output| output.ended);
        self.child.wait().unwrap().exit_code()
    }

    /// Fails unless the terminal is as it was before the program ran.
    pub(crate) fn assert_restored(&self) {
        let output = self.shared.lock();
        let screen = output.parser.screen();
        assert!(!screen.alternate_screen(), "left on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is not the terminal's");
        assert_eq!(screen.mouse_protocol_encoding(), MouseProtocolEncoding::Default);
        drop(output);
        assert!(self.is_in_first_modes(), "left in raw mode");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn modes(master: &dyn MasterPty) -> String {
    let termios = master.get_termios().unwrap();
    format!(
        "{:?} {:?} {:?} {:?}",
        termios.input_flags, termios.output_flags, termios.control_flags, termios.local_flags
    )
}

/// A process whose parent is `parent`.
pub(crate) fn child_of(parent: Pid) -> Option<Pid> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|&pid| stat(pid).is_some_and(|(_, above)| above == parent.as_raw_nonzero().get()))
        .and_then(Pid::from_raw)
}

/// Waits until a process is in a state, such as `T` for stopped.
///
/// # Panics
/// If it does not get there.
pub(crate) fn wait_for_state(pid: Pid, state: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = stat(pid.as_raw_nonzero().get()).map(|(state, _)| state);
        if now.as_deref() == Some(state) {
            return;
        }
        assert!(Instant::now() < deadline, "the process is in state {now:?}, not {state}");
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Waits until there is no such process.
///
/// # Panics
/// If it does not end.
pub(crate) fn wait_for_end(pid: Pid) {
    let deadline = Instant::now() + PATIENCE;
    while stat(pid.as_raw_nonzero().get()).is_some_and(|(state, _)| state != "Z") {
        assert!(Instant::now() < deadline, "the process does not end");
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Starts a script on a terminal that does not outlive this: types when `text` comes, and once the answer is there
/// closes the terminal. The child of the script.
pub(crate) fn hang_up(script: &str, text: &str, keys: &str, answer: &str) -> Pid {
    let PtyPair { slave, master } = native_pty_system().openpty(size(80, 24)).unwrap();
    let mut command = CommandBuilder::new("/bin/sh");
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env("TERM", "xterm");
    command.args(["-c", script, PROGRAM]);
    let mut shell = slave.spawn_command(command).unwrap();
    drop(slave);
    let mut output = Output { parser: Parser::new(cells(24), cells(80), 0), bytes: Vec::new(), shown: 0, ended: false };
    let mut reader = master.try_clone_reader().unwrap();
    let mut keyboard = master.take_writer().unwrap();
    let mut read_until = |text: &str| {
        let mut buffer = [0; 4096];
        while !output.parser.screen().contents().contains(text) {
            let read = reader.read(&mut buffer).unwrap();
            output.parser.process(&buffer[..read]);
        }
    };
    read_until(text);
    keyboard.write_all(keys.as_bytes()).unwrap();
    keyboard.flush().unwrap();
    read_until(answer);
    let child = child_of(Pid::from_raw(shell.process_id().unwrap().try_into().unwrap()).unwrap()).unwrap();
    drop((reader, keyboard, master));
    _ = shell.kill();
    _ = shell.wait();
    child
}

/// The state of a process and its parent.
fn stat(pid: i32) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
