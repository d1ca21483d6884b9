//! Nothing but checked reads reaches a cluster, whoever asks: through the HTTP door, and published straight
//! to the command subject by someone who never met the gateway's checks.

mod asked;
mod cases;

use asked::Asked;
use cases::{ESCAPES, SECRETS, WRITES};
use kubently_tests::cluster::{Cluster, WORKER_USER};
use kubently_tests::world::World;

/// The paths and queries that the worker asked for and that hold this text, in lower case.
fn requests_with(cluster: &Cluster, text: &str) -> anyhow::Result<Vec<String>> {
    let requests = cluster.requests_of(WORKER_USER)?.into_iter();
    let uris = requests.map(|request| request.request_uri.to_lowercase());
    Ok(uris.filter(|uri| uri.contains(text)).collect())
}

/// The log must be one in which a request of the worker would be found.
async fn the_log_shows_a_request(world: &World, asked: &Asked) -> anyhow::Result<()> {
    let name = asked.marked("seen-MARK");
    let answer = world.run("get", &["pods", &name]).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = requests_with(world.kubernetes, &name)?;
    let [found] = found.as_slice() else {
        anyhow::bail!("one request was expected: {found:?}");
    };
    let path = found.split('?').next();
    let expected = format!("/api/v1/namespaces/default/pods/{name}");
    assert_eq!(path, Some(expected.as_str()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_escapes_is_refused_at_both_ends_and_never_asked_for() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let asked = Asked::new(world).await?;
    let mut complaints = Vec::new();
    for case in ESCAPES {
        complaints.extend(asked.gateway_refuses(case).await?);
        complaints.extend(asked.worker_refuses(case, "policy_denied").await?);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    let reached = requests_with(world.kubernetes, &asked.marked("MARK"))?;
    assert!(reached.is_empty(), "{reached:#?}");
    the_log_shows_a_request(world, &asked).await?;
    reads_alone(world.kubernetes)
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_refused_at_both_ends_in_every_spelling() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let asked = Asked::new(world).await?;
    let mut complaints = Vec::new();
    for case in SECRETS {
        complaints.extend(asked.gateway_refuses(case).await?);
        complaints.extend(asked.worker_refuses(case, "policy_denied").await?);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    for path in ["/secret", "%2fsecret"] {
        let reached = requests_with(world.kubernetes, path)?;
        assert!(reached.is_empty(), "{reached:#?}");
    }
    the_log_shows_a_request(world, &asked).await?;
    reads_alone(world.kubernetes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_that_writes_is_none_at_either_end() -> anyhow::Result<()> {
    let world = World::shared().await?;
    let asked = Asked::new(world).await?;
    let mut complaints = Vec::new();
    for case in WRITES {
        complaints.extend(asked.gateway_refuses(case).await?);
        complaints.extend(asked.worker_refuses(case, "undecodable").await?);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    let reached = requests_with(world.kubernetes, &asked.marked("MARK"))?;
    assert!(reached.is_empty(), "{reached:#?}");
    reads_alone(world.kubernetes)
}

/// Every request of the worker since the cluster's start, whichever test caused it.
fn reads_alone(cluster: &Cluster) -> anyhow::Result<()> {
    for request in cluster.requests_of(WORKER_USER)? {
        assert!(
            request.is_allowed(),
            "{} {}",
            request.verb,
            request.request_uri
        );
    }
    Ok(())
}
