//! Finds the real programs that tests and the quick start run.
//!
//! In this order: the part's own environment variable; the directory `KUBEBUILDER_ASSETS` (the envtest
//! convention); what was built earlier; a program on `PATH`, if its version is one that will do; else a
//! build with Go from `tests/parts`, whose `go.sum` pins every line of source, into `target/parts`.

mod build;
mod source;
mod version;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::say;

pub use source::monitors;
pub use version::Wanted;

/// A program that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The hub.
    NatsServer,
    /// The API server's store.
    Etcd,
    /// The Kubernetes API.
    KubeApiserver,
    /// Deployments make pods, namespaces go away, roles aggregate.
    KubeControllerManager,
    /// Pods get nodes.
    KubeScheduler,
    /// The oracle.
    Kubectl,
    /// Simulated nodes and kubelets.
    Kwok,
    /// The Metrics API.
    MetricsServer,
    /// Renders the charts.
    Helm,
}

/// What is known of a part.
#[derive(Debug)]
pub struct Recipe {
    /// The program's file name.
    pub name: &'static str,
    /// The Go module that pins it.
    module: &'static str,
    /// The Go package in it that it is built from.
    pub package: &'static str,
    /// The environment variable that may name another one.
    pub variable: &'static str,
    /// Versions that will do.
    pub wanted: Wanted,
    /// The arguments that make it say its version.
    version_args: &'static [&'static str],
    /// Whether a directory of envtest holds it.
    in_assets: bool,
    /// What a first build takes on two cores; later ones find Go's cache warm.
    first_build: &'static str,
}

/// What the hub must be to take every feature that the topology uses.
const NATS: Wanted = Wanted::AtLeast(semver::Version::new(2, 14, 3));
/// One Kubernetes release for every part and for the oracle: the bytes that it prints are the standard.
const KUBERNETES: Wanted = Wanted::Exactly(semver::Version::new(1, 37, 1));
/// Oldest that the API server of that release works with.
const ETCD: Wanted = Wanted::AtLeast(semver::Version::new(3, 6, 0));
/// The Stage files are written for this one.
const KWOK: Wanted = Wanted::Exactly(semver::Version::new(0, 8, 0));
/// The one that was seen working with the release above.
const METRICS: Wanted = Wanted::Exactly(semver::Version::new(0, 9, 0));

/// Charts of apiVersion v2 and their schemas, as version 4 reads them.
const HELM: Wanted = Wanted::AtLeast(semver::Version::new(4, 0, 0));

impl Part {
    /// What a hub needs.
    pub const HUB: &'static [Self] = &[Self::NatsServer];
    /// What an API server needs, and the oracle.
    pub const CLUSTER: &'static [Self] = &[Self::Etcd, Self::KubeApiserver, Self::Kubectl];
    /// What makes a cluster live, beside the API server.
    pub const LIVE: &'static [Self] =
        &[Self::KubeControllerManager, Self::KubeScheduler, Self::Kwok];
    /// What tests and the quick start use today.
    pub const USED: &'static [Self] = &[
        Self::NatsServer,
        Self::Etcd,
        Self::KubeApiserver,
        Self::Kubectl,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kwok,
    ];

    /// What is known of it.
    #[must_use]
    pub fn recipe(self) -> &'static Recipe {
        match self {
            Self::NatsServer => &NATS_SERVER,
            Self::Etcd => &ETCD_SERVER,
            Self::KubeApiserver => &KUBE_APISERVER,
            Self::KubeControllerManager => &KUBE_CONTROLLER_MANAGER,
            Self::KubeScheduler => &KUBE_SCHEDULER,
            Self::Kubectl => &KUBECTL,
            Self::Kwok => &KWOK_CONTROLLER,
            Self::MetricsServer => &METRICS_SERVER,
            Self::Helm => &HELM_CLI,
        }
    }
}

static NATS_SERVER: Recipe = Recipe {
    name: "nats-server",
    module: "tests/parts",
    package: "github.com/nats-io/nats-server/v2",
    variable: "KUBENTLY_NATS_SERVER",
    wanted: NATS,
    version_args: &["--version"],
    in_assets: false,
    first_build: "about 40 s",
};
static ETCD_SERVER: Recipe = Recipe {
    name: "etcd",
    module: "tests/parts",
    package: "go.etcd.io/etcd/server/v3",
    variable: "KUBENTLY_ETCD",
    wanted: ETCD,
    version_args: &["--version"],
    in_assets: true,
    first_build: "about 30 s",
};
static KUBE_APISERVER: Recipe = Recipe {
    name: "kube-apiserver",
    module: "tests/parts",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    variable: "KUBENTLY_KUBE_APISERVER",
    wanted: KUBERNETES,
    version_args: &["--version"],
    in_assets: true,
    first_build: "4 to 6 minutes",
};
static KUBE_CONTROLLER_MANAGER: Recipe = Recipe {
    name: "kube-controller-manager",
    module: "tests/parts",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
    variable: "KUBENTLY_KUBE_CONTROLLER_MANAGER",
    wanted: KUBERNETES,
    version_args: &["--version"],
    in_assets: false,
    first_build: "about 2 minutes",
};
static KUBE_SCHEDULER: Recipe = Recipe {
    name: "kube-scheduler",
    module: "tests/parts",
    package: "k8s.io/kubernetes/cmd/kube-scheduler",
    variable: "KUBENTLY_KUBE_SCHEDULER",
    wanted: KUBERNETES,
    version_args: &["--version"],
    in_assets: false,
    first_build: "about 15 s",
};
static KUBECTL: Recipe = Recipe {
    name: "kubectl",
    module: "tests/parts",
    package: "k8s.io/kubernetes/cmd/kubectl",
    variable: "KUBENTLY_KUBECTL",
    wanted: KUBERNETES,
    version_args: &["version", "--client"],
    in_assets: true,
    first_build: "about 30 s",
};
static KWOK_CONTROLLER: Recipe = Recipe {
    name: "kwok",
    module: "tests/parts",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    variable: "KUBENTLY_KWOK",
    wanted: KWOK,
    version_args: &["--version"],
    in_assets: false,
    first_build: "about 2 minutes",
};
static METRICS_SERVER: Recipe = Recipe {
    name: "metrics-server",
    module: "tests/parts",
    package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
    variable: "KUBENTLY_METRICS_SERVER",
    wanted: METRICS,
    version_args: &["--version"],
    in_assets: false,
    first_build: "about 1 minute",
};

/// A module of its own: what it needs is not what Kubernetes needs.
static HELM_CLI: Recipe = Recipe {
    name: "helm",
    module: "tests/parts/helm",
    package: "helm.sh/helm/v4/cmd/helm",
    variable: "KUBENTLY_HELM",
    wanted: HELM,
    version_args: &["version", "--short"],
    in_assets: false,
    first_build: "about 2 minutes",
};

/// Why a part is not there. Each says in one sentence what to do.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// An environment variable names a program that will not do.
    #[error("{variable} names {}, which {why}: unset it, or name {name} {wanted}", program.display())]
    Unfit {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        program: PathBuf,
        /// The part.
        name: &'static str,
        /// Versions that will do.
        wanted: &'static Wanted,
        /// What is wrong with it.
        why: String,
    },
    /// There is no Go.
    #[error(
        "Go is needed to build {name}, and no `go` is on PATH: install Go {wanted} or newer, or set {variable}"
    )]
    NoGo {
        /// The part.
        name: &'static str,
        /// The oldest Go that will do.
        wanted: String,
        /// The part's variable.
        variable: &'static str,
    },
    /// The Go that there is cannot build the parts.
    #[error("{found} is too old to build {name}: install Go {wanted} or newer")]
    OldGo {
        /// The part.
        name: &'static str,
        /// What was found.
        found: String,
        /// The oldest that will do.
        wanted: String,
    },
    /// There is no room for the build.
    #[error("no space left to build {name} in {}: the parts need about 1 GB there and Go's caches up to 9 GB; free some and start again", dir.display())]
    DiskFull {
        /// The part.
        name: &'static str,
        /// Where the parts go.
        dir: PathBuf,
    },
    /// Go failed.
    #[error("go build of {name} failed ({ending}): mend what its log says ({}) and start again; the end of it:\n{tail}", log.display())]
    Failed {
        /// The part.
        name: &'static str,
        /// How it ended.
        ending: String,
        /// The whole log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The target directory cannot be used.
    #[error("cannot use {} for the parts: make it writable and start again", dir.display())]
    Directory {
        /// Where the parts go.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Go did not fetch a module.
    #[error("go mod download in {module} failed: {why}")]
    NotFetched {
        /// The module that pins it.
        module: &'static str,
        /// What Go said.
        why: String,
    },
    /// Go could not be started under the guard.
    #[error("cannot start Go")]
    Guard(#[from] crate::guard::GuardError),
}

static FOUND: Mutex<BTreeMap<Part, PathBuf>> = Mutex::new(BTreeMap::new());

/// The path of one part; the first time it may be built, and a line on stderr says so.
///
/// # Errors
/// When it is not there and cannot be built.
pub fn program(part: Part) -> Result<PathBuf, PartsError> {
    // Held over the build: a second test of this process waits for the same program.
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = found.get(&part) {
        return Ok(program.clone());
    }
    let program = find(part.recipe())?;
    found.insert(part, program.clone());
    Ok(program)
}

/// [`program`] for several parts, off the runtime's threads.
///
/// # Errors
/// As [`program`], for the first that fails.
pub async fn ready(parts: &'static [Part]) -> anyhow::Result<()> {
    let all = move || parts.iter().try_for_each(|part| program(*part).map(drop));
    Ok(tokio::task::spawn_blocking(all).await??)
}

fn find(recipe: &'static Recipe) -> Result<PathBuf, PartsError> {
    if let Some(program) = variable(recipe.variable) {
        return match version::check(&program, recipe) {
            Ok(()) => Ok(program),
            Err(why) => Err(PartsError::Unfit {
                variable: recipe.variable,
                program,
                name: recipe.name,
                wanted: &recipe.wanted,
                why,
            }),
        };
    }
    if recipe.in_assets
        && let Some(assets) = variable("KUBEBUILDER_ASSETS")
    {
        let program = assets.join(recipe.name);
        match version::check(&program, recipe) {
            Ok(()) => return Ok(program),
            Err(why) => say::line(format_args!(
                "parts: passing over {} of KUBEBUILDER_ASSETS, which {why}",
                program.display()
            )),
        }
    }
    if let Some(program) = build::built(recipe)? {
        return Ok(program);
    }
    if let Some(program) = on_path(recipe) {
        return Ok(program);
    }
    build::build(recipe)
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The first program of that name on `PATH` whose version will do.
fn on_path(recipe: &Recipe) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(recipe.name))
        .find(|program| is_program(program) && version::check(program, recipe).is_ok())
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
