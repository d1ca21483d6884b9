//! The connection to the hub.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use semver::Version;
use tokio::sync::watch;

use crate::error::StoreError;

/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the hub may take to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// How long a connection may be gone before a caller is told.
const LOST: Duration = Duration::from_millis(1500);
/// How long closing may take.
const CLOSE: Duration = Duration::from_secs(5);
/// Publishes that wait for their ack at a time.
const MAX_UNACKED: usize = 4096;

/// Where the hub is and who we are there.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// `nats://host:port`, or several with commas between them.
    pub url: String,
    /// The connection's name, as the server's monitoring shows it.
    pub name: String,
    /// A NATS credentials file.
    pub credentials: Option<PathBuf>,
    /// The prefix of the `JetStream` API, where an account imports it under another; `$JS.API`.
    pub api_prefix: Option<String>,
}

/// A connection to the hub. Clones share it.
#[derive(Debug, Clone)]
pub struct Broker {
    pub(crate) client: Client,
    pub(crate) js: jetstream::Context,
    /// Counts what may have cost us messages: reconnects and slow-consumer events.
    pub(crate) disturbed: watch::Receiver<u64>,
    connected: watch::Receiver<bool>,
    /// The prefix of the `JetStream` API as this account sees it.
    pub(crate) api_prefix: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answered, or the server did not let us in.
    #[error("the hub at {url} cannot be reached: check nats_url, the network and the credentials")]
    NotReachable {
        /// The configured address, without user and password.
        url: String,
        /// What the client said.
        #[source]
        source: async_nats::Error,
    },
    /// The credentials file is none.
    #[error("the NATS credentials file {} cannot be read", path.display())]
    Credentials {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The server is too old to be trusted with this.
    #[error(
        "nats-server {found} is too old: kubently needs 2.12.12 or later of 2.12, or 2.14.3 or later"
    )]
    TooOld {
        /// What the server calls itself.
        found: String,
    },
}

impl Broker {
    /// Connects, waiting at most 5 s, and checks the server's version. From then on the
    /// connection heals itself.
    ///
    /// # Errors
    /// [`ConnectError`], which says what to do.
    pub async fn connect(config: &HubConfig) -> Result<Self, ConnectError> {
        let (disturb, disturbed) = watch::channel(0_u64);
        let (connect, connected) = watch::channel(true);
        let mut options = ConnectOptions::new()
            .name(&config.name)
            .max_reconnects(None)
            .ping_interval(Duration::from_secs(5))
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(ANSWER))
            .event_callback(move |event| {
                tracing::debug!(%event, "hub connection");
                match event {
                    Event::Disconnected => connect.send_replace(false),
                    Event::Connected => connect.send_replace(true),
                    _ => true,
                };
                if matches!(event, Event::Connected | Event::SlowConsumer(_)) {
                    disturb.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        if let Some(path) = &config.credentials {
            options = options.credentials_file(path).await.map_err(|source| {
                ConnectError::Credentials {
                    path: path.clone(),
                    source,
                }
            })?;
        }
        let unreachable = |source| ConnectError::NotReachable {
            url: without_credentials(&config.url),
            source,
        };
        let client = match tokio::time::timeout(CONNECT, options.connect(&config.url)).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(unreachable(error.into())),
            Err(elapsed) => return Err(unreachable(elapsed.into())),
        };
        let found = client.server_info().version.clone();
        if !is_supported(&found) {
            return Err(ConnectError::TooOld { found });
        }
        let builder = ContextBuilder::new()
            .timeout(ANSWER)
            .max_ack_inflight(MAX_UNACKED)
            .backpressure_on_inflight(true);
        let mut js = builder.build(client.clone());
        if let Some(prefix) = &config.api_prefix {
            js = ContextBuilder::new()
                .api_prefix(prefix)
                .build(client.clone());
            js.set_timeout(ANSWER);
        }
        let api_prefix = config
            .api_prefix
            .clone()
            .unwrap_or_else(|| "$JS.API".to_owned());
        Ok(Self {
            client,
            js,
            disturbed,
            connected,
            api_prefix,
        })
    }

    /// Whether the connection stands.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Sends what is still to be sent and closes the connection, within 5 s.
    pub async fn close(&self) {
        let closed = async {
            let _ = self.client.flush().await;
            let _ = self.client.drain().await;
        };
        if tokio::time::timeout(CLOSE, closed).await.is_err() {
            tracing::warn!("the hub did not take the last messages in time");
        }
    }

    /// Awaits an answer of the hub, but not past 1.5 s without connection: the client itself
    /// would keep the request until it reconnects or times out.
    pub(crate) async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.lost() => Err(StoreError::NotReachable),
        }
    }

    async fn lost(&self) {
        let mut connected = self.connected.clone();
        loop {
            if connected.wait_for(|connected| !connected).await.is_err() {
                return;
            }
            let back = connected.wait_for(|connected| *connected);
            if tokio::time::timeout(LOST, back).await.is_err() {
                return;
            }
        }
    }
}

/// `nats://user:password@host` may be configured, and must not be shown.
fn without_credentials(urls: &str) -> String {
    let hosts = urls.split(',').map(|url| match url.rsplit_once('@') {
        Some((_, host)) => host,
        None => url,
    });
    hosts.collect::<Vec<_>>().join(",")
}

/// The advisories of 2026 are all mended from these on.
fn is_supported(version: &str) -> bool {
    let Ok(version) = Version::parse(version) else {
        return false;
    };
    let found = (version.major, version.minor, version.patch);
    found >= (2, 14, 3) || ((2, 12, 12)..(2, 13, 0)).contains(&found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(
            without_credentials("nats://u:p@a:1,nats://b:2"),
            "a:1,nats://b:2"
        );
    }

    #[test]
    fn servers_with_known_holes_are_refused() {
        for version in ["2.12.12", "2.12.40", "2.14.3", "2.15.1", "3.0.0"] {
            assert!(is_supported(version), "{version}");
        }
        for version in ["2.9.10", "2.12.11", "2.13.0", "2.14.2", "", "latest"] {
            assert!(!is_supported(version), "{version}");
        }
    }
}
