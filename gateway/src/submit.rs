//! Puts a command into its cluster's queue: stored and published, or neither.

use std::time::Duration;

use kubently_broker::topology::command_stream;
use kubently_broker::{Lookup, Revision, StoreError, SubmitError};
use kubently_core::access::{Principal, authorize};
use kubently_core::cluster::ClusterId;
use kubently_core::command::Command;
use kubently_core::envelope::{Envelope, VERSION};
use kubently_core::job::JobRecord;
use kubently_core::policy::Secrets;
use kubently_core::request::ExecuteCommandRequest;
use kubently_runtime::trace::{Shape, Span, SpanKind};

use crate::error::ApiError;
use crate::gateway::Parts;

/// How long the hub may take to accept a command: longer than the broker waits for a stream's new
/// leader, so that its answer comes first.
pub(crate) const ACCEPT_LIMIT: Duration = Duration::from_secs(18);
/// How long tidying up after a refusal may take, on a hub that is there and slow.
const REMOVE_LIMIT: Duration = Duration::from_secs(10);

/// The command that a request asks for, where this caller may run it there.
pub(crate) fn check(
    gateway: &Parts,
    caller: &Principal,
    request: &ExecuteCommandRequest,
) -> Result<Command, ApiError> {
    let command = request.command_with(gateway.secrets)?;
    known_cluster(gateway, caller, &request.cluster_id)?;
    authorize(&caller.grant, &request.cluster_id, &command)?;
    Ok(command)
}

/// Whether there is such a cluster for this caller: one that its key may not use is not there.
pub(crate) fn known_cluster(
    gateway: &Parts,
    caller: &Principal,
    cluster: &ClusterId,
) -> Result<(), ApiError> {
    match gateway.directory.cluster(cluster) {
        Lookup::Known(_) if caller.grant.allows_cluster(cluster) => Ok(()),
        Lookup::Behind => Err(ApiError::ClustersBehind),
        Lookup::Known(_) | Lookup::Unknown => Err(ApiError::ClusterNotFound),
    }
}

/// Whether the caller's key could have run this command itself: with a lesser key of the same user
/// its job is not there.
pub(crate) fn may_see(caller: &Principal, record: &JobRecord) -> bool {
    let envelope = &record.envelope;
    let namespace = envelope.namespace.as_deref();
    // It was let through when it was accepted.
    let command = Command::parse_with(
        envelope.command_type,
        &envelope.args,
        namespace,
        Secrets::Redact,
    );
    command.is_ok_and(|command| authorize(&caller.grant, &envelope.cluster_id, &command).is_ok())
}

/// A new job of this caller.
pub(crate) fn record(
    gateway: &Parts,
    caller: &Principal,
    request: ExecuteCommandRequest,
) -> JobRecord {
    let envelope = Envelope {
        v: VERSION,
        id: gateway.new_job_id(),
        cluster_id: request.cluster_id,
        origin: gateway.origin.clone(),
        owner: Some(caller.user_id),
        session_id: request.session_id,
        correlation_id: request.correlation_id,
        service_identity: caller.service_identity.clone(),
        command_type: request.command_type,
        args: request.args,
        namespace: request.namespace,
        timeout_seconds: request.timeout_seconds.unwrap_or(gateway.command_timeout),
        queue_timeout_seconds: request.queue_timeout_seconds,
        priority: request.priority,
        // Deadlines are compared with the hub's clock.
        queued_at: gateway.directory.now(),
    };
    JobRecord {
        subject: envelope.subject(),
        envelope,
        key_id: caller.key_id,
    }
}

/// Stores the record and publishes the command, both at once; accepted means that both are acked.
///
/// A command that is refused leaves no record, and none of its idempotency key. Where the hub gave no answer, nothing is
/// removed: the command may be on its way, and its deadline decides.
pub(crate) async fn submit(
    gateway: &Parts,
    caller: &Principal,
    record: &JobRecord,
    claim: Option<Revision>,
) -> Result<(), ApiError> {
    let broker = &gateway.broker;
    if broker.is_lost() {
        // Nothing is sent, so nothing is run behind its caller's back once the hub is there again.
        return Err(ApiError::HubUnavailable);
    }
    let now = gateway.directory.now();
    let deadline = record.deadline(now);
    let unfinished = gateway.live.unfinished();
    let place = match unfinished.admit(caller.user_id, &record.subject, deadline, now) {
        Ok(place) => place,
        Err(refused) => {
            Box::pin(take_back(gateway, record, claim)).await;
            return Err(refused.into());
        }
    };
    let span = sending(gateway, record);
    // The record goes first over the one connection: a gateway that dies may leave a record without a command,
    // which a replay takes up, and never a command without a record, whose result nobody could ask for.
    let writes = async {
        tokio::join!(
            broker.create_job(caller.user_id, record),
            span.around(broker.publish_traced(&record.envelope, span.parent()))
        )
    };
    let Ok((stored, published)) = tokio::time::timeout(ACCEPT_LIMIT, writes).await else {
        tracing::warn!(job = %record.envelope.id, "the hub did not accept a command in time");
        place.keep();
        return Err(ApiError::HubUnavailable);
    };
    match published {
        // The id is new, so a message that is already there is our own, sent twice.
        Ok(_) | Err(SubmitError::StillQueued) => place.keep(),
        Err(refused) => {
            if leaves_nothing(&refused) {
                let written = claim.into_iter().chain(stored.ok());
                Box::pin(take_back(gateway, record, written)).await;
            } else {
                place.keep();
            }
            return Err(refused.into());
        }
    }
    match stored {
        // Whoever sent the same request at the same time has written it.
        Err(StoreError::Conflict) if claim.is_some() => Ok(()),
        stored => Ok(stored.map(drop)?),
    }
}

/// The span of a command's way into the queue, which the worker's goes on from.
pub(crate) fn sending(gateway: &Parts, record: &JobRecord) -> Span {
    gateway.tracer.span(SpanKind::Producer, || {
        let stream = command_stream(&record.subject.cluster);
        Shape::new(format!("send {stream}"))
            .with("messaging.system", "nats")
            .with("messaging.operation.type", "send")
            .with("messaging.operation.name", "publish")
            .with("messaging.destination.name", stream)
            .with("messaging.message.id", record.subject.job.to_string())
            .with("kubently.lane", record.subject.lane.as_str())
            .with("kubently.verb", record.envelope.command_type.as_str())
    })
}

/// Removes what was written for a refused command, its key first: where that was written again, somebody else
/// has the job in hand, and its record stays.
pub(crate) async fn take_back(
    gateway: &Parts,
    record: &JobRecord,
    written: impl IntoIterator<Item = Revision>,
) {
    for revision in written {
        let removed = gateway.broker.take_back(revision);
        let removed = tokio::time::timeout(REMOVE_LIMIT, removed).await;
        match removed {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(job = %record.envelope.id, "a record of a refused command stays");
                return;
            }
        }
    }
}

/// Whether the hub itself said that the command is not stored.
pub(crate) const fn leaves_nothing(error: &SubmitError) -> bool {
    matches!(error, SubmitError::QueueFull | SubmitError::Refused(_))
}
