//! `RoleBinding` and `ClusterRoleBinding`.

use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(binding: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", binding.at("metadata.name"));
    labels_and_annotations(w, binding);
    writeln!(w.at(0), "Role:");
    w.row(1, "Kind", binding.at("roleRef.kind"));
    w.row(1, "Name", binding.at("roleRef.name"));
    writeln!(w.at(0), "Subjects:");
    writeln!(w.at(1), "Kind\tName\tNamespace");
    writeln!(w.at(1), "----\t----\t---------");
    for subject in binding.get("subjects").items() {
        let (kind, name) = (subject.get("kind"), subject.get("name"));
        writeln!(w.at(1), "{kind}\t{name}\t{}", subject.get("namespace"));
    }
}
