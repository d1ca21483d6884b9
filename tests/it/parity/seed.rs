//! What both sides look at.

use anyhow::Result;
use kubently_tests::cluster::Cluster;
use serde_json::{Value, json};

const TYPES: &str = include_str!("../manifests/parity-types.yaml");
const MANIFESTS: [&str; 3] = [
    include_str!("../manifests/parity-workloads.yaml"),
    include_str!("../manifests/parity-pods.yaml"),
    include_str!("../manifests/parity-widgets.yaml"),
];

/// Text that YAML must quote, as the zoo has it.
const QUIRKS: &str = include_str!("../../zoo/quirks.yaml");

/// More than one page of a list (500).
const MANY: usize = 510;
/// More lines than fit into one message of a result.
const LARGE: usize = 12_000;

/// Fills a cluster with the manifests, a list of more than one page and an output of more than one message,
/// and lets the worker read the types of our own, except `vaults`.
pub(super) async fn fill(cluster: &Cluster) -> Result<()> {
    let namespaces = ["shop", "store", "empty", "many"]
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    cluster.apply_all(&namespaces).await?;
    cluster.apply(TYPES).await?;
    for manifest in MANIFESTS {
        cluster.apply(manifest).await?;
    }
    let quirks = QUIRKS.replace("namespace: zoo", "namespace: shop");
    let quirks = quirks.replace("namespace: broken", "namespace: store");
    cluster.apply(&quirks).await?;
    let lines = (0..LARGE).map(|n| format!("{n}: it's \"line\" {n} of many, 日本語\n"));
    cluster
        .apply_all(&[configmap("shop", "large", &lines.collect::<String>())])
        .await?;
    let many: Vec<Value> = (0..MANY)
        // Few texts, so that a sort has many equal keys.
        .map(|n| configmap("many", &format!("c-{n}"), &format!("v{}", n * 37 % 11)))
        .collect();
    let (left, right) = many.split_at(MANY / 2);
    tokio::try_join!(cluster.apply_all(left), cluster.apply_all(right))?;
    let granted = json!([{
        "apiGroups": ["parity.example.com"],
        "resources": ["widgets", "gadgets", "stores"],
        "verbs": ["get", "list"],
    }]);
    cluster.grant_extra(&granted).await
}

fn configmap(namespace: &str, name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"text": text},
    })
}
