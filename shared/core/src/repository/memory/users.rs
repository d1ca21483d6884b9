//! Users in memory.

use std::collections::hash_map::Entry;

use async_trait::async_trait;

use super::MemoryRepositories;
use crate::id::UserId;
use crate::repository::{
    AdminUserRepository, Listing, Page, PageRequest, Position, RepositoryError, UserRepository,
};
use crate::user::{Email, User, UserState};

#[async_trait]
impl UserRepository for MemoryRepositories {
    async fn get_user(&self, id: UserId) -> Result<Option<User>, RepositoryError> {
        Ok(self.state().users.get(&id).cloned())
    }
}

#[async_trait]
impl AdminUserRepository for MemoryRepositories {
    async fn create_user(&self, user: &User) -> Result<(), RepositoryError> {
        let mut state = self.state();
        if state.users.contains_key(&user.id) {
            return Err(RepositoryError::Conflict);
        }
        match state.emails.entry(user.email.index_hash()) {
            Entry::Occupied(_) => return Err(RepositoryError::Conflict),
            Entry::Vacant(entry) => entry.insert(user.id),
        };
        state.users.insert(user.id, user.clone());
        Ok(())
    }

    async fn get_user_by_email(&self, email: &Email) -> Result<Option<User>, RepositoryError> {
        let state = self.state();
        let id = state.emails.get(&email.index_hash());
        Ok(id.and_then(|id| state.users.get(id)).cloned())
    }

    async fn list_users(&self, page: &PageRequest) -> Result<Page<User>, RepositoryError> {
        let state = self.state();
        let rows = state.users.values().map(|user| {
            let position = Position {
                at: user.created_at,
                id: user.id.as_uuid(),
            };
            (position, user.clone())
        });
        let listing = Listing {
            of: "users",
            owner: None,
        };
        Ok(listing.page(rows, page)?)
    }

    async fn update_user_active(
        &self,
        id: UserId,
        is_active: bool,
    ) -> Result<User, RepositoryError> {
        let mut state = self.state();
        let user = state.users.get_mut(&id).ok_or(RepositoryError::NotFound)?;
        user.state = UserState::from(is_active);
        Ok(user.clone())
    }
}
