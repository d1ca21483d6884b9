//! How a gateway is.

use serde::{Deserialize, Serialize};

/// The body of `GET /health`. Fields that are not known are null, never absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct HealthResponse {
    /// How it is as a whole.
    pub status: HealthStatus,
    /// Whether it is connected to the hub (the source model's `redis`).
    pub nats: Connection,
    /// The gateway's build.
    pub version: String,
    /// For how long it has been serving, in seconds.
    pub uptime_seconds: Option<u64>,
    /// How many sessions of all users took commands a few seconds ago; null where that is not known:
    /// just after the start, without the hub, and beyond 10,000 sessions.
    pub active_sessions: Option<u64>,
}

/// How a gateway is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It serves.
    Healthy,
    /// It serves in part: the hub is there, and something it needs of it lags behind.
    Degraded,
    /// It cannot serve: the hub is not reachable.
    Unhealthy,
}

/// Whether a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// It stands.
    Connected,
    /// It does not, and is being tried again.
    Disconnected,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_null() {
        let health = HealthResponse {
            status: HealthStatus::Unhealthy,
            nats: Connection::Disconnected,
            version: "0.1.0".to_owned(),
            uptime_seconds: Some(7),
            active_sessions: None,
        };
        let json = serde_json::to_value(&health).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "status": "unhealthy", "nats": "disconnected", "version": "0.1.0",
                "uptime_seconds": 7, "active_sessions": null
            })
        );
    }
}
