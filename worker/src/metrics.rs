//! What a worker counts. Every name stands here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubently_broker::consume::MOST_WAITING;
use kubently_core::refusal::RefusalCode;
use kubently_core::verb::Verb;
use kubently_kubectl::client::MOST_WHOLE;
use kubently_kubectl::{Cluster, Outcome};
use kubently_runtime::metrics::{Bound, Bounds, LONG, SHORT, count, gauges};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio_util::task::TaskTracker;

use crate::cancels::{self, Cancels};
use crate::live;

/// What is counted where it happens. Clones share it.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Commands that the queue handed over, redelivered ones included.
    pub deliveries: Counter,
    /// Those that were delivered before.
    pub redeliveries: Counter,
    /// Those that went back unanswered.
    pub given_back: Counter,
    /// Messages that nobody can be answered for.
    pub unanswerable: Counter,
    /// From the hub's storing a command to its start here.
    pub queued: Histogram,
    /// From the end of a run to the hub's ack of its result.
    pub returned: Histogram,
    /// Stretches of output that wait for the hub while their commands run.
    pub live_output: live::Waiting,
    refusals: Family<OfCode, Counter>,
    runs: Family<OfVerb, Histogram, fn() -> Histogram>,
    output: Family<OfStream, Counter>,
    calls: Family<OfCall, Counter>,
    call_seconds: Family<OfVerb, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCode {
    code: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfVerb {
    verb: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfStream {
    stream: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCall {
    verb: &'static str,
    /// The HTTP status, or why there is none.
    status: String,
}

/// How full the worker is.
#[derive(Debug)]
struct Slots {
    slots: usize,
    tasks: TaskTracker,
}

/// What may fill up in a worker.
#[derive(Debug)]
pub struct Crowds {
    /// How many commands run at once.
    pub slots: usize,
    /// Those that run.
    pub tasks: TaskTracker,
    /// Deliveries that wait for a slot.
    pub waiting: Arc<AtomicUsize>,
    /// Output that waits for the hub.
    pub live_output: live::Waiting,
    /// The jobs that were called off.
    pub cancels: Cancels,
    /// The way to Kubernetes.
    pub cluster: Cluster,
}

fn short() -> Histogram {
    Histogram::new(SHORT)
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            deliveries: Counter::default(),
            redeliveries: Counter::default(),
            given_back: Counter::default(),
            unanswerable: Counter::default(),
            queued: Histogram::new(LONG),
            returned: short(),
            live_output: live::Waiting::default(),
            refusals: Family::default(),
            runs: Family::new_with_constructor(short),
            output: Family::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(short),
        }
    }
}

impl Metrics {
    /// A command is refused with this code.
    pub fn refused(&self, code: RefusalCode) {
        let code = code.as_str();
        self.refusals.get_or_create(&OfCode { code }).inc();
    }

    /// A command of this verb ran for so long.
    pub fn ran(&self, verb: Verb, time: Duration) {
        let verb = verb.as_str();
        let runs = self.runs.get_or_create(&OfVerb { verb });
        runs.observe(time.as_secs_f64());
    }

    /// A run wrote so many bytes.
    pub fn wrote(&self, stdout: u64, stderr: u64) {
        for (stream, bytes) in [("stdout", stdout), ("stderr", stderr)] {
            self.output
                .get_or_create(&OfStream { stream })
                .inc_by(bytes);
        }
    }

    /// Shows all of it.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "kubently_deliveries",
            "Commands that the queue handed over, redelivered ones included",
            self.deliveries.clone(),
        );
        registry.register(
            "kubently_redeliveries",
            "Commands that were handed over before and came back",
            self.redeliveries.clone(),
        );
        registry.register(
            "kubently_deliveries_given_back",
            "Commands that went back to the queue unanswered",
            self.given_back.clone(),
        );
        registry.register(
            "kubently_deliveries_unanswerable",
            "Messages that were dropped because their subject names no job",
            self.unanswerable.clone(),
        );
        registry.register(
            "kubently_refusals",
            "Commands refused by grammar or policy, by code",
            self.refusals.clone(),
        );
        registry.register(
            "kubently_job_queued_seconds",
            "From the hub's storing a command to its start",
            self.queued.clone(),
        );
        registry.register(
            "kubently_job_run_seconds",
            "For how long commands ran, by verb",
            self.runs.clone(),
        );
        registry.register(
            "kubently_job_returned_seconds",
            "From the end of a run to the hub's acknowledgement of its result",
            self.returned.clone(),
        );
        registry.register(
            "kubently_output_bytes",
            "Bytes of output, by stream",
            self.output.clone(),
        );
        registry.register(
            "kubently_kubernetes_requests",
            "Requests to the API server, by verb and HTTP status, error or given_up",
            self.calls.clone(),
        );
        registry.register(
            "kubently_kubernetes_request_duration_seconds",
            "How long the API server took, the body included where it is read whole",
            self.call_seconds.clone(),
        );
    }

    /// A request to the API server has ended.
    pub fn called(&self, verb: &'static str, outcome: Outcome, time: Duration) {
        let status = match outcome {
            Outcome::Answered(status) => status.as_str().to_owned(),
            Outcome::Failed => "error".to_owned(),
            Outcome::GivenUp => "given_up".to_owned(),
        };
        self.calls.get_or_create(&OfCall { verb, status }).inc();
        let seconds = self.call_seconds.get_or_create(&OfVerb { verb });
        seconds.observe(time.as_secs_f64());
    }
}

impl Crowds {
    /// Shows how full they are.
    pub fn register(self, registry: &mut Registry) {
        let Self {
            slots,
            tasks,
            waiting,
            live_output,
            cancels,
            cluster,
        } = self;
        let running = tasks.clone();
        registry.register_collector(Box::new(Slots { slots, tasks }));
        registry.register_collector(Box::new(Bounds(vec![
            Bound::new("slots", slots, move || running.len()),
            Bound::new("window", MOST_WAITING, move || {
                waiting.load(Ordering::Relaxed)
            }),
            Bound::new("live_output", slots * live::MOST_WAITING, move || {
                live_output.count()
            }),
            Bound::new("cancelled_jobs", cancels::MOST, move || cancels.len()),
            Bound::new("whole_lists", MOST_WHOLE, move || cluster.holds_whole()),
        ])));
    }
}

impl Collector for Slots {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let none: [(&str, &str); 0] = [];
        gauges(
            &mut encoder,
            "kubently_slots",
            "Commands that may run at once.",
            [(none, count(self.slots))],
        )?;
        gauges(
            &mut encoder,
            "kubently_slots_in_use",
            "Commands that run.",
            [(none, count(self.tasks.len()))],
        )
    }
}
