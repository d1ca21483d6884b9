//! The ports of users.

use async_trait::async_trait;

use super::{Page, PageRequest, RepositoryError};
use crate::id::UserId;
use crate::user::{Email, User};

/// What a user may ask of users: itself.
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// The user of this id.
    async fn get_user(&self, id: UserId) -> Result<Option<User>, RepositoryError>;
}

/// What an admin may ask of users.
#[async_trait]
pub trait AdminUserRepository: Send + Sync {
    /// Stores a new user together with the index entry of its e-mail address: both or neither.
    ///
    /// `Conflict` where the id or the address, case-folded, is taken.
    async fn create_user(&self, user: &User) -> Result<(), RepositoryError>;

    /// The user of this address, case-folded.
    async fn get_user_by_email(&self, email: &Email) -> Result<Option<User>, RepositoryError>;

    /// A page of all users.
    async fn list_users(&self, page: &PageRequest) -> Result<Page<User>, RepositoryError>;

    /// Activates or deactivates a user and answers it; one that is so already stays so.
    async fn update_user_active(
        &self,
        id: UserId,
        is_active: bool,
    ) -> Result<User, RepositoryError>;
}
