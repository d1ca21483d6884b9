//! Traces in a real collector: from an HTTP request through the hub to every Kubernetes call.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::HeaderMap;
use http::Method;
use kubently_tests::collector::{Collector, Span};
use kubently_tests::guard::Ending;
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Process, Worker};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A gateway and a worker that send their traces to a collector.
struct Traced {
    world: World,
    cluster: String,
    key: String,
    gateway: Gateway,
    worker: Worker,
    collector: Collector,
}

impl Traced {
    async fn start(more: &[(&str, &str)]) -> Self {
        let world = World::own().await.unwrap();
        let collector = Collector::start().await.unwrap();
        let mut settings = vec![
            ("KUBENTLY_OTLP_ENDPOINT", collector.url()),
            ("KUBENTLY_LOG_FORMAT", "json"),
        ];
        settings.extend_from_slice(more);
        let (key, hub) = (product::new_key(), world.hub.url());
        let cluster = world.cluster("traced").await.unwrap();
        let gateway = Gateway::start(&hub, &[&key], &settings).await.unwrap();
        let worker = world.worker(&cluster, "traced", &settings).await.unwrap();
        Self {
            world,
            cluster,
            key,
            gateway,
            worker,
            collector,
        }
    }

    /// Runs `get pods` with these headers.
    async fn get_pods(&self, headers: &[(&str, &str)]) {
        let body = json!({"cluster_id": self.cluster, "args": ["pods", "-n", "default"]});
        let headers = [&[("prefer", "wait=20")], headers].concat();
        let http = self.gateway.http(Some(&self.key)).unwrap();
        let answer = http.post_command(&body, &headers).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The spans of a trace, once the worker's and the gateway's have all come.
    async fn spans(&self, trace: &str) -> Vec<Span> {
        wait::until("the trace", LIMIT, async || {
            let spans = self.collector.trace(trace);
            let has = |start: &str| spans.iter().any(|span| span.name.starts_with(start));
            let all = [
                "POST ",
                "send KUBENTLY_CMD_",
                "process KUBENTLY_CMD_",
                "list pods",
                "send KUBENTLY_REPLY_",
            ];
            let names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
            if all.into_iter().all(has) {
                Probe::Ready(spans)
            } else {
                Probe::NotYet(format!("{names:?}"))
            }
        })
        .await
        .unwrap()
    }
}

/// The one span whose name begins so.
#[track_caller]
fn one<'a>(spans: &'a [Span], start: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name.starts_with(start));
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "{start}: {second:?}");
    first.unwrap_or_else(|| panic!("{start} in {spans:?}"))
}

#[track_caller]
fn has(span: &Span, attributes: &[(&str, &str)]) {
    for (key, value) in attributes {
        let found = span.attributes.get(*key).map(String::as_str);
        assert_eq!(found, Some(*value), "{key} of {span:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_runs_through_the_hub_to_every_kubernetes_call() {
    let traced = Traced::start(&[]).await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    traced.get_pods(&[("traceparent", &parent)]).await;
    let spans = traced.spans(TRACE).await;

    let request = one(&spans, "POST /v1/commands");
    assert_eq!((request.kind, request.parent.as_str()), (SERVER, CALLER));
    assert_eq!(request.service, "kubently-gateway");
    let answered = [
        ("http.request.method", "POST"),
        ("http.route", "/v1/commands"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
    ];
    has(request, &answered);

    let stream = format!("KUBENTLY_CMD_{}", traced.cluster);
    let sent = one(&spans, "send KUBENTLY_CMD_");
    assert_eq!((sent.kind, &sent.parent), (PRODUCER, &request.id));
    let message = [
        ("messaging.system", "nats"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", &stream),
    ];
    has(sent, &message);

    let processed = one(&spans, "process KUBENTLY_CMD_");
    assert_eq!((processed.kind, &processed.parent), (CONSUMER, &sent.id));
    assert_eq!(processed.service, "kubently-worker");
    let id = sent.attributes["messaging.message.id"].as_str();
    let handled = [
        ("messaging.operation.type", "process"),
        ("messaging.message.id", id),
        ("kubently.verb", "get"),
        ("kubently.status", "completed"),
        ("kubently.exit_code", "0"),
    ];
    has(processed, &handled);

    let listed = one(&spans, "list pods");
    assert_eq!((listed.kind, &listed.parent), (CLIENT, &processed.id));
    let call = [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("url.path", "/api/v1/namespaces/default/pods"),
        ("k8s.namespace.name", "default"),
    ];
    has(listed, &call);

    let back = one(&spans, "send KUBENTLY_REPLY_");
    assert_eq!((back.kind, &back.parent), (PRODUCER, &processed.id));
    let awaited = one(&spans, "await result");
    assert_eq!(awaited.parent, request.id);

    // Every other span of the trace has its parent in it, too: nothing hangs in the air.
    let ids: HashMap<_, _> = spans.iter().map(|span| (&span.id, span)).collect();
    for span in &spans {
        let known = ids.contains_key(&span.parent) || span.parent == CALLER;
        assert!(known && !span.is_error, "{span:?}");
    }
    is_logged(&traced, TRACE);
}

/// What is logged of a request names its trace, in both binaries.
#[track_caller]
fn is_logged(traced: &Traced, trace: &str) {
    for (process, message) in [
        (&traced.gateway.process, "request"),
        (&traced.worker.process, "answered"),
    ] {
        let logs = process.logs();
        let lines = logs
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let mut lines = lines.filter(|line: &Value| line["trace_id"] == trace);
        let line = lines.find(|line| line["message"] == message);
        let line = line.unwrap_or_else(|| panic!("{message} of {trace} in {logs}"));
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publishers_traceparent_is_read_or_dropped_and_never_copied() {
    let traced = Traced::start(&[]).await;
    let client = async_nats::connect(traced.world.hub.url()).await.unwrap();
    let publish = async |values: &[&str]| {
        let job = uuid::Uuid::now_v7();
        let (cluster, origin) = (&traced.cluster, "pub-trace");
        let subject = format!("kubently.v1.cmd.{cluster}.normal.{origin}.{job}");
        let body = json!({
            "v": 1, "id": job, "cluster_id": cluster, "origin": origin, "owner": null,
            "command_type": "get", "args": ["pods", "-n", "default"],
            "queued_at": "2026-11-24T08:00:00.000Z",
        });
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", job.to_string().as_str());
        for value in values {
            headers.append("traceparent", *value);
        }
        let js = async_nats::jetstream::new(client.clone());
        let body = body.to_string().into();
        let ack = js.publish_with_headers(subject, headers, body).await;
        ack.unwrap().await.unwrap();
        job.to_string()
    };
    let good = format!("00-{TRACE}-{CALLER}-01");
    let later = format!("cc-{TRACE}-{CALLER}-01-canary");
    let cases: [(&[&str], bool); 5] = [
        (&[&good], true),
        (&[&later], true),
        (&["canary"], false),
        (&[&good, &good], false),
        (&[], false),
    ];
    for (values, is_read) in cases {
        let job = publish(values).await;
        let span = wait::until("the worker's span", LIMIT, async || {
            let spans = traced.collector.spans();
            let mut of_job = spans.into_iter().filter(|span| {
                let id = span.attributes.get("messaging.message.id");
                span.name.starts_with("process ") && id == Some(&job)
            });
            of_job
                .next()
                .map_or_else(|| Probe::NotYet(job.clone()), Probe::Ready)
        });
        let span = span.await.unwrap();
        let (trace, parent) = (span.trace == TRACE, span.parent == CALLER);
        assert_eq!((trace, parent), (is_read, is_read), "{values:?}: {span:?}");
        assert!(is_read || span.parent.is_empty(), "{span:?}");
    }
    let spans = traced.collector.spans();
    assert!(!format!("{spans:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_carries_its_id_and_its_parent_and_nothing_else() {
    let traced = Traced::start(&[]).await;
    let away = traced.world.cluster("parked").await.unwrap();
    let body = json!({"cluster_id": away, "args": ["pods"]});
    let odd = [
        ("prefer", "respond-async"),
        ("traceparent", &format!("cc-{TRACE}-{CALLER}-01-canary")),
        ("tracestate", "canary=1"),
        ("baggage", "canary=1"),
    ];
    let http = traced.gateway.http(Some(&traced.key)).unwrap();
    let answer = http.post_command(&body, &odd).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let client = async_nats::connect(traced.world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let stream = js.get_stream(format!("KUBENTLY_CMD_{away}")).await.unwrap();
    let message = stream.get_raw_message(1).await.unwrap();
    let names: Vec<_> = message
        .headers
        .iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(message.headers.get("Nats-Msg-Id").is_some());
    let parent = message.headers.get("traceparent").unwrap().as_str();
    let parts: Vec<_> = parent.split('-').collect();
    assert_eq!(
        (parts.len(), parts[0], parts[1], parts[3]),
        (4, "00", TRACE, "01")
    );
    assert_ne!(parts[2], CALLER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ratio_decides_for_traces_that_begin_here_and_a_known_caller_for_its_own() {
    let traced = Traced::start(&[("KUBENTLY_OTLP_SAMPLE_RATIO", "0")]).await;
    traced.get_pods(&[]).await;
    let unsampled = format!("00-{}-{CALLER}-00", TRACE.replace('4', "5"));
    traced.get_pods(&[("traceparent", &unsampled)]).await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    traced.get_pods(&[("traceparent", &parent)]).await;
    traced.spans(TRACE).await;
    let others = traced.collector.spans();
    assert!(others.iter().all(|span| span.trace == TRACE), "{others:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_sent_before_the_end_and_a_deaf_collector_stops_nobody() {
    let mut traced = Traced::start(&[]).await;
    traced.get_pods(&[]).await;
    for process in [&mut traced.gateway.process, &mut traced.worker.process] {
        let ending = process.stop(LIMIT).await.unwrap();
        assert_eq!(ending, Ending::Code(0));
    }
    // No waiting: it has come, or it is lost.
    let spans = traced.collector.spans();
    one(&spans, "POST /v1/commands");
    one(&spans, "process KUBENTLY_CMD_");
    let deaf = [("KUBENTLY_OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let hub = traced.world.hub.url();
    let mut gateway = Gateway::start(&hub, &[&traced.key], &deaf).await.unwrap();
    let http = gateway.http(Some(&traced.key)).unwrap();
    assert_eq!(http.get("/v1/clusters").await.unwrap().status, 200);
    wait::until("the warning", LIMIT, async || {
        let logs = gateway.process.logs();
        Probe::when(logs.contains("does not take traces"), logs)
    })
    .await
    .unwrap();
    gateway.process.stop(LIMIT).await.unwrap();
}

/// How many traces a process has left to the ratio.
async fn left(process: &Process) -> Option<f64> {
    let scrape = Scrape::of(process).await.unwrap();
    scrape.sum("kubently_traces_left_to_ratio_total", &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn of_strangers_and_beyond_the_bound_nothing_is_recorded_that_the_ratio_does_not_want() {
    let none = [
        ("KUBENTLY_OTLP_SAMPLE_RATIO", "0"),
        ("KUBENTLY_OTLP_CALLERS_PER_SECOND", "0"),
    ];
    let mut traced = Traced::start(&none).await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let wants = [("traceparent", parent.as_str())];
    traced.get_pods(&wants).await;
    assert_eq!(left(&traced.gateway.process).await, Some(1.0));
    // The worker goes by what the gateway decided of, and decides itself of a publisher's.
    assert_eq!(left(&traced.worker.process).await, Some(0.0));
    let job = uuid::Uuid::now_v7();
    let subject = format!("kubently.v1.cmd.{}.normal.pub-trace.{job}", traced.cluster);
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", parent.as_str());
    let client = traced.world.hub.connect().await.unwrap();
    let js = async_nats::jetstream::new(client);
    let ack = js.publish_with_headers(subject, headers, "{}".into()).await;
    ack.unwrap().await.unwrap();
    wait::until("the publisher's", LIMIT, async || {
        let left = left(&traced.worker.process).await;
        Probe::when(left == Some(1.0), format!("{left:?}"))
    })
    .await
    .unwrap();
    // Who has no key decides of nothing, whatever the bound.
    let collector = [
        ("KUBENTLY_OTLP_ENDPOINT", traced.collector.url()),
        ("KUBENTLY_OTLP_SAMPLE_RATIO", "0"),
    ];
    let hub = traced.world.hub.url();
    let mut open = Gateway::start(&hub, &[&traced.key], &collector)
        .await
        .unwrap();
    let stranger = open.http(None).unwrap();
    let answer = stranger.send(Method::GET, "/v1/jobs", &wants, "").await;
    assert_eq!(answer.unwrap().status, 401);
    assert_eq!(left(&open.process).await, Some(1.0));
    let known = open.http(Some(&traced.key)).unwrap();
    let odd = format!("00-{}-{CALLER}-01", TRACE.replace('4', "6"));
    let wants = [("traceparent", odd.as_str())];
    let answer = known.send(Method::GET, "/v1/jobs", &wants, "").await;
    assert_eq!(answer.unwrap().status, 200);
    for process in [
        &mut traced.gateway.process,
        &mut traced.worker.process,
        &mut open.process,
    ] {
        process.stop(LIMIT).await.unwrap();
    }
    // All that was recorded has been sent: what the known caller wanted, and nothing else.
    let spans = traced.collector.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    one(&spans, "GET /v1/jobs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_of_a_private_authority_and_its_callers_trust_who_is_named() {
    let hub = Nats::start().await.unwrap();
    let (collector, other) =
        tokio::try_join!(Collector::start_tls(), Collector::start_tls()).unwrap();
    assert!(collector.url().starts_with("https://"));
    let key = product::new_key();
    let file = |of: &Collector, name| of.file(name).unwrap().to_string_lossy().into_owned();
    let (own, foreign) = (file(&collector, "ca.crt"), file(&other, "ca.crt"));
    let by = |of: &Collector| (file(of, "caller.crt"), file(of, "caller.key"));
    let (known, stranger) = (by(&collector), by(&other));
    let launch = async |authority: &str, (certificate, key_file): &(String, String)| {
        let settings = [
            ("KUBENTLY_OTLP_ENDPOINT", collector.url()),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", authority),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key_file),
        ];
        Gateway::launch(&hub.url(), &[&key], &settings)
            .await
            .unwrap()
    };
    let asked = async |gateway: &mut Gateway| {
        gateway.process.ready().await.unwrap();
        let http = gateway.http(Some(&key)).unwrap();
        assert_eq!(http.get("/v1/clusters").await.unwrap().status, 200);
    };
    let mut gateway = launch(&own, &known).await;
    asked(&mut gateway).await;
    gateway.process.stop(LIMIT).await.unwrap();
    one(&collector.spans(), "GET /v1/clusters");

    let strangers = [
        (&foreign, &known, "invalid peer certificate"),
        (&own, &stranger, "received fatal alert"),
    ];
    for (authority, caller, why) in strangers {
        let mut distrusts = launch(authority, caller).await;
        asked(&mut distrusts).await;
        wait::until(why, LIMIT, async || {
            let logs = distrusts.process.logs();
            let told = logs.contains("does not take traces") && logs.contains(why);
            Probe::when(told, logs)
        })
        .await
        .unwrap();
        distrusts.process.kill();
    }

    let mut unreadable = launch("/nowhere/ca.crt", &known).await;
    let ending = unreadable.process.wait(LIMIT).await.unwrap();
    let logs = unreadable.process.logs();
    assert_eq!(ending, Ending::Code(78), "{logs}");
    let sentence = "the file /nowhere/ca.crt of OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read";
    assert!(logs.contains(sentence), "{logs}");
    assert_eq!(collector.count(), 1);
}
