//! `IPAddress`.

use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(address: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", address.at("metadata.name"));
    labels_and_annotations(w, address);
    let parent = address.at("spec.parentRef");
    if parent.is_set() {
        writeln!(w.at(0), "Parent Reference:");
        for (label, field) in [
            ("Group", "group"),
            ("Resource", "resource"),
            ("Namespace", "namespace"),
            ("Name", "name"),
        ] {
            w.row(1, label, parent.get(field));
        }
    }
}
