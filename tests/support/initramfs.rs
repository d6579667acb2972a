//! A root file system in memory for a virtual machine: an archive in cpio's "newc" format.
//!
//! Files keep their host's paths, so that programs find each other and their libraries as they do at home.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// An archive that is being written.
pub(crate) struct Initramfs {
    archive: BufWriter<File>,
    written: BTreeSet<String>,
}

impl Initramfs {
    pub(crate) fn create(path: &Path) -> Self {
        Self { archive: BufWriter::new(File::create(path).unwrap()), written: BTreeSet::new() }
    }

    /// Adds a directory and those above it.
    pub(crate) fn directory(&mut self, path: &str) {
        for (at, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
            self.entry(&path[..at], DIRECTORY, &[]);
        }
    }

    /// Adds a file that may be run.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) {
        let directory = Path::new(path).parent().unwrap().to_str().unwrap();
        if directory != "/" {
            self.directory(directory);
        }
        self.entry(path, PROGRAM, content);
    }

    /// Adds a file of the host under its own path.
    pub(crate) fn copy(&mut self, path: &Path) {
        let content = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.file(path.to_str().unwrap(), &content);
    }

    /// Adds a program of the host, and the shared libraries that it needs.
    pub(crate) fn program(&mut self, path: &Path) {
        self.copy(path);
        let libraries = Command::new("ldd").arg(path).output().unwrap().stdout;
        for library in String::from_utf8(libraries).unwrap().split_whitespace().filter(|word| word.starts_with('/')) {
            self.copy(Path::new(library));
        }
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) {
        self.entry("/TRAILER!!!", 0, &[]);
        self.archive.flush().unwrap();
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        if !self.written.insert(path.to_owned()) {
            return;
        }
        let name = path.trim_start_matches('/');
        let inode = self.written.len();
        write!(self.archive, "070701{inode:08X}{mode:08X}{:08X}{:08X}{:08X}{:08X}", 0, 0, 1, 0).unwrap();
        write!(self.archive, "{:08X}{:08X}{:08X}{:08X}{:08X}", content.len(), 0, 0, 0, 0).unwrap();
        write!(self.archive, "{:08X}{:08X}{name}\0", name.len() + 1, 0).unwrap();
        self.pad(110 + name.len() + 1);
        self.archive.write_all(content).unwrap();
        self.pad(content.len());
    }

    /// Headers and contents begin at multiples of four.
    fn pad(&mut self, length: usize) {
        self.archive.write_all(&[0; 3][..length.next_multiple_of(4) - length]).unwrap();
    }
}
