//! Answers without an end: what is read of them is bounded, and what is printed says that it is not all.

use kubently_core::verb::Verb;
use kubently_kubectl::{Limits, RunError};
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::world::World;
use serde_json::json;

use super::{Library, PODS};

const PODS_IN_ALL: usize = 200_000;
const PAGE: usize = 500;
/// A server's own idea of a page, so that few requests fill the cap.
const LARGE_PAGE: usize = 4_000;
/// What may be under way between two programs when one of them stops reading.
const SLACK: usize = 16 << 20;
/// A worker's own memory, the largest response and the largest output.
const MOST_RESIDENT: u64 = 256 << 20;

fn name(n: usize) -> String {
    format!(
        "a-pod-with-a-name-that-makes-its-row-long-enough-to-fill-the-cap-of-an-output-twice-over-{n:07}"
    )
}

/// A page of the list that never ends before 200,000, as a table or as objects.
fn page(path: &str, is_table: bool, size: usize) -> Script {
    let start = path.split_once("continue=").map_or("0", |(_, rest)| rest);
    let start: usize = start.split('&').next().unwrap_or("0").parse().unwrap_or(0);
    let end = (start + size).min(PODS_IN_ALL);
    let next = if end < PODS_IN_ALL {
        end.to_string()
    } else {
        String::new()
    };
    let metadata = json!({"resourceVersion": "1", "continue": next});
    let pods = start..end;
    if is_table {
        let row = |n| json!({"cells": [name(n), "1/1"]});
        Script::json(
            200,
            &json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "columnDefinitions": [
                    {"name": "Name", "type": "string", "format": "name"},
                    {"name": "Ready", "type": "string"},
                ],
                "rows": pods.map(row).collect::<Vec<_>>(),
            }),
        )
    } else {
        let item = |n| json!({"metadata": {"name": name(n), "namespace": "default"}, "spec": {"containers": []}});
        Script::json(
            200,
            &json!({
                "kind": "PodList", "apiVersion": "v1", "metadata": metadata,
                "items": pods.map(item).collect::<Vec<_>>(),
            }),
        )
    }
}

async fn many_pods(is_table: bool) -> FakeApi {
    FakeApi::start(move |path, _| path.starts_with(PODS).then(|| page(path, is_table, PAGE)))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_table_of_two_hundred_thousand_pods_is_cut_and_says_so() {
    let api = many_pods(true).await;
    let library = Library::of(&api.kubeconfig()).await;
    let output = library.run(Verb::Get, &["pods"]).await.unwrap();
    assert!(output.truncated);
    assert!(output.stdout.len() <= Limits::default().max_output_bytes);
    assert!(output.stdout.ends_with(b"\n"));
    let pages = api.requests().len();
    assert!(pages < PODS_IN_ALL / PAGE, "{pages} requests");
}

#[tokio::test]
async fn json_of_two_hundred_thousand_pods_fails_instead_of_ending_in_the_middle() {
    let api = many_pods(false).await;
    let library = Library::of(&api.kubeconfig()).await;
    for output in ["json", "yaml"] {
        let result = library.run(Verb::Get, &["pods", "-o", output]).await;
        let is_too_large = matches!(result, Err(RunError::OutputTooLarge { .. }));
        assert!(is_too_large, "{output}: {result:?}");
    }
}

#[tokio::test]
async fn one_response_without_an_end_is_read_up_to_its_limit() {
    let api = FakeApi::start(|path, _| {
        path.starts_with(PODS).then(|| {
            let head = b"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[".to_vec();
            let item = format!("{{\"metadata\":{{\"name\":\"{}\"}}}},", name(0)).repeat(1000);
            let items = std::iter::repeat_n(item.into_bytes(), 1 << 20);
            Script::Chunks(
                "application/json",
                Box::new(std::iter::once(head).chain(items)),
            )
        })
    });
    let api = api.await.unwrap();
    let library = Library::of(&api.kubeconfig()).await;
    let output = library
        .run(Verb::Get, &["pods", "-o", "json"])
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("larger than"), "{text}");
    let read = api.bytes_sent();
    assert!(
        read <= Limits::default().max_response_bytes + SLACK,
        "{read} bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stays_small_over_two_hundred_thousand_pods() -> anyhow::Result<()> {
    let script = |path: &str, _| {
        path.starts_with(PODS)
            .then(|| page(path, false, LARGE_PAGE))
    };
    let api = FakeApi::start(script).await?;
    let world = World::shared().await?;
    let cluster = world.cluster("flood").await?;
    let worker = world
        .worker_with(&cluster, "flooded", &api.kubeconfig(), &[])
        .await?;
    let body = json!({
        "cluster_id": cluster, "command_type": "get", "args": ["pods", "-o", "json"],
        "timeout_seconds": 30,
    });
    let http = world.http()?;
    let answer = http.post_command(&body, &[("prefer", "wait=60")]).await?;
    let job = answer.json()?;
    assert_eq!(job["status"], "failed", "{job}");
    assert_eq!(job["reason"], "output_too_large", "{job}");
    let pid = worker.process.pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    assert!(kib << 10 <= MOST_RESIDENT, "{kib} KiB resident at most");
    Ok(())
}
