//! Every route, one file each.

mod api_keys;
mod cancel;
mod clusters;
mod commands;
mod debug;
mod events;
mod health;
mod job_list;
pub(crate) mod jobs;
mod output;
mod sessions;
mod users;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use kubently_core::id::JobId;
use serde::Serialize;

use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::observe::observe;

/// The API. Every request passes through [`observe`].
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/v1/commands", post(commands::execute))
        .route("/v1/jobs/{id}", get(jobs::job))
        .route("/v1/jobs/{id}/cancel", post(cancel::cancel))
        .route("/v1/jobs/{id}/events", get(events::events))
        .route("/v1/jobs/{id}/output", get(output::output))
        .route("/v1/jobs", get(job_list::list))
        .route("/v1/sessions", get(sessions::list).post(sessions::create))
        .route(
            "/v1/sessions/{id}",
            get(sessions::one).delete(sessions::end),
        )
        .route("/v1/sessions/{id}/keepalive", post(sessions::keepalive))
        .route("/v1/users", get(users::list).post(users::create))
        .route("/v1/users/{id}", get(users::one).patch(users::update))
        .route("/v1/api-keys", get(api_keys::list).post(api_keys::create))
        .route(
            "/v1/api-keys/{id}",
            get(api_keys::one).delete(api_keys::revoke),
        )
        .route("/v1/api-keys/{id}/rotate", post(api_keys::rotate))
        .route("/debug/session", post(sessions::create))
        .route(
            "/debug/session/{id}",
            get(sessions::one).delete(sessions::end),
        )
        .route("/debug/execute", post(debug::execute))
        .route("/v1/clusters", get(clusters::clusters))
        .route("/v1/clusters/{id}", get(clusters::cluster))
        .route("/health", get(health::health))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .fallback(async || ApiError::RouteNotFound)
        .layer(from_fn_with_state(gateway.clone(), observe))
        .with_state(gateway)
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    let bytes = kubently_core::visible::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        ApiError::Internal
    })?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Where a job is found.
pub(crate) fn location(job: JobId) -> Result<HeaderValue, ApiError> {
    text_header(&format!("/v1/jobs/{job}"))
}

/// A header of text that is ours.
fn text_header(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|_| ApiError::Internal)
}
