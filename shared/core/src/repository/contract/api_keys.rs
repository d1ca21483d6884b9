//! Facts of API keys.

use std::error::Error;

use futures::future::{join, join_all};

use super::{Checked, Suite, WRITERS, two, two_after};
use crate::access::Grant;
use crate::api_key::{ApiKey, ApiKeyToken, NewApiKey, TOKEN_BYTES};
use crate::id::ApiKeyId;
use crate::repository::{PageRequest, RepositoryError, Rotation};

const OWNER: u32 = 300;
const OTHER: u32 = 301;
const FORGETFUL: u32 = 302;

pub(super) async fn check(suite: &Suite<'_>) -> Checked {
    for number in [OWNER, OTHER] {
        suite.stores.create_user(&suite.user(number)?).await?;
    }
    a_key_is_found_by_hash_and_by_its_owner_only(suite).await?;
    what_is_not_there_cannot_be_changed(suite).await?;
    an_id_and_a_hash_are_taken_once(suite).await?;
    a_revoked_key_stays_revoked_at_its_time(suite).await?;
    a_note_of_use_never_undoes_a_revocation(suite).await?;
    a_rotation_stores_the_end_and_the_successor(suite).await?;
    keys_are_listed_to_their_owner_newest_first(suite).await?;
    a_key_is_forgotten_once_it_is_over(suite).await
}

fn token(suite: &Suite<'_>, number: u32) -> ApiKeyToken {
    let mut random = [0; TOKEN_BYTES];
    for (byte, part) in random.iter_mut().zip(suite.id(number).into_bytes()) {
        *byte = part;
    }
    ApiKeyToken::from_random(random)
}

fn key(suite: &Suite<'_>, owner: u32, number: u32) -> Result<ApiKey, Box<dyn Error>> {
    let new = NewApiKey {
        id: ApiKeyId::from_uuid(suite.id(number)),
        user_id: suite.user_id(owner),
        name: format!("key {number}").parse()?,
        grant: Grant::default(),
        service_identity: Some("ci".parse()?),
        expires_at: None,
    };
    let at = suite.now.plus_seconds(number);
    Ok(ApiKey::new(new, &token(suite, number), at))
}

async fn created(suite: &Suite<'_>, owner: u32, number: u32) -> Result<ApiKey, Box<dyn Error>> {
    let key = key(suite, owner, number)?;
    suite.stores.create_api_key(&key).await?;
    Ok(key)
}

async fn a_key_is_found_by_hash_and_by_its_owner_only(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let key = created(suite, OWNER, 310).await?;
    let (owner, other) = (suite.user_id(OWNER), suite.user_id(OTHER));
    let by_hash = stores.get_api_key_by_hash(&key.key_hash).await?;
    assert_eq!(by_hash.as_ref(), Some(&key));
    assert_eq!(stores.find_api_key(key.id).await?.as_ref(), Some(&key));
    assert_eq!(stores.get_api_key(other, key.id).await?, None);
    let foreign = stores.revoke_api_key(other, key.id, suite.now).await;
    assert!(matches!(foreign, Err(RepositoryError::NotFound)));
    assert_eq!(stores.get_api_key(owner, key.id).await?, Some(key));
    Ok(())
}

async fn what_is_not_there_cannot_be_changed(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let owner = suite.user_id(OWNER);
    let id = ApiKeyId::from_uuid(suite.id(319));
    assert_eq!(stores.get_api_key(owner, id).await?, None);
    assert_eq!(stores.find_api_key(id).await?, None);
    let hash = token(suite, 319).hash();
    assert_eq!(stores.get_api_key_by_hash(&hash).await?, None);
    assert_eq!(stores.api_key_last_used(owner, id).await?, None);
    let revoked = stores.revoke_api_key(owner, id, suite.now).await;
    assert!(matches!(revoked, Err(RepositoryError::NotFound)));
    let rotated = stores
        .rotate_api_key(owner, id, &rotation(suite, 318))
        .await;
    assert!(matches!(rotated, Err(RepositoryError::NotFound)));
    let orphan = stores.create_api_key(&key(suite, 399, 317)?).await;
    assert!(
        matches!(orphan, Err(RepositoryError::NotFound)),
        "no key without its user: {orphan:?}"
    );
    Ok(())
}

async fn an_id_and_a_hash_are_taken_once(suite: &Suite<'_>) -> Checked {
    let key = created(suite, OWNER, 320).await?;
    let same_hash = ApiKey {
        id: ApiKeyId::from_uuid(suite.id(321)),
        ..key.clone()
    };
    let same_id = ApiKey {
        key_hash: token(suite, 322).hash(),
        ..key.clone()
    };
    for other in [same_hash, same_id] {
        let made = suite.stores.create_api_key(&other).await;
        assert!(matches!(made, Err(RepositoryError::Conflict)), "{made:?}");
    }
    let found = suite.stores.get_api_key_by_hash(&key.key_hash).await?;
    assert_eq!(found, Some(key));
    Ok(())
}

async fn a_revoked_key_stays_revoked_at_its_time(suite: &Suite<'_>) -> Checked {
    let key = created(suite, OWNER, 330).await?;
    let owner = suite.user_id(OWNER);
    for later in [0, 60] {
        let at = suite.now.plus_seconds(later);
        let revoked = suite.stores.revoke_api_key(owner, key.id, at).await?;
        assert_eq!(revoked.revoked_at, Some(suite.now));
        let found = suite.stores.get_api_key_by_hash(&key.key_hash).await?;
        assert_eq!(found, Some(revoked));
    }
    let rotated = suite
        .stores
        .rotate_api_key(owner, key.id, &rotation(suite, 331))
        .await;
    assert!(
        matches!(rotated, Err(RepositoryError::KeyOver(_))),
        "{rotated:?}"
    );
    Ok(())
}

async fn a_note_of_use_never_undoes_a_revocation(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let key = created(suite, OWNER, 340).await?;
    let owner = suite.user_id(OWNER);
    let uses = (0..WRITERS).map(|second| {
        let at = suite.now.plus_seconds(second);
        stores.update_api_key_last_used(owner, key.id, at)
    });
    let revocation = stores.revoke_api_key(owner, key.id, suite.now);
    let (answers, revoked) = join(join_all(uses), revocation).await;
    answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(
        stores.get_api_key(owner, key.id).await?,
        Some(revoked?),
        "the key itself is as it was revoked"
    );
    let last = stores.api_key_last_used(owner, key.id).await?;
    assert_eq!(last, Some(suite.now.plus_seconds(WRITERS - 1)));
    Ok(())
}

fn rotation(suite: &Suite<'_>, number: u32) -> Rotation {
    Rotation {
        id: ApiKeyId::from_uuid(suite.id(number)),
        token: token(suite, number),
        at: suite.now,
        overlap_seconds: 60,
    }
}

async fn a_rotation_stores_the_end_and_the_successor(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let key = created(suite, OWNER, 350).await?;
    let rotation = rotation(suite, 351);
    let (old, new) = stores
        .rotate_api_key(suite.user_id(OWNER), key.id, &rotation)
        .await?;
    assert_eq!(old.expires_at, Some(suite.now.plus_seconds(60)));
    let found = stores.get_api_key_by_hash(&key.key_hash).await?;
    assert_eq!(found, Some(old));
    let found = stores.get_api_key_by_hash(&rotation.token.hash()).await?;
    assert_eq!(found, Some(new));
    Ok(())
}

async fn a_key_is_forgotten_once_it_is_over(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let (owner, other) = (suite.user_id(FORGETFUL), suite.user_id(OTHER));
    stores.create_user(&suite.user(FORGETFUL)?).await?;
    let mut keys = Vec::new();
    for number in [370, 371, 372, 373] {
        keys.push(created(suite, FORGETFUL, number).await?);
    }
    let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
    let [oldest, over, _, _] = ids[..] else {
        return Err("four keys were made".into());
    };
    let now = suite.now;
    assert!(!stores.remove_api_key(owner, over, now).await?, "in use");
    stores.update_api_key_last_used(owner, over, now).await?;
    stores.revoke_api_key(owner, over, now).await?;
    assert!(!stores.remove_api_key(other, over, now).await?, "foreign");
    let first = stores.list_api_keys(owner, &two()?).await?;
    assert!(stores.remove_api_key(owner, over, now).await?);
    assert!(!stores.remove_api_key(owner, over, now).await?, "gone");
    assert_eq!(stores.get_api_key(owner, over).await?, None);
    assert_eq!(stores.find_api_key(over).await?, None);
    for key in &keys {
        let found = stores.get_api_key_by_hash(&key.key_hash).await?;
        assert_eq!(found.is_some(), key.id != over);
    }
    assert_eq!(stores.api_key_last_used(owner, over).await?, None);
    let rest = stores.list_api_keys(owner, &two_after(first.next)?).await?;
    let rest: Vec<_> = rest.items.iter().map(|key| key.id).collect();
    assert_eq!(rest, [oldest], "the list goes on over the gap");
    // Expired is over, too, from its last moment on.
    let (old, _) = stores
        .rotate_api_key(owner, oldest, &rotation(suite, 374))
        .await?;
    let end = old.expires_at.ok_or("a rotated key ends")?;
    assert!(!stores.remove_api_key(owner, oldest, now).await?);
    assert!(stores.remove_api_key(owner, oldest, end).await?);
    Ok(())
}

async fn keys_are_listed_to_their_owner_newest_first(suite: &Suite<'_>) -> Checked {
    let stores = suite.stores;
    let other = suite.user_id(OTHER);
    for number in [360, 361, 362] {
        created(suite, OTHER, number).await?;
    }
    created(suite, OWNER, 363).await?;
    let first = stores.list_api_keys(other, &two()?).await?;
    let ids: Vec<_> = first.items.iter().map(|key| key.id.as_uuid()).collect();
    assert_eq!(ids, [suite.id(362), suite.id(361)]);
    created(suite, OTHER, 364).await?;
    let second = stores
        .list_api_keys(other, &two_after(first.next.clone())?)
        .await?;
    let ids: Vec<_> = second.items.iter().map(|key| key.id.as_uuid()).collect();
    assert_eq!((ids, second.next), (vec![suite.id(360)], None));
    let foreign = PageRequest {
        cursor: first.next,
        ..two()?
    };
    let page = stores.list_api_keys(suite.user_id(OWNER), &foreign).await;
    assert!(
        matches!(page, Err(RepositoryError::Cursor(_))),
        "a cursor is its owner's: {page:?}"
    );
    Ok(())
}
