use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use kubently_core::command::Command;
use kubently_core::event::OutputStream;
use kubently_core::policy::Policy;
use kubently_core::verb::Verb;
use serde_json::{Value, json};

use super::*;
use crate::client::fake::{Asked, Part, Reply, cluster};
use crate::{run, stream};

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"]},
  {"resource":"secrets","responseKind":{"kind":"Secret"},"scope":"Namespaced","singularResource":"secret","shortNames":["keys"]},
  {"resource":"services","responseKind":{"kind":"Service"},"scope":"Namespaced","singularResource":"service","shortNames":["svc"]},
  {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","singularResource":"node","shortNames":["no"]}]}]}]}"#;
const APPS: &str = r#"{"items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
  {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","shortNames":["deploy"]}]}]}]}"#;

fn pod(name: &str, containers: &[&str]) -> Value {
    let containers: Vec<_> = containers
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    json!({
        "metadata": {"name": name, "namespace": "default", "annotations": {}},
        "spec": {"nodeName": "n", "containers": containers},
        "status": {"phase": "Running"},
    })
}

fn with(mut pod: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    pod.pointer_mut(parent).unwrap()[key] = value;
    pod
}

/// A pod with every sort of container.
fn web() -> Value {
    let pod = pod("web", &["app", "proxy"]);
    let pod = with(pod, "/spec/initContainers", json!([{"name": "setup"}]));
    with(pod, "/spec/ephemeralContainers", json!([{"name": "debug"}]))
}

/// A server with these pods; a log of it is what `log` says.
fn server(
    pods: Vec<Value>,
    log: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Cluster, Asked) {
    cluster(move |target| {
        let path = target.split('?').next().unwrap();
        let rest = path.strip_prefix("/api/v1/namespaces/default/");
        match (target, rest) {
            ("/api", _) => Reply::ok(CORE),
            ("/apis", _) => Reply::ok(APPS),
            (_, Some("pods")) => Reply::ok(json!({"items": pods}).to_string()),
            (_, Some("services/bare")) => Reply::ok(r#"{"spec":{}}"#),
            (_, Some(rest)) if rest.ends_with("/log") => log(target),
            (_, Some(rest)) if rest.starts_with("pods/") => {
                let named =
                    |pod: &&Value| rest.ends_with(pod["metadata"]["name"].as_str().unwrap());
                pods.iter().find(named).map_or_else(
                    || Reply::status(404, "NotFound", &format!("{rest:?} not found")),
                    |pod| Reply::ok(pod.to_string()),
                )
            }
            _ if path.ends_with("/deployments/web") => Reply::ok(
                r#"{"spec":{"selector":{"matchLabels":{"app":"web"},"matchExpressions":[
                    {"key":"tier","operator":"In","values":["a","b"]},{"key":"x","operator":"DoesNotExist"}]}}}"#,
            ),
            _ if path.ends_with("/nodes/n") => Reply::ok("{}"),
            _ => Reply::status(404, "NotFound", "nothing there"),
        }
    })
}

/// Each log is the name of its container.
fn names(target: &str) -> Reply {
    let container = target.split("container=").nth(1).unwrap();
    Reply::ok(format!("{}\n", container.split('&').next().unwrap()))
}

fn logs(args: &[&str]) -> Command {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    Command::parse(Verb::Logs, &args, None).unwrap()
}

async fn printed(cluster: &Cluster, args: &[&str]) -> (String, String, i32) {
    let output = run(cluster, &logs(args), &Limits::default()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.exit_code)
}

fn of(stdout: &str, stderr: &str, exit_code: i32) -> (String, String, i32) {
    (stdout.to_owned(), stderr.to_owned(), exit_code)
}

/// The logs that were asked for, without their path.
fn asked_logs(asked: &Asked) -> Vec<String> {
    let asked = asked.lock().unwrap();
    let logs = asked.iter().filter_map(|target| target.split_once("/log?"));
    logs.map(|(_, query)| query.to_owned()).collect()
}

#[tokio::test]
async fn a_container_is_chosen_as_kubectl_does_and_says() {
    let annotation = "/metadata/annotations/kubectl.kubernetes.io~1default-container";
    let annotated = |name: &str| {
        let mut pod = web();
        pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = json!(name);
        assert_eq!(pod.pointer(annotation), Some(&json!(name)));
        pod
    };
    let all = "app, proxy, debug (ephem), setup (init)";
    let defaulted = format!("Defaulted container \"app\" out of: {all}\n");
    for (pod, args, expected) in [
        (pod("web", &["only"]), &["web"][..], of("only\n", "", 0)),
        (web(), &["web"], of("app\n", &defaulted, 0)),
        (web(), &["web", "-c", "setup"], of("setup\n", "", 0)),
        (web(), &["pod/web", "proxy"], of("proxy\n", "", 0)),
        (web(), &["web", "-c", "debug"], of("debug\n", "", 0)),
        (annotated("proxy"), &["web"], of("proxy\n", "", 0)),
        (
            annotated("gone"),
            &["web"],
            of(
                "app\n",
                &format!("Default container name \"gone\" not found in pod web\n{defaulted}"),
                0,
            ),
        ),
        (
            web(),
            &["web", "-c", "nope"],
            of(
                "",
                &format!("error: container nope is not valid for pod web out of: {all}\n"),
                1,
            ),
        ),
        (
            web(),
            &["web", "--all-containers", "--prefix"],
            of(
                "[pod/web/setup] setup\n[pod/web/app] app\n[pod/web/proxy] proxy\n[pod/web/debug] debug\n",
                "",
                0,
            ),
        ),
    ] {
        let (cluster, _) = server(vec![pod], names);
        assert_eq!(printed(&cluster, args).await, expected, "{args:?}");
    }
}

#[tokio::test]
async fn flags_become_parameters() {
    for (args, expected) in [
        (&["web"][..], "container=c"),
        (
            &[
                "web",
                "-p",
                "--timestamps",
                "--tail=0",
                "--since=89500ms",
                "--limit-bytes=7",
            ],
            "container=c&previous=true&timestamps=true&tailLines=0&limitBytes=7&sinceSeconds=90",
        ),
        (
            &[
                "web",
                "--tail=-1",
                "--since-time=2026-01-31T10:00:00.9+02:00",
            ],
            "container=c&sinceTime=2026-01-31T08%3A00%3A00Z",
        ),
        (&["-l", "a=b"], "container=c&tailLines=10"),
        (&["-l", "a=b", "--tail=-1"], "container=c"),
        (&["web", "-f"], "container=c&follow=true"),
    ] {
        let (cluster, asked) = server(vec![pod("web", &["c"])], |_| Reply::ok(""));
        assert_eq!(printed(&cluster, args).await, of("", "", 0));
        assert_eq!(asked_logs(&asked), [expected], "{args:?}");
    }
}

#[tokio::test]
async fn an_objects_best_pod_is_read_or_all_of_them() {
    let late = with(pod("late", &["c"]), "/status/phase", json!("Pending"));
    let pods = || vec![late.clone(), pod("good", &["c"])];
    let (cluster, asked) = server(pods(), names);
    let found = printed(&cluster, &["deploy/web"]).await;
    assert_eq!(found, of("c\n", "Found 2 pods, using pod/good\n", 0));
    let list = "labelSelector=app%3Dweb%2Ctier+in+%28a%2Cb%29%2C%21x";
    assert!(
        asked
            .lock()
            .unwrap()
            .iter()
            .any(|target| target.ends_with(list))
    );
    let all = printed(&cluster, &["deploy/web", "--all-pods"]).await;
    assert_eq!(all, of("[pod/good/c] c\n[pod/late/c] c\n", "", 0));
    let selected = printed(&cluster, &["-l", "app=web", "--prefix"]).await;
    assert_eq!(selected, of("[pod/late/c] c\n[pod/good/c] c\n", "", 0));
    let (cluster, _) = server(Vec::new(), names);
    let none = printed(&cluster, &["-l", "app=web"]).await;
    assert_eq!(
        none,
        of("", "No resources found in default namespace.\n", 0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_no_pods_says_so() {
    let (cluster, asked) = server(Vec::new(), names);
    for (args, error) in [
        (
            &["no/n"][..],
            "cannot get the logs from *v1.Node: selector for *v1.Node not implemented",
        ),
        (
            &["svc/bare"],
            "cannot get the logs from *v1.Service: invalid service 'bare': Service is defined without a selector",
        ),
        (
            &["deploy/web", "--pod-running-timeout=3s"],
            "timed out waiting for the condition",
        ),
        (
            &["nosuch/x"],
            "the server doesn't have a resource type \"nosuch\"",
        ),
        (
            &["gone"],
            "error from server (NotFound): \"pods/gone\" not found in namespace \"default\"",
        ),
    ] {
        let expected = of("", &format!("error: {error}\n"), 1);
        assert_eq!(printed(&cluster, args).await, expected);
    }
    let targets = asked.lock().unwrap().clone();
    let lists = targets.iter().filter(|target| target.contains("/pods?"));
    assert_eq!(lists.count(), 4);
    // A command that has less time than that is told before it is over.
    let limits = Limits {
        time: Some(Duration::from_secs(10)),
        ..Limits::default()
    };
    let command = logs(&["deploy/web"]);
    let waiting = run(&cluster, &command, &limits);
    let output = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert_eq!(output.unwrap().unwrap().exit_code, 1);
}

#[tokio::test]
async fn what_the_owner_denies_is_not_read_by_way_of_its_logs() {
    let (cluster, asked) = server(vec![web()], names);
    let refused = |args: &'static [&str], policy: Policy| {
        let limits = Limits {
            policy: Arc::new(policy),
            ..Limits::default()
        };
        let cluster = cluster.clone();
        async move { run(&cluster, &logs(args), &limits).await.unwrap_err() }
    };
    let denied = |resource: &str| RunError::Denied {
        resource: resource.to_owned(),
    };
    let without = |resource: &str| Policy {
        denied_resources: [resource.to_owned()].into(),
        ..Policy::default()
    };
    assert_eq!(
        refused(&["keys/db"], Policy::default()).await,
        denied("secrets")
    );
    assert_eq!(refused(&["web"], without("pods")).await, denied("pods"));
    assert_eq!(
        refused(&["deploy/web"], without("deployments")).await,
        denied("deployments.apps")
    );
    let namespaced = Policy {
        namespaces: Some(["default".parse().unwrap()].into()),
        ..Policy::default()
    };
    assert!(matches!(
        refused(&["no/n"], namespaced).await,
        RunError::ClusterScoped { .. }
    ));
    assert!(
        asked
            .lock()
            .unwrap()
            .iter()
            .all(|target| target.starts_with("/api") && !target.contains("pods"))
    );
}

#[tokio::test]
async fn a_log_that_fails_ends_the_command_unless_errors_are_ignored() {
    let message = "container \"b\" in pod \"web\" is waiting to start: ContainerCreating";
    let log = move |target: &str| {
        if target.contains("container=b") {
            Reply::status(400, "BadRequest", message)
        } else {
            names(target)
        }
    };
    let (cluster, _) = server(vec![pod("web", &["a", "b", "c"])], log);
    assert_eq!(
        printed(&cluster, &["web", "--all-containers"]).await,
        of(
            "a\n",
            &format!("Error from server (BadRequest): {message}\n"),
            1
        )
    );
    assert_eq!(
        printed(
            &cluster,
            &["web", "--all-containers", "--ignore-errors", "--prefix"]
        )
        .await,
        of(
            &format!("[pod/web/a] a\nerror: {message}\n[pod/web/c] c\n"),
            "",
            0
        )
    );
}

#[tokio::test]
async fn bytes_pass_as_they_are_and_what_came_before_a_break_is_printed() {
    let parts = [
        Part::Bytes(b"\xff\xfe\0one\n\x1b[31mtwo \xe6\x97"),
        Part::Bytes(b"\xa5\r\nend"),
        Part::Break,
    ];
    let (cluster, _) = server(vec![pod("web", &["c"])], move |_| {
        Reply::parts(parts.clone())
    });
    let output = run(&cluster, &logs(&["web"]), &Limits::default())
        .await
        .unwrap();
    assert_eq!(
        output.stdout,
        b"\xff\xfe\0one\n\x1b[31mtwo \xe6\x97\xa5\r\nend"
    );
    assert_eq!(output.stderr, b"error: unexpected EOF\n");
    assert_eq!((output.exit_code, output.truncated), (1, false));
}

#[tokio::test]
async fn a_log_without_an_end_is_cut_and_says_so() {
    let gibibyte = |line: &'static [u8], taken: &Arc<AtomicUsize>| {
        let taken = Arc::clone(taken);
        move |_: &str| Reply::parts([Part::Many(line, (1 << 30) / line.len(), Arc::clone(&taken))])
    };
    let limits = Limits {
        max_output_bytes: 100_000,
        ..Limits::default()
    };
    for (line, kept) in [
        (&b"a line of a log\n"[..], 100_000),
        (b"no line end, ever ", 100_000),
    ] {
        let taken = Arc::default();
        let (cluster, _) = server(vec![pod("web", &["c"])], gibibyte(line, &taken));
        let output = run(&cluster, &logs(&["web"]), &limits).await.unwrap();
        assert_eq!(output.stdout.len(), kept);
        assert!(output.truncated && output.exit_code == 0);
        let note = "kubently: the output was cut after 100000 bytes (max_output_bytes)\n";
        assert_eq!(String::from_utf8(output.stderr).unwrap(), note);
        assert!(taken.load(Ordering::Relaxed) * line.len() < 300_000);
    }
}

#[tokio::test]
async fn credentials_are_marked_unless_the_owner_wants_them() {
    let line = b"db password=hunter2 ok\n";
    let (cluster, _) = server(vec![pod("web", &["c"])], |_| {
        Reply::parts([
            Part::Bytes(b"db pass"),
            Part::Bytes(b"word=hun"),
            Part::Bytes(b"ter2 ok\n"),
        ])
    });
    let output = run(&cluster, &logs(&["web"]), &Limits::default())
        .await
        .unwrap();
    assert_eq!(output.stdout, b"db password=[redacted:password] ok\n");
    assert_eq!(output.redactions, 1);
    let limits = Limits {
        policy: Arc::new(Policy {
            redact_text: false,
            ..Policy::default()
        }),
        ..Limits::default()
    };
    let output = run(&cluster, &logs(&["web"]), &limits).await.unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.redactions),
        (&line[..], 0)
    );
}

mod follow;
