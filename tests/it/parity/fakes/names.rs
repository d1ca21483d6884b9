//! Types whose names meet: short names that several have or that are another's name, preferred versions,
//! categories.

use super::{Case, Type, discovery, path_of, table};
use serde_json::json;

const TYPES: &[Type] = &[
    Type("", "v1", "pods", "Pod", true, &["po"], &["all"]),
    Type("", "v1", "services", "Service", true, &["svc"], &["all"]),
    Type("", "v1", "things", "Thing", false, &["th"], &[]),
    Type(
        "autoscaling",
        "v2",
        "superscalers",
        "SuperScaler",
        true,
        &["hpa"],
        &["all", "odd"],
    ),
    Type(
        "autoscaling",
        "v2",
        "scalers",
        "Scaler",
        true,
        &["hpa"],
        &["all"],
    ),
    Type(
        "autoscaling",
        "v1",
        "scalers",
        "Scaler",
        true,
        &["hpa"],
        &["all"],
    ),
    Type(
        "acme.com",
        "v1",
        "poddlers",
        "Poddler",
        true,
        &["po", "pods", "pod"],
        &["odd"],
    ),
    Type(
        "acme.com",
        "v1beta1",
        "poddlers",
        "Poddler",
        true,
        &["po"],
        &["odd"],
    ),
    Type(
        "storage.k8s.io",
        "v1",
        "storageclasses",
        "StorageClass",
        false,
        &["sc"],
        &[],
    ),
    Type(
        "foo",
        "v1",
        "deployments",
        "Deployment",
        true,
        &["deploy"],
        &[],
    ),
    Type("foo", "v1", "things", "Thing", true, &["th"], &["things"]),
    Type(
        "foo.bar",
        "v1",
        "scalers",
        "Scaler",
        true,
        &["hpa", "sc"],
        &["pods"],
    ),
    Type(
        "apps",
        "v1beta1",
        "deployments",
        "Deployment",
        true,
        &["deploy"],
        &["all"],
    ),
    Type(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        true,
        &["deploy"],
        &["all"],
    ),
    Type("apps", "v1", "sheep", "Sheep", true, &[], &["all"]),
];

/// Every form of every name.
const LINES: &[&str] = &[
    "get pods",
    "get pod",
    "get po",
    "get Pod",
    "get POD",
    "get poddlers",
    "get poddler",
    "get pods.acme.com",
    "get po.acme.com",
    "get pod.acme",
    "get pods.v1.acme.com",
    "get poddlers.v1beta1.acme.com",
    "get poddlers.v1beta1.acme",
    "get poddlers.v2.acme.com",
    "get pods.v1.",
    "get pods.v1",
    "get pods.",
    "get hpa",
    "get hpa.autoscaling",
    "get hpa.auto",
    "get hpa.foo",
    "get hpa.foo.bar",
    "get hpa.v1.autoscaling",
    "get scalers",
    "get scaler.foo",
    "get scalers.foo.bar",
    "get scalers.v1.foo.bar",
    "get superscalers.autoscaling",
    "get SuperScaler",
    "get sc",
    "get sc.storage.k8s.io",
    "get sc.storage",
    "get sc.foo",
    "get storageclass",
    "get storageclasses.v1.storage.k8s.io",
    "get deploy",
    "get deploy.apps",
    "get deploy.foo",
    "get deployments.v1beta1.apps",
    "get Deployment.v1.apps",
    "get deployment.v1beta1.apps",
    "get th",
    "get thing",
    "get things.foo",
    "get things",
    "get sheep",
    "get sheeps",
    "get Sheep.v1.apps",
    "get all",
    "get odd",
    "get odd,po",
    "get pods,all",
    "get all.apps",
    "get things,sheep",
    "get nope",
    "get nope.foo",
    "get nope.v1.foo",
    "get po/a svc/b th/c",
    "get po,svc a",
    "get svc,po,Pod,pods a -o name",
    "get hpa a -o name",
    "get th a -o name",
    "get hpa/a po/b -o name",
    "api-resources",
    "api-resources -o wide",
    "api-resources -o name",
    "api-resources --categories odd",
    "api-resources --api-group foo",
    "api-resources --namespaced=false",
];

pub(super) fn cases() -> Vec<Case> {
    let answer = |path: &str, _| {
        if let Some(script) = discovery(TYPES, path_of(path)) {
            return Some(script);
        }
        let parts: Vec<&str> = path_of(path).trim_start_matches('/').split('/').collect();
        let named = |kind: &str, version: &str, name: &str| json!({"kind": kind, "apiVersion": version, "metadata": {"name": name, "namespace": "default"}});
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let rest = match rest {
            ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
            rest => rest,
        };
        let (plural, name) = match rest {
            [plural] => (*plural, None),
            [plural, name] => (*plural, Some(*name)),
            _ => return None,
        };
        let known = TYPES
            .iter()
            .find(|it| (it.0, it.1, it.2) == (group, version, plural))?;
        let api = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let columns = json!([{"name": "Name", "type": "string", "format": "name"}, {"name": "Of", "type": "string"}]);
        let row = |name: &str| json!({"cells": [name, format!("{plural}.{api}")], "object": named(known.3, &api, name)});
        Some(match name {
            Some(name) => {
                // Tables are asked for by name, too; kubectl takes an object in their place.
                kubently_tests::fake_api::Script::json(200, &named(known.3, &api, name))
            }
            None => table(&columns, &json!([row("one"), row("two")])),
        })
    };
    vec![Case::new("names", answer, LINES)]
}
