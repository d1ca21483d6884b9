//! The gateway's settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use kubently_broker::connect::QUIET;
use kubently_broker::{HubConfig, Replicas, TlsFiles};
use kubently_core::bounded::{TimeoutSeconds, TtlSeconds};
use kubently_core::policy::Secrets;
use kubently_core::subject::Origin;
use kubently_runtime::config::{
    Collector, ConfigError, HubUrl, Loaded, Ratio, Retired, Setting, Sources, Whole, load_with,
};
use kubently_runtime::telemetry::{LogConfig, LogFormat};
use kubently_runtime::trace::TraceConfig;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

/// The fewest characters of an API key: 240 random bits as base64url.
const LEAST_KEY: usize = 40;

/// The most bytes of a file of keys.
const MAX_KEY_FILE: u64 = 1024 * 1024;

/// Settings of the source model that mean nothing here, or nothing to this binary.
const RETIRED: [Retired; 6] = [
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
    (
        "max_commands_per_fetch",
        "it is the worker's: gateways fetch no commands",
    ),
];

kubently_runtime::settings! {
    /// Every setting; `KUBENTLY_` and the name in upper case in the environment.
    #[derive(Debug)]
    pub(crate) struct GatewayConfig {
        /// Where the hub is.
        pub(crate) nats_url: HubUrl = HubUrl::default(),
        /// A NATS credentials file.
        pub(crate) nats_credentials: Option<PathBuf> = None => "/etc/kubently/gateway.creds",
        /// The prefix of the JetStream API, where our account imports it under another.
        pub(crate) nats_api_prefix: Option<String> = None => "HUB.API",
        /// A file with the seed of our nkey; it takes the credentials file's place.
        pub(crate) nats_nkey_file: Option<PathBuf> = None => "/etc/kubently/gateway.nk",
        /// The authority that the hub's certificate comes from, PEM; the system's where absent.
        pub(crate) nats_ca_file: Option<PathBuf> = None => "/etc/kubently/ca.pem",
        /// Our certificate, PEM, where the hub asks for one; with its key.
        pub(crate) nats_client_certificate_file: Option<PathBuf> = None => "/etc/kubently/client.pem",
        /// The key of our certificate, PEM.
        pub(crate) nats_client_key_file: Option<PathBuf> = None => "/etc/kubently/client.key",
        /// The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync
        /// setting.
        pub(crate) nats_monitor_url: Option<String> = None => "http://127.0.0.1:8222",
        /// How many servers keep each stream.
        pub(crate) nats_replicas: StreamReplicas = StreamReplicas::default(),
        /// Where the API listens.
        pub(crate) api_host: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        /// The API's port.
        pub(crate) api_port: u16 = 8080,
        /// Where `/livez`, `/readyz` and `/metrics` listen.
        pub(crate) admin_host: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        /// Their port.
        pub(crate) admin_port: u16 = 9090,
        /// Whether metrics of clusters carry their names as a label; else all clusters have them
        /// together.
        pub(crate) metrics_cluster_label: bool = true,
        /// The most threads of the runtime; never more than one for two cores.
        pub(crate) api_workers: Whole<1, 100> = Whole::nearest(4),
        /// Fixed keys, each a caller of its own that is no admin; keys that can be revoked are made
        /// over HTTP.
        pub(crate) api_keys: ApiKeys = ApiKeys::default(),
        /// A file with more of them, one a line.
        pub(crate) api_keys_file: KeyFile = KeyFile::default() => "/etc/kubently/api-keys",
        /// The `timeout_seconds` of commands that name none, in seconds.
        pub(crate) command_timeout: TimeoutSeconds = TimeoutSeconds::default(),
        /// The `ttl_seconds` of sessions that name none, in seconds.
        pub(crate) session_ttl: TtlSeconds = TtlSeconds::default(),
        /// Whether secrets may be asked for: `redact` where some cluster's owner shows them without
        /// their values. The others refuse them all the same.
        pub(crate) secrets: Secrets = Secrets::Deny,
        /// How long an output must stay readable, in seconds: it stays for 24 hours, and where a
        /// cluster's full reply stream drops it sooner than this, the log warns.
        pub(crate) result_ttl: Whole<10, 300> = Whole::nearest(60),
        /// The longest that a request waits for its job, in seconds.
        pub(crate) long_poll_timeout: Whole<1, 60> = Whole::nearest(30),
        /// Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`;
        /// none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE`
        /// (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment.
        pub(crate) otlp_endpoint: Option<Collector> = None => "http://collector:4318",
        /// The part of the traces that begin here which is recorded.
        pub(crate) otlp_sample_ratio: Ratio = Ratio::default(),
        /// How many traces a second callers with a key can have recorded by the flag of their `traceparent`;
        /// of more, and of other callers', `otlp_sample_ratio` decides.
        pub(crate) otlp_callers_per_second: Whole<0, 10_000> = Whole::nearest(100),
        /// Which events are logged, as tracing's directives.
        pub(crate) log: String = format!("{},{QUIET}", LogConfig::default().filter),
        /// The shape of a log line.
        pub(crate) log_format: LogFormat = LogFormat::default(),
    }
}

/// How many servers keep each stream, as a setting.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct StreamReplicas(Replicas);

/// The configured keys; shown nowhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct ApiKeys(Vec<SecretString>);

/// A file of keys, read as it is configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "PathBuf")]
pub(crate) struct KeyFile {
    path: Option<PathBuf>,
    keys: ApiKeys,
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

impl TryFrom<PathBuf> for KeyFile {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, Self::Error> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let size = std::fs::metadata(&path).map_err(unreadable)?.len();
        if size > MAX_KEY_FILE {
            return Err(format!("is larger than {MAX_KEY_FILE} bytes"));
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let lines = text.lines().map(str::trim);
        let keys: Vec<_> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        Ok(Self {
            path: Some(path),
            keys: keys.try_into()?,
        })
    }
}

impl Setting for ApiKeys {
    const SECRET: bool = true;

    fn bounds() -> String {
        format!("a list; {LEAST_KEY} printable characters each at least")
    }

    fn schema() -> Value {
        let key = format!("^[!-~]{{{LEAST_KEY},}}$");
        let examples = [["ci_0000000000000000000000000000000000000000"]];
        json!({
            "type": "array", "items": {"type": "string", "pattern": key}, "examples": examples
        })
    }

    fn shown(&self) -> Value {
        // How many there are, and nothing of them.
        Value::from(vec![Value::Null; self.0.len()])
    }
}

impl Setting for StreamReplicas {
    fn bounds() -> String {
        "1, 3".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "integer", "enum": [1, 3]})
    }

    fn shown(&self) -> Value {
        Value::from(self.0.get())
    }
}

impl Setting for KeyFile {
    fn bounds() -> String {
        PathBuf::bounds()
    }

    fn schema() -> Value {
        PathBuf::schema()
    }

    fn shown(&self) -> Value {
        self.path
            .as_ref()
            .map_or(Value::Null, |path| path.display().to_string().into())
    }
}

impl GatewayConfig {
    /// The settings of these sources, with what is to be warned about.
    pub(crate) fn load(sources: &Sources) -> Result<Loaded<Self>, ConfigError> {
        load_with(sources, &RETIRED)
    }

    /// All fixed keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &SecretString> {
        self.api_keys.0.iter().chain(&self.api_keys_file.keys.0)
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
            url: self.nats_url.expose().to_owned(),
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
            replicas: self.nats_replicas.0,
        }
    }

    pub(crate) fn long_poll_timeout(&self) -> Duration {
        Duration::from_secs(self.long_poll_timeout.get().into())
    }

    pub(crate) fn result_ttl(&self) -> Duration {
        Duration::from_secs(self.result_ttl.get().into())
    }

    /// What is traced, of this instance.
    pub(crate) fn traces(&self, instance: &Origin) -> TraceConfig {
        TraceConfig {
            endpoint: self.otlp_endpoint.as_ref().map(ToString::to_string),
            ratio: self.otlp_sample_ratio.get(),
            callers_per_second: self.otlp_callers_per_second.get(),
            service: "kubently-gateway",
            version: env!("KUBENTLY_VERSION"),
            instance: instance.to_string(),
            cluster: None,
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
mod tests;
