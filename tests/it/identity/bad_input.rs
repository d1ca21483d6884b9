//! Wrong and hostile bodies, ids and cursors: a 4xx problem that points at the place, nothing stored.

use http::Method;
use kubently_tests::world::World;
use serde_json::{Value, json};

use super::Admin;
use crate::door::problem;

/// Route, body, code and pointer.
type Case = (&'static str, String, u16, &'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "one table")]
fn cases(cluster: &str) -> Vec<Case> {
    let long = "a".repeat(10_000);
    let user = |name: &str, email: &str| json!({"name": name, "email": email}).to_string();
    let users = [
        (user("Ada", "ada"), "bad_field", "/email"),
        (
            user("Ada", "ada@example.com\r\nBcc: x@y.z"),
            "bad_field",
            "/email",
        ),
        (user("Ada", "ada\u{0}@example.com"), "bad_field", "/email"),
        (user("Ada", "ad\u{e1}@example.com"), "bad_field", "/email"),
        (
            user("Ada", &format!("{long}@example.com")),
            "bad_field",
            "/email",
        ),
        (user(&long, "a@example.com"), "bad_field", "/name"),
        (user("A\u{202e}da", "a@example.com"), "bad_field", "/name"),
        (user("", "a@example.com"), "bad_field", "/name"),
        (
            r#"{"name":"A","name":"B","email":"a@example.com"}"#.to_owned(),
            "duplicate_field",
            "/name",
        ),
        (
            r#"{"name":7,"email":"a@example.com"}"#.to_owned(),
            "bad_field",
            "/name",
        ),
        (r#"{"name":"A"}"#.to_owned(), "missing_field", ""),
        (
            r#"{"name":"A","email":"a@example.com","id":"x"}"#.to_owned(),
            "unknown_field",
            "/id",
        ),
    ];
    let key = |field: &str, value: Value| {
        let mut body = json!({"name": "k"});
        body[field] = value;
        body.to_string()
    };
    let id = "0B0E1F0A-5C1E-4D3A-8F00-1234567890AB";
    let keys = [
        (
            key("expires_at", "2030-01-01T00:00:00".into()),
            "bad_field",
            "/expires_at",
        ),
        (
            key("expires_at", 1_893_456_000.into()),
            "bad_field",
            "/expires_at",
        ),
        (
            key("expires_at", "2020-01-01T00:00:00Z".into()),
            "bad_field",
            "/expires_at",
        ),
        (key("user_id", id.into()), "bad_field", "/user_id"),
        (
            key("user_id", format!("{{{}}}", id.to_lowercase()).into()),
            "bad_field",
            "/user_id",
        ),
        (
            key("user_id", id.to_lowercase().replace('-', "").into()),
            "bad_field",
            "/user_id",
        ),
        (
            key("grant", json!({"verbs": ["delete"]})),
            "bad_field",
            "/grant/verbs/0",
        ),
        (
            key("grant", json!({"clusters": "a"})),
            "bad_field",
            "/grant/clusters",
        ),
        (
            key("grant", json!({"cluster": ["a"]})),
            "unknown_field",
            "/grant/cluster",
        ),
        (
            key("grant", json!({"admin": 1})),
            "bad_field",
            "/grant/admin",
        ),
        (key("key_hash", "0".into()), "unknown_field", "/key_hash"),
    ];
    let session = |field: &str, value: Value| {
        let mut body = json!({ "cluster_id": cluster });
        body[field] = value;
        body.to_string()
    };
    let sessions = [
        (
            session("ttl_seconds", 300.0.into()),
            "bad_field",
            "/ttl_seconds",
        ),
        (
            session("ttl_seconds", "300".into()),
            "bad_field",
            "/ttl_seconds",
        ),
        (
            session("ttl_seconds", 59.into()),
            "bad_field",
            "/ttl_seconds",
        ),
        (
            session("ttl_seconds", 3601.into()),
            "bad_field",
            "/ttl_seconds",
        ),
        (
            session("cluster_id", "a.>".into()),
            "bad_cluster_id",
            "/cluster_id",
        ),
        (
            session("correlation_id", "a\r\nb".into()),
            "bad_correlation_id",
            "/correlation_id",
        ),
        (
            session("service_identity", "a b".into()),
            "bad_field",
            "/service_identity",
        ),
        (
            session("session_id", id.into()),
            "unknown_field",
            "/session_id",
        ),
    ];
    let of = |path, rows: Vec<(String, &'static str, &'static str)>| {
        rows.into_iter()
            .map(move |(body, code, pointer)| (path, body, 422, code, pointer))
    };
    let malformed = ["", "{", "[]x", "\u{feff}{}"].map(str::to_owned);
    let malformed = malformed.into_iter().flat_map(|body| {
        [
            "/v1/users",
            "/v1/api-keys",
            "/v1/sessions",
            "/debug/session",
            "/debug/execute",
        ]
        .map(|path| (path, body.clone(), 400, "malformed_json", ""))
    });
    of("/v1/users", users.into())
        .chain(of("/v1/api-keys", keys.into()))
        .chain(of("/v1/sessions", sessions.clone().into()))
        .chain(of("/debug/session", sessions.into()))
        .chain(malformed)
        .collect()
}

async fn stored(hub: &str) -> u64 {
    let js = async_nats::jetstream::new(async_nats::connect(hub).await.unwrap());
    let mut messages = 0;
    for bucket in ["kubently_identity", "kubently_sessions"] {
        let stream = js.get_stream(format!("KV_{bucket}")).await.unwrap();
        messages += stream.cached_info().state.last_sequence;
    }
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_pointed_at_and_nothing_is_stored() {
    let world = World::own().await.unwrap();
    let admin = Admin::of(&world).await;
    let before = stored(&world.hub.url()).await;
    let headers = [("content-type", "application/json")];
    for (path, body, status, code, pointer) in cases(&world.cluster_id) {
        let answer = admin.http.send(Method::POST, path, &headers, body.clone());
        let told = problem(&answer.await.unwrap(), status, code);
        let told = &told["errors"][0]["pointer"];
        let expected = Some(pointer).filter(|pointer| !pointer.is_empty());
        assert_eq!(told.as_str(), expected, "{path} {body:.200}");
    }
    for (method, path) in [
        (Method::GET, "/v1/users?cursor=abc"),
        (Method::GET, "/v1/users?limit=0"),
        (Method::GET, "/v1/users?limit=101"),
        (Method::GET, "/v1/users?limit=1.0"),
        (Method::GET, "/v1/users?email=x"),
        (Method::GET, "/v1/users?user_id=x"),
        (Method::GET, "/v1/api-keys?user_id=x"),
        (Method::GET, "/v1/sessions?status=paused"),
        (Method::GET, "/v1/sessions?cluster_id=A"),
        (Method::GET, "/v1/jobs?limit=-1"),
        (
            Method::GET,
            "/v1/jobs?user_id=0b0e1f0a-5c1e-4d3a-8f00-1234567890ab",
        ),
    ] {
        let answer = admin.http.send(method, path, &[], "").await.unwrap();
        problem(&answer, 422, "bad_query");
    }
    let foreign = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for list in ["users", "api-keys", "sessions", "jobs"] {
        let path = format!("/v1/{list}?cursor={foreign}");
        problem(&admin.http.get(&path).await.unwrap(), 422, "bad_cursor");
    }
    assert_eq!(stored(&world.hub.url()).await, before);
    let logs = world.gateway.process.logs();
    assert!(!logs.contains("panicked") && !logs.contains("Bcc"));
}
