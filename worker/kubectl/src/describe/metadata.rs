//! Labels, annotations and what else is a list of pairs (kubectl `describe.go`: `print…Multiline`).

use super::value::Value;
use super::writer::Writer;

/// `kubectl apply` keeps the manifest here; no description shows it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Bytes of an annotation on one line.
const MAX_ANNOTATION: usize = 140;

/// `TITLE: k=v`, a line a pair.
pub(super) fn labels(w: &mut Writer, title: &str, labels: Value<'_>) {
    labels_indented(w, "", title, labels);
}

/// The same, with something before each line.
pub(super) fn labels_indented(w: &mut Writer, indent: &str, title: &str, labels: Value<'_>) {
    let pairs = labels
        .entries()
        .map(|(key, value)| format!("{key}={}", value.text()));
    lines(w, indent, title, pairs);
}

/// `TITLE: LINE`, the other lines below the first.
pub(super) fn lines(
    w: &mut Writer,
    indent: &str,
    title: &str,
    lines: impl Iterator<Item = String>,
) {
    write!(w.at(0), "{indent}{title}:\t");
    let mut none = true;
    for line in lines {
        if !none {
            write!(w.at(0), "{indent}");
            write!(w.at(0), "\t");
        }
        writeln!(w.at(0), "{line}");
        none = false;
    }
    if none {
        writeln!(w.at(0), "<none>");
    }
}

/// `TITLE: k: v`; long ones and those of several lines stand below their key, cut.
pub(super) fn annotations(w: &mut Writer, title: &str, annotations: Value<'_>) {
    write!(w.at(0), "{title}:\t");
    let mut none = true;
    for (key, value) in annotations
        .entries()
        .filter(|(key, _)| *key != LAST_APPLIED)
    {
        if !none {
            write!(w.at(0), "\t");
        }
        none = false;
        let value = value.text();
        let value = value.strip_suffix('\n').unwrap_or(value);
        if value.len() + key.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
            writeln!(w.at(0), "{key}:");
            for line in value.split('\n') {
                w.cut_line(0, "\t  ", line, MAX_ANNOTATION - 2);
            }
        } else {
            writeln!(w.at(0), "{key}: {value}");
        }
    }
    if none {
        writeln!(w.at(0), "<none>");
    }
}

/// `k=v,k=v`, or `<none>` (apimachinery `labels.FormatLabels`).
pub(super) fn format_labels(labels: Value<'_>) -> String {
    let pairs: Vec<String> = labels
        .entries()
        .map(|(key, value)| format!("{key}={}", value.text()))
        .collect();
    if pairs.is_empty() {
        "<none>".to_owned()
    } else {
        pairs.join(",")
    }
}

/// The owner that manages an object, as `KIND/NAME`.
pub(super) fn controller(object: Value<'_>) -> Option<String> {
    let owner = controller_of(object)?;
    Some(format!("{}/{}", owner.get("kind"), owner.get("name")))
}

/// The owner that manages an object.
pub(super) fn controller_of(object: Value<'_>) -> Option<Value<'_>> {
    object
        .at("metadata.ownerReferences")
        .items()
        .find(|owner| owner.get("controller").truth())
}

/// `Name`, `Namespace`.
pub(super) fn name_and_namespace(w: &mut Writer, object: Value<'_>) {
    w.row(0, "Name", object.at("metadata.name"));
    w.row(0, "Namespace", object.at("metadata.namespace"));
}

/// `Labels`, `Annotations`.
pub(super) fn labels_and_annotations(w: &mut Writer, object: Value<'_>) {
    labels(w, "Labels", object.at("metadata.labels"));
    annotations(w, "Annotations", object.at("metadata.annotations"));
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_last_applied_manifest_is_hidden_and_long_values_are_cut() {
        let long = "x".repeat(150);
        let json = serde_json::json!({
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "a": long, "b": "two\nlines\n", "c": "1",
        });
        let text = json.to_string();
        let json = serde_json::from_str(&text).unwrap();
        let mut w = Writer::new(DateTime::UNIX_EPOCH);
        annotations(&mut w, "Annotations", Value::of(&json));
        labels(&mut w, "Labels", Value::of(&json).get("none"));
        let pad = " ".repeat(13);
        assert_eq!(
            String::from_utf8(w.finish()).unwrap(),
            format!(
                "Annotations: a:\n{pad}  {}...\n{pad}b:\n{pad}  two\n{pad}  lines\n{pad}c: 1\n\
                 Labels:      <none>\n",
                "x".repeat(138)
            )
            .replace("Annotations: ", "Annotations:  ")
            .replace(&pad, &" ".repeat(14))
            .replace("Labels:      ", "Labels:       ")
        );
    }
}
