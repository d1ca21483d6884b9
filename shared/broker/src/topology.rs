//! Every stream, consumer and bucket, as data; and the few calls that make them so.
//!
//! Only gateways make anything. A stream per cluster and direction, so that no cluster can fill
//! what another needs, and events and result of a job have one order.

use std::pin::pin;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Republish, RetentionPolicy, StorageType, SubjectTransform,
};
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_core::lane::Lane;
use kubently_core::subject;

use crate::connect::Broker;
use crate::error::StoreError;

/// Users and API keys; see [`identity_repository`](crate::identity_repository).
pub(crate) const IDENTITY: &str = "kubently_identity";
/// When keys were last used: `<user>.<key>`. Beside the keys, so that it can never undo a
/// revocation.
pub(crate) const USAGE: &str = "kubently_usage";
/// Sessions: `<user>.<session>`, each gone an hour after it is over.
pub(crate) const SESSIONS: &str = "kubently_sessions";
/// Jobs: `job.<user>.<job>`.
pub(crate) const JOBS: &str = "kubently_jobs";
/// The registry: `<cluster>`.
pub(crate) const CLUSTERS: &str = "kubently_clusters";
/// Presence: written to `<cluster>.<worker>`, kept under `<cluster>.<number>`. The only bucket that
/// clusters write.
pub(crate) const WORKERS: &str = "kubently_workers";

/// How long results, events and job records are kept.
pub const JOB_RETENTION: Duration = Duration::from_secs(24 * 3600);
/// How many commands may wait for one cluster.
pub const QUEUE_CAP: i64 = 10_000;

/// How long a key whose time is over leaves a marker, so that nobody revives it unseen.
const MARKER: Duration = Duration::from_secs(60);
const KIB: i32 = 1024;
const MIB: i64 = 1024 * 1024;
/// Since 2.15 a stream without a limit of its own gets 1,000; ours need a handful.
const MAX_CONSUMERS: i32 = 16;
/// How many keys the workers of one cluster share by their names' hashes: a cluster that makes names up
/// overwrites its own, and fills at most 4 MiB of what all clusters share. Two that fall together are
/// still two for whoever watches; who comes anew sees the second at its next word.
const PRESENCE_KEYS: u16 = 1024;
/// Where no message carries an id, none is remembered: a flood of them would fill the hub's memory with
/// the two minutes' worth that it keeps by itself.
const NO_IDS: Duration = Duration::from_millis(100);
/// One watch per gateway and bucket.
const MAX_WATCHES: i32 = 1000;

/// Why the hub is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The hub has promised all of its disk (10047).
    #[error(
        "JetStream has no room for {what}: it reserves each stream's largest size, so set max_file_store to at least clusters x 1 GiB, also beyond the disk, and watch real use"
    )]
    NoRoom {
        /// The stream.
        what: String,
    },
    /// A stream or bucket could not be made.
    #[error("{what} cannot be made on the hub")]
    Refused {
        /// The stream or bucket.
        what: String,
        /// What the hub said.
        source: StoreError,
    },
    /// The hub does not answer, or a bucket is missing.
    #[error("the hub does not tell of {what}: check that it is reachable and has its buckets")]
    Missing {
        /// The bucket.
        what: &'static str,
        /// What the hub said.
        source: StoreError,
    },
}

/// What the names of queues begin with.
pub(crate) const COMMANDS: &str = "KUBENTLY_CMD_";

/// What the names of reply streams begin with.
pub(crate) const REPLIES: &str = "KUBENTLY_REPLY_";

/// The stream of a cluster's commands.
#[must_use]
pub fn command_stream(cluster: &ClusterId) -> String {
    format!("{COMMANDS}{cluster}")
}

/// The stream of their events and results.
#[must_use]
pub fn reply_stream(cluster: &ClusterId) -> String {
    format!("{REPLIES}{cluster}")
}

pub(crate) fn bucket_stream(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// A cluster's queue: full means refused, and one job is in it once. It takes the three lanes alone: what
/// stood on another would reach no worker, and fill it.
pub(crate) fn commands(cluster: &ClusterId) -> Config {
    Config {
        name: command_stream(cluster),
        subjects: Lane::ALL
            .map(|lane| subject::lane_of(cluster, lane))
            .to_vec(),
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        discard_new_per_subject: true,
        max_messages: QUEUE_CAP,
        max_message_size: 64 * KIB,
        max_age: Duration::from_secs(2 * 3600),
        max_consumers: MAX_CONSUMERS,
        allow_direct: true,
        ..Config::default()
    }
}

/// What a cluster's workers answer, repeated live to who waits for it.
pub(crate) fn replies(cluster: &ClusterId) -> Config {
    Config {
        name: reply_stream(cluster),
        subjects: vec![subject::replies_of(cluster)],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::Old,
        max_age: JOB_RETENTION,
        max_bytes: 1024 * MIB,
        // As the server writes "no limit".
        max_messages_per_subject: -1,
        max_consumers: MAX_CONSUMERS,
        duplicate_window: NO_IDS,
        allow_direct: true,
        republish: Some(Republish {
            source: subject::replies_of(cluster),
            destination: subject::live_of(cluster),
            headers_only: false,
        }),
        ..Config::default()
    }
}

/// No backoff, because it would override `ack_wait`; no largest delivery count, because a message
/// past it would stay stored and invisible: the worker counts.
pub(crate) fn lane(cluster: &ClusterId, lane: Lane) -> pull::Config {
    pull::Config {
        durable_name: Some(lane.to_string()),
        filter_subject: subject::lane_of(cluster, lane),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(10),
        max_deliver: -1,
        max_ack_pending: 4096,
        max_waiting: 2048,
        ..pull::Config::default()
    }
}

fn bucket(name: &str) -> Config {
    Config {
        name: bucket_stream(name),
        subjects: vec![format!("$KV.{name}.>")],
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        max_consumers: MAX_WATCHES,
        allow_direct: true,
        allow_rollup: true,
        ..Config::default()
    }
}

fn buckets() -> [Config; 6] {
    // Every gateway holds what is in here, so its size is theirs.
    let identity = Config {
        allow_atomic_publish: true,
        // For the marks of what was taken away.
        allow_message_ttl: true,
        max_message_size: 64 * KIB,
        max_bytes: 64 * MIB,
        ..bucket(IDENTITY)
    };
    let usage = Config {
        discard: DiscardPolicy::Old,
        max_message_size: KIB,
        max_bytes: 64 * MIB,
        ..bucket(USAGE)
    };
    let sessions = Config {
        allow_message_ttl: true,
        subject_delete_marker_ttl: Some(MARKER),
        max_message_size: 4 * KIB,
        max_bytes: 256 * MIB,
        ..bucket(SESSIONS)
    };
    let jobs = Config {
        max_age: JOB_RETENTION,
        ..bucket(JOBS)
    };
    // Clusters write here: nothing that rolls up, purges or outlives its age.
    let workers = Config {
        discard: DiscardPolicy::Old,
        max_age: Duration::from_secs(7 * 24 * 3600),
        max_message_size: 4 * KIB,
        max_bytes: 256 * MIB,
        allow_rollup: false,
        duplicate_window: NO_IDS,
        subject_transform: Some(SubjectTransform {
            source: format!("$KV.{WORKERS}.*.*"),
            destination: format!(
                "$KV.{WORKERS}.{{{{wildcard(1)}}}}.{{{{partition({PRESENCE_KEYS},2)}}}}"
            ),
        }),
        ..bucket(WORKERS)
    };
    [identity, usage, sessions, jobs, bucket(CLUSTERS), workers]
}

impl Broker {
    /// Makes the buckets that all clusters share.
    ///
    /// # Errors
    /// [`TopologyError`]
    pub async fn ensure(&self) -> Result<(), TopologyError> {
        for config in buckets() {
            self.make(config).await?;
        }
        Ok(())
    }

    /// Whether the hub answers and the buckets are there.
    ///
    /// # Errors
    /// [`TopologyError::Missing`]
    pub async fn check(&self) -> Result<(), TopologyError> {
        for what in [IDENTITY, USAGE, SESSIONS, JOBS, CLUSTERS, WORKERS] {
            let state = self.stream_state(&bucket_stream(what)).await;
            state.map_err(|source| TopologyError::Missing { what, source })?;
        }
        Ok(())
    }

    /// Makes a cluster's streams and consumers, then its registry entry: a cluster that is known
    /// can be used. Adding one again renews what it lacks.
    ///
    /// # Errors
    /// [`TopologyError`]
    pub async fn add_cluster(
        &self,
        cluster: &ClusterId,
        record: &ClusterRecord,
    ) -> Result<(), TopologyError> {
        self.make(commands(cluster)).await?;
        self.make(replies(cluster)).await?;
        for kind in Lane::ALL {
            let made = self.make_lane(cluster, kind).await;
            made.map_err(|source| TopologyError::Refused {
                what: format!("consumer {kind} of {}", command_stream(cluster)),
                source,
            })?;
        }
        let refused = |source| TopologyError::Refused {
            what: format!("{CLUSTERS} {cluster}"),
            source,
        };
        let value = serde_json::to_vec(record).map_err(|source| {
            refused(StoreError::Corrupt {
                what: "cluster",
                source,
            })
        })?;
        self.insist(|| self.put(CLUSTERS, cluster.as_str(), value.clone()))
            .await
            .map(drop)
            .map_err(refused)
    }

    /// How many commands wait for a cluster or are being run.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn queue_depth(&self, cluster: &ClusterId) -> Result<u64, StoreError> {
        Ok(self
            .stream_state(&command_stream(cluster))
            .await?
            .state
            .messages)
    }

    /// Writes a value whatever was there before, and answers its sequence.
    pub(crate) async fn put(
        &self,
        bucket: &str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<u64, StoreError> {
        let subject = format!("$KV.{bucket}.{key}");
        self.answer(pin!(async {
            let ack = self.js.publish(subject, value.into()).await?.await?;
            Ok(ack.sequence)
        }))
        .await
    }

    /// Makes the consumer of a lane, or sets it right.
    pub(crate) async fn make_lane(
        &self,
        cluster: &ClusterId,
        kind: Lane,
    ) -> Result<(), StoreError> {
        let stream = command_stream(cluster);
        self.insist(|| async {
            let config = lane(cluster, kind);
            let made = Box::pin(self.js.create_consumer_on_stream(config, &stream)).await;
            Ok(made.map(|_| ())?)
        })
        .await
    }

    pub(crate) async fn make(&self, config: Config) -> Result<(), TopologyError> {
        let what = config.name.clone();
        let config = Config {
            num_replicas: self.replicas.get(),
            ..config
        };
        // A hub that was just started chooses its leaders, and takes it a moment later.
        let made = self
            .insist(|| async {
                // Boxed: it carries the configuration several times over.
                let made = Box::pin(self.js.create_or_update_stream(config.clone())).await;
                Ok(made?)
            })
            .await;
        match made {
            Ok(_) => Ok(()),
            Err(StoreError::Refused { code: 10047, .. }) => Err(TopologyError::NoRoom { what }),
            Err(source) => Err(TopologyError::Refused { what, source }),
        }
    }
}
