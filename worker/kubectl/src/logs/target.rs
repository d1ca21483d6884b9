//! Whose logs: from what the caller names to pods (kubectl `polymorphichelpers`).

use std::collections::BTreeMap;
use std::time::Duration;

use kubently_core::command::{Logs, LogsTarget, Selector};
use kubently_core::name::Namespace;
use serde::Deserialize;
use tokio::time::Instant;

use super::pod::Pod;
use super::ranking::rank;
use crate::allowed;
use crate::client::{Answer, Cluster, Failure, Subject};
use crate::discovery::Mapping;
use crate::error::Error;
use crate::list::unreadable;
use crate::output::{Limits, RunError};
use crate::printer::text::Quoted;
use crate::request::{Accept, Request, Route};

const PODS: Route<'_> = Route {
    group: "",
    version: "v1",
    resource: "pods",
};
const NAMESPACES: Route<'_> = Route {
    group: "",
    version: "v1",
    resource: "namespaces",
};
/// How often an object without pods is looked at again. kubectl watches; here nothing may.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Finds pods for one command.
pub(super) struct Finder<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) logs: &'a Logs,
    pub(super) limits: &'a Limits,
    /// When the command must have ended, if ever.
    pub(super) deadline: Option<Instant>,
    /// Lines for standard error.
    pub(super) notes: Vec<String>,
}

/// Why there are no pods.
pub(super) enum NotFound {
    /// kubectl's error.
    Error(Error),
    /// The policy says no.
    Refused(RunError),
}

impl From<Error> for NotFound {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

#[derive(Deserialize)]
struct PodList {
    #[serde(default)]
    items: Vec<Pod>,
}

/// The selectors of an object that has pods.
#[derive(Deserialize)]
struct Owner {
    #[serde(default)]
    spec: OwnerSpec,
}

#[derive(Default, Deserialize)]
struct OwnerSpec {
    #[serde(default)]
    selector: Option<serde_json::Value>,
}

/// `metav1.LabelSelector`
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Deserialize)]
struct Requirement {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
}

impl Finder<'_> {
    /// The pods whose logs are asked for, in the order in which they are printed.
    pub(super) async fn find(&mut self) -> Result<Vec<Pod>, NotFound> {
        self.check("", "pods", true)?;
        match &self.logs.target {
            LogsTarget::Pod(name) => Ok(vec![self.pod(name.as_str()).await?]),
            LogsTarget::Selector(selector) => Ok(self.selected(selector).await?),
            LogsTarget::Object(argument, name) => {
                let mapping = self.resolve(argument.as_str()).await?;
                self.check(&mapping.group, &mapping.resource, mapping.namespaced)?;
                if (mapping.group.as_str(), mapping.kind.as_str()) == ("", "Pod") {
                    return Ok(vec![self.pod(name.as_str()).await?]);
                }
                self.pods_of(&mapping, name.as_str()).await
            }
        }
    }

    fn namespace(&self) -> &str {
        self.logs.scope.namespace().unwrap_or(Namespace::DEFAULT)
    }

    fn check(&self, group: &str, resource: &str, namespaced: bool) -> Result<(), NotFound> {
        allowed::check(&self.limits.policy, group, resource, namespaced).map_err(NotFound::Refused)
    }

    /// What a type's name means; an unknown one is looked for once more in a fresh map.
    async fn resolve(&mut self, argument: &str) -> Result<Mapping, Error> {
        let mut stale = None;
        loop {
            let resources = self.cluster.resources_since(stale.as_ref()).await;
            let (map, fresh) = resources.map_err(|failure| failure.error)?;
            let mut ambiguous = Vec::new();
            match map.resolve(argument, &mut ambiguous) {
                Err(_) if !fresh => stale = Some(map),
                resolved => {
                    self.warn(ambiguous);
                    return resolved;
                }
            }
        }
    }

    async fn pod(&mut self, name: &str) -> Result<Pod, Error> {
        let request = segments(Request::get(
            PODS,
            Some(self.namespace()),
            name,
            Accept::Json,
        ))?;
        let answer = self.object(&request, "pods", name).await?;
        read(&answer)
    }

    /// An object, by kubectl's rules for what is missing.
    async fn object(
        &mut self,
        request: &Request,
        resource: &str,
        name: &str,
    ) -> Result<Answer, Error> {
        let subject = Subject {
            resource,
            name,
            raw: false,
            typed: true,
        };
        let error = match self.send(request, subject).await {
            Err(error) if error.is_not_found() => error,
            answer => return answer,
        };
        let namespace = self.namespace();
        let error = self.missing_namespace(namespace).await.unwrap_or(error);
        Err(Error::Usage(format!(
            "error from server (NotFound): {error} in namespace {namespace:?}"
        )))
    }

    /// The error for a namespace that does not exist, which then is the reason.
    async fn missing_namespace(&self, namespace: &str) -> Option<Error> {
        let may_look = !self.limits.policy.denies("", "namespaces");
        if namespace == Namespace::DEFAULT || !may_look {
            return None;
        }
        let request = Request::get(NAMESPACES, None, namespace, Accept::Json).ok()?;
        let (subject, most) = (Subject::default(), self.limits.max_response_bytes);
        let failure = self.cluster.send(&request, subject, most).await.err()?;
        failure.error.is_not_found().then_some(failure.error)
    }

    /// The pods that a selector of the caller's selects, in the server's order.
    async fn selected(&mut self, selector: &Selector) -> Result<Vec<Pod>, Error> {
        let selector = selector.as_str();
        let pods = match self.pods(selector).await {
            Err(Error::Status(mut status)) if status.is_bad_request() => {
                status.message = format!(
                    "Unable to find \"/v1, Resource=pods\" that match label selector \
                     {}, field selector \"\": {}",
                    Quoted(selector),
                    status.message
                );
                return Err(Error::Status(status));
            }
            pods => pods?,
        };
        if pods.is_empty() {
            let namespace = self.namespace();
            self.notes
                .push(format!("No resources found in {namespace} namespace."));
        }
        Ok(pods)
    }

    /// The pods of an object: the best one, or with `--all-pods` all of them, the best first.
    async fn pods_of(&mut self, mapping: &Mapping, name: &str) -> Result<Vec<Pod>, NotFound> {
        let namespace = mapping.namespaced.then(|| self.namespace().to_owned());
        let request = segments(Request::get(
            mapping.route(),
            namespace.as_deref(),
            name,
            Accept::Json,
        ))?;
        let answer = self
            .object(&request, &mapping.group_resource(), name)
            .await?;
        let selector = selector_of(mapping, name, &answer)?;
        let mut pods = rank(self.await_pods(&selector).await?);
        if pods.len() > 1 && !self.logs.all_pods {
            let count = pods.len();
            let name = pods.first().map_or("", |it| it.metadata.name.as_str());
            self.notes
                .push(format!("Found {count} pods, using pod/{name}"));
            pods.truncate(1);
        }
        Ok(pods)
    }

    /// An object's pods, waiting for the first one for as long as `--pod-running-timeout` says and
    /// the command has time.
    async fn await_pods(&mut self, selector: &str) -> Result<Vec<Pod>, Error> {
        let patience = u64::try_from(self.logs.pod_running_timeout.as_nanos()).unwrap_or(0);
        let mut until = Instant::now() + Duration::from_nanos(patience);
        if let Some(deadline) = self.deadline {
            // A little earlier, so that it can still be said.
            until = until.min(deadline - LOOK_AGAIN / 4);
        }
        loop {
            let pods = self.pods(selector).await?;
            if !pods.is_empty() {
                return Ok(pods);
            }
            let now = Instant::now();
            if now >= until {
                let text = "timed out waiting for the condition";
                return Err(Error::Usage(text.to_owned()));
            }
            tokio::time::sleep_until(until.min(now + LOOK_AGAIN)).await;
        }
    }

    async fn pods(&mut self, selector: &str) -> Result<Vec<Pod>, Error> {
        let request = segments(Request::list(PODS, Some(self.namespace()), Accept::Json))?
            .with_some("labelSelector", Some(selector));
        let subject = Subject {
            resource: "pods",
            typed: true,
            ..Subject::default()
        };
        let answer = self.send(&request, subject).await?;
        Ok(read::<PodList>(&answer)?.items)
    }

    /// Sends a request and keeps the server's warnings, each once.
    async fn send(&mut self, request: &Request, subject: Subject<'_>) -> Result<Answer, Error> {
        let most = self.limits.max_response_bytes;
        match self.cluster.send(request, subject, most).await {
            Ok(mut answer) => {
                self.warn(std::mem::take(&mut answer.warnings));
                Ok(answer)
            }
            Err(Failure { error, warnings }) => {
                self.warn(warnings);
                Err(error)
            }
        }
    }

    fn warn(&mut self, texts: Vec<String>) {
        for text in texts {
            let line = format!("Warning: {text}");
            if !self.notes.contains(&line) {
                self.notes.push(line);
            }
        }
    }
}

fn segments(request: Result<Request, crate::request::BadSegment>) -> Result<Request, Error> {
    request.map_err(|error| Error::Usage(error.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    serde_json::from_slice(&answer.body).map_err(unreadable)
}

/// The label selector of an object's pods, for a query (`SelectorsForObject`).
fn selector_of(mapping: &Mapping, name: &str, answer: &Answer) -> Result<String, Error> {
    let Mapping {
        group,
        version,
        kind,
        ..
    } = mapping;
    let refuse = |why: &str| {
        let text = format!("cannot get the logs from *{version}.{kind}: {why}");
        Err(Error::Usage(text))
    };
    let invalid = |error: serde_json::Error| Error::Unreadable(error.to_string());
    let selector = || {
        let owner: Owner = read(answer)?;
        Ok(owner.spec.selector.unwrap_or_default())
    };
    match (group.as_str(), kind.as_str()) {
        ("", "Service" | "ReplicationController") => {
            let labels: Option<BTreeMap<String, String>> =
                serde_json::from_value(selector()?).map_err(invalid)?;
            let labels = labels.unwrap_or_default();
            if kind == "Service" && labels.is_empty() {
                return refuse(&format!(
                    "invalid service '{name}': Service is defined without a selector"
                ));
            }
            Ok(equalities(&labels).join(","))
        }
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("batch", "Job") => {
            let selector: Option<LabelSelector> =
                serde_json::from_value(selector()?).map_err(invalid)?;
            let selector = selector.unwrap_or_default();
            let mut parts = equalities(&selector.match_labels);
            for requirement in &selector.match_expressions {
                let Some(text) = requirement.text() else {
                    let operator = &requirement.operator;
                    return refuse(&format!(
                        "invalid label selector: {operator:?} is not a valid label selector \
                         operator"
                    ));
                };
                parts.push(text);
            }
            Ok(parts.join(","))
        }
        _ => refuse(&format!("selector for *{version}.{kind} not implemented")),
    }
}

fn equalities(labels: &BTreeMap<String, String>) -> Vec<String> {
    let pairs = labels.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect()
}

impl Requirement {
    fn text(&self) -> Option<String> {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator.as_str() {
            "In" => Some(format!("{key} in ({values})")),
            "NotIn" => Some(format!("{key} notin ({values})")),
            "Exists" => Some(key.clone()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    }
}
