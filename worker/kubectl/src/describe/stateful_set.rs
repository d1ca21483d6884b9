//! `StatefulSet`.

use super::claim::storage_class;
use super::metadata::{labels_and_annotations, labels_indented, name_and_namespace};
use super::pods_status::PodsStatus;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{pod_template, selector};
use crate::error::Error;
use crate::printer::age::rfc1123z;

pub(super) async fn print(
    reader: &Reader<'_>,
    set: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let spec = set.get("spec");
    let selector = selector::text(spec.get("selector"));
    let pods = PodsStatus::read(reader, set, &selector).await?;
    name_and_namespace(w, set);
    let created = set.at("metadata.creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    w.row(0, "Selector", selector);
    labels_and_annotations(w, set);
    w.row_unless_empty(0, "Service Name", spec.get("serviceName").text());
    let policy = spec.get("podManagementPolicy").text();
    w.row_unless_empty(0, "Pod Management Policy", policy);
    let (desired, total) = (spec.get("replicas").int(), set.at("status.replicas").int());
    w.row(
        0,
        "Replicas",
        format_args!("{desired} desired | {total} total"),
    );
    w.row(0, "Update Strategy", spec.at("updateStrategy.type"));
    let rolling = spec.at("updateStrategy.rollingUpdate");
    if rolling.get("partition").is_set() {
        w.row(1, "Partition", rolling.get("partition"));
        if rolling.get("maxUnavailable").is_set() {
            w.row(1, "MaxUnavailable", rolling.get("maxUnavailable"));
        }
    }
    let retention = spec.get("persistentVolumeClaimRetentionPolicy");
    if retention.is_set() {
        writeln!(w.at(0), "Persistent Volume Claim Retention Policy:");
        w.row(1, "WhenDeleted", retention.get("whenDeleted"));
        w.row(1, "WhenScaled", retention.get("whenScaled"));
    }
    w.row(0, "Pods Status", pods);
    pod_template::print(w, spec.get("template"));
    claims(w, spec.get("volumeClaimTemplates"));
    Ok(())
}

fn claims(w: &mut Writer, templates: Value<'_>) {
    if templates.is_empty() {
        w.row(0, "Volume Claims", "<none>");
        return;
    }
    writeln!(w.at(0), "Volume Claims:");
    for claim in templates.items() {
        w.row(1, "Name", claim.at("metadata.name"));
        w.row(1, "StorageClass", storage_class(claim));
        labels_indented(w, "  ", "Labels", claim.at("metadata.labels"));
        labels_indented(w, "  ", "Annotations", claim.at("metadata.annotations"));
        let capacity = claim.at("spec.resources.requests.storage");
        w.row(1, "Capacity", capacity.amount_or("<default>"));
        let modes: Vec<_> = claim
            .at("spec.accessModes")
            .items()
            .map(Value::text)
            .collect();
        w.row(1, "Access Modes", format_args!("[{}]", modes.join(" ")));
    }
}
