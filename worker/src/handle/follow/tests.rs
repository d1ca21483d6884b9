use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::TimeDelta;
use kubently_core::command::Command;
use kubently_core::event::OutputStream;
use kubently_core::result::CommandResult;
use kubently_core::subject::ReplySubject;
use kubently_core::time::Timestamp;
use kubently_kubectl::Sink as _;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::cancels::Cancels;
use crate::handle::Disposition;
use crate::judge::Incoming;
use crate::live::LiveOutput;

const SUBJECT: &str =
    "kubently.v1.cmd.prod-eu.normal.gw-0000beef.0199b6a0-5c1e-7d3a-8f00-1234567890ab";

/// What a followed log does.
#[derive(Clone, Copy)]
enum Log {
    /// A line a second, for so many of them, and then a note.
    Lines(u32),
    /// Lines as fast as they are taken, until the time is over.
    Flood,
    /// It does not notice that its time is over.
    Deaf,
}

#[derive(Clone)]
struct Work {
    log: Log,
    written: Arc<AtomicUsize>,
}

impl Execute for Work {
    async fn execute(&self, _: &Command, _: Duration) -> Ended {
        unreachable!("a followed command is not executed")
    }

    async fn follow(&self, _: &Command, limit: Duration, mut output: LiveOutput) -> Ended {
        let line = Bytes::from_static(b"a line of a log that never ends\n");
        let end = Instant::now() + limit;
        match self.log {
            Log::Lines(count) => {
                for _ in 0..count {
                    output.write(OutputStream::Stdout, line.clone()).await;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                let note = Bytes::from_static(b"stopped\n");
                output.write(OutputStream::Stderr, note).await;
            }
            Log::Flood => {
                while Instant::now() < end {
                    output.write(OutputStream::Stdout, line.clone()).await;
                    self.written.fetch_add(line.len(), Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            }
            Log::Deaf => std::future::pending().await,
        }
        Ended::completed(0, Vec::new(), Vec::new())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the hub is away")]
struct Away;

/// A hub that takes a while for each message, and none after so many.
#[derive(Clone)]
struct Hub {
    pause: Duration,
    left: Arc<AtomicU32>,
    events: Arc<Mutex<Vec<(u64, Event)>>>,
    results: Arc<Mutex<Vec<CommandResult>>>,
    began: Instant,
    written: Arc<AtomicUsize>,
    stored: Arc<AtomicUsize>,
    most_ahead: Arc<AtomicUsize>,
}

fn bytes(event: &Event) -> Vec<u8> {
    let chunk = event.kind.chunk();
    chunk.map_or(Vec::new(), |it| it.bytes().unwrap())
}

impl Replies for Hub {
    type Error = Away;

    async fn publish_event(&self, _: &ReplySubject, event: &Event) -> Result<(), Away> {
        tokio::time::sleep(self.pause).await;
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.left.store(0, Ordering::Relaxed);
            return Err(Away);
        }
        let stored = self.stored.fetch_add(bytes(event).len(), Ordering::Relaxed);
        let ahead = self.written.load(Ordering::Relaxed).saturating_sub(stored);
        self.most_ahead.fetch_max(ahead, Ordering::Relaxed);
        let second = self.began.elapsed().as_secs();
        self.events.lock().unwrap().push((second, event.clone()));
        Ok(())
    }

    async fn store_result(&self, _: &ReplySubject, result: &CommandResult) -> Result<(), Away> {
        self.results.lock().unwrap().push(result.clone());
        Ok(())
    }
}

impl HubTime for Hub {
    fn now(&self) -> Timestamp {
        Timestamp::new(stored_at().get() + TimeDelta::from_std(self.began.elapsed()).unwrap())
    }
}

fn stored_at() -> Timestamp {
    serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap()
}

struct Outcome {
    disposition: Disposition,
    /// By second: what was told, `started` first.
    told: Vec<(u64, String)>,
    results: Vec<CommandResult>,
    most_ahead: usize,
}

async fn outcome(log: Log, pause: Duration, left: u32) -> Outcome {
    let work = Work {
        log,
        written: Arc::default(),
    };
    let hub = Hub {
        written: Arc::clone(&work.written),
        stored: Arc::default(),
        most_ahead: Arc::default(),
        pause,
        left: Arc::new(AtomicU32::new(left)),
        events: Arc::default(),
        results: Arc::default(),
        began: Instant::now(),
    };
    let handler = Handler::new(
        work,
        hub.clone(),
        hub.clone(),
        "eu-1".parse().unwrap(),
        Arc::default(),
        Cancels::default(),
        CancellationToken::new(),
    );
    let envelope = json!({
        "v": 1, "id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab", "cluster_id": "prod-eu",
        "origin": "gw-0000beef", "owner": null, "command_type": "logs", "args": ["web", "-f"],
        "queued_at": "2026-11-23T08:00:00.000Z"
    });
    let payload = envelope.to_string().into_bytes();
    let disposition = handler
        .handle(Incoming {
            subject: SUBJECT,
            payload: &payload,
            attempt: 1,
            stored_at: stored_at(),
        })
        .await;
    let events = hub.events.lock().unwrap();
    let told = events.iter().zip(0..).map(|((second, event), n)| {
        assert_eq!(event.n, n);
        let text = match &event.kind {
            EventKind::Started { .. } => "started".to_owned(),
            EventKind::Output(_) => "output".to_owned(),
            EventKind::Log(_) => String::from_utf8(bytes(event)).unwrap(),
        };
        (*second, text)
    });
    let results = hub.results.lock().unwrap().clone();
    Outcome {
        disposition,
        told: told.collect(),
        results,
        most_ahead: hub.most_ahead.load(Ordering::Relaxed),
    }
}

#[tokio::test(start_paused = true)]
async fn lines_are_stored_while_the_command_runs_and_named_by_its_result() {
    let outcome = outcome(Log::Lines(3), Duration::ZERO, u32::MAX).await;
    assert_eq!(outcome.disposition, Disposition::Ack);
    let line = "a line of a log that never ends\n";
    let expected = [
        (0, "started"),
        (0, line),
        (1, line),
        (2, line),
        (3, "stopped\n"),
    ];
    assert_eq!(
        outcome.told,
        expected.map(|(second, text)| (second, text.to_owned()))
    );
    let [result] = outcome.results.as_slice() else {
        panic!("one result")
    };
    assert!(result.success && result.output.is_none() && result.error.is_none());
    assert_eq!(
        (result.events, result.stdout_bytes, result.stderr_bytes),
        (4, 96, 8)
    );
    assert!(result.is_output(line.repeat(3).as_bytes(), b"stopped\n"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_hub_slows_the_reading_and_nothing_grows() {
    let outcome = outcome(Log::Flood, Duration::from_millis(200), u32::MAX).await;
    assert_eq!(outcome.disposition, Disposition::Ack);
    assert!(outcome.results[0].success);
    // 10 s at five messages a second.
    assert!(
        (40..60).contains(&outcome.told.len()),
        "{}",
        outcome.told.len()
    );
    assert!(outcome.most_ahead < 1 << 20, "{}", outcome.most_ahead);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_end_by_itself_is_given_up() {
    let outcome = outcome(Log::Deaf, Duration::ZERO, u32::MAX).await;
    let result = &outcome.results[0];
    assert_eq!(result.reason, Some(Reason::Timeout));
    assert_eq!(result.execution_time_ms, 12_000);
}

#[tokio::test(start_paused = true)]
async fn what_the_hub_does_not_take_is_given_back() {
    for left in [0, 1] {
        let outcome = outcome(Log::Lines(3), Duration::ZERO, left).await;
        assert_eq!(outcome.disposition, Disposition::GiveBack);
        assert!(outcome.results.is_empty());
    }
}
