//! Who asks.

use crate::id::{ApiKeyId, UserId};
use crate::text::ServiceIdentity;

/// An authenticated caller: what the API key says, never what a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user whose key it is; owns the jobs.
    pub user_id: UserId,
    /// The key itself.
    pub key_id: ApiKeyId,
    /// The service that the key stands for.
    pub service_identity: Option<ServiceIdentity>,
}
