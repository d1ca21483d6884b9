//! Requests to the API server as values: built from checked segments, sent by
//! [`Cluster`](crate::client::Cluster) alone.
//!
//! kube-rs splices names and namespaces into the URL as they are, so a name such as
//! `../secrets/db` or `web/exec?command=id` would reach another object. Here every segment is
//! checked when it is added; client-go makes the same check (`IsValidPathSegmentName`), this one
//! is narrower.

use std::fmt::Write as _;

/// A text that cannot be a segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason(.0))]
pub struct BadSegment(pub String);

fn reason(segment: &str) -> String {
    match segment {
        "" => "resource name may not be empty".to_owned(),
        other => format!("{other:?} cannot be part of a request path"),
    }
}

/// Whether a text can stand between two slashes of a path: not empty, no dots alone, and only
/// characters that RFC 3986 allows there without an escape.
#[must_use]
pub fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte))
}

/// Keys that a query may have. No `watch`, no `command`, no `timeoutSeconds`.
pub(crate) const QUERY_KEYS: [&str; 13] = [
    "container",
    "continue",
    "fieldSelector",
    "follow",
    "includeObject",
    "labelSelector",
    "limit",
    "limitBytes",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "tailLines",
    "timestamps",
];

/// Subresources that may be read. All others can change something or run something.
pub(crate) const SUBRESOURCES: [&str; 3] = ["log", "scale", "status"];

/// The form in which an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// The object or list itself.
    Json,
    /// A table with the columns that the server chooses; the object, where it makes no tables.
    Table,
    /// The aggregated discovery document.
    Discovery,
    /// Text, or what explains why there is none.
    Text,
}

impl Accept {
    /// The header's value, as kubectl 1.37 sends it.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Table => {
                "application/json;as=Table;v=v1;g=meta.k8s.io,\
                 application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
            }
            Self::Discovery => {
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                 application/json"
            }
            Self::Text => "application/json, */*",
        }
    }
}

/// One GET request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    path: String,
    query: String,
    accept: Accept,
}

/// Where a resource is served: its group, version and plural name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// Empty for the core group.
    pub group: &'a str,
    /// Such as `v1`.
    pub version: &'a str,
    /// Such as `pods`.
    pub resource: &'a str,
}

impl Request {
    /// `GET /version`
    #[must_use]
    pub fn version() -> Self {
        Self::fixed("/version", Accept::Json)
    }

    /// `GET /api` and `GET /apis`: what the core group and all other groups serve.
    #[must_use]
    pub fn discovery() -> [Self; 2] {
        [
            Self::fixed("/api", Accept::Discovery),
            Self::fixed("/apis", Accept::Discovery),
        ]
    }

    /// All objects of a type; in one namespace, or everywhere.
    ///
    /// # Errors
    /// [`BadSegment`] names the first part that is none.
    pub fn list(
        route: Route<'_>,
        namespace: Option<&str>,
        accept: Accept,
    ) -> Result<Self, BadSegment> {
        let mut request = Self::fixed("", accept);
        request.push(if route.group.is_empty() {
            "api"
        } else {
            "apis"
        })?;
        if !route.group.is_empty() {
            request.push(route.group)?;
        }
        request.push(route.version)?;
        if let Some(namespace) = namespace {
            request.push("namespaces")?;
            request.push(namespace)?;
        }
        request.push(route.resource)?;
        Ok(request)
    }

    /// One object.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn get(
        route: Route<'_>,
        namespace: Option<&str>,
        name: &str,
        accept: Accept,
    ) -> Result<Self, BadSegment> {
        let mut request = Self::list(route, namespace, accept)?;
        request.push(name)?;
        Ok(request)
    }

    /// A subresource of the object that [`get`](Self::get) names.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn subresource(mut self, name: &str) -> Result<Self, BadSegment> {
        debug_assert!(SUBRESOURCES.contains(&name), "the guard refuses {name}");
        self.push(name)?;
        Ok(self)
    }

    /// What a container of a pod wrote.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn log(namespace: &str, pod: &str) -> Result<Self, BadSegment> {
        let pods = Route {
            group: "",
            version: "v1",
            resource: "pods",
        };
        let mut request = Self::get(pods, Some(namespace), pod, Accept::Text)?;
        request.push("log")?;
        Ok(request)
    }

    /// Adds a parameter, form-encoded.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        debug_assert!(QUERY_KEYS.contains(&key), "the guard refuses {key}");
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    self.query.push(char::from(byte));
                }
                b' ' => self.query.push('+'),
                // Writing into a String cannot fail.
                _ => drop(write!(self.query, "%{byte:02X}")),
            }
        }
        self
    }

    /// Adds a parameter unless it is empty or absent.
    #[must_use]
    pub fn with_some(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.with(key, value),
            _ => self,
        }
    }

    /// The path and the query.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The wanted form.
    #[must_use]
    pub fn accept(&self) -> Accept {
        self.accept
    }

    fn fixed(path: &str, accept: Accept) -> Self {
        Self {
            path: path.to_owned(),
            query: String::new(),
            accept,
        }
    }

    fn push(&mut self, segment: &str) -> Result<(), BadSegment> {
        if !is_segment(segment) {
            return Err(BadSegment(segment.to_owned()));
        }
        self.path.push('/');
        self.path.push_str(segment);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn paths_follow_group_version_namespace_and_name() {
        let list = Request::list(PODS, None, Accept::Table).unwrap();
        assert_eq!(list.path_and_query(), "/api/v1/pods");
        let get = Request::get(DEPLOYMENTS, Some("prod"), "web", Accept::Json).unwrap();
        assert_eq!(
            get.path_and_query(),
            "/apis/apps/v1/namespaces/prod/deployments/web"
        );
    }

    #[test]
    fn parameters_are_form_encoded() {
        let list = Request::list(PODS, Some("default"), Accept::Table)
            .unwrap()
            .with("limit", "500")
            .with_some("continue", None)
            .with_some("labelSelector", Some("a in (b, ü),c!=d&watch=1"));
        assert_eq!(
            list.path_and_query(),
            "/api/v1/namespaces/default/pods?limit=500\
             &labelSelector=a+in+%28b%2C+%C3%BC%29%2Cc%21%3Dd%26watch%3D1"
        );
    }

    #[test]
    fn a_segment_that_leaves_its_place_is_refused() {
        for name in [
            "",
            ".",
            "..",
            "../secrets/db",
            "web/exec",
            "web?watch=1",
            "web#x",
            "%2e%2e",
            "a b",
            "a\n",
            "ü",
            "a\\b",
            "a\"b",
        ] {
            assert_eq!(
                Request::get(PODS, Some("default"), name, Accept::Json),
                Err(BadSegment(name.to_owned()))
            );
            assert!(Request::list(PODS, Some(name), Accept::Json).is_err());
        }
        for name in ["web-1", "system:kube-dns", "a.b", "a_b@c", "...", "..a"] {
            assert!(
                Request::get(PODS, Some("default"), name, Accept::Json).is_ok(),
                "{name}"
            );
        }
    }
}
