//! The clusters that are registered and the workers that are there, held in memory by one watch
//! each: looking a cluster up costs no round trip.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use async_nats::jetstream::kv::Entry;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{ClusterRecord, LIVE_SECONDS, Presence};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::hub_clock::HubClock;
use crate::topology::{CLUSTERS, WORKERS};
use crate::watched::{Standing, watch};

/// The most workers that are kept of one cluster: what a cluster writes cannot grow a gateway.
const MAX_WORKERS: usize = 256;

type Workers = HashMap<ClusterId, HashMap<String, (Presence, Timestamp)>>;

/// Clusters and workers as a gateway knows them. Clones share them.
#[derive(Clone)]
pub struct Directory {
    clusters: Arc<RwLock<BTreeMap<ClusterId, ClusterRecord>>>,
    workers: Arc<RwLock<Workers>>,
    clusters_watch: Arc<Standing>,
    workers_watch: Arc<Standing>,
    clock: HubClock,
}

/// What is known of a cluster's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It is registered.
    Known(ClusterRecord),
    /// It is not.
    Unknown,
    /// It is not among those we know, but we may not know all.
    Behind,
}

impl Directory {
    /// Opens the watches and waits for what they hold now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn start(broker: &Broker) -> Result<Self, StoreError> {
        let clock = HubClock::of_hub(broker).await?;
        let clusters = Arc::new(RwLock::new(BTreeMap::new()));
        let workers = Arc::new(RwLock::new(Workers::new()));
        let own = Arc::clone(&clusters);
        let clusters_watch = watch(broker, CLUSTERS, clock.clone(), move |key, entry| {
            let Ok(cluster) = key.parse::<ClusterId>() else {
                return;
            };
            let mut clusters = own.write().unwrap_or_else(PoisonError::into_inner);
            match entry.map(|entry| serde_json::from_slice(&entry.value)) {
                Some(Ok(record)) => {
                    clusters.insert(cluster, record);
                }
                Some(Err(error)) => tracing::warn!(%cluster, %error, "an odd registry entry"),
                None => {
                    clusters.remove(&cluster);
                }
            }
        })
        .await?;
        let own = Arc::clone(&workers);
        let workers_watch = watch(broker, WORKERS, clock.clone(), move |key, entry| {
            seen(&own, key, entry);
        })
        .await?;
        Ok(Self {
            clusters,
            workers,
            clusters_watch,
            workers_watch,
            clock,
        })
    }

    /// Looks a cluster up by its name.
    #[must_use]
    pub fn cluster(&self, cluster: &ClusterId) -> Lookup {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        match clusters.get(cluster) {
            Some(record) if record.removed_at.is_none() => Lookup::Known(record.clone()),
            None if self.clusters_watch.is_behind() => Lookup::Behind,
            Some(_) | None => Lookup::Unknown,
        }
    }

    /// Every registered cluster, in the order of their names.
    #[must_use]
    pub fn clusters(&self) -> Vec<(ClusterId, ClusterRecord)> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let known = clusters
            .iter()
            .filter(|(_, record)| record.removed_at.is_none());
        known
            .map(|(cluster, record)| (cluster.clone(), record.clone()))
            .collect()
    }

    /// A cluster's live workers and when each was last heard of, in the order of their names.
    #[must_use]
    pub fn workers(&self, cluster: &ClusterId) -> Vec<(Presence, Timestamp)> {
        let now = self.clock.now();
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        let known = workers.get(cluster).into_iter().flat_map(HashMap::values);
        let live = known
            .filter(|(presence, at)| !presence.stopping && now <= at.plus_seconds(LIVE_SECONDS));
        let mut live: Vec<_> = live.cloned().collect();
        live.sort_by(|(a, _), (b, _)| a.worker.cmp(&b.worker));
        live
    }

    /// How many live workers a cluster has; none where that is not known just now.
    #[must_use]
    pub fn live_workers(&self, cluster: &ClusterId) -> Option<usize> {
        let live = self.workers(cluster).len();
        (live > 0 || !self.workers_watch.is_behind()).then_some(live)
    }

    /// When any worker of a cluster was last heard of.
    #[must_use]
    pub fn last_seen(&self, cluster: &ClusterId) -> Option<Timestamp> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers.get(cluster)?.values().map(|(_, at)| *at).max()
    }

    /// Which of the watches may be out of date: that of the clusters, and that of the workers.
    #[must_use]
    pub fn behind(&self) -> (bool, bool) {
        let (clusters, workers) = (&self.clusters_watch, &self.workers_watch);
        (clusters.is_behind(), workers.is_behind())
    }

    /// The hub's clock, as the watches keep it.
    #[must_use]
    pub fn clock(&self) -> HubClock {
        self.clock.clone()
    }

    /// The time on the hub's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn seen(workers: &RwLock<Workers>, key: &str, entry: Option<&Entry>) {
    let Some((cluster, worker)) = key.split_once('.') else {
        return;
    };
    let Ok(cluster) = cluster.parse::<ClusterId>() else {
        return;
    };
    let mut workers = workers.write().unwrap_or_else(PoisonError::into_inner);
    let of_cluster = workers.entry(cluster.clone()).or_default();
    let Some(entry) = entry else {
        of_cluster.remove(worker);
        return;
    };
    match serde_json::from_slice::<Presence>(&entry.value) {
        // A cluster speaks for itself alone, whatever stands in the value.
        Ok(presence) if presence.cluster_id == cluster => {
            of_cluster.insert(worker.to_owned(), (presence, Timestamp::new(entry.created)));
            if of_cluster.len() > MAX_WORKERS {
                let oldest = of_cluster.iter().min_by_key(|(_, (_, at))| *at);
                if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                    of_cluster.remove(&oldest);
                }
            }
        }
        Ok(_) => tracing::warn!(%cluster, "a presence that names another cluster"),
        Err(error) => tracing::warn!(%cluster, %error, "an odd presence"),
    }
}
