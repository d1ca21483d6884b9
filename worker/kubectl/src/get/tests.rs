use kubently_core::command::Command;
use kubently_core::verb::Verb;

use crate::client::fake::{Asked, Reply, cluster};
use crate::{Cluster, Limits, Output, RunError, run};

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"],"categories":["all"]},
  {"resource":"services","responseKind":{"kind":"Service"},"scope":"Namespaced","singularResource":"service","shortNames":["svc"],"categories":["all"]},
  {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","singularResource":"node","shortNames":["no"]}]}]}]}"#;

fn table(names: &[&str], token: &str) -> Reply {
    let rows: Vec<String> = names
        .iter()
        .map(|name| {
            format!(r#"{{"cells":["{name}"],"object":{{"metadata":{{"namespace":"ns-{name}"}}}}}}"#)
        })
        .collect();
    Reply::ok(format!(
        r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{{"continue":"{token}"}},
        "columnDefinitions":[{{"name":"Name","type":"string","format":"name","priority":0}}],
        "rows":[{}]}}"#,
        rows.join(",")
    ))
}

/// A server with the types above, an empty group list, and `server` for the rest.
fn with_types(server: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Cluster, Asked) {
    cluster(move |target| match target {
        "/api" => Reply::ok(CORE),
        "/apis" => Reply::ok(r#"{"items":[]}"#),
        _ => server(target),
    })
}

async fn get_within(
    cluster: &Cluster,
    args: &[&str],
    limits: Limits,
) -> Result<(String, String, i32, bool), RunError> {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse(Verb::Get, &args, None).unwrap();
    let Output {
        stdout,
        stderr,
        exit_code,
        truncated,
        ..
    } = run(cluster, &command, &limits).await?;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ok((text(stdout), text(stderr), exit_code, truncated))
}

async fn get(cluster: &Cluster, args: &[&str]) -> (String, String, i32) {
    let (stdout, stderr, exit_code, _) =
        get_within(cluster, args, Limits::default()).await.unwrap();
    (stdout, stderr, exit_code)
}

fn requests(asked: &Asked) -> Vec<String> {
    let mut asked = asked.lock().unwrap();
    let requests = asked
        .drain(..)
        .filter(|target| !target.starts_with("/api") || target.len() > 5);
    requests.collect()
}

#[tokio::test]
async fn metadata_is_asked_for_only_where_it_is_printed() {
    let (cluster, asked) = with_types(|_| table(&["a"], ""));
    get(&cluster, &["pods"]).await;
    get(&cluster, &["pods", "-A"]).await;
    get(&cluster, &["pods", "--show-labels"]).await;
    get(&cluster, &["nodes", "-A"]).await;
    assert_eq!(
        requests(&asked),
        [
            "/api/v1/namespaces/default/pods?limit=500&includeObject=None",
            "/api/v1/pods?limit=500",
            "/api/v1/namespaces/default/pods?limit=500",
            "/api/v1/nodes?limit=500&includeObject=None",
        ]
    );
}

#[tokio::test]
async fn pages_follow_each_other_and_the_header_comes_once() {
    let (cluster, asked) = with_types(|target| match target {
        it if it.contains("continue=two") => table(&["c"], ""),
        _ => table(&["a", "b"], "two"),
    });
    let output = get(&cluster, &["pods", "--chunk-size=2", "-l", "x=y"]).await;
    assert_eq!(output, ("NAME\na\nb\nc\n".to_owned(), String::new(), 0));
    assert_eq!(
        requests(&asked),
        [
            "/api/v1/namespaces/default/pods?labelSelector=x%3Dy&limit=2&includeObject=None",
            "/api/v1/namespaces/default/pods?labelSelector=x%3Dy&continue=two&limit=2\
             &includeObject=None",
        ]
    );
}

#[tokio::test]
async fn types_are_printed_in_order_with_their_kind_and_an_empty_line_between() {
    let (cluster, _) = with_types(|target| match target {
        it if it.contains("pods") => table(&["a"], ""),
        _ => table(&["b"], ""),
    });
    let (stdout, ..) = get(&cluster, &["svc,pods"]).await;
    assert_eq!(stdout, "NAME\nservice/b\n\nNAME\npod/a\n");
    let (stdout, ..) = get(&cluster, &["all", "--no-headers"]).await;
    assert_eq!(stdout, "pod/a\nservice/b\n");
}

#[tokio::test]
async fn nothing_found_is_said_on_standard_error() {
    let (cluster, _) = with_types(|_| table(&[], ""));
    for (args, note) in [
        (
            &["pods"] as &[&str],
            "No resources found in default namespace.\n",
        ),
        (&["pods", "-n", "x"], "No resources found in x namespace.\n"),
        (&["pods", "-A"], "No resources found\n"),
        (&["nodes"], "No resources found\n"),
        (&["pods,nodes"], "No resources found\n"),
        (&["pods", "--ignore-not-found"], ""),
    ] {
        assert_eq!(
            get(&cluster, args).await,
            (String::new(), note.to_owned(), 0),
            "{args:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_object_in_a_missing_namespace_is_told_by_its_namespace() {
    let (cluster, asked) = with_types(|target| match target {
        "/api/v1/namespaces/gone" => {
            Reply::status(404, "NotFound", "namespaces \"gone\" not found")
        }
        "/api/v1/namespaces/here" => Reply::ok("{}"),
        _ => Reply::status(404, "NotFound", "pods \"x\" not found"),
    });
    let gone = get(&cluster, &["pod", "x", "-n", "gone"]).await;
    assert_eq!(
        gone.1,
        "Error from server (NotFound): namespaces \"gone\" not found\n"
    );
    assert_eq!(gone.2, 1);
    let here = get(&cluster, &["pod", "x", "-n", "here"]).await;
    assert_eq!(
        here.1,
        "Error from server (NotFound): pods \"x\" not found\n"
    );
    asked.lock().unwrap().clear();
    let default = get(&cluster, &["pod/x", "pod/y", "--ignore-not-found"]).await;
    assert_eq!(default, (String::new(), String::new(), 0));
    assert_eq!(requests(&asked).len(), 2);
}

#[tokio::test]
async fn what_is_there_is_printed_beside_the_errors() {
    let (cluster, _) = with_types(|target| match target {
        it if it.contains("pods") => table(&["a"], ""),
        _ => Reply::status(403, "Forbidden", "services is forbidden"),
    });
    let output = get(&cluster, &["pods,svc"]).await;
    assert_eq!(
        output,
        (
            "NAME\na\n".to_owned(),
            "Error from server (Forbidden): services is forbidden\n".to_owned(),
            1
        )
    );
}

#[tokio::test]
async fn an_unknown_type_is_looked_for_once_more() {
    let (cluster, asked) = with_types(|_| table(&["a"], ""));
    get(&cluster, &["pods"]).await;
    let unknown = get(&cluster, &["nosuch"]).await;
    assert_eq!(
        unknown.1,
        "error: the server doesn't have a resource type \"nosuch\"\n"
    );
    let discoveries = asked
        .lock()
        .unwrap()
        .iter()
        .filter(|it| *it == "/apis")
        .count();
    assert_eq!(discoveries, 2);
}

#[tokio::test]
async fn commands_at_once_share_one_discovery() {
    let (cluster, asked) = with_types(|_| table(&["a"], ""));
    let commands = (0..20).map(|_| get(&cluster, &["pods"]));
    futures::future::join_all(commands).await;
    assert_eq!(
        asked
            .lock()
            .unwrap()
            .iter()
            .filter(|it| *it == "/api")
            .count(),
        1
    );
}

#[tokio::test]
async fn warnings_of_the_server_are_printed_once() {
    let (cluster, _) = with_types(|_| table(&["a"], "").with("Warning", "299 - \"old\""));
    let (_, stderr, _) = get(&cluster, &["pods,svc"]).await;
    assert_eq!(stderr, "Warning: old\n");
}

#[tokio::test]
async fn objects_get_the_kind_of_their_list() {
    let (cluster, _) = with_types(|target| {
        assert!(!target.contains("includeObject"), "{target}");
        Reply::ok(
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}}]}"#,
        )
    });
    let (stdout, ..) = get(&cluster, &["pods", "-o", "name"]).await;
    assert_eq!(stdout, "pod/a\n");
    let (stdout, ..) = get(&cluster, &["pods", "-o", "yaml"]).await;
    assert!(stdout.starts_with("apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n"));
}

#[tokio::test]
async fn a_table_over_the_limit_is_cut_and_a_document_fails() {
    let (cluster, _) = with_types(|target| match target {
        it if it.contains("includeObject") => table(&["a", "b", "c"], "more"),
        _ => Reply::ok(r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}}]}"#),
    });
    let limits = Limits {
        max_output_bytes: 8,
        ..Limits::default()
    };
    let table = get_within(&cluster, &["pods"], limits.clone())
        .await
        .unwrap();
    let (stdout, stderr, code, truncated) = table;
    assert_eq!((stdout.as_str(), code, truncated), ("NAME\na\n", 0, true));
    assert!(stderr.starts_with("Warning: the output is cut after 8 bytes"));
    let json = get_within(&cluster, &["pods", "-o", "json"], limits).await;
    assert!(matches!(
        json,
        Err(RunError::OutputTooLarge { limit: 8, .. })
    ));
}

#[tokio::test]
async fn a_response_over_the_limit_is_not_read() {
    let (cluster, _) = with_types(|_| Reply::ok("x".repeat(1000)));
    let limits = Limits {
        max_response_bytes: 999,
        ..Limits::default()
    };
    let (_, stderr, ..) = get_within(&cluster, &["pods"], limits).await.unwrap();
    assert_eq!(stderr, "the server's response is larger than 999 bytes\n");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_repeated_three_times_where_the_server_says_when() {
    let (cluster, asked) =
        with_types(|_| Reply::status(429, "TooManyRequests", "slow down").with("Retry-After", "1"));
    let (_, stderr, code) = get(&cluster, &["pods"]).await;
    assert_eq!(stderr, "Error from server (TooManyRequests): slow down\n");
    assert_eq!((requests(&asked).len(), code), (4, 1));
}

#[tokio::test]
async fn a_redirect_is_an_error() {
    let (cluster, _) = with_types(|_| {
        Reply {
            status: 302,
            ..Reply::default()
        }
        .with("Location", "https://example.com/")
    });
    let (_, stderr, code) = get(&cluster, &["pods"]).await;
    assert_eq!(
        stderr,
        "the server answered 302 Found, which is not followed\n"
    );
    assert_eq!(code, 1);
}
