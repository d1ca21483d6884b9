//! `Idempotency-Key`: a command that is sent again is the same job, on whichever gateway.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use kubently_broker::{Claim, Revision, StoreError, SubmitError, Waiter};
use kubently_core::access::Principal;
use kubently_core::id::UserId;
use kubently_core::idempotency::{IdempotencyKey, Submission, fingerprint};
use kubently_core::job::JobRecord;
use kubently_core::request::ExecuteCommandRequest;

use crate::acting::acting;
use crate::error::ApiError;
use crate::gateway::Parts;
use crate::submit::{ACCEPT_LIMIT, leaves_nothing, may_see, record, sending, submit, take_back};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is about a job that was submitted before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How often a key is tried that others write at the same time.
const TRIES: u32 = 5;

/// A job that is submitted, by this request or an earlier one.
pub(crate) struct Submitted {
    pub(crate) record: JobRecord,
    pub(crate) waiter: Waiter,
    pub(crate) is_replay: bool,
}

/// Why a job was not submitted again.
enum Again {
    /// The key was written or taken back since it was read.
    KeyChanged,
    /// As its caller is told.
    Refused(ApiError),
}

impl<E: Into<ApiError>> From<E> for Again {
    fn from(refused: E) -> Self {
        Self::Refused(refused.into())
    }
}

/// The key in a request's headers.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).into_iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => {
            let key = key.to_str().ok().and_then(|text| text.parse().ok());
            key.map(Some).ok_or(ApiError::BadIdempotencyKey)
        }
        (Some(_), Some(_)) => Err(ApiError::BadIdempotencyKey),
    }
}

/// Submits a job under a key that stands for this or for an earlier submission of the same.
pub(crate) async fn submit_once(
    gateway: &Parts,
    caller: &Principal,
    key: &IdempotencyKey,
    record: JobRecord,
    fingerprint: String,
) -> Result<Submitted, ApiError> {
    let submission = Submission {
        subject: record.subject.clone(),
        queued_at: record.envelope.queued_at,
        fingerprint,
    };
    let owner = caller.user_id;
    let broker = &gateway.broker;
    for _ in 0..TRIES {
        let (earlier, read) = match broker.claim_key(owner, key, &submission).await? {
            Claim::First(revision) => {
                let waiter = gateway.live.register(&record.subject.reply());
                submit(gateway, caller, &record, Some(revision)).await?;
                return Ok(Submitted {
                    record,
                    waiter,
                    is_replay: false,
                });
            }
            Claim::Taken(earlier, read) => (earlier, read),
        };
        if earlier.fingerprint != submission.fingerprint {
            return Err(ApiError::IdempotencyKeyReused);
        }
        let record = record.clone().resubmitted(&earlier);
        let waiter = gateway.live.follow(&record.subject.reply()).await?;
        let now = gateway.directory.now();
        let is_open = now < record.deadline(record.envelope.queued_at);
        if !is_open || broker.has_trace(&record.subject).await? {
            ensure_record(gateway, owner, &record).await?;
        } else {
            match resubmit(gateway, owner, key, (&earlier, read), &record).await {
                Ok(()) => {}
                Err(Again::KeyChanged) => continue,
                Err(Again::Refused(refused)) => return Err(refused),
            }
        }
        return Ok(Submitted {
            record,
            waiter,
            is_replay: true,
        });
    }
    Err(ApiError::HubUnavailable)
}

/// Submits a job again that nobody has in hand: the first request broke off, or is still under way, and then the
/// hub knows the second copy by its id.
async fn resubmit(
    gateway: &Parts,
    owner: UserId,
    key: &IdempotencyKey,
    (earlier, read): (&Submission, Revision),
    record: &JobRecord,
) -> Result<(), Again> {
    let (broker, subject) = (&gateway.broker, &record.subject);
    let deadline = record.deadline(record.envelope.queued_at);
    // The first request may be about to be refused for want of a place.
    let place = gateway.live.unfinished();
    let place = place.admit(owner, subject, deadline, gateway.directory.now())?;
    let renewed = match broker.renew_key(owner, key, earlier, read).await {
        Err(StoreError::Conflict) => return Err(Again::KeyChanged),
        renewed => renewed?,
    };
    let rewritten = broker.rewrite_job(owner, record).await?;
    let published = broker.publish_traced(&record.envelope, sending(gateway, record).parent());
    let published = tokio::time::timeout(ACCEPT_LIMIT, published).await;
    if let Ok(Err(refused)) = &published
        && leaves_nothing(refused)
    {
        take_back(gateway, record, [renewed, rewritten]).await;
    } else if subject.origin == gateway.origin {
        // Of a job of another origin no end would be heard here once nobody waits for it.
        place.keep();
    }
    match published {
        Ok(Ok(_) | Err(SubmitError::StillQueued)) => Ok(()),
        Ok(Err(refused)) => Err(refused.into()),
        Err(_) => Err(ApiError::HubUnavailable.into()),
    }
}

/// The job that this very request was accepted as before, where its caller may see that still; `None`
/// also where nobody has it in hand, because it would have to be submitted anew.
pub(crate) async fn accepted_before(
    gateway: &Parts,
    caller: &Arc<Principal>,
    request: ExecuteCommandRequest,
    key: &IdempotencyKey,
) -> Result<Option<Submitted>, ApiError> {
    let service = request.service_identity.as_ref();
    let Ok(owner) = acting(gateway, caller, request.user_id, service).await else {
        return Ok(None);
    };
    let earlier = gateway.broker.submission(owner.user_id, key).await?;
    let fingerprint = fingerprint(&request);
    let Some(earlier) = earlier.filter(|earlier| earlier.fingerprint == fingerprint) else {
        return Ok(None);
    };
    let record = record(gateway, &owner, request).resubmitted(&earlier);
    if !may_see(caller, &record) || !gateway.broker.has_trace(&record.subject).await? {
        return Ok(None);
    }
    ensure_record(gateway, owner.user_id, &record).await?;
    let waiter = gateway.live.follow(&record.subject.reply()).await?;
    Ok(Some(Submitted {
        record,
        waiter,
        is_replay: true,
    }))
}

/// Writes a job's record where the first request broke off before it did: its `Location` must lead
/// somewhere.
async fn ensure_record(
    gateway: &Parts,
    owner: UserId,
    record: &JobRecord,
) -> Result<(), StoreError> {
    match gateway.broker.create_job(owner, record).await {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_has_one_key_or_none() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static(value));
            }
            key(&headers)
        };
        assert!(of(&[]).unwrap().is_none());
        assert!(of(&["a-1"]).unwrap().is_some());
        for values in [&[""][..], &["a b"], &["a", "a"]] {
            assert!(
                matches!(of(values), Err(ApiError::BadIdempotencyKey)),
                "{values:?}"
            );
        }
    }
}
