//! Calling off the unfinished jobs of a session that ended, a key that was revoked or a user that
//! was deactivated.

use std::sync::Arc;
use std::time::Duration;

use kubently_broker::CancelScope;
use kubently_core::id::UserId;
use tokio::sync::oneshot;

use crate::gateway::Gateway;
use crate::run::chain;

/// When the job records are walked: at once, again for commands that were being accepted
/// meanwhile, and once more where the hub did not answer.
const WALKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(15),
];
/// How long the request waits for the first walk; it goes on behind it.
const WAIT: Duration = Duration::from_secs(5);

/// Calls them off; returns once the first walk is through.
pub(crate) async fn call_off(gateway: &Gateway, owner: UserId, scope: CancelScope) {
    let gateway = Arc::clone(gateway);
    let (walked, first) = oneshot::channel();
    tokio::spawn(async move {
        let mut walked = Some(walked);
        for (number, pause) in WALKS.into_iter().enumerate() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = gateway.stop.cancelled() => return,
            }
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
            if let Some(walked) = walked.take() {
                // Who asked may have gone.
                let _ = walked.send(());
            } else if ended.is_ok() && number > 0 {
                return;
            }
        }
    });
    let _ = tokio::time::timeout(WAIT, first).await;
}
