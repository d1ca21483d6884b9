//! What the cluster owner's policy says about a type that a command reads.

use kubently_core::policy::Policy;

use crate::output::RunError;

/// Refuses a command that would read a type that the policy does not let be read: a denied one, or
/// one without a namespace where namespaces are listed.
pub(crate) fn check(
    policy: &Policy,
    group: &str,
    resource: &str,
    namespaced: bool,
) -> Result<(), RunError> {
    let name = || match group {
        "" => resource.to_owned(),
        _ => format!("{resource}.{group}"),
    };
    if policy.denies(group, resource) {
        return Err(RunError::Denied { resource: name() });
    }
    if policy.is_namespaced() && !namespaced {
        return Err(RunError::ClusterScoped { resource: name() });
    }
    Ok(())
}
