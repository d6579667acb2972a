//! In which order rows stand: by trouble, or by a field.

use std::cmp::Ordering;
use std::fmt;

use crate::field::{self, Field, Unit};
use crate::model::{Group, verdict};
use crate::query::QueryError;
use crate::text;
use crate::units::Limit;

/// In which order rows stand.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    /// What needs attention first.
    Trouble,
    /// By a field; missing figures last.
    Field(&'static Field, Direction),
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

impl Sort {
    /// Reads `trouble`, `FIELD`, `FIELD:asc`, `FIELD:desc`. Figures start with the largest, names with the first.
    ///
    /// # Errors
    /// [`QueryError`] for unknown fields and orders.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (name, order) = text.split_once(':').map_or((text, None), |(name, order)| (name, Some(order)));
        if name == "trouble" {
            return if order.is_none() { Ok(Self::Trouble) } else { Err(QueryError::OneOrder) };
        }
        let field = field::find(name).ok_or_else(|| QueryError::NoSuchField(text::excerpt(name)))?;
        let direction = match order {
            None => Self::natural(field),
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            Some(other) => return Err(QueryError::BadOrder(text::excerpt(other))),
        };
        Ok(Self::Field(field, direction))
    }

    /// The direction that a field is first sorted in.
    pub fn natural(field: &Field) -> Direction {
        match field.unit {
            Unit::Text => Direction::Ascending,
            Unit::Bytes | Unit::Count | Unit::Percent | Unit::Flag => Direction::Descending,
        }
    }

    /// The order of two rows: total, so that equal rows never swap.
    pub fn compare(&self, a: &Group, b: &Group) -> Ordering {
        let by_key = match self {
            Self::Trouble => trouble(b).cmp(&trouble(a)),
            Self::Field(field, direction) => match ((field.get)(a), (field.get)(b)) {
                (Ok(a), Ok(b)) if *direction == Direction::Ascending => a.compare(&b),
                (Ok(a), Ok(b)) => b.compare(&a),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => Ordering::Equal,
            },
        };
        by_key.then_with(|| a.identity.label().cmp(&b.identity.label())).then_with(|| a.id.cmp(&b.id))
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trouble => f.write_str("trouble"),
            Self::Field(field, Direction::Ascending) => write!(f, "{}:asc", field.id),
            Self::Field(field, Direction::Descending) => write!(f, "{}:desc", field.id),
        }
    }
}

/// Tier, stall, floor's share of the limit, size: in coarse steps, so that rows do not dance.
fn trouble(group: &Group) -> (u8, u64, u64, u64) {
    const STEP: f64 = 5.0;
    let figures = &group.figures;
    let stall = figures.stall.unwrap_or(0.0) / STEP;
    let floor = match (figures.floor, figures.effective_limit) {
        (Ok(floor), Ok(Limit::Bytes(limit))) if limit > 0 => floor as f64 * 100.0 / limit as f64 / STEP,
        _ => 0.0,
    };
    (verdict::tier(group), stall as u64, floor as u64, quarter_octaves(figures.usage.unwrap_or(0).max(1)))
}

/// How many quarters of an octave, from any start: the exponent of the fourth power. A logarithm would need the
/// mathematical library, which takes half a MiB.
fn quarter_octaves(size: u64) -> u64 {
    (size as f64).powi(4).to_bits() >> (f64::MANTISSA_DIGITS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarters_double_a_size() {
        let steps = |size: u64| quarter_octaves(size) - quarter_octaves(1);
        assert_eq!([1, 2, 3, 4, 1 << 20, u64::MAX].map(steps), [0, 4, 6, 8, 80, 256]);
        assert_eq!(
            [118, 119, 141, 142, 168, 169, 199].map(|share| steps(share << 20) - 80),
            [27, 27, 28, 28, 29, 29, 30]
        );
    }

    #[test]
    fn orders_that_do_not_exist_are_refused() {
        assert!(matches!(Sort::parse("trouble"), Ok(Sort::Trouble)));
        assert!(matches!(Sort::parse("usage:asc"), Ok(Sort::Field(_, Direction::Ascending))));
        assert_eq!(Sort::parse("trouble:bogus").err(), Some(QueryError::OneOrder));
        assert_eq!(Sort::parse("usage:up").err(), Some(QueryError::BadOrder("up".to_owned())));
        for text in ["trouble", "usage:asc", "name:desc"] {
            assert_eq!(Sort::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Sort::parse("weight").err(), Some(QueryError::NoSuchField("weight".to_owned())));
    }
}
