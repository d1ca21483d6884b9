//! The cluster owner's policy on what a name turned out to mean: short names, groups that are cut
//! short and categories all end here, before anything is read.

use kubently_core::policy::Policy;

use super::plan::Plan;
use crate::allowed;
use crate::output::RunError;

/// Refuses the whole command where one of its types may not be read.
pub(crate) fn check(policy: &Policy, plan: &Plan) -> Result<(), RunError> {
    for mapping in plan.types() {
        allowed::check(
            policy,
            &mapping.group,
            &mapping.resource,
            mapping.namespaced,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use kubently_core::command::Command;
    use kubently_core::verb::Verb;

    use super::*;
    use crate::client::fake::{Reply, cluster};
    use crate::{Limits, run};

    const CORE: &str = r#"{"items":[{"metadata":{},"versions":[{"version":"v1","resources":[
      {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"],"categories":["all"]},
      {"resource":"secrets","responseKind":{"kind":"Secret"},"scope":"Namespaced","singularResource":"secret","shortNames":["keys"],"categories":["vault"]},
      {"resource":"nodes","responseKind":{"kind":"Node"},"scope":"Cluster","singularResource":"node","shortNames":["no"]}]}]}]}"#;
    const APPS: &str = r#"{"items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
      {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","shortNames":["deploy"],"categories":["all"]}]}]}]}"#;

    /// What the command ends with, and what it asked for beside discovery.
    async fn get(policy: Policy, args: &[&str]) -> (Option<RunError>, Vec<String>) {
        let (cluster, asked) = cluster(|target| match target {
            "/api" => Reply::ok(CORE),
            "/apis" => Reply::ok(APPS),
            _ => Reply::ok(r#"{"kind":"Table","columnDefinitions":[],"rows":[]}"#),
        });
        let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
        let command = Command::parse(Verb::Get, &args, None).unwrap();
        let limits = Limits {
            policy: Arc::new(policy),
            ..Limits::default()
        };
        let error = run(&cluster, &command, &limits).await.err();
        let mut asked = asked.lock().unwrap().clone();
        asked.retain(|target| target != "/api" && target != "/apis");
        (error, asked)
    }

    fn denied(resource: &str) -> (Option<RunError>, Vec<String>) {
        let resource = resource.to_owned();
        (Some(RunError::Denied { resource }), Vec::new())
    }

    #[tokio::test]
    async fn a_short_name_or_category_that_the_cluster_gave_a_denied_type_does_not_reach_it() {
        for args in [&["keys"][..], &["vault"], &["pods,keys"], &["keys/db"]] {
            assert_eq!(get(Policy::default(), args).await, denied("secrets"));
        }
    }

    #[tokio::test]
    async fn every_spelling_of_a_type_that_the_owner_denies_is_refused() {
        for name in ["deployments", "deployments.apps"] {
            let policy = Policy {
                denied_resources: BTreeSet::from([name.to_owned()]),
                ..Policy::default()
            };
            for args in [
                &["deploy"][..],
                &["Deployment"],
                &["deployments.ap"],
                &["deployments.v1.apps"],
                &["all"],
                &["deploy/web", "po/web"],
            ] {
                let ended = get(policy.clone(), args).await;
                assert_eq!(ended, denied("deployments.apps"), "{name} {args:?}");
            }
            let (error, asked) = get(policy, &["pods"]).await;
            assert_eq!((error, asked.len()), (None, 1));
        }
    }

    #[tokio::test]
    async fn listed_namespaces_shut_out_types_without_one() {
        let policy = Policy {
            namespaces: Some(BTreeSet::from(["default".parse().unwrap()])),
            ..Policy::default()
        };
        for args in [&["no"][..], &["nodes", "a"], &["pods,nodes"]] {
            let (error, asked) = get(policy.clone(), args).await;
            let resource = "nodes".to_owned();
            assert_eq!(error, Some(RunError::ClusterScoped { resource }));
            assert_eq!(asked, [""; 0]);
        }
        assert_eq!(get(policy, &["pods"]).await.0, None);
    }
}
