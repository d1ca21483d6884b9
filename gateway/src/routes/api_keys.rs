//! `/v1/api-keys`: a caller's own keys, and for admins everybody's.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures::StreamExt as _;
use http::{StatusCode, Uri, header};
use kubently_broker::CancelScope;
use kubently_core::access::Principal;
use kubently_core::api_key::{
    ApiKey, ApiKeyResponse, ApiKeyToken, CreateApiKeyRequest, RotateApiKeyRequest,
};
use kubently_core::body::read;
use kubently_core::id::{ApiKeyId, UserId};
use kubently_core::repository::{
    AdminApiKeyRepository as _, ApiKeyRepository as _, Cursor, PageSize, RepositoryError, Rotation,
};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::call_off::call_off;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::page::{self, Listed};
use crate::routes::{json, text_header};
use crate::{body, fresh, query};

/// The most keys of one user, those that are over included: what a user may fill of what every
/// gateway holds in memory. For one more, the key that ended first is forgotten.
const MAX_KEYS: usize = 1000;
/// Keys of a page whose last use is read at a time.
const AT_A_TIME: usize = 16;

type IdInPath = Result<Path<ApiKeyId>, PathRejection>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// Whose keys; another user's for an admin only.
    user_id: Option<UserId>,
    cursor: Option<Cursor>,
    limit: Option<PageSize>,
}

/// The one answer that shows a secret.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    key: ApiKeyResponse,
    /// What to send as `Authorization: Bearer …`.
    secret: &'a str,
}

/// 201 with the new key and, this once, its secret.
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let request: CreateApiKeyRequest = read(&body::json(&parts.headers, body).await?)?;
    let now = gateway.directory.now();
    let new = request.new_key(fresh::api_key_id(), &caller, now)?;
    make_room(&gateway, &caller, new.user_id).await?;
    let token = fresh::token();
    let key = ApiKey::new(new, &token, now);
    let made = gateway.stores.create_api_key(&key).await;
    made.map_err(|error| ApiError::of_store(&error, no_such_owner(&caller, key.user_id)))?;
    gateway.identity().saw_key(&key).await;
    shown_once(&gateway, &key, &token)
}

/// A page of a user's keys, newest first, revoked and expired ones included.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let wanted: Wanted = query::parse(&uri, "it has user_id, cursor and limit (1 to 100)")?;
    let owner = wanted.user_id.unwrap_or(caller.user_id);
    if owner != caller.user_id && !caller.grant.admin {
        return Err(ApiError::NotAdmin);
    }
    let request = page::request(wanted.cursor, wanted.limit);
    let page = gateway.stores.list_api_keys(owner, &request).await;
    let page = page.map_err(|error| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    let parts: &Parts = &gateway;
    let rows: Vec<_> = futures::stream::iter(page.items)
        .map(|key| async move { seen(parts, &key).await })
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let page = kubently_core::repository::Page {
        items: rows,
        next: page.next,
    };
    json(StatusCode::OK, &Listed::new(page, |row| row))
}

/// One key.
pub(crate) async fn one(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let key = find(&gateway, &caller, id).await?;
    json(StatusCode::OK, &seen(&gateway, &key).await?)
}

/// 200 with the key, revoked; however often it is asked. Its unfinished jobs are called off.
pub(crate) async fn revoke(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let key = find(&gateway, &caller, id).await?;
    let now = gateway.directory.now();
    let revoked = gateway
        .stores
        .revoke_api_key(key.user_id, key.id, now)
        .await;
    let revoked = revoked.map_err(|error| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    gateway.identity().saw_key(&revoked).await;
    call_off(&gateway, key.user_id, CancelScope::Key(key.id)).await;
    json(StatusCode::OK, &seen(&gateway, &revoked).await?)
}

/// 201 with the successor and, this once, its secret; the old key ends after `overlap_seconds`.
pub(crate) async fn rotate(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let request = if parts.headers.contains_key(header::CONTENT_TYPE) {
        read(&body::json(&parts.headers, body).await?)?
    } else {
        RotateApiKeyRequest::default()
    };
    let key = find(&gateway, &caller, id).await?;
    if !key.may_be_rotated_by(&caller) {
        return Err(ApiError::GrantExceeded);
    }
    if key.is_usable(gateway.directory.now()) {
        make_room(&gateway, &caller, key.user_id).await?;
    }
    let rotation = Rotation {
        id: fresh::api_key_id(),
        token: fresh::token(),
        at: gateway.directory.now(),
        overlap_seconds: request.overlap_seconds.get(),
    };
    let rotated = gateway
        .stores
        .rotate_api_key(key.user_id, key.id, &rotation)
        .await;
    let (old, new) = rotated.map_err(|error| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    gateway.identity().saw_key(&old).await;
    gateway.identity().saw_key(&new).await;
    shown_once(&gateway, &new, &rotation.token)
}

/// The caller's own key; an admin's is any. What is no id, an unknown one and another user's are
/// one case.
async fn find(gateway: &Parts, caller: &Principal, id: IdInPath) -> Result<ApiKey, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::KeyNotFound);
    };
    let found = if caller.grant.admin {
        gateway.stores.find_api_key(id).await
    } else {
        gateway.stores.get_api_key(caller.user_id, id).await
    };
    let found = found.map_err(|error| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    found.ok_or(ApiError::KeyNotFound)
}

async fn seen(gateway: &Parts, key: &ApiKey) -> Result<ApiKeyResponse, ApiError> {
    let used = gateway.stores.api_key_last_used(key.user_id, key.id).await;
    let used =
        used.map_err(|error: RepositoryError| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    Ok(key.response(used, gateway.directory.now()))
}

async fn make_room(gateway: &Parts, caller: &Principal, owner: UserId) -> Result<(), ApiError> {
    let identity = gateway.identity();
    match identity.keys_of(owner) {
        Some(keys) if keys < MAX_KEYS => return Ok(()),
        Some(_) => {}
        None if identity.is_behind() => return Err(ApiError::IdentityBehind),
        None => return Err(no_such_owner(caller, owner)),
    }
    let now = gateway.directory.now();
    let over = identity.first_over(owner, now);
    let over = over.ok_or(ApiError::TooManyKeys)?;
    let removed = gateway.stores.remove_api_key(owner, over, now).await;
    removed.map_err(|error| ApiError::of_store(&error, ApiError::KeyNotFound))?;
    identity.saw_gone(over).await;
    Ok(())
}

/// A key of the configuration is a caller without a user.
fn no_such_owner(caller: &Principal, owner: UserId) -> ApiError {
    if caller.user_id == owner {
        ApiError::NoUser
    } else {
        ApiError::UserNotFound
    }
}

fn shown_once(gateway: &Parts, key: &ApiKey, token: &ApiKeyToken) -> Result<Response, ApiError> {
    let made = Made {
        key: key.response(None, gateway.directory.now()),
        secret: token.expose(),
    };
    let mut response = json(StatusCode::CREATED, &made)?;
    let place = text_header(&format!("/v1/api-keys/{}", key.id))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}
