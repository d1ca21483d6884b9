use kubently_core::command::Command;
use kubently_core::verb::Verb;

use crate::client::fake::{Reply, cluster};
use crate::{Limits, run};

const METRICS: &str = r#"{"items":[{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","resources":[
  {"resource":"pods","responseKind":{"kind":"PodMetrics"},"scope":"Namespaced","singularResource":"pod","verbs":["get","list"]}]}]}]}"#;
const EMPTY: &str = r#"{"items":[]}"#;
const PODS: &str = r#"{"kind":"PodMetricsList","items":[
  {"metadata":{"name":"web","namespace":"b"},"containers":[
    {"name":"proxy","usage":{"cpu":"12345678n","memory":"1536Ki"}},
    {"name":"app","usage":{"cpu":"100m","memory":"64Mi","swap":"2Mi"}}]},
  {"metadata":{"name":"db","namespace":"c"},"containers":[{"name":"db","usage":{"cpu":"2","memory":"1Gi"}}]},
  {"metadata":{"name":"zero","namespace":"a"},"containers":null}]}"#;
const NODE_USAGE: &str = r#"{"items":[
  {"metadata":{"name":"n2"},"usage":{"cpu":"1500m","memory":"8Gi","swap":"512Mi"}},
  {"metadata":{"name":"n1"},"usage":{"cpu":"250m","memory":"1Gi"}},
  {"metadata":{"name":"gone"},"usage":{"cpu":"1m","memory":"1Mi"}}]}"#;
const NODES: &str = r#"{"items":[
  {"metadata":{"name":"n1"},"status":{"allocatable":{"cpu":"2","memory":"4Gi"},"capacity":{"cpu":"4","memory":"0"},"nodeInfo":{}}},
  {"metadata":{"name":"n2"},"status":{"allocatable":{"cpu":"2","memory":"16Gi"},"nodeInfo":{"swap":{"capacity":1073741824}}}},
  {"metadata":{"name":"new"},"status":{}}]}"#;

/// Runs a command against a server that answers discovery and `answers` by the start of the path.
async fn top(
    groups: &'static str,
    answers: &'static [(&'static str, &'static str)],
    args: &[&str],
) -> (String, String, i32) {
    let (cluster, _) = cluster(move |target| match target {
        "/api" => Reply::ok(EMPTY),
        "/apis" => Reply::ok(groups),
        _ => match answers.iter().find(|(path, _)| target.starts_with(path)) {
            Some((_, body)) => Reply::ok(*body),
            None => Reply::status(404, "NotFound", target),
        },
    });
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse(Verb::Top, &args, None).unwrap();
    let output = run(&cluster, &command, &Limits::default()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    // Spaces at the ends of lines are seen in a snapshot only by what stands behind them.
    let out: String = text(output.stdout).replace('\n', "|\n");
    (out, text(output.stderr), output.exit_code)
}

const USAGE: &str = "/apis/metrics.k8s.io/v1beta1/";

#[tokio::test]
async fn pods_are_sums_over_containers_in_order_of_names() {
    let (out, ..) = top(METRICS, &[(USAGE, PODS)], &["pods", "--sum"]).await;
    insta::assert_snapshot!(out, @r"
    NAME   CPU(cores)   MEMORY(bytes)   |
    db     2000m        1024Mi          |
    web    113m         65Mi            |
    zero   0m           0Mi             |
           ________     ________        |
           2113m        1089Mi          |
    ");
}

#[tokio::test]
async fn containers_have_lines_of_their_own() {
    let args = [
        "pods",
        "-A",
        "--containers",
        "--show-swap",
        "--sort-by=memory",
    ];
    let (out, ..) = top(METRICS, &[(USAGE, PODS)], &args).await;
    insta::assert_snapshot!(out, @r"
    NAMESPACE   POD   NAME    CPU(cores)   MEMORY(bytes)   SWAP(bytes)   |
    c           db    db      2000m        1024Mi          0Mi           |
    b           web   app     100m         64Mi            2Mi           |
    b           web   proxy   13m          1Mi             0Mi           |
    ");
}

#[tokio::test]
async fn nodes_show_the_part_of_what_they_have() {
    let answers = &[(USAGE, NODE_USAGE), ("/api/v1/nodes", NODES)];
    let (out, ..) = top(METRICS, answers, &["nodes", "--show-swap"]).await;
    insta::assert_snapshot!(out, @r"
    NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)   SWAP(bytes)   SWAP(%)   |
    gone   1m           1Mi         0Mi             |
    n1     250m         12%         1024Mi          25%         <unknown>     <unknown>   |
    n2     1500m        75%         8192Mi          50%         512Mi         50%         |
    new    <unknown>    <unknown>   <unknown>       <unknown>   <unknown>     <unknown>   |
    ");
    let args = ["nodes", "--show-capacity", "--sort-by=cpu", "--no-headers"];
    let (out, ..) = top(METRICS, answers, &args).await;
    insta::assert_snapshot!(out, @r"
    n2     1500m       8192Mi      |
    n1     250m        6%          1024Mi   0%    |
    gone   1m          1Mi         |
    new    <unknown>   <unknown>   <unknown>   <unknown>   |
    ");
}

#[tokio::test]
async fn a_cluster_without_the_metrics_api_says_so() {
    for kind in ["pods", "nodes"] {
        let (_, err, code) = top(EMPTY, &[], &[kind]).await;
        assert_eq!(
            (err.as_str(), code),
            ("error: Metrics API not available\n", 1)
        );
    }
}

#[tokio::test]
async fn usage_that_is_missing_is_explained_by_the_pods() {
    let of = |body| {
        let answers: &[_] = Box::leak(Box::new([
            (USAGE, EMPTY),
            ("/api/v1/namespaces/default/pods", body),
        ]));
        async move { top(METRICS, answers, &["pods"]).await }
    };
    let (out, err, code) = of(EMPTY).await;
    assert_eq!(
        (out.as_str(), err.as_str(), code),
        ("", "No resources found in default namespace.\n", 0)
    );
    let young = r#"{"items":[{"metadata":{"name":"w","namespace":"x","creationTimestamp":"2026-11-24T11:59:00Z"}}]}"#;
    let (_, err, code) = of(young).await;
    assert_eq!(
        (err.as_str(), code),
        ("error: metrics not available yet\n", 1)
    );
    let old = r#"{"items":[{"metadata":{"name":"w","namespace":"x","creationTimestamp":"2026-11-24T10:57:55Z"}}]}"#;
    let (_, err, _) = of(old).await;
    assert_eq!(
        err,
        "error: Metrics not available for pod x/w, age: 1h2m5s\n"
    );
    let (_, err, _) = top(METRICS, &[(USAGE, EMPTY)], &["nodes"]).await;
    assert_eq!(err, "error: metrics not available yet\n");
}

#[tokio::test]
async fn a_field_selector_is_asked_of_the_pods_themselves() {
    let selected = r#"{"items":[{"metadata":{"name":"db","namespace":"c"}},{"metadata":{"name":"web","namespace":"c"}}]}"#;
    let answers: &'static [_] = Box::leak(Box::new([
        (USAGE, PODS),
        (
            "/api/v1/pods?fieldSelector=status.phase%3DRunning",
            selected,
        ),
    ]));
    let args = [
        "pods",
        "-A",
        "--field-selector",
        "status.phase=Running",
        "--no-headers",
    ];
    let (out, ..) = top(METRICS, answers, &args).await;
    assert_eq!(out, "c     db    2000m   1024Mi   |\n");
}
