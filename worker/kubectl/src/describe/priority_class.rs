//! `PriorityClass`.

use super::metadata::format_labels;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(class: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", class.at("metadata.name"));
    w.row(0, "Value", class.get("value").int());
    w.row(0, "GlobalDefault", class.get("globalDefault").truth());
    w.row(0, "PreemptionPolicy", class.get("preemptionPolicy"));
    w.row(0, "Description", class.get("description"));
    let annotations = class.at("metadata.annotations");
    w.row(0, "Annotations", format_labels(annotations));
}
