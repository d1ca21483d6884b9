//! Secrets of a real cluster whose owner shows them without their values, and of one that does not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubently_tests::cluster::Cluster;
use kubently_tests::http::Http;
use kubently_tests::product::Gateway;
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::door::problem;

pub(crate) const VALUE: &str = "canary-Hunter2-of-the-cluster";
const LIMIT: Duration = Duration::from_secs(30);

/// Asks, and answers the finished job.
async fn run(http: &Http, cluster_id: &str, args: &[&str]) -> Value {
    let body = json!({"cluster_id": cluster_id, "args": args, "timeout_seconds": LIMIT.as_secs()});
    let answer = http.post_command(&body, &[("prefer", "wait=40")]).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{args:?} {}", answer.text());
    answer.json().unwrap()
}

/// [`VALUE`] as it stands in a secret.
pub(crate) fn encoded() -> String {
    STANDARD.encode(VALUE)
}

pub(crate) async fn cluster_with_secrets() -> Cluster {
    let cluster = Cluster::start().await.unwrap();
    let encoded = encoded();
    let applied = json!({"kind": "Secret", "apiVersion": "v1", "data": {"password": encoded}});
    let annotation = format!("{applied}\n");
    let metadata = json!({
        "name": "db", "namespace": "default",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": annotation},
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque",
        "data": {"password": encoded},
    });
    let carrier = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    cluster.apply_all(&[secret, carrier]).await.unwrap();
    let rule = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]);
    cluster.grant_extra(&rule).await.unwrap();
    cluster
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_without_their_values_where_the_owner_says_so_and_not_at_all_elsewhere() {
    let world = World::shared().await.unwrap();
    let cluster = cluster_with_secrets().await;
    let kubeconfig = cluster.worker_kubeconfig();
    let hub = world.hub.url();
    let (keys, settings) = ([world.key.as_str()], [("KUBENTLY_SECRETS", "redact")]);
    let open = Gateway::start(&hub, &keys, &settings).await.unwrap();
    let http = open.http(Some(&world.key)).unwrap();

    let shown = world.cluster("shown").await.unwrap();
    let settings = [("KUBENTLY_POLICY__SECRETS", "redact")];
    let worker = world.worker_with(&shown, "shown", &kubeconfig, &settings);
    let _worker = worker.await.unwrap();
    let encoded = STANDARD.encode(VALUE);
    for format in [
        &[][..],
        &["-o", "wide", "--show-labels"],
        &["-o", "json", "--show-managed-fields"],
        &["-o", "yaml"],
        &["-o", "kyaml"],
        &["-o", "name"],
        &["-o", "jsonpath={..}"],
        &[
            "-o",
            "custom-columns=A:.metadata.name,B:.data,C:.metadata.annotations",
        ],
        &["--sort-by=.kind"],
        &["--sort-by=.type", "-o", "jsonpath-as-json={.items[*]}"],
        &["--server-print=false"],
    ] {
        for target in [&["secrets"][..], &["cm,secrets", "-A"]] {
            let args = [target, format].concat();
            let job = run(&http, &shown, &args).await;
            assert_eq!(job["exit_code"], 0, "{args:?} {job}");
            let text = job.to_string();
            assert!(
                !text.contains(VALUE) && !text.contains(&encoded),
                "{args:?} {text}"
            );
            assert!(text.contains("db"), "{args:?} {text}");
        }
    }
    let job = run(&http, &shown, &["secret", "db", "-o", "jsonpath={.data}"]).await;
    let size = format!(
        "{{\"password\":\"[redacted:secret {} bytes]\"}}",
        VALUE.len()
    );
    assert_eq!(job["output"], size, "{job}");
    let job = run(&http, &shown, &["secrets", "--sort-by=.data.password"]).await;
    assert_eq!(job["reason"], "policy_denied", "{job}");

    // The same rights, another owner's policy.
    let hidden = world.cluster("hidden").await.unwrap();
    let worker = world.worker_with(&hidden, "hidden", &kubeconfig, &[]).await;
    let _worker = worker.unwrap();
    let job = run(&http, &hidden, &["secrets"]).await;
    assert_eq!(job["reason"], "policy_denied", "{job}");
    let job = run(&http, &hidden, &["cm", "-A", "-o", "yaml"]).await;
    let text = job.to_string();
    assert!(
        !text.contains(&encoded) && text.contains("[redacted:"),
        "{text}"
    );

    // And the gateway of the others does not even ask.
    let closed = world.http().unwrap();
    let body = json!({"cluster_id": shown, "args": ["secrets"]});
    let answer = closed.post_command(&body, &[]).await.unwrap();
    problem(&answer, 422, "resource_denied");
}
