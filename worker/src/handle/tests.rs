use std::sync::Mutex;

use chrono::TimeDelta;
use kubently_core::command::Command;
use kubently_core::event::OutputStream;
use serde_json::json;

use super::*;
use crate::live::LiveOutput;

const SUBJECT: &str =
    "kubently.v1.cmd.prod-eu.normal.gw-0000beef.0199b6a0-5c1e-7d3a-8f00-1234567890ab";

/// Work that takes a while and prints this many bytes.
struct Work(Duration, usize);

impl Execute for Work {
    async fn execute(&self, _: &Command, _: Duration) -> Ended {
        tokio::time::sleep(self.0).await;
        Ended::completed(0, vec![b'x'; self.1], Vec::new())
    }

    async fn follow(&self, _: &Command, _: Duration, _: LiveOutput) -> Ended {
        unreachable!("nothing here is followed")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the hub is away")]
struct Away;

/// What was stored, in order; fails as often as it is told to.
#[derive(Default, Clone)]
struct Stored(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    texts: Vec<String>,
    results: Vec<CommandResult>,
    failures: u32,
}

impl Stored {
    fn add(&self, text: String) -> Result<(), Away> {
        let mut stored = self.0.lock().unwrap();
        if stored.failures > 0 {
            stored.failures -= 1;
            return Err(Away);
        }
        stored.texts.push(text);
        Ok(())
    }
}

impl Replies for Stored {
    type Error = Away;

    async fn publish_event(&self, _: &ReplySubject, event: &Event) -> Result<(), Away> {
        self.add(match &event.kind {
            EventKind::Started { .. } => "started".to_owned(),
            EventKind::Output(chunk) => {
                assert_eq!(chunk.stream, OutputStream::Stdout);
                format!("chunk {}", event.n)
            }
            EventKind::Log(chunk) => format!("log {} {}", event.n, chunk.bytes().unwrap().len()),
        })
    }

    async fn store_result(&self, _: &ReplySubject, result: &CommandResult) -> Result<(), Away> {
        self.add(match result.reason {
            Some(reason) => format!("{:?} {reason}", result.status),
            None => format!("{:?}", result.status),
        })?;
        self.0.lock().unwrap().results.push(result.clone());
        Ok(())
    }
}

/// The hub's clock: as far behind the stored time as the runtime's paused clock.
struct Hub(Instant);

fn stored_at() -> Timestamp {
    serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap()
}

impl HubTime for Hub {
    fn now(&self) -> Timestamp {
        Timestamp::new(stored_at().get() + TimeDelta::from_std(self.0.elapsed()).unwrap())
    }
}

struct Case {
    work: Work,
    attempt: u32,
    failures: u32,
    subject: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            work: Work(Duration::from_millis(1), 5),
            attempt: 1,
            failures: 0,
            subject: SUBJECT,
        }
    }
}

fn handler(case: Case, stored: &Stored) -> Handler<Work, Stored, Hub> {
    stored.0.lock().unwrap().failures = case.failures;
    Handler::new(
        case.work,
        stored.clone(),
        Hub(Instant::now()),
        "eu-1".parse().unwrap(),
        Arc::default(),
        Cancels::default(),
        CancellationToken::new(),
    )
}

fn payload() -> Vec<u8> {
    let envelope = json!({
        "v": 1, "id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab", "cluster_id": "prod-eu",
        "origin": "gw-0000beef", "owner": null, "command_type": "get", "args": ["pods"],
        "queued_at": "2026-11-23T08:00:00.000Z"
    });
    envelope.to_string().into_bytes()
}

fn incoming<'a>(case: &Case, payload: &'a [u8]) -> Incoming<'a> {
    Incoming {
        subject: case.subject,
        payload,
        attempt: case.attempt,
        stored_at: stored_at(),
    }
}

/// What becomes of a delivery, and what was stored.
async fn handled(case: Case) -> (Disposition, Vec<String>, Vec<CommandResult>) {
    let stored = Stored::default();
    let payload = payload();
    let incoming = incoming(&case, &payload);
    let disposition = handler(case, &stored).handle(incoming).await;
    let Told { texts, results, .. } = std::mem::take(&mut *stored.0.lock().unwrap());
    (disposition, texts, results)
}

#[tokio::test(start_paused = true)]
async fn a_quick_command_stores_its_result_and_nothing_else() {
    let (disposition, told, results) = handled(Case::default()).await;
    assert_eq!(disposition, Disposition::Ack);
    assert_eq!(told, ["Completed"]);
    let [result] = results.as_slice() else {
        panic!("one result")
    };
    assert!(result.success);
    assert_eq!(result.output.as_deref(), Some("xxxxx"));
    assert_eq!((result.attempt, result.execution_time_ms), (1, 1));
    assert_eq!(
        result.executed_at,
        Timestamp::new(stored_at().get() + TimeDelta::milliseconds(1))
    );
    assert_eq!(result.worker.as_ref().unwrap().as_str(), "eu-1");
    assert_eq!(result.policy_hash, Some(Policy::default().hash()));
}

#[tokio::test(start_paused = true)]
async fn work_that_lasts_is_announced_and_a_redelivered_one_at_once() {
    let slow = Case {
        work: Work(Duration::from_millis(51), 0),
        ..Case::default()
    };
    assert_eq!(handled(slow).await.1, ["started", "Completed"]);
    let again = Case {
        attempt: 2,
        ..Case::default()
    };
    assert_eq!(handled(again).await.1, ["started", "Completed"]);
    let slow_again = Case {
        attempt: 2,
        work: Work(Duration::from_secs(1), 0),
        ..Case::default()
    };
    assert_eq!(handled(slow_again).await.1, ["started", "Completed"]);
}

#[tokio::test(start_paused = true)]
async fn a_large_output_is_stored_in_chunks_before_its_result() {
    let large = Case {
        work: Work(Duration::ZERO, 600 * 1024),
        ..Case::default()
    };
    let (_, told, results) = handled(large).await;
    assert_eq!(told, ["chunk 1", "chunk 2", "chunk 3", "Completed"]);
    assert_eq!(results[0].events, 3);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_runs_too_long_is_given_up_and_says_so() {
    let endless = Case {
        work: Work(Duration::from_secs(3600), 0),
        ..Case::default()
    };
    let (disposition, told, results) = handled(endless).await;
    assert_eq!(disposition, Disposition::Ack);
    assert_eq!(told, ["started", "Failed timeout"]);
    assert_eq!(
        results[0].error.as_deref(),
        Some("the command ran longer than 10 seconds")
    );
    assert_eq!(results[0].execution_time_ms, 10_000);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_stored_again_until_the_hub_has_it() {
    let shaky = Case {
        failures: 3,
        ..Case::default()
    };
    let (disposition, told, _) = handled(shaky).await;
    assert_eq!(
        (disposition, told),
        (Disposition::Ack, vec!["Completed".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_by_its_deadline_is_given_back_unanswered() {
    for attempt in [1, 2] {
        let began = Instant::now();
        let away = Case {
            failures: u32::MAX,
            attempt,
            ..Case::default()
        };
        let (disposition, told, _) = handled(away).await;
        assert_eq!((disposition, told), (Disposition::GiveBack, Vec::new()));
        // queue 60 s, run 10 s, grace 10 s, and at most one pause more.
        let seconds = began.elapsed().as_secs();
        assert!((80..=82).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn poison_is_answered_without_being_run() {
    let tenth = Case {
        attempt: 10,
        ..Case::default()
    };
    let (disposition, told, _) = handled(tenth).await;
    assert_eq!(disposition, Disposition::Ack);
    assert_eq!(told, ["Failed poison"]);
}

#[tokio::test(start_paused = true)]
async fn a_subject_that_is_none_is_dropped_because_nobody_can_be_told() {
    let stray = Case {
        subject: "kubently.v1.cmd.prod-eu.normal.*.x",
        ..Case::default()
    };
    let (disposition, told, _) = handled(stray).await;
    assert_eq!((disposition, told), (Disposition::Ack, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn running_work_is_given_back_when_the_grace_period_is_over() {
    let stored = Stored::default();
    let case = Case {
        work: Work(Duration::from_secs(5), 0),
        ..Case::default()
    };
    let payload = payload();
    let incoming = incoming(&case, &payload);
    let handler = handler(case, &stored);
    let (disposition, ()) = tokio::join!(handler.handle(incoming), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        handler.abandon.cancel();
    });
    assert_eq!(disposition, Disposition::GiveBack);
    assert_eq!(stored.0.lock().unwrap().texts, ["started"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_command_is_dropped_at_once_and_never_begun() {
    let job = SUBJECT.rsplit('.').next().unwrap().parse().unwrap();
    for before in [true, false] {
        let stored = Stored::default();
        let case = Case {
            work: Work(Duration::from_secs(5), 0),
            ..Case::default()
        };
        let payload = payload();
        let incoming = incoming(&case, &payload);
        let handler = handler(case, &stored);
        let began = Instant::now();
        if before {
            handler.cancels.cancel(job);
        }
        let (disposition, ()) = tokio::join!(handler.handle(incoming), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            handler.cancels.cancel(job);
        });
        assert_eq!(disposition, Disposition::Ack);
        let told = std::mem::take(&mut stored.0.lock().unwrap().texts);
        let ended = "Cancelled cancelled_by_user";
        if before {
            assert_eq!(told, [ended]);
        } else {
            assert_eq!(told, ["started", ended]);
            assert_eq!(began.elapsed(), Duration::from_secs(2));
        }
    }
}
