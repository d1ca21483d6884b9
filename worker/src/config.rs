//! The worker's settings: a file, and the environment over it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kubently_broker::connect::QUIET;
use kubently_broker::{HubConfig, TlsFiles, accounts};
use kubently_core::cluster::ClusterId;
use kubently_core::policy::Policy;
use kubently_core::text::WorkerName;
use kubently_runtime::config::{
    Collector, ConfigError, HubUrl, Ratio, Retired, Sources, Whole, examine,
};
use kubently_runtime::telemetry::{LogConfig, LogFormat};
use kubently_runtime::trace::TraceConfig;
use uuid::Uuid;

/// Settings of the source model that mean nothing here, or nothing to this binary.
const RETIRED: [Retired; 4] = [
    ("redis_url", "set nats_url: NATS JetStream keeps everything"),
    (
        "agent_tokens",
        "set nats_credentials to the NATS credentials of this worker",
    ),
    (
        "api_keys",
        "they are the gateway's: a worker lets nobody in",
    ),
    (
        "redis_max_connections",
        "a worker holds one connection to NATS",
    ),
];

/// What is told where no cluster is named.
const NO_CLUSTER: &str = "cluster_id (not given): name the cluster whose commands this worker \
    takes, as KUBENTLY_CLUSTER_ID or in the file";

kubently_runtime::settings! {
    /// Everything that can be set.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// The cluster whose commands this worker takes. Must be given.
        pub cluster_id: Option<ClusterId> = None => "prod-eu",
        /// Where the hub is.
        pub nats_url: HubUrl = HubUrl::default(),
        /// A NATS credentials file.
        pub nats_credentials: Option<PathBuf> = None => "/etc/kubently/worker.creds",
        /// The prefix of JetStream's API as our account sees it: with an nkey file that of a
        /// cluster's account, `HUB.API`; without one `$JS.API`.
        pub nats_api_prefix: Option<String> = None => "HUB.API",
        /// A file with the seed of this cluster's nkey; it takes the credentials file's place.
        pub nats_nkey_file: Option<PathBuf> = None => "/etc/kubently/worker.nk",
        /// The authority that the hub's certificate comes from, PEM; the system's where absent.
        pub nats_ca_file: Option<PathBuf> = None => "/etc/kubently/ca.pem",
        /// Our certificate, PEM, where the hub asks for one; with its key.
        pub nats_client_certificate_file: Option<PathBuf> = None => "/etc/kubently/client.pem",
        /// The key of our certificate, PEM.
        pub nats_client_key_file: Option<PathBuf> = None => "/etc/kubently/client.key",
        /// The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync
        /// setting.
        pub nats_monitor_url: Option<String> = None => "http://127.0.0.1:8222",
        /// A kubeconfig file; without it the pod's own service account is used. Plug-ins that start
        /// a process are refused.
        pub kubeconfig: Option<PathBuf> = None => "/etc/kubently/kubeconfig",
        /// What it is called; `HOSTNAME`, or `worker-` and 8 random hex digits where it is absent.
        pub worker_name: Option<WorkerName> = None => "prod-eu-1",
        /// How many commands run at once.
        pub slots: Whole<1, 1024> = Whole::nearest(64),
        /// How many commands one pull may bring.
        pub max_commands_per_fetch: Whole<1, 100> = Whole::nearest(10),
        /// How long running commands may take to finish after SIGTERM, in seconds.
        pub grace_seconds: Whole<0, 600> = Whole::nearest(25),
        /// Where `/livez`, `/readyz` and `/metrics` listen.
        pub admin_host: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        /// Their port.
        pub admin_port: u16 = 9091,
        /// Whether metrics carry the cluster's name as a label.
        pub metrics_cluster_label: bool = true,
        /// Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`;
        /// none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE`
        /// (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment.
        pub otlp_endpoint: Option<Collector> = None => "http://collector:4318",
        /// The part of the traces that begin here, with a publisher's command, which is recorded.
        pub otlp_sample_ratio: Ratio = Ratio::default(),
        /// How many traces a second publishers can have recorded by the flag of their `traceparent`; of more
        /// `otlp_sample_ratio` decides. Gateways decide for theirs.
        pub otlp_callers_per_second: Whole<0, 10_000> = Whole::nearest(100),
        /// Which events are logged, as tracing's directives.
        pub log: String = format!("{},{QUIET}", LogConfig::default().filter),
        /// The shape of a log line.
        pub log_format: LogFormat = LogFormat::default(),
        /// What the cluster's owner lets be read.
        pub policy: Policy = Policy::default(),
    }
}

/// Settings that a worker can start with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The cluster whose commands it takes.
    pub cluster_id: ClusterId,
    /// What it is called.
    pub worker_name: WorkerName,
    /// What the cluster's owner lets be read.
    pub policy: Arc<Policy>,
    /// All settings as given.
    pub settings: Settings,
}

/// Why a worker cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// A source cannot be read.
    #[error(transparent)]
    Source(#[from] ConfigError),
    /// Settings that are unknown, missing, outside their bounds, or make no worker together; a line
    /// each.
    #[error("the configuration is invalid:\n  {}", .0.join("\n  "))]
    Unusable(Vec<String>),
}

impl Config {
    /// Reads and checks the settings; also answers what is worth a warning.
    ///
    /// # Errors
    /// [`InvalidConfig`], with every problem of its kind.
    pub fn read(sources: &Sources) -> Result<(Self, Vec<String>), InvalidConfig> {
        let loaded = examine::<Settings>(sources, &RETIRED)?;
        let settings = loaded.value;
        let mut problems: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        let is_told = loaded
            .problems
            .iter()
            .any(|known| known.key == "cluster_id");
        if settings.cluster_id.is_none() && !is_told {
            problems.push(NO_CLUSTER.to_owned());
        }
        // A typing error in the environment must not loosen the policy.
        let (loose, warnings): (Vec<_>, Vec<_>) = loaded
            .warnings
            .into_iter()
            .partition(|warning| warning.starts_with("KUBENTLY_POLICY"));
        problems.extend(loose);
        problems.extend(policy_problems(&settings.policy));
        let (Some(cluster_id), true) = (settings.cluster_id.clone(), problems.is_empty()) else {
            return Err(InvalidConfig::Unusable(problems));
        };
        let config = Self {
            cluster_id,
            worker_name: worker_name(&settings, sources)?,
            policy: Arc::new(settings.policy.clone()),
            settings,
        };
        Ok((config, warnings))
    }

    /// How to reach the hub.
    #[must_use]
    pub fn hub(&self) -> HubConfig {
        HubConfig {
            url: self.settings.nats_url.expose().to_owned(),
            name: format!("kubently-worker {} {}", self.cluster_id, self.worker_name),
            credentials: self.settings.nats_credentials.clone(),
            api_prefix: self.settings.nats_api_prefix.clone().or_else(|| {
                let nkey = self.settings.nats_nkey_file.as_ref();
                nkey.map(|_| accounts::API_PREFIX.to_owned())
            }),
            nkey: self.settings.nats_nkey_file.clone(),
            tls: TlsFiles {
                ca: self.settings.nats_ca_file.clone(),
                client: (
                    self.settings.nats_client_certificate_file.clone(),
                    self.settings.nats_client_key_file.clone(),
                ),
            },
            ..HubConfig::default()
        }
    }

    /// What is traced.
    #[must_use]
    pub fn traces(&self) -> TraceConfig {
        let endpoint = self.settings.otlp_endpoint.as_ref();
        TraceConfig {
            endpoint: endpoint.map(ToString::to_string),
            ratio: self.settings.otlp_sample_ratio.get(),
            callers_per_second: self.settings.otlp_callers_per_second.get(),
            service: "kubently-worker",
            version: env!("KUBENTLY_VERSION"),
            instance: self.worker_name.to_string(),
            cluster: Some(self.cluster_id.to_string()),
        }
    }

    /// How to log.
    #[must_use]
    pub fn log(&self) -> LogConfig {
        LogConfig {
            format: self.settings.log_format,
            filter: self.settings.log.clone(),
        }
    }

    /// Where `/livez` and `/readyz` listen.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        SocketAddr::new(self.settings.admin_host, self.settings.admin_port)
    }

    /// How long running commands may take to finish after SIGTERM.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.grace_seconds.get()))
    }
}

/// The name that is given, the machine's, or a random one.
fn worker_name(settings: &Settings, sources: &Sources) -> Result<WorkerName, InvalidConfig> {
    let host = || {
        let mut env = sources.env.iter();
        let (_, host) = env.find(|(name, _)| name == "HOSTNAME")?;
        host.parse().ok()
    };
    if let Some(name) = settings.worker_name.clone().or_else(host) {
        return Ok(name);
    }
    let digits = Uuid::new_v4().simple().to_string();
    let name = format!("worker-{}", digits.get(..8).unwrap_or_default());
    name.parse()
        .map_err(|error| InvalidConfig::Unusable(vec![format!("worker_name: {error}")]))
}

fn policy_problems(policy: &Policy) -> Vec<String> {
    let mut problems = Vec::new();
    let is_type = |name: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(plain)
            && name.split('.').all(|part| !part.is_empty())
    };
    // It would match nothing, and so deny nothing.
    let wrong = policy.denied_resources.iter().filter(|name| !is_type(name));
    problems.extend(wrong.map(|name| {
        format!("policy.denied_resources: {name:?} is no plural or plural.group in lower case")
    }));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)]) -> Result<(Config, Vec<String>), InvalidConfig> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Config::read(&Sources {
            file: None,
            env: env.iter().map(own).collect(),
        })
    }

    const CLUSTER: (&str, &str) = ("KUBENTLY_CLUSTER_ID", "prod-eu");

    #[test]
    fn a_cluster_is_all_that_must_be_given() {
        let (config, warnings) = read(&[CLUSTER]).unwrap();
        assert_eq!(config.cluster_id.as_str(), "prod-eu");
        assert_eq!(config.settings.slots.get(), 64);
        assert_eq!(config.admin().port(), 9091);
        assert_eq!(config.grace(), Duration::from_secs(25));
        assert_eq!(*config.policy, Policy::default());
        assert!(warnings.is_empty());
        let name = config.worker_name.as_str();
        assert!(name.starts_with("worker-") && name.len() == 15, "{name}");
        let error = read(&[]).unwrap_err().to_string();
        assert!(error.contains("KUBENTLY_CLUSTER_ID"), "{error}");
    }

    #[test]
    fn a_missing_cluster_is_reported_with_whatever_else_is_wrong() {
        let error = read(&[
            ("KUBENTLY_SLOTS", "0"),
            ("KUBENTLY_POLICY__DENIED_RESOURCES", "ConfigMaps"),
            ("KUBENTLY_POLICY__NAMESPACE", "team-a"),
        ])
        .unwrap_err()
        .to_string();
        for part in [
            "cluster_id (not given)",
            "slots = 0 (KUBENTLY_SLOTS)",
            "policy.denied_resources",
            "KUBENTLY_POLICY__NAMESPACE",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        let error = read(&[("KUBENTLY_CLUSTER_ID", "Prod.EU")]).unwrap_err();
        assert_eq!(
            error.to_string().matches("cluster_id").count(),
            1,
            "{error}"
        );
    }

    #[test]
    fn a_worker_is_called_as_its_machine_unless_it_has_a_name() {
        let name = |env: &[(&str, &str)]| read(env).unwrap().0.worker_name.as_str().to_owned();
        assert_eq!(name(&[CLUSTER, ("HOSTNAME", "pod-7")]), "pod-7");
        let given = ("KUBENTLY_WORKER_NAME", "eu-1");
        assert_eq!(name(&[CLUSTER, ("HOSTNAME", "pod-7"), given]), "eu-1");
        assert!(name(&[CLUSTER, ("HOSTNAME", "not a name")]).starts_with("worker-"));
    }

    #[test]
    fn the_policy_comes_from_the_environment_too() {
        let (config, _) = read(&[
            CLUSTER,
            ("KUBENTLY_POLICY__NAMESPACES", "team-a,team-b"),
            ("KUBENTLY_POLICY__DENIED_RESOURCES", "configmaps"),
            ("KUBENTLY_POLICY__MAX_OUTPUT_BYTES", "2048"),
            ("KUBENTLY_POLICY__SECRETS", "redact"),
        ])
        .unwrap();
        assert_eq!(config.policy.namespaces.as_ref().unwrap().len(), 2);
        assert!(config.policy.denies("", "configmaps"));
        assert!(!config.policy.denies("", "secrets"));
        assert_eq!(config.policy.max_output_bytes.get(), 2048);
    }

    #[test]
    fn a_policy_that_is_wrong_stops_the_start() {
        for (name, value, part) in [
            ("SECRETS", "allow", "policy.secrets"),
            ("NAMESPACE", "team-a", "KUBENTLY_POLICY__NAMESPACE"),
            ("NAMESPACES", "Team A", "policy.namespaces"),
            ("VERBS", "get,exec", "policy.verbs"),
            ("DENIED_RESOURCES", "ConfigMaps", "policy.denied_resources"),
            ("MAX_OUTPUT_BYTES", "1", "policy.max_output_bytes"),
        ] {
            let name = format!("KUBENTLY_POLICY__{name}");
            let error = read(&[CLUSTER, (&name, value)]).unwrap_err().to_string();
            assert!(error.contains(part), "{name}={value}: {error}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        for (name, value) in [
            ("KUBENTLY_SLOTS", "0"),
            ("KUBENTLY_SLOTS", "1025"),
            ("KUBENTLY_MAX_COMMANDS_PER_FETCH", "101"),
            ("KUBENTLY_ADMIN_PORT", "70000"),
        ] {
            assert!(read(&[CLUSTER, (name, value)]).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn the_schema_is_the_one_of_the_code() {
        use kubently_runtime::config::schema;
        let says = "The worker's settings as they stand in a TOML or YAML file. In the environment \
            each is KUBENTLY_ and its name in upper case, with __ before a field of a table.";
        let schema = schema::<Settings>("WorkerConfig", says);
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../shared/schemas/WorkerConfig.json"
        );
        if std::env::var_os("KUBENTLY_WRITE_SCHEMAS").is_some() {
            std::fs::write(path, format!("{schema:#}\n")).unwrap();
        }
        let stored: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(
            stored, schema,
            "run KUBENTLY_WRITE_SCHEMAS=1 cargo test -p kubently-worker schema, then -p kubently-core"
        );
    }

    #[test]
    fn the_reference_in_the_readme_is_the_one_of_the_code() {
        use kubently_runtime::config::{Settings as _, table};
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("<!-- config:worker:begin -->\n").unwrap();
        let (written, _) = rest.split_once("<!-- config:worker:end -->").unwrap();
        assert_eq!(written, table("worker", &Settings::reference()));
    }
}
