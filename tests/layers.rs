//! Which module may import which: the layers of the program, and no file too long to be read.
#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module and what it may import. Modules that are still to come have their row already.
const ALLOWED: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("text", &[]),
    ("exit", &[]),
    ("protection", &[]),
    ("snapshot", &["units", "text"]),
    ("kernel", &["units", "text", "snapshot"]),
    ("identity", &["units", "text", "snapshot", "kernel"]),
    ("source", &["units", "text", "snapshot", "kernel", "identity"]),
    ("model", &["units", "text", "snapshot"]),
    ("field", &["units", "text", "snapshot", "model"]),
    ("query", &["units", "text", "snapshot", "model", "field"]),
    ("alert", &["units", "text", "snapshot", "model", "field", "query"]),
    ("app", &["units", "text", "protection", "snapshot", "model", "field", "query", "alert"]),
    ("ui", &["units", "text", "snapshot", "model", "field", "query", "alert", "app"]),
    ("export", &["units", "text", "snapshot", "model", "field", "query", "alert"]),
    ("sink", &["units", "text", "protection", "snapshot", "alert", "export"]),
    ("term", &["text", "app", "ui"]),
    (
        "run",
        &[
            "units",
            "text",
            "exit",
            "protection",
            "snapshot",
            "kernel",
            "identity",
            "source",
            "model",
            "field",
            "query",
            "alert",
            "app",
            "ui",
            "export",
            "sink",
            "term",
        ],
    ),
    ("manual", &["exit", "field", "alert", "app"]),
    ("cli", &["units", "text", "exit", "identity", "model", "field", "query", "ui", "export"]),
    (
        "config",
        &[
            "units", "text", "exit", "cli", "kernel", "identity", "source", "model", "field", "query", "alert", "app",
            "ui", "export", "sink",
        ],
    ),
];

/// The map of the modules and the program's entry import what they like.
const ABOVE_ALL: &[&str] = &["lib", "main"];

const LONGEST: usize = 500;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            found.push(entry.path());
        }
    }
    found
}

/// The module of the first level that a file belongs to.
fn module(file: &Path) -> String {
    let relative = file.strip_prefix(sources()).unwrap();
    let first = relative.components().next().unwrap().as_os_str();
    Path::new(first).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The modules of the first level that a text names: `crate::a`, `crate::{a, b::{c}}`. Comments name whom they like.
fn imports(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let is_part_of_a_name = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + path.len()..];
        if is_part_of_a_name {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_members(group)),
            None => found.push(identifier(rest)),
        }
    }
    found
}

/// The first names of the members of a group, up to its closing brace.
fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            ',' if depth == 0 => members.push(String::new()),
            c if depth == 0 => members.iter_mut().last().unwrap().push(c),
            _ => {}
        }
    }
    members.iter().map(|member| identifier(member.trim())).filter(|name| !name.is_empty()).collect()
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()
}

#[test]
fn modules_import_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for file in files(&sources()) {
        let importer = module(&file);
        if ABOVE_ALL.contains(&importer.as_str()) {
            continue;
        }
        let row = ALLOWED.iter().find(|(name, _)| *name == importer);
        let Some((_, allowed)) = row else {
            wrong.push(format!("{}: `{importer}` has no row in the table of layers", file.display()));
            continue;
        };
        for imported in imports(&fs::read_to_string(&file).unwrap()) {
            if imported != importer && !allowed.contains(&imported.as_str()) {
                wrong.push(format!("{}: `{importer}` must not import `{imported}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A table that lets two modules import each other would forbid nothing.
#[test]
fn the_table_of_layers_has_no_circle() {
    let mut known: Vec<&str> = Vec::new();
    let mut waiting: Vec<_> = ALLOWED.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|(name, allowed)| {
            let ready = allowed.iter().all(|module| known.contains(module));
            if ready {
                known.push(name);
            }
            !ready
        });
        assert!(waiting.len() < before, "in a circle, or without a row: {waiting:?}");
    }
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::units::Limit;\nuse crate::{text, snapshot::{Host, Memory}, source::tree::{self, a::b}};\n\
                fn f(x: crate::kernel::Error) {} // crate::ui\n//! [`crate::model`]\nuse mycrate::app;\n";
    assert_eq!(imports(text), ["units", "text", "snapshot", "source", "kernel"]);
    assert_eq!(imports("use crate::{\n    alert,\n    app::State,\n};\n"), ["alert", "app"]);
}

#[test]
fn no_file_is_too_long_to_be_read() {
    for file in files(&sources()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LONGEST, "{}: {lines} lines, at most {LONGEST}", file.display());
    }
}
