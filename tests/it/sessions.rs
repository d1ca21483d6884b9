//! Sessions through the door: their life, their owners, their commands.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use http::Method;
use kubently_broker::{Broker, HubClock, HubConfig, HubRepositories};
use kubently_core::repository::SessionRepository as _;
use kubently_core::session::Session;
use kubently_tests::http::Http;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::door::problem;
use crate::identity::{Admin, created};
use crate::jobs::{job, submit, version};

const SOON: Duration = Duration::from_secs(60);

/// The stores of a hub, over a connection of one's own.
pub(crate) async fn stores(hub: &str) -> HubRepositories {
    let config = HubConfig {
        url: hub.to_owned(),
        name: "test".to_owned(),
        ..HubConfig::default()
    };
    let broker = Broker::connect(&config).await.unwrap();
    let clock = HubClock::of_hub(&broker).await.unwrap();
    HubRepositories::new(broker, clock)
}

async fn session(http: &Http, cluster: &str) -> Value {
    created(http, "/v1/sessions", &json!({ "cluster_id": cluster })).await
}

fn place(session: &Value) -> String {
    format!("/v1/sessions/{}", session["session_id"].as_str().unwrap())
}

fn in_session(body: &Value, session: &Value) -> Value {
    let mut body = body.clone();
    body["session_id"] = session["session_id"].clone();
    body
}

async fn read(http: &Http, session: &Value) -> Value {
    let answer = http.get(&place(session)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_how_many_sessions_take_commands() {
    let world = World::own().await.unwrap();
    let ada = Admin::of(&world).await.person(json!({})).await.http;
    let bob = Admin::of(&world).await.person(json!({})).await.http;
    let anybody = world.gateway.http(None).unwrap();
    let counts = async |sessions: u64| {
        wait::until("the sessions being counted", SOON, async || {
            let health = anybody.get("/health").await.unwrap().json().unwrap();
            Probe::when(health["active_sessions"] == sessions, health.to_string())
        })
        .await
        .unwrap();
    };
    counts(0).await;
    let first = session(&ada, &world.cluster_id).await;
    session(&ada, &world.cluster_id).await;
    session(&bob, &world.cluster_id).await;
    counts(3).await;
    let ended = ada.send(Method::DELETE, &place(&first), &[], "").await;
    assert!((200..300).contains(&ended.unwrap().status));
    counts(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_from_its_creation_to_its_end() {
    let world = World::shared().await.unwrap();
    let http = Admin::of(world).await.person(json!({})).await.http;
    let body = json!({
        "cluster_id": world.cluster_id, "correlation_id": "trace-7", "ttl_seconds": 60,
    });
    let made = created(&http, "/v1/sessions", &body).await;
    assert_eq!(made["status"], "active");
    assert_eq!(made["command_count"], 0);
    assert_eq!(
        (&made["ttl_seconds"], &made["correlation_id"]),
        (&60.into(), &"trace-7".into())
    );
    assert_eq!(read(&http, &made).await, made);
    let other = session(&http, &world.cluster_id).await;
    assert_eq!(
        other["ttl_seconds"], 300,
        "the default of the configuration"
    );

    let list = async |query: &str| {
        let answer = http.get(&format!("/v1/sessions{query}")).await.unwrap();
        let list = answer.json().unwrap();
        let items = list["items"].as_array().unwrap_or_else(|| panic!("{list}"));
        let ids = items.iter().map(|item| item["session_id"].clone());
        (ids.collect::<Vec<_>>(), list["next_cursor"].clone())
    };
    let (first, second) = (other["session_id"].clone(), made["session_id"].clone());
    assert_eq!(list("").await.0, [first.clone(), second.clone()]);
    assert_eq!(
        list("?correlation_id=trace-7").await.0,
        std::slice::from_ref(&second)
    );
    assert_eq!(
        list("?cluster_id=elsewhere&status=active").await.0,
        [Value::Null; 0]
    );
    let (page, cursor) = list("?limit=1").await;
    assert_eq!(page, [first]);
    let next = format!("?limit=1&cursor={}", cursor.as_str().unwrap());
    assert_eq!(list(&next).await, (vec![second.clone()], Value::Null));

    let keepalive = format!("{}/keepalive", place(&made));
    let answer = http.send(Method::POST, &keepalive, &[], "").await.unwrap();
    let alive = answer.json().unwrap();
    assert!(
        alive["expires_at"].as_str() > made["expires_at"].as_str(),
        "{alive}"
    );
    for _ in 0..2 {
        let answer = http
            .send(Method::DELETE, &place(&made), &[], "")
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json().unwrap()["status"], "ended");
    }
    let answer = http.send(Method::POST, &keepalive, &[], "").await.unwrap();
    problem(&answer, 409, "session_ended");
    assert_eq!(
        read(&http, &made).await["status"],
        "ended",
        "readable for an hour"
    );
    assert_eq!(list("?status=ended").await.0, [second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_owners_alone() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let (ada, bob) = (admin.person(json!({})).await, admin.person(json!({})).await);
    let foreign = session(&ada.http, &world.cluster_id).await;
    let own = place(&foreign);
    let mut ids = vec![
        own.clone(),
        own.to_uppercase().replace("/V1/SESSIONS", "/v1/sessions"),
    ];
    ids.push(format!("/v1/sessions/{}", uuid::Uuid::new_v4()));
    ids.extend(["x", "*", "%3E", "a.b", "%00"].map(|id| format!("/v1/sessions/{id}")));
    for path in ids {
        for (method, tail) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::POST, "/keepalive"),
        ] {
            let answer = bob
                .http
                .send(method, &format!("{path}{tail}"), &[], "")
                .await;
            let told = problem(&answer.unwrap(), 404, "session_not_found");
            assert_eq!(told["detail"], "there is no such session");
        }
    }
    let body = in_session(&version(&world.cluster_id), &foreign);
    let answer = bob.http.post_command(&body, &[]).await.unwrap();
    problem(&answer, 404, "session_not_found");
    let list = bob.http.get("/v1/sessions").await.unwrap().json().unwrap();
    assert_eq!(list["items"], json!([]));
    assert_eq!(read(&ada.http, &foreign).await["command_count"], 0);

    let body = json!({"cluster_id": world.cluster_id, "user_id": bob.id, "service_identity": "ci"});
    let given = created(&admin.http, "/v1/sessions", &body).await;
    assert_eq!(read(&bob.http, &given).await["service_identity"], "ci");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_commands_at_once_every_one_is_counted() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("counted").await.unwrap();
    let http = Admin::of(world).await.person(json!({})).await.http;
    let session = session(&http, &cluster).await;
    let mut body = in_session(&version(&cluster), &session);
    body["queue_timeout_seconds"] = 600.into();
    let ids = join_all((0..64).map(|_| submit(&http, &body))).await;
    let seen = read(&http, &session).await;
    assert_eq!(seen["command_count"], 64, "{seen}");
    let last = job(&http, ids.last().unwrap()).await.unwrap();
    assert_eq!(last["session_id"], session["session_id"]);
    assert!(seen["last_activity"].as_str() > session["last_activity"].as_str());
    assert!(seen["expires_at"].as_str() > session["expires_at"].as_str());

    let answer = http.send(Method::DELETE, &place(&session), &[], "").await;
    assert_eq!(answer.unwrap().status, 200);
    for id in &ids {
        wait::until("a job ends with its session", SOON, async || {
            match job(&http, id).await {
                Ok(job) => Probe::when(job["reason"] == "session_ended", job.to_string()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_cluster_or_that_is_over_takes_no_command() {
    let world = World::shared().await.unwrap();
    let other = world.cluster("other").await.unwrap();
    let ada = Admin::of(world).await.person(json!({})).await;
    let live = session(&ada.http, &world.cluster_id).await;
    let body = in_session(&version(&other), &live);
    let answer = ada.http.post_command(&body, &[]).await.unwrap();
    problem(&answer, 409, "session_of_other_cluster");

    let stores = stores(&world.hub.url()).await;
    let made = chrono::Utc::now() - TimeDelta::seconds(61);
    let expired = Session::new(
        uuid::Uuid::new_v4().to_string().parse().unwrap(),
        ada.id.parse().unwrap(),
        world.cluster_id.parse().unwrap(),
        60.try_into().unwrap(),
        made.into(),
    );
    stores.create_session(&expired).await.unwrap();
    let expired = json!({ "session_id": expired.session_id });
    assert_eq!(read(&ada.http, &expired).await["status"], "expired");
    let answer = ada.http.send(Method::DELETE, &place(&live), &[], "").await;
    assert_eq!(answer.unwrap().status, 200);
    for (session, code) in [(&live, "session_ended"), (&expired, "session_expired")] {
        let body = in_session(&version(&world.cluster_id), session);
        for path in [
            "/v1/commands",
            "/v1/commands?dry_run=true",
            "/debug/execute",
        ] {
            let answer = ada.http.json(Method::POST, path, &body).await.unwrap();
            problem(&answer, 409, code);
        }
        let keepalive = format!("{}/keepalive", place(session));
        let answer = ada.http.send(Method::POST, &keepalive, &[], "").await;
        problem(&answer.unwrap(), 409, code);
    }
    let answer = ada
        .http
        .send(Method::DELETE, &place(&expired), &[], "")
        .await;
    assert_eq!(answer.unwrap().json().unwrap()["status"], "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sources_own_routes_answer_with_its_shapes() {
    let world = World::shared().await.unwrap();
    let http = Admin::of(world).await.person(json!({})).await.http;
    let body = json!({ "cluster_id": world.cluster_id });
    let made = created(&http, "/debug/session", &body).await;
    for field in [
        "session_id",
        "cluster_id",
        "status",
        "created_at",
        "expires_at",
        "ttl_seconds",
    ] {
        assert!(!made[field].is_null(), "{field} in {made}");
    }
    let path = format!("/debug/session/{}", made["session_id"].as_str().unwrap());
    assert_eq!(http.get(&path).await.unwrap().json().unwrap(), made);
    let mut body = in_session(&version(&world.cluster_id), &made);
    body["correlation_id"] = "trace-9".into();
    let answer = http
        .json(Method::POST, "/debug/execute", &body)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json().unwrap();
    assert_eq!(told["status"], "success", "{told}");
    assert_eq!(told["session_id"], made["session_id"]);
    assert_eq!(told["correlation_id"], "trace-9");
    assert!(
        told["output"]
            .as_str()
            .unwrap()
            .starts_with("Client Version")
    );
    assert!(told["executed_at"].is_string() && told["execution_time_ms"].is_number());
    let fields: Vec<_> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "command_id",
        "session_id",
        "cluster_id",
        "status",
        "correlation_id",
        "output",
        "error",
        "execution_time_ms",
        "executed_at",
    ];
    expected.sort_unstable();
    let mut fields = fields;
    fields.sort_unstable();
    assert_eq!(fields, expected);
    let id = told["command_id"].as_str().unwrap();
    assert_eq!(job(&http, id).await.unwrap()["status"], "completed");
    let ended = http.send(Method::DELETE, &path, &[], "").await.unwrap();
    assert_eq!(ended.json().unwrap()["status"], "ended");
    let list = http.get("/v1/jobs").await.unwrap().json().unwrap();
    assert_eq!(list["items"][0]["id"], id, "{list}");
}
