//! `top`: what pods and nodes use, as the Metrics API says (kubectl `cmd/top`, `metricsutil`).

mod nodes;
mod pods;
mod usage;

use kubently_core::command::{Selector, Top, TopKind};
use serde::de::DeserializeOwned;

use crate::allowed;
use crate::client::{Answer, Cluster, Failure, Subject};
use crate::error::Error;
use crate::list::unreadable;
use crate::output::{Limits, Output, RunError};
use crate::request::{Accept, Request, Route};

const GROUP: &str = "metrics.k8s.io";
/// The versions that kubectl can read; the server says which it prefers.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// One `top`: where it asks, and what it has been told on the way.
struct Asking<'a> {
    cluster: &'a Cluster,
    top: &'a Top,
    limits: &'a Limits,
    output: Output,
}

pub(crate) async fn run(cluster: &Cluster, top: &Top, limits: &Limits) -> Result<Output, RunError> {
    let resource = top.kind.as_str();
    let namespaced = top.kind == TopKind::Pods;
    for group in ["", GROUP] {
        allowed::check(&limits.policy, group, resource, namespaced)?;
    }
    let mut asking = Asking {
        cluster,
        top,
        limits,
        output: Output::default(),
    };
    let printed = match top.kind {
        TopKind::Pods => pods::print(&mut asking).await,
        TopKind::Nodes => nodes::print(&mut asking).await,
    };
    let mut output = asking.output;
    match printed {
        Ok(stdout) => {
            output.stdout = stdout;
            output.cut(limits.max_output_bytes);
            Ok(output)
        }
        Err(error) => Ok(output.fail(&error)),
    }
}

impl Asking<'_> {
    /// The usage of all objects, or of the one that is named.
    async fn usage<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, Error> {
        let version = self.version().await?;
        let route = Route {
            group: GROUP,
            version: &version,
            resource: self.top.kind.as_str(),
        };
        if let Some(name) = &self.top.name {
            let answer = self.object(route, name.as_str()).await?;
            let usage = serde_json::from_slice(&answer.body).map_err(unreadable)?;
            return Ok(vec![usage]);
        }
        let labels = self.top.selector.as_ref().map(Selector::as_str);
        let request = Request::list(route, self.namespace(), Accept::Json)
            .map_err(|error| Error::Usage(error.to_string()))?
            .with_some("labelSelector", labels);
        let resource = format!("{}.{GROUP}", route.resource);
        let subject = Subject {
            resource: &resource,
            typed: true,
            ..Subject::default()
        };
        let answer = self.send(&request, subject).await?;
        usage::items(&answer.body)
    }

    /// One object by its name.
    async fn object(&mut self, route: Route<'_>, name: &str) -> Result<Answer, Error> {
        let request = Request::get(route, self.namespace(), name, Accept::Json)
            .map_err(|error| Error::Usage(error.to_string()))?;
        let resource = match route.group {
            "" => route.resource.to_owned(),
            group => format!("{}.{group}", route.resource),
        };
        let subject = Subject {
            resource: &resource,
            name,
            raw: false,
            typed: true,
        };
        self.send(&request, subject).await
    }

    async fn send(&mut self, request: &Request, subject: Subject<'_>) -> Result<Answer, Error> {
        let answer = self
            .cluster
            .send(request, subject, self.limits.max_response_bytes);
        let answer = self.heard(answer.await)?;
        self.output.warn(&answer.warnings);
        Ok(answer)
    }

    /// Passes on the warnings of a failure.
    fn heard<T>(&mut self, answer: Result<T, Failure>) -> Result<T, Error> {
        answer.map_err(|failure| {
            self.output.warn(&failure.warnings);
            failure.error
        })
    }

    /// Where pods are asked for; `None` for all, and for nodes.
    fn namespace(&self) -> Option<&str> {
        match self.top.kind {
            TopKind::Pods => self.top.scope.namespace(),
            TopKind::Nodes => None,
        }
    }

    /// The version of the Metrics API. A cluster that has none may have got one.
    async fn version(&self) -> Result<String, Error> {
        let (mut map, fresh) = self.cluster.resources().await.map_err(|it| it.error)?;
        if map.served_version(GROUP, &VERSIONS).is_none() && !fresh {
            let newer = self.cluster.resources_since(Some(&map)).await;
            (map, _) = newer.map_err(|it| it.error)?;
        }
        map.served_version(GROUP, &VERSIONS)
            .map(str::to_owned)
            .ok_or_else(|| Error::Usage("Metrics API not available".to_owned()))
    }
}

#[cfg(test)]
mod tests;
