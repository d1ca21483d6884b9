//! The workers of each cluster, as their presence tells. Whatever a cluster writes, what is kept of it
//! and what it costs to read is bounded, and no other cluster's part is touched.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use async_nats::jetstream::kv::Entry;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{LIVE_SECONDS, PRESENCE_SECONDS, Presence};
use kubently_core::text::WorkerName;
use kubently_core::time::Timestamp;
use prometheus_client::metrics::counter::Counter;

/// The most workers that are kept of one cluster.
pub const MAX_WORKERS: usize = 256;
/// The most presences that are read of one cluster within [`PRESENCE_SECONDS`]: each worker writes one in
/// that time, and a few more when it starts and stops.
const MAX_HEARD: usize = 4 * MAX_WORKERS;

/// For how long a cluster that fell silent is asked for, in seconds.
const SILENT_SECONDS: u32 = 3600;

/// Every cluster's workers.
#[derive(Default)]
pub(super) struct Workers {
    crews: RwLock<HashMap<ClusterId, Crew>>,
    /// Presences that were not read because their cluster writes too many.
    ignored: Counter,
}

/// The workers of one cluster.
#[derive(Default)]
struct Crew {
    known: HashMap<WorkerName, Heard>,
    /// The stretch of [`PRESENCE_SECONDS`] on the hub's clock that is counted, and how many came in it.
    stretch: i64,
    heard: usize,
    /// When its queue was last seen to be pulled from, where that was looked at.
    pulled: Option<Timestamp>,
}

/// A worker's last word.
struct Heard {
    /// Where it stands in the bucket.
    key: String,
    presence: Presence,
    at: Timestamp,
}

impl Workers {
    pub(super) fn new(ignored: Counter) -> Self {
        Self {
            ignored,
            ..Self::default()
        }
    }

    /// Takes what the watch on the bucket tells of a key; `None`: it was deleted.
    pub(super) fn seen(&self, key: &str, entry: Option<&Entry>) {
        let Some((cluster, _)) = key.split_once('.') else {
            return;
        };
        let Ok(cluster) = cluster.parse::<ClusterId>() else {
            return;
        };
        let written = entry.map(|entry| (&*entry.value, Timestamp::new(entry.created)));
        self.told(&cluster, key, written);
    }

    fn told(&self, cluster: &ClusterId, key: &str, written: Option<(&[u8], Timestamp)>) {
        let mut crews = self.crews.write().unwrap_or_else(PoisonError::into_inner);
        let crew = crews.entry(cluster.clone()).or_default();
        let Some((value, at)) = written else {
            crew.known.retain(|_, heard| heard.key != key);
            return;
        };
        match crew.count(at) {
            heard if heard <= MAX_HEARD => {}
            heard => {
                self.ignored.inc();
                if heard == MAX_HEARD + 1 {
                    tracing::warn!(
                        %cluster,
                        "it writes more presences than its workers could: some are not read"
                    );
                }
                return;
            }
        }
        match serde_json::from_slice::<Presence>(value) {
            // A cluster speaks for itself alone, whatever stands in the value.
            Ok(presence) if presence.cluster_id == *cluster => {
                let key = key.to_owned();
                crew.keep(Heard { key, presence, at });
            }
            Ok(_) => tracing::warn!(%cluster, "a presence that names another cluster"),
            Err(error) => tracing::warn!(%cluster, %error, "an odd presence"),
        }
    }

    /// A cluster's workers that were live at this time, in the order of their names.
    pub(super) fn live(&self, cluster: &ClusterId, now: Timestamp) -> Vec<(Presence, Timestamp)> {
        let crews = self.read();
        let crew = crews.get(cluster).into_iter();
        let live = crew.flat_map(|crew| crew.live(now));
        let mut live: Vec<_> = live
            .map(|heard| (heard.presence.clone(), heard.at))
            .collect();
        live.sort_by(|(a, _), (b, _)| a.worker.cmp(&b.worker));
        live
    }

    /// The clusters that fell silent: none of their workers is live, and none took its leave.
    pub(super) fn silent(&self, now: Timestamp) -> Vec<ClusterId> {
        let crews = self.read();
        let silent = crews.iter().filter(|(_, crew)| crew.is_silent(now));
        silent.map(|(cluster, _)| cluster.clone()).collect()
    }

    /// Somebody takes commands from a cluster's queue at this time.
    pub(super) fn pulled(&self, cluster: &ClusterId, now: Timestamp) {
        let mut crews = self.crews.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(crew) = crews.get_mut(cluster) {
            crew.pulled = Some(now);
        }
    }

    /// When any worker of a cluster was last heard of.
    pub(super) fn last_seen(&self, cluster: &ClusterId) -> Option<Timestamp> {
        let crews = self.read();
        let known = crews.get(cluster)?.known.values();
        known.map(|heard| heard.at).max()
    }

    /// How many are kept of the cluster that has the most.
    pub(super) fn most(&self) -> usize {
        let crews = self.read();
        let sizes = crews.values().map(|crew| crew.known.len());
        sizes.max().unwrap_or(0)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<ClusterId, Crew>> {
        self.crews.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crew {
    /// Counts a presence of this time: how many there were in its stretch.
    fn count(&mut self, at: Timestamp) -> usize {
        let stretch = at.get().timestamp() / i64::from(PRESENCE_SECONDS);
        if stretch != self.stretch {
            (self.stretch, self.heard) = (stretch, 0);
        }
        self.heard = self.heard.saturating_add(1);
        self.heard
    }

    /// Its live workers. One that takes commands is there, also where its word does not get through: as long
    /// as the queue is pulled from, those count that were there at the last word.
    fn live(&self, now: Timestamp) -> impl Iterator<Item = &Heard> {
        let since = match (self.pulled, self.newest()) {
            (Some(pulled), Some(newest)) if pulled.plus_seconds(LIVE_SECONDS) >= now => {
                now.min(newest)
            }
            _ => now,
        };
        let known = self.known.values();
        known.filter(move |heard| heard.was_there(since))
    }

    fn is_silent(&self, now: Timestamp) -> bool {
        let Some(newest) = self.newest() else {
            return false;
        };
        let mut known = self.known.values();
        let is_recent = newest.plus_seconds(SILENT_SECONDS) >= now
            || self
                .pulled
                .is_some_and(|at| at.plus_seconds(SILENT_SECONDS) >= now);
        is_recent
            && newest.plus_seconds(LIVE_SECONDS) < now
            && known.any(|heard| heard.was_there(newest))
    }

    fn newest(&self) -> Option<Timestamp> {
        self.known.values().map(|heard| heard.at).max()
    }

    fn keep(&mut self, heard: Heard) {
        let worker = heard.presence.worker.clone();
        if !self.known.contains_key(&worker) {
            // Every rollout brings new names; what those before them said last is of no use any more.
            self.known
                .retain(|_, known| known.at.plus_seconds(LIVE_SECONDS) >= heard.at);
            if self.known.len() >= MAX_WORKERS {
                let oldest = self.known.iter().min_by_key(|(_, known)| known.at);
                if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                    self.known.remove(&oldest);
                }
            }
        }
        self.known.insert(worker, heard);
    }
}

impl Heard {
    fn was_there(&self, at: Timestamp) -> bool {
        !self.presence.stopping && self.at.plus_seconds(LIVE_SECONDS) >= at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u32) -> Timestamp {
        let start: Timestamp = serde_json::from_value("2026-11-24T08:00:00.000Z".into()).unwrap();
        start.plus_seconds(seconds)
    }

    fn says(workers: &Workers, cluster: &str, worker: &str, at: Timestamp) {
        let value = serde_json::json!({
            "cluster_id": cluster, "worker": worker, "version": "0.1.0",
            "slots": 1, "in_flight": 0, "policy_hash": "",
        });
        let (cluster, key) = (cluster.parse().unwrap(), format!("{cluster}.{worker}"));
        let value = value.to_string();
        workers.told(&cluster, &key, Some((value.as_bytes(), at)));
    }

    fn names(workers: &Workers, cluster: &str, now: Timestamp) -> Vec<String> {
        let live = workers.live(&cluster.parse().unwrap(), now).into_iter();
        live.map(|(presence, _)| presence.worker.to_string())
            .collect()
    }

    #[test]
    fn a_flood_of_made_up_workers_is_bounded_and_touches_no_other_cluster() {
        let workers = Workers::default();
        says(&workers, "b", "real", at(1));
        for number in 0..3 * MAX_HEARD {
            says(&workers, "a", &format!("w{number}"), at(1));
        }
        assert_eq!(workers.most(), MAX_WORKERS);
        assert_eq!(names(&workers, "a", at(2)).len(), MAX_WORKERS);
        assert_eq!(workers.ignored.get(), 2 * MAX_HEARD as u64);
        assert_eq!(names(&workers, "b", at(2)), ["real"]);
        // The next stretch is read again, and what is not live any more goes.
        says(&workers, "a", "later", at(41));
        assert_eq!(names(&workers, "a", at(41)), ["later"]);
        assert_eq!(workers.most(), 1);
        assert_eq!(workers.last_seen(&"b".parse().unwrap()), Some(at(1)));
    }

    #[test]
    fn workers_that_share_a_key_are_told_apart_and_a_deleted_key_takes_its_own() {
        let workers = Workers::default();
        let cluster = "a".parse().unwrap();
        says(&workers, "a", "one.x", at(1));
        says(&workers, "a", "one:x", at(2));
        assert_eq!(names(&workers, "a", at(3)), ["one.x", "one:x"]);
        workers.told(&cluster, "a.one.x", None);
        assert_eq!(names(&workers, "a", at(3)), ["one:x"]);
        says(&workers, "a", "one:x", at(4));
        workers.told(&cluster, "a", Some((b"{}", at(5))));
        assert_eq!(names(&workers, "a", at(35)), Vec::<String>::new());
    }

    #[test]
    fn a_cluster_that_falls_silent_counts_for_as_long_as_it_takes_commands() {
        let workers = Workers::default();
        let cluster = "a".parse().unwrap();
        says(&workers, "a", "gone", at(0));
        says(&workers, "a", "here", at(40));
        assert!(workers.silent(at(70)).is_empty());
        assert_eq!(workers.silent(at(71)), [cluster]);
        let cluster = "a".parse().unwrap();
        workers.pulled(&cluster, at(71));
        for now in [71, 101] {
            assert_eq!(names(&workers, "a", at(now)), ["here"], "{now}");
        }
        // Nobody pulls any more.
        assert!(names(&workers, "a", at(102)).is_empty());
        assert_eq!(workers.silent(at(71 + SILENT_SECONDS)).len(), 1);
        assert!(workers.silent(at(72 + SILENT_SECONDS)).is_empty());
        says(&workers, "a", "back", at(200));
        assert!(workers.silent(at(201)).is_empty());
        assert_eq!(names(&workers, "a", at(201)), ["back"]);
    }
}
