//! A runtime's own socket, for what is not on disk; asked only where the user named it.
//!
//! One plain request, with a deadline: a runtime hangs in the very incident that this program is for. Must not be
//! asked from the thread that reads memory, nor more often than its answer is worth.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde_json::Value;

use crate::identity::facts::Facts;
use crate::identity::state::docker;
use crate::text;

/// A runtime's socket, as the user named it: `docker=unix:///var/run/docker.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What its containers are said to be made by.
    pub runtime: &'static str,
    /// The socket.
    pub socket: PathBuf,
}

/// The runtimes whose sockets speak this language.
const RUNTIMES: [&str; 2] = ["docker", "podman"];

impl Endpoint {
    /// Reads `RUNTIME=unix://PATH`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, address) = text.split_once('=').ok_or("write RUNTIME=unix:///path/of/its.sock")?;
        let runtime = RUNTIMES.into_iter().find(|runtime| *runtime == name);
        let runtime = runtime
            .ok_or_else(|| format!("no API of `{}` is known; known: {}", text::excerpt(name), RUNTIMES.join(", ")))?;
        match address.strip_prefix("unix://") {
            Some(path) if path.starts_with('/') => Ok(Self { runtime, socket: path.into() }),
            _ => Err(format!("`{}` is no address of a socket; write unix:///path/of/its.sock", text::excerpt(address))),
        }
    }
}

impl Display for Endpoint {
    /// As [`Endpoint::parse`] reads it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}=unix://{}", self.runtime, self.socket.display())
    }
}

/// An answer is used for so long.
const FRESH: Duration = Duration::from_secs(10);
/// The runtime has so long to answer.
const DEADLINE: Duration = Duration::from_millis(300);
/// One that fails is left alone for twice as long each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The longest answer: tens of thousands of containers.
const LARGEST: u64 = 64 << 20;

/// A runtime's list of containers, kept for a while.
#[derive(Debug)]
pub(super) struct Api {
    endpoint: Endpoint,
    containers: HashMap<String, Facts>,
    failure: Option<String>,
    next: Option<Instant>,
    pause: Duration,
}

impl Api {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, containers: HashMap::new(), failure: None, next: None, pause: FRESH }
    }

    /// What the runtime says of a container; asks it again if what is known is old.
    pub(super) fn find(&mut self, id: &str) -> Option<Facts> {
        if self.next.is_none_or(|next| next <= Instant::now()) {
            self.refresh();
        }
        self.containers.get(id).cloned()
    }

    /// The socket and why it did not answer, if it did not.
    pub(super) fn failure(&self) -> Option<(&PathBuf, &str)> {
        Some((&self.endpoint.socket, self.failure.as_deref()?))
    }

    fn refresh(&mut self) {
        match self.ask() {
            Ok(containers) => {
                self.containers = containers;
                self.failure = None;
                self.pause = FRESH;
            }
            Err(error) => {
                self.failure = Some(error.to_string());
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
        self.next = Some(Instant::now() + self.pause);
    }

    fn ask(&self) -> io::Result<HashMap<String, Facts>> {
        let until = Instant::now() + DEADLINE;
        let mut stream = self.connect()?;
        stream.set_write_timeout(Some(DEADLINE))?;
        // The first version of the protocol: the answer comes in one piece and ends with the connection.
        stream.write_all(b"GET /containers/json HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || answer.len() as u64 > LARGEST {
                return Err(io::ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
            }
        }
        containers(&answer, self.endpoint.runtime)
            .ok_or_else(|| io::Error::other("its answer is no list of containers"))
    }

    /// A runtime that stands still accepts no more than its queue holds: waiting for it would have no end.
    fn connect(&self) -> io::Result<UnixStream> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(&self.endpoint.socket)?)?;
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false)?;
        Ok(stream)
    }
}

/// Reads an HTTP answer with a list of containers.
fn containers(answer: &[u8], runtime: &str) -> Option<HashMap<String, Facts>> {
    let head_end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let status = answer.split(|byte| *byte == b' ').nth(1)?;
    if status != b"200" {
        return None;
    }
    let list: Vec<Value> = serde_json::from_slice(&answer[head_end + 4..]).ok()?;
    Some(list.iter().filter_map(|entry| container(entry, runtime)).collect())
}

fn container(entry: &Value, runtime: &str) -> Option<(String, Facts)> {
    let id = entry.get("Id")?.as_str()?;
    let name = entry.pointer("/Names/0").and_then(Value::as_str).map(|name| name.trim_start_matches('/'));
    let image = entry.get("Image").and_then(Value::as_str).filter(|image| !image.is_empty());
    let labels = entry.get("Labels").map(docker::of_labels).unwrap_or_default();
    let own = Facts {
        runtime: Some(runtime.into()),
        name: name.map(Into::into),
        image: image.map(Into::into),
        is_container: true,
        ..Facts::default()
    };
    Some((id.to_owned(), labels.or(own)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn addresses_are_read_or_explained() {
        let endpoint = Endpoint::parse("podman=unix:///run/podman/podman.sock").unwrap();
        assert_eq!(endpoint.to_string(), "podman=unix:///run/podman/podman.sock");
        assert_eq!((endpoint.runtime, endpoint.socket), ("podman", "/run/podman/podman.sock".into()));
        for bad in ["", "docker", "docker=", "docker=tcp://x", "docker=unix://relative", "lxd=unix:///x"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        assert!(Endpoint::parse("lxd=unix:///x").unwrap_err().contains("docker, podman"));
    }

    /// A runtime that answers each connection with these bytes.
    fn runtime(answer: &'static [u8]) -> (tempfile::TempDir, Api) {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("api.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                _ = stream.read(&mut [0; 256]);
                _ = stream.write_all(answer);
            }
        });
        (directory, Api::new(Endpoint { runtime: "docker", socket }))
    }

    #[test]
    fn an_answer_is_a_list_of_containers() {
        let (_directory, mut api) = runtime(
            b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[{\"Id\": \"4a\", \"Names\": [\"/web\"], \"Image\": \"bb:1\", \"Labels\": {}}, 7]",
        );
        let facts = api.find("4a").unwrap();
        assert_eq!((facts.name.as_deref(), facts.image.as_deref()), (Some("web"), Some("bb:1")));
        assert_eq!((api.find("other"), api.failure()), (None, None));
    }

    #[test]
    fn what_is_no_answer_is_a_failure_and_nobody_asks_again_at_once() {
        for answer in [&b"HTTP/1.0 500 Broken\r\n\r\n[]"[..], b"", b"garbage", b"HTTP/1.0 200 OK\r\n\r\n{\"a\":"] {
            let (_directory, mut api) = runtime(answer);
            assert_eq!(api.find("4a"), None);
            assert!(api.failure().is_some() && api.next.is_some_and(|next| next > Instant::now() + FRESH));
        }
    }

    #[test]
    fn one_that_stands_still_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("api.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        let mut api = Api::new(Endpoint { runtime: "docker", socket });
        assert_eq!(api.find("4a"), None);
        assert!(api.failure().is_some());
    }
}
