//! The cluster owner's policy on what a name turned out to mean: short names, groups that are cut
//! short and categories all end here, before anything is read.

use kubently_core::command::{Get, GetOutput, Selector};
use kubently_core::policy::Policy;

use super::plan::Plan;
use crate::allowed;
use crate::discovery::Mapping;
use crate::output::RunError;
use crate::printer::custom_columns::CustomColumns;
use crate::printer::jsonpath::Template;
use crate::printer::sort::SortField;

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

/// Refuses what would tell by the choice or by the order of secrets what is in them.
pub(super) fn check_values(get: &Get, plan: &Plan) -> Result<(), RunError> {
    match reaches_values(get) {
        Some(flag) if plan.types().any(Mapping::is_secret) => Err(RunError::SecretValues { flag }),
        _ => Ok(()),
    }
}

/// The flag that sorts or selects by what is in a secret. What is printed has no values any more
/// when it gets there.
fn reaches_values(get: &Get) -> Option<&'static str> {
    if get.field_selector.as_ref().is_some_and(selects_values) {
        return Some("--field-selector");
    }
    let sorted = get.sort_by.as_deref().map(SortField::lenient);
    if let Some(Ok(field)) = &sorted
        && is_about_values(
            &field.template().fields(),
            field.template().reaches_unnamed(),
        )
    {
        return Some("--sort-by");
    }
    let templates = match &get.output {
        GetOutput::JsonPath(text) | GetOutput::JsonPathAsJson(text) => {
            Template::parse(text).into_iter().collect()
        }
        GetOutput::CustomColumns(text) => {
            let columns = CustomColumns::new(text).ok();
            columns.map_or_else(Vec::new, |columns| columns.templates().to_vec())
        }
        _ => Vec::new(),
    };
    let filters = |template: &Template| {
        let (fields, unnamed) = template.filtered();
        is_about_values(&fields, unnamed)
    };
    templates.iter().any(filters).then_some("a filter of -o")
}

fn is_about_values(fields: &[&str], unnamed: bool) -> bool {
    let is_value = |name: &&str| matches!(*name, "data" | "stringData" | "annotations");
    unnamed || fields.iter().any(is_value)
}

/// Anything but what the API server lets secrets be selected by.
fn selects_values(selector: &Selector) -> bool {
    let mut terms = selector.as_str().split(',');
    !terms.all(|term| {
        let end = term.find(['=', '!']).unwrap_or(term.len());
        let key = term.get(..end).unwrap_or_default().trim();
        matches!(key, "metadata.name" | "metadata.namespace" | "type")
    })
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
    async fn nothing_sorts_or_selects_by_the_values_of_secrets() {
        let policy = || Policy {
            secrets: kubently_core::policy::Secrets::Redact,
            ..Policy::default()
        };
        for (args, flag) in [
            (&["keys", "--sort-by=.data.password"][..], "--sort-by"),
            (&["keys", "--sort-by={.data}"], "--sort-by"),
            (&["keys", "--sort-by=.*.password"], "--sort-by"),
            (&["keys,pods", "--sort-by=..password"], "--sort-by"),
            (
                &["keys", "--field-selector=type=x,data.a=b"],
                "--field-selector",
            ),
            (
                &[
                    "keys",
                    "-o",
                    "jsonpath={.items[?(@.data.a>\"b\")].metadata.name}",
                ],
                "a filter of -o",
            ),
            (
                &["keys/db", "-o", "custom-columns=A:..[?(@.*==\"b\")]"],
                "a filter of -o",
            ),
        ] {
            let error = Some(RunError::SecretValues { flag });
            assert_eq!(get(policy(), args).await, (error, Vec::new()), "{args:?}");
        }
        for args in [
            &["keys", "--sort-by=.metadata.name"][..],
            &["keys", "--field-selector=type!=x,metadata.name==a"],
            &["keys", "-o", "jsonpath={.items[?(@.type==\"x\")].data}"],
            &["pods", "--sort-by=.data.password"],
        ] {
            assert!(get(policy(), args).await.0.is_none(), "{args:?}");
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
