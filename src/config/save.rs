//! Writes what the dashboard shows into a configuration file: whole or not at all, and never where somebody else could
//! have led it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::edit::edited;
use super::file::{LONGEST, is_ours};
use super::section::Text;
use super::{Config, Error, own_file};
use crate::app::defaults::Defaults;
use crate::cli::Options;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no place for it.
    #[error("neither HOME nor XDG_CONFIG_HOME says where")]
    NoHome,
    /// Another user could change what is written, or where.
    #[error("{} belongs to somebody else", .0.display())]
    Foreign(PathBuf),
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in the file means nothing, or would not with what is shown.
    #[error(transparent)]
    Meaningless(#[from] Error),
}

/// The file that is written: the one that was named, else the user's own.
pub fn file(options: &Options) -> Option<PathBuf> {
    options.config.clone().or_else(own_file)
}

/// Writes the defaults into the file, which need not be there. Where that is.
///
/// # Errors
/// [`Refusal`] says why nothing was written.
pub fn save(file: Option<&Path>, defaults: &Defaults) -> Result<PathBuf, Refusal> {
    let file = std::path::absolute(file.ok_or(Refusal::NoHome)?).map_err(|error| unwritable(Path::new("."), error))?;
    let place = Place::of(&file)?;
    let (old, mode) = place.read().map_err(|error| unwritable(&file, error))?;
    let text = |toml| Text { path: &file, toml, trusted: true };
    let new = edited(&text(&old), defaults)?;
    Config::default().apply(&text(&new))?;
    place.write(&new, mode).map_err(|error| unwritable(&file, error))?;
    Ok(file)
}

fn unwritable(path: &Path, source: impl Into<io::Error>) -> Refusal {
    Refusal::Unwritable { path: path.to_owned(), source: source.into() }
}

/// A name in a directory of ours. The directory stays the same one, whatever becomes of its path.
struct Place {
    directory: File,
    name: PathBuf,
}

impl Place {
    fn of(file: &Path) -> Result<Self, Refusal> {
        follows_nobody(file)?;
        make_directory(file.parent().unwrap_or(file))?;
        // A link of ours is meant: what it leads to is written.
        let target = if file.is_symlink() { file.canonicalize() } else { Ok(file.to_owned()) };
        let target = target.map_err(|error| unwritable(file, error))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(unwritable(file, Errno::ISDIR));
        };
        let directory = File::open(parent).map_err(|error| unwritable(parent, error))?;
        let metadata = directory.metadata().map_err(|error| unwritable(parent, error))?;
        if !is_ours(&metadata) {
            return Err(Refusal::Foreign(parent.to_owned()));
        }
        Ok(Self { directory, name: name.into() })
    }

    /// What is there, and who may read it.
    fn read(&self) -> io::Result<(String, Mode)> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.directory, &self.name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok((String::new(), Mode::RUSR | Mode::WUSR)),
            file => File::from(file?),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Err(io::Error::other("no configuration"));
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text)?;
        Ok((text, Mode::from_raw_mode(metadata.mode() & 0o777)))
    }

    fn write(&self, text: &str, mode: Mode) -> io::Result<()> {
        static TIMES: AtomicU32 = AtomicU32::new(0);
        let time = TIMES.fetch_add(1, Ordering::Relaxed);
        let unfinished = format!(".{}.{}.{time}", self.name.display(), process::id());
        let written = self.write_as(&unfinished, text, mode);
        if written.is_err() {
            // It may never have been there.
            _ = unlinkat(&self.directory, &unfinished, AtFlags::empty());
        }
        written
    }

    fn write_as(&self, unfinished: &str, text: &str, mode: Mode) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.directory, unfinished, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(text.as_bytes())?;
        fchmod(&file, mode)?;
        file.sync_all()?;
        Ok(renameat(&self.directory, unfinished, &self.directory, &self.name)?)
    }
}

/// Whether every link on the way is ours, or the system's.
fn follows_nobody(file: &Path) -> Result<(), Refusal> {
    let links = file.ancestors().filter_map(|path| Some((path, path.symlink_metadata().ok()?)));
    match links.filter(|(_, metadata)| metadata.is_symlink()).find(|(_, metadata)| !is_ours(metadata)) {
        Some((link, _)) => Err(Refusal::Foreign(link.to_owned())),
        None => Ok(()),
    }
}

/// Makes the directory where it is missing, but none in what belongs to somebody else.
fn make_directory(directory: &Path) -> Result<(), Refusal> {
    let existing = directory.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)));
    match existing {
        Some((path, metadata)) if !is_ours(&metadata) => Err(Refusal::Foreign(path.to_owned())),
        _ => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| unwritable(directory, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Idle;
    use crate::field::columns::Columns;
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
    use std::time::Duration;

    fn defaults() -> Defaults {
        let columns = Columns::parse("swap").unwrap();
        let (sort, filter) = ("trouble".to_owned(), String::new());
        Defaults { columns, sort, filter, interval: Duration::from_secs(1), idle: Idle::Shown, theme: "dark" }
    }

    fn saved(file: &Path) -> Result<String, String> {
        save(Some(file), &defaults()).map_err(|refusal| refusal.to_string())?;
        Ok(fs::read_to_string(file).unwrap())
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_that_is_not_there_is_made_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a/memcgtop/config.toml");
        assert!(saved(&file).unwrap().starts_with("columns = \"swap\"\n"));
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        saved(&file).unwrap();
        assert_eq!(mode(&file), 0o644, "who could read it still can");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_link_of_ones_own_stays_one() {
        let home = tempfile::tempdir().unwrap();
        let (link, file) = (home.path().join("link.toml"), home.path().join("file.toml"));
        fs::write(&file, "# kept\n").unwrap();
        symlink(&file, &link).unwrap();
        assert!(saved(&link).unwrap().starts_with("# kept\ncolumns"));
        assert!(link.is_symlink());
    }

    #[test]
    fn what_is_no_configuration_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        for (text, told) in [("columns = [", "line 1: "), ("nonsense = 1\n", "`nonsense`: no such key")] {
            fs::write(&file, text).unwrap();
            let error = saved(&file).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert!(saved(home.path()).unwrap_err().contains("no configuration"));
        assert!(save(None, &defaults()).unwrap_err().to_string().contains("HOME"));
    }

    #[test]
    fn it_goes_nowhere_that_somebody_else_leads_to() {
        const SOMEBODY: Option<u32> = Some(12_345);
        let home = tempfile::tempdir().unwrap();
        let (theirs, link) = (home.path().join("theirs"), home.path().join("link.toml"));
        fs::create_dir(&theirs).unwrap();
        if chown(&theirs, SOMEBODY, None).is_err() {
            eprintln!("SKIPPED: only root gives files away");
            return;
        }
        symlink(home.path().join("config.toml"), &link).unwrap();
        lchown(&link, SOMEBODY, None).unwrap();
        for file in [theirs.join("config.toml"), theirs.join("a/config.toml"), link] {
            let error = saved(&file).unwrap_err();
            assert!(error.ends_with("belongs to somebody else"), "{error}");
        }
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0);
    }
}
