//! No secret in anything that is written, whatever the level.

use std::time::Duration;

use http::Method;
use kubently_tests::collector::Collector;
use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::product::{self, Gateway, Process, Worker};
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use serde_json::{Value, json};

use crate::secrets::{VALUE, cluster_with_secrets};
use crate::shipped::borrowed;

const LIMIT: Duration = Duration::from_secs(60);
const REFUSED: &str = "canary-of-a-refused-argument";

/// What must be nowhere: its name and its text.
type Canaries = Vec<(&'static str, String)>;

async fn send(http: &Http, method: Method, path: &str, body: Value) -> Value {
    let answer = http.json(method, path, &body).await.unwrap();
    assert!(answer.status < 300, "{path}: {}", answer.text());
    if answer.body.is_empty() {
        return Value::Null;
    }
    answer.json().unwrap()
}

async fn run(http: &Http, cluster: &str, args: &[&str]) -> (u16, Value) {
    let body = json!({"cluster_id": cluster, "args": args});
    let answer = http.post_command(&body, &[("prefer", "wait=20")]).await;
    let answer = answer.unwrap();
    (answer.status, answer.json().unwrap())
}

/// A user, its keys and its session, in use; answers the keys.
async fn people(admin: &Http) -> Canaries {
    let user = json!({"name": "Ada", "email": "ada@example.com"});
    let user = send(admin, Method::POST, "/v1/users", user).await;
    let key = json!({"name": "laptop", "user_id": user["id"]});
    let key = send(admin, Method::POST, "/v1/api-keys", key).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, first) = (text(&key["id"]), text(&key["secret"]));
    let own = admin.with_key(Some(&first));
    let session = json!({"cluster_id": "a"});
    send(&own, Method::POST, "/v1/sessions", session).await;
    let rotated = format!("/v1/api-keys/{id}/rotate");
    let second = send(&own, Method::POST, &rotated, json!({})).await;
    vec![
        ("a user's key", first),
        ("a user's rotated key", text(&second["secret"])),
    ]
}

fn check(what: &str, written: &str, canaries: &Canaries) {
    for (name, canary) in canaries {
        assert!(canary.len() >= 12, "{name} is too short to be looked for");
        let place = written.find(canary.as_str());
        let around = place.map(|place| {
            let (before, after) = (place.saturating_sub(300), place + 100);
            String::from_utf8_lossy(&written.as_bytes()[before..after.min(written.len())])
        });
        assert!(around.is_none(), "{name} in {what}: {around:?}");
    }
}

async fn written(process: &mut Process) -> [String; 2] {
    let scrape = Scrape::of(process).await.unwrap();
    process.stop(LIMIT).await.unwrap();
    [process.logs(), format!("{scrape:?}")]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_counted_or_traced_at_any_level() {
    let mut hub = Hub::single().await.unwrap();
    hub.enrol(&["cluster", "add", "a"]).await.unwrap();
    let kubernetes = cluster_with_secrets().await;
    let kubeconfig = kubernetes.worker_kubeconfig();
    let collector = Collector::start().await.unwrap();
    let key = product::new_key();
    let all = |credential: &str, secrets: &'static str| {
        let mut settings = hub.settings(credential);
        settings.extend([
            ("KUBENTLY_LOG", "trace".to_owned()),
            ("KUBENTLY_LOG_FORMAT", "json".to_owned()),
            ("KUBENTLY_OTLP_ENDPOINT", collector.url().to_owned()),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "x-collector=canary-of-the-collector".to_owned(),
            ),
            (secrets, "redact".to_owned()),
        ]);
        settings
    };
    let url = hub.url();
    let settings = all("hub", "KUBENTLY_SECRETS");
    let mut gateway = Gateway::start(&url, &[&key], &borrowed(&settings))
        .await
        .unwrap();
    let settings = all("cluster-a", "KUBENTLY_POLICY__SECRETS");
    let settings = borrowed(&settings);
    let worker = Worker::start(&url, "a", "w", &kubeconfig, &settings);
    let mut worker = worker.await.unwrap();

    let made = hub.gateway(&["admin", "create", "--email", "root@example.com"]);
    let made = made.await.unwrap();
    let admin = made
        .said
        .split_whitespace()
        .find(|word| word.starts_with("ci_"));
    let admin = admin.unwrap().to_owned();
    let http = gateway.http(Some(&key)).unwrap();
    let mut canaries = people(&http.with_key(Some(&admin))).await;
    for args in [
        &["secrets", "-A"][..],
        &["secret", "db", "-n", "default", "-o", "json"],
        &["cm", "db", "-n", "default", "-o", "yaml"],
        &["pods", "-A"],
    ] {
        let (status, job) = run(&http, "a", args).await;
        assert_eq!(status, 200, "{job}");
    }
    let (status, _) = run(&http, "a", &["pods", &format!("--token={REFUSED}")]).await;
    assert_eq!(status, 422);
    let stranger = http.with_key(Some("ci_canary-of-an-unknown-key-0123456789012345"));
    assert_eq!(stranger.get("/v1/jobs").await.unwrap().status, 401);

    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let seed = |name: &str| read(hub.credential(name)).trim().to_owned();
    let access: Value = serde_json::from_str(&read(kubeconfig.clone())).unwrap();
    let token = access.pointer("/users/0/user/token").unwrap().as_str();
    canaries.extend([
        ("a configured key", key),
        ("the admin's key", admin),
        ("an unknown key", "canary-of-an-unknown-key".to_owned()),
        ("the gateway's nkey", seed("hub")),
        ("the worker's nkey", seed("cluster-a")),
        ("the service account's token", token.unwrap().to_owned()),
        ("a secret's value", VALUE.to_owned()),
        ("a secret's encoded value", crate::secrets::encoded()),
        ("a refused argument", REFUSED.to_owned()),
        (
            "the collector's credential",
            "canary-of-the-collector".to_owned(),
        ),
    ]);
    for (what, process) in [
        ("the gateway's", &mut gateway.process),
        ("the worker's", &mut worker.process),
    ] {
        let [logs, metrics] = written(process).await;
        assert!(
            logs.contains("\"level\":\"TRACE\""),
            "{what} logs are not at trace"
        );
        check(&format!("{what} logs"), &logs, &canaries);
        check(&format!("{what} metrics"), &metrics, &canaries);
    }
    let spans = collector.spans();
    assert!(spans.len() > 20);
    check("the spans", &format!("{spans:?}"), &canaries);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_one_line_and_the_hubs_client_is_quiet() {
    let world = kubently_tests::world::World::own().await.unwrap();
    let refused = ["pods", &format!("--token={REFUSED}")];
    let answer = world.run("get", &refused).await.unwrap();
    assert_eq!(answer.status, 422);
    assert_eq!(world.run("version", &[]).await.unwrap().status, 200);
    for (process, message) in [
        (&world.gateway.process, "request"),
        (&world.worker.process, "answered"),
    ] {
        let expected = if message == "request" { 2 } else { 1 };
        let is_of_command = |line: &&str| {
            line.contains(message) && (message == "answered" || line.contains("/v1/commands"))
        };
        // The answer comes before the line about it.
        wait::until("a line for each command", LIMIT, async || {
            let logs = process.logs();
            let found = logs.lines().filter(is_of_command).count();
            Probe::when(found >= expected, logs)
        })
        .await
        .unwrap();
        let logs = process.logs();
        assert!(
            !logs.contains(REFUSED) && !logs.contains("async_nats"),
            "{logs}"
        );
        assert_eq!(
            logs.lines().filter(is_of_command).count(),
            expected,
            "{logs}"
        );
    }
}
