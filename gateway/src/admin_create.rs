//! `admin create`: a user with an admin's key, from the command line of who runs the gateway.

use std::io::Write as _;

use kubently_broker::{HubClock, HubRepositories};
use kubently_core::access::Grant;
use kubently_core::api_key::{ApiKey, NewApiKey};
use kubently_core::clock::Clock as _;
use kubently_core::display_name::UserName;
use kubently_core::repository::{AdminUserRepository as _, ApiKeyRepository as _, RepositoryError};
use kubently_core::user::{Email, User};
use kubently_runtime::clock::SystemClock;

use crate::config::GatewayConfig;
use crate::fresh;
use crate::run::{Fatal, connect_ensured};

/// Makes the user, where no user has this address yet, and a key that may do everything. The key
/// is printed once, alone, on standard output.
pub(crate) async fn admin_create(
    config: &GatewayConfig,
    email: &Email,
    name: Option<UserName>,
) -> Result<(), Fatal> {
    let unavailable = |error: RepositoryError| Fatal::unavailable(&error);
    let broker = connect_ensured(config).await?;
    let clock = HubClock::of_hub(&broker)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let stores = HubRepositories::new(broker.clone(), clock);
    let now = SystemClock.now().into();
    let user = match stores.get_user_by_email(email).await.map_err(unavailable)? {
        Some(user) if user.is_active() => user,
        Some(user) => {
            let active = stores.update_user_active(user.id, true).await;
            active.map_err(unavailable)?
        }
        None => {
            let name = name.map_or_else(|| local_part(email), Ok);
            let name = name.map_err(|error| Fatal::other("--name", &error))?;
            let user = User::new(fresh::user_id(), name, email.clone(), now);
            stores.create_user(&user).await.map_err(unavailable)?;
            user
        }
    };
    let key_name = "admin"
        .parse()
        .map_err(|error| Fatal::other("the key's name", &error))?;
    let new = NewApiKey {
        id: fresh::api_key_id(),
        user_id: user.id,
        name: key_name,
        grant: Grant::admin(),
        service_identity: None,
        expires_at: None,
    };
    let token = fresh::token();
    let key = ApiKey::new(new, &token, now);
    stores.create_api_key(&key).await.map_err(unavailable)?;
    broker.close().await;
    writeln!(
        std::io::stderr(),
        "user {} ({email}) has a new admin key, id {}; it is shown this once:",
        user.id,
        key.id
    )
    .and_then(|()| writeln!(std::io::stdout(), "{}", token.expose()))
    .map_err(|error| Fatal::other("the key is made, but cannot be shown", &error))
}

fn local_part(email: &Email) -> Result<UserName, kubently_core::display_name::InvalidName> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    local.chars().take(200).collect::<String>().parse()
}
