//! How full a gateway is and what it knows of others, read when it is asked for.

use std::fmt;
use std::sync::Arc;

use kubently_broker::{MOST_DEADLINES, directory, unfinished};
use kubently_runtime::metrics::{Bound, Bounds, count, gauges};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::activity;
use crate::auth::MOST_NOTES;
use crate::connections::Bounded;
use crate::gateway::{Gateway, MAX_IN_FLIGHT, MAX_LARGE_OUTPUTS, MAX_STREAMS, Parts};

/// Shows them; each cluster by its name where `by_cluster`.
pub(crate) fn register(
    registry: &mut Registry,
    gateway: &Gateway,
    connections: &Bounded,
    by_cluster: bool,
) {
    let connections = connections.clone();
    let of = |used: fn(&Parts) -> usize| {
        let gateway = Arc::clone(gateway);
        move || used(&gateway)
    };
    registry.register_collector(Box::new(Bounds(vec![
        Bound::new("connections", connections.most(), move || {
            connections.open()
        }),
        Bound::new("requests", MAX_IN_FLIGHT, of(in_flight)),
        Bound::new("event_streams", MAX_STREAMS, of(streams)),
        Bound::new(
            "large_outputs",
            MAX_LARGE_OUTPUTS,
            of(|parts| used(&parts.large_outputs, MAX_LARGE_OUTPUTS)),
        ),
        Bound::new(
            "unfinished_jobs",
            unfinished::MOST,
            of(|parts| parts.live.unfinished().len()),
        ),
        Bound::new(
            "session_notes",
            activity::MAX_SESSIONS,
            of(|parts| parts.activity.len()),
        ),
        Bound::new(
            "sweep_deadlines",
            MOST_DEADLINES,
            of(|parts| parts.broker.counts().deadlines()),
        ),
        Bound::new("key_notes", MOST_NOTES, of(|parts| parts.door.usage.len())),
        // Each cluster has as many; this is the one that has the most.
        Bound::new(
            "workers_of_a_cluster",
            directory::MAX_WORKERS,
            of(|parts| parts.directory.most_workers()),
        ),
    ])));
    registry.register_collector(Box::new(Known {
        gateway: Arc::clone(gateway),
        by_cluster,
    }));
}

/// What a gateway knows.
struct Known {
    gateway: Gateway,
    by_cluster: bool,
}

fn used(places: &Semaphore, of: usize) -> usize {
    of.saturating_sub(places.available_permits())
}

fn in_flight(parts: &Parts) -> usize {
    used(&parts.in_flight, MAX_IN_FLIGHT)
}

fn streams(parts: &Parts) -> usize {
    used(&parts.streams, MAX_STREAMS)
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

impl Collector for Known {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let parts = &*self.gateway;
        let clusters = parts.directory.clusters();
        let live = |cluster| count(parts.directory.workers(cluster).len());
        let workers: Vec<_> = clusters
            .iter()
            .map(|(name, _)| (name, live(name)))
            .collect();
        let workerless = workers.iter().filter(|(_, live)| *live < 1.0).count();
        for (name, help, value) in [
            (
                "kubently_http_requests_in_flight",
                "Requests in work.",
                in_flight(parts),
            ),
            (
                "kubently_event_streams_open",
                "Streams of server-sent events that are open.",
                streams(parts),
            ),
            (
                "kubently_jobs_unfinished",
                "Jobs that this gateway accepted and that have no result yet.",
                parts.live.unfinished().len(),
            ),
            (
                "kubently_jobs_followed",
                "Jobs that somebody waits for or streams on this gateway.",
                parts.live.followed(),
            ),
            (
                "kubently_clusters",
                "Clusters that are registered.",
                clusters.len(),
            ),
            (
                "kubently_clusters_without_worker",
                "Registered clusters without a live worker.",
                workerless,
            ),
        ] {
            let none: [(&str, &str); 0] = [];
            gauges(&mut encoder, name, help, [(none, count(value))])?;
        }
        let (clusters_behind, workers_behind) = parts.directory.behind();
        let watches = [
            ("clusters", clusters_behind),
            ("identity", parts.identity().is_behind()),
            ("workers", workers_behind),
        ];
        gauges(
            &mut encoder,
            "kubently_watch_behind",
            "Whether what is known of these may be out of date.",
            watches.map(|(watch, behind)| ([("watch", watch)], count(usize::from(behind)))),
        )?;
        let help = "Workers of a cluster that were heard of within 30 seconds.";
        let name = "kubently_workers_live";
        if self.by_cluster {
            let series = workers
                .iter()
                .map(|(cluster, live)| ([("cluster", cluster.as_str())], *live));
            return gauges(&mut encoder, name, help, series);
        }
        let all = workers.iter().map(|(_, live)| live).sum();
        let none: [(&str, &str); 0] = [];
        gauges(&mut encoder, name, help, [(none, all)])
    }
}
