//! What the charts give to Prometheus and Grafana, where they are asked to.

use std::time::Duration;

use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::wait::{self, Probe};
use kubently_tests::{parts, place};
use serde_json::{Value, json};

use crate::charts::{WORKER, helm, rendered};

/// An API server serves new types a moment later.
const SOON: Duration = Duration::from_secs(60);
const HUB: [&str; 14] = [
    "--set",
    "monitoring.serviceMonitor.enabled=true",
    "--set",
    "monitoring.serviceMonitor.interval=15s",
    "--set",
    "monitoring.serviceMonitor.labels.release=prometheus",
    "--set",
    "monitoring.rules.enabled=true",
    "--set",
    "monitoring.dashboard.enabled=true",
    "--set",
    "networkPolicy.scrapers.team=monitoring",
    "--set",
    "networkPolicy.collector.cidrs={10.0.0.0/8}",
];
const OF_WORKER: [&str; 8] = [
    "--set",
    "monitoring.podMonitor.enabled=true",
    "--set",
    "monitoring.rules.enabled=true",
    "--set",
    "networkPolicy.scrapers.team=monitoring",
    "--set",
    "networkPolicy.collector.cidrs={10.0.0.0/8}",
];

/// The one object of this kind whose name ends so.
#[track_caller]
fn one<'a>(objects: &'a [Value], kind: &str, end: &str) -> &'a Value {
    let is = |object: &&Value| {
        let name = object["metadata"]["name"].as_str().unwrap();
        object["kind"] == kind && name.ends_with(end)
    };
    let mut found = objects.iter().filter(is);
    let (first, second) = (found.next(), found.next());
    assert!(second.is_none(), "{kind} {end}: {second:?}");
    first.unwrap_or_else(|| panic!("no {kind} {end}"))
}

/// Whether labels have all of these.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object().unwrap();
    wanted.iter().all(|(key, value)| labels[key] == *value)
}

fn names_port(object: &Value, port: &str, number: u16) -> bool {
    let containers = object.pointer("/spec/template/spec/containers").unwrap();
    let ports = containers.as_array().unwrap().iter();
    let mut ports = ports.flat_map(|container| container["ports"].as_array().unwrap());
    ports.any(|own| own["name"] == port && own["containerPort"] == number)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_asks_for_an_operator_unless_it_is_wanted() {
    for (chart, args) in [("kubently-hub", &[][..]), ("kubently-worker", &WORKER)] {
        let objects = rendered("k", chart, "kubently", args).await;
        for object in &objects {
            let version = object["apiVersion"].as_str().unwrap();
            assert!(!version.starts_with("monitoring."), "{object}");
            let name = object["metadata"]["name"].as_str().unwrap();
            assert!(!name.ends_with("-dashboard") && !name.ends_with("-admin"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_monitor_finds_the_admin_port_of_the_gateways_and_of_nothing_else() {
    let objects = rendered("k", "kubently-hub", "kubently", &HUB).await;
    let monitor = one(&objects, "ServiceMonitor", "-gateway");
    assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(endpoint["path"], "/metrics");
    assert_eq!(endpoint["interval"], "15s");
    let selector = &monitor["spec"]["selector"]["matchLabels"];
    let services = objects.iter().filter(|object| object["kind"] == "Service");
    let found: Vec<_> = services
        .filter(|service| selects(selector, &service["metadata"]["labels"]))
        .collect();
    assert_eq!(found, [one(&objects, "Service", "-gateway-admin")]);
    let (service, gateway) = (found[0], one(&objects, "Deployment", "-gateway"));
    assert_eq!(endpoint["port"], service["spec"]["ports"][0]["name"]);
    let pods = &gateway["spec"]["template"]["metadata"]["labels"];
    assert!(selects(&service["spec"]["selector"], pods));
    assert!(names_port(gateway, "admin", 9090));
    assert_eq!(service["spec"]["ports"][0]["targetPort"], "admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_monitor_finds_the_admin_port_of_the_workers() {
    let args = [&WORKER[..], &OF_WORKER].concat();
    let objects = rendered("k", "kubently-worker", "kubently", &args).await;
    let monitor = one(&objects, "PodMonitor", "k");
    let worker = one(&objects, "Deployment", "k");
    let selector = &monitor["spec"]["selector"]["matchLabels"];
    let pods = &worker["spec"]["template"]["metadata"]["labels"];
    assert!(selects(selector, pods));
    let endpoint = &monitor["spec"]["podMetricsEndpoints"][0];
    assert_eq!(
        (&endpoint["port"], &endpoint["path"]),
        (&json!("admin"), &json!("/metrics"))
    );
    assert!(names_port(worker, "admin", 9091));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboard_arrive_whole() {
    let of_worker = [&WORKER[..], &OF_WORKER].concat();
    for (chart, args, end) in [
        ("kubently-hub", &HUB[..], "k"),
        ("kubently-worker", &of_worker, "k"),
    ] {
        let objects = rendered("k", chart, "kubently", args).await;
        let rules = one(&objects, "PrometheusRule", end);
        let groups = rules["spec"]["groups"].as_array().unwrap();
        let alerts = groups[0]["rules"].as_array().unwrap();
        assert!(alerts.len() > 4, "{chart}");
        for alert in alerts {
            for field in ["alert", "expr", "for"] {
                assert!(alert[field].is_string(), "{field} of {alert}");
            }
            let severity = alert["labels"]["severity"].as_str().unwrap();
            assert!(
                ["info", "warning", "critical"].contains(&severity),
                "{alert}"
            );
            let told = alert["annotations"]["description"].as_str().unwrap();
            // Prometheus fills these in, not helm.
            assert!(!told.contains("{{") || told.contains("}}"), "{told}");
        }
        if chart == "kubently-hub" {
            let told = rules.to_string();
            assert!(told.contains("{{ $labels.cluster }}"), "{told}");
            let dashboard = one(&objects, "ConfigMap", "-dashboard");
            assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
            let text = dashboard["data"]["kubently.json"].as_str().unwrap();
            let shown: Value = serde_json::from_str(text).unwrap();
            assert_eq!(shown["title"], "Kubently");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_schemas_take_every_monitor_and_every_rule() {
    // Of its own: types that come and go would be seen by whoever lists them.
    let cluster = Cluster::start().await.unwrap();
    let kubectl = Kubectl::new(cluster.admin_kubeconfig()).await.unwrap();
    let definitions = parts::monitors().await.unwrap();
    for plural in ["servicemonitors", "podmonitors", "prometheusrules"] {
        let file = definitions.join(format!("monitoring.coreos.com_{plural}.yaml"));
        let file = file.to_string_lossy().into_owned();
        let created = kubectl.run(["create", "-f", &file]).await.unwrap();
        assert_eq!(created.exit_code, Some(0), "{}", created.err());
    }
    let of_worker = [&WORKER[..], &OF_WORKER].concat();
    let mut objects = rendered("k", "kubently-hub", "default", &HUB).await;
    objects.extend(rendered("k", "kubently-worker", "default", &of_worker).await);
    objects.retain(|object| object["apiVersion"] == "monitoring.coreos.com/v1");
    let mut kinds: Vec<_> = objects
        .iter()
        .map(|object| object["kind"].as_str())
        .collect();
    kinds.sort_unstable();
    let wanted = [
        "PodMonitor",
        "PrometheusRule",
        "PrometheusRule",
        "ServiceMonitor",
    ];
    assert_eq!(kinds, wanted.map(Some));
    let dir = place::fresh("monitors").unwrap();
    let apply = async |objects: &[Value]| {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let path = dir.path().join("list.json");
        std::fs::write(&path, list.to_string()).unwrap();
        let path = path.to_string_lossy().into_owned();
        let strictly = ["--dry-run=server", "--validate=strict", "-f", &path];
        let applied = [&["apply", "--server-side"][..], &strictly].concat();
        kubectl.run(applied).await.unwrap()
    };
    wait::until("the types", SOON, async || {
        let applied = apply(&objects).await;
        let is_known = applied.exit_code == Some(0);
        Probe::when(is_known, applied.err())
    })
    .await
    .unwrap();
    // And they are looked at: a field that there is not, and an interval that is none.
    for (field, value) in [("everySoOften", "30s"), ("interval", "now and then")] {
        let mut odd = objects.clone();
        let monitor = odd.iter_mut().find(|it| it["kind"] == "PodMonitor");
        monitor.unwrap()["spec"]["podMetricsEndpoints"][0][field] = json!(value);
        let refused = apply(&odd).await;
        assert_eq!(refused.exit_code, Some(1), "{field}");
        assert!(refused.err().contains(field), "{}", refused.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapers_come_in_and_spans_go_out_only_where_it_is_said() {
    let worker = [&WORKER[..], &OF_WORKER].concat();
    for (chart, plain, asked, name, port) in [
        ("kubently-hub", &[][..], &HUB[..], "-gateway", 9090),
        ("kubently-worker", &WORKER, &worker, "k", 9091),
    ] {
        let open = |objects: &[Value]| {
            let policy = one(objects, "NetworkPolicy", name).to_string();
            let scraped = policy.contains(&format!("\"port\":{port}"));
            (scraped, policy.contains("\"port\":4318"))
        };
        let shut = rendered("k", chart, "kubently", plain).await;
        assert_eq!(open(&shut), (false, false), "{chart}");
        let opened = rendered("k", chart, "kubently", asked).await;
        assert_eq!(open(&opened), (true, true), "{chart}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_of_monitoring_are_refused() {
    for (chart, value, part) in [
        (
            "kubently-hub",
            "monitoring.serviceMonitor.interval=often",
            "interval",
        ),
        (
            "kubently-hub",
            "monitoring.podMonitor.enabled=true",
            "podMonitor",
        ),
        (
            "kubently-hub",
            "monitoring.rules.enabled=yes",
            "/monitoring/rules/enabled",
        ),
        (
            "kubently-worker",
            "monitoring.podMonitor.interval=1h",
            "interval",
        ),
        (
            "kubently-worker",
            "monitoring.dashboard.enabled=true",
            "dashboard",
        ),
        (
            "kubently-worker",
            "networkPolicy.collector.cidrs={all}",
            "/networkPolicy/collector",
        ),
    ] {
        let plain = if chart == "kubently-worker" {
            &WORKER[..]
        } else {
            &[]
        };
        let args = [plain, &["--set", value]].concat();
        let run = helm("k", chart, "kubently", &args).await;
        assert!(run.err.contains(part), "{value}: {}", run.err);
    }
}
