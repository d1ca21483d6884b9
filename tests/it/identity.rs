//! Users, API keys and grants through the door: who gets in, who does not any more, and what each may do.

use std::time::{Duration, Instant};

use http::Method;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product::{self, Gateway};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

use crate::door::problem;
use crate::jobs::{job, submit, version};

mod bad_input;
mod room;

const SOON: Duration = Duration::from_secs(60);
/// A key is refused within a second; the rest is for a loaded machine.
const REFUSED: Duration = Duration::from_secs(5);
/// What any key may ask, and what costs little: the list of clusters asks the hub for each of them.
const CHEAP: &str = "/v1/sessions?limit=1";

/// An admin on a gateway.
pub(crate) struct Admin {
    pub(crate) http: Http,
}

/// Somebody with a key.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) key_id: String,
    pub(crate) key: String,
    pub(crate) http: Http,
}

impl Admin {
    pub(crate) async fn of(world: &World) -> Self {
        let email = format!("admin-{}@example.com", uuid::Uuid::new_v4());
        let key = product::admin_create(&world.hub.url(), &email)
            .await
            .unwrap();
        let http = world.gateway.http(Some(&key)).unwrap();
        known(&http).await;
        Self { http }
    }

    /// A new user with a key of this grant.
    pub(crate) async fn person(&self, grant: Value) -> Person {
        let email = format!("user-{}@example.com", uuid::Uuid::new_v4());
        let body = json!({"name": "Ada", "email": email});
        let user = created(&self.http, "/v1/users", &body).await;
        let id = user["id"].as_str().unwrap().to_owned();
        self.key_of(&id, grant).await
    }

    /// One more key of a user.
    pub(crate) async fn key_of(&self, user: &str, grant: Value) -> Person {
        let body = json!({"name": "a key", "user_id": user, "grant": grant});
        let made = created(&self.http, "/v1/api-keys", &body).await;
        let key = made["secret"].as_str().unwrap().to_owned();
        Person {
            id: user.to_owned(),
            key_id: made["id"].as_str().unwrap().to_owned(),
            http: self.http.with_key(Some(&key)),
            key,
        }
    }
}

/// Waits until a key that another process made gets in.
async fn known(http: &Http) {
    wait::until("a new key gets in", SOON, async || {
        let answer = http.get(CHEAP).await.unwrap();
        Probe::when(answer.status == 200, answer.text())
    })
    .await
    .unwrap();
}

pub(crate) async fn created(http: &Http, path: &str, body: &Value) -> Value {
    let answer = http.json(Method::POST, path, body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.json().unwrap();
    let place = answer.header("location").to_owned();
    let id = made.get("id").unwrap_or(&made["session_id"]);
    assert_eq!(place, format!("{path}/{}", id.as_str().unwrap()));
    made
}

async fn call(http: &Http, method: Method, path: &str) -> Answer {
    http.send(method, path, &[], "").await.unwrap()
}

/// Waits until a key is refused; how long that took.
async fn refused(http: &Http) -> Duration {
    let began = Instant::now();
    let refusal = wait::until("a key is refused", SOON, async || {
        match http.get(CHEAP).await.unwrap() {
            answer if answer.status == 401 => Probe::Ready(answer),
            answer => Probe::NotYet(answer.text()),
        }
    });
    problem(&refusal.await.unwrap(), 401, "unauthenticated");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_found_nowhere_after_that() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let ada = admin.person(json!({})).await;
    assert_eq!(ada.key.len(), 43);
    known(&ada.http).await;
    let list = ada.http.get("/v1/api-keys").await.unwrap();
    let one = ada.http.get(&format!("/v1/api-keys/{}", ada.key_id)).await;
    for answer in [list, one.unwrap()] {
        let text = answer.text();
        assert_eq!(answer.status, 200, "{text}");
        assert!(text.contains(&ada.key[..7]), "its prefix is shown: {text}");
        assert!(
            !text.contains(&ada.key) && !text.contains("key_hash"),
            "{text}"
        );
    }
    let secret = ada.key.as_bytes();
    let js = async_nats::jetstream::new(async_nats::connect(world.hub.url()).await.unwrap());
    let bucket = js.get_key_value("kubently_identity").await.unwrap();
    let mut values = bucket.watch_all_from_revision(1).await.unwrap();
    loop {
        use futures::StreamExt as _;
        let entry = values.next().await.unwrap().unwrap();
        let found = entry.value.windows(secret.len()).any(|part| part == secret);
        assert!(!found, "a secret is stored at {}", entry.key);
        if entry.delta == 0 {
            break;
        }
    }
    assert!(!world.gateway.process.logs().contains(&ada.key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_keys_are_its_own_and_users_are_the_admins() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let (ada, bob) = (admin.person(json!({})).await, admin.person(json!({})).await);
    let own = format!("/v1/api-keys/{}", ada.key_id);
    let unknown = format!("/v1/api-keys/{}", uuid::Uuid::new_v4());
    for (method, path) in [
        (Method::GET, own.clone()),
        (Method::DELETE, own.clone()),
        (Method::POST, format!("{own}/rotate")),
        (Method::GET, unknown.clone()),
        (Method::DELETE, unknown.clone()),
        (Method::POST, format!("{unknown}/rotate")),
        (
            Method::GET,
            own.to_uppercase().replace("/V1/API-KEYS", "/v1/api-keys"),
        ),
        (
            Method::DELETE,
            own.replace('-', "").replace("apikeys", "api-keys"),
        ),
    ] {
        let answer = call(&bob.http, method, &path).await;
        let told = problem(&answer, 404, "api_key_not_found");
        assert_eq!(told["detail"], "there is no such API key");
    }
    let list = ada.http.get("/v1/api-keys").await.unwrap().json().unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    for (method, path) in [
        (Method::GET, "/v1/users".to_owned()),
        (Method::GET, format!("/v1/users/{}", ada.id)),
        (Method::POST, "/v1/users".to_owned()),
        (Method::PATCH, format!("/v1/users/{}", ada.id)),
        (Method::GET, format!("/v1/api-keys?user_id={}", bob.id)),
    ] {
        let answer = call(&ada.http, method, &path).await;
        problem(&answer, 403, "not_admin");
    }
    let of_bob = json!({"name": "x", "user_id": bob.id});
    let answer = ada.http.json(Method::POST, "/v1/api-keys", &of_bob).await;
    problem(&answer.unwrap(), 403, "not_admin");

    let found = admin.http.get(&format!("/v1/users/{}", ada.id)).await;
    let user = found.unwrap().json().unwrap();
    let email = user["email"].as_str().unwrap();
    let again = json!({"name": "Eve", "email": email.to_uppercase()});
    let answer = admin.http.json(Method::POST, "/v1/users", &again).await;
    problem(&answer.unwrap(), 409, "email_taken");
    let by_email = admin.http.get(&format!("/v1/users?email={email}")).await;
    assert_eq!(by_email.unwrap().json().unwrap()["items"], json!([user]));
    let all = admin.http.get("/v1/users?limit=1").await.unwrap();
    let all = all.json().unwrap();
    let cursor = all["next_cursor"].as_str().unwrap();
    let path = format!("/v1/users?limit=1&cursor={cursor}");
    let next = admin.http.get(&path).await.unwrap().json().unwrap();
    assert_ne!(next["items"], all["items"]);
    let foreign = admin
        .http
        .get(&format!("/v1/api-keys?cursor={cursor}"))
        .await;
    problem(&foreign.unwrap(), 422, "bad_cursor");
    let path = format!("/v1/api-keys?user_id={}", ada.id);
    let of_ada = admin.http.get(&path).await.unwrap();
    // When it was used is noted behind its request.
    let mut keys = [of_ada.json().unwrap(), list].map(|list| list["items"][0].clone());
    for key in &mut keys {
        key["last_used_at"].take();
    }
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_every_gateway_within_a_second_and_its_jobs_end() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("revoked").await.unwrap();
    let admin = Admin::of(world).await;
    let (ada, spare) = (admin.person(json!({})).await, admin.person(json!({})).await);
    let still = admin.key_of(&ada.id, json!({})).await;
    let second = world.second_gateway().await.unwrap();
    let elsewhere = second.http(Some(&ada.key)).unwrap();
    known(&elsewhere).await;
    let doomed = submit(&ada.http, &version(&cluster)).await;
    let kept = submit(&still.http, &version(&cluster)).await;

    for _ in 0..2 {
        let path = format!("/v1/api-keys/{}", ada.key_id);
        let answer = call(&still.http, Method::DELETE, &path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json().unwrap()["is_active"], false);
    }
    assert!(refused(&ada.http).await < REFUSED);
    assert!(refused(&elsewhere).await < REFUSED);
    let ended = job(&still.http, &doomed).await.unwrap();
    assert_eq!(
        (&ended["status"], &ended["reason"]),
        (&"cancelled".into(), &"key_revoked".into())
    );
    assert_eq!(job(&still.http, &kept).await.unwrap()["status"], "queued");

    let path = format!("/v1/users/{}", ada.id);
    let off = json!({"is_active": false});
    let answer = admin.http.json(Method::PATCH, &path, &off).await.unwrap();
    assert_eq!(
        answer.json().unwrap()["is_active"],
        false,
        "{}",
        answer.text()
    );
    let elsewhere = second.http(Some(&still.key)).unwrap();
    assert!(refused(&still.http).await < REFUSED);
    assert!(refused(&elsewhere).await < REFUSED);
    assert_eq!(spare.http.get("/v1/clusters").await.unwrap().status, 200);

    let on = json!({"is_active": true});
    admin.http.json(Method::PATCH, &path, &on).await.unwrap();
    let ended = job(&still.http, &kept).await.unwrap();
    assert_eq!(ended["reason"], "user_deactivated", "{ended}");
    problem(
        &ada.http.get("/v1/clusters").await.unwrap(),
        401,
        "unauthenticated",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_hands_out_a_new_secret_and_never_more_than_its_caller_has() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let ada = admin.person(json!({})).await;
    let path = format!("/v1/api-keys/{}/rotate", ada.key_id);
    let overlap = json!({"overlap_seconds": 600});
    let answer = ada.http.json(Method::POST, &path, &overlap).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.json().unwrap();
    let next = ada.http.with_key(made["secret"].as_str());
    for http in [&ada.http, &next] {
        assert_eq!(http.get("/v1/clusters").await.unwrap().status, 200);
    }
    let path = format!("/v1/api-keys/{}/rotate", made["id"].as_str().unwrap());
    let at_once = call(&next, Method::POST, &path).await;
    assert_eq!(at_once.status, 201, "{}", at_once.text());
    assert!(refused(&next).await < REFUSED);
    let last = ada
        .http
        .with_key(at_once.json().unwrap()["secret"].as_str());
    let over = call(&last, Method::POST, &path).await;
    problem(&over, 409, "key_expired");

    let limited = admin.key_of(&ada.id, json!({"verbs": ["get"]})).await;
    let wide = at_once.json().unwrap();
    let path = format!("/v1/api-keys/{}/rotate", wide["id"].as_str().unwrap());
    let answer = call(&limited.http, Method::POST, &path).await;
    problem(&answer, 403, "grant_exceeded");
    for grant in [
        json!({}),
        json!({"verbs": ["get", "logs"]}),
        json!({"admin": true}),
    ] {
        let body = json!({"name": "more", "grant": grant});
        let answer = limited.http.json(Method::POST, "/v1/api-keys", &body).await;
        problem(&answer.unwrap(), 403, "grant_exceeded");
    }
    let made = created(&limited.http, "/v1/api-keys", &json!({"name": "same"})).await;
    assert_eq!(made["grant"], json!({"admin": false, "verbs": ["get"]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_grant_says_and_sees_no_other_cluster() {
    let world = World::shared().await.unwrap();
    let other = world.cluster("outside").await.unwrap();
    let admin = Admin::of(world).await;
    let own = &world.cluster_id;
    let ada = admin
        .person(json!({"clusters": [own], "namespaces": ["team-a"], "verbs": ["get", "version"]}))
        .await;
    let run = async |cluster: &str, verb: &str, args: &[&str]| {
        let body = json!({"cluster_id": cluster, "command_type": verb, "args": args});
        let answer = ada
            .http
            .json(Method::POST, "/v1/commands?dry_run=true", &body)
            .await;
        answer.unwrap()
    };
    for (verb, args, code) in [
        ("get", &["pods", "-n", "team-a"][..], None),
        ("version", &[], None),
        ("get", &["pods"], Some("namespace_forbidden")),
        (
            "get",
            &["pods", "-n", "team-b"],
            Some("namespace_forbidden"),
        ),
        ("get", &["pods", "-A"], Some("namespace_forbidden")),
        ("get", &["nodes"], Some("cluster_scope_forbidden")),
        (
            "get",
            &["all", "-n", "team-a"],
            Some("cluster_scope_forbidden"),
        ),
        ("api-resources", &[], Some("verb_forbidden")),
    ] {
        let answer = run(own, verb, args).await;
        match code {
            None => assert_eq!(answer.status, 200, "{verb} {args:?}: {}", answer.text()),
            Some(code) => drop(problem(&answer, 403, code)),
        }
    }
    let foreign = problem(
        &run(&other, "get", &["pods"]).await,
        404,
        "cluster_not_found",
    );
    let unknown = problem(
        &run("nowhere", "get", &["pods"]).await,
        404,
        "cluster_not_found",
    );
    assert_eq!(foreign["detail"], unknown["detail"]);
    let body = json!({ "cluster_id": other });
    let answer = ada.http.json(Method::POST, "/v1/sessions", &body).await;
    problem(&answer.unwrap(), 404, "cluster_not_found");
    // A lesser key of the same user finds no job that it could not have run.
    let wide = admin.key_of(&ada.id, json!({})).await;
    let id = submit(&wide.http, &world.command("get", &["nodes"])).await;
    assert_eq!(job(&wide.http, &id).await.unwrap()["id"], *id);
    let hidden = ada.http.get(&format!("/v1/jobs/{id}")).await.unwrap();
    problem(&hidden, 404, "job_not_found");
    let list = ada.http.get("/v1/jobs").await.unwrap().json().unwrap();
    assert_eq!(list["items"], json!([]));
    let seen = ada.http.get("/v1/clusters").await.unwrap().json().unwrap();
    let ids: Vec<_> = seen["items"].as_array().unwrap().iter().collect();
    assert!(ids.iter().all(|item| item["cluster_id"] == **own), "{seen}");
    assert_eq!(ids.len(), 1, "{seen}");
    let all = admin.http.get("/v1/clusters").await.unwrap().text();
    assert!(all.contains(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_key_is_noted_once_a_minute() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let ada = admin.person(json!({})).await;
    let path = format!("/v1/api-keys/{}", ada.key_id);
    let read = async || {
        let answer = admin.http.get(&path).await.unwrap().json().unwrap();
        answer["last_used_at"].clone()
    };
    assert_eq!(read().await, Value::Null);
    ada.http.get(CHEAP).await.unwrap();
    let noted = wait::until("a use is noted", SOON, async || {
        let at = read().await;
        Probe::when(at.is_string(), at.to_string())
    });
    noted.await.unwrap();
    let first = read().await;
    for _ in 0..20 {
        ada.http.get(CHEAP).await.unwrap();
    }
    assert_eq!(read().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_cannot_know_of_revocations_lets_nobody_in_on_what_it_knew() {
    let mut world = World::own().await.unwrap();
    let admin = Admin::of(&world).await;
    let ada = admin.person(json!({})).await;
    world.hub.kill();
    wait::until("nobody is let in", SOON, async || {
        let answer = ada.http.get("/v1/clusters").await.unwrap();
        if answer.text().contains("identity_behind") {
            problem(&answer, 503, "identity_behind");
            assert_eq!(answer.header("retry-after"), "2");
            return Probe::Ready(());
        }
        Probe::NotYet(answer.text())
    })
    .await
    .unwrap();
    let fixed = world.http().unwrap().get("/v1/clusters").await.unwrap();
    assert_eq!(
        fixed.status, 200,
        "a key of the configuration cannot be revoked"
    );
    world.hub.restart().await.unwrap();
    known(&ada.http).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_configuration_is_no_admin_and_owns_no_keys() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    problem(&http.get("/v1/users").await.unwrap(), 403, "not_admin");
    let answer = http
        .json(Method::POST, "/v1/api-keys", &json!({"name": "x"}))
        .await;
    problem(&answer.unwrap(), 409, "no_user");
    let list = http.get("/v1/api-keys").await.unwrap().json().unwrap();
    assert_eq!(list, json!({"items": [], "next_cursor": null}));
    let named = json!({"cluster_id": world.cluster_id, "user_id": uuid::Uuid::new_v4()});
    let answer = http.json(Method::POST, "/v1/sessions", &named).await;
    problem(&answer.unwrap(), 403, "not_admin");
    let gateway = Gateway::start(&world.hub.url(), &[], &[]).await.unwrap();
    let nobody = gateway.http(Some(&world.key)).unwrap();
    problem(
        &nobody.get("/v1/clusters").await.unwrap(),
        401,
        "unauthenticated",
    );
}
