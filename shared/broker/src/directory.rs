//! The clusters that are registered and the workers that are there, held in memory by one watch
//! each: looking a cluster up costs no round trip.

mod workers;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{ClusterRecord, Presence};
use kubently_core::time::Timestamp;

use crate::connect::Broker;
use crate::error::StoreError;
use crate::hub_clock::HubClock;
use crate::topology::{CLUSTERS, WORKERS};
use crate::watched::{Standing, watch};

pub use self::workers::MAX_WORKERS;

use self::workers::Workers;

/// How often clusters that fell silent are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How many of them at a time.
const AT_A_TIME: usize = 32;

/// Clusters and workers as a gateway knows them. Clones share them.
#[derive(Clone)]
pub struct Directory {
    clusters: Arc<RwLock<BTreeMap<ClusterId, ClusterRecord>>>,
    workers: Arc<Workers>,
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
    /// Opens the watches and waits for what they hold now: for every cluster, and 10 s for the workers.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn start(broker: &Broker) -> Result<Self, StoreError> {
        let clock = HubClock::of_hub(broker).await?;
        let clusters = Arc::new(RwLock::new(BTreeMap::new()));
        let workers = Arc::new(Workers::new(broker.counts.presences_ignored.clone()));
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
        });
        let clusters_watch = clusters_watch.await?.complete().await?;
        let own = Arc::clone(&workers);
        let workers_watch = watch(broker, WORKERS, clock.clone(), move |key, entry| {
            own.seen(key, entry);
        });
        // Every cluster writes there, and none of them may keep a gateway from starting.
        let workers_watch = workers_watch.await?.or_behind().await;
        let (of_look, own) = (broker.clone(), Arc::clone(&workers));
        let time = clock.clone();
        tokio::spawn(async move { look_for_silent(&of_look, &own, &time).await });
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
        self.workers.live(cluster, self.clock.now())
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
        self.workers.last_seen(cluster)
    }

    /// How many workers are kept of the cluster that has the most, of at most [`MAX_WORKERS`].
    #[must_use]
    pub fn most_workers(&self) -> usize {
        self.workers.most()
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

/// A worker's word may not get through: all clusters write it to one bucket, and a flood by one of them
/// leaves no room for the others. Its pulls go to its own cluster's queue, and tell as well.
async fn look_for_silent(broker: &Broker, workers: &Workers, clock: &HubClock) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let silent = futures::stream::iter(workers.silent(clock.now()));
        let looked = silent.for_each_concurrent(AT_A_TIME, async |cluster| {
            match broker.is_pulled_from(&cluster).await {
                Ok(true) => workers.pulled(&cluster, clock.now()),
                Ok(false) => {}
                Err(error) => tracing::debug!(%cluster, %error, "its queue was not looked at"),
            }
        });
        looked.await;
    }
}
