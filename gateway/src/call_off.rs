//! Calling off the unfinished jobs of a session that ended, a key that was revoked or a user that
//! was deactivated.

use std::sync::Arc;
use std::time::Duration;

use kubently_broker::CancelScope;
use kubently_core::id::UserId;
use tokio::sync::oneshot;

use crate::gateway::{Gateway, Parts};
use crate::run::chain;

/// When the job records are walked again: for commands that were being accepted meanwhile, and once
/// more where the hub did not answer.
const AGAIN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(15)];
/// How long the request waits for the first walk; it goes on behind it.
const WAIT: Duration = Duration::from_secs(5);

/// Calls them off; returns once the first walk is through.
pub(crate) async fn call_off(gateway: &Gateway, owner: UserId, scope: CancelScope) {
    let gateway = Arc::clone(gateway);
    let (walked, first) = oneshot::channel();
    tokio::spawn(async move {
        // Also by a gateway that stops: it still answers who asked.
        walk(&gateway, owner, scope).await;
        // Who asked may have gone.
        let _ = walked.send(());
        for pause in AGAIN {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = gateway.stop.cancelled() => return,
            }
            if walk(&gateway, owner, scope).await {
                return;
            }
        }
    });
    let _ = tokio::time::timeout(WAIT, first).await;
}

/// Whether every job that is found is called off.
async fn walk(gateway: &Parts, owner: UserId, scope: CancelScope) -> bool {
    let now = gateway.directory.now();
    let ended = gateway.broker.cancel_jobs(owner, scope, now).await;
    match &ended {
        Ok(0) => {}
        Ok(ended) => tracing::info!(%owner, ?scope, ended, "jobs are called off"),
        Err(error) => {
            let reason = chain(error);
            tracing::warn!(%owner, ?scope, reason, "not every job is called off yet");
        }
    }
    ended.is_ok()
}
