//! How fast a row moves: events, pages and bytes a second, between the last two regular readings.
//!
//! Must not guess: what was not read twice, and what was reset meanwhile, has no rate.

use crate::model::tally::Delta;
use crate::model::{Group, Moved, Tally};
use crate::snapshot::{Kind, Missing, Reading};

impl Group {
    /// Hits of its own limit a second.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn hits_per_second(&self) -> Reading<f64> {
        self.counted_per_second(&self.hits, self.figures.failcnt)
    }

    /// Hits of its ancestors' limits a second, by whomever below them.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn ancestor_hits_per_second(&self) -> Reading<f64> {
        self.counted_per_second(&self.ancestor_hits, self.figures.ancestor_failcnt)
    }

    /// Pages, or what else moved, a second.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn moved_per_second(&self, of: fn(&Moved) -> Reading) -> Reading<f64> {
        let moved = self.known_to_move()?;
        moved.per_second(of(moved)?).ok_or(Missing::OneReading)
    }

    /// Growth of usage in bytes a second; negative where it shrinks.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn growth(&self) -> Reading<f64> {
        self.known_to_move()?.growth
    }

    fn counted_per_second(&self, tally: &Tally, counter: Reading) -> Reading<f64> {
        let moved = self.known_to_move()?;
        counter?;
        match tally.delta() {
            Some(Delta::Up(events)) => moved.per_second(events).ok_or(Missing::OneReading),
            Some(Delta::First | Delta::Reset) | None => Err(Missing::OneReading),
        }
    }

    fn known_to_move(&self) -> Reading<&Moved> {
        match (self.identity.kind, self.verdict) {
            (Kind::Sum, _) => Err(Missing::NotSummed),
            (_, Err(Missing::NotKept)) => Err(Missing::NotKept),
            _ => self.moved.as_ref().ok_or(Missing::OneReading),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, Scope};
    use crate::source::Source as _;
    use crate::source::demo::Demo;
    use std::time::Duration;

    /// The demo's incident, with a reading every two seconds.
    fn read(readings: u32) -> Model {
        const PAUSE: Duration = Duration::from_secs(2);
        let mut demo = Demo::new(std::time::SystemTime::UNIX_EPOCH);
        let mut model = Model::new(Scope::Containers);
        demo.advance(Demo::INCIDENT);
        for _ in 0..readings {
            demo.advance(PAUSE);
            model.ingest(demo.sample().unwrap());
        }
        model
    }

    fn named<'a>(model: &'a Model, name: &str) -> &'a Group {
        model.groups().iter().find(|group| group.is_container() && &*group.identity.name == name).unwrap()
    }

    #[test]
    fn rates_are_what_moved_by_the_time_it_took() {
        let (before, now) = (read(1), read(2));
        for name in ["app", "postgres-main", "ci-runner-3"] {
            let [before, row] = [&before, &now].map(|model| named(model, name));
            let hits = row.figures.failcnt.unwrap() - before.figures.failcnt.unwrap();
            assert_eq!(row.hits_per_second(), Ok(hits as f64 / 2.0), "{name}");
            let growth = row.figures.usage.unwrap() as f64 - before.figures.usage.unwrap() as f64;
            assert_eq!(row.growth(), Ok(growth / 2.0), "{name}");
            let pages = |group: &Group| group.figures.stat.refault_anon.unwrap();
            let read_back = (pages(row) - pages(before)) as f64 / 2.0;
            assert_eq!(row.moved_per_second(|moved| moved.refault_anon), Ok(read_back), "{name}");
        }
        let above = named(&now, "index").ancestor_hits_per_second().unwrap();
        assert!(above > 0.0 && named(&now, "app").hits_per_second().unwrap() > 0.0, "{above}");
    }

    #[test]
    fn one_reading_and_moments_of_the_past_have_none() {
        let model = read(1);
        let row = named(&model, "app");
        assert_eq!((row.hits_per_second(), row.growth()), (Err(Missing::OneReading), Err(Missing::OneReading)));
        let model = read(5);
        let moment = model.moments().nth(2).unwrap();
        let past = model.at(moment).unwrap();
        assert_eq!(named(&past, "app").hits_per_second(), Err(Missing::NotKept));
    }
}
