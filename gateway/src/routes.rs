//! Every route, one file each.

mod cancel;
mod clusters;
mod commands;
mod events;
mod health;
pub(crate) mod jobs;
mod output;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use kubently_core::envelope::Envelope;
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
        .route("/v1/clusters", get(clusters::clusters))
        .route("/health", get(health::health))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .fallback(async || ApiError::RouteNotFound)
        .layer(from_fn_with_state(gateway.clone(), observe))
        .with_state(gateway)
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
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
pub(crate) fn location(envelope: &Envelope) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("/v1/jobs/{}", envelope.id)).map_err(|_| ApiError::Internal)
}
