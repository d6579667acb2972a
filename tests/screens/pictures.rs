//! The pictures of the README: screens of the demo. `INSTA_UPDATE=always cargo test --test screens` draws them anew.

use super::*;
use std::env;
use std::fs;
use std::path::Path;

#[path = "../support/picture.rs"]
mod picture;

/// A picture: its file in `assets`, and what it shows.
struct Picture {
    file: &'static str,
    title: &'static str,
    /// The moment of the story, and the seconds of it that are read before.
    moment: Duration,
    before: u32,
    keys: &'static str,
    size: (u16, u16),
}

const PICTURES: [Picture; 3] = [
    Picture {
        file: "table.svg",
        title: "memcgtop: every container, the ones in trouble first",
        moment: Demo::INCIDENT,
        before: 240,
        keys: "g",
        size: (120, 30),
    },
    Picture {
        file: "detail.svg",
        title: "memcgtop: all about one container",
        moment: Demo::INCIDENT,
        before: 240,
        keys: "g\n",
        size: (120, 40),
    },
    Picture {
        file: "kills.svg",
        title: "memcgtop: OOM kills",
        moment: Duration::from_secs(1_500),
        before: 1_500,
        keys: "o",
        size: (120, 26),
    },
];

impl Picture {
    fn drawn(&self) -> String {
        let mut app = app();
        for snapshot in readings(self.moment, self.before) {
            app.update(Message::Sample(Ok(Box::new(snapshot))));
        }
        press(&mut app, self.keys);
        picture::picture(&paint(&app, &Theme::new(&DARK, Depth::True, &UNICODE), self.size), self.title)
    }
}

#[test]
fn the_pictures_show_what_the_program_draws() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut stale = Vec::new();
    for picture in PICTURES {
        let (file, drawn) = (assets.join(picture.file), picture.drawn());
        if env::var("INSTA_UPDATE").as_deref() == Ok("always") {
            fs::write(file, drawn).expect("a picture is written");
        } else if fs::read_to_string(file).ok() != Some(drawn) {
            stale.push(picture.file);
        }
    }
    assert!(stale.is_empty(), "not what is drawn now: {stale:?}");
}
