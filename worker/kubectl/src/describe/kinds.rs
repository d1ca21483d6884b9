//! Which kind is described how.

use std::future::Future;
use std::pin::Pin;

use super::events::Events;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use super::{config_map, deployment, generic, pod, replica_set, replication_controller};
use crate::discovery::Mapping;
use crate::error::Error;

/// A description under way.
pub(super) type Printing<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// How a kind is described.
#[derive(Debug)]
pub(super) struct Describer {
    group: &'static str,
    /// The version that is read, whichever one was named.
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
    Describer::alone("", "v1", "Pod", pod::print).events(Events::OfPod),
    Describer::with("", "v1", "ReplicationController", |r, o, w| {
        Box::pin(replication_controller::print(r, o, w))
    }),
    Describer::with("apps", "v1", "Deployment", |r, o, w| {
        Box::pin(deployment::print(r, o, w))
    }),
    Describer::with("apps", "v1", "ReplicaSet", |r, o, w| {
        Box::pin(replica_set::print(r, o, w))
    }),
];

/// Every other type.
static GENERIC: Describer = Describer::alone("", "", "", generic::print);

/// Kinds that kubectl has a describer for and this crate has not yet: group and kind. They are refused
/// rather than printed in another form.
pub(super) const TO_COME: &[(&str, &str)] = &[
    ("", "Endpoints"),
    ("", "LimitRange"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "ResourceQuota"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "DaemonSet"),
    ("apps", "StatefulSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttributesClass"),
];

/// The describer of a type.
pub(super) fn describer_of(mapping: &Mapping) -> &'static Describer {
    DESCRIBERS
        .iter()
        .find(|it| (it.group, it.kind) == (&mapping.group, &mapping.kind))
        .unwrap_or(&GENERIC)
}
