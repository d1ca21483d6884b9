//! Whether a key may run a command: one pure function.

use crate::cluster::ClusterId;
use crate::command::{Command, Scope, TopKind};
use crate::name::Namespace;
use crate::refusal::{Refusal, RefusalCode};
use crate::verb::Verb;

use super::grant::Grant;
use super::namespaced::is_namespaced;

/// Why a key may not run a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The cluster is not in the grant: to be answered as one that does not exist, so that nobody
    /// learns which clusters there are.
    #[error("no such cluster")]
    Cluster,
    /// The verb is not in the grant.
    #[error("this key may not use {0}")]
    Verb(Verb),
    /// The namespace is not in the grant; none stands for all of them (`-A`).
    #[error("this key may not read {}", scope(.0.as_ref()))]
    Namespace(Option<Namespace>),
    /// The grant lists namespaces, and this type is not known to live in one.
    #[error("this key reads built-in namespaced types only, and {0} is none")]
    ClusterScope(String),
}

fn scope(namespace: Option<&Namespace>) -> String {
    namespace.map_or_else(
        || "all namespaces".to_owned(),
        |namespace| format!("the namespace {namespace}"),
    )
}

impl Denied {
    /// What its caller is told with 403; none where the cluster is to look unknown (404).
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let code = match self {
            Self::Cluster => return None,
            Self::Verb(_) => RefusalCode::VerbForbidden,
            Self::Namespace(_) => RefusalCode::NamespaceForbidden,
            Self::ClusterScope(_) => RefusalCode::ClusterScopeForbidden,
        };
        Some(Refusal::new(code, self.to_string()))
    }
}

/// Whether a key with this grant may run the command in the cluster.
///
/// The type is looked at before the namespace, which a cluster-scoped type ignores.
///
/// # Errors
/// The first of cluster, verb, type and namespace that the grant does not hold.
pub fn authorize(grant: &Grant, cluster: &ClusterId, command: &Command) -> Result<(), Denied> {
    if !grant.allows_cluster(cluster) {
        return Err(Denied::Cluster);
    }
    let verb = command.verb();
    if !grant.allows_verb(verb) {
        return Err(Denied::Verb(verb));
    }
    let (Some(namespaces), true) = (&grant.namespaces, verb.reads_namespaces()) else {
        return Ok(());
    };
    if let Command::Top(top) = command
        && top.kind == TopKind::Nodes
    {
        return Err(Denied::ClusterScope("nodes".to_owned()));
    }
    if let Some(other) = command
        .resources()
        .into_iter()
        .find(|resource| !is_namespaced(resource))
    {
        return Err(Denied::ClusterScope(other.to_string()));
    }
    let allowed = match command.scope() {
        Scope::All => return Err(Denied::Namespace(None)),
        Scope::Namespace(namespace) => namespaces.contains(namespace),
        Scope::Default => namespaces
            .iter()
            .any(|one| one.as_str() == Namespace::DEFAULT),
    };
    if allowed {
        return Ok(());
    }
    let named = command
        .scope()
        .namespace()
        .and_then(|name| name.parse().ok());
    Err(Denied::Namespace(named))
}

#[cfg(test)]
mod tests;
