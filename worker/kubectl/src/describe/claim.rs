//! What a claim asks for: of a `PersistentVolumeClaim`, and of a template of one.

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;

/// The short names of access modes, in the order in which they are printed.
const MODES: [(&str, &str); 4] = [
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
];

/// A template has no name, no status and no finalizers.
pub(super) fn print(w: &mut Writer, claim: Value<'_>, is_whole: bool) {
    let (metadata, spec, status) = (
        claim.get("metadata"),
        claim.get("spec"),
        claim.get("status"),
    );
    if is_whole {
        name_and_namespace(w, claim);
    }
    w.row(0, "StorageClass", storage_class(claim));
    if is_whole {
        let deleted = metadata.get("deletionTimestamp");
        if deleted.is_set() {
            let age = w.age(deleted.time());
            w.row(0, "Status", format_args!("Terminating (lasts {age})"));
        } else {
            w.row(0, "Status", status.get("phase"));
        }
    }
    w.row(0, "Volume", spec.get("volumeName"));
    labels_and_annotations(w, claim);
    if is_whole {
        let finalizers: Vec<_> = metadata
            .get("finalizers")
            .items()
            .map(Value::text)
            .collect();
        w.row(0, "Finalizers", format_args!("[{}]", finalizers.join(" ")));
    }
    let (mut capacity, mut modes) = (String::new(), String::new());
    if !spec.get("volumeName").is_empty() {
        modes = access_modes(status.get("accessModes"));
        capacity = status.at("capacity.storage").amount_or("0");
    }
    w.row(0, "Capacity", capacity);
    w.row(0, "Access Modes", modes);
    if spec.get("volumeMode").is_set() {
        w.row(0, "VolumeMode", spec.get("volumeMode"));
    }
    let source = spec.get("dataSource");
    if source.is_set() {
        writeln!(w.at(0), "DataSource:");
        if source.get("apiGroup").is_set() {
            w.row(1, "APIGroup", source.get("apiGroup"));
        }
        w.row(1, "Kind", source.get("kind"));
        w.row(1, "Name", source.get("name"));
    }
}

/// Of the annotation that came before the field, or of the field.
pub(super) fn storage_class(claim: Value<'_>) -> &str {
    let annotation = claim
        .at("metadata.annotations")
        .get("volume.beta.kubernetes.io/storage-class");
    if annotation.is_set() {
        annotation.text()
    } else {
        claim.at("spec.storageClassName").text()
    }
}

/// `RWO,ROX`, each once.
pub(super) fn access_modes(modes: Value<'_>) -> String {
    let has = |mode: &str| modes.items().any(|item| item.text() == mode);
    let short = MODES.iter().filter(|(mode, _)| has(mode));
    short.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}
