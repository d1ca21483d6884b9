//! Conditions as tables.

use super::value::Value;
use super::writer::Writer;
use crate::printer::age::rfc1123z;

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

/// Type, status, time of the last change, reason and message, where there are any.
pub(super) fn with_times(w: &mut Writer, conditions: Value<'_>) {
    if !conditions.is_empty() {
        writeln!(w.at(0), "Conditions:");
        writeln!(w.at(1), "Type\tStatus\tLastTransitionTime\tReason\tMessage");
        writeln!(w.at(1), "----\t------\t------------------\t------\t-------");
    }
    for condition in conditions.items() {
        writeln!(
            w.at(1),
            "{}\t{}\t{}\t{}\t{}",
            condition.get("type"),
            condition.get("status"),
            rfc1123z(condition.get("lastTransitionTime").time()),
            condition.get("reason"),
            condition.get("message")
        );
    }
}
