//! Who asks, and what its key lets it do.

use std::sync::Arc;

use crate::id::{ApiKeyId, UserId};
use crate::text::ServiceIdentity;
use crate::time::Timestamp;

mod authorize;
mod grant;
mod namespaced;

pub use authorize::{Denied, authorize};
pub use grant::Grant;

/// An authenticated caller: what the API key says, never what a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user whose key it is; owns the jobs.
    pub user_id: UserId,
    /// The key itself.
    pub key_id: ApiKeyId,
    /// The service that the key stands for.
    pub service_identity: Option<ServiceIdentity>,
    /// What the key lets it do.
    pub grant: Arc<Grant>,
    /// Until when; a key that it makes ends no later. None is for ever.
    pub expires_at: Option<Timestamp>,
}
