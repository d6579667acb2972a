//! Readings as CSV: one header line, then a line for each row. Empty means missing, `max` unlimited.
//!
//! CSV has no escapes of its own: what could fool a terminal is written out as on the screen.

use std::io;

use csv::Writer;

use crate::export::timestamp;
use crate::field::{Field, Value};
use crate::model::{Group, Model};
use crate::text;
use crate::units::Limit;

/// Writes the header line.
///
/// # Errors
/// Those of the writer.
pub fn write_header(fields: &[&Field], out: &mut dyn io::Write) -> io::Result<()> {
    record(std::iter::once("taken_at".to_owned()).chain(fields.iter().map(|field| field.id.to_owned())), out)
}

/// Writes the newest reading.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &Model, rows: &[&Group], fields: &[&Field], out: &mut dyn io::Write) -> io::Result<()> {
    let Some(snapshot) = model.snapshot() else { return Ok(()) };
    let taken_at = timestamp(snapshot.taken_at);
    for group in rows {
        let values = fields.iter().map(|field| (field.get)(group).map_or_else(|_| String::new(), |value| cell(&value)));
        record(std::iter::once(taken_at.clone()).chain(values), out)?;
    }
    Ok(())
}

fn record(cells: impl Iterator<Item = String>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = Writer::from_writer(out);
    writer.write_record(cells)?;
    writer.flush()
}

fn cell(value: &Value<'_>) -> String {
    match value {
        Value::Bytes(n) | Value::Count(n) | Value::Id(n) | Value::Limit(Limit::Bytes(n)) => n.to_string(),
        Value::Limit(Limit::Unlimited) => "max".to_owned(),
        Value::Percent(number) | Value::Rate(number) => format!("{number:.2}"),
        Value::Growth(bytes) => format!("{bytes:.0}"),
        Value::Text(text) => text::visible(text).into_owned(),
        Value::Netns(netns) => netns.inode.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => text::visible(&items.join("; ")).into_owned(),
    }
}
