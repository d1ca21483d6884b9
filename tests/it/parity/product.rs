//! Through gateway, hub and worker.

use kubently_tests::cluster::{Cluster, WORKER_USER};
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;
use kubently_tests::world::World;

use super::sides::{Product, Side};
use super::tally::Tally;
use super::{lines, seed};

/// The least that must be compared, so that a table that is not read cannot pass.
const LEAST: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_line_prints_what_kubectl_prints() -> anyhow::Result<()> {
    let world = World::shared().await?;
    // One of its own: what `-A`, `get nodes` and discovery show must be this test's alone.
    let cluster = Cluster::start().await?;
    seed::fill(&cluster).await?;
    let kubectl = Kubectl::new(cluster.worker_kubeconfig()).await?;
    let cluster_id = world.cluster("parity").await?;
    let kubeconfig = cluster.worker_kubeconfig();
    let _worker = world
        .worker_with(&cluster_id, "parity", &kubeconfig, &[])
        .await?;
    let product = Product::new(world.http()?, cluster_id);

    let mut tally = Tally::default();
    for line in lines::product() {
        let (theirs, ours) =
            tokio::try_join!(Side::of_kubectl(&kubectl, &line), product.answer(&line))?;
        tally.add(&line, &theirs, &ours);
    }
    say::line(format_args!("parity of the product: {tally}"));
    let complaints = tally.complaints.join("\n");
    assert!(tally.complaints.is_empty(), "\n{complaints}");
    assert!(tally.compared >= LEAST, "only {} lines", tally.compared);
    only_reads(&cluster)
}

/// Whatever was asked above, the worker has sent nothing but reads.
fn only_reads(cluster: &Cluster) -> anyhow::Result<()> {
    let requests = cluster.requests_of(WORKER_USER)?;
    assert!(requests.len() >= LEAST, "only {} requests", requests.len());
    for request in requests {
        let is_read = matches!(request.verb.as_str(), "get" | "list");
        assert!(is_read, "{} {}", request.verb, request.request_uri);
    }
    Ok(())
}
