//! Users on the hub.

use async_trait::async_trait;
use kubently_core::id::UserId;
use kubently_core::repository::{
    AdminUserRepository, Listing, Page, PageRequest, Position, RepositoryError, UserRepository,
};
use kubently_core::user::{Email, User, UserState};

use crate::bucket::{Change, From, Walk, Write};
use crate::repositories::{HubRepositories, Newest, taken};
use crate::topology::IDENTITY;

fn user_key(id: UserId) -> String {
    format!("user.{id}")
}

fn email_key(email: &Email) -> String {
    format!("email.{}", email.index_hash())
}

#[async_trait]
impl UserRepository for HubRepositories {
    async fn get_user(&self, id: UserId) -> Result<Option<User>, RepositoryError> {
        let stored = self.broker.value(IDENTITY, &user_key(id)).await?;
        Ok(stored.map(|stored| stored.value))
    }
}

#[async_trait]
impl AdminUserRepository for HubRepositories {
    async fn create_user(&self, user: &User) -> Result<(), RepositoryError> {
        let writes = [
            Write::new(user_key(user.id), user, 0)?,
            Write::new(email_key(&user.email), &user.id, 0)?,
        ];
        let stored = self.broker.set_all(IDENTITY, &writes).await;
        stored.map_err(taken)
    }

    async fn get_user_by_email(&self, email: &Email) -> Result<Option<User>, RepositoryError> {
        let id = self.broker.value(IDENTITY, &email_key(email)).await?;
        match id {
            Some(id) => self.get_user(id.value).await,
            None => Ok(None),
        }
    }

    async fn list_users(&self, page: &PageRequest) -> Result<Page<User>, RepositoryError> {
        let listing = Listing {
            of: "users",
            owner: None,
        };
        let mut newest = Newest::new(listing, page)?;
        let each = |user: User, _| {
            let position = Position {
                at: user.created_at,
                id: user.id.as_uuid(),
            };
            newest.push(position, user);
            Walk::On
        };
        self.broker
            .walk(IDENTITY, "user.*", From::First, each)
            .await?;
        newest.page(page)
    }

    async fn update_user_active(
        &self,
        id: UserId,
        is_active: bool,
    ) -> Result<User, RepositoryError> {
        let state = UserState::from(is_active);
        self.broker
            .change(IDENTITY, &user_key(id), |user: Option<&User>| {
                let user = user.ok_or(RepositoryError::NotFound)?.clone();
                if user.state == state {
                    return Ok((Change::Keep(user), None));
                }
                Ok((Change::Write(User { state, ..user }), None))
            })
            .await
    }
}
