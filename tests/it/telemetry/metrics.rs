//! `/metrics` of the real binaries: what real traffic leaves there, by the field's conventions.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use kubently_tests::product::{self, Gateway};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

/// Longer than a pass of the sweep, which looks at the queues.
const LIMIT: Duration = Duration::from_secs(60);
/// More series than this of one name mean that something without bound is a label.
const MOST_SERIES: usize = 400;

/// Commands that run, are refused, wait, are called off, and are looked at in every way.
pub(super) async fn traffic(world: &World) -> String {
    let namespace = world.kubernetes.namespace("telemetry").await.unwrap();
    for (verb, args) in [
        ("get", &["pods", "-n", &namespace][..]),
        ("get", &["pod", "canary-of-a-name", "-n", &namespace]),
        ("describe", &["namespace", &namespace]),
        ("version", &[]),
        ("api-resources", &[]),
        ("events", &["-n", &namespace]),
    ] {
        let answer = world.run(verb, args).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let http = world.http().unwrap();
    let refused = world.run("get", &["secrets"]).await.unwrap();
    assert_eq!(refused.status, 422);
    let method = Method::from_bytes(b"CANARY").unwrap();
    for (method, path) in [
        (method, "/v1/jobs"),
        (Method::GET, "/canary-of-a-route"),
        (Method::GET, "/v1/jobs/0199b6a0-5c1e-7d3a-8f00-1234567890ab"),
        (Method::GET, "/v1/clusters"),
    ] {
        http.send(method, path, &[], "").await.unwrap();
    }
    // One that no worker takes waits, and another is called off.
    let away = world.cluster("away").await.unwrap();
    let body = json!({"cluster_id": away, "command_type": "version", "args": ["--client"]});
    let once = [("prefer", "respond-async"), ("idempotency-key", "twice")];
    let mut jobs = BTreeSet::new();
    for headers in [&once[..], &once, &once[..1]] {
        let answer = http.post_command(&body, headers).await.unwrap();
        let job: Value = answer.json().unwrap();
        jobs.insert(
            job["id"]
                .as_str()
                .or(job["job_id"].as_str())
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(jobs.len(), 2);
    let called_off = format!("/v1/jobs/{}/cancel", jobs.last().unwrap());
    let answer = http.json(Method::POST, &called_off, &json!({})).await;
    assert_eq!(answer.unwrap().status, 200);
    away
}

/// The gateway's metrics once the sweep has seen the command that waits.
pub(super) async fn of_gateway(world: &World, away: &str) -> Scrape {
    let waits = [("cluster", away), ("lane", "normal")];
    wait::until("the queue's depth", LIMIT, async || {
        let scrape = Scrape::of(&world.gateway.process).await.unwrap();
        match scrape.sum("kubently_queue_depth", &waits) {
            Some(1.0) => Probe::Ready(scrape),
            other => Probe::NotYet(format!("{other:?}")),
        }
    })
    .await
    .unwrap()
}

#[track_caller]
fn is(scrape: &Scrape, name: &str, labels: &[(&str, &str)], value: f64) {
    let found = scrape.sum(name, labels);
    assert_eq!(found, Some(value), "{name} {labels:?}");
}

#[track_caller]
fn more(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) {
    let found = scrape.sum(name, labels);
    assert!(found > Some(0.0), "{name} {labels:?}: {found:?}");
}

/// The conventions of <https://prometheus.io/docs/practices/naming/>, and our own.
#[track_caller]
fn is_proper(scrape: &Scrape) {
    for (name, (kind, help)) in &scrape.families {
        assert!(help.ends_with('.') && help.len() > 10, "{name}: {help:?}");
        assert!(name.starts_with("kubently_"), "{name}");
        if kind == "histogram" {
            assert!(name.ends_with("_seconds"), "{name}");
        }
        assert!(
            !name.ends_with("_total") && !name.contains("milli"),
            "{name}"
        );
    }
    for (name, labels, _) in &scrape.series {
        let family = scrape.family(name);
        let family = family.unwrap_or_else(|| panic!("{name} has no family"));
        let series = scrape.series.iter().filter(|(other, ..)| other == name);
        assert!(series.count() <= MOST_SERIES, "{family}");
        for (key, value) in labels {
            let is_id = uuid::Uuid::try_parse(value).is_ok() || value.starts_with("ci_");
            assert!(!is_id && value.len() <= 60, "{name}: {key}={value}");
            assert!(!value.to_lowercase().contains("canary"), "{name}: {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_traffic_is_counted_by_bounded_labels() {
    let world = World::own().await.unwrap();
    let away = traffic(&world).await;
    let gateway = of_gateway(&world, &away).await;
    is_proper(&gateway);
    let commands = ("route", "/v1/commands");
    for (status, count) in [("200", 6.0), ("202", 3.0), ("422", 1.0)] {
        let labels = [commands, ("method", "POST"), ("status", status)];
        is(&gateway, "kubently_http_requests_total", &labels, count);
    }
    let took = "kubently_http_request_duration_seconds_count";
    is(&gateway, took, &[commands], 10.0);
    for (route, method) in [
        ("none", "GET"),
        ("/v1/jobs", "_OTHER"),
        ("/v1/jobs/{id}", "GET"),
    ] {
        let labels = [("route", route), ("method", method)];
        more(&gateway, "kubently_http_requests_total", &labels);
    }
    for code in ["resource_denied", "route_not_found", "job_not_found"] {
        is(&gateway, "kubently_refusals_total", &[("code", code)], 1.0);
    }
    let lane = [("lane", "normal")];
    is(&gateway, "kubently_jobs_accepted_total", &lane, 8.0);
    is(&gateway, "kubently_jobs_replayed_total", &[], 1.0);
    let cancelled = [("status", "cancelled"), ("reason", "cancelled_by_user")];
    is(&gateway, "kubently_jobs_ended_total", &cancelled, 1.0);
    is(&gateway, "kubently_job_duration_seconds_count", &[], 6.0);
    is(&gateway, "kubently_jobs_unfinished", &[], 1.0);
    is(&gateway, "kubently_clusters", &[], 2.0);
    is(&gateway, "kubently_clusters_without_worker", &[], 1.0);
    let own = [("cluster", world.cluster_id.as_str())];
    is(&gateway, "kubently_workers_live", &own, 1.0);
    is(&gateway, "kubently_queue_depth", &own, 0.0);
    let waits = [("cluster", away.as_str()), ("lane", "normal")];
    more(&gateway, "kubently_queue_oldest_age_seconds", &waits);
    is(&gateway, "kubently_nats_connected", &[], 1.0);
    is(&gateway, "kubently_nats_reconnects_total", &[], 0.0);
    for watch in ["identity", "clusters", "workers"] {
        is(&gateway, "kubently_watch_behind", &[("watch", watch)], 0.0);
    }
    more(&gateway, "kubently_sweeps_total", &[("outcome", "ok")]);
    more(&gateway, "kubently_uptime_seconds", &[]);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    is(&gateway, "kubently_build_info", &version, 1.0);
    for bound in ["connections", "requests", "event_streams", "key_notes"] {
        more(&gateway, "kubently_bound_limit", &[("bound", bound)]);
    }

    let worker = Scrape::of(&world.worker.process).await.unwrap();
    is_proper(&worker);
    is(&worker, "kubently_deliveries_total", &own, 6.0);
    is(&worker, "kubently_redeliveries_total", &own, 0.0);
    let completed = [("status", "completed"), ("reason", "none")];
    is(&worker, "kubently_jobs_ended_total", &completed, 6.0);
    is(&worker, "kubently_job_queued_seconds_count", &[], 6.0);
    is(&worker, "kubently_job_returned_seconds_count", &[], 6.0);
    let runs = "kubently_job_run_seconds_count";
    is(&worker, runs, &[("verb", "get")], 2.0);
    more(
        &worker,
        "kubently_output_bytes_total",
        &[("stream", "stdout")],
    );
    more(
        &worker,
        "kubently_output_bytes_total",
        &[("stream", "stderr")],
    );
    for (verb, status) in [
        ("list", "200"),
        ("get", "404"),
        ("discovery", "200"),
        ("version", "200"),
    ] {
        let labels = [("verb", verb), ("status", status)];
        more(&worker, "kubently_kubernetes_requests_total", &labels);
    }
    let took = "kubently_kubernetes_request_duration_seconds_count";
    more(&worker, took, &[("verb", "list")]);
    is(&worker, "kubently_slots", &[], 64.0);
    is(&worker, "kubently_slots_in_use", &[], 0.0);
    let slots = [("bound", "slots")];
    is(&worker, "kubently_bound_limit", &slots, 64.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_clusters_label_no_series_names_a_cluster() {
    let world = World::own().await.unwrap();
    let off = [("KUBENTLY_METRICS_CLUSTER_LABEL", "false")];
    let key = product::new_key();
    let hub = world.hub.url();
    let gateway = Gateway::start(&hub, &[&key], &off).await.unwrap();
    let worker = world.worker(&world.cluster_id, "unnamed", &off).await;
    let worker = worker.unwrap();
    assert_eq!(world.run("version", &[]).await.unwrap().status, 200);
    for process in [&gateway.process, &worker.process] {
        let scrape = Scrape::of(process).await.unwrap();
        let mut labels = scrape.series.iter().map(|(_, labels, _)| labels);
        assert!(labels.all(|labels| !labels.contains_key("cluster")));
        more(&scrape, "kubently_nats_connected", &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_goes_and_comes_back_is_counted() {
    let mut world = World::own().await.unwrap();
    world.hub.kill();
    let connected = async |world: &World| {
        let scrape = Scrape::of(&world.gateway.process).await.unwrap();
        let reconnects = scrape.sum("kubently_nats_reconnects_total", &[]);
        (scrape.sum("kubently_nats_connected", &[]), reconnects)
    };
    wait::until("the loss", LIMIT, async || {
        let seen = connected(&world).await;
        Probe::when(seen == (Some(0.0), Some(0.0)), format!("{seen:?}"))
    })
    .await
    .unwrap();
    world.hub.restart().await.unwrap();
    wait::until("the return", LIMIT, async || {
        let seen = connected(&world).await;
        Probe::when(seen == (Some(1.0), Some(1.0)), format!("{seen:?}"))
    })
    .await
    .unwrap();
}
