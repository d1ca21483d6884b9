//! What the worker's own credential may do, as the API server says: pre-flight, never a command.
//!
//! The one place that posts anything. Its client is made here and dropped here; commands have
//! another one, which lets only checked GETs out. The bodies are ours, and a review stores nothing.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use kube::Client;
use kubently_core::preflight::{Finding, Outcome};
use serde_json::{Value, json};

use crate::client::config;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
const API: &str = "/apis/authorization.k8s.io/v1";
/// What a worker never needs: verb, group, resource, subresource.
const NEVER: [[&str; 4]; 16] = [
    ["get", "", "secrets", ""],
    ["list", "", "secrets", ""],
    ["create", "", "pods", ""],
    ["delete", "", "pods", ""],
    ["create", "", "pods", "exec"],
    ["get", "", "pods", "exec"],
    ["create", "", "pods", "attach"],
    ["create", "", "pods", "portforward"],
    ["create", "", "pods", "eviction"],
    ["get", "", "nodes", "proxy"],
    ["get", "", "services", "proxy"],
    ["create", "", "serviceaccounts", "token"],
    ["impersonate", "", "users", ""],
    ["patch", "apps", "deployments", ""],
    ["escalate", "rbac.authorization.k8s.io", "clusterroles", ""],
    ["*", "*", "*", ""],
];
/// What every authenticated user may create, and what reviews are.
const HARMLESS: [&str; 3] = [
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
];

/// Asks the API server for its version and for our rights there. `namespace` is one that the
/// worker reads.
pub async fn review(config: kube::Config, namespace: &str) -> Vec<Finding> {
    const ABOUT: &str = "API server";
    let url = config.cluster_url.to_string();
    if let Err(error) = config::check(&config) {
        return vec![Finding::new(ABOUT, Outcome::Bad, error.to_string())];
    }
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => return vec![Finding::new(ABOUT, Outcome::Bad, chain(&error))],
    };
    let reached = match ask(&client, get("/version")).await {
        Ok(version) => {
            let version = version.get("gitVersion").and_then(Value::as_str);
            let version = version.unwrap_or("of no version");
            Finding::new(ABOUT, Outcome::Good, format!("{version} at {url}"))
        }
        Err(why) => {
            let text = format!("{url} cannot be asked: {why}");
            return vec![Finding::new(ABOUT, Outcome::Bad, text)];
        }
    };
    vec![
        reached,
        needed(&client, namespace).await,
        excess(&client, namespace).await,
    ]
}

/// Reading pods is the least that a worker is for.
async fn needed(client: &Client, namespace: &str) -> Finding {
    const ABOUT: &str = "reading";
    match may(client, ["list", "", "pods", ""], namespace).await {
        Ok(true) => Finding::new(ABOUT, Outcome::Good, format!("pods of {namespace}")),
        Ok(false) => Finding::new(
            ABOUT,
            Outcome::Bad,
            format!("not even pods of {namespace}: bind the roles of deploy/rbac.yaml"),
        ),
        Err(why) => Finding::new(ABOUT, Outcome::Unknown, why),
    }
}

async fn excess(client: &Client, namespace: &str) -> Finding {
    const ABOUT: &str = "only reading";
    let mut found = Vec::new();
    for [verb, group, resource, subresource] in NEVER {
        match may(client, [verb, group, resource, subresource], "").await {
            Ok(true) => found.push(name(verb, resource, subresource)),
            Ok(false) => {}
            Err(why) => return Finding::new(ABOUT, Outcome::Unknown, why),
        }
    }
    match rules(client, namespace).await {
        Ok(more) => found.extend(more),
        Err(why) => return Finding::new(ABOUT, Outcome::Unknown, why),
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Finding::new(ABOUT, Outcome::Good, "get and list, and no secrets");
    }
    let more = found.len().saturating_sub(12);
    found.truncate(12);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let text = format!(
        "this credential could also {}{rest}: the worker never does, but whoever steals it would; \
         bind only the roles of deploy/rbac.yaml",
        found.join(", ")
    );
    Finding::new(ABOUT, Outcome::Excess, text)
}

/// The rules that the server lists for us in one namespace and that are no reading.
async fn rules(client: &Client, namespace: &str) -> Result<Vec<String>, String> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let answer = ask(client, post("selfsubjectrulesreviews", &body)).await?;
    let mut found = Vec::new();
    let rules = answer.pointer("/status/resourceRules");
    for rule in rules.and_then(Value::as_array).into_iter().flatten() {
        for resource in strings(rule, "resources") {
            if HARMLESS.contains(&resource) {
                continue;
            }
            for verb in strings(rule, "verbs") {
                // Kubernetes itself lets every service account watch a type or two.
                let reads = ["get", "list", "watch"].contains(&verb);
                if !reads || ["*", "secrets"].contains(&resource) {
                    found.push(name(verb, resource, ""));
                }
            }
        }
    }
    Ok(found)
}

fn name(verb: &str, resource: &str, subresource: &str) -> String {
    match subresource {
        "" => format!("{verb} {resource}"),
        below => format!("{verb} {resource}/{below}"),
    }
}

fn strings<'a>(rule: &'a Value, field: &str) -> Vec<&'a str> {
    let list = rule.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

async fn may(client: &Client, right: [&str; 4], namespace: &str) -> Result<bool, String> {
    let [verb, group, resource, subresource] = right;
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "subresource": subresource,
            "namespace": namespace,
        }},
    });
    let answer = ask(client, post("selfsubjectaccessreviews", &body)).await?;
    Ok(answer.pointer("/status/allowed") == Some(&Value::Bool(true)))
}

fn get(path: &str) -> http::Result<Request<Vec<u8>>> {
    Request::get(path).body(Vec::new())
}

fn post(review: &str, body: &Value) -> http::Result<Request<Vec<u8>>> {
    Request::post(format!("{API}/{review}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()).to_vec())
}

async fn ask(client: &Client, request: http::Result<Request<Vec<u8>>>) -> Result<Value, String> {
    let request = request.map_err(|error| error.to_string())?;
    match tokio::time::timeout(PATIENCE, client.request::<Value>(request)).await {
        Ok(answer) => answer.map_err(|error| chain(&error)),
        Err(_) => Err("no answer within 5 s".to_owned()),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
