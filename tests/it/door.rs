//! The HTTP door: whatever is wrong with a request is told as the right problem, and nothing else happens.

use http::Method;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::{Gateway, new_key};
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::jobs::{ended, submit, version};

/// The problem in an answer (RFC 9457), checked for what every problem has.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem = answer.json().unwrap();
    assert_eq!(problem["code"], code, "{text}");
    assert_eq!(problem["status"], status, "{text}");
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert!(problem["title"].is_string() && problem["detail"].is_string());
    assert_ne!(problem["request_id"], "");
    // Nothing is left for JSON to escape but quotes and our own backslashes.
    let rest = text.replace("\\\\", "");
    let mut escapes = rest.split('\\').skip(1);
    assert!(
        text.is_ascii() && escapes.all(|it| it.starts_with('"')),
        "{text}"
    );
    problem
}

async fn post(http: &Http, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Answer {
    http.send(Method::POST, "/v1/commands", headers, body)
        .await
        .unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_400() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    for body in [
        "",
        "{",
        "nul",
        "{\"cluster_id\":\"test\",}",
        "{\"cluster_id\":\"test\",\"args\":[\"pods\"]} {}",
        "{\"cluster_id\":\"te\u{1}st\",\"args\":[\"pods\"]}",
        "{'cluster_id':'test'}",
        "cluster_id=test&args=pods",
        "\u{feff}{\"cluster_id\":\"test\",\"args\":[\"pods\"]}",
    ] {
        let answer = post(&http, &[JSON], body).await;
        problem(&answer, 400, "malformed_json");
    }
    let answer = post(&http, &[JSON], &b"{\"cluster_id\":\"\xff\"}"[..]).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(!world.gateway.process.logs().contains("panicked"));
}

/// Fields of a request beside its cluster, and what is said about them.
fn wrong_fields() -> Vec<(Value, &'static str, &'static str)> {
    let pods = |field: &str, value: Value| json!({"args": ["pods"], field: value});
    let args = |args: Value| json!({ "args": args });
    let three_kib = "a".repeat(3 * 1024);
    let nearly_two_kib = "a".repeat(2000);
    vec![
        (pods("surprise", 1.into()), "unknown_field", "/surprise"),
        (args("pods".into()), "bad_args_type", "/args"),
        (args(json!(["pods", 1])), "bad_args_type", "/args/1"),
        (
            pods("cluster_id", 7.into()),
            "bad_cluster_id",
            "/cluster_id",
        ),
        (
            pods("cluster_id", "a.>".into()),
            "bad_cluster_id",
            "/cluster_id",
        ),
        (
            pods("cluster_id", "test\n".into()),
            "bad_cluster_id",
            "/cluster_id",
        ),
        (
            pods("command_type", "delete".into()),
            "bad_command_type",
            "/command_type",
        ),
        (
            pods("timeout_seconds", 31.into()),
            "bad_timeout",
            "/timeout_seconds",
        ),
        (
            pods("timeout_seconds", "10".into()),
            "bad_timeout",
            "/timeout_seconds",
        ),
        (
            pods("timeout_seconds", true.into()),
            "bad_timeout",
            "/timeout_seconds",
        ),
        (
            pods("queue_timeout_seconds", 0.into()),
            "bad_queue_timeout",
            "/queue_timeout_seconds",
        ),
        (pods("priority", 101.into()), "bad_priority", "/priority"),
        (
            pods("session_id", "../x".into()),
            "bad_session_id",
            "/session_id",
        ),
        (
            pods("correlation_id", "a b".into()),
            "bad_correlation_id",
            "/correlation_id",
        ),
        (
            pods("namespace", "a/b".into()),
            "bad_namespace",
            "/namespace",
        ),
        (args(json!(vec!["pods"; 21])), "too_many_args", "/args"),
        (args(json!(["pods", three_kib])), "arg_too_long", "/args/1"),
        (
            args(json!(vec![nearly_two_kib; 5])),
            "args_too_long",
            "/args",
        ),
        (args(json!(["pods", "-w"])), "flag_not_allowed", "/args/1"),
        (
            args(json!(["pods", "../secrets/db"])),
            "bad_name",
            "/args/1",
        ),
        (args(json!(["secrets"])), "resource_denied", "/args/0"),
        (args(json!(["pods,secret"])), "resource_denied", "/args/0"),
        (args(json!(["secrets.v1."])), "resource_denied", "/args/0"),
        (
            json!({"args": ["pods", "-n", "a"], "namespace": "b"}),
            "namespace_conflict",
            "/args/2",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_wrong_is_422_and_pointed_at() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    for (mut body, code, pointer) in wrong_fields() {
        let cluster = body["cluster_id"].take();
        body["cluster_id"] = match cluster {
            Value::Null => world.cluster_id.clone().into(),
            given => given,
        };
        let answer = http.post_command(&body, &[]).await.unwrap();
        let problem = problem(&answer, 422, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let twice = r#"{"cluster_id":"test","cluster_id":"prod","args":["pods"]}"#;
    let answer = post(&http, &[JSON], twice).await;
    let told = problem(&answer, 422, "duplicate_field");
    assert_eq!(told["errors"][0]["pointer"], "/cluster_id", "{told}");
    let missing = http.post_command(&json!({"args": ["pods"]}), &[]).await;
    problem(&missing.unwrap(), 422, "missing_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_plain_json() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let body = world.command("version", &["--client"]).to_string();
    for size in [65 * 1024, 1024 * 1024, 4 * 1024 * 1024] {
        let padded = format!("{}{body}", " ".repeat(size - body.len()));
        problem(&post(&http, &[JSON], padded).await, 413, "body_too_large");
    }
    let largest = format!("{}{body}", " ".repeat(64 * 1024 - body.len()));
    let answer = post(&http, &[JSON], largest).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/jsonp")],
        &[JSON, JSON],
    ] {
        let answer = post(&http, headers, body.clone()).await;
        problem(&answer, 415, "unsupported_media_type");
    }
    for encoding in ["gzip", "br", "identity, gzip"] {
        let headers = [JSON, ("content-encoding", encoding)];
        let answer = post(&http, &headers, body.clone()).await;
        problem(&answer, 415, "unsupported_encoding");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_exactly_one_known_key_nobody_gets_in() {
    let world = World::shared().await.unwrap();
    let nobody = world.http().unwrap().with_key(None);
    let key = world.key.as_str();
    let bearer = format!("Bearer {key}");
    let other = new_key();
    let longer = format!("{key}x");
    let huge = format!("ci_{}", "A".repeat(8 * 1024));
    for headers in [
        &[][..],
        &[("x-api-key", "")],
        &[("x-api-key", &other)],
        &[("x-api-key", &longer)],
        &[("x-api-key", &key[..key.len() - 1])],
        &[("x-api-key", &huge)],
        &[("x-api-key", key), ("x-api-key", key)],
        &[("x-api-key", key), ("x-api-key", &other)],
        &[("authorization", &bearer), ("authorization", &bearer)],
        &[("authorization", &bearer), ("x-api-key", key)],
        &[("authorization", key)],
        &[("authorization", "Basic dXNlcjpwYXNz")],
    ] {
        for (method, path) in [
            (Method::POST, "/v1/commands"),
            (Method::GET, "/v1/clusters"),
            (Method::GET, "/v1/jobs/0199b6a0-5c1e-7d3a-8f00-1234567890ab"),
        ] {
            let mut all = vec![JSON];
            all.extend_from_slice(headers);
            let body = world.command("version", &["--client"]).to_string();
            let answer = nobody.send(method, path, &all, body).await.unwrap();
            problem(&answer, 401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    for headers in [[("x-api-key", key)], [("authorization", &bearer)]] {
        let answer = nobody
            .send(Method::GET, "/v1/clusters", &headers, "")
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let logs = world.gateway.process.logs();
    assert!(!logs.contains(key) && !logs.contains(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_404_and_a_wrong_method_405() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    for path in [
        "/",
        "/v1",
        "/v1/commands/",
        "/v1/jobs/",
        "/v2/commands",
        "/metrics",
        "/readyz",
        "/v1/jobs/a/b/c",
        "/v1/../v1/nothing",
        "/%2e%2e/etc/passwd",
        "/v1/%00",
    ] {
        problem(&http.get(path).await.unwrap(), 404, "route_not_found");
    }
    for (method, path, allowed) in [
        (Method::GET, "/v1/commands", "POST"),
        (Method::PUT, "/v1/commands", "POST"),
        (Method::DELETE, "/v1/jobs/x", "GET,HEAD"),
        (Method::POST, "/v1/clusters", "GET,HEAD"),
        (Method::POST, "/health", "GET,HEAD"),
    ] {
        let answer = http.send(method.clone(), path, &[], "").await.unwrap();
        problem(&answer, 405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    let nowhere = json!({"cluster_id": "nowhere", "args": ["pods"]});
    for query in ["", "?dry_run=true"] {
        let path = format!("/v1/commands{query}");
        let answer = http
            .send(Method::POST, &path, &[JSON], nowhere.to_string())
            .await
            .unwrap();
        problem(&answer, 404, "cluster_not_found");
    }
    let mut body = world.command("get", &["pods"]);
    body["session_id"] = "44444444-4444-4444-8444-444444444444".into();
    let answer = http.post_command(&body, &[]).await.unwrap();
    problem(&answer, 404, "session_not_found");
    for query in ["?dry_run=maybe", "?dryrun=true", "?dry_run"] {
        let path = format!("/v1/commands{query}");
        let answer = http.send(Method::POST, &path, &[JSON], "{}").await;
        problem(&answer.unwrap(), 422, "bad_query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_its_owners_alone() {
    let world = World::shared().await.unwrap();
    let other = new_key();
    let keys = [world.key.as_str(), &other];
    let gateway = Gateway::start(&world.hub.url(), &keys, &[]).await.unwrap();
    let owner = gateway.http(Some(&world.key)).unwrap();
    let stranger = owner.with_key(Some(&other));
    let id = submit(&owner, &version(&world.cluster_id)).await;
    ended(&owner, &id).await;
    let unknown = "0199b6a0-5c1e-7d3a-8f00-1234567890ab";
    for tail in ["", "/output"] {
        let foreign = stranger.get(&format!("/v1/jobs/{id}{tail}")).await.unwrap();
        let foreign = problem(&foreign, 404, "job_not_found");
        let unknown = stranger.get(&format!("/v1/jobs/{unknown}{tail}")).await;
        let unknown = problem(&unknown.unwrap(), 404, "job_not_found");
        assert_eq!(foreign["detail"], unknown["detail"]);
        for bad in [
            "x",
            "..%2fusers%2fadmin",
            "*",
            "%3E",
            "a.b.c",
            "%00",
            "%FF",
            &id.to_uppercase(),
            &id.replace('-', ""),
        ] {
            let answer = owner.get(&format!("/v1/jobs/{bad}{tail}")).await.unwrap();
            problem(&answer, 404, "job_not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_bytes_come_back_escaped_or_not_at_all() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let evil = "\u{1b}[31m\u{7f}\u{202e}<script>\r\nX: y\u{0}\u{e9}";
    for body in [
        json!({"cluster_id": evil, "args": ["pods"]}),
        json!({"cluster_id": "test", "args": ["pods", evil]}),
        json!({"cluster_id": "test", "args": [format!("--{evil}")]}),
        json!({"cluster_id": "test", "command_type": evil, "args": ["pods"]}),
        json!({"cluster_id": "test", "args": ["pods"], "namespace": evil}),
        json!({"cluster_id": "test", "args": ["pods"], "session_id": evil}),
        json!({"cluster_id": "test", "args": ["pods"], "correlation_id": evil}),
        json!({"cluster_id": "test", "args": ["pods"], evil: 1}),
        json!({"cluster_id": "test", "args": ["pods"], "priority": evil}),
    ] {
        let answer = http.post_command(&body, &[]).await.unwrap();
        let code = answer.json().unwrap()["code"].clone();
        problem(&answer, 422, code.as_str().unwrap());
    }
    let given = [("x-request-id", "a.b_c:d-1")];
    let answer = http.send(Method::GET, "/nowhere", &given, "").await;
    let told = problem(&answer.unwrap(), 404, "route_not_found");
    assert_eq!(told["request_id"], "a.b_c:d-1");
    for id in ["<script>", "a b", &"x".repeat(300)] {
        let headers = [("x-request-id", id)];
        let answer = http.send(Method::GET, "/nowhere", &headers, "").await;
        let told = problem(&answer.unwrap(), 404, "route_not_found");
        assert_eq!(told["request_id"].as_str().unwrap().len(), 36, "{told}");
    }
    let logs = world.gateway.process.logs();
    assert!(!logs.contains("panicked") && !logs.contains("<script>"));
}
