//! The entries `[[alert]]`: how rules are applied to rows.

use super::Error;
use super::section::{Entry, Section};
use crate::alert::Level;
use crate::alert::policy::Override;
use crate::alert::rules::{Direction, RULES, Rule, Unit};
use crate::query::Filter;

pub(super) const KEYS: &[&str] = &["rule", "filter", "level", "for", "on", "off", "cooldown", "enabled"];

pub(super) fn read(section: &Section<'_>) -> Result<Override, Error> {
    let rule = section.get("rule");
    let rule = rule.map(|entry| entry.choice("rule", RULES.iter().map(|rule| (rule.name, rule)))).transpose()?;
    let mut read = Override::nothing(rule);
    if let Some(filter) = section.get("filter") {
        read.filter = Filter::parse(filter.word()?).map_err(|error| filter.error(&error.to_string()))?;
    }
    let levels = || Level::ALL.map(|level| (level.name(), level));
    read.level = section.get("level").map(|entry| entry.choice("level", levels())).transpose()?;
    read.hold = section.get("for").map(|entry| entry.time()).transpose()?;
    read.cooldown = section.get("cooldown").map(|entry| entry.time()).transpose()?;
    read.enabled = section.get("enabled").map(|entry| entry.flag()).transpose()?;
    let off = section.get("off");
    read.on = section.get("on").map(|entry| threshold(&entry, rule)).transpose()?;
    read.off = off.as_ref().map(|entry| threshold(entry, rule)).transpose()?;
    if let (Some(rule), Some(entry), Some(on), Some(off)) = (rule, off, read.on, read.off) {
        check_order(rule, on, off).map_err(|why| entry.error(why))?;
    }
    Ok(read)
}

/// In the unit of the rule.
fn threshold(entry: &Entry<'_>, rule: Option<&'static Rule>) -> Result<f64, Error> {
    let rule = rule.ok_or_else(|| entry.error("it needs a `rule` that it is a threshold of"))?;
    let Some(measure) = rule.measure else {
        return Err(entry.error(&format!("the rule {} has no threshold", rule.name)));
    };
    let percent = || entry.number("%").filter(|percent| *percent <= 100.0);
    let must = |what: &str| entry.error(&format!("must be {what}"));
    match measure.unit {
        Unit::Percent => percent().ok_or_else(|| must("a percentage, up to 100")),
        Unit::PerSecond => entry.number("/s").ok_or_else(|| must("a number of times a second")),
        Unit::Count => entry.number("").ok_or_else(|| must("a number")),
        Unit::Bytes | Unit::BytesPerSecond => entry.size(),
        Unit::Time => entry.time().map(|time| time.as_secs_f64()),
    }
}

/// A rule must not end where it begins.
pub(super) fn check_order(rule: &Rule, on: f64, off: f64) -> Result<(), &'static str> {
    match rule.measure.map(|measure| measure.direction) {
        Some(Direction::Rising) if off >= on => Err("must be less than `on`"),
        Some(Direction::Falling) if off <= on => Err("must be more than `on`"),
        _ => Ok(()),
    }
}
