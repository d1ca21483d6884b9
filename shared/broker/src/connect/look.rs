//! A look at a hub: at the start, and while it is gone. Of a connection that is lost the client tells only that
//! it does not come back, and not that a certificate has expired.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, ServerAddr};
use tokio::sync::watch;

use super::{CONNECT, ConnectError, HubConfig, Standing, identified, without_credentials};
use crate::backoff::Backoff;

/// Pauses before looks at a hub that is gone.
const PAUSES: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(60));

/// Connects with these options.
pub(super) async fn dial(
    options: ConnectOptions,
    config: &HubConfig,
) -> Result<Client, ConnectError> {
    let url = without_credentials(&config.url);
    // The client reads one address from a text, and several from a list alone.
    let servers: Result<Vec<ServerAddr>, _> = config
        .url
        .split(',')
        .map(|address| address.trim().parse())
        .collect();
    let servers = match servers {
        Ok(servers) => servers,
        Err(source) => {
            let source = source.into();
            return Err(ConnectError::NotReachable { url, source });
        }
    };
    let connected = options.connect(servers).await;
    connected.map_err(|error| ConnectError::of(url, error))
}

/// Looks why the hub is gone, at growing intervals, for as long as the connection lives: says once that
/// certificates are in the way, and keeps the reason until it is back.
pub(super) async fn look(
    config: HubConfig,
    mut standing: watch::Receiver<Standing>,
    distrust: Arc<Mutex<Option<&'static str>>>,
) {
    let set = |reason| *distrust.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    while standing.wait_for(|now| now.away.is_some()).await.is_ok() {
        let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
        let mut told = None;
        loop {
            let back = standing.wait_for(|now| now.away.is_none());
            match tokio::time::timeout(pauses.pause(), back).await {
                Ok(Ok(_)) => break,
                Ok(Err(_)) => return,
                Err(_) => {}
            }
            let found = once(&config).await;
            let reason = found.as_ref().err().and_then(ConnectError::distrust);
            if let Err(error) = &found
                && reason.is_some()
                && reason != told
            {
                tracing::error!("{error}; trying again, at most once a minute");
            }
            told = reason;
            set(reason);
        }
        set(None);
    }
}

async fn once(config: &HubConfig) -> Result<(), ConnectError> {
    let options = ConnectOptions::new()
        .name(format!("{} looks", config.name))
        .connection_timeout(Duration::from_secs(2));
    let options = identified(options, config).await?;
    match tokio::time::timeout(CONNECT, dial(options, config)).await {
        Ok(connected) => connected.map(drop),
        // The client itself goes on trying, and will tell.
        Err(_) => Ok(()),
    }
}
