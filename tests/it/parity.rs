//! Byte equality with the real kubectl: the same command lines through the whole product and through
//! kubectl, both with the rights of the worker's `ServiceAccount`, against the same API server.

mod ages;
mod differences;
mod lines;
mod seed;
mod sides;

use differences::DIFFERENCES;
use kubently_tests::cluster::{Cluster, WORKER_USER};
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;
use kubently_tests::world::World;
use sides::{Kubently, Side, differing};

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
    let kubently = Kubently::new(world.http()?, cluster_id);

    let mut complaints = Vec::new();
    let (mut compared, mut excused) = (0, Vec::new());
    for line in lines::all() {
        let (theirs, ours) =
            tokio::try_join!(Side::of_kubectl(&kubectl, &line), kubently.answer(&line))?;
        compared += 1;
        let Some(difference) = differing(&line, &theirs, &ours) else {
            continue;
        };
        match DIFFERENCES.iter().find(|known| known.line == line.text) {
            None => complaints.push(difference),
            Some(known) => {
                excused.push(known.line);
                let left_out = |output: &str| known.left_out(output);
                let rest = differing(&line, &theirs.map(left_out), &ours.map(left_out));
                complaints.extend(rest);
            }
        }
    }
    let needless = DIFFERENCES
        .iter()
        .filter(|known| !excused.contains(&known.line));
    complaints.extend(needless.map(|known| {
        let (line, reason) = (known.line, known.reason);
        format!("{line}: equal now; take it off the list of differences ({reason})\n")
    }));
    say::line(format_args!(
        "parity: {compared} command lines compared with kubectl: {} differ; {} are equal but for what is listed",
        complaints.len(),
        excused.len(),
    ));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(compared >= LEAST, "only {compared} lines");
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
