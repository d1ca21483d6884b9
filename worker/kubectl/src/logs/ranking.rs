//! Which of an object's pods is the best one to read (kubectl `podutils.ByLogging`).

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::pod::Pod;
use crate::printer::sort::sorted;

/// Puts the best first: on a node, running, ready, longest so, most restarts, oldest. Where pods are
/// equal in all of that, kubectl's order is Go's.
pub(super) fn rank(pods: Vec<Pod>) -> Vec<Pod> {
    let key = |pod: &Pod| {
        let phase = match pod.status.phase.as_str() {
            "Unknown" => 1,
            "Pending" => 2,
            _ => 0,
        };
        let (is_ready, since) = pod.readiness();
        let (restarts, sidecar_restarts) = pod.restarts();
        (
            pod.spec.node_name.is_empty(),
            phase,
            !is_ready,
            last_where_unknown(since),
            Reverse(restarts),
            Reverse(sidecar_restarts),
            last_where_unknown(pod.metadata.creation_timestamp),
        )
    };
    let keyed: Vec<_> = pods.into_iter().map(|pod| (key(&pod), pod)).collect();
    let ranked = sorted(keyed, |one, two| one.0 < two.0);
    ranked.into_iter().map(|(_, pod)| pod).collect()
}

fn last_where_unknown(time: Option<DateTime<Utc>>) -> (bool, Option<DateTime<Utc>>) {
    (time.is_none(), time)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, change: &[(&str, Value)]) -> Pod {
        let mut pod = json!({
            "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": "n", "containers": [{"name": "c"}],
                     "initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]},
            "status": {"phase": "Running",
                "conditions": [{"type": "Ready", "status": "True",
                                "lastTransitionTime": "2026-01-01T00:00:10Z"}],
                "containerStatuses": [{"name": "c", "restartCount": 1}],
                "initContainerStatuses": [{"name": "s", "restartCount": 1},
                                          {"name": "i", "restartCount": 1}]},
        });
        for (pointer, value) in change {
            *pod.pointer_mut(pointer).unwrap() = value.clone();
        }
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn each_rule_counts_only_where_the_ones_before_it_say_nothing() {
        let ready_at = "/status/conditions/0/lastTransitionTime";
        let created = "/metadata/creationTimestamp";
        let pods = vec![
            pod("9-nowhere", &[("/spec/nodeName", json!(""))]),
            pod("8-pending", &[("/status/phase", json!("Pending"))]),
            pod("7-unknown", &[("/status/phase", json!("Unknown"))]),
            pod(
                "6-not-ready",
                &[("/status/conditions/0/status", json!("False"))],
            ),
            pod("5-ready-some-time", &[(ready_at, Value::Null)]),
            pod("4-ready-late", &[(ready_at, json!("2026-01-01T00:01:00Z"))]),
            pod("3-young", &[(created, json!("2026-01-02T00:00:00Z"))]),
            pod("2-usual", &[]),
            pod(
                "2-usual-too",
                &[("/status/initContainerStatuses/1/restartCount", json!(9))],
            ),
            pod(
                "1-sidecar",
                &[("/status/initContainerStatuses/0/restartCount", json!(2))],
            ),
            pod(
                "0-restarted",
                &[
                    ("/status/containerStatuses/0/restartCount", json!(2)),
                    (created, json!("2026-01-03T00:00:00Z")),
                ],
            ),
        ];
        let pods = rank(pods);
        let names: Vec<_> = pods.iter().map(|it| it.metadata.name.as_str()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(names, sorted);
    }
}
