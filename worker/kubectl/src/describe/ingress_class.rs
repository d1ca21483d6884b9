//! `IngressClass`.

use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(class: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", class.at("metadata.name"));
    labels_and_annotations(w, class);
    w.row(0, "Controller", class.at("spec.controller"));
    let parameters = class.at("spec.parameters");
    if parameters.is_set() {
        writeln!(w.at(0), "Parameters:");
        if parameters.get("apiGroup").is_set() {
            w.row(1, "APIGroup", parameters.get("apiGroup"));
        }
        w.row(1, "Kind", parameters.get("kind"));
        w.row(1, "Name", parameters.get("name"));
    }
}
