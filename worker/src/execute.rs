//! Running a command.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kubently_core::command::Command;
use kubently_core::policy::Policy;
use kubently_core::refusal::RefusalCode;
use kubently_core::result::Ended;
use kubently_core::status::Reason;
use kubently_kubectl::{Cluster, Limits, Output, RunError};

use crate::live::LiveOutput;
use crate::metrics::Metrics;

/// Runs commands that were checked before. Dropping the future gives the work up.
pub trait Execute: Send + Sync + 'static {
    /// Runs one to its end. It may take this long: the caller gives it up then.
    fn execute(&self, command: &Command, limit: Duration) -> impl Future<Output = Ended> + Send;

    /// Runs one whose output is told while it runs. It ends by itself when its time is over.
    fn follow(
        &self,
        command: &Command,
        limit: Duration,
        output: LiveOutput,
    ) -> impl Future<Output = Ended> + Send;
}

/// Runs commands against a Kubernetes API, as kubectl would.
#[derive(Debug, Clone)]
pub struct Kubectl {
    cluster: Cluster,
    limits: Limits,
    metrics: Metrics,
}

impl Kubectl {
    /// Reads this cluster, under this policy.
    #[must_use]
    pub fn new(cluster: Cluster, policy: Arc<Policy>, metrics: Metrics) -> Self {
        let max_output_bytes = usize::try_from(policy.max_output_bytes.get()).unwrap_or(usize::MAX);
        let limits = Limits {
            max_output_bytes,
            policy,
            ..Limits::default()
        };
        Self {
            cluster,
            limits,
            metrics,
        }
    }

    fn failed(&self, error: &RunError) -> Ended {
        if let Some(code) = code_of(error) {
            self.metrics.refused(code);
        }
        failed(error)
    }

    fn within(&self, time: Duration) -> Limits {
        Limits {
            time: Some(time),
            ..self.limits.clone()
        }
    }
}

/// Says how often a text that looks like a credential was marked; never what it was.
fn tell_of(redactions: u64) {
    if redactions > 0 {
        tracing::info!(redactions, "credentials are marked in the output");
    }
}

impl Execute for Kubectl {
    async fn execute(&self, command: &Command, limit: Duration) -> Ended {
        match kubently_kubectl::run(&self.cluster, command, &self.within(limit)).await {
            Ok(output) => completed(output),
            Err(error) => self.failed(&error),
        }
    }

    async fn follow(&self, command: &Command, limit: Duration, mut output: LiveOutput) -> Ended {
        let limits = self.within(limit);
        match kubently_kubectl::stream(&self.cluster, command, &limits, &mut output).await {
            Ok(ended) => {
                tell_of(ended.redactions);
                Ended {
                    truncated: ended.truncated,
                    ..Ended::completed(ended.exit_code, Vec::new(), Vec::new())
                }
            }
            Err(error) => self.failed(&error),
        }
    }
}

fn completed(output: Output) -> Ended {
    tell_of(output.redactions);
    Ended {
        truncated: output.truncated,
        ..Ended::completed(output.exit_code, output.stdout, output.stderr)
    }
}

/// The rule that an error stands for; none where the output is too large.
fn code_of(error: &RunError) -> Option<RefusalCode> {
    Some(match error {
        RunError::OutputTooLarge { .. } | RunError::InputTooLarge { .. } => return None,
        RunError::Denied { .. } | RunError::SecretValues { .. } => RefusalCode::ResourceDenied,
        RunError::ClusterScoped { .. } => RefusalCode::ClusterScopeForbidden,
        // NotServed, and whatever else the library comes to refuse.
        _ => RefusalCode::NotSupportedYet,
    })
}

fn failed(error: &RunError) -> Ended {
    if let Some(code) = code_of(error) {
        return Ended::failed(Reason::PolicyDenied, format!("{code}: {error}"));
    }
    let text = match error {
        RunError::InputTooLarge { size, limit } => format!(
            "{size} bytes of objects or more would be in memory at once, and {limit} are allowed \
             where a list is sorted or searched as a whole (ask for fewer objects with a name, -n, \
             -l or --field-selector, or without --sort-by)"
        ),
        RunError::OutputTooLarge { size, limit } => format!(
            "the output has {size} bytes or more, and {limit} are allowed; a document is not cut \
             (ask for fewer objects with a name, -n, -l or --field-selector, or for a table)"
        ),
        other => other.to_string(),
    };
    Ended::failed(Reason::OutputTooLarge, text)
}

#[cfg(test)]
mod tests {
    use kubently_core::status::FinalStatus;

    use super::*;

    #[test]
    fn an_exit_code_is_a_completed_command_whatever_it_is() {
        let ended = completed(Output {
            stderr: b"Error from server (NotFound)\n".to_vec(),
            exit_code: 1,
            ..Output::default()
        });
        assert_eq!(
            (ended.status, ended.exit_code),
            (FinalStatus::Completed, Some(1))
        );
    }

    #[test]
    fn what_has_no_output_fails_with_its_reason_and_code() {
        let resource = "secrets".to_owned();
        for (error, reason, start) in [
            (
                RunError::OutputTooLarge { size: 9, limit: 8 },
                Reason::OutputTooLarge,
                "the output has 9 bytes or more, and 8 are allowed",
            ),
            (
                RunError::Denied {
                    resource: resource.clone(),
                },
                Reason::PolicyDenied,
                "resource_denied: this cluster's policy does not let secrets be read",
            ),
            (
                RunError::InputTooLarge { size: 9, limit: 8 },
                Reason::OutputTooLarge,
                "9 bytes of objects or more would be in memory at once, and 8 are allowed",
            ),
            (
                RunError::SecretValues { flag: "--sort-by" },
                Reason::PolicyDenied,
                "resource_denied: --sort-by reaches the values of secrets",
            ),
            (
                RunError::ClusterScoped { resource },
                Reason::PolicyDenied,
                "cluster_scope_forbidden: secrets is not in a namespace",
            ),
            (
                RunError::NotServed("top"),
                Reason::PolicyDenied,
                "not_supported_yet: top is not served",
            ),
        ] {
            let ended = failed(&error);
            assert_eq!(ended.reason, Some(reason));
            let text = String::from_utf8(ended.stderr).unwrap();
            assert!(text.starts_with(start), "{text}");
        }
    }
}
