//! `HorizontalPodAutoscaler`, of autoscaling/v2.

pub(super) mod first;
mod metric;

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;
use crate::printer::age::rfc1123z;

pub(super) fn print(scaler: Value<'_>, w: &mut Writer) {
    let (spec, status) = (scaler.get("spec"), scaler.get("status"));
    head(scaler, w);
    w.row(0, "Metrics", "( current / target )");
    let mut current = status.get("currentMetrics").items();
    for wanted in spec.get("metrics").items() {
        metric::print(w, wanted, current.next().unwrap_or(Value::none()));
    }
    bounds(spec, w);
    let behavior = spec.get("behavior");
    if behavior.is_set() {
        writeln!(w.at(0), "Behavior:");
        direction(w, "Scale Up", behavior.get("scaleUp"));
        direction(w, "Scale Down", behavior.get("scaleDown"));
    }
    replicas(scaler, w);
    let conditions = status.get("conditions");
    if !conditions.is_empty() {
        writeln!(w.at(0), "Conditions:");
        writeln!(w.at(1), "Type\tStatus\tReason\tMessage");
        writeln!(w.at(1), "----\t------\t------\t-------");
    }
    for condition in conditions.items() {
        let part = |name| condition.get(name);
        let (kind, status) = (part("type"), part("status"));
        let (reason, message) = (part("reason"), part("message"));
        writeln!(w.at(1), "{kind}\t{status}\t{reason}\t{message}");
    }
}

/// Name, labels, when it was made and what it scales.
fn head(scaler: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, scaler);
    labels_and_annotations(w, scaler);
    let created = scaler.at("metadata.creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    let target = scaler.at("spec.scaleTargetRef");
    let (kind, name) = (target.get("kind"), target.get("name"));
    w.row(0, "Reference", format_args!("{kind}/{name}"));
}

/// How many replicas there may be.
fn bounds(spec: Value<'_>, w: &mut Writer) {
    let least = spec.get("minReplicas");
    if least.is_set() {
        w.row(0, "Min replicas", least);
    } else {
        w.row(0, "Min replicas", "<unset>");
    }
    w.row(0, "Max replicas", spec.get("maxReplicas").int());
}

/// How many replicas there are, and how many there should be.
fn replicas(scaler: Value<'_>, w: &mut Writer) {
    let (kind, status) = (scaler.at("spec.scaleTargetRef.kind"), scaler.get("status"));
    let (current, desired) = (
        status.get("currentReplicas").int(),
        status.get("desiredReplicas").int(),
    );
    writeln!(
        w.at(0),
        "{kind} pods:\t{current} current / {desired} desired"
    );
}

fn direction(w: &mut Writer, label: &str, rules: Value<'_>) {
    if !rules.is_set() {
        return;
    }
    writeln!(w.at(1), "{label}:");
    let window = rules.get("stabilizationWindowSeconds");
    if window.is_set() {
        writeln!(w.at(2), "Stabilization Window: {window} seconds");
    }
    let policies = rules.get("policies");
    if policies.is_empty() {
        return;
    }
    let select = rules.get("selectPolicy").text_or("Max");
    writeln!(w.at(2), "Select Policy: {select}");
    writeln!(w.at(2), "Policies:");
    for policy in policies.items() {
        writeln!(
            w.at(3),
            "- Type: {}\tValue: {}\tPeriod: {} seconds",
            policy.get("type"),
            policy.get("value").int(),
            policy.get("periodSeconds").int()
        );
    }
}
