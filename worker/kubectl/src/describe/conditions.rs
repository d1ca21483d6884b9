//! Conditions as tables.

use super::value::Value;
use super::writer::Writer;

/// Type, status and reason, where there are any.
pub(super) fn with_reasons(w: &mut Writer, conditions: Value<'_>) {
    if !conditions.is_empty() {
        writeln!(w.at(0), "Conditions:\n  Type\tStatus\tReason");
        writeln!(w.at(1), "----\t------\t------");
    }
    for condition in conditions.items() {
        writeln!(
            w.at(1),
            "{} \t{}\t{}",
            condition.get("type"),
            condition.get("status"),
            condition.get("reason")
        );
    }
}
