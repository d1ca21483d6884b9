//! `GET /health`: for people and load balancers, without a key.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kubently_core::health::{Connection, HealthResponse, HealthStatus};

use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::json;

/// 200 in any state: the gateway itself answers, and says what it knows.
pub(crate) async fn health(State(gateway): State<Gateway>) -> Result<Response, ApiError> {
    let is_connected = gateway.broker.is_connected();
    let status = if !is_connected {
        HealthStatus::Unhealthy
    } else if gateway.identity().is_behind() {
        HealthStatus::Degraded
    } else {
        HealthStatus::Healthy
    };
    let health = HealthResponse {
        status,
        nats: if is_connected {
            Connection::Connected
        } else {
            Connection::Disconnected
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: Some(gateway.started.elapsed().as_secs()),
        active_sessions: gateway.active.get(),
    };
    json(StatusCode::OK, &health)
}
