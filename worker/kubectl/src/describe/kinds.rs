//! Which kind is described how.

use std::future::Future;
use std::pin::Pin;

use super::events::Events;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{
    certificate_signing_request, config_map, cron_job, csi_node, daemon_set, deployment,
    endpoint_slice, endpoints, generic, horizontal_pod_autoscaler, ingress, ingress_class,
    ip_address, job, limit_range, namespace, network_policy, node, persistent_volume,
    persistent_volume_claim, pod, pod_disruption_budget, priority_class, replica_set,
    replication_controller, resource_quota, role, role_binding, secret, service, service_account,
    service_cidr, stateful_set, storage_class, volume_attributes_class,
};
use crate::discovery::Mapping;
use crate::error::Error;

const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";

/// A description under way.
pub(super) type Printing<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// How a kind is described.
#[derive(Debug)]
pub(super) struct Describer {
    group: &'static str,
    /// The version that is read; empty is the one that was named.
    pub(super) version: &'static str,
    /// Empty where every type is meant.
    pub(super) kind: &'static str,
    pub(super) print: Print,
    pub(super) events: Events,
}

#[derive(Debug)]
pub(super) enum Print {
    /// From the object alone.
    Alone(fn(Value<'_>, &mut Writer)),
    /// Together with other objects.
    With(for<'a> fn(&'a Reader<'a>, Value<'a>, &'a mut Writer) -> Printing<'a>),
}

impl Describer {
    const fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        print: Print,
    ) -> Self {
        Self {
            group,
            version,
            kind,
            print,
            events: Events::OfObject,
        }
    }

    /// From the object alone.
    pub(super) const fn alone(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        print: fn(Value<'_>, &mut Writer),
    ) -> Self {
        Self::new(group, version, kind, Print::Alone(print))
    }

    /// Together with other objects.
    pub(super) const fn with(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        print: for<'a> fn(&'a Reader<'a>, Value<'a>, &'a mut Writer) -> Printing<'a>,
    ) -> Self {
        Self::new(group, version, kind, Print::With(print))
    }

    /// With other events than the usual.
    pub(super) const fn events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }
}

/// The kinds that have a describer of their own.
pub(super) const DESCRIBERS: &[Describer] = &[
    Describer::alone("", "v1", "ConfigMap", config_map::print).events(Events::Required),
    Describer::alone("", "v1", "Endpoints", endpoints::print),
    Describer::alone("", "v1", "LimitRange", limit_range::print).events(Events::None),
    Describer::with("", "v1", "Namespace", |r, o, w| {
        Box::pin(namespace::print(r, o, w))
    })
    .events(Events::None),
    Describer::with("", "v1", "Node", |r, o, w| Box::pin(node::print(r, o, w)))
        .events(Events::OfNode),
    Describer::alone("", "v1", "PersistentVolume", persistent_volume::print),
    Describer::with("", "v1", "PersistentVolumeClaim", |r, o, w| {
        Box::pin(persistent_volume_claim::print(r, o, w))
    }),
    Describer::alone("", "v1", "Pod", pod::print).events(Events::OfPod),
    Describer::with("", "v1", "ReplicationController", |r, o, w| {
        Box::pin(replication_controller::print(r, o, w))
    }),
    Describer::alone("", "v1", "ResourceQuota", resource_quota::print).events(Events::None),
    Describer::alone("", "v1", "Secret", secret::print).events(Events::None),
    Describer::with("", "v1", "Service", |r, o, w| {
        Box::pin(service::print(r, o, w))
    }),
    Describer::alone("", "v1", "ServiceAccount", service_account::print),
    Describer::with("apps", "v1", "DaemonSet", |r, o, w| {
        Box::pin(daemon_set::print(r, o, w))
    }),
    Describer::with("apps", "v1", "Deployment", |r, o, w| {
        Box::pin(deployment::print(r, o, w))
    }),
    Describer::with("apps", "v1", "ReplicaSet", |r, o, w| {
        Box::pin(replica_set::print(r, o, w))
    }),
    Describer::with("apps", "v1", "StatefulSet", |r, o, w| {
        Box::pin(stateful_set::print(r, o, w))
    }),
    Describer::alone(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        horizontal_pod_autoscaler::print,
    ),
    // Where a server does not serve the newer version.
    Describer::alone(
        "autoscaling",
        "v1",
        "HorizontalPodAutoscaler",
        horizontal_pod_autoscaler::first::print,
    ),
    Describer::alone("batch", "v1", "CronJob", cron_job::print),
    Describer::alone("batch", "v1", "Job", job::print),
    Describer::with(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        |r, o, w| Box::pin(certificate_signing_request::print(r, o, w)),
    ),
    Describer::alone(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        endpoint_slice::print,
    ),
    Describer::alone(NETWORKING, "v1", "IPAddress", ip_address::print),
    Describer::with(NETWORKING, "v1", "Ingress", |r, o, w| {
        Box::pin(ingress::print(r, o, w))
    }),
    Describer::alone(NETWORKING, "v1", "IngressClass", ingress_class::print),
    Describer::alone(NETWORKING, "v1", "NetworkPolicy", network_policy::print).events(Events::None),
    Describer::alone(NETWORKING, "v1", "ServiceCIDR", service_cidr::print),
    Describer::alone(
        "policy",
        "v1",
        "PodDisruptionBudget",
        pod_disruption_budget::print,
    ),
    Describer::alone(RBAC, "v1", "ClusterRole", role::print).events(Events::None),
    Describer::alone(RBAC, "v1", "ClusterRoleBinding", role_binding::print).events(Events::None),
    Describer::alone(RBAC, "v1", "Role", role::print).events(Events::None),
    Describer::alone(RBAC, "v1", "RoleBinding", role_binding::print).events(Events::None),
    Describer::alone(
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        priority_class::print,
    ),
    Describer::alone(STORAGE, "v1", "CSINode", csi_node::print),
    Describer::alone(STORAGE, "v1", "StorageClass", storage_class::print),
    Describer::alone(
        STORAGE,
        "v1",
        "VolumeAttributesClass",
        volume_attributes_class::print,
    ),
];

/// Every other type.
static GENERIC: Describer = Describer::alone("", "", "", generic::print);

/// The describer of a type, whichever version of it was named: the first one whose version is
/// served, and where none is known to be, the first one.
pub(super) fn describer_for(
    mapping: &Mapping,
    is_served: impl Fn(&str) -> bool,
) -> &'static Describer {
    let own = || {
        DESCRIBERS
            .iter()
            .filter(|it| (it.group, it.kind) == (&mapping.group, &mapping.kind))
    };
    own()
        .find(|it| is_served(it.version))
        .or_else(|| own().next())
        .unwrap_or(&GENERIC)
}

/// The describer of a type whose version is the one that is read.
pub(super) fn describer_of(mapping: &Mapping) -> &'static Describer {
    describer_for(mapping, |version| version == mapping.version)
}
