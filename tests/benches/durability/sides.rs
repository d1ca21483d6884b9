//! The sides that are compared, and the product on a hub as it ships.

use anyhow::Result;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::Times;
use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::load::{self, Round};
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::raw::Raw;
use kubently_tests::wire::Wire;
use serde_json::{Value, json};

/// Rounds of each side that count.
const ROUNDS: usize = 6;

/// Who makes the calls.
pub(crate) enum Side {
    /// A gateway, and the body of a command.
    Product(Http, Value),
    /// The client library alone.
    Raw(Raw),
}

/// A gateway on a hub with accounts and TLS.
pub(crate) struct Shipped {
    gateway: Gateway,
    key: String,
}

/// A side with its connections, which it keeps from round to round.
enum Ready<'a> {
    Product(Wire),
    Raw(&'a Raw),
}

impl Side {
    async fn ready(&self, in_flight: usize) -> Result<Ready<'_>> {
        Ok(match self {
            Self::Product(http, body) => Ready::Product(Wire::open(http, body, in_flight).await?),
            Self::Raw(raw) => Ready::Raw(raw),
        })
    }
}

impl Ready<'_> {
    async fn round(&self, (calls, in_flight): (usize, usize)) -> Result<Round> {
        match self {
            Self::Product(wire) => load::over(wire, calls, in_flight).await,
            Self::Raw(raw) => raw.round(calls, in_flight).await,
        }
    }
}

impl Shipped {
    pub(crate) async fn gateway(hub: &Hub) -> Result<Self> {
        let key = product::new_key();
        let settings = hub.settings("hub");
        let gateway = Gateway::start(&hub.url(), &[&key], &borrowed(&settings)).await?;
        Ok(Self { gateway, key })
    }

    /// A worker of a cluster, with the credential of its cluster or the hub's.
    pub(crate) async fn worker(
        &self,
        hub: &Hub,
        cluster: &str,
        credential: &str,
    ) -> Result<Worker> {
        let mut settings = hub.settings(credential);
        // These are a gateway's alone.
        settings.retain(|(name, _)| *name != "KUBENTLY_NATS_REPLICAS");
        if credential == "hub" {
            settings.push(("KUBENTLY_NATS_API_PREFIX", "$JS.API".to_owned()));
        }
        let kubeconfig = Cluster::shared().await?.worker_kubeconfig();
        let settings = borrowed(&settings);
        Worker::start(&hub.url(), cluster, cluster, &kubeconfig, &settings).await
    }

    /// No-op commands for this cluster.
    pub(crate) fn commands(&self, cluster: &str) -> Result<Side> {
        let http = self.gateway.http(Some(&self.key))?;
        let body = json!({"cluster_id": cluster, "command_type": "version", "args": ["--client"]});
        Ok(Side::Product(http, body))
    }
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let pairs = settings.iter();
    pairs.map(|(name, value)| (*name, value.as_str())).collect()
}

/// Rounds of both, who take turns in going first: the hub is busy for a while with what a load has left. The first
/// ones warm connections and caches, and do not count.
pub(crate) async fn alternate(sides: [&Side; 2], load: (usize, usize)) -> Result<[Times; 2]> {
    let [one, other] = sides;
    let sides = [one.ready(load.1).await?, other.ready(load.1).await?];
    let mut times = [Times::default(), Times::default()];
    for round in 0..=ROUNDS {
        let mut in_turn: Vec<_> = sides.iter().zip(&mut times).collect();
        if round % 2 == 0 {
            in_turn.reverse();
        }
        for (side, times) in in_turn {
            let (each, wall) = side.round(load).await?;
            if round > 0 {
                times.add(each, wall);
            }
        }
    }
    Ok(times)
}
