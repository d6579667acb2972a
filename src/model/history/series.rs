//! Points in few bytes: most rows stand still most of the time, so each is kept as what changed since the one before.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use super::point::Point;

/// Points one after the other, each as its difference from the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) bytes: VecDeque<u8>,
    pub(super) length: usize,
    /// What the oldest one differs from.
    before: Place,
    /// Where the newest one is.
    end: Place,
}

impl Series {
    pub(super) fn push(&mut self, point: Point) {
        let next = self.end.onward(point);
        self.end.write_way(&next, &mut self.bytes);
        self.end = next;
        self.length += 1;
    }

    pub(super) fn forget_oldest(&mut self) {
        let mut bytes = self.bytes.iter().copied();
        if let Some(oldest) = self.before.after(&mut bytes) {
            let read = self.bytes.len() - bytes.len();
            self.before = oldest;
            self.bytes.drain(..read);
            self.length -= 1;
        }
    }

    /// The points before the last one up to a moment, and that one.
    pub(super) fn until(&self, moment: Duration) -> (Self, Option<Point>) {
        let mut bytes = self.bytes.iter().copied();
        let (mut place, mut read, mut length, mut found) = (self.before, 0, 0, None);
        while let Some(next) = place.after(&mut bytes).filter(|next| next.point.at() <= moment) {
            found = Some((read, length, place, next.point));
            read = self.bytes.len() - bytes.len();
            length += 1;
            place = next;
        }
        let Some((kept, length, end, last)) = found else { return (Self::default(), None) };
        let bytes = self.bytes.iter().take(kept).copied().collect();
        (Self { bytes, length, before: self.before, end }, Some(last))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Point> {
        let mut bytes = self.bytes.iter().copied();
        let places = std::iter::successors(self.before.after(&mut bytes), move |place| place.after(&mut bytes));
        places.map(|place| place.point)
    }
}

/// A point, and how long after the one before it was: that hardly changes.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    point: Point,
    pause: u32,
}

/// A place in numbers; the fewer of them differ from one to the next, the better.
type Numbers = [u32; 7];

impl Place {
    fn onward(&self, point: Point) -> Self {
        Self { point, pause: point.millis.wrapping_sub(self.point.millis) }
    }

    fn numbers(&self) -> Numbers {
        let Point { usage, dip, footprint, hits, kills, stall, .. } = self.point;
        let usage = usage.map_or(0, NonZeroU32::get);
        // What is in swap besides stands still more often than both together.
        [self.pause, usage, dip, footprint.wrapping_sub(usage), hits.into(), kills.into(), stall.into()]
    }

    /// Writes how `next` differs: which numbers do, a bit each, and by how much.
    fn write_way(&self, next: &Self, bytes: &mut VecDeque<u8>) {
        let (from, to) = (self.numbers(), next.numbers());
        let differences = from.iter().zip(to).map(|(from, to)| to.wrapping_sub(*from).cast_signed());
        let which = differences.clone().rev().fold(0, |which, difference| which << 1 | u8::from(difference != 0));
        bytes.push_back(which);
        differences.filter(|difference| *difference != 0).for_each(|difference| write_number(difference, bytes));
    }

    /// The place that was written after this one.
    fn after(&self, bytes: &mut impl Iterator<Item = u8>) -> Option<Self> {
        let which = bytes.next()?;
        if which == 0 {
            let millis = self.point.millis.wrapping_add(self.pause);
            return Some(Self { point: Point { millis, ..self.point }, pause: self.pause });
        }
        let mut numbers = self.numbers();
        for (at, number) in numbers.iter_mut().enumerate() {
            if which & 1 << at != 0 {
                *number = number.wrapping_add_signed(read_number(bytes)?);
            }
        }
        let [pause, usage, dip, besides, hits, kills, stall] = numbers;
        let point = Point {
            millis: self.point.millis.wrapping_add(pause),
            usage: NonZeroU32::new(usage),
            dip,
            footprint: usage.wrapping_add(besides),
            hits: hits as u16,
            kills: kills as u8,
            stall: stall as u8,
        };
        Some(Self { point, pause })
    }
}

/// Seven bits a byte, the lowest first, and one that says whether more follow; the sign is the lowest bit of all.
fn write_number(number: i32, bytes: &mut VecDeque<u8>) {
    let mut rest = (number << 1 ^ number >> 31).cast_unsigned();
    while rest > 0x7f {
        bytes.push_back(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push_back(rest as u8);
}

fn read_number(bytes: &mut impl Iterator<Item = u8>) -> Option<i32> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
}
