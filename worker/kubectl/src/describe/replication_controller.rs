//! `ReplicationController`.

use super::metadata::{format_labels, labels_and_annotations, name_and_namespace};
use super::pods_status::PodsStatus;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{conditions, pod_template, selector};
use crate::error::Error;

pub(super) async fn print(
    reader: &Reader<'_>,
    controller: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let spec = controller.get("spec");
    let labels = spec.get("selector");
    let pods = PodsStatus::read(reader, controller, &selector::of_labels(labels)).await?;
    name_and_namespace(w, controller);
    w.row(0, "Selector", format_labels(labels));
    labels_and_annotations(w, controller);
    let current = controller.at("status.replicas").int();
    let desired = spec.get("replicas").int();
    w.row(
        0,
        "Replicas",
        format_args!("{current} current / {desired} desired"),
    );
    w.row(0, "Pods Status", pods);
    // A replication controller alone can be without one.
    if spec.get("template").is_set() {
        pod_template::print(w, spec.get("template"));
    } else {
        writeln!(w.at(0), "Pod Template:");
        write!(w.at(1), "<unset>");
    }
    conditions::with_reasons(w, controller.at("status.conditions"));
    Ok(())
}
