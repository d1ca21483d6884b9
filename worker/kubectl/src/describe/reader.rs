//! Reads what belongs to an object: events, pods, replica sets.

use bytes::Bytes;
use kubently_core::command::Describe;
use serde::Deserialize;

use crate::client::{Cluster, Subject};
use crate::error::{Error, Status};
use crate::get::fetch::enhance;
use crate::json::Json;
use crate::list::unreadable;
use crate::output::Limits;
use crate::request::{Accept, BadSegment, Request, Route};
use crate::table::ListMeta;

/// The types that descriptions read beside their objects.
pub(super) mod routes {
    use crate::request::Route;

    pub(in crate::describe) const EVENTS: Route<'_> = core("events");
    pub(in crate::describe) const PODS: Route<'_> = core("pods");
    pub(in crate::describe) const SERVICES: Route<'_> = core("services");
    pub(in crate::describe) const LIMIT_RANGES: Route<'_> = core("limitranges");
    pub(in crate::describe) const RESOURCE_QUOTAS: Route<'_> = core("resourcequotas");
    pub(in crate::describe) const ENDPOINT_SLICES: Route<'_> = Route {
        group: "discovery.k8s.io",
        version: "v1",
        resource: "endpointslices",
    };
    pub(in crate::describe) const REPLICA_SETS: Route<'_> = Route {
        group: "apps",
        version: "v1",
        resource: "replicasets",
    };

    pub(in crate::describe) const LEASES: Route<'_> = Route {
        group: "coordination.k8s.io",
        version: "v1",
        resource: "leases",
    };
    pub(in crate::describe) const RESOURCE_SLICES: Route<'_> = Route {
        group: "resource.k8s.io",
        version: "v1",
        resource: "resourceslices",
    };

    const fn core(resource: &str) -> Route<'_> {
        Route {
            group: "",
            version: "v1",
            resource,
        }
    }
}

/// The way to other objects, for one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) describe: &'a Describe,
    pub(super) limits: &'a Limits,
}

/// The pages of a list.
#[derive(Debug)]
pub(super) struct List(Vec<Bytes>);

/// One object.
#[derive(Debug)]
pub(super) struct Document(Bytes);

#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    items: Option<Vec<Json<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
}

impl List {
    /// The objects of all pages. Those of built-in types do not name their kind.
    pub(super) fn objects(&self) -> Result<Vec<Json<'_>>, Error> {
        let mut objects = Vec::new();
        for page in &self.0 {
            let page: Page<'_> = serde_json::from_slice(page).map_err(unreadable)?;
            objects.extend(page.items.unwrap_or_default());
        }
        Ok(objects)
    }
}

impl Document {
    /// The object.
    pub(super) fn json(&self) -> Result<Json<'_>, Error> {
        serde_json::from_slice(&self.0).map_err(unreadable)
    }
}

impl Reader<'_> {
    /// All objects of a type, in one namespace or everywhere, that both selectors select; an empty
    /// selector selects all. The pages may have as many bytes together as one answer.
    pub(super) async fn list(
        &self,
        route: Route<'_>,
        namespace: Option<&str>,
        labels: &str,
        fields: &str,
    ) -> Result<List, Error> {
        match self.list_so_far(route, namespace, labels, fields).await {
            (list, None) => Ok(list),
            (_, Some(error)) => Err(error),
        }
    }

    /// The same, and where a page fails, the pages before it.
    pub(super) async fn list_so_far(
        &self,
        route: Route<'_>,
        namespace: Option<&str>,
        labels: &str,
        fields: &str,
    ) -> (List, Option<Error>) {
        let mut pages = Vec::new();
        let read = self.read_pages(route, namespace, (labels, fields), &mut pages);
        let error = read.await.err();
        (List(pages), error)
    }

    async fn read_pages(
        &self,
        route: Route<'_>,
        namespace: Option<&str>,
        (labels, fields): (&str, &str),
        pages: &mut Vec<Bytes>,
    ) -> Result<(), Error> {
        self.may_read(route, namespace.is_none())?;
        let mut request = Request::list(route, namespace, Accept::Json)
            .map_err(bad_segment)?
            .with_some("labelSelector", Some(labels))
            .with_some("fieldSelector", Some(fields));
        if self.describe.chunk_size > 0 {
            request = request.with("limit", &self.describe.chunk_size.to_string());
        }
        let mut left = self.limits.max_response_bytes;
        let mut token: Option<String> = None;
        loop {
            let page = request.clone().with_some("continue", token.as_deref());
            let body = self
                .send(&page, route, "", left)
                .await
                .map_err(|error| enhance(error, route.resource, labels, fields))?;
            left = left.saturating_sub(body.len());
            let head: Head<'_> = serde_json::from_slice(&body).map_err(unreadable)?;
            token = head.metadata.next_page();
            pages.push(body);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// One object.
    pub(super) async fn get(
        &self,
        route: Route<'_>,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Document, Error> {
        self.may_read(route, namespace.is_none())?;
        let request = Request::get(route, namespace, name, Accept::Json).map_err(bad_segment)?;
        let limit = self.limits.max_response_bytes;
        Ok(Document(self.send(&request, route, name, limit).await?))
    }

    async fn send(
        &self,
        request: &Request,
        route: Route<'_>,
        name: &str,
        max_bytes: usize,
    ) -> Result<Bytes, Error> {
        let resource = qualified(route);
        let subject = Subject {
            resource: &resource,
            name,
            raw: false,
            typed: false,
        };
        match self.cluster.send(request, subject, max_bytes).await {
            Ok(answer) => Ok(answer.body),
            Err(failure) => Err(failure.error),
        }
    }

    /// What the cluster's owner denies is as forbidden as what its API server denies.
    fn may_read(&self, route: Route<'_>, everywhere: bool) -> Result<(), Error> {
        let policy = &self.limits.policy;
        if policy.denies(route.group, route.resource) || (everywhere && policy.is_namespaced()) {
            let resource = qualified(route);
            let text = format!("this cluster's policy does not let {resource} be read");
            return Err(Error::Status(Box::new(Status::generic(403, "", "", &text))));
        }
        Ok(())
    }
}

fn qualified(route: Route<'_>) -> String {
    if route.group.is_empty() {
        route.resource.to_owned()
    } else {
        format!("{}.{}", route.resource, route.group)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of map_err")]
fn bad_segment(error: BadSegment) -> Error {
    Error::Usage(error.to_string())
}
