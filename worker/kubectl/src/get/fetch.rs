//! The requests of `get`.

use std::future::Future;
use std::pin::Pin;

use futures::future::{MaybeDone, maybe_done};
use futures::{Stream, StreamExt as _};
use kubently_core::command::{Get, GetOutput, Scope, Selector};
use kubently_core::name::Namespace;

use super::PARALLEL;
use crate::client::{Answer, Cluster, Failure, Subject};
use crate::discovery::Mapping;
use crate::error::Error;
use crate::output::Limits;
use crate::printer::text::Quoted;
use crate::request::{Accept, Request, Route};
use crate::table::ListMeta;

/// What the rows of a table are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortedBy {
    /// They stay as they are.
    Nothing,
    /// The metadata, which comes with every row that is not trimmed.
    Metadata,
    /// Any part of the object.
    Object,
}

/// A command's requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetch<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) get: &'a Get,
    pub(crate) limits: &'a Limits,
    /// Whole objects instead of tables.
    pub(crate) whole: bool,
    /// Parts of the objects that a table is sorted by are needed beside it.
    pub(crate) sorted_by: SortedBy,
}

impl<'a> Fetch<'a> {
    /// The requests of a command that reads whole objects.
    pub(crate) fn of_objects(cluster: &'a Cluster, get: &'a Get, limits: &'a Limits) -> Self {
        Self {
            cluster,
            get,
            limits,
            whole: true,
            sorted_by: SortedBy::Nothing,
        }
    }

    /// The namespace that is asked for; `None` for all.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.get.scope.namespace()
    }

    pub(crate) fn all_namespaces(&self) -> bool {
        matches!(self.get.scope, Scope::All)
    }

    pub(super) fn wide(&self) -> bool {
        self.get.output == GetOutput::Wide
    }

    /// Labels are printed.
    pub(crate) fn shows_labels(&self) -> bool {
        self.get.show_labels || !self.get.label_columns.is_empty()
    }

    /// The first page of each type, in order.
    pub(crate) fn first_pages(
        &self,
        mappings: &[Mapping],
    ) -> impl Stream<Item = Result<Answer, Failure>> {
        // Collected first: a closure over borrows in the stream keeps it from being Send.
        let pages: Vec<_> = mappings.iter().map(|it| self.page(it, None)).collect();
        futures::stream::iter(pages).buffered(PARALLEL)
    }

    /// These objects, in order.
    pub(crate) fn objects(
        &self,
        objects: &[(Mapping, String)],
    ) -> impl Stream<Item = Result<Answer, Failure>> {
        let requests: Vec<_> = objects
            .iter()
            .map(|(it, name)| self.object(it, name))
            .collect();
        futures::stream::iter(requests).buffered(PARALLEL)
    }

    /// One page of a type's objects.
    pub(crate) async fn page(
        &self,
        mapping: &Mapping,
        token: Option<String>,
    ) -> Result<Answer, Failure> {
        let namespace = if mapping.namespaced {
            self.namespace()
        } else {
            None
        };
        let get = self.get;
        let labels = get.selector.as_ref().map(Selector::as_str);
        let fields = get.field_selector.as_ref().map(Selector::as_str);
        let mut request = Request::list(mapping.route(), namespace, self.accept())
            .map_err(|error| Error::Usage(error.to_string()))?
            .with_some("labelSelector", labels)
            .with_some("fieldSelector", fields)
            .with_some("continue", token.as_deref());
        if get.chunk_size > 0 {
            request = request.with("limit", &get.chunk_size.to_string());
        }
        let resource = mapping.group_resource();
        let subject = Subject {
            resource: &resource,
            ..Subject::default()
        };
        let answer = self
            .cluster
            .send(&self.trim(request, mapping), subject, self.max_bytes())
            .await;
        match answer {
            Err(failure) => {
                if failure.error.is_not_found() {
                    self.cluster.forget_resources().await;
                }
                Err(Failure {
                    error: enhance(
                        failure.error,
                        &mapping.long_name(),
                        labels.unwrap_or_default(),
                        fields.unwrap_or_default(),
                    ),
                    ..failure
                })
            }
            answer => answer,
        }
    }

    /// Asks for the page behind `answer` before that is read: its token stands at the head of the
    /// page, and the server works while this side prints. Dropping the future gives the page up.
    pub(super) async fn ahead<'f>(
        &'f self,
        mapping: &'f Mapping,
        answer: &Answer,
    ) -> Option<Ahead<impl Future<Output = Result<Answer, Failure>> + 'f>> {
        let token = token_at_head(&answer.body)?;
        let mut page = Box::pin(maybe_done(self.page(mapping, Some(token.clone()))));
        // A first poll sends the request; what it answers is taken later.
        let _ = futures::poll!(&mut page);
        Some(Ahead { token, page })
    }

    /// The page with this token, which may be under way.
    pub(super) async fn next_page<F>(
        &self,
        mapping: &Mapping,
        token: String,
        ahead: Option<Ahead<F>>,
    ) -> Result<Answer, Failure>
    where
        F: Future<Output = Result<Answer, Failure>>,
    {
        if let Some(mut ahead) = ahead
            && ahead.token == token
        {
            ahead.page.as_mut().await;
            if let Some(page) = ahead.page.as_mut().take_output() {
                return page;
            }
        }
        self.page(mapping, Some(token)).await
    }

    /// One object. Where it does not exist, and neither does its namespace, that is the error.
    pub(crate) async fn object(&self, mapping: &Mapping, name: &str) -> Result<Answer, Failure> {
        let namespace = if mapping.namespaced {
            self.namespace()
        } else {
            None
        };
        let request = Request::get(mapping.route(), namespace, name, self.accept());
        let request = match self.get.subresource {
            Some(part) => request.and_then(|request| request.subresource(part.as_str())),
            None => request,
        };
        let request = request.map_err(|error| Error::Usage(error.to_string()))?;
        let resource = mapping.group_resource();
        let subject = Subject {
            resource: &resource,
            name,
            raw: false,
            typed: false,
        };
        let answer = self
            .cluster
            .send(&self.trim(request, mapping), subject, self.max_bytes())
            .await;
        if let (Err(failure), Some(namespace)) = (&answer, namespace)
            && failure.error.is_not_found()
            && namespace != Namespace::DEFAULT
            && !self.limits.policy.denies("", "namespaces")
            && let Err(missing) = self.namespace_object(namespace).await
            && missing.error.is_not_found()
        {
            return Err(missing);
        }
        answer
    }

    async fn namespace_object(&self, namespace: &str) -> Result<Answer, Failure> {
        let route = Route {
            group: "",
            version: "v1",
            resource: "namespaces",
        };
        let request = Request::get(route, None, namespace, Accept::Json)
            .map_err(|error| Error::Usage(error.to_string()))?;
        self.cluster
            .send(&request, Subject::default(), self.max_bytes())
            .await
    }

    fn accept(&self) -> Accept {
        if self.whole {
            Accept::Json
        } else {
            Accept::Table
        }
    }

    fn max_bytes(&self) -> usize {
        self.limits.max_response_bytes
    }

    /// Leaves the objects' metadata out of a table that prints nothing of it: that is most of the
    /// bytes and of the server's work. kubectl always asks for it and prints the same.
    fn trim(&self, request: Request, mapping: &Mapping) -> Request {
        let shows_namespace = self.all_namespaces() && mapping.namespaced;
        let shows_labels = self.shows_labels();
        if self.whole {
            return request;
        }
        match self.sorted_by {
            SortedBy::Object => request.with("includeObject", "Object"),
            SortedBy::Metadata => request,
            SortedBy::Nothing if shows_namespace || shows_labels => request,
            SortedBy::Nothing => request.with("includeObject", "None"),
        }
    }
}

/// A page that was asked for before it was known to be wanted.
pub(super) struct Ahead<F: Future> {
    token: String,
    page: Pin<Box<MaybeDone<F>>>,
}

/// The token of the next page, where the list's metadata stands in front of its items. It is only a
/// hint: the page says it again when it is read.
fn token_at_head(body: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"\"metadata\":";
    let head = body.get(..4096).unwrap_or(body);
    let start = head.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let rest = head.get(start..)?;
    let end = rest.iter().position(|&byte| byte == b'}')?;
    let metadata: ListMeta<'_> = serde_json::from_slice(rest.get(..=end)?).ok()?;
    metadata.next_page()
}

/// Says what was listed, where the server's text does not (cli-runtime `EnhanceListError`).
pub(crate) fn enhance(error: Error, subject: &str, labels: &str, fields: &str) -> Error {
    let Error::Status(mut status) = error else {
        return error;
    };
    if status.is_bad_request() || status.is_not_found() {
        let message = &status.message;
        status.message = if labels.is_empty() && fields.is_empty() {
            format!("Unable to list {}: {message}", Quoted(subject))
        } else {
            let [subject, labels, fields] = [subject, labels, fields].map(Quoted);
            format!(
                "Unable to find {subject} that match label selector {labels}, field selector {fields}: \
                 {message}"
            )
        };
    }
    Error::Status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_read_from_the_head_of_a_page() {
        let page =
            br#"{"kind":"Table","metadata":{"resourceVersion":"5","continue":"abc"},"rows":["#;
        assert_eq!(token_at_head(page).as_deref(), Some("abc"));
        for page in [
            r#"{"kind":"Table","metadata":{"resourceVersion":"5"},"rows":[]}"#,
            r#"{"items":[{"metadata":{"labels":{"continue":"x"}}}],"metadata":{"continue":"y"}}"#,
            r#"{"kind":"Table"}"#,
            "",
        ] {
            assert_eq!(token_at_head(page.as_bytes()), None, "{page}");
        }
    }
}
