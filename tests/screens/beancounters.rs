//! The dashboard over OpenVZ's beancounters.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use super::*;
use memcgtop::kernel::hierarchy::Roots;
use memcgtop::source::beancounters::Beancounters;
use memcgtop::source::local::Effort;

#[path = "../support/openvz.rs"]
mod openvz;

use openvz::OpenVz;

/// A dashboard that reads once a second, on a clock that stands still between.
struct Watched {
    file: OpenVz,
    source: Beancounters,
    app: App,
    seconds: u64,
}

impl Watched {
    fn new(name: &str) -> Self {
        let file = OpenVz::copy(name);
        let roots = Roots { proc: Some(openvz::proc_root()), ..Roots::default() };
        let source = Beancounters::open(&roots, &file.file(), Effort::Live).unwrap();
        let mut watched = Self { file, source, app: app(), seconds: 0 };
        watched.read();
        watched.read();
        watched
    }

    fn read(&mut self) {
        self.seconds += 1;
        let at = Duration::from_secs(self.seconds);
        let taken_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000) + at;
        let read = self
            .source
            .sample()
            .map(|sample| Box::new(Snapshot { at, taken_at, took: Duration::from_millis(1), ..sample }));
        self.app.update(Message::Sample(read.map_err(|error| error.to_string())));
    }

    fn shown(&self, size: (u16, u16)) -> String {
        rows(&painted(&self.app, &UNICODE, size)).join("\n")
    }
}

const SAMPLES: [&str; 9] = [
    "ct103-32bit-failcnt-column-cut-off",
    "ct2-failcnt-numothersock-32",
    "ct209-failcnt-numothersock-524",
    "ct9833-inside-view",
    "uid0-host-view",
    "synthetic-host-vswap",
    "synthetic-vz7-uuid",
    "synthetic-vz8-emulation",
    "synthetic-one-container",
];

#[test]
fn every_sample_is_a_table_and_a_detail_screen() {
    for name in SAMPLES {
        let mut watched = Watched::new(name);
        let mut screens = watched.shown((120, 24));
        press(&mut watched.app, "g\n");
        screens.push_str("\n\n");
        // As high as everything is long.
        screens.push_str(&watched.shown((120, 130)));
        // What is in a temporary directory has another name each time.
        keep_text(&format!("beancounters_{name}"), &screens);
    }
}

#[test]
fn every_size_shows_what_is_refused() {
    for size in SIZES.into_iter().chain([(30, 8)]) {
        let mut watched = Watched::new("synthetic-host-vswap");
        watched.file.refuse("103", "numothersock", 37);
        watched.read();
        let (width, height) = size;
        let mut screens = watched.shown(size);
        press(&mut watched.app, "g\n");
        screens.push_str("\n\n");
        screens.push_str(&watched.shown(size));
        keep_text(&format!("beancounters_refused_{width}x{height}"), &screens);
    }
    let mut watched = Watched::new("synthetic-host-vswap");
    watched.file.refuse("104", "privvmpages", 190);
    watched.read();
    press(&mut watched.app, "g\n");
    keep("beancounters_ascii", &painted(&watched.app, &ASCII, (80, 40)));
}

#[test]
fn refusals_are_alerts_until_nothing_more_is_refused() {
    let mut watched = Watched::new("synthetic-host-vswap");
    assert!(!watched.shown((120, 40)).contains("refused +"), "what was before is no news");
    watched.file.refuse("103", "numothersock", 37);
    watched.file.refuse("103", "tcpsndbuf", 2);
    watched.read();
    let text = watched.shown((160, 40));
    assert!(text.contains("1 refused a resource"), "{text}");
    let refused = "refused numothersock +5 (holds 54 of 120), tcpsndbuf +2 (holds 181Ki of 1.64Mi)";
    assert!(text.contains(refused), "{text}");
    for _ in 0..20 {
        watched.read();
    }
    let text = watched.shown((120, 40));
    assert!(!text.contains("1 refused a resource"), "it is over: {text}");
}

#[test]
fn a_restart_is_no_refusal_and_a_new_container_counts_from_zero() {
    let mut watched = Watched::new("synthetic-host-vswap");
    watched.file.refuse("103", "numothersock", 0);
    watched.read();
    assert!(watched.shown((120, 40)).contains("All quiet"), "{}", watched.shown((120, 40)));
    press(&mut watched.app, "/103\n\n");
    assert!(
        watched.shown((120, 40)).contains("its counters fell 0s ago: it was restarted, or somebody reset them"),
        "{}",
        watched.shown((120, 40))
    );
    watched.file.refuse("103", "numothersock", 2);
    watched.read();
    assert!(watched.shown((120, 40)).contains("its counters fell 1s ago"), "{}", watched.shown((120, 40)));
    assert!(watched.shown((120, 40)).contains("numothersock refused +2 in 1.0 s"), "{}", watched.shown((120, 40)));

    let mut watched = Watched::new("synthetic-host-vswap");
    let text = openvz::text("ct209-failcnt-numothersock-524").replace("Version: 2.5\n", "");
    watched.file.write(&format!("{}{text}", openvz::text("synthetic-host-vswap")));
    watched.read();
    press(&mut watched.app, "/209\n\n");
    assert!(
        watched.shown((120, 40)).contains("numothersock refused +524"),
        "all of it is news: {}",
        watched.shown((120, 40))
    );
}

#[test]
fn a_file_that_vanishes_leaves_what_was_known_and_says_so() {
    let mut watched = Watched::new("synthetic-host-vswap");
    std::fs::remove_file(watched.file.file()).unwrap();
    watched.read();
    let text = watched.shown((120, 40));
    assert!(text.contains("cannot read the beancounters in") && text.contains("104"), "{text}");
    watched.file.write(&openvz::text("synthetic-vz7-uuid"));
    watched.read();
    let text = watched.shown((120, 40));
    assert!(text.contains("d0d0cafe-0000-4000-8000-00000000beef") && !text.contains("cannot read"), "{text}");
}
