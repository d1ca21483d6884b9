//! A gate before the Kubernetes API. While it is shut, what a worker asks is taken and not passed on, so
//! that a command lasts for as long as a test wants.

use std::path::{Path, PathBuf};

use kubently_tests::cluster::Cluster;
use kubently_tests::place;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The gate. It belongs to the runtime that it is made on, and what goes through it ends with it.
pub(crate) struct Gate {
    open: watch::Sender<bool>,
    kubeconfig: PathBuf,
    accepting: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Gate {
    /// A shut one before this cluster.
    pub(crate) async fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("https://{}", listener.local_addr().unwrap());
        let behind = cluster.url().trim_start_matches("https://").to_owned();
        let (open, opened) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (behind, opened) = (behind.clone(), opened.clone());
                tokio::spawn(async move {
                    let server = TcpStream::connect(behind).await.unwrap();
                    let ((from_caller, to_caller), (from_server, to_server)) =
                        (caller.into_split(), server.into_split());
                    tokio::join!(
                        pass(from_caller, to_server, opened.clone()),
                        pass(from_server, to_caller, opened)
                    );
                });
            }
        });
        let dir = place::fresh("gate").unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        let worker = std::fs::read_to_string(cluster.worker_kubeconfig()).unwrap();
        assert!(worker.contains(&cluster.url()), "{worker}");
        std::fs::write(&kubeconfig, worker.replace(&cluster.url(), &own)).unwrap();
        Self {
            open,
            kubeconfig,
            accepting,
            _dir: dir,
        }
    }

    /// Lets everything through from now on.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Lets nothing through any more.
    pub(crate) fn shut(&self) {
        self.open.send_replace(false);
    }

    /// The worker's access, through the gate.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut opened: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if opened.wait_for(|open| *open).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
