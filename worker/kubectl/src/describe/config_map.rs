//! `ConfigMap`.

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(map: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, map);
    labels_and_annotations(w, map);
    writeln!(w.at(0), "\nData\n====");
    for (key, value) in map.get("data").entries() {
        writeln!(w.at(0), "{key}:\n----");
        writeln!(w.at(0), "{value}\n");
    }
    writeln!(w.at(0), "\nBinaryData\n====");
    for (key, value) in map.get("binaryData").entries() {
        writeln!(w.at(0), "{key}: {} bytes", decoded_len(value.text()));
    }
    writeln!(w.at(0));
}

/// How many bytes Base64 stands for.
pub(super) fn decoded_len(base64: &str) -> usize {
    let digits = base64.trim_end_matches('=').len();
    digits * 3 / 4
}
