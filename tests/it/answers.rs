//! What the HTTP door answers when all is well.

use std::time::Duration;

use http::Method;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::door::problem;
use crate::jobs::{counted, ended, get, id_of, running, submit, version};
use crate::slow_api::Gate;

/// Presence is written every 10 s.
const PRESENT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_command_is_200_with_the_whole_job() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let mut body = world.command("get", &["namespaces", "-o", "name"]);
    body["correlation_id"] = "alert-7".into();
    body["priority"] = 60.into();
    let headers = [("prefer", "wait=20"), ("x-request-id", "req-1")];
    let answer = http.post_command(&body, &headers).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-request-id"), "req-1");
    assert_eq!(answer.header("preference-applied"), "wait=20");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let job = answer.json().unwrap();
    for (field, value) in [
        ("cluster_id", json!(world.cluster_id)),
        ("session_id", Value::Null),
        ("correlation_id", json!("alert-7")),
        ("command_type", json!("get")),
        ("args", json!(["namespaces", "-o", "name"])),
        ("namespace", json!("default")),
        ("priority", json!(60)),
        ("status", json!("completed")),
        ("execution_status", json!("success")),
        ("success", json!(true)),
        ("reason", Value::Null),
        ("container_id", json!("worker")),
        ("zip_file_path", Value::Null),
        ("attempt", json!(1)),
        ("exit_code", json!(0)),
        ("error", json!("")),
        ("output_url", Value::Null),
        ("truncated", json!(false)),
    ] {
        assert_eq!(job[field], value, "{field}: {job}");
    }
    for field in ["queued_at", "start_time", "end_time"] {
        let time = job[field].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{field}: {time}");
    }
    assert!(job["execution_time_ms"].is_u64() && job["user_id"].is_string());
    let again = http.get(&format!("/v1/jobs/{}", id_of(&answer))).await;
    assert_eq!(again.unwrap().json().unwrap(), job);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_output_is_kubectls_own_bytes_on_each_stream() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let kubectl = Kubectl::new(world.kubernetes.worker_kubeconfig())
        .await
        .unwrap();
    for args in [
        &["namespaces", "-o", "name"][..],
        &["namespaces", "default", "-o", "yaml"],
        &["pods", "-n", "kube-system"],
        &["pods", "no-such-pod"],
        &["namespace/default", "pod/no-such-pod", "-o", "name"],
    ] {
        let oracle = kubectl.run([&["get"], args].concat()).await.unwrap();
        let job = world.run("get", args).await.unwrap();
        assert_eq!(job.status, 200, "{}", job.text());
        let path = format!("/v1/jobs/{}/output", id_of(&job));
        let both = [oracle.stdout.clone(), oracle.stderr.clone()].concat();
        for (query, bytes) in [
            ("?stream=stdout", &oracle.stdout),
            ("?stream=stderr", &oracle.stderr),
            ("?stream=both", &both),
            ("", &both),
        ] {
            let output = http.get(&format!("{path}{query}")).await.unwrap();
            assert_eq!(output.status, 200, "{}", output.text());
            let expected = String::from_utf8_lossy(bytes);
            assert_eq!(output.text(), expected, "{args:?} {query}");
            let code = oracle.exit_code.unwrap().to_string();
            assert_eq!(output.header("kubently-exit-code"), code);
            assert_eq!(output.header("kubently-truncated"), "false");
            let kind = output.header("content-type");
            assert_eq!(kind, "text/plain; charset=utf-8");
            assert_eq!(output.header("x-content-type-options"), "nosniff");
        }
        let bad = http.get(&format!("{path}?stream=all")).await.unwrap();
        problem(&bad, 422, "bad_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_in_the_cluster_is_a_finished_job() {
    let world = World::shared().await.unwrap();
    let answer = world.run("get", &["pods", "no-such-pod"]).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = answer.json().unwrap();
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["success"], false, "{job}");
    assert_eq!(job["execution_status"], "failure", "{job}");
    assert_eq!(job["exit_code"], 1, "{job}");
    let error = "Error from server (NotFound): pods \"no-such-pod\" not found\n";
    assert_eq!(job["error"], error, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_gets_202_and_polls() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("poll").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let _worker = world
        .worker_with(&cluster, "slow", gate.kubeconfig(), &[])
        .await
        .unwrap();
    // When to ask again follows from whether anybody is there.
    wait::until("the worker being seen", PRESENT, async || {
        let answer = http.get(&format!("/v1/clusters/{cluster}")).await.unwrap();
        Probe::when(answer.text().contains("\"slow\""), answer.text())
    })
    .await
    .unwrap();
    let body = get(&cluster, &["namespaces", "-o", "name"]);
    let async_too = [("prefer", "respond-async")];
    let answer = http.post_command(&body, &async_too).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = id_of(&answer);
    let path = format!("/v1/jobs/{id}");
    assert_eq!(answer.header("location"), path);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("preference-applied"), "respond-async");

    let job = running(&http, &id).await;
    assert_eq!(job["execution_status"], "running", "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
    assert!(job["start_time"].is_string(), "{job}");
    let early = http.get(&format!("{path}/output")).await.unwrap();
    problem(&early, 409, "job_not_finished");
    assert_eq!(early.header("retry-after"), "1");

    let second = http.post_command(&body, &[("prefer", "wait=1")]).await;
    let second = second.unwrap();
    assert_eq!(second.status, 202, "{}", second.text());
    assert_eq!(second.header("preference-applied"), "wait=1");
    let status = second.json().unwrap()["status"].clone();
    assert!(["queued", "running"].contains(&status.as_str().unwrap()));
    running(&http, &id_of(&second)).await;

    gate.open();
    for id in [id, id_of(&second)] {
        let job = ended(&http, &id).await;
        assert_eq!(job["status"], "completed", "{job}");
        let output = http.get(&format!("/v1/jobs/{id}/output")).await.unwrap();
        assert!(output.text().contains("namespace/default\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_run_and_publishes_nothing() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("dry").await.unwrap();
    let run = async |body: Value| {
        let json_type = [("content-type", "application/json")];
        let path = "/v1/commands?dry_run=true";
        let answer = http.send(Method::POST, path, &json_type, body.to_string());
        answer.await.unwrap()
    };
    let answer = run(json!({
        "cluster_id": cluster, "namespace": "web",
        "args": ["get", "po", "-owide", "--show-labels=true"],
    }))
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let understood = answer.json().unwrap();
    assert_eq!(understood["dry_run"], true, "{understood}");
    assert_eq!(understood["cluster_id"], cluster, "{understood}");
    assert_eq!(understood["namespace"], "web", "{understood}");
    let args = understood["args"].to_string();
    assert!(args.contains("po") && args.contains("wide"), "{args}");
    let refused = run(json!({"cluster_id": cluster, "args": ["secrets"]})).await;
    problem(&refused, 422, "resource_denied");

    let item = counted(&http, &cluster).await;
    assert_eq!(item["queue_depth"], 0, "{item}");
    assert_eq!(item["is_active"], false, "{item}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_tell_their_workers_and_what_waits() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("listed").await.unwrap();
    let listed = async || {
        let clusters = http.get("/v1/clusters").await.unwrap().json().unwrap();
        let items = clusters["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["cluster_id"] == cluster);
        item.cloned().unwrap_or_default()
    };
    submit(&http, &version(&cluster)).await;
    let before = counted(&http, &cluster).await;
    assert_eq!(before["is_active"], false, "{before}");
    assert_eq!(before["queue_depth"], 1, "{before}");
    assert_eq!(before["workers"], json!([]), "{before}");
    assert!(before["enrolled_at"].is_string(), "{before}");

    let settings = [("KUBENTLY_SLOTS", "7")];
    let mut worker = world.worker(&cluster, "seen", &settings).await.unwrap();
    let item = wait::until("the worker being listed", PRESENT, async || {
        let item = listed().await;
        let known = item["workers"][0]["kubernetes_version"].is_string();
        if known && item["queue_depth"] == 0 {
            Probe::Ready(item)
        } else {
            Probe::NotYet(item.to_string())
        }
    })
    .await
    .unwrap();
    assert_eq!(item["is_active"], true, "{item}");
    assert_eq!(item["workers"][0]["worker"], "seen", "{item}");
    assert_eq!(item["workers"][0]["slots"], 7, "{item}");
    let kubernetes = item["workers"][0]["kubernetes_version"].as_str();
    assert!(kubernetes.unwrap().starts_with("v1.37."), "{item}");

    worker.process.stop(Duration::from_secs(30)).await.unwrap();
    wait::until("the worker being gone", PRESENT, async || {
        let item = listed().await;
        Probe::when(item["is_active"] == false, item.to_string())
    })
    .await
    .unwrap();
    assert!(listed().await["last_seen"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_key() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap().with_key(None);
    let answer = http.get("/health").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let health = answer.json().unwrap();
    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["nats"], "connected", "{health}");
    assert!(health["uptime_seconds"].is_u64(), "{health}");
    assert!(health["version"].is_string(), "{health}");
}
