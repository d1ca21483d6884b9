//! `Job`.

use super::metadata::{controller, labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;
use super::{pod_template, selector};
use crate::printer::age::{human_duration, rfc1123z};

/// Bytes of the list of indexes, before the one that ends it.
const MAX_INDEXES: usize = 50;

pub(super) fn print(job: Value<'_>, w: &mut Writer) {
    let (spec, status) = (job.get("spec"), job.get("status"));
    name_and_namespace(w, job);
    w.row(0, "Selector", selector::text(spec.get("selector")));
    labels_and_annotations(w, job);
    if let Some(owner) = controller(job) {
        w.row(0, "Controlled By", owner);
    }
    row_if_set(w, "Parallelism", spec.get("parallelism"));
    let completions = spec.get("completions");
    if completions.is_set() {
        w.row(0, "Completions", completions);
    } else {
        w.row(0, "Completions", "<unset>");
    }
    row_if_set(w, "Completion Mode", spec.get("completionMode"));
    row_if_set(w, "Suspend", spec.get("suspend"));
    row_if_set(w, "Backoff Limit", spec.get("backoffLimit"));
    let ttl = spec.get("ttlSecondsAfterFinished");
    row_if_set(w, "TTL Seconds After Finished", ttl);
    times(w, status);
    let deadline = spec.get("activeDeadlineSeconds");
    if deadline.is_set() {
        w.row(0, "Active Deadline Seconds", format_args!("{deadline}s"));
    }
    let count = |name: &str| status.get(name).int();
    let ready = if status.get("ready").is_set() {
        format!(" ({} Ready)", count("ready"))
    } else {
        String::new()
    };
    w.row(
        0,
        "Pods Statuses",
        format_args!(
            "{} Active{ready} / {} Succeeded / {} Failed",
            count("active"),
            count("succeeded"),
            count("failed")
        ),
    );
    if spec.get("completionMode").text() == "Indexed" {
        let indexes = status.get("completedIndexes").text();
        w.row(0, "Completed Indexes", capped(indexes));
    }
    pod_template::print(w, spec.get("template"));
}

fn times(w: &mut Writer, status: Value<'_>) {
    let (started, completed) = (status.get("startTime"), status.get("completionTime"));
    if started.is_set() {
        w.row(0, "Start Time", rfc1123z(started.time()));
    }
    if completed.is_set() {
        w.row(0, "Completed At", rfc1123z(completed.time()));
    }
    if let (Some(started), Some(completed)) = (started.time(), completed.time()) {
        w.row(0, "Duration", human_duration(completed - started));
    }
}

/// A row for a field that is there.
pub(super) fn row_if_set(w: &mut Writer, label: &str, value: Value<'_>) {
    if value.is_set() {
        w.row(0, label, value);
    }
}

/// Cut behind the first comma after so many bytes.
fn capped(indexes: &str) -> String {
    if indexes.is_empty() {
        return "<none>".to_owned();
    }
    let comma = indexes
        .bytes()
        .enumerate()
        .skip(MAX_INDEXES)
        .find(|(_, byte)| *byte == b',');
    match comma.and_then(|(at, _)| indexes.get(..=at)) {
        Some(kept) => format!("{kept}..."),
        None => indexes.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_indexes_are_cut_at_a_comma() {
        assert_eq!(capped(""), "<none>");
        assert_eq!(capped("0-5,7"), "0-5,7");
        let long = (100..130)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(",");
        let kept = capped(&long);
        assert_eq!(kept, format!("{},...", &long[..51]));
        assert_eq!(capped(&long[..51]), &long[..51]);
    }
}
