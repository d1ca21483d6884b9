//! `CSINode`.

use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;
use crate::printer::age::rfc1123z;

pub(super) fn print(node: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", node.at("metadata.name"));
    labels_and_annotations(w, node);
    let created = node.at("metadata.creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    writeln!(w.at(0), "Spec:");
    let drivers = node.at("spec.drivers");
    if !drivers.is_empty() {
        writeln!(w.at(1), "Drivers:");
    }
    for driver in drivers.items() {
        writeln!(w.at(2), "{}:", driver.get("name"));
        w.row(3, "Node ID", driver.get("nodeID"));
        let count = driver.at("allocatable.count");
        if count.is_set() {
            writeln!(w.at(3), "Allocatables:");
            w.row(4, "Count", count);
        }
        if !driver.get("topologyKeys").is_empty() {
            w.row(3, "Topology Keys", driver.get("topologyKeys"));
        }
    }
}
