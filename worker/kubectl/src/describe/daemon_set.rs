//! `DaemonSet`.

use super::metadata::{format_labels, labels_and_annotations, name_and_namespace};
use super::pods_status::PodsStatus;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{pod_template, selector};
use crate::error::Error;

pub(super) async fn print(
    reader: &Reader<'_>,
    set: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let selector = selector::text(set.at("spec.selector"));
    let pods = PodsStatus::read(reader, set, &selector).await?;
    name_and_namespace(w, set);
    w.row(0, "Selector", selector);
    let nodes = set.at("spec.template.spec.nodeSelector");
    w.row(0, "Node-Selector", format_labels(nodes));
    labels_and_annotations(w, set);
    for (label, field) in [
        (
            "Desired Number of Nodes Scheduled",
            "desiredNumberScheduled",
        ),
        (
            "Current Number of Nodes Scheduled",
            "currentNumberScheduled",
        ),
        (
            "Number of Nodes Scheduled with Up-to-date Pods",
            "updatedNumberScheduled",
        ),
        (
            "Number of Nodes Scheduled with Available Pods",
            "numberAvailable",
        ),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        writeln!(w.at(0), "{label}: {}", set.get("status").get(field).int());
    }
    w.row(0, "Pods Status", pods);
    pod_template::print(w, set.at("spec.template"));
    Ok(())
}
