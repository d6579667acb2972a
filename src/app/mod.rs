//! The state of the dashboard: what is known, what is shown, where the cursor is.
//!
//! `update` takes a message and says what is to be done; it does no I/O and draws nothing.

pub mod action;
pub mod columns;
mod completion;
mod cursor;
pub mod defaults;
mod editor;
mod feed;
pub mod keys;
pub mod menu;
mod moment;
pub mod mouse;
mod processes;
mod rows;
mod themes;
mod typing;
mod useful;
mod way;
pub mod widths;
mod window;

use std::collections::HashSet;
use std::time::Duration;

use crossterm::event::{Event, KeyEventKind, KeyModifiers};
use jiff::tz::TimeZone;
use tui_input::Input;

use crate::alert::policy::Policies;
use crate::alert::rules::Watch;
use crate::alert::{Engine, News};
use crate::field::columns::Columns;
use crate::model::sums::{Grouping, Sums};
use crate::model::{Group, Model, Scope};
use crate::protection::Protection;
use crate::query::{Filter, Sort};
use crate::snapshot::{CgroupId, Kind, Processes, Snapshot};
use action::Action;
use columns::Chooser;
pub use completion::Completion;
use completion::Past;
use defaults::Defaults;
use feed::{Feed, unprotected};
use keys::Keymap;
use menu::Menu;
use mouse::Mouse;
pub use processes::Watched;
pub use way::Whose;
use widths::{Held, Width};
pub use window::Window;

/// What the dashboard starts with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time between two readings.
    pub interval: Duration,
    /// Which rows.
    pub filter: Filter,
    /// The filter as it was given.
    pub filter_text: String,
    /// In which order.
    pub sort: Sort,
    /// Which columns.
    pub columns: Columns,
    /// Containers or every cgroup.
    pub scope: Scope,
    /// What rows are summed up by, if they are.
    pub grouping: Option<Grouping>,
    /// The tree instead of the table.
    pub tree: bool,
    /// What becomes of rows that nothing happens to.
    pub idle: Idle,
    /// Who hears of the mouse.
    pub mouse: Mouse,
    /// Which keys do what.
    pub keys: Keymap,
    /// The colours, by the name of their theme.
    pub theme: &'static str,
    /// The zone of the clock on the screen.
    pub zone: TimeZone,
    /// How the rules of alerts are applied.
    pub policies: Policies,
    /// What protects this process.
    pub protection: Protection,
    /// How the screen tells what it has room for.
    pub layout: Layout,
}

/// What only the screen knows, and keys have to.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The columns that are shown, in their order.
    pub columns: fn(&App) -> Vec<&'static str>,
    /// How wide a column is.
    pub cells: fn(&App, &'static str) -> Width,
    /// What of the rows or of the text is shown.
    pub page: fn(&App) -> Page,
    /// What is at a column and a line of the screen.
    pub spot: fn(&App, (u16, u16)) -> Option<Spot>,
    /// The themes: their names, and whom they are for.
    pub themes: &'static [(&'static str, &'static str)],
    /// The line of the help at which the focused column is explained.
    pub explanation: fn(&App) -> usize,
    /// The row, or the kills that are shown, as text.
    pub text: fn(&App) -> Option<String>,
}

/// What can be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A row, by its place among all.
    Row(usize),
    /// The head of a column.
    Head(&'static str),
    /// The right border of a column, beside its head.
    Border(&'static str),
}

/// What is shown of the rows or of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many a page key moves by: as many as are seen.
    pub step: usize,
    /// The first row, or line, that is seen.
    pub first: usize,
    /// The last row, or the last line that a text can start with.
    pub last: usize,
}

/// What happened.
#[derive(Debug)]
pub enum Message {
    /// A reading, or why there is none.
    Sample(Result<Box<Snapshot>, String>),
    /// A key, a paste, a resize.
    Input(Event),
    /// For so long there was no reading.
    Late(Duration),
    /// What was read of a row's processes.
    Processes(Processes),
    /// What was done besides, or why it was not, such as telling somebody of an alert.
    Notice(Result<String, String>),
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Leave for a while.
    Suspend,
    /// Read so often from now on.
    SetInterval(Duration),
    /// Tell others of alerts.
    Tell(Vec<News>),
    /// Start with this from now on.
    Save(Defaults),
    /// Put this into the clipboard.
    Copy(String),
}

/// What fills the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Rows in one order.
    Table,
    /// Rows below their parents.
    Tree,
    /// One row.
    Detail(CgroupId),
    /// What fires and what fired.
    Alerts,
    /// OOM kills.
    Autopsies,
    /// The host.
    Host,
    /// The columns that can be chosen.
    Columns(Chooser),
}

/// What becomes of rows that nothing happens to; see [`Group::is_idle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// They are shown like others.
    Shown,
    /// They are left out.
    Hidden,
}

impl Idle {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shown, Self::Hidden];

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Hidden => "hidden",
        }
    }
}

/// The dashboard.
#[derive(Debug)]
pub struct App {
    /// What is known.
    pub model: Model,
    /// What deserves attention.
    pub alerts: Engine,
    /// What fills the screen.
    pub screen: Screen,
    /// Whether the help lies over it.
    pub help: bool,
    /// The menu, while it lies over all of it.
    pub menu: Option<Menu>,
    /// Which rows.
    pub filter: Filter,
    /// The filter as it was typed; empty for all.
    pub filter_text: String,
    /// The editor of the filter, while it is open.
    pub editor: Option<Input>,
    /// Why what is typed means nothing yet.
    pub filter_error: Option<String>,
    /// Whether rows are left out that nothing happens to.
    pub idle: Idle,
    /// In which order.
    pub sort: Sort,
    /// Which columns the table has, and the tree.
    pub columns: Columns,
    /// The focused column.
    pub focus: &'static str,
    /// Time between two readings.
    pub interval: Duration,
    /// The same, as it was at the start, and the columns then.
    usual: (Duration, Columns),
    /// The zone of the clock on the screen.
    pub zone: TimeZone,
    /// Whose kills the screen of kills shows.
    pub whose_kills: Whose,
    /// Why there is no new reading.
    pub trouble: Option<String>,
    /// What protects this process.
    pub protection: Protection,
    /// What was done or not, and since when that is on the screen.
    notice: Option<(Result<String, String>, Duration)>,
    /// Who hears of the mouse.
    pub mouse: Mouse,
    /// Which keys do what.
    pub keys: Keymap,
    /// The colours, by the name of their theme.
    pub theme: &'static str,
    /// Lines scrolled in the help, the detail and the alerts.
    pub scroll: usize,
    /// What the chart of a row shows.
    pub window: Window,
    processes: Option<Watched>,
    /// What the mouse holds.
    held: Option<Held>,
    /// The row that the cursor follows; without one it stays on the first, whichever that is.
    selected: Option<CgroupId>,
    sums: Option<Sums>,
    completion: Completion,
    past: Past,
    /// What was shown when the editor was opened.
    filter_before: Filter,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    cursor: usize,
    /// The first row that was shown when the cursor was moved.
    top: usize,
    rows: Vec<usize>,
    folded: HashSet<CgroupId>,
    feed: Feed,
    /// The model as of the pause, while a moment before that is shown.
    present: Option<Box<Model>>,
    tree: bool,
    layout: Layout,
}

impl App {
    /// A dashboard that knows nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            model: Model::new(settings.scope),
            alerts: Engine::new(settings.policies, Watch::Live, settings.scope),
            screen: if settings.tree { Screen::Tree } else { Screen::Table },
            help: false,
            menu: None,
            filter_text: settings.filter_text,
            filter: settings.filter,
            editor: None,
            filter_error: None,
            idle: settings.idle,
            sort: settings.sort,
            usual: (settings.interval, settings.columns.clone()),
            columns: settings.columns,
            focus: "name",
            interval: settings.interval,
            zone: settings.zone,
            whose_kills: Whose::All,
            trouble: None,
            notice: unprotected(&settings.protection, &settings.keys).map(|why| (Err(why), Duration::ZERO)),
            protection: settings.protection,
            mouse: settings.mouse,
            keys: settings.keys,
            theme: settings.theme,
            scroll: 0,
            window: Window::default(),
            processes: None,
            held: None,
            selected: None,
            sums: settings.grouping.map(Sums::new),
            completion: Completion::default(),
            past: Past::default(),
            filter_before: Filter::All,
            size: (80, 24),
            cursor: 0,
            top: 0,
            rows: Vec::new(),
            folded: HashSet::new(),
            feed: Feed::Live,
            present: None,
            tree: settings.tree,
            layout: settings.layout,
        }
    }

    /// Columns and rows of the terminal.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Whether readings come more or less often than they were asked for.
    pub fn is_hurried_or_slowed(&self) -> bool {
        self.interval != self.usual.0
    }

    /// Whether there are other columns than those that were asked for.
    pub fn has_other_columns(&self) -> bool {
        self.columns != self.usual.1
    }

    /// Whether rows fill the screen, not a text.
    pub fn shows_rows(&self) -> bool {
        !self.help && self.menu.is_none() && matches!(self.screen, Screen::Table | Screen::Tree)
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.rows.iter().map(|&row| self.listed_at(row))
    }

    /// The place of the cursor among the rows.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first row that was shown when the cursor was moved: where it can, it stays the first.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&Group> {
        self.rows().nth(self.cursor())
    }

    /// Whether a row is the host's: the root of the whole hierarchy.
    pub fn is_host(&self, group: &Group) -> bool {
        let whole = self.model.host().is_some_and(|host| !host.namespaced);
        whole && group.parent.is_none() && group.identity.kind != Kind::Sum
    }

    /// Whether what is below a row in the tree is hidden.
    pub fn is_folded(&self, id: &CgroupId) -> bool {
        self.folded.contains(id)
    }

    /// Whether only some rows are shown.
    pub fn filtered(&self) -> bool {
        !matches!(self.filter, Filter::All)
    }

    /// Takes in what happened.
    pub fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Sample(Ok(snapshot)) => return self.sample(*snapshot),
            Message::Sample(Err(why)) => self.trouble = Some(why),
            Message::Late(by) => self.trouble = Some(format!("no reading for {}", crate::units::age_long(by))),
            Message::Processes(found) => self.take_in_processes(found),
            Message::Notice(notice) => self.notice = Some((notice, self.model.now())),
            Message::Input(event) if self.menu.is_some() => return self.input_to_menu(&event),
            Message::Input(event) => return self.input(&event),
        }
        None
    }

    fn input(&mut self, event: &Event) -> Option<Effect> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => None,
            Event::Key(key) if self.editor.is_some() && !key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.edit(*key);
                None
            }
            Event::Key(key) => self.act(self.keys.action(key)?),
            Event::Mouse(event) => {
                self.point(*event);
                None
            }
            Event::Resize(columns, rows) => {
                self.size = (*columns, *rows);
                None
            }
            Event::Paste(text) => {
                self.paste(text);
                None
            }
            _ => None,
        }
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        // Whoever goes on has read what was done; what was not may come from elsewhere. While paused no time passes.
        let paused = self.paused();
        self.notice.take_if(|(notice, _)| paused || notice.is_ok());
        if self.choose(action) {
            return None;
        }
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::Suspend => return Some(Effect::Suspend),
            Action::Slower => return Some(self.step_interval(1)),
            Action::Faster => return Some(self.step_interval(-1)),
            Action::Save => return Some(Effect::Save(self.defaults())),
            Action::Copy => return self.copy(),
            Action::Menu => self.open_menu(),
            Action::Help => self.ask_for_help(),
            Action::Back => self.back(),
            Action::Pause => self.pause(),
            Action::Earlier => self.step(-1),
            Action::Later => self.step(1),
            Action::MuchEarlier => self.step(-10),
            Action::MuchLater => self.step(10),
            Action::Acknowledge => self.acknowledge_all(),
            Action::AcknowledgeRow => self.acknowledge_row(),
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.turn(-1),
            Action::PageDown => self.turn(1),
            Action::First => self.go_first(),
            Action::Last => self.go(isize::MAX / 2),
            Action::Left => self.sideways(-1),
            Action::Right => self.sideways(1),
            Action::Previous => self.step_row(-1),
            Action::Next => self.step_row(1),
            Action::ZoomIn => self.zoom(-1),
            Action::ZoomOut => self.zoom(1),
            Action::Filter => self.open_editor(),
            Action::Open => self.open(),
            Action::Alerts => self.show(Screen::Alerts),
            Action::Autopsies => self.show_autopsies(),
            Action::Host => self.show(Screen::Host),
            Action::Tree => {
                // The row is looked for there, too.
                self.select(self.cursor);
                self.tree = !matches!(self.screen, Screen::Tree);
                self.show(if self.tree { Screen::Tree } else { Screen::Table });
            }
            Action::Columns => self.next_columns(),
            Action::Choose => self.show_chooser(),
            Action::Narrower | Action::Wider | Action::OwnWidth if !self.has_widths() => {}
            Action::Narrower => self.widen(-1),
            Action::Wider => self.widen(1),
            Action::OwnWidth => self.forget_width(),
            Action::Mouse => self.toggle_mouse(),
            Action::Theme => self.next_theme(),
            Action::Idle => self.toggle_idle(),
            Action::All => self.toggle_scope(),
            Action::Group => self.next_grouping(),
            Action::Sort => self.open_orders(),
            Action::Reverse => self.reverse(),
            Action::Trouble => self.set_sort(Sort::Trouble),
        }
        None
    }

    fn copy(&mut self) -> Option<Effect> {
        let text = (self.layout.text)(self);
        let told = match text {
            Some(_) => Ok("copied, if the terminal lets programs do so (OSC 52)".to_owned()),
            None => Err("there is no row and no kill here to copy".to_owned()),
        };
        self.notice = Some((told, self.model.now()));
        text.map(Effect::Copy)
    }
}
