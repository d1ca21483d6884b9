//! `/v1/users`: for admins.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{StatusCode, Uri, header};
use kubently_broker::CancelScope;
use kubently_core::body::read;
use kubently_core::id::UserId;
use kubently_core::repository::{
    AdminUserRepository as _, Cursor, Page, PageSize, UserRepository as _,
};
use kubently_core::user::{CreateUserRequest, Email, UpdateUserRequest, User};
use serde::Deserialize;

use crate::auth::Admin;
use crate::call_off::call_off;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::page::{self, Listed};
use crate::routes::{json, text_header};
use crate::{body, fresh, query};

type IdInPath = Result<Path<UserId>, PathRejection>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// The one user of this address.
    email: Option<Email>,
    cursor: Option<Cursor>,
    limit: Option<PageSize>,
}

/// 201 with the new user.
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    _: Admin,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let request: CreateUserRequest = read(&body::json(&parts.headers, body).await?)?;
    let now = gateway.directory.now();
    let user = User::new(fresh::user_id(), request.name, request.email, now);
    let made = gateway.stores.create_user(&user).await;
    made.map_err(|error| ApiError::of_conflict(error, ApiError::EmailTaken))?;
    gateway.identity().saw_user(&user).await;
    let mut response = json(StatusCode::CREATED, &user)?;
    let place = text_header(&format!("/v1/users/{}", user.id))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// A page of all users, newest first.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _: Admin,
    uri: Uri,
) -> Result<Response, ApiError> {
    let wanted: Wanted = query::parse(&uri, "it has email, cursor and limit (1 to 100)")?;
    let page = if let Some(email) = wanted.email {
        let user = gateway.stores.get_user_by_email(&email).await;
        user.map(|user| Page {
            items: user.into_iter().collect(),
            next: None,
        })
    } else {
        let request = page::request(wanted.cursor, wanted.limit);
        gateway.stores.list_users(&request).await
    };
    let page = page.map_err(|error| ApiError::of_store(&error, ApiError::UserNotFound))?;
    json(StatusCode::OK, &Listed::new(page, |user| user))
}

/// One user.
pub(crate) async fn one(
    State(gateway): State<Gateway>,
    _: Admin,
    id: IdInPath,
) -> Result<Response, ApiError> {
    json(StatusCode::OK, &find(&gateway, id).await?)
}

/// The user, activated or deactivated. Deactivating refuses the next request of each of its keys
/// and calls off its unfinished jobs.
pub(crate) async fn update(
    State(gateway): State<Gateway>,
    _: Admin,
    id: IdInPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let request: UpdateUserRequest = read(&body::json(&parts.headers, body).await?)?;
    let Ok(Path(id)) = id else {
        return Err(ApiError::UserNotFound);
    };
    let user = gateway
        .stores
        .update_user_active(id, request.is_active)
        .await;
    let user = user.map_err(|error| ApiError::of_store(&error, ApiError::UserNotFound))?;
    gateway.identity().saw_user(&user).await;
    if !user.is_active() {
        call_off(&gateway, id, CancelScope::User).await;
    }
    json(StatusCode::OK, &user)
}

async fn find(gateway: &Parts, id: IdInPath) -> Result<User, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::UserNotFound);
    };
    let found = gateway.stores.get_user(id).await;
    let found = found.map_err(|error| ApiError::of_store(&error, ApiError::UserNotFound))?;
    found.ok_or(ApiError::UserNotFound)
}
