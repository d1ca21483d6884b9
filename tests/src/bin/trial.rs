//! Trial.
use anyhow::Result;
use kubently_tests::{
    cluster::{Cluster, WORKER_USER},
    kubectl::Kubectl,
    nats::Nats,
    say::Step,
};
#[tokio::main]
async fn main() -> Result<()> {
    let s = Step::begin("nats");
    let mut nats = Nats::start().await?;
    s.done();
    let s = Step::begin("nats restart");
    nats.kill();
    nats.restart().await?;
    s.done();
    let s = Step::begin("nats stop, restart");
    nats.stop().await?;
    nats.restart().await?;
    s.done();
    let s = Step::begin("cluster");
    let mut c = Cluster::start().await?;
    s.done();
    let k = Kubectl::new(c.worker_kubeconfig()).await?;
    println!(
        "{}{}",
        k.run(["get", "pods", "-A"]).await?.err(),
        k.run(["version"]).await?.out()
    );
    println!("{}", k.run(["get", "secrets", "-A"]).await?.err());
    c.apply("apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
").await?;
    println!("{}", k.run(["get", "pods,widgets"]).await?.err());
    c.grant_extra(&serde_json::json!([{"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get", "list"]}])).await?;
    println!(
        "{}",
        k.run(["get", "pods,widgets,clusterroles"]).await?.out()
    );
    let r = c.requests_of(WORKER_USER)?;
    println!(
        "{} requests, all get: {}, last {:?}",
        r.len(),
        r.iter().all(|e| e.is_get()),
        r.last()
    );
    let s = Step::begin("restart api");
    c.kill_api_server();
    c.restart_api_server().await?;
    s.done();
    let s = Step::begin("live");
    c.make_live().await?;
    s.done();
    let s = Step::begin("deploy");
    c.apply(
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
",
    )
    .await?;
    loop {
        let o = k
            .run(["get", "pods", "-o", "wide", "-l", "app=web"])
            .await?
            .out();
        if o.matches("Running").count() == 3 {
            println!("{o}");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    s.done();
    c.grant_extra(&serde_json::json!([{"apiGroups": ["example.com"], "resources": ["gadgets"], "verbs": ["get", "list"]}])).await?;
    println!("{}", k.run(["get", "nodes"]).await?.out());
    println!(
        "{}",
        k.run(["get", "node", "node-1", "-o", "yaml"]).await?.out()
    );
    Ok(())
}
