//! A container's files: a static busybox and what it takes to run it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::command::output;

/// A container that does nothing.
pub(crate) const IDLE: &str = "while :; do sleep 60; done";

const APPLETS: [&str; 3] = ["sh", "sleep", "dd"];

/// Makes a root directory.
pub(crate) fn root(place: &Path) -> PathBuf {
    let root = place.join("rootfs");
    for directory in ["bin", "dev/pts", "etc", "proc", "root", "sys", "tmp"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let busybox = output(Command::new("sh").args(["-c", "command -v busybox"]));
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    script(&root.join("init"), IDLE);
    // Its process is called `pause` then, as a real one is.
    script(&root.join("pause"), IDLE);
    root
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Packs a root directory, for the runtimes that import one as an image.
pub(crate) fn layer(place: &Path) -> PathBuf {
    let packed = place.join("layer.tar");
    tar(&root(place), &packed, &["."]);
    packed
}

/// Packs an image under several names, for the runtimes that want an archive of images.
pub(crate) fn archive(place: &Path, names: &[&str]) -> PathBuf {
    let digest = output(Command::new("sha256sum").arg(layer(place)));
    let digest = digest.split(' ').next().unwrap();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = json!([{"Config": "config.json", "RepoTags": names, "Layers": ["layer.tar"]}]);
    fs::write(place.join("config.json"), config.to_string()).unwrap();
    fs::write(place.join("manifest.json"), manifest.to_string()).unwrap();
    let packed = place.join("images.tar");
    tar(place, &packed, &["config.json", "layer.tar", "manifest.json"]);
    packed
}

fn tar(from: &Path, to: &Path, names: &[&str]) {
    output(Command::new("tar").arg("-C").arg(from).arg("-cf").arg(to).args(names));
}
