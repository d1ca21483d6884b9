//! Who hears of every request to the API server: how often, how long and how it went.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::request::{Request, SUBRESOURCES};

/// One request in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// `list`, `get`, `log`, `discovery` or `version`.
    pub verb: &'static str,
    /// The plural of what is read; empty for the last two verbs.
    pub resource: &'a str,
    /// The namespace that is read.
    pub namespace: Option<&'a str>,
    /// The path, without the query.
    pub path: &'a str,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered.
    Answered(StatusCode),
    /// It could not be asked, or did not answer.
    Failed,
    /// Nobody waits for the answer any more.
    GivenUp,
}

/// What is called with the outcome, once.
pub type Ended = Box<dyn FnOnce(Outcome) + Send>;

/// Hears of every request, a repeated one each time.
pub trait Observer: Send + Sync {
    /// A request is about to be sent.
    fn begin(&self, call: &Call<'_>) -> Ended;
}

/// A request that is under way; dropped, it has ended.
pub(crate) struct Observed {
    ended: Option<Ended>,
    outcome: Outcome,
}

impl Observed {
    /// Tells that this request begins.
    pub(crate) fn begin(observer: Option<&Arc<dyn Observer>>, request: &Request) -> Self {
        let outcome = Outcome::GivenUp;
        let ended = observer.map(|observer| observer.begin(&call(request)));
        Self { ended, outcome }
    }

    /// What is known of its end by now.
    pub(crate) fn set(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended(self.outcome);
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.outcome).finish()
    }
}

fn call(request: &Request) -> Call<'_> {
    let path = request.path();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let rest = match segments.as_slice() {
        ["version"] => return other("version", path),
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] if !rest.is_empty() => rest,
        _ => return other("discovery", path),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, of, ..] if !SUBRESOURCES.contains(of) => {
            (Some(*namespace), rest.get(2..).unwrap_or_default())
        }
        _ => (None, rest),
    };
    let (verb, resource) = match rest {
        [resource] => ("list", *resource),
        [resource, _, "log"] => ("log", *resource),
        [resource, ..] => ("get", *resource),
        [] => ("get", ""),
    };
    Call {
        verb,
        resource,
        namespace,
        path,
    }
}

const fn other<'a>(verb: &'static str, path: &'a str) -> Call<'a> {
    Call {
        verb,
        resource: "",
        namespace: None,
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Accept, Route};

    const PODS: Route<'_> = Route {
        group: "",
        version: "v1",
        resource: "pods",
    };
    const DEPLOYMENTS: Route<'_> = Route {
        group: "apps",
        version: "v1",
        resource: "deployments",
    };
    const NAMESPACES: Route<'_> = Route {
        group: "",
        version: "v1",
        resource: "namespaces",
    };

    #[test]
    fn a_request_is_told_in_words_and_without_its_query() {
        let list = |route, namespace| Request::list(route, namespace, Accept::Table).unwrap();
        let get = |route, namespace| Request::get(route, namespace, "web", Accept::Json).unwrap();
        let [core, groups] = Request::discovery();
        let log = get(PODS, Some("demo")).subresource("log").unwrap();
        let asked = list(PODS, None).with_some("labelSelector", Some("token=x"));
        for (request, verb, resource, namespace) in [
            (Request::version(), "version", "", None),
            (core, "discovery", "", None),
            (groups, "discovery", "", None),
            (asked, "list", "pods", None),
            (list(PODS, Some("demo")), "list", "pods", Some("demo")),
            (get(PODS, Some("demo")), "get", "pods", Some("demo")),
            (log, "log", "pods", Some("demo")),
            (list(DEPLOYMENTS, None), "list", "deployments", None),
            (get(DEPLOYMENTS, Some("a")), "get", "deployments", Some("a")),
            (list(NAMESPACES, None), "list", "namespaces", None),
            (get(NAMESPACES, None), "get", "namespaces", None),
        ] {
            let call = call(&request);
            assert_eq!(
                (call.verb, call.resource, call.namespace),
                (verb, resource, namespace)
            );
            assert!(!call.path.contains('?'), "{}", call.path);
        }
    }
}
