//! `CronJob`.

use super::container::title;
use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;
use super::{pod_template, selector};
use crate::printer::age::rfc1123z;

pub(super) fn print(job: Value<'_>, w: &mut Writer) {
    let (spec, status) = (job.get("spec"), job.get("status"));
    name_and_namespace(w, job);
    labels_and_annotations(w, job);
    w.row(0, "Schedule", spec.get("schedule"));
    w.row(0, "Concurrency Policy", spec.get("concurrencyPolicy"));
    let suspend = spec.get("suspend");
    let suspended = if suspend.is_set() {
        title(suspend.truth())
    } else {
        "<unset>"
    };
    w.row(0, "Suspend", suspended);
    row_or_unset(w, "Time Zone", spec.get("timeZone"), "");
    for (label, field, unit) in [
        (
            "Successful Job History Limit",
            "successfulJobsHistoryLimit",
            "",
        ),
        ("Failed Job History Limit", "failedJobsHistoryLimit", ""),
        ("Starting Deadline Seconds", "startingDeadlineSeconds", "s"),
    ] {
        row_or_unset(w, label, spec.get(field), unit);
    }
    template(w, spec.at("jobTemplate.spec"));
    let last = status.get("lastScheduleTime");
    if last.is_set() {
        w.row(0, "Last Schedule Time", rfc1123z(last.time()));
    } else {
        w.row(0, "Last Schedule Time", "<unset>");
    }
    let active: Vec<_> = status
        .get("active")
        .items()
        .map(|job| job.get("name").text())
        .collect();
    if active.is_empty() {
        w.row(0, "Active Jobs", "<none>");
    } else {
        w.row(0, "Active Jobs", active.join(", "));
    }
}

fn template(w: &mut Writer, spec: Value<'_>) {
    let chosen = spec.get("selector");
    if chosen.is_set() {
        w.row(0, "Selector", selector::text(chosen));
    } else {
        w.row(0, "Selector", "<unset>");
    }
    row_or_unset(w, "Parallelism", spec.get("parallelism"), "");
    row_or_unset(w, "Completions", spec.get("completions"), "");
    let deadline = spec.get("activeDeadlineSeconds");
    if deadline.is_set() {
        w.row(0, "Active Deadline Seconds", format_args!("{deadline}s"));
    }
    pod_template::print(w, spec.get("template"));
}

fn row_or_unset(w: &mut Writer, label: &str, value: Value<'_>, unit: &str) {
    if value.is_set() {
        w.row(0, label, format_args!("{value}{unit}"));
    } else {
        w.row(0, label, "<unset>");
    }
}
