//! The last gate before the network: it lets checked reads out, and nothing that it does not know.
//!
//! "GET only" would not be "read only": a GET of `pods/exec` or `nodes/proxy` runs programs. So a
//! request passes only when its path has the shape of a known read, its query only known keys, and
//! its headers only those that this crate sets. Credentials are added below the guard, from the
//! configuration.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderName, Method, Request, Response, StatusCode, header};
use http_body::Body;
use tower::{BoxError, Layer, Service};

use crate::request::{QUERY_KEYS, SUBRESOURCES, is_segment};

/// Why the guard let a request or a response not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not a GET.
    #[error("method {0} is not allowed")]
    Method(Method),
    /// The request names a server of its own.
    #[error("a request may not name a server")]
    Authority,
    /// The path is none of the known reads.
    #[error("path is not allowed")]
    Path,
    /// The query has a key that is not on the list.
    #[error("query is not allowed")]
    Query,
    /// A header that this crate does not set.
    #[error("header {0} is not allowed")]
    Header(HeaderName),
    /// A GET has no body.
    #[error("a body is not allowed")]
    RequestBody,
    /// The server wants another protocol or sends elsewhere.
    #[error("the server answered {0}, which is not followed")]
    Response(StatusCode),
}

/// Puts the guard on top of a client's stack.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuardLayer {
    /// Secrets may be read: the cluster's owner lets them be shown without their values.
    pub secrets: bool,
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guard {
            inner,
            secrets: self.secrets,
        }
    }
}

/// The guarded service.
#[derive(Debug, Clone)]
pub struct Guard<S> {
    inner: S,
    secrets: bool,
}

impl<S, B, R> Service<Request<B>> for Guard<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body,
    R: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Err(refused) = check(&request, self.secrets) {
            return Box::pin(std::future::ready(Err(refused.into())));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await.map_err(Into::into)?;
            let status = response.status();
            if status.is_informational() || status.is_redirection() {
                return Err(Refused::Response(status).into());
            }
            Ok(response)
        })
    }
}

/// Checks one request. Secrets stay in the cluster unless `secrets`.
///
/// # Errors
/// [`Refused`] says what does not belong there.
pub fn check<B: Body>(request: &Request<B>, secrets: bool) -> Result<(), Refused> {
    if request.method() != Method::GET {
        return Err(Refused::Method(request.method().clone()));
    }
    if request.uri().authority().is_some() || request.uri().scheme().is_some() {
        return Err(Refused::Authority);
    }
    if !is_read(request.uri().path(), secrets) {
        return Err(Refused::Path);
    }
    if !request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .all(|it| is_parameter(it, request.uri().path()))
    {
        return Err(Refused::Query);
    }
    for name in request.headers().keys() {
        if *name != header::ACCEPT && *name != header::USER_AGENT {
            return Err(Refused::Header(name.clone()));
        }
    }
    if request.body().size_hint().exact() != Some(0) {
        return Err(Refused::RequestBody);
    }
    Ok(())
}

/// `/version`, `/api`, `/apis`, and objects and lists of `/api/v1` and `/apis/GROUP/VERSION`.
fn is_read(path: &str, secrets: bool) -> bool {
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').collect();
    if !segments.iter().all(|segment| is_segment(segment)) {
        return false;
    }
    match segments.as_slice() {
        ["version" | "api" | "apis"] => true,
        ["api", "v1", rest @ ..] => is_resource(!secrets, rest),
        ["apis", _, _, rest @ ..] => is_resource(false, rest),
        _ => false,
    }
}

fn is_resource(closes_secrets: bool, segments: &[&str]) -> bool {
    match segments {
        ["namespaces", _, resource, rest @ ..] if !is_subresource(resource) => {
            is_object(closes_secrets, resource, rest)
        }
        [resource, rest @ ..] => is_object(closes_secrets, resource, rest),
        [] => false,
    }
}

/// The segments behind a type: nothing, a name, or a name and a subresource.
fn is_object(closes_secrets: bool, resource: &str, rest: &[&str]) -> bool {
    // The old watch and proxy paths stand where a type would.
    let closed = matches!(resource, "watch" | "proxy" | "redirect")
        || (closes_secrets && resource == "secrets");
    !closed
        && match rest {
            [] | [_] => true,
            [_, subresource] => is_subresource(subresource),
            _ => false,
        }
}

fn is_subresource(text: &str) -> bool {
    SUBRESOURCES.contains(&text)
}

fn is_parameter(parameter: &str, path: &str) -> bool {
    let key = parameter.split_once('=').map_or(parameter, |(key, _)| key);
    let is_known = QUERY_KEYS.contains(&key) && (key != "follow" || path.ends_with("/log"));
    parameter.is_empty() || is_known
}

#[cfg(test)]
mod tests;
