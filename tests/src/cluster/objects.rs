//! Puts objects into a cluster, as `kubectl apply --server-side` does.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{ApiCapabilities, Scope, pinned_kind};
use serde_json::{Value, json};

use super::Cluster;
use crate::wait::{self, Probe};

/// How long a type may take to be served after its definition was applied.
const SERVED: Duration = Duration::from_secs(60);

type Types = BTreeMap<(String, String), (ApiResource, ApiCapabilities)>;

impl Cluster {
    /// Applies every document of a YAML text, in order, as the admin. Namespaced objects without a
    /// namespace go to `default`. A `status` is applied as well, through the subresource, so that a pod in
    /// a plain cluster can run, crash or wait. A custom resource waits for its definition.
    ///
    /// # Errors
    /// When the text is no YAML, a type is not served within a minute, or the API server refuses.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).context("parse the YAML")?;
        self.apply_all(&documents).await
    }

    /// [`Self::apply`] for objects that are JSON already.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn apply_all(&self, objects: &[Value]) -> Result<()> {
        let client = self.admin().await?;
        let mut types = Types::new();
        for object in objects.iter().filter(|object| !object.is_null()) {
            let what = || {
                format!(
                    "apply {} {}",
                    text(object, "/kind").unwrap_or_default(),
                    text(object, "/metadata/name").unwrap_or_default()
                )
            };
            apply_one(&client, &mut types, object)
                .await
                .with_context(what)?;
        }
        Ok(())
    }

    /// Makes a namespace `PREFIX-<random>`, one for each test.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn namespace(&self, prefix: &str) -> Result<String> {
        let (random, ..) = uuid::Uuid::new_v4().as_fields();
        let name = format!("{prefix}-{random:08x}");
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.apply_all(&[object]).await?;
        Ok(name)
    }
}

async fn apply_one(client: &Client, types: &mut Types, object: &Value) -> Result<()> {
    let version = text(object, "/apiVersion").context("it has no apiVersion")?;
    let kind = text(object, "/kind").context("it has no kind")?;
    let name = text(object, "/metadata/name").context("it has no name")?;
    let (resource, capabilities) = match types.entry((version.to_owned(), kind.to_owned())) {
        std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::btree_map::Entry::Vacant(unknown) => {
            let (version, kind) = unknown.key();
            let found = served(client, version, kind).await?;
            unknown.insert(found)
        }
    };
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), resource),
        Scope::Namespaced => {
            let namespace = text(object, "/metadata/namespace");
            Api::namespaced_with(client.clone(), namespace.unwrap_or("default"), resource)
        }
    };
    patch(&api, name, object).await
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the harness fills the cluster that the product reads"
)]
async fn patch(api: &Api<DynamicObject>, name: &str, object: &Value) -> Result<()> {
    let params = PatchParams::apply("kubently-tests").force();
    api.patch(name, &params, &Patch::Apply(object)).await?;
    if let Some(status) = object.get("status") {
        let status = json!({"status": status});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&status))
            .await
            .context("its status")?;
    }
    Ok(())
}

async fn served(
    client: &Client,
    version: &str,
    kind: &str,
) -> Result<(ApiResource, ApiCapabilities)> {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let wanted = GroupVersionKind::gvk(group, version, kind);
    let what = format!("the type {kind} of {group}/{version}");
    let found = wait::until(what, SERVED, async || {
        Probe::from(pinned_kind(client, &wanted).await)
    })
    .await?;
    Ok(found)
}
