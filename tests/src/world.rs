//! The whole system, as tests use it: hub, Kubernetes API, gateway, worker.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::cluster::Cluster;
use crate::http::{Answer, Http};
use crate::nats::{Nats, NatsOptions};
use crate::product::{self, Gateway, Worker};
use crate::wait::{self, Probe};

/// How long a gateway may take to hear of a new cluster.
const KNOWN: Duration = Duration::from_secs(60);

/// A running system with one registered cluster and one worker.
#[derive(Debug)]
pub struct World {
    /// The registered cluster.
    pub cluster_id: String,
    /// The one key that the gateway knows.
    pub key: String,
    /// The worker of the cluster.
    pub worker: Worker,
    /// The gateway.
    pub gateway: Gateway,
    /// The hub.
    pub hub: Nats,
    /// The Kubernetes API that workers read: the shared plain one.
    pub kubernetes: &'static Cluster,
}

impl World {
    /// The one system of this test process, started at the first call. Use a namespace of your own in it
    /// ([`Cluster::namespace`]), and for whatever counts or fills a queue, [`Self::cluster`].
    ///
    /// # Errors
    /// When a part is not there or not ready in time.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<World> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::own).await
    }

    /// A system of one's own, for tests that kill, stop or restart something. Its Kubernetes API is the
    /// shared one; start a [`Cluster`] and a [`Worker`] to kill that.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub async fn own() -> Result<Self> {
        Self::own_with(&NatsOptions::default()).await
    }

    /// [`Self::own`] on a hub with options.
    ///
    /// # Errors
    /// As [`Self::shared`].
    pub async fn own_with(options: &NatsOptions) -> Result<Self> {
        product::programs().await?;
        let (kubernetes, hub) = tokio::try_join!(Cluster::shared(), Nats::start_with(options))?;
        let (cluster_id, key) = ("test".to_owned(), product::new_key());
        product::cluster_add(&hub.url(), &cluster_id).await?;
        let gateway = Gateway::start(&hub.url(), &[&key], &[]).await?;
        let kubeconfig = kubernetes.worker_kubeconfig();
        let worker = Worker::start(&hub.url(), &cluster_id, "worker", &kubeconfig, &[]).await?;
        Ok(Self {
            cluster_id,
            key,
            worker,
            gateway,
            hub,
            kubernetes,
        })
    }

    /// A new client of the gateway with the key. Make it in the test that uses it.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn http(&self) -> Result<Http> {
        self.gateway.http(Some(&self.key))
    }

    /// Registers one more cluster, `PREFIX-<random>`, without a worker.
    ///
    /// # Errors
    /// When `cluster add` fails.
    pub async fn cluster(&self, prefix: &str) -> Result<String> {
        let (random, ..) = uuid::Uuid::new_v4().as_fields();
        let name = format!("{prefix}-{random:08x}");
        product::cluster_add(&self.hub.url(), &name).await?;
        let http = self.http()?;
        // The gateway hears of it a moment later.
        wait::until(
            "the gateway knowing the cluster",
            KNOWN,
            async || match http.get(&format!("/v1/clusters/{name}")).await {
                Ok(answer) => Probe::when(answer.status == 200, answer.text()),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            },
        )
        .await?;
        Ok(name)
    }

    /// Starts one more worker of the shared Kubernetes API and waits until it is ready.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn worker(
        &self,
        cluster_id: &str,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Worker> {
        let kubeconfig = self.kubernetes.worker_kubeconfig();
        self.worker_with(cluster_id, name, &kubeconfig, settings)
            .await
    }

    /// The same with another kubeconfig.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn worker_with(
        &self,
        cluster_id: &str,
        name: &str,
        kubeconfig: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Worker> {
        Worker::start(&self.hub.url(), cluster_id, name, kubeconfig, settings).await
    }

    /// One more gateway on the same hub, with the same key.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn second_gateway(&self) -> Result<Gateway> {
        Gateway::start(&self.hub.url(), &[&self.key], &[]).await
    }

    /// The body of a command for the world's cluster: a verb and its arguments.
    #[must_use]
    pub fn command(&self, verb: &str, args: &[&str]) -> Value {
        json!({"cluster_id": self.cluster_id, "command_type": verb, "args": args})
    }

    /// Runs a command through HTTP and waits for its end, up to 20 seconds.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn run(&self, verb: &str, args: &[&str]) -> Result<Answer> {
        let body = self.command(verb, args);
        self.http()?
            .post_command(&body, &[("prefer", "wait=20")])
            .await
    }
}
