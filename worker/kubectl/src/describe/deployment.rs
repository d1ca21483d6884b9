//! `Deployment`, with its replica sets.

use chrono::{DateTime, Utc};

use super::metadata::{controller_of, labels_and_annotations, name_and_namespace};
use super::reader::{List, Reader, routes};
use super::value::Value;
use super::writer::Writer;
use super::{conditions, pod_template, selector};
use crate::error::Error;
use crate::json::Json;
use crate::printer::age::rfc1123z;

/// The controller adds this label to the template of each of its sets.
const HASH: &str = "pod-template-hash";

pub(super) async fn print(
    reader: &Reader<'_>,
    deployment: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let (metadata, spec, status) = (
        deployment.get("metadata"),
        deployment.get("spec"),
        deployment.get("status"),
    );
    let selector = selector::text(spec.get("selector"));
    let namespace = Some(metadata.get("namespace").text());
    // Without the sets there are only no lines about them.
    let sets = reader
        .list(routes::REPLICA_SETS, namespace, &selector, "")
        .await;
    let sets = sets.as_ref().ok().and_then(|list| List::objects(list).ok());
    name_and_namespace(w, deployment);
    let created = metadata.get("creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    labels_and_annotations(w, deployment);
    w.row(0, "Selector", selector);
    w.row(
        0,
        "Replicas",
        format_args!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            spec.get("replicas").int(),
            status.get("updatedReplicas").int(),
            status.get("replicas").int(),
            status.get("availableReplicas").int(),
            status.get("unavailableReplicas").int()
        ),
    );
    w.row(0, "StrategyType", spec.at("strategy.type"));
    w.row(0, "MinReadySeconds", spec.get("minReadySeconds").int());
    let rolling = spec.at("strategy.rollingUpdate");
    if rolling.is_set() {
        let [unavailable, surge] = ["maxUnavailable", "maxSurge"].map(|bound| {
            let bound = rolling.get(bound);
            if bound.is_set() {
                bound.to_string()
            } else {
                "<nil>".to_owned()
            }
        });
        let text = format!("{unavailable} max unavailable, {surge} max surge");
        w.row(0, "RollingUpdateStrategy", text);
    }
    pod_template::print(w, spec.get("template"));
    conditions::with_reasons(w, status.get("conditions"));
    replica_sets(w, deployment, sets.as_deref().unwrap_or_default());
    Ok(())
}

/// The set with the deployment's template is the new one; of several the oldest.
fn replica_sets(w: &mut Writer, deployment: Value<'_>, sets: &[Json<'_>]) {
    let uid = deployment.at("metadata.uid").text();
    let owned = sets
        .iter()
        .map(Value::of)
        .filter(|set| controller_of(*set).is_some_and(|owner| owner.get("uid").text() == uid));
    let mut owned: Vec<_> = owned.collect();
    owned.sort_by(|a, b| age(*a).cmp(&age(*b)));
    if owned.is_empty() {
        return;
    }
    let template = without_hash(deployment);
    let new = owned.iter().position(|set| without_hash(*set) == template);
    let text = |is_wanted: &dyn Fn(usize) -> bool| {
        let wanted = owned.iter().enumerate().filter(|(at, _)| is_wanted(*at));
        let texts: Vec<String> = wanted.map(|(_, set)| replica_set(*set)).collect();
        if texts.is_empty() {
            "<none>".to_owned()
        } else {
            texts.join(", ")
        }
    };
    w.row(0, "OldReplicaSets", text(&|at| Some(at) != new));
    w.row(0, "NewReplicaSet", text(&|at| Some(at) == new));
}

fn age(set: Value<'_>) -> (Option<DateTime<Utc>>, &str) {
    let metadata = set.get("metadata");
    (
        metadata.get("creationTimestamp").time(),
        metadata.get("name").text(),
    )
}

fn without_hash(workload: Value<'_>) -> Option<Json<'_>> {
    let mut template = workload.at("spec.template").json()?.clone();
    template.remove(&["metadata", "labels", HASH]);
    let empty =
        |json: Option<&Json<'_>>| matches!(json, Some(Json::Object(members)) if members.is_empty());
    if empty(template.get("metadata").and_then(|it| it.get("labels"))) {
        template.remove(&["metadata", "labels"]);
    }
    template.remove(&["metadata", "creationTimestamp"]);
    if empty(template.get("metadata")) {
        template.remove(&["metadata"]);
    }
    Some(template)
}

fn replica_set(set: Value<'_>) -> String {
    format!(
        "{} ({}/{} replicas created)",
        set.at("metadata.name"),
        set.at("status.replicas").int(),
        set.at("spec.replicas").int()
    )
}
