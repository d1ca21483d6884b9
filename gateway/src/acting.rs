//! For whom a request is: its caller, or whom an admin names.

use std::sync::Arc;

use kubently_core::access::Principal;
use kubently_core::id::UserId;
use kubently_core::repository::UserRepository as _;
use kubently_core::text::ServiceIdentity;

use crate::error::ApiError;
use crate::gateway::Parts;

/// The caller, or the user that an admin names in a body's `user_id` and `service_identity`. What
/// may be done is what the caller's key may.
pub(crate) async fn acting(
    gateway: &Parts,
    caller: &Arc<Principal>,
    user_id: Option<UserId>,
    service_identity: Option<&ServiceIdentity>,
) -> Result<Arc<Principal>, ApiError> {
    if user_id.is_none() && service_identity.is_none() {
        return Ok(Arc::clone(caller));
    }
    if !caller.grant.admin {
        return Err(ApiError::NotAdmin);
    }
    let mut acting = Principal::clone(caller);
    if let Some(user) = user_id.filter(|user| *user != caller.user_id) {
        let found = gateway.stores.get_user(user).await;
        let found = found.map_err(|error| ApiError::of_store(&error, ApiError::UserNotFound))?;
        if !found.is_some_and(|user| user.is_active()) {
            return Err(ApiError::UserNotFound);
        }
        acting.user_id = user;
        acting.service_identity = None;
    }
    if let Some(service) = service_identity {
        acting.service_identity = Some(service.clone());
    }
    Ok(Arc::new(acting))
}
