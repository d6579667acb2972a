//! Where each runtime keeps which file, seen from the place that its supervisor runs in.
//!
//! Reads through a [`Visit`] only; what is in a file is understood elsewhere.

use std::path::{Path, PathBuf};

use super::visit::{Place, Visit};
use super::{Malformed, docker, lines};
use crate::identity::facts::Facts;
use crate::snapshot::Identity;

pub(super) fn made_by(runtime: &str) -> Facts {
    Facts { runtime: Some(runtime.into()), is_container: true, ..Facts::default() }
}

pub(super) fn of_docker(place: &Place, directory: &Path, visit: &mut Visit) -> Facts {
    let config = visit.take(place, &directory.join("config.v2.json"), docker::config);
    let limits = visit.take(place, &directory.join("hostconfig.json"), docker::host_config);
    config.unwrap_or_default().or(limits.unwrap_or_default())
}

pub(super) fn of_lxc(identity: &Identity, place: Option<&Place>, path: &Path, name: &str, visit: &mut Visit) -> Facts {
    let is_below = |directory: &str| path.components().any(|part| part.as_os_str() == directory);
    let file = |visit: &mut Visit, file: PathBuf| visit.take(place?, &file, as_text);
    let config = file(visit, path.join(name).join("config"));
    let limits = config.as_deref().map(lines::lxc_limits).unwrap_or_default();
    if is_below("lxd") || is_below("incus") {
        let (project, name) = name.rsplit_once('_').unwrap_or(("default", name));
        let backup = file(visit, path.join(name).join("backup.yaml"));
        let image = backup.as_deref().and_then(|text| lines::value(text, "image.description", ':'));
        return Facts {
            name: Some(name.into()),
            namespace: Some(project.into()),
            image: image.map(Into::into),
            ..limits.or(made_by(if is_below("lxd") { "lxd" } else { "incus" }))
        };
    }
    let is_proxmox = identity.runtime.as_deref() == Some("proxmox");
    let given = if is_proxmox {
        let pve = file(visit, Path::new("/etc/pve/lxc").join(format!("{name}.conf")));
        let host = pve.as_deref().and_then(|text| lines::value(text, "hostname", ':')).map(str::to_owned);
        host.or_else(|| Some(lines::value(config.as_deref()?, "lxc.uts.name", '=')?.to_owned()))
    } else {
        None
    };
    let by = if is_proxmox { "proxmox" } else { "lxc" };
    // The cgroup may carry another number behind it.
    let id = Some(name.into());
    Facts { id, name: Some(given.unwrap_or_else(|| name.to_owned()).into()), ..limits.or(made_by(by)) }
}

pub(super) fn of_virtuozzo(place: &Place, id: &str, visit: &mut Visit) -> Facts {
    let files = [format!("/etc/vz/conf/{id}.conf"), format!("/vz/private/{id}/ve.conf")];
    let config = files.iter().find_map(|file| visit.take(place, Path::new(file), as_text)).unwrap_or_default();
    let name = ["NAME", "HOSTNAME"].iter().find_map(|key| lines::value(&config, key, '='));
    let image = lines::value(&config, "OSTEMPLATE", '=');
    Facts { name: name.map(Into::into), image: image.map(Into::into), ..Facts::default() }
}

/// What a container tells of the pod that it is in.
pub(super) fn of_pod(facts: Facts) -> Facts {
    Facts {
        name: facts.pod.clone(),
        pod: facts.pod,
        namespace: facts.namespace,
        shortfall: facts.shortfall,
        ..Facts::default()
    }
}

pub(super) fn as_text(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed)
}
