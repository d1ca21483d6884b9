//! The aggregated discovery document, `apidiscovery.k8s.io/v2 APIGroupDiscoveryList`, in the
//! server's order.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct GroupList {
    #[serde(default)]
    pub(crate) items: Vec<Group>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    #[serde(default)]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) versions: Vec<GroupVersion>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct GroupVersion {
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) freshness: String,
    #[serde(default)]
    pub(crate) resources: Vec<Resource>,
}

impl GroupVersion {
    /// Its API server is away: what it served is not known now.
    pub(crate) fn is_stale(&self) -> bool {
        self.freshness == "Stale"
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    #[serde(rename = "resource")]
    pub(crate) plural: String,
    #[serde(default)]
    pub(crate) response_kind: Option<ResponseKind>,
    #[serde(default)]
    pub(crate) scope: String,
    #[serde(default, rename = "singularResource")]
    pub(crate) singular: String,
    #[serde(default)]
    pub(crate) short_names: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    pub(crate) verbs: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ResponseKind {
    #[serde(default)]
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) kind: String,
}

impl Resource {
    pub(crate) fn is_namespaced(&self) -> bool {
        self.scope == "Namespaced"
    }
}

impl ResponseKind {
    pub(crate) fn is_empty(&self) -> bool {
        self.group.is_empty() && self.version.is_empty() && self.kind.is_empty()
    }
}
