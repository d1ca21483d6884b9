//! `LimitRange`, alone and among the others of a namespace.

use std::collections::BTreeSet;

use super::metadata::name_and_namespace;
use super::value::Value;
use super::writer::Writer;
use crate::json::Json;

/// The columns behind type and resource, and the field of each.
const COLUMNS: [(&str, &str); 5] = [
    ("Min", "min"),
    ("Max", "max"),
    ("Default Request", "defaultRequest"),
    ("Default Limit", "default"),
    ("Max Limit/Request Ratio", "maxLimitRequestRatio"),
];

pub(super) fn print(range: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, range);
    header(w, "");
    rows(w, "", range);
}

/// `Resource Limits` of a namespace.
pub(super) fn all(w: &mut Writer, ranges: &[Json<'_>]) {
    if ranges.is_empty() {
        writeln!(w.at(0), "No LimitRange resource.");
        return;
    }
    writeln!(w.at(0), "Resource Limits");
    header(w, " ");
    for range in ranges.iter().map(Value::of) {
        rows(w, " ", range);
    }
}

fn header(w: &mut Writer, indent: &str) {
    let mut columns = vec!["Type", "Resource"];
    columns.extend(COLUMNS.iter().map(|(column, _)| *column));
    writeln!(w.at(0), "{indent}{}", columns.join("\t"));
    let lines: Vec<_> = columns
        .iter()
        .map(|column| "-".repeat(column.len()))
        .collect();
    writeln!(w.at(0), "{indent}{}", lines.join("\t"));
}

/// A row for each resource; their order is random in kubectl.
fn rows(w: &mut Writer, indent: &str, range: Value<'_>) {
    for limit in range.at("spec.limits").items() {
        let fields = COLUMNS.map(|(_, field)| limit.get(field));
        let resources: BTreeSet<_> = fields
            .iter()
            .flat_map(|field| field.entries().map(|(resource, _)| resource))
            .collect();
        for resource in resources {
            let cells = fields.map(|field| match field.get(resource) {
                amount if amount.is_set() => amount.quantity().to_string(),
                _ => "-".to_owned(),
            });
            let kind = limit.get("type");
            writeln!(w.at(0), "{indent}{kind}\t{resource}\t{}", cells.join("\t"));
        }
    }
}
