//! What tests ask of jobs: submitted, running, ended.

use std::time::Duration;

use anyhow::Result;
use kubently_core::subject::CommandSubject;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::Worker;
use kubently_tests::wait::{self, Probe};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Longer than a redelivery (10 s) and a command (30 s) together.
const ENDS: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(60);

/// A `get` with the longest timeout.
pub(crate) fn get(cluster_id: &str, args: &[&str]) -> Value {
    json!({
        "cluster_id": cluster_id, "command_type": "get", "args": args,
        "timeout_seconds": 30, "queue_timeout_seconds": 60,
    })
}

/// A command that needs no Kubernetes API.
pub(crate) fn version(cluster_id: &str) -> Value {
    json!({"cluster_id": cluster_id, "command_type": "version", "args": ["--client"]})
}

/// The id of a job that is accepted and not waited for.
pub(crate) async fn submit(http: &Http, body: &Value) -> String {
    let answer = http
        .post_command(body, &[("prefer", "respond-async")])
        .await
        .unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    id_of(&answer)
}

/// A caller who waits in a task of its own for as long as a gateway lets anybody wait.
pub(crate) fn wait_for(http: &Http, body: &Value) -> JoinHandle<Result<Answer>> {
    let (http, body) = (http.clone(), body.clone());
    tokio::spawn(async move { http.post_command(&body, &[("prefer", "wait=60")]).await })
}

/// The job's id in an answer.
pub(crate) fn id_of(answer: &Answer) -> String {
    answer.json().unwrap()["id"].as_str().unwrap().to_owned()
}

/// The job as its owner sees it.
pub(crate) async fn job(http: &Http, id: &str) -> Result<Value> {
    let answer = http.get(&format!("/v1/jobs/{id}")).await?;
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    answer.json()
}

/// The job once a worker runs it.
pub(crate) async fn running(http: &Http, id: &str) -> Value {
    reaches(http, id, SOON, |status| status == "running").await
}

/// The job once it has ended.
pub(crate) async fn ended(http: &Http, id: &str) -> Value {
    reaches(http, id, ENDS, |status| {
        !matches!(status, "queued" | "running")
    })
    .await
}

/// The job once its gateway counts no worker of its cluster: one whose watch is behind counts none at all.
pub(crate) async fn without_workers(http: &Http, id: &str) -> Value {
    looks(http, id, SOON, |job| job["workers_live"] == 0).await
}

async fn reaches(http: &Http, id: &str, limit: Duration, wanted: impl Fn(&str) -> bool) -> Value {
    let status = |job: &Value| wanted(job["status"].as_str().unwrap_or_default());
    looks(http, id, limit, status).await
}

async fn looks(http: &Http, id: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
    wait::until("a job's state", limit, async || match job(http, id).await {
        Ok(job) if wanted(&job) => Probe::Ready(job),
        Ok(job) => Probe::NotYet(job.to_string()),
        Err(error) => Probe::NotYet(format!("{error:#}")),
    })
    .await
    .unwrap()
}

/// The id of the one job that waits for a cluster or is being run, read from the hub itself.
pub(crate) async fn only_queued(hub: &str, cluster_id: &str) -> String {
    let client = async_nats::connect(hub).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let stream = format!("KUBENTLY_CMD_{cluster_id}");
    wait::until("one queued command", SOON, async || {
        let subjects = subjects(&js, &stream, &format!("kubently.v1.cmd.{cluster_id}.>")).await;
        match subjects.as_slice() {
            [(subject, _)] => Probe::Ready(subject.rsplit('.').next().unwrap().to_owned()),
            other => Probe::NotYet(format!("{other:?}")),
        }
    })
    .await
    .unwrap()
}

/// The subject of the one command that waits for a cluster or is being run.
pub(crate) async fn only_subject(hub: &str, cluster_id: &str) -> CommandSubject {
    let id = only_queued(hub, cluster_id).await;
    let client = async_nats::connect(hub).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let filter = format!("kubently.v1.cmd.{cluster_id}.*.*.{id}");
    let found = subjects(&js, &format!("KUBENTLY_CMD_{cluster_id}"), &filter).await;
    found[0].0.parse().unwrap()
}

/// A cluster in the list of all, once the hub has answered in time what waits for it.
pub(crate) async fn counted(http: &Http, cluster_id: &str) -> Value {
    wait::until("what waits for a cluster", SOON, async || {
        let clusters = http.get("/v1/clusters").await.unwrap().json().unwrap();
        let mut items = clusters["items"].as_array().into_iter().flatten();
        match items.find(|item| item["cluster_id"] == cluster_id) {
            Some(item) if item["queue_depth"].is_number() => Probe::Ready(item.clone()),
            other => Probe::NotYet(format!("{other:?}")),
        }
    })
    .await
    .unwrap()
}

/// How many results the hub keeps of a job.
pub(crate) async fn results(hub: &str, cluster_id: &str, id: &str) -> usize {
    let client = async_nats::connect(hub).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let filter = format!("kubently.v1.reply.{cluster_id}.*.{id}.result");
    let found = subjects(&js, &format!("KUBENTLY_REPLY_{cluster_id}"), &filter).await;
    found.iter().map(|(_, count)| count).sum()
}

async fn subjects(
    js: &async_nats::jetstream::Context,
    stream: &str,
    filter: &str,
) -> Vec<(String, usize)> {
    use futures::TryStreamExt as _;
    let stream = js.get_stream(stream).await.unwrap();
    let found = stream.info_with_subjects(filter).await.unwrap();
    found.try_collect().await.unwrap()
}

/// Until a worker has found another result stored and dropped its own.
pub(crate) async fn drops_a_result(worker: &Worker, limit: Duration) {
    wait::until("a result being dropped", limit, async || {
        let logs = worker.process.logs();
        Probe::when(logs.contains("this one is dropped"), logs)
    })
    .await
    .unwrap();
}
