//! A server that keeps what it is given and checks nothing: objects that no API server would take, and a
//! status that no controller would leave.

use std::sync::Arc;

use kubently_tests::fake_api::Script;
use serde_json::{Value, json};

use super::{Type, discovery, path_of};

/// The types that are described, in the order of discovery.
const TYPES: &[Type] = &[
    Type("", "v1", "configmaps", "ConfigMap", true, &["cm"], &[]),
    Type("", "v1", "endpoints", "Endpoints", true, &["ep"], &[]),
    Type("", "v1", "events", "Event", true, &["ev"], &[]),
    Type(
        "",
        "v1",
        "limitranges",
        "LimitRange",
        true,
        &["limits"],
        &[],
    ),
    Type("", "v1", "namespaces", "Namespace", false, &["ns"], &[]),
    Type("", "v1", "nodes", "Node", false, &["no"], &[]),
    Type(
        "",
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        true,
        &["pvc"],
        &[],
    ),
    Type(
        "",
        "v1",
        "persistentvolumes",
        "PersistentVolume",
        false,
        &["pv"],
        &[],
    ),
    Type("", "v1", "pods", "Pod", true, &["po"], &["all"]),
    Type(
        "",
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        true,
        &["rc"],
        &["all"],
    ),
    Type(
        "",
        "v1",
        "resourcequotas",
        "ResourceQuota",
        true,
        &["quota"],
        &[],
    ),
    Type(
        "",
        "v1",
        "serviceaccounts",
        "ServiceAccount",
        true,
        &["sa"],
        &[],
    ),
    Type("", "v1", "services", "Service", true, &["svc"], &["all"]),
    Type(
        "apps",
        "v1",
        "daemonsets",
        "DaemonSet",
        true,
        &["ds"],
        &["all"],
    ),
    Type(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        true,
        &["deploy"],
        &["all"],
    ),
    Type(
        "apps",
        "v1",
        "replicasets",
        "ReplicaSet",
        true,
        &["rs"],
        &["all"],
    ),
    Type(
        "apps",
        "v1",
        "statefulsets",
        "StatefulSet",
        true,
        &["sts"],
        &["all"],
    ),
    Type(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        true,
        &["hpa"],
        &["all"],
    ),
    Type(
        "batch",
        "v1",
        "cronjobs",
        "CronJob",
        true,
        &["cj"],
        &["all"],
    ),
    Type("batch", "v1", "jobs", "Job", true, &[], &["all"]),
    Type(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        false,
        &["csr"],
        &[],
    ),
    Type(
        "coordination.k8s.io",
        "v1",
        "leases",
        "Lease",
        true,
        &[],
        &[],
    ),
    Type(
        "discovery.k8s.io",
        "v1",
        "endpointslices",
        "EndpointSlice",
        true,
        &[],
        &[],
    ),
    Type(
        "networking.k8s.io",
        "v1",
        "ingressclasses",
        "IngressClass",
        false,
        &[],
        &[],
    ),
    Type(
        "networking.k8s.io",
        "v1",
        "ingresses",
        "Ingress",
        true,
        &["ing"],
        &[],
    ),
    Type(
        "networking.k8s.io",
        "v1",
        "ipaddresses",
        "IPAddress",
        false,
        &["ip"],
        &[],
    ),
    Type(
        "networking.k8s.io",
        "v1",
        "networkpolicies",
        "NetworkPolicy",
        true,
        &["netpol"],
        &[],
    ),
    Type(
        "networking.k8s.io",
        "v1",
        "servicecidrs",
        "ServiceCIDR",
        false,
        &[],
        &[],
    ),
    Type(
        "policy",
        "v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        true,
        &["pdb"],
        &[],
    ),
    Type(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        false,
        &[],
        &[],
    ),
    Type(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterroles",
        "ClusterRole",
        false,
        &[],
        &[],
    ),
    Type(
        "rbac.authorization.k8s.io",
        "v1",
        "rolebindings",
        "RoleBinding",
        true,
        &[],
        &[],
    ),
    Type(
        "rbac.authorization.k8s.io",
        "v1",
        "roles",
        "Role",
        true,
        &[],
        &[],
    ),
    Type(
        "resource.k8s.io",
        "v1",
        "resourceslices",
        "ResourceSlice",
        false,
        &[],
        &[],
    ),
    Type(
        "scheduling.k8s.io",
        "v1",
        "priorityclasses",
        "PriorityClass",
        false,
        &["pc"],
        &[],
    ),
    Type(
        "storage.k8s.io",
        "v1",
        "csinodes",
        "CSINode",
        false,
        &[],
        &[],
    ),
    Type(
        "storage.k8s.io",
        "v1",
        "storageclasses",
        "StorageClass",
        false,
        &["sc"],
        &[],
    ),
    Type(
        "storage.k8s.io",
        "v1",
        "volumeattributesclasses",
        "VolumeAttributesClass",
        false,
        &["vac"],
        &[],
    ),
    Type(
        "zoo.example.com",
        "v1",
        "widgets",
        "Widget",
        true,
        &["wd"],
        &[],
    ),
];

/// What it holds.
#[derive(Debug, Clone)]
pub(super) struct Store(Arc<Vec<Value>>);

impl Store {
    /// These objects; one without a namespace is of its cluster. kubectl asks for built-in types in Protobuf,
    /// which knows neither null nor a list that is empty: they leave them out, here as there.
    pub(super) fn of(mut objects: Vec<Value>) -> Self {
        let is_built_in = |it: &Value| it["kind"] != "Widget";
        for object in objects.iter_mut().filter(|it| is_built_in(it)) {
            leave_out_nothing(object);
        }
        Self(Arc::new(objects))
    }

    /// Discovery, lists, objects, and as the log of a container what was asked for.
    pub(super) fn answer(&self, path: &str) -> Option<Script> {
        if let Some(script) = discovery(TYPES, path_of(path)) {
            return Some(script);
        }
        let asked = Asked::of(path)?;
        let is_asked = |it: &&Value| asked.is_of(it);
        let Some(name) = asked.name else {
            let items: Vec<&Value> = self.0.iter().filter(is_asked).collect();
            return Some(Script::json(
                200,
                &json!({
                    "kind": format!("{}List", asked.kind.3), "apiVersion": asked.version(),
                    "metadata": {}, "items": items,
                }),
            ));
        };
        let mut named = self.0.iter().filter(is_asked);
        let Some(object) = named.find(|it| it["metadata"]["name"] == name) else {
            let Type(group, _, plural, ..) = asked.kind;
            let resource = if group.is_empty() {
                (*plural).to_owned()
            } else {
                format!("{plural}.{group}")
            };
            let text = format!("{resource} \"{name}\" not found");
            return Some(Script::status(404, "NotFound", &text));
        };
        if asked.is_log {
            let mut query: Vec<&str> = asked.query.split('&').collect();
            query.sort_unstable();
            let query = query.join("&");
            return Some(Script::text(200, "text/plain", format!("{name} {query}\n")));
        }
        Some(Script::json(200, object))
    }
}

fn leave_out_nothing(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(leave_out_nothing);
            fields.retain(|_, field| !field.is_null() && field != &json!([]));
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_nothing),
        _ => {}
    }
}

/// What a path asks for.
#[derive(Debug)]
struct Asked<'p> {
    kind: &'static Type,
    namespace: Option<&'p str>,
    name: Option<&'p str>,
    is_log: bool,
    query: &'p str,
}

impl<'p> Asked<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (plural, name, is_log) = match rest {
            [plural] => (*plural, None, false),
            [plural, name] => (*plural, Some(*name), false),
            [plural, name, "log"] => (*plural, Some(*name), true),
            _ => return None,
        };
        let mut types = TYPES.iter();
        let kind = types.find(|it| (it.0, it.1, it.2) == (group, version, plural))?;
        Some(Self {
            kind,
            namespace,
            name,
            is_log,
            query,
        })
    }

    fn version(&self) -> String {
        let Type(group, version, ..) = self.kind;
        if group.is_empty() {
            (*version).to_owned()
        } else {
            format!("{group}/{version}")
        }
    }

    fn is_of(&self, object: &Value) -> bool {
        let is_here = self
            .namespace
            .is_none_or(|it| object["metadata"]["namespace"] == it);
        object["kind"] == self.kind.3
            && object["apiVersion"] == self.version()
            && is_here
            && self.selected(object)
    }

    /// Both selectors, of which it knows `=` and `!=`.
    fn selected(&self, object: &Value) -> bool {
        self.query.split('&').all(|parameter| {
            let (name, text) = parameter.split_once('=').unwrap_or((parameter, ""));
            let text = decoded(text);
            let mut terms = text.split(',').filter(|term| !term.is_empty());
            match name {
                "labelSelector" => terms.all(|term| {
                    let labels = &object["metadata"]["labels"];
                    fits(term, |key| labels[key].as_str().unwrap_or_default())
                }),
                "fieldSelector" => terms.all(|term| {
                    fits(term, |key| {
                        let pointer = format!("/{}", key.replace('.', "/"));
                        let value = object.pointer(&pointer).and_then(Value::as_str);
                        value.unwrap_or_default()
                    })
                }),
                _ => true,
            }
        })
    }
}

fn fits<'v>(term: &str, value: impl Fn(&str) -> &'v str) -> bool {
    if let Some((key, unwanted)) = term.split_once("!=") {
        return value(key) != unwanted;
    }
    let (key, wanted) = term.split_once('=').unwrap_or((term, ""));
    value(key) == wanted
}

/// A part of a query as it was before it was escaped.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&hex, 16).unwrap_or(b'%')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
