//! `Node`, with the pods on it, its lease and its resource slices.

mod allocated;

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::labels_and_annotations;
use super::reader::{Document, List, Reader, routes};
use super::toleration::taints;
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::printer::age::rfc1123z;

/// The lease of each node lies here.
const LEASES: &str = "kube-node-lease";
/// Pools of resource slices that are shown.
const MAX_POOLS: usize = 10;

pub(super) async fn print(
    reader: &Reader<'_>,
    node: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let name = node.at("metadata.name").text();
    let of_node = format!("spec.nodeName={name}");
    let running = format!("{of_node},status.phase!=Succeeded,status.phase!=Failed");
    let (pods, slices, lease) = futures::join!(
        reader.list(routes::PODS, None, "", &running),
        reader.list(routes::RESOURCE_SLICES, None, "", &of_node),
        reader.get(routes::LEASES, Some(LEASES), name),
    );
    let pods = match pods {
        Ok(pods) => Some(pods),
        Err(error) if error.is_forbidden() => None,
        Err(error) => return Err(error),
    };
    w.row(0, "Name", name);
    w.row(0, "Roles", roles(node));
    labels_and_annotations(w, node);
    let created = node.at("metadata.creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    taints(w, "Taints", node.at("spec.taints"));
    w.row(0, "Unschedulable", node.at("spec.unschedulable").truth());
    print_lease(w, lease);
    conditions(w, node.at("status.conditions"));
    writeln!(w.at(0), "Addresses:");
    for address in node.at("status.addresses").items() {
        w.row(1, address.get("type").text(), address.get("address"));
    }
    amounts(w, "Capacity", node.at("status.capacity"));
    amounts(w, "Allocatable", node.at("status.allocatable"));
    if let Ok(slices) = slices {
        resource_slices(w, &slices)?;
    }
    system(w, node.at("status.nodeInfo"));
    w.row_unless_empty(0, "PodCIDR", node.at("spec.podCIDR").text());
    let ranges: Vec<_> = node.at("spec.podCIDRs").items().map(Value::text).collect();
    w.row_unless_empty(0, "PodCIDRs", &ranges.join(","));
    w.row_unless_empty(0, "ProviderID", node.at("spec.providerID").text());
    match &pods {
        Some(pods) => allocated::print(w, node, &pods.objects()?),
        None => w.row(0, "Pods", "not authorized"),
    }
    Ok(())
}

fn roles(node: Value<'_>) -> String {
    let mut roles = BTreeSet::new();
    for (label, value) in node.at("metadata.labels").entries() {
        if let Some(role) = label.strip_prefix("node-role.kubernetes.io/") {
            roles.insert(role);
        } else if label == "kubernetes.io/role" {
            roles.insert(value.text());
        }
    }
    let roles: Vec<_> = roles.into_iter().filter(|role| !role.is_empty()).collect();
    if roles.is_empty() {
        "<none>".to_owned()
    } else {
        roles.join(",")
    }
}

fn print_lease(w: &mut Writer, lease: Result<Document, Error>) {
    let text = |error: &Error| format!("Failed to get lease: {error}");
    let lease = match lease {
        Ok(lease) => lease,
        Err(error) => return w.row(0, "Lease", text(&error)),
    };
    let lease = match lease.json() {
        Ok(lease) => lease,
        Err(error) => return w.row(0, "Lease", text(&error)),
    };
    writeln!(w.at(0), "Lease:");
    let spec = Value::of(&lease).get("spec");
    let holder = spec.get("holderIdentity");
    if holder.is_set() {
        w.row(1, "HolderIdentity", holder);
    } else {
        w.row(1, "HolderIdentity", "<unset>");
    }
    for (label, field) in [("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")] {
        let time = spec.get(field);
        if time.is_set() {
            w.row(1, label, rfc1123z(time.time()));
        } else {
            w.row(1, label, "<unset>");
        }
    }
}

fn conditions(w: &mut Writer, conditions: Value<'_>) {
    if !conditions.is_empty() {
        writeln!(
            w.at(0),
            "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage"
        );
        writeln!(
            w.at(1),
            "----\t------\t-----------------\t------------------\t------\t-------"
        );
    }
    for condition in conditions.items() {
        let part = |name| condition.get(name);
        writeln!(
            w.at(1),
            "{} \t{} \t{} \t{} \t{} \t{}",
            part("type"),
            part("status"),
            rfc1123z(part("lastHeartbeatTime").time()),
            rfc1123z(part("lastTransitionTime").time()),
            part("reason"),
            part("message")
        );
    }
}

fn amounts(w: &mut Writer, label: &str, amounts: Value<'_>) {
    if !amounts.is_empty() {
        writeln!(w.at(0), "{label}:");
    }
    for (resource, amount) in amounts.entries() {
        w.row(1, resource, amount.quantity());
    }
}

/// Slices and devices by driver and pool.
fn resource_slices(w: &mut Writer, slices: &List) -> Result<(), Error> {
    let slices = slices.objects()?;
    let mut pools: BTreeMap<String, (Value<'_>, usize, usize)> = BTreeMap::new();
    for slice in &slices {
        let spec = Value::of(slice).get("spec");
        let key = format!("{}/{}", spec.get("driver"), spec.at("pool.name"));
        let pool = pools.entry(key).or_insert((spec, 0, 0));
        pool.1 += 1;
        pool.2 += spec.get("devices").items().len();
    }
    if pools.is_empty() {
        return Ok(());
    }
    writeln!(w.at(0), "Node-Local ResourceSlices:");
    writeln!(w.at(1), "Driver\tPool\tSlices\tDevices");
    writeln!(w.at(1), "------\t----\t------\t-------");
    for (spec, slices, devices) in pools.values().take(MAX_POOLS) {
        let (driver, pool) = (spec.get("driver"), spec.at("pool.name"));
        writeln!(w.at(1), "{driver}\t{pool}\t{slices}\t{devices}");
    }
    if pools.len() > MAX_POOLS {
        writeln!(w.at(1), "...and {} more pools", pools.len() - MAX_POOLS);
    }
    Ok(())
}

fn system(w: &mut Writer, system: Value<'_>) {
    writeln!(w.at(0), "System Info:");
    for (label, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        w.row(1, label, system.get(field));
    }
}
