//! What of the past the chart on the detail screen shows, and the moment that is read off it.

use std::time::Duration;

use crate::app::{App, Screen};
use crate::model::history::History;

/// The spans that it can show, and what they are called.
const SPANS: [(Duration, &str); 4] = [
    (Duration::from_secs(60), "1 minute"),
    (Duration::from_secs(240), "4 minutes"),
    (Duration::from_secs(900), "15 minutes"),
    (Duration::from_secs(3_600), "1 hour"),
];
/// The shortest span, as long as no more than it is known.
const SHORTEST: usize = 0;
/// The usual span.
const USUAL: usize = 1;
/// Steps that the moment takes through all of it.
const STEPS: u32 = 60;

/// A part of the past, on the clock of the snapshots.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Which of the spans, once somebody has chosen; until then the one that suits what is known.
    zoom: Option<usize>,
    suits: usize,
    moment: Option<Duration>,
}

impl Default for Window {
    fn default() -> Self {
        Self { zoom: None, suits: SHORTEST, moment: None }
    }
}

impl Window {
    fn chosen(&self) -> usize {
        self.zoom.unwrap_or(self.suits)
    }

    /// How long it is.
    pub fn span(&self) -> Duration {
        SPANS[self.chosen()].0
    }

    /// The same in words.
    pub fn name(&self) -> &'static str {
        SPANS[self.chosen()].1
    }

    /// The moment that is read off, if one is.
    pub fn moment(&self) -> Option<Duration> {
        self.moment
    }

    /// Where it ends: now, unless the moment that is read off is so far back that it stands in the middle.
    pub fn end(&self, now: Duration) -> Duration {
        self.moment.map_or(now, |moment| now.min(moment + self.span() / 2))
    }

    /// Shows more, or less where `step` is negative.
    pub(super) fn zoom(&mut self, step: isize) {
        self.zoom = Some(self.chosen().saturating_add_signed(step).min(SPANS.len() - 1));
    }

    /// Mostly empty it shows little: until more is known it is short.
    pub(super) fn suit(&mut self, known: Duration) {
        self.suits = if known > SPANS[SHORTEST].0 { USUAL } else { SHORTEST };
    }

    /// Goes back in time to the oldest reading at most, or forth until nothing is read off any more.
    pub(super) fn go(&mut self, step: isize, oldest: Duration, now: Duration) {
        let (from, step_width) = (self.moment.unwrap_or(now), self.span() / STEPS);
        let to = if step < 0 { from.saturating_sub(step_width).max(oldest) } else { from + step_width };
        self.moment = (to < now).then_some(to);
    }

    /// Nothing is read off any more.
    pub(super) fn leave(&mut self) {
        self.moment = None;
    }
}

impl App {
    /// Whether the screen is that of a row with a past, or of the host.
    pub fn has_chart(&self) -> bool {
        self.charted().is_some()
    }

    /// The past that the screen shows.
    pub(super) fn charted(&self) -> Option<&History> {
        match &self.screen {
            Screen::Detail(id) => self.model.group(id).map(|group| &group.history),
            Screen::Host => self.model.host().map(|_| &self.model.host_past().history),
            _ => None,
        }
    }

    /// Shows more of the past, or less where `step` is negative; where there is a chart to see it in.
    pub(super) fn zoom(&mut self, step: isize) {
        if self.has_chart() && !self.help {
            self.window.zoom(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(10_000);

    #[test]
    fn the_moment_is_always_in_the_window_and_stands_still_while_that_is_zoomed() {
        let mut window = Window::default();
        window.suit(NOW);
        let oldest = NOW.saturating_sub(Duration::from_secs(3_000));
        for _ in 0..2_000 {
            window.go(-1, oldest, NOW);
            let moment = window.moment().unwrap();
            let end = window.end(NOW);
            assert!(moment >= oldest && moment < end && moment > end.saturating_sub(window.span()) && end <= NOW);
        }
        assert_eq!(window.moment(), Some(oldest));
        for _ in 0..SPANS.len() {
            window.zoom(-1);
            assert_eq!((window.moment(), window.end(NOW)), (Some(oldest), oldest + window.span() / 2));
        }
        assert_eq!(window.name(), "1 minute");
    }

    #[test]
    fn it_grows_with_what_is_known_until_somebody_chooses() {
        let mut window = Window::default();
        window.suit(Duration::from_secs(60));
        assert_eq!(window.name(), "1 minute");
        window.suit(Duration::from_secs(61));
        assert_eq!(window.name(), "4 minutes");
        window.zoom(1);
        window.suit(Duration::from_secs(3));
        assert_eq!(window.name(), "15 minutes");
    }

    #[test]
    fn forth_leads_to_the_present() {
        let mut window = Window::default();
        window.suit(NOW);
        window.go(1, Duration::ZERO, NOW);
        assert_eq!((window.moment(), window.end(NOW)), (None, NOW));
        window.go(-1, Duration::ZERO, NOW);
        assert_eq!(window.moment(), Some(NOW.saturating_sub(Duration::from_secs(4))));
        window.go(1, Duration::ZERO, NOW);
        assert_eq!(window.moment(), None);
    }
}
