//! An API server that takes requests and never answers, and sees when nobody waits for it any more.

use std::path::{Path, PathBuf};

use kubently_tests::place;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A small fake for what the real API server cannot be made to do. It belongs to the runtime that it
/// is made on.
pub(crate) struct Hanging {
    seen: watch::Receiver<Seen>,
    kubeconfig: PathBuf,
    accepting: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

/// What it has seen so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Connections on which something was asked.
    pub(crate) asked: usize,
    /// Those of them that the caller has closed.
    pub(crate) closed: usize,
}

impl Hanging {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (see, seen) = watch::channel(Seen::default());
        let accepting = tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let see = see.clone();
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    let mut asked = false;
                    while let Ok(1..) = caller.read(&mut bytes).await {
                        if !asked {
                            see.send_modify(|seen| seen.asked += 1);
                            asked = true;
                        }
                    }
                    if asked {
                        see.send_modify(|seen| seen.closed += 1);
                    }
                });
            }
        });
        let dir = place::fresh("hanging-api").unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        let text = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "hanging",
            "clusters": [{"name": "hanging", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "hanging", "context": {"cluster": "hanging", "user": "nobody"}}],
            "users": [{"name": "nobody", "user": {"token": "none"}}],
        });
        std::fs::write(&kubeconfig, text.to_string()).unwrap();
        Self {
            seen,
            kubeconfig,
            accepting,
            _dir: dir,
        }
    }

    /// A worker's access to it.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Waits until what it has seen is so.
    pub(crate) async fn until(&self, holds: impl Fn(Seen) -> bool) -> Seen {
        *self
            .seen
            .clone()
            .wait_for(|seen| holds(*seen))
            .await
            .unwrap()
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
