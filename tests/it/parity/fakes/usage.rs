//! `top` over figures that no simulated node has: of every unit, missing, without containers, swap.

use kubently_tests::fake_api::Script;
use serde_json::{Value, json};

use super::{Case, Type, discovery, path_of};

const TYPES: &[Type] = &[
    Type("", "v1", "pods", "Pod", true, &["po"], &[]),
    Type("", "v1", "nodes", "Node", false, &["no"], &[]),
    Type(
        "metrics.k8s.io",
        "v1beta1",
        "nodes",
        "NodeMetrics",
        false,
        &[],
        &[],
    ),
    Type(
        "metrics.k8s.io",
        "v1beta1",
        "pods",
        "PodMetrics",
        true,
        &[],
        &[],
    ),
];

/// A group of the other version first.
const NEWER: &[Type] = &[
    Type("", "v1", "nodes", "Node", false, &["no"], &[]),
    Type(
        "metrics.k8s.io",
        "v1",
        "nodes",
        "NodeMetrics",
        false,
        &[],
        &[],
    ),
    Type(
        "metrics.k8s.io",
        "v1beta1",
        "nodes",
        "NodeMetrics",
        false,
        &[],
        &[],
    ),
];

/// A version that kubectl does not know.
const OTHER: &[Type] = &[
    Type("", "v1", "nodes", "Node", false, &["no"], &[]),
    Type(
        "metrics.k8s.io",
        "v2",
        "nodes",
        "NodeMetrics",
        false,
        &[],
        &[],
    ),
];

const PODS: &[&str] = &[
    "top pods",
    "top pods -A",
    "top pods --containers",
    "top pods -A --containers --sort-by=cpu",
    "top pods --sort-by=memory",
    "top pods --sort-by=cpu --no-headers",
    "top pods --sum",
    "top pods -A --sum --containers",
    "top pods --show-swap",
    "top pods --show-swap --containers --sum",
    "top pod a",
    "top pod a --containers --sum --show-swap",
];
const NODES: &[&str] = &[
    "top nodes",
    "top nodes --sort-by=cpu",
    "top nodes --sort-by=memory",
    "top nodes --show-capacity",
    "top nodes --show-swap",
    "top nodes --show-swap --show-capacity --no-headers",
    "top node a",
    "top node e",
];

fn pod(namespace: &str, name: &str, containers: &[(&str, &str, &str, Option<&str>)]) -> Value {
    let containers = containers.iter().map(|(name, cpu, memory, swap)| {
        let mut usage = json!({"cpu": cpu, "memory": memory});
        if let Some(swap) = swap {
            usage["swap"] = json!(swap);
        }
        json!({"name": name, "usage": usage})
    });
    json!({
        "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "2026-11-01T00:00:00Z"},
        "timestamp": "2026-11-01T00:00:00Z", "window": "15s", "containers": containers.collect::<Vec<_>>(),
    })
}

fn pods() -> Vec<Value> {
    vec![
        pod(
            "default",
            "b",
            &[
                ("z", "12345678n", "65536Ki", None),
                ("y", "1", "1Gi", Some("1Mi")),
            ],
        ),
        pod("default", "a", &[("c", "1500m", "300M", Some("0"))]),
        pod("other", "a", &[("c", "0", "0", None)]),
        pod(
            "default",
            "c",
            &[
                ("only", "999999n", "1048575", Some("3Gi")),
                ("b", "1n", "1", Some("1048577")),
            ],
        ),
        pod("default", "d", &[]),
        pod("default", "e", &[("c", "1e3", "1Ti", None)]),
        pod("default", "f", &[("c", "1500m", "128974848", None)]),
        pod("default", "g", &[("c", "0.5", "123456789e-3", None)]),
    ]
}

fn list(kind: &str, items: &[Value]) -> Script {
    list_of("v1beta1", kind, items)
}

fn list_of(version: &str, kind: &str, items: &[Value]) -> Script {
    let version = format!("metrics.k8s.io/{version}");
    Script::json(
        200,
        &json!({"kind": kind, "apiVersion": version, "metadata": {}, "items": items}),
    )
}

fn node(name: &str, cpu: &str, memory: &str, swap: Option<i64>) -> Value {
    json!({
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": name},
        "status": {
            "capacity": {"cpu": "8", "memory": "32Gi"},
            "allocatable": {"cpu": cpu, "memory": memory},
            "nodeInfo": {"swap": swap.map(|bytes| json!({"capacity": bytes}))},
        },
    })
}

fn usage(name: &str, cpu: &str, memory: &str, swap: Option<&str>) -> Value {
    let mut usage = json!({"cpu": cpu, "memory": memory});
    if let Some(swap) = swap {
        usage["swap"] = json!(swap);
    }
    json!({
        "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {"name": name},
        "timestamp": "2026-11-01T00:00:00Z", "window": "15s", "usage": usage,
    })
}

fn nodes(path: &str) -> Option<Script> {
    let nodes = [
        node("a", "8", "32Gi", Some(1 << 30)),
        node("b", "3900m", "15Gi", None),
        node("c", "0", "0", Some(0)),
        node("d", "1", "1000M", Some(12_345)),
        node("e", "4", "1Ti", None),
    ];
    let figures = [
        usage("d", "1234567890n", "999M", Some("12000")),
        usage("b", "1950m", "7680Mi", None),
        usage("a", "137402984n", "1Gi", Some("512Mi")),
        usage("c", "1m", "1", Some("1")),
    ];
    let named = |items: &[Value], name: &str| {
        let item = items.iter().find(|it| it["metadata"]["name"] == name);
        item.map_or_else(
            || {
                Script::status(
                    404,
                    "NotFound",
                    &format!("nodemetrics.metrics.k8s.io {name:?} not found"),
                )
            },
            |item| Script::json(200, item),
        )
    };
    let path = path_of(path);
    match path.rsplit_once('/')? {
        ("/api/v1", "nodes") => Some(Script::json(
            200,
            &json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": nodes}),
        )),
        ("/apis/metrics.k8s.io/v1beta1", "nodes") => Some(list("NodeMetricsList", &figures)),
        ("/apis/metrics.k8s.io/v1", "nodes") => Some(list_of("v1", "NodeMetricsList", &figures)),
        ("/api/v1/nodes", name) => Some(named(&nodes, name)),
        ("/apis/metrics.k8s.io/v1beta1/nodes", name) => Some(named(&figures, name)),
        _ => None,
    }
}

/// No figures: whether pods are young, old or not there.
fn without(age: Option<i64>) -> impl Fn(&str, usize) -> Option<Script> {
    move |path: &str, _| {
        if let Some(script) = discovery(TYPES, path_of(path)) {
            return Some(script);
        }
        let created = age.map(|age| {
            let at = chrono::Utc::now() - chrono::Duration::seconds(age);
            at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        });
        let pods = created.map(|at| {
            json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "default", "creationTimestamp": at}})
        });
        let pods: Vec<Value> = pods.into_iter().collect();
        match path_of(path) {
            "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"
            | "/apis/metrics.k8s.io/v1beta1/pods" => Some(list("PodMetricsList", &[])),
            "/apis/metrics.k8s.io/v1beta1/nodes" => Some(list("NodeMetricsList", &[])),
            "/api/v1/nodes" => Some(Script::json(
                200,
                &json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": []}),
            )),
            "/api/v1/namespaces/default/pods" | "/api/v1/pods" => Some(Script::json(
                200,
                &json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods}),
            )),
            _ => None,
        }
    }
}

pub(super) fn cases() -> Vec<Case> {
    let of_pods = |path: &str, _| {
        if let Some(script) = discovery(TYPES, path_of(path)) {
            return Some(script);
        }
        let all = pods();
        let here: Vec<Value> = all
            .iter()
            .filter(|it| it["metadata"]["namespace"] == "default")
            .cloned()
            .collect();
        match path_of(path).strip_prefix("/apis/metrics.k8s.io/v1beta1/")? {
            "pods" => Some(list("PodMetricsList", &all)),
            "namespaces/default/pods" => Some(list("PodMetricsList", &here)),
            "namespaces/default/pods/a" => all.get(1).map(|pod| Script::json(200, pod)),
            _ => None,
        }
    };
    let of_nodes = |types: &'static [Type]| {
        move |path: &str, _: usize| discovery(types, path_of(path)).or_else(|| nodes(path))
    };
    vec![
        Case::new("figures of pods", of_pods, PODS),
        Case::new("figures of nodes", of_nodes(TYPES), NODES),
        Case::new(
            "figures of the newer version",
            of_nodes(NEWER),
            &["top nodes", "top pods"],
        ),
        Case::new(
            "figures of an unknown version",
            of_nodes(OTHER),
            &["top nodes", "top pods"],
        ),
        Case::new(
            "no figures, an old pod",
            without(Some(3_723)),
            &["top pods", "top pods -A", "top nodes"],
        ),
        Case::new(
            "no figures, a young pod",
            without(Some(30)),
            &["top pods", "top pods -A --containers"],
        ),
        Case::new(
            "no figures, no pod",
            without(None),
            &["top pods", "top pods -A", "top pods --sum"],
        ),
    ]
}
