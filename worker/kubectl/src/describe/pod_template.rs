//! The pod template of a workload.

use super::container::Section;
use super::metadata::{annotations, labels};
use super::scheduling;
use super::toleration::tolerations;
use super::value::Value;
use super::volume::volumes;
use super::writer::Writer;

/// `Pod Template`
pub(super) fn print(w: &mut Writer, template: Value<'_>) {
    writeln!(w.at(0), "Pod Template:");
    let (metadata, spec) = (template.get("metadata"), template.get("spec"));
    labels(w, "  Labels", metadata.get("labels"));
    if !metadata.get("annotations").is_empty() {
        annotations(w, "  Annotations", metadata.get("annotations"));
    }
    w.row_unless_empty(1, "Service Account", spec.get("serviceAccountName").text());
    let section = |label, field| Section {
        label,
        containers: spec.get(field),
        statuses: Value::none(),
        pod: None,
    };
    if !spec.get("initContainers").is_empty() {
        section("Init Containers", "initContainers").print(w);
    }
    section("Containers", "containers").print(w);
    volumes(w, spec.get("volumes"), true);
    scheduling::spread_constraints(w, spec.get("topologySpreadConstraints"), "  ");
    w.row_unless_empty(
        1,
        "Priority Class Name",
        spec.get("priorityClassName").text(),
    );
    labels(w, "  Node-Selectors", spec.get("nodeSelector"));
    tolerations(w, "  Tolerations", spec.get("tolerations"));
    scheduling::group(w, spec.get("schedulingGroup"), "  ");
}
