//! The gateway's settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use kubently_broker::{HubConfig, Replicas, TlsFiles};
use kubently_core::bounded::{TimeoutSeconds, TtlSeconds};
use kubently_core::policy::Secrets;
use kubently_runtime::config::{ConfigError, Loaded, Retired, Sources, load_with};
use kubently_runtime::telemetry::{LogConfig, LogFormat};
use secrecy::SecretString;
use serde::Deserialize;

/// The fewest characters of an API key: 240 random bits as base64url.
const LEAST_KEY: usize = 40;

/// Settings of the source model that mean nothing here.
const RETIRED: [Retired; 5] = [
    ("redis_url", "set nats_url: NATS JetStream keeps everything"),
    (
        "agent_tokens",
        "give each worker NATS credentials of its own",
    ),
    (
        "max_connections",
        "connections are bounded by the gateway itself",
    ),
    (
        "redis_max_connections",
        "a gateway holds one connection to NATS",
    ),
    (
        "nats_max_connections",
        "a gateway holds one connection to NATS",
    ),
];

/// Every setting; `KUBENTLY_` and the name in upper case in the environment.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewayConfig {
    /// Where the hub is.
    pub(crate) nats_url: String,
    /// A NATS credentials file.
    pub(crate) nats_credentials: Option<PathBuf>,
    /// The prefix of the `JetStream` API, where the account imports it under another.
    pub(crate) nats_api_prefix: Option<String>,
    /// A file with the seed of our nkey; it takes the credentials file's place.
    pub(crate) nats_nkey_file: Option<PathBuf>,
    /// The authority that the hub's certificate comes from, PEM; the system's where absent.
    pub(crate) nats_ca_file: Option<PathBuf>,
    /// Our certificate, PEM, where the hub asks for one; with its key.
    pub(crate) nats_client_certificate_file: Option<PathBuf>,
    /// The key of our certificate, PEM.
    pub(crate) nats_client_key_file: Option<PathBuf>,
    /// The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync setting.
    pub(crate) nats_monitor_url: Option<String>,
    /// How many servers keep each stream, 1 or 3.
    pub(crate) nats_replicas: Replicas,
    /// Where the API listens.
    pub(crate) api_host: IpAddr,
    /// On which port.
    pub(crate) api_port: u16,
    /// Where `/livez` and `/readyz` listen.
    pub(crate) admin_host: IpAddr,
    /// On which port.
    pub(crate) admin_port: u16,
    /// The runtime's threads, 1–100.
    pub(crate) api_workers: Workers,
    /// The keys that let callers in, 40 characters each at least; none lets nobody in.
    pub(crate) api_keys: ApiKeys,
    /// The `timeout_seconds` of commands that name none, 1–30.
    pub(crate) command_timeout: TimeoutSeconds,
    /// The `ttl_seconds` of sessions that name none, 60–3600.
    pub(crate) session_ttl: TtlSeconds,
    /// Whether secrets may be asked for: `deny`, or `redact` where some cluster's owner shows them
    /// without their values. The others refuse them all the same.
    pub(crate) secrets: Secrets,
    /// The longest that a request waits for its job, in seconds, 1–60.
    pub(crate) long_poll_timeout: LongPollSeconds,
    /// Which events are logged.
    pub(crate) log: String,
    /// JSON or text.
    pub(crate) log_format: LogFormat,
}

/// A count of threads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
pub(crate) struct Workers(pub(crate) usize);

/// How long a request may wait.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct LongPollSeconds(u64);

/// The configured keys; shown nowhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct ApiKeys(pub(crate) Vec<SecretString>);

impl LongPollSeconds {
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl TryFrom<usize> for Workers {
    type Error = &'static str;

    fn try_from(threads: usize) -> Result<Self, Self::Error> {
        let valid = (1..=100).contains(&threads);
        valid
            .then_some(Self(threads))
            .ok_or("api_workers is a whole number from 1 to 100")
    }
}

impl TryFrom<u64> for LongPollSeconds {
    type Error = &'static str;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        let valid = (1..=60).contains(&seconds);
        valid
            .then_some(Self(seconds))
            .ok_or("long_poll_timeout is a whole number from 1 to 60")
    }
}

impl TryFrom<Vec<String>> for ApiKeys {
    type Error = String;

    fn try_from(keys: Vec<String>) -> Result<Self, Self::Error> {
        for (number, key) in (1..).zip(&keys) {
            if key.len() < LEAST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!(
                    "key {number} is too short or holds other characters: a key has at least \
                     {LEAST_KEY} printable ASCII characters without spaces"
                ));
            }
        }
        Ok(Self(keys.into_iter().map(SecretString::from).collect()))
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        let anywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let logs = LogConfig::default();
        Self {
            nats_url: "nats://127.0.0.1:4222".to_owned(),
            nats_credentials: None,
            nats_api_prefix: None,
            nats_nkey_file: None,
            nats_ca_file: None,
            nats_client_certificate_file: None,
            nats_client_key_file: None,
            nats_monitor_url: None,
            nats_replicas: Replicas::default(),
            api_host: anywhere,
            api_port: 8080,
            admin_host: anywhere,
            admin_port: 9090,
            api_workers: Workers(4),
            api_keys: ApiKeys::default(),
            command_timeout: TimeoutSeconds::default(),
            session_ttl: TtlSeconds::default(),
            secrets: Secrets::Deny,
            long_poll_timeout: LongPollSeconds(30),
            log: logs.filter,
            log_format: logs.format,
        }
    }
}

impl GatewayConfig {
    /// The settings of these sources, with what is to be warned about.
    pub(crate) fn load(sources: &Sources) -> Result<Loaded<Self>, ConfigError> {
        load_with(sources, &RETIRED)
    }

    pub(crate) fn api_address(&self) -> SocketAddr {
        SocketAddr::new(self.api_host, self.api_port)
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        SocketAddr::new(self.admin_host, self.admin_port)
    }

    /// How to reach the hub.
    pub(crate) fn hub(&self) -> HubConfig {
        HubConfig {
            url: self.nats_url.clone(),
            name: "kubently-gateway".to_owned(),
            credentials: self.nats_credentials.clone(),
            api_prefix: self.nats_api_prefix.clone(),
            nkey: self.nats_nkey_file.clone(),
            tls: TlsFiles {
                ca: self.nats_ca_file.clone(),
                client: (
                    self.nats_client_certificate_file.clone(),
                    self.nats_client_key_file.clone(),
                ),
            },
            replicas: self.nats_replicas,
        }
    }

    pub(crate) fn logs(&self) -> LogConfig {
        LogConfig {
            format: self.log_format,
            filter: self.log.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ci_0123456789012345678901234567890123456789";

    fn load(pairs: &[(&str, &str)]) -> Result<GatewayConfig, String> {
        let own = |(name, value): &(&str, &str)| (format!("KUBENTLY_{name}"), (*value).to_owned());
        let sources = Sources {
            file: None,
            env: pairs.iter().map(own).collect(),
        };
        GatewayConfig::load(&sources)
            .map(|loaded| loaded.value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_let_nobody_in() {
        let config = load(&[]).unwrap();
        assert_eq!(config.api_address().to_string(), "0.0.0.0:8080");
        assert_eq!(config.admin_address().to_string(), "0.0.0.0:9090");
        assert!(config.api_keys.0.is_empty());
        assert_eq!(config.long_poll_timeout.duration(), Duration::from_secs(30));
    }

    #[test]
    fn keys_come_as_a_list_and_are_not_shown() {
        let two = format!("{KEY},{KEY}x");
        let config = load(&[("API_KEYS", &two)]).unwrap();
        assert_eq!(config.api_keys.0.len(), 2);
        assert!(!format!("{config:?}").contains(KEY));
    }

    #[test]
    fn a_short_key_is_refused_and_not_repeated() {
        let error = load(&[("API_KEYS", "hunter2")]).unwrap_err();
        assert!(
            error.contains("api_keys (KUBENTLY_API_KEYS): key 1"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn numbers_out_of_bounds_are_reported_together() {
        let error = load(&[
            ("API_WORKERS", "0"),
            ("LONG_POLL_TIMEOUT", "61"),
            ("COMMAND_TIMEOUT", "31"),
            ("API_HOST", "nowhere"),
            ("LOG_FORMAT", "xml"),
        ])
        .unwrap_err();
        for key in [
            "api_workers",
            "long_poll_timeout",
            "command_timeout",
            "api_host",
            "log_format",
        ] {
            assert!(error.contains(key), "{key} in {error}");
        }
    }

    #[test]
    fn settings_of_the_source_model_are_refused_with_a_hint() {
        let error = load(&[("REDIS_URL", "redis://x"), ("AGENT_TOKENS", "a")]).unwrap_err();
        assert!(error.contains("set nats_url"), "{error}");
        assert!(error.contains("NATS credentials"), "{error}");
    }
}
