//! The charts: rendered by helm, checked by their schemas and by a real API server, and the worker's rights
//! counted one by one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use http::Request;
use kubently_tests::cluster::Cluster;
use kubently_tests::guard::{Ending, Spec};
use kubently_tests::kubectl::Kubectl;
use kubently_tests::parts::{self, Part};
use kubently_tests::place;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Every right of a worker: group, resource, verbs. Whoever adds one has to say so here.
const RIGHTS: &str = include_str!("charts/rights.txt");
/// The least that the worker's chart must be told.
pub(crate) const WORKER: [&str; 6] = [
    "--set",
    "cluster=prod-eu",
    "--set",
    "nats.url=tls://hub.example.com:4222",
    "--set",
    "nats.nkey=SUAEXAMPLE",
];

pub(crate) struct Rendered {
    ending: Ending,
    out: String,
    pub(crate) err: String,
}

/// `helm template RELEASE CHART -n NAMESPACE ARGS…`
pub(crate) async fn helm(release: &str, chart: &str, namespace: &str, args: &[&str]) -> Rendered {
    parts::ready(&[Part::Helm]).await.unwrap();
    let dir = place::fresh("helm").unwrap();
    let chart = place::workspace().join("deploy/charts").join(chart);
    let mut run = Spec::new("helm", parts::program(Part::Helm).unwrap(), dir.path())
        .args(["template", release])
        .arg(&chart)
        .args(["-n", namespace, "--kube-version", "1.37.1"])
        .args(args)
        .spawn()
        .unwrap();
    let ending = run.wait(LIMIT).await.unwrap();
    let read = |stream: &str| std::fs::read_to_string(dir.path().join(stream)).unwrap_or_default();
    Rendered {
        ending,
        out: read("helm.out"),
        err: read("helm.err"),
    }
}

pub(crate) async fn rendered(
    release: &str,
    chart: &str,
    namespace: &str,
    args: &[&str],
) -> Vec<Value> {
    let run = helm(release, chart, namespace, args).await;
    assert_eq!(run.ending, Ending::Code(0), "{}", run.err);
    objects(&run.out)
}

fn objects(yaml: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    all.into_iter().filter(Value::is_object).collect()
}

/// An object without what a release adds to it.
fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("labels");
    }
    object
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charts_rights_are_those_of_the_plain_manifest() {
    let path = place::workspace().join("deploy/rbac.yaml");
    let manifest = objects(&std::fs::read_to_string(path).unwrap());
    let chart = rendered("kubently-worker", "kubently-worker", "kubently", &WORKER).await;
    let kinds = [
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    ];
    let of = |objects: Vec<Value>| -> Vec<Value> {
        let rights = objects.into_iter();
        let rights = rights.filter(|o| kinds.contains(&o["kind"].as_str().unwrap()));
        let mut rights: Vec<_> = rights.map(plain).collect();
        rights.sort_by_key(|o| format!("{}{}", o["kind"], o["metadata"]["name"]));
        rights
    };
    assert_eq!(of(chart), of(manifest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_api_server_takes_every_object_of_both_charts() {
    let cluster = Cluster::shared().await.unwrap();
    let kubectl = Kubectl::new(cluster.admin_kubeconfig()).await.unwrap();
    let namespace = cluster.namespace("charts").await.unwrap();
    let namespaced = format!("rbac.namespaces={{{namespace}}}");
    let more = [
        "--set",
        "rbac.mode=namespaced",
        "--set",
        &namespaced,
        "--set-string",
        "nats.ca=PEM",
        "--set",
        "policy.verbs={get,logs}",
        "--set",
        "config.slots=8",
        "--set",
        "replicas=1",
    ];
    let everything = [
        "--set",
        "ingress.enabled=true",
        "--set",
        "ingress.className=nginx",
        "--set",
        "ingress.tlsSecret=tls",
        "--set",
        "autoscaling.enabled=true",
        "--set",
        "networkPolicy.callers.team=agents",
        "--set",
        "nats.replicas=1",
        "--set",
        "monitoring.dashboard.enabled=true",
        "--set",
        "networkPolicy.scrapers.team=monitoring",
        "--set",
        "gateway.apiKeysSecret=keys",
    ];
    let external = [
        "--set",
        "nats.enabled=false",
        "--set",
        "nats.url=tls://hub.example.com:4222",
    ];
    let variants: [(&str, Vec<&str>); 5] = [
        ("kubently-worker", WORKER.to_vec()),
        ("kubently-worker", [&WORKER[..], &more[..]].concat()),
        ("kubently-hub", Vec::new()),
        ("kubently-hub", everything.to_vec()),
        ("kubently-hub", external.to_vec()),
    ];
    let dir = place::fresh("manifests").unwrap();
    let mut kinds = BTreeSet::new();
    for (number, (chart, args)) in variants.iter().enumerate() {
        let objects = rendered("k", chart, &namespace, args).await;
        assert!(objects.len() >= 5, "{chart}");
        for object in &objects {
            kinds.insert(object["kind"].as_str().unwrap().to_owned());
        }
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let path: PathBuf = dir.path().join(format!("{number}.json"));
        std::fs::write(&path, list.to_string()).unwrap();
        let path = path.to_string_lossy().into_owned();
        let applied = kubectl
            .run([
                "apply",
                "--server-side",
                "--dry-run=server",
                "--validate=strict",
                "-f",
                &path,
            ])
            .await
            .unwrap();
        assert_eq!(
            applied.exit_code,
            Some(0),
            "{chart} {args:?}: {}",
            applied.err()
        );
    }
    for kind in [
        "Deployment",
        "StatefulSet",
        "Service",
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "Ingress",
    ] {
        assert!(kinds.contains(kind), "{kind} is in no variant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_run_without_privileges_and_take_no_service_links() {
    for (chart, args) in [("kubently-worker", &WORKER[..]), ("kubently-hub", &[])] {
        let objects = rendered("k", chart, "kubently", args).await;
        let mut pods = 0;
        for object in &objects {
            let Some(pod) = object.pointer("/spec/template/spec") else {
                continue;
            };
            pods += 1;
            assert_eq!(pod["enableServiceLinks"], false, "{pod}");
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{pod}");
            assert_eq!(
                pod["securityContext"]["seccompProfile"]["type"],
                "RuntimeDefault"
            );
            for container in pod["containers"].as_array().unwrap() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false);
                assert_eq!(context["readOnlyRootFilesystem"], true);
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
        }
        assert!(pods > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_know_each_server_of_their_hub_by_its_own_name() {
    for (replicas, args) in [(3, &[][..]), (1, &["--set", "nats.replicas=1"])] {
        let objects = rendered("k", "kubently-hub", "ns", args).await;
        let of = |kind: &str, name: &str| {
            let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
            objects.iter().find(is).unwrap()
        };
        let servers = &of("StatefulSet", "k-nats")["spec"];
        assert_eq!(servers["replicas"], replicas);
        let service = servers["serviceName"].as_str().unwrap();
        let config = &of("ConfigMap", "k-gateway")["data"]["gateway.yaml"];
        let config = config.as_str().unwrap();
        let urls: Vec<_> = (0..replicas)
            .map(|number| format!("tls://k-nats-{number}.{service}.ns.svc:4222"))
            .collect();
        let urls = format!("nats_url: {}\n", urls.join(","));
        assert!(config.contains(&urls), "{config}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_of_the_gateway_api_is_rendered_where_it_is_asked_for() {
    let routes = |objects: &[Value]| {
        let route = |object: &&Value| object["kind"] == "HTTPRoute";
        objects.iter().filter(route).count()
    };
    let plain = rendered("k", "kubently-hub", "kubently", &[]).await;
    assert_eq!(routes(&plain), 0);
    let asked = [
        "--set",
        "httpRoute.enabled=true",
        "--set",
        "httpRoute.parentRefs[0].name=public",
    ];
    let asked = rendered("k", "kubently-hub", "kubently", &asked).await;
    assert_eq!(routes(&asked), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_refused_by_the_schema() {
    for (chart, value, part) in [
        ("kubently-worker", "cluster=Prod.EU", "/cluster"),
        ("kubently-worker", "nats.url=hub", "/nats/url"),
        ("kubently-worker", "replica=3", "replica"),
        ("kubently-worker", "rbac.mode=admin", "/rbac/mode"),
        (
            "kubently-worker",
            "rbac.mode=namespaced",
            "/rbac/namespaces",
        ),
        (
            "kubently-worker",
            "policy.verbs={get,exec}",
            "/policy/verbs",
        ),
        ("kubently-worker", "policy.secrets=allow", "/policy/secrets"),
        (
            "kubently-worker",
            "config.policy=x",
            "propertyName 'policy'",
        ),
        ("kubently-hub", "gateway.replicas=1", "/gateway/replicas"),
        ("kubently-hub", "nats.replicas=2", "/nats/replicas"),
        ("kubently-hub", "nats.enabled=false", "/nats/url"),
        (
            "kubently-hub",
            "httpRoute.enabled=true",
            "/httpRoute/parentRefs",
        ),
        ("kubently-hub", "service.type=Public", "/service/type"),
    ] {
        let mut args = if chart == "kubently-worker" {
            WORKER.to_vec()
        } else {
            Vec::new()
        };
        args.extend(["--set", value]);
        let run = helm("k", chart, "kubently", &args).await;
        assert_ne!(run.ending, Ending::Code(0), "{value}");
        assert!(run.err.contains(part), "{value}: {}", run.err);
    }
    let no_key = &WORKER[..4];
    let run = helm("k", "kubently-worker", "kubently", no_key).await;
    assert!(
        run.err
            .contains("nats.nkey or nats.existingSecret is needed"),
        "{}",
        run.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_may_do_what_is_written_down_and_nothing_more() {
    let cluster = Cluster::shared().await.unwrap();
    let namespace = cluster.namespace("rights").await.unwrap();
    // Names of its own: other tests add rules to the shared worker's roles.
    let objects = rendered(&namespace, "kubently-worker", &namespace, &WORKER).await;
    let rights: Vec<Value> = objects
        .into_iter()
        .filter(|object| {
            let kind = object["kind"].as_str().unwrap();
            kind == "ServiceAccount" || kind.starts_with("ClusterRole")
        })
        .collect();
    cluster.apply_all(&rights).await.unwrap();
    let client = cluster.admin().await.unwrap();
    let user = |name: &str| format!("system:serviceaccount:{namespace}:{name}");
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    });
    let wanted: BTreeSet<&str> = RIGHTS.lines().collect();
    let client = &client;
    let body = &body;
    let asked = |user: String| async move {
        let request = Request::post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews")
            .header("content-type", "application/json")
            .header("impersonate-user", &user)
            .header("impersonate-group", "system:serviceaccounts")
            .body(serde_json::to_vec(body).unwrap())
            .unwrap();
        let answer: Value = client.request(request).await.unwrap();
        flat(&answer["status"]["resourceRules"])
    };
    // What Kubernetes itself lets every service account do.
    let everybody = asked(user("somebody-else")).await;
    // An authorizer sees new roles a moment later.
    let seen = kubently_tests::wait::until("the rights", LIMIT, async || {
        let mut found = asked(user("kubently-worker")).await;
        found.retain(|right| !everybody.contains(right));
        let same = found.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted;
        if same {
            return kubently_tests::wait::Probe::Ready(());
        }
        let more: Vec<_> = found
            .iter()
            .filter(|r| !wanted.contains(r.as_str()))
            .collect();
        let less: Vec<_> = wanted.iter().filter(|r| !found.contains(**r)).collect();
        kubently_tests::wait::Probe::NotYet(format!("beyond: {more:?}; missing: {less:?}"))
    })
    .await;
    seen.unwrap();
}

/// `group/resource verb`, one for each.
fn flat(rules: &Value) -> BTreeSet<String> {
    let strings = |rule: &Value, field: &str| -> Vec<String> {
        let list = rule[field].as_array().cloned().unwrap_or_default();
        list.iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let mut all = BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        for group in strings(rule, "apiGroups") {
            for resource in strings(rule, "resources") {
                for verb in strings(rule, "verbs") {
                    all.insert(format!("{group}/{resource} {verb}"));
                }
            }
        }
    }
    all
}
