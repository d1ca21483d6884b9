//! The stores on a real server: the contract that every implementation keeps, and what only this one can
//! have: times to live, a connection that breaks, a server that starts again.

use std::time::Duration;

use chrono::TimeDelta;
use kubently_broker::{Broker, HubClock, HubConfig, HubRepositories};
use kubently_core::api_key::{ApiKey, ApiKeyToken, NewApiKey, TOKEN_BYTES};
use kubently_core::cluster::ClusterId;
use kubently_core::id::UserId;
use kubently_core::job::JobRecord;
use kubently_core::repository::{
    AdminApiKeyRepository as _, AdminUserRepository as _, ApiKeyRepository as _,
    JobRepository as _, PageRequest, Repositories as _, RepositoryError, SessionFilter,
    SessionRepository as _, UserRepository as _, contract,
};
use kubently_core::session::Session;
use kubently_core::time::Timestamp;
use kubently_core::user::User;
use kubently_tests::nats::Nats;
use kubently_tests::wait::{self, Probe};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(60);
/// Two requests, each of them refused after 5 s at the latest; the rest is for a loaded machine.
const REFUSED: Duration = Duration::from_secs(30);

struct Stores {
    nats: Nats,
    hub: HubRepositories,
    clock: HubClock,
}

async fn connect(nats: &Nats) -> Broker {
    let config = HubConfig {
        url: nats.url(),
        name: "test".to_owned(),
        ..HubConfig::default()
    };
    Broker::connect(&config).await.unwrap()
}

async fn start() -> Stores {
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats).await;
    broker.ensure().await.unwrap();
    let cluster: ClusterId = "prod-eu".parse().unwrap();
    let record = serde_json::json!({"enrolled_at": "2026-11-23T08:00:00Z"});
    let record = serde_json::from_value(record).unwrap();
    broker.add_cluster(&cluster, &record).await.unwrap();
    let clock = HubClock::start(&broker, &cluster).await.unwrap();
    Stores {
        nats,
        hub: HubRepositories::new(broker, clock.clone()),
        clock,
    }
}

fn user(number: u32, at: Timestamp) -> User {
    let id = UserId::from_uuid(Uuid::new_v4());
    let email = format!("user-{number}@example.com").parse().unwrap();
    User::new(id, "Ada".parse().unwrap(), email, at)
}

fn session(owner: UserId, at: Timestamp) -> Session {
    let id = Uuid::new_v4().to_string().parse().unwrap();
    let ttl = 60.try_into().unwrap();
    Session::new(id, owner, "prod-eu".parse().unwrap(), ttl, at)
}

/// The last message of a session's key, as the server keeps it.
async fn stored(nats: &Nats, session: &Session) -> async_nats::jetstream::message::StreamMessage {
    let js = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = js.get_stream("KV_kubently_sessions").await.unwrap();
    let subject = format!(
        "$KV.kubently_sessions.{}.{}",
        session.user_id, session.session_id
    );
    stream
        .get_last_raw_message_by_subject(&subject)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_on_the_hub_keep_the_contract() {
    let hub = start().await;
    contract::run(&hub.hub, hub.clock.now(), 1).await.unwrap();
    // On stores that are not empty, over another connection.
    let again = HubRepositories::new(connect(&hub.nats).await, hub.clock.clone());
    let later = hub.clock.now().plus_seconds(1000);
    contract::run(&again, later, 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_session_keeps_its_time_to_live() {
    let hub = start().await;
    let now = hub.clock.now();
    let owner = UserId::from_uuid(Uuid::new_v4());
    let session = session(owner, now);
    let id = session.session_id;
    hub.hub.create_session(&session).await.unwrap();
    let mut ttls = Vec::new();
    for second in 0..3 {
        let message = stored(&hub.nats, &session).await;
        ttls.push(message.headers.get("Nats-TTL").unwrap().to_string());
        let at = now.plus_seconds(second);
        hub.hub.touch_session(owner, id, at, 1).await.unwrap();
    }
    hub.hub.end_session(owner, id, now).await.unwrap();
    let message = stored(&hub.nats, &session).await;
    ttls.push(message.headers.get("Nats-TTL").unwrap().to_string());
    for ttl in &ttls {
        let seconds: u32 = ttl.trim_end_matches('s').parse().unwrap();
        assert!((3600..=3663).contains(&seconds), "{ttls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_time_is_over_is_gone_and_cannot_be_revived() {
    let hub = start().await;
    let owner = UserId::from_uuid(Uuid::new_v4());
    // Over for an hour but some seconds, in which it is found.
    let made = hub.clock.now().get() - TimeDelta::seconds(60 + 3600 - 8);
    let session = session(owner, made.into());
    hub.hub.create_session(&session).await.unwrap();
    let id = session.session_id;
    assert!(hub.hub.get_session(owner, id).await.unwrap().is_some());
    let revision = stored(&hub.nats, &session).await.sequence;
    let gone = wait::until("a session is gone", SOON, async || {
        let message = stored(&hub.nats, &session).await;
        if message.payload.is_empty() {
            Probe::Ready(message)
        } else {
            Probe::NotYet(message.sequence.to_string())
        }
    });
    let marker = gone.await.unwrap();
    assert!(marker.sequence > revision, "a late writer meets the marker");
    let touched = hub.hub.touch_session(owner, id, made.into(), 1).await;
    assert!(
        matches!(touched, Err(RepositoryError::NotFound)),
        "{touched:?}"
    );
    let (any, first) = (SessionFilter::default(), PageRequest::default());
    let listed = hub.hub.list_sessions(owner, &any, &first).await;
    assert_eq!(listed.unwrap().items, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hub_the_stores_say_so_and_go_on_once_it_is_back() {
    let mut hub = start().await;
    let now = hub.clock.now();
    let kept = user(1, now);
    hub.hub.create_user(&kept).await.unwrap();
    hub.nats.kill();
    let began = std::time::Instant::now();
    let lost = hub.hub.create_user(&user(2, now)).await;
    assert!(
        matches!(lost, Err(RepositoryError::Unreachable(_))),
        "{lost:?}"
    );
    let lost = hub.hub.get_user(kept.id).await;
    assert!(
        matches!(lost, Err(RepositoryError::Unreachable(_))),
        "{lost:?}"
    );
    assert!(began.elapsed() < REFUSED);
    hub.nats.restart().await.unwrap();
    let back = wait::until("the stores are back", SOON, async || {
        Probe::from(hub.hub.get_user(kept.id).await)
    });
    assert_eq!(back.await.unwrap(), Some(kept));
    hub.hub.create_user(&user(3, now)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_hub_dies_in_happens_whole_or_not_at_all() {
    let mut hub = start().await;
    let now = hub.clock.now();
    let users: Vec<_> = (0..200).map(|number| user(number, now)).collect();
    let writers: Vec<_> = users
        .iter()
        .cloned()
        .map(|user| {
            let stores = hub.hub.clone();
            tokio::spawn(async move { stores.create_user(&user).await.is_ok() })
        })
        .collect();
    let first = users.first().unwrap().id;
    wait::until("the first user", SOON, async || {
        let found = hub.hub.get_user(first).await.ok().flatten();
        Probe::when(found.is_some(), "not there")
    })
    .await
    .unwrap();
    hub.nats.kill();
    hub.nats.restart().await.unwrap();
    let mut made = Vec::new();
    for writer in writers {
        made.push(writer.await.unwrap());
    }
    wait::until("the stores are back", SOON, async || {
        Probe::from(hub.hub.get_user(first).await)
    })
    .await
    .unwrap();
    for (user, made) in users.iter().zip(made) {
        let by_id = hub.hub.get_user(user.id).await.unwrap();
        let by_email = hub.hub.get_user_by_email(&user.email).await.unwrap();
        assert_eq!(by_id, by_email, "user and index are there together");
        assert!(!made || by_id.is_some(), "what was answered is kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_races_a_revocation_leaves_the_key_revoked() {
    let hub = start().await;
    let now = hub.clock.now();
    let owner = user(1, now);
    hub.hub.create_user(&owner).await.unwrap();
    let other = HubRepositories::new(connect(&hub.nats).await, hub.clock.clone());
    for round in 0..20_u8 {
        let new = NewApiKey {
            id: Uuid::new_v4().to_string().parse().unwrap(),
            user_id: owner.id,
            name: "ci".parse().unwrap(),
            grant: kubently_core::access::Grant::default(),
            service_identity: None,
            expires_at: None,
        };
        let key = ApiKey::new(new, &ApiKeyToken::from_random([round; TOKEN_BYTES]), now);
        hub.hub.create_api_key(&key).await.unwrap();
        let (used, revoked) = tokio::join!(
            other.update_api_key_last_used(owner.id, key.id, now),
            hub.hub.revoke_api_key(owner.id, key.id, now)
        );
        used.unwrap();
        revoked.unwrap();
        let found = hub.hub.get_api_key_by_hash(&key.key_hash).await;
        assert_eq!(found.unwrap().unwrap().revoked_at, Some(now));
        let last = hub.hub.api_key_last_used(owner.id, key.id).await;
        assert_eq!(last.unwrap(), Some(now));
    }
}

fn job(owner: UserId, at: Timestamp) -> JobRecord {
    let id = Uuid::now_v7();
    let envelope: kubently_core::envelope::Envelope = serde_json::from_value(serde_json::json!({
        "v": 1, "id": id, "cluster_id": "prod-eu", "origin": "gw-0000beef", "owner": owner,
        "command_type": "get", "args": ["pods"], "queued_at": at
    }))
    .unwrap();
    JobRecord {
        subject: envelope.subject(),
        key_id: Uuid::new_v4().to_string().parse().unwrap(),
        envelope,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_of_jobs_is_paged_through_whole_while_jobs_come() {
    let hub = start().await;
    let now = hub.clock.now();
    let owner = UserId::from_uuid(Uuid::new_v4());
    let mut made = Vec::new();
    // Dated up to nine minutes apart from when they are written: another machine's clock.
    for number in 0..60_i64 {
        let at = now.get() - TimeDelta::seconds(number * 37 % 540);
        let record = job(owner, at.into());
        hub.hub.create_job(owner, &record).await.unwrap();
        made.push((record.envelope.queued_at, record.envelope.id));
    }
    made.sort_by(|one, other| other.cmp(one));
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            cursor,
            limit: 7.try_into().unwrap(),
        };
        let page = hub.hub.list_jobs(owner, &page).await.unwrap();
        let rows = page.items.iter().map(|job| &job.record.envelope);
        seen.extend(rows.map(|envelope| (envelope.queued_at, envelope.id)));
        let newer = job(owner, now.plus_seconds(1));
        hub.hub.create_job(owner, &newer).await.unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
    hub.hub.close().await.unwrap();
}
