//! A worker that is killed in the middle of a followed log: the other one begins the log anew, and every
//! reader can tell what is whose.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::http::Method;
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::http::{Event, Events, Http};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::jobs::{ended, results};
use crate::links::nothing_is_left;

const POD: &str = "/api/v1/namespaces/default/pods/web";
/// A redelivery comes 10 s after the last sign of life.
const SOON: Duration = Duration::from_secs(60);

/// An API server with one pod, whose log is what a test writes: anew for each who reads it.
pub(crate) struct Log {
    pub(crate) api: FakeApi,
    /// What the first, the second who reads it is told.
    writers: Vec<UnboundedSender<Vec<u8>>>,
}

impl Log {
    pub(crate) async fn read_by(readers: usize) -> Self {
        let (writers, feeds): (Vec<_>, Vec<_>) =
            (0..readers).map(|_| mpsc::unbounded_channel()).unzip();
        let feeds = Mutex::new(feeds.into_iter());
        let next = move || -> Option<UnboundedReceiver<Vec<u8>>> {
            feeds.lock().unwrap_or_else(PoisonError::into_inner).next()
        };
        let api = FakeApi::start(move |path, _| match path.split('?').next()? {
            POD => Some(Script::json(200, &pod())),
            path if path == format!("{POD}/log") => Some(match next() {
                Some(feed) => Script::Fed("text/plain", feed),
                None => Script::status(500, "InternalError", "read too often"),
            }),
            _ => None,
        });
        let api = api.await.unwrap();
        Self { api, writers }
    }

    pub(crate) fn write(&self, reader: usize, line: &str) {
        let line = format!("{line}\n").into_bytes();
        self.writers[reader].send(line).unwrap();
    }

    /// The same for whoever reads it, now or later.
    pub(crate) fn write_to_all(&self, line: &str) {
        for writer in &self.writers {
            // One who has read it and went away hears no more.
            let _ = writer.send(format!("{line}\n").into_bytes());
        }
    }

    /// Whoever reads it has read all of it.
    pub(crate) fn end_all(&mut self) {
        self.writers.clear();
    }

    /// The one who reads it last has read all of it.
    fn end(&mut self) {
        self.writers.pop();
    }
}

fn pod() -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"nodeName": "n", "containers": [{"name": "web", "image": "x"}]},
        "status": {"phase": "Running"},
    })
}

fn follow(cluster: &str, seconds: u32) -> Value {
    json!({
        "cluster_id": cluster, "command_type": "logs", "args": ["web", "-f"],
        "timeout_seconds": seconds, "queue_timeout_seconds": 120,
    })
}

/// Whose an event is, and what it tells.
pub(crate) fn told(event: &Event) -> String {
    let data = &event.data;
    let text = data["data"].as_str().unwrap_or_default().trim_end();
    match event.name.as_str() {
        "started" => format!("{} started by {}", data["attempt"], data["worker"]),
        "log" => format!("{} {text}", data["attempt"]),
        other => other.to_owned(),
    }
}

async fn hear(stream: &mut Events, expected: &str) -> Event {
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!(told(&event), expected, "{event:?}");
    event
}

/// Every event has its place: one run an attempt, numbers without gaps, ids that grow.
fn are_in_order(events: &[Event]) {
    let mut last = 0;
    let mut runs: BTreeSet<(u64, String)> = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for event in events.iter().filter(|event| !event.id.is_empty()) {
        let id: u64 = event.id.parse().unwrap();
        assert!(id > last, "{events:?}");
        last = id;
        if let (Some(attempt), Some(run)) =
            (event.data["attempt"].as_u64(), event.data["run"].as_str())
        {
            runs.insert((attempt, run.to_owned()));
            let n = event.data["n"].as_u64().unwrap();
            assert!(n == 0 || seen.contains(&(attempt, n - 1)), "{events:?}");
            assert!(seen.insert((attempt, n)), "{events:?}");
        }
    }
    let attempts: BTreeSet<_> = runs.iter().map(|(attempt, _)| attempt).collect();
    assert_eq!(attempts.len(), runs.len(), "{runs:?}");
}

/// Somebody who follows the log, and where the job is.
pub(crate) async fn caller(http: &Http, cluster: &str) -> (Events, String) {
    let body = follow(cluster, 30);
    let caller = http.stream_command(&body, &[]).await.unwrap();
    let location = caller.headers["location"].to_str().unwrap().to_owned();
    (caller, location)
}

/// Two lines of the first worker's run, as the caller hears them.
async fn first_lines(caller: &mut Events, log: &Log) -> Vec<Event> {
    let mut heard = vec![hear(caller, "1 started by \"first\"").await];
    for line in ["one", "two"] {
        log.write(0, line);
        heard.push(hear(caller, &format!("1 {line}")).await);
    }
    heard
}

async fn all(http: &Http, id: &str, last: Option<&str>) -> Vec<String> {
    let last: Vec<_> = last
        .map(|last| ("last-event-id", last))
        .into_iter()
        .collect();
    let path = format!("/v1/jobs/{id}/events");
    let events = http.events(&path, &last).await.unwrap().rest().await;
    events.unwrap().iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_goes_on_with_another_worker_and_each_line_says_whose_it_is() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let other = world.second_gateway().await.unwrap();
    let other = other.http(Some(&world.key)).unwrap();
    let cluster = world.cluster("torn-log").await.unwrap();
    let mut log = Log::read_by(2).await;
    let kubeconfig = log.api.kubeconfig();
    let first = world.worker_with(&cluster, "first", &kubeconfig, &[]);
    let mut first = first.await.unwrap();

    let (mut caller, location) = caller(&http, &cluster).await;
    let id = location.rsplit('/').next().unwrap().to_owned();
    let path = format!("/v1/jobs/{id}/events");
    let mut heard = first_lines(&mut caller, &log).await;
    // Somebody else reads along on another gateway, and somebody has left with the last line.
    let mut beside = other.events(&path, &[]).await.unwrap();
    let mut heard_beside = Vec::new();
    for expected in ["1 started by \"first\"", "1 one", "1 two"] {
        heard_beside.push(hear(&mut beside, expected).await);
    }
    let left_with = heard[2].id.clone();

    let _second = world
        .worker_with(&cluster, "second", &kubeconfig, &[])
        .await
        .unwrap();
    // What it had read and not told is lost with it, and told by nobody.
    log.write(0, "lost");
    first.process.kill();
    for (stream, heard) in [(&mut caller, &mut heard), (&mut beside, &mut heard_beside)] {
        let mut next = stream.next().await.unwrap().unwrap();
        if told(&next) == "1 lost" {
            // It was quick.
            heard.push(next);
            next = stream.next().await.unwrap().unwrap();
        }
        assert_eq!(told(&next), "reset");
        assert_eq!(next.id, "");
        heard.push(next);
        heard.push(hear(stream, "2 started by \"second\"").await);
    }
    for line in ["one", "two", "three"] {
        log.write(1, line);
        heard.push(hear(&mut caller, &format!("2 {line}")).await);
        heard_beside.push(hear(&mut beside, &format!("2 {line}")).await);
    }
    // Before its end, a page tells both runs and where the first one became void.
    let page = http.get(&path).await.unwrap().json().unwrap();
    let types = page["items"].as_array().unwrap().iter();
    let attempts: Vec<_> = types
        .map(|item| (&item["type"], &item["attempt"]))
        .collect();
    let void = attempts.iter().position(|(kind, _)| *kind == "reset");
    let (before, after) = attempts.split_at(void.unwrap());
    assert!(before.iter().all(|(_, attempt)| **attempt == 1), "{page}");
    assert!(
        after[1..].iter().all(|(_, attempt)| **attempt == 2),
        "{page}"
    );
    log.end();
    for (stream, mut heard) in [(caller, heard), (beside, heard_beside)] {
        heard.extend(stream.rest().await.unwrap());
        assert_eq!(heard.last().unwrap().name, "complete");
        are_in_order(&heard);
    }

    let job = ended(&http, &id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["container_id"], "second", "{job}");
    assert!(job["attempt"].as_u64() >= Some(2), "{job}");
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
    let output = http.get(&format!("{location}/output")).await.unwrap();
    assert_eq!(output.text(), "one\ntwo\nthree\n");
    assert_eq!(output.header("kubently-truncated"), "false");
    // Who comes later reads the run that counts; who had left in the first one is told so.
    let counts = [
        "2 started by \"second\"",
        "2 one",
        "2 two",
        "2 three",
        "complete",
    ];
    assert_eq!(all(&other, &id, None).await, counts);
    let resumed = all(&other, &id, Some(&left_with)).await;
    assert_eq!(resumed[0], "reset");
    assert_eq!(resumed[1..], counts);
    nothing_is_left(&world.hub.url(), &cluster).await;
    // Both have let go of the log.
    wait::until("a log that nobody reads", SOON, async || {
        let open = log.api.abandoned();
        Probe::when(open == 1, format!("{open} were left"))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_that_nobody_takes_up_ends_and_its_part_is_marked() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("torn-end").await.unwrap();
    let log = Log::read_by(1).await;
    let kubeconfig = log.api.kubeconfig();
    let first = world.worker_with(&cluster, "first", &kubeconfig, &[]);
    let mut first = first.await.unwrap();
    let (mut caller, location) = caller(&http, &cluster).await;
    let mut heard = first_lines(&mut caller, &log).await;
    first.process.kill();
    // Called off, because its own end takes the longest that a command may live.
    let path = format!("{location}/cancel");
    let called_off = http.send(Method::POST, &path, &[], "").await.unwrap();
    assert_eq!(called_off.status, 200, "{}", called_off.text());
    heard.extend(caller.rest().await.unwrap());
    are_in_order(&heard);
    let end = &heard.last().unwrap().data;
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert_eq!(end["type"], "complete", "{end}");
    assert_eq!(end["job"]["status"], "cancelled", "{end}");
    let output = http.get(&format!("{location}/output")).await.unwrap();
    assert_eq!(output.text(), "one\ntwo\n");
    assert_eq!(output.header("kubently-truncated"), "true");
    nothing_is_left(&world.hub.url(), &cluster).await;
}
