use kubently_core::command::Command;
use kubently_core::verb::Verb;

use crate::client::fake::{Asked, Reply, cluster};
use crate::{Limits, Output, run};

const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
  {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"]},
  {"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","singularResource":"configmap","shortNames":["cm"]}]}]}]}"#;
const GROUPS: &str = r#"{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[
  {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","singularResource":"widget"}]}]}]}"#;
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const WIDGET: &str = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"default"},
        "spec":{"sizeGB":1.5,"tags":["a",null,["b"]],"uid":null}}"#;
const EVENT: &str = r#"{"type":"Warning","reason":"Odd","count":3,"firstTimestamp":"2026-11-24T11:00:00Z",
    "lastTimestamp":"2026-11-24T11:59:00Z","message":" too odd\n","source":{"component":"us"},
    "involvedObject":{"kind":"Widget","name":"w"}}"#;

fn map(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"default","uid":"u-{name}"}},"data":{{"k":"v"}}}}"#
    )
}

async fn describe(
    args: &[&str],
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Output, Asked) {
    let (cluster, asked) = cluster(move |target| match target {
        "/api" => Reply::ok(CORE),
        "/apis" => Reply::ok(GROUPS),
        target => answer(target),
    });
    let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
    let command = Command::parse(Verb::Describe, &args, None).unwrap();
    let output = run(&cluster, &command, &Limits::default()).await.unwrap();
    (output, asked)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_type_of_no_known_kind_is_described_by_its_fields_with_its_events() {
    let (output, asked) = describe(&["widget", "w"], |target| {
        if target.contains("/events?") {
            Reply::ok(format!(r#"{{"items":[{EVENT}]}}"#))
        } else {
            Reply::ok(WIDGET)
        }
    })
    .await;
    assert_eq!(
        text(&output.stdout),
        "Name:         w
Namespace:    default
Labels:       <none>
Annotations:  <none>
API Version:  example.com/v1
Kind:         Widget
Metadata:
Spec:
  Size GB:  1.5
  Tags:
    a
    <nil>
    [b]
  UID:  <nil>
Events:
  Type     Reason  Age               From  Message
  ----     ------  ----              ----  -------
  Warning  Odd     60s (x3 over 60m)  us    too odd
"
        .replace("Age               From", "Age                From")
        .replace("----              ----", "----               ----")
    );
    // The object is read once, and no sooner than the events.
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn several_objects_are_separated_and_have_no_events() {
    let list = format!(r#"{{"items":[{},{}]}}"#, map("a"), map("b"));
    let (output, asked) = describe(&["cm"], move |_| Reply::ok(list.clone())).await;
    let printed = text(&output.stdout);
    let one = |name| {
        format!(
            "Name:         {name}\nNamespace:    default\nLabels:       <none>\n\
             Annotations:  <none>\n\nData\n====\nk:\n----\nv\n\n\nBinaryData\n====\n\n"
        )
    };
    assert_eq!(printed, format!("{}\n\n{}", one("a"), one("b")));
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.last().unwrap(), &format!("{MAPS}?limit=500"));
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_the_start_of_others() {
    let list = format!(r#"{{"items":[{},{}]}}"#, map("web-1"), map("db"));
    let (output, _) = describe(&["cm", "web"], move |target| {
        if target.contains("?limit") {
            Reply::ok(list.clone())
        } else {
            Reply::status(404, "NotFound", "configmaps \"web\" not found")
        }
    })
    .await;
    let printed = text(&output.stdout);
    assert!(printed.starts_with("Name:         web-1\n"), "{printed}");
    assert!(printed.ends_with("BinaryData\n====\n\n\n"), "{printed:?}");
    assert_eq!((text(&output.stderr), output.exit_code), ("", 0));
}

#[tokio::test]
async fn events_that_cannot_be_read_are_none_except_for_a_config_map() {
    let answer = |target: &str| {
        if target.contains("/events?") {
            Reply::status(403, "Forbidden", "no events for you")
        } else if target.contains("/configmaps/") {
            Reply::ok(map("a"))
        } else {
            Reply::ok(WIDGET)
        }
    };
    let (output, _) = describe(&["widget", "w"], answer).await;
    assert!(text(&output.stdout).ends_with("Events:  <none>\n"));
    assert_eq!(output.exit_code, 0);
    let (output, _) = describe(&["cm", "a"], answer).await;
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "Error from server (Forbidden): no events for you\n"
    );
    assert_eq!(output.exit_code, 1);
}

#[tokio::test]
async fn events_before_a_page_that_fails_are_shown_except_for_a_config_map() {
    let answer = |target: &str| {
        if target.contains("continue=") {
            Reply::status(410, "Expired", "the page is too old")
        } else if target.contains("/events?") {
            Reply::ok(format!(
                r#"{{"metadata":{{"continue":"more"}},"items":[{EVENT}]}}"#
            ))
        } else if target.contains("/configmaps/") {
            Reply::ok(map("a"))
        } else {
            Reply::ok(WIDGET)
        }
    };
    let (output, _) = describe(&["widget", "w"], answer).await;
    assert!(text(&output.stdout).ends_with("us    too odd\n"));
    assert_eq!((text(&output.stderr), output.exit_code), ("", 0));
    let (output, _) = describe(&["cm", "a"], answer).await;
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.exit_code, 1);
}

#[tokio::test]
async fn what_is_missing_among_several_is_an_error_and_the_rest_is_described() {
    let answer = |target: &str| match target.rsplit('/').next() {
        Some("a") => Reply::ok(map("a")),
        _ => Reply::status(404, "NotFound", "no such map"),
    };
    let (output, _) = describe(&["cm", "a", "x", "y"], answer).await;
    assert!(text(&output.stdout).starts_with("Name:         a\n"));
    assert_eq!(
        text(&output.stderr),
        "Error from server (NotFound): no such map\n".repeat(2)
    );
    // With two arguments the second could be the start of a name, and the first is not looked at.
    let (output, _) = describe(&["cm/a", "cm/x"], answer).await;
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "Error from server (NotFound): no such map\n"
    );
}

#[tokio::test]
async fn nothing_is_found_in_a_namespace_or_anywhere() {
    for (args, said) in [
        (&["cm"][..], "No resources found in default namespace.\n"),
        (&["cm", "-A"], "No resources found\n"),
    ] {
        let (output, _) = describe(args, |_| Reply::ok(r#"{"items":[]}"#)).await;
        assert_eq!((text(&output.stderr), output.exit_code), (said, 0));
    }
}

#[tokio::test]
async fn a_secret_inside_another_object_keeps_its_values() {
    let (output, _) = describe(&["widget", "w"], |target| {
        Reply::ok(if target.contains("/events?") {
            r#"{"items":[]}"#
        } else {
            r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},
                "spec":{"template":{"kind":"Secret","data":{"password":"aHVudGVyMg=="}}}}"#
        })
    })
    .await;
    let out = text(&output.stdout);
    assert!(
        out.contains("Password:  [redacted:secret 7 bytes]\n"),
        "{out}"
    );
    assert!(!out.contains("aHVudGVyMg"), "{out}");
}

#[tokio::test]
async fn what_is_too_long_is_cut_at_a_line_and_says_so() {
    let (cluster, _) = cluster(|target| match target {
        "/api" => Reply::ok(CORE),
        "/apis" => Reply::ok(GROUPS),
        _ => Reply::ok(format!(r#"{{"items":[{},{}]}}"#, map("a"), map("b"))),
    });
    let command = Command::parse(Verb::Describe, &["cm".to_owned()], None).unwrap();
    let limits = Limits {
        max_output_bytes: 150,
        ..Limits::default()
    };
    let output = run(&cluster, &command, &limits).await.unwrap();
    let printed = text(&output.stdout);
    assert!(printed.ends_with("Name:         b\n"), "{printed}");
    assert!(output.truncated && output.exit_code == 0);
    assert!(text(&output.stderr).starts_with("Warning: the output is cut after 150 bytes"));
}
