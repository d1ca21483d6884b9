//! Which types the API server serves: two requests, kept in memory and shared by all commands.

mod resolve;
pub(crate) mod wire;

pub use self::resolve::{Mapping, ResourceMap};

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::client::{Cluster, Failure, Subject};
use crate::error::Error;
use crate::json::syntax;
use crate::request::Request;

/// How long a map is good without a reason to doubt it. kubectl keeps its own for six hours and
/// pays with stale types; here a command on an unknown type asks again at once.
const TTL: Duration = Duration::from_secs(600);
/// A discovery document may have this many bytes (a cluster with 500 CRDs needs about 1 MiB).
const MAX_BYTES: usize = 32 << 20;

/// The cached map. Filling it is single flight: who comes while it is being filled waits.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    map: Mutex<Option<(Arc<ResourceMap>, Instant)>>,
}

impl Cluster {
    /// The types of this cluster, and whether they were asked for just now.
    pub(crate) async fn resources(&self) -> Result<(Arc<ResourceMap>, bool), Failure> {
        self.resources_since(None).await
    }

    /// The types, newer than `stale`: where another command has already replaced that one, no
    /// request is sent.
    pub(crate) async fn resources_since(
        &self,
        stale: Option<&Arc<ResourceMap>>,
    ) -> Result<(Arc<ResourceMap>, bool), Failure> {
        let mut cached = self.discovery.map.lock().await;
        if let Some((map, since)) = cached.as_ref()
            && since.elapsed() < TTL
            && !stale.is_some_and(|stale| Arc::ptr_eq(stale, map))
        {
            return Ok((Arc::clone(map), stale.is_some()));
        }
        let map = Arc::new(self.fetch_resources().await?);
        *cached = Some((Arc::clone(&map), Instant::now()));
        Ok((map, true))
    }

    /// Drops the map after the server did not know a type that it names.
    pub(crate) async fn forget_resources(&self) {
        *self.discovery.map.lock().await = None;
    }

    /// The type that a plural, singular or short name means. An unknown one is looked for once more
    /// in a fresh map.
    pub(crate) async fn resource_for(
        &self,
        argument: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Mapping, Error> {
        let (map, fresh) = self.resources().await.map_err(|failure| failure.error)?;
        let found = map.resource_for(argument, warnings);
        if found.is_ok() || fresh {
            return found;
        }
        warnings.clear();
        let (map, _) = self
            .resources_since(Some(&map))
            .await
            .map_err(|failure| failure.error)?;
        map.resource_for(argument, warnings)
    }

    async fn fetch_resources(&self) -> Result<ResourceMap, Failure> {
        Ok(ResourceMap::new(self.discover().await?))
    }

    /// What the server serves now, group by group.
    pub(crate) async fn discover(&self) -> Result<Vec<wire::Group>, Failure> {
        let [core, others] = Request::discovery();
        let (core, others) = futures::try_join!(
            self.send(&core, Subject::RAW, MAX_BYTES),
            self.send(&others, Subject::RAW, MAX_BYTES),
        )?;
        let mut groups = Vec::new();
        for answer in [&core, &others] {
            let list: Option<wire::GroupList> =
                serde_json::from_slice(&answer.body).map_err(|error| {
                    let text = syntax::explain(&answer.body, &error, "v1.APIVersions");
                    Error::Unreadable(text)
                })?;
            groups.extend(list.into_iter().flat_map(|list| list.items));
        }
        Ok(groups)
    }
}
