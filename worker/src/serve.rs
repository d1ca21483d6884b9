//! A worker's life: connect, take commands, stop in order.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kubently_broker::{Broker, ConnectError, HubClock, Intake, StoreError};
use kubently_core::directory::Presence;
use kubently_core::policy::Secrets;
use kubently_kubectl::{Cluster, config_from_kubeconfig, config_in_cluster};
use kubently_runtime::admin;
use kubently_runtime::clock::SystemClock;
use kubently_runtime::metrics as runtime;
use kubently_runtime::shutdown::Shutdown;
use kubently_runtime::trace::Tracer;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backoff::Backoff;
use crate::cancels::Cancels;
use crate::config::Config;
use crate::consume::{Stop, consume};
use crate::execute::Kubectl;
use crate::handle::Handler;
use crate::metrics::{Crowds, Metrics};
use crate::presence::{Announcer, watch_version};
use crate::readiness::Ready;
use crate::spans::Calls;

/// Takes commands until the first signal, and then stops in order.
///
/// # Errors
/// A start that is not possible, or an end by the second signal.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::install().context("signals cannot be listened for")?;
    let (soft, hard) = (shutdown.soft(), shutdown.hard());
    tokio::select! {
        biased;
        () = hard.cancelled() => anyhow::bail!("ended by a second signal"),
        served = work(config, soft) => served,
    }
}

async fn work(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    let ready = Ready::new(stop.clone());
    let done = CancellationToken::new();
    let (exposed, metrics) = counted(&config);
    let readiness = Arc::new(ready.clone());
    let _admin = admin::serve(config.admin(), readiness, exposed.clone(), done.clone())
        .await
        .with_context(|| {
            let address = config.admin();
            format!("cannot open {address}: end what uses it, or set admin_host and admin_port")
        })?;
    let tracer = Tracer::start(&config.traces())?;
    if let Some(counted) = tracer.counted() {
        exposed.register(|registry| counted.register(registry));
    }
    let calls = Calls {
        metrics: metrics.clone(),
        tracer: tracer.clone(),
    };
    let cluster = cluster(&config).await?.observed(Arc::new(calls));
    let connected = tokio::select! {
        connected = connect(&config, &ready) => connected?,
        () = stop.cancelled() => return Ok(()),
    };
    let (broker, time, intake) = connected;
    let cancels = hear_cancels(&config, &broker).await?;
    ready.consuming(broker.clone());
    tracing::info!(
        cluster = %config.cluster_id,
        worker = %config.worker_name,
        policy = config.policy.hash(),
        slots = config.settings.slots.get(),
        "taking commands"
    );
    let tasks = TaskTracker::new();
    let crowds = Crowds {
        slots: config.settings.slots.get() as usize,
        tasks: tasks.clone(),
        waiting: intake.waiting(),
        live_output: metrics.live_output.clone(),
        cancels: cancels.clone(),
        cluster: cluster.clone(),
    };
    exposed.register(|registry| {
        broker.register(registry);
        broker.counts().register_pulls(registry);
        crowds.register(registry);
    });
    let announcer =
        tokio::spawn(announcer(&config, &cluster, &tasks, &stop).run(broker.clone(), done.clone()));
    let stop = Stop {
        soft: stop,
        grace: config.grace(),
        abandon: CancellationToken::new(),
    };
    let handler = Handler::new(
        Kubectl::new(cluster, Arc::clone(&config.policy), metrics.clone()),
        broker.clone(),
        time,
        config.worker_name.clone(),
        Arc::clone(&config.policy),
        cancels,
        stop.abandon.clone(),
    )
    .counted(metrics)
    .traced(tracer.clone());
    // On the runtime's own threads: the main thread would have to be woken for each delivery.
    let consuming = {
        let (tasks, stop) = (tasks.clone(), stop.clone());
        tokio::spawn(async move { consume(intake, Arc::new(handler), &tasks, &stop).await })
    };
    consuming.await.context("taking commands failed")?;
    done.cancel();
    announcer.await.context("announcing presence failed")?;
    broker.close().await;
    tracer.close().await;
    anyhow::ensure!(stop.soft.is_cancelled(), "the queue gives no more commands");
    tracing::info!("stopped");
    Ok(())
}

/// What is shown on the admin port, and what of it the worker counts itself.
fn counted(config: &Config) -> (runtime::Metrics, Metrics) {
    let cluster = config.settings.metrics_cluster_label;
    let cluster = cluster.then(|| config.cluster_id.to_string());
    let exposed = runtime::Metrics::new(env!("KUBENTLY_VERSION"), cluster);
    let metrics = Metrics::default();
    exposed.register(|registry| metrics.register(registry));
    (exposed, metrics)
}

/// The way to Kubernetes; connects when the first command needs it.
async fn cluster(config: &Config) -> anyhow::Result<Cluster> {
    let (kube, clock) = (kubernetes(config).await?, Arc::new(SystemClock));
    Ok(match config.policy.secrets {
        Secrets::Deny => Cluster::new(kube, clock)?,
        Secrets::Redact => Cluster::with_secrets(kube, clock)?,
    })
}

/// Where the API server is and who asks.
pub(crate) async fn kubernetes(config: &Config) -> anyhow::Result<kubently_kubectl::ClientConfig> {
    match &config.settings.kubeconfig {
        Some(path) => Ok(config_from_kubeconfig(path).await?),
        None => {
            config_in_cluster().context("outside of a cluster, set kubeconfig to a kubeconfig file")
        }
    }
}

/// Connects and binds the consumers, however long the hub or the cluster's registration takes: a
/// worker may well be there first.
async fn connect(config: &Config, ready: &Ready) -> anyhow::Result<(Broker, HubClock, Intake)> {
    let mut pauses = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
    let mut refused = Backoff::new(Duration::from_secs(2), Duration::from_secs(60));
    let hub = config.hub();
    let mut were_good = false;
    let broker = loop {
        match Broker::connect(&hub).await {
            Ok(broker) => break broker,
            Err(error @ ConnectError::NotReachable { .. }) => {
                let error = anyhow::Error::from(error);
                tracing::warn!("{error:#}; trying again");
                ready.waits_for("the hub cannot be reached");
            }
            // The hub may only have to be reloaded, or a certificate be renewed, so it is asked again, but
            // not in a hurry.
            Err(
                error @ (ConnectError::Refused { .. }
                | ConnectError::Untrusted { .. }
                | ConnectError::Unwelcome { .. }),
            ) => {
                tracing::error!("{error}; trying again, at most once a minute");
                ready.waits_for(
                    error
                        .distrust()
                        .unwrap_or("the hub refuses this worker's credential"),
                );
                were_good = true;
                tokio::time::sleep(refused.pause()).await;
                continue;
            }
            // Files that were good at an earlier attempt are being renewed.
            Err(error @ (ConnectError::Tls { .. } | ConnectError::NoPair { .. })) if were_good => {
                let error = anyhow::Error::from(error);
                tracing::warn!("{error:#}; trying again");
                ready.waits_for("a file of TLS cannot be used");
            }
            Err(error) => return Err(error.into()),
        }
        were_good = true;
        tokio::time::sleep(pauses.pause()).await;
    };
    let cluster = &config.cluster_id;
    let slots = config.settings.slots.get() as usize;
    let fetch = config.settings.max_commands_per_fetch.get() as usize;
    let time = bound(config, || HubClock::start(&broker, cluster)).await;
    let intake = bound(config, || Intake::open(&broker, cluster, slots, fetch)).await;
    Ok((broker, time, intake))
}

/// Hears of cancelled jobs for as long as the connection lives.
async fn hear_cancels(config: &Config, broker: &Broker) -> anyhow::Result<Cancels> {
    let mut feed = broker
        .cancellations(&config.cluster_id)
        .await
        .context("cancellations cannot be heard")?;
    let cancels = Cancels::default();
    let told = cancels.clone();
    tokio::spawn(async move {
        while let Some(job) = feed.next().await {
            told.cancel(job);
        }
    });
    Ok(cancels)
}

/// Asks the hub for this cluster's consumers until it answers.
async fn bound<T, F>(config: &Config, start: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pauses = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
    loop {
        match start().await {
            Ok(started) => return started,
            Err(error) => {
                let cluster = &config.cluster_id;
                let error = anyhow::Error::from(error);
                tracing::warn!(
                    "the queue of {cluster} does not answer ({error:#}): is the cluster added? \
                     (kubently-gateway cluster add {cluster}); trying again"
                );
            }
        }
        tokio::time::sleep(pauses.pause()).await;
    }
}

fn announcer(
    config: &Config,
    cluster: &Cluster,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Announcer {
    let (known, kubernetes_version) = watch::channel(None);
    tokio::spawn(watch_version(cluster.clone(), known));
    Announcer {
        presence: Presence {
            cluster_id: config.cluster_id.clone(),
            worker: config.worker_name.clone(),
            version: env!("KUBENTLY_VERSION").to_owned(),
            kubernetes_version: None,
            slots: config.settings.slots.get(),
            in_flight: 0,
            policy_hash: config.policy.hash(),
            stopping: false,
        },
        tasks: tasks.clone(),
        stopping: stop.clone(),
        kubernetes_version,
    }
}
