//! What is known of clusters and of the workers in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterId;
use crate::lane::Lane;
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

/// How a cluster's queue stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct QueueStatus {
    /// Priorities 50 to 100.
    pub high: LaneStatus,
    /// Priorities 1 to 49.
    pub normal: LaneStatus,
    /// Priority 0.
    pub low: LaneStatus,
    /// Since when the oldest command waits; null where none does.
    pub oldest_queued_at: Option<Timestamp>,
}

/// How one lane of a queue stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct LaneStatus {
    /// Commands that wait.
    pub queued: u64,
    /// Commands that a worker has, or had when it was last heard of.
    pub in_flight: u64,
}

impl QueueStatus {
    /// One of the lanes.
    pub const fn lane_mut(&mut self, lane: Lane) -> &mut LaneStatus {
        match lane {
            Lane::High => &mut self.high,
            Lane::Normal => &mut self.normal,
            Lane::Low => &mut self.low,
        }
    }

    /// Commands that wait, over all lanes.
    #[must_use]
    pub const fn queued(&self) -> u64 {
        self.high.queued + self.normal.queued + self.low.queued
    }

    /// Commands that workers have, over all lanes.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.high.in_flight + self.normal.in_flight + self.low.in_flight
    }
}

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
    /// Commands that workers have; null where the queue could not be asked.
    pub in_flight: Option<u64>,
    /// For how long the oldest command waits, in seconds; null where none does.
    pub oldest_queued_seconds: Option<u64>,
    /// The lanes of its queue; null where it could not be asked.
    pub lanes: Option<QueueStatus>,
    /// The builds of its live workers, each once.
    pub versions: Vec<String>,
    /// The owner's labels.
    pub labels: BTreeMap<String, String>,
    /// When it was registered.
    pub enrolled_at: Timestamp,
    /// When a worker was last heard of.
    pub last_seen: Option<Timestamp>,
    /// Its live workers.
    pub workers: Vec<Presence>,
}
