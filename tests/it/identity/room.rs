//! How many keys a user has, and what makes room for one more.

use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use kubently_core::access::Grant;
use kubently_core::api_key::{ApiKey, ApiKeyToken, NewApiKey, TOKEN_BYTES};
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::repository::ApiKeyRepository as _;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Admin, SOON, call, created};
use crate::door::problem;
use crate::sessions::stores;

/// The most keys of a user.
const MAX_KEYS: usize = 1000;

/// Stores as many more keys of a user as it may have beside its one.
async fn fill(world: &World, user: UserId) {
    let stores = stores(&world.hub.url()).await;
    let made = futures::stream::iter(1..MAX_KEYS).map(|_| {
        let new = NewApiKey {
            id: ApiKeyId::from_uuid(Uuid::new_v4()),
            user_id: user,
            name: "one of many".parse().unwrap(),
            grant: Grant::default(),
            service_identity: None,
            expires_at: None,
        };
        let mut random = [0; TOKEN_BYTES];
        random[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        let key = ApiKey::new(
            new,
            &ApiKeyToken::from_random(random),
            chrono::Utc::now().into(),
        );
        let stores = &stores;
        async move { stores.create_api_key(&key).await }
    });
    made.buffer_unordered(16)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_ended_first_makes_room_for_a_new_one() {
    let world = World::shared().await.unwrap();
    let admin = Admin::of(world).await;
    let ada = admin.person(json!({})).await;
    let over = admin.key_of(&ada.id, json!({})).await;
    fill(world, ada.id.parse().unwrap()).await;
    let body = json!({"name": "one too many"});
    // The gateway hears of the last of them a moment later.
    wait::until("no room", SOON, async || {
        let answer = ada.http.json(Method::POST, "/v1/api-keys", &body).await;
        let answer = answer.unwrap();
        Probe::when(answer.status == 409, answer.text())
    })
    .await
    .unwrap();
    let answer = ada.http.json(Method::POST, "/v1/api-keys", &body).await;
    problem(&answer.unwrap(), 409, "too_many_keys");
    let path = format!("/v1/api-keys/{}/rotate", ada.key_id);
    problem(
        &call(&ada.http, Method::POST, &path).await,
        409,
        "too_many_keys",
    );

    let path = format!("/v1/api-keys/{}", over.key_id);
    assert_eq!(call(&ada.http, Method::DELETE, &path).await.status, 200);
    let newest = created(&ada.http, "/v1/api-keys", &body).await;
    problem(
        &ada.http.get(&path).await.unwrap(),
        404,
        "api_key_not_found",
    );
    let mut ids: Vec<Value> = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/v1/api-keys?limit=100{next}");
        let page = ada.http.get(&path).await.unwrap().json().unwrap();
        let rows = page["items"].as_array().unwrap();
        ids.extend(rows.iter().map(|row| row["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(ids.first(), Some(&newest["id"]));
    assert!(!ids.contains(&json!(over.key_id)), "it is forgotten");
    assert!(ids.len() >= MAX_KEYS, "{}", ids.len());
    let answer = ada.http.json(Method::POST, "/v1/api-keys", &body).await;
    problem(&answer.unwrap(), 409, "too_many_keys");
}
