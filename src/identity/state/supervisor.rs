//! Who runs a container, as the command line of the parent of its first process says.
//!
//! Pure text: must not read `/proc`. A command line is what its process made of it, so nothing here is more than a
//! claim; a container can only make one about what runs inside itself.

use std::path::PathBuf;

/// The process that a container hangs on, with what its command line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Supervisor {
    /// Of podman and CRI-O.
    Conmon {
        /// `-n`: podman's name, or the kubelet's long one.
        name: Option<String>,
        /// `-c`.
        id: String,
        /// `-b`: where `config.json` is.
        bundle: PathBuf,
    },
    /// Of containerd, and so of docker.
    Shim {
        /// `-namespace`: `moby` is docker, `k8s.io` the kubelet.
        namespace: String,
        /// `-id`: of the container, or of the sandbox that it shares the shim with.
        id: Option<String>,
    },
    /// `[lxc monitor] PATH NAME`, of LXC, LXD and Incus.
    LxcMonitor {
        /// Where the configurations are.
        path: PathBuf,
        /// The name; with LXD and Incus `PROJECT_NAME` outside of the default project.
        name: String,
    },
    /// `systemd-nspawn -M NAME`.
    Nspawn {
        /// The machine's name.
        name: String,
    },
}

impl Supervisor {
    /// Reads a command line whose arguments end with NUL.
    pub(super) fn parse(cmdline: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(cmdline);
        let arguments: Vec<&str> = text.trim_end_matches('\0').split('\0').collect();
        let (program, rest) = arguments.split_first()?;
        if let Some(monitor) = program.strip_prefix("[lxc monitor] ") {
            let (path, name) = monitor.trim_end().rsplit_once(' ')?;
            return Some(Self::LxcMonitor { path: path.into(), name: name.to_owned() });
        }
        match program.rsplit('/').next()? {
            "conmon" => Some(Self::Conmon {
                name: option(rest, &["-n", "--name"]),
                id: option(rest, &["-c", "--cid"])?,
                bundle: option(rest, &["-b", "--bundle"])?.into(),
            }),
            shim if shim.starts_with("containerd-shim") => Some(Self::Shim {
                namespace: option(rest, &["-namespace", "--namespace"])?,
                // The first generation says it by its working directory only.
                id: option(rest, &["-id", "--id"]).or_else(|| last_part(&option(rest, &["-workdir"])?)),
            }),
            "systemd-nspawn" => Some(Self::Nspawn {
                name: option(rest, &["-M", "--machine"])
                    .or_else(|| last_part(&option(rest, &["-D", "--directory"])?))?,
            }),
            _ => None,
        }
    }
}

/// The guest's name in the command line of a virtual machine: `-name guest=NAME,…` or `-name NAME`.
pub(super) fn guest_name(cmdline: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(cmdline);
    let arguments: Vec<&str> = text.split('\0').collect();
    let value = option(&arguments, &["-name"])?;
    let first = value.split(',').next()?;
    let name = first.strip_prefix("guest=").unwrap_or(first);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The value of an option: the argument behind it, or what follows its `=`.
fn option(arguments: &[&str], names: &[&str]) -> Option<String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = argument.split_once('=').map_or((*argument, None), |(name, value)| (name, Some(value)));
        if names.contains(&name) {
            let value = value.or_else(|| arguments.next().copied())?;
            return (!value.is_empty()).then(|| value.to_owned());
        }
    }
    None
}

fn last_part(path: &str) -> Option<String> {
    path.trim_end_matches('/').rsplit('/').next().filter(|part| !part.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Supervisor> {
        Supervisor::parse(line.replace(' ', "\0").as_bytes())
    }

    #[test]
    fn command_lines_of_real_supervisors_are_understood() {
        assert_eq!(
            parse(
                "/usr/bin/conmon --api-version 1 -c b413 -u b413 -r /usr/bin/runc -b /storage/b413/userdata -n api --full-attach"
            ),
            Some(Supervisor::Conmon {
                name: Some("api".into()),
                id: "b413".into(),
                bundle: "/storage/b413/userdata".into()
            })
        );
        assert_eq!(
            parse(
                "/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id f575 -address /run/containerd/containerd.sock "
            ),
            Some(Supervisor::Shim { namespace: "k8s.io".into(), id: Some("f575".into()) })
        );
        assert_eq!(
            parse(
                "containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/4a47 -address x"
            ),
            Some(Supervisor::Shim { namespace: "moby".into(), id: Some("4a47".into()) })
        );
        assert_eq!(
            Supervisor::parse(b"[lxc monitor] /var/lib/lxd/containers team-a_web-1\0\0\0"),
            Some(Supervisor::LxcMonitor { path: "/var/lib/lxd/containers".into(), name: "team-a_web-1".into() })
        );
        assert_eq!(
            parse("systemd-nspawn --keep-unit --machine=nsp1 -D /r"),
            Some(Supervisor::Nspawn { name: "nsp1".into() })
        );
        assert_eq!(parse("systemd-nspawn -D /srv/web/"), Some(Supervisor::Nspawn { name: "web".into() }));
    }

    #[test]
    fn other_command_lines_are_nobodys() {
        for line in ["", "conmon", "conmon -c x", "bash -c conmon", "containerd-shim", "conmon -n -c", "sshd: root"] {
            assert_eq!(parse(line), None, "{line}");
        }
        assert_eq!(Supervisor::parse(b"[lxc monitor] "), None);
        assert_eq!(Supervisor::parse(b"\xff\0\xfe"), None);
    }

    #[test]
    fn guests_say_their_names() {
        assert_eq!(guest_name(b"/usr/bin/qemu\0-name\0guest=vm1,debug-threads=on\0-S"), Some("vm1".into()));
        assert_eq!(guest_name(b"kvm\0-id\0x\0-name\0mail,debug-threads=on"), Some("mail".into()));
        assert_eq!(guest_name(b"kvm\0-name"), None);
    }
}
