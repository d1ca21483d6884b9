//! `PodDisruptionBudget`.

use super::metadata::name_and_namespace;
use super::selector;
use super::value::Value;
use super::writer::Writer;

pub(super) fn print(budget: Value<'_>, w: &mut Writer) {
    let (spec, status) = (budget.get("spec"), budget.get("status"));
    name_and_namespace(w, budget);
    if spec.get("minAvailable").is_set() {
        w.row(0, "Min available", spec.get("minAvailable"));
    } else if spec.get("maxUnavailable").is_set() {
        w.row(0, "Max unavailable", spec.get("maxUnavailable"));
    }
    let chosen = spec.get("selector");
    if chosen.is_set() {
        w.row(0, "Selector", selector::text_or_none(chosen));
    } else {
        w.row(0, "Selector", "<unset>");
    }
    writeln!(w.at(0), "Status:");
    for (label, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        w.row(2, label, status.get(field).int());
    }
}
