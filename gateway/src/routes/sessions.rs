//! `/v1/sessions`: a caller's stretches of work; `/debug/session` is the source's own spelling.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{StatusCode, Uri, header};
use kubently_broker::CancelScope;
use kubently_core::access::Principal;
use kubently_core::cluster::ClusterId;
use kubently_core::id::SessionId;
use kubently_core::repository::{
    Cursor, PageSize, RepositoryError, SessionFilter, SessionRepository as _,
};
use kubently_core::session::{
    CreateSessionRequest, Session, SessionOver, SessionResponse, SessionStatus,
};
use kubently_core::text::CorrelationId;
use serde::Deserialize;

use crate::acting::acting;
use crate::auth::Caller;
use crate::call_off::call_off;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::page::{self, Listed};
use crate::routes::{json, text_header};
use crate::submit::known_cluster;
use crate::{body, fresh, query};

/// The most sessions of one user, those that are over and can still be read included.
const MAX_SESSIONS: usize = 1000;

/// A session's id in a path, or why it is none.
pub(crate) type IdInPath = Result<Path<SessionId>, PathRejection>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    cluster_id: Option<ClusterId>,
    correlation_id: Option<CorrelationId>,
    status: Option<SessionStatus>,
    cursor: Option<Cursor>,
    limit: Option<PageSize>,
}

/// 201 with the new session.
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let place = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let body = body::json(&parts.headers, body).await?;
    let request = CreateSessionRequest::from_json(&body)?;
    known_cluster(&gateway, &caller, &request.cluster_id)?;
    let service = request.service_identity.as_ref();
    let owner = acting(&gateway, &caller, request.user_id, service).await?;
    let kept = gateway.stores.count_sessions(owner.user_id).await;
    if kept.map_err(of_store)? >= MAX_SESSIONS {
        return Err(ApiError::TooManySessions);
    }
    let now = gateway.directory.now();
    let session = Session {
        correlation_id: request.correlation_id,
        service_identity: owner.service_identity.clone(),
        ..Session::new(
            fresh::session_id(),
            owner.user_id,
            request.cluster_id,
            request.ttl_seconds.unwrap_or(gateway.session_ttl),
            now,
        )
    };
    let made = gateway.stores.create_session(&session).await;
    made.map_err(of_store)?;
    let mut response = json(StatusCode::CREATED, &SessionResponse::new(&session, now))?;
    let place = text_header(&format!("{place}/{}", session.session_id))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// A page of the caller's sessions, newest first.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let expected = "it has cluster_id, correlation_id, status (active, idle, expired, ended), \
                    cursor and limit (1 to 100)";
    let wanted: Wanted = query::parse(&uri, expected)?;
    gateway.activity.settle(caller.user_id, None).await;
    let filter = SessionFilter {
        cluster_id: wanted.cluster_id,
        correlation_id: wanted.correlation_id,
        status: wanted.status,
    };
    let request = page::request(wanted.cursor, wanted.limit);
    let page = gateway
        .stores
        .list_sessions(caller.user_id, &filter, &request)
        .await;
    let mut page = page.map_err(of_store)?;
    let grant = &caller.grant;
    page.items
        .retain(|session| grant.allows_cluster(&session.cluster_id));
    let now = gateway.directory.now();
    let row = |session| SessionResponse::new(&session, now);
    json(StatusCode::OK, &Listed::new(page, row))
}

/// One session.
pub(crate) async fn one(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let session = find(&gateway, &caller, id).await?;
    answer(&gateway, &session)
}

/// 200 with the session, which lives on for its time from now.
pub(crate) async fn keepalive(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let session = find(&gateway, &caller, id).await?;
    let touched = gateway
        .stores
        .touch_session(
            session.user_id,
            session.session_id,
            gateway.directory.now(),
            0,
        )
        .await;
    answer(&gateway, &touched.map_err(of_store)?)
}

/// 200 with the session, ended; however often it is asked. Its unfinished jobs are called off.
pub(crate) async fn end(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let session = find(&gateway, &caller, id).await?;
    let (owner, id) = (session.user_id, session.session_id);
    let now = gateway.directory.now();
    let ended = match gateway.stores.end_session(owner, id, now).await {
        Ok(ended) => ended,
        Err(RepositoryError::SessionOver(_)) => {
            let stored = gateway.stores.get_session(owner, id).await;
            stored.map_err(of_store)?.ok_or(ApiError::SessionNotFound)?
        }
        Err(error) => return Err(of_store(error)),
    };
    call_off(&gateway, owner, CancelScope::Session(id)).await;
    answer(&gateway, &ended)
}

/// Whether a command may be run in this session of the caller's.
pub(crate) async fn takes_command(
    gateway: &Parts,
    caller: &Principal,
    id: SessionId,
    cluster: &ClusterId,
) -> Result<(), ApiError> {
    let session = gateway.stores.get_session(caller.user_id, id).await;
    let session = session
        .map_err(of_store)?
        .ok_or(ApiError::SessionNotFound)?;
    if session.cluster_id != *cluster {
        return Err(ApiError::SessionElsewhere);
    }
    session
        .check_live(gateway.directory.now())
        .map_err(ApiError::from)
}

/// The caller's own session, with every command counted that this gateway has taken for it. What
/// is no id, an unknown one and another user's are one case.
async fn find(gateway: &Parts, caller: &Principal, id: IdInPath) -> Result<Session, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::SessionNotFound);
    };
    gateway.activity.settle(caller.user_id, Some(id)).await;
    let found = gateway.stores.get_session(caller.user_id, id).await;
    found
        .map_err(of_store)?
        .filter(|session| caller.grant.allows_cluster(&session.cluster_id))
        .ok_or(ApiError::SessionNotFound)
}

fn answer(gateway: &Parts, session: &Session) -> Result<Response, ApiError> {
    let now = gateway.directory.now();
    json(StatusCode::OK, &SessionResponse::new(session, now))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err takes")]
fn of_store(error: RepositoryError) -> ApiError {
    ApiError::of_store(&error, ApiError::SessionNotFound)
}

impl From<SessionOver> for ApiError {
    fn from(over: SessionOver) -> Self {
        match over {
            SessionOver::Expired => Self::SessionExpired,
            SessionOver::Ended => Self::SessionEnded,
        }
    }
}
