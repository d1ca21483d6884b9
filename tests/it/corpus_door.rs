//! The labelled corpus' lines about HTTP and JSON, through the door; the grammar's lines are tested in
//! `kubently-core`.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use kubently_core::repository::SessionRepository as _;
use kubently_core::session::Session;
use kubently_tests::http::{Answer, Http};
use kubently_tests::product;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::door::problem;
use crate::identity::{Admin, Person, created};
use crate::jobs::{ended, submit, version};
use crate::sessions::stores;

const CORPUS: &str = include_str!("../../shared/core/tests/corpus/commands.jsonl");

const SOON: Duration = Duration::from_secs(60);
/// The session that the corpus knows as ended.
const ENDED: &str = "44444444-4444-4444-8444-444444444444";
/// The cluster that the corpus' bodies name.
const CLUSTER: &str = "prod-1";

/// Who and what the placeholders of the corpus stand for.
struct Door {
    http: Http,
    user_a: Person,
    user_b: Person,
    revoked: String,
    expired: String,
    own_job: String,
    /// The id of the last event of that job.
    last_id: String,
    job_of_b: String,
}

impl Door {
    async fn open(world: &World) -> Self {
        let admin = Admin::of(world).await;
        let (user_a, user_b) = (admin.person(json!({})).await, admin.person(json!({})).await);
        let revoked = admin.key_of(&user_a.id, json!({})).await;
        let path = format!("/v1/api-keys/{}", revoked.key_id);
        let answer = admin.http.send(Method::DELETE, &path, &[], "").await;
        assert_eq!(answer.unwrap().status, 200);
        let expired = expired(&user_a).await;
        ended_session(world, &user_a).await;
        let body = version(&world.cluster_id);
        let own_job = submit(&user_a.http, &body).await;
        let job_of_b = submit(&user_b.http, &body).await;
        ended(&user_a.http, &own_job).await;
        let path = format!("/v1/jobs/{own_job}/events");
        let events = user_a.http.get(&path).await.unwrap().json().unwrap();
        assert_eq!(events["complete"], true, "{events}");
        Self {
            http: admin.http.with_key(None),
            user_a,
            user_b,
            revoked: revoked.key,
            expired,
            own_job,
            last_id: events["next_since"].to_string(),
            job_of_b,
        }
    }

    /// The request of a line, as it stands there; placeholders are filled and its paths are ours.
    async fn answer(&self, line: &Value) -> Answer {
        let mut method = Method::POST;
        let mut path = "/v1/commands".to_owned();
        let mut content_type = "application/json".to_owned();
        let mut keys = vec![self.user_a.key.clone()];
        let mut headers = Vec::new();
        let mut body = body(line);
        for (name, value) in line["http"].as_object().into_iter().flatten() {
            match name.as_str() {
                ":method" => method = value.as_str().unwrap().parse().unwrap(),
                ":path" => path = format!("/v1{}", self.filled(value.as_str().unwrap())),
                "content-type" => value.as_str().unwrap().clone_into(&mut content_type),
                "x-api-key" => keys = self.keys(value),
                other => headers.push((other, self.filled(value.as_str().unwrap()))),
            }
        }
        if let Some(job) = path
            .strip_prefix("/v1/jobs/")
            .filter(|_| method == Method::DELETE)
        {
            path = format!("/v1/jobs/{job}/cancel");
            method = Method::POST;
        } else if let Some(user) = path.strip_prefix("/v1/users/") {
            let user = user.strip_suffix("/keys").unwrap();
            body = json!({"name": "a key", "user_id": user})
                .to_string()
                .into_bytes();
            "/v1/api-keys".clone_into(&mut path);
        } else if let Some(job) = path.strip_suffix("/stream") {
            path = format!("{job}/events");
            headers.push(("accept", "text/event-stream".to_owned()));
        }
        headers.push(("content-type", content_type));
        headers.extend(keys.into_iter().map(|key| ("x-api-key", key)));
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = self.http.send(method, &path, &headers, body);
        answer.await.unwrap()
    }

    fn filled(&self, text: &str) -> String {
        let text = text
            .replace("{own_job}", &self.own_job)
            .replace("{job_of_user_b}", &self.job_of_b)
            .replace("{user_b}", &self.user_b.id)
            .replace("{last_id_seen}", &self.last_id);
        assert!(!text.contains('{'), "{text}");
        text
    }

    fn keys(&self, value: &Value) -> Vec<String> {
        let fill = |value: &Value| match value.as_str().unwrap() {
            "@valid-key-user-a" => self.user_a.key.clone(),
            "@valid-key-user-b" => self.user_b.key.clone(),
            "@revoked-key" => self.revoked.clone(),
            "@expired-key" => self.expired.clone(),
            "@sha256-of-valid-key" => hex(&Sha256::digest(&self.user_a.key)),
            plain => {
                assert!(!plain.starts_with('@'), "{plain}");
                plain.to_owned()
            }
        };
        match value {
            Value::Null => Vec::new(),
            Value::Array(all) => all.iter().map(fill).collect(),
            one => vec![fill(one)],
        }
    }
}

/// A key of this user whose time was a few seconds and is over.
async fn expired(user: &Person) -> String {
    let end = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    let body = json!({"name": "short", "expires_at": end});
    let made = created(&user.http, "/v1/api-keys", &body).await;
    let key = made["secret"].as_str().unwrap().to_owned();
    let http = user.http.with_key(Some(&key));
    wait::until("a key expires", SOON, async || {
        let answer = http.get("/v1/sessions?limit=1").await.unwrap();
        Probe::when(answer.status == 401, answer.text())
    })
    .await
    .unwrap();
    key
}

/// The session that the corpus knows as ended, this user's.
async fn ended_session(world: &World, user: &Person) {
    let stores = stores(&world.hub.url()).await;
    let now = chrono::Utc::now().into();
    let session = Session::new(
        ENDED.parse().unwrap(),
        user.id.parse().unwrap(),
        CLUSTER.parse().unwrap(),
        60.try_into().unwrap(),
        now,
    );
    stores.create_session(&session).await.unwrap();
    let (owner, id) = (session.user_id, session.session_id);
    stores.end_session(owner, id, now).await.unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `raw` or `raw_b64`; `@pad:N:` stands for N spaces; else the line's own fields.
fn body(line: &Value) -> Vec<u8> {
    if let Some(encoded) = line["raw_b64"].as_str() {
        return BASE64_STANDARD.decode(encoded).unwrap();
    }
    if let Some(raw) = line["raw"].as_str() {
        let Some((count, rest)) = raw
            .strip_prefix("@pad:")
            .and_then(|padded| padded.split_once(':'))
        else {
            return raw.as_bytes().to_vec();
        };
        let mut bytes = vec![b' '; count.parse().unwrap()];
        bytes.extend(rest.bytes());
        return bytes;
    }
    if line["http"][":method"] == "GET" {
        return Vec::new();
    }
    let mut body = json!({"cluster_id": CLUSTER});
    for field in ["command_type", "args", "namespace", "session_id"] {
        if let Some(value) = line.get(field) {
            body[field] = value.clone();
        }
    }
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_about_the_door_meets_its_label() {
    let world = World::shared().await.unwrap();
    product::cluster_add(&world.hub.url(), CLUSTER)
        .await
        .unwrap();
    let door = Door::open(world).await;
    // Without its trick, the body that most lines carry is fine.
    let plain = json!({"http": {":path": "/commands?dry_run=true"}, "args": ["pods"]});
    let answer = door.answer(&plain).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let lines = CORPUS.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<Value> = lines.map(Result::unwrap).collect();
    let ours = lines.iter().filter(|line| line["layer"] != "command");
    let (mut refused, mut accepted) = (0, 0);
    for line in ours {
        let id = line["id"].as_str().unwrap();
        let answer = door.answer(line).await;
        if line["expect"] == "accept" {
            // 204 where an event stream has nothing after the id that was seen.
            assert!(
                matches!(answer.status, 200 | 204),
                "{id}: {}",
                answer.text()
            );
            accepted += 1;
            continue;
        }
        let told = answer.json().unwrap();
        assert!((400..500).contains(&answer.status), "{id}: {told}");
        let code = told["code"].as_str().unwrap();
        problem(&answer, answer.status, code);
        let unmatched = ["route_not_found", "method_not_allowed"];
        assert!(!unmatched.contains(&code), "{id}: {told}");
        refused += 1;
    }
    println!("corpus at the door: {refused} refused, {accepted} accepted");
    assert_eq!((refused, accepted), (28, 1));
    let logs = world.gateway.process.logs();
    assert!(!logs.contains("panicked"), "{logs}");
}
