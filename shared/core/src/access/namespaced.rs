//! The built-in types that live in namespaces, by every name that they go by.
//!
//! Source: the API reference of Kubernetes 1.37. Types that can only be created (bindings, access
//! reviews) are left out. A gateway does not know a cluster's own types, so a key with a list of
//! namespaces reads these and nothing else.

use crate::name::ResourceArg;

/// A built-in type: its group (empty for core), plural, singular and short name.
struct BuiltIn(
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

/// What every cluster serves, so that a bare name can mean nothing else there.
const NAMESPACED: &[BuiltIn] = &[
    BuiltIn("", "configmaps", "configmap", Some("cm")),
    BuiltIn("", "endpoints", "endpoints", Some("ep")),
    BuiltIn("", "events", "event", Some("ev")),
    BuiltIn("", "limitranges", "limitrange", Some("limits")),
    BuiltIn(
        "",
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        Some("pvc"),
    ),
    BuiltIn("", "pods", "pod", Some("po")),
    BuiltIn("", "podtemplates", "podtemplate", None),
    BuiltIn(
        "",
        "replicationcontrollers",
        "replicationcontroller",
        Some("rc"),
    ),
    BuiltIn("", "resourcequotas", "resourcequota", Some("quota")),
    BuiltIn("", "secrets", "secret", None),
    BuiltIn("", "serviceaccounts", "serviceaccount", Some("sa")),
    BuiltIn("", "services", "service", Some("svc")),
    BuiltIn("apps", "controllerrevisions", "controllerrevision", None),
    BuiltIn("apps", "daemonsets", "daemonset", Some("ds")),
    BuiltIn("apps", "deployments", "deployment", Some("deploy")),
    BuiltIn("apps", "replicasets", "replicaset", Some("rs")),
    BuiltIn("apps", "statefulsets", "statefulset", Some("sts")),
    BuiltIn(
        "autoscaling",
        "horizontalpodautoscalers",
        "horizontalpodautoscaler",
        Some("hpa"),
    ),
    BuiltIn("batch", "cronjobs", "cronjob", Some("cj")),
    BuiltIn("batch", "jobs", "job", None),
    BuiltIn("coordination.k8s.io", "leases", "lease", None),
    BuiltIn("discovery.k8s.io", "endpointslices", "endpointslice", None),
    BuiltIn("events.k8s.io", "events", "event", Some("ev")),
    BuiltIn("networking.k8s.io", "ingresses", "ingress", Some("ing")),
    BuiltIn(
        "networking.k8s.io",
        "networkpolicies",
        "networkpolicy",
        Some("netpol"),
    ),
    BuiltIn(
        "policy",
        "poddisruptionbudgets",
        "poddisruptionbudget",
        Some("pdb"),
    ),
    BuiltIn(
        "rbac.authorization.k8s.io",
        "rolebindings",
        "rolebinding",
        None,
    ),
    BuiltIn("rbac.authorization.k8s.io", "roles", "role", None),
    BuiltIn(
        "storage.k8s.io",
        "csistoragecapacities",
        "csistoragecapacity",
        None,
    ),
];

/// Newer than the oldest clusters, where the bare name could be a custom resource's: these go by
/// their name with group only.
const WITH_GROUP: &[BuiltIn] = &[
    BuiltIn("resource.k8s.io", "resourceclaims", "resourceclaim", None),
    BuiltIn(
        "resource.k8s.io",
        "resourceclaimtemplates",
        "resourceclaimtemplate",
        None,
    ),
];

/// Whether the text names a built-in type that lives in namespaces. Categories such as `all`,
/// cluster-scoped types and whatever a cluster added do not.
pub(super) fn is_namespaced(resource: &ResourceArg) -> bool {
    let base = resource.base();
    let named = |built_in: &&BuiltIn| {
        let BuiltIn(_, plural, singular, short) = built_in;
        *plural == base || *singular == base || short.is_some_and(|short| short == base)
    };
    let suffix = resource
        .as_str()
        .split_once('.')
        .map(|(_, suffix)| suffix.to_ascii_lowercase())
        .filter(|suffix| !suffix.is_empty());
    match suffix {
        None => NAMESPACED.iter().any(|built_in| named(&built_in)),
        Some(suffix) => NAMESPACED
            .iter()
            .chain(WITH_GROUP)
            .filter(named)
            .any(|BuiltIn(group, ..)| is_group(group, &suffix)),
    }
}

/// Whether `GROUP` or `VERSION.GROUP` is the group, in a version that it has. An unknown version
/// is refused, because kubectl then takes both words for the name of another group.
fn is_group(group: &str, suffix: &str) -> bool {
    let versioned = |version: &str| suffix.strip_prefix(version) == Some(group);
    let newer = group == "autoscaling" && versioned("v2.");
    (suffix == group && !group.is_empty()) || versioned("v1.") || newer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_each_of_its_names() {
        for text in [
            "pods",
            "pod",
            "po",
            "PODS",
            "Deployment",
            "deploy",
            "deployments.apps",
            "deployments.v1.apps",
            "deploy.apps",
            "pods.v1.",
            "pods.",
            "events",
            "events.events.k8s.io",
            "events.v1.events.k8s.io",
            "hpa.v2.autoscaling",
            "ingresses.networking.k8s.io",
            "netpol",
            "resourceclaims.resource.k8s.io",
        ] {
            assert!(is_namespaced(&text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_types_categories_and_other_groups_are_not() {
        for text in [
            "nodes",
            "no",
            "namespaces",
            "ns",
            "pv",
            "clusterroles",
            "storageclasses",
            "crd",
            "all",
            "api-extensions",
            "certificates.cert-manager.io",
            "widgets",
            "pods.metrics.k8s.io",
            "deployments.example.com",
            "deployments.v9.apps",
            "deployments.v1.",
            "deployments.v2.apps",
            "deployments.app",
            "secrets.v1.example.com",
            "resourceclaims",
            "nodes.v1.",
        ] {
            assert!(!is_namespaced(&text.parse().unwrap()), "{text}");
        }
    }
}
