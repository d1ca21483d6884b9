//! `Pod`.

use super::container::{Section, resources};
use super::metadata::{controller, labels, labels_and_annotations, name_and_namespace};
use super::toleration::tolerations;
use super::value::Value;
use super::volume::volumes;
use super::writer::Writer;
use super::{qos, scheduling};
use crate::printer::age::rfc1123z;

pub(super) fn print(pod: Value<'_>, w: &mut Writer) {
    let (spec, status) = (pod.get("spec"), pod.get("status"));
    name_and_namespace(w, pod);
    if spec.get("priority").is_set() {
        w.row(0, "Priority", spec.get("priority"));
    }
    for (label, field) in [
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ] {
        w.row_unless_empty(0, label, spec.get(field).text());
    }
    match spec.get("nodeName").text() {
        "" => w.row(0, "Node", "<none>"),
        node => w.row(0, "Node", format_args!("{node}/{}", status.get("hostIP"))),
    }
    if status.get("startTime").is_set() {
        w.row(0, "Start Time", rfc1123z(status.get("startTime").time()));
    }
    labels_and_annotations(w, pod);
    phase(w, pod);
    let profile = spec.at("securityContext.seccompProfile");
    if profile.is_set() {
        w.row(0, "SeccompProfile", profile.get("type"));
        if profile.get("type").text() == "Localhost" {
            w.row(0, "LocalhostProfile", profile.get("localhostProfile"));
        }
    }
    addresses(w, status);
    if let Some(owner) = controller(pod) {
        w.row(0, "Controlled By", owner);
    }
    w.row_unless_empty(
        0,
        "NominatedNodeName",
        status.get("nominatedNodeName").text(),
    );
    if spec.get("resources").is_set() {
        writeln!(w.at(0), "Resources:");
        resources(w, 1, spec.get("resources"));
    }
    containers(w, pod);
    conditions(w, pod);
    volumes(w, spec.get("volumes"), false);
    w.row(0, "QoS Class", qos::class(pod));
    labels(w, "Node-Selectors", spec.get("nodeSelector"));
    tolerations(w, "Tolerations", spec.get("tolerations"));
    scheduling::spread_constraints(w, spec.get("topologySpreadConstraints"), "");
    scheduling::group(w, spec.get("schedulingGroup"), "");
}

fn phase(w: &mut Writer, pod: Value<'_>) {
    let (metadata, status) = (pod.get("metadata"), pod.get("status"));
    let phase = status.get("phase").text();
    let deleted = metadata.get("deletionTimestamp");
    if deleted.is_set() && !matches!(phase, "Failed" | "Succeeded") {
        let age = w.age(deleted.time());
        w.row(0, "Status", format_args!("Terminating (lasts {age})"));
        let grace = metadata.get("deletionGracePeriodSeconds").int();
        w.row(0, "Termination Grace Period", format_args!("{grace}s"));
    } else {
        w.row(0, "Status", phase);
    }
    w.row_unless_empty(0, "Reason", status.get("reason").text());
    w.row_unless_empty(0, "Message", status.get("message").text());
}

fn addresses(w: &mut Writer, status: Value<'_>) {
    w.row(0, "IP", status.get("podIP"));
    let all = status.get("podIPs");
    if all.is_empty() {
        w.row(0, "IPs", "<none>");
    } else {
        writeln!(w.at(0), "IPs:");
    }
    for address in all.items() {
        w.row(1, "IP", address.get("ip"));
    }
}

fn containers(w: &mut Writer, pod: Value<'_>) {
    for (label, containers, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        (
            "Ephemeral Containers",
            "ephemeralContainers",
            "ephemeralContainerStatuses",
        ),
    ] {
        let section = Section {
            label,
            containers: pod.get("spec").get(containers),
            statuses: pod.get("status").get(statuses),
            pod: Some(pod),
        };
        if label == "Containers" || !section.containers.is_empty() {
            section.print(w);
        }
    }
}

fn conditions(w: &mut Writer, pod: Value<'_>) {
    let (gates, conditions) = (pod.at("spec.readinessGates"), pod.at("status.conditions"));
    if !gates.is_empty() {
        writeln!(w.at(0), "Readiness Gates:\n  Type\tStatus");
    }
    for gate in gates.items() {
        let kind = gate.get("conditionType");
        let mut status = "<none>";
        if let Some(condition) = conditions
            .items()
            .find(|condition| condition.get("type").text() == kind.text())
        {
            status = condition.get("status").text();
        }
        writeln!(w.at(1), "{kind} \t{status} ");
    }
    if !conditions.is_empty() {
        writeln!(w.at(0), "Conditions:\n  Type\tStatus");
    }
    for condition in conditions.items() {
        let (kind, status) = (condition.get("type"), condition.get("status"));
        writeln!(w.at(1), "{kind} \t{status} ");
    }
}
