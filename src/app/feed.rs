//! Readings as they come: shown at once, or taken in beside a screen that is frozen.
//!
//! A frozen screen keeps nobody from being told of alerts.

use std::time::Duration;

use crate::alert::{Engine, News};
use crate::app::action::Action;
use crate::app::keys::Keymap;
use crate::app::{App, Effect};
use crate::model::Model;
use crate::protection::Protection;
use crate::snapshot::Snapshot;

/// Whether new readings are shown.
#[derive(Debug)]
pub(super) enum Feed {
    Live,
    Paused,
    /// Paused, and this is what is known by now.
    Ahead(Box<(Model, Engine)>),
}

/// The steps of the interval, in milliseconds.
const INTERVALS: [u64; 9] = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

impl App {
    /// Whether the screen is frozen.
    pub fn paused(&self) -> bool {
        !matches!(self.feed, Feed::Live)
    }

    /// What is known by now, also while the screen is frozen.
    pub fn newest(&self) -> &Model {
        match &self.feed {
            Feed::Ahead(ahead) => &ahead.0,
            Feed::Live | Feed::Paused => self.present(),
        }
    }

    pub(super) fn sample(&mut self, snapshot: Snapshot) -> Option<Effect> {
        self.trouble = None;
        let news = match &mut self.feed {
            Feed::Live => {
                let news = take_in(&mut self.model, &mut self.alerts, snapshot);
                self.window.suit(self.model.attached());
                self.arrange();
                news
            }
            Feed::Paused => {
                let mut ahead = Box::new((self.present().clone(), self.alerts.clone()));
                let news = take_in(&mut ahead.0, &mut ahead.1, snapshot);
                self.feed = Feed::Ahead(ahead);
                news
            }
            Feed::Ahead(ahead) => take_in(&mut ahead.0, &mut ahead.1, snapshot),
        };
        (!news.is_empty()).then_some(Effect::Tell(news))
    }

    pub(super) fn pause(&mut self) {
        self.look_at(None);
        match std::mem::replace(&mut self.feed, Feed::Live) {
            Feed::Live => self.feed = Feed::Paused,
            Feed::Paused => {}
            Feed::Ahead(ahead) => {
                let scope = self.model.scope();
                (self.model, self.alerts) = *ahead;
                if self.model.scope() != scope {
                    self.model.set_scope(scope);
                }
                self.window.suit(self.model.attached());
                self.arrange();
            }
        }
    }

    pub(super) fn step_interval(&mut self, step: isize) -> Effect {
        let now = self.interval.as_millis();
        let at = INTERVALS.iter().position(|&millis| u128::from(millis) >= now).unwrap_or(INTERVALS.len() - 1);
        let next = at.saturating_add_signed(step).min(INTERVALS.len() - 1);
        self.interval = Duration::from_millis(INTERVALS[next]);
        Effect::SetInterval(self.interval)
    }

    /// Somebody has seen what is on the screen; that holds when it goes on, too.
    pub(super) fn acknowledge(&mut self, acknowledge: impl Fn(&mut Engine)) {
        acknowledge(&mut self.alerts);
        if let Feed::Ahead(ahead) = &mut self.feed {
            acknowledge(&mut ahead.1);
        }
    }

    pub(super) fn acknowledge_all(&mut self) {
        self.acknowledge(Engine::acknowledge_all);
        self.see_kills(None);
    }

    /// What is left of a container goes when somebody has seen it.
    fn see_kills(&mut self, path: Option<&str>) {
        self.in_the_present(|app| app.see_kills_by_now(path));
    }

    fn see_kills_by_now(&mut self, path: Option<&str>) {
        self.model.see_kills(path);
        if let Feed::Ahead(ahead) = &mut self.feed {
            ahead.0.see_kills(path);
        }
        self.arrange();
    }

    pub(super) fn acknowledge_row(&mut self) {
        if let Some(id) = self.current().map(|group| group.id.clone()) {
            self.see_kills(Some(&id.path));
            self.acknowledge(|alerts| alerts.acknowledge_of(&id.path));
        }
    }

    /// What was done, or why it was not, for as long as it takes to read it.
    pub fn notice(&self) -> Option<Result<&str, &str>> {
        const READ: std::time::Duration = std::time::Duration::from_secs(10);
        let (notice, since) = self.notice.as_ref()?;
        let is_new = self.model.now().saturating_sub(*since) < READ;
        is_new.then(|| notice.as_deref().map_err(String::as_str))
    }
}

/// What there is to say, at the start, of a protection that was refused.
pub(super) fn unprotected(protection: &Protection, keys: &Keymap) -> Option<String> {
    let parts: Vec<&str> = protection.refused.iter().map(|refusal| refusal.part).collect();
    let told = || format!("not protected: {}; {} tells why", parts.join(", "), keys.told(Action::Host));
    (!parts.is_empty()).then(told)
}

fn take_in(model: &mut Model, alerts: &mut Engine, snapshot: Snapshot) -> Vec<News> {
    model.ingest(snapshot);
    alerts.judge(model)
}
