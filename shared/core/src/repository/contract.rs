//! The facts that every implementation of the ports keeps, as one suite.
//!
//! An implementation runs [`run`] on its own stores in its own tests; what only it can have
//! (restarts, connections that break, the age of its records) it tests beside.

use std::error::Error;

use uuid::Uuid;

use super::{Cursor, Listing, PageRequest, Position, Repositories};
use crate::display_name::UserName;
use crate::id::UserId;
use crate::time::Timestamp;
use crate::user::{Email, User};

mod api_keys;
mod jobs;
mod sessions;
mod users;

/// How many write at once.
const WRITERS: u32 = 50;

type Checked = Result<(), Box<dyn Error>>;

/// The stores under test, and new ids and values for them.
struct Suite<'a> {
    stores: &'a dyn Repositories,
    now: Timestamp,
    seed: u64,
}

/// Checks every fact. `now` is the time on the store's clock; `seed` is new for each run on stores
/// that are not empty, so that no two runs meet.
///
/// # Errors
/// What a store answered where it had to do its work.
///
/// # Panics
/// A fact does not hold; the message says which.
pub async fn run(stores: &dyn Repositories, now: Timestamp, seed: u64) -> Checked {
    let suite = Suite { stores, now, seed };
    stores.initialize().await?;
    stores.initialize().await?;
    users::check(&suite).await?;
    api_keys::check(&suite).await?;
    sessions::check(&suite).await?;
    jobs::check(&suite).await?;
    stores.close().await?;
    Ok(())
}

impl Suite<'_> {
    /// The id of this number, new for each seed.
    fn id(&self, number: u32) -> Uuid {
        Uuid::from_u128(u128::from(self.seed) << 64 | u128::from(number) | 1 << 63)
    }

    fn user_id(&self, number: u32) -> UserId {
        UserId::from_uuid(self.id(number))
    }

    /// A cursor of a list that no store has.
    fn foreign_cursor(&self) -> Cursor {
        let listing = Listing {
            of: "nothing",
            owner: None,
        };
        listing.cursor(Position {
            at: self.now,
            id: self.id(0),
        })
    }

    fn email(&self, number: u32) -> Result<Email, Box<dyn Error>> {
        Ok(format!("User-{}-{number}@example.com", self.seed).parse()?)
    }

    fn user(&self, number: u32) -> Result<User, Box<dyn Error>> {
        let name: UserName = format!("User {number}").parse()?;
        let created_at = self.now.plus_seconds(number);
        Ok(User::new(
            self.user_id(number),
            name,
            self.email(number)?,
            created_at,
        ))
    }
}

/// A first page of two rows.
fn two() -> Result<PageRequest, Box<dyn Error>> {
    Ok(PageRequest {
        cursor: None,
        limit: 2.try_into()?,
    })
}

/// The page after one of two rows.
fn two_after(cursor: Option<Cursor>) -> Result<PageRequest, Box<dyn Error>> {
    assert!(cursor.is_some(), "a page that is not the last has a cursor");
    Ok(PageRequest { cursor, ..two()? })
}
