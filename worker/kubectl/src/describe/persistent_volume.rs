//! `PersistentVolume`.

use super::claim::{access_modes, storage_class};
use super::metadata::labels_and_annotations;
use super::value::Value;
use super::volume;
use super::writer::Writer;

pub(super) fn print(volume: Value<'_>, w: &mut Writer) {
    let (metadata, spec) = (volume.get("metadata"), volume.get("spec"));
    let status = volume.get("status");
    w.row(0, "Name", metadata.get("name"));
    labels_and_annotations(w, volume);
    let finalizers = metadata.get("finalizers").items().map(Value::text);
    let finalizers = finalizers.collect::<Vec<_>>().join(" ");
    w.row(0, "Finalizers", format_args!("[{finalizers}]"));
    w.row(0, "StorageClass", storage_class(volume));
    let deleted = metadata.get("deletionTimestamp");
    if deleted.is_set() {
        let age = w.age(deleted.time());
        w.row(0, "Status", format_args!("Terminating (lasts {age})"));
    } else {
        w.row(0, "Status", status.get("phase"));
    }
    let claim = spec.get("claimRef");
    if claim.is_set() {
        let (namespace, name) = (claim.get("namespace"), claim.get("name"));
        w.row(0, "Claim", format_args!("{namespace}/{name}"));
    } else {
        w.row(0, "Claim", "");
    }
    w.row(
        0,
        "Reclaim Policy",
        spec.get("persistentVolumeReclaimPolicy"),
    );
    w.row(0, "Access Modes", access_modes(spec.get("accessModes")));
    if spec.get("volumeMode").is_set() {
        w.row(0, "VolumeMode", spec.get("volumeMode"));
    }
    w.row(0, "Capacity", spec.at("capacity.storage").quantity());
    node_affinity(w, spec.at("nodeAffinity.required"));
    w.row(0, "Message", status.get("message"));
    writeln!(w.at(0), "Source:");
    volume::source(w, spec, true);
}

fn node_affinity(w: &mut Writer, required: Value<'_>) {
    if !required.is_set() {
        w.row(0, "Node Affinity", "<none>");
        return;
    }
    w.row(0, "Node Affinity", "");
    let terms = required.get("nodeSelectorTerms");
    w.row(
        1,
        "Required Terms",
        if terms.is_empty() { "<none>" } else { "" },
    );
    for (number, term) in terms.items().enumerate() {
        let requirements = term.get("matchExpressions");
        write!(w.at(2), "Term {number}:\t");
        if requirements.is_empty() {
            writeln!(w.at(0), "<none>");
        }
        for (number, requirement) in requirements.items().enumerate() {
            if number > 0 {
                write!(w.at(2), "\t");
            }
            let operator = requirement.get("operator").text().to_lowercase();
            let values: Vec<_> = requirement.get("values").items().map(Value::text).collect();
            let key = requirement.get("key");
            if values.is_empty() {
                writeln!(w.at(0), "{key} {operator}");
            } else {
                writeln!(w.at(0), "{key} {operator} [{}]", values.join(", "));
            }
        }
    }
}
