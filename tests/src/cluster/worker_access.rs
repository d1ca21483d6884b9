//! The worker's access: the roles that ship, a `ServiceAccount`'s token, and more for a test's own types.

use std::time::Duration;

use anyhow::{Context as _, Result};
use http::Request;
use http::header::CONTENT_TYPE;
use kube::Client;
use serde_json::{Value, json};

use super::{Cluster, WORKER_USER};
use crate::place;
use crate::wait::{self, Probe};

/// A token lives longer than any test run.
const TOKEN_SECONDS: u32 = 24 * 60 * 60;
/// How long an authorizer may take to see a new role.
const SEEN: Duration = Duration::from_secs(60);
/// How often a change that lost against another one is made again.
const TRIES: usize = 20;

const JSON: &str = "application/json";
const EXTRA: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kubently-worker-extra";

impl Cluster {
    /// Applies `deploy/rbac.yaml` and writes the worker's kubeconfig.
    pub(super) async fn let_worker_in(&self) -> Result<()> {
        let path = place::workspace().join("deploy/rbac.yaml");
        let roles =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        self.apply("{apiVersion: v1, kind: Namespace, metadata: {name: kubently}}")
            .await?;
        self.apply(&roles).await?;
        let client = self.admin().await?;
        let token: Value = client
            .request(
                Request::post("/api/v1/namespaces/kubently/serviceaccounts/kubently-worker/token")
                    .header(CONTENT_TYPE, JSON)
                    .body(serde_json::to_vec(&json!({
                        "apiVersion": "authentication.k8s.io/v1",
                        "kind": "TokenRequest",
                        "spec": {"expirationSeconds": TOKEN_SECONDS},
                    }))?)?,
            )
            .await
            .context("ask for the worker's token")?;
        let token = token
            .pointer("/status/token")
            .and_then(Value::as_str)
            .context("the answer holds no token")?;
        self.write_kubeconfig(&self.worker_kubeconfig(), &json!({"token": token}))?;
        may(&client, "list", "", "pods").await
    }

    /// Lets the worker read more types: `rules` as in a `ClusterRole`, such as
    /// `json!([{"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get", "list"]}])`.
    ///
    /// A live cluster's controllers take them from a labelled role, as an owner would add them; in a plain
    /// one nobody fills the aggregated role, so they are written into it.
    ///
    /// # Errors
    /// When the API server refuses or the worker may still not read them after a minute.
    pub async fn grant_extra(&self, rules: &Value) -> Result<()> {
        let client = self.admin().await?;
        if self.is_live() {
            let (random, ..) = uuid::Uuid::new_v4().as_fields();
            self.apply_all(&[json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {
                    "name": format!("kubently-worker-extra-{random:08x}"),
                    "labels": {"kubently.io/aggregate-to-worker": "true"},
                },
                "rules": rules,
            })])
            .await?;
        } else {
            append(&client, rules).await?;
        }
        for rule in rules.as_array().into_iter().flatten() {
            let first = |field: &str| {
                let value = rule.pointer(&format!("/{field}/0"));
                value.and_then(Value::as_str).unwrap_or_default()
            };
            may(
                &client,
                first("verbs"),
                first("apiGroups"),
                first("resources"),
            )
            .await?;
        }
        Ok(())
    }
}

/// Two tests may add rules at once: the loser of a conflict reads again.
async fn append(client: &Client, rules: &Value) -> Result<()> {
    let mut last = None;
    for _ in 0..TRIES {
        let mut role: Value = client
            .request(Request::get(EXTRA).body(Vec::new())?)
            .await?;
        let all = [role.get("rules"), Some(rules)].into_iter().flatten();
        let all: Vec<Value> = all.filter_map(Value::as_array).flatten().cloned().collect();
        if let Some(role) = role.as_object_mut() {
            role.insert("rules".to_owned(), Value::Array(all));
        }
        let put = Request::put(EXTRA)
            .header(CONTENT_TYPE, JSON)
            .body(serde_json::to_vec(&role)?)?;
        match client.request::<Value>(put).await {
            Err(kube::Error::Api(status)) if status.code == 409 => last = Some(status.message),
            done => return done.map(drop).context("extend kubently-worker-extra"),
        }
    }
    anyhow::bail!("extend kubently-worker-extra: {last:?}")
}

/// Until the API server lets the worker do it.
async fn may(client: &Client, verb: &str, group: &str, resource: &str) -> Result<()> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": WORKER_USER,
            "groups": ["system:serviceaccounts", "system:serviceaccounts:kubently"],
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": resource,
                "subresource": subresource,
                "namespace": "default",
            },
        },
    });
    let what = format!("the worker's right to {verb} {resource} of \"{group}\"");
    wait::until(what, SEEN, async || {
        let answer = async {
            let request = Request::post("/apis/authorization.k8s.io/v1/subjectaccessreviews")
                .header(CONTENT_TYPE, JSON)
                .body(serde_json::to_vec(&review)?)?;
            anyhow::Ok(client.request::<Value>(request).await?)
        };
        match answer.await {
            Ok(answer) => Probe::when(
                answer.pointer("/status/allowed") == Some(&Value::Bool(true)),
                answer.to_string(),
            ),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await?;
    Ok(())
}
