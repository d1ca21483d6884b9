//! What a connection to the hub has seen, as metrics. Clones share them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kubently_core::cluster::ClusterId;
use kubently_core::lane::Lane;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::time::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::connect::Standing;
use crate::hub_clock::HubClock;

/// What is counted where it happens.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub(crate) reconnects: Counter,
    pub(crate) slow_consumers: Counter,
    pub(crate) silences: Counter,
    pub(crate) pulls_lost: Counter,
    pub(crate) ended: Family<End, Counter>,
    pub(crate) sweeps: Family<Swept, Counter>,
    /// Commands past their deadlines that nobody could be answered on.
    pub(crate) dropped: Counter,
    pub(crate) deadlines: Gauge,
    /// Presences that were not read because their cluster writes too many.
    pub(crate) presences_ignored: Counter,
}

/// How a job ended.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct End {
    status: &'static str,
    reason: &'static str,
}

/// Whether a pass of the sweep came to its end.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Swept {
    pub(crate) outcome: &'static str,
}

/// One lane as it stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneDepth {
    /// Commands that wait.
    pub queued: u64,
    /// Commands in workers' hands.
    pub in_flight: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// A queue's lanes, in the order of [`Lane::ALL`].
pub type Depths = [LaneDepth; 3];

/// How every queue stood when it was last looked at.
#[derive(Debug, Clone, Default)]
pub struct Queues(Arc<Mutex<Vec<(ClusterId, Depths)>>>);

/// [`Queues`] as metrics.
#[derive(Debug)]
struct QueueGauges {
    queues: Queues,
    clock: HubClock,
    /// Whether each cluster has series of its own, or all have them together.
    by_cluster: bool,
}

#[derive(Debug)]
struct LinkGauge(watch::Receiver<Standing>);

type LaneLabels<'a> = Vec<(&'static str, &'a str)>;

impl Counts {
    /// A job has its result by us.
    pub(crate) fn ended(&self, status: FinalStatus, reason: Option<Reason>) {
        let status = match status {
            FinalStatus::Completed => "completed",
            FinalStatus::Failed => "failed",
            FinalStatus::Cancelled => "cancelled",
        };
        let reason = reason.map_or("none", Reason::as_str);
        self.ended.get_or_create(&End { status, reason }).inc();
    }

    /// How many deadlines the sweep keeps.
    #[must_use]
    pub fn deadlines(&self) -> usize {
        usize::try_from(self.deadlines.get()).unwrap_or(0)
    }

    /// Shows what every connection counts, and whether it stands.
    pub(crate) fn register(&self, registry: &mut Registry, link: watch::Receiver<Standing>) {
        registry.register_collector(Box::new(LinkGauge(link)));
        registry.register(
            "kubently_nats_reconnects",
            "Times that a lost connection to the hub came back",
            self.reconnects.clone(),
        );
        registry.register(
            "kubently_nats_slow_consumers",
            "Times that the hub's messages came faster than they were taken",
            self.slow_consumers.clone(),
        );
        registry.register(
            "kubently_nats_silences",
            "Times that the hub answered nobody for 1.5 s while the connection stood",
            self.silences.clone(),
        );
        registry.register(
            "kubently_jobs_ended",
            "Results that were stored first by this process, by the job's status and reason",
            self.ended.clone(),
        );
    }

    /// Shows what a worker's pulls count.
    pub fn register_pulls(&self, registry: &mut Registry) {
        registry.register(
            "kubently_pulls_lost",
            "Pulls that the hub forgot and that were sent anew",
            self.pulls_lost.clone(),
        );
    }

    /// Shows what a gateway counts of the workers' presences.
    pub fn register_presences(&self, registry: &mut Registry) {
        registry.register(
            "kubently_presences_ignored",
            "Presences that were not read because their cluster writes more than its workers could",
            self.presences_ignored.clone(),
        );
    }

    /// Shows how the sweep goes, and the queues as it sees them.
    pub fn register_sweep(
        &self,
        registry: &mut Registry,
        queues: Queues,
        clock: HubClock,
        by_cluster: bool,
    ) {
        registry.register(
            "kubently_sweeps",
            "Passes over all queues that look for what nobody takes, by outcome",
            self.sweeps.clone(),
        );
        registry.register(
            "kubently_commands_dropped",
            "Commands past their deadlines that left a queue unanswered, because their subjects are none of ours",
            self.dropped.clone(),
        );
        registry.register_collector(Box::new(QueueGauges {
            queues,
            clock,
            by_cluster,
        }));
    }
}

impl Queues {
    pub(crate) fn set(&self, seen: Vec<(ClusterId, Depths)>) {
        *self.lock() = seen;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(ClusterId, Depths)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LaneDepth {
    fn and(self, other: Self) -> Self {
        Self {
            queued: self.queued + other.queued,
            in_flight: self.in_flight + other.in_flight,
            oldest: self.oldest.into_iter().chain(other.oldest).min(),
        }
    }
}

impl QueueGauges {
    /// Each lane's labels and how it stands.
    fn series<'a>(&self, queues: &'a [(ClusterId, Depths)]) -> Vec<(LaneLabels<'a>, LaneDepth)> {
        let lanes = |depths: Depths| Lane::ALL.into_iter().zip(depths);
        if self.by_cluster {
            let of = |(cluster, depths): &'a (ClusterId, Depths)| {
                lanes(*depths).map(|(lane, depth)| {
                    let labels = vec![("cluster", cluster.as_str()), ("lane", lane.as_str())];
                    (labels, depth)
                })
            };
            return queues.iter().flat_map(of).collect();
        }
        let sum = queues
            .iter()
            .fold(Depths::default(), |mut sum, (_, depths)| {
                for (sum, depth) in sum.iter_mut().zip(depths) {
                    *sum = sum.and(*depth);
                }
                sum
            });
        let all = lanes(sum).map(|(lane, depth)| (vec![("lane", lane.as_str())], depth));
        all.collect()
    }
}

/// A name, its help, and the value of a lane at this time.
type Column = (&'static str, &'static str, fn(&LaneDepth, Timestamp) -> f64);

const COLUMNS: [Column; 3] = [
    (
        "kubently_queue_depth",
        "Commands that wait in a lane of a cluster's queue.",
        |depth, _| count(depth.queued),
    ),
    (
        "kubently_queue_in_flight",
        "Commands of a lane that workers have in hand.",
        |depth, _| count(depth.in_flight),
    ),
    (
        "kubently_queue_oldest_age_seconds",
        "For how long the oldest waiting command of a lane has waited; 0 where none waits.",
        |depth, now| depth.oldest.map_or(0.0, |since| age(since, now)),
    ),
];

impl Collector for QueueGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let queues = self.queues.lock();
        let series = self.series(&queues);
        let now = self.clock.now();
        for (name, help, value) in COLUMNS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (labels, depth) in &series {
                let value = value(depth, now);
                family.encode_family(labels)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

impl Collector for LinkGauge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = encoder.encode_descriptor(
            "kubently_nats_connected",
            "Whether the connection to the hub stands.",
            None,
            MetricType::Gauge,
        )?;
        gauge.encode_gauge(&i64::from(self.0.borrow().is_up()))
    }
}

fn age(since: Timestamp, now: Timestamp) -> f64 {
    let age = now.get().signed_duration_since(since.get()).to_std();
    age.unwrap_or_default().as_secs_f64()
}

fn count(number: u64) -> f64 {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    fn lines(by_cluster: bool) -> String {
        let depth = |queued, oldest: Option<&str>| LaneDepth {
            queued,
            in_flight: 1,
            oldest: oldest.map(|at| serde_json::from_value(at.into()).unwrap()),
        };
        let queues = Queues::default();
        let idle = LaneDepth::default();
        queues.set(vec![
            (
                "prod-eu".parse().unwrap(),
                [depth(2, Some("2026-11-24T08:00:10.000Z")), idle, idle],
            ),
            (
                "prod-us".parse().unwrap(),
                [depth(3, Some("2026-11-24T08:00:00.000Z")), idle, idle],
            ),
        ]);
        let clock = HubClock::at(
            serde_json::from_value::<Timestamp>("2026-11-24T08:01:00.000Z".into())
                .unwrap()
                .get(),
        );
        let mut registry = Registry::default();
        Counts::default().register_sweep(&mut registry, queues, clock, by_cluster);
        let mut text = String::new();
        text::encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_cluster_has_series_of_its_own_or_all_have_them_together() {
        let each = lines(true);
        assert!(
            each.contains(r#"kubently_queue_depth{cluster="prod-us",lane="high"} 3.0"#),
            "{each}"
        );
        let together = lines(false);
        for start in [
            r#"kubently_queue_depth{lane="high"} 5.0"#,
            r#"kubently_queue_in_flight{lane="high"} 2.0"#,
            r#"kubently_queue_oldest_age_seconds{lane="high"} 60.0"#,
            r#"kubently_queue_oldest_age_seconds{lane="low"} 0.0"#,
        ] {
            assert!(together.contains(start), "{start} in {together}");
        }
        assert!(!together.contains("prod-"));
    }
}
