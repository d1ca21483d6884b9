//! Serves the API until it is asked to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use kubently_broker::{Broker, Directory, HubRepositories, Identity, Link, Live, Queues};
use kubently_runtime::admin::{self, Readiness};
use kubently_runtime::files;
use kubently_runtime::metrics as runtime;
use kubently_runtime::shutdown::Shutdown;
use kubently_runtime::trace::Tracer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::active::Active;
use crate::activity::Activity;
use crate::auth::{Door, Keys, Usage};
use crate::config::GatewayConfig;
use crate::connections::Bounded;
use crate::gateway::{Gateway, MAX_IN_FLIGHT, MAX_LARGE_OUTPUTS, MAX_STREAMS, Parts, new_origin};
use crate::metrics::{Metrics, crowds};
use crate::routes;
use crate::run::{Fatal, chain, connect_ensured};

/// How long the headers of a request may take to arrive, and how long an idle connection lives.
const HEADER_LIMIT: Duration = Duration::from_secs(10);
/// How long a gateway that stops still takes requests, each the last one of its connection: a caller whose
/// connection is closed while its request is on the way cannot know whether it was read (RFC 9112 §9.3.1).
const LAST_REQUESTS: Duration = Duration::from_secs(1);
/// How long requests in work may take to end after that.
const DRAIN: Duration = Duration::from_secs(24);
/// The most bytes of a request's head.
const MAX_HEAD: usize = 32 * 1024;

/// Serves until the first signal; then stops accepting, answers who waits and drains.
pub(crate) async fn serve(config: GatewayConfig, shutdown: Shutdown) -> Result<(), Fatal> {
    let stop = shutdown.soft();
    let queues = Queues::default();
    let starting = start(&config, queues.clone(), stop.clone());
    let gateway = tokio::select! {
        gateway = starting => gateway?,
        () = stop.cancelled() => return Ok(()),
    };
    let connections = Bounded::new(files::raise_limit(), gateway.metrics.clone());
    let exposed = exposed(&config, &gateway, queues, &connections);
    let ready: Arc<dyn Readiness> = Arc::new(HubIsReady(gateway.broker.clone()));
    let ended = CancellationToken::new();
    let admin = admin::serve(config.admin_address(), ready, exposed, ended.clone())
        .await
        .map_err(|error| Fatal::bind("admin", config.admin_address(), &error))?;
    let listener = TcpListener::bind(config.api_address())
        .await
        .map_err(|error| Fatal::bind("api", config.api_address(), &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| Fatal::other("no address", &error))?;
    tracing::info!(%address, origin = %gateway.origin, "api open");
    let router = routes::router(Arc::clone(&gateway));
    let served = listen(listener, connections, router, stop).await;
    ended.cancel();
    if let Ok(Err(error)) = admin.await {
        tracing::warn!(%error, "the admin port ended with an error");
    }
    gateway.activity.finish().await;
    gateway.broker.close().await;
    gateway.tracer.close().await;
    tracing::info!("stopped");
    served.map_err(|error| Fatal::other("the api ended", &error))
}

/// What is shown on the admin port.
fn exposed(
    config: &GatewayConfig,
    gateway: &Gateway,
    queues: Queues,
    connections: &Bounded,
) -> runtime::Metrics {
    let exposed = runtime::Metrics::new(env!("KUBENTLY_VERSION"), None);
    let by_cluster = config.metrics_cluster_label;
    let clock = gateway.directory.clock();
    let broker = &gateway.broker;
    exposed.register(|registry| {
        gateway.metrics.register(registry);
        if let Some(counted) = gateway.tracer.counted() {
            counted.register(registry);
        }
        broker.register(registry);
        let counts = broker.counts();
        counts.register_presences(registry);
        counts.register_sweep(registry, queues, clock, by_cluster);
        crowds::register(registry, gateway, connections, by_cluster);
    });
    exposed
}

async fn start(
    config: &GatewayConfig,
    queues: Queues,
    stop: CancellationToken,
) -> Result<Gateway, Fatal> {
    let metrics = Metrics::default();
    let broker = connect_ensured(config).await?;
    let listening = broker.listen().await;
    listening.map_err(|error| Fatal::unavailable(&error))?;
    let directory = Directory::start(&broker)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let sweeper = broker.clone();
    let (known, swept_until) = (directory.clone(), stop.clone());
    let result_ttl = config.result_ttl();
    tokio::spawn(async move {
        let swept = sweeper.sweep(known, queues, result_ttl, swept_until);
        swept.await;
    });
    let keeper = broker.clone();
    let (known, kept_until) = (directory.clone(), stop.clone());
    tokio::spawn(async move { keeper.keep_up(known, kept_until).await });
    let identity = Identity::start(&broker, directory.clock())
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let keys = Keys::new(config.keys());
    if keys.is_empty() && identity.is_empty() {
        tracing::warn!("there is no key yet, so nobody gets in: admin create makes the first one");
    }
    let stores = HubRepositories::new(broker.clone(), directory.clock());
    let usage = Usage::start(Arc::new(stores.clone()), metrics.clone());
    let origin = new_origin();
    let tracer = Tracer::start(&config.traces(&origin)).map_err(|error| Fatal::config(&error))?;
    let live = Live::start(&broker, &origin)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let active = Active::start(broker.clone(), directory.clone(), stop.clone());
    Ok(Arc::new(Parts {
        active,
        broker,
        directory,
        live,
        door: Door {
            keys,
            identity,
            usage,
        },
        activity: Activity::start(Arc::new(stores.clone()), metrics.clone()),
        metrics,
        tracer,
        stores,
        origin,
        command_timeout: config.command_timeout,
        session_ttl: config.session_ttl,
        secrets: config.secrets,
        long_poll_timeout: config.long_poll_timeout(),
        started: Instant::now(),
        stop,
        in_flight: Semaphore::new(MAX_IN_FLIGHT),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        large_outputs: Arc::new(Semaphore::new(MAX_LARGE_OUTPUTS)),
    }))
}

async fn listen(
    listener: TcpListener,
    connections: Bounded,
    router: Router,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let handle = Handle::<SocketAddr>::new();
    let mut server = Server::from_listener(listener)
        .acceptor(connections)
        .http1_only()
        .handle(handle.clone());
    let mut builder = server.http_builder().http1();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(MAX_HEAD);
    let stopper = tokio::spawn(async move {
        stop.cancelled().await;
        tokio::time::sleep(LAST_REQUESTS).await;
        handle.graceful_shutdown(Some(DRAIN));
    });
    let ended = server.serve(router.into_make_service()).await;
    stopper.abort();
    ended
}

/// Ready means: the hub answers and its buckets are there.
struct HubIsReady(Broker);

#[async_trait]
impl Readiness for HubIsReady {
    async fn check(&self) -> Result<(), String> {
        let checked = self.0.check().await;
        checked.map_err(|error| match self.0.link() {
            Link::Distrusted(reason) => reason.to_owned(),
            Link::Refused => "the hub refuses this gateway's credential".to_owned(),
            Link::Up | Link::Down => chain(&error),
        })
    }
}
