//! Facts of users.

use futures::future::join_all;

use super::{Checked, Suite, WRITERS, two, two_after};
use crate::repository::{PageRequest, RepositoryError};
use crate::user::User;

pub(super) async fn check(suite: &Suite<'_>) -> Checked {
    a_user_is_found_by_id_and_by_address_in_any_case(suite).await?;
    what_is_not_there_is_no_error_to_a_lookup_and_one_to_a_change(suite).await?;
    an_id_and_an_address_are_taken_once(suite).await?;
    a_user_is_deactivated_and_activated_again(suite).await?;
    of_many_with_one_address_exactly_one_is_made(suite).await?;
    users_are_listed_newest_first_while_rows_come(suite).await
}

async fn a_user_is_found_by_id_and_by_address_in_any_case(suite: &Suite<'_>) -> Checked {
    let user = suite.user(100)?;
    suite.stores.create_user(&user).await?;
    assert_eq!(suite.stores.get_user(user.id).await?.as_ref(), Some(&user));
    let folded = user.email.folded().parse()?;
    let found = suite.stores.get_user_by_email(&folded).await?;
    assert_eq!(found, Some(user), "by its address in lower case");
    Ok(())
}

async fn what_is_not_there_is_no_error_to_a_lookup_and_one_to_a_change(
    suite: &Suite<'_>,
) -> Checked {
    let nobody = suite.user_id(199);
    assert_eq!(suite.stores.get_user(nobody).await?, None);
    let email = suite.email(199)?;
    assert_eq!(suite.stores.get_user_by_email(&email).await?, None);
    let changed = suite.stores.update_user_active(nobody, false).await;
    assert!(
        matches!(changed, Err(RepositoryError::NotFound)),
        "{changed:?}"
    );
    Ok(())
}

async fn an_id_and_an_address_are_taken_once(suite: &Suite<'_>) -> Checked {
    let user = suite.user(110)?;
    suite.stores.create_user(&user).await?;
    let same_id = User {
        email: suite.email(111)?,
        ..user.clone()
    };
    let same_email = User {
        id: suite.user_id(112),
        email: user.email.folded().parse()?,
        ..user.clone()
    };
    for other in [same_id, same_email] {
        let made = suite.stores.create_user(&other).await;
        assert!(matches!(made, Err(RepositoryError::Conflict)), "{made:?}");
    }
    assert_eq!(suite.stores.get_user(user.id).await?, Some(user));
    let spare = suite.email(111)?;
    let dangling = suite.stores.get_user_by_email(&spare).await?;
    assert_eq!(dangling, None, "a refused user leaves no index entry");
    assert_eq!(suite.stores.get_user(suite.user_id(112)).await?, None);
    Ok(())
}

async fn a_user_is_deactivated_and_activated_again(suite: &Suite<'_>) -> Checked {
    let user = suite.user(120)?;
    suite.stores.create_user(&user).await?;
    for is_active in [false, false, true, true] {
        let changed = suite.stores.update_user_active(user.id, is_active).await?;
        assert_eq!(changed.is_active(), is_active);
        assert_eq!(suite.stores.get_user(user.id).await?, Some(changed.clone()));
        let found = suite.stores.get_user_by_email(&user.email).await?;
        assert_eq!(found, Some(changed), "the index follows the user");
    }
    Ok(())
}

async fn of_many_with_one_address_exactly_one_is_made(suite: &Suite<'_>) -> Checked {
    let email = suite.email(130)?;
    let users = (130..130 + WRITERS)
        .map(|number| {
            Ok(User {
                email: email.clone(),
                ..suite.user(number)?
            })
        })
        .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let made = join_all(users.iter().map(|user| suite.stores.create_user(user))).await;
    let mut winners = Vec::new();
    for (user, made) in users.iter().zip(made) {
        let stored = suite.stores.get_user(user.id).await?;
        match made {
            Ok(()) => {
                assert_eq!(stored.as_ref(), Some(user));
                winners.push(user);
            }
            Err(RepositoryError::Conflict) => assert_eq!(stored, None, "a loser is not stored"),
            Err(other) => return Err(other.into()),
        }
    }
    let [winner] = winners.as_slice() else {
        assert_eq!(winners.len(), 1, "exactly one wins");
        return Ok(());
    };
    let found = suite.stores.get_user_by_email(&email).await?;
    assert_eq!(found.as_ref(), Some(*winner), "the index is the winner's");
    Ok(())
}

/// Later than all others here, so they are the newest of the list.
async fn users_are_listed_newest_first_while_rows_come(suite: &Suite<'_>) -> Checked {
    let users = [200, 201, 202]
        .map(|number| suite.user(number))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    for user in &users {
        suite.stores.create_user(user).await?;
    }
    let first = suite.stores.list_users(&two()?).await?;
    let ids: Vec<_> = first.items.iter().map(|user| user.id).collect();
    assert_eq!(ids, [suite.user_id(202), suite.user_id(201)]);
    suite.stores.create_user(&suite.user(203)?).await?;
    let second = suite.stores.list_users(&two_after(first.next)?).await?;
    let next = second.items.first().map(|user| user.id);
    assert_eq!(
        next,
        Some(suite.user_id(200)),
        "no row twice and none left out"
    );
    let foreign = PageRequest {
        cursor: Some(suite.foreign_cursor()),
        ..two()?
    };
    let page = suite.stores.list_users(&foreign).await;
    assert!(matches!(page, Err(RepositoryError::Cursor(_))), "{page:?}");
    Ok(())
}
