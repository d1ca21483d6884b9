//! Three clusters that are no good neighbours, and whoever calls them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use async_nats::jetstream;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_broker::{Broker, SubmitError};
use kubently_core::cluster::ClusterId;
use kubently_tests::http::Http;
use kubently_tests::nats::Nats;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::command;
use super::fleet::{connect, envelope};
use super::worker::{self, Manner};

/// What a slow worker has at a time: all that it can take.
const HELD: usize = 64;
/// How often somebody asks for the cluster that is away.
const ASKED: Duration = Duration::from_millis(50);
/// How many commands a queue holds, and how many of them are put into it at a time.
const QUEUE: (usize, usize) = (10_000, 256);

/// The three clusters.
pub(crate) struct Trouble {
    dead: ClusterId,
    slow: ClusterId,
    flooding: ClusterId,
    http: Http,
}

/// Trouble that is under way: what each caller has seen, and how often.
pub(crate) struct Begun {
    callers: JoinSet<Result<(&'static str, usize)>>,
    stop: CancellationToken,
}

impl Trouble {
    /// The slow and the flooding one have a worker, on a connection of its own.
    pub(crate) async fn of(hub: &Nats, clusters: &[ClusterId; 3], http: Http) -> Result<Self> {
        let [dead, slow, flooding] = clusters.clone();
        worker::start(&connect(hub).await?, &slow, Manner::Slow).await?;
        worker::start(&connect(hub).await?, &flooding, Manner::Flooding).await?;
        Ok(Self {
            dead,
            slow,
            flooding,
            http,
        })
    }

    /// Fills the queue of the one that is away, and calls all three.
    pub(crate) async fn begin(&self, broker: &Broker) -> Result<Begun> {
        fill(broker, &self.dead).await?;
        let mut begun = Begun {
            callers: JoinSet::new(),
            stop: CancellationToken::new(),
        };
        for _ in 0..HELD {
            begun.call(self, &self.slow, ("answered late", 200), Duration::ZERO);
        }
        begun.call(self, &self.flooding, ("floods", 200), Duration::ZERO);
        begun.call(self, &self.dead, ("refused by a full queue", 429), ASKED);
        Ok(begun)
    }

    /// Waits until nothing of it is left, and says what was seen.
    pub(crate) async fn end(&self, mut begun: Begun, hub: &Nats) -> Result<String> {
        begun.stop.cancel();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        while let Some(ended) = begun.callers.join_next().await {
            let (what, count) = ended??;
            *seen.entry(what).or_default() += count;
        }
        let js = jetstream::new(hub.connect().await?);
        let queue = js.get_stream(format!("KUBENTLY_CMD_{}", self.dead)).await?;
        queue.purge().await?;
        let seen = seen.iter().map(|(what, count)| format!("{count} {what}"));
        Ok(format!("meanwhile {}", seen.collect::<Vec<_>>().join(", ")))
    }
}

impl Begun {
    /// Calls a cluster until it is told to stop; what is under way then is waited for.
    fn call(
        &mut self,
        trouble: &Trouble,
        cluster: &ClusterId,
        (what, status): (&'static str, u16),
        every: Duration,
    ) {
        let (http, body, stop) = (trouble.http.clone(), command(cluster), self.stop.clone());
        self.callers.spawn(async move {
            let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
            let mut count = 0;
            while !stop.is_cancelled() {
                ticks.tick().await;
                let answer = http.post_command(&body, &[("prefer", "wait=30")]).await?;
                ensure!(
                    answer.status == status,
                    "{}: {}",
                    answer.status,
                    answer.text()
                );
                count += 1;
            }
            Ok((what, count))
        });
    }
}

/// Puts commands into a queue until it takes no more.
async fn fill(broker: &Broker, cluster: &ClusterId) -> Result<()> {
    let (holds, at_once) = QUEUE;
    futures::stream::iter(0..holds)
        .map(Ok::<_, anyhow::Error>)
        .try_for_each_concurrent(at_once, async |_| {
            broker.publish_command(&envelope(cluster)?).await?;
            Ok(())
        })
        .await?;
    match broker.publish_command(&envelope(cluster)?).await {
        Err(SubmitError::QueueFull) => Ok(()),
        other => bail!("the queue is not full: {other:?}"),
    }
}
