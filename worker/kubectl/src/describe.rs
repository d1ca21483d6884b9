//! `describe`: objects in words, together with what belongs to them (kubectl `cmd/describe`,
//! `describe/describe.go`).
//!
//! The first half of a description is a `get`: the same plan, the same requests. kubectl then asks for
//! each object a second time; here that is the object already. The events are read beside it.
//!
//! # A kind
//! is a file `describe/KIND.rs` and a line in [`kinds::DESCRIBERS`]:
//! - `pub(super) fn print(object: Value<'_>, w: &mut Writer)` where the object alone is enough
//!   ([`kinds::Describer::alone`]), or
//! - `pub(super) async fn print(reader: &Reader<'_>, object: Value<'_>, w: &mut Writer) ->
//!   Result<(), Error>` where other objects are read as well ([`kinds::Describer::with`]). It reads first
//!   (`futures::join!` what does not depend on each other) and prints then; what it asks for is a line
//!   in `reader::routes`. Its error takes the place of the description.
//!
//! [`value::Value`] reads like Go's typed structs: what is absent is "", 0 or nothing. [`writer::Writer`] is kubectl's
//! `PrefixWriter`: `w.row(LEVEL, "Label", value)` and `writeln!(w.at(LEVEL), "…\t…")`. Shared parts:
//! `metadata` (labels, annotations, lists of lines), `selector`, `container`, `pod_template`, `volume`,
//! and `printer::{age, quantity}`. The events are printed behind it, unless the line says
//! `.events(Events::None)`.

mod certificate_signing_request;
mod claim;
mod conditions;
mod config_map;
mod container;
mod cron_job;
mod csi_node;
mod daemon_set;
mod deployment;
mod descriptions;
mod endpoint_slice;
mod endpoints;
mod events;
mod generic;
mod horizontal_pod_autoscaler;
mod ingress;
mod ingress_class;
mod ip_address;
mod job;
mod kinds;
mod limit_range;
mod metadata;
mod namespace;
mod network_policy;
mod node;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
mod pod_resources;
mod pod_template;
mod pods_status;
mod priority_class;
mod qos;
mod reader;
mod replica_set;
mod replication_controller;
mod resource_quota;
mod role;
mod role_binding;
mod scheduling;
mod secret;
mod selector;
mod service;
mod service_account;
mod service_cidr;
mod stateful_set;
mod storage_class;
mod toleration;
mod value;
mod volume;
mod volume_attributes_class;
mod writer;

use kubently_core::command::{Describe, Get, GetOutput};

use self::descriptions::Descriptions;
use self::kinds::describer_for;
use crate::client::Cluster;
use crate::discovery::{Mapping, ResourceMap};
use crate::get::plan::Plan;
use crate::get::{Notes, plan, policy};
use crate::output::{Limits, Output, RunError};

pub(crate) async fn run(
    cluster: &Cluster,
    describe: &Describe,
    limits: &Limits,
) -> Result<Output, RunError> {
    let get = as_get(describe);
    let mut notes = Notes::default();
    let plan = match plan::make(cluster, &get, &mut notes).await {
        Ok(plan) => plan,
        Err(error) => {
            notes.errors.push(error);
            return Ok(notes.alone());
        }
    };
    policy::check(&limits.policy, &plan)?;
    let plan = match cluster.resources().await {
        Ok((map, _)) => with_versions_read(plan, &map),
        Err(failure) => {
            notes.errors.push(failure.error);
            return Ok(notes.alone());
        }
    };
    let descriptions = Descriptions::new(cluster, describe, &get, limits, notes);
    Ok(match &plan {
        Plan::Lists(mappings) => descriptions.lists(mappings).await,
        Plan::Objects { objects, .. } => descriptions.objects(objects).await,
    })
}

/// The `get` that finds the objects.
fn as_get(describe: &Describe) -> Get {
    Get {
        target: describe.target.clone(),
        scope: describe.scope.clone(),
        selector: describe.selector.clone(),
        field_selector: None,
        output: GetOutput::Json,
        no_headers: false,
        show_labels: false,
        show_kind: false,
        ignore_not_found: false,
        label_columns: Vec::new(),
        sort_by: None,
        subresource: None,
        chunk_size: describe.chunk_size,
        show_managed_fields: false,
        server_print: true,
        allow_missing_template_keys: true,
    }
}

/// A describer reads its own version of a type, whichever one was named.
fn with_versions_read(mut plan: Plan, map: &ResourceMap) -> Plan {
    let set = |mapping: &mut Mapping| {
        let describer = describer_for(mapping, |version| map.serves(mapping, version));
        if !describer.version.is_empty() {
            describer.version.clone_into(&mut mapping.version);
        }
    };
    match &mut plan {
        Plan::Lists(mappings) => mappings.iter_mut().for_each(set),
        Plan::Objects { objects, .. } => objects.iter_mut().for_each(|(it, _)| set(it)),
    }
    plan
}

#[cfg(test)]
mod tests;
