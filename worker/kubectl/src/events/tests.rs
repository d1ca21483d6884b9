use std::collections::BTreeSet;
use std::sync::Arc;

use kubently_core::command::Command;
use kubently_core::policy::Policy;
use kubently_core::verb::Verb;

use crate::client::fake::{Reply, cluster};
use crate::{Limits, Output, RunError, run};

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"]}]}]}]}"#;
const APPS: &str = r#"{"items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
  {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","shortNames":["deploy"]}]}]}]}"#;

/// Three events of the fake's noon, neither in order of time nor of one form.
const EVENTS: &str = r#"{"kind":"EventList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[
  {"metadata":{"name":"late","namespace":"a","managedFields":[{"manager":"x"}]},
   "involvedObject":{"kind":"Pod","namespace":"a","name":"web"},"reason":"BackOff",
   "message":"  Back-off\ttab\nsecond line \u001b[31m\r ","source":{},
   "firstTimestamp":"2026-11-24T11:50:00Z","lastTimestamp":"2026-11-24T11:58:00Z","count":3,"type":"Warning",
   "eventTime":null,"reportingComponent":"","reportingInstance":""},
  {"metadata":{"name":"early","namespace":"b"},"involvedObject":{"kind":"Node","name":"n1"},
   "reason":"Starting","message":"here","firstTimestamp":"2026-11-24T11:00:00Z",
   "lastTimestamp":"2026-11-24T11:00:00Z","count":1,"type":"Normal","eventTime":null},
  {"metadata":{"name":"series","namespace":"b"},"involvedObject":{"kind":"Pod","name":"db"},
   "reason":"Scheduled","message":"there","firstTimestamp":null,"lastTimestamp":null,
   "eventTime":"2026-11-24T11:30:00.000000Z","type":"normal",
   "series":{"count":7,"lastObservedTime":"2026-11-24T11:59:30.000000Z"}}]}"#;
const NONE: &str = r#"{"kind":"EventList","apiVersion":"v1","metadata":{},"items":null}"#;

async fn within(
    body: &'static str,
    args: &[&str],
    limits: Limits,
) -> (Result<Output, RunError>, Vec<String>) {
    let (cluster, asked) = cluster(move |target| match target {
        "/api" => Reply::ok(CORE),
        "/apis" => Reply::ok(APPS),
        _ => Reply::ok(body),
    });
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse(Verb::Events, &args, None).unwrap();
    let output = run(&cluster, &command, &limits).await;
    let mut asked = asked.lock().unwrap().clone();
    asked.retain(|target| target != "/api" && target != "/apis");
    (output, asked)
}

/// Standard output, standard error and what was asked for.
async fn events(body: &'static str, args: &[&str]) -> (String, String, Vec<String>) {
    let (output, asked) = within(body, args, Limits::default()).await;
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), asked)
}

#[tokio::test]
async fn a_table_is_in_order_of_time_and_harmless() {
    let (out, err, asked) = events(EVENTS, &["-A"]).await;
    insta::assert_snapshot!(out, @r"
    NAMESPACE   LAST SEEN          TYPE      REASON     OBJECT    MESSAGE
    b           60m                Normal    Starting   Node/n1   here
    a           2m (x3 over 10m)   Warning   BackOff    Pod/web   Back-off   tab
    second line ^[[31m
    b           30s (x7 over 30m)   normal    Scheduled   Pod/db    there
    ");
    assert_eq!(err, "");
    assert_eq!(asked, ["/api/v1/events?limit=500"]);
}

#[tokio::test]
async fn types_are_filtered_in_any_case() {
    let (out, ..) = events(EVENTS, &["--types", "Normal", "--no-headers"]).await;
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(!out.contains("Warning"), "{out}");
}

#[tokio::test]
async fn no_events_are_no_error() {
    let (out, err, _) = events(NONE, &["-n", "shop", "-o", "json"]).await;
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("", "No events found in shop namespace.\n")
    );
    let (_, err, _) = events(NONE, &["-A"]).await;
    assert_eq!(err, "No events found.\n");
}

#[tokio::test]
async fn an_object_is_asked_for_by_its_kind_and_version() {
    for argument in [
        "deploy/web",
        "Deployments.apps/web",
        "deployments.v1.apps/web",
    ] {
        let (_, _, asked) = events(NONE, &["--for", argument, "--chunk-size", "7"]).await;
        assert_eq!(
            asked,
            [
                "/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3DDeployment\
                 %2CinvolvedObject.apiVersion%3Dapps%2Fv1%2CinvolvedObject.name%3Dweb&limit=500"
            ]
        );
    }
}

#[tokio::test]
async fn an_unknown_type_stands_without_a_prefix() {
    for (argument, expected) in [
        (
            "nosuch/x",
            "the server doesn't have a resource type \"nosuch\"\n",
        ),
        (
            "po.x/x",
            "the server doesn't have a resource type \"po\" in group \"x\"\n",
        ),
    ] {
        let (output, asked) = within(NONE, &["--for", argument], Limits::default()).await;
        let output = output.unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert_eq!((output.exit_code, asked.len()), (1, 0));
    }
}

#[tokio::test]
async fn json_has_the_order_of_the_api_and_yaml_is_sorted() {
    let (out, ..) = events(EVENTS, &["-o", "json", "--types", "Warning"]).await;
    insta::assert_snapshot!(out, @r#"
    {
        "kind": "EventList",
        "apiVersion": "v1",
        "metadata": {},
        "items": [
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": {
                    "name": "late",
                    "namespace": "a"
                },
                "involvedObject": {
                    "kind": "Pod",
                    "namespace": "a",
                    "name": "web"
                },
                "reason": "BackOff",
                "message": "  Back-off\ttab\nsecond line \u001b[31m\r ",
                "source": {},
                "firstTimestamp": "2026-11-24T11:50:00Z",
                "lastTimestamp": "2026-11-24T11:58:00Z",
                "count": 3,
                "type": "Warning",
                "eventTime": null,
                "reportingComponent": "",
                "reportingInstance": ""
            }
        ]
    }
    "#);
    let (out, ..) = events(EVENTS, &["-o", "yaml", "--show-managed-fields"]).await;
    assert!(
        out.starts_with("apiVersion: v1\nitems:\n- apiVersion: v1\n  count: 1\n"),
        "{out}"
    );
    assert!(
        out.contains("    managedFields:\n    - manager: x\n"),
        "{out}"
    );
    assert!(out.ends_with("kind: EventList\nmetadata: {}\n"), "{out}");
}

#[tokio::test]
async fn names_are_not_printed() {
    let (out, err, _) = events(EVENTS, &["-o", "name"]).await;
    assert_eq!((out.as_str(), err.as_str()), ("", ""));
}

#[tokio::test]
async fn pages_are_put_together_before_they_are_sorted() {
    let (cluster, asked) = cluster(|target| {
        if target.contains("continue=more") {
            return Reply::ok(EVENTS);
        }
        Reply::ok(
            r#"{"metadata":{"continue":"more"},"items":[{"metadata":{"namespace":"c"},
            "involvedObject":{"kind":"Pod","name":"first"},"type":"Normal","reason":"R",
            "message":"m","lastTimestamp":"2026-11-24T11:59:59Z"}]}"#,
        )
    });
    let command = Command::parse(Verb::Events, &["-A".to_owned()], None).unwrap();
    let output = run(&cluster, &command, &Limits::default()).await.unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.lines().last().unwrap().contains("Pod/first"), "{out}");
    assert_eq!(
        *asked.lock().unwrap(),
        [
            "/api/v1/events?limit=500",
            "/api/v1/events?limit=500&continue=more"
        ]
    );
}

#[tokio::test]
async fn tables_are_cut_and_objects_fail_at_the_limit() {
    let limits = || Limits {
        max_output_bytes: 120,
        ..Limits::default()
    };
    let (output, _) = within(EVENTS, &["-A"], limits()).await;
    let output = output.unwrap();
    assert!(output.truncated && output.stdout.ends_with(b"\n"));
    for format in ["json", "yaml"] {
        let (output, _) = within(EVENTS, &["-o", format], limits()).await;
        assert!(
            matches!(output, Err(RunError::OutputTooLarge { .. })),
            "{format}"
        );
    }
}

#[tokio::test]
async fn a_denied_type_is_not_asked_about() {
    let denied = |name: &str| Limits {
        policy: Arc::new(Policy {
            denied_resources: BTreeSet::from([name.to_owned()]),
            ..Policy::default()
        }),
        ..Limits::default()
    };
    for (name, args) in [
        ("events", &["-A"][..]),
        ("deployments.apps", &["--for", "deploy/web"]),
    ] {
        let (output, asked) = within(EVENTS, args, denied(name)).await;
        let resource = name.to_owned();
        assert_eq!(output, Err(RunError::Denied { resource }));
        assert_eq!(asked, [""; 0]);
    }
}
