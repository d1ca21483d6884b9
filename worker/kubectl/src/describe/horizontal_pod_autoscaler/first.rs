//! `HorizontalPodAutoscaler`, of autoscaling/v1: the processor alone.

use super::{Value, Writer, bounds, head, replicas};

pub(in crate::describe) fn print(scaler: Value<'_>, w: &mut Writer) {
    let spec = scaler.get("spec");
    head(scaler, w);
    let target = spec.get("targetCPUUtilizationPercentage");
    if target.is_set() {
        w.row(0, "Target CPU utilization", format_args!("{target}%"));
        let current = scaler.at("status.currentCPUUtilizationPercentage");
        if current.is_set() {
            w.row(0, "Current CPU utilization", format_args!("{current}%"));
        } else {
            w.row(0, "Current CPU utilization", "<unknown>%");
        }
    }
    bounds(spec, w);
    replicas(scaler, w);
}
