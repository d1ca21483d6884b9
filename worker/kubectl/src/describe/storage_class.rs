//! `StorageClass`.

use super::metadata::format_labels;
use super::value::Value;
use super::writer::Writer;

/// Either of these makes a class the default one.
const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

pub(super) fn print(class: Value<'_>, w: &mut Writer) {
    let annotations = class.at("metadata.annotations");
    let is_default = DEFAULT
        .iter()
        .any(|key| annotations.get(key).text() == "true");
    w.row(0, "Name", class.at("metadata.name"));
    w.row(0, "IsDefaultClass", if is_default { "Yes" } else { "No" });
    w.row(0, "Annotations", format_labels(annotations));
    w.row(0, "Provisioner", class.get("provisioner"));
    w.row(0, "Parameters", format_labels(class.get("parameters")));
    let expansion = class.get("allowVolumeExpansion");
    let expansion = match (expansion.is_set(), expansion.truth()) {
        (false, _) => "<unset>",
        (true, true) => "True",
        (true, false) => "False",
    };
    w.row(0, "AllowVolumeExpansion", expansion);
    let options = class.get("mountOptions");
    if options.is_empty() {
        w.row(0, "MountOptions", "<none>");
    } else {
        writeln!(w.at(0), "MountOptions:");
    }
    for option in options.items() {
        writeln!(w.at(1), "{option}");
    }
    for (label, field) in [
        ("ReclaimPolicy", "reclaimPolicy"),
        ("VolumeBindingMode", "volumeBindingMode"),
    ] {
        if class.get(field).is_set() {
            w.row(0, label, class.get(field));
        }
    }
    topologies(w, class.get("allowedTopologies"));
}

fn topologies(w: &mut Writer, topologies: Value<'_>) {
    if !topologies.is_empty() {
        w.row(0, "AllowedTopologies", "");
    }
    for (number, term) in topologies.items().enumerate() {
        let requirements = term.get("matchLabelExpressions");
        write!(w.at(1), "Term {number}:\t");
        if requirements.is_empty() {
            writeln!(w.at(0), "<none>");
        }
        for (number, requirement) in requirements.items().enumerate() {
            if number > 0 {
                write!(w.at(1), "\t");
            }
            let values: Vec<_> = requirement.get("values").items().map(Value::text).collect();
            let key = requirement.get("key");
            if values.is_empty() {
                writeln!(w.at(0), "{key} in");
            } else {
                writeln!(w.at(0), "{key} in [{}]", values.join(", "));
            }
        }
    }
}
