//! `POST /v1/commands`: runs a command and, where that is quick, answers with its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kubently_broker::{Known, Waiter};
use kubently_core::access::Principal;
use kubently_core::cluster::ClusterId;
use kubently_core::command::{Command, Scope};
use kubently_core::idempotency::{IdempotencyKey, fingerprint};
use kubently_core::job::{JobRecord, JobState};
use kubently_core::request::ExecuteCommandRequest;
use kubently_core::verb::Verb;
use kubently_runtime::trace::{Shape, SpanKind};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use crate::acting::acting;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::once::{REPLAYED, Submitted, accepted_before, submit_once};
use crate::prefer::{PREFERENCE_APPLIED, Prefer};
use crate::reader::Reader;
use crate::routes::jobs::state_of;
use crate::routes::sessions::takes_command;
use crate::routes::{json, location};
use crate::submit::{check, record, submit};
use crate::{answer, body, once, query, sse};

/// How long the stores may take to tell the state of a job that is not finished.
const STATE_LIMIT: Duration = Duration::from_secs(1);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Only say what would be run.
    dry_run: bool,
}

/// The answer to `?dry_run=true`: the command as the worker would read it.
#[derive(Serialize)]
struct Understood<'a> {
    dry_run: bool,
    cluster_id: &'a ClusterId,
    command_type: Verb,
    /// The one way to write these arguments.
    args: Vec<String>,
    /// The namespace that is read; null for all, and for verbs that read none.
    namespace: Option<&'a str>,
}

/// 200 with the finished job, 202 with where to ask for it, or its events as they come.
pub(crate) async fn execute(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let options: Options = query::parse(&parts.uri, "it has dry_run=true or dry_run=false")?;
    let body = body::json(&parts.headers, body).await?;
    let request = ExecuteCommandRequest::from_json(&body)?;
    let admitted = admit(&gateway, &caller, &request).await;
    if options.dry_run {
        return dry_run(&request, &admitted?.1);
    }
    let key = once::key(&parts.headers)?;
    let prefer = Prefer::of(&parts.headers);
    // The place of its stream comes first: who cannot be answered is not to be accepted.
    let place = sse::is_wanted(&parts.headers).then(|| gateway.stream_place());
    let place = place.transpose()?;
    let submitted = match (admitted, &key) {
        (Ok((owner, _)), key) => accept(&gateway, &owner, request, key.as_ref()).await?,
        // What was accepted once is answered, also where it would not be accepted any more.
        (Err(refused), Some(key)) => {
            let before = accepted_before(&gateway, &caller, request, key).await?;
            before.ok_or(refused)?
        }
        (Err(refused), None) => return Err(refused),
    };
    let is_replay = submitted.is_replay;
    let mut response = match place {
        Some(place) => streamed(gateway, submitted, place)?,
        None => waited(&gateway, submitted, prefer).await?,
    };
    if is_replay {
        let replayed = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, replayed);
    }
    Ok(response)
}

/// The job's events as they come.
fn streamed(
    gateway: Gateway,
    submitted: Submitted,
    place: OwnedSemaphorePermit,
) -> Result<Response, ApiError> {
    let Submitted { record, waiter, .. } = submitted;
    let location = location(record.envelope.id)?;
    let reader = Reader::new(gateway, record, waiter);
    let mut response = sse::stream(reader, &[], place);
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// The job once it has ended or the caller has waited for long enough.
async fn waited(
    gateway: &Parts,
    submitted: Submitted,
    prefer: Prefer,
) -> Result<Response, ApiError> {
    let Submitted {
        record,
        waiter,
        is_replay,
    } = submitted;
    let known = if is_replay {
        state_of(gateway, &record).await?
    } else {
        JobState::Queued
    };
    let state = match known {
        JobState::Finished(_) => known,
        // Not knowing better than "queued", the wait may tell less than was known before it.
        _ => match wait(gateway, &record, waiter, prefer).await {
            JobState::Queued => known,
            later => later,
        },
    };
    let mut response = answer::job(gateway, record, state, StatusCode::ACCEPTED)?;
    if let Some(applied) = prefer.applied(gateway.long_poll_timeout) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// The command that is asked for and for whom, where it may be run.
pub(crate) async fn admit(
    gateway: &Parts,
    caller: &Arc<Principal>,
    request: &ExecuteCommandRequest,
) -> Result<(Arc<Principal>, Command), ApiError> {
    let command = check(gateway, caller, request)?;
    let service = request.service_identity.as_ref();
    let owner = acting(gateway, caller, request.user_id, service).await?;
    if let Some(session) = request.session_id {
        takes_command(gateway, &owner, session, &request.cluster_id).await?;
    }
    Ok((owner, command))
}

/// Accepts a command that was admitted, once under a key; also answers who hears of its end.
pub(crate) async fn accept(
    gateway: &Parts,
    caller: &Principal,
    request: ExecuteCommandRequest,
    key: Option<&IdempotencyKey>,
) -> Result<Submitted, ApiError> {
    let fingerprint = key.map(|_| fingerprint(&request));
    let record = record(gateway, caller, request);
    let submitted = if let Some((key, fingerprint)) = key.zip(fingerprint) {
        // Boxed: few requests have a key, and the others should not carry its size.
        Box::pin(submit_once(gateway, caller, key, record, fingerprint)).await?
    } else {
        // Registered before anything is sent: the result may come before the hub's ack does.
        let waiter = gateway.live.register(&record.subject.reply());
        submit(gateway, caller, &record, None).await?;
        Submitted {
            record,
            waiter,
            is_replay: false,
        }
    };
    if submitted.is_replay {
        gateway.metrics.replayed.inc();
    } else {
        gateway.metrics.accepted(submitted.record.subject.lane);
    }
    if let (Some(session), false) = (submitted.record.envelope.session_id, submitted.is_replay) {
        let now = gateway.directory.now();
        gateway.activity.command(caller.user_id, session, now);
    }
    Ok(submitted)
}

/// The state of an accepted command once it has ended or the wait that is preferred is over.
pub(crate) async fn wait(
    gateway: &Parts,
    record: &JobRecord,
    waiter: Waiter,
    prefer: Prefer,
) -> JobState {
    let envelope = &record.envelope;
    let usual = envelope.queue_timeout_seconds.duration() + envelope.timeout_seconds.duration();
    let wait = prefer.wait(usual, gateway.long_poll_timeout);
    outcome(gateway, record, waiter, wait).await
}

fn dry_run(request: &ExecuteCommandRequest, command: &Command) -> Result<Response, ApiError> {
    let namespace = match command.scope() {
        _ if !command.verb().reads_namespaces() => None,
        Scope::All => None,
        Scope::Default => Some("default"),
        Scope::Namespace(namespace) => Some(namespace.as_str()),
    };
    let answer = Understood {
        dry_run: true,
        cluster_id: &request.cluster_id,
        command_type: command.verb(),
        args: command.canonical_args(),
        namespace,
    };
    json(StatusCode::OK, &answer)
}

/// The job's state once it has ended, the wait is over or the gateway stops.
async fn outcome(
    gateway: &Parts,
    record: &JobRecord,
    mut waiter: Waiter,
    wait: Duration,
) -> JobState {
    if wait.is_zero() {
        return JobState::Queued;
    }
    let began = Instant::now();
    let span = gateway
        .tracer
        .span(SpanKind::Internal, || Shape::new("await result"));
    tokio::select! {
        biased;
        result = span.around(waiter.wait(wait)) => {
            if let Some(result) = result {
                gateway.metrics.answered(began.elapsed());
                return JobState::Finished(result);
            }
        }
        () = gateway.stop.cancelled() => return JobState::Queued,
    }
    // Not knowing better than "queued" is no error: the job is accepted.
    let read = Box::pin(gateway.broker.job_state(record));
    match tokio::time::timeout(STATE_LIMIT, read).await {
        Ok(Ok(Known::State(state))) => state,
        _ => JobState::Queued,
    }
}
