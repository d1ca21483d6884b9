//! Facts of sessions.

use std::error::Error;

use futures::future::join_all;

use super::{Checked, Suite, WRITERS, two, two_after};
use crate::bounded::TtlSeconds;
use crate::id::SessionId;
use crate::repository::{PageRequest, RepositoryError, SessionFilter};
use crate::session::{Session, SessionStatus};

const OWNER: u32 = 500;
const OTHER: u32 = 501;

pub(super) async fn check(suite: &Suite<'_>) -> Checked {
    a_session_is_its_owners_only(suite).await?;
    what_is_not_there_cannot_be_changed(suite).await?;
    an_id_is_taken_once(suite).await?;
    an_ended_session_takes_nothing_more_and_can_be_read(suite).await?;
    every_command_of_many_at_once_is_counted(suite).await?;
    sessions_are_listed_by_filter(suite).await?;
    sessions_are_listed_newest_first_while_rows_come(suite).await
}

fn session(suite: &Suite<'_>, owner: u32, number: u32) -> Result<Session, Box<dyn Error>> {
    Ok(Session {
        correlation_id: Some("trace-7".parse()?),
        ..Session::new(
            SessionId::from_uuid(suite.id(number)),
            suite.user_id(owner),
            "prod-eu".parse()?,
            TtlSeconds::default(),
            suite.now.plus_seconds(number - OWNER),
        )
    })
}

async fn created(suite: &Suite<'_>, owner: u32, number: u32) -> Result<Session, Box<dyn Error>> {
    let session = session(suite, owner, number)?;
    suite.stores.create_session(&session).await?;
    Ok(session)
}

async fn a_session_is_its_owners_only(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let session = created(suite, OWNER, 510).await?;
    let (id, other) = (session.session_id, suite.user_id(OTHER));
    assert_eq!(stores.get_session(other, id).await?, None);
    let touched = stores.touch_session(other, id, suite.now, 1).await;
    assert!(matches!(touched, Err(RepositoryError::NotFound)));
    let ended = stores.end_session(other, id, suite.now).await;
    assert!(matches!(ended, Err(RepositoryError::NotFound)));
    let found = stores.get_session(session.user_id, id).await?;
    assert_eq!(found, Some(session));
    Ok(())
}

async fn what_is_not_there_cannot_be_changed(suite: &Suite<'_>) -> Checked {
    let owner = suite.user_id(OWNER);
    let id = SessionId::from_uuid(suite.id(519));
    assert_eq!(suite.stores.get_session(owner, id).await?, None);
    let touched = suite.stores.touch_session(owner, id, suite.now, 1).await;
    assert!(matches!(touched, Err(RepositoryError::NotFound)));
    let ended = suite.stores.end_session(owner, id, suite.now).await;
    assert!(matches!(ended, Err(RepositoryError::NotFound)));
    Ok(())
}

async fn an_id_is_taken_once(suite: &Suite<'_>) -> Checked {
    let session = created(suite, OWNER, 520).await?;
    let again = suite.stores.create_session(&session).await;
    assert!(matches!(again, Err(RepositoryError::Conflict)), "{again:?}");
    Ok(())
}

async fn an_ended_session_takes_nothing_more_and_can_be_read(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let session = created(suite, OWNER, 521).await?;
    let (owner, id) = (session.user_id, session.session_id);
    let ended = stores.end_session(owner, id, suite.now).await?;
    assert_eq!(ended.ended_at, Some(suite.now));
    for over in [
        stores.end_session(owner, id, suite.now).await,
        stores.touch_session(owner, id, suite.now, 1).await,
    ] {
        assert!(
            matches!(over, Err(RepositoryError::SessionOver(_))),
            "{over:?}"
        );
    }
    assert_eq!(stores.get_session(owner, id).await?, Some(ended));
    Ok(())
}

async fn every_command_of_many_at_once_is_counted(suite: &Suite<'_>) -> Checked {
    let session = created(suite, OWNER, 522).await?;
    let (owner, id) = (session.user_id, session.session_id);
    let touches = (0..WRITERS).map(|second| {
        let at = session.created_at.plus_seconds(second);
        suite.stores.touch_session(owner, id, at, 1)
    });
    let answers = join_all(touches).await;
    answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let found = suite.stores.get_session(owner, id).await?;
    let seen = found.map(|session| (session.command_count, session.last_activity));
    let last = session.created_at.plus_seconds(WRITERS - 1);
    assert_eq!(seen, Some((u64::from(WRITERS), last)));
    Ok(())
}

async fn sessions_are_listed_by_filter(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let wanted = Session {
        cluster_id: "filtered".parse()?,
        correlation_id: Some("trace-8".parse()?),
        ..session(suite, OWNER, 530)?
    };
    stores.create_session(&wanted).await?;
    let owner = suite.user_id(OWNER);
    let filter = SessionFilter {
        cluster_id: Some(wanted.cluster_id.clone()),
        correlation_id: wanted.correlation_id.clone(),
        status: Some(SessionStatus::Active),
    };
    let page = stores.list_sessions(owner, &filter, &two()?).await?;
    assert_eq!(page.items, [wanted]);
    for none in [
        SessionFilter {
            cluster_id: Some("elsewhere".parse()?),
            ..filter.clone()
        },
        SessionFilter {
            correlation_id: Some("trace-7".parse()?),
            ..filter.clone()
        },
        SessionFilter {
            status: Some(SessionStatus::Ended),
            ..filter.clone()
        },
    ] {
        let page = stores.list_sessions(owner, &none, &two()?).await?;
        assert_eq!(page.items, [], "{none:?}");
    }
    Ok(())
}

async fn sessions_are_listed_newest_first_while_rows_come(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let (any, other) = (SessionFilter::default(), suite.user_id(OTHER));
    for number in [540, 541, 542] {
        created(suite, OTHER, number).await?;
    }
    let first = stores.list_sessions(other, &any, &two()?).await?;
    let ids: Vec<_> = first
        .items
        .iter()
        .map(|row| row.session_id.as_uuid())
        .collect();
    assert_eq!(ids, [suite.id(542), suite.id(541)]);
    created(suite, OTHER, 543).await?;
    let after = two_after(first.next.clone())?;
    let second = stores.list_sessions(other, &any, &after).await?;
    let ids: Vec<_> = second
        .items
        .iter()
        .map(|row| row.session_id.as_uuid())
        .collect();
    assert_eq!((ids, second.next), (vec![suite.id(540)], None));
    let foreign = PageRequest {
        cursor: first.next,
        ..two()?
    };
    let page = stores
        .list_sessions(suite.user_id(OWNER), &any, &foreign)
        .await;
    assert!(
        matches!(page, Err(RepositoryError::Cursor(_))),
        "a cursor is its owner's: {page:?}"
    );
    Ok(())
}
