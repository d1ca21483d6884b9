//! Thousands of commands of a cluster that is away, past their deadlines at once: each is told that it waited for
//! too long, the queue is empty, and it costs the gateway nothing that stays.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures::StreamExt as _;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway};
use kubently_tests::wait::{self, Probe};
use kubently_tests::{say, usage};

use crate::jobs::{ended, submit, version};
use crate::links::nothing_is_left;
use crate::offline::publish_with;

const CLUSTER: &str = "away";
/// Commands of a publisher, which nobody looks at, and jobs of a gateway's user.
const COMMANDS: usize = 3_000;
const JOBS: usize = 30;
/// How long they wait and would run, in seconds: the least. They end ten seconds after both.
const LEAST: (u32, u32) = (1, 1);
/// Their deadline, two sweeps, and what ending so many takes on a loaded machine.
const SWEPT: Duration = Duration::from_secs(180);
/// A gateway may grow by so many bytes.
const GROWTH: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn thousands_that_no_worker_takes_end_as_queue_timeout_and_cost_nothing() {
    let hub = Nats::start().await.unwrap();
    product::cluster_add(&hub.url(), CLUSTER).await.unwrap();
    let key = product::new_key();
    let gateway = Gateway::start(&hub.url(), &[&key], &[]).await.unwrap();
    let pid = gateway.process.pid().unwrap();
    let http = gateway.http(Some(&key)).unwrap();
    let mut body = version(CLUSTER);
    (body["queue_timeout_seconds"], body["timeout_seconds"]) = (LEAST.0.into(), LEAST.1.into());
    let mut jobs = Vec::new();
    for _ in 0..JOBS {
        jobs.push(submit(&http, &body).await);
    }
    let before = usage::resident(pid, usage::NOW).unwrap();
    let js = jetstream::new(hub.connect().await.unwrap());
    let mut waiting = publish_with(&js, CLUSTER, COMMANDS, LEAST).await;
    let began = Instant::now();
    waiting.extend(jobs.iter().cloned());

    let queue = js.get_stream(format!("KUBENTLY_CMD_{CLUSTER}")).await;
    let mut queue = queue.unwrap();
    wait::until("an empty queue", SWEPT, async || {
        let left = queue.info().await.map(|info| info.state.messages);
        let is_empty = left.as_ref().is_ok_and(|left| *left == 0);
        Probe::when(is_empty, format!("{left:?} are left"))
    })
    .await
    .unwrap();
    let took = began.elapsed();
    nothing_is_left(&hub.url(), CLUSTER).await;
    // One result each and nothing else.
    let replies = js.get_stream(format!("KUBENTLY_REPLY_{CLUSTER}")).await;
    let replies = replies.unwrap();
    let stored = replies.cached_info().state.messages;
    assert_eq!(stored, (COMMANDS + JOBS) as u64);
    let reader = replies.create_consumer(OrderedConfig::default());
    let mut reader = reader.await.unwrap().messages().await.unwrap();
    let mut answered = BTreeSet::new();
    for _ in 0..stored {
        let message = tokio::time::timeout(SWEPT, reader.next()).await.unwrap();
        let message = message.unwrap().unwrap();
        let result: CommandResult = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(result.status, FinalStatus::Failed, "{result:?}");
        assert_eq!(result.reason, Some(Reason::QueueTimeout), "{result:?}");
        assert_eq!((result.attempt, result.run), (0, None));
        answered.insert(result.id.to_string());
    }
    assert_eq!(answered, waiting.into_iter().collect());
    for id in jobs {
        let job = ended(&http, &id).await;
        assert_eq!(job["reason"], "queue_timeout", "{job}");
        assert_eq!(job["execution_status"], "timeout", "{job}");
    }
    let peak = usage::resident(pid, usage::PEAK).unwrap();
    let grown = peak.saturating_sub(before);
    say::line(format_args!(
        "sweep: {stored} ended {} after they were sent, the gateway grew by {:.1} MiB",
        say::seconds(took),
        usage::mib(grown),
    ));
    assert!(grown <= GROWTH, "{grown} bytes");
    assert!(!gateway.process.logs().contains("panicked"));
}
