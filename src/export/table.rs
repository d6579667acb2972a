//! A reading as a text table for people: aligned, with units, safe for a terminal.

use std::io;

use crate::field::{Field, Unit};
use crate::model::Group;
use crate::text;

/// Writes the newest reading with its column heads. `?` is a figure that the kernel does not tell, `-` one that there cannot be.
///
/// # Errors
/// Those of the writer.
pub fn write(rows: &[&Group], fields: &[&Field], out: &mut dyn io::Write) -> io::Result<()> {
    let heads = fields.iter().map(|field| field.id.to_uppercase()).collect();
    let mut lines: Vec<Vec<String>> = vec![heads];
    lines.extend(rows.iter().map(|group| fields.iter().map(|field| cell(field, group)).collect()));
    let widths: Vec<usize> = (0..fields.len())
        .map(|column| lines.iter().map(|line| text::width(&line[column])).max().unwrap_or(0))
        .collect();
    for line in lines {
        let cells = line.iter().zip(&widths).zip(fields).map(|((cell, width), field)| match field.unit {
            Unit::Text | Unit::Flag => text::pad_right(cell, *width),
            Unit::Bytes | Unit::Count | Unit::Percent => text::pad_left(cell, *width),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn cell(field: &Field, group: &Group) -> String {
    match (field.get)(group) {
        Ok(value) => text::visible(&value.human()).into_owned(),
        Err(reason) if reason.is_nothing() => "-".to_owned(),
        Err(_) => "?".to_owned(),
    }
}
