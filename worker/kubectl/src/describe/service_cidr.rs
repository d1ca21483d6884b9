//! `ServiceCIDR`.

use super::conditions;
use super::metadata::labels_and_annotations;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(range: Value<'_>, w: &mut Writer) {
    w.row(0, "Name", range.at("metadata.name"));
    labels_and_annotations(w, range);
    let blocks: Vec<_> = range.at("spec.cidrs").items().map(Value::text).collect();
    w.row(0, "CIDRs", blocks.join(", "));
    let conditions = range.at("status.conditions");
    if !conditions.is_empty() {
        writeln!(w.at(0), "Status:");
    }
    conditions::with_times(w, conditions);
}
