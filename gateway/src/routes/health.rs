//! `GET /health`: for people and load balancers, without a key.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::json;

/// How the gateway is.
#[derive(Serialize)]
struct HealthResponse {
    /// `healthy`, or `unhealthy` without a connection to the hub.
    status: &'static str,
    /// `connected` or `disconnected`.
    nats: &'static str,
    /// This build.
    version: &'static str,
    /// For how long it has been serving.
    uptime_seconds: u64,
}

/// 200 in either state: the gateway itself answers, and says what it knows.
pub(crate) async fn health(State(gateway): State<Gateway>) -> Result<Response, ApiError> {
    let (status, nats) = if gateway.broker.is_connected() {
        ("healthy", "connected")
    } else {
        ("unhealthy", "disconnected")
    };
    let health = HealthResponse {
        status,
        nats,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: gateway.started.elapsed().as_secs(),
    };
    json(StatusCode::OK, &health)
}
