//! The connection to the hub.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions};
use prometheus_client::registry::Registry;
use semver::Version;
use serde::Deserialize;
use tokio::sync::watch;

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::metrics::Counts;
use crate::outbox::Outbox;

mod ear;
mod error;
mod look;
mod pulse;
mod tls;

pub use self::error::ConnectError;
pub(crate) use self::pulse::Standing;

use self::ear::Ear;
use self::look::{dial, look};
use self::pulse::{Pulse, lost};
use self::tls::identified;

/// What quiets the client in logs, as tracing's directive: it tells of every connection and its loss,
/// and so do we.
pub const QUIET: &str = "async_nats=warn";
/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a quiet connection is tried. The client gives one up at the third try without an answer, so a
/// link that is cut without a word is noticed within 9 s.
const PING: Duration = Duration::from_secs(3);
/// How long the hub may take to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// How long closing may take.
const CLOSE: Duration = Duration::from_secs(5);
/// Pauses between attempts to come back: short, because a hub that restarts is soon there.
const AWAY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(4));
/// The same once the hub has refused the credential, or a certificate is in the way: only its owner can mend
/// that.
const REFUSED: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Where the hub is and who we are there.
#[derive(Debug, Clone, Default)]
pub struct HubConfig {
    /// `nats://host:port`, or several with commas between them.
    pub url: String,
    /// The connection's name, as the server's monitoring shows it.
    pub name: String,
    /// A NATS credentials file.
    pub credentials: Option<PathBuf>,
    /// The prefix of the `JetStream` API, where an account imports it under another; `$JS.API`.
    pub api_prefix: Option<String>,
    /// A file with an nkey's seed; it takes the credentials file's place.
    pub nkey: Option<PathBuf>,
    /// How we know the hub, and it us, beneath that.
    pub tls: TlsFiles,
    /// How many servers keep each stream; gateways alone make streams.
    pub replicas: Replicas,
}

/// How many servers keep each stream: 1, or 3 for a hub of three and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "usize")]
pub struct Replicas(usize);

impl Replicas {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<usize> for Replicas {
    type Error = &'static str;

    fn try_from(count: usize) -> Result<Self, Self::Error> {
        // Two are no safer than one: either one that is away stops both.
        matches!(count, 1 | 3)
            .then_some(Self(count))
            .ok_or("nats_replicas is 1 or 3")
    }
}

/// Files of TLS, PEM each. Where one is given, a connection without TLS is refused.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// The authority that the hub's certificate must come from; the system's where it is absent.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, where the hub asks for them; both or neither.
    pub client: (Option<PathBuf>, Option<PathBuf>),
}

/// How the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It stands.
    Up,
    /// It is gone and will come back.
    Down,
    /// The hub does not take our credential any more.
    Refused,
    /// Certificates are in the way, for this reason.
    Distrusted(&'static str),
}

/// A connection to the hub. Clones share it.
#[derive(Debug, Clone)]
pub struct Broker {
    pub(crate) client: Client,
    pub(crate) js: jetstream::Context,
    pub(crate) outbox: Arc<Outbox>,
    /// Counts what may have cost us messages: reconnects and slow-consumer events.
    pub(crate) disturbed: watch::Receiver<u64>,
    standing: watch::Sender<Standing>,
    pulse: Arc<Pulse>,
    refused: Arc<AtomicBool>,
    /// Why the last look at a hub that is gone found certificates in the way.
    distrust: Arc<Mutex<Option<&'static str>>>,
    pub(crate) replicas: Replicas,
    pub(crate) counts: Counts,
    /// The prefix of the `JetStream` API as this account sees it.
    pub(crate) api_prefix: String,
}

impl Broker {
    /// Connects, waiting at most 5 s, and checks the server's version. From then on the
    /// connection heals itself.
    ///
    /// # Errors
    /// [`ConnectError`], which says what to do.
    pub async fn connect(config: &HubConfig) -> Result<Self, ConnectError> {
        let (disturb, disturbed) = watch::channel(0_u64);
        let standing = watch::Sender::new(Standing::default());
        let refused = Arc::new(AtomicBool::new(false));
        let distrust = Arc::new(Mutex::new(None::<&'static str>));
        let (asked, looked) = (Arc::clone(&refused), Arc::clone(&distrust));
        let counts = Counts::default();
        let heard = Ear {
            standing: standing.clone(),
            disturb,
            refused: Arc::clone(&refused),
            counts: counts.clone(),
        };
        let options = ConnectOptions::new()
            .name(&config.name)
            .max_reconnects(None)
            .ping_interval(PING)
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(ANSWER))
            .reconnect_delay_callback(move |attempts| {
                let distrust = *looked.lock().unwrap_or_else(PoisonError::into_inner);
                pause(
                    attempts,
                    asked.load(Ordering::Relaxed) || distrust.is_some(),
                )
            })
            .event_callback(move |event| {
                heard.hear(&event);
                std::future::ready(())
            });
        let options = identified(options, config).await?;
        let client = match tokio::time::timeout(CONNECT, dial(options, config)).await {
            Ok(client) => client?,
            Err(elapsed) => {
                return Err(ConnectError::NotReachable {
                    url: without_credentials(&config.url),
                    source: elapsed.into(),
                });
            }
        };
        let found = client.server_info().version.clone();
        if !is_supported(&found) {
            return Err(ConnectError::TooOld { found });
        }
        let builder = ContextBuilder::new().timeout(ANSWER);
        let js = match &config.api_prefix {
            Some(prefix) => builder.api_prefix(prefix).build(client.clone()),
            None => builder.build(client.clone()),
        };
        let looking = look(config.clone(), standing.subscribe(), Arc::clone(&distrust));
        tokio::spawn(looking);
        let api_prefix = config
            .api_prefix
            .clone()
            .unwrap_or_else(|| "$JS.API".to_owned());
        let outbox =
            Outbox::start(client.clone())
                .await
                .map_err(|error| ConnectError::NotReachable {
                    url: without_credentials(&config.url),
                    source: error.into(),
                })?;
        Ok(Self {
            client,
            js,
            outbox: Arc::new(outbox),
            disturbed,
            standing,
            pulse: Arc::default(),
            refused,
            distrust,
            replicas: config.replicas,
            counts,
            api_prefix,
        })
    }

    /// What is counted of this connection.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Shows what is counted of this connection, and whether it stands.
    pub fn register(&self, registry: &mut Registry) {
        self.counts.register(registry, self.standing.subscribe());
    }

    /// Whether the connection stands and, where somebody [listens](Self::listen), the hub answers.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.standing.borrow().is_up()
    }

    /// Whether the connection has been gone for so long that nothing should be sent: the client would
    /// keep it for later.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.standing.borrow().is_lost()
    }

    /// How the connection stands, and why not.
    #[must_use]
    pub fn link(&self) -> Link {
        if self.is_connected() {
            Link::Up
        } else if self.refused.load(Ordering::Relaxed) {
            Link::Refused
        } else {
            let distrust = self.distrust.lock().unwrap_or_else(PoisonError::into_inner);
            distrust.map_or(Link::Down, Link::Distrusted)
        }
    }

    /// Sends what is still to be sent and closes the connection, within 5 s.
    pub async fn close(&self) {
        let closed = async {
            self.outbox.flush().await;
            let _ = self.client.flush().await;
            let _ = self.client.drain().await;
        };
        if tokio::time::timeout(CLOSE, closed).await.is_err() {
            tracing::warn!("the hub did not take the last messages in time");
        }
    }

    /// Awaits an answer of the hub, but not past 1.5 s without connection: the client itself
    /// would keep the request until it reconnects or times out. To a hub that is lost nothing is sent.
    ///
    /// The future comes pinned: one that is handed over as it is takes room twice, here and as an argument.
    pub(crate) async fn answer<T>(
        &self,
        answer: Pin<&mut impl Future<Output = Result<T, StoreError>>>,
    ) -> Result<T, StoreError> {
        if self.is_lost() {
            return Err(StoreError::NotReachable);
        }
        let _waiting = self.pulse.wait();
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = lost(self.standing.subscribe()) => return Err(StoreError::NotReachable),
        };
        if answer.as_ref().err().is_none_or(StoreError::is_answer) {
            self.pulse.heard();
        }
        answer
    }
}

/// The pause before an attempt to connect; none before the first one.
fn pause(attempts: usize, refused: bool) -> Duration {
    let (first, longest) = if refused { REFUSED } else { AWAY };
    match attempts {
        0 | 1 if !refused => Duration::ZERO,
        attempts => {
            let doublings = u32::try_from(attempts.saturating_sub(2)).unwrap_or(u32::MAX);
            let length = first.saturating_mul(2_u32.saturating_pow(doublings.min(16)));
            Backoff::new(length.min(longest), longest).pause()
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
    fn a_refused_credential_is_tried_less_often() {
        assert_eq!(pause(1, false), Duration::ZERO);
        let longest = |refused| (1..200).map(|n| pause(n, refused)).max().unwrap();
        assert!(longest(false) <= Duration::from_secs(4));
        assert!(longest(true) > Duration::from_secs(30));
        assert!((1..200).all(|n| pause(n, true) >= Duration::from_millis(1500)));
        assert!(pause(usize::MAX, true) <= Duration::from_secs(60));
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
