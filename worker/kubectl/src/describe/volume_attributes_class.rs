//! `VolumeAttributesClass`.

use super::metadata::format_labels;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(class: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", class.at("metadata.name"));
    let annotations = class.at("metadata.annotations");
    w.row(0, "Annotations", format_labels(annotations));
    w.row(0, "DriverName", class.get("driverName"));
    w.row(0, "Parameters", format_labels(class.get("parameters")));
}
