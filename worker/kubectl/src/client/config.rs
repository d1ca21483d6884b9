//! Where the API server is and who asks: a kubeconfig file, or the pod's own service account.
//!
//! Kubeconfigs can name programs to run for a credential. The worker spawns no process, so those
//! are refused, and so is acting as somebody else.

use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read, is no kubeconfig, or names what is not there.
    #[error("kubeconfig {} cannot be used", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What kube says.
        #[source]
        source: Box<kube::config::KubeconfigError>,
    },
    /// This is no pod, or its service account is not mounted.
    #[error("the pod's service account cannot be used")]
    InCluster(#[source] Box<kube::config::InClusterError>),
    /// The user's entry asks for a way in that is not supported on purpose.
    #[error("the user's entry has {0}: use a token, a token file or a client certificate")]
    Forbidden(&'static str),
    /// The TLS or HTTP client cannot be made from it.
    #[error("a client cannot be made from the configuration")]
    Client(#[source] Box<kube::Error>),
}

/// Reads the current context of a kubeconfig file.
///
/// # Errors
/// [`ConfigError::Kubeconfig`], [`ConfigError::Forbidden`].
pub async fn config_from_kubeconfig(path: &Path) -> Result<Config, ConfigError> {
    let failed = |source| ConfigError::Kubeconfig {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(failed)?;
    check(&config)?;
    Ok(config)
}

/// Takes the service account that Kubernetes mounts into every pod; its token is read again when
/// it changes.
///
/// # Errors
/// [`ConfigError::InCluster`].
pub fn config_in_cluster() -> Result<Config, ConfigError> {
    Config::incluster().map_err(|source| ConfigError::InCluster(Box::new(source)))
}

/// Refuses what would run a program, act as another user or add headers.
pub(crate) fn check(config: &Config) -> Result<(), ConfigError> {
    let AuthInfo {
        impersonate,
        impersonate_uid,
        impersonate_groups,
        impersonate_user_extra,
        auth_provider,
        exec,
        ..
    } = &config.auth_info;
    let forbidden = match () {
        () if exec.is_some() => "an exec plugin",
        () if auth_provider.is_some() => "an auth provider",
        () if impersonate.is_some()
            || impersonate_uid.is_some()
            || impersonate_groups.is_some()
            || impersonate_user_extra.is_some() =>
        {
            "impersonation"
        }
        () if !config.headers.is_empty() => "headers of its own",
        () => return Ok(()),
    };
    Err(ConfigError::Forbidden(forbidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(user: &str) -> Config {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
             clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:6443'}}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n\
             users: [{{name: u, user: {user}}}]\n"
        );
        Kubeconfig::from_yaml(&text).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_user_that_would_run_a_program_or_act_as_another_is_refused() {
        for (user, what) in [
            (
                "{exec: {apiVersion: client.authentication.k8s.io/v1, command: id}}",
                "an exec plugin",
            ),
            (
                "{auth-provider: {name: gcp, config: {cmd-path: id}}}",
                "an auth provider",
            ),
            ("{token: x, as: admin}", "impersonation"),
            ("{token: x, as-groups: ['system:masters']}", "impersonation"),
        ] {
            let refused = check(&config(user));
            assert!(
                matches!(refused, Err(ConfigError::Forbidden(w)) if w == what),
                "{user}"
            );
        }
    }

    #[test]
    fn a_token_is_a_way_in() {
        assert!(check(&config("{token: x}")).is_ok());
        assert!(check(&config("{tokenFile: /token}")).is_ok());
    }
}
