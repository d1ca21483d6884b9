//! What `logs` needs to know of a pod.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A pod, as far as its logs go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    pub(super) status: Status,
}

/// Absent and `null` are the same in Kubernetes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) creation_timestamp: Option<DateTime<Utc>>,
    annotations: Annotations,
}

/// Of all annotations the one that names a container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "kubectl.kubernetes.io/default-container")]
    default_container: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) node_name: String,
    init_containers: Vec<Container>,
    containers: Vec<Container>,
    ephemeral_containers: Vec<Container>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    name: String,
    restart_policy: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) phase: String,
    conditions: Vec<Condition>,
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    last_transition_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    restart_count: i64,
}

impl Pod {
    /// The container that its owner made the default, if any.
    pub(super) fn default_container(&self) -> Option<&str> {
        Some(self.metadata.annotations.default_container.as_str()).filter(|name| !name.is_empty())
    }

    /// The first container that is no init container.
    pub(super) fn first_container(&self) -> Option<&str> {
        self.spec.containers.first().map(|it| it.name.as_str())
    }

    /// Whether there is something to choose from.
    pub(super) fn has_several(&self) -> bool {
        let spec = &self.spec;
        spec.containers.len() > 1
            || !spec.init_containers.is_empty()
            || !spec.ephemeral_containers.is_empty()
    }

    pub(super) fn has_container(&self, name: &str) -> bool {
        self.all_containers().any(|container| container == name)
    }

    /// The names of all containers in the order in which their logs are printed: init containers,
    /// containers, ephemeral containers.
    pub(super) fn all_containers(&self) -> impl Iterator<Item = &str> {
        let spec = &self.spec;
        [
            &spec.init_containers,
            &spec.containers,
            &spec.ephemeral_containers,
        ]
        .into_iter()
        .flatten()
        .map(|container| container.name.as_str())
    }

    /// The list in kubectl's notices.
    pub(super) fn container_names(&self) -> String {
        let spec = &self.spec;
        let marked = |containers: &[Container], mark: &str| -> Vec<String> {
            let names = containers.iter().map(|it| format!("{}{mark}", it.name));
            names.collect()
        };
        [
            marked(&spec.containers, ""),
            marked(&spec.ephemeral_containers, " (ephem)"),
            marked(&spec.init_containers, " (init)"),
        ]
        .concat()
        .join(", ")
    }

    /// Whether it is ready, and since when.
    pub(super) fn readiness(&self) -> (bool, Option<DateTime<Utc>>) {
        let ready = self.status.conditions.iter().find(|it| it.kind == "Ready");
        match ready.filter(|it| it.status == "True") {
            Some(condition) => (true, condition.last_transition_time),
            None => (false, None),
        }
    }

    /// The most restarts of a container, and of a sidecar (an init container that is restarted).
    pub(super) fn restarts(&self) -> (i64, i64) {
        let most = |statuses: &mut dyn Iterator<Item = &ContainerStatus>| {
            statuses
                .map(|it| it.restart_count)
                .max()
                .unwrap_or(0)
                .max(0)
        };
        let is_sidecar = |status: &&ContainerStatus| {
            let mut containers = self.spec.init_containers.iter();
            containers
                .any(|it| it.name == status.name && it.restart_policy.as_deref() == Some("Always"))
        };
        (
            most(&mut self.status.container_statuses.iter()),
            most(
                &mut self
                    .status
                    .init_container_statuses
                    .iter()
                    .filter(is_sidecar),
            ),
        )
    }
}
