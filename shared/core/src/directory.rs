//! What is known of clusters and of the workers in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterId;
use crate::nkey::PublicNkey;
use crate::text::WorkerName;
use crate::time::Timestamp;

/// How often a worker says that it is there, in seconds.
pub const PRESENCE_SECONDS: u32 = 10;

/// How long a worker counts as live after it last said so, in seconds.
pub const LIVE_SECONDS: u32 = 30;

/// A registered cluster, `kubently_clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// The owner's labels, such as `env=prod`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// When it was registered.
    pub enrolled_at: Timestamp,
    /// Set once it is being removed: its commands are answered no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// The keys that its workers may connect with; more than one while they are rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nkeys: Vec<PublicNkey>,
}

/// An enrolled direct publisher, `publisher.<name>` in `kubently_clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublisherRecord {
    /// The clusters that it may send commands to.
    pub clusters: Vec<ClusterId>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// The keys that it may connect with; more than one while they are rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nkeys: Vec<PublicNkey>,
}

/// How many keys one enrolment holds: the one in use and its successor.
pub const MAX_NKEYS: usize = 2;

/// What a worker says of itself, `kubently_workers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Presence {
    /// Its cluster.
    pub cluster_id: ClusterId,
    /// Its name.
    pub worker: WorkerName,
    /// Its build.
    pub version: String,
    /// The API server's version, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_version: Option<String>,
    /// How many commands it runs at once.
    pub slots: u32,
    /// How many it runs now.
    pub in_flight: u32,
    /// The policy it enforces.
    pub policy_hash: String,
    /// Set in its last word before it stops.
    #[serde(default)]
    pub stopping: bool,
}

/// A cluster as a caller sees it, `GET /v1/clusters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct AgentStatus {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// Whether a worker has been heard of in the last 30 s.
    pub is_active: bool,
    /// Commands that wait, over all lanes; null where the queue could not be asked.
    pub queue_depth: Option<u64>,
    /// The owner's labels.
    pub labels: BTreeMap<String, String>,
    /// When it was registered.
    pub enrolled_at: Timestamp,
    /// When a worker was last heard of.
    pub last_seen: Option<Timestamp>,
    /// Its live workers.
    pub workers: Vec<Presence>,
}
