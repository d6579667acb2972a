//! The names that no line of the table can say: any runtime's prefix, the kubelet's pods, units within a path.
//!
//! Reads one directory name at a time and knows nothing of its parents but their [`Home`].

use std::borrow::Cow;

use super::rules::{self, Home};
use super::shape;
use crate::snapshot::{Kind, Role};

/// What a directory name says.
pub(super) struct Found<'a> {
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) runtime: Option<&'a str>,
    pub(super) id: Option<Cow<'a, str>>,
}

/// What `text` is, if it is something of its own.
pub(super) fn read(text: &str, home: Option<Home>) -> Option<Found<'_>> {
    known_name(text, home).or_else(|| prefixed_container(text)).or_else(|| kubelet_pod(text))
}

fn known_name(text: &str, home: Option<Home>) -> Option<Found<'_>> {
    let (makes, id) = rules::find(text, home)?;
    Some(Found { kind: makes.kind, role: makes.role, runtime: makes.runtime, id: id.map(Cow::Borrowed) })
}

/// `<prefix>-<64 hexadecimal digits>`, with or without `.scope`: runc and its relatives let every caller choose the prefix.
fn prefixed_container(text: &str) -> Option<Found<'_>> {
    let (prefix, id) = text.strip_suffix(".scope").unwrap_or(text).rsplit_once('-')?;
    let is_container = is_prefix(prefix) && shape::is_hex(id, 64);
    is_container.then(|| Found {
        kind: Kind::Container,
        role: Role::Outermost,
        runtime: Some(rules::runtime_of_prefix(prefix)),
        id: Some(Cow::Borrowed(id)),
    })
}

fn is_prefix(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn kubelet_pod(text: &str) -> Option<Found<'_>> {
    let uid = text.strip_prefix("pod").filter(|uid| shape::is_uuid(uid, '-') || shape::is_hex(uid, 32));
    let id = uid.map(Cow::Borrowed).or_else(|| kubelet_uid_of_slice(text).map(Cow::Owned))?;
    Some(Found { kind: Kind::Pod, role: Role::Outermost, runtime: Some("kubelet"), id: Some(id) })
}

/// The uid in `…kubepods[-burstable|-besteffort]-pod<uid>.slice`, where the kubelet writes `_` for `-`.
fn kubelet_uid_of_slice(text: &str) -> Option<String> {
    let (parents, uid) = text.strip_suffix(".slice")?.rsplit_once("-pod")?;
    let parents = parents.strip_suffix("-burstable").or_else(|| parents.strip_suffix("-besteffort")).unwrap_or(parents);
    let is_pod = parents.rsplit('-').next() == Some("kubepods") && (shape::is_uuid(uid, '_') || shape::is_hex(uid, 32));
    is_pod.then(|| uid.replace('_', "-"))
}

/// Takes `<slice>:<prefix>:<id>` apart: what systemd would make of it, taken for a path by a runtime without systemd.
/// Any other text is a unit without a slice.
pub(super) fn split_systemd_path(text: &str) -> (&str, Cow<'_, str>) {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(slice), Some(prefix), Some(id)) if kind_of_unit(slice) == Kind::Slice => {
            (slice, Cow::Owned(format!("{prefix}-{id}.scope")))
        }
        _ => ("", Cow::Borrowed(text)),
    }
}

/// The pod that a slice is made for.
pub(super) fn pod_of_slice(slice: &str) -> Option<String> {
    let found = read(slice, None)?;
    (found.kind == Kind::Pod).then_some(found.id?.into_owned())
}

/// What a directory is by its suffix alone.
pub(super) fn kind_of_unit(segment: &str) -> Kind {
    match segment.rsplit_once('.') {
        Some(("", _)) | None => Kind::Cgroup,
        Some((name, "service")) if name.starts_with("user@") => Kind::Cgroup,
        Some((_, "service")) => Kind::Service,
        Some((_, "scope")) => Kind::Scope,
        Some((_, "slice")) => Kind::Slice,
        Some(_) => Kind::Cgroup,
    }
}

/// An id as people write it: 12 digits of a container's, 8 of a kubelet's uid, all of a name.
pub(super) fn short_name(kind: Kind, id: &str) -> &str {
    if shape::is_hex(id, 64) {
        &id[..12]
    } else if kind == Kind::Pod {
        id.get(..8).unwrap_or(id)
    } else {
        id
    }
}
