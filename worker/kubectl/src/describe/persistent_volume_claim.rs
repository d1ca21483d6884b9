//! `PersistentVolumeClaim`, with the pods that use it.

use super::claim;
use super::metadata::lines;
use super::reader::{Reader, routes};
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::printer::age::rfc1123z;

pub(super) async fn print(
    reader: &Reader<'_>,
    claim: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let namespace = claim.at("metadata.namespace").text();
    let pods = reader.list(routes::PODS, Some(namespace), "", "").await?;
    let pods = pods.objects()?;
    let pods: Vec<_> = pods.iter().map(Value::of).collect();
    claim::print(w, claim, true);
    let mut users = users(claim, &pods);
    users.sort_unstable();
    let users = users.into_iter().map(str::to_owned);
    lines(w, "", "Used By", users);
    conditions(w, claim.at("status.conditions"));
    Ok(())
}

/// The names of the pods that mount it, a name for each mount, and of those that own it.
fn users<'a>(claim: Value<'_>, pods: &[Value<'a>]) -> Vec<&'a str> {
    let name = claim.at("metadata.name").text();
    let field = |pod: Value<'a>, field: &str| pod.get("metadata").get(field).text();
    let mut users: Vec<(&str, &str)> = Vec::new();
    for &pod in pods {
        for volume in pod.at("spec.volumes").items() {
            let source = volume.get("persistentVolumeClaim");
            if source.is_set() && source.get("claimName").text() == name {
                users.push((field(pod, "uid"), field(pod, "name")));
            }
        }
    }
    for owner in claim.at("metadata.ownerReferences").items() {
        let uid = owner.get("uid").text();
        let is_known = users.iter().any(|(known, _)| *known == uid);
        if owner.get("kind").text() == "Pod"
            && !is_known
            && let Some(pod) = pods.iter().find(|pod| field(**pod, "uid") == uid)
        {
            users.push((field(*pod, "uid"), field(*pod, "name")));
        }
    }
    users.into_iter().map(|(_, name)| name).collect()
}

fn conditions(w: &mut Writer, conditions: Value<'_>) {
    if conditions.is_empty() {
        return;
    }
    writeln!(w.at(0), "Conditions:");
    writeln!(
        w.at(1),
        "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage"
    );
    writeln!(
        w.at(1),
        "----\t------\t-----------------\t------------------\t------\t-------"
    );
    for condition in conditions.items() {
        writeln!(
            w.at(1),
            "{} \t{} \t{} \t{} \t{} \t{}",
            condition.get("type"),
            condition.get("status"),
            rfc1123z(condition.get("lastProbeTime").time()),
            rfc1123z(condition.get("lastTransitionTime").time()),
            condition.get("reason"),
            condition.get("message"),
        );
    }
}
