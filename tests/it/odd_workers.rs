//! Workers and publishers that are not ours: too fast, never ready, or talking nonsense.

use std::time::Duration;

use ::http::Method;
use futures::StreamExt as _;
use kubently_broker::{Broker, Deliveries, HubConfig, Stored};
use kubently_core::envelope::Envelope;
use kubently_core::result::{CommandResult, Ended, Run};
use kubently_core::status::Reason;
use kubently_core::subject::CommandSubject;
use kubently_tests::http::Http;
use kubently_tests::product::Worker;
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::events::Hand;
use crate::jobs::{ended, job, submit, version};

const SOON: Duration = Duration::from_secs(60);
const COMMANDS: usize = 200;
const IN_FLIGHT: usize = 32;

/// A connection of one's own to the hub.
pub(crate) async fn broker(world: &World) -> Broker {
    let config = HubConfig {
        url: world.hub.url(),
        name: "an odd worker".to_owned(),
        ..HubConfig::default()
    };
    Broker::connect(&config).await.unwrap()
}

/// The result of a worker that echoes the arguments.
fn echo(subject: &str, payload: &[u8]) -> (CommandSubject, CommandResult) {
    let subject: CommandSubject = subject.parse().unwrap();
    let envelope = Envelope::decode(payload, &subject).unwrap();
    let run = Run {
        job: envelope.id,
        attempt: 1,
        run: Uuid::new_v4().to_string().parse().unwrap(),
        execution_time_ms: 0,
        executed_at: envelope.queued_at,
        worker: "echo".parse().unwrap(),
        policy_hash: String::new(),
    };
    let ended = Ended::completed(0, envelope.args.join(" ").into_bytes(), Vec::new());
    let (_, result) = CommandResult::of(run, &ended);
    (subject, result)
}

/// Every caller waits and gets the answer to what it asked.
async fn each_caller_gets_its_own_answer(http: &Http, cluster: &str) {
    let calls = (0..COMMANDS).map(|number| async move {
        let name = format!("pod-{number}");
        let body = json!({"cluster_id": cluster, "args": ["pods", name]});
        let answer = http.post_command(&body, &[("prefer", "wait=20")]).await;
        (name, answer.unwrap())
    });
    let mut answers = futures::stream::iter(calls).buffer_unordered(IN_FLIGHT);
    let mut count = 0;
    while let Some((name, answer)) = answers.next().await {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let job = answer.json().unwrap();
        assert_eq!(job["output"], format!("pods {name}"), "{job}");
        count += 1;
    }
    assert_eq!(count, COMMANDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_answers_at_once_mixes_nothing_up() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("fast").await.unwrap();
    let broker = broker(world).await;
    let stop = CancellationToken::new();
    let id = cluster.parse().unwrap();
    let mut intake = Deliveries::start(&broker, &id, 64, 32, stop.clone())
        .await
        .unwrap();
    let worker = tokio::spawn(async move {
        while let Some(delivery) = intake.next().await {
            let broker = broker.clone();
            tokio::spawn(async move {
                let (subject, result) = echo(delivery.subject(), delivery.payload());
                let stored = broker.store_result(&subject.reply(), &result).await;
                assert_eq!(stored.unwrap(), Stored::First);
                delivery.ack().await.unwrap();
            });
        }
    });
    each_caller_gets_its_own_answer(&world.http().unwrap(), &cluster).await;
    stop.cancel();
    worker.await.unwrap();
}

/// It hears of a command when the hub does, before the hub has stored it and told the gateway so.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_comes_before_the_hubs_answer_reaches_its_caller() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("early").await.unwrap();
    let broker = broker(world).await;
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let mut heard = client
        .subscribe(format!("kubently.v1.cmd.{cluster}.>"))
        .await
        .unwrap();
    client.flush().await.unwrap();
    let worker = tokio::spawn(async move {
        while let Some(message) = heard.next().await {
            let broker = broker.clone();
            tokio::spawn(async move {
                let (subject, result) = echo(&message.subject, &message.payload);
                let stored = broker.store_result(&subject.reply(), &result).await;
                assert_eq!(stored.unwrap(), Stored::First);
            });
        }
    });
    each_caller_gets_its_own_answer(&world.http().unwrap(), &cluster).await;
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nine_workers_panic_on_or_give_back_ends_as_poison() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("poison").await.unwrap();
    let id = submit(&http, &version(&cluster)).await;
    let broker = broker(world).await;
    let stop = CancellationToken::new();
    let mut intake = Deliveries::start(&broker, &cluster.parse().unwrap(), 1, 1, stop.clone())
        .await
        .unwrap();
    for attempt in 1..=9 {
        let delivery = tokio::time::timeout(SOON, intake.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(delivery.attempt(), attempt);
        if attempt == 9 {
            // The tenth is for the real worker: stop asking before giving back.
            stop.cancel();
            let none = tokio::time::timeout(SOON, intake.next()).await.unwrap();
            assert!(none.is_none());
        }
        if attempt % 2 == 1 {
            let panics = tokio::spawn(async move {
                let _held = delivery;
                panic!("attempt {attempt}, as the test wants it");
            });
            assert!(panics.await.unwrap_err().is_panic());
        } else {
            delivery.give_back().await.unwrap();
        }
    }
    let _worker = world.worker(&cluster, "real", &[]).await.unwrap();
    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "failed", "{job}");
    assert_eq!(job["reason"], "poison", "{job}");
    assert_eq!(job["attempt"], 10, "{job}");
    assert_eq!(job["container_id"], "real", "{job}");
}

/// What a publisher may put onto its own subject, and how the job ends.
fn nonsense(cluster: &str, id: &str) -> Vec<(Vec<u8>, Reason)> {
    let command = json!({
        "v": 1, "id": id, "cluster_id": cluster, "origin": "pub-ci", "owner": null,
        "command_type": "get", "args": ["pods"], "queued_at": "2026-11-23T08:00:00.000Z",
    });
    let with = |field: &str, value: Value| {
        let mut other = command.clone();
        other[field] = value;
        other.to_string().into_bytes()
    };
    vec![
        (b"\xff\x00 no json".to_vec(), Reason::Undecodable),
        (Vec::new(), Reason::Undecodable),
        (with("surprise", true.into()), Reason::Undecodable),
        (with("command_type", "delete".into()), Reason::Undecodable),
        (with("args", "pods".into()), Reason::Undecodable),
        (with("v", 2.into()), Reason::UnsupportedVersion),
        (with("cluster_id", "other".into()), Reason::SubjectMismatch),
        (with("priority", 99.into()), Reason::SubjectMismatch),
        (
            with("origin", "gw-0000beef".into()),
            Reason::SubjectMismatch,
        ),
        (
            with("id", Uuid::now_v7().to_string().into()),
            Reason::SubjectMismatch,
        ),
        (
            with("owner", Uuid::new_v4().to_string().into()),
            Reason::PolicyDenied,
        ),
        (
            with("session_id", Uuid::new_v4().to_string().into()),
            Reason::PolicyDenied,
        ),
        (with("args", json!(["secrets"])), Reason::PolicyDenied),
        (with("args", json!(["pods,secret"])), Reason::PolicyDenied),
        (
            with("args", json!(["pods", "../secrets/db"])),
            Reason::PolicyDenied,
        ),
        (with("args", json!(["pods", "-w"])), Reason::PolicyDenied),
    ]
}

/// Deliveries that a worker has dropped because nobody can be answered.
async fn unanswerable(worker: &Worker) -> f64 {
    let seen = Scrape::of(&worker.process).await.unwrap();
    let dropped = seen.sum("kubently_deliveries_unanswerable_total", &[]);
    dropped.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_queue_is_answered_with_its_reason_and_never_kept() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("nonsense").await.unwrap();
    let worker = world.worker(&cluster, "real", &[]).await.unwrap();
    let broker = broker(world).await;
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let cases = nonsense(&cluster, "x").len();
    for case in 0..cases {
        let id = Uuid::now_v7().to_string();
        let (body, reason) = nonsense(&cluster, &id).swap_remove(case);
        let said = String::from_utf8_lossy(&body).into_owned();
        let subject = format!("kubently.v1.cmd.{cluster}.normal.pub-ci.{id}");
        js.publish(subject.clone(), body.into())
            .await
            .unwrap()
            .await
            .unwrap();
        let reply = subject.parse::<CommandSubject>().unwrap().reply();
        let result = wait::until("a result", SOON, async || {
            match broker.result(&reply).await {
                Ok(Some(result)) => Probe::Ready(result),
                other => Probe::NotYet(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
        assert_eq!(result.reason, Some(reason), "{said}: {result:?}");
        assert!(!result.success, "{said}");
    }
    let before = unanswerable(&worker).await;
    assert!(before < 1.0, "{before}");
    // Nobody can be answered on these; they go all the same.
    let odd = [
        "normal.gw-XYZ.1",
        "normal.pub-ci.no-uuid",
        "high.pub-UP.1",
        "low.1",
        "low.pub-ci.1.2.3",
    ];
    for tail in odd {
        let subject = format!("kubently.v1.cmd.{cluster}.{tail}");
        js.publish(subject, "{}".into())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    wait::until("an empty queue", SOON, async || {
        let depth = broker.queue_depth(&cluster.parse().unwrap()).await;
        Probe::when(matches!(depth, Ok(0)), format!("{depth:?}"))
    })
    .await
    .unwrap();
    // Each is counted; one more where an ack was lost.
    let dropped = unanswerable(&worker).await - before;
    assert!(dropped >= 5.0, "{dropped}");
    let next = submit(&world.http().unwrap(), &version(&cluster)).await;
    let next = ended(&world.http().unwrap(), &next).await;
    assert_eq!(next["status"], "completed", "{next}");
    // On a lane that there is not, nothing is taken: it would reach no worker.
    for lane in ["urgent", "HIGH"] {
        let subject = format!("kubently.v1.cmd.{cluster}.{lane}.pub-ci.{}", Uuid::now_v7());
        let refused = js.publish(subject, "{}".into()).await.unwrap().await;
        assert!(refused.is_err(), "{lane}");
    }
    let logs = worker.process.logs();
    assert!(!logs.contains("panicked"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_read_ends_its_job_all_the_same() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hand = Hand::on_new_job(world, &http, "odd-result").await;
    let path = format!("/v1/jobs/{}", hand.id);
    let stream = http.events(&format!("{path}/events"), &[]).await.unwrap();
    let waiting = {
        let (http, path) = (http.clone(), path.clone());
        tokio::spawn(async move {
            let prefer = [("prefer", "wait=60")];
            http.send(Method::GET, &path, &prefer, "").await
        })
    };
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let sent = js.publish(hand.reply.result(), "{\"v\":1,\"x".into()).await;
    sent.unwrap().await.unwrap();
    let waited = waiting.await.unwrap().unwrap().json().unwrap();
    let job = job(&http, &hand.id).await.unwrap();
    for job in [&waited, &job] {
        assert_eq!(
            (&job["status"], &job["reason"]),
            (&"failed".into(), &"undecodable".into())
        );
    }
    let events = stream.rest().await.unwrap();
    let end = events.last().unwrap();
    assert_eq!((end.name.as_str(), &end.data["job"]), ("complete", &job));
    // Its command is still there, and goes with whoever calls it off.
    let told = http
        .send(Method::POST, &format!("{path}/cancel"), &[], "")
        .await;
    let told = told.unwrap().json().unwrap();
    assert_eq!(
        (&told["cancelled"], &told["status"]),
        (&false.into(), &"failed".into())
    );
    let broker = broker(world).await;
    assert_eq!(broker.queue_depth(&hand.reply.cluster).await.unwrap(), 0);
}
